//! Why the journal cannot be used: names the file, says what is wrong and what to do next.

use std::path::Path;

use rusqlite::ErrorCode;

/// Why the journal could not be opened, read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal {path}: {reason}; {advice}")]
pub struct JournalError {
    path: String,
    reason: String,
    advice: String,
}

/// The file is another one than when it was opened, or none.
#[derive(Debug, thiserror::Error)]
#[error("it was moved or deleted while it was open")]
pub(super) struct Moved;

impl From<Moved> for rusqlite::Error {
    fn from(moved: Moved) -> Self {
        Self::ToSqlConversionFailure(Box::new(moved))
    }
}

/// What helps with most of what can be wrong with a file.
const ANOTHER: &str = "give another file with --journal, or put this one right";

impl JournalError {
    /// With what is wrong and what to do next.
    pub(super) fn new(path: &Path, reason: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { path: path.display().to_string(), reason: reason.into(), advice: advice.into() }
    }

    /// Something that another file would not have.
    pub(super) fn of_file(path: &Path, reason: impl Into<String>) -> Self {
        Self::new(path, reason, ANOTHER)
    }

    /// What SQLite says.
    pub(super) fn of(path: &Path, doing: &str, error: &rusqlite::Error) -> Self {
        if let rusqlite::Error::ToSqlConversionFailure(inner) = error
            && inner.is::<Moved>()
        {
            return Self::new(path, Moved.to_string(), "start again");
        }
        let (reason, advice): (String, &str) = match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => (
                "it is not an SQLite database, or it is damaged".to_owned(),
                "move it away, or give another file with --journal",
            ),
            Some(ErrorCode::DatabaseCorrupt) => (
                format!("it is damaged ({error})"),
                "move it away and keep it (`sqlite3 FILE .recover` reads what is left of it), or give another \
                 file with --journal",
            ),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
                "another program keeps it locked".to_owned(),
                "try again when that one has ended, or give another file with --journal",
            ),
            Some(ErrorCode::DiskFull) => {
                ("there is no space left for it".to_owned(), "free some, or give another file with --journal")
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                (format!("it cannot be opened for writing ({error})"), ANOTHER)
            }
            _ => (format!("{doing} failed: {error}"), ANOTHER),
        };
        Self::new(path, reason, advice)
    }
}
