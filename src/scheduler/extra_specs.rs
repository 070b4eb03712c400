//! The extra specs nova knows, and what each demands. Keys may hold `{name}` where any text
//! stands: `trait{group}:{trait}`.
//!
//! Sources: `nova/api/validation/extra_specs/*.py` (names and values), `nova/scheduler/utils.py`
//! (`ResourceRequest`), `request_filter.py`, `filters/*.py`, `nova/virt/hardware.py`.

use super::constraint::{Said, demand, is_true, nothing, setting, unknown};
use super::extra_specs_says as says;

/// What is known of the flavor an extra spec stands in.
#[derive(Debug, Clone, Default)]
pub struct FlavorFacts {
    /// `vcpus`, if an integer.
    pub vcpus: Option<i64>,
    /// The value of `hw:emulator_threads_policy`.
    pub emulator_threads: Option<String>,
}

/// One extra spec, matched to its rule.
#[derive(Debug)]
pub struct Reading<'a> {
    /// The value as stored.
    pub value: &'a str,
    /// What stands at the rule's placeholders, in order.
    pub parts: Vec<&'a str>,
    /// The flavor.
    pub flavor: &'a FlavorFacts,
}

impl Reading<'_> {
    /// The text at that placeholder, "" if there is none.
    pub fn part(&self, index: usize) -> &str {
        self.parts.get(index).copied().unwrap_or("")
    }
}

/// An extra spec nova knows.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The key, with `{name}` placeholders.
    pub key: &'static str,
    /// Its values, where they are few; empty where any text or number may stand.
    pub values: &'static [&'static str],
    /// What it is for, one line, whatever the value.
    pub help: &'static str,
    says: Says,
}

