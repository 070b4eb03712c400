//! What each field, hint, extra spec and image property says; the tables against nova's own lists.

use std::collections::BTreeSet;

use rstest::rstest;

use super::*;
use crate::scheduler::extra_specs::{self, FlavorFacts};
use crate::scheduler::{hints, image_properties};
use crate::spec::schema::OBJECTS;

/// A spec with these fields, in the envelopes of nova 34.
fn spec(data: &str) -> Document {
    let text = format!(
        r#"{{"nova_object.name": "RequestSpec", "nova_object.namespace": "nova", "nova_object.version": "1.15", "nova_object.data": {{{data}}}}}"#
    );
    Document::parse_str(&text).unwrap()
}

fn flavor(specs: &str) -> String {
    format!(
        r#""flavor": {{"nova_object.name": "Flavor", "nova_object.namespace": "nova", "nova_object.version": "1.2", "nova_object.data": {{"vcpus": 4, "memory_mb": 8192, "root_gb": 20, "swap": 0, "extra_specs": {{{specs}}}}}}}"#
    )
}

fn find(lines: &[Constraint], label: &str) -> Constraint {
    lines
        .iter()
        .find(|line| line.label == label)
        .cloned()
        .unwrap_or_else(|| panic!("no {label} in {:?}", lines.iter().map(|l| &l.label).collect::<Vec<_>>()))
}

/// `nova.api.validation.extra_specs.validators.VALIDATORS` of nova 34, capabilities and traits
/// once each.
const NOVA_EXTRA_SPECS: &[&str] = &[
    "accel:device_profile",
    "aggregate_instance_extra_specs:x",
    "capabilities:cpu_info:vendor",
    "group_policy",
    "hide_hypervisor_id",
    "hw:boot_menu",
    "hw:cpu_cores",
    "hw:cpu_dedicated_mask",
    "hw:cpu_max_cores",
    "hw:cpu_max_sockets",
    "hw:cpu_max_threads",
    "hw:cpu_policy",
    "hw:cpu_realtime",
    "hw:cpu_realtime_mask",
    "hw:cpu_sockets",
    "hw:cpu_thread_policy",
    "hw:cpu_threads",
    "hw:emulator_threads_policy",
    "hw:ephemeral_encryption",
    "hw:ephemeral_encryption_format",
    "hw:hide_hypervisor_id",
    "hw:locked_memory",
    "hw:maxphysaddr_bits",
    "hw:maxphysaddr_mode",
    "hw:mem_encryption",
    "hw:mem_encryption_model",
    "hw:mem_page_size",
    "hw:numa_cpus.0",
    "hw:numa_mem.12",
    "hw:numa_nodes",
    "hw:pci_numa_affinity_policy",
    "hw:pmem",
    "hw:pmu",
    "hw:redirected_usb_ports",
    "hw:serial_port_count",
    "hw:sound_model",
    "hw:tpm_model",
    "hw:tpm_secret_security",
    "hw:tpm_version",
    "hw:usb_model",
    "hw:vif_multiqueue_enabled",
    "hw:viommu_model",
    "hw:virtio_packed_ring",
    "hw:watchdog_action",
    "hw_rng:allowed",
    "hw_rng:rate_bytes",
    "hw_rng:rate_period",
    "hw_video:ram_max_mb",
    "os:secure_boot",
    "pci_passthrough:alias",
    "quota:cpu_limit",
    "quota:cpu_period",
    "quota:cpu_quota",
    "quota:cpu_reservation",
    "quota:cpu_shares",
    "quota:cpu_shares_level",
    "quota:cpu_shares_share",
    "quota:disk_io_limit",
    "quota:disk_io_reservation",
    "quota:disk_io_shares_level",
    "quota:disk_io_shares_share",
    "quota:disk_read_bytes_sec",
    "quota:disk_read_iops_sec",
    "quota:disk_total_bytes_sec",
    "quota:disk_total_iops_sec",
    "quota:disk_write_bytes_sec",
    "quota:disk_write_iops_sec",
    "quota:memory_limit",
    "quota:memory_reservation",
    "quota:memory_shares_level",
    "quota:memory_shares_share",
    "quota:vif_inbound_average",
    "quota:vif_inbound_burst",
    "quota:vif_inbound_peak",
    "quota:vif_limit",
    "quota:vif_outbound_average",
    "quota:vif_outbound_burst",
    "quota:vif_outbound_peak",
    "quota:vif_reservation",
    "quota:vif_shares_level",
    "quota:vif_shares_share",
    "resources1:CUSTOM_FPGA",
    "resources:VGPU",
    "resources_nic0:SRIOV_NET_VF",
    "trait:CUSTOM_GOLD",
    "trait2:HW_CPU_X86_VMX",
    "vmware:hw_version",
    "vmware:storage_policy",
];

