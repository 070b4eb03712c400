//! Applies edits one after the other and judges the result.
//!
//! Imports its siblings, [`crate::spec::schema`], [`crate::spec::document`] and
//! [`crate::spec::path`]; no I/O.

use crate::spec::document::{self, Document, Node};
use crate::spec::path::FieldPath;
use crate::spec::scan::encode_string;
use crate::spec::schema::{self, Kind, Owner, Place, Problem, Role, Severity};

use super::error::EditError;
use super::render::render;
use super::splice::Splice;
use super::unset::{self, Cleared};
use super::{Edit, Edited, NewValue, structure, typed};

/// Applies edits in order.
///
/// # Errors
/// [`EditError`] where one of them is refused, or where the result is something nova cannot load,
/// or would misread in a way it did not before.
pub fn apply(document: &Document, edits: &[Edit]) -> Result<Edited, EditError> {
    let edited = apply_unfinished(document, edits)?;
    let rest = schema::check(&edited.document);
    match rest.into_iter().find(|problem| problem.severity == Severity::Unloadable) {
        Some(problem) => Err(refuse(&problem, "nova cannot load the result")),
        None => Ok(edited),
    }
}

/// As [`apply`], but what nova could not load before may stay: for repairing a spec step by step.
/// The result must pass [`apply`] or [`schema::check`] before it is written.
///
/// # Errors
/// As [`apply`], for problems that were not there before.
pub fn apply_unfinished(document: &Document, edits: &[Edit]) -> Result<Edited, EditError> {
    let mut edited = Edited::unchanged(document);
    for edit in edits {
        one(&mut edited, edit)?;
        follow_group(&mut edited, edit)?;
    }
    hint_in_step(document, &edited.document)?;
    if !edited.splices.is_empty() {
        no_new_harm(document, &edited.document)?;
    }
    Ok(edited)
}

/// Whether what a person has typed so far could be set.
///
/// # Errors
/// The reason, as one sentence, why not.
pub fn check_typed(document: &Document, path: &FieldPath, text: &str) -> Result<(), String> {
    let edit = Edit::set(path.clone(), text);
    apply_unfinished(document, &[edit]).map(drop).map_err(|error| {
        let path = path.to_string();
        if error.path == path {
            EditError { path: String::new(), ..error }.to_string()
        } else {
            error.to_string()
        }
    })
}

fn refuse(problem: &Problem, why: &str) -> EditError {
    EditError::new(&problem.path, format!("{why}: {}", problem.sentence))
}

/// Problems count by what they say as well as by where: removing an element moves the others.
fn no_new_harm(before: &Document, after: &Document) -> Result<(), EditError> {
    let serious = |document: &Document| -> Vec<Problem> {
        let problems = schema::check(document).into_iter();
        problems.filter(|problem| problem.severity != Severity::Notice).collect()
    };
    let (before, after) = (serious(before), serious(after));
    let same_words =
        |list: &[Problem], sentence: &str| list.iter().filter(|problem| problem.sentence == sentence).count();
    let new = after.iter().find(|problem| {
        !before.contains(problem)
            && same_words(&after, &problem.sentence) > same_words(&before, &problem.sentence)
    });
    match new {
        None => Ok(()),
        Some(problem) if problem.severity == Severity::Unloadable => {
            Err(refuse(problem, "nova could not load the result"))
        }
        Some(problem) => Err(refuse(problem, "nova would misread the result or fail on it later")),
    }
}

fn one(edited: &mut Edited, edit: &Edit) -> Result<(), EditError> {
    let document = edited.document.clone();
    let path = edit.path();
    let fail = |reason: String| EditError::new(path, reason);
    let place = place_of(&document, path)?;
    let splice = match edit {
        Edit::Set { value, .. } => {
            let json = value_json(path, &place, &place.kind, place.nullable, value)?;
            set(&document, path, &place, &json)?
        }
        Edit::Unset { .. } => match unset(&document, &place).map_err(fail)? {
            Some(splice) => splice,
            None => return Ok(()),
        },
        Edit::InsertItem { index, value, .. } => {
            let element = element_of(path, &place)?;
            let item = value_json(path, &place, element, false, value)?;
            insert_item(&document, path, &place, *index, &item)?
        }
        Edit::RemoveItem { index, .. } => {
            element_of(path, &place)?;
            let item = place.node.and_then(|list| list.at(*index));
            structure::remove(item.ok_or_else(|| fail(format!("there is no element {index}")))?)
        }
        Edit::RenameKey { key, .. } => rename(path, &place, key)?,
    };
    edited.splice(splice).map_err(|malformed| fail(malformed.to_string()))
}

