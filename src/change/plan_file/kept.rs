//! Where plans of many changes are kept while they are needed: a directory of the user's own, a file each.
//!
//! A plan that nobody has begun to carry out goes with the process that made it (`.proposed`); one that was
//! begun stays until it is finished, for an interrupted one is continued from it. A process holds a lock on
//! the files that it has in hand.
//!
//! Imports its siblings.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use rustix::fs::{FlockOperation, flock};

use super::write::{Writer, unwritten};
use super::{Header, PlanFileError};

/// The directory of plans of who writes that journal, which names them.
pub fn beside(journal: &Path) -> PathBuf {
    journal.with_file_name("plans")
}

/// Ending of the name of a plan that nobody has begun.
const PROPOSED: &str = "proposed";
/// Ending of the name of one that was begun.
const BEGUN: &str = "jsonl";

/// States of [`Kept`].
const NOT_BEGUN: u8 = 0;
const IN_HAND: u8 = 1;
const FINISHED: u8 = 2;

/// A plan's file, as long as somebody has it in hand.
#[derive(Debug)]
pub struct Kept {
    /// Its path without its ending.
    stem: PathBuf,
    state: AtomicU8,
    /// Locked as long as this lives.
    file: File,
}

impl Kept {
    /// A new, empty file in that directory, which is made where it is missing. What dead processes left
    /// there and nobody began is removed.
    ///
    /// # Errors
    /// [`PlanFileError::Write`]
    pub fn create(directory: &Path) -> Result<Self, PlanFileError> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| unwritten(directory, error))?;
        sweep(directory);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let seconds = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |now| now.as_secs());
            let stem = directory.join(format!("{seconds}-{}-{number}", std::process::id()));
            let path = stem.with_extension(PROPOSED);
            match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => {
                    // Where files cannot be locked, as on some network file systems, it goes without.
                    let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
                    // Another process may have swept it away before it was locked.
                    if !path.exists() {
                        continue;
                    }
                    return Ok(Self { stem, state: AtomicU8::new(NOT_BEGUN), file });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unwritten(&path, error)),
            }
        }
    }

    /// A plan that was begun and is to be continued.
    ///
    /// # Errors
    /// It cannot be read, or another process has it in hand.
    pub fn open(path: &Path) -> Result<Self, PlanFileError> {
        let file = OpenOptions::new().read(true).open(path);
        let file = file.map_err(|error| PlanFileError::Read { path: path.to_owned(), error })?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(rustix::io::Errno::WOULDBLOCK) {
            return Err(PlanFileError::InUse { path: path.to_owned() });
        }
        Ok(Self { stem: path.with_extension(""), state: AtomicU8::new(IN_HAND), file })
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        let begun = self.state.load(Ordering::Acquire) != NOT_BEGUN;
        self.stem.with_extension(if begun { BEGUN } else { PROPOSED })
    }

    /// Writes the plan into it.
    ///
    /// # Errors
    /// [`PlanFileError::Write`]
    pub fn writer(&self, header: &Header) -> Result<Writer, PlanFileError> {
        let file = self.file.try_clone().map_err(|error| unwritten(&self.path(), error))?;
        Writer::begin(&self.path(), file, header)
    }

    /// The plan is carried out from now on: its file outlives the process, and this is where it is.
    ///
    /// # Errors
    /// [`PlanFileError::Write`]
    pub fn begin(&self) -> Result<PathBuf, PlanFileError> {
        let begun = self.stem.with_extension(BEGUN);
        if self.state.load(Ordering::Acquire) == NOT_BEGUN {
            fs::rename(self.stem.with_extension(PROPOSED), &begun)
                .map_err(|error| unwritten(&begun, error))?;
            // The journal is about to say where it is: a power cut must not take its name away, nor that of
            // the directory, which may be new.
            for directory in begun.ancestors().skip(1).take(2) {
                to_disk(directory).map_err(|error| unwritten(&begun, error))?;
            }
            self.state.store(IN_HAND, Ordering::Release);
        }
        Ok(begun)
    }

    /// Nothing of it is left to do: its file goes with this.
    pub fn finish(&self) {
        if self.state.load(Ordering::Acquire) == IN_HAND {
            self.state.store(FINISHED, Ordering::Release);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.state.load(Ordering::Acquire) != IN_HAND {
            let _ = fs::remove_file(self.path());
        }
    }
}

/// The names in a directory are on the disk when this returns.
fn to_disk(directory: &Path) -> io::Result<()> {
    // The parent of a lone name.
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        // Some network file systems cannot, and a directory above need not be readable.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

/// Removes plans that nobody began and whose makers are gone.
fn sweep(directory: &Path) {
    let files = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in files.filter(|path| path.extension().is_some_and(|ending| ending == PROPOSED)) {
        if let Ok(file) = File::open(&path)
            && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            let _ = fs::remove_file(&path);
        }
    }
}
