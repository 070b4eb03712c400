//! The embedded sample deployment: databases that real nova made (tests/nova/make_demo.py),
//! unpacked once into the user's data directory and kept there with what was changed in them.
//!
//! The directory appears whole or not at all: it is unpacked beside its place and renamed. Two
//! starts at once both unpack, one wins, and both use the winner's.
//!
//! Imports `store`'s names; writes to a database before it is the demo's, and to none after.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use flate2::write::GzDecoder;

use super::cells::CellArgument;
use super::{Deployment, WritePolicy};
use crate::store::{Address, CellName, SpecHome};

/// File name, packed content. The API database first, then the cells in the order in which the
/// terminal UI shows them: those with many instances first.
const DATABASES: [(&str, &[u8]); 4] = [
    ("nova_api.sqlite", include_bytes!("demo_data/nova_api.sqlite.gz")),
    ("nova_cell1.sqlite", include_bytes!("demo_data/nova_cell1.sqlite.gz")),
    ("nova_cell2.sqlite", include_bytes!("demo_data/nova_cell2.sqlite.gz")),
    ("nova_cell0.sqlite", include_bytes!("demo_data/nova_cell0.sqlite.gz")),
];

/// The names of the demo's cells, in the order of [`DATABASES`].
const CELLS: [&str; 3] = ["cell1", "cell2", "cell0"];

/// Starts that lose the race for the directory so often give up.
const ATTEMPTS: u32 = 20;

/// Why the demo cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is no home directory to keep it in.
    #[error("no directory for the demo: {0}; set HOME or XDG_DATA_HOME")]
    NoDirectory(String),
    /// Reading or writing failed.
    #[error("{path}: {operation} failed: {error}")]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What was being done.
        operation: &'static str,
        /// The system's words.
        error: io::Error,
    },
    /// A file of the directory is missing.
    #[error("{0} is missing; `reqspec demo --reset` unpacks the demo afresh")]
    Incomplete(PathBuf),
}

fn io_error<'p>(path: &'p Path, operation: &'static str) -> impl FnOnce(io::Error) -> DemoError + 'p {
    move |error| DemoError::Io { path: path.to_owned(), operation, error }
}

/// The demo in the user's data directory (`$XDG_DATA_HOME/reqspec/demo`), unpacked if it is not
/// there yet, or afresh with `reset`. Writable from the start; its home of scheduled specs are the
/// cells.
///
/// # Errors
/// [`DemoError`]
pub fn open(reset: bool) -> Result<Deployment, DemoError> {
    let base = etcetera::choose_base_strategy().map_err(|error| DemoError::NoDirectory(error.to_string()))?;
    open_in(&base.data_dir().join("reqspec"), reset)
}