fn place_of<'a>(document: &'a Document, path: &FieldPath) -> Result<Place<'a>, EditError> {
    let place = Place::of(document, path).map_err(|reason| EditError::new(path, reason))?;
    match schema::refusal(&place) {
        Some(reason) => Err(EditError::new(path, reason)),
        None => Ok(place),
    }
}

/// The JSON text, in Python's form, of a new value; judged by the schema.
fn value_json(
    path: &FieldPath,
    place: &Place<'_>,
    kind: &Kind,
    nullable: bool,
    value: &NewValue,
) -> Result<String, EditError> {
    let choices = place.owner.map(|owner| schema::choices(kind, owner)).unwrap_or_default();
    let fail = |reason: String| EditError { path: path.to_string(), reason, allowed: choices.clone() };
    let json = match value {
        NewValue::Typed(text) => typed::json(kind, nullable, text).map_err(fail)?,
        NewValue::Json(text) => text.clone(),
    };
    let parsed = Document::parse_str(&json).map_err(|malformed| fail(format!("not JSON: {malformed}")))?;
    let problems = schema::check_value(kind, nullable, parsed.root());
    if let Some(problem) = problems.iter().find(|problem| problem.severity != Severity::Notice) {
        let within = if problem.path.is_empty() { "" } else { " in the value" };
        return Err(fail(match within {
            "" => problem.sentence.clone(),
            _ => format!("{}{within}: {}", problem.path, problem.sentence),
        }));
    }
    finite(parsed.root()).map_err(fail)?;
    gate(kind, place.owner, parsed.root()).map_err(fail)?;
    Ok(render(parsed.root()))
}

/// Refuses numbers that are none for nova's arithmetic: `NaN`, `Infinity`, and `1e400`, which
/// Python reads as infinite. Stored ones stay as they are.
fn finite(node: Node<'_>) -> Result<(), String> {
    // Not by recursion: a text may be nested as deep as it is long.
    let mut left = vec![node];
    while let Some(node) = left.pop() {
        let raw = node.raw();
        // Integers have no limit in Python.
        let is_float = node.kind() == document::Kind::Number && raw.contains(['.', 'e', 'E', 'N', 'I']);
        if is_float && !raw.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err(format!("{raw} is not a finite number"));
        }
        left.extend(node.children());
    }
    Ok(())
}

/// Refuses a value of an enumeration that the stored version of the object does not have.
fn gate(kind: &Kind, owner: Option<Owner>, node: Node<'_>) -> Result<(), String> {
    let (Kind::Enum { values, any_case, aliases, .. }, Some(owner), Some(text)) =
        (kind, owner, node.as_str())
    else {
        return Ok(());
    };
    let Some(value) = schema::enum_value(&text, values, *any_case, aliases) else { return Ok(()) };
    match owner.version.version() {
        Some(version) if value.since > version => Err(format!(
            "{text:?} came with {} {}, the spec holds version {version}",
            owner.object.name, value.since
        )),
        _ => Ok(()),
    }
}

fn set(document: &Document, path: &FieldPath, place: &Place<'_>, json: &str) -> Result<Splice, EditError> {
    let fail = |reason: &str| EditError::new(path, reason);
    if let Some(node) = place.node {
        // The same value in another layout stays as it is.
        return Ok(structure::replace(node, if render(node) == json { node.raw() } else { json }));
    }
    let last = path.last().unwrap_or_default();
    match (place.container, place.role) {
        (Some(data), Role::Field) => {
            let owner = place.owner.ok_or_else(|| fail("the spec as a whole is edited as raw text"))?;
            Ok(structure::insert_member(data, predecessor(data, owner), last, json))
        }
        (Some(map), Role::Entry) => Ok(structure::insert_member(map, map.children().last(), last, json)),
        (Some(list), Role::Item) if last.parse() == Ok(list.len()) => {
            Ok(structure::insert_item(list, list.len(), json))
        }
        (Some(_), _) => Err(fail("the list is shorter than that")),
        (None, role) => {
            let parent = path.parent().ok_or_else(|| fail("the spec has no envelope"))?;
            let around = place_of(document, &parent)?;
            let whole = match role {
                Role::Entry if !last.is_empty() => format!("{{{}: {json}}}", encode_string(last)),
                Role::Item if last == "0" => format!("[{json}]"),
                Role::Field => new_object(document, &around, last, json).ok_or_else(|| {
                    let what = if around.node.is_some() { "null" } else { "absent" };
                    fail(&format!("{parent} is {what}: set it as a whole, as JSON with its envelope"))
                })?,
                _ => return Err(fail("there is nothing to put it in")),
            };
            if around.node.is_some_and(|node| !node.is_null()) {
                return Err(fail("what stands around it is of another type"));
            }
            set(document, &parent, &around, &whole)
        }
    }
}

