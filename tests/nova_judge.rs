//! Real nova reads what we wrote: every spec of the demo after each kind of edit that the schema
//! allows, and the strip rules against nova's own `save()`; and which texts it cannot load.
//!
//! Needs the Python environment that `tests/nova/setup.sh` makes, named by `REQSPEC_NOVA_PYTHON`,
//! so these are listed as ignored by a plain `cargo test`; `tests/run` runs them. With
//! `REQSPEC_JUDGE=all` each spec gets every edit of every field (some 100,000, several minutes), else
//! one of each kind per spec, the fields taking turns.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use flate2::read::GzDecoder;
use reqspec::change::Repair;
use reqspec::lint::{Group, Instance, Surroundings, Told};
use reqspec::spec::edit::{self, Edit};
use reqspec::spec::schema::{self, FieldEntry, Kind, Severity};
use reqspec::spec::{Document, FieldPath, Node, diff, document, persist, scan};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn python() -> String {
    std::env::var("REQSPEC_NOVA_PYTHON")
        .expect("REQSPEC_NOVA_PYTHON names the Python that has nova (tests/nova/setup.sh)")
}

/// The specs of the demo's API database, as stored, and the uuid of one of its server groups.
fn demo_specs() -> (Vec<(String, Vec<u8>)>, String) {
    let packed = fs::File::open(root().join("src/deployment/demo_data/nova_api.sqlite.gz")).unwrap();
    let mut unpacked = tempfile::NamedTempFile::new().unwrap();
    std::io::copy(&mut GzDecoder::new(packed), &mut unpacked).unwrap();
    let connection = rusqlite::Connection::open(unpacked.path()).unwrap();
    let mut statement = connection
        .prepare("SELECT instance_uuid, CAST(spec AS BLOB) FROM request_specs ORDER BY id")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let group = connection.query_row("SELECT min(uuid) FROM instance_groups", [], |row| row.get(0)).unwrap();
    (rows.map(Result::unwrap).collect(), group)
}

/// The specs that nova cannot load, some of them for what other tables say.
fn broken_in_the_demo() -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("tests/nova/demo_manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let uuid = |row: &serde_json::Value| row["uuid"].as_str().unwrap().to_owned();
    let rows = manifest["broken"].as_object().unwrap();
    // nova drops the hint of a group that is gone, whatever is written there.
    let gone = &manifest["curious"]["group gone"];
    rows.values().chain([gone]).map(uuid).collect()
}

/// The value as JSON without envelopes, its number tokens untouched.
fn logical_json(node: Node<'_>) -> String {
    let node = node.fields();
    match node.kind() {
        reqspec::spec::Kind::Object => {
            let mut last: BTreeMap<String, String> = BTreeMap::new();
            for child in node.children() {
                last.insert(child.key().unwrap().into_owned(), logical_json(child));
            }
            let members: Vec<String> =
                last.iter().map(|(key, value)| format!("{}: {value}", scan::encode_string(key))).collect();
            format!("{{{}}}", members.join(", "))
        }
        reqspec::spec::Kind::Array => {
            format!("[{}]", node.children().map(logical_json).collect::<Vec<_>>().join(", "))
        }
        _ => node.raw().to_owned(),
    }
}

