//! The journal on the command line: history, undo, redo, recover, and journals that cannot be used.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{OTHER, UUID, World, program, spec, spec_of};

fn set(zone: &str) -> [String; 5] {
    ["edit".into(), UUID.into(), "--set".into(), format!("availability_zone={zone}"), "--yes".into()]
}

fn edit(world: &World, zone: &str, more: &[&str]) -> crate::world::Ran {
    let arguments = set(zone);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    world.run(&arguments)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_was_changed_is_listed_shown_and_exported() {
    let world = World::new();
    world.insert("api", UUID, spec());
    world.insert("api", OTHER, spec_of(OTHER));
    assert_eq!(world.run(&["history"]).ok(), "");
    edit(&world, "az2", &["--reason", "ticket 7 \u{1b}[31m\u{202e}"]).ok();
    world.run(&["move", OTHER, "--to", "cell1", "--yes"]).ok();

    let listed = world.run(&["history"]).ok();
    let rows: Vec<&str> = listed.lines().collect();
    assert_eq!(rows.len(), 3, "{listed}");
    assert!(rows[0].starts_with("ID  WHEN"), "{listed}");
    assert!(
        rows[1].starts_with("2 ") && rows[1].contains(&format!("move {OTHER} from api to cell1")),
        "{listed}"
    );
    assert!(rows[2].ends_with(&format!("save {UUID} in api (ticket 7 \\u001b[31m\\u202e)")), "{listed}");
    assert!(rows[2].contains("  testing      done  "), "{listed}");
    let found = world.run(&["history", "--where", "ticket", "--where", "11111111"]).ok();
    assert_eq!(found.lines().count(), 2, "{found}");
    assert_eq!(world.run(&["history", "--where", "nothing"]).ok(), "");
    assert_eq!(world.run(&["history", "--limit", "1"]).ok().lines().count(), 2);

    let shown = world.run(&["history", "1"]).ok();
    assert!(shown.contains("availability_zone: \"az1\" -> \"az2\""), "{shown}");
    assert!(shown.contains("reason       ticket 7 \\u001b[31m\\u202e"), "{shown}");
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'));

    let json = lines(&world.run(&["history", "#1", "--json"]).ok());
    assert_eq!(json[0]["reason"], "ticket 7 \u{1b}[31m\u{202e}");
    assert_eq!(
        (&json[0]["results"]["done"], &json[0]["environment"]),
        (&Value::from(1), &Value::from("testing"))
    );
    assert_eq!((&json[1]["before"], &json[1]["state"]), (&Value::from(spec()), &Value::from("done")));
    assert!(json[1]["after"].as_str().unwrap().contains("az2"));
    let exported = lines(&world.run(&["history", "export", "--json"]).ok());
    assert_eq!(exported.len(), 4);
    assert_eq!((&exported[1]["operation"], &exported[1]["after"]), (&"move".into(), &spec_of(OTHER).into()));
    assert_eq!(lines(&world.run(&["history", "--json"]).ok()).len(), 2);

    let missing = world.run(&["history", "9"]).fails(3);
    assert!(missing.contains("has no change #9"), "{missing}");
    world.run(&["history", "x"]).fails(2);
}

#[test]
fn a_change_is_undone_and_redone() {
    let world = World::new();
    world.insert("api", UUID, spec());
    let nothing = world.run(&["undo", "--yes"]);
    assert!(nothing.err().contains("nothing was changed yet") && nothing.code() == 0, "{}", nothing.err());
    edit(&world, "az2", &[]).ok();
    let after = world.stored("api", UUID).unwrap();
    let before = world.fingerprint();
    let dry = world.run(&["undo", "--dry-run"]).ok();
    assert!(dry.contains("availability_zone: \"az2\" -> \"az1\""), "{dry}");
    assert_eq!(world.fingerprint(), before);
    let unasked = world.run(&["undo"]).fails(5);
    assert!(unasked.contains("no terminal to ask on"), "{unasked}");

    let undone = world.run(&["undo", "--yes", "--reason", "a mistake"]);
    assert_eq!(undone.ok(), format!("Saved the spec of {UUID} in api.\n"));
    assert!(undone.err().contains(&format!("undo #1 (save {UUID} in api)")), "{}", undone.err());
    assert_eq!(world.stored("api", UUID).as_deref(), Some(spec()));
    let listed = world.run(&["history"]).ok();
    assert!(listed.contains("undone by #2") && listed.contains("undo #1: save"), "{listed}");
    let twice = world.run(&["undo", "1", "--yes"]).fails(5);
    assert!(twice.contains("change #1 was undone by #2 already"), "{twice}");

    world.run(&["redo", "--yes"]).ok();
    assert_eq!(world.stored("api", UUID), Some(after.clone()));
    world.sql("api", "UPDATE request_specs SET spec = replace(spec, 'az2', 'az3')");
    let changed = world.run(&["undo", "--yes"]).fails(4);
    assert!(changed.contains("was changed since"), "{changed}");
    assert!(world.stored("api", UUID).unwrap().contains("az3"));
    let forbidden = world.run(&["--read-only", "undo", "--yes"]).fails(5);
    assert!(forbidden.contains("read-only"), "{forbidden}");
}

#[test]
fn a_deleted_spec_comes_back_with_its_times() {
    let world = World::new();
    world.insert("cell1", UUID, spec());
    world.run(&["delete", UUID, "--in", "cell1", "--yes", "--force"]).ok();
    assert_eq!(world.holders(UUID), Vec::<&str>::new());
    world.run(&["undo", "--yes"]).ok();
    assert_eq!(world.stored("cell1", UUID).as_deref(), Some(spec()));
    let connection = world.connect("cell1");
    let created: String =
        connection.query_row("SELECT created_at FROM request_specs", [], |row| row.get(0)).unwrap();
    assert_eq!(created, "2024-05-06 07:08:09.000000");
}

/// Refused before anything is written, and told what to do; what only reads does not care.
#[test]
fn without_a_journal_nothing_is_written_and_everything_is_read() {
    let world = World::new();
    world.insert("api", UUID, spec());
    let before = world.fingerprint();
    let directory = world.directory().join("no");
    let damaged = world.directory().join("damaged.sqlite");
    let foreign = world.directory().join("api.sqlite");
    fs::write(&damaged, "no database at all ".repeat(50)).unwrap();
    let read_only = tempfile::tempdir().unwrap();
    let closed = read_only.path().join("journal.sqlite");
    drop(reqspec::change::Journal::open(&closed).unwrap());
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o400)).unwrap();
    for (journal, expected) in [
        (damaged.as_path(), "not an SQLite database"),
        (foreign.as_path(), "another program's database"),
        (closed.as_path(), "it is read-only"),
        (Path::new("api.sqlite/below/journal.sqlite"), "cannot be made or opened"),
        (Path::new("/proc/journal.sqlite"), "cannot be made or opened"),
    ] {
        let journal = journal.to_str().unwrap();
        let refused = edit(&world, "az2", &["--journal", journal]).fails(1);
        assert!(
            refused.contains(expected) && refused.contains("nothing was written"),
            "{journal}: {refused}"
        );
        assert!(refused.contains(journal) && refused.contains("--journal"), "{refused}");
        world.run(&["show", UUID, "--journal", journal]).ok();
        world.run(&["list", "--journal", journal]).ok();
        edit(&world, "az2", &["--journal", journal, "--dry-run"]).ok();
    }
    fs::remove_file(&damaged).unwrap();
    assert_eq!(world.fingerprint(), before);
    assert!(!directory.exists());
    let mut nowhere = world.command(&["delete", UUID, "--in", "api", "--yes", "--force"]);
    nowhere.env_remove("REQSPEC_JOURNAL").env("HOME", "/proc/none");
    let ran = crate::world::Ran(nowhere.output().unwrap());
    let refused = ran.fails(1);
    assert!(refused.contains("cannot be made or opened") && refused.contains("--journal"), "{refused}");
}

