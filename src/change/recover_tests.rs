//! What is decided of interrupted operations, and carried out, over two SQLite databases.

use std::path::PathBuf;

use rstest::rstest;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::change::journal::{Entry, Kind};
use crate::store::{Access, SpecStore, SqliteStore};

const ID: &str = "00000001-0000-4000-8000-000000000000";
const TABLE: &str = include_str!("../../migrations/cell/sqlite/0001_request_specs.sql");

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn bytes(text: &str) -> Arc<[u8]> {
    Arc::from(text.as_bytes())
}

fn cell() -> DatabaseName {
    DatabaseName::cell("c1")
}

fn save() -> Operation {
    let (database, instance_uuid) = (cell(), ID.into());
    Operation::Save { database, instance_uuid, before: bytes("old"), after: "new".into() }
}

fn create() -> Operation {
    Operation::Create { database: cell(), instance_uuid: ID.into(), text: "new".into() }
}

fn destroy() -> Operation {
    Operation::Destroy { database: cell(), instance_uuid: ID.into(), before: bytes("old") }
}

fn copy(replaces: Option<&str>) -> Operation {
    Operation::Copy {
        from: DatabaseName::Api,
        to: cell(),
        instance_uuid: ID.into(),
        text: bytes("new"),
        replaces: replaces.map(bytes),
    }
}

fn moving(already_there: bool) -> Operation {
    Operation::Move {
        from: DatabaseName::Api,
        to: cell(),
        instance_uuid: ID.into(),
        text: bytes("old"),
        already_there,
    }
}

/// An API database, a cell's, and a journal with an interrupted change.
struct World {
    folder: TempDir,
    journal: Journal,
    change: ChangeId,
}

impl World {
    /// `api` and `cell` are what the databases hold now.
    fn new(operation: Operation, api: Option<&str>, cell: Option<&str>) -> Self {
        Self::at(Step::None, operation, api, cell)
    }

    /// The same, where that step was written down last.
    fn at(step: Step, operation: Operation, api: Option<&str>, cell: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder, journal: Journal::in_memory().unwrap(), change: ChangeId(1) };
        for (name, text) in [("api", api), ("c1", cell)] {
            let connection = Connection::open(world.path(name)).unwrap();
            connection.execute_batch(TABLE).unwrap();
            if let Some(text) = text {
                let sql = "INSERT INTO request_specs VALUES ('then', 'later', NULL, ?, ?)";
                connection.execute(sql, [ID, text]).unwrap();
            }
        }
        let stores = world.stores();
        let header = super::super::journal::Header {
            kind: Kind::of(&operation),
            title: words(&operation),
            who: Who { operator: "op".into(), host: "here".into() },
            environment: "test".into(),
            databases: stores.iter().map(|(name, store)| (name.clone(), store.identity())).collect(),
            reason: None,
            undoes: None,
            total: 1,
            plan_file: None,
        };
        let entry = Entry { operation, created_at: Some("then".into()), updated_at: Some("later".into()) };
        let (change, entries) = block_on(world.journal.begin_with(header, vec![entry])).unwrap();
        if step != Step::None {
            block_on(world.journal.step(entries, step)).unwrap();
        }
        drop(world.journal.running(change));
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn stores(&self) -> Stores {
        [DatabaseName::Api, cell()]
            .into_iter()
            .map(|name| {
                let path = self.path(&name.to_string());
                Arc::new(SqliteStore::open(name, &path, Access::ReadWrite).unwrap()) as Arc<dyn SpecStore>
            })
            .collect()
    }

    fn texts(&self) -> [Option<String>; 2] {
        ["api", "c1"].map(|name| {
            let connection = Connection::open(self.path(name)).unwrap();
            connection.query_row("SELECT spec FROM request_specs", [], |row| row.get(0)).ok()
        })
    }

    fn look(&self, stores: &Stores) -> Vec<Decision> {
        let changes = block_on(self.journal.unfinished()).unwrap();
        block_on(look(&self.journal, stores, &changes)).unwrap()
    }

    fn state(&self) -> State {
        block_on(self.journal.entries(self.change, None, 1)).unwrap()[0].state
    }
}