fn expectation(document: &Document, path: &FieldPath) -> String {
    path.resolve(document).map_or_else(|| r#"{"unset": true}"#.to_owned(), logical_json)
}

const OTHER_UUID: &str = "0b0b0b0b-1111-4222-8333-444444444444";

/// Edits to try on a field, each with the name of its kind. `group` is a server group that exists:
/// nova drops the hint of one that does not.
fn edits(document: &Document, entry: &FieldEntry, group: &str) -> Vec<(String, Edit)> {
    let path = &entry.path;
    let node = path.resolve(document);
    let current = node.filter(|node| !node.is_null()).map(|node| node.raw().to_owned());
    let mut tried = vec![("unset".to_owned(), Edit::unset(path.clone()))];
    let mut set =
        |kind: &str, value: String| tried.push((format!("set {kind}"), Edit::set(path.clone(), value)));
    match entry.info.kind {
        Kind::Boolean | Kind::FlexibleBoolean => {
            set("boolean", if current.as_deref() == Some("true") { "false" } else { "true" }.to_owned());
        }
        Kind::Integer | Kind::NonNegativeInteger => {
            let value = node.and_then(|node| node.as_i64()).unwrap_or(7);
            set("integer", value.saturating_add(1).to_string());
        }
        Kind::Float | Kind::NonNegativeFloat => set("float", "1.5".to_owned()),
        Kind::String => {
            set("string", "judged".to_owned());
            set("non-ASCII string", "grüße \u{1f427} \"quoted\" \\ /".to_owned());
        }
        Kind::Uuid if path.to_string() == "instance_group.uuid" => set("group", group.to_owned()),
        Kind::Uuid => set("uuid", OTHER_UUID.to_owned()),
        Kind::DateTime => set("datetime", "2031-02-03T04:05:06Z".to_owned()),
        Kind::IpAddress => set("address", "192.0.2.7".to_owned()),
        Kind::VersionPredicate => set("version predicate", ">=1.0,<9".to_owned()),
        Kind::Enum { .. } => {
            for choice in &entry.info.choices {
                set("choice", (*choice).to_owned());
            }
        }
        Kind::List(_) | Kind::Set(_) => {
            for value in ["judged-a,judged-b", "3,5-7"] {
                set("list", value.to_owned());
            }
            let item = |index, value: &str| Edit::InsertItem {
                path: path.clone(),
                index,
                value: edit::NewValue::Typed(value.to_owned()),
            };
            tried.push(("insert item".to_owned(), item(0, "judged")));
            tried.push(("insert number".to_owned(), item(usize::MAX, "77")));
            tried.push(("remove item".to_owned(), Edit::RemoveItem { path: path.clone(), index: 0 }));
        }
        Kind::Dict(_) => {
            for value in ["judged", OTHER_UUID, "9"] {
                tried.push(("add entry".to_owned(), Edit::set(path.join("judged:key"), value)));
            }
            if let Some(first) = node.and_then(|node| node.children().next()).and_then(|child| child.key()) {
                let first = path.join(first.into_owned());
                let value = if first.to_string() == "scheduler_hints.group" { group } else { "judged" };
                tried.push(("change entry".to_owned(), Edit::set(first.clone(), value)));
                tried.push(("remove entry".to_owned(), Edit::unset(first.clone())));
                tried.push((
                    "rename entry".to_owned(),
                    Edit::RenameKey { path: first, key: "judged:renamed".to_owned() },
                ));
            }
        }
        Kind::Object(_) => {}
    }
    for member in schema::addable_members(document, path) {
        for value in ["true", "1024", "judged", "virtio", "custom", OTHER_UUID] {
            tried.push(("add property".to_owned(), Edit::set(path.join(member), value)));
        }
    }
    tried
}

/// The path that holds the effect of an edit: its own or, for a renamed entry, an element that
/// goes, and an entry of a map that was not there, the container's.
fn effect(edit: &Edit, before: &Document) -> FieldPath {
    let path = edit.path();
    let container = path.parent().unwrap_or_default();
    let there = container.resolve(before).map(|node| node.fields().kind());
    let of_container = match edit {
        Edit::RenameKey { .. } => true,
        Edit::Unset { .. } => there == Some(reqspec::spec::Kind::Array),
        Edit::Set { .. } => there != Some(reqspec::spec::Kind::Object),
        Edit::InsertItem { .. } | Edit::RemoveItem { .. } => false,
    };
    if of_container { container } else { path.clone() }
}

/// Whether nova rewrites the row while it loads it: a NUMA cell older than 1.6.
fn is_rewritten(document: &Document) -> bool {
    let cells = FieldPath::of(["numa_topology", "cells"]).resolve(document);
    cells.into_iter().flat_map(|cells| cells.children()).any(|cell| {
        let version = cell.envelope().and_then(|cell| cell.version()?.parse::<schema::Version>().ok());
        version.is_some_and(|version| version < schema::v(1, 6))
    })
}

struct Cases {
    file: tempfile::NamedTempFile,
    count: usize,
    kinds: BTreeMap<String, usize>,
    fields: BTreeSet<String>,
}

impl Cases {
    fn write(&mut self, uuid: &str, kind: &str, edit: &Edit, before: &Document, after: &Document) {
        let path = effect(edit, before);
        // The hint of the group follows its uuid; nothing else may change beside the edited field.
        let hint = FieldPath::of(["scheduler_hints", "group"]);
        let group = path.to_string() == "instance_group.uuid";
        let also = if group
            && hint.resolve(before).map(|node| node.raw()) != hint.resolve(after).map(|node| node.raw())
        {
            format!(r#", "also": {{"scheduler_hints.group": {}}}"#, expectation(after, &hint))
        } else {
            String::new()
        };
        let rewritten = path.starts_with(&FieldPath::of(["numa_topology"])) && is_rewritten(before);
        let text = scan::encode_string;
        writeln!(
            self.file,
            r#"{{"instance_uuid": {}, "kind": {}, "path": {}, "expect": {}{also}, "rewritten": {rewritten}, "before": {}, "after": {}}}"#,
            text(uuid),
            text(kind),
            text(&path.to_string()),
            expectation(after, &path),
            text(before.text()),
            text(after.text()),
        )
        .unwrap();
        self.count += 1;
        *self.kinds.entry(kind.to_owned()).or_default() += 1;
        self.fields.insert(path.to_string());
    }
}

#[test]
#[ignore = "needs real nova: tests/run runs it"]
fn nova_loads_every_spec_after_each_kind_of_edit() {
    let every = std::env::var("REQSPEC_JUDGE").is_ok_and(|value| value == "all");
    let mut cases = Cases {
        file: tempfile::NamedTempFile::new().unwrap(),
        count: 0,
        kinds: BTreeMap::new(),
        fields: BTreeSet::new(),
    };
    // How often each (kind, field) was tried: the least used field of a kind is next.
    let mut used: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut specs = 0;
    let (stored, group) = demo_specs();
    let broken = broken_in_the_demo();
    for (uuid, bytes) in stored {
        if broken.contains(&uuid) {
            continue;
        }
        let Ok(before) = Document::parse(&bytes) else { continue };
        if schema::check(&before).iter().any(|problem| problem.severity == Severity::Unloadable) {
            continue;
        }
        specs += 1;
        let mut by_kind: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
        for entry in schema::editable_fields(&before) {
            for (kind, edit) in edits(&before, &entry, &group) {
                by_kind.entry(kind).or_default().push(edit);
            }
        }
        for (kind, mut edits) in by_kind {
            edits.sort_by_cached_key(|edit| {
                used.get(&(kind.clone(), effect(edit, &before).to_string())).copied().unwrap_or(0)
            });
            for edit in edits {
                // What the schema does not allow is refused, and not a case.
                let edited = edit::apply(&before, std::slice::from_ref(&edit));
                *used.entry((kind.clone(), effect(&edit, &before).to_string())).or_default() += 1;
                let Some(after) = edited.ok().map(|edited| edited.document).filter(|after| *after != before)
                else {
                    continue;
                };
                cases.write(&uuid, &kind, &edit, &before, &after);
                if !every {
                    break;
                }
            }
        }
    }
    println!("{specs} specs, {} edits of {} fields: {:?}", cases.count, cases.fields.len(), cases.kinds);
    assert!(specs > 1_000 && cases.kinds.len() >= 15, "too little was tried");

    let judged = Command::new(python())
        .arg(root().join("tests/nova/judge.py"))
        .arg(cases.file.path())
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let verdict = String::from_utf8_lossy(&judged.stdout);
    let closing = verdict.lines().last().unwrap_or("nothing");
    println!("nova: {closing}");
    assert!(
        judged.status.success() && closing == format!("{} passed, 0 failed", cases.count),
        "{}\n{}",
        verdict.lines().take(40).collect::<Vec<_>>().join("\n"),
        String::from_utf8_lossy(&judged.stderr)
    );
}

/// A case of `judge.py` that names every field of the spec in which the two texts differ.
fn case_of(uuid: &str, kind: &str, before: &Document, after: &Document) -> Option<String> {
    let fields = |document: &Document| -> BTreeMap<String, String> {
        let data = document.root().get(document::DATA_KEY).unwrap();
        data.children().map(|child| (child.key().unwrap().into_owned(), child.raw().to_owned())).collect()
    };
    let (old, new) = (fields(before), fields(after));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut changed = names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| (scan::encode_string(name), expectation(after, &FieldPath::of([name.as_str()]))));
    let (path, expect) = changed.next()?;
    let also: Vec<String> = changed.map(|(path, expect)| format!("{path}: {expect}")).collect();
    let text = scan::encode_string;
    Some(format!(
        r#"{{"instance_uuid": {}, "kind": {}, "path": {path}, "expect": {expect}, "also": {{{}}}, "before": {}, "after": {}}}"#,
        text(uuid),
        text(kind),
        also.join(", "),
        text(before.text()),
        text(after.text()),
    ))
}

/// What each repair writes, for the specs of all eras: nova loads it, finds in the repaired fields what was meant, and
/// everything else as it was. A row that it could not load for its group, it loads.
#[test]
#[ignore = "needs real nova: tests/run runs it"]
fn nova_loads_what_each_repair_writes() {
    let (stored, group) = demo_specs();
    let readable: Vec<(String, Document)> = stored
        .into_iter()
        .filter_map(|(uuid, bytes)| Some((uuid, Document::parse(&bytes).ok()?)))
        .filter(|(_, document)| {
            schema::check(document).iter().all(|problem| problem.severity != Severity::Unloadable)
        })
        .collect();
    let flavor_of =
        |document: &Document| document.root().field("flavor").map(|node| Arc::<str>::from(node.raw()));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut written = BTreeMap::<String, usize>::new();
    for (number, (uuid, document)) in readable.iter().enumerate() {
        // The flavor of another spec, of another era mostly.
        let (_, other) = &readable[(number + 7) % readable.len()];
        let instance = Instance {
            cell: "cell1".into(),
            flavor: Told::Known(flavor_of(other)),
            project_id: Some("judged-project".into()),
            user_id: Some("judged-\u{fc}ser".into()),
            ..Instance::default()
        };
        let around = Surroundings {
            instance: Told::Known(Some(instance)),
            named_group: Told::Known(None),
            member_of: Told::Known(Some(Group { uuid: group.as_str().into(), policy: None })),
            ..Surroundings::default()
        };
        // While its group is gone and its hints are null, nova loads it after a repair of the group alone.
        let is_set = |field: &str| document.root().field(field).is_some_and(|node| !node.is_null());
        let is_stuck = is_set("instance_group") && !is_set("scheduler_hints");
        // What nova drops when it loads a flavor cannot be expected of it.
        let unknown = |problem: &schema::Problem| {
            problem.path.starts_with("flavor.") && problem.sentence.ends_with("drops it")
        };
        let is_odd = schema::check(document).iter().any(unknown);
        for name in Repair::NAMES {
            if is_stuck && !name.ends_with("-group") || is_odd && name == "refresh-flavor" {
                continue;
            }
            let arguments: &[&str] = if name == "rename-zone" { &["az1", "judged zone"] } else { &[] };
            let repair = Repair::parse(name, arguments).unwrap();
            let mut before = document.clone();
            // Another flavor does not ask for the devices of the old one: they are left over.
            if name == "clear-leftover-pci"
                && let Ok(Some(edited)) = Repair::RefreshFlavor.edits(document, &around)
            {
                before = edited.document;
            }
            let Ok(Some(edited)) = repair.edits(&before, &around) else { continue };
            if schema::check(&edited.document).iter().any(|problem| problem.severity == Severity::Unloadable)
            {
                panic!("{uuid}: {name} writes what nova cannot load");
            }
            let case =
                case_of(uuid, name, &before, &edited.document).expect("a repair that changes no field");
            writeln!(file, "{case}").unwrap();
            *written.entry(name.to_owned()).or_default() += 1;
        }
    }
    println!("{written:?}");
    assert!(
        Repair::NAMES.iter().all(|name| written.get(*name).is_some_and(|count| *count >= 10)),
        "{written:?}"
    );
    let judged = Command::new(python())
        .arg(root().join("tests/nova/judge.py"))
        .arg(file.path())
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let verdict = String::from_utf8_lossy(&judged.stdout);
    let closing = verdict.lines().last().unwrap_or("nothing");
    println!("nova: {closing}");
    let count: usize = written.values().sum();
    assert!(
        judged.status.success() && closing == format!("{count} passed, 0 failed"),
        "{}\n{}",
        verdict.lines().take(40).collect::<Vec<_>>().join("\n"),
        String::from_utf8_lossy(&judged.stderr)
    );
}

/// Field by field and in nova's key order; sets and lists of changes have no order.
fn same_spec(ours: &Document, theirs: &Document) -> Result<(), String> {
    let changes = diff::difference(ours, theirs);
    if !changes.is_empty() {
        return Err(format!("{changes:?}"));
    }
    let keys = |document: &Document| -> Vec<String> {
        let data = document.root().get(document::DATA_KEY).unwrap();
        data.children().map(|child| child.key().unwrap().into_owned()).collect()
    };
    let (ours, theirs) = (keys(ours), keys(theirs));
    if ours == theirs { Ok(()) } else { Err(format!("keys {ours:?}, nova has {theirs:?}")) }
}

#[test]
#[ignore = "needs real nova: tests/run runs it"]
fn the_strip_equals_novas_own_save() {
    let mut oracle = Command::new(python())
        .arg(root().join("tests/nova/strip_oracle.py"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pairs = 0;
    let mut wrong = Vec::new();
    for line in BufReader::new(oracle.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let pair: serde_json::Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| Arc::<str>::from(pair[key].as_str().unwrap());
        let before = Document::parse_str(&text("before")).unwrap();
        let after = Document::parse_str(&text("after")).unwrap();
        let ours = persist::strip(&before).unwrap().document;
        if let Err(difference) = same_spec(&ours, &after) {
            wrong.push(format!("pair {pairs}: {difference}"));
        }
        let again = persist::strip(&ours).unwrap();
        assert_eq!(again.document, ours, "the strip is not idempotent");
        pairs += 1;
    }
    assert!(oracle.wait().unwrap().success());
    println!("{pairs} pairs of nova's save()");
    assert!(pairs > 100, "the oracle gave {pairs} pairs only");
    assert!(
        wrong.is_empty(),
        "{} of {pairs} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(10)].join("\n")
    );
}

/// The rows of the demo and thousands of them damaged at random: what the check calls unloadable is
/// what nova cannot load, and nothing else.
#[test]
#[ignore = "needs real nova: tests/run runs it"]
fn unloadable_is_what_nova_cannot_load() {
    let oracle = Command::new(python())
        .arg(root().join("tests/nova/load_oracle.py"))
        .arg("4000")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(oracle.status.success());
    let (mut texts, mut failing) = (0, 0);
    for line in String::from_utf8(oracle.stdout).unwrap().lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
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
        texts += 1;
        failing += usize::from(verdict.is_some());
    }
    println!("{texts} texts, {failing} of which nova cannot load");
    assert!(texts > 5_000 && failing > 500);
}
