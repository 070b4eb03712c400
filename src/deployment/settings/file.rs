//! Small files that several sessions read and replace.
//!
//! Imports nothing of ours.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

/// How long is waited for another session that writes in the same directory.
const PATIENCE: Duration = Duration::from_secs(2);

/// The text of a file; that of one that does not exist is empty.
pub(super) fn read(path: &Path, most: u64) -> Result<String, String> {
    let told = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
    let mut text = String::new();
    match File::open(path).and_then(|file| file.take(most + 1).read_to_string(&mut text)) {
        Ok(length) if length as u64 > most => Err(told(&format!("larger than {most} bytes"))),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(told(&error)),
    }
}

/// Replaces the text of a file by what `change` makes of it, all at once: who reads it meanwhile
/// reads the old or the new one. Its mode and owner stay; a new one is its owner's alone, and
/// directories that are missing are made. Nothing is written where nothing changes.
pub(super) fn change(
    path: &Path,
    most: u64,
    change: impl FnOnce(&str) -> Result<String, String>,
) -> Result<(), String> {
    // A link stays one: what it leads to is replaced.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory.to_owned(),
        _ => PathBuf::from("."),
    };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&directory);
    made.map_err(|error| format!("{}: {error}", directory.display()))?;
    let _lock = lock(&directory)?;
    let old = read(path, most)?;
    let new = change(&old)?;
    if new == old {
        return Ok(());
    }
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".reqspec-").tempfile_in(&directory)?;
        match fs::metadata(path) {
            Ok(metadata) => {
                // Only root can give a file to another; everyone else owns it already.
                let _ = std::os::unix::fs::fchown(file.as_file(), Some(metadata.uid()), Some(metadata.gid()));
                file.as_file().set_permissions(Permissions::from_mode(metadata.mode() & 0o7777))?;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                file.as_file().set_permissions(Permissions::from_mode(0o600))?;
            }
            Err(error) => return Err(error),
        }
        file.write_all(new.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| told(&error))
}

/// Locks a directory against other sessions, until what is given back is dropped.
fn lock(directory: &Path) -> Result<File, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", directory.display());
    let opened = File::open(directory).map_err(|error| told(&error))?;
    let until = Instant::now() + PATIENCE;
    loop {
        match flock(&opened, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(opened),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(told(&"another program has it locked; try again"));
            }
            // Where directories cannot be locked, as on some network file systems, it goes without.
            Err(_) => return Ok(opened),
        }
    }
}