#[test]
fn every_extra_spec_of_nova_is_known_once() {
    for key in NOVA_EXTRA_SPECS {
        assert!(extra_specs::find(key).is_some(), "{key} is not known");
    }
    let keys: BTreeSet<&str> = extra_specs::RULES.iter().map(|rule| rule.key).collect();
    assert_eq!(keys.len(), extra_specs::RULES.len(), "a rule stands twice");
    for rule in extra_specs::RULES {
        let known = NOVA_EXTRA_SPECS
            .iter()
            .any(|key| extra_specs::find(key).is_some_and(|(found, _)| found.key == rule.key));
        assert!(known, "{} is not nova's", rule.key);
    }
}

#[test]
fn every_image_property_of_nova_is_known_in_novas_order() {
    let properties = OBJECTS.iter().find(|object| object.name == "ImageMetaProps").unwrap();
    let nova: Vec<&str> = properties.fields.iter().map(|field| field.name).collect();
    let ours: Vec<&str> = image_properties::PROPERTIES.iter().map(|property| property.key).collect();
    assert_eq!(ours, nova);
}

#[rstest]
#[case("hw:cpu_policy", "dedicated", Weight::Demand, "PCPU:4 instead of VCPU:4")]
#[case("hw:cpu_policy", "shared", Weight::Nothing, "the default")]
#[case("hw:cpu_policy", "odd", Weight::Unknown, "no such policy")]
#[case("hw:cpu_thread_policy", "require", Weight::Demand, "hosts with hardware threads")]
#[case("hw:emulator_threads_policy", "isolate", Weight::Demand, "one more PCPU")]
#[case("hw:numa_nodes", "2", Weight::Demand, "2 guest NUMA node(s)")]
#[case("hw:numa_cpus.1", "2-3", Weight::Demand, "guest NUMA node 1 has CPUs 2-3")]
#[case("hw:numa_mem.0", "512", Weight::Demand, "guest NUMA node 0 has 512 MB")]
#[case("hw:numa_mem.x", "512", Weight::Unknown, "unknown to nova")]
#[case("hw:mem_page_size", "large", Weight::Demand, "huge pages")]
#[case("hw:mem_page_size", "2048", Weight::Demand, "pages of 2048 KiB")]
#[case("hw:mem_page_size", "1GB", Weight::Demand, "pages of 1GB")]
#[case("hw:mem_encryption", "True", Weight::Demand, "MEM_ENCRYPTION_CONTEXT:1")]
#[case("hw:mem_encryption", "no", Weight::Nothing, "off")]
#[case("hw:pmem", "6GB, a-b", Weight::Demand, "CUSTOM_PMEM_NAMESPACE_6GB:1, CUSTOM_PMEM_NAMESPACE_A_B:1")]
#[case("hw:pci_numa_affinity_policy", "socket", Weight::Demand, "guest's sockets")]
#[case("os:secure_boot", "required", Weight::Demand, "secure boot")]
#[case("os:secure_boot", "disabled", Weight::Nothing, "no secure boot")]
#[case("resources:VGPU", "1", Weight::Demand, "VGPU:1")]
#[case("resources:VCPU", "0", Weight::Setting, "no VCPU is claimed")]
#[case("resources1:CUSTOM_FPGA", "2", Weight::Demand, "CUSTOM_FPGA:2 from the provider of group 1")]
#[case("resources!:VGPU", "1", Weight::Unknown, "unknown to nova")]
#[case("trait:CUSTOM_GOLD", "required", Weight::Demand, "the provider has CUSTOM_GOLD")]
#[case("trait3:HW_NIC", "forbidden", Weight::Demand, "the provider lacks HW_NIC")]
#[case("trait:CUSTOM_GOLD", "yes", Weight::Unknown, "ignored")]
#[case("group_policy", "isolate", Weight::Demand, "another provider")]
#[case("capabilities:cpu_info:vendor", "s== Intel", Weight::Demand, "host cpu_info:vendor is Intel")]
#[case("capabilities:free_ram_mb", ">= 4096", Weight::Demand, "at least 4096")]
#[case("aggregate_instance_extra_specs:ssd", "<or> true <or> yes", Weight::Demand, "ssd is one of true, yes")]
#[case("ssd", "true", Weight::Demand, "unscoped")]
#[case("quota:cpu_shares", "1024", Weight::Setting, "share of CPU time")]
#[case("hw:boot_menu", "false", Weight::Nothing, "off")]
#[case("hw:sound_model", "virtio", Weight::Demand, "virtio sound")]
#[case("cloud:thing", "1", Weight::Unknown, "unknown to nova")]
fn extra_specs_say_what_they_demand(
    #[case] key: &str,
    #[case] value: &str,
    #[case] weight: Weight,
    #[case] meaning: &str,
) {
    let facts = FlavorFacts { vcpus: Some(4), ..FlavorFacts::default() };
    let said = extra_specs::say(key, value, &facts);
    assert_eq!(said.weight, weight, "{said:?}");
    assert!(said.meaning.contains(meaning), "{said:?}");
    assert_eq!(said.bites.is_some(), weight == Weight::Demand, "a demand says where it bites: {said:?}");
}

