//! Views of what the instance is made of: flavor, image, NUMA nodes, PCI devices.
//!
//! Imports its siblings and [`crate::spec::document`]; no I/O.

use std::borrow::Cow;

use super::read::{Read, views};
use crate::spec::schema::v;

views! {
    /// The flavor embedded in a spec.
    FlavorView {
        /// Internal id, which a resize compares.
        id: integer,
        /// Name.
        name: text,
        /// Id in the API.
        flavorid: text,
        /// Virtual CPUs.
        vcpus: integer,
        /// Memory, MiB.
        memory_mb: integer,
        /// Root disk, GiB.
        root_gb: integer,
        /// Ephemeral disk, GiB.
        ephemeral_gb: integer,
        /// Swap, MiB.
        swap: integer,
        /// Network share factor.
        rxtx_factor: number,
        /// CPU weight.
        vcpu_weight: integer,
        /// Whether it can no longer be chosen.
        disabled: boolean,
        /// Whether every project may use it.
        is_public: boolean,
        /// Extra specs, in stored order.
        extra_specs: map,
        /// Projects that may use it.
        projects: texts,
        /// Free text; since nova 17.
        description: text,
        /// When the flavor was made.
        created_at: text,
        /// When it was last changed.
        updated_at: text,
    }

    /// The image embedded in a spec.
    ImageView {
        /// Id; absent for an instance that boots from a volume.
        id: text,
        /// Name.
        name: text,
        /// Glance's status.
        status: text,
        /// Glance's visibility.
        visibility: text,
        /// Whether Glance protects it from deletion.
        protected: boolean,
        /// Checksum of its data.
        checksum: text,
        /// Project that owns it.
        owner: text,
        /// Bytes.
        size: integer,
        /// Bytes once unpacked.
        virtual_size: integer,
        /// Container format.
        container_format: text,
        /// Disk format.
        disk_format: text,
        /// Tags.
        tags: texts,
        /// Least memory, MiB.
        min_ram: integer,
        /// Least root disk, GiB.
        min_disk: integer,
        /// When it was made.
        created_at: text,
        /// When it was last changed.
        updated_at: text,
    }

    /// Guest NUMA nodes.
    NumaTopologyView {
        /// The instance it belongs to.
        instance_uuid: text,
        /// Where emulator threads run; since nova 16.
        emulator_threads_policy: text,
    }

    /// One guest NUMA node.
    NumaCellView {
        /// Number of the node.
        id: integer,
        /// Memory, MiB.
        memory: integer,
        /// Page size, KiB.
        pagesize: integer,
        /// Guest CPUs, as stored: since nova 22 without the dedicated ones.
        cpuset: integers,
        /// Guest CPUs that are pinned; since nova 22.
        pcpuset: integers,
        /// Host CPUs held for the emulator.
        cpuset_reserved: integers,
        /// `shared`, `dedicated` or `mixed`.
        cpu_policy: text,
        /// `prefer`, `isolate` or `require`.
        cpu_thread_policy: text,
        /// Guest CPU to host CPU.
        cpu_pinning_raw: map,
    }

    /// One request for PCI devices.
    PciRequestView {
        /// How many devices.
        count: integer,
        /// Alias in nova.conf; absent for the request of a port.
        alias_name: text,
        /// Whether a resize added it.
        is_new: boolean,
        /// Id of the request.
        request_id: text,
        /// Port it comes from; since nova 19.
        requester_id: text,
        /// How near the devices must be; since nova 17.
        numa_policy: text,
    }
}

impl<'a> FlavorView<'a> {
    /// One extra spec.
    pub fn extra_spec(&self, key: &str) -> Option<Cow<'a, str>> {
        super::read::text_of(self.node.field("extra_specs")?.get(key)?)
    }
}

impl<'a> ImageView<'a> {
    /// Properties in stored order; a value that is no plain one as its JSON text.
    pub fn properties(&self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let Some(properties) = self.node.object("properties") else { return Vec::new() };
        let value = |node| super::read::text_of(node).unwrap_or(Cow::Borrowed(node.raw()));
        properties.fields().children().filter_map(|node| Some((node.key()?, value(node)))).collect()
    }

    /// One property.
    pub fn property(&self, name: &str) -> Option<Cow<'a, str>> {
        self.node.object("properties")?.text(name)
    }
}

impl<'a> NumaTopologyView<'a> {
    /// The nodes.
    pub fn cells(&self) -> Vec<NumaCellView<'a>> {
        self.node.objects("cells").map(NumaCellView::new)
    }
}

impl NumaCellView<'_> {
    /// The dedicated guest CPUs, in every era: until nova 22 they stood in `cpuset`.
    pub fn dedicated_cpus(&self) -> Vec<i64> {
        if self.is_legacy_dedicated() { self.cpuset() } else { self.pcpuset() }
    }

    /// The guest CPUs that float, in every era.
    pub fn shared_cpus(&self) -> Vec<i64> {
        if self.is_legacy_dedicated() { Vec::new() } else { self.cpuset() }
    }

    /// Whether it is a dedicated cell as nova wrote them until 21, which nova migrates, and saves,
    /// when it reads it (`_migrate_legacy_dedicated_instance_cpuset`).
    pub fn is_legacy_dedicated(&self) -> bool {
        self.version().is_some_and(|version| version < v(1, 6))
            && self.cpu_policy().as_deref() == Some("dedicated")
            && self.pcpuset().is_empty()
    }

    /// Sockets, cores and threads, where asked for.
    pub fn cpu_topology(&self) -> Option<(i64, i64, i64)> {
        let topology = self.node.object("cpu_topology")?;
        Some((topology.integer("sockets")?, topology.integer("cores")?, topology.integer("threads")?))
    }
}

impl<'a> PciRequestView<'a> {
    /// What a device must match: each a set of keys and values, one of which is enough.
    pub fn specs(&self) -> Vec<Vec<(Cow<'a, str>, Cow<'a, str>)>> {
        let entries = |spec: crate::spec::document::Node<'a>| {
            spec.children().filter_map(|node| Some((node.key()?, super::read::text_of(node)?))).collect()
        };
        self.node.objects("spec").map(entries)
    }
}
