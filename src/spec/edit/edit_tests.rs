//! Table tests of each kind of edit.

use super::super::*;
use crate::spec::schema::check_sound;

fn document() -> Document {
    Document::parse_str(&check_sound()).unwrap()
}

fn path(text: &str) -> FieldPath {
    text.parse().unwrap()
}

/// Applies edits; the inverse must give the first bytes back.
fn edited(document: &Document, edits: &[Edit]) -> Document {
    let edited = apply(document, edits).unwrap();
    assert_eq!(edited.inverse.apply(edited.document.text()).unwrap().0, document.text());
    assert_eq!(edited.splices.apply(document.text()).unwrap().0, edited.document.text());
    edited.document
}

/// What an edit turns one piece of the sound spec into; everything else must stay as it is.
fn changes(edits: &[Edit], from: &str, to: &str) {
    let document = document();
    assert_eq!(document.text().matches(from).count(), 1, "{from}");
    assert_eq!(edited(&document, edits).text(), document.text().replacen(from, to, 1));
}

fn refusal(edit: Edit) -> String {
    refusal_of(&document(), edit)
}

fn refusal_of(document: &Document, edit: Edit) -> String {
    apply(document, &[edit]).unwrap_err().to_string()
}

#[rstest::rstest]
#[case("availability_zone", "az2", "\"az1\"", "\"az2\"")]
#[case("flavor.vcpus", "4", "\"vcpus\": 1", "\"vcpus\": 4")]
#[case("flavor.name", "😀", "\"m1\"", "\"\\ud83d\\ude00\"")]
#[case("flavor.rxtx_factor", "2", "1.0,", "2.0,")]
#[case(
    "flavor.extra_specs[hw:cpu_policy]",
    "dedicated",
    "{\"a\": \"b\"}",
    "{\"a\": \"b\", \"hw:cpu_policy\": \"dedicated\"}"
)]
#[case("flavor.extra_specs", "x=1", "{\"a\": \"b\"}", "{\"x\": \"1\"}")]
#[case("is_bfv", "yes", "\"is_bfv\": false", "\"is_bfv\": true")]
#[case("force_hosts", "cmp1", "\"force_hosts\": null", "\"force_hosts\": [\"cmp1\"]")]
#[case("force_hosts", "cmp1,cmp2", "\"force_hosts\": null", "\"force_hosts\": [\"cmp1\", \"cmp2\"]")]
#[case("scheduler_hints[group]", "u", "[\"x\"]}", "[\"x\"], \"group\": [\"u\"]}")]
#[case("scheduler_hints[same_host][0]", "y", "[\"x\"]", "[\"y\"]")]
#[case("scheduler_hints[same_host][1]", "y", "[\"x\"]", "[\"x\", \"y\"]")]
#[case("image.properties.hw_disk_bus", "scsi", "\"virtio\"", "\"scsi\"")]
#[case(
    "image.properties.hw_boot_menu",
    "true",
    "{\"hw_disk_bus\"",
    "{\"hw_boot_menu\": true, \"hw_disk_bus\""
)]
#[case("image.properties.os_type", "Linux", "\"virtio\"}", "\"virtio\", \"os_type\": \"linux\"}")]
#[case("flavor.description", "text", "{\"a\": \"b\"}}", "{\"a\": \"b\"}, \"description\": \"text\"}")]
fn sets_what_is_typed(#[case] field: &str, #[case] typed: &str, #[case] from: &str, #[case] to: &str) {
    changes(&[Edit::set(path(field), typed)], from, to);
    assert_eq!(check_typed(&document(), &path(field), typed), Ok(()));
}

#[rstest::rstest]
#[case("availability_zone", "\"availability_zone\": \"az1\"", "\"availability_zone\": null")]
#[case("scheduler_hints", "{\"same_host\": [\"x\"]}", "{}")]
#[case("scheduler_hints[same_host]", "{\"same_host\": [\"x\"]}", "{}")]
#[case("scheduler_hints[same_host][0]", "[\"x\"]", "[]")]
#[case("flavor.extra_specs[a]", "{\"a\": \"b\"}", "{}")]
#[case("flavor.rxtx_factor", "1.0,", "null,")]
#[case("image.properties.hw_disk_bus", "{\"hw_disk_bus\": \"virtio\"}", "{}")]
#[case("image", "\"name\": \"i\", \"size\": 1, ", "")]
fn clears_as_nova_stores_it(#[case] field: &str, #[case] from: &str, #[case] to: &str) {
    if field == "image" {
        let text = edited(&document(), &[Edit::unset(path("image"))]);
        let image = text.root().field("image").unwrap();
        assert_eq!(image.envelope().unwrap().version().unwrap(), "1.8");
        assert!(image.field("name").is_none() && image.field("properties").unwrap().fields().is_empty());
    } else {
        changes(&[Edit::unset(path(field))], from, to);
    }
}

