//! What nova does with a spec after hydrating it, and later when it schedules: the rules about the
//! whole document. Each names its source.
//!
//! Imports its siblings and [`crate::spec::document`]; no I/O.

use super::problem::{Problem, Severity, shown};
use super::types::{Version, v};
use super::version::StoredVersion;
use crate::spec::document::{self, Document, Node};

/// Fields without which scheduling raises ObjectActionError: they are neither lazy-loadable nor set
/// on load (`RequestSpec.obj_load_attr`, `REQUEST_SPEC_OPTIONAL_ATTRS`).
pub(super) const NEEDED: &[&str] = &[
    "image",
    "numa_topology",
    "pci_requests",
    "project_id",
    "availability_zone",
    "flavor",
    "num_instances",
    "force_hosts",
    "force_nodes",
    "limits",
    "instance_group",
    "scheduler_hints",
];

/// Fields of a flavor that the scheduler reads without asking whether they are set.
pub(super) const NEEDED_OF_FLAVOR: &[&str] =
    &["memory_mb", "vcpus", "root_gb", "ephemeral_gb", "swap", "extra_specs"];

/// Problems of a spec whose root is an envelope.
pub(super) fn after_loading(document: &Document) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    let spec = document.root();
    found.missing(spec);
    found.nulls(spec);
    found.flavor(spec);
    found.hints(spec);
    found.group(spec);
    found.topology(spec);
    found.0
}

struct Found(Vec<Problem>);

impl Found {
    fn push(&mut self, severity: Severity, path: impl Into<String>, sentence: impl Into<String>) {
        self.0.push(Problem { severity, path: path.into(), sentence: sentence.into() });
    }

    fn missing(&mut self, spec: Node<'_>) {
        for name in NEEDED {
            if spec.field(name).is_none() {
                self.push(
                    Severity::Harmful,
                    *name,
                    "the key is missing: nova raises ObjectActionError when it schedules",
                );
            }
        }
    }

    fn nulls(&mut self, spec: Node<'_>) {
        for (name, effect) in [
            ("scheduler_hints", "null raises TypeError when nova schedules: write {}"),
            ("pci_requests", "null raises AttributeError on resize: write an empty InstancePCIRequests"),
            (
                "image",
                "null raises AttributeError in the pre-filters: write an ImageMeta with empty properties",
            ),
        ] {
            if spec.field(name).is_some_and(|node| node.is_null()) {
                self.push(Severity::Harmful, name, effect);
            }
        }
    }

    fn flavor(&mut self, spec: Node<'_>) {
        let Some(flavor) = spec.field("flavor").filter(|flavor| flavor.envelope().is_some()) else { return };
        for name in NEEDED_OF_FLAVOR {
            if flavor.field(name).is_none() {
                self.push(
                    Severity::Harmful,
                    format!("flavor.{name}"),
                    "the key is missing: nova raises ObjectActionError when it schedules",
                );
            }
        }
        for (name, least) in
            [("memory_mb", 1), ("vcpus", 1), ("root_gb", 0), ("ephemeral_gb", 0), ("swap", 0)]
        {
            let Some(size) = flavor.field(name).filter(|size| size.kind() == document::Kind::Number) else {
                continue;
            };
            let too_small = match size.as_i64() {
                Some(size) => size < least,
                None => size.raw().starts_with('-'),
            };
            if too_small {
                let sentence = format!("{} is less than {least}", shown(size.raw()));
                self.push(Severity::Harmful, format!("flavor.{name}"), sentence);
            }
        }
    }

    fn hints(&mut self, spec: Node<'_>) {
        let Some(hints) = spec.field("scheduler_hints") else { return };
        if hints.kind() == document::Kind::Object && hints.get("_nova_check_type").is_some() {
            // nova.scheduler.utils.request_is_rebuild / is_live_migrate.
            self.push(
                Severity::Harmful,
                "scheduler_hints._nova_check_type",
                "nova takes every request of this instance for a rebuild or a live migration check",
            );
        }
    }