/// The disk takes no more: files of this process may not grow.
#[test]
fn a_full_disk_refuses_the_change() {
    let world = World::new();
    world.insert("api", UUID, spec());
    edit(&world, "az2", &[]).ok();
    let before = world.fingerprint();
    let limited = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""])
        .arg(assert_cmd::cargo::cargo_bin("reqspec"))
        .args(["--env-name", "testing", "--api", "api.sqlite", "--cell", "cell1=cell1.sqlite"])
        .args(["edit", UUID, "--in", "api", "--set", "availability_zone=az3", "--yes"])
        .current_dir(world.directory())
        .env("REQSPEC_JOURNAL", world.journal())
        .env("HOME", "/nonexistent")
        .output()
        .unwrap();
    let said = String::from_utf8(limited.stderr).unwrap();
    assert_eq!(limited.status.code(), Some(1), "{said}");
    assert!(said.contains("the journal") && said.contains("nothing was written"), "{said}");
    assert_eq!(world.fingerprint(), before);
    edit(&world, "az3", &[]).ok();
}

/// Runs the program until it stops at that stage, and kills it.
fn killed_at(world: &World, stage: &str, arguments: &[&str]) {
    let stop_file = world.journal().with_extension("stopped");
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("reqspec"))
        .args(["--env-name", "testing", "--api", "api.sqlite", "--cell", "cell1=cell1.sqlite"])
        .args(["--cell", "cell2=sqlite:///cell2.sqlite"])
        .args(arguments)
        .current_dir(world.directory())
        .env("REQSPEC_JOURNAL", world.journal())
        .env("HOME", "/nonexistent")
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
    child.kill().unwrap();
    child.wait().unwrap();
    fs::remove_file(stop_file).unwrap();
}

