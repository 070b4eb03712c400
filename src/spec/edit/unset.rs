//! What clearing means, field by field: null with the key kept, an empty value, or the key removed.
//! It is what nova itself stores for "not asked for", and never what makes it fail.
//!
//! Imports its siblings and [`crate::spec::schema`]; no I/O.

use crate::spec::document::{Document, Node};
use crate::spec::scan::encode_string;
use crate::spec::schema::{Kind, Owner, Place, Role};

use super::splice::Splice;
use super::structure;

/// What stands in the place of a cleared value.
pub(super) enum Cleared {
    /// This JSON text, the key kept.
    Value(String),
    /// Nothing: the key or element goes.
    Removed,
    /// A finer change inside the value.
    Inside(Splice),
}

/// What clears the place.
///
/// # Errors
/// A sentence, for fields that cannot be empty.
pub(super) fn cleared(document: &Document, place: &Place<'_>) -> Result<Cleared, String> {
    let Some(Owner { object, field, .. }) = place.owner else {
        return Err("the spec as a whole cannot be cleared".to_owned());
    };
    if place.role != Role::Field {
        return Ok(Cleared::Removed);
    }
    match (object.name, field.name) {
        // Null raises when nova schedules (TypeError) …
        ("RequestSpec", "scheduler_hints") => Ok(Cleared::Value("{}".to_owned())),
        // … on resize (AttributeError) …
        ("RequestSpec", "pci_requests") => Ok(no_pci_requests(document, place.node)),
        // … and in the pre-filters (AttributeError).
        ("RequestSpec", "image") => Ok(Cleared::Value(no_image(document, place.node))),
        // Lazy-loaded, not nullable, and removed by nova's save() itself.
        ("RequestSpec", "network_metadata" | "requested_networks" | "request_level_params") => {
            Ok(Cleared::Removed)
        }
        // No image property may be null.
        ("ImageMetaProps", _) => Ok(Cleared::Removed),
        _ if field.nullable => Ok(Cleared::Value("null".to_owned())),
        _ if matches!(field.kind, Kind::Dict(_)) => Ok(Cleared::Value("{}".to_owned())),
        _ => Err(format!("{} cannot be empty: nova needs a value there", field.name)),
    }
}

/// An InstancePCIRequests without requests; a stored one keeps everything else.
fn no_pci_requests(document: &Document, node: Option<Node<'_>>) -> Cleared {
    let requests = node.and_then(|node| node.envelope()).and_then(|envelope| envelope.data.get("requests"));
    if let Some(requests) = requests {
        let json = if requests.is_empty() && !requests.is_null() { requests.raw() } else { "[]" };
        return Cleared::Inside(structure::replace(requests, json));
    }
    let instance = document.root().field("instance_uuid").and_then(|uuid| uuid.as_str());
    let data = match instance {
        Some(uuid) => format!("\"instance_uuid\": {}, \"requests\": []", encode_string(&uuid)),
        None => "\"requests\": []".to_owned(),
    };
    Cleared::Value(envelope("InstancePCIRequests", "1.1", &data))
}

/// An ImageMeta with empty properties, as nova stores it for an instance that boots from a volume.
/// A stored image lends its versions; without one they are those of nova 13, which every later
/// nova reads.
fn no_image(document: &Document, node: Option<Node<'_>>) -> String {
    let version = |node: Option<Node<'_>>| {
        node.and_then(|node| node.envelope()?.version().map(std::borrow::Cow::into_owned))
    };
    let properties = node.and_then(|node| node.field("properties"));
    let image_version = version(node).unwrap_or_else(|| "1.8".to_owned());
    let properties_version =
        version(properties).unwrap_or_else(|| properties_version_of_era(document).to_owned());
    let properties = envelope("ImageMetaProps", &properties_version, "");
    envelope("ImageMeta", &image_version, &format!("\"properties\": {properties}"))
}

/// The ImageMetaProps version of the oldest nova that writes the document's RequestSpec version.
fn properties_version_of_era(document: &Document) -> &'static str {
    let version = document.root().envelope().and_then(|envelope| envelope.version());
    match version.as_deref() {
        Some("1.15") => "1.37",
        Some("1.14") => "1.29",
        Some("1.13") => "1.25",
        Some("1.12") => "1.21",
        Some("1.11" | "1.10" | "1.9") => "1.20",
        Some("1.8" | "1.7") => "1.16",
        Some("1.6") => "1.15",
        _ => "1.12",
    }
}

/// A new envelope, keys in nova's order, without `nova_object.changes`.
pub(super) fn envelope(name: &str, version: &str, data: &str) -> String {
    format!(
        "{{\"nova_object.name\": {}, \"nova_object.namespace\": \"nova\", \"nova_object.version\": {}, \"nova_object.data\": {{{data}}}}}",
        encode_string(name),
        encode_string(version)
    )
}
