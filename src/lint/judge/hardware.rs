//! Flavor, NUMA topology and PCI requests: whether they fit each other, and the instance.
//!
//! Sources: `nova/virt/hardware.py` (`numa_get_constraints`, `get_cpu_policy_constraint`),
//! `nova/pci/request.py`, `nova/objects/instance_numa.py`.
//!
//! Imports `spec` and its siblings; no I/O.

use std::borrow::Cow;

use memchr::memmem;

use super::spec::{Spec, set};
use super::{Around, Judgement, rule};
use crate::lint::flavor::{flavor_differences, leftover_requests, missing_requests};
use crate::lint::raw::Raw;
use crate::lint::rule::Rule;
use crate::lint::surroundings::{Instance, Told};

const STALE_FLAVOR: &Rule = rule("RS040");
const STALE_TOPOLOGY: &Rule = rule("RS041");
const TOPOLOGY_DIFFERS: &Rule = rule("RS042");
const LEFTOVER_PCI: &Rule = rule("RS043");
const MISSING_PCI: &Rule = rule("RS044");
const POLICIES_CONTRADICT: &Rule = rule("RS045");

/// So many differences of a flavor stand in a sentence.
const NAMED: usize = 4;

pub(super) fn judge(found: &mut Judgement, spec: &Spec<'_>, around: Around<'_>) {
    let flavor = spec.flavor.filter(|flavor| flavor.starts_with('{'));
    if let Some(flavor) = flavor {
        topology(found, spec, flavor);
        pci(found, spec, flavor);
    }
    let Some((surroundings, _)) = around else { return };
    let instance = match &surroundings.instance {
        Told::Unknown => return found.unknown(&[STALE_FLAVOR, TOPOLOGY_DIFFERS]),
        // While nova is at work on it, spec and instance change one after the other.
        Told::Known(instance) => instance.as_ref().filter(|instance| instance.task_state.is_none()),
    };
    let Some(instance) = instance else { return };
    if let Some(flavor) = flavor {
        stale_flavor(found, flavor, instance);
    }
    topology_differs(found, spec, instance);
}

fn stale_flavor(found: &mut Judgement, flavor: &str, instance: &Instance) {
    let current = match &instance.flavor {
        Told::Unknown => return found.unknown(&[STALE_FLAVOR]),
        Told::Known(None) => return,
        Told::Known(Some(current)) => current,
    };
    let differences = flavor_differences(flavor, current);
    if differences.is_empty() {
        return;
    }
    let name = |flavor: &str| {
        let fields = Raw(flavor).fields();
        let name = fields.get("name").and_then(Raw::text).unwrap_or_else(|| "(no name)".into());
        let id = fields.get("id").map_or("none", |id| id.0);
        format!("{name} (id {id})")
    };
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let mut words: Vec<String> = differences
        .iter()
        .filter(|difference| !matches!(difference.field.as_str(), "id" | "name"))
        .take(NAMED)
        .map(|one| format!("{} {} there, {} now", one.field, value(&one.spec), value(&one.instance)))
        .collect();
    let rest = differences.iter().filter(|one| !matches!(one.field.as_str(), "id" | "name")).count();
    if rest > NAMED {
        words.push(format!("and {} more", rest - NAMED));
    }
    let details = if words.is_empty() { String::new() } else { format!(": {}", words.join("; ")) };
    let same_flavorid = !differences.iter().any(|one| one.field == "flavorid");
    let remade = same_flavorid && differences.iter().any(|one| one.field == "id");
    let remade = if remade { " The flavorid is the same: the flavor was made anew." } else { "" };
    let (own, now) = (name(flavor), name(current));
    found.find(
        STALE_FLAVOR,
        "flavor",
        format!("The spec has the flavor {own}, the instance has {now}{details}.{remade}"),
    );
}

/// What flavor and image ask of the topology, where their words are plain.
struct Asked {
    nodes: Option<i64>,
    pages: bool,
    pmem: bool,
    /// `dedicated` or `mixed`.
    pinned: bool,
}

/// The entries of a map or the fields of an object, read once for several questions.
struct Entries<'t>(Vec<(Cow<'t, str>, Raw<'t>)>);