#[test]
fn an_interrupted_move_is_named_and_recovered() {
    let world = World::new();
    world.insert("api", UUID, spec());
    world.insert("api", OTHER, spec_of(OTHER));
    assert_eq!(world.run(&["recover"]).err(), "reqspec: nothing was interrupted\n");
    killed_at(&world, "Inserted", &["move", UUID, "--to", "cell1", "--yes"]);
    assert_eq!(world.holders(UUID), ["api", "cell1"]);
    let history = world.run(&["history"]).ok();
    assert!(history.contains("  interrupted  "), "{history}");
    let refused = world.run(&["undo", "1", "--yes"]).fails(5);
    assert!(refused.contains("run `reqspec recover` first"), "{refused}");

    // Another change goes its way, and says so.
    let other = world.run(&["move", OTHER, "--to", "cell1", "--yes"]);
    other.ok();
    let said = other.err();
    assert!(said.contains(&format!("#1 move {UUID} from api to cell1: finish")), "{said}");
    assert!(said.contains("run `reqspec recover`"), "{said}");

    let before = world.fingerprint();
    let dry = world.run(&["recover", "--dry-run"]).ok();
    assert!(dry.contains("both hold it: the row in api is left to delete"), "{dry}");
    assert_eq!(world.fingerprint(), before);
    let unasked = world.run(&["recover"]).fails(5);
    assert!(unasked.contains("no terminal"), "{unasked}");
    let done = lines(&world.run(&["recover", "--yes", "--json"]).ok());
    assert_eq!((&done[0]["decision"], &done[0]["recovered"]), (&"finish".into(), &true.into()));
    assert_eq!(world.holders(UUID), ["cell1"]);
    assert_eq!(world.stored("cell1", UUID).as_deref(), Some(spec()));
    assert_eq!(world.run(&["recover", "--yes"]).err(), "reqspec: nothing was interrupted\n");
    world.run(&["undo", "1", "--yes"]).ok();
    assert_eq!(world.holders(UUID), ["api"]);
}

