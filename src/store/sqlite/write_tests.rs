//! Writes that fail half-way: a full disk, stood in for by the database's page limit.

use std::path::Path;

use super::*;
use crate::store::DatabaseName;
use crate::store::sqlite::open::Source;

const TABLE: &str = include_str!("../../../migrations/cell/sqlite/0001_request_specs.sql");
const ID: &str = "00000001-0000-4000-8000-000000000000";

fn session(path: &Path, journal_mode: &str) -> Session {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", journal_mode).unwrap();
    connection.execute_batch(TABLE).unwrap();
    drop(connection);
    let source = Source::find(DatabaseName::cell("c1"), path, Access::ReadWrite).unwrap();
    Session::open(Arc::new(source)).unwrap()
}

fn new(uuid: &str, size: usize) -> NewSpec {
    NewSpec { instance_uuid: uuid.into(), spec: "x".repeat(size).into(), created_at: None, updated_at: None }
}

#[test]
fn a_full_disk_changes_nothing_and_says_so() {
    for mode in ["delete", "wal"] {
        let directory = tempfile::tempdir().unwrap();
        let mut session = session(&directory.path().join("a.sqlite"), mode);
        let small = create(&mut session, &new(ID, 10)).unwrap();
        session.connection.pragma_update(None, "max_page_count", 8).unwrap();
        let id: Arc<str> = ID.into();
        let errors = [
            create(&mut session, &new("other", 100_000)).unwrap_err(),
            save(&mut session, &id, &small.spec, &"y".repeat(100_000)).unwrap_err(),
        ];
        for error in errors {
            let words = error.to_string();
            assert!(words.starts_with("c1: ") && words.contains("is full; nothing was written"), "{words}");
        }
        assert_eq!(read::get(&session.connection, ID).unwrap(), Some(small.clone()));
        assert_eq!(read::count(&session.connection).unwrap(), 1);
        // The session goes on, and what fits is written.
        save(&mut session, &id, &small.spec, "smaller").unwrap();
        let check: String =
            session.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }
}

#[test]
fn a_writing_session_keeps_the_journal_mode_and_syncs_its_commits() {
    for mode in ["delete", "truncate", "wal"] {
        let directory = tempfile::tempdir().unwrap();
        let mut session = session(&directory.path().join("a.sqlite"), mode);
        create(&mut session, &new(ID, 10)).unwrap();
        let synchronous: i64 =
            session.connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
        assert_eq!(synchronous, 2);
        let stored: String =
            session.connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        // Only WAL is a property of the file.
        assert_eq!(stored == "wal", mode == "wal");
    }
}

#[test]
fn a_row_that_several_would_share_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.sqlite");
    let mut session = session(&path, "delete");
    let row = create(&mut session, &new(ID, 10)).unwrap();
    // A trigger that swallows the change: no row is changed.
    session
        .connection
        .execute_batch("CREATE TRIGGER no BEFORE UPDATE ON request_specs BEGIN SELECT RAISE(IGNORE); END")
        .unwrap();
    let error = save(&mut session, &ID.into(), &row.spec, "new").unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    assert_eq!(read::get(&session.connection, ID).unwrap(), Some(row));
}
