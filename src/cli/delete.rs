//! `reqspec delete`: a spec from one database.

use std::sync::Arc;

use super::args::DeleteArguments;
use super::changing;
use super::error::{CliError, Exit};
use super::sessions::Sessions;
use crate::change::Intent;

/// Deletes.
pub async fn run(sessions: &Sessions, arguments: DeleteArguments) -> Result<Exit, CliError> {
    changing::allowed(sessions.deployment(), &arguments.change)?;
    let (database, row) = sessions.the_copy(&arguments.uuid, Some(&arguments.database), "--in").await?;
    let intent = Intent::Destroy { database, instance_uuid: Arc::clone(&row.instance_uuid) };
    changing::run(sessions, &arguments.change, &intent).await
}
