//! The journal of the command line: opened by what writes, and by what reads it. Before anything is written,
//! changes that were interrupted are looked after.

use std::path::Path;

use futures_util::future::join_all;

use super::args::ChangeArguments;
use super::error::CliError;
use super::output::say;
use super::sessions::Sessions;
use crate::change::record::reason;
use crate::change::recover::{self, Decision};
use crate::change::{DatabaseName, Journal, JournalError, Record, Who};
use crate::store::{Access, Stores};

/// Interrupted operations that are named before a change; more are counted.
const NAMED: usize = 5;

/// What a change is recorded with; the journal is opened, and made where it is missing.
///
/// # Errors
/// It cannot be written: why, and what to do.
pub async fn record(sessions: &Sessions, arguments: &ChangeArguments) -> Result<Record, CliError> {
    let unwritten = |error: JournalError| CliError::failed(format!("{error}; nothing was written"));
    let journal = Journal::open(sessions.journal()?).map_err(unwritten)?;
    look_after(sessions, &journal).await.map_err(unwritten)?;
    Ok(Record::new(journal, Who::here(), reason(arguments.reason.as_deref())))
}

/// The journal for reading; None where there is none yet.
///
/// # Errors
/// It cannot be read.
pub fn to_read(path: Option<&Path>) -> Result<Option<Journal>, CliError> {
    match path {
        None => Ok(None),
        Some(path) => Journal::open_to_read(path).map_err(failed),
    }
}

/// A journal that cannot be used.
pub fn failed(error: JournalError) -> CliError {
    CliError::failed(error.to_string())
}

/// Read-only sessions with those databases, as far as they answer.
pub async fn reading(sessions: &Sessions, databases: &[DatabaseName]) -> Stores {
    let known = sessions.deployment().databases();
    let ours = databases.iter().filter(|database| known.contains(database));
    let opened = join_all(ours.map(|database| async move { (database, sessions.get(database).await) })).await;
    gathered(opened)
}

/// Sessions for writing with those databases, as far as they can be had.
pub async fn writing(sessions: &Sessions, databases: &[DatabaseName]) -> Stores {
    let deployment = sessions.deployment();
    let known = deployment.databases();
    let ours = databases.iter().filter(|database| known.contains(database));
    let opened = join_all(
        ours.map(|database| async move { (database, deployment.open(database, Access::ReadWrite).await) }),
    )
    .await;
    gathered(opened)
}

fn gathered<'a>(
    opened: impl IntoIterator<
        Item = (
            &'a DatabaseName,
            Result<std::sync::Arc<dyn crate::store::SpecStore>, crate::store::StoreError>,
        ),
    >,
) -> Stores {
    let mut stores = Stores::new();
    for (database, answer) in opened {
        match answer {
            Ok(store) => stores.insert(store),
            Err(error) => stores.insert_closed(database.clone(), error),
        }
    }
    stores
}

/// Interrupted changes: what only the journal must know is written there, and what wants a write is named.
async fn look_after(sessions: &Sessions, journal: &Journal) -> Result<(), JournalError> {
    let changes = journal.unfinished().await?;
    if changes.is_empty() {
        return Ok(());
    }
    let stores = reading(sessions, &recover::databases(&changes)).await;
    let decisions = recover::look(journal, &stores, &changes).await?;
    let (open, known): (Vec<Decision>, Vec<Decision>) =
        decisions.into_iter().partition(|decision| decision.what.needs_write() || decision.what.is_left());
    let settled = recover::carry_out(journal, &stores, known).await?;
    told(settled.iter().map(|recovered| format!("an interrupted change: {}", recovered.decision)).collect());
    let wanting = open.iter().filter(|decision| decision.what.needs_write());
    told(wanting.map(|decision| format!("{decision}; run `reqspec recover`")).collect());
    let later = open.iter().filter(|decision| decision.what.is_left());
    told(later.map(|decision| format!("an interrupted change: {decision}")).collect());
    Ok(())
}

fn told(lines: Vec<String>) {
    for line in lines.iter().take(NAMED) {
        say(&format!("reqspec: notice: {line}"));
    }
    if lines.len() > NAMED {
        say(&format!("reqspec: notice: and {} more; `reqspec recover` names them", lines.len() - NAMED));
    }
}
