//! What the image says: its own fields and its properties.
//!
//! Sources: `nova/objects/image_meta.py`, `nova/scheduler/request_filter.py`,
//! `nova/compute/api.py` (the checks of a resize).

use crate::spec::{FieldPath, Kind, Node};

use super::constraint::{Constraint, MOST, Said, Tab, Weight, is_falsy, nothing, setting, show};
use super::image_properties;

const IMAGE: Tab = Tab::Image;

/// Appends what the image says.
pub fn constraints(root: Node<'_>, out: &mut Vec<Constraint>) {
    let Some(image) = root.field("image") else { return };
    let path = FieldPath::of(["image"]);
    if image.is_null() {
        out.push(
            Constraint::new(IMAGE, &path, "image", "")
                .says(Weight::Trap, "null: the pre-filters fail, write an ImageMeta with empty properties")
                .bites("pre-filters"),
        );
        return;
    }
    for (name, says) in FIELDS {
        if let Some(node) = image.field(name) {
            let line = Constraint::new(IMAGE, &path.join(*name), *name, with_unit(name, node));
            out.push(if node.is_null() {
                line.says(Weight::Nothing, "null")
            } else {
                says(node).about(line)
            });
        }
    }
    let Some(properties) = image.field("properties") else { return };
    let mut any = false;
    for property in properties.fields().children().take(MOST) {
        let Some(key) = property.key() else { continue };
        any = true;
        let value = show(property);
        let line =
            Constraint::new(IMAGE, &path.join("properties").join(key.as_ref()), key.as_ref(), value.clone());
        out.push(if property.is_null() {
            line.says(Weight::Trap, "null: nova cannot load the spec").bites("load")
        } else {
            image_properties::say(&key, &value).about(line)
        });
    }
    if !any {
        out.push(
            Constraint::new(IMAGE, &path.join("properties"), "properties", "")
                .says(Weight::Nothing, "no image properties"),
        );
    }
}

fn with_unit(name: &str, node: Node<'_>) -> String {
    let value = show(node);
    if node.kind() != Kind::Number {
        return value;
    }
    match (name, node.as_i64()) {
        ("min_ram", _) => value + " MB",
        ("min_disk", _) => value + " GB",
        ("size" | "virtual_size", Some(bytes)) if bytes > 0 => format!("{value} ({})", size(bytes)),
        _ => value,
    }
}

fn size(bytes: i64) -> String {
    let bytes = bytes as f64;
    if bytes >= 1_073_741_824.0 {
        format!("{:.1} GiB", bytes / 1_073_741_824.0)
    } else {
        format!("{:.1} MiB", bytes / 1_048_576.0)
    }
}

type Says = fn(Node<'_>) -> Said;

const FIELDS: &[(&str, Says)] = &[
    ("id", |_| Said { bites: Some("IsolatedHostsFilter".into()), ..setting("the image in Glance") }),
    ("name", |_| setting("its name")),
    ("status", |_| setting("its status when the spec was made")),
    ("visibility", |_| setting("who may see it")),
    ("owner", |_| setting("the project that owns it")),
    ("disk_format", |_| Said {
        bites: Some("pre-filter require_image_type_support (off by default)".into()),
        ..setting("the host must support the format")
    }),
    ("container_format", |_| setting("its container")),
    ("size", |_| setting("root disk must hold it")),
    ("virtual_size", |_| setting("size once unpacked")),
    ("min_ram", |node| least(node, "a flavor needs at least as much RAM")),
    ("min_disk", |node| least(node, "a flavor needs at least as much root disk")),
    ("checksum", |_| setting("of its data")),
    ("tags", |node| if is_falsy(node) { nothing("none") } else { setting("for people") }),
];

fn least(node: Node<'_>, meaning: &'static str) -> Said {
    if is_falsy(node) {
        nothing("no minimum")
    } else {
        Said { bites: Some("API, at resize".into()), ..setting(meaning) }
    }
}
