//! Plans of many changes over SQLite databases, with others who interfere between two steps, and answers
//! that get lost.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::change::apply::tests::record;
use crate::change::apply::transfer_tests::{Fault, Faulty, Request};
use crate::change::bulk::summary::Seen;
use crate::change::bulk::{Building, BulkKind};
use crate::change::journal::EntryRow;
use crate::change::plan_file::{FORMAT, Header, PlannedOperation};
use crate::change::{Digest, Journal, Operation};
use crate::lint::Judgement;
use crate::store::{Access, SqliteStore};
use Fault::{Contended, Dead, LostAfter, LostBefore};

const TABLE: &str = include_str!("../../../migrations/cell/sqlite/0001_request_specs.sql");

fn uuid(number: usize) -> Arc<str> {
    format!("{number:08x}-0000-4000-8000-000000000000").into()
}

fn api() -> DatabaseName {
    DatabaseName::Api
}

fn cell() -> DatabaseName {
    DatabaseName::cell("c1")
}

/// An API database and a cell's; what requests of each meet; a journal.
struct World {
    directory: TempDir,
    record: Record,
    faults: [Vec<(Request, Fault)>; 2],
    cancel: Cancel,
    pace: Pace,
}

impl World {
    /// The API database has rows 1, 2, … of the texts "old 1", "old 2", ….
    fn new(rows: usize) -> Self {
        let world = Self {
            directory: tempfile::tempdir().unwrap(),
            record: record(),
            faults: [Vec::new(), Vec::new()],
            cancel: Cancel::default(),
            pace: Pace { batch: 4, rate: None },
        };
        for name in ["api", "c1"] {
            world.sql(name, TABLE);
        }
        for number in 1..=rows {
            world.put("api", number, &format!("old {number}"));
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn sql(&self, name: &str, sql: &str) {
        let connection = Connection::open(self.path(name)).unwrap();
        connection.busy_timeout(Duration::from_secs(5)).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    fn put(&self, name: &str, number: usize, text: &str) {
        let uuid = uuid(number);
        self.sql(
            name,
            &format!("INSERT INTO request_specs VALUES ('then', 'later', NULL, '{uuid}', '{text}')"),
        );
    }

    fn set(&self, name: &str, number: usize, text: &str) {
        self.sql(
            name,
            &format!("UPDATE request_specs SET spec = '{text}' WHERE instance_uuid = '{}'", uuid(number)),
        );
    }

    fn delete(&self, name: &str, number: usize) {
        self.sql(name, &format!("DELETE FROM request_specs WHERE instance_uuid = '{}'", uuid(number)));
    }

    /// The texts by number.
    fn texts(&self, name: &str) -> Vec<(usize, String)> {
        let connection = Connection::open(self.path(name)).unwrap();
        let mut statement = connection
            .prepare("SELECT instance_uuid, spec FROM request_specs ORDER BY instance_uuid")
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
            .unwrap()
            .map(|row| row.map(|(uuid, text)| (usize::from_str_radix(&uuid[..8], 16).unwrap(), text)));
        rows.collect::<Result<_, _>>().unwrap()
    }

    fn plan(&self, operations: &[PlannedOperation]) -> BulkPlan {
        let header = Header {
            format: FORMAT,
            reqspec: "0".into(),
            made_at: "2026-01-02T03:04:05Z".into(),
            operator: "test".into(),
            host: "here".into(),
            environment: "test".into(),
            databases: Default::default(),
            title: "change them all".into(),
            kind: "edit".into(),
            reason: None,
        };
        let mut building = Building::new(&self.path("plans"), header, BulkKind::Edit).unwrap();
        for operation in operations {
            let seen = Seen {
                verb: operation.verb(),
                database: operation.database(),
                to: operation.destination(),
                instance_uuid: operation.instance_uuid(),
                changes: Vec::new(),
                before: Judgement::default(),
                after: Judgement::default(),
                warnings: Vec::new(),
            };
            building.push(operation, seen).unwrap();
        }
        building.finish().unwrap()
    }

    fn stores(&self, access: Access) -> Stores {
        let stores = [api(), cell()].into_iter().zip(&self.faults).map(|(name, faults)| {
            let path = self.path(&name.to_string());
            let inner = SqliteStore::open(name, &path, access).unwrap();
            Arc::new(Faulty { inner, faults: Mutex::new(faults.iter().copied().collect()) })
                as Arc<dyn SpecStore>
        });
        stores.collect()
    }

    fn apply_to(&self, stores: &Stores, plan: &BulkPlan, reached: &(dyn Fn(Stage) + Sync)) -> BulkOutcome {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(apply_many_staged(
            stores,
            &self.record,
            plan,
            &self.pace,
            &|_| {},
            &self.cancel,
            reached,
        ))
    }

    fn apply(&self, operations: &[PlannedOperation], reached: &(dyn Fn(Stage) + Sync)) -> BulkOutcome {
        self.apply_to(&self.stores(Access::ReadWrite), &self.plan(operations), reached)
    }

    /// The ends in the journal, by number.
    fn journal(&self, outcome: &BulkOutcome) -> Vec<(usize, State)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let change = outcome.change.expect("it was begun");
        let rows: Vec<EntryRow> =
            runtime.block_on(self.record.journal.entries(change, None, 10_000)).unwrap();
        let number = |row: &EntryRow| usize::from_str_radix(&row.operation.instance_uuid()[..8], 16).unwrap();
        rows.iter().map(|row| (number(row), row.state)).collect()
    }

    fn is_finished(&self, outcome: &BulkOutcome) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let change = outcome.change.expect("it was begun");
        runtime.block_on(self.record.journal.change(change)).unwrap().unwrap().finished_at.is_some()
    }
}

fn save(number: usize) -> PlannedOperation {
    let before: Arc<[u8]> = Arc::from(format!("old {number}").as_bytes());
    PlannedOperation::of(&Operation::Save {
        database: api(),
        instance_uuid: uuid(number),
        before,
        after: format!("new {number}").into(),
    })
}

fn transfer(number: usize) -> PlannedOperation {
    let before = Digest::of(format!("old {number}").as_bytes());
    PlannedOperation::Move { from: api(), to: cell(), instance_uuid: uuid(number), before }
}

fn saves(rows: usize) -> Vec<PlannedOperation> {
    (1..=rows).map(save).collect()
}

fn moves(rows: usize) -> Vec<PlannedOperation> {
    (1..=rows).map(transfer).collect()
}

fn numbered(text: &str, numbers: impl IntoIterator<Item = usize>) -> Vec<(usize, String)> {
    numbers.into_iter().map(|number| (number, format!("{text} {number}"))).collect()
}

/// (done, conflicts, failed, not begun)
fn counts(outcome: &BulkOutcome) -> [u64; 4] {
    let progress = &outcome.progress;
    assert_eq!(progress.passed, progress.done + progress.conflicts + progress.failed);
    assert!(progress.finished);
    [progress.done, progress.conflicts, progress.failed, outcome.not_begun()]
}

fn all(state: State, numbers: impl IntoIterator<Item = usize>) -> Vec<(usize, State)> {
    numbers.into_iter().map(|number| (number, state)).collect()
}

/// Calls it when that stage is reached for the n-th time.
fn at(stage: Stage, time: usize, act: impl Fn() + Sync) -> impl Fn(Stage) + Sync {
    let reached = AtomicUsize::new(0);
    move |now| {
        if now == stage && reached.fetch_add(1, Ordering::SeqCst) + 1 == time {
            act();
        }
    }
}

#[test]
fn all_are_saved_and_journaled_in_batches_and_progress_is_told() {
    let world = World::new(10);
    let plan = world.plan(&saves(10));
    let (seen, journaled) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stores = world.stores(Access::ReadWrite);
    let outcome = runtime.block_on(apply_many_staged(
        &stores,
        &world.record,
        &plan,
        &world.pace,
        &|progress| seen.lock().unwrap().push((progress.passed, progress.done)),
        &world.cancel,
        &|stage| {
            if stage == Stage::Journaled {
                journaled.fetch_add(1, Ordering::SeqCst);
            }
        },
    ));
    assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [10, 0, 0, 0]));
    assert!(outcome.is_complete() && outcome.problems.is_empty() && outcome.notices.is_empty());
    assert_eq!(*seen.lock().unwrap(), [(0, 0), (4, 4), (8, 8), (10, 10), (10, 10)]);
    assert_eq!(journaled.load(Ordering::SeqCst), 3);
    assert_eq!(world.texts("api"), numbered("new", 1..=10));
    assert_eq!(world.journal(&outcome), all(State::Done, 1..=10));
    assert!(world.is_finished(&outcome));
    let path = plan.path();
    assert!(path.exists());
    drop(plan);
    assert!(!path.exists(), "the plan is of no more use");
}

