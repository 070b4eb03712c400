//! What a flavor says, as far as findings and repairs go by it: whether two are one, and which PCI devices it
//! asks for.
//!
//! Sources: `nova/pci/request.py` (`_translate_alias_to_requests`), `nova/objects/request_spec.py`.
//!
//! Imports [`super::raw`]; no I/O.

use super::raw::Raw;

/// The fields in which a flavor is another one for scheduling and claims. What nova does not use
/// (rxtx_factor, vcpu_weight), and what is of the flavor's own row (timestamps, description, disabled), is not among them.
const COMPARED: [&str; 8] =
    ["id", "flavorid", "name", "memory_mb", "vcpus", "root_gb", "ephemeral_gb", "swap"];

/// One thing that two flavors differ in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlavorDifference {
    /// The field, `extra_specs[KEY]` for an extra spec.
    pub field: String,
    /// The value in the spec; None where there is none.
    pub spec: Option<String>,
    /// The value of the instance.
    pub instance: Option<String>,
}

/// What the spec's flavor (an envelope) has otherwise than the instance's.
pub fn flavor_differences(spec: &str, instance: &str) -> Vec<FlavorDifference> {
    if spec == instance {
        return Vec::new();
    }
    let (spec, instance) = (Raw(spec).fields(), Raw(instance).fields());
    let mut found = Vec::new();
    for field in COMPARED {
        let (own, current) = (spec.get(field), instance.get(field));
        if !same(own, current) {
            found.push(difference(field.to_owned(), own, current));
        }
    }
    let (own, current) = (spec.get("extra_specs"), instance.get("extra_specs"));
    if own.map(|raw| raw.0) == current.map(|raw| raw.0) {
        return found;
    }
    let entries = |raw: Option<Raw<'_>>| -> Vec<(String, String)> {
        let entries = raw.map(Raw::entries).unwrap_or_default().into_iter();
        entries.map(|(key, value)| (key.into_owned(), shown(value))).collect()
    };
    let (own, current) = (entries(own), entries(current));
    let value = |of: &[(String, String)], key: &str| {
        of.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.clone())
    };
    let mut keys: Vec<&String> = own.iter().chain(&current).map(|(key, _)| key).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (spec, instance) = (value(&own, key), value(&current, key));
        if spec != instance {
            found.push(FlavorDifference { field: format!("extra_specs[{key}]"), spec, instance });
        }
    }
    found
}

fn difference(field: String, spec: Option<Raw<'_>>, instance: Option<Raw<'_>>) -> FlavorDifference {
    FlavorDifference { field, spec: spec.map(shown), instance: instance.map(shown) }
}

fn shown(value: Raw<'_>) -> String {
    value.text().map_or_else(|| value.0.to_owned(), std::borrow::Cow::into_owned)
}

fn same(one: Option<Raw<'_>>, other: Option<Raw<'_>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.0 == other.0 || one.text().is_some() && one.text() == other.text(),
        (None, None) => true,
        // A flavor without a name is one that says null.
        (Some(one), None) | (None, Some(one)) => one.is_null(),
    }
}

/// The PCI devices that the flavor asks for, as (alias, count); None where its words cannot be understood.
pub fn pci_aliases(flavor: &str) -> Option<Vec<(String, i64)>> {
    if memchr::memmem::find(flavor.as_bytes(), b"pci_passthrough").is_none() && !flavor.contains('\\') {
        return Some(Vec::new());
    }
    let Some(asked) = Raw(flavor).field("extra_specs").and_then(|specs| specs.get("pci_passthrough:alias"))
    else {
        return Some(Vec::new());
    };
    let text = asked.text()?;
    let one = |part: &str| -> Option<(String, i64)> {
        let (name, count) = part.split_once(':')?;
        Some((name.trim().to_owned(), count.trim().parse().ok()?))
    };
    text.split(',').map(one).collect()
}

/// Positions of the requests in a spec's `pci_requests` whose alias the flavor does not ask for, or does not ask
/// for so often, each with the alias. Requests of network ports have no alias and are not among them.
pub fn leftover_requests(flavor: &str, pci_requests: &str) -> Vec<(usize, String)> {
    if memchr::memmem::find(pci_requests.as_bytes(), b"alias_name\": \"").is_none() && !is_odd(pci_requests) {
        return Vec::new();
    }
    let Some(mut asked) = pci_aliases(flavor) else { return Vec::new() };
    let mut found = Vec::new();
    for (index, alias, _) in requests_by_alias(pci_requests) {
        match asked.iter().position(|(name, _)| *name == alias) {
            Some(at) => drop(asked.remove(at)),
            None => found.push((index, alias)),
        }
    }
    found
}

/// What the flavor asks for and the spec's `pci_requests` do not have, as (alias, asked for, there).
pub fn missing_requests(flavor: &str, pci_requests: &str) -> Vec<(String, i64, i64)> {
    let asked = pci_aliases(flavor).unwrap_or_default();
    if asked.is_empty() {
        return Vec::new();
    }
    let there = requests_by_alias(pci_requests);
    let mut found: Vec<(String, i64, i64)> = Vec::new();
    for (name, _) in &asked {
        let wanted: i64 = asked.iter().filter(|(other, _)| other == name).map(|(_, count)| count).sum();
        let has: i64 = there.iter().filter(|(_, alias, _)| alias == name).map(|(.., count)| count).sum();
        if wanted != has && !found.iter().any(|(other, ..)| other == name) {
            found.push((name.clone(), wanted, has));
        }
    }
    found
}

fn requests_by_alias(pci_requests: &str) -> Vec<(usize, String, i64)> {
    let requests = Raw(pci_requests).field("requests").map(Raw::items).unwrap_or_default();
    let by_alias = requests.into_iter().enumerate().filter_map(|(index, request)| {
        let fields = request.fields();
        let alias = fields.get("alias_name")?.text()?.into_owned();
        Some((index, alias, fields.get("count").and_then(Raw::integer).unwrap_or(0)))
    });
    by_alias.collect()
}

/// Whether a text has another layout than Python's, so that searching for bytes proves nothing.
fn is_odd(text: &str) -> bool {
    text.contains("\" :")
        || text.contains("\":\"")
        || text.contains("\":  ")
        || text.contains('\n')
        || text.contains('\\')
}
