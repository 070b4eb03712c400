//! The walk over two documents side by side, with the schema telling objects, sets and lists apart.
//!
//! Imports [`crate::spec::document`], [`crate::spec::path`], [`crate::spec::schema`]; no I/O.

use std::borrow::Cow;
use std::collections::HashMap;

use super::Change;
use crate::spec::document::{
    CHANGES_KEY, DATA_KEY, Document, Kind, NAME_KEY, NAMESPACE_KEY, Node, VERSION_KEY,
};
use crate::spec::path::FieldPath;
use crate::spec::schema::{self, ObjectSchema};

/// What the schema says of a value.
#[derive(Clone, Copy)]
enum Sort {
    Object(Option<&'static ObjectSchema>),
    Of(schema::Kind),
    Unknown,
}

impl Sort {
    fn of(kind: schema::Kind) -> Sort {
        match kind {
            schema::Kind::Object(name) => Sort::Object(schema::object(name)),
            other => Sort::Of(other),
        }
    }

    fn member(self, key: &str) -> Sort {
        match self {
            Sort::Object(Some(schema)) => {
                schema.field(key).map_or(Sort::Unknown, |field| Sort::of(field.kind))
            }
            Sort::Of(schema::Kind::Dict(element)) => Sort::of(element.kind),
            _ => Sort::Unknown,
        }
    }

    fn element(self) -> Sort {
        match self {
            Sort::Of(schema::Kind::List(element) | schema::Kind::Set(element)) => Sort::of(*element),
            _ => Sort::Unknown,
        }
    }

    fn is_set(self) -> bool {
        matches!(self, Sort::Of(schema::Kind::Set(_)))
    }
}

#[derive(Default)]
pub(super) struct Walk {
    path: Vec<String>,
    changes: Vec<Change>,
}

impl Walk {
    pub fn run(mut self, before: &Document, after: &Document) -> Vec<Change> {
        let spec = Sort::Object(schema::object("RequestSpec"));
        self.values(before.root(), after.root(), spec);
        self.changes
    }

    fn report(&mut self, before: Option<Node<'_>>, after: Option<Node<'_>>) {
        let text = |node: Node<'_>| node.raw().to_owned();
        let path = FieldPath::of(self.path.iter().map(String::as_str)).to_string();
        self.changes.push(Change { path, before: before.map(text), after: after.map(text) });
    }

    // Recursion is bounded: a document is nested at most `document::MAX_DEPTH` deep.
    fn values(&mut self, before: Node<'_>, after: Node<'_>, sort: Sort) {
        if before.raw() == after.raw() {
            return;
        }
        match (before.kind(), after.kind()) {
            (Kind::Object, Kind::Object) => match (before.envelope(), after.envelope()) {
                (Some(old), Some(new)) => {
                    self.envelope(before, after);
                    self.members(old.data, new.data, sort, &[]);
                }
                (None, None) => self.members(before, after, sort, &[]),
                _ => self.report(Some(before), Some(after)),
            },
            (Kind::Array, Kind::Array) if sort.is_set() => self.sets(before, after),
            (Kind::Array, Kind::Array) => self.lists(before, after, sort),
            _ if same_scalar(before, after) => {}
            _ => self.report(Some(before), Some(after)),
        }
    }

    /// Keys of the envelope other than its data.
    fn envelope(&mut self, before: Node<'_>, after: Node<'_>) {
        for key in [NAME_KEY, NAMESPACE_KEY, VERSION_KEY] {
            self.pair(key, before.get(key), after.get(key), Sort::Unknown);
        }
        self.path.push(CHANGES_KEY.to_owned());
        match (before.get(CHANGES_KEY), after.get(CHANGES_KEY)) {
            (Some(old), Some(new)) if old.kind() == Kind::Array && new.kind() == Kind::Array => {
                self.sets(old, new);
            }
            (Some(old), Some(new)) => self.values(old, new, Sort::Unknown),
            // An absent list of changes is an empty one.
            (None, Some(list)) | (Some(list), None) if list.kind() == Kind::Array && list.is_empty() => {}
            (None, None) => {}
            (old, new) => self.report(old, new),
        }
        self.path.pop();
        let known = [NAME_KEY, NAMESPACE_KEY, VERSION_KEY, CHANGES_KEY, DATA_KEY];
        self.members(before, after, Sort::Unknown, &known);
    }