#[rstest]
#[case::saved(save(), [None, Some("new")], What::Done, State::Done, [None, Some("new")])]
#[case::not_saved(save(), [None, Some("old")], What::NotDone, State::NotDone, [None, Some("old")])]
#[case::saved_by_others(save(), [None, Some("x")], What::Conflict, State::Conflict, [None, Some("x")])]
#[case::deleted_by_others(save(), [None, None], What::Conflict, State::Conflict, [None, None])]
#[case::created(create(), [None, Some("new")], What::Done, State::Done, [None, Some("new")])]
#[case::not_created(create(), [None, None], What::NotDone, State::NotDone, [None, None])]
#[case::created_by_others(create(), [None, Some("x")], What::Conflict, State::Conflict, [None, Some("x")])]
#[case::deleted(destroy(), [None, None], What::Done, State::Done, [None, None])]
#[case::not_deleted(destroy(), [None, Some("old")], What::NotDone, State::NotDone, [None, Some("old")])]
#[case::changed(destroy(), [None, Some("x")], What::Conflict, State::Conflict, [None, Some("x")])]
#[case::copied(copy(None), [Some("new"), Some("new")], What::Done, State::Done, [Some("new"), Some("new")])]
#[case::not_copied(copy(None), [Some("new"), None], What::NotDone, State::NotDone, [Some("new"), None])]
#[case::replaced(copy(Some("x")), [None, Some("new")], What::Done, State::Done, [None, Some("new")])]
#[case::not_replaced(copy(Some("x")), [None, Some("x")], What::NotDone, State::NotDone, [None, Some("x")])]
#[case::replaced_by_others(copy(Some("x")), [None, Some("y")], What::Conflict, State::Conflict, [None, Some("y")])]
#[case::half_moved(moving(false), [Some("old"), Some("old")], What::Finish, State::Done, [None, Some("old")])]
#[case::half_moved_again(moving(true), [Some("old"), Some("old")], What::Finish, State::Done, [None, Some("old")])]
#[case::moved(moving(false), [None, Some("old")], What::Done, State::Done, [None, Some("old")])]
#[case::not_moved(moving(false), [Some("old"), None], What::NotDone, State::NotDone, [Some("old"), None])]
#[case::not_moved_and_changed(moving(false), [Some("x"), None], What::NotDone, State::NotDone, [Some("x"), None])]
#[case::source_changed(moving(false), [Some("x"), Some("old")], What::Conflict, State::Conflict, [Some("x"), Some("old")])]
#[case::the_copy_was_not_ours(moving(true), [Some("x"), Some("old")], What::Conflict, State::Conflict, [Some("x"), Some("old")])]
#[case::nowhere(moving(false), [None, None], What::Conflict, State::Conflict, [None, None])]
#[case::destination_changed(moving(false), [None, Some("x")], What::Conflict, State::Conflict, [None, Some("x")])]
#[case::two_specs(moving(false), [Some("old"), Some("x")], What::Conflict, State::Conflict, [Some("old"), Some("x")])]
fn an_interrupted_operation_is_decided_and_carried_out_once(
    #[case] operation: Operation,
    #[case] now: [Option<&str>; 2],
    #[case] what: What,
    #[case] state: State,
    #[case] after: [Option<&str>; 2],
) {
    decided_and_carried_out_once(&World::new(operation, now[0], now[1]), now, what, state, after);
}