#[rstest::rstest]
#[case("force_hosts")]
#[case("pci_requests")]
#[case("image.properties.hw_video_model")]
#[case("scheduler_hints[group]")]
#[case("flavor.description")]
#[case("instance_group")]
fn clearing_what_is_clear_changes_nothing(#[case] field: &str) {
    assert!(apply(&document(), &[Edit::unset(path(field))]).unwrap().splices.is_empty());
}

#[test]
fn clearing_null_pci_requests_writes_an_empty_object() {
    let text = check_sound();
    let start = text.find("\"pci_requests\": ").unwrap() + 16;
    let end = text.find(", \"project_id\"").unwrap();
    let document = Document::parse_str(&text.replacen(&text[start..end], "null", 1)).unwrap();
    let after = edited(&document, &[Edit::unset(path("pci_requests"))]);
    let pci = after.root().field("pci_requests").unwrap();
    assert_eq!(pci.field("instance_uuid").unwrap().as_str().unwrap(), "0a4d667b-c0b7-46a4-a249-36d096d83e1b");
    assert!(pci.field("requests").unwrap().is_empty());
}

#[rstest::rstest]
#[case("nonsense", "1", "no field")]
#[case("flavor.nonsense", "1", "no field")]
#[case("flavor[nova_object.version]", "1.1", "envelope")]
#[case("id", "1", "id column")]
#[case("flavor.vcpus", "four", "integer")]
#[case("flavor.vcpus", "0", "less than 1")]
#[case("flavor.memory_mb", "-1", "less than 1")]
#[case("flavor.root_gb", "-1", "less than 0")]
#[case("flavor.rxtx_factor", "NaN", "number")]
#[case("flavor.rxtx_factor", "1e400", "number")]
#[case("image.properties.hw_disk_bus", "nvme", "allowed: ")]
#[case("image.properties.hw_sound_model", "sb16", "1.40")]
#[case("requested_resources.x", "1", "position")]
#[case("instance_uuid", "abc", "UUID")]
#[case("flavor", "m1", "JSON")]
#[case("availability_zone", "null", "unset")]
#[case("scheduler_hints[_nova_check_type]", "rebuild", "misread")]
#[case("scheduler_hints[same_host][7]", "y", "shorter")]
#[case("limits.vcpu", "1", "set it as a whole")]
#[case("availability_zone.x", "1", "nothing inside")]
fn refuses_with_a_reason(#[case] field: &str, #[case] typed: &str, #[case] reason: &str) {
    let said = refusal(Edit::set(path(field), typed));
    assert!(said.contains(reason), "{said}");
    assert!(check_typed(&document(), &path(field), typed).is_err());
}

#[rstest::rstest]
#[case("num_instances")]
#[case("flavor.vcpus")]
#[case("instance_uuid")]
#[case("flavor")]
#[case("security_groups")]
fn what_cannot_be_cleared(#[case] field: &str) {
    let said = refusal(Edit::unset(path(field)));
    assert!(said.contains("cannot be empty"), "{said}");
}

