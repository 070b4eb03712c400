//! Who works on a change: a file of the change's own, locked (`flock`) by the process that runs it. The
//! kernel lets the lock go when that process ends, however it ends.
//!
//! Where a change is finished its file is deleted; one that nobody has locked says nothing.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::ChangeId;

/// The locks of one process's changes.
#[derive(Debug)]
pub(super) struct Owners {
    /// None for a journal in memory, which only this process knows.
    directory: Option<PathBuf>,
    held: Mutex<HashMap<ChangeId, Lock>>,
}

/// A change that is this process's as long as this lives.
#[derive(Debug)]
pub(super) struct Lock {
    token: String,
    /// Held open, and with it the lock.
    _file: Option<File>,
}

impl Lock {
    pub fn token(&self) -> &str {
        &self.token
    }
}

fn make(directory: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

impl Owners {
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self { directory, held: Mutex::default() }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<ChangeId, Lock>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A lock with a new name, for a change that is about to begin.
    pub fn make(&self) -> io::Result<Lock> {
        let Some(directory) = &self.directory else {
            return Ok(Lock { token: String::new(), _file: None });
        };
        make(directory)?;
        // The name is random, the file made anew with mode 0600.
        let (file, path) = tempfile::Builder::new()
            .prefix("change-")
            .suffix("")
            .tempfile_in(directory)?
            .keep()
            .map_err(|error| error.error)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        let token = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Lock { token, _file: Some(file) })
    }

    /// The change that the lock was made for.
    pub fn keep(&self, change: ChangeId, lock: Lock) {
        self.held().insert(change, lock);
    }

    /// Let a change go that has no end yet: `recover` may have it.
    pub fn release(&self, change: ChangeId) {
        self.held().remove(&change);
    }

    /// The end of a change: its file is not needed any more.
    pub fn end(&self, change: ChangeId) {
        let mut held = self.held();
        if let Some(lock) = held.get(&change) {
            // Deleted while it is still locked, so that nobody else has it in hand.
            self.forget(&lock.token);
        }
        held.remove(&change);
    }

    /// Delete the file of a change that has ended, or did not begin.
    pub fn forget(&self, token: &str) {
        if let Some(directory) = &self.directory
            && !token.is_empty()
        {
            // One that stays says nothing.
            let _ = fs::remove_file(directory.join(token));
        }
    }

    /// Whether someone works on that change, this process included.
    pub fn is_running(&self, change: ChangeId, token: &str) -> io::Result<bool> {
        if self.held().contains_key(&change) {
            return Ok(true);
        }
        let Some(directory) = &self.directory else { return Ok(false) };
        let file = match File::open(directory.join(token)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        // Shared: two who look do not take each other for the owner.
        match flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(false),
            Err(Errno::WOULDBLOCK) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Take over a change whose owner is gone; false where someone has it.
    pub fn take(&self, change: ChangeId, token: &str) -> io::Result<bool> {
        let mut held = self.held();
        if held.contains_key(&change) {
            return Ok(false);
        }
        let Some(directory) = &self.directory else {
            held.insert(change, Lock { token: token.to_owned(), _file: None });
            return Ok(true);
        };
        // A journal may have been moved without it.
        make(directory)?;
        let path = directory.join(token);
        // Others that only look hold it for a moment.
        for _ in 0..20 {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            // It may have been deleted, and made again by another, before it was locked.
            let same = fs::metadata(&path).is_ok_and(|now| {
                file.metadata().is_ok_and(|ours| (ours.dev(), ours.ino()) == (now.dev(), now.ino()))
            });
            if same {
                held.insert(change, Lock { token: token.to_owned(), _file: Some(file) });
                return Ok(true);
            }
        }
        Ok(false)
    }
}
