//! What may stand behind an operator, for messages about values that are missing.
//!
//! Imports its siblings; no I/O.

use super::super::fields::{FAMILIES, FIELDS, Fact, Field, Kind, Source};
use super::super::parse;
use super::{Name, Operator};

/// How a test of that field with that operator, as it is written, could go on.
pub(super) fn of(name: &Name, operator: Operator, written: &str) -> String {
    let Some(field) = parse::field(name) else { return format!("write az{written}az1") };
    let may_be_empty =
        matches!(field.kind, Kind::Text | Kind::Any) && matches!(field.source, Source::Paths(_));
    if may_be_empty && matches!(operator, Operator::Is | Operator::IsNot) {
        return "an empty text is written \"\"".to_owned();
    }
    // The table has one for many fields; the opposite is written with the same values.
    let begins = format!("{}{}", field.name, written.trim_start_matches('!'));
    let mut examples =
        FIELDS.iter().map(|known| known.example).chain(FAMILIES.iter().map(|family| family.example));
    let known = examples.find_map(|example| {
        let value = example.strip_prefix(begins.as_str())?;
        // `>` is not the beginning of `>=`.
        (!value.is_empty() && !value.starts_with(['=', '~', '<', '>'])).then_some(value)
    });
    let value = known.unwrap_or_else(|| value(&field, operator));
    format!("write {}{written}{value}", field.name)
}

fn value(field: &Field, operator: Operator) -> &'static str {
    let is_equal = matches!(operator, Operator::Is | Operator::IsNot);
    let has_order =
        matches!(operator, Operator::Less | Operator::AtMost | Operator::Greater | Operator::AtLeast);
    match field.kind {
        _ if matches!(operator, Operator::Matches | Operator::MatchesNot) => "^text",
        _ if !is_equal && !has_order => "text",
        _ if field.source == Source::Demands => "N",
        _ if field.source == Source::Fact(Fact::Twin) => "different",
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
