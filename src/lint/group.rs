//! Which server group a spec names.
//!
//! nova reads the group of a spec by `instance_group.uuid`, and by the hint `group` where the stored group has no
//! uuid (`RequestSpec._from_db_object`).
//!
//! Imports [`super::raw`] and `spec::schema`; no I/O.

use super::raw::Raw;
use crate::spec::schema::is_uuid;

/// The uuid of the group that a spec names, by the texts of its fields `instance_group` and `scheduler_hints`:
/// that of the stored group, else that of the hint. A hint that is no uuid names none: it is a name from before
/// nova 13.
pub fn group_of_fields(instance_group: Option<&str>, scheduler_hints: Option<&str>) -> Option<String> {
    let stored = instance_group.filter(|group| group.starts_with('{'));
    let uuid = stored.and_then(|group| Raw(group).field("uuid")).and_then(Raw::text);
    uuid.map(|uuid| uuid.into_owned()).or_else(|| hint_of(scheduler_hints).filter(|hint| is_uuid(hint)))
}

/// What the hint `group` says: its first value.
pub fn hint_of(scheduler_hints: Option<&str>) -> Option<String> {
    let hint = Raw(scheduler_hints?).get("group")?;
    let first = if hint.0.starts_with('[') { hint.items().first().copied() } else { Some(hint) };
    Some(first?.text()?.into_owned())
}
