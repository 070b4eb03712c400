//! create, edit, move, copy, delete: what they write, what they refuse, and how they ask.

use rstest::rstest;
use serde_json::Value;

use crate::world::{OTHER, UUID, World, spec, spec_of};

fn world_with_spec() -> World {
    let world = World::new();
    world.insert("api", UUID, spec());
    std::fs::write(world.directory().join("new.json"), spec_of(OTHER) + "\n").unwrap();
    world
}

/// Every command that writes, in a world of [`world_with_spec`].
const CHANGES: [&[&str]; 5] = [
    &["create", "new.json"],
    &["edit", UUID, "--set", "availability_zone=az2"],
    &["move", UUID, "--to", "cell1"],
    &["copy", UUID, "--to", "cell1"],
    &["delete", UUID, "--in", "api"],
];

fn with(arguments: &[&'static str], more: &[&'static str]) -> Vec<&'static str> {
    [arguments, more].concat()
}

#[test]
fn without_yes_and_without_a_terminal_nothing_is_written() {
    for change in CHANGES {
        let world = world_with_spec();
        let before = world.fingerprint();
        let err = world.run(change).fails(5);
        let is_told = ["--yes does it", "says what is to be typed"].iter().any(|way| err.contains(way));
        assert!(err.contains("there is no terminal to ask on; ") && is_told, "{change:?}: {err}");
        assert!(err.contains("environment  testing"), "the plan is shown all the same: {err}");
        assert_eq!(world.fingerprint(), before, "{change:?}");
    }
}

#[test]
fn read_only_refuses_every_change() {
    for change in CHANGES.into_iter().chain([&["db", "sync"][..], &["move", "--scheduled"]]) {
        let world = world_with_spec();
        let before = world.fingerprint();
        let yes: &[&str] = if change[0] == "db" { &[] } else { &["--yes", "--force"] };
        let err = world.run(&[&["--read-only"], change, yes].concat()).fails(5);
        assert!(err.contains("--read-only was given"), "{change:?}: {err}");
        assert_eq!(world.fingerprint(), before, "{change:?}");
    }
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    for change in CHANGES {
        let world = world_with_spec();
        let before = world.fingerprint();
        let out = world.run(&with(change, &["--dry-run", "--force"])).ok();
        assert!(
            out.starts_with("environment  testing\n")
                && out.contains(change[0].replace("edit", "save").as_str()),
            "{out}"
        );
        assert!(out.ends_with("dry run: nothing was written\n"), "{out}");
        let json = world.run(&with(change, &["--dry-run", "--force", "--json", "--read-only"])).ok();
        let plan: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(plan["environment"], "testing");
        assert_eq!(plan["operations"][0]["operation"], change[0].replace("edit", "save"));
        assert_eq!(world.fingerprint(), before, "{change:?}");
    }
}