#[derive(Debug, Clone, Copy)]
enum Says {
    /// Shapes the guest; the help says it.
    Setting,
    /// Shapes the guest if true.
    Flag,
    /// As the function says.
    By(fn(&Reading<'_>) -> Said),
}

const fn set(key: &'static str, values: &'static [&'static str], help: &'static str) -> Rule {
    Rule { key, values, help, says: Says::Setting }
}

const fn flag(key: &'static str, help: &'static str) -> Rule {
    Rule { key, values: BOOLEAN, help, says: Says::Flag }
}

const fn by(
    key: &'static str,
    values: &'static [&'static str],
    help: &'static str,
    says: fn(&Reading<'_>) -> Said,
) -> Rule {
    Rule { key, values, help, says: Says::By(says) }
}

const BOOLEAN: &[&str] = &["true", "false"];
const SHARES: &[&str] = &["custom", "high", "normal", "low"];
const REQUIRED: &[&str] = &["required", "forbidden"];

/// Every extra spec nova knows, in the order of completion.
pub static RULES: &[Rule] = &[
    by("hw:cpu_policy", &["dedicated", "shared", "mixed"], "how guest CPUs use host CPUs", says::cpu_policy),
    by(
        "hw:cpu_thread_policy",
        &["prefer", "isolate", "require"],
        "hosts with or without hardware threads",
        says::thread_policy,
    ),
    by(
        "hw:emulator_threads_policy",
        &["isolate", "share"],
        "where the emulator's own threads run",
        says::emulator_threads,
    ),
    by("hw:cpu_dedicated_mask", &[], "the guest CPUs of a mixed instance that are pinned", |r| {
        demand(
            format!("guest CPUs {} pinned, the rest floats", r.value),
            "placement PCPU/VCPU, NUMATopologyFilter",
        )
    }),
    by("hw:cpu_realtime", BOOLEAN, "realtime scheduling of guest CPUs", |r| {
        says::if_true(r, "realtime guest CPUs (needs pinned CPUs)", "NUMATopologyFilter, libvirt")
    }),
    set("hw:cpu_realtime_mask", &[], "guest CPUs that are (or, with ^, are not) realtime"),
    by("hw:numa_nodes", &[], "number of guest NUMA nodes", |r| {
        demand(
            format!("{} guest NUMA node(s), each on a host node of its own", r.value),
            "NUMATopologyFilter",
        )
    }),
    by("hw:numa_cpus.{node}", &[], "guest CPUs of that guest NUMA node", |r| {
        demand(format!("guest NUMA node {} has CPUs {}", r.part(0), r.value), "NUMATopologyFilter")
    }),
    by("hw:numa_mem.{node}", &[], "MB of RAM of that guest NUMA node", |r| {
        demand(format!("guest NUMA node {} has {} MB", r.part(0), r.value), "NUMATopologyFilter")
    }),
    by(
        "hw:mem_page_size",
        &["large", "small", "any"],
        "size of the memory pages behind the guest",
        says::page_size,
    ),
    by("hw:mem_encryption", BOOLEAN, "encrypted guest memory", |r| {
        says::if_true(
            r,
            "MEM_ENCRYPTION_CONTEXT:1 and the CPU's trait (AMD SEV if no model is named)",
            "placement",
        )
    }),
    by(
        "hw:mem_encryption_model",
        &["amd-sev", "amd-sev-es", "amd-sev-snp", "intel-tdx"],
        "CPU feature that encrypts guest memory",
        |r| demand(format!("{}, once hw:mem_encryption is true", r.value), "placement trait"),
    ),
    flag("hw:locked_memory", "guest memory is never swapped (needs NUMA or page size)"),
    by(
        "hw:pci_numa_affinity_policy",
        &["required", "preferred", "legacy", "socket"],
        "how near PCI devices must be to the guest's NUMA nodes",
        says::pci_numa,
    ),
    by("hw:pmem", &[], "labels of virtual persistent memory", says::pmem),
    by(
        "hw:maxphysaddr_mode",
        &["passthrough", "emulate"],
        "physical address width of the guest",
        |r| match r.value {
            "passthrough" => {
                demand("the host's address width", "placement trait COMPUTE_ADDRESS_SPACE_PASSTHROUGH")
            }
            "emulate" => {
                demand("an emulated address width", "placement trait COMPUTE_ADDRESS_SPACE_EMULATED")
            }
            _ => unknown("nova has no such mode"),
        },
    ),
    by("hw:maxphysaddr_bits", &[], "physical address bits of the guest", |r| {
        demand(format!("host CPUs with at least {} address bits", r.value), "ComputeCapabilitiesFilter")
    }),
    by("hw:tpm_version", &["1.2", "2.0"], "version of the virtual TPM", |r| {
        demand(format!("a virtual TPM {}", r.value), "placement trait COMPUTE_SECURITY_TPM_*")
    }),
    by("hw:tpm_model", &["tpm-tis", "tpm-crb"], "model of the virtual TPM", |r| {
        demand(format!("a virtual TPM of model {}", r.value), "placement trait COMPUTE_SECURITY_TPM_*")
    }),
    by("hw:tpm_secret_security", &["user", "host", "deployment"], "who may read the TPM's secret", |r| {
        demand(format!("TPM secret kept by the {}", r.value), "pre-filter tpm_secret_security")
    }),
    by("os:secure_boot", &["required", "disabled", "optional"], "UEFI secure boot", |r| match r.value {
        "required" => demand("UEFI secure boot", "placement trait COMPUTE_SECURITY_UEFI_SECURE_BOOT"),
        _ => nothing("no secure boot demanded"),
    }),
    by("hw:virtio_packed_ring", BOOLEAN, "packed virtqueue format", |r| {
        says::if_true(r, "packed virtqueues", "pre-filter packed_virtqueue (COMPUTE_NET_VIRTIO_PACKED)")
    }),
    by("hw:viommu_model", &["intel", "smmuv3", "virtio", "auto"], "model of the virtual IOMMU", |r| {
        setting(format!("virtual IOMMU {}; libvirt refuses what it cannot give", r.value))
    }),
    by("hw:ephemeral_encryption", BOOLEAN, "encrypted ephemeral disks", |r| {
        says::if_true(r, "encrypted local disks", "pre-filter ephemeral_encryption (trait)")
    }),
    by(
        "hw:ephemeral_encryption_format",
        &["plain", "luks", "luksv2"],
        "format of encrypted ephemeral disks",
        |r| {
            demand(
                format!("format {}, once hw:ephemeral_encryption is true", r.value),
                "pre-filter ephemeral_encryption",
            )
        },
    ),
    by(
        "hw:sound_model",
        &["sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "virtio"],
        "model of the sound device",
        |r| match r.value {
            "virtio" => {
                demand("a virtio sound device", "pre-filter virtio_sound (COMPUTE_SOUND_MODEL_VIRTIO)")
            }
            _ => setting("the guest's sound device"),
        },
    ),
    flag("hw:vif_multiqueue_enabled", "one network queue per vCPU"),
    set(
        "hw:watchdog_action",
        &["none", "pause", "poweroff", "reset", "disabled"],
        "what a hung guest gets from the watchdog",
    ),
    flag("hw:boot_menu", "a boot menu at the console"),
    set("hw:cpu_sockets", &[], "sockets of the guest's CPU topology"),
    set("hw:cpu_cores", &[], "cores per socket of the guest's CPU topology"),
    set("hw:cpu_threads", &[], "threads per core of the guest's CPU topology"),
    set("hw:cpu_max_sockets", &[], "most sockets an image may ask for"),
    set("hw:cpu_max_cores", &[], "most cores per socket an image may ask for"),
    set("hw:cpu_max_threads", &[], "most threads per core an image may ask for"),
    flag("hw:hide_hypervisor_id", "the guest is not told that it is one"),
    flag("hw:pmu", "a performance monitoring unit in the guest"),
    set("hw:serial_port_count", &[], "number of serial ports"),
    set("hw:usb_model", &["none", "nec-xhci", "qemu-xhci"], "model of the USB controller"),
    set("hw:redirected_usb_ports", &[], "number of redirected USB ports, at most 15"),
    flag("hw_rng:allowed", "a random number generator in the guest"),
    set("hw_rng:rate_bytes", &[], "bytes of entropy per period"),
    set("hw_rng:rate_period", &[], "length of an entropy period, ms"),
    set("hw_video:ram_max_mb", &[], "most video RAM an image may ask for, MB"),
    by("pci_passthrough:alias", &[], "PCI devices by alias, NAME:COUNT, comma-separated", |r| {
        demand(format!("PCI devices {}; see Topology", r.value), "PciPassthroughFilter, NUMATopologyFilter")
    }),
    by("accel:device_profile", &[], "a Cyborg device profile", |r| {
        demand(format!("accelerators of profile {}: Cyborg's to judge", r.value), "pre-filter accelerators")
    }),
    by(
        "resources{group}:{class}",
        &[],
        "an amount of a resource class, in place of nova's own",
        says::resources,
    ),
    by("trait{group}:{trait}", REQUIRED, "a trait that the provider must or must not have", says::a_trait),
    by("group_policy", &["isolate", "none"], "whether request groups may share a provider", |r| {
        match r.value {
            "isolate" => demand("numbered groups each from another provider", "placement group_policy"),
            _ => setting(
                "numbered groups may share a provider; an unscoped key for AggregateInstanceExtraSpecsFilter",
            ),
        }
    }),
    by(
        "aggregate_instance_extra_specs:{key}",
        &[],
        "metadata that an aggregate of the host must have",
        |r| {
            demand(
                format!("aggregate metadata {} {}", r.part(0), says::comparison(r.value)),
                "AggregateInstanceExtraSpecsFilter",
            )
        },
    ),
    by("capabilities:{attribute}", &[], "a host attribute or stat that must match", |r| {
        demand(format!("host {} {}", r.part(0), says::comparison(r.value)), "ComputeCapabilitiesFilter")
    }),
    set("quota:cpu_shares", &[], "relative share of CPU time"),
    set("quota:cpu_period", &[], "enforcement interval of cpu_quota, µs"),
    set("quota:cpu_quota", &[], "CPU time per period and vCPU, µs"),
    set("quota:disk_read_bytes_sec", &[], "most bytes read per second"),
    set("quota:disk_read_iops_sec", &[], "most reads per second"),
    set("quota:disk_write_bytes_sec", &[], "most bytes written per second"),
    set("quota:disk_write_iops_sec", &[], "most writes per second"),
    set("quota:disk_total_bytes_sec", &[], "most bytes per second"),
    set("quota:disk_total_iops_sec", &[], "most disk operations per second"),
    set("quota:vif_inbound_average", &[], "average inbound traffic, kB/s"),
    set("quota:vif_inbound_peak", &[], "peak inbound traffic, kB/s"),
    set("quota:vif_inbound_burst", &[], "inbound burst, kB"),
    set("quota:vif_outbound_average", &[], "average outbound traffic, kB/s"),
    set("quota:vif_outbound_peak", &[], "peak outbound traffic, kB/s"),
    set("quota:vif_outbound_burst", &[], "outbound burst, kB"),
    set("quota:cpu_limit", &[], "VMware: most CPU, MHz"),
    set("quota:cpu_reservation", &[], "VMware: guaranteed CPU, MHz"),
    set("quota:cpu_shares_level", SHARES, "VMware: share level of CPU"),
    set("quota:cpu_shares_share", &[], "VMware: CPU shares of level custom"),
    set("quota:memory_limit", &[], "VMware: most memory, MB"),
    set("quota:memory_reservation", &[], "VMware: guaranteed memory, MB"),
    set("quota:memory_shares_level", SHARES, "VMware: share level of memory"),
    set("quota:memory_shares_share", &[], "VMware: memory shares of level custom"),
    set("quota:disk_io_limit", &[], "VMware: most disk operations per second"),
    set("quota:disk_io_reservation", &[], "VMware: guaranteed disk operations per second"),
    set("quota:disk_io_shares_level", SHARES, "VMware: share level of disk I/O"),
    set("quota:disk_io_shares_share", &[], "VMware: disk I/O shares of level custom"),
    set("quota:vif_limit", &[], "VMware: most network traffic, Mbps"),
    set("quota:vif_reservation", &[], "VMware: guaranteed network traffic, Mbps"),
    set("quota:vif_shares_level", SHARES, "VMware: share level of network traffic"),
    set("quota:vif_shares_share", &[], "VMware: network shares of level custom"),
    set("vmware:hw_version", &[], "VMware: hardware version of the machine"),
    set("vmware:storage_policy", &[], "VMware: storage policy of the machine"),
    flag("hide_hypervisor_id", "deprecated spelling of hw:hide_hypervisor_id"),
];

/// The rule for a key and what stands at its placeholders.
pub fn find(key: &str) -> Option<(&'static Rule, Vec<&str>)> {
    RULES.iter().find_map(|rule| Some((rule, placeholders(rule.key, key)?)))
}

/// What an extra spec demands, known or not.
pub fn say(key: &str, value: &str, flavor: &FlavorFacts) -> Said {
    if let Some((rule, parts)) = find(key) {
        let reading = Reading { value, parts, flavor };
        return match rule.says {
            Says::Setting => setting(rule.help),
            Says::Flag if is_true(value) => setting(rule.help),
            Says::Flag => nothing(format!("off: {}", rule.help)),
            Says::By(says) => says(&reading),
        };
    }
    if key.contains(':') {
        return unknown("unknown to nova; another service or a driver may read it");
    }
    demand(
        format!("unscoped: host or aggregate metadata {}", says::comparison(value)),
        "ComputeCapabilitiesFilter if a host attribute; AggregateInstanceExtraSpecsFilter",
    )
}

/// Matches a key against a rule's, giving what stands at each `{name}`.
fn placeholders<'k>(pattern: &str, key: &'k str) -> Option<Vec<&'k str>> {
    let mut parts = Vec::new();
    let (mut pattern, mut key) = (pattern, key);
    while let Some((literal, rest)) = pattern.split_once('{') {
        key = key.strip_prefix(literal)?;
        let (name, rest) = rest.split_once('}')?;
        // Text up to the next literal; the last placeholder takes the rest.
        let end = match rest.split('{').next() {
            Some("") | None => key.len(),
            Some(next) => key.find(next)?,
        };
        let part = &key[..end];
        let fits = match name {
            // XS_KEYPAT of nova/scheduler/utils.py: [a-zA-Z0-9_-]{1,64} or nothing.
            "group" => {
                part.len() <= 64
                    && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
            }
            "node" => !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()),
            _ => !part.is_empty(),
        };
        if !fits {
            return None;
        }
        parts.push(part);
        key = &key[end..];
        pattern = rest;
    }
    (key == pattern).then_some(parts)
}