/// A move of which a step was written down, and what the two databases hold now.
#[rstest]
#[case::copied(Step::Inserted, false, [Some("old"), Some("old")], What::Finish, State::Done, [None, Some("old")])]
#[case::copied_and_gone(Step::Inserted, false, [Some("old"), None], What::NotDone, State::NotDone, [Some("old"), None])]
#[case::copied_then_changed(Step::Inserted, false, [Some("x"), Some("old")], What::Withdraw, State::Withdrawn, [Some("x"), None])]
#[case::copied_changed_and_gone(Step::Inserted, false, [Some("x"), None], What::Conflict, State::Conflict, [Some("x"), None])]
#[case::copied_and_deleted_by_others(Step::Inserted, false, [None, None], What::Conflict, State::Conflict, [None, None])]
#[case::held(Step::Verified, false, [Some("old"), Some("old")], What::Finish, State::Done, [None, Some("old")])]
#[case::held_then_changed(Step::Verified, false, [Some("x"), Some("old")], What::Withdraw, State::Withdrawn, [Some("x"), None])]
#[case::held_changed_and_gone(Step::Verified, false, [Some("x"), None], What::Conflict, State::Conflict, [Some("x"), None])]
#[case::the_copy_was_not_ours(Step::Verified, true, [Some("x"), Some("old")], What::Conflict, State::Conflict, [Some("x"), Some("old")])]
#[case::nowhere(Step::Verified, false, [None, None], What::PutBack, State::RolledBack, [Some("old"), None])]
#[case::moved(Step::Deleted, false, [None, Some("old")], What::Done, State::Done, [None, Some("old")])]
#[case::moved_and_another_at_the_source(Step::Deleted, false, [Some("x"), Some("old")], What::Done, State::Done, [Some("x"), Some("old")])]
#[case::moved_and_another_where_it_was(Step::Deleted, true, [Some("x"), Some("old")], What::Done, State::Done, [Some("x"), Some("old")])]
#[case::moved_and_copied_back(Step::Deleted, false, [Some("old"), Some("old")], What::Done, State::Done, [Some("old"), Some("old")])]
#[case::moved_and_changed_there(Step::Deleted, false, [None, Some("x")], What::Done, State::Done, [None, Some("x")])]
#[case::moved_and_deleted_by_others(Step::Deleted, false, [None, None], What::Conflict, State::Conflict, [None, None])]
#[case::moved_and_back(Step::Deleted, false, [Some("old"), None], What::NotDone, State::NotDone, [Some("old"), None])]
#[case::two_specs(Step::Deleted, false, [Some("x"), Some("y")], What::Conflict, State::Conflict, [Some("x"), Some("y")])]
fn a_move_is_decided_by_how_far_it_had_come(
    #[case] step: Step,
    #[case] already_there: bool,
    #[case] now: [Option<&str>; 2],
    #[case] what: What,
    #[case] state: State,
    #[case] after: [Option<&str>; 2],
) {
    let world = World::at(step, moving(already_there), now[0], now[1]);
    decided_and_carried_out_once(&world, now, what, state, after);
}

#[track_caller]
fn decided_and_carried_out_once(
    world: &World,
    now: [Option<&str>; 2],
    what: What,
    state: State,
    after: [Option<&str>; 2],
) {
    let stores = world.stores();
    let decisions = world.look(&stores);
    assert_eq!(decisions.iter().map(|decision| decision.what).collect::<Vec<_>>(), [what], "{decisions:?}");
    assert_eq!(what.needs_write(), now != after);
    assert!(!decisions[0].why.is_empty() && decisions[0].title.contains(ID));
    assert_eq!(world.texts(), now.map(|text| text.map(str::to_owned)), "looking changed something");
    let recovered = block_on(carry_out(&world.journal, &stores, decisions)).unwrap();
    assert!(recovered.iter().all(|one| one.result.is_ok()), "{recovered:?}");
    assert_eq!(world.texts(), after.map(|text| text.map(str::to_owned)));
    assert_eq!(world.state(), state);
    assert!(block_on(world.journal.change(world.change)).unwrap().unwrap().finished_at.is_some());
    assert_eq!(world.look(&stores), [], "there is something left to recover");
}

#[test]
fn what_is_put_back_keeps_its_times() {
    let world = World::at(Step::Verified, moving(false), None, None);
    let stores = world.stores();
    block_on(carry_out(&world.journal, &stores, world.look(&stores))).unwrap();
    let connection = Connection::open(world.path("api")).unwrap();
    let sql = "SELECT created_at || ' ' || updated_at FROM request_specs";
    assert_eq!(connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap(), "then later");
}

#[test]
fn a_decision_that_does_not_fit_any_more_is_left() {
    let world = World::at(Step::Inserted, moving(false), Some("old"), Some("old"));
    let stores = world.stores();
    let decisions = world.look(&stores);
    Connection::open(world.path("api"))
        .unwrap()
        .execute_batch("UPDATE request_specs SET spec = 'x'")
        .unwrap();
    let recovered = block_on(carry_out(&world.journal, &stores, decisions)).unwrap();
    let left = recovered[0].result.as_ref().unwrap_err();
    assert!(left.contains("different now"), "{left}");
    assert_eq!(world.texts(), [Some("x".into()), Some("old".into())]);
    assert_eq!(world.state(), State::Written);
    // Looked at again, it is another thing to do.
    assert_eq!(world.look(&stores)[0].what, What::Withdraw);
}

