//! `reqspec create`: a new spec from a file or standard input.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::args::CreateArguments;
use super::changing;
use super::error::{CliError, Exit};
use super::sessions::Sessions;
use crate::change::Intent;
use crate::spec::document::MAX_TEXT;

/// Stores the spec.
pub async fn run(sessions: &Sessions, arguments: CreateArguments) -> Result<Exit, CliError> {
    sessions.check_name(&arguments.to)?;
    changing::allowed(sessions.deployment(), &arguments.change)?;
    let text = read(&arguments.file)?;
    let given = arguments.instance_uuid.map(Arc::<str>::from);
    let intent = Intent::Create { database: arguments.to, instance_uuid: given, text: text.into() };
    changing::run(sessions, &arguments.change, &intent).await
}

/// The text of a file (`-`: standard input), without the line end that text files end with.
fn read(file: &Path) -> Result<String, CliError> {
    let shown = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let failed = |error: std::io::Error| CliError::failed(format!("{shown}: {error}"));
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(file).map_err(failed)?)
    };
    let mut bytes = Vec::new();
    // One byte more than may be stored is enough to know that it is too long.
    source.take(MAX_TEXT as u64 + 2).read_to_end(&mut bytes).map_err(failed)?;
    let mut text = String::from_utf8(bytes).map_err(|error| {
        CliError::refused(format!("{shown}: not UTF-8 text at byte {}", error.utf8_error().valid_up_to()))
    })?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}
