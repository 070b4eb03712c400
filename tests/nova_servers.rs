//! Real nova and reqspec on the same database servers: nova's own tools make the schemas and its
//! objects the specs; reqspec lists, edits and moves them, to the cells and back, between engines
//! too; nova loads every one of them again.
//!
//! Needs the Python environment that `tests/nova/setup.sh` makes (`REQSPEC_NOVA_PYTHON`) and servers
//! (`REQSPEC_TEST_MARIADB`, `REQSPEC_TEST_POSTGRES`); `tests/run` has both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use rstest::rstest;
use serde_json::Value;
use support::servers::{Database, Kind, server};
use tempfile::TempDir;

/// Runs one of the scripts in tests/nova with real nova's Python; gives its standard output.
fn script(name: &str, arguments: &[&str]) -> Vec<u8> {
    let python = std::env::var("REQSPEC_NOVA_PYTHON")
        .expect("REQSPEC_NOVA_PYTHON names the Python that has nova (tests/nova/setup.sh)");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/nova").join(name);
    let output = Command::new(python).arg(path).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A cloud that nova made on a server.
struct Cloud {
    directory: TempDir,
    url: String,
    tag: String,
    /// What `servers_make.py` says of it.
    made: Value,
}

/// What a run of reqspec gave.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    /// Standard output of a run that went well.
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self.out
    }
}

impl Cloud {
    fn new(kind: Kind) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (url, tag) = (server(kind), format!("n{}_{}", std::process::id(), kind.as_str()));
        let made = script("servers_make.py", &["make", &url, directory.path().to_str().unwrap(), &tag]);
        Self { directory, url, tag, made: serde_json::from_slice(&made).unwrap() }
    }

    /// The program, with this cloud's nova.conf and nothing else that names a database.
    fn command(&self) -> Command {
        let mut command = self.bare();
        command.args(["--nova-conf", self.made["conf"].as_str().unwrap()]);
        command
    }

    /// The program, told nothing yet.
    fn bare(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reqspec"));
        for name in ["HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, self.directory.path());
        }
        command.env("REQSPEC_LOG", "debug").current_dir(self.directory.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.ran(self.command().args(arguments).output().unwrap())
    }

    /// What it gave; no password in it, nor in its log.
    #[track_caller]
    fn ran(&self, output: Output) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ran =
            Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) };
        let log =
            std::fs::read_to_string(self.directory.path().join("reqspec/reqspec.log")).unwrap_or_default();
        for secret in self.made["secrets"].as_array().unwrap() {
            let secret = secret.as_str().unwrap();
            for said in [&ran.out, &ran.err, &log] {
                assert!(!said.contains(secret), "a password is shown: {said}");
            }
        }
        ran
    }

    /// What nova makes of every spec now.
    fn seen_by_nova(&self) -> Seen {
        let report = script("servers_load.py", &[self.made["conf"].as_str().unwrap()]);
        Seen(serde_json::from_slice(&report).unwrap())
    }

    /// Instances, one for each thing that a spec can be an example of.
    fn examples(&self) -> BTreeMap<String, String> {
        let mut examples = BTreeMap::new();
        for server in self.made["servers"].as_array().unwrap() {
            for tag in server["tags"].as_array().unwrap() {
                let uuid = server["uuid"].as_str().unwrap().to_owned();
                examples.entry(tag.as_str().unwrap().to_owned()).or_insert(uuid);
            }
        }
        examples
    }

    /// Where an instance is mapped, for those that nova has in a cell.
    fn mapped(&self) -> BTreeMap<String, String> {
        let servers = self.made["servers"].as_array().unwrap().iter();
        let mapped = servers.filter(|server| server["kind"] != "orphan");
        let pair =
            |server: &Value| Some((server["uuid"].as_str()?.to_owned(), server["cell"].as_str()?.to_owned()));
        mapped.filter_map(pair).collect()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        script("servers_make.py", &["drop", &self.url, &self.tag]);
    }
}

/// Everything that `servers_load.py` says.
struct Seen(Value);

impl Seen {
    fn rows(&self, database: &str) -> &serde_json::Map<String, Value> {
        self.0[database]["rows"].as_object().unwrap()
    }

    fn text(&self, database: &str, uuid: &str) -> &str {
        self.0[database]["rows"][uuid]["text"].as_str().unwrap()
    }

