//! db, demo, and what is said where a deployment cannot be meant.

use std::fs;

use serde_json::Value;

use crate::world::{Ran, World, program};

#[test]
fn db_sync_adds_the_table_once() {
    let world = World::new();
    world.sql("cell2", "DROP TABLE request_specs; DROP TABLE reqspec_migrations; VACUUM");
    let status = world.run(&["db", "status"]).ok();
    assert!(status.contains("cell2: pending 0001_request_specs; `reqspec db sync` applies it"), "{status}");
    let out = world.run(&["db", "sync", "--in", "cell2"]).ok();
    assert!(out.starts_with("cell2: applied 0001_request_specs (") && out.lines().count() == 1, "{out}");
    let before = world.fingerprint();
    assert!(world.run(&["db", "sync"]).ok().lines().all(|line| line.contains(": current (")));
    assert_eq!(world.fingerprint(), before);
    let lines: Vec<Value> = world
        .run(&["db", "status", "--json"])
        .ok()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["database"], "api");
    assert_eq!(lines[0]["state"], "current");
    assert_eq!(lines[0]["applied"][0]["name"], "0001_request_specs");
}

#[test]
fn db_goes_on_past_a_database_that_is_down() {
    let world = World::new();
    fs::write(world.path("cell1"), "this is not a database, whatever its name says").unwrap();
    let ran = world.run(&["db", "sync"]);
    assert!(ran.fails(1).contains("cell1: "), "{}", ran.err());
    assert_eq!(ran.out().lines().count(), 2);
}

#[test]
fn options_that_cannot_be_meant_are_usage_errors() {
    let world = World::new();
    for (arguments, says) in [
        (&["list", "--cell", "cell1=x.sqlite"][..], "cell cell1 is given twice"),
        (&["list", "--cell", "API=x.sqlite"], "cannot be named"),
        (&["list", "--cell", "x.sqlite"], "give a cell as NAME=URL"),
        (&["--write", "list"], "--write is the terminal UI's"),
        (&["list", "--in", "cell9"], "no database cell9; there are: api, cell1, cell2"),
        (&["move", "--scheduled", "--to", "cell1"], "cannot be used with"),
        (&["demo", "--headless"], "the demo brings its own databases"),
        (&["frobnicate"], "unrecognized subcommand"),
    ] {
        let err = world.run(arguments).fails(2);
        assert!(err.contains(says), "{arguments:?}: {err}");
    }
}

#[test]
fn the_demo_prints_its_first_screen_without_a_terminal() {
    let home = tempfile::tempdir().unwrap();
    let demo = |arguments: &[&str]| {
        let mut command = program();
        command.env("XDG_DATA_HOME", home.path()).args(["demo", "--headless"]).args(arguments);
        Ran(command.output().unwrap()).ok()
    };
    let first = demo(&[]);
    assert!(first.contains("reqspec") && first.contains("demo") && first.contains("cell1"), "{first}");
    let api = home.path().join("reqspec/demo/nova_api.sqlite");
    let fresh = fs::read(&api).unwrap();
    let connection = rusqlite::Connection::open(&api).unwrap();
    connection.execute_batch("DELETE FROM request_specs WHERE id > 3").unwrap();
    drop(connection);
    assert_ne!(demo(&[]), first, "what was changed is kept");
    assert_eq!(demo(&["--reset"]), first);
    assert_eq!(fs::read(&api).unwrap(), fresh);
}

#[test]
fn a_log_is_written_only_when_asked_for_and_holds_no_password() {
    let home = tempfile::tempdir().unwrap();
    let world = World::new();
    let log = home.path().join("reqspec/reqspec.log");
    let run = |level: &str| {
        let mut command = world.command(&["list", "--cell", "c9=mysql//nova:s3cret@db/x"]);
        command.env("XDG_STATE_HOME", home.path()).env("REQSPEC_LOG", level);
        let err = Ran(command.output().unwrap()).fails(2);
        assert!(err.contains("looks like a URL") && !err.contains("s3cret"), "{err}");
    };
    run("");
    assert!(!log.exists());
    run("info");
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.contains("reqspec") && !text.contains("s3cret"), "{text}");
}
