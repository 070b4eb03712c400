//! Cases of the whole-document check: both tables of what nova cannot load and what it misreads.

use super::*;

fn object_text(name: &str, version: &str, data: &str) -> String {
    format!(
        r#"{{"nova_object.name": "{name}", "nova_object.namespace": "nova", "nova_object.version": "{version}", "nova_object.data": {{{data}}}}}"#
    )
}

/// A spec that nova loads and schedules without complaint.
pub(crate) fn sound() -> String {
    let properties = object_text("ImageMetaProps", "1.32", r#""hw_disk_bus": "virtio""#);
    let image =
        object_text("ImageMeta", "1.8", &format!(r#""name": "i", "size": 1, "properties": {properties}"#));
    let flavor = object_text(
        "Flavor",
        "1.2",
        r#""id": 1, "name": "m1", "memory_mb": 512, "vcpus": 1, "root_gb": 1, "ephemeral_gb": 0, "flavorid": "1", "swap": 0, "rxtx_factor": 1.0, "extra_specs": {"a": "b"}"#,
    );
    let pci = object_text("InstancePCIRequests", "1.1", r#""requests": []"#);
    let groups = object_text("SecurityGroupList", "1.1", r#""objects": []"#);
    object_text(
        "RequestSpec",
        "1.14",
        &format!(
            r#""image": {image}, "numa_topology": null, "pci_requests": {pci}, "project_id": "p", "user_id": "u", "availability_zone": "az1", "flavor": {flavor}, "num_instances": 1, "ignore_hosts": null, "force_hosts": null, "force_nodes": null, "requested_destination": null, "retry": null, "limits": null, "instance_group": null, "scheduler_hints": {{"same_host": ["x"]}}, "instance_uuid": "0a4d667b-c0b7-46a4-a249-36d096d83e1b", "security_groups": {groups}, "is_bfv": false"#
        ),
    )
}

fn problems(text: &str) -> Vec<Problem> {
    check(&Document::parse_str(text).unwrap())
}

/// The worst problem after replacing one piece of the sound spec.
fn worst(from: &str, to: &str) -> Option<(Severity, String)> {
    let text = sound();
    assert!(text.contains(from), "{from}");
    let mut found = problems(&text.replacen(from, to, 1));
    found.sort_by_key(|problem| problem.severity);
    found.into_iter().next().map(|problem| (problem.severity, problem.path))
}

#[test]
fn a_sound_spec_has_no_problem() {
    assert_eq!(problems(&sound()), []);
}

#[rstest::rstest]
#[case(r#""nova_object.version": "1.14""#, r#""nova_object.version": "1.15.1""#, "")]
#[case(r#""nova_object.version": "1.14""#, r#""nova_object.version": "1.16""#, "")]
#[case(r#""nova_object.version": "1.14""#, r#""nova_object.version": 1.14"#, "")]
#[case(r#""nova_object.version": "1.14", "#, "", "")]
#[case(r#""nova_object.namespace": "nova""#, r#""nova_object.namespace": "cinder""#, "")]
#[case(r#""nova_object.version": "1.2""#, r#""nova_object.version": "1.3""#, "flavor")]
#[case(r#""nova_object.name": "Flavor""#, r#""nova_object.name": "ImageMeta""#, "flavor")]
#[case(
    r#""nova_object.version": "1.8""#,
    r#""nova_object.changes": null, "nova_object.version": "1.8""#,
    "image[nova_object.changes]"
)]
#[case(r#""memory_mb": 512"#, r#""memory_mb": null"#, "flavor.memory_mb")]
#[case(r#""memory_mb": 512"#, r#""memory_mb": "lots""#, "flavor.memory_mb")]
#[case(r#"{"a": "b"}"#, "null", "flavor.extra_specs")]
#[case(r#"{"a": "b"}"#, "[]", "flavor.extra_specs")]
#[case(r#"{"a": "b"}"#, r#"{"a": null}"#, "flavor.extra_specs.a")]
#[case(r#"{"a": "b"}"#, r#"{"a": ["b"]}"#, "flavor.extra_specs.a")]
#[case(r#""name": "i""#, r#""name": null"#, "image.name")]
#[case(r#""size": 1"#, r#""size": null"#, "image.size")]
#[case(r#""virtio""#, r#""nvme""#, "image.properties.hw_disk_bus")]
#[case(r#""virtio""#, "null", "image.properties.hw_disk_bus")]
#[case(r#""force_hosts": null"#, r#""force_hosts": [null]"#, "force_hosts[0]")]
#[case(r#""force_hosts": null"#, r#""force_hosts": 1"#, "force_hosts")]
#[case(r#"{"same_host": ["x"]}"#, r#"{"same_host": null}"#, "scheduler_hints.same_host")]
#[case(r#""num_instances": 1"#, r#""num_instances": NaN"#, "num_instances")]
#[case(
    r#""instance_group": null"#,
    r#""instance_group": {"nova_object.name": "InstanceGroup", "nova_object.namespace": "nova", "nova_object.version": "1.10", "nova_object.data": {"name": "g"}}"#,
    "instance_group"
)]
#[case(
    r#""numa_topology": null"#,
    r#""numa_topology": {"nova_object.name": "InstanceNUMATopology", "nova_object.namespace": "nova", "nova_object.version": "1.3", "nova_object.data": {"cells": [{"nova_object.name": "InstanceNUMACell", "nova_object.namespace": "nova", "nova_object.version": "1.3", "nova_object.data": {"id": 0, "cpu_policy": null}}]}}"#,
    "numa_topology.cells[0]"
)]
fn what_nova_cannot_load(#[case] from: &str, #[case] to: &str, #[case] path: &str) {
    assert_eq!(worst(from, to), Some((Severity::Unloadable, path.to_owned())));
}