#[test]
fn what_others_changed_is_left_and_the_others_go_on() {
    let world = World::new(10);
    // Before it is read, after it was read, and gone in between.
    world.set("api", 2, "theirs");
    world.delete("api", 9);
    let outcome = world.apply(
        &saves(10),
        &at(Stage::Journaled, 1, || {
            world.set("api", 3, "theirs");
            world.delete("api", 4);
        }),
    );
    assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [6, 4, 0, 0]));
    let mut expected = numbered("new", [1, 5, 6, 7, 8, 10]);
    expected.extend([(2, "theirs".to_owned()), (3, "theirs".to_owned())]);
    expected.sort();
    assert_eq!(world.texts("api"), expected);
    let mut troubled: Vec<_> =
        outcome.problems.iter().map(|problem| (problem.instance_uuid.to_string(), problem.state)).collect();
    troubled.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(troubled, [2, 3, 4, 9].map(|number| (uuid(number).to_string(), State::Conflict)));
    let journal = world.journal(&outcome);
    assert_eq!(journal.len(), 8, "what was not begun is not there");
    assert!(journal.contains(&(3, State::Conflict)) && journal.contains(&(5, State::Done)));
    assert!(world.is_finished(&outcome));
}

#[test]
fn an_answer_that_was_lost_is_asked_for_again() {
    for lost in [LostAfter, LostBefore] {
        let mut world = World::new(10);
        world.faults[0] = vec![(Request::ChangeMany, lost), (Request::ChangeMany, lost)];
        let outcome = world.apply(&saves(10), &|_| {});
        assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [10, 0, 0, 0]), "{lost:?}");
        assert_eq!(world.texts("api"), numbered("new", 1..=10));
        assert_eq!(world.journal(&outcome), all(State::Done, 1..=10));
    }
}

