//! Cases of what an editor is told about the fields.

use super::*;
use crate::spec::schema::check_sound;

fn document() -> Document {
    Document::parse_str(&check_sound()).unwrap()
}

fn path(text: &str) -> FieldPath {
    text.parse().unwrap()
}

#[test]
fn lists_fields_in_stored_order_with_their_depth() {
    let document = document();
    let entries = editable_fields(&document);
    let names: Vec<_> = entries.iter().map(|entry| entry.path.to_string()).collect();
    assert_eq!(&names[..4], ["image", "image.name", "image.size", "image.properties"]);
    assert!(names.contains(&"flavor.extra_specs".to_owned()));
    assert!(!names.iter().any(|name| name.contains("extra_specs.")));
    assert_eq!(entries[1].depth, 1);
    for entry in &entries {
        assert_eq!(entry.path.resolve(&document).map(|node| node.id()), entry.value, "{}", entry.path);
        assert!(!entry.info.help.is_empty() || entry.depth > 0, "{} has no help", entry.path);
    }
}

#[test]
fn knows_types_choices_and_obstacles() {
    let document = document();
    let info = |text: &str| field_info(&document, &path(text)).unwrap();
    assert!(matches!(info("availability_zone").kind, Kind::String));
    assert!(info("availability_zone").nullable && info("availability_zone").addable.is_none());
    let bus = info("image.properties.hw_disk_bus");
    assert!(bus.choices.contains(&"virtio") && !bus.choices.contains(&"nvme"));
    assert!(matches!(info("scheduler_hints[x]").kind, Kind::List(_)));
    assert!(matches!(info("scheduler_hints[x][0]").kind, Kind::String));
    assert!(info("id").read_only);
    // The image's properties are of version 1.32.
    assert!(info("image.properties.hw_sound_model").addable.unwrap().contains("1.40"));
    assert!(field_info(&document, &path("nonsense")).is_none());
    assert!(field_info(&document, &path("flavor[nova_object.version]")).is_none());
    assert!(field_info(&document, &FieldPath::root()).is_none());
}

#[test]
fn offers_what_may_be_added() {
    let document = document();
    let names = |text: &str| addable_members(&document, &path(text));
    assert!(names("image.properties").contains(&"hw_video_model"));
    assert!(!names("image.properties").contains(&"hw_disk_bus"));
    assert!(!names("image.properties").contains(&"hw_sound_model"));
    assert!(names("scheduler_hints").contains(&"group") && !names("scheduler_hints").contains(&"same_host"));
    assert!(names("flavor.extra_specs").contains(&"hw:cpu_policy"));
    assert!(names("flavor").contains(&"description"));
    assert!(names("limits").is_empty());
}

#[test]
fn a_newer_object_is_shown_but_not_edited() {
    let text = check_sound().replace("\"nova_object.version\": \"1.2\"", "\"nova_object.version\": \"1.9\"");
    let document = Document::parse_str(&text).unwrap();
    let info = field_info(&document, &path("flavor.vcpus")).unwrap();
    assert!(info.addable.unwrap().contains("newer"));
    assert!(field_info(&document, &path("availability_zone")).unwrap().addable.is_none());
}

#[test]
fn every_field_of_the_main_objects_has_help() {
    for object in crate::spec::schema::OBJECTS {
        if [
            "RequestSpec",
            "Flavor",
            "InstanceGroup",
            "InstancePCIRequest",
            "InstanceNUMACell",
            "ImageMetaProps",
        ]
        .contains(&object.name)
        {
            for field in object.fields {
                let timestamp = field.name.ends_with("_at") || field.name.starts_with("deleted");
                let id = object.name == "InstanceGroup" && field.name == "id";
                let help = help::of(object.name, field.name, Role::Field);
                assert!(!help.is_empty() || timestamp || id, "{}.{}", object.name, field.name);
            }
        }
    }
}

#[test]
fn hostile_specs_are_listed_without_delay() {
    let group = r#"{"nova_object.name": "SecurityGroup", "nova_object.namespace": "nova", "nova_object.version": "1.2", "nova_object.data": {"name": "g"}}"#;
    let groups = vec![group; 4_000].join(", ");
    let flavors = "\"flavor\": 1, ".repeat(10_000);
    let text = check_sound().replace("\"objects\": []", &format!("\"objects\": [{groups}]")).replacen(
        "\"image\": ",
        &format!("{flavors}\"image\": "),
        1,
    );
    let document = Document::parse_str(&text).unwrap();
    let began = std::time::Instant::now();
    let entries = editable_fields(&document);
    assert!(entries.len() < 3 * MOST_OBJECTS);
    assert_eq!(entries.iter().filter(|entry| entry.path.to_string() == "flavor").count(), 1);
    assert!(!crate::spec::schema::check(&document).is_empty());
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
}