impl Entries<'_> {
    /// The text of a value that is there and holds something; of duplicates the last.
    fn text(&self, key: &str) -> Option<String> {
        let (_, value) = self.0.iter().rev().find(|(name, _)| name == key)?;
        let text = value.text().map_or_else(|| value.0.to_owned(), Cow::into_owned);
        (!value.is_null() && !text.is_empty()).then_some(text)
    }
}

fn topology(found: &mut Judgement, spec: &Spec<'_>, flavor: &str) {
    let holds = |text: &str, what: &str| memmem::find(text.as_bytes(), what.as_bytes()).is_some();
    let image_asks = spec.image.is_some_and(|image| {
        ["hw_cpu_policy", "hw_numa_", "hw_mem_page_size"].iter().any(|key| holds(image, key))
    });
    let topology = set(spec.numa_topology);
    // Escaped keys and pinning by amounts of resources are read by nova alone.
    let flavor_asks = || {
        let keys = ["hw:cpu_policy", "hw:numa_nodes", "hw:mem_page_size", "hw:pmem"];
        holds(flavor, "hw:") && keys.iter().any(|key| holds(flavor, key))
    };
    if topology.is_none() && !image_asks && !flavor_asks() || holds(flavor, "PCPU") {
        return;
    }
    let extra = Entries(Raw(flavor).field("extra_specs").map(Raw::entries).unwrap_or_default());
    let properties = set(spec.image).filter(|_| image_asks).and_then(|image| Raw(image).field("properties"));
    let image = Entries(properties.map(|properties| properties.fields().entries()).unwrap_or_default());
    let pinned = match policy(extra.text("hw:cpu_policy"), image.text("hw_cpu_policy")) {
        Ok(pinned) => pinned,
        Err((flavor, image)) => {
            let sentence = format!("The flavor says {flavor}, the image {image}.");
            return found.find(POLICIES_CONTRADICT, "flavor.extra_specs[hw:cpu_policy]", sentence);
        }
    };
    let nodes = extra.text("hw:numa_nodes").or_else(|| image.text("hw_numa_nodes"));
    let nodes = match nodes.map(|nodes| nodes.trim().parse::<i64>()) {
        None => None,
        Some(Ok(nodes)) if nodes > 0 => Some(nodes),
        // nova refuses such a flavor.
        Some(_) => return,
    };
    let pages = extra.text("hw:mem_page_size").or_else(|| image.text("hw_mem_page_size")).is_some();
    let asked = Asked { nodes, pages, pmem: extra.text("hw:pmem").is_some(), pinned };
    if let Some(sentence) = misfit(&asked, topology, flavor) {
        found.find(STALE_TOPOLOGY, "numa_topology", sentence);
    }
}

fn policy(flavor: Option<String>, image: Option<String>) -> Result<bool, (String, String)> {
    let policy = match (flavor.as_deref(), image.as_deref()) {
        (Some("shared"), Some("dedicated" | "mixed")) | (Some("mixed"), Some("dedicated")) => {
            return Err((flavor.unwrap_or_default(), image.unwrap_or_default()));
        }
        (Some(policy), _) => policy,
        (None, image) => image.unwrap_or("shared"),
    };
    Ok(matches!(policy, "dedicated" | "mixed"))
}