#[test]
fn edits_are_made_in_the_order_given_and_nothing_else_changes() {
    let world = world_with_spec();
    let edit = [
        "edit",
        UUID,
        "--set",
        "availability_zone=az2",
        "--set",
        "flavor.extra_specs[hw:cpu_policy]=dedicated",
    ];
    let more = [
        "--set-json",
        r#"scheduler_hints={"group": ["0f43aa11-2222-4333-8444-555566667777"]}"#,
        "--unset",
        "availability_zone",
    ];
    let plan = world.run(&[&edit[..], &more, &["--dry-run"]].concat()).ok();
    assert!(plan.contains(r#"availability_zone: "az1" -> null"#), "{plan}");
    world.run(&[&edit[..], &more, &["--yes"]].concat()).ok();
    let expected = spec()
        .replace(r#""availability_zone": "az1""#, r#""availability_zone": null"#)
        .replace(r#""extra_specs": {}"#, r#""extra_specs": {"hw:cpu_policy": "dedicated"}"#)
        .replace(
            r#""scheduler_hints": {}"#,
            r#""scheduler_hints": {"group": ["0f43aa11-2222-4333-8444-555566667777"]}"#,
        );
    assert_eq!(world.stored("api", UUID), Some(expected));
}

#[rstest]
#[case(&["--set", "availability_zone"], 2, "is not PATH=VALUE")]
#[case(&["--set", "flavor.extra_specs[=x"], 2, "--set: ")]
#[case(&["--set-json", "flavor.vcpus="], 5, "flavor.vcpus")]
#[case(&["--set", "flavor.vcpus=many"], 5, "flavor.vcpus")]
#[case(&["--set", "no_such_field=1"], 5, "no_such_field")]
#[case(&["--set-json", "flavor=null"], 5, "flavor")]
#[case(&[], 2, "nothing to edit: give --set")]
fn edits_that_cannot_be_made(#[case] edits: &[&str], #[case] code: i32, #[case] says: &str) {
    let world = world_with_spec();
    let before = world.fingerprint();
    let err = world.run(&[&["edit", UUID], edits, &["--yes"]].concat()).fails(code);
    assert!(err.contains(says), "{err}");
    assert_eq!(world.fingerprint(), before);
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing() {
    let world = world_with_spec();
    let before = world.fingerprint();
    world.run(&["edit", UUID, "--set", "availability_zone=az1", "--yes"]).ok();
    assert_eq!(world.fingerprint(), before);
}

#[test]
fn a_malformed_spec_is_edited_as_raw_text_only() {
    let world = World::new();
    world.insert("cell1", UUID, "{");
    let err = world.run(&["edit", UUID, "--set", "availability_zone=az2", "--yes"]).fails(5);
    assert!(err.contains("cell1: the spec of") && err.contains("only be edited as raw text"), "{err}");
}

#[test]
fn a_change_is_meant_for_the_only_copy_or_the_one_named() {
    let world = world_with_spec();
    world.insert("cell2", UUID, spec());
    let edit = ["edit", UUID, "--set", "availability_zone=az2", "--yes"];
    let err = world.run(&edit).fails(2);
    assert!(err.contains("is in several databases: api, cell2; give --in"), "{err}");
    world.run(&[&edit[..], &["--in", "cell2"]].concat()).ok();
    assert_eq!(world.stored("api", UUID).as_deref(), Some(spec()));
    assert!(world.stored("cell2", UUID).unwrap().contains("\"az2\""));
    // A beginning of a uuid, in full in what is shown.
    let out = world.run(&["delete", "111111", "--in", "cell2", "--dry-run"]).ok();
    assert!(out.contains(UUID), "{out}");
    world.run(&["edit", OTHER, "--set", "availability_zone=az2", "--yes"]).fails(3);
}

#[test]
fn a_database_that_is_down_may_hold_another_copy() {
    let world = world_with_spec();
    std::fs::remove_file(world.path("cell2")).unwrap();
    let edit = ["edit", UUID, "--set", "availability_zone=az2", "--yes"];
    let err = world.run(&edit).fails(1);
    assert!(err.contains("a database that may hold the spec cannot be asked; give --in"), "{err}");
    world.run(&[&edit[..], &["--in", "api"]].concat()).ok();
}

#[test]
fn create_takes_a_file_or_standard_input() {
    let world = world_with_spec();
    world.run(&["create", "new.json", "--to", "cell2", "--yes"]).ok();
    assert_eq!(world.stored("cell2", OTHER), Some(spec_of(OTHER)));
    let third = "33333333-cccc-4ccc-8ccc-333333333333";
    let ran = world.command(&["create", "-", "--yes"]).write_stdin(spec_of(third)).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(world.stored("api", third), Some(spec_of(third)));

    std::fs::write(world.directory().join("again.json"), spec_of(OTHER).replace("az1", "az7")).unwrap();
    world.run(&["create", "again.json", "--to", "cell2", "--yes"]).fails(4);
    assert_eq!(world.stored("cell2", OTHER), Some(spec_of(OTHER)));
    world.run(&["create", "absent.json", "--yes"]).fails(1);
    std::fs::write(world.directory().join("bad.json"), "{}").unwrap();
    world.run(&["create", "bad.json", "--yes"]).fails(5);
}

#[test]
fn copy_keeps_the_source_and_replaces_only_when_told() {
    let world = world_with_spec();
    world.run(&["copy", UUID, "--to", "cell1", "--yes"]).ok();
    assert_eq!(world.holders(UUID), ["api", "cell1"]);
    world.run(&["edit", UUID, "--in", "api", "--set", "availability_zone=az2", "--yes"]).ok();
    let copy = ["copy", UUID, "--from", "api", "--to", "cell1", "--yes"];
    world.run(&copy).fails(4);
    assert_eq!(world.stored("cell1", UUID).as_deref(), Some(spec()));
    // To overwrite wants a word typed.
    world.run(&[&copy[..], &["--replace"]].concat()).fails(5);
    assert_eq!(world.stored("cell1", UUID).as_deref(), Some(spec()));
    world.run(&[&copy[..], &["--replace", "--force"]].concat()).ok();
    assert_eq!(world.stored("cell1", UUID), world.stored("api", UUID));
}

#[test]
fn move_finishes_what_was_interrupted_and_never_picks_a_winner() {
    let world = world_with_spec();
    // The destination holds the same bytes: only the source row is left to delete.
    world.insert("cell1", UUID, spec());
    world.run(&["move", UUID, "--to", "cell1", "--yes", "--force"]).ok();
    assert_eq!(world.holders(UUID), ["cell1"]);
    // It holds others: a conflict.
    world.insert("api", UUID, spec().replace("az1", "az9"));
    world.run(&["move", UUID, "--from", "api", "--to", "cell1", "--yes", "--force"]).fails(4);
    assert_eq!(world.holders(UUID), ["api", "cell1"]);
    assert_eq!(world.stored("cell1", UUID).as_deref(), Some(spec()));
}

#[test]
fn upstream_nova_keeps_its_specs_unless_forced() {
    let world = world_with_spec();
    world.sql("api", "CREATE TABLE alembic_version (version_num VARCHAR(32))");
    let move_out = ["move", UUID, "--to", "cell1", "--yes"];
    world.run(&move_out).fails(5);
    assert_eq!(world.holders(UUID), ["api"]);
    world.run(&[&move_out[..], &["--force"]].concat()).ok();
    assert_eq!(world.holders(UUID), ["cell1"]);
}

#[test]
fn delete_wants_its_database() {
    let world = world_with_spec();
    world.insert("cell1", UUID, spec());
    world.run(&["delete", UUID, "--yes", "--force"]).fails(2);
    world.run(&["delete", UUID, "--in", "cell1", "--yes", "--force"]).ok();
    assert_eq!(world.holders(UUID), ["api"]);
    world.run(&["delete", UUID, "--in", "cell1", "--yes", "--force"]).fails(3);
}

#[test]
fn a_database_that_may_not_be_written() {
    let world = world_with_spec();
    let connection = rusqlite::Connection::open(world.path("api")).unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let err = world.run(&["edit", UUID, "--in", "api", "--set", "availability_zone=az2", "--yes"]).fails(1);
    assert!(err.contains("api: ") && err.contains("locked"), "{err}");
}

#[test]
fn a_server_group_must_exist_and_its_members_are_elsewhere() {
    let world = World::new();
    world.insert("api", UUID, spec());
    let group = "33333333-cccc-4ccc-8ccc-333333333333";
    let set = format!("instance_group.uuid={group}");
    let edit = ["edit", UUID, "--set", set.as_str(), "--yes"];
    let dry = ["edit", UUID, "--set", set.as_str(), "--dry-run"];
    let out = world.run(&dry).ok();
    assert!(out.contains("could not be checked: no instance_groups"), "{out}");
    world.sql("api", "CREATE TABLE instance_groups (id INTEGER PRIMARY KEY, uuid VARCHAR(36) NOT NULL)");
    let err = world.run(&edit).fails(5);
    assert!(err.contains(&format!("no server group {group}")) && err.contains("--force overrules"), "{err}");
    assert_eq!(world.stored("api", UUID).unwrap(), spec());
    world.sql("api", &format!("INSERT INTO instance_groups VALUES (1, '{group}')"));
    let ran = world.run(&edit);
    ran.ok();
    assert!(ran.err().contains("instance_group_member"), "{}", ran.err());
    assert!(world.stored("api", UUID).unwrap().contains(group));
    // A save that leaves the group alone asks nothing.
    world.sql("api", "DELETE FROM instance_groups");
    let ran = world.run(&["edit", UUID, "--set", "availability_zone=az7", "--yes"]);
    ran.ok();
    assert!(!ran.err().contains("group"), "{}", ran.err());
}

/// A beginning may be of another spec in a database that failed to look for it.
#[test]
fn a_beginning_is_not_taken_for_unique_where_a_database_could_not_look() {
    let world = World::new();
    world.insert("api", UUID, spec());
    world.sql(
        "cell2",
        "INSERT INTO request_specs (instance_uuid, spec) VALUES ('11111111-dddd-4ddd-8ddd-111111111111', '{');
         ALTER TABLE request_specs RENAME TO other;
         CREATE VIEW request_specs AS
             SELECT id, created_at, updated_at, instance_uuid, json(spec) AS spec FROM other",
    );
    let err = world.run(&["edit", "11111111", "--set", "availability_zone=az7", "--yes"]).fails(1);
    assert!(err.contains("warning: cell2: ") && err.contains("give the whole uuid"), "{err}");
    assert_eq!(world.stored("api", UUID).unwrap(), spec());
    world.run(&["edit", UUID, "--set", "availability_zone=az7", "--yes"]).ok();
}

#[test]
fn an_instance_that_nova_is_busy_with_is_warned_of() {
    let world = World::with_mappings();
    world.insert("cell1", UUID, spec());
    world.map(UUID, Some(2));
    let plan = |arguments: &[&str]| world.run(&[arguments, &["--dry-run", "--force"]].concat()).ok();
    let edit = ["edit", UUID, "--set", "availability_zone=az2"];
    // Without nova's table of instances nothing is known.
    assert!(!plan(&edit).contains("nova will overwrite"));
    world.sql(
        "cell1",
        &format!(
            "CREATE TABLE instances (uuid VARCHAR(36), vm_state VARCHAR(255), task_state VARCHAR(255), deleted INTEGER);
             INSERT INTO instances VALUES ('{UUID}', 'error', 'deleting', 7), ('{UUID}', 'active', NULL, 0)"
        ),
    );
    assert!(!plan(&edit).contains("nova will overwrite"));
    for (change, word) in [
        ("vm_state = 'resized'", "vm_state resized"),
        ("task_state = 'resize_prep'", "task_state resize_prep"),
    ] {
        world.sql("cell1", &format!("UPDATE instances SET {change} WHERE deleted = 0"));
        for arguments in [&edit[..], &["move", UUID, "--to", "api"], &["delete", UUID, "--in", "cell1"]] {
            let out = plan(arguments);
            assert!(out.contains("warning") && out.contains(word), "{out}");
        }
    }
}