#[test]
fn a_database_that_is_lost_with_an_answer_leaves_what_is_known_and_is_gone_on_with() {
    let mut world = World::new(10);
    world.faults[0] = vec![(Request::ChangeMany, LostAfter)];
    world.faults[0].extend([(Request::ChangeMany, Dead); 5]);
    let plan = world.plan(&saves(10));
    let outcome = world.apply_to(&world.stores(Access::ReadWrite), &plan, &|_| {});
    assert!(matches!(outcome.stopped, Some(ApplyError::Uncertain(_))), "{outcome:?}");
    assert_eq!(counts(&outcome), [0, 0, 4, 6]);
    assert!(outcome.problems.iter().all(|problem| problem.state == State::Uncertain));
    let mut expected = all(State::Uncertain, 1..=4);
    // The next batch was written ahead.
    expected.extend(all(State::NotDone, 5..=8));
    assert_eq!(world.journal(&outcome), expected);
    assert!(!world.is_finished(&outcome), "it is left to recover");
    world.faults[0].clear();
    let outcome = world.apply_to(&world.stores(Access::ReadWrite), &plan, &|_| {});
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(world.texts("api"), numbered("new", 1..=10));
    assert_eq!(world.journal(&outcome), all(State::Done, 5..=10), "what was there was written again");
}

#[test]
fn a_database_that_dies_stops_it_and_the_rest_is_not_begun() {
    let mut world = World::new(20);
    let plan = world.plan(&saves(20));
    let stores = world.stores(Access::ReadWrite);
    world.faults[0] = vec![(Request::ChangeMany, Dead)];
    let dying = world.stores(Access::ReadWrite);
    drop(stores);
    let outcome = world.apply_to(&dying, &plan, &|_| {});
    assert!(matches!(outcome.stopped, Some(ApplyError::Failed(_))), "{outcome:?}");
    assert_eq!(counts(&outcome), [0, 0, 4, 16]);
    assert_eq!(world.texts("api"), numbered("old", 1..=20));
    assert!(world.is_finished(&outcome), "nothing of it is open");
    // While it is read.
    world.faults[0] = vec![(Request::GetMany, Dead)];
    let outcome = world.apply_to(&world.stores(Access::ReadWrite), &plan, &|_| {});
    assert!(matches!(outcome.stopped, Some(ApplyError::Failed(_))), "{outcome:?}");
    assert_eq!((counts(&outcome), outcome.change), ([0, 0, 0, 20], None));
    let stopped = outcome.stopped.unwrap().to_string();
    assert!(stopped.contains("the server went away"), "{stopped}");
}