    fn loaded(&self, database: &str, uuid: &str) -> &Value {
        &self.0[database]["loaded"][uuid]
    }

    /// nova could load every one.
    #[track_caller]
    fn check_all_load(&self) {
        for (database, seen) in self.0.as_object().unwrap() {
            for (uuid, loaded) in seen["loaded"].as_object().unwrap() {
                assert!(loaded.get("error").is_none(), "{database}: {uuid}: {}", loaded["error"]);
            }
        }
    }
}

/// The field at that path within envelopes.
fn field<'a>(object: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(object, |value, name| {
        let data = value.get("nova_object.data").unwrap_or(value);
        data.get(*name).unwrap_or(&Value::Null)
    })
}

/// The same object with that field taken out.
fn without(object: &Value, path: &[&str]) -> Value {
    let mut object = object.clone();
    let mut place = &mut object;
    for (depth, name) in path.iter().enumerate() {
        if place.get("nova_object.data").is_some() {
            place = place.get_mut("nova_object.data").unwrap();
        }
        if depth + 1 == path.len() {
            place.as_object_mut().unwrap().remove(*name);
            break;
        }
        place = place.get_mut(*name).unwrap();
    }
    object
}

/// An edit, with the field that it sets and the value that nova must then see.
struct Tried {
    argument: &'static str,
    path: &'static [&'static str],
    value: &'static str,
}

const TRIED: [Tried; 4] = [
    Tried { argument: "availability_zone=az-judged", path: &["availability_zone"], value: "az-judged" },
    Tried {
        argument: "flavor.extra_specs[judged:key]=gr\u{fc}\u{df}e \u{1f427} \"q\" \\",
        path: &["flavor", "extra_specs", "judged:key"],
        value: "gr\u{fc}\u{df}e \u{1f427} \"q\" \\",
    },
    Tried {
        argument: "flavor.name=m1.na\u{ef}ve\u{1f680}",
        path: &["flavor", "name"],
        value: "m1.na\u{ef}ve\u{1f680}",
    },
    Tried { argument: "image.name=judged", path: &["image", "name"], value: "judged" },
];

/// reqspec edits an example of each kind; gives what nova sees afterwards.
fn edit_and_judge(cloud: &Cloud, before: &Seen) -> Seen {
    let uuids: BTreeSet<String> = cloud.examples().into_values().collect();
    assert!(uuids.len() > 20, "{}", uuids.len());
    let duplicate = &cloud.examples()["duplicate keys"];
    let mut edited = BTreeMap::new();
    for (uuid, tried) in uuids.iter().zip(TRIED.iter().cycle()) {
        let words = ["edit", uuid, "--in", "api", "--set", tried.argument, "--yes", "--force"];
        if uuid == duplicate {
            assert_eq!(cloud.run(&words).code, 5, "a text with duplicate keys was edited");
            continue;
        }
        let dry = cloud.run(&[&words[..], &["--dry-run", "--json"]].concat()).ok();
        let plan: Value = serde_json::from_str(&dry).unwrap();
        cloud.run(&words).ok();
        edited.insert(uuid.clone(), (tried, plan["operations"][0]["after"].as_str().unwrap().to_owned()));
    }
    let after = cloud.seen_by_nova();
    after.check_all_load();
    assert_eq!(after.0["api"]["columns"], before.0["api"]["columns"]);
    for (uuid, row) in before.rows("api") {
        let (was, is) = (before.loaded("api", uuid), after.loaded("api", uuid));
        let Some((tried, planned)) = edited.get(uuid) else {
            assert_eq!((row, was), (&after.rows("api")[uuid], is), "{uuid} was not to be edited");
            continue;
        };
        assert_eq!(after.text("api", uuid), planned, "not what the plan said");
        assert!(planned.is_ascii(), "{planned}");
        assert_eq!(field(is, tried.path), tried.value, "{uuid}");
        assert_eq!(without(was, tried.path), without(is, tried.path), "{uuid}: something else changed");
        let now = &after.rows("api")[uuid];
        assert_eq!((&row["created_at"], &row["id"]), (&now["created_at"], &now["id"]));
        assert!(row["updated_at"] != now["updated_at"] && !now["updated_at"].is_null(), "{now}");
    }
    after
}

/// What matters of a row wherever it is: all but its number.
fn whole(row: &Value) -> [String; 3] {
    ["text", "created_at", "updated_at"].map(|part| row[part].as_str().unwrap_or("null").to_owned())
}