/// How the stored topology does not fit; None where it does.
fn misfit(asked: &Asked, topology: Option<&str>, flavor: &str) -> Option<String> {
    let wanted = asked.nodes.is_some() || asked.pages || asked.pmem || asked.pinned;
    let Some(topology) = topology else {
        let what = if asked.nodes.is_some() {
            "NUMA nodes"
        } else if asked.pinned {
            "dedicated CPUs"
        } else if asked.pages {
            "memory pages of a size"
        } else {
            "persistent memory"
        };
        return wanted.then(|| format!("There is none, and flavor or image ask for {what}."));
    };
    let cells = cells_of(topology)?;
    if !wanted {
        return Some(format!("It has {}, and flavor and image ask for none.", counted(cells.len(), "cell")));
    }
    let nodes = usize::try_from(asked.nodes.unwrap_or(1)).ok()?;
    if cells.len() != nodes {
        return Some(format!("It has {}, flavor and image ask for {nodes}.", counted(cells.len(), "cell")));
    }
    let fields = Raw(flavor).fields();
    let size = |field: &str| fields.get(field).and_then(Raw::integer);
    let (memory, cpus) = (size("memory_mb")?, size("vcpus")?);
    let stored = cells.iter().try_fold(0_i64, |sum, cell| sum.checked_add(cell.memory))?;
    if stored != memory {
        return Some(format!("It has {stored} MB of memory, the flavor {memory} MB."));
    }
    let stored: usize = cells.iter().map(|cell| cell.cpus.len()).sum();
    if i64::try_from(stored).ok()? != cpus {
        return Some(format!("It has {}, the flavor {cpus}.", counted(stored, "CPU")));
    }
    None
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// What a cell of a topology asks for.
#[derive(Debug, PartialEq, Eq)]
struct Cell {
    /// MB.
    memory: i64,
    /// Guest CPUs, floating and pinned, in order.
    cpus: Vec<i64>,
}

fn cells_of(topology: &str) -> Option<Vec<Cell>> {
    let cells = Raw(topology).field("cells")?;
    let cell = |cell: Raw<'_>| {
        let fields = cell.fields();
        let set = |name| fields.get(name).map(Raw::items).unwrap_or_default();
        let mut cpus: Vec<i64> =
            set("cpuset").into_iter().chain(set("pcpuset")).filter_map(Raw::integer).collect();
        cpus.sort_unstable();
        cpus.dedup();
        Some(Cell { memory: fields.get("memory")?.integer()?, cpus })
    };
    cells.items().into_iter().map(cell).collect()
}

fn topology_differs(found: &mut Judgement, spec: &Spec<'_>, instance: &Instance) {
    let current = match &instance.numa_topology {
        Told::Unknown => return found.unknown(&[TOPOLOGY_DIFFERS]),
        Told::Known(current) => current.as_deref().filter(|current| *current != "null"),
    };
    let own = set(spec.numa_topology);
    if own == current || spec.numa_topology.is_none() {
        return;
    }
    let sentence = match (own, current) {
        (Some(own), Some(current)) => {
            let (Some(own), Some(current)) = (cells_of(own), cells_of(current)) else { return };
            if own == current {
                return;
            }
            format!("The spec asks for {}, the instance has {}.", described(&own), described(&current))
        }
        (Some(own), None) => {
            let Some(own) = cells_of(own) else { return };
            format!("The spec asks for {}, the instance has no topology.", described(&own))
        }
        (None, Some(current)) => {
            let Some(current) = cells_of(current) else { return };
            format!("The spec has no topology, the instance has {}.", described(&current))
        }
        (None, None) => return,
    };
    found.find(TOPOLOGY_DIFFERS, "numa_topology", sentence);
}

/// `2 cells (CPUs 0,1, 1024 MB; CPUs 2,3, 1024 MB)`.
fn described(cells: &[Cell]) -> String {
    let one = |cell: &Cell| {
        let cpus = cell.cpus.iter().take(32).map(i64::to_string).collect::<Vec<_>>().join(",");
        format!("CPUs {cpus}, {} MB", cell.memory)
    };
    let list = cells.iter().take(NAMED).map(one).collect::<Vec<_>>().join("; ");
    format!("{} ({list})", counted(cells.len(), "cell"))
}

fn pci(found: &mut Judgement, spec: &Spec<'_>, flavor: &str) {
    let requests = set(spec.pci_requests).unwrap_or("{}");
    let leftover = leftover_requests(flavor, requests);
    if let Some((first, _)) = leftover.first() {
        let names =
            leftover.iter().map(|(_, alias)| alias.as_str()).take(NAMED).collect::<Vec<_>>().join(", ");
        let path = match leftover.len() {
            1 => format!("pci_requests.requests[{first}]"),
            _ => "pci_requests".to_owned(),
        };
        found.find(LEFTOVER_PCI, path, format!("The flavor does not ask for {names}."));
    }
    for (alias, asked, there) in missing_requests(flavor, requests) {
        let sentence = format!("The flavor asks for {asked} × {alias}, the spec for {there}.");
        found.find(MISSING_PCI, "pci_requests", sentence);
    }
}