#[test]
fn a_row_that_is_refused_does_not_keep_the_others() {
    let mut world = World::new(30);
    world.pace.batch = 30;
    world.sql(
        "api",
        &format!(
            "CREATE TRIGGER no BEFORE UPDATE ON request_specs WHEN OLD.instance_uuid IN ('{}', '{}') \
             BEGIN SELECT RAISE(ABORT, 'not this one'); END",
            uuid(7),
            uuid(23)
        ),
    );
    let outcome = world.apply(&saves(30), &|_| {});
    assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [28, 0, 2, 0]));
    let problems: Vec<_> = outcome.problems.iter().map(|problem| &*problem.instance_uuid).collect();
    assert_eq!(problems, [&*uuid(7), &*uuid(23)]);
    assert!(outcome.problems[0].sentence.contains("not this one"), "{:?}", outcome.problems[0]);
    assert_eq!(outcome.problems[0].state, State::Failed);
    assert!(world.is_finished(&outcome));
}

#[test]
fn a_table_that_takes_nothing_stops_it() {
    let mut world = World::new(100);
    world.pace.batch = 50;
    world.sql(
        "api",
        "CREATE TRIGGER no BEFORE UPDATE ON request_specs BEGIN SELECT RAISE(ABORT, 'nothing at all'); END",
    );
    let outcome = world.apply(&saves(100), &|_| {});
    assert!(matches!(outcome.stopped, Some(ApplyError::Failed(_))), "{outcome:?}");
    assert_eq!(counts(&outcome), [0, 0, 50, 50]);
    assert!(world.is_finished(&outcome));
}

#[test]
fn others_in_the_way_are_waited_for() {
    let mut world = World::new(6);
    world.faults[0] = vec![(Request::ChangeMany, Contended); 3];
    let outcome = world.apply(&saves(6), &|_| {});
    // The batch, its first half, its first row.
    assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [5, 0, 1, 0]));
    assert_eq!(outcome.problems[0].state, State::NotDone);
}

#[test]
fn it_can_be_cancelled_between_batches() {
    let world = World::new(20);
    let plan = world.plan(&saves(20));
    let stores = world.stores(Access::ReadWrite);
    let outcome = world.apply_to(&stores, &plan, &at(Stage::Saved, 2, || world.cancel.cancel()));
    assert!(outcome.is_cancelled && outcome.stopped.is_none());
    assert_eq!(counts(&outcome), [8, 0, 0, 12]);
    assert_eq!(world.texts("api")[..8], numbered("new", 1..=8));
    assert_eq!(world.texts("api")[8..], numbered("old", 9..=20));
    let mut expected = all(State::Done, 1..=8);
    expected.extend(all(State::NotDone, 9..=12));
    assert_eq!(world.journal(&outcome), expected);
    assert!(world.is_finished(&outcome));
    let path = plan.path();
    drop(plan);
    assert!(path.exists(), "it cannot be gone on with");
}

