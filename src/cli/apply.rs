//! `reqspec apply`: carries out a plan that was written to a file, by whoever reviewed it.

use super::args::ApplyArguments;
use super::bulk::{self, Given, Ground};
use super::changing;
use super::error::{CliError, Exit};
use super::sessions::Sessions;
use crate::fleet::plans::Source;

/// Checks the file, shows it, has it confirmed, applies it.
pub async fn run(sessions: &Sessions, arguments: ApplyArguments) -> Result<Exit, CliError> {
    changing::allowed(sessions.deployment(), &arguments.change)?;
    let ground = Ground::new(sessions, &arguments.change)?;
    let source = Source { path: &arguments.file, resume: arguments.resume, rest_of: None };
    let plan = ground.open(sessions, source).await?;
    let given = Given { is_of_file: true, ..Given::default() };
    bulk::carry_out(sessions, &arguments.change, arguments.pace, plan, given).await
}