#[test]
fn an_isolated_emulator_costs_a_cpu_more() {
    let document = spec(&flavor(r#""hw:cpu_policy": "dedicated", "hw:emulator_threads_policy": "isolate""#));
    let line = find(&constraints(&document), "hw:cpu_policy");
    assert_eq!(line.source, "flavor.extra_specs[hw:cpu_policy]");
    assert!(line.meaning.starts_with("PCPU:5 instead of VCPU:4"), "{line:?}");
}

#[rstest]
#[case("", "", "VCPU:4")]
#[case(r#""hw:cpu_policy": "shared""#, "", "VCPU:4")]
#[case(r#""hw:cpu_policy": "dedicated""#, "", "PCPU:4, no VCPU: hw:cpu_policy dedicated")]
#[case(r#""hw:cpu_policy": "dedicated""#, r#""hw_cpu_policy": "shared""#, "PCPU:4, no VCPU")]
#[case("", r#""hw_cpu_policy": "dedicated""#, "PCPU:4, no VCPU: the image's hw_cpu_policy dedicated")]
#[case(
    r#""hw:cpu_policy": "dedicated", "hw:emulator_threads_policy": "isolate""#,
    "",
    "PCPU:5 (1 for the emulator), no VCPU"
)]
#[case(r#""hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": "^0""#, "", "PCPU:3 and VCPU:1")]
#[case(r#""hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": "1-2,^2,3""#, "", "PCPU:2 and VCPU:2")]
#[case(
    r#""hw:cpu_policy": "mixed", "hw:cpu_realtime": "true", "hw:cpu_realtime_mask": "2-3""#,
    r#""hw_cpu_realtime_mask": "3""#,
    "PCPU:1 and VCPU:3"
)]
#[case(r#""hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": "0-9999999999""#, "", "some as PCPU")]
#[case(r#""hw:cpu_policy": "mixed""#, "", "some as PCPU, the rest as VCPU")]
#[case(r#""hw:cpu_policy": "shared""#, r#""hw_cpu_policy": "dedicated""#, "contradict")]
#[case(r#""hw:cpu_policy": "odd""#, "", "no such CPU policy")]
#[case(r#""resources:PCPU": "2""#, "", "not claimed by itself: resources:PCPU")]
fn cpus_are_asked_for_as_the_policy_says(
    #[case] extra_specs: &str,
    #[case] properties: &str,
    #[case] meaning: &str,
) {
    let flavor = format!(r#""flavor": {{"vcpus": 4, "extra_specs": {{{extra_specs}}}}}"#);
    let image = format!(r#""image": {{"properties": {{{properties}}}}}"#);
    let line = find(&constraints(&spec(&format!("{flavor}, {image}"))), "vcpus");
    assert!(line.meaning.contains(meaning), "{line:?}");
}

#[rstest]
#[case(r#""availability_zone": "az1""#, "availability_zone", Weight::Demand, "hosts of this zone")]
#[case(r#""availability_zone": null"#, "availability_zone", Weight::Nothing, "any zone")]
#[case(r#""force_hosts": ["cmp1"]"#, "force_hosts", Weight::Demand, "filters are skipped")]
#[case(r#""force_nodes": ["n1", "n2"]"#, "force_nodes", Weight::Demand, "only these")]
#[case(r#""force_hosts": "cmp1""#, "force_hosts", Weight::Trap, "letter by letter")]
#[case(r#""force_hosts": []"#, "force_hosts", Weight::Nothing, "no host forced")]
#[case(r#""ignore_hosts": ["a", "b"]"#, "ignore_hosts", Weight::Setting, "2 hosts left out")]
#[case(
    r#""requested_destination": {"nova_object.name": "Destination", "nova_object.data": {"host": "c1", "node": null}}"#,
    "destination host",
    Weight::Demand,
    "exact letter case"
)]
#[case(r#""requested_destination": null"#, "requested_destination", Weight::Nothing, "no destination")]
#[case(r#""scheduler_hints": null"#, "scheduler_hints", Weight::Trap, "TypeError")]
#[case(r#""scheduler_hints": {}"#, "scheduler_hints", Weight::Nothing, "no hints")]
#[case(r#""scheduler_hints": {"group": ["u"]}"#, "hint group", Weight::Demand, "server group")]
#[case(r#""scheduler_hints": {"same_host": ["u"]}"#, "hint same_host", Weight::Demand, "one of 1 instance")]
#[case(
    r#""scheduler_hints": {"different_host": ["u", "v"]}"#,
    "hint different_host",
    Weight::Demand,
    "none of 2"
)]
#[case(r#""scheduler_hints": {"query": ["[]"]}"#, "hint query", Weight::Demand, "must hold")]
#[case(
    r#""scheduler_hints": {"build_near_host_ip": ["10.0.0.1"]}"#,
    "hint build_near_host_ip",
    Weight::Demand,
    "network"
)]
#[case(r#""scheduler_hints": {"cidr": ["/24"]}"#, "hint cidr", Weight::Demand, "prefix")]
#[case(
    r#""scheduler_hints": {"_nova_check_type": ["rebuild"]}"#,
    "hint _nova_check_type",
    Weight::Trap,
    "rebuild"
)]
#[case(r#""scheduler_hints": {"mine": ["x"]}"#, "hint mine", Weight::Unknown, "no filter of nova's")]
#[case(r#""scheduler_hints": {"group": "u"}"#, "hint group", Weight::Trap, "letter by letter")]
#[case(r#""instance_group": null"#, "instance_group", Weight::Nothing, "no server group")]
#[case(
    r#""instance_group": {"name": "db", "policy": "anti-affinity", "_rules": {"max_server_per_host": "3"}}"#,
    "server group",
    Weight::Demand,
    "at most 3"
)]
#[case(
    r#""instance_group": {"name": "db", "policies": ["affinity"]}"#,
    "server group",
    Weight::Demand,
    "on a host of its members"
)]
#[case(
    r#""instance_group": {"name": "db", "policy": "soft-affinity"}"#,
    "server group",
    Weight::Setting,
    "weighs hosts"
)]
#[case(r#""limits": {"vcpu": null, "memory_mb": 512}"#, "limit memory_mb", Weight::Setting, "MB of RAM")]
#[case(r#""limits": null"#, "limits", Weight::Nothing, "no limits")]
#[case(r#""retry": {"num_attempts": 2}"#, "retry", Weight::Nothing, "left over")]
#[case(r#""is_bfv": true"#, "is_bfv", Weight::Demand, "volume-backed")]
#[case(r#""is_bfv": "false""#, "is_bfv", Weight::Trap, "takes it for true")]
#[case(r#""num_instances": 5"#, "num_instances", Weight::Setting, "batch")]
#[case(
    r#""requested_resources": [{"resources": {"VF": 2}, "requester_id": "p1"}]"#,
    "request group 0",
    Weight::Demand,
    "p1"
)]
#[case(r#""project_id": null"#, "project_id", Weight::Nothing, "healed")]
fn request_fields_say_what_they_demand(
    #[case] data: &str,
    #[case] label: &str,
    #[case] weight: Weight,
    #[case] meaning: &str,
) {
    let line = find(&constraints(&spec(data)), label);
    assert_eq!(line.weight, weight, "{line:?}");
    assert!(line.meaning.contains(meaning), "{line:?}");
}