    /// `RequestSpec._from_db_object`: the group is read afresh by its uuid.
    fn group(&mut self, spec: Node<'_>) {
        let Some(group) = spec.field("instance_group").filter(|group| group.kind() == document::Kind::Object)
        else {
            return;
        };
        let hints = spec.field("scheduler_hints");
        let hint = hints.and_then(|hints| hints.get("group")).filter(|hint| !hint.is_null());
        match group.field("uuid") {
            None if hint.is_none() => self.push(
                Severity::Unloadable,
                "instance_group",
                "the group has no uuid and there is no hint \"group\" to take it from",
            ),
            Some(uuid) => {
                if let Some(named) = hint.map(|hint| hint.at(0).unwrap_or(hint))
                    && named.as_str() != uuid.as_str()
                {
                    let sentence =
                        format!("the hint names {}, the group is {}", shown(named.raw()), shown(uuid.raw()));
                    self.push(Severity::Notice, "scheduler_hints.group", sentence);
                }
            }
            None => {}
        }
        if hints.is_none_or(|hints| hints.is_null()) {
            self.push(
                Severity::Harmful,
                "scheduler_hints",
                "there are no hints: nova cannot load the row once the group is deleted",
            );
        }
    }

    /// `InstanceNUMATopology._migrate_legacy_dedicated_instance_cpuset`, which runs on load.
    fn topology(&mut self, spec: Node<'_>) {
        let Some(topology) = spec.field("numa_topology").filter(|node| node.kind() == document::Kind::Object)
        else {
            return;
        };
        let Some(cells) = topology.field("cells") else {
            return self.push(Severity::Unloadable, "numa_topology", "there are no cells");
        };
        for (index, cell) in cells.children().enumerate() {
            let path = format!("numa_topology.cells[{index}]");
            self.cell(topology, cell, &path);
        }
        self.stale_topology(spec, cells);
    }

    fn cell(&mut self, topology: Node<'_>, cell: Node<'_>, path: &str) {
        let Some(version) = cell_version(cell) else { return };
        let has = |name| cell.field(name).is_some();
        if version < v(1, 4) {
            if topology.field("instance_uuid").is_none() {
                self.push(
                    Severity::Unloadable,
                    path,
                    "a cell older than 1.4 in a topology without instance_uuid",
                );
            }
            return;
        }
        let dedicated =
            cell.field("cpu_policy").and_then(|policy| policy.as_str()).as_deref() == Some("dedicated");
        let truthy = |name| cell.field(name).is_some_and(|set| !set.is_null() && !set.is_empty());
        // An absent cpu_policy is null: the cell is a NovaEphemeralObject, which sets its defaults.
        let missing = if !dedicated {
            None
        } else if version >= v(1, 5) {
            match has("cpuset") {
                false => Some("cpuset"),
                true => (!truthy("cpuset") && !has("pcpuset")).then_some("pcpuset"),
            }
        } else {
            (!truthy("pcpuset") && !has("cpuset")).then_some("cpuset")
        };
        if let Some(missing) = missing {
            self.push(
                Severity::Unloadable,
                path,
                format!("the cell has no {missing}, which nova reads on load"),
            );
        } else if version < v(1, 6) && dedicated && !truthy("pcpuset") {
            self.push(
                Severity::Notice,
                path,
                "a cell from before nova 22: nova moves cpuset to pcpuset and saves the row when it reads it",
            );
        }
    }

    fn stale_topology(&mut self, spec: Node<'_>, cells: Node<'_>) {
        let asked = spec
            .field("flavor")
            .and_then(|flavor| flavor.field("extra_specs"))
            .and_then(|specs| specs.get("hw:numa_nodes"))
            .and_then(|nodes| nodes.as_str()?.trim().parse::<usize>().ok());
        let stored = cells.len();
        if let Some(asked) = asked
            && asked != stored
        {
            let sentence = format!("has {stored} cells, the flavor asks for hw:numa_nodes={asked}: stale");
            self.push(Severity::Notice, "numa_topology", sentence);
        }
    }
}

fn cell_version(cell: Node<'_>) -> Option<Version> {
    let text = cell.envelope()?.version()?;
    StoredVersion::of(&text, super::object("InstanceNUMACell")?).version()
}
