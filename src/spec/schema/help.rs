//! One line of help for each field, and the well-known keys of the maps.
//!
//! What they mean is nova's documentation of flavors, images and scheduling, and
//! `nova/objects/*.py`. Imports its siblings; no I/O.

use super::place::Role;

/// One line about a field, or about one element of it; empty where the name says it all.
pub(super) fn of(object: &str, field: &str, role: Role) -> &'static str {
    match (object, field, role) {
        ("RequestSpec", "scheduler_hints", Role::Entry) => "a hint: a list of strings",
        ("RequestSpec", "scheduler_hints", Role::Item) => "one value of the hint",
        ("Flavor", "extra_specs", Role::Entry) => "an extra spec: a string that filters and drivers read",
        ("ImageMetaProps", ..) => image_property(field),
        _ => field_help(object, field),
    }
}

fn field_help(object: &str, field: &str) -> &'static str {
    match object {
        "RequestSpec" => request_spec(field),
        "Flavor" => flavor(field),
        "ImageMeta" => image(field),
        "InstanceGroup" => group(field),
        "InstanceNUMATopology" => match field {
            "cells" => "the NUMA nodes of the guest",
            "emulator_threads_policy" => "where emulator threads run: isolate takes one more dedicated CPU",
            "instance_uuid" => "the instance the topology belongs to",
            _ => "",
        },
        "InstanceNUMACell" => numa_cell(field),
        "InstancePCIRequests" => match field {
            "requests" => "the devices asked for, from flavor aliases and from ports",
            "instance_uuid" => "the instance the requests belong to",
            _ => "",
        },
        "InstancePCIRequest" => pci_request(field),
        "Destination" => destination(field),
        "SchedulerRetries" => match field {
            "num_attempts" => "how often the scheduler has tried",
            "hosts" => "the hosts it tried, which it does not try again",
            _ => "",
        },
        "SchedulerLimits" => match field {
            "vcpu" => "limit of VCPUs on the chosen host",
            "memory_mb" => "limit of memory on the chosen host, MiB",
            "disk_gb" => "limit of disk on the chosen host, GiB",
            "numa_topology" => "overcommit limits per NUMA node of the chosen host",
            _ => "",
        },
        "VirtCPUTopology" => match field {
            "sockets" => "CPU sockets the guest sees",
            "cores" => "cores per socket",
            "threads" => "threads per core",
            _ => "",
        },
        "SecurityGroupList" | "SecurityGroup" => "security groups asked for at boot; Neutron applies them",
        "NetworkMetadata" => match field {
            "physnets" => "physical networks of the instance, for NUMA affinity",
            "tunneled" => "whether a network of the instance is tunnelled",
            _ => "",
        },
        "RequestGroup" => "one numbered group of the placement query",
        "RequestLevelParams" => "traits and subtrees for the whole placement query",
        _ => "",
    }
}

fn request_spec(field: &str) -> &'static str {
    match field {
        "id" => "row id; the column wins over this value",
        "image" => "the image the instance boots from, as it was when the spec was saved",
        "numa_topology" => "guest NUMA nodes, computed from flavor and image at boot and at resize",
        "pci_requests" => "PCI devices the instance needs",
        "project_id" => "project that owns the instance; quotas and isolation filters read it",
        "user_id" => "user that booted the instance",
        "availability_zone" => "zone asked for; pins the instance for life. Unset: any zone",
        "flavor" => {
            "the flavor embedded at boot or at the last resize; later changes of the flavor do not reach it"
        }
        "num_instances" => "size of the batch the instance was booted in",
        "ignore_hosts" => "hosts to leave out of one request; nova drops it on save",
        "force_hosts" => "hosts an administrator forced; filters are skipped while it is set",
        "force_nodes" => "nodes an administrator forced; filters are skipped while it is set",
        "requested_destination" => "host, cell or aggregates asked for; nova drops it on save",
        "retry" => "attempts and tried hosts of one request; nova drops it on save",
        "limits" => "resource limits of the chosen host",
        "instance_group" => "server group; nova reads it afresh from its tables by uuid",
        "scheduler_hints" => "hints given at boot; each is a list of strings",
        "instance_uuid" => "the instance; the row's column wins over this value",
        "security_groups" => "security groups asked for at boot",
        "network_metadata" => "networks for NUMA affinity; nova drops it on save",
        "is_bfv" => "whether the instance boots from a volume: its root disk then takes no local disk",
        "requested_resources" => "resources of ports and devices; nova drops it on save",
        "request_level_params" => "parameters of the whole placement query; nova drops it on save",
        "requested_networks" => "networks asked for at boot; nova drops it on save",
        _ => "",
    }
}

