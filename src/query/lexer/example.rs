//! What may stand behind an operator, for messages about values that are missing.
//!
//! Imports its siblings; no I/O.

use super::super::fields::{FAMILIES, FIELDS, Field, Kind, Source};
use super::super::parse;
use super::{Name, Operator};

/// How a test of that field with that operator, as it is written, could go on.
pub(super) fn of(name: &Name, operator: Operator, written: &str) -> String {
    let Some(field) = parse::field(name) else { return format!("write az{written}az1") };
    let start = format!("{}{written}", field.name);
    // The table has one for many fields.
    let mut examples =
        FIELDS.iter().map(|known| known.example).chain(FAMILIES.iter().map(|family| family.example));
    let known = examples.find(|example| {
        let value = example.strip_prefix(start.as_str());
        // `>` is not the beginning of `>=`.
        value.is_some_and(|value| !value.is_empty() && !value.starts_with(['=', '~', '<', '>']))
    });
    let example = known.map_or_else(|| format!("{start}{}", value(&field, operator)), str::to_owned);
    let is_text = matches!(field.kind, Kind::Text | Kind::Any) && matches!(field.source, Source::Paths(_));
    if is_text && matches!(operator, Operator::Is | Operator::IsNot) {
        format!("write {example} (an empty text is written \"\")")
    } else {
        format!("write {example}")
    }
}

fn value(field: &Field, operator: Operator) -> &'static str {
    let is_equal = matches!(operator, Operator::Is | Operator::IsNot);
    let has_order =
        matches!(operator, Operator::Less | Operator::AtMost | Operator::Greater | Operator::AtLeast);
    match field.kind {
        _ if matches!(operator, Operator::Matches | Operator::MatchesNot) => "^text",
        _ if !is_equal && !has_order => "text",
        Kind::Number => "8",
        Kind::Any if has_order => "8",
        Kind::Size(_) => "8G",
        Kind::Time if has_order => "30d",
        Kind::Time => "2026-05-01",
        Kind::Version => "1.15",
        Kind::Flag => "yes",
        Kind::Uuid => "3f0c9a1e",
        Kind::Text | Kind::Any => "text",
    }
}