/// The same, of times the whole seconds: nova's columns in MySQL hold no more, those in PostgreSQL do.
fn to_the_second(row: &Value) -> [String; 3] {
    let [text, created, updated] = whole(row);
    [text, created.chars().take(19).collect(), updated.chars().take(19).collect()]
}

#[rstest]
#[case(Kind::Mariadb, Kind::Postgres)]
#[case(Kind::Postgres, Kind::Mariadb)]
#[ignore = "needs nova and servers (tests/run)"]
fn nova_loads_what_reqspec_wrote_and_moved(#[case] kind: Kind, #[case] other: Kind) {
    let cloud = Cloud::new(kind);
    let fresh = cloud.seen_by_nova();
    fresh.check_all_load();
    assert!(fresh.rows("api").len() > 150, "{}", fresh.rows("api").len());
    assert!(fresh.text("api", &cloud.examples()["big"]).len() > 900_000);

    // Everything is found by nova.conf alone.
    let cells = cloud.run(&["cells"]);
    for name in ["api", "cell0", "cell1", "cell2"] {
        assert!(cells.out.contains(name), "{}{}", cells.out, cells.err);
    }
    assert!(cells.out.contains("***"), "{}", cells.out);
    let listed = cloud.run(&["list", "--in", "api", "--json"]).ok();
    let uuids: BTreeSet<String> = listed
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["instance_uuid"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(uuids, fresh.rows("api").keys().cloned().collect());

    // The side table comes to the cells; nova's own is left alone.
    let synced = cloud.run(&["db", "sync"]).ok();
    assert!(synced.contains("left untouched"), "{synced}");
    assert_eq!(cloud.run(&["db", "sync"]).code, 0, "a second run");
    let with_tables = cloud.seen_by_nova();
    assert_eq!(with_tables.0["api"], fresh.0["api"]);
    for cell in ["cell0", "cell1", "cell2"] {
        assert!(with_tables.0[cell]["columns"].is_array(), "{cell} has no table");
    }

    let edited = edit_and_judge(&cloud, &with_tables);
    to_the_cells_and_back(&cloud, &edited);
    through_other_engines(&cloud, other, &edited);
}

/// `move --scheduled` takes every scheduled spec to its cell; by hand each comes back.
fn to_the_cells_and_back(cloud: &Cloud, before: &Seen) {
    let refused = cloud.run(&["move", "--scheduled", "--yes"]);
    assert_eq!(refused.code, 5, "upstream nova reads them in the API database: {refused:?}");
    cloud.run(&["--spec-home", "cells", "move", "--scheduled", "--yes"]).ok();
    let moved = cloud.seen_by_nova();
    moved.check_all_load();
    let mapped = cloud.mapped();
    for (uuid, row) in before.rows("api") {
        let place = mapped.get(uuid).map_or("api", String::as_str);
        for database in ["api", "cell0", "cell1", "cell2"] {
            match moved.rows(database).get(uuid) {
                Some(copy) => {
                    assert_eq!(database, place, "{uuid}");
                    assert_eq!(whole(copy), whole(row), "{uuid}");
                    check_same(moved.loaded(database, uuid), before.loaded("api", uuid), uuid);
                }
                None => assert_ne!(database, place, "{uuid} is gone"),
            }
        }
    }
    // Back by hand, several at a time.
    let left = Mutex::new(mapped.iter().collect::<Vec<_>>());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let Some((uuid, cell)) = left.lock().unwrap().pop() else { return };
                    cloud.run(&["move", uuid, "--from", cell, "--to", "api", "--yes", "--force"]).ok();
                }
            });
        }
    });
    check_as_before(&cloud.seen_by_nova(), before, whole);
}

/// nova sees the same, but for the row's number, which is its place's.
#[track_caller]
fn check_same(one: &Value, other: &Value, uuid: &str) {
    let (one, other) = (without(one, &["id"]), without(other, &["id"]));
    assert!(one == other, "{uuid}:\n{one}\n{other}");
}

