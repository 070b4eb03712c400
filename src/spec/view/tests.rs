//! Cases of the typed view, one per era's spelling.

use super::*;

fn object(name: &str, version: &str, data: &str) -> String {
    format!(
        r#"{{"nova_object.name": "{name}", "nova_object.namespace": "nova", "nova_object.version": "{version}", "nova_object.data": {{{data}}}}}"#
    )
}

fn spec(data: &str) -> Document {
    Document::parse_str(&object("RequestSpec", "1.15", data)).unwrap()
}

#[test]
fn plain_fields_and_absent_ones() {
    let document = spec(
        r#""project_id": "p", "availability_zone": null, "num_instances": 2, "force_hosts": ["a"], "is_bfv": true"#,
    );
    let view = SpecView::of(&document);
    assert_eq!(view.project_id().as_deref(), Some("p"));
    assert_eq!((view.availability_zone(), view.user_id()), (None, None));
    assert_eq!((view.num_instances(), view.is_bfv()), (Some(2), Some(true)));
    assert_eq!(view.force_hosts(), ["a"]);
    assert!(view.ignore_hosts().is_empty() && view.flavor().is_none() && view.retry().is_none());
    assert_eq!(view.version(), Some(crate::spec::schema::v(1, 15)));
}

#[rstest::rstest]
#[case("1.10", r#""policies": ["anti-affinity"]"#)]
#[case("1.11", r#""policies": null, "policy": "anti-affinity", "_rules": {"max_server_per_host": "2"}"#)]
fn the_policy_of_a_group_in_every_era(#[case] version: &str, #[case] data: &str) {
    let document = spec(&format!("\"instance_group\": {}", object("InstanceGroup", version, data)));
    let group = SpecView::of(&document).instance_group().unwrap();
    assert_eq!(group.policy().as_deref(), Some("anti-affinity"));
    assert_eq!(group.rules().is_empty(), version == "1.10");
}

#[rstest::rstest]
#[case("1.4", r#""cpuset": [1, 0], "cpu_policy": "dedicated""#, true)]
#[case("1.6", r#""cpuset": [], "pcpuset": [0, 1], "cpu_policy": "dedicated""#, false)]
fn dedicated_cpus_in_every_era(#[case] version: &str, #[case] data: &str, #[case] legacy: bool) {
    let cell = object("InstanceNUMACell", version, data);
    let topology = object("InstanceNUMATopology", "1.3", &format!("\"cells\": [{cell}]"));
    let document = spec(&format!("\"numa_topology\": {topology}"));
    let cells = SpecView::of(&document).numa_topology().unwrap().cells();
    assert_eq!(cells[0].dedicated_cpus(), [0, 1]);
    assert!(cells[0].shared_cpus().is_empty());
    assert_eq!(cells[0].is_legacy_dedicated(), legacy);
}

#[test]
fn nested_objects() {
    let host = object("ComputeNode", "1.16", r#""host": "h", "hypervisor_hostname": "n""#);
    let hosts = object("ComputeNodeList", "1.16", &format!("\"objects\": [{host}]"));
    let retry = object("SchedulerRetries", "1.1", &format!("\"num_attempts\": 2, \"hosts\": {hosts}"));
    let request = object(
        "InstancePCIRequest",
        "1.4",
        r#""count": 1, "spec": [{"vendor_id": "8086"}], "alias_name": "qat""#,
    );
    let requests = object("InstancePCIRequests", "1.1", &format!("\"requests\": [{request}]"));
    let properties = object("ImageMetaProps", "1.30", r#""hw_disk_bus": "virtio", "hw_numa_mem": [1, 2]"#);
    let image = object("ImageMeta", "1.8", &format!("\"name\": \"i\", \"properties\": {properties}"));
    let flavor = object("Flavor", "1.2", r#""vcpus": 4, "extra_specs": {"hw:x": "1"}, "rxtx_factor": 1.5"#);
    let limits = object("SchedulerLimits", "1.0", r#""vcpu": null, "memory_mb": 5"#);
    let document = spec(&format!(
        "\"retry\": {retry}, \"pci_requests\": {requests}, \"image\": {image}, \"flavor\": {flavor}, \"limits\": {limits}, \"scheduler_hints\": {{\"group\": [\"g\"], \"odd\": \"x\"}}"
    ));
    let view = SpecView::of(&document);
    assert_eq!(view.retry().unwrap().hosts(), [("h".into(), Some("n".into()))]);
    assert_eq!(view.pci_requests()[0].specs(), [[("vendor_id".into(), "8086".into())]]);
    assert_eq!(view.image().unwrap().property("hw_disk_bus").as_deref(), Some("virtio"));
    assert_eq!(view.image().unwrap().properties()[1].1, "[1, 2]");
    assert_eq!(view.flavor().unwrap().extra_spec("hw:x").as_deref(), Some("1"));
    assert_eq!(view.flavor().unwrap().rxtx_factor(), Some(1.5));
    assert_eq!(view.limits().unwrap().memory_mb(), Some(5));
    assert_eq!((view.hint("group"), view.hint("odd")), (vec!["g".into()], vec!["x".into()]));
}
