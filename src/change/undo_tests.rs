//! Changes taken back and done again, over SQLite databases that hold specs that nova loads.

use std::path::PathBuf;

use rstest::rstest;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::change::{
    Answer, Confirmation, InstanceHome, Outcome, Record, Requirement, SpecHome, State, apply,
};
use crate::store::{Access, SpecStore, SqliteStore};

const ID: &str = "3ba1be6a-959f-4f8e-b851-632ac19fde8a";
const TABLE: &str = include_str!("../../migrations/cell/sqlite/0001_request_specs.sql");

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

struct World {
    folder: TempDir,
    journal: Journal,
    stores: Stores,
}

impl World {
    fn new(api: Option<&str>, cell: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| -> PathBuf { folder.path().join(name) };
        for (name, text) in [("api", api), ("c1", cell)] {
            let connection = Connection::open(path(name)).unwrap();
            connection.execute_batch(TABLE).unwrap();
            if let Some(text) = text {
                let sql = "INSERT INTO request_specs VALUES ('2020-01-01 00:00:00', '2021-01-01 00:00:00', NULL, ?, ?)";
                connection.execute(sql, [ID, text]).unwrap();
            }
        }
        let stores = [DatabaseName::Api, DatabaseName::cell("c1")]
            .into_iter()
            .map(|name| {
                let path = path(&name.to_string());
                Arc::new(SqliteStore::open(name, &path, Access::ReadWrite).unwrap()) as Arc<dyn SpecStore>
            })
            .collect();
        Self { stores, journal: Journal::in_memory().unwrap(), folder }
    }

    fn rows(&self) -> [Option<String>; 2] {
        ["api", "c1"].map(|name| {
            let connection = Connection::open(self.folder.path().join(name)).unwrap();
            let sql = "SELECT created_at || ' ' || spec FROM request_specs";
            connection.query_row(sql, [], |row| row.get(0)).ok()
        })
    }

    fn sql(&self, name: &str, sql: &str) {
        Connection::open(self.folder.path().join(name)).unwrap().execute_batch(sql).unwrap();
    }

    fn record(&self) -> Record {
        let who = Who { operator: "op".into(), host: "here".into() };
        Record::new(self.journal.clone(), who, None)
    }

    fn apply(&self, record: &Record, plan: Plan) -> Outcome {
        let confirmed = Confirmation::new(plan).answer(&Answer::CommandLine { force: true }).unwrap();
        block_on(apply(&self.stores, record, confirmed))
    }

    fn change(&self, operation: Operation) -> ChangeId {
        let plan = Plan { environment: "test".into(), operations: vec![operation], ..Plan::default() };
        let outcome = self.apply(&self.record(), plan);
        assert_eq!(outcome.failed, None);
        outcome.change.unwrap()
    }

    fn facts(force: bool) -> Facts {
        Facts {
            environment: "test".into(),
            spec_home: SpecHome::Cells,
            instance_home: InstanceHome::Unknown,
            instance_state: None,
            upstream_schema: false,
            force,
        }
    }

    fn back(&self, id: Option<ChangeId>, again: bool) -> Result<ChangeId, Refusal> {
        let chosen = block_on(choose(&self.journal, "test", id, again))?;
        let plan = block_on(plan(&self.stores, &Self::facts(false), &chosen))?;
        let outcome = self.apply(&self.record().undoing(chosen.undoing), plan);
        assert_eq!(outcome.failed, None);
        Ok(outcome.change.unwrap())
    }

    fn row(&self, id: ChangeId) -> ChangeRow {
        block_on(self.journal.change(id)).unwrap().unwrap()
    }
}

/// A spec that real nova wrote and loads.
fn sound() -> String {
    include_str!("../../tests/support/spec.json")
        .replace("\"availability_zone\": null", "\"availability_zone\": \"az1\"")
}

fn bytes(text: &str) -> Arc<[u8]> {
    Arc::from(text.as_bytes())
}

fn other() -> String {
    sound().replace("\"az1\"", "\"az2\"")
}

fn cell() -> DatabaseName {
    DatabaseName::cell("c1")
}