/// The last present member that stands before the field in nova's order.
fn predecessor<'a>(data: Node<'a>, owner: Owner) -> Option<Node<'a>> {
    let order = |name: &str| owner.object.fields.iter().position(|field| field.name == name);
    let own = order(owner.field.name)?;
    data.children().filter(|child| child.key().and_then(|key| order(&key)).is_some_and(|at| at < own)).last()
}

/// A server group that holds its uuid only: all that nova reads of a stored one
/// (`RequestSpec._from_db_object`). In the version that the spec's own era writes.
fn new_object(document: &Document, around: &Place<'_>, field: &str, json: &str) -> Option<String> {
    if around.object()?.name != "InstanceGroup" || field != "uuid" {
        return None;
    }
    let spec =
        schema::StoredVersion::of(&document.root().envelope()?.version()?, schema::object("RequestSpec")?);
    let version = if spec.version()? < schema::v(1, 11) { "1.10" } else { "1.11" };
    Some(unset::envelope("InstanceGroup", version, &format!("\"uuid\": {json}")))
}

fn unset(document: &Document, place: &Place<'_>) -> Result<Option<Splice>, String> {
    let cleared = unset::cleared(document, place)?;
    let Some(node) = place.node else { return Ok(None) };
    Ok(Some(match cleared {
        Cleared::Value(json) if render(node) == json => return Ok(None),
        Cleared::Value(json) => structure::replace(node, &json),
        Cleared::Removed => structure::remove(node),
        Cleared::Inside(splice) => splice,
    }))
}

fn element_of<'k>(path: &FieldPath, place: &'k Place<'_>) -> Result<&'k Kind, EditError> {
    match &place.kind {
        Kind::List(element) | Kind::Set(element) => Ok(element),
        _ => Err(EditError::new(path, format!("is {}, not a list", place.kind_word()))),
    }
}

fn insert_item(
    document: &Document,
    path: &FieldPath,
    place: &Place<'_>,
    index: usize,
    item: &str,
) -> Result<Splice, EditError> {
    let Some(list) = place.node.filter(|node| !node.is_null()) else {
        return set(document, path, place, &format!("[{item}]"));
    };
    if list.kind() != document::Kind::Array {
        return Err(EditError::new(path, "what is stored there is not a list"));
    }
    if matches!(place.kind, Kind::Set(_)) && list.children().any(|child| render(child) == item) {
        return Err(EditError::new(path, "the set holds that element already"));
    }
    Ok(structure::insert_item(list, index, item))
}

fn rename(path: &FieldPath, place: &Place<'_>, key: &str) -> Result<Splice, EditError> {
    let fail = |reason: &str| EditError::new(path, reason);
    let (Role::Entry, Some(node), Some(map)) = (place.role, place.node, place.container) else {
        return Err(fail("there is no such entry of a map"));
    };
    if key.is_empty() {
        return Err(fail("a key cannot be empty"));
    }
    if !node.key_is(key) && map.get(key).is_some() {
        return Err(fail(&format!("the map has the key {key:?} already")));
    }
    structure::rename(node, key).ok_or_else(|| fail("there is no such entry of a map"))
}

/// Keeps the hint `group` in step with the group's uuid: nova reads both, the hint at boot and when
/// the stored group has no uuid, the uuid on every load.
fn follow_group(edited: &mut Edited, edit: &Edit) -> Result<(), EditError> {
    let of_group = |segments: &[String]| match segments {
        [object] => object == "instance_group",
        [object, field] => object == "instance_group" && field == "uuid",
        _ => false,
    };
    if !of_group(edit.path().segments()) {
        return Ok(());
    }
    let group = edited.document.root().field("instance_group").filter(|group| !group.is_null());
    let uuid = group.and_then(|group| group.field("uuid")).and_then(|uuid| uuid.as_str());
    let hint = FieldPath::of(["scheduler_hints", "group"]);
    let follow = match (group.is_some(), uuid) {
        (_, Some(uuid)) => Edit::set_json(hint, format!("[{}]", encode_string(&uuid))),
        (false, None) => Edit::unset(hint),
        (true, None) => return Ok(()),
    };
    one(edited, &follow)
}

/// Refuses a hint `group` that was changed away from the group's uuid.
fn hint_in_step(before: &Document, after: &Document) -> Result<(), EditError> {
    let hint = |document: &Document| -> Option<String> {
        let hint = document.root().field("scheduler_hints")?.get("group")?;
        Some(render(hint))
    };
    let group = after.root().field("instance_group").and_then(|group| group.field("uuid"));
    let (Some(uuid), now) = (group.and_then(|uuid| uuid.as_str()), hint(after)) else { return Ok(()) };
    let in_step = now.as_deref() == Some(&*format!("[{}]", encode_string(&uuid)));
    if in_step || now == hint(before) {
        return Ok(());
    }
    Err(EditError::new("scheduler_hints.group", "set instance_group.uuid: the hint follows"))
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
