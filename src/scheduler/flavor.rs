//! What the flavor says: sizes and extra specs.
//!
//! Sources: `nova/scheduler/utils.py` (`ResourceRequest.from_request_spec`),
//! `nova/objects/flavor.py`.

use crate::spec::{FieldPath, Node};

use super::constraint::{Constraint, MOST, Said, Tab, Weight, demand, is_falsy, nothing, setting, show};
use super::cpus;
use super::extra_specs::{self, FlavorFacts};

const FLAVOR: Tab = Tab::Flavor;

/// Appends what the flavor says.
pub fn constraints(root: Node<'_>, out: &mut Vec<Constraint>) {
    let Some(flavor) = root.field("flavor") else { return };
    let path = FieldPath::of(["flavor"]);
    if flavor.is_null() {
        out.push(
            Constraint::new(FLAVOR, &path, "flavor", "")
                .says(Weight::Trap, "null: nova cannot load the spec")
                .bites("load"),
        );
        return;
    }
    let volume_backed = root.field("is_bfv").is_some_and(|node| !is_falsy(node));
    let around = Around { root, flavor, volume_backed };
    for (name, says) in FIELDS {
        if let Some(node) = flavor.field(name) {
            let line = Constraint::new(FLAVOR, &path.join(*name), *name, with_unit(name, node));
            out.push(says(node, &around).about(line));
        }
    }
    let Some(specs) = flavor.field("extra_specs") else {
        out.push(
            Constraint::new(FLAVOR, &path.join("extra_specs"), "extra_specs", "")
                .says(Weight::Trap, "missing: scheduling fails with an ObjectActionError")
                .bites("scheduler"),
        );
        return;
    };
    let facts = facts(flavor, specs);
    if specs.is_empty() {
        out.push(
            Constraint::new(FLAVOR, &path.join("extra_specs"), "extra_specs", "")
                .says(Weight::Nothing, "no extra specs"),
        );
    }
    for spec in specs.children().take(MOST) {
        let key = spec.key().unwrap_or_default();
        let source = path.join("extra_specs").join(key.as_ref());
        let value = show(spec);
        let line = Constraint::new(FLAVOR, &source, key.as_ref(), value.clone());
        out.push(if spec.is_null() {
            line.says(Weight::Trap, "null: nova cannot load the spec").bites("load")
        } else {
            extra_specs::say(&key, &value, &facts).about(line)
        });
    }
}

fn facts(flavor: Node<'_>, specs: Node<'_>) -> FlavorFacts {
    let text = |key: &str| specs.get(key).map(show);
    FlavorFacts {
        vcpus: flavor.field("vcpus").and_then(|node| node.as_i64()),
        emulator_threads: text("hw:emulator_threads_policy"),
    }
}

fn with_unit(name: &str, node: Node<'_>) -> String {
    let value = show(node);
    let unit = match name {
        "memory_mb" | "swap" => " MB",
        "root_gb" | "ephemeral_gb" => " GB",
        _ => return value,
    };
    if node.is_null() { value } else { value + unit }
}

/// What else of the spec decides on the meaning of a size.
struct Around<'d> {
    root: Node<'d>,
    flavor: Node<'d>,
    volume_backed: bool,
}

type Says = fn(Node<'_>, &Around<'_>) -> Said;

const FIELDS: &[(&str, Says)] = &[
    ("name", |_, _| Said {
        bites: Some("AggregateTypeAffinityFilter".into()),
        ..setting("the flavor's name")
    }),
    ("flavorid", |_, _| setting("the flavor's id in the API")),
    ("id", |_, _| setting("its row: a resize to the same number is no resize")),
    ("vcpus", |node, around| cpus::demanded(around.root, around.flavor, node)),
    ("memory_mb", |node, _| demand(format!("MEMORY_MB:{}", show(node)), "placement")),
    ("root_gb", |node, around| {
        if around.volume_backed {
            setting("volume-backed: not claimed of the host")
        } else {
            amount(node, "part of DISK_GB")
        }
    }),
    ("ephemeral_gb", |node, _| amount(node, "part of DISK_GB")),
    ("swap", |node, _| amount(node, "part of DISK_GB, rounded up to a whole GB")),
    ("rxtx_factor", |_, _| nothing("unused by nova today")),
    ("vcpu_weight", |_, _| nothing("unused by nova today")),
    ("disabled", |node, _| {
        if is_falsy(node) { nothing("usable") } else { setting("disabled: no new instance, no resize to it") }
    }),
    ("is_public", |node, _| {
        if is_falsy(node) {
            setting("for the projects that were given access")
        } else {
            nothing("for all projects")
        }
    }),
    ("description", |_, _| setting("for people")),
];

fn amount(node: Node<'_>, meaning: &'static str) -> Said {
    if is_falsy(node) { nothing("none") } else { demand(meaning, "placement DISK_GB") }
}
