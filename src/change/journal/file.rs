//! Opening the journal's file: made with its directory where it is missing, for its owner alone; checked
//! before it is written to. A file of another program, or of a newer reqspec, is not touched.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::JournalError;

/// `reqs`, in the header of the file.
const APPLICATION: i64 = 0x7265_7173;
/// The format that this version writes.
const VERSION: i64 = 1;
/// How long other processes are waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A connection for writing; the file is made where it is missing.
pub(super) fn open(path: &Path) -> Result<Connection, JournalError> {
    let failed = |error: &io::Error| unusable(path, error);
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            return Err(JournalError::of_file(path, "it is not a file"));
        }
        // Of a file that its owner made read-only, root too keeps off.
        Ok(metadata) if metadata.mode() & 0o200 == 0 || metadata_forbids(path) => {
            return Err(JournalError::of_file(path, "it is read-only"));
        }
        Ok(_) => check(path)?,
        Err(error) if error.kind() == ErrorKind::NotFound => make(path).map_err(|error| failed(&error))?,
        Err(error) => return Err(failed(&error)),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let of = |error: rusqlite::Error| JournalError::of(path, "opening it", &error);
    let mut connection = Connection::open_with_flags(path, flags).map_err(of)?;
    connection.busy_timeout(PATIENCE).map_err(of)?;
    if connection.is_readonly("main").map_err(of)? {
        return Err(JournalError::of_file(path, "it is read-only"));
    }
    prepare(path, &mut connection)?;
    Ok(connection)
}

/// A connection for reading; None where there is no file.
pub(super) fn open_to_read(path: &Path) -> Result<Option<Connection>, JournalError> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            return Err(JournalError::of_file(path, "it is not a file"));
        }
        Ok(metadata) if metadata.len() == 0 => return Ok(None),
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unusable(path, &error)),
    }
    let connection = read_only(path)?;
    if is_empty(path, &connection)? { Ok(None) } else { Ok(Some(connection)) }
}

/// A journal that is gone with the process.
pub(super) fn in_memory() -> Result<Connection, JournalError> {
    let path = Path::new(":memory:");
    let mut connection =
        Connection::open_in_memory().map_err(|error| JournalError::of(path, "opening it", &error))?;
    prepare(path, &mut connection)?;
    Ok(connection)
}

/// Which file that is now, whatever it is called: its device and number.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// The directory of locks beside a journal, by its own name: the same for each who opens it, by whatever link.
pub(super) fn owners_of(path: &Path) -> Result<PathBuf, JournalError> {
    fs::canonicalize(path).map(|real| owners(&real)).map_err(|error| unusable(path, &error))
}

/// The directory of locks beside a journal of that name.
fn owners(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".owners");
    PathBuf::from(name)
}

fn metadata_forbids(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_err()
}

fn unusable(path: &Path, error: &io::Error) -> JournalError {
    match error.kind() {
        ErrorKind::PermissionDenied => JournalError::of_file(path, "permission denied"),
        _ => JournalError::of_file(path, format!("it cannot be made or opened ({error})")),
    }
}

/// Makes an empty file and the directories that are missing, so that they outlast a power cut.
fn make(path: &Path) -> io::Result<()> {
    let directory = directory(path);
    let missing: Vec<&Path> = directory
        .ancestors()
        .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists())
        .collect();
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    for made in missing {
        sync(made.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file.sync_all()?,
        // Another process was quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    sync(directory)
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Whose file it is, asked in a way that changes nothing in it.
fn check(path: &Path) -> Result<(), JournalError> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0) {
        return Ok(());
    }
    is_empty(path, &read_only(path)?).map(drop)
}

fn read_only(path: &Path) -> Result<Connection, JournalError> {
    let of = |error: rusqlite::Error| JournalError::of(path, "opening it", &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(of)?;
    connection.busy_timeout(PATIENCE).map_err(of)?;
    Ok(connection)
}

/// Whether nothing has been written yet; an error where it is not a journal that this version knows.
fn is_empty(path: &Path, connection: &Connection) -> Result<bool, JournalError> {
    let of = |error: rusqlite::Error| JournalError::of(path, "reading it", &error);
    // All three from one state of the file: another process may be making it.
    let own = connection.is_autocommit();
    if own {
        connection.execute_batch("BEGIN").map_err(of)?;
    }
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(of);
    let read = || -> Result<_, JournalError> {
        let (application, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
        Ok((application, version, number("SELECT count(*) FROM sqlite_schema WHERE type = 'table'")?))
    };
    let read = read();
    if own {
        connection.execute_batch("ROLLBACK").map_err(of)?;
    }
    let (application, version, tables) = read?;
    match (application, version) {
        (0, 0) if tables == 0 => Ok(true),
        (APPLICATION, VERSION) => Ok(false),
        (APPLICATION, newer) if newer > VERSION => Err(JournalError::new(
            path,
            format!("it was written by a newer reqspec (format {newer}, this one knows {VERSION})"),
            "use that one, or give another file with --journal",
        )),
        (APPLICATION, other) => Err(JournalError::of_file(path, format!("its format {other} is not known"))),
        _ => Err(JournalError::new(
            path,
            "it is another program's database, not a journal of reqspec",
            "give another file with --journal",
        )),
    }
}

/// Settings, and the tables where there are none yet.
fn prepare(path: &Path, connection: &mut Connection) -> Result<(), JournalError> {
    let of = |error: rusqlite::Error| JournalError::of(path, "opening it", &error);
    connection.pragma_update(None, "foreign_keys", true).map_err(of)?;
    if is_empty(path, connection)? {
        connection.pragma_update(None, "page_size", 8192).map_err(of)?;
    }
    let mode = wal(connection).map_err(of)?;
    if mode != "wal" && mode != "memory" {
        return Err(JournalError::new(
            path,
            format!("SQLite keeps it in mode {mode}, not in WAL mode, where it is"),
            "give a file on a local disk with --journal",
        ));
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(of)?;
    if !is_empty(path, connection)? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    // Another process may have been quicker.
    if is_empty(path, &transaction)? {
        transaction.execute_batch(include_str!("schema.sql")).map_err(of)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(of)?;
        transaction.pragma_update(None, "user_version", VERSION).map_err(of)?;
    }
    transaction.commit().map_err(of)
}

/// Two processes that make the file at once get in each other's way here, and SQLite does not wait.
fn wal(connection: &Connection) -> rusqlite::Result<String> {
    let until = Instant::now() + PATIENCE;
    loop {
        match connection.query_row("PRAGMA journal_mode = wal", [], |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && Instant::now() < until =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
}
