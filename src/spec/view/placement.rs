//! Views of what steers the placement: group, destination, limits, attempts, resource groups.
//!
//! Imports its siblings; no I/O.

use std::borrow::Cow;

use super::read::{Read, views};

views! {
    /// The server group of a spec.
    GroupView {
        /// The group.
        uuid: text,
        /// Its name.
        name: text,
        /// Members; left over in rows of nova 13 to 16.
        members: texts,
        /// Hosts of the members; left over in rows of nova 13 to 16.
        hosts: texts,
        /// Owner.
        project_id: text,
        /// User that made it.
        user_id: text,
    }

    /// Host, cell or aggregates asked for.
    DestinationView {
        /// Host.
        host: text,
        /// Aggregates: of each comma-separated entry one; since nova 16.
        aggregates: texts,
        /// Aggregates whose hosts are left out; since nova 20.
        forbidden_aggregates: texts,
        /// Whether a resize may leave the cell; since nova 20.
        allow_cross_cell_move: boolean,
    }

    /// Limits of the chosen host.
    LimitsView {
        /// VCPUs.
        vcpu: integer,
        /// MiB.
        memory_mb: integer,
        /// GiB.
        disk_gb: integer,
    }

    /// Attempts of one request.
    RetryView {
        /// How many.
        num_attempts: integer,
    }

    /// Physical networks of one request.
    NetworkMetadataView {
        /// Their names.
        physnets: texts,
        /// Whether a network is tunnelled.
        tunneled: boolean,
    }

    /// One resource group of one request.
    ResourceGroupView {
        /// Resource class to amount.
        resources: map,
        /// Traits a provider must have.
        required_traits: texts,
        /// Traits it must not have.
        forbidden_traits: texts,
        /// Who asks: a port or a device profile.
        requester_id: text,
        /// Provider whose tree it must be in.
        in_tree: text,
    }

    /// Parameters of the whole placement query of one request.
    RequestLevelParamsView {
        /// Traits the root provider must have.
        root_required: texts,
        /// Traits it must not have.
        root_forbidden: texts,
    }
}

impl<'a> GroupView<'a> {
    /// The policy, in every era: `policy` since nova 18, the first of `policies` before.
    pub fn policy(&self) -> Option<Cow<'a, str>> {
        self.node.text("policy").or_else(|| self.node.texts("policies").into_iter().next())
    }

    /// Rules of the policy; since nova 18.
    pub fn rules(&self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        self.node.map("_rules")
    }
}

impl<'a> DestinationView<'a> {
    /// Node asked for.
    pub fn hypervisor_node(&self) -> Option<Cow<'a, str>> {
        self.node.text("node")
    }

    /// The cell the request is held to: name, else uuid; since nova 15.
    pub fn cell(&self) -> Option<Cow<'a, str>> {
        let cell = self.node.object("cell")?;
        cell.text("name").or_else(|| cell.text("uuid"))
    }
}

impl LimitsView<'_> {
    /// CPU and memory overcommit per NUMA node of the chosen host.
    pub fn numa_ratios(&self) -> Option<(f64, f64)> {
        let limits = self.node.object("numa_topology")?;
        Some((limits.number("cpu_allocation_ratio")?, limits.number("ram_allocation_ratio")?))
    }

    /// Whether no limit is set.
    pub fn is_empty(&self) -> bool {
        self.vcpu().is_none()
            && self.memory_mb().is_none()
            && self.disk_gb().is_none()
            && self.node.object("numa_topology").is_none()
    }
}

impl<'a> RetryView<'a> {
    /// The hosts tried, each with its node.
    pub fn hosts(&self) -> Vec<(Cow<'a, str>, Option<Cow<'a, str>>)> {
        let hosts = self.node.object("hosts").map(|hosts| hosts.objects("objects")).unwrap_or_default();
        let pair = |host: &crate::spec::document::Node<'a>| {
            Some((host.text("host")?, host.text("hypervisor_hostname")))
        };
        hosts.iter().filter_map(pair).collect()
    }
}
