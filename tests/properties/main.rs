//! Properties of the document: whatever is stored, reading it never fails to be exact and editing
//! it can always be taken back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod generate;
#[path = "../spec_support/mod.rs"]
mod spec_support;

use generate::{json, nodes, odd_spec, spec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use spec_support::fitting;

use reqspec::spec::diff::{self, Relation};
use reqspec::spec::document::{Kind, Node};
use reqspec::spec::edit::{Edit, NewValue, apply, apply_unfinished, check_typed};
use reqspec::spec::schema::{self, Severity};
use reqspec::spec::summary::Summary;
use reqspec::spec::{Document, FieldPath, persist, scan};

fn parse(text: &str) -> Document {
    Document::parse_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The text put together again from the spans: what lies between them is layout only.
fn reassembled(node: Node<'_>) -> String {
    let text = node.document().text();
    let mut out = String::new();
    let mut at = node.span().start;
    for child in node.children() {
        let start = child.key_span().unwrap_or(child.span()).start;
        assert!(
            text[at..start].chars().all(|layout| " \n\r\t,[{".contains(layout)),
            "{:?}",
            &text[at..start]
        );
        out.push_str(&text[at..start]);
        if let Some(key) = child.key_span() {
            out.push_str(&text[key.clone()]);
            out.push_str(&text[key.end..child.span().start]);
        }
        out.push_str(&reassembled(child));
        at = child.span().end;
    }
    out.push_str(&text[at..node.span().end]);
    out
}

/// What a person might type, for any field.
fn typed() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(vec![
            "az2", "4", "true", "no", "cmp1,cmp2", "0-3,7", "k=v,k2=v2", "virtio", "1.5", "", "null", "[]", "{}",
            "9a3e6f30-0c1c-4a5e-9f43-6a6e4dbe4c55", "2026-01-31", "dedicated", "é😀", "[\"a\"]",
        ])
        .prop_map(str::to_owned),
        1 => ".{0,12}",
    ]
}

fn new_value() -> impl Strategy<Value = NewValue> {
    prop_oneof![3 => typed().prop_map(NewValue::Typed), 1 => json().prop_map(NewValue::Json)]
}

/// A path to something in the document: mostly a field that an editor lists or an entry of a map,
/// sometimes any node; with a name, something that might be added there.
fn a_path(document: &Document, at: Index, name: &str, any: bool) -> FieldPath {
    let mut paths = Vec::new();
    if !any {
        for entry in schema::editable_fields(document) {
            let entries = match entry.info.kind {
                schema::Kind::Dict(_) => entry.path.resolve(document),
                _ => None,
            };
            let keys = entries.into_iter().flat_map(|map| map.children().filter_map(|child| child.key()));
            paths.extend(keys.map(|key| entry.path.join(key)));
            paths.push(entry.path);
        }
    }
    if paths.is_empty() {
        let ids = nodes(document.root()).into_iter();
        paths.extend(ids.filter_map(|id| FieldPath::of_node(document.node(id))));
    }
    let path = paths[at.index(paths.len())].clone();
    if name.is_empty() { path } else { path.join(name) }
}

type Step = ((u8, bool, bool), Index, &'static str, NewValue, usize);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let names = vec![
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "group",
        "hw:numa_nodes",
        "hw_boot_menu",
        "uuid",
        "0",
        "description",
    ];
    let how = (0u8..8, prop::bool::weighted(0.8), prop::bool::weighted(0.1));
    prop::collection::vec((how, any::<Index>(), select(names), new_value(), 0usize..4), 1..4)
}

fn edit_of(document: &Document, ((kind, fit, any), at, name, value, index): Step) -> Edit {
    let path = a_path(document, at, name, any);
    let info = schema::field_info(document, &path);
    // Mostly an edit that makes sense there.
    let listed = info.as_ref().map(|info| info.kind);
    let entry = path.parent().and_then(|parent| schema::field_info(document, &parent));
    let entry = entry.is_some_and(|info| matches!(info.kind, schema::Kind::Dict(_)));
    let kind = match (kind, listed) {
        _ if !fit => kind,
        (_, Some(schema::Kind::Object(_))) => 4,
        (5..=6, Some(schema::Kind::List(_) | schema::Kind::Set(_))) => kind,
        (5.., _) if entry => 7,
        (5.., _) => 0,
        _ => kind,
    };
    let value = info.filter(|_| fit).map_or(value, |info| NewValue::Typed(fitting(&info)));
    match kind {
        0..=3 => Edit::Set { path, value },
        4 => Edit::Unset { path },
        5 => Edit::InsertItem { path, index, value },
        6 => Edit::RemoveItem { path, index },
        _ => Edit::RenameKey { path, key: "renamed".to_owned() },
    }
}