/// The same below another directory, in `demo`.
///
/// # Errors
/// [`DemoError`]
pub fn open_in(parent: &Path, reset: bool) -> Result<Deployment, DemoError> {
    let directory = parent.join("demo");
    if reset {
        unpack(parent, &directory, true)?;
    }
    let mut looks = 0;
    loop {
        if !directory.exists() {
            unpack(parent, &directory, false)?;
        }
        let Some((file, _)) = DATABASES.iter().find(|(file, _)| !directory.join(file).exists()) else {
            return Ok(deployment(&directory));
        };
        // A file may be missing because another start replaces the directory right now.
        looks += 1;
        if looks > 4 {
            return Err(DemoError::Incomplete(directory.join(file)));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn deployment(directory: &Path) -> Deployment {
    let address = |at: usize| Address::of_path(&directory.join(DATABASES[at].0));
    let cells = CELLS
        .iter()
        .enumerate()
        .map(|(at, name)| CellArgument { name: CellName::new(name), url: address(at + 1) })
        .collect();
    Deployment::of(address(0), cells)
        .with_environment("demo")
        .with_spec_home(SpecHome::Cells)
        .with_policy(WritePolicy::FromStart)
}

fn unpack(parent: &Path, directory: &Path, reset: bool) -> Result<(), DemoError> {
    fs::create_dir_all(parent).map_err(io_error(parent, "making the directory"))?;
    let beside = tempfile::Builder::new()
        .prefix(".demo-")
        .tempdir_in(parent)
        .map_err(io_error(parent, "making a directory in it"))?;
    std::thread::scope(|scope| {
        let halves = DATABASES.chunks(2).map(|half| {
            scope
                .spawn(|| half.iter().try_for_each(|(file, packed)| write(&beside.path().join(file), packed)))
        });
        let halves: Vec<_> = halves.collect();
        halves
            .into_iter()
            .try_for_each(|half| half.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let api = beside.path().join(DATABASES[0].0);
    map_cells(&api, directory).map_err(|error| DemoError::Io {
        path: api.clone(),
        operation: "writing where the cells are",
        error: io::Error::other(error),
    })?;
    for _ in 0..ATTEMPTS {
        if reset {
            put_aside(parent, directory)?;
        }
        match fs::rename(beside.path(), directory) {
            Ok(()) => {
                let _ = beside.keep();
                return Ok(());
            }
            // Another start was first. Its demo is as good as ours, unless a fresh one is wanted.
            Err(_) if directory.exists() && !reset => return Ok(()),
            Err(_) if directory.exists() => {}
            Err(error) => return Err(io_error(directory, "putting the demo there")(error)),
        }
    }
    Err(DemoError::Io {
        path: directory.to_owned(),
        operation: "putting the demo there",
        error: io::Error::other("other starts of the demo keep replacing it"),
    })
}

/// Lets `cell_mappings` say where the cells are once `directory` is in its place, as nova's own would:
/// the files were made elsewhere.
fn map_cells(api: &Path, directory: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = rusqlite::Connection::open(api)?;
    // Nobody else has the file yet: what fails is unpacked again.
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    let changes = connection.transaction()?;
    for (name, (file, _)) in CELLS.iter().zip(&DATABASES[1..]) {
        let path = std::path::absolute(directory.join(file))?;
        let url = format!("sqlite:///{}", path.display());
        changes.execute("UPDATE cell_mappings SET database_connection = ?1 WHERE name = ?2", (url, name))?;
    }
    changes.commit()?;
    Ok(connection.close().map_err(|(_, error)| error)?)
}

/// Takes the directory away in one step, then deletes it: no start sees half of it.
fn put_aside(parent: &Path, directory: &Path) -> Result<(), DemoError> {
    let old = tempfile::Builder::new()
        .prefix(".demo-old-")
        .tempdir_in(parent)
        .map_err(io_error(parent, "making a directory in it"))?;
    match fs::rename(directory, old.path().join("demo")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(io_error(directory, "putting the old demo aside")(error))
        }
        _ => Ok(()),
    }
}

fn write(path: &Path, packed: &[u8]) -> Result<(), DemoError> {
    let unpacked = || {
        let file = fs::File::create_new(path)?;
        let mut decoder = GzDecoder::new(BufWriter::with_capacity(1 << 16, file));
        decoder.write_all(packed)?;
        decoder.finish()?.flush()
    };
    unpacked().map_err(io_error(path, "unpacking"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::DatabaseName;

    fn names(parent: &Path) -> Vec<String> {
        let entries = fs::read_dir(parent).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn it_is_unpacked_once_and_kept() {
        let home = tempfile::tempdir().unwrap();
        let demo = open_in(home.path(), false).unwrap();
        let cells = CELLS.map(DatabaseName::cell);
        assert_eq!(demo.databases()[0], DatabaseName::Api);
        assert_eq!(demo.databases()[1..], cells);
        assert_eq!((demo.environment(), demo.spec_home()), ("demo", SpecHome::Cells));
        assert!(demo.starts_writable());

        let api = home.path().join("demo/nova_api.sqlite");
        fs::write(&api, "changed").unwrap();
        open_in(home.path(), false).unwrap();
        assert_eq!(fs::read(&api).unwrap(), b"changed");
        open_in(home.path(), true).unwrap();
        assert!(fs::read(&api).unwrap().starts_with(b"SQLite format 3\0"));
        assert_eq!(names(home.path()), ["demo"]);
    }

    #[tokio::test]
    async fn its_mappings_say_where_the_cells_are() {
        let home = tempfile::tempdir().unwrap();
        let demo = open_in(home.path(), false).unwrap();
        let api = demo.address(&DatabaseName::Api).unwrap();
        let found = Deployment::new(api, Vec::new()).unwrap();
        assert!(found.discover().await.unwrap());
        assert_eq!(found.databases(), demo.databases());
        for cell in CELLS.map(DatabaseName::cell) {
            assert_eq!(found.address(&cell).unwrap(), demo.address(&cell).unwrap());
        }
        assert!(demo.discover().await.unwrap(), "the uuids are known now");
        assert!(!demo.discover().await.unwrap());
        assert_eq!(found.databases(), demo.databases());
    }

    #[test]
    fn a_missing_file_is_named_with_the_way_out() {
        let home = tempfile::tempdir().unwrap();
        open_in(home.path(), false).unwrap();
        fs::remove_file(home.path().join("demo/nova_cell2.sqlite")).unwrap();
        let error = open_in(home.path(), false).unwrap_err().to_string();
        assert!(error.contains("nova_cell2.sqlite is missing; `reqspec demo --reset`"), "{error}");
        open_in(home.path(), true).unwrap();
    }

    #[test]
    fn starts_at_once_share_one_demo() {
        let home = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for at in 0..4 {
                let path = home.path();
                scope.spawn(move || open_in(path, at == 3).unwrap());
            }
        });
        assert_eq!(names(home.path()), ["demo"]);
    }
}
