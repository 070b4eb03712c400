//! The fields of the request itself: zone, hosts, destination, hints, group, limits, retry.
//!
//! Sources: `nova/scheduler/host_manager.py` (`get_filtered_hosts`), `request_filter.py`,
//! `utils.py`; `nova/objects/request_spec.py` for what is persisted.

use crate::spec::{FieldPath, Kind, Node};

use super::constraint::{Constraint, MOST, Tab, Weight, is_falsy, is_true, plural, show};
use super::hints;

const FILTERS: Tab = Tab::Filters;

/// Appends what the request's own fields say.
pub fn constraints(root: Node<'_>, out: &mut Vec<Constraint>) {
    let rebuild = root
        .field("scheduler_hints")
        .and_then(|hints| hints.get("_nova_check_type"))
        .is_some_and(|hint| show(hint) == "rebuild");
    for (name, says) in FIELDS {
        if let Some(node) = root.field(name) {
            let path = FieldPath::of([*name]);
            says(Field { node, path, name, rebuild }, out);
        }
    }
}

/// A field of the RequestSpec that is there.
struct Field<'a> {
    node: Node<'a>,
    path: FieldPath,
    name: &'static str,
    rebuild: bool,
}

impl Field<'_> {
    fn line(&self) -> Constraint {
        Constraint::new(FILTERS, &self.path, self.name, show(self.node))
    }

    fn unset(&self, meaning: &str) -> Constraint {
        self.line().says(Weight::Nothing, meaning)
    }
}

