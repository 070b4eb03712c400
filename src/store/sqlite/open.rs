//! How a file is opened so that browsing changes no byte of it, and what its errors mean.
//!
//! A database in WAL mode that nobody has open has no `-wal` file; SQLite would make one even for
//! a reader, and leave it behind. Such a file is opened as *frozen* (`immutable=1`) and watched:
//! [`Session::read`] compares the file's stamp before and after each statement and, where anything
//! changed, opens it anew and asks again. All others are opened read-only with the usual locks.

use std::collections::HashMap;
use std::ffi::CStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::ffi::{self, ErrorCode};
use rusqlite::{Connection, OpenFlags};

use super::readahead_vfs;
use crate::store::{Access, DatabaseName, Rights, StoreError};

/// Device and inode of a file.
type Identity = (u64, u64);

/// How long a reader waits for a lock: not so long that a screen looks frozen.
pub(super) const READ_WAIT: Duration = Duration::from_millis(250);
/// How long a writer waits for a lock.
pub(super) const WRITE_WAIT: Duration = Duration::from_secs(2);

/// A database file that was found.
#[derive(Debug)]
pub(super) struct Source {
    pub database: DatabaseName,
    pub location: Arc<str>,
    pub access: Access,
    path: PathBuf,
    /// At the time of opening.
    identity: Identity,
}

impl Source {
    /// Look at the file without opening a connection.
    pub fn find(database: DatabaseName, path: &Path, access: Access) -> Result<Source, StoreError> {
        let location: Arc<str> = Arc::from(path.display().to_string());
        let unavailable = |reason: String| StoreError::Unavailable {
            database: database.clone(),
            location: Arc::clone(&location),
            reason,
        };
        let metadata = std::fs::metadata(path).map_err(|error| unavailable(describe_io(&error)))?;
        if metadata.is_dir() {
            return Err(unavailable("it is a directory; give the database file in it".to_owned()));
        }
        if !metadata.is_file() {
            return Err(unavailable("it is not a regular file".to_owned()));
        }
        // An absolute path: one that begins with `file:` would be taken for a URI.
        let path = std::path::absolute(path).map_err(|error| unavailable(describe_io(&error)))?;
        let source = Source { database, location, access, path, identity: identity(&metadata) };
        source.read_header(&metadata)?;
        Ok(source)
    }

    /// Which file it is, however the path to it was given.
    pub fn identity(&self) -> String {
        format!("sqlite {}:{}", self.identity.0, self.identity.1)
    }

    /// Whether the file, and the journal beside it, may be written. Nothing is opened: closing a
    /// second handle would drop SQLite's locks.
    pub fn rights(&self) -> Rights {
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        let may_write = |path: &Path| rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
        if !may_write(&self.path) {
            Rights::ReadOnly("this user may not write the file".to_owned())
        } else if !may_write(directory) {
            Rights::ReadOnly(
                "this user may not write the file's directory, where a journal is made".to_owned(),
            )
        } else {
            Rights::Write
        }
    }

    /// An error that says what is wrong with this database.
    pub fn unavailable(&self, reason: impl Into<String>) -> StoreError {
        StoreError::Unavailable {
            database: self.database.clone(),
            location: Arc::clone(&self.location),
            reason: reason.into(),
        }
    }

    /// Any other failure.
    pub fn failed(&self, operation: &str, reason: impl Into<String>) -> StoreError {
        StoreError::Failed {
            database: self.database.clone(),
            operation: operation.to_owned(),
            reason: reason.into(),
        }
    }

    /// That the path still leads to the file that was opened.
    pub fn check_present(&self) -> Result<Metadata, StoreError> {
        match std::fs::metadata(&self.path) {
            Ok(metadata) if identity(&metadata) == self.identity => Ok(metadata),
            Ok(_) => {
                Err(self.unavailable("the file was replaced by another one; the next attempt opens that one"))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(self.unavailable("the file is gone; put it back, or check the path"))
            }
            Err(error) => Err(self.unavailable(describe_io(&error))),
        }
    }