#[rstest::rstest]
#[case("scheduler_hints", r#"{"group":["g"] , "x":[ "é" ]}"#, Ok(r#"{"group": ["g"], "x": ["\u00e9"]}"#))]
#[case("scheduler_hints", r#"{"group": "g"}"#, Err("list"))]
#[case("scheduler_hints", "null", Err("TypeError"))]
#[case("flavor.extra_specs", r#"{"a": 1}"#, Err("string"))]
#[case("flavor.extra_specs", r#"{"a": "1", "a": "2"}"#, Err("more than once"))]
#[case("flavor.vcpus", "1.0", Err("integer"))]
#[case("flavor.vcpus", "\"1\"", Err("integer"))]
#[case("flavor.rxtx_factor", "NaN", Err("finite"))]
#[case("flavor.rxtx_factor", "-Infinity", Err("finite"))]
#[case("flavor.rxtx_factor", "1e400", Err("finite"))]
#[case("flavor.rxtx_factor", "1e300", Ok("1e300"))]
#[case("flavor.memory_mb", "1180591620717411303424", Ok("1180591620717411303424"))]
#[case("availability_zone", "null", Ok("null"))]
#[case("availability_zone", "{", Err("not JSON"))]
#[case("limits", "{}", Err("nova_object.name"))]
#[case(
    "limits",
    r#"{"nova_object.name":"SchedulerLimits","nova_object.namespace":"nova","nova_object.version":"1.0","nova_object.data":{"vcpu":3}}"#,
    Ok(
        r#"{"nova_object.name": "SchedulerLimits", "nova_object.namespace": "nova", "nova_object.version": "1.0", "nova_object.data": {"vcpu": 3}}"#
    )
)]
#[case(
    "limits",
    r#"{"nova_object.name":"SchedulerLimits","nova_object.namespace":"nova","nova_object.version":"1.7","nova_object.data":{}}"#,
    Err("newer")
)]
fn sets_json(#[case] field: &str, #[case] json: &str, #[case] expected: Result<&str, &str>) {
    let result = apply(&document(), &[Edit::set_json(path(field), json)]);
    match expected {
        Ok(text) => assert_eq!(path(field).resolve(&result.unwrap().document).unwrap().raw(), text),
        Err(reason) => assert!(result.unwrap_err().to_string().contains(reason)),
    }
}

#[test]
fn the_same_value_changes_no_byte() {
    let odd =
        check_sound().replace("{\"a\": \"b\"}", "{ \"a\" :\"b\" }").replace("[\"x\"]", "[ \"\\u0078\"]");
    let document = Document::parse_str(&odd).unwrap();
    let edits = [
        Edit::set(path("flavor.vcpus"), "1"),
        Edit::set(path("flavor.extra_specs"), "a=b"),
        Edit::set_json(path("scheduler_hints"), "{\"same_host\":[\"x\"]}"),
    ];
    assert!(apply(&document, &edits).unwrap().splices.is_empty());
}

#[test]
fn list_items_and_keys() {
    let hosts = |index, value: &str| Edit::InsertItem {
        path: path("force_hosts"),
        index,
        value: NewValue::Typed(value.into()),
    };
    let edits = [
        hosts(0, "b"),
        hosts(0, "a"),
        hosts(9, "c"),
        Edit::RemoveItem { path: path("force_hosts"), index: 1 },
        Edit::RenameKey { path: path("scheduler_hints.same_host"), key: "different_host".into() },
    ];
    let after = edited(&document(), &edits);
    assert_eq!(path("force_hosts").resolve(&after).unwrap().raw(), "[\"a\", \"c\"]");
    assert_eq!(path("scheduler_hints").resolve(&after).unwrap().raw(), "{\"different_host\": [\"x\"]}");
    assert!(refusal(Edit::RemoveItem { path: path("force_hosts"), index: 0 }).contains("no element"));
    assert!(refusal(Edit::RemoveItem { path: path("flavor"), index: 0 }).contains("not a list"));
    let rename = |key: &str| Edit::RenameKey { path: path("scheduler_hints.same_host"), key: key.into() };
    assert!(refusal(rename("")).contains("empty"));
    assert!(
        refusal(Edit::RenameKey { path: path("flavor.name"), key: "x".into() }).contains("no such entry")
    );
}