#[test]
fn a_rate_makes_batches_wait() {
    let mut world = World::new(30);
    world.pace = Pace { batch: 200, rate: Some(20.0) };
    let began = Instant::now();
    let outcome = world.apply(&saves(20), &|_| {});
    assert!(outcome.is_complete() && began.elapsed() < Duration::from_secs(1), "the first need not wait");
    // Two batches: of 20, a second after it of 9.
    let world = World { pace: world.pace, ..World::new(29) };
    let began = Instant::now();
    let outcome = world.apply(&saves(29), &|_| {});
    assert!(outcome.is_complete());
    assert!((0.9..3.0).contains(&began.elapsed().as_secs_f64()), "{:?}", began.elapsed());
    // A wait is cancelled at once.
    let world = World { pace: Pace { batch: 10, rate: Some(0.01) }, ..World::new(3) };
    let began = Instant::now();
    let outcome = world.apply(&saves(3), &at(Stage::Saved, 1, || world.cancel.cancel()));
    assert!(outcome.is_cancelled && began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(counts(&outcome), [1, 0, 0, 2]);
}

#[test]
fn two_changes_of_one_instance_are_made_one_after_the_other() {
    let world = World::new(6);
    let mut operations = saves(6);
    let before = Digest::of(b"new 6");
    operations.push(PlannedOperation::Move { from: api(), to: cell(), instance_uuid: uuid(6), before });
    // In the next batch, and in the same.
    let before = Digest::of(b"new 1");
    operations.insert(5, PlannedOperation::Destroy { database: api(), instance_uuid: uuid(1), before });
    let outcome = world.apply(&operations, &|_| {});
    assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [8, 0, 0, 0]));
    assert_eq!(world.texts("api"), numbered("new", 2..=5));
    assert_eq!(world.texts("c1"), numbered("new", [6]));
}

#[test]
fn creations_copies_and_deletions_are_made_too() {
    let world = World::new(3);
    world.put("c1", 2, "theirs");
    let create = |number: usize, text: &str| PlannedOperation::Create {
        database: cell(),
        instance_uuid: uuid(number),
        after: text.into(),
    };
    let copy = |number: usize, replaces: Option<&str>| PlannedOperation::Copy {
        from: api(),
        to: cell(),
        instance_uuid: uuid(number),
        before: Digest::of(format!("old {number}").as_bytes()),
        replaces: replaces.map(|text| Digest::of(text.as_bytes())),
    };
    let destroy =
        PlannedOperation::Destroy { database: api(), instance_uuid: uuid(3), before: Digest::of(b"old 3") };
    let outcome = world.apply(&[create(9, "made"), copy(1, None), copy(2, Some("theirs")), destroy], &|_| {});
    assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [4, 0, 0, 0]));
    assert_eq!(world.texts("api"), numbered("old", [1, 2]));
    let mut expected = numbered("old", [1, 2]);
    expected.push((9, "made".to_owned()));
    assert_eq!(world.texts("c1"), expected);
    // Again: what was replaced is not there any more, and what is there is what was wanted.
    let outcome = world.apply(&[create(9, "made"), create(1, "other"), copy(2, Some("theirs"))], &|_| {});
    assert_eq!(counts(&outcome), [2, 1, 0, 0]);
}

#[test]
fn moves_go_through_their_stages_and_keep_the_times() {
    let world = World::new(10);
    world.put("c1", 3, "old 3");
    world.put("c1", 4, "theirs");
    let stages = Mutex::new(Vec::new());
    let outcome = world.apply(&moves(10), &|stage| {
        let sizes = (world.texts("api").len(), world.texts("c1").len());
        stages.lock().unwrap().push((stage, sizes));
    });
    assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [9, 1, 0, 0]));
    assert_eq!(world.texts("api"), numbered("old", [4]));
    let mut expected = numbered("old", [1, 2, 3, 5, 6, 7, 8, 9, 10]);
    expected.insert(3, (4, "theirs".to_owned()));
    assert_eq!(world.texts("c1"), expected);
    let stages = stages.into_inner().unwrap();
    let written: Vec<_> = stages.iter().filter(|(stage, _)| *stage != Stage::Journaled).take(4).collect();
    assert_eq!(
        written,
        [
            &(Stage::Inserted, (10, 4)),
            &(Stage::Verified, (10, 4)),
            &(Stage::Deleted, (7, 4)),
            // The next batch, before this one is settled.
            &(Stage::Inserted, (7, 8)),
        ]
    );
    let connection = Connection::open(world.path("c1")).unwrap();
    let sql = "SELECT count(*) FROM request_specs WHERE created_at = 'then' AND updated_at = 'later'";
    assert_eq!(connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 10);
    let journal = world.journal(&outcome);
    assert_eq!(journal.len(), 9);
    assert!(journal.iter().all(|(_, state)| *state == State::Done), "{journal:?}");
}

