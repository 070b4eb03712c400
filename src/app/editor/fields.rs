//! The rows of the editor: every editable field, grouped by the object that holds it. The spec's
//! own fields come first, then each nested object under a heading; items of lists and entries of
//! maps are rows of their own below their field.
//!
//! Imports `spec`, `scheduler` (how values are shown) and the draft.

use crate::app::detail::line::Tone;
use crate::scheduler::constraint::show;
use crate::spec::schema::{self, FieldEntry, FieldInfo, Kind};
use crate::spec::{Document, FieldPath, Node};

use super::draft::Draft;

/// At most so many items or entries of one field are rows.
const MOST: usize = 1_000;

/// What a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A nested object: a heading.
    Object,
    /// A field with one value; a nested object that is null.
    Field,
    /// A field that is a list or set of simple values.
    List,
    /// An item of such a list.
    Item,
    /// A field that is a map.
    Map,
    /// An entry of a map.
    Entry,
}

/// A row of the editor.
#[derive(Debug, Clone)]
pub struct FieldRow {
    /// What it stands for.
    pub role: Role,
    /// Where the value is.
    pub path: FieldPath,
    /// Name within its object, key or position.
    pub label: String,
    /// Indentation, in levels.
    pub depth: usize,
    /// The value for people; empty for null.
    pub value: String,
    /// How the value is shown.
    pub tone: Tone,
    /// Whether it is not the stored one.
    pub changed: bool,
    /// What may stand there.
    pub info: FieldInfo,
}

/// All rows of a draft.
pub fn rows(draft: &Draft) -> Vec<FieldRow> {
    let Ok(document) = draft.document() else { return Vec::new() };
    let entries = schema::editable_fields(document);
    // Each object is a group: the spec itself, then the nested ones in stored order.
    let mut groups: Vec<(FieldPath, Vec<FieldRow>)> = vec![(FieldPath::root(), Vec::new())];
    for entry in &entries {
        let Some(node) = entry.value.map(|id| document.node(id)) else { continue };
        if node.envelope().is_some() {
            groups.push((entry.path.clone(), vec![heading(entry, node, draft)]));
            continue;
        }
        let home = home_of(&entry.path, &groups);
        let depth = usize::from(home != 0);
        let Some((_, rows)) = groups.get_mut(home) else { continue };
        push_field(entry, node, depth, draft, document, rows);
    }
    groups.into_iter().flat_map(|(_, rows)| rows).collect()
}

/// The innermost group that holds the path.
fn home_of(path: &FieldPath, groups: &[(FieldPath, Vec<FieldRow>)]) -> usize {
    let mut best = 0;
    for (at, (group, _)) in groups.iter().enumerate() {
        if path.starts_with(group) && group.segments().len() >= groups[best].0.segments().len() {
            best = at;
        }
    }
    best
}

fn heading(entry: &FieldEntry, node: Node<'_>, draft: &Draft) -> FieldRow {
    let envelope = node.envelope();
    let version = envelope.as_ref().and_then(|envelope| envelope.version()).unwrap_or_default().into_owned();
    let name = envelope.map(|envelope| envelope.name.into_owned()).unwrap_or_default();
    let was_object = draft
        .stored_document()
        .ok()
        .and_then(|stored| entry.path.resolve(stored))
        .is_some_and(|node| node.envelope().is_some());
    FieldRow {
        role: Role::Object,
        path: entry.path.clone(),
        label: entry.path.to_string(),
        depth: 0,
        value: format!("{name} {version}"),
        tone: Tone::Muted,
        changed: !was_object,
        info: entry.info.clone(),
    }
}