#[test]
fn what_needs_no_write_is_settled_by_the_next_change() {
    let world = World::new();
    world.insert("api", UUID, spec());
    killed_at(&world, "Saved", &["edit", UUID, "--set", "availability_zone=az2", "--yes"]);
    let next = edit(&world, "az3", &[]);
    next.ok();
    let said = next.err();
    assert!(
        said.contains("an interrupted change: #1") && said.contains("done: api holds the new text"),
        "{said}"
    );
    assert_eq!(world.run(&["recover"]).err(), "reqspec: nothing was interrupted\n");
    world.run(&["undo", "--yes"]).ok();
    world.run(&["undo", "--yes"]).ok();
    assert_eq!(world.stored("api", UUID).as_deref(), Some(spec()));
}

#[test]
fn a_change_of_many_specs_is_undone_as_one() {
    let world = World::new();
    world.insert_many("cell1", 25, spec());
    let zones = |zone: &str| -> i64 {
        let sql =
            "SELECT count(*) FROM request_specs WHERE spec LIKE '%\"availability_zone\": \"' || ? || '\"%'";
        world.connect("cell1").query_row(sql, [zone], |row| row.get(0)).unwrap()
    };
    let many = ["edit", "--where", "db=cell1", "--set", "availability_zone=az9", "--confirm", "25"];
    world.run(&many).ok();
    assert_eq!((zones("az1"), zones("az9")), (0, 25));
    let shown = world.run(&["history", "1"]).ok();
    assert_eq!(shown.matches("availability_zone: \"az1\" -> \"az9\"").count(), 25, "{shown}");
    // One is changed by somebody else meanwhile.
    world.sql("cell1", "UPDATE request_specs SET spec = replace(spec, 'az9', 'az5') WHERE id = 7");
    let unconfirmed = world.run(&["undo", "--yes"]).fails(5);
    assert!(unconfirmed.contains("25"), "{unconfirmed}");
    let undone = world.run(&["undo", "--confirm", "25"]);
    undone.fails(6);
    assert_eq!((zones("az1"), zones("az9"), zones("az5")), (24, 0, 1));
    // What is left of it can still be undone, once it fits again.
    let changed = world.run(&["undo", "1", "--yes"]).fails(4);
    assert!(changed.contains("was changed since"), "{changed}");
    world.sql("cell1", "UPDATE request_specs SET spec = replace(spec, 'az5', 'az9') WHERE id = 7");
    world.run(&["undo", "1", "--yes"]).ok();
    assert_eq!(zones("az1"), 25);
    let twice = world.run(&["undo", "1", "--yes"]).fails(5);
    assert!(twice.contains("was undone by #"), "{twice}");
    world.run(&["redo", "2", "--confirm", "24"]).ok();
    assert_eq!((zones("az1"), zones("az9")), (1, 24));
}

#[test]
fn two_at_once_share_the_journal() {
    let world = World::new();
    world.insert("api", UUID, spec());
    world.insert("api", OTHER, spec_of(OTHER));
    let one = |uuid: &str, zone: &str| {
        let mut command = program();
        command.current_dir(world.directory()).env("REQSPEC_JOURNAL", world.journal());
        command.args(["--env-name", "testing", "--api", "api.sqlite", "edit", uuid, "--in", "api"]);
        command.args(["--set", &format!("availability_zone={zone}"), "--yes"]);
        command
    };
    std::thread::scope(|scope| {
        for uuid in [UUID, OTHER] {
            scope.spawn(move || {
                for number in 0..4 {
                    let ran = crate::world::Ran(one(uuid, &format!("z{number}")).output().unwrap());
                    ran.ok();
                }
            });
        }
    });
    let changes = lines(&world.run(&["history", "--json"]).ok());
    assert_eq!(changes.len(), 8);
    assert!(changes.iter().all(|change| change["results"]["done"] == 1 && change["interrupted"] == false));
}
