//! Writing a plan file, operation by operation.
//!
//! Imports its siblings.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::PlanFileError;
use super::line::{self, FORMAT, Footer, Header};
use super::operation::PlannedOperation;
use crate::change::Plan;

/// A plan file in the making.
pub struct Writer {
    path: PathBuf,
    out: BufWriter<File>,
    digest: Sha256,
    operations: u64,
}

impl Writer {
    /// A new file, its owner's alone, with its first line.
    ///
    /// # Errors
    /// [`PlanFileError::Write`]: it is there already, or cannot be written.
    pub fn create(path: &Path, header: &Header) -> Result<Self, PlanFileError> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(|error| unwritten(path, error))?;
        Self::begin(path, file, header)
    }

    /// Into an empty file that is open.
    pub(super) fn begin(path: &Path, file: File, header: &Header) -> Result<Self, PlanFileError> {
        let mut writer = Self {
            path: path.to_owned(),
            out: BufWriter::with_capacity(1 << 17, file),
            digest: Sha256::new(),
            operations: 0,
        };
        let header = Header { format: FORMAT, ..header.clone() };
        let line = serde_json::to_string(&header).map_err(|error| unwritten(path, error.into()))?;
        writer.line(line)?;
        Ok(writer)
    }

    fn line(&mut self, mut line: String) -> Result<(), PlanFileError> {
        line.push('\n');
        self.digest.update(line.as_bytes());
        self.out.write_all(line.as_bytes()).map_err(|error| unwritten(&self.path, error))
    }

    /// One more operation.
    ///
    /// # Errors
    /// [`PlanFileError::Write`]
    pub fn push(&mut self, operation: &PlannedOperation) -> Result<(), PlanFileError> {
        let line = line::written(operation).map_err(|error| unwritten(&self.path, error.into()))?;
        self.operations += 1;
        self.line(line)
    }

    /// How many there are so far.
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// The last line; the file is on disk when this returns.
    ///
    /// # Errors
    /// [`PlanFileError::Write`]
    pub fn finish(mut self) -> Result<File, PlanFileError> {
        let sha256 = self.digest.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let footer = Footer { operations: self.operations, sha256 };
        let path = self.path;
        let failed = |error: io::Error| unwritten(&path, error);
        let line = serde_json::to_string(&footer).map_err(|error| failed(error.into()))?;
        writeln!(self.out, "{line}").map_err(failed)?;
        let file = self.out.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        Ok(file)
    }
}

/// Writes a plan of few operations as a new file.
///
/// # Errors
/// [`PlanFileError::Write`]: the file is there already, or cannot be written; there is none then.
pub fn export(path: &Path, header: &Header, plan: &Plan) -> Result<(), PlanFileError> {
    let mut writer = Writer::create(path, header)?;
    let written =
        plan.operations.iter().try_for_each(|operation| writer.push(&PlannedOperation::of(operation)));
    let finished = written.and_then(|()| writer.finish().map(drop));
    if finished.is_err() {
        // What is half there would only be refused.
        let _ = std::fs::remove_file(path);
    }
    finished
}

/// That it cannot be written.
pub(super) fn unwritten(path: &Path, error: io::Error) -> PlanFileError {
    PlanFileError::Write { path: path.to_owned(), error }
}