fn flavor(field: &str) -> &'static str {
    match field {
        "id" => "internal id; a resize compares it, not the name",
        "name" => "name of the flavor",
        "memory_mb" => "memory, MiB",
        "vcpus" => "virtual CPUs",
        "root_gb" => "root disk, GiB; 0 takes the image's size",
        "ephemeral_gb" => "ephemeral disk, GiB",
        "flavorid" => "id of the flavor in the API",
        "swap" => "swap, MiB",
        "rxtx_factor" => "network share factor; unused by today's drivers",
        "vcpu_weight" => "CPU weight; unused by today's drivers",
        "disabled" => "whether the flavor can no longer be chosen",
        "is_public" => "whether every project may use the flavor",
        "extra_specs" => "what the flavor asks of hosts: keys and values that filters and drivers read",
        "projects" => "projects that may use the flavor when it is not public",
        "description" => "free text",
        "created_at" | "updated_at" | "deleted_at" | "deleted" => {
            "the flavor's own record, not the instance's"
        }
        _ => "",
    }
}

fn image(field: &str) -> &'static str {
    match field {
        "id" => "id of the image; absent for an instance that boots from a volume",
        "name" => "name of the image",
        "size" => "size of the image, bytes",
        "min_ram" => "least memory the image needs, MiB; a resize checks it",
        "min_disk" => "least root disk the image needs, GiB; a resize checks it",
        "properties" => "image properties that nova knows",
        "owner" => "project that owns the image",
        "checksum" => "checksum of the image's data",
        "disk_format" => "format of the image's data, such as qcow2",
        "container_format" => "container of the image's data, such as bare",
        "tags" => "tags of the image",
        "status" | "visibility" | "protected" => "as Glance told it when the spec was saved",
        _ => "",
    }
}

fn group(field: &str) -> &'static str {
    match field {
        "uuid" => "the group; it must exist, and the hint \"group\" follows it. Membership is another table",
        "name" => "name of the group when the spec was saved",
        "policies" => "policy as nova 13 to 17 stored it: a list of one",
        "policy" => "policy as nova stores it since 18",
        "_rules" => "rules of the policy, such as max_server_per_host",
        "members" => "members; nova drops them on save",
        "hosts" => "hosts of the members; nova drops them on save",
        "project_id" | "user_id" => "owner of the group",
        _ => "",
    }
}

fn numa_cell(field: &str) -> &'static str {
    match field {
        "id" => "number of the guest node",
        "cpuset" => "guest CPUs of the node that float (since nova 22; dedicated ones too before)",
        "pcpuset" => "guest CPUs of the node that are pinned to host CPUs",
        "cpuset_reserved" => "host CPUs held for the emulator",
        "memory" => "memory of the node, MiB",
        "pagesize" => "page size, KiB; negative: small, large or any",
        "cpu_topology" => "sockets, cores and threads of the node",
        "cpu_pinning_raw" => "guest CPU to host CPU, as placed on the host",
        "cpu_policy" => "shared, dedicated or mixed CPUs",
        "cpu_thread_policy" => "prefer, isolate or require thread siblings",
        _ => "",
    }
}

fn pci_request(field: &str) -> &'static str {
    match field {
        "count" => "how many devices",
        "spec" => "what the device must match: vendor_id, product_id, physical_network, …",
        "alias_name" => "alias in nova.conf, for requests from a flavor; null for those of a port",
        "is_new" => "whether a resize added the request",
        "request_id" => "id that ties the request to its devices or to a port",
        "requester_id" => "port the request comes from",
        "numa_policy" => "how strictly the device must be near the guest's NUMA node",
        _ => "",
    }
}