    /// Whether the header says WAL; an error where it is no database's.
    fn read_header(&self, metadata: &Metadata) -> Result<bool, StoreError> {
        // An empty file is a valid empty database.
        if metadata.len() == 0 {
            return Ok(false);
        }
        let mut header = [0u8; 20];
        let read = read_start(&self.path, metadata, &mut header);
        let whole = match read {
            Ok(count) => count == header.len(),
            Err(error) => return Err(self.unavailable(describe_io(&error))),
        };
        if !whole || &header[..16] != b"SQLite format 3\0" {
            return Err(self.unavailable(NOT_A_DATABASE));
        }
        Ok(header[18] == 2 || header[19] == 2)
    }

    /// The state of the files that a frozen connection depends on.
    fn stamp(&self, metadata: &Metadata) -> Stamp {
        Stamp {
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            log: self.beside("-wal").map(|log| log.len()),
            shared: self.beside("-shm").is_some(),
        }
    }

    fn beside(&self, suffix: &str) -> Option<Metadata> {
        let mut name = self.path.as_os_str().to_owned();
        name.push(suffix);
        std::fs::metadata(PathBuf::from(name)).ok()
    }

    /// What an engine's error means here, and what to do next.
    pub fn translate(&self, operation: &str, error: &rusqlite::Error) -> StoreError {
        let database = self.database.clone();
        let operation_owned = operation.to_owned();
        let failure = match error {
            rusqlite::Error::SqliteFailure(failure, _) => failure,
            rusqlite::Error::SqlInputError { error, .. } => error,
            other => return self.failed(operation, other.to_string()),
        };
        let words = match error {
            rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            other => other.to_string(),
        };
        if words.contains("no such table: request_specs") {
            return StoreError::NoTable { database };
        }
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                StoreError::Locked { database, operation: operation_owned }
            }
            ErrorCode::ReadOnly if failure.extended_code == ffi::SQLITE_READONLY_ROLLBACK => {
                self.unavailable(UNFINISHED)
            }
            ErrorCode::ReadOnly => StoreError::ReadOnly {
                database,
                operation: operation_owned,
                reason: format!(
                    "the file or its directory may not be written ({words}); nothing was written. \
                     Check the permissions of {} and of its directory",
                    self.location
                ),
            },
            ErrorCode::NotADatabase => self.unavailable(NOT_A_DATABASE),
            ErrorCode::DatabaseCorrupt => self.unavailable(format!(
                "the database is damaged ({words}); check it with `sqlite3 FILE 'PRAGMA integrity_check'` \
                 and restore it from a backup"
            )),
            ErrorCode::DiskFull => self.failed(
                operation,
                "the disk (or the database's page limit) is full; nothing was written, free some space and try again",
            ),
            ErrorCode::SystemIoFailure => self.failed(
                operation,
                format!("the file could not be read or written ({words}); see the system's log for the disk"),
            ),
            ErrorCode::CannotOpen if self.beside("-journal").is_some_and(|journal| journal.len() > 0) => {
                self.unavailable(UNFINISHED)
            }
            ErrorCode::CannotOpen if self.beside("-wal").is_some() => self.unavailable(
                "its -wal file holds changes, but the -shm file that goes with it cannot be made or read: \
                 check the permissions of the directory",
            ),
            ErrorCode::CannotOpen if self.access == Access::ReadWrite => StoreError::ReadOnly {
                database,
                operation: operation_owned,
                reason: format!(
                    "SQLite cannot make its journal beside {} ({words}); nothing was written. \
                     Check the permissions of the directory",
                    self.location
                ),
            },
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                self.unavailable(format!("it cannot be opened ({words}); check its permissions"))
            }
            ErrorCode::OperationInterrupted => self.failed(operation, "it was interrupted"),
            ErrorCode::TooBig => self.failed(operation, "the text is larger than SQLite stores (1 GB)"),
            _ => self.failed(operation, words),
        }
    }
}

const NOT_A_DATABASE: &str =
    "it is not an SQLite database (or it is encrypted); check the path, and the header with `file`";
const UNFINISHED: &str = "a program was killed while it wrote to this database; SQLite must finish or undo \
     that first: open it once for writing (`sqlite3 FILE .schema`, or reqspec --write)";

/// What a frozen connection must find unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    log: Option<u64>,
    shared: bool,
}

/// An open connection to a [`Source`].
pub(super) struct Session {
    pub source: Arc<Source>,
    pub connection: Connection,
    /// How often the file was opened anew.
    pub generation: u64,
    /// Set where the file was opened as one that nobody writes.
    frozen: Option<Stamp>,
    /// The way to the file system; None for SQLite's own.
    way: Option<&'static CStr>,
}