    fn pair(&mut self, key: &str, before: Option<Node<'_>>, after: Option<Node<'_>>, sort: Sort) {
        self.path.push(key.to_owned());
        match (before, after) {
            (Some(before), Some(after)) => self.values(before, after, sort),
            (None, None) => {}
            (before, after) => self.report(before, after),
        }
        self.path.pop();
    }

    /// Members by key, without those of `except`. Of duplicates the last counts.
    fn members(&mut self, before: Node<'_>, after: Node<'_>, sort: Sort, except: &[&str]) {
        let (old, new) = (by_key(before), by_key(after));
        let old_at: HashMap<&str, Node<'_>> = old.iter().map(|(key, node)| (&**key, *node)).collect();
        let new_at: HashMap<&str, Node<'_>> = new.iter().map(|(key, node)| (&**key, *node)).collect();
        // What is new follows the member that it stands behind.
        let mut added: HashMap<Option<&str>, Vec<&str>> = HashMap::new();
        let mut behind = None;
        for (key, _) in &new {
            match old_at.contains_key(&**key) {
                true => behind = Some(&**key),
                false => added.entry(behind).or_default().push(key),
            }
        }
        let mut keys = added.remove(&None).unwrap_or_default();
        for (key, _) in &old {
            keys.push(key);
            keys.extend(added.remove(&Some(&**key)).unwrap_or_default());
        }
        for key in keys.into_iter().filter(|key| !except.contains(key)) {
            self.pair(key, old_at.get(key).copied(), new_at.get(key).copied(), sort.member(key));
        }
    }

    fn lists(&mut self, before: Node<'_>, after: Node<'_>, sort: Sort) {
        let (old, new): (Vec<_>, Vec<_>) = (before.children().collect(), after.children().collect());
        for index in 0..old.len().max(new.len()) {
            self.pair(&index.to_string(), old.get(index).copied(), new.get(index).copied(), sort.element());
        }
    }

    fn sets(&mut self, before: Node<'_>, after: Node<'_>) {
        if canonical_set(before) != canonical_set(after) {
            self.report(Some(before), Some(after));
        }
    }
}

/// Members in stored order, each key once, with the value that counts: the last.
fn by_key(node: Node<'_>) -> Vec<(Cow<'_, str>, Node<'_>)> {
    let mut at: HashMap<Cow<'_, str>, usize> = HashMap::new();
    let mut members: Vec<(Cow<'_, str>, Node<'_>)> = Vec::new();
    for child in node.children() {
        let key = child.key().unwrap_or_default();
        match at.get(&key) {
            Some(&known) => members[known].1 = child,
            None => {
                at.insert(key.clone(), members.len());
                members.push((key, child));
            }
        }
    }
    members
}

/// The distinct elements of a set, in an order of their own.
fn canonical_set(node: Node<'_>) -> Vec<String> {
    let mut elements: Vec<_> = node.children().map(canonical_scalar).collect();
    elements.sort();
    elements.dedup();
    elements
}

/// A text that is equal for equal scalars.
fn canonical_scalar(node: Node<'_>) -> String {
    match node.kind() {
        Kind::String => format!("\"{}", text_of(node)),
        Kind::Number => canonical_number(node.raw()),
        _ => node.raw().to_owned(),
    }
}

fn same_scalar(before: Node<'_>, after: Node<'_>) -> bool {
    before.kind() == after.kind() && canonical_scalar(before) == canonical_scalar(after)
}

/// The string for comparing: decoded, unless decoding loses a lone surrogate.
fn text_of(node: Node<'_>) -> Cow<'_, str> {
    match node.as_str() {
        Some(text) if !text.contains(char::REPLACEMENT_CHARACTER) => text,
        _ => Cow::Borrowed(node.raw()),
    }
}

/// A number by value, of any size, without floating point: sign, digits and exponent with no zeros
/// at either end. `1.0`, `1` and `10e-1` are the same; `NaN` is only itself.
fn canonical_number(raw: &str) -> String {
    let (negative, body) = match raw.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, raw),
    };
    if !body.starts_with(|first: char| first.is_ascii_digit()) {
        return raw.to_owned();
    }
    let (mantissa, exponent) = body.split_once(['e', 'E']).unwrap_or((body, "0"));
    let Ok(exponent) = exponent.parse::<i64>() else { return raw.to_owned() };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    let short = significant.trim_end_matches('0');
    if short.is_empty() {
        return "0".to_owned();
    }
    let dropped = (significant.len() - short.len()) as i64;
    let exponent = exponent.saturating_sub(fraction.len() as i64).saturating_add(dropped);
    format!("{}{short}e{exponent}", if negative { "-" } else { "" })
}