fn destination(field: &str) -> &'static str {
    match field {
        "host" => "host asked for; compared exactly",
        "node" => "node asked for",
        "cell" => "cell the request is held to",
        "aggregates" => "aggregates: one of each comma-separated entry",
        "forbidden_aggregates" => "aggregates whose hosts are left out",
        "allow_cross_cell_move" => "whether a resize may leave the cell",
        _ => "",
    }
}

fn image_property(field: &str) -> &'static str {
    match field {
        "hw_architecture" => "CPU architecture; ImagePropertiesFilter matches it",
        "img_hv_type" => "hypervisor type; ImagePropertiesFilter matches it",
        "hw_vm_mode" => "guest ABI; ImagePropertiesFilter matches it",
        "img_hv_requested_version" => "hypervisor version; ImagePropertiesFilter matches it",
        "hw_cpu_policy" => "shared, dedicated or mixed CPUs; must not contradict the flavor",
        "hw_cpu_thread_policy" => "prefer, isolate or require thread siblings",
        "hw_numa_nodes" => "NUMA nodes of the guest",
        "hw_numa_cpus" => "guest CPUs of each NUMA node",
        "hw_numa_mem" => "memory of each NUMA node, MiB",
        "hw_mem_page_size" => "page size: small, large, any or a size",
        "hw_mem_encryption" => "encrypted guest memory; needs a host that offers it",
        "hw_firmware_type" => "firmware: uefi or bios",
        "os_secure_boot" => "secure boot; needs a host that offers it",
        "hw_tpm_model" | "hw_tpm_version" => "virtual TPM; needs a host that offers it",
        "traits_required" => "traits that placement must find on the host",
        "hw_pci_numa_affinity_policy" => "how strictly PCI devices must be near the guest's NUMA node",
        _ if field.starts_with("hw_numa") => "NUMA layout of the guest",
        _ if field.starts_with("hw_cpu") => "CPU topology of the guest",
        _ if field.starts_with("img_signature") => "signature of the image",
        _ if field.starts_with("hw_") => "image property: virtual hardware",
        _ if field.starts_with("img_") => "image property: how the image is handled",
        _ if field.starts_with("os_") => "image property: the operating system inside",
        _ => "image property",
    }
}

/// Keys that nova itself knows in a map of free keys.
pub(super) fn known_keys(object: &str, field: &str) -> &'static [&'static str] {
    match (object, field) {
        ("RequestSpec", "scheduler_hints") => HINTS,
        ("Flavor", "extra_specs") => EXTRA_SPECS,
        _ => &[],
    }
}

/// `nova/api/openstack/compute/schemas/servers.py`, os:scheduler_hints.
const HINTS: &[&str] =
    &["group", "same_host", "different_host", "query", "target_cell", "build_near_host_ip", "cidr"];

/// The extra specs most in use, of `nova/api/validation/extra_specs/`.
const EXTRA_SPECS: &[&str] = &[
    "aggregate_instance_extra_specs:",
    "capabilities:",
    "hw:cpu_cores",
    "hw:cpu_dedicated_mask",
    "hw:cpu_policy",
    "hw:cpu_realtime",
    "hw:cpu_realtime_mask",
    "hw:cpu_sockets",
    "hw:cpu_thread_policy",
    "hw:cpu_threads",
    "hw:emulator_threads_policy",
    "hw:locked_memory",
    "hw:maxphysaddr_bits",
    "hw:maxphysaddr_mode",
    "hw:mem_encryption",
    "hw:mem_page_size",
    "hw:numa_nodes",
    "hw:pci_numa_affinity_policy",
    "hw:pmem",
    "hw:tpm_model",
    "hw:tpm_version",
    "hw:vif_multiqueue_enabled",
    "hw:virtio_packed_ring",
    "hw:watchdog_action",
    "hw_rng:allowed",
    "os:secure_boot",
    "pci_passthrough:alias",
    "quota:cpu_shares",
    "quota:disk_read_iops_sec",
    "quota:disk_write_iops_sec",
    "quota:vif_inbound_average",
    "quota:vif_outbound_average",
    "resources:PCPU",
    "resources:VCPU",
    "resources:VGPU",
    "trait:",
];
