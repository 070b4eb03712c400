//! `reqspec copy`: a spec to another database, beside the one it is in.

use std::sync::Arc;

use super::args::CopyArguments;
use super::changing;
use super::error::{CliError, Exit};
use super::sessions::Sessions;
use crate::change::Intent;

/// Copies.
pub async fn run(sessions: &Sessions, arguments: CopyArguments) -> Result<Exit, CliError> {
    changing::allowed(sessions.deployment(), &arguments.change)?;
    sessions.check_name(&arguments.to)?;
    let (from, row) =
        sessions.the_copy_to_take(&arguments.uuid, arguments.from.as_ref(), &arguments.to).await?;
    if from == arguments.to {
        return Err(CliError::NothingToDo(format!("{from} holds the spec of {} already", row.instance_uuid)));
    }
    let intent = Intent::Copy {
        from,
        to: arguments.to,
        instance_uuid: Arc::clone(&row.instance_uuid),
        replace: arguments.replace,
    };
    changing::run(sessions, &arguments.change, &intent).await
}
