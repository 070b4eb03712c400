//! `reqspec move`: one spec, or with `--scheduled` all that belong in a cell (`move_scheduled`).

use std::sync::Arc;

use super::args::MoveArguments;
use super::error::{CliError, Exit};
use super::sessions::Sessions;
use super::{changing, move_scheduled};
use crate::change::Intent;

/// Moves.
pub async fn run(sessions: &Sessions, arguments: MoveArguments) -> Result<Exit, CliError> {
    changing::allowed(sessions.deployment(), &arguments.change)?;
    // clap asks for both unless --scheduled is given.
    let (Some(uuid), Some(to)) = (arguments.uuid, arguments.to) else {
        return move_scheduled::run(sessions, &arguments.change, arguments.limit).await;
    };
    sessions.check_name(&to)?;
    let (from, row) = sessions.the_copy_to_take(&uuid, arguments.from.as_ref(), &to).await?;
    if from == to {
        return Err(CliError::NothingToDo(format!("{to} holds the spec of {} already", row.instance_uuid)));
    }
    let intent = Intent::Move { from, to, instance_uuid: Arc::clone(&row.instance_uuid) };
    changing::run(sessions, &arguments.change, &intent).await
}
