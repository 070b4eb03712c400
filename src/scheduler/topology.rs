//! NUMA cells and PCI requests: what the spec was translated to when it was made.
//!
//! Sources: `nova/objects/instance_numa.py`, `instance_pci_requests.py`,
//! `nova/scheduler/filters/numa_topology_filter.py`, `pci_passthrough_filter.py`.

use crate::spec::{FieldPath, Node};

use super::constraint::{Constraint, MOST, Tab, Weight, is_falsy, plural, show};

const TOPOLOGY: Tab = Tab::Topology;
const NUMA: &str = "NUMATopologyFilter";
const PCI: &str = "PciPassthroughFilter, NUMATopologyFilter";

/// Appends what the NUMA topology and the PCI requests say.
pub fn constraints(root: Node<'_>, out: &mut Vec<Constraint>) {
    if let Some(node) = root.field("numa_topology") {
        numa(node, &FieldPath::of(["numa_topology"]), out);
    }
    if let Some(node) = root.field("pci_requests") {
        pci(node, &FieldPath::of(["pci_requests"]), out);
    }
}

fn numa(topology: Node<'_>, path: &FieldPath, out: &mut Vec<Constraint>) {
    if topology.is_null() {
        out.push(
            Constraint::new(TOPOLOGY, path, "numa_topology", "")
                .says(Weight::Nothing, "no NUMA topology: any host cells will do"),
        );
        return;
    }
    let cells = topology.field("cells");
    let count = cells.map_or(0, |cells| cells.len());
    out.push(
        Constraint::new(TOPOLOGY, &path.join("cells"), "numa_topology", plural(count, "cell"))
            .says(Weight::Demand, "each on a host NUMA node of its own")
            .bites(NUMA),
    );
    if let Some(policy) = topology.field("emulator_threads_policy").filter(|node| !node.is_null()) {
        out.push(
            Constraint::new(
                TOPOLOGY,
                &path.join("emulator_threads_policy"),
                "emulator threads",
                show(policy),
            )
            .says(Weight::Demand, "where the emulator's own threads run")
            .bites(NUMA),
        );
    }
    for (index, cell) in cells.into_iter().flat_map(|cells| cells.children().take(MOST)).enumerate() {
        numa_cell(index, cell, &path.join("cells").join(index.to_string()), out);
    }
}

fn numa_cell(index: usize, cell: Node<'_>, path: &FieldPath, out: &mut Vec<Constraint>) {
    let field = |name: &str| cell.field(name).filter(|node| !is_falsy(*node));
    let name = cell.field("id").map_or_else(|| index.to_string(), show);
    let mut push = |field: &str, label: &str, value: String, meaning: &str| {
        out.push(
            Constraint::new(TOPOLOGY, &path.join(field), format!("cell {name} {label}"), value)
                .says(Weight::Demand, meaning)
                .bites(NUMA),
        );
    };
    // Before 1.5 the pinned CPUs stood in cpuset.
    let legacy =
        field("pcpuset").is_none() && field("cpu_policy").is_some_and(|policy| show(policy) == "dedicated");
    if let Some(cpus) = field("cpuset") {
        let meaning = if legacy {
            "guest CPUs, pinned: nova moves them to pcpuset on load"
        } else {
            "guest CPUs, floating"
        };
        push("cpuset", "CPUs", ranges(cpus), meaning);
    }
    if let Some(cpus) = field("pcpuset") {
        push("pcpuset", "pinned CPUs", ranges(cpus), "guest CPUs, each pinned to a host CPU");
    }
    if let Some(cpus) = field("cpuset_reserved") {
        push("cpuset_reserved", "reserved", ranges(cpus), "host CPUs kept for the hypervisor");
    }
    if let Some(memory) = field("memory") {
        push("memory", "memory", show(memory) + " MB", "RAM of this guest node");
    }
    if let Some(size) = field("pagesize") {
        let (value, meaning) = match size.as_i64() {
            Some(-1) => ("small".to_owned(), "small pages"),
            Some(-2) => ("large".to_owned(), "huge pages of any size"),
            Some(-3) => ("any".to_owned(), "pages of any size"),
            _ => (show(size) + " KiB", "pages of this size"),
        };
        push("pagesize", "pages", value, meaning);
    }
    if let Some(policy) = field("cpu_policy") {
        let meaning = match show(policy).as_str() {
            "dedicated" => "all its CPUs pinned",
            "mixed" => "some of its CPUs pinned",
            _ => "its CPUs float",
        };
        push("cpu_policy", "CPU policy", show(policy), meaning);
    }
    if let Some(policy) = field("cpu_thread_policy") {
        push("cpu_thread_policy", "thread policy", show(policy), "use of hardware threads");
    }
    if let Some(topology) = field("cpu_topology") {
        let part =
            |name: &str| topology.field(name).filter(|node| !node.is_null()).map_or("?".to_owned(), show);
        let value = format!("{} × {} × {}", part("sockets"), part("cores"), part("threads"));
        push("cpu_topology", "topology", value, "sockets × cores × threads");
    }
    if let Some(pinning) = field("cpu_pinning_raw") {
        let pins: Vec<String> = pinning
            .children()
            .map(|pin| format!("{}→{}", pin.key().unwrap_or_default(), show(pin)))
            .collect();
        out.push(
            Constraint::new(
                TOPOLOGY,
                &path.join("cpu_pinning_raw"),
                format!("cell {name} pins"),
                pins.join(" "),
            )
            .says(Weight::Setting, "left over pins of one host; set anew at each scheduling"),
        );
    }
}