#[test]
fn a_source_that_changes_under_a_move_stays_and_the_copy_is_withdrawn() {
    for stage in [Stage::Inserted, Stage::Verified] {
        let world = World::new(4);
        world.put("c1", 4, "old 4");
        let outcome = world.apply(
            &moves(4),
            &at(stage, 1, || {
                world.set("api", 2, "theirs");
                world.delete("api", 3);
                world.set("api", 4, "theirs");
            }),
        );
        assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [2, 2, 0, 0]), "{stage:?}");
        assert_eq!(world.texts("api"), [(2, "theirs".to_owned()), (4, "theirs".to_owned())]);
        // The one that was there before is not ours to withdraw; the one without an original is kept.
        assert_eq!(world.texts("c1"), numbered("old", [1, 3, 4]));
        let states = world.journal(&outcome);
        assert_eq!(states, [(1, State::Done), (2, State::Withdrawn), (3, State::Done), (4, State::Conflict)]);
        let told: Vec<_> = outcome.problems.iter().map(|problem| &*problem.sentence).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told.iter().any(|said| said.contains("is the only one now and was kept")), "{told:?}");
        assert!(world.is_finished(&outcome));
    }
}

#[test]
fn copies_that_others_change_keep_their_originals() {
    let world = World::new(4);
    let outcome = world.apply(
        &moves(4),
        &at(Stage::Inserted, 1, || {
            world.set("c1", 2, "theirs");
            world.delete("c1", 3);
        }),
    );
    assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [2, 2, 0, 0]));
    assert_eq!(world.texts("api"), numbered("old", [2, 3]));
    assert_eq!(world.texts("c1"), [(1, "old 1".into()), (2, "theirs".into()), (4, "old 4".into())]);
}

#[test]
fn copies_that_are_gone_after_the_sources_were_deleted_bring_the_specs_back() {
    let world = World::new(4);
    let outcome = world.apply(&moves(4), &at(Stage::Deleted, 1, || world.delete("c1", 2)));
    assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [3, 1, 0, 0]));
    assert_eq!(world.texts("api"), numbered("old", [2]));
    let rolled_back: Vec<_> =
        world.journal(&outcome).into_iter().filter(|(_, state)| *state == State::RolledBack).collect();
    assert_eq!(rolled_back, all(State::RolledBack, [2]));
}

/// `recover` decides by the steps: each is in the journal before the next is begun.
#[test]
fn the_journal_knows_how_far_moves_have_come() {
    let mut world = World::new(3);
    let path = world.path("journal.sqlite");
    world.record = Record::new(Journal::open(&path).unwrap(), world.record.who.clone(), None);
    let steps = |path: &Path| {
        let journal = Connection::open(path).unwrap();
        let mut steps = journal.prepare("SELECT step FROM entries ORDER BY id").unwrap();
        steps.query_map([], |row| row.get(0)).unwrap().collect::<Result<Vec<i64>, _>>().unwrap()
    };
    let seen = Mutex::new(Vec::new());
    let outcome = world.apply(&moves(3), &|stage| {
        if matches!(stage, Stage::Inserted | Stage::Verified | Stage::Deleted) {
            seen.lock().unwrap().push((stage, steps(&path)));
        }
        if stage == Stage::Verified {
            // This one's copy is withdrawn then.
            world.set("api", 2, "newer");
        }
    });
    assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [2, 1, 0, 0]));
    let expected =
        [(Stage::Inserted, vec![1, 1, 1]), (Stage::Verified, vec![2, 2, 2]), (Stage::Deleted, vec![3, 2, 3])];
    assert_eq!(*seen.lock().unwrap(), expected);
    assert_eq!(steps(&path), [3, 1, 3], "what was not deleted may be put back");
}

#[test]
fn nobody_takes_the_copies_away_while_the_sources_are_deleted() {
    let world = World::new(4);
    let tried = Mutex::new(None);
    let outcome = world.apply(
        &moves(4),
        &at(Stage::Verified, 1, || {
            let other = Connection::open(world.path("c1")).unwrap();
            other.busy_timeout(Duration::ZERO).unwrap();
            *tried.lock().unwrap() = Some(other.execute("DELETE FROM request_specs", []).is_err());
        }),
    );
    assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [4, 0, 0, 0]));
    assert_eq!(*tried.lock().unwrap(), Some(true));
}

