//! Reading a plan file: every byte of it is distrusted.
//!
//! Imports its siblings.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::PlanFileError;
use super::line::{self, FORMAT, Footer, Header};
use super::operation::PlannedOperation;

/// Bytes of a line at most: a text of the greatest length that a database holds, every byte of it escaped, twice.
const LINE: u64 = 256 << 20;

/// A plan file that is open: its header, and its operations to come.
pub struct Reader {
    header: Header,
    lines: Lines,
}

/// Its lines, and what they add up to.
struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    digest: Sha256,
    number: u64,
}

impl Lines {
    /// The next line without its end, and what all before it added up to; None at the end of the file.
    fn next(&mut self) -> Result<Option<(Vec<u8>, Sha256)>, PlanFileError> {
        let (mut line, before) = (Vec::new(), self.digest.clone());
        let read = (&mut self.file).take(LINE).read_until(b'\n', &mut line);
        read.map_err(|error| unread(&self.path, error))?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        self.digest.update(&line);
        if line.pop() != Some(b'\n') {
            return Err(PlanFileError::CutShort { path: self.path.clone(), line: self.number - 1 });
        }
        Ok(Some((line, before)))
    }

    fn edited(&self, reason: impl Into<String>) -> PlanFileError {
        PlanFileError::Edited { path: self.path.clone(), reason: reason.into() }
    }
}

impl Reader {
    /// Opens a file and reads its first line.
    ///
    /// # Errors
    /// It cannot be read, is no plan of ours, or of a newer format.
    pub fn open(path: &Path) -> Result<Self, PlanFileError> {
        let file = File::open(path).map_err(|error| unread(path, error))?;
        Self::of(path, file)
    }

    /// Of a file that is open, from where it stands.
    pub(super) fn of(path: &Path, file: File) -> Result<Self, PlanFileError> {
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(unread(path, io::ErrorKind::IsADirectory.into()));
        }
        let foreign = |reason: String| PlanFileError::Foreign { path: path.to_owned(), reason };
        let mut lines = Lines {
            path: path.to_owned(),
            file: BufReader::with_capacity(1 << 17, file),
            digest: Sha256::new(),
            number: 0,
        };
        let first = lines.next()?.ok_or_else(|| foreign("it is empty".to_owned()))?.0;
        let first: Value = serde_json::from_slice(&first)
            .map_err(|_| foreign("its first line is no JSON object".to_owned()))?;
        let Some(format) = first.get("reqspec_plan").and_then(Value::as_u64) else {
            return Err(foreign("its first line has no reqspec_plan".to_owned()));
        };
        if format > FORMAT {
            let program = first.get("reqspec").and_then(Value::as_str).unwrap_or("(unknown)").to_owned();
            return Err(PlanFileError::Newer { path: path.to_owned(), format, program });
        }
        let header =
            serde_json::from_value(first).map_err(|error| lines.edited(format!("line 1: {error}")))?;
        Ok(Self { header, lines })
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The operations.
    pub fn operations(self) -> Operations {
        Operations { lines: self.lines, count: 0, ended: false, sum: None }
    }
}

/// The operations of a plan file. Ends without an error only where the last line is right; after an error
/// nothing comes.
pub struct Operations {
    lines: Lines,
    count: u64,
    ended: bool,
    sum: Option<String>,
}

impl Operations {
    /// What its lines add up to (SHA-256), once all were read and are right.
    pub fn checksum(&self) -> Option<&str> {
        self.sum.as_deref()
    }

    /// Reads on.
    fn read(&mut self) -> Result<Option<PlannedOperation>, PlanFileError> {
        let lines = &mut self.lines;
        let Some((line, before)) = lines.next()? else {
            return Err(PlanFileError::CutShort { path: lines.path.clone(), line: lines.number });
        };
        if line.starts_with(b"{\"operations\":") {
            return self.end(&line, before).map(|()| None);
        }
        let number = lines.number;
        match line::read(&line) {
            Ok(operation) => {
                self.count += 1;
                Ok(Some(operation))
            }
            Err(reason) => Err(lines.edited(format!("line {number}: {reason}"))),
        }
    }

    fn end(&mut self, line: &[u8], before: Sha256) -> Result<(), PlanFileError> {
        let lines = &mut self.lines;
        let footer: Footer =
            serde_json::from_slice(line).map_err(|error| lines.edited(format!("its last line: {error}")))?;
        let found: String = before.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if footer.sha256 != found {
            return Err(lines.edited("its lines do not add up to the sum in its last line (sha256)"));
        }
        if footer.operations != self.count {
            return Err(lines.edited(format!(
                "it has {} operations, and its last line counts {}",
                self.count, footer.operations
            )));
        }
        match lines.next()? {
            None => {
                self.sum = Some(found);
                Ok(())
            }
            Some(_) => Err(lines.edited("something follows its last line")),
        }
    }
}

impl Iterator for Operations {
    type Item = Result<PlannedOperation, PlanFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read().transpose();
        self.ended = !matches!(read, Some(Ok(_)));
        read
    }
}

/// That it cannot be read.
fn unread(path: &Path, error: io::Error) -> PlanFileError {
    PlanFileError::Read { path: path.to_owned(), error }
}