/// CPU numbers as ranges, `0-3,8`; as stored where they are not numbers.
fn ranges(set: Node<'_>) -> String {
    let mut numbers: Vec<i64> = set.children().filter_map(|cpu| cpu.as_i64()).collect();
    if numbers.len() != set.len() {
        return show(set);
    }
    numbers.sort_unstable();
    numbers.dedup();
    let mut parts: Vec<(i64, i64)> = Vec::new();
    for number in numbers {
        match parts.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(number) => *end = number,
            _ => parts.push((number, number)),
        }
    }
    let text = |(start, end): (i64, i64)| {
        if start == end { start.to_string() } else { format!("{start}-{end}") }
    };
    parts.into_iter().map(text).collect::<Vec<_>>().join(",")
}

fn pci(requests: Node<'_>, path: &FieldPath, out: &mut Vec<Constraint>) {
    if requests.is_null() {
        out.push(
            Constraint::new(TOPOLOGY, path, "pci_requests", "")
                .says(Weight::Trap, "null: a resize fails, write an empty InstancePCIRequests")
                .bites("resize"),
        );
        return;
    }
    let list = requests.field("requests");
    if list.is_none_or(|list| list.is_empty()) {
        out.push(
            Constraint::new(TOPOLOGY, path, "pci_requests", "")
                .says(Weight::Nothing, "no PCI devices asked for"),
        );
        return;
    }
    for (index, request) in list.into_iter().flat_map(|list| list.children().take(MOST)).enumerate() {
        pci_request(index, request, &path.join("requests").join(index.to_string()), out);
    }
}

fn pci_request(index: usize, request: Node<'_>, path: &FieldPath, out: &mut Vec<Constraint>) {
    let field = |name: &str| request.field(name).filter(|node| !is_falsy(*node));
    let alias = field("alias_name").map(show);
    let requester = field("requester_id").map(show);
    let count = request.field("count").map_or_else(|| "?".to_owned(), show);
    let value = format!("{count} × {}", alias.as_deref().unwrap_or("a port's device"));
    let meaning = match (&alias, &requester) {
        (Some(_), _) => "devices of the flavor's alias".to_owned(),
        (None, Some(port)) => format!("for port {port}"),
        (None, None) => "for a network port".to_owned(),
    };
    out.push(
        Constraint::new(TOPOLOGY, path, format!("PCI request {index}"), value)
            .says(Weight::Demand, meaning)
            .bites(PCI),
    );
    for (choice, spec) in field("spec").into_iter().flat_map(|spec| spec.children().take(MOST)).enumerate() {
        let parts: Vec<String> = spec
            .children()
            .map(|part| format!("{}={}", part.key().unwrap_or_default(), show(part)))
            .collect();
        out.push(
            Constraint::new(
                TOPOLOGY,
                &path.join("spec").join(choice.to_string()),
                format!("PCI request {index} spec"),
                parts.join(" "),
            )
            .says(
                Weight::Demand,
                if choice == 0 { "devices that match all of these" } else { "or that match these" },
            )
            .bites(PCI),
        );
    }
    if let Some(policy) = field("numa_policy") {
        let meaning = match show(policy).as_str() {
            "required" => "on the guest's NUMA nodes",
            "preferred" => "near the guest's NUMA nodes if there are",
            "socket" => "on the guest's sockets",
            "legacy" => "near, or of devices without a NUMA node",
            _ => "nova has no such policy",
        };
        out.push(
            Constraint::new(
                TOPOLOGY,
                &path.join("numa_policy"),
                format!("PCI request {index} NUMA"),
                show(policy),
            )
            .says(Weight::Demand, meaning)
            .bites(PCI),
        );
    }
}
