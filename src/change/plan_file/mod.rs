//! PLAN FILES: operations on disk, one line of JSON each, so that a plan of any length takes no memory,
//! can be reviewed by a colleague, and be applied later.
//!
//! - `line`: header, operations and footer as JSON.  [`operation`]: an operation, and how it fits what the
//!   databases hold.  [`splices`]: what a save changes.
//! - [`mod@write`]: writing one.  [`read`]: reading one, distrusting every byte.
//! - [`kept`]: where plans of many changes are kept while they are needed.
//!
//! A file says by its last line how many operations it has and what the bytes before it add up to (SHA-256);
//! every save says by its digest and its splices from which text it leads to which. So a file that was
//! edited or cut short is known.
//!
//! Imports `store` for names and its siblings.

pub mod kept;
mod line;
pub mod operation;
pub mod read;
pub mod splices;
pub mod write;

use std::io;
use std::path::{Path, PathBuf};

pub use kept::Kept;
pub use line::{FORMAT, Header};
pub use operation::{Fit, PlannedOperation};
pub use read::{Operations, Reader};
pub use splices::TextSplice;
pub use write::Writer;

/// What is wrong with a plan file. Each sentence names the file.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It cannot be written.
    #[error("{}: the plan could not be written: {error}; nothing was changed in any database", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It cannot be read.
    #[error("{}: the plan cannot be read: {error}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is no plan of ours.
    #[error("{}: not a plan of reqspec: {reason}", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A newer reqspec wrote it.
    #[error(
        "{}: reqspec {program} wrote it in format {format}; this reqspec reads format {FORMAT}: apply it with that version",
        path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The version of its format.
        format: u64,
        /// The version of the program that wrote it.
        program: String,
    },
    /// Its last line is missing.
    #[error("{}: the plan was cut short (after line {line}): have it written or copied anew", path.display())]
    CutShort {
        /// Which file.
        path: PathBuf,
        /// The last line that is there.
        line: u64,
    },
    /// It is not as it was written.
    #[error(
        "{}: the plan was changed after it was written: {reason}. Have it made anew: a plan cannot be edited",
        path.display()
    )]
    Edited {
        /// Which file.
        path: PathBuf,
        /// How that is known.
        reason: String,
    },
    /// Another process has it.
    #[error("{}: another reqspec is carrying out this plan", path.display())]
    InUse {
        /// Which file.
        path: PathBuf,
    },
}

impl PlanFileError {
    /// Which file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Write { path, .. }
            | Self::Read { path, .. }
            | Self::Foreign { path, .. }
            | Self::Newer { path, .. }
            | Self::CutShort { path, .. }
            | Self::Edited { path, .. }
            | Self::InUse { path } => path,
        }
    }
}

#[cfg(test)]
mod tests;