fn save(before: &str, after: &str) -> Operation {
    let (database, instance_uuid) = (DatabaseName::Api, ID.into());
    Operation::Save { database, instance_uuid, before: bytes(before), after: after.into() }
}

fn transfer(already_there: bool) -> Operation {
    let (from, to, text) = (DatabaseName::Api, cell(), bytes(&sound()));
    Operation::Move { from, to, instance_uuid: ID.into(), text, already_there }
}

fn copy(replaces: Option<String>) -> Operation {
    Operation::Copy {
        from: DatabaseName::Api,
        to: cell(),
        instance_uuid: ID.into(),
        text: bytes(&sound()),
        replaces: replaces.map(|text| bytes(&text)),
    }
}

fn create() -> Operation {
    Operation::Create { database: cell(), instance_uuid: ID.into(), text: sound().into() }
}

fn destroy() -> Operation {
    Operation::Destroy { database: DatabaseName::Api, instance_uuid: ID.into(), before: bytes(&sound()) }
}

#[rstest]
#[case::save(save(&sound(), &other()), Some(sound()), None)]
#[case::create(create(), None, None)]
#[case::delete(destroy(), Some(sound()), None)]
#[case::transfer(transfer(false), Some(sound()), None)]
#[case::transfer_of_two(transfer(true), Some(sound()), Some(sound()))]
#[case::copy(copy(None), Some(sound()), None)]
#[case::copy_over(copy(Some(other())), Some(sound()), Some(other()))]
fn each_kind_is_undone_and_redone_and_undone(
    #[case] operation: Operation,
    #[case] api: Option<String>,
    #[case] in_cell: Option<String>,
) {
    let world = World::new(api.as_deref(), in_cell.as_deref());
    let before = world.rows();
    let made = world.change(operation.clone());
    let after = world.rows();
    assert_ne!(before, after);

    let undo = world.back(None, false).unwrap();
    assert_eq!(world.rows(), before, "bytes and times of creation come back");
    assert_eq!(world.row(made).undone_by, Some(undo));
    let row = world.row(undo);
    assert_eq!((&row.kind, row.undoes, row.count(State::Done)), (&Kind::Undo, Some(made), 1));
    let twice = world.back(Some(made), false).unwrap_err();
    assert!(
        twice.to_string().contains(&format!("was undone by {undo} already; `reqspec redo 2`")),
        "{twice}"
    );
    assert!(matches!(world.back(None, false), Err(Refusal::NothingToDo(_))), "an undo is undone unasked");

    // By the number of the change itself.
    let redo = world.back(Some(made), true).unwrap();
    let text =
        |rows: [Option<String>; 2]| rows.map(|row| row.map(|row| row.split_once('{').unwrap().1.to_owned()));
    assert_eq!(text(world.rows()), text(after));
    assert_eq!((world.row(redo).kind, world.row(undo).undone_by), (Kind::Redo, Some(redo)));
    let twice = world.back(Some(made), false).unwrap_err();
    assert!(
        twice.to_string().ends_with(&format!("was undone by {undo} already, that by {redo}; undo {redo}")),
        "{twice}"
    );

    let again = world.back(None, false).unwrap();
    assert_eq!(world.row(again).undoes, Some(redo));
    assert_eq!(text(world.rows()), text(before));
}

#[test]
fn what_was_changed_since_is_not_undone() {
    let world = World::new(Some(&sound()), None);
    let made = world.change(save(&sound(), &other()));
    world.sql("api", "UPDATE request_specs SET spec = replace(spec, 'az2', 'az3')");
    let Err(Refusal::Conflict { reason, current }) = world.back(Some(made), false) else { panic!() };
    assert!(reason.contains("was changed since") && reason.contains(ID), "{reason}");
    assert!(String::from_utf8_lossy(&current.unwrap()).contains("az3"));
    world.sql("api", "DELETE FROM request_specs");
    assert!(matches!(world.back(Some(made), false), Err(Refusal::NotFound(_))));

    let world = World::new(Some(&sound()), None);
    let made = world.change(transfer(false));
    world.sql("c1", "UPDATE request_specs SET spec = replace(spec, 'az1', 'az3')");
    assert!(matches!(world.back(Some(made), false), Err(Refusal::Conflict { .. })));

    let world = World::new(Some(&sound()), None);
    let made = world.change(destroy());
    world.sql("api", &format!("INSERT INTO request_specs VALUES (NULL, NULL, NULL, '{ID}', 'x')"));
    assert!(matches!(world.back(Some(made), false), Err(Refusal::Conflict { .. })));
}

