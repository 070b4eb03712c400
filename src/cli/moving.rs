//! `reqspec move`: one spec, many, or with `--scheduled` all that belong in a cell (`move_scheduled`).

use std::sync::Arc;

use super::args::{MoveArguments, ToArgument};
use super::error::{CliError, Exit};
use super::sessions::Sessions;
use super::{bulk, changing, move_scheduled};
use crate::change::{BulkChange, BulkIntent, Destination, Intent, Whom};
use crate::query::Query;
use crate::spec::text::named;
use crate::store::{DatabaseName, InstanceHome};

/// Moves.
pub async fn run(
    sessions: &Sessions,
    arguments: MoveArguments,
    whom: Option<Arc<Query>>,
) -> Result<Exit, CliError> {
    changing::allowed(sessions.deployment(), &arguments.change)?;
    // clap asks for it unless --scheduled is given.
    let Some(to) = arguments.to else {
        return move_scheduled::run(sessions, &arguments.change, arguments.pace, arguments.whom.limit).await;
    };
    let destination = destination(sessions, to)?;
    if let Some(query) = whom {
        let mut databases = bulk::databases(sessions, arguments.from.as_ref())?;
        if let Destination::Database(to) = &destination {
            databases.retain(|database| database != to);
        }
        let whom = Whom::Query { databases, query };
        let intent = BulkIntent { change: BulkChange::Move(destination), whom, limit: arguments.whom.limit };
        return bulk::run(sessions, &arguments.change, arguments.pace, &intent).await;
    }
    // clap asks for one where there is no query.
    let uuid = arguments.uuid.unwrap_or_default();
    let (from, row, to) = match destination {
        Destination::Database(to) => {
            let (from, row) = sessions.the_copy_to_take(&uuid, arguments.from.as_ref(), &to).await?;
            (from, row, to)
        }
        Destination::MappedCell => {
            let (from, row) = sessions.the_copy(&uuid, arguments.from.as_ref(), "--from").await?;
            let to = mapped_cell(sessions, &row.instance_uuid).await?;
            (from, row, to)
        }
    };
    if from == to {
        return Err(CliError::NothingToDo(format!("{to} holds the spec of {} already", row.instance_uuid)));
    }
    let intent = Intent::Move { from, to, instance_uuid: Arc::clone(&row.instance_uuid) };
    changing::run(sessions, &arguments.change, &intent).await
}

/// The destination that is meant. A cell may be called `mapped`.
fn destination(sessions: &Sessions, to: ToArgument) -> Result<Destination, CliError> {
    let known = sessions.deployment().databases();
    match to {
        ToArgument::Mapped if known.contains(&DatabaseName::cell("mapped")) => Err(CliError::usage(
            "--to mapped: there is a cell called mapped; give it another name with --cell NAME=URL, and leave this one out",
        )),
        ToArgument::Mapped => Ok(Destination::MappedCell),
        ToArgument::Database(to) => {
            sessions.check_name(&to)?;
            Ok(Destination::Database(to))
        }
    }
}

async fn mapped_cell(sessions: &Sessions, instance_uuid: &str) -> Result<DatabaseName, CliError> {
    let api = sessions.get(&DatabaseName::Api).await?;
    let whose = named(instance_uuid);
    match sessions.deployment().instance_home(api.as_ref(), instance_uuid).await {
        InstanceHome::Cell(cell) => {
            let to = DatabaseName::Cell(cell);
            sessions.check_name(&to)?;
            Ok(to)
        }
        InstanceHome::Unscheduled => {
            Err(CliError::refused(format!("the instance {whose} has no cell yet; nothing was written")))
        }
        InstanceHome::Unmapped => Err(CliError::refused(format!(
            "nova has no mapping of the instance {whose} to any cell; give the database with --to"
        ))),
        InstanceHome::Unknown => Err(CliError::failed(format!(
            "which cell the instance {whose} is in could not be asked: no instance_mappings; give the database with --to"
        ))),
    }
}