#[rstest::rstest]
#[case(r#""availability_zone": "az1", "#, "", "availability_zone")]
#[case(r#"{"same_host": ["x"]}"#, "null", "scheduler_hints")]
#[case(r#"{"same_host": ["x"]}"#, r#"{"same_host": "x"}"#, "scheduler_hints.same_host")]
#[case(r#"{"same_host": ["x"]}"#, r#"{"_nova_check_type": ["rebuild"]}"#, "scheduler_hints._nova_check_type")]
#[case(r#", "extra_specs": {"a": "b"}"#, "", "flavor.extra_specs")]
#[case(r#""force_hosts": null"#, r#""force_hosts": "cmp1""#, "force_hosts")]
#[case(r#""is_bfv": false"#, r#""is_bfv": "false""#, "is_bfv")]
#[case(r#""memory_mb": 512"#, r#""memory_mb": 4096.7"#, "flavor.memory_mb")]
#[case(r#""memory_mb": 512"#, r#""memory_mb": true"#, "flavor.memory_mb")]
#[case(r#""memory_mb": 512"#, r#""memory_mb": -5"#, "flavor.memory_mb")]
#[case(r#""vcpus": 1"#, r#""vcpus": 0"#, "flavor.vcpus")]
#[case(r#""vcpus": 1"#, r#""vcpus": 1, "vcpus": 2"#, "flavor.vcpus")]
#[case(r#""nova_object.version": "1.14""#, r#""nova_object.version": "1.5.1""#, "nova_object_version")]
fn what_nova_misreads(#[case] from: &str, #[case] to: &str, #[case] path: &str) {
    let path = if path == "nova_object_version" { "[nova_object.version]" } else { path };
    assert_eq!(worst(from, to), Some((Severity::Harmful, path.to_owned())));
}

#[rstest::rstest]
#[case(r#""hw_disk_bus": "virtio""#, r#""hw_future": "x""#, "image.properties.hw_future")]
#[case(r#""is_bfv": false"#, r#""is_bfv": false, "novel": 1"#, "novel")]
#[case(r#""nova_object.version": "1.2", "#, r#""nova_object.version": "1.2", "x": 1, "#, "flavor.x")]
#[case(r#""nova_object.version": "1.14""#, r#""nova_object.version": "1.8""#, "user_id")]
#[case("0a4d667b-c0b7-46a4-a249-36d096d83e1b", "not-a-uuid", "instance_uuid")]
#[case(r#""name": "m1""#, r#""name": 1"#, "flavor.name")]
fn what_nova_does_not_mind(#[case] from: &str, #[case] to: &str, #[case] path: &str) {
    assert_eq!(worst(from, to), Some((Severity::Notice, path.to_owned())));
}

#[rstest::rstest]
#[case("null")]
#[case("{}")]
#[case("[]")]
#[case("7")]
fn no_spec_at_all(#[case] text: &str) {
    assert_eq!(problems(text)[0].severity, Severity::Unloadable);
}

#[test]
fn the_column_wins_over_the_text() {
    let document = Document::parse_str(&sound()).unwrap();
    assert_eq!(check_instance(&document, "0a4d667b-c0b7-46a4-a249-36d096d83e1b"), None);
    assert_eq!(check_instance(&document, "other").unwrap().path, "instance_uuid");
}

#[test]
fn a_hostile_text_has_a_bounded_number_of_problems() {
    let hosts = vec!["null"; 100_000].join(",");
    let text = sound().replacen(r#""force_hosts": null"#, &format!("\"force_hosts\": [{hosts}]"), 1);
    assert!(problems(&text).len() < 1_000);
}