#[rstest]
#[case("hw_architecture", "x86_64", Weight::Demand)]
#[case("hw_disk_bus", "virtio", Weight::Demand)]
#[case("hw_boot_menu", "false", Weight::Nothing)]
#[case("hw_firmware_stateless", "true", Weight::Demand)]
#[case("os_secure_boot", "required", Weight::Demand)]
#[case("os_secure_boot", "optional", Weight::Setting)]
#[case("hw_flux_capacitor", "1", Weight::Unknown)]
fn image_properties_say_what_they_demand(#[case] key: &str, #[case] value: &str, #[case] weight: Weight) {
    assert_eq!(image_properties::say(key, value).weight, weight);
}

#[test]
fn topology_lists_cells_and_pci_requests() {
    let document = spec(
        r#""numa_topology": {"cells": [{"id": 0, "cpuset": [], "pcpuset": [3, 0, 1, 2], "memory": 2048, "pagesize": -2, "cpu_policy": "dedicated"}], "emulator_threads_policy": "isolate"},
           "pci_requests": {"requests": [{"count": 2, "alias_name": "a10", "spec": [{"vendor_id": "10de"}], "numa_policy": "socket"},
                                          {"count": 1, "alias_name": null, "requester_id": "port-1", "spec": []}]}"#,
    );
    let lines = constraints(&document);
    assert_eq!(find(&lines, "cell 0 pinned CPUs").value, "0-3");
    assert_eq!(find(&lines, "cell 0 pages").value, "large");
    assert_eq!(find(&lines, "emulator threads").value, "isolate");
    assert_eq!(find(&lines, "PCI request 0").value, "2 × a10");
    assert_eq!(find(&lines, "PCI request 0 spec").value, "vendor_id=10de");
    assert_eq!(find(&lines, "PCI request 0 NUMA").meaning, "on the guest's sockets");
    assert!(find(&lines, "PCI request 1").meaning.contains("port-1"));
}

#[test]
fn cells_of_old_releases_are_shown_as_they_are() {
    let document =
        spec(r#""numa_topology": {"cells": [{"id": 0, "cpuset": [0, 1], "cpu_policy": "dedicated"}]}"#);
    let line = find(&constraints(&document), "cell 0 CPUs");
    assert!(line.meaning.contains("moves them to pcpuset"), "{line:?}");
}

#[rstest]
#[case("null")]
#[case("[]")]
#[case("{}")]
#[case("3")]
#[case(r#"{"flavor": 3, "image": [], "scheduler_hints": 5, "instance_group": "x", "limits": [1], "numa_topology": "x", "pci_requests": 1}"#)]
#[case(r#"{"flavor": {"extra_specs": null, "vcpus": "x"}, "image": {"properties": null}, "force_hosts": {}, "requested_resources": 7}"#)]
fn odd_documents_are_no_trouble(#[case] text: &str) {
    constraints(&Document::parse_str(text).unwrap());
}

#[test]
fn every_hint_stands_once() {
    let keys: BTreeSet<&str> = hints::HINTS.iter().map(|hint| hint.key).collect();
    assert_eq!(keys.len(), hints::HINTS.len());
}
