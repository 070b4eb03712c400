//! Real nova judges what we write and what we say: `tests/run nova`, or
//!
//! ```text
//! tests/nova/setup.sh
//! REQSPEC_NOVA_PYTHON=$PWD/target/nova-env/bin/python cargo test --test nova_judge -- --ignored
//! ```

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod spec_support;

use std::process::{Command, Stdio};

use reqspec::spec::document::{Kind, Node};
use reqspec::spec::edit::{Edit, NewValue, apply};
use reqspec::spec::schema::{self, Severity};
use reqspec::spec::view::SpecView;
use reqspec::spec::{Document, FieldPath, diff, persist};
use serde_json::{Value, json};
use spec_support::{api_database, broken, fitting, root, rows_of};

/// What a script of tests/nova prints, and whether it succeeded.
fn nova(script: &str, arguments: &[&str]) -> (String, bool) {
    let python = std::env::var_os("REQSPEC_NOVA_PYTHON").unwrap_or_else(|| {
        panic!("REQSPEC_NOVA_PYTHON names no Python with nova; tests/nova/setup.sh makes one")
    });
    let done = Command::new(python)
        .arg(root().join("tests/nova").join(script))
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    (String::from_utf8(done.stdout).unwrap(), done.status.success())
}

#[test]
#[ignore = "needs real nova: tests/run nova"]
fn nova_reads_every_demo_spec_after_every_kind_of_edit() {
    // nova cannot load these before the edit either; the group of one is gone.
    let broken = broken();
    let mut cases = Vec::new();
    for (turn, (uuid, text)) in rows_of(&api_database()).into_iter().enumerate() {
        let Ok(document) = Document::parse(&text) else { continue };
        if !broken.contains_key(&uuid) {
            collect(turn, &uuid, &document, &mut cases);
        }
    }
    for kind in ["set", "set json", "unset", "insert", "remove", "rename"] {
        let count = cases.iter().filter(|case| case["kind"] == kind).count();
        assert!(count > 200, "{count} cases of {kind}");
        println!("{kind}: {count}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<_> = cases.iter().map(Value::to_string).collect();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    let (said, good) = nova("judge.py", &[file.path().to_str().unwrap()]);
    println!("{}", said.lines().last().unwrap_or_default());
    assert!(good, "{said}");
}

/// A few edits of each kind, others for each row.
fn collect(turn: usize, uuid: &str, document: &Document, cases: &mut Vec<Value>) {
    let mut paths = Vec::new();
    for entry in schema::editable_fields(document) {
        let added = schema::addable_members(document, &entry.path);
        paths.extend(added.into_iter().map(|name| entry.path.join(name)));
        if let Some(node) = entry.path.resolve(document) {
            paths.extend(node.children().filter_map(FieldPath::of_node));
        }
        paths.push(entry.path);
    }
    let added = schema::addable_members(document, &FieldPath::root());
    paths.extend(added.into_iter().map(|name| FieldPath::of([name])));
    paths.sort();
    paths.dedup();
    let turned = paths.iter().cycle().skip(turn * 7 % paths.len()).take(paths.len());
    let mut wanted = [("set", 3), ("set json", 1), ("unset", 3), ("insert", 1), ("remove", 1), ("rename", 1)];
    for path in turned {
        for (kind, count) in &mut wanted {
            if *count > 0
                && let Some(case) =
                    edit_of(kind, document, path).and_then(|edit| case(kind, uuid, document, edit))
            {
                cases.push(case);
                *count -= 1;
            }
        }
    }
}

fn edit_of(kind: &str, document: &Document, path: &FieldPath) -> Option<Edit> {
    let info = schema::field_info(document, path)?;
    let node = path.resolve(document);
    let list = matches!(info.kind, schema::Kind::List(_) | schema::Kind::Set(_));
    let path = path.clone();
    Some(match kind {
        // A group has to exist: the judge's database has those of the demo.
        "set" if path.segments() == ["instance_group", "uuid"] => return None,
        "set" => Edit::set(path, fitting(&info)),
        // The stored value in another layout and with a neighbour: as it stands it changes nothing.
        "set json" => {
            let node = node.filter(|node| node.kind() == Kind::Object && node.envelope().is_none())?;
            let value = if path.segments() == ["scheduler_hints"] { "[ \"v\" ]" } else { "\"v\"" };
            let comma = if node.is_empty() { "" } else { " ," };
            Edit::set_json(path, format!("{{ \"new\":{value}{comma}{}", &node.raw()[1..]))
        }
        "unset" => Edit::unset(path),
        "insert" if list => Edit::InsertItem { path, index: 0, value: NewValue::Typed(fitting(&info)) },
        "remove" if list => Edit::RemoveItem { path, index: 0 },
        "rename" if path.parent().is_some_and(|map| map.last() == Some("extra_specs")) => {
            Edit::RenameKey { path, key: "renamed".to_owned() }
        }
        _ => return None,
    })
}

fn case(kind: &str, uuid: &str, document: &Document, edit: Edit) -> Option<Value> {
    let edited = apply(document, std::slice::from_ref(&edit)).ok()?;
    if edited.splices.is_empty() {
        return None;
    }
    let named = edit.path();
    // nova drops the hint of a group that is gone.
    if named.segments().starts_with(&["scheduler_hints".to_owned(), "group".to_owned()]) {
        return None;
    }
    // nova rewrites the whole row when it loads a cell from before nova 22.
    if named.segments()[0] == "numa_topology" && has_old_cells(document) {
        return None;
    }
    // An element that goes moves the others, one of a set has no place, a renamed key leaves its
    // own: the whole is judged.
    let parent = named.parent().filter(|parent| {
        let around = schema::field_info(document, parent).map(|info| info.kind);
        match around {
            Some(schema::Kind::Set(_)) => true,
            Some(schema::Kind::List(_)) => kind == "unset",
            _ => kind == "rename",
        }
    });
    let path = parent.unwrap_or_else(|| named.clone());
    let mut case = json!({
        "instance_uuid": uuid,
        "kind": kind,
        "path": path.to_string(),
        "expect": expectation(&edited.document, &path),
        "before": document.text(),
        "after": edited.document.text(),
    });
    if named.segments() == ["instance_group"] {
        let hint = FieldPath::of(["scheduler_hints", "group"]);
        case["also"] = json!({ hint.to_string(): expectation(&edited.document, &hint) });
    }
    Some(case)
}

fn has_old_cells(document: &Document) -> bool {
    let topology = SpecView::of(document).numa_topology();
    let cells = topology.map(|topology| topology.cells()).unwrap_or_default();
    cells.iter().any(|cell| cell.version().is_none_or(|version| version < schema::v(1, 6)))
}

fn expectation(document: &Document, path: &FieldPath) -> Value {
    path.resolve(document).map_or_else(|| json!({"unset": true}), value)
}

/// A value without envelopes.
fn value(node: Node<'_>) -> Value {
    match node.kind() {
        Kind::Object => node
            .fields()
            .children()
            .filter_map(|child| Some((child.key()?.into_owned(), value(child))))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Kind::Array => node.children().map(value).collect(),
        _ => serde_json::from_str(node.raw()).unwrap_or(Value::Null),
    }
}

#[test]
#[ignore = "needs real nova: tests/run nova"]
fn the_strip_rules_equal_novas_save() {
    let (lines, good) = nova("strip_oracle.py", &[]);
    assert!(good && lines.lines().count() > 100);
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let parse = |key: &str| Document::parse_str(case[key].as_str().unwrap()).unwrap();
        let stripped = persist::strip(&parse("before")).unwrap();
        let mut differs = diff::difference(&stripped.document, &parse("after"));
        // nova notes the fields that it set to null itself as changed.
        differs.retain(|change| !change.path.ends_with("[nova_object.changes]"));
        assert_eq!(differs, [], "{}", case["name"]);
    }
}

#[test]
#[ignore = "needs real nova: tests/run nova"]
fn unloadable_is_what_nova_cannot_load() {
    let (lines, good) = nova("load_oracle.py", &["4000"]);
    assert!(good && lines.lines().count() > 5_000);
    let mut failing = 0;
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap();
        let verdict = match Document::parse_str(text) {
            Err(malformed) => Some(malformed.to_string()),
            Ok(document) => schema::check(&document)
                .into_iter()
                .find(|problem| problem.severity == Severity::Unloadable)
                .map(|problem| problem.to_string()),
        };
        assert_eq!(
            verdict.is_some(),
            !case["error"].is_null(),
            "{verdict:?}, nova: {}\n{text}",
            case["error"]
        );
        failing += usize::from(verdict.is_some());
    }
    println!("{failing} texts that nova cannot load");
    assert!(failing > 500);
}
