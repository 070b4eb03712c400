//! What nova strips from a spec before it stores it (`RequestSpec._get_update_primitives` in
//! `nova/objects/request_spec.py`), as splices of the stored text.
//!
//! - `retry`, `requested_destination`, `requested_resources`, `ignore_hosts`: null where Python
//!   takes them for true; an empty list stays.
//! - `network_metadata`, `requested_networks`, `request_level_params`: the key goes where Python
//!   takes the value for true, and its name goes from the spec's `nova_object.changes`; an empty
//!   list object stays.
//! - `members` and `hosts` of the server group: null, an empty list too. Where a key is absent, it
//!   is not invented.
//!
//! Imports [`super::edit`] and [`super::document`]; no I/O.

use super::document::{CHANGES_KEY, Document, Kind, Malformed, Node};
use super::edit::{self, Edited, Splice};

/// Set to null by nova's save().
const NULLED: &[&str] = &["retry", "requested_destination", "requested_resources", "ignore_hosts"];

/// Removed by nova's save().
const REMOVED: &[&str] = &["network_metadata", "requested_networks", "request_level_params"];

/// The fields of a spec that nova's save() does not store.
pub const STRIPPED: [&str; 7] = [
    "retry",
    "requested_destination",
    "requested_resources",
    "ignore_hosts",
    "network_metadata",
    "requested_networks",
    "request_level_params",
];

/// Not stored with a server group.
const OF_GROUP: &[&str] = &["members", "hosts"];

/// The document as nova's save() would store it. Nothing to strip: no splice. A document that is
/// not an enveloped object is left alone.
///
/// # Errors
/// [`Malformed`] is not to be expected: each splice replaces whole values.
pub fn strip(document: &Document) -> Result<Edited, Malformed> {
    let mut edited = Edited::unchanged(document);
    // One at a time, each on the text that the one before left.
    while let Some(splice) = next(&edited.document) {
        edited.splice(splice)?;
    }
    Ok(edited)
}

/// The paths of what [`strip`] takes away, for a person.
pub fn stripped_fields(document: &Document) -> Vec<String> {
    let spec = document.root();
    let top = NULLED.iter().chain(REMOVED).filter(|name| spec.field(name).is_some_and(truthy));
    let group = spec.field("instance_group").filter(|group| group.envelope().is_some());
    let of_group =
        OF_GROUP.iter().filter(|name| group.and_then(|group| group.field(name)).is_some_and(is_set));
    top.map(|name| (*name).to_owned()).chain(of_group.map(|name| format!("instance_group.{name}"))).collect()
}

fn next(document: &Document) -> Option<Splice> {
    let spec = document.root();
    spec.envelope()?;
    let set = |name: &&'static str| spec.field(name).filter(|node| truthy(*node));
    if let Some(node) = NULLED.iter().find_map(set) {
        return Some(edit::replace(node, "null"));
    }
    if let Some(name) = REMOVED.iter().find(|name| set(name).is_some()) {
        return named_change(spec, name).or_else(|| set(name)).map(edit::remove);
    }
    let group = spec.field("instance_group").filter(|group| group.envelope().is_some())?;
    let node = OF_GROUP.iter().find_map(|name| group.field(name).filter(|node| is_set(*node)))?;
    Some(edit::replace(node, "null"))
}

/// What has to go from the spec's list of changed fields before the field itself goes: its name
/// or, where it is the only one, the list (nova writes no empty one).
fn named_change<'a>(spec: Node<'a>, name: &str) -> Option<Node<'a>> {
    let changes = spec.get(CHANGES_KEY)?;
    let named = changes.children().find(|change| change.as_str().is_some_and(|change| change == name))?;
    Some(if changes.len() == 1 { changes } else { named })
}

fn is_set(node: Node<'_>) -> bool {
    !node.is_null()
}

/// Whether Python takes the loaded value for true. Objects are true, list objects where they hold
/// something (`ObjectListBase.__len__`).
fn truthy(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::Null => false,
        Kind::Bool => node.raw() == "true",
        Kind::Number => node.raw().parse::<f64>().is_ok_and(|number| number != 0.0),
        Kind::String => node.raw() != "\"\"",
        Kind::Array => !node.is_empty(),
        Kind::Object => match node.envelope() {
            Some(envelope) if envelope.name.ends_with("List") => {
                envelope.data.get("objects").is_some_and(|objects| !objects.is_empty())
            }
            Some(_) => true,
            None => !node.is_empty(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(data: &str) -> Document {
        let text = format!(
            r#"{{"nova_object.name": "RequestSpec", "nova_object.version": "1.14", "nova_object.data": {{{data}}}}}"#
        );
        Document::parse_str(&text).unwrap()
    }

    #[rstest::rstest]
    #[case(r#""retry": {"nova_object.name": "R", "nova_object.data": {}}"#, r#""retry": null"#)]
    #[case(r#""ignore_hosts": ["a"], "b" : 1"#, r#""ignore_hosts": null, "b" : 1"#)]
    #[case(r#""ignore_hosts": []"#, r#""ignore_hosts": []"#)]
    #[case(r#""requested_resources": []"#, r#""requested_resources": []"#)]
    #[case(
        r#""a": 1, "network_metadata": {"nova_object.name": "N", "nova_object.data": {}}, "b": 2"#,
        r#""a": 1, "b": 2"#
    )]
    #[case(
        r#""requested_networks": {"nova_object.name": "NetworkRequestList", "nova_object.data": {"objects": []}}"#,
        r#""requested_networks": {"nova_object.name": "NetworkRequestList", "nova_object.data": {"objects": []}}"#
    )]
    #[case(
        r#""instance_group": {"nova_object.name": "InstanceGroup", "nova_object.data": {"uuid": "u", "members": [], "hosts": ["h"]}}"#,
        r#""instance_group": {"nova_object.name": "InstanceGroup", "nova_object.data": {"uuid": "u", "members": null, "hosts": null}}"#
    )]
    #[case(
        r#""instance_group": {"nova_object.name": "InstanceGroup", "nova_object.data": {"uuid": "u"}}"#,
        r#""instance_group": {"nova_object.name": "InstanceGroup", "nova_object.data": {"uuid": "u"}}"#
    )]
    fn strips_what_nova_strips(#[case] before: &str, #[case] after: &str) {
        let (before, after) = (spec(before), spec(after));
        let edited = strip(&before).unwrap();
        assert_eq!(edited.document.text(), after.text());
        assert_eq!(edited.inverse.apply(after.text()).unwrap().0, before.text());
        assert_eq!(stripped_fields(&before).is_empty(), edited.splices.is_empty());
        assert!(strip(&edited.document).unwrap().splices.is_empty());
    }

    #[rstest::rstest]
    #[case(r#"["a", "network_metadata", "b"]"#, r#", "nova_object.changes": ["a", "b"]"#)]
    #[case(r#"["network_metadata"]"#, "")]
    fn a_removed_field_is_no_change_any_more(#[case] changes: &str, #[case] left: &str) {
        let text = |data: &str, changes: &str| {
            format!(r#"{{"nova_object.name": "RequestSpec", "nova_object.data": {{{data}}}{changes}}}"#)
        };
        let metadata = r#""network_metadata": {"nova_object.name": "N", "nova_object.data": {}}"#;
        let before = text(metadata, &format!(r#", "nova_object.changes": {changes}"#));
        let edited = strip(&Document::parse_str(&before).unwrap()).unwrap();
        assert_eq!(edited.document.text(), text("", left));
        assert_eq!(edited.inverse.apply(edited.document.text()).unwrap().0, before);
    }
}
