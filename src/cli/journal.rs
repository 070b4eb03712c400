//! The journal of the command line: opened by what writes, and by what reads it.

use std::path::Path;

use super::args::ChangeArguments;
use super::error::CliError;
use super::sessions::Sessions;
use crate::change::record::reason;
use crate::change::{Journal, Record, Who};

/// What a change is recorded with; the journal is opened, and made where it is missing.
///
/// # Errors
/// It cannot be written: why, and what to do.
pub async fn record(sessions: &Sessions, arguments: &ChangeArguments) -> Result<Record, CliError> {
    let journal = open(sessions.journal()?)?;
    Ok(Record::new(journal, Who::here(), reason(arguments.reason.as_deref())))
}

fn open(path: &Path) -> Result<Journal, CliError> {
    Journal::open(path).map_err(|error| CliError::failed(format!("{error}; nothing was written")))
}
