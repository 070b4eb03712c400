//! The image properties nova knows (fields of `ImageMetaProps`), and what each demands.
//!
//! Sources: `nova/objects/image_meta.py`, `nova/scheduler/filters/image_props_filter.py`,
//! `request_filter.py`, `utils.py`, `nova/virt/hardware.py`, `nova/virt/libvirt/driver.py`.

use super::constraint::{Said, demand, is_true, nothing, setting, unknown};

/// An image property nova knows.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// Its name.
    pub key: &'static str,
    /// What it is for, one line.
    pub help: &'static str,
    bites: Bites,
}

#[derive(Debug, Clone, Copy)]
enum Bites {
    /// Shapes the guest.
    Nowhere,
    /// Shapes the guest if true.
    IfTrueNowhere,
    /// Narrows the hosts, there.
    At(&'static str),
    /// Narrows the hosts if true.
    IfTrue(&'static str),
    /// Narrows the hosts for that value.
    For(&'static str, &'static str),
}

const fn set(key: &'static str, help: &'static str) -> Property {
    Property { key, help, bites: Bites::Nowhere }
}

const fn flag(key: &'static str, help: &'static str) -> Property {
    Property { key, help, bites: Bites::IfTrueNowhere }
}

const fn at(key: &'static str, help: &'static str, bites: &'static str) -> Property {
    Property { key, help, bites: Bites::At(bites) }
}

const fn on(key: &'static str, help: &'static str, bites: &'static str) -> Property {
    Property { key, help, bites: Bites::IfTrue(bites) }
}

const fn only(key: &'static str, value: &'static str, help: &'static str, bites: &'static str) -> Property {
    Property { key, help, bites: Bites::For(value, bites) }
}

const IMAGE_FILTER: &str = "ImagePropertiesFilter";
const NUMA: &str = "NUMATopologyFilter";
const METADATA: &str = "pre-filter transform_image_metadata (off by default)";

/// Every property of ImageMetaProps, in nova's order.
pub static PROPERTIES: &[Property] = &[
    at("hw_architecture", "host of this architecture", IMAGE_FILTER),
    at("hw_emulation_architecture", "emulated architecture", METADATA),
    set("hw_auto_disk_config", "whether the disk is resized automatically"),
    flag("hw_boot_menu", "a boot menu at the console"),
    at("hw_cdrom_bus", "bus of CD-ROM drives", METADATA),
    set("hw_cpu_cores", "cores per socket"),
    set("hw_cpu_sockets", "CPU sockets"),
    set("hw_cpu_max_cores", "most cores per socket"),
    set("hw_cpu_max_sockets", "most CPU sockets"),
    set("hw_cpu_max_threads", "most threads per core"),
    at(
        "hw_cpu_policy",
        "how guest CPUs use host CPUs: dedicated and mixed ask for PCPU",
        "placement, NUMATopologyFilter",
    ),
    at(
        "hw_cpu_thread_policy",
        "hosts with or without hardware threads",
        "placement trait HW_CPU_HYPERTHREADING, NUMATopologyFilter",
    ),
    set("hw_cpu_realtime_mask", "guest CPUs that are not realtime"),
    set("hw_cpu_threads", "threads per core"),
    set("hw_device_id", "device id of the hypervisor (XenAPI)"),
    at("hw_disk_bus", "bus of disks", METADATA),
    set("hw_disk_type", "type of disk adapter (VMware)"),
    set("hw_floppy_bus", "bus of floppy drives"),
    set("hw_firmware_type", "UEFI or BIOS"),
    on("hw_firmware_stateless", "read-only firmware", "placement trait COMPUTE_SECURITY_STATELESS_FIRMWARE"),
    set("hw_input_bus", "bus of input devices"),
    flag("hw_ipxe_boot", "boot by iPXE"),
    flag("hw_locked_memory", "guest memory is never swapped"),
    set("hw_machine_type", "machine type of the hypervisor; hosts may lack it"),
    on("hw_mem_encryption", "MEM_ENCRYPTION_CONTEXT:1 and the CPU's trait", "placement"),
    at("hw_mem_encryption_model", "CPU feature that encrypts guest memory, if encrypted", "placement trait"),
    at("hw_mem_page_size", "size of memory pages", NUMA),
    at("hw_numa_nodes", "number of guest NUMA nodes", NUMA),
    at("hw_numa_cpus", "guest CPUs of each guest NUMA node", NUMA),
    at("hw_numa_mem", "RAM of each guest NUMA node, MB", NUMA),
    at(
        "hw_pci_numa_affinity_policy",
        "how near PCI devices must be",
        "NUMATopologyFilter, PciPassthroughFilter",
    ),
    set("hw_pointer_model", "model of the pointer device"),
    flag("hw_pmu", "a performance monitoring unit in the guest"),
    flag("hw_qemu_guest_agent", "a channel for the guest agent"),
    set("hw_rescue_bus", "bus of the rescue disk"),
    set("hw_rescue_device", "type of the rescue device"),
    set("hw_rng_model", "model of the random number generator"),
    flag("hw_time_hpet", "a high-precision timer"),
    set("hw_serial_port_count", "number of serial ports"),
    set("hw_scsi_model", "model of the SCSI controller"),
    at("hw_video_model", "model of the video device", METADATA),
    set("hw_video_ram", "video RAM, MB; at most hw_video:ram_max_mb"),
    at("hw_vif_model", "model of network devices", METADATA),
    at("hw_viommu_model", "model of the virtual IOMMU", METADATA),
    at("hw_vm_mode", "virtualisation mode of the host", IMAGE_FILTER),
    set("hw_watchdog_action", "what a hung guest gets from the watchdog"),
    flag("hw_vif_multiqueue_enabled", "one network queue per vCPU"),
    at("hw_tpm_model", "a virtual TPM of this model", "placement trait COMPUTE_SECURITY_TPM_*"),
    at("hw_tpm_version", "a virtual TPM of this version", "placement trait COMPUTE_SECURITY_TPM_*"),
    on("hw_ephemeral_encryption", "encrypted local disks", "pre-filter ephemeral_encryption"),
    at(
        "hw_ephemeral_encryption_format",
        "format of encrypted disks, if encrypted",
        "pre-filter ephemeral_encryption",
    ),
    set("hw_ephemeral_encryption_secret_uuid", "secret of the encrypted disks"),
    on("hw_virtio_packed_ring", "packed virtqueues", "pre-filter packed_virtqueue"),
    at(
        "hw_maxphysaddr_mode",
        "address width: the host's or emulated",
        "placement trait COMPUTE_ADDRESS_SPACE_*",
    ),
    at("hw_maxphysaddr_bits", "host CPUs with at least so many address bits", IMAGE_FILTER),
    only("hw_sound_model", "virtio", "model of the sound device", "pre-filter virtio_sound"),
    set("hw_usb_model", "model of the USB controller"),
    set("hw_redirected_usb_ports", "number of redirected USB ports"),
    flag("img_bittorrent", "fetched by BitTorrent (XenAPI)"),
    flag("img_bdm_v2", "the block device mapping is of version 2"),
    set("img_block_device_mapping", "block devices of the image"),
    flag("img_cache_in_nova", "kept in the compute's image cache"),
    set("img_compression_level", "compression level of snapshots"),
    at("img_hv_requested_version", "hypervisor of such a version", IMAGE_FILTER),
    at("img_hv_type", "hypervisor of this type", IMAGE_FILTER),
    set("img_config_drive", "whether a config drive is mandatory"),
    flag("img_linked_clone", "a linked clone (VMware)"),
    set("img_mappings", "names of devices"),
    set("img_owner_id", "the image's owner"),
    set("img_root_device_name", "name of the root device"),
    flag("img_use_agent", "uses the guest agent (XenAPI)"),
    set("img_version", "version of the image's format"),
    set("img_signature", "signature of the image's data"),
    set("img_signature_hash_method", "hash of the signature"),
    set("img_signature_certificate_uuid", "certificate of the signature"),
    set("img_signature_key_type", "key type of the signature"),
    flag("img_hide_hypervisor_id", "the guest is not told that it is one"),
    set("os_admin_user", "name of the administrator"),
    set("os_command_line", "kernel command line"),
    set("os_distro", "the guest's distribution (libosinfo)"),
    flag("os_require_quiesce", "snapshots must quiesce file systems"),
    only(
        "os_secure_boot",
        "required",
        "UEFI secure boot",
        "placement trait COMPUTE_SECURITY_UEFI_SECURE_BOOT",
    ),
    flag("os_skip_agent_inject_files_at_boot", "no files injected at boot"),
    flag("os_skip_agent_inject_ssh", "no SSH key injected"),
    set("os_type", "Linux or Windows"),
    at("traits_required", "traits the host must have", "placement required"),
];

/// The property of that name.
pub fn find(key: &str) -> Option<&'static Property> {
    PROPERTIES.iter().find(|property| property.key == key)
}

/// What an image property demands, known or not.
pub fn say(key: &str, value: &str) -> Said {
    let Some(property) = find(key) else {
        return unknown("unknown to nova: dropped when the spec is loaded");
    };
    let help = property.help;
    match property.bites {
        Bites::Nowhere => setting(help),
        Bites::At(_) if value.is_empty() => nothing("empty"),
        Bites::At(bites) => demand(help, bites),
        Bites::IfTrueNowhere | Bites::IfTrue(_) if !is_true(value) => nothing(format!("off: {help}")),
        Bites::IfTrueNowhere => setting(help),
        Bites::IfTrue(bites) => demand(help, bites),
        Bites::For(wanted, bites) if wanted == value => demand(help, bites),
        Bites::For(..) => setting(help),
    }
}
