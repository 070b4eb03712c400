//! What the extra specs with more than one meaning say, value by value.
//!
//! Sources: `nova/scheduler/utils.py` (`ResourceRequest._translate_*`),
//! `nova/scheduler/filters/extra_specs_ops.py`, `nova/virt/hardware.py`.

use super::constraint::{Said, demand, is_true, nothing, setting, unknown};
use super::extra_specs::Reading;

pub(super) fn if_true(reading: &Reading<'_>, meaning: &'static str, bites: &'static str) -> Said {
    if is_true(reading.value) { demand(meaning, bites) } else { nothing("off") }
}

pub(super) fn cpu_policy(reading: &Reading<'_>) -> Said {
    const BITES: &str = "placement, NUMATopologyFilter";
    let isolated = reading.flavor.emulator_threads.as_deref() == Some("isolate");
    let emulator = i64::from(isolated);
    let plus = if isolated { " (1 for the emulator)" } else { "" };
    match (reading.value, reading.flavor.vcpus) {
        ("dedicated", Some(vcpus)) => {
            demand(format!("PCPU:{} instead of VCPU:{vcpus}{plus}", vcpus.saturating_add(emulator)), BITES)
        }
        ("dedicated", None) => demand("PCPU instead of VCPU", BITES),
        ("mixed", _) => demand("some guest CPUs as PCPU, the rest as VCPU", BITES),
        ("shared", _) => nothing("the default: guest CPUs float over shared host CPUs"),
        _ => unknown("nova has no such policy"),
    }
}

pub(super) fn thread_policy(reading: &Reading<'_>) -> Said {
    const BITES: &str = "placement trait HW_CPU_HYPERTHREADING, NUMATopologyFilter";
    match reading.value {
        "isolate" => demand("hosts without hardware threads, or a core to itself", BITES),
        "require" => demand("hosts with hardware threads", BITES),
        "prefer" => nothing("the default: hardware threads are used where there are"),
        _ => unknown("nova has no such policy"),
    }
}

pub(super) fn emulator_threads(reading: &Reading<'_>) -> Said {
    match reading.value {
        "isolate" => demand("one more PCPU for the emulator", "placement, NUMATopologyFilter"),
        "share" => setting("emulator on the host's cpu_shared_set"),
        _ => unknown("nova has no such policy"),
    }
}

pub(super) fn page_size(reading: &Reading<'_>) -> Said {
    const BITES: &str = "NUMATopologyFilter";
    match reading.value {
        "large" => demand("huge pages only", BITES),
        "small" => demand("small pages only", BITES),
        "any" => demand("any page size, the image may choose", BITES),
        size if size.bytes().all(|byte| byte.is_ascii_digit()) => {
            demand(format!("pages of {size} KiB"), BITES)
        }
        size => demand(format!("pages of {size}"), BITES),
    }
}

pub(super) fn pci_numa(reading: &Reading<'_>) -> Said {
    const BITES: &str = "NUMATopologyFilter, PciPassthroughFilter";
    match reading.value {
        "required" => demand("PCI devices on the guest's NUMA nodes", BITES),
        "socket" => demand(
            "PCI devices on the guest's sockets",
            "placement trait COMPUTE_SOCKET_PCI_NUMA_AFFINITY, NUMATopologyFilter",
        ),
        "preferred" => setting("PCI devices near the guest's NUMA nodes if there are"),
        "legacy" => setting("near, or of devices without a NUMA node"),
        _ => unknown("nova has no such policy"),
    }
}

pub(super) fn pmem(reading: &Reading<'_>) -> Said {
    let classes: Vec<String> = reading
        .value
        .split(',')
        .map(str::trim)
        .filter(|label| !label.is_empty())
        .map(|label| format!("CUSTOM_PMEM_NAMESPACE_{}:1", resource_class(label)))
        .collect();
    if classes.is_empty() { nothing("no label") } else { demand(classes.join(", "), "placement") }
}

pub(super) fn resources(reading: &Reading<'_>) -> Said {
    let (group, class) = (reading.part(0), reading.part(1));
    let of = if group.is_empty() { String::new() } else { format!(" from the provider of group {group}") };
    if reading.value == "0" {
        return setting(format!("no {class} is claimed"));
    }
    demand(format!("{class}:{}{of}", reading.value), format!("placement resources{group}"))
}

pub(super) fn a_trait(reading: &Reading<'_>) -> Said {
    let (group, name) = (reading.part(0), reading.part(1));
    let bites = format!("placement required{group}");
    match reading.value {
        "required" => demand(format!("the provider has {name}"), bites),
        "forbidden" => demand(format!("the provider lacks {name}"), bites),
        _ => unknown("neither required nor forbidden: ignored"),
    }
}

/// A requirement of `extra_specs_ops` in words: "at least 4", "is one of a, b".
pub(super) fn comparison(requirement: &str) -> String {
    let mut words = requirement.split_whitespace();
    let operator = words.next().unwrap_or("");
    let rest = words.collect::<Vec<_>>().join(" ");
    match operator {
        "=" | ">=" => format!("at least {rest}"),
        "<=" => format!("at most {rest}"),
        "==" => format!("equal to {rest}"),
        "!=" | "s!=" => format!("other than {rest}"),
        "s==" => format!("is {rest}"),
        "s<" | "s<=" | "s>" | "s>=" => format!("{} {rest} as text", &operator[1..]),
        "<in>" => format!("contains {rest}"),
        "<all-in>" => format!("contains all of {}", rest.replace("<all-in> ", "")),
        "<or>" => format!("is one of {}", rest.replace(" <or> ", ", ")),
        _ => format!("is {requirement}"),
    }
}

/// os_resource_classes' `normalize_name`, without its prefix.
fn resource_class(label: &str) -> String {
    let word = |character: char| {
        if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' }
    };
    label.chars().map(word).collect()
}
