//! A process that is killed (SIGKILL) anywhere in a move never leaves the spec in no database, and
//! moving again finishes. The process is this test binary itself, told by its environment to move.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqspec::change::{
    Answer, ApplyError, Confirmation, Facts, InstanceHome, Intent, Outcome, Refusal, SpecHome, apply, prepare,
};
use reqspec::store::{Access, CellName, SpecStore, SqliteStore, Stores};
use rstest::rstest;
use rusqlite::Connection;
use support::{Cloud, block_on, database, record, spec, uuid};

/// The directory in which the child moves; it does nothing without.
const DIRECTORY: &str = "REQSPEC_TEST_DIRECTORY";
const STOP_AT: &str = "REQSPEC_TEST_STOP_AT";
const STOP_FILE: &str = "REQSPEC_TEST_STOP_FILE";

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

fn move_spec(directory: &Path, id: &str) -> Result<Outcome, Refusal> {
    let stores = stores(directory);
    let facts = Facts {
        environment: "test".into(),
        spec_home: SpecHome::Cells,
        instance_home: InstanceHome::Cell(CellName::new("c1")),
        instance_state: None,
        upstream_schema: false,
        force: false,
    };
    let intent = Intent::Move { from: database("api"), to: database("c1"), instance_uuid: id.into() };
    block_on(async {
        let plan = prepare(&stores, &facts, &intent).await?;
        let confirmed = Confirmation::new(plan).answer(&Answer::CommandLine { force: false }).unwrap();
        Ok(apply(&stores, &record(), confirmed).await)
    })
}

/// Not a test of its own: what the killed process does.
#[test]
fn child_moves() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = PathBuf::from(directory);
    for number in 1..=COUNT {
        let _ = move_spec(&directory, &uuid(number));
    }
}

const COUNT: i64 = 30;

fn child(directory: &Path, stop_at: &str, stop_file: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_moves", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .env(STOP_AT, stop_at)
        .env(STOP_FILE, stop_file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn set_mode(cloud: &Cloud, mode: &str) {
    for name in ["api", "c1"] {
        cloud.connection(name).pragma_update(None, "journal_mode", mode).unwrap();
    }
}

#[rstest]
#[case("Begun", true, false)]
#[case("Inserted", true, true)]
#[case("Verified", true, true)]
#[case("Deleted", false, true)]
fn killed_between_two_steps(
    #[case] stage: &str,
    #[case] in_api: bool,
    #[case] in_cell: bool,
    #[values("delete", "wal")] mode: &str,
) {
    let (cloud, id) = (Cloud::new(), uuid(1));
    set_mode(&cloud, mode);
    cloud.put("api", &id, spec(&id).as_bytes());
    let stop_file = cloud.scratch.path("stopped");
    let mut child = child(cloud.scratch.directory(), stage, &stop_file);
    let start = Instant::now();
    while !stop_file.exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "{stage} was never reached");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((cloud.text("api", &id).is_some(), cloud.text("c1", &id).is_some()), (in_api, in_cell));
    finish(&cloud, &id);
}

/// Moving again ends with the spec in the cell, its bytes as they were.
fn finish(cloud: &Cloud, id: &str) {
    match move_spec(cloud.scratch.directory(), id) {
        Ok(outcome) => assert_eq!(outcome.failed, None),
        Err(Refusal::NotFound(_)) => {}
        Err(refusal) => panic!("{refusal:?}"),
    }
    assert_eq!((cloud.text("api", id), cloud.text("c1", id)), (None, Some(spec(id))));
}

#[rstest]
fn killed_at_any_time(#[values("delete", "wal")] mode: &str) {
    for attempt in 0..5u64 {
        let cloud = Cloud::new();
        set_mode(&cloud, mode);
        for number in 1..=COUNT {
            cloud.put("api", &uuid(number), spec(&uuid(number)).as_bytes());
        }
        let mut child = child(cloud.scratch.directory(), "never", &cloud.scratch.path("never"));
        // Once the first move is on its way, at some time within the others.
        let start = Instant::now();
        while count(&cloud.path("c1")) == 0 && child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(60), "no move was begun");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(attempt * 7));
        child.kill().unwrap();
        child.wait().unwrap();
        for number in 1..=COUNT {
            let id = uuid(number);
            let (api, cell) = (cloud.text("api", &id), cloud.text("c1", &id));
            assert!(api.is_some() || cell.is_some(), "the spec of {id} is in no database");
            for text in [api, cell].into_iter().flatten() {
                assert_eq!(text, spec(&id));
            }
            finish(&cloud, &id);
        }
    }
}

fn count(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection.query_row("SELECT count(*) FROM request_specs", [], |row| row.get(0)).unwrap()
}

/// Two moves in opposite directions would delete both rows if each looked only before it deleted.
#[test]
fn opposite_moves_never_lose_the_spec() {
    for _ in 0..10 {
        let (cloud, id) = (Cloud::new(), uuid(1));
        cloud.put("api", &id, spec(&id).as_bytes());
        cloud.put("c1", &id, spec(&id).as_bytes());
        let movers = [("api", "c1"), ("c1", "api")].map(|(from, to)| {
            let (directory, id) = (cloud.scratch.directory().to_owned(), id.clone());
            std::thread::spawn(move || {
                let stores = stores(&directory);
                let facts = Facts {
                    environment: "test".into(),
                    spec_home: SpecHome::Cells,
                    instance_home: InstanceHome::Cell(CellName::new("c1")),
                    instance_state: None,
                    upstream_schema: false,
                    force: true,
                };
                let intent =
                    Intent::Move { from: database(from), to: database(to), instance_uuid: id.into() };
                block_on(async {
                    let Ok(plan) = prepare(&stores, &facts, &intent).await else { return None };
                    let confirmed =
                        Confirmation::new(plan).answer(&Answer::CommandLine { force: true }).unwrap();
                    apply(&stores, &record(), confirmed).await.failed
                })
            })
        });
        let failures: Vec<Option<ApplyError>> =
            movers.into_iter().map(|mover| mover.join().unwrap()).collect();
        let copies = [cloud.text("api", &id), cloud.text("c1", &id)];
        assert!(copies.iter().flatten().count() >= 1, "the spec is in no database: {failures:?}");
    }
}