#[test]
fn the_hint_follows_the_group() {
    const ONE: &str = "11111111-2222-4333-8444-555555555555";
    let with_group = edited(&document(), &[Edit::set(path("instance_group.uuid"), ONE)]);
    assert_eq!(path("instance_group.uuid").resolve(&with_group).unwrap().as_str().unwrap(), ONE);
    let group = path("instance_group").resolve(&with_group).unwrap();
    assert_eq!(group.envelope().unwrap().version().unwrap(), "1.11");
    assert_eq!(
        path("scheduler_hints").resolve(&with_group).unwrap().raw(),
        format!("{{\"same_host\": [\"x\"], \"group\": [\"{ONE}\"]}}")
    );
    assert!(refusal(Edit::set(path("instance_group.uuid"), "x")).contains("UUID"));
    // The hint alone is not set, cleared, renamed away or left out.
    let hint = path("scheduler_hints[group]");
    let other = "99999999-2222-4333-8444-555555555555";
    for edit in [
        Edit::set(hint.clone(), other),
        Edit::set(path("scheduler_hints[group][0]"), other),
        Edit::set(path("scheduler_hints"), format!("group={other}")),
        Edit::set_json(path("scheduler_hints"), "{}"),
        Edit::unset(hint.clone()),
        Edit::unset(path("scheduler_hints")),
        Edit::RenameKey { path: hint.clone(), key: "x".into() },
    ] {
        let said = refusal_of(&with_group, edit);
        assert!(said.contains("set instance_group.uuid: the hint follows"), "{said}");
    }
    // What says the same, or is beside it, is.
    edited(&with_group, &[Edit::set(hint.clone(), ONE), Edit::set(path("scheduler_hints[x]"), "y")]);
    edited(&with_group, &[Edit::set(hint, other), Edit::set(path("instance_group.uuid"), other)]);
    let without = edited(&with_group, &[Edit::unset(path("instance_group"))]);
    assert_eq!(without.text(), document().text());
}

#[test]
fn an_absent_or_null_map_around_an_entry_is_made() {
    let hints = "\"scheduler_hints\": {\"same_host\": [\"x\"]}";
    let document = Document::parse_str(&check_sound().replace(hints, "\"scheduler_hints\": null")).unwrap();
    let after = edited(&document, &[Edit::set(path("scheduler_hints[x]"), "y")]);
    assert_eq!(path("scheduler_hints").resolve(&after).unwrap().raw(), "{\"x\": [\"y\"]}");
    let document = Document::parse_str(&check_sound().replace(&format!("{hints}, "), "")).unwrap();
    let after = edited(&document, &[Edit::set(path("scheduler_hints[x]"), "y")]);
    // In nova's order.
    assert!(
        after
            .text()
            .contains("\"instance_group\": null, \"scheduler_hints\": {\"x\": [\"y\"]}, \"instance_uuid\"")
    );
}

#[test]
fn duplicate_keys_and_newer_objects_are_not_edited() {
    let twice = check_sound().replace("\"vcpus\": 1", "\"vcpus\": 1, \"vcpus\": 2");
    let document = Document::parse_str(&twice).unwrap();
    assert!(refusal_of(&document, Edit::set(path("flavor.vcpus"), "3")).contains("more than once"));
    // What is beside them is.
    edited(&document, &[Edit::set(path("flavor.swap"), "3")]);
    let newer = check_sound().replace("\"nova_object.version\": \"1.2\"", "\"nova_object.version\": \"1.3\"");
    let document = Document::parse_str(&newer).unwrap();
    assert!(refusal_of(&document, Edit::set(path("flavor.vcpus"), "3")).contains("newer"));
}

#[test]
fn fields_that_the_stored_version_lacks_are_not_added() {
    let old = check_sound().replace("\"nova_object.version\": \"1.14\"", "\"nova_object.version\": \"1.5\"");
    let document = Document::parse_str(&old).unwrap();
    let said = refusal_of(&document, Edit::set(path("requested_resources"), "[]"));
    assert!(said.contains("1.12"), "{said}");
}

#[test]
fn a_broken_spec_may_be_repaired_step_by_step() {
    let broken =
        check_sound().replace("\"size\": 1", "\"size\": null").replace("\"swap\": 0", "\"swap\": null");
    let document = Document::parse_str(&broken).unwrap();
    let first = Edit::set(path("flavor.swap"), "0");
    assert!(refusal_of(&document, first.clone()).contains("image.size"));
    assert_eq!(check_typed(&document, &path("flavor.swap"), "0"), Ok(()));
    let step = apply_unfinished(&document, std::slice::from_ref(&first)).unwrap();
    edited(&step.document, &[Edit::set(path("image.size"), "1")]);
    edited(&document, &[first, Edit::set(path("image.size"), "1")]);
}
