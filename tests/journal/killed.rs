//! kill -9 at each step, then `recover`. The process that is killed is this test binary, told by its
//! environment what to do.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqspec::change::recover::{self, What};
use reqspec::change::{Answer, Confirmation, Journal, Operation, Plan, Record, State, Who, apply};
use reqspec::store::{Access, SpecStore, SqliteStore, Stores};
use rstest::rstest;

use crate::support::{Cloud, block_on, database, spec, spec_in_zone, uuid};

const DIRECTORY: &str = "REQSPEC_TEST_DIRECTORY";
const OPERATION: &str = "REQSPEC_TEST_OPERATION";

fn stores(directory: &Path) -> Stores {
    ["api", "c1"]
        .into_iter()
        .map(|name| {
            let path = directory.join(format!("{name}.sqlite"));
            Arc::new(SqliteStore::open(database(name), &path, Access::ReadWrite).unwrap())
                as Arc<dyn SpecStore>
        })
        .collect()
}

fn operation(kind: &str) -> Operation {
    let id = uuid(1);
    let (before, instance_uuid) = (Arc::from(spec(&id).as_bytes()), Arc::from(id.as_str()));
    let (api, cell) = (database("api"), database("c1"));
    match kind {
        "save" => {
            Operation::Save { database: api, instance_uuid, before, after: spec_in_zone(&id, "az2").into() }
        }
        "delete" => Operation::Destroy { database: api, instance_uuid, before },
        "copy" => Operation::Copy { from: api, to: cell, instance_uuid, text: before, replaces: None },
        "move" => Operation::Move { from: api, to: cell, instance_uuid, text: before, already_there: false },
        other => panic!("{other}"),
    }
}

/// Not a test of its own: what the killed process does.
#[test]
fn child_changes() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let (directory, kind) = (PathBuf::from(directory), std::env::var(OPERATION).unwrap());
    let plan = Plan { environment: "test".into(), operations: vec![operation(&kind)], ..Plan::default() };
    let confirmed = Confirmation::new(plan).answer(&Answer::CommandLine { force: true }).unwrap();
    let journal = Journal::open(&directory.join("journal.sqlite")).unwrap();
    let record = Record::new(journal, Who { operator: "op".into(), host: "here".into() }, None);
    let _ = block_on(apply(&stores(&directory), &record, confirmed));
}

fn killed_at(cloud: &Cloud, kind: &str, stage: &str) {
    let stop_file = cloud.scratch.path("stopped");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child_changes", "--test-threads=1"])
        .env(DIRECTORY, cloud.scratch.directory())
        .env(OPERATION, kind)
        .env("REQSPEC_TEST_STOP_AT", stage)
        .env("REQSPEC_TEST_STOP_FILE", &stop_file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !stop_file.exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "{stage} was never reached");
        std::thread::sleep(Duration::from_millis(5));
    }
    // As long as it lives its change is left alone.
    if stage != "Settled" {
        let journal = Journal::open(&cloud.scratch.path("journal.sqlite")).unwrap();
        assert_eq!(block_on(journal.unfinished()).unwrap(), []);
        assert!(block_on(journal.changes(None, "", 1)).unwrap()[0].is_running);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

fn recovered(cloud: &Cloud) -> Vec<What> {
    let journal = Journal::open(&cloud.scratch.path("journal.sqlite")).unwrap();
    let stores = stores(cloud.scratch.directory());
    block_on(async {
        let changes = journal.unfinished().await.unwrap();
        let decisions = recover::look(&journal, &stores, &changes).await.unwrap();
        let what = decisions.iter().map(|decision| decision.what).collect();
        let results = recover::carry_out(&journal, &stores, decisions).await.unwrap();
        assert!(results.iter().all(|one| one.result.is_ok()), "{results:?}");
        what
    })
}

/// What was killed where; what is decided then (nothing, where the journal knew it); how it ends in the journal;
/// what the API database and the cell's then hold.
#[rstest]
#[case("save", "Journaled", Some(What::NotDone), State::NotDone, [Some("old"), None])]
#[case("save", "Saved", Some(What::Done), State::Done, [Some("new"), None])]
#[case("save", "Settled", None, State::Done, [Some("new"), None])]
#[case("delete", "Journaled", Some(What::NotDone), State::NotDone, [Some("old"), None])]
#[case("delete", "Saved", Some(What::Done), State::Done, [None, None])]
#[case("copy", "Journaled", Some(What::NotDone), State::NotDone, [Some("old"), None])]
#[case("copy", "Saved", Some(What::Done), State::Done, [Some("old"), Some("old")])]
#[case("move", "Journaled", Some(What::NotDone), State::NotDone, [Some("old"), None])]
#[case("move", "Begun", Some(What::NotDone), State::NotDone, [Some("old"), None])]
#[case("move", "Inserted", Some(What::Finish), State::Done, [None, Some("old")])]
#[case("move", "Verified", Some(What::Finish), State::Done, [None, Some("old")])]
#[case("move", "Deleted", Some(What::Done), State::Done, [None, Some("old")])]
#[case("move", "Settled", None, State::Done, [None, Some("old")])]
fn killed_between_two_steps_and_recovered(
    #[case] kind: &str,
    #[case] stage: &str,
    #[case] what: Option<What>,
    #[case] state: State,
    #[case] after: [Option<&str>; 2],
) {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("api", &id, spec(&id).as_bytes());
    killed_at(&cloud, kind, stage);
    assert_eq!(recovered(&cloud), what.into_iter().collect::<Vec<_>>());
    assert_eq!(recovered(&cloud), [], "there is something left to recover");
    let texts = ["api", "c1"].map(|name| {
        cloud.text(name, &id).map(|text| match text == spec(&id) {
            true => "old",
            false if text == spec_in_zone(&id, "az2") => "new",
            false => panic!("{text}"),
        })
    });
    assert_eq!(texts, after);
    let journal = Journal::open(&cloud.scratch.path("journal.sqlite")).unwrap();
    let change = block_on(journal.changes(None, "", 1)).unwrap().remove(0);
    assert!(change.finished_at.is_some() && !change.is_interrupted);
    assert_eq!((change.count(state), change.total), (1, 1));
}

/// A move whose process was killed there, and another program that deleted the spec wherever it was then: only what
/// the move itself may have deleted is put back.
#[rstest]
#[case("Journaled", What::Conflict, None)]
#[case("Inserted", What::Conflict, None)]
#[case("Verified", What::PutBack, Some("old"))]
#[case("Deleted", What::Conflict, None)]
fn a_spec_that_others_deleted_stays_deleted(
    #[case] stage: &str,
    #[case] what: What,
    #[case] after: Option<&str>,
) {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("api", &id, spec(&id).as_bytes());
    killed_at(&cloud, "move", stage);
    for name in ["api", "c1"] {
        let connection = rusqlite::Connection::open(cloud.path(name)).unwrap();
        connection.execute("DELETE FROM request_specs", []).unwrap();
    }
    assert_eq!(recovered(&cloud), [what]);
    assert_eq!(recovered(&cloud), []);
    assert_eq!(cloud.text("api", &id), after.map(|_| spec(&id)));
    assert_eq!(cloud.text("c1", &id), None);
}
