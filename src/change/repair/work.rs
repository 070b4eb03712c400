//! What each repair does to a text.
//!
//! Imports `spec` and `lint`; no I/O.

use super::Repair;
use crate::lint::flavor::{flavor_differences, leftover_requests};
use crate::lint::group::{group_of_fields, hint_of};
use crate::lint::{Instance, Surroundings, Told};
use crate::spec::edit::{self, Edit, Edited};
use crate::spec::scan::encode_string;
use crate::spec::schema::{self, StoredVersion};
use crate::spec::{Document, FieldPath, Kind, Node, persist};

type Made = Result<Vec<Edit>, String>;

pub(super) fn edits(
    repair: &Repair,
    document: &Document,
    around: &Surroundings,
) -> Result<Option<Edited>, String> {
    if document.root().envelope().is_none() {
        return Err("the text is no RequestSpec in its envelope".to_owned());
    }
    let edits = match repair {
        Repair::UnpinZone => unpin_zone(document),
        Repair::RenameZone { old, new } => rename_zone(document, old, new),
        Repair::ClearForcedHosts => clear_forced_hosts(document),
        Repair::RefreshFlavor => refresh_flavor(document, around)?,
        Repair::DropDanglingGroup => drop_dangling_group(document, around)?,
        Repair::RelinkGroup => relink_group(document, around)?,
        Repair::FixProject => fix_project(document, around)?,
        Repair::ClearLeftoverPci => clear_leftover_pci(document)?,
        Repair::StripStaleFields => {
            let stripped = persist::strip(document).map_err(|malformed| malformed.to_string())?;
            return Ok((!stripped.splices.is_empty()).then_some(stripped));
        }
    };
    // What nova could not load before may stay: planning judges the whole.
    let edited = edit::apply_unfinished(document, &edits).map_err(|refused| refused.to_string())?;
    Ok((!edited.splices.is_empty()).then_some(edited))
}

fn path(segments: &[&str]) -> FieldPath {
    FieldPath::of(segments.iter().copied())
}

fn raw<'d>(document: &'d Document, field: &str) -> Option<&'d str> {
    document.root().field(field).map(|node| node.raw())
}

fn unpin_zone(document: &Document) -> Vec<Edit> {
    let pinned = document.root().field("availability_zone").is_some_and(|zone| !zone.is_null());
    if pinned { vec![Edit::unset(path(&["availability_zone"]))] } else { Vec::new() }
}

/// Only `availability_zone` names a zone: a requested destination names hosts, cells and aggregates.
fn rename_zone(document: &Document, old: &str, new: &str) -> Vec<Edit> {
    let zone = document.root().field("availability_zone").and_then(|zone| zone.as_str());
    match zone {
        Some(zone) if zone == old => {
            vec![Edit::set_json(path(&["availability_zone"]), encode_string(new))]
        }
        _ => Vec::new(),
    }
}

fn clear_forced_hosts(document: &Document) -> Vec<Edit> {
    let is_forced = |node: Node<'_>| match node.kind() {
        Kind::Null => false,
        Kind::Array => !node.is_empty(),
        _ => true,
    };
    let forced = ["force_hosts", "force_nodes"].into_iter();
    let forced = forced.filter(|field| document.root().field(field).is_some_and(is_forced));
    forced.map(|field| Edit::unset(path(&[field]))).collect()
}

fn instance_of(around: &Surroundings) -> Result<&Instance, String> {
    match &around.instance {
        Told::Known(Some(instance)) => Ok(instance),
        Told::Known(None) => Err("no cell has the instance".to_owned()),
        Told::Unknown => Err("what its cell says of the instance could not be told".to_owned()),
    }
}

/// Field by field, so that the stored version of the flavor stays and what it does not have is not invented.
fn refresh_flavor(document: &Document, around: &Surroundings) -> Made {
    let instance = instance_of(around)?;
    let current = match &instance.flavor {
        Told::Known(Some(flavor)) => flavor,
        Told::Known(None) => return Err(format!("{} has no flavor of the instance", instance.cell)),
        Told::Unknown => return Err(format!("the instance's flavor in {} could not be told", instance.cell)),
    };
    let unreadable = |reason: String| format!("the instance's flavor in {}: {reason}", instance.cell);
    let current = Document::parse_str(current).map_err(|malformed| unreadable(malformed.to_string()))?;
    let stored = document.root().field("flavor");
    let Some(flavor) = stored.filter(|flavor| flavor.envelope().is_some()) else {
        return Ok(vec![Edit::set_json(path(&["flavor"]), current.root().raw())]);
    };
    if current.root().envelope().is_none_or(|envelope| envelope.name != "Flavor") {
        return Err(unreadable("it is no Flavor in its envelope".to_owned()));
    }
    if flavor_differences(flavor.raw(), current.root().raw()).is_empty() {
        return Ok(Vec::new());
    }
    let schema = schema::object("Flavor").ok_or("the schema has no Flavor")?;
    let text = flavor.envelope().and_then(|envelope| envelope.version()).unwrap_or_default();
    let version = StoredVersion::of(&text, schema).version();
    let mut edits = Vec::new();
    for field in schema.fields.iter().filter(|field| version.is_some_and(|version| field.since <= version)) {
        let Some(value) = current.root().field(field.name) else { continue };
        if flavor.field(field.name).is_none_or(|own| own.raw() != value.raw()) {
            edits.push(Edit::set_json(path(&["flavor", field.name]), value.raw()));
        }
    }
    Ok(edits)
}