#[test]
fn moves_in_opposite_directions_go_in_one_batch() {
    let world = World::new(3);
    for number in 4..=6 {
        world.put("c1", number, &format!("old {number}"));
    }
    let back = |number: usize| PlannedOperation::Move {
        from: cell(),
        to: api(),
        instance_uuid: uuid(number),
        before: Digest::of(format!("old {number}").as_bytes()),
    };
    let operations: Vec<_> = (1..=3).flat_map(|number| [transfer(number), back(number + 3)]).collect();
    let outcome = world.apply(&operations, &|_| {});
    assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [6, 0, 0, 0]));
    assert_eq!(world.texts("api"), numbered("old", 4..=6));
    assert_eq!(world.texts("c1"), numbered("old", 1..=3));
}

#[test]
fn answers_that_are_lost_at_any_step_of_a_move_lose_no_spec() {
    for lost in [LostAfter, LostBefore] {
        for (at_source, at_destination) in [(false, true), (true, false), (true, true)] {
            let mut world = World::new(6);
            let faults = vec![(Request::ChangeMany, lost)];
            world.faults =
                [at_source, at_destination].map(|lossy| if lossy { faults.clone() } else { Vec::new() });
            let outcome = world.apply(&moves(6), &|_| {});
            assert_eq!((outcome.stopped.clone(), counts(&outcome)), (None, [6, 0, 0, 0]), "{lost:?}");
            assert_eq!((world.texts("api"), world.texts("c1")), (Vec::new(), numbered("old", 1..=6)));
        }
    }
}

#[test]
fn a_database_that_dies_at_any_step_of_a_move_leaves_every_spec_somewhere() {
    let dead = |request| vec![(request, Dead); 6];
    for (api, cell, open) in [
        (dead(Request::ChangeMany), Vec::new(), true),
        (Vec::new(), dead(Request::ChangeMany), false),
        (Vec::new(), dead(Request::HoldMany), true),
        // The next batch's rows, and the look after the deletion.
        (Vec::new(), [vec![(Request::ChangeMany, LostAfter)], dead(Request::ChangeMany)].concat(), true),
    ] {
        let mut world = World::new(10);
        world.faults = [api, cell];
        let plan = world.plan(&moves(10));
        let outcome = world.apply_to(&world.stores(Access::ReadWrite), &plan, &|_| {});
        assert!(outcome.stopped.is_some(), "{outcome:?}");
        assert_eq!((outcome.progress.passed, outcome.progress.failed), (4, 4), "{outcome:?}");
        assert_eq!(world.texts("api"), numbered("old", 1..=10));
        assert_eq!(world.is_finished(&outcome), !open);
        world.faults = [Vec::new(), Vec::new()];
        let outcome = world.apply_to(&world.stores(Access::ReadWrite), &plan, &|_| {});
        assert!(outcome.is_complete(), "{outcome:?}");
        assert_eq!((world.texts("api"), world.texts("c1")), (Vec::new(), numbered("old", 1..=10)));
    }
}

#[test]
fn reading_sessions_are_refused_before_anything_is_begun() {
    let world = World::new(3);
    let outcome = world.apply_to(&world.stores(Access::ReadOnly), &world.plan(&saves(3)), &|_| {});
    assert!(matches!(&outcome.stopped, Some(ApplyError::Refused(reason)) if reason.contains("api")));
    assert_eq!((counts(&outcome), outcome.change), ([0, 0, 0, 3], None));
}

#[test]
fn a_journal_that_cannot_be_written_stops_it_before_anything_is_written() {
    let mut world = World::new(12);
    let path = world.path("journal.sqlite");
    world.record.journal = Journal::open(&path).unwrap();
    let outcome =
        world.apply(&saves(12), &at(Stage::Saved, 1, || world.sql("journal.sqlite", "DROP TABLE texts")));
    // The second batch was written ahead by then, the third could not be.
    assert!(matches!(&outcome.stopped, Some(ApplyError::Failed(reason)) if reason.contains("journal")));
    let done = outcome.progress.done as usize;
    assert!((4..=8).contains(&done), "{outcome:?}");
    assert_eq!(world.texts("api")[..done], numbered("new", 1..=done));
    assert_eq!(world.texts("api")[done..], numbered("old", done + 1..=12));
}