proptest! {
    #[test]
    fn the_spans_of_any_json_give_the_text_back(text in json()) {
        let document = parse(&text);
        prop_assert_eq!(reassembled(document.root()), &text[document.root().span()]);
    }

    #[test]
    fn skipping_agrees_with_indexing(text in json(), cut in any::<Index>(), byte in any::<u8>()) {
        // The text itself, cut short, and with one byte replaced.
        let mut damaged = text.clone().into_bytes();
        let at = cut.index(damaged.len());
        damaged[at] = byte;
        for bytes in [text.as_bytes(), &text.as_bytes()[..at], &damaged] {
            let indexed = Document::parse(bytes);
            let problem = Summary::of(bytes).problem;
            match indexed {
                Err(malformed) => prop_assert_eq!(problem, Some(malformed.to_string())),
                Ok(_) => prop_assert!(problem.is_some_and(|problem| !problem.contains(" at byte "))),
            }
        }
    }

    #[test]
    fn a_summary_of_any_bytes_is_made(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Summary::of(&bytes).problem.is_some());
    }

    #[test]
    fn a_summary_agrees_with_the_full_index(text in odd_spec()) {
        let document = parse(&text);
        let summary = Summary::of(text.as_bytes());
        let root = document.root();
        let string = |node: Option<Node<'_>>| node.and_then(|node| Some(node.as_str()?.into_owned()));
        let flavor = root.field("flavor");
        let of_flavor = |name: &str| flavor.and_then(|flavor| flavor.field(name));
        prop_assert_eq!(&summary.availability_zone, &string(root.field("availability_zone")));
        prop_assert_eq!(&summary.project_id, &string(root.field("project_id")));
        prop_assert_eq!(&summary.flavor, &string(of_flavor("name")));
        prop_assert_eq!(summary.vcpus, of_flavor("vcpus").and_then(|node| node.as_i64()));
        prop_assert_eq!(summary.memory_mb, of_flavor("memory_mb").and_then(|node| node.as_i64()));
        let image = root.field("image").and_then(|image| image.field("name"));
        prop_assert_eq!(&summary.image, &string(image));
        prop_assert_eq!(summary.demands.has('F'), forced(root));
        // It never calls unloadable what the full check does not.
        if summary.problem.is_some() {
            let found = schema::check(&document);
            prop_assert!(found.iter().any(|one| one.severity == Severity::Unloadable), "{:?}", summary.problem);
        }
    }

    #[test]
    fn nova_written_specs_have_no_serious_problem(text in spec()) {
        let problems = schema::check(&parse(&text));
        let serious: Vec<_> = problems.iter().filter(|one| one.severity != Severity::Notice).collect();
        prop_assert!(serious.is_empty(), "{serious:?}");
    }

    #[test]
    fn any_edit_can_be_taken_back(text in prop_oneof![4 => spec(), 1 => odd_spec()], steps in steps()) {
        let document = parse(&text);
        let edits: Vec<_> = steps.into_iter().map(|step| edit_of(&document, step)).collect();
        let Ok(edited) = apply_unfinished(&document, &edits) else { return Ok(()) };
        let after = edited.document.text();
        prop_assert_eq!(&edited.splices.apply(&text).unwrap().0, after);
        let (back, again) = edited.inverse.apply(after).unwrap();
        prop_assert_eq!(&back, &text);
        prop_assert_eq!(again.apply(&back).unwrap().0, after);
        // Nothing that nova cannot load comes out of what it can load.
        let unloadable = |document: &Document| {
            schema::check(document).into_iter().filter(|one| one.severity == Severity::Unloadable).count()
        };
        prop_assert!(unloadable(&edited.document) <= unloadable(&document));
        prop_assert_eq!(apply(&document, &edits).is_ok(), unloadable(&edited.document) == 0);
    }

    #[test]
    fn one_edit_leaves_everything_else(text in spec(), step in steps()) {
        let document = parse(&text);
        let edit = edit_of(&document, step.into_iter().next().unwrap());
        let Ok(edited) = apply(&document, std::slice::from_ref(&edit)) else { return Ok(()) };
        // All that differs lies at the edited path; the hint follows the group.
        let at = edit.path().to_string();
        let parent = edit.path().parent().unwrap_or_default().to_string();
        for change in diff::difference(&document, &edited.document) {
            let followed = at.starts_with("instance_group") && change.path.starts_with("scheduler_hints");
            // An element removed or a key renamed shows beside the path, in its container.
            let beside = !matches!(edit, Edit::Set { .. }) && !parent.is_empty() && change.path.starts_with(&parent);
            let made = parent.starts_with(&change.path);
            prop_assert!(
                change.path.starts_with(&at) || followed || beside || made,
                "{edit:?} changed {}", change.path
            );
        }
        // One splice, or two with the hint: the bytes around are the same by construction, and few.
        prop_assert!(edited.splices.iter().count() <= 2);
    }

    #[test]
    fn typing_is_judged_as_setting_is(text in spec(), at in any::<Index>(), typed in typed()) {
        let document = parse(&text);
        let path = a_path(&document, at, "", false);
        let set = apply_unfinished(&document, &[Edit::set(path.clone(), typed.clone())]);
        prop_assert_eq!(check_typed(&document, &path, &typed).is_ok(), set.is_ok());
    }

    #[test]
    fn stripping_is_idempotent_and_can_be_taken_back(text in odd_spec()) {
        let document = parse(&text);
        let stripped = persist::strip(&document).unwrap();
        prop_assert!(persist::strip(&stripped.document).unwrap().splices.is_empty());
        prop_assert_eq!(stripped.inverse.apply(stripped.document.text()).unwrap().0, text);
        prop_assert_eq!(persist::stripped_fields(&document).is_empty(), stripped.splices.is_empty());
    }

    #[test]
    fn a_path_reads_back_as_it_is_written(segments in prop::collection::vec(".{0,8}", 1..5)) {
        let path = FieldPath::of(segments);
        prop_assert_eq!(path.to_string().parse::<FieldPath>().unwrap(), path);
    }

    #[test]
    fn a_path_leads_to_its_node(text in spec(), at in any::<Index>()) {
        let document = parse(&text);
        let ids = nodes(document.root());
        let node = document.node(ids[at.index(ids.len())]);
        if let Some(path) = FieldPath::of_node(node) {
            // For the data of an envelope its object is found, for a duplicate key the last.
            match path.resolve(&document) {
                Some(found) => prop_assert_eq!(FieldPath::of_node(found), Some(path)),
                None => prop_assert!(has_duplicates(document.root())),
            }
        }
    }

    #[test]
    fn equal_texts_do_not_differ(text in odd_spec()) {
        let document = parse(&text);
        prop_assert!(diff::difference(&document, &document.clone()).is_empty());
        prop_assert_eq!(diff::relation(text.as_bytes(), text.as_bytes()), Relation::Identical);
        let spaced = format!(" {text}\n");
        prop_assert_eq!(diff::relation(text.as_bytes(), spaced.as_bytes()), Relation::Equivalent);
    }

    #[test]
    fn a_difference_is_seen_from_both_sides(one in odd_spec(), other in odd_spec()) {
        let (one, other) = (parse(&one), parse(&other));
        let sorted = |changes: Vec<diff::Change>, flip: bool| {
            let mut list: Vec<_> = changes
                .into_iter()
                .map(|change| if flip { (change.path, change.after, change.before) } else { (change.path, change.before, change.after) })
                .collect();
            list.sort();
            list
        };
        prop_assert_eq!(
            sorted(diff::difference(&one, &other), false),
            sorted(diff::difference(&other, &one), true)
        );
    }

    #[test]
    fn strings_come_back_as_they_were(text in any::<String>()) {
        let token = scan::encode_string(&text);
        prop_assert!(token.is_ascii());
        prop_assert_eq!(scan::decode_string(&token), text);
    }
}

/// Whether hosts or nodes are forced, by the full index.
fn forced(root: Node<'_>) -> bool {
    ["force_hosts", "force_nodes"].into_iter().filter_map(|name| root.field(name)).any(|node| {
        match node.kind() {
            Kind::Null => false,
            Kind::Bool => node.raw() == "true",
            Kind::Number => node.raw().parse::<f64>().is_ok_and(|number| number != 0.0),
            Kind::String => node.raw() != "\"\"",
            Kind::Array | Kind::Object => !node.is_empty(),
        }
    })
}

fn has_duplicates(node: Node<'_>) -> bool {
    let mut keys: Vec<_> = node.children().filter_map(|child| child.key()).collect();
    let all = keys.len();
    keys.sort();
    keys.dedup();
    keys.len() < all || node.children().any(has_duplicates)
}
