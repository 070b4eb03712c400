//! The fields of a spec that rules go by, as stored texts.
//!
//! Imports `spec`; no I/O.

use crate::spec::Document;
use crate::spec::persist;
use crate::spec::schema::{StoredVersion, Version, object};

/// Exact texts of fields; None where the field is not there.
#[derive(Default)]
pub(super) struct Spec<'t> {
    pub version: Option<Version>,
    pub image: Option<&'t str>,
    pub numa_topology: Option<&'t str>,
    pub pci_requests: Option<&'t str>,
    pub project_id: Option<&'t str>,
    pub user_id: Option<&'t str>,
    pub availability_zone: Option<&'t str>,
    pub flavor: Option<&'t str>,
    pub num_instances: Option<&'t str>,
    pub force_hosts: Option<&'t str>,
    pub force_nodes: Option<&'t str>,
    pub instance_group: Option<&'t str>,
    pub scheduler_hints: Option<&'t str>,
    pub instance_uuid: Option<&'t str>,
    /// The fields that nova's save() strips and that may hold something.
    pub stale: Vec<(&'static str, &'t str)>,
}

impl<'t> Spec<'t> {
    pub fn of(version: Option<Version>, fields: impl Iterator<Item = (&'static str, &'t str)>) -> Self {
        let mut spec = Spec { version, ..Spec::default() };
        fields.for_each(|(name, raw)| spec.take(name, raw));
        spec
    }

    pub fn of_document(document: &'t Document) -> Self {
        let root = document.root();
        let text = root.envelope().and_then(|envelope| envelope.version());
        let version = text.zip(object("RequestSpec"));
        let version = version.and_then(|(text, schema)| StoredVersion::of(&text, schema).version());
        let mut spec = Spec { version, ..Spec::default() };
        // Of duplicate keys the last one counts, as for nova.
        if root.envelope().is_some() {
            for child in root.fields().children() {
                spec.take(&child.key().unwrap_or_default(), child.raw());
            }
        }
        spec
    }

    fn take(&mut self, name: &str, raw: &'t str) {
        let slot = match name {
            "image" => &mut self.image,
            "numa_topology" => &mut self.numa_topology,
            "pci_requests" => &mut self.pci_requests,
            "project_id" => &mut self.project_id,
            "user_id" => &mut self.user_id,
            "availability_zone" => &mut self.availability_zone,
            "flavor" => &mut self.flavor,
            "num_instances" => &mut self.num_instances,
            "force_hosts" => &mut self.force_hosts,
            "force_nodes" => &mut self.force_nodes,
            "instance_group" => &mut self.instance_group,
            "scheduler_hints" => &mut self.scheduler_hints,
            "instance_uuid" => &mut self.instance_uuid,
            _ => {
                if let Some(name) = persist::STRIPPED.iter().find(|stripped| **stripped == name)
                    && !matches!(raw, "null" | "[]")
                {
                    self.stale.push((name, raw));
                }
                return;
            }
        };
        *slot = Some(raw);
    }
}

/// The field's text unless it is null.
pub(super) fn set(raw: Option<&str>) -> Option<&str> {
    raw.filter(|raw| *raw != "null")
}
