//! What nova derived from a field that a save changes, and what nova is about to write itself.
//!
//! nova computes `numa_topology` and `pci_requests` from flavor and image at boot and at a resize
//! (nova/compute/api.py, `hardware.numa_get_constraints`, `pci_request.get_pci_requests_from_flavor`);
//! a change of the flavor in the spec does not reach them.

use super::Preparation;
use crate::change::Severity;
use crate::spec::Document;
use crate::spec::document::Node;

/// Extra specs from which nova computes `numa_topology`.
const OF_TOPOLOGY: [&str; 7] = [
    "hw:numa_nodes",
    "hw:cpu_policy",
    "hw:cpu_thread_policy",
    "hw:cpu_dedicated_mask",
    "hw:cpu_realtime_mask",
    "hw:emulator_threads_policy",
    "hw:mem_page_size",
];

impl Preparation<'_> {
    /// Warn of fields that the save leaves as nova derived them from what it changes.
    pub(super) fn warn_of_stale(&mut self, before: &[u8], after: &str) {
        let (Ok(before), Ok(after)) = (Document::parse(before), Document::parse_str(after)) else { return };
        let changed = changed_sources(&before, &after);
        let warnings = ["numa_topology", "pci_requests"].map(|derived| {
            let sources: Vec<&str> =
                changed.iter().filter(|(_, of)| *of == derived).map(|(source, _)| source.as_str()).collect();
            if sources.is_empty() || raw(before.root(), derived) != raw(after.root(), derived) {
                return None;
            }
            Some(format!(
                "{derived} is stale: nova computed it from the flavor, and {} changes without it. The \
                 scheduler goes on with the stored {derived} until a resize computes it anew.",
                sources.join(", ")
            ))
        });
        for sentence in warnings.into_iter().flatten() {
            self.warn(Severity::Warning, sentence);
        }
    }

    /// Warn where nova is about to write the spec itself.
    pub(super) fn warn_of_state(&mut self) {
        let Some(state) = &self.facts.instance_state else { return };
        let sentence = match (&state.task_state, state.vm_state.as_deref()) {
            (Some(task), _) => format!(
                "The instance is busy (task_state {task}): nova will overwrite the spec, or fail to find it, \
                 where the task writes it. Wait until task_state is null."
            ),
            (None, Some("resized")) => {
                "The instance is resized and not confirmed (vm_state resized): nova will \
                 overwrite the spec's flavor when the resize is reverted."
                    .to_owned()
            }
            _ => return,
        };
        self.warn(Severity::Warning, sentence);
    }
}

/// What the flavor has otherwise than before, each with the field that nova derives from it.
fn changed_sources(before: &Document, after: &Document) -> Vec<(String, &'static str)> {
    let flavors = (before.root().field("flavor"), after.root().field("flavor"));
    let mut changed = Vec::new();
    let topology = after.root().field("numa_topology");
    // Without a topology, nothing of it depends on the sizes.
    if topology.is_some_and(|topology| !topology.is_null()) {
        for size in ["vcpus", "memory_mb"] {
            let value =
                |flavor: Option<Node<'_>>| flavor.and_then(|flavor| raw(flavor, size).map(str::to_owned));
            if value(flavors.0) != value(flavors.1) {
                changed.push((format!("flavor.{size}"), "numa_topology"));
            }
        }
    }
    let specs = |flavor: Option<Node<'_>>| -> Vec<(String, String)> {
        let specs = flavor.and_then(|flavor| flavor.field("extra_specs"));
        let entries = specs.into_iter().flat_map(|specs| specs.children());
        entries.filter_map(|entry| Some((entry.key()?.into_owned(), value_of(entry)))).collect()
    };
    let (old, new) = (specs(flavors.0), specs(flavors.1));
    let only_in = |one: &[(String, String)], other: &[(String, String)]| -> Vec<String> {
        one.iter().filter(|entry| !other.contains(entry)).map(|(key, _)| key.clone()).collect()
    };
    let mut keys = only_in(&old, &new);
    keys.extend(only_in(&new, &old));
    keys.sort();
    keys.dedup();
    for key in keys {
        if let Some(derived) = derived_from(&key) {
            changed.push((format!("flavor.extra_specs[{key}]"), derived));
        }
    }
    changed
}

/// The field that nova derives from an extra spec.
fn derived_from(key: &str) -> Option<&'static str> {
    let is_of_topology =
        OF_TOPOLOGY.contains(&key) || key.starts_with("hw:numa_cpus.") || key.starts_with("hw:numa_mem.");
    match key {
        "pci_passthrough:alias" => Some("pci_requests"),
        _ if is_of_topology => Some("numa_topology"),
        _ => None,
    }
}

fn raw<'a>(object: Node<'a>, field: &str) -> Option<&'a str> {
    object.field(field).map(|node| node.raw())
}

fn value_of(node: Node<'_>) -> String {
    node.as_str().map_or_else(|| node.raw().to_owned(), |text| text.into_owned())
}
