//! What completes the line of an edit: the paths of a spec, then the values that may stand there, as
//! the field editor offers them.
//!
//! Imports `spec`, `scheduler` and the field editor; no I/O.

use std::str::FromStr;

use crate::app::editor::asking;
use crate::app::editor::prompt::Suggestion;
use crate::scheduler::{extra_specs, hints};
use crate::spec::edit::split_assignment;
use crate::spec::schema::{self, Kind};
use crate::spec::{Document, FieldPath};

/// Whole lines that what is typed may become.
pub fn suggestions(sample: &Document, typed: &str) -> Vec<Suggestion> {
    if let Some((name, _)) = split_assignment(typed) {
        return values(sample, name);
    }
    let (verb, end) = if typed.starts_with("clear ") { ("clear ", "") } else { ("", "=") };
    let mut offered: Vec<_> = paths(sample)
        .into_iter()
        .map(|(path, help)| Suggestion::new(format!("{verb}{path}{end}"), help))
        .collect();
    if verb.is_empty() {
        offered.push(Suggestion::new("clear ", "what a field holds goes"));
    }
    offered
}

/// The paths that can be set, each with what it is.
fn paths(sample: &Document) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    let add = |path: FieldPath, out: &mut Vec<(String, String)>| {
        let Some(info) = schema::field_info(sample, &path) else { return };
        if info.read_only || info.addable.is_some() || matches!(info.kind, Kind::Object(_)) {
            return;
        }
        let help = if info.help.is_empty() {
            asking::describe(info.kind, info.nullable)
        } else {
            info.help.to_owned()
        };
        out.push((path.to_string(), help));
    };
    let entries = schema::editable_fields(sample);
    let objects: Vec<_> = entries
        .iter()
        .filter(|entry| entry.value.is_some_and(|id| sample.node(id).envelope().is_some()))
        .map(|entry| entry.path.clone())
        .collect();
    for entry in entries {
        add(entry.path, &mut paths);
    }
    for object in std::iter::once(FieldPath::root()).chain(objects) {
        for name in schema::addable_members(sample, &object) {
            add(object.join(name), &mut paths);
        }
    }
    let specs = FieldPath::of(["flavor", "extra_specs"]);
    let keys = extra_specs::RULES.iter().filter(|rule| !rule.key.contains('{'));
    paths.extend(keys.map(|rule| (specs.join(rule.key).to_string(), rule.help.to_owned())));
    let known = FieldPath::of(["scheduler_hints"]);
    paths.extend(hints::HINTS.iter().map(|hint| (known.join(hint.key).to_string(), hint.help.to_owned())));
    paths
}

/// The values that may stand at a path.
fn values(sample: &Document, name: &str) -> Vec<Suggestion> {
    let Ok(path) = FieldPath::from_str(name.trim()) else { return Vec::new() };
    let Some(info) = schema::field_info(sample, &path) else { return Vec::new() };
    let prompt = asking::value_at(sample, &path, &info);
    let offered = prompt.offered().iter().filter(|suggestion| !suggestion.clears);
    offered.map(|known| Suggestion::new(format!("{name}={}", known.value), known.help.clone())).collect()
}