fn push_field(
    entry: &FieldEntry,
    node: Node<'_>,
    depth: usize,
    draft: &Draft,
    document: &Document,
    rows: &mut Vec<FieldRow>,
) {
    let role = match entry.info.kind {
        Kind::Dict(_) => Role::Map,
        Kind::List(Kind::Object(_)) => Role::Field,
        Kind::List(_) | Kind::Set(_) => Role::List,
        _ => Role::Field,
    };
    let mut row = FieldRow {
        role,
        path: entry.path.clone(),
        label: entry.path.last().unwrap_or_default().to_owned(),
        depth,
        value: text(node),
        tone: tone(node),
        changed: draft.is_changed(&entry.path),
        info: entry.info.clone(),
    };
    if role == Role::Map || (role == Role::Field && matches!(entry.info.kind, Kind::List(_))) {
        (row.value, row.tone) = match (node.is_null(), node.len()) {
            (true, _) => (String::new(), Tone::Absent),
            (_, 0) => ("none".to_owned(), Tone::Absent),
            (_, 1) => ("1 entry".to_owned(), Tone::Muted),
            (_, many) => (format!("{many} entries"), Tone::Muted),
        };
    }
    rows.push(row);
    let info = |path: &FieldPath| schema::field_info(document, path);
    match role {
        Role::List if has_item_rows(entry.info.kind) => {
            push_items(node, &entry.path, depth + 1, draft, &info, rows)
        }
        Role::Map => {
            for child in node.children().take(MOST) {
                let Some(key) = child.key() else { continue };
                let path = entry.path.join(key.as_ref());
                let Some(known) = info(&path) else { continue };
                let is_list = matches!(known.kind, Kind::List(_) | Kind::Set(_));
                rows.push(FieldRow {
                    role: Role::Entry,
                    label: key.into_owned(),
                    depth: depth + 1,
                    value: text(child),
                    tone: tone(child),
                    changed: draft.is_changed(&path),
                    info: known,
                    path: path.clone(),
                });
                // One value reads well beside its key; several are rows.
                if is_list && child.len() > 1 {
                    push_items(child, &path, depth + 2, draft, &info, rows);
                }
            }
        }
        _ => {}
    }
}

fn push_items(
    list: Node<'_>,
    path: &FieldPath,
    depth: usize,
    draft: &Draft,
    info: &impl Fn(&FieldPath) -> Option<FieldInfo>,
    rows: &mut Vec<FieldRow>,
) {
    for (index, item) in list.children().take(MOST).enumerate() {
        let path = path.join(index.to_string());
        let Some(known) = info(&path) else { continue };
        rows.push(FieldRow {
            role: Role::Item,
            label: format!("{index}"),
            depth,
            value: text(item),
            tone: tone(item),
            changed: draft.is_changed(&path),
            info: known,
            path,
        });
    }
}

/// Lists of words are edited item by item; sets of numbers read better in one line.
fn has_item_rows(kind: Kind) -> bool {
    match kind {
        Kind::List(element) | Kind::Set(element) => matches!(element, Kind::String | Kind::Uuid),
        _ => false,
    }
}

fn text(node: Node<'_>) -> String {
    use crate::spec::Kind as Json;
    match node.kind() {
        Json::Null => String::new(),
        Json::Array if node.is_empty() => "none".to_owned(),
        // The empty string is something else than nothing.
        Json::String if node.raw().len() == 2 => "\"\"".to_owned(),
        _ => show(node).chars().take(500).collect(),
    }
}

fn tone(node: Node<'_>) -> Tone {
    use crate::spec::Kind as Json;
    match node.kind() {
        Json::Null => Tone::Absent,
        Json::Array | Json::Object if node.is_empty() => Tone::Absent,
        Json::Number => Tone::Number,
        Json::Bool => Tone::Word,
        _ => Tone::Value,
    }
}

/// Whether the row is found by the text of the filter: in its path or its value, letter case aside.
pub fn matches(row: &FieldRow, filter: &str) -> bool {
    let filter = filter.to_lowercase();
    row.path.to_string().to_lowercase().contains(&filter) || row.value.to_lowercase().contains(&filter)
}
