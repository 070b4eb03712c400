//! Repairs by name: what they write, what they refuse, of one spec and of many.

use rstest::rstest;
use serde_json::Value;

use crate::world::{OTHER, UUID, World, spec, spec_of};

fn world_with_spec() -> World {
    let world = World::new();
    world.insert("api", UUID, spec());
    world.insert("cell1", OTHER, spec_of(OTHER));
    world
}

#[test]
fn a_repair_changes_its_field_alone_and_needs_to_be_done_once() {
    let world = world_with_spec();
    let before = world.stored("api", UUID).unwrap();
    let dry = world.run(&["repair", "unpin-zone", UUID, "--dry-run"]).ok();
    assert!(dry.contains(r#"availability_zone: "az1" -> null"#), "{dry}");
    assert_eq!(world.stored("api", UUID).unwrap(), before);
    assert!(world.run(&["repair", "unpin-zone", UUID]).fails(5).contains("--yes"));
    assert_eq!(world.stored("api", UUID).unwrap(), before);
    world.run(&["repair", "unpin-zone", UUID, "--yes"]).ok();
    let after = world.stored("api", UUID).unwrap();
    assert_eq!(after, before.replace(r#""availability_zone": "az1""#, r#""availability_zone": null"#));
    let again = world.run(&["repair", "unpin-zone", UUID, "--yes"]);
    assert!(again.ok().is_empty() && again.err().contains("needs no unpin-zone"), "{}", again.err());
    assert_eq!(world.stored("api", UUID).unwrap(), after);
    let history = world.run(&["history"]).ok();
    assert!(history.contains(&UUID[..8]), "{history}");
}

#[test]
fn many_are_repaired_by_one_plan() {
    let world = world_with_spec();
    let arguments = ["repair", "rename-zone", "az1", "new zone", "--where", "az=az1"];
    let refused = world.run(&[&arguments[..], &["--yes"]].concat());
    let number = ["--confirm", "2"];
    if refused.code() == 5 {
        world.run(&[&arguments[..], &number].concat()).ok();
    } else {
        refused.ok();
    }
    for (database, uuid) in [("api", UUID), ("cell1", OTHER)] {
        let stored: Value = serde_json::from_str(&world.stored(database, uuid).unwrap()).unwrap();
        assert_eq!(stored["nova_object.data"]["availability_zone"], "new zone");
    }
    let none = world.run(&[&arguments[..], &["--yes"]].concat());
    none.ok();
    assert!(none.err().contains("no spec to change"), "{}", none.err());
    // Some named by hand: those that need none are left alone.
    world.run(&["repair", "rename-zone", "new zone", "az3", UUID, OTHER, "--confirm", "2"]).ok();
    assert!(world.stored("cell1", OTHER).unwrap().contains(r#""availability_zone": "az3""#));
}

/// Nothing is asked of a database before the words are understood; nothing is guessed where it cannot be asked.
#[rstest]
#[case(&["repair", "unpin"], 2, "there is no repair \"unpin\"; there are unpin-zone")]
#[case(&["repair", "unpin-zone"], 2, "of which specs?")]
#[case(&["repair", "rename-zone", "az1", UUID], 2, "of which specs?")]
#[case(&["repair", "rename-zone", "az1"], 2, "rename-zone OLD NEW")]
#[case(&["repair", "rename-zone", "az1", "az1", UUID], 2, "both zones are")]
#[case(&["repair", "unpin-zone", UUID, "--where", "az=az1"], 2, "beside a query")]
#[case(&["repair", "unpin-zone", "--where", "az=("], 2, "az=(")]
#[case(&["repair", "unpin-zone", "99999999-bbbb-4bbb-8bbb-222222222222"], 3, "99999999")]
#[case(&["repair", "refresh-flavor", UUID, "--yes"], 5, "could not be told")]
#[case(&["repair", "relink-group", UUID, "--yes"], 5, "could not be told")]
#[case(&["repair", "fix-project", UUID, "--yes"], 5, "could not be told")]
#[case(&["--read-only", "repair", "unpin-zone", UUID, "--yes"], 5, "read-only")]
fn what_cannot_be_repaired_is_said(#[case] arguments: &[&str], #[case] code: i32, #[case] says: &str) {
    let world = world_with_spec();
    let before = world.fingerprint();
    let err = world.run(arguments).fails(code);
    assert!(err.contains(says), "{err}");
    assert_eq!(world.fingerprint(), before);
}

#[test]
fn a_malformed_row_is_for_the_editor() {
    let world = world_with_spec();
    world.insert("cell2", "33333333-bbbb-4bbb-8bbb-222222222222", "{\"a\": ");
    let err = world.run(&["repair", "unpin-zone", "33333333-bbbb-4bbb-8bbb-222222222222", "--yes"]).fails(5);
    assert!(err.contains("is malformed") && err.contains("reqspec edit"), "{err}");
}
