//! The journal of the command line: opened by what writes, and by what reads it. Before anything is written,
//! changes that were interrupted are looked after.

use std::path::Path;

use super::args::ChangeArguments;
use super::error::CliError;
use super::output::say;
use super::sessions::Sessions;
use crate::change::record::reason;
use crate::change::{Journal, JournalError, Record, Who};
use crate::fleet::recovery;

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

/// Interrupted changes: what only the journal must know is written there, and what wants a write is named.
async fn look_after(sessions: &Sessions, journal: &Journal) -> Result<(), JournalError> {
    let found = recovery::look_after(sessions, sessions.deployment(), journal).await?;
    let settled = found.settled.iter();
    told(settled.map(|recovered| format!("an interrupted change: {}", recovered.decision)).collect());
    told(found.wanting.iter().map(|decision| format!("{decision}; run `reqspec recover`")).collect());
    told(found.left.iter().map(|decision| format!("an interrupted change: {decision}")).collect());
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
