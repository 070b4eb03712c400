//! What an editor needs to know about the fields: types, choices, help, and which may be added.
//!
//! Imports its siblings, [`crate::spec::document`] and [`crate::spec::path`]; no I/O.

use std::collections::HashMap;

use super::help;
use super::place::{Owner, Place, Role};
use super::types::Kind;
use crate::spec::document::{Document, Node, NodeId};
use crate::spec::path::FieldPath;

/// More objects of one list are not listed by [`editable_fields`]: no spec of nova comes near, and a
/// hostile one must not hang an editor.
pub const MOST_OBJECTS: usize = 500;

/// What is known about one field, list element or map entry.
#[derive(Debug, Clone)]
pub struct FieldInfo {
    /// What it holds.
    pub kind: Kind,
    /// Whether null may stand there.
    pub nullable: bool,
    /// For an enumeration: the values that the stored version of its object allows. For a list or
    /// set of one: those of its elements.
    pub choices: Vec<&'static str>,
    /// One line; empty where there is nothing to say beyond the name.
    pub help: &'static str,
    /// Whether nova, or the row, decides it.
    pub read_only: bool,
    /// Why it cannot be set on this document; none where it can.
    pub addable: Option<String>,
}

/// One line of the field editor.
#[derive(Debug, Clone)]
pub struct FieldEntry {
    /// Where it is.
    pub path: FieldPath,
    /// 0 for the fields of the spec itself.
    pub depth: usize,
    /// What is known about it.
    pub info: FieldInfo,
    /// The stored value.
    pub value: Option<NodeId>,
}

/// What is known about the place at `path`, whether or not the document has a value there; `None`
/// where the schema knows no such place.
pub fn field_info(document: &Document, path: &FieldPath) -> Option<FieldInfo> {
    info(&Place::of(document, path).ok()?)
}

fn info(place: &Place<'_>) -> Option<FieldInfo> {
    let owner = place.owner?;
    let read_only = is_read_only(owner);
    Some(FieldInfo {
        kind: place.kind,
        nullable: place.nullable,
        choices: choices(&place.kind, owner),
        help: help::of(owner.object.name, owner.field.name, place.role),
        read_only,
        addable: refusal(place),
    })
}

/// Why the place cannot be set on its document; none where it can.
pub(crate) fn refusal(place: &Place<'_>) -> Option<String> {
    let Some(owner) = place.owner else {
        return Some("the spec as a whole is edited as raw text".to_owned());
    };
    place.obstacle.clone().or_else(|| read_only_reason(owner)).or_else(|| {
        let version = owner.version.version()?;
        let Owner { object, field, .. } = owner;
        (field.since > version)
            .then(|| format!("{} {version} has no {}: it came with {}", object.name, field.name, field.since))
    })
}

fn is_read_only(owner: Owner) -> bool {
    read_only_reason(owner).is_some()
}

fn read_only_reason(owner: Owner) -> Option<String> {
    if (owner.object.name, owner.field.name) == ("RequestSpec", "id") {
        return Some("the row's own id column decides it".to_owned());
    }
    owner.field.read_only.then(|| format!("nova sets {} itself", owner.field.name))
}

/// The values of an enumeration that the stored version has.
pub(crate) fn choices(kind: &Kind, owner: Owner) -> Vec<&'static str> {
    match kind {
        Kind::Enum { values, .. } => {
            let version = owner.version.version().unwrap_or(owner.object.version);
            values.iter().filter(|value| value.since <= version).map(|value| value.value).collect()
        }
        Kind::List(element) | Kind::Set(element) => choices(element, owner),
        _ => Vec::new(),
    }
}

/// The stored fields that an editor lists, in stored order: every known field that is there, lists
/// and maps as one entry each, nested objects followed by their own fields. Keys that nova does not
/// know are left out: they show in the raw text and as findings. Of a list of objects only the first
/// [`MOST_OBJECTS`] are listed.
pub fn editable_fields(document: &Document) -> Vec<FieldEntry> {
    let mut entries = Vec::new();
    if document.root().envelope().is_some() {
        collect(document, document.root(), &FieldPath::root(), &mut entries);
    }
    entries
}

fn collect(document: &Document, object: Node<'_>, path: &FieldPath, entries: &mut Vec<FieldEntry>) {
    let Some(schema) = Place::of(document, path).ok().and_then(|place| place.object()) else { return };
    // Of duplicate keys only the one that nova takes, the last, is listed.
    let mut last: HashMap<&'static str, NodeId> = HashMap::new();
    for child in object.fields().children() {
        if let Some(field) = child.key().and_then(|key| schema.field(&key)) {
            last.insert(field.name, child.id());
        }
    }
    for child in object.fields().children() {
        let Some(field) = child.key().and_then(|key| schema.field(&key)) else { continue };
        if last.get(field.name) != Some(&child.id()) {
            continue;
        }
        let path = path.join(field.name);
        if let Ok(place) = Place::of(document, &path) {
            push(document, &place, path, entries);
        }
    }
}

fn push(document: &Document, place: &Place<'_>, path: FieldPath, entries: &mut Vec<FieldEntry>) {
    let (Some(info), Some(node)) = (info(place), place.node) else { return };
    let depth = path.segments().len().saturating_sub(1);
    entries.push(FieldEntry { path: path.clone(), depth, info, value: Some(node.id()) });
    match place.kind {
        Kind::Object(_) if node.envelope().is_some() => collect(document, node, &path, entries),
        Kind::List(Kind::Object(_)) => {
            for index in 0..node.len().min(MOST_OBJECTS) {
                let path = path.join(index.to_string());
                if let Ok(place) = Place::of(document, &path) {
                    push(document, &place, path, entries);
                }
            }
        }
        _ => {}
    }
}

/// Names that may be added to the object or map at `path`: for an object the fields that its
/// stored version has and that are absent; for extra specs and scheduler hints the well-known keys
/// that are absent (any other key may be added too).
pub fn addable_members(document: &Document, path: &FieldPath) -> Vec<&'static str> {
    let Ok(place) = Place::of(document, path) else { return Vec::new() };
    if place.obstacle.is_some() {
        return Vec::new();
    }
    let absent = |name: &&str| place.node.is_none_or(|node| node.field(name).is_none());
    if let Some(schema) = place.object() {
        let names = schema.fields.iter().map(|field| field.name).filter(absent);
        return names
            .filter(|name| {
                let place = Place::of(document, &path.join(*name));
                place.is_ok_and(|place| place.container.is_some() && refusal(&place).is_none())
            })
            .collect();
    }
    let (Kind::Dict(_), Some(owner), Role::Field) = (place.kind, place.owner, place.role) else {
        return Vec::new();
    };
    help::known_keys(owner.object.name, owner.field.name).iter().copied().filter(absent).collect()
}

#[cfg(test)]
#[path = "info_tests.rs"]
mod tests;
