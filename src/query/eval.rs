//! The reference: what a query means for a row, read whole and judged test by test. Slow and
//! obvious; the search ([`super::matcher`]) must always agree with it.
//!
//! Imports its siblings and `spec`; no I/O.

use std::borrow::Cow;

use super::compare::{flag_of, holds};
use super::era::{DATED, Era};
use super::expression::{Expression, Test};
use super::fields::{Field, Kind, Source};
use super::json_path::{JsonPath, Step};
use super::record::{Facts, Record, Value, Verdict};
use super::tolerant::{self, Tree};
use crate::spec::document::Kind as JsonKind;
use crate::spec::scan;
use crate::spec::summary::{DEMANDS, Summary};

/// The values of a field; None where it is a fact that is not known.
pub fn values<'a>(field: &Field, record: &Record<'a>, facts: &'a Facts) -> Option<Vec<Value<'a>>> {
    let text = |text: &'a str| if text.is_empty() { Vec::new() } else { vec![Value::Text(text.into())] };
    let number = |token: String| Value::Number(token.into());
    let found = match &field.source {
        Source::Instance => vec![Value::Text(record.instance_uuid.into())],
        Source::Id => vec![number(record.id.to_string())],
        Source::Created => text(record.created),
        Source::Updated => text(record.updated),
        Source::Size => vec![number(record.spec.len().to_string())],
        Source::Database => vec![Value::Text(record.database.into())],
        Source::Paths(paths) => {
            let root = tolerant::read(record.spec).root;
            let found = paths.iter().flat_map(|path| at(root.as_ref(), path));
            found.into_iter().map(|tree| value(&tree)).collect()
        }
        Source::Count(path) => {
            let root = tolerant::read(record.spec).root;
            at(root.as_ref(), path).iter().filter_map(count).collect()
        }
        Source::Demands => {
            let demands = Summary::of(record.spec).demands;
            let letters = DEMANDS.iter().filter(|(letter, _)| demands.has(*letter));
            letters.map(|(letter, _)| Value::Text(letter.to_string().into())).collect()
        }
        Source::Era => era(record.spec).map(|release| number(release.to_string())).into_iter().collect(),
        Source::Problem => {
            Summary::of(record.spec).problem.map(|problem| Value::Text(problem.into())).into_iter().collect()
        }
        Source::Fact(fact) => {
            facts.get(*fact)?.map(|text| fact_value(field.kind, text)).into_iter().collect()
        }
    };
    Some(found)
}

/// What another table says, as a value of a field of that kind.
pub fn fact_value(kind: Kind, text: &str) -> Value<'_> {
    let value = Value::Text(text.into());
    match flag_of(&value) {
        Some(flag) if kind == Kind::Flag => Value::Flag(flag),
        _ => value,
    }
}

/// Whether the expression is true of the row; `now` in seconds since 1970.
pub fn verdict(expression: &Expression, record: &Record<'_>, facts: &Facts, now: i64) -> Verdict {
    match expression {
        Expression::And(parts) => {
            let verdicts = parts.iter().map(|part| verdict(part, record, facts, now));
            verdicts.fold(Verdict::Yes, Verdict::and)
        }
        Expression::Or(parts) => {
            let verdicts = parts.iter().map(|part| verdict(part, record, facts, now));
            verdicts.fold(Verdict::No, Verdict::or)
        }
        Expression::Not(part) => !verdict(part, record, facts, now),
        Expression::Test(test) => match values(&test.field, record, facts) {
            Some(values) => Verdict::of(is_any(test, &values, now)),
            None => Verdict::Unknown,
        },
        Expression::Word(word) => Verdict::of(has_word(word, record)),
    }
}

fn is_any(test: &Test, values: &[Value<'_>], now: i64) -> bool {
    values.iter().any(|value| holds(test.field.kind, &test.check, value, now))
}

fn has_word(word: &str, record: &Record<'_>) -> bool {
    let contains = |text: &str| text.to_lowercase().contains(word);
    contains(record.instance_uuid)
        || contains(&String::from_utf8_lossy(record.spec))
        || tolerant::read(record.spec).strings.iter().any(|text| contains(text))
}

/// All values at a path.
fn at<'t>(root: Option<&Tree<'t>>, path: &JsonPath) -> Vec<Tree<'t>> {
    let mut found: Vec<Tree<'t>> = root.into_iter().cloned().collect();
    for step in path.steps() {
        found = found.iter().flat_map(|tree| below(tree, step)).collect();
    }
    found
}

fn below<'t>(tree: &Tree<'t>, step: &Step) -> Vec<Tree<'t>> {
    match (step, tree.kind) {
        (Step::Key(key), JsonKind::Object) => {
            let of = if key.starts_with("nova_object.") { tree } else { tree.fields() };
            of.get(key).cloned().into_iter().collect()
        }
        (Step::Every, JsonKind::Object) => {
            tree.fields().members().into_iter().map(|(_, member)| member.clone()).collect()
        }
        (Step::Index(index), JsonKind::Array) => {
            tree.children.get(*index).map(|(_, element)| element.clone()).into_iter().collect()
        }
        (Step::Every, JsonKind::Array) => tree.children.iter().map(|(_, element)| element.clone()).collect(),
        _ => Vec::new(),
    }
}

fn value<'t>(tree: &Tree<'t>) -> Value<'t> {
    match tree.kind {
        JsonKind::Null => Value::Nothing,
        JsonKind::Bool => Value::Flag(tree.raw == "true"),
        JsonKind::Number => Value::Number(Cow::Borrowed(tree.raw)),
        JsonKind::String => Value::Text(scan::decode_string(tree.raw)),
        JsonKind::Array | JsonKind::Object if tree.children.is_empty() => Value::Nothing,
        JsonKind::Array | JsonKind::Object => Value::Container(Cow::Borrowed(tree.raw)),
    }
}

fn count<'t>(tree: &Tree<'t>) -> Option<Value<'t>> {
    let count = match tree.kind {
        JsonKind::Null => return Some(Value::Nothing),
        JsonKind::Array => tree.children.len(),
        JsonKind::Object => tree.fields().members().len(),
        JsonKind::Bool | JsonKind::Number | JsonKind::String => return None,
    };
    Some(Value::Number(count.to_string().into()))
}

fn era(spec: &[u8]) -> Option<u32> {
    let root = tolerant::read(spec).root;
    let mut era = Era::default();
    for (object, dated) in DATED.iter().enumerate() {
        for found in at(root.as_ref(), &JsonPath::of(dated.path)) {
            if found.kind == JsonKind::String {
                era.saw(object, &scan::decode_string(found.raw));
            }
        }
    }
    era.release()
}

#[cfg(test)]
#[path = "eval_tests.rs"]
mod tests;