impl Session {
    /// Open a connection.
    pub fn open(source: Arc<Source>) -> Result<Session, StoreError> {
        Session::open_by(source, None)
    }

    /// Open a connection for a pass over the file: it reads large pieces at once.
    pub fn open_for_pass(source: Arc<Source>) -> Result<Session, StoreError> {
        Session::open_by(source, readahead_vfs::name())
    }

    fn open_by(source: Arc<Source>, way: Option<&'static CStr>) -> Result<Session, StoreError> {
        let metadata = source.check_present()?;
        let frozen = match source.access {
            Access::ReadWrite => None,
            Access::ReadOnly => source.nobody_writes(&metadata)?,
        };
        let common = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let open = |path: &Path, flags| match way {
            Some(way) => Connection::open_with_flags_and_vfs(path, common | flags, way),
            None => Connection::open_with_flags(path, common | flags),
        };
        let opened = match (&frozen, source.access) {
            (Some(_), _) => open(
                Path::new(&uri(&source.path)),
                OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
            ),
            (None, Access::ReadOnly) => open(&source.path, OpenFlags::SQLITE_OPEN_READ_ONLY),
            (None, Access::ReadWrite) => open(&source.path, OpenFlags::SQLITE_OPEN_READ_WRITE),
        };
        let connection = opened.map_err(|error| source.translate("opening it", &error))?;
        connection.busy_timeout(READ_WAIT).map_err(|error| source.translate("opening it", &error))?;
        if source.access == Access::ReadWrite && connection.is_readonly("main").unwrap_or(true) {
            return Err(StoreError::ReadOnly {
                database: source.database.clone(),
                operation: "opening it for writing".to_owned(),
                reason: format!(
                    "the file {} may not be written; check its permissions, or browse it read-only",
                    source.location
                ),
            });
        }
        Ok(Session { source, connection, generation: 0, frozen, way })
    }

    /// Ask the database. `ask` may be called again if the file changed under a frozen connection.
    pub fn read<T>(
        &mut self,
        operation: &str,
        ask: impl Fn(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        for _ in 0..4 {
            if self.has_changed()? {
                let generation = self.generation + 1;
                *self = Session { generation, ..Session::open_by(Arc::clone(&self.source), self.way)? };
            }
            let answer = ask(&self.connection);
            if self.has_changed()? {
                continue;
            }
            return answer.map_err(|error| self.source.translate(operation, &error));
        }
        Err(StoreError::Locked { database: self.source.database.clone(), operation: operation.to_owned() })
    }

    /// Whether a frozen file is no longer what was opened.
    pub fn has_changed(&self) -> Result<bool, StoreError> {
        let metadata = self.source.check_present()?;
        Ok(self.frozen.as_ref().is_some_and(|frozen| *frozen != self.source.stamp(&metadata)))
    }
}

impl Source {
    /// The stamp of a WAL database that nobody has open; None for all others.
    fn nobody_writes(&self, metadata: &Metadata) -> Result<Option<Stamp>, StoreError> {
        let stamp = self.stamp(metadata);
        let clean = match stamp.log {
            None => true,
            Some(length) => length == 0 && !stamp.shared,
        };
        Ok((clean && self.read_header(metadata)?).then_some(stamp))
    }
}

/// `file:` URI of an absolute path, for a file that nobody writes.
fn uri(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut uri = String::from("file://");
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

fn describe_io(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; check the path".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied; check who may read the file".to_owned(),
        _ => error.to_string(),
    }
}

/// Read the first bytes of a file of which connections may be open. Closing any descriptor of a
/// file drops all POSIX locks that the process holds on it, SQLite's included: so each file is
/// opened once, and its descriptor is kept for good.
fn read_start(path: &Path, metadata: &Metadata, buffer: &mut [u8]) -> io::Result<usize> {
    static KEPT: LazyLock<Mutex<HashMap<Identity, Vec<File>>>> = LazyLock::new(Mutex::default);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = kept.get(&identity(metadata)).and_then(|files| files.first()) {
        return file.read_at(buffer, 0);
    }
    let file = File::open(path)?;
    // The path may lead elsewhere by now: what was opened counts.
    let opened = file.metadata()?;
    let count = file.read_at(buffer, 0);
    kept.entry(identity(&opened)).or_default().push(file);
    count
}