#[test]
fn a_text_that_nova_cannot_load_wants_force() {
    let world = World::new(Some("{broken"), None);
    let made = world.change(save("{broken", &sound()));
    let Err(Refusal::Refused { reason, forceable: true }) = world.back(Some(made), false) else { panic!() };
    assert!(reason.contains("nova cannot load the text"), "{reason}");
    let chosen = block_on(choose(&world.journal, "test", Some(made), false)).unwrap();
    let forced = block_on(plan(&world.stores, &World::facts(true), &chosen)).unwrap();
    assert_eq!(forced.requirement, Requirement::Type("3ba1be6a".into()));
    world.apply(&world.record().undoing(chosen.undoing), forced);
    assert!(world.rows()[0].as_ref().unwrap().ends_with("{broken"));
}

#[test]
fn which_changes_can_be_undone() {
    let world = World::new(Some(&sound()), None);
    assert!(matches!(world.back(None, false), Err(Refusal::NothingToDo(_))));
    assert!(matches!(world.back(Some(ChangeId(7)), false), Err(Refusal::NotFound(_))));
    // A change that came to nothing.
    let plan = Plan { operations: vec![save("x", "y")], environment: "test".into(), ..Plan::default() };
    let failed = world.apply(&world.record(), plan);
    assert!(failed.failed.is_some());
    let refusal = world.back(failed.change, false).unwrap_err();
    assert!(refusal.to_string().contains("nothing of change #1 was done"), "{refusal}");
    assert!(matches!(world.back(None, false), Err(Refusal::NothingToDo(_))));
    let made = world.change(save(&sound(), &other()));
    let refusal = world.back(Some(made), true).unwrap_err();
    assert!(refusal.to_string().contains("was not undone"), "{refusal}");
    // Of another environment it is not the newest.
    assert!(block_on(choose(&world.journal, "elsewhere", None, false)).is_err());
    // In other databases.
    let elsewhere = World::new(Some(&other()), None);
    let chosen = block_on(choose(&world.journal, "test", None, false)).unwrap();
    let refusal = block_on(super::plan(&elsewhere.stores, &World::facts(false), &chosen)).unwrap_err();
    assert!(refusal.to_string().contains("another database than the api"), "{refusal}");
}

#[test]
fn several_operations_are_undone_as_one_the_last_first() {
    let world = World::new(Some(&sound()), None);
    let plan = Plan {
        environment: "test".into(),
        operations: vec![save(&sound(), &other()), copy_of_other()],
        ..Plan::default()
    };
    let made = world.apply(&world.record(), plan);
    assert_eq!(made.failed, None);
    let chosen = block_on(choose(&world.journal, "test", made.change, false)).unwrap();
    assert!(chosen.is_many);
    let who = Who { operator: "op".into(), host: "here".into() };
    let facts = World::facts(false);
    let directory = world.folder.path().join("plans");
    let many =
        block_on(bulk(&world.journal, &world.stores, &facts, &chosen, &who, None, &directory)).unwrap();
    assert_eq!((many.total(), many.kind()), (2, &BulkKind::Undo(1)));
    assert_eq!(many.requirement(), &Requirement::Type("2".into()));
    let verbs: Vec<_> = many.operations().unwrap().map(|operation| operation.unwrap().verb()).collect();
    assert_eq!(verbs, ["delete", "save"]);
    assert_eq!(many.summary().groups[0].after.as_deref(), Some("\"az1\""));
}

fn copy_of_other() -> Operation {
    Operation::Copy {
        from: DatabaseName::Api,
        to: cell(),
        instance_uuid: ID.into(),
        text: bytes(&other()),
        replaces: None,
    }
}
