//! Zone, forced hosts, left-overs, and whose spec the text says it is.
//!
//! Imports `spec` and its siblings; no I/O.

use std::collections::BTreeSet;
use std::sync::Arc;

use memchr::memmem;

use super::spec::{Spec, set};
use super::{Around, Judgement, Subject, rule};
use crate::lint::raw::Raw;
use crate::lint::rule::Rule;
use crate::lint::surroundings::{Fleet, Surroundings, Told};
use crate::spec::document::{Kind, NAME_KEY};
use crate::spec::persist;
use crate::spec::schema::v;

const OLD_RELEASE: &Rule = rule("RS005");
const OTHER_INSTANCE: &Rule = rule("RS017");
const FORCED_HOST: &Rule = rule("RS020");
const FORCED_HOST_GONE: &Rule = rule("RS021");
const STALE_FIELDS: &Rule = rule("RS022");
const MANY_INSTANCES: &Rule = rule("RS023");
const ZONE_WITHOUT_AGGREGATE: &Rule = rule("RS030");
const ZONE_DIFFERS: &Rule = rule("RS031");

/// So many names stand in a sentence.
const NAMED: usize = 5;

pub(super) fn judge(found: &mut Judgement, subject: &Subject<'_>, spec: &Spec<'_>, around: Around<'_>) {
    if let Some(version) = spec.version
        && version < v(1, 14)
    {
        let sentence = format!("RequestSpec {version} is that of {}.", releases(version.minor));
        found.find(OLD_RELEASE, "", sentence);
    }
    if let Some(stored) = spec.instance_uuid
        && Raw(stored).text().as_deref() != Some(subject.instance_uuid)
    {
        let sentence = format!(
            "The text says {}, the row's column {}; nova takes the column.",
            stored, subject.instance_uuid
        );
        found.find(OTHER_INSTANCE, "instance_uuid", sentence);
    }
    if let Some(number) = spec.num_instances.and_then(|raw| Raw(raw).integer()).filter(|number| *number > 1) {
        found.find(MANY_INSTANCES, "num_instances", format!("num_instances is {number}."));
    }
    stale_fields(found, spec);
    forced(found, spec, around);
    if let Some(zone) =
        set(spec.availability_zone).and_then(|raw| Raw(raw).text()).filter(|zone| !zone.is_empty())
        && let Some((surroundings, fleet)) = around
    {
        zone_rules(found, &zone, surroundings, fleet);
    }
}

/// The releases of nova that wrote a version before 1.14 (NOVA's history of RequestSpec.VERSION).
fn releases(minor: u16) -> &'static str {
    match minor {
        0..=5 => "nova 13",
        6 => "nova 14",
        7 | 8 => "nova 15 to 17",
        9..=11 => "nova 18",
        12 => "nova 19 and 20",
        _ => "nova 21 and 22",
    }
}

/// What `spec::persist` would strip, by the same rules.
fn stale_fields(found: &mut Judgement, spec: &Spec<'_>) {
    let holds = |name: &&&str| spec.stale.iter().any(|(field, raw)| *field == **name && truthy(Raw(raw)));
    let mut fields: Vec<String> =
        persist::STRIPPED.iter().filter(holds).map(|name| (*name).to_owned()).collect();
    if let Some(group) = set(spec.instance_group)
        && (memmem::find(group.as_bytes(), b"members").is_some()
            || memmem::find(group.as_bytes(), b"hosts").is_some())
        && Raw(group).get(NAME_KEY).is_some()
    {
        let kept = |name: &&&str| Raw(group).field(name).is_some_and(|value| !value.is_null());
        fields.extend(["members", "hosts"].iter().filter(kept).map(|name| format!("instance_group.{name}")));
    }
    if let Some(first) = fields.first() {
        let path = if fields.len() == 1 { first.clone() } else { String::new() };
        found.find(STALE_FIELDS, path, format!("Still stored: {}.", fields.join(", ")));
    }
}

/// Whether Python takes the loaded value for true: list objects where they hold something.
fn truthy(value: Raw<'_>) -> bool {
    match value.kind() {
        None | Some(Kind::Null) => false,
        Some(Kind::Bool) => value.0 == "true",
        Some(Kind::Number) => value.0.parse::<f64>().is_ok_and(|number| number != 0.0),
        Some(Kind::String) => value.0 != "\"\"",
        Some(Kind::Array) => !value.items().is_empty(),
        Some(Kind::Object) => match value.get(NAME_KEY).and_then(Raw::text) {
            Some(name) if name.ends_with("List") => {
                value.field("objects").is_some_and(|objects| !objects.items().is_empty())
            }
            Some(_) => true,
            None => !value.entries().is_empty(),
        },
    }
}

fn names(raw: Option<&str>) -> Vec<String> {
    let Some(raw) = set(raw) else { return Vec::new() };
    let text = |raw: Raw<'_>| raw.text().map(|text| text.into_owned());
    if raw.starts_with('[') { Raw(raw).items().into_iter().filter_map(text).collect() } else { Vec::new() }
}

fn listed(names: &[String]) -> String {
    let mut shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        shown.push_str(&format!(" and {} more", names.len() - NAMED));
    }
    shown
}

fn forced(found: &mut Judgement, spec: &Spec<'_>, around: Around<'_>) {
    for (field, raw, what) in
        [("force_hosts", spec.force_hosts, "host"), ("force_nodes", spec.force_nodes, "node")]
    {
        let names = names(raw);
        if names.is_empty() {
            continue;
        }
        let plural = if names.len() == 1 { "" } else { "s" };
        found.find(FORCED_HOST, field, format!("Forced to the {what}{plural} {}.", listed(&names)));
        let Some((_, fleet)) = around else { continue };
        let there = if what == "host" { &fleet.hosts } else { &fleet.nodes };
        let Told::Known(there) = there else {
            found.unknown(&[FORCED_HOST_GONE]);
            continue;
        };
        let gone: Vec<String> = names.into_iter().filter(|name| !is_among(name, there)).collect();
        if !gone.is_empty() {
            found.find(FORCED_HOST_GONE, field, format!("No cell has the {what} {}.", listed(&gone)));
        }
    }
}

/// nova compares forced hosts without letter case.
fn is_among(name: &str, there: &BTreeSet<Arc<str>>) -> bool {
    there.contains(name) || there.iter().any(|one| one.eq_ignore_ascii_case(name))
}

fn zone_rules(found: &mut Judgement, zone: &str, surroundings: &Surroundings, fleet: &Fleet) {
    match &fleet.zones {
        Told::Unknown => found.unknown(&[ZONE_WITHOUT_AGGREGATE]),
        Told::Known(zones) if !zones.contains(zone) => found.find(
            ZONE_WITHOUT_AGGREGATE,
            "availability_zone",
            format!("No aggregate has the zone {zone}: no constraint on nova 28 and later, fatal before."),
        ),
        Told::Known(_) => {}
    }
    match &surroundings.instance {
        Told::Unknown => found.unknown(&[ZONE_DIFFERS]),
        // What is on no host keeps the name of the zone that it was in.
        Told::Known(Some(instance)) if instance.host.is_some() => {
            if let Some(current) = instance.availability_zone.as_deref().filter(|current| !current.is_empty())
                && current != zone
            {
                let sentence = format!("The spec asks for the zone {zone}, the instance is in {current}.");
                found.find(ZONE_DIFFERS, "availability_zone", sentence);
            }
        }
        Told::Known(_) => {}
    }
}