#[test]
fn databases_that_are_down_or_others_are_left() {
    let world = World::new(moving(false), Some("old"), Some("old"));
    let mut stores = world.stores();
    let down = StoreError::Unavailable { database: cell(), location: "there".into(), reason: "gone".into() };
    stores.insert_closed(cell(), down);
    let decisions = world.look(&stores);
    assert_eq!(decisions[0].what, What::Later);
    assert!(decisions[0].why.contains("there: gone"), "{}", decisions[0].why);
    let recovered = block_on(carry_out(&world.journal, &stores, decisions)).unwrap();
    assert!(recovered[0].result.as_ref().unwrap_err().contains("stays unfinished"));
    assert_eq!(world.state(), State::Written);

    let other = World::new(moving(false), Some("old"), Some("old"));
    let decisions = world.look(&other.stores());
    assert_eq!(decisions[0].what, What::Elsewhere);
    assert!(decisions[0].why.contains("another database than the one of environment test"));
    // Restored from a backup, say: the operator may overrule it.
    let stores = other.stores();
    let mut changes = block_on(world.journal.unfinished()).unwrap();
    anywhere(&stores, &mut changes);
    let decisions = block_on(look(&world.journal, &stores, &changes)).unwrap();
    assert_eq!(decisions[0].what, What::Finish);
    let refused = block_on(carry_out(&world.journal, &stores, decisions.clone())).unwrap();
    assert!(refused[0].result.as_ref().unwrap_err().contains("different now"), "{refused:?}");
    let done = block_on(carry_out_in(&world.journal, &stores, decisions, true)).unwrap();
    assert!(done[0].result.is_ok(), "{done:?}");
    assert_eq!((other.texts(), world.state()), ([None, Some("old".into())], State::Done));

    let world = World::new(moving(false), Some("old"), Some("old"));
    let api = [Arc::clone(world.stores().get(&DatabaseName::Api).unwrap())].into_iter().collect();
    let decisions = world.look(&api);
    assert_eq!(decisions[0].what, What::Elsewhere);
    assert!(decisions[0].why.contains("none of these databases"), "{}", decisions[0].why);
    assert_eq!(world.texts(), [Some("old".into()), Some("old".into())]);
}

#[test]
fn what_others_deleted_is_told_with_where_its_text_is() {
    let world = World::at(Step::Deleted, moving(false), None, None);
    let said = world.look(&world.stores()).remove(0).why;
    assert!(said.contains("others deleted it") && said.contains("`reqspec history 1`"), "{said}");
}

/// A session of the process that is gone may keep a row locked, and commit after it was looked at.
#[rstest]
#[case::save(save(), "c1")]
#[case::destroy(destroy(), "c1")]
#[case::moving(moving(false), "api")]
fn what_is_still_being_written_is_left_for_later(#[case] operation: Operation, #[case] database: &str) {
    let (api, cell) = if database == "api" { (Some("old"), None) } else { (None, Some("old")) };
    let world = World::new(operation, api, cell);
    let stores = world.stores();
    // With a rollback journal what is not committed yet is not seen, and does not keep others from reading.
    let other = Connection::open(world.path(database)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE request_specs SET spec = 'late'").unwrap();
    let decisions = world.look(&stores);
    assert_eq!(decisions[0].what, What::NotDone);
    let recovered = block_on(carry_out(&world.journal, &stores, decisions)).unwrap();
    let left = recovered[0].result.as_ref().unwrap_err();
    assert!(left.ends_with("It stays unfinished"), "{left}");
    assert_eq!(world.state(), State::Written);
    other.execute_batch("COMMIT").unwrap();
    let now = world.look(&stores).remove(0);
    assert!(now.what == What::Conflict || now.why.contains("newer text"), "{now}");
}

#[test]
fn a_change_that_runs_is_never_touched() {
    let world = World::new(moving(false), Some("old"), Some("old"));
    let stores = world.stores();
    let decisions = world.look(&stores);
    let _owner = block_on(world.journal.take(world.change)).unwrap().unwrap();
    assert_eq!(world.look(&stores), []);
    let recovered = block_on(carry_out(&world.journal, &stores, decisions)).unwrap();
    assert!(recovered[0].result.as_ref().unwrap().contains("another process"));
    assert_eq!((world.texts()[0].as_deref(), world.state()), (Some("old"), State::Written));
}
