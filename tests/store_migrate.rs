//! Our migrations on databases of every kind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::io::Read;
use std::path::Path;

use reqspec::store::migrate::{self, Report, State, Status};
use reqspec::store::{Address, DatabaseName, StoreError, Timeouts};
use rstest::rstest;
use rusqlite::Connection;
use support::{Scratch, block_on, database};

fn empty(scratch: &Scratch) -> std::path::PathBuf {
    let path = scratch.path("a.sqlite");
    std::fs::write(&path, b"").unwrap();
    path
}

async fn status_of(database: &DatabaseName, path: &Path) -> Result<Status, StoreError> {
    migrate::status(database, &Address::of_path(path), Timeouts::default()).await
}

async fn sync_at(database: &DatabaseName, path: &Path) -> Result<Report, StoreError> {
    migrate::sync(database, &Address::of_path(path), Timeouts::default()).await
}

fn look(name: &str, path: &Path) -> Status {
    block_on(status_of(&database(name), path)).unwrap()
}

fn schema(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT name FROM sqlite_master ORDER BY name").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[rstest]
fn an_empty_database_gets_the_table_once(#[values("api", "c1")] name: &str) {
    let scratch = Scratch::new();
    let path = empty(&scratch);
    let before = look(name, &path);
    assert_eq!((before.state, before.applied.len(), before.pending.len()), (State::Pending, 0, 1));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0, "looking wrote something");
    let report = block_on(sync_at(&database(name), &path)).unwrap();
    assert_eq!(report.applied_now.len(), 1);
    assert_eq!((report.status.state, report.status.applied.len()), (State::Current, 1));
    assert_eq!(report.status.applied[0].checksum, report.applied_now[0].checksum());
    assert_eq!(
        schema(&path),
        [
            "reqspec_migrations",
            "request_spec_instance_uuid_idx",
            "request_specs",
            "sqlite_autoindex_reqspec_migrations_1",
            "sqlite_autoindex_request_specs_1",
        ]
    );
    let bytes = std::fs::read(&path).unwrap();
    let again = block_on(sync_at(&database(name), &path)).unwrap();
    assert_eq!((again.applied_now.len(), again.status.state), (0, State::Current));
    assert!(std::fs::read(&path).unwrap() == bytes, "a second run changed something");
    let insert = "INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 't')";
    let connection = Connection::open(&path).unwrap();
    connection.execute(insert, []).unwrap();
    connection.execute(insert, []).unwrap_err();
}

#[test]
fn the_tables_of_nova_s_own_migrations_stay_untouched() {
    let scratch = Scratch::new();
    let path = scratch.path("nova_api.sqlite");
    let packed = include_bytes!("../src/deployment/demo_data/nova_api.sqlite.gz");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(look("api", &path).state, State::Adopted);
    let report = block_on(sync_at(&database("api"), &path)).unwrap();
    assert_eq!((report.applied_now.len(), report.status.state), (0, State::Adopted));
    assert!(std::fs::read(&path).unwrap() == bytes, "nova's database was changed");
    // Of a cell's database that has other tables, those stay as they are.
    let cell = empty(&scratch);
    Connection::open(&cell).unwrap().execute_batch("CREATE TABLE instances (uuid)").unwrap();
    let before = schema(&cell);
    block_on(sync_at(&database("c1"), &cell)).unwrap();
    let added: Vec<_> = schema(&cell).into_iter().filter(|name| !before.contains(name)).collect();
    assert_eq!(added.len(), 5);
}

#[test]
fn a_foreign_table_of_that_name_is_refused() {
    let scratch = Scratch::new();
    let path = empty(&scratch);
    let sql = "CREATE TABLE request_specs (id INTEGER PRIMARY KEY, spec TEXT, instance_uuid TEXT)";
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert!(
        matches!(look("c1", &path).state, State::Refused(reason) if reason.contains("created_at, updated_at"))
    );
    let error = block_on(sync_at(&database("c1"), &path)).unwrap_err();
    assert!(
        error.to_string().starts_with("c1: applying migrations failed: its table request_specs lacks"),
        "{error}"
    );
    assert!(std::fs::read(&path).unwrap() == bytes);
}

#[test]
fn a_changed_migration_is_refused_and_a_dropped_table_made_again() {
    let scratch = Scratch::new();
    let path = empty(&scratch);
    block_on(sync_at(&database("c1"), &path)).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("DROP TABLE request_specs").unwrap();
    assert_eq!(look("c1", &path).state, State::Pending);
    assert_eq!(block_on(sync_at(&database("c1"), &path)).unwrap().status.state, State::Current);
    connection.execute("UPDATE reqspec_migrations SET checksum = 'other'", []).unwrap();
    let error = block_on(sync_at(&database("c1"), &path)).unwrap_err();
    assert!(
        matches!(&error, StoreError::Failed { reason, .. } if reason.contains("other statements")),
        "{error}"
    );
}

#[test]
fn two_at_once_apply_it_once() {
    for _ in 0..5 {
        let scratch = Scratch::new();
        let path = empty(&scratch);
        let barrier = std::sync::Arc::new(std::sync::Barrier::new(4));
        let runs: Vec<_> = (0..4)
            .map(|_| {
                let (path, barrier) = (path.clone(), barrier.clone());
                std::thread::spawn(move || {
                    barrier.wait();
                    block_on(sync_at(&database("c1"), &path)).unwrap()
                })
            })
            .collect();
        let reports: Vec<_> = runs.into_iter().map(|run| run.join().unwrap()).collect();
        assert_eq!(reports.iter().map(|report| report.applied_now.len()).sum::<usize>(), 1);
        assert!(reports.iter().all(|report| report.status.state == State::Current));
    }
}

#[test]
fn a_database_that_cannot_be_written_is_left_as_it_was() {
    let scratch = Scratch::new();
    let error = block_on(sync_at(&database("c1"), &scratch.path("none.sqlite"))).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(!scratch.path("none.sqlite").exists(), "a database was made");
    let path = empty(&scratch);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = block_on(sync_at(&database("c1"), &path)).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    drop(other);
    assert_eq!(look("c1", &path).state, State::Pending);
}