#[track_caller]
fn check_as_before(now: &Seen, before: &Seen, parts: fn(&Value) -> [String; 3]) {
    now.check_all_load();
    assert_eq!(now.rows("api").len(), before.rows("api").len());
    for (uuid, row) in before.rows("api") {
        assert_eq!(parts(&now.rows("api")[uuid]), parts(row), "{uuid}");
        check_same(now.loaded("api", uuid), before.loaded("api", uuid), uuid);
    }
    for cell in ["cell0", "cell1", "cell2"] {
        assert_eq!(now.rows(cell).len(), 0, "{cell}");
    }
}

/// The kinds of specs that travel through all engines.
const MIXED: [&str; 18] = [
    "big",
    "named",
    "control characters",
    "odd numbers",
    "exponent number",
    "duplicate keys",
    "unknown keys",
    "group gone",
    "other instance_uuid",
    "era 13",
    "era 16",
    "era 21",
    "era 34",
    "pinned cpus",
    "numa+pci",
    "anti-affinity group",
    "building",
    "orphan",
];

/// From nova's API database to another engine, from there to SQLite, and back.
fn through_other_engines(cloud: &Cloud, other: Kind, before: &Seen) {
    // nova's usual character set, where there is a choice.
    let options = if other == Kind::Mariadb { "CHARACTER SET utf8mb3" } else { "" };
    let foreign = Database::on(&server(other), options);
    let sqlite = cloud.directory.path().join("cell2.sqlite");
    rusqlite::Connection::open(&sqlite).unwrap().execute_batch("VACUUM").unwrap();
    let api = cloud.made["addresses"]["api"].as_str().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = cloud.bare();
        command.args(["--spec-home", "cells", "--api", api]);
        command.args(["--cell", &format!("cell1={}", foreign.url())]);
        command.args(["--cell", &format!("cell2={}", sqlite.display())]);
        cloud.ran(command.args(arguments).output().unwrap())
    };
    run(&["db", "sync"]).ok();
    let examples = cloud.examples();
    let uuids: BTreeSet<&String> = MIXED.iter().map(|kind| &examples[*kind]).collect();
    for (from, to) in [("api", "cell1"), ("cell1", "cell2"), ("cell2", "cell1"), ("cell1", "api")] {
        for uuid in &uuids {
            run(&["move", uuid.as_str(), "--from", from, "--to", to, "--yes", "--force"]).ok();
        }
        if to == "cell1" {
            let mut session = foreign.session();
            for uuid in &uuids {
                let sql = format!("SELECT spec FROM request_specs WHERE instance_uuid = '{uuid}'");
                assert_eq!(session.value(&sql).as_deref(), Some(before.text("api", uuid)), "{uuid}");
            }
        }
    }
    check_as_before(&cloud.seen_by_nova(), before, to_the_second);

    // A text that was stored unescaped, which 3-byte utf8 cannot take: all of it or nothing.
    let uuid = &cloud.examples()["named"];
    run(&["move", uuid, "--from", "api", "--to", "cell2", "--yes", "--force"]).ok();
    let raw = before.text("api", uuid).replacen("\"user_id\": \"", "\"user_id\": \"\u{1f427}", 1);
    assert!(!raw.is_ascii(), "no emoji in it");
    let lite = rusqlite::Connection::open(&sqlite).unwrap();
    let change = |text: &str| {
        let sql = "UPDATE request_specs SET spec = ? WHERE instance_uuid = ?";
        assert_eq!(lite.execute(sql, [text, uuid]).unwrap(), 1);
    };
    change(&raw);
    let ran = run(&["move", uuid, "--from", "cell2", "--to", "cell1", "--yes", "--force"]);
    let here: Option<String> = lite
        .query_row("SELECT spec FROM request_specs WHERE instance_uuid = ?", [uuid], |row| row.get(0))
        .ok();
    let sql = format!("SELECT spec FROM request_specs WHERE instance_uuid = '{uuid}'");
    let there = foreign.session().value(&sql);
    if ran.code == 0 {
        assert_eq!((here, there), (None, Some(raw)));
        run(&["move", uuid, "--from", "cell1", "--to", "cell2", "--yes", "--force"]).ok();
    } else {
        assert_eq!((here, there), (Some(raw), None), "{ran:?}");
        assert!(ran.err.contains("cell1") && ran.err.contains(uuid.as_str()), "{ran:?}");
    }
    change(before.text("api", uuid));
    run(&["move", uuid, "--from", "cell2", "--to", "api", "--yes", "--force"]).ok();
    check_as_before(&cloud.seen_by_nova(), before, to_the_second);
}