type Says = fn(Field<'_>, &mut Vec<Constraint>);

/// In the order in which an operator asks: where, which hosts, with whom, how much.
const FIELDS: &[(&str, Says)] = &[
    ("availability_zone", zone),
    ("force_hosts", forced),
    ("force_nodes", forced),
    ("ignore_hosts", ignored),
    ("requested_destination", destination),
    ("scheduler_hints", all_hints),
    ("instance_group", group),
    ("limits", limits),
    ("retry", retry),
    ("num_instances", num_instances),
    ("is_bfv", is_bfv),
    ("requested_resources", requested_resources),
    ("request_level_params", request_level_params),
    ("network_metadata", network_metadata),
    ("requested_networks", requested_networks),
    ("security_groups", security_groups),
    ("project_id", project),
    ("user_id", user),
];

fn zone(field: Field<'_>, out: &mut Vec<Constraint>) {
    out.push(if is_falsy(field.node) {
        field.unset("any zone")
    } else {
        field
            .line()
            .says(Weight::Demand, "hosts of this zone; no constraint if no aggregate has it")
            .bites("placement member_of")
    });
}

fn forced(field: Field<'_>, out: &mut Vec<Constraint>) {
    let what = if field.name == "force_hosts" { "host" } else { "node" };
    if is_falsy(field.node) {
        return out.push(field.unset(&format!("no {what} forced")));
    }
    if field.node.kind() == Kind::String {
        return out.push(
            field
                .line()
                .says(Weight::Trap, "a string: nova reads it letter by letter, write a list")
                .bites("host manager"),
        );
    }
    let filters = if field.rebuild { "" } else { "; filters are skipped" };
    let meaning = format!("only {}{filters}", if field.node.len() == 1 { "this one" } else { "these" });
    out.push(field.line().says(Weight::Demand, meaning).bites("host manager"));
}

fn ignored(field: Field<'_>, out: &mut Vec<Constraint>) {
    out.push(if is_falsy(field.node) {
        field.unset("no host ignored")
    } else {
        field
            .line()
            .says(Weight::Setting, format!("{} left out of one request; dropped on load", hosts(field.node)))
            .bites("host manager")
    });
}

fn hosts(node: Node<'_>) -> String {
    plural(node.len(), "host")
}

fn destination(field: Field<'_>, out: &mut Vec<Constraint>) {
    if is_falsy(field.node) {
        return out.push(field.unset("no destination asked for"));
    }
    let mut any = false;
    for (name, meaning, bites) in [
        ("host", "only this host, exact letter case; dropped on load", "host manager"),
        ("node", "only this node of it", "host manager"),
        ("cell", "only hosts of this cell", "host manager"),
        ("allow_cross_cell_move", "whether other cells may be chosen", "host manager"),
        ("aggregates", "hosts in one aggregate of each item", "placement member_of"),
        ("forbidden_aggregates", "no host of these aggregates", "placement member_of"),
    ] {
        let Some(node) = field.node.field(name).filter(|node| !is_falsy(*node)) else { continue };
        any = true;
        let value = match name {
            "cell" => node
                .field("name")
                .filter(|name| !name.is_null())
                .or_else(|| node.field("uuid"))
                .map_or_else(|| show(node), show),
            _ => show(node),
        };
        out.push(
            Constraint::new(FILTERS, &field.path.join(name), format!("destination {name}"), value)
                .says(Weight::Demand, meaning)
                .bites(bites),
        );
    }
    if !any {
        out.push(
            Constraint::new(FILTERS, &field.path, field.name, "empty")
                .says(Weight::Nothing, "no destination asked for"),
        );
    }
}

fn all_hints(field: Field<'_>, out: &mut Vec<Constraint>) {
    if field.node.is_null() {
        return out.push(
            field
                .line()
                .says(Weight::Trap, "null: scheduling fails with a TypeError, write {}")
                .bites("scheduler"),
        );
    }
    if field.node.is_empty() {
        return out.push(field.unset("no hints"));
    }
    for hint in field.node.children().take(MOST) {
        let key = hint.key().unwrap_or_default();
        let values: Vec<String> = match hint.kind() {
            Kind::Array => hint.children().map(show).collect(),
            Kind::Null => Vec::new(),
            _ => vec![show(hint)],
        };
        let line =
            Constraint::new(FILTERS, &field.path.join(key.as_ref()), format!("hint {key}"), show(hint));
        out.push(if hint.kind() == Kind::String {
            line.says(Weight::Trap, "a string: nova reads it letter by letter, write a list")
                .bites("scheduler")
        } else {
            hints::say(&key, &values).about(line)
        });
    }
}

fn group(field: Field<'_>, out: &mut Vec<Constraint>) {
    if field.node.is_null() {
        return out.push(field.unset("in no server group"));
    }
    let text = |name: &str| field.node.field(name).filter(|node| !node.is_null()).map(show);
    // Before 1.11 there was only the list `policies`.
    let policy = text("policy").or_else(|| text("policies")).unwrap_or_default();
    let name = text("name").or_else(|| text("uuid")).unwrap_or_default();
    let limit = field
        .node
        .field("_rules")
        .and_then(|rules| rules.get("max_server_per_host"))
        .map_or_else(|| "1".to_owned(), show);
    let line = Constraint::new(FILTERS, &field.path, "server group", format!("{name} {policy}").trim());
    out.push(match policy.as_str() {
        "anti-affinity" => line
            .says(Weight::Demand, format!("at most {limit} of its members on a host"))
            .bites("ServerGroupAntiAffinityFilter"),
        "affinity" => {
            line.says(Weight::Demand, "on a host of its members").bites("ServerGroupAffinityFilter")
        }
        "soft-anti-affinity" | "soft-affinity" => {
            line.says(Weight::Setting, "a preference: weighs hosts, rejects none").bites("weigher")
        }
        "" => line.says(Weight::Setting, "no policy stored; nova reads the group afresh"),
        _ => line.says(Weight::Unknown, "nova has no such policy"),
    });
    for stored in ["members", "hosts"] {
        if let Some(node) = field.node.field(stored).filter(|node| !is_falsy(*node)) {
            out.push(
                Constraint::new(
                    FILTERS,
                    &field.path.join(stored),
                    format!("group {stored}"),
                    plural(node.len(), "entry").replace("entrys", "entries"),
                )
                .says(Weight::Nothing, "left over from old releases; nova reads the group's table"),
            );
        }
    }
}

fn limits(field: Field<'_>, out: &mut Vec<Constraint>) {
    let mut any = false;
    for (name, unit) in [("vcpu", "vCPUs"), ("memory_mb", "MB of RAM"), ("disk_gb", "GB of disk")] {
        if let Some(node) = field.node.field(name).filter(|node| !is_falsy(*node)) {
            any = true;
            out.push(
                Constraint::new(FILTERS, &field.path.join(name), format!("limit {name}"), show(node))
                    .says(Weight::Setting, format!("{unit} on the host, as of the last scheduling")),
            );
        }
    }
    let numa = field.path.join("numa_topology");
    if let Some(node) = field.node.field("numa_topology").filter(|node| !is_falsy(*node)) {
        any = true;
        let ratio = |name: &str| node.field(name).map_or_else(|| "?".to_owned(), show);
        let value = format!("cpu ×{}, RAM ×{}", ratio("cpu_allocation_ratio"), ratio("ram_allocation_ratio"));
        out.push(
            Constraint::new(FILTERS, &numa, "limit numa_topology", value)
                .says(Weight::Setting, "overcommit ratios for the NUMA fit on the compute"),
        );
    }
    if !any {
        out.push(Constraint::new(FILTERS, &field.path, field.name, "").says(Weight::Nothing, "no limits"));
    }
}

fn retry(field: Field<'_>, out: &mut Vec<Constraint>) {
    if field.node.is_null() {
        return out.push(field.unset("first attempt"));
    }
    let attempts = field.node.field("num_attempts").map(show).unwrap_or_default();
    out.push(
        Constraint::new(FILTERS, &field.path, field.name, format!("attempt {attempts}"))
            .says(Weight::Nothing, "left over from a boot; dropped on load"),
    );
}

fn num_instances(field: Field<'_>, out: &mut Vec<Constraint>) {
    out.push(match field.node.as_i64() {
        Some(1) => field.line().says(Weight::Nothing, "one instance"),
        _ => {
            field.line().says(Weight::Setting, "size of the batch at boot; a later move counts one instance")
        }
    });
}

fn is_bfv(field: Field<'_>, out: &mut Vec<Constraint>) {
    let line = field.line();
    out.push(match field.node.kind() {
        Kind::String if !is_true(&show(field.node)) => {
            line.says(Weight::Trap, "a string: nova takes it for true").bites("placement")
        }
        _ if is_falsy(field.node) => line.says(Weight::Nothing, "root disk on the host: counts in DISK_GB"),
        _ => line.says(Weight::Demand, "volume-backed: root_gb is not claimed").bites("placement DISK_GB"),
    });
}

fn requested_resources(field: Field<'_>, out: &mut Vec<Constraint>) {
    if is_falsy(field.node) {
        return out.push(field.unset("none beside the flavor's"));
    }
    for (index, group) in field.node.children().take(MOST).enumerate() {
        let list = |name: &str| group.field(name).filter(|node| !is_falsy(*node));
        let mut parts = Vec::new();
        if let Some(resources) = list("resources") {
            parts
                .extend(resources.children().map(|r| format!("{}:{}", r.key().unwrap_or_default(), show(r))));
        }
        for (name, sign) in [("required_traits", ""), ("forbidden_traits", "!")] {
            parts.extend(
                list(name).into_iter().flat_map(|list| list.children()).map(|t| format!("{sign}{}", show(t))),
            );
        }
        let requester = list("requester_id").map(show).unwrap_or_default();
        let path = field.path.join(index.to_string());
        out.push(
            Constraint::new(FILTERS, &path, format!("request group {index}"), parts.join(", "))
                .says(
                    Weight::Demand,
                    format!("asked for by port or device profile {requester}").trim_end().to_owned(),
                )
                .bites("placement"),
        );
    }
}

fn request_level_params(field: Field<'_>, out: &mut Vec<Constraint>) {
    for (name, meaning) in [
        ("root_required", "traits the root provider must have"),
        ("root_forbidden", "traits the root provider must not have"),
        ("same_subtree", "request groups served by one subtree"),
    ] {
        if let Some(node) = field.node.field(name).filter(|node| !is_falsy(*node)) {
            out.push(
                Constraint::new(FILTERS, &field.path.join(name), name, show(node))
                    .says(Weight::Demand, meaning)
                    .bites("placement"),
            );
        }
    }
}

fn network_metadata(field: Field<'_>, out: &mut Vec<Constraint>) {
    let list = |name: &str| field.node.field(name).filter(|node| !is_falsy(*node));
    if list("physnets").is_none() && list("tunneled").is_none() {
        return;
    }
    let mut parts: Vec<String> = list("physnets").map(show).into_iter().collect();
    parts.extend(list("tunneled").map(|_| "tunneled".to_owned()));
    out.push(
        Constraint::new(FILTERS, &field.path, field.name, parts.join(", "))
            .says(Weight::Demand, "NUMA cells near these networks")
            .bites("NUMATopologyFilter"),
    );
}

fn requested_networks(field: Field<'_>, out: &mut Vec<Constraint>) {
    let Some(objects) = field.node.field("objects").filter(|node| !node.is_empty()) else { return };
    out.push(
        Constraint::new(FILTERS, &field.path, field.name, plural(objects.len(), "network"))
            .says(Weight::Setting, "ports are Neutron's to judge: undetermined"),
    );
}

fn security_groups(field: Field<'_>, out: &mut Vec<Constraint>) {
    let Some(objects) = field.node.field("objects") else {
        if field.node.is_null() {
            out.push(
                field
                    .line()
                    .says(Weight::Trap, "null: nova cannot load the spec, write an empty list object")
                    .bites("load"),
            );
        }
        return;
    };
    let names: Vec<String> = objects
        .children()
        .filter_map(|group| group.field("name").or_else(|| group.field("uuid")))
        .map(show)
        .collect();
    let line = Constraint::new(FILTERS, &field.path, field.name, names.join(", "));
    out.push(if names.is_empty() {
        line.says(Weight::Nothing, "none named")
    } else {
        line.says(Weight::Setting, "for the ports; no host is rejected for it")
    });
}

fn project(field: Field<'_>, out: &mut Vec<Constraint>) {
    out.push(if field.node.is_null() {
        field.unset("null: healed by nova at the next resize or migration")
    } else {
        field
            .line()
            .says(Weight::Setting, "hosts kept for projects must list it")
            .bites("AggregateMultiTenancyIsolation")
    });
}

fn user(field: Field<'_>, out: &mut Vec<Constraint>) {
    out.push(if field.node.is_null() {
        field.unset("null: healed by nova at the next resize or migration")
    } else {
        field.line().says(Weight::Setting, "owner of the allocations in placement")
    });
}