fn named_group(document: &Document) -> Option<String> {
    group_of_fields(raw(document, "instance_group"), raw(document, "scheduler_hints"))
}

/// No group, and no hint of one. Null hints become empty ones: nova raises on them when it schedules.
fn without_group(document: &Document) -> Vec<Edit> {
    let mut edits = Vec::new();
    let field = |name: &str| document.root().field(name);
    if field("instance_group").is_some_and(|group| !group.is_null()) {
        edits.push(Edit::unset(path(&["instance_group"])));
    }
    match field("scheduler_hints") {
        Some(hints) if hints.is_null() => edits.insert(0, Edit::set_json(path(&["scheduler_hints"]), "{}")),
        Some(hints) if hints.get("group").is_some() => {
            edits.push(Edit::unset(path(&["scheduler_hints", "group"])));
        }
        _ => {}
    }
    edits
}

fn drop_dangling_group(document: &Document, around: &Surroundings) -> Made {
    if named_group(document).is_none() {
        return Ok(Vec::new());
    }
    match &around.named_group {
        Told::Known(Some(_)) => Ok(Vec::new()),
        Told::Known(None) => Ok(without_group(document)),
        Told::Unknown => Err("whether its server group is there could not be told".to_owned()),
    }
}

fn relink_group(document: &Document, around: &Surroundings) -> Made {
    let member_of = match &around.member_of {
        Told::Known(group) => group,
        Told::Unknown => return Err("of which server group it is a member could not be told".to_owned()),
    };
    let hint = hint_of(raw(document, "scheduler_hints"));
    let stored = document.root().field("instance_group").filter(|group| !group.is_null());
    let Some(group) = member_of else {
        let named = stored.is_some() || hint.is_some();
        return Ok(if named { without_group(document) } else { Vec::new() });
    };
    let uuid = stored.and_then(|stored| stored.field("uuid")).and_then(|uuid| uuid.as_str());
    if uuid.as_deref() == Some(&*group.uuid) {
        let in_step = hint.as_deref() == Some(&*group.uuid);
        let hint =
            Edit::set_json(path(&["scheduler_hints", "group"]), format!("[{}]", encode_string(&group.uuid)));
        return Ok(if in_step { Vec::new() } else { vec![hint] });
    }
    // Of the old group nothing is true of the new one. nova reads the uuid alone.
    let unset = stored.is_some().then(|| Edit::unset(path(&["instance_group"])));
    let set = Edit::set(path(&["instance_group", "uuid"]), &*group.uuid);
    Ok(unset.into_iter().chain([set]).collect())
}

fn fix_project(document: &Document, around: &Surroundings) -> Made {
    let instance = instance_of(around)?;
    if instance.project_id.is_none() && instance.user_id.is_none() {
        return Err(format!("{} does not say whose the instance is", instance.cell));
    }
    let mut edits = Vec::new();
    for (field, owner) in [("project_id", &instance.project_id), ("user_id", &instance.user_id)] {
        let (stored, Some(owner)) = (document.root().field(field), owner) else { continue };
        // Specs from before nova 18 have no user; that is none to be invented.
        let wanted = field == "project_id" || stored.is_some();
        if wanted && stored.and_then(|stored| stored.as_str()).as_deref() != Some(&**owner) {
            edits.push(Edit::set_json(path(&[field]), encode_string(owner)));
        }
    }
    Ok(edits)
}

fn clear_leftover_pci(document: &Document) -> Made {
    let Some(requests) = raw(document, "pci_requests") else { return Ok(Vec::new()) };
    let flavor = document.root().field("flavor").filter(|flavor| flavor.envelope().is_some());
    let flavor = flavor.ok_or("the spec has no flavor that could be read")?;
    let leftover = leftover_requests(flavor.raw(), requests);
    let list = path(&["pci_requests", "requests"]);
    // From the end: what is before keeps its place.
    let remove = |(index, _): &(usize, String)| Edit::RemoveItem { path: list.clone(), index: *index };
    Ok(leftover.iter().rev().map(remove).collect())
}
