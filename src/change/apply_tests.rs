//! Moves that others interfere with between two steps, and writes that fail.

use std::path::PathBuf;
use std::sync::Mutex;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::change::{Answer, Confirmation, Journal, Requirement, Who};
use crate::store::{Access, SqliteStore};

const ID: &str = "00000001-0000-4000-8000-000000000000";
const TABLE: &str = include_str!("../../migrations/cell/sqlite/0001_request_specs.sql");

/// A journal that is gone with the test.
pub(super) fn record() -> Record {
    let who = Who { operator: "test".into(), host: "here".into() };
    Record::new(Journal::in_memory().unwrap(), who, None)
}

struct Pair(TempDir);

impl Pair {
    fn new() -> Self {
        let pair = Self(tempfile::tempdir().unwrap());
        for name in ["api", "c1"] {
            pair.sql(name, TABLE);
        }
        pair.put("api", "old");
        pair
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn sql(&self, name: &str, sql: &str) {
        Connection::open(self.path(name)).unwrap().execute_batch(sql).unwrap();
    }

    fn put(&self, name: &str, text: &str) {
        self.sql(
            name,
            &format!("INSERT INTO request_specs VALUES ('then', 'later', NULL, '{ID}', '{text}')"),
        );
    }

    fn text(&self, name: &str) -> Option<String> {
        let connection = Connection::open(self.path(name)).unwrap();
        let sql = "SELECT spec || ' ' || coalesce(created_at, '') || ' ' || coalesce(updated_at, '') FROM request_specs";
        connection.query_row(sql, [], |row| row.get(0)).ok()
    }

    fn stores(&self, access: Access) -> Stores {
        [DatabaseName::Api, DatabaseName::cell("c1")]
            .into_iter()
            .map(|name| {
                let path = self.path(&name.to_string());
                Arc::new(SqliteStore::open(name, &path, access).unwrap()) as Arc<dyn SpecStore>
            })
            .collect()
    }

    fn apply(&self, operation: Operation, reached: &(dyn Fn(Stage) + Sync)) -> Outcome {
        let plan = Plan {
            environment: "test".into(),
            operations: vec![operation],
            warnings: Vec::new(),
            requirement: Requirement::Choose,
            ..Plan::default()
        };
        let answer = Answer::Confirm { typed: String::new() };
        let confirmed = Confirmation::new(plan).answer(&answer).unwrap();
        let stores = self.stores(Access::ReadWrite);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(apply_staged(&stores, &record(), confirmed, reached))
    }
}

fn transfer(already_there: bool) -> Operation {
    Operation::Move {
        from: DatabaseName::Api,
        to: DatabaseName::cell("c1"),
        instance_uuid: ID.into(),
        text: Arc::from(&b"old"[..]),
        already_there,
    }
}

fn conflict(outcome: &Outcome) -> (&str, Option<&[u8]>) {
    match &outcome.failed {
        Some(ApplyError::Conflict { reason, current }) => (reason, current.as_deref()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_move_goes_through_its_stages_and_keeps_the_times() {
    let pair = Pair::new();
    let seen = Mutex::new(Vec::new());
    let outcome = pair.apply(transfer(false), &|stage| {
        let copies = (pair.text("api").is_some(), pair.text("c1").is_some());
        seen.lock().unwrap().push((stage, copies));
    });
    assert_eq!(outcome.failed, None);
    assert_eq!(
        *seen.lock().unwrap(),
        [
            (Stage::Journaled, (true, false)),
            (Stage::Begun, (true, false)),
            (Stage::Inserted, (true, true)),
            (Stage::Verified, (true, true)),
            (Stage::Deleted, (false, true)),
            (Stage::Settled, (false, true)),
        ]
    );
    assert_eq!(pair.text("c1").as_deref(), Some("old then later"));
    let places: Vec<_> =
        outcome.done.iter().map(|done| (done.database.to_string(), done.row.is_some())).collect();
    assert_eq!(places, [("c1".to_owned(), true), ("api".to_owned(), false)]);
}

#[test]
fn a_move_that_was_interrupted_is_finished() {
    let pair = Pair::new();
    pair.put("c1", "old");
    let outcome = pair.apply(transfer(true), &|_| {});
    assert_eq!((outcome.failed, outcome.done.len()), (None, 1));
    assert_eq!((pair.text("api"), pair.text("c1").as_deref()), (None, Some("old then later")));
}

#[test]
fn a_source_that_changes_under_a_move_stays_and_the_copy_is_withdrawn() {
    for stage in [Stage::Inserted, Stage::Verified] {
        let pair = Pair::new();
        let outcome = pair.apply(transfer(false), &|reached| {
            if reached == stage {
                pair.sql("api", "UPDATE request_specs SET spec = 'new'");
            }
        });
        let (reason, current) = conflict(&outcome);
        assert_eq!(current, Some(&b"new"[..]));
        assert!(reason.contains("The copy in c1 was deleted again"), "{reason}");
        assert_eq!((pair.text("api").as_deref(), pair.text("c1")), (Some("new then later"), None));
    }
}

#[test]
fn a_copy_that_is_not_ours_is_never_withdrawn() {
    let pair = Pair::new();
    pair.put("c1", "old");
    let outcome = pair.apply(transfer(true), &|reached| {
        if reached == Stage::Verified {
            pair.sql("api", "UPDATE request_specs SET spec = 'new'");
        }
    });
    let (reason, current) = conflict(&outcome);
    assert!(reason.contains("c1 holds the older text"), "{reason}");
    assert_eq!(current, Some(&b"new"[..]));
    assert_eq!(pair.text("c1").as_deref(), Some("old then later"));
}

#[test]
fn a_source_that_is_deleted_under_a_move_leaves_the_copy() {
    let pair = Pair::new();
    let outcome = pair.apply(transfer(false), &|reached| {
        if reached == Stage::Verified {
            pair.sql("api", "DELETE FROM request_specs");
        }
    });
    let Some(ApplyError::NotFound(reason)) = &outcome.failed else { panic!("{outcome:?}") };
    assert!(reason.contains("was kept"), "{reason}");
    assert_eq!(pair.text("c1").as_deref(), Some("old then later"));
}

#[test]
fn a_copy_that_others_change_or_delete_stops_the_move() {
    for (sql, expected) in [
        ("UPDATE request_specs SET spec = 'theirs'", Some(&b"theirs"[..])),
        ("DELETE FROM request_specs", None),
    ] {
        let pair = Pair::new();
        let outcome = pair.apply(transfer(false), &|reached| {
            if reached == Stage::Inserted {
                pair.sql("c1", sql);
            }
        });
        let (reason, current) = conflict(&outcome);
        assert_eq!(current, expected);
        assert!(reason.ends_with("The row in api was not deleted"), "{reason}");
        assert_eq!(pair.text("api").as_deref(), Some("old then later"));
    }
}

#[test]
fn nobody_takes_the_copy_away_while_the_source_is_deleted() {
    let pair = Pair::new();
    let tried = Mutex::new(None);
    let outcome = pair.apply(transfer(false), &|reached| {
        if reached == Stage::Verified {
            let other = Connection::open(pair.path("c1")).unwrap();
            other.busy_timeout(std::time::Duration::ZERO).unwrap();
            *tried.lock().unwrap() = Some(other.execute("DELETE FROM request_specs", []));
        }
    });
    assert_eq!(outcome.failed, None);
    let tried = tried.lock().unwrap().take().unwrap().unwrap_err();
    assert_eq!(tried.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy));
    assert_eq!(pair.text("c1").as_deref(), Some("old then later"));
}

#[test]
fn a_stale_plan_does_nothing() {
    for (sql, found) in
        [("UPDATE request_specs SET spec = 'new'", true), ("DELETE FROM request_specs", false)]
    {
        let pair = Pair::new();
        pair.sql("api", sql);
        let outcome = pair.apply(transfer(false), &|stage| panic!("{stage:?}"));
        assert_eq!((outcome.done.len(), pair.text("c1")), (0, None));
        match outcome.failed {
            Some(ApplyError::Conflict { .. }) if found => {}
            Some(ApplyError::NotFound(_)) if !found => {}
            other => panic!("{other:?}"),
        }
    }
    let pair = Pair::new();
    pair.put("c1", "theirs");
    let outcome = pair.apply(transfer(false), &|_| {});
    let (reason, current) = conflict(&outcome);
    assert_eq!(current, Some(&b"theirs"[..]));
    assert!(reason.contains("was not moved and is still in api"), "{reason}");
    assert_eq!(pair.text("c1").as_deref(), Some("theirs then later"));
}

#[test]
fn a_locked_source_leaves_both_copies_and_says_how_to_finish() {
    let pair = Pair::new();
    let locker = Connection::open(pair.path("api")).unwrap();
    let locker = Mutex::new(locker);
    let outcome = pair.apply(transfer(false), &|reached| {
        if reached == Stage::Verified {
            locker.lock().unwrap().execute_batch("BEGIN IMMEDIATE").unwrap();
        }
    });
    let Some(ApplyError::Contended(reason)) = &outcome.failed else { panic!("{outcome:?}") };
    assert!(reason.contains("locked") && reason.contains("move it again to finish"), "{reason}");
    assert!(reason.contains("stands in c1, but its row in api was not deleted"), "{reason}");
    assert!(!reason.contains("nothing was written"), "{reason}");
    drop(locker);
    assert_eq!(
        (pair.text("api"), pair.text("c1")),
        (Some("old then later".into()), Some("old then later".into()))
    );
}

#[test]
fn copies_saves_creations_and_deletions_do_what_they_say() {
    let pair = Pair::new();
    let (from, to, instance_uuid): (_, _, Arc<str>) =
        (DatabaseName::Api, DatabaseName::cell("c1"), ID.into());
    let copy = |replaces: Option<&[u8]>| Operation::Copy {
        from: from.clone(),
        to: to.clone(),
        instance_uuid: Arc::clone(&instance_uuid),
        text: Arc::from(&b"old"[..]),
        replaces: replaces.map(Arc::from),
    };
    assert_eq!(pair.apply(copy(None), &|_| {}).failed, None);
    assert_eq!(pair.text("c1").as_deref(), Some("old then later"));
    assert!(matches!(pair.apply(copy(None), &|_| {}).failed, Some(ApplyError::Conflict { .. })));
    pair.sql("c1", "UPDATE request_specs SET spec = 'theirs'");
    assert!(matches!(pair.apply(copy(Some(b"other")), &|_| {}).failed, Some(ApplyError::Conflict { .. })));
    assert_eq!(pair.apply(copy(Some(b"theirs")), &|_| {}).failed, None);
    assert!(pair.text("c1").unwrap().starts_with("old then 20"));

    let database = to.clone();
    let save = Operation::Save {
        database: database.clone(),
        instance_uuid: Arc::clone(&instance_uuid),
        before: Arc::from(&b"old"[..]),
        after: "edited".into(),
    };
    assert_eq!(pair.apply(save, &|_| {}).failed, None);
    assert!(pair.text("c1").unwrap().starts_with("edited then 20"));
    let destroy = |before: &[u8]| Operation::Destroy {
        database: database.clone(),
        instance_uuid: Arc::clone(&instance_uuid),
        before: Arc::from(before),
    };
    assert!(matches!(pair.apply(destroy(b"old"), &|_| {}).failed, Some(ApplyError::Conflict { .. })));
    assert_eq!(pair.apply(destroy(b"edited"), &|_| {}).failed, None);
    assert_eq!(pair.text("c1"), None);
    let create = Operation::Create { database, instance_uuid, text: "created".into() };
    let outcome = pair.apply(create, &|_| {});
    assert_eq!(outcome.done[0].row.as_ref().map(|row| &*row.spec), Some(&b"created"[..]));
    assert!(pair.text("c1").unwrap().starts_with("created 20"));
}

#[test]
fn a_reading_session_is_refused_before_anything_is_done() {
    let pair = Pair::new();
    let mut stores = pair.stores(Access::ReadWrite);
    let reading = SqliteStore::open(DatabaseName::Api, &pair.path("api"), Access::ReadOnly).unwrap();
    stores.insert(Arc::new(reading));
    let plan = Plan {
        environment: String::new(),
        operations: vec![transfer(false), transfer(false)],
        warnings: Vec::new(),
        requirement: Requirement::Choose,
        ..Plan::default()
    };
    let confirmed = Confirmation::new(plan).answer(&Answer::CommandLine { force: false }).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcome = runtime.block_on(apply(&stores, &record(), confirmed));
    assert!(matches!(&outcome.failed, Some(ApplyError::Refused(reason)) if reason.contains("api")));
    assert_eq!((outcome.done.len(), outcome.not_begun), (0, 1));
    assert_eq!(pair.text("c1"), None, "half of it was done");
}
