//! What a row has of fields: values for machines, texts for people.
//!
//! Imports `query`; no I/O.

use std::borrow::Cow;
use std::sync::Arc;

use crate::query::Field;
use crate::query::compare::text_of;
use crate::query::extract::Extractor;
use crate::query::fields::{Fact, Source};
use crate::query::record::{Facts, Record, Value};
use crate::query::sort_key::shown;
use crate::spec::text::{masked_json, masked_value};

/// The values of one field of a row; None where they hang on what other tables say, and these could
/// not be asked.
pub type Cell = Option<Vec<Value<'static>>>;

/// Reads the values of some fields.
pub struct Reader {
    fields: Arc<[Field]>,
    facts: Vec<Fact>,
    extractor: Extractor,
}

impl Reader {
    /// Of these.
    pub fn new(fields: Arc<[Field]>) -> Self {
        let mut facts: Vec<Fact> = fields.iter().filter_map(Field::fact).collect();
        facts.sort_unstable();
        facts.dedup();
        let extractor = Extractor::new(&fields);
        Self { fields, facts, extractor }
    }

    /// What is to be asked of other tables.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// The values of a row, by field.
    pub fn cells(&self, row: &Record<'_>, facts: &Facts) -> Vec<Cell> {
        let known = |field: &Field| field.fact().is_none_or(|fact| facts.get(fact).is_some());
        let mut cells: Vec<Cell> = self.fields.iter().map(|field| known(field).then(Vec::new)).collect();
        self.extractor.each(row, facts, &mut |at, value| {
            if let Some(Some(cell)) = cells.get_mut(at) {
                cell.push(owned(value));
            }
        });
        cells
    }

    /// The text of each field of a row, as a list shows it; None where it has no value.
    pub fn texts(&self, row: &Record<'_>, facts: &Facts) -> Vec<Option<String>> {
        let cells = self.cells(row, facts);
        self.fields.iter().zip(&cells).map(|(field, cell)| text(field, cell).map(Cow::into_owned)).collect()
    }
}

/// The same value, of its own.
pub fn owned(value: Value<'_>) -> Value<'static> {
    match value {
        Value::Nothing => Value::Nothing,
        Value::Flag(flag) => Value::Flag(flag),
        Value::Number(token) => Value::Number(token.into_owned().into()),
        Value::Text(text) => Value::Text(text.into_owned().into()),
        Value::Container(raw) => Value::Container(raw.into_owned().into()),
    }
}

/// What stands for a value that could not be asked for.
pub const UNKNOWN: &str = "?";

/// What a list shows of a field: what it is sorted by. Not escaped; without passwords.
pub fn text<'c>(field: &Field, cell: &'c Cell) -> Option<Cow<'c, str>> {
    match cell {
        None => Some(UNKNOWN.into()),
        Some(values) => match shown(field, values)? {
            Cow::Borrowed(text) => Some(masked(field, text)),
            made => Some(made),
        },
    }
}

/// A value without the passwords in it.
pub fn masked<'v>(field: &Field, text: &'v str) -> Cow<'v, str> {
    match masked_json(text) {
        Cow::Borrowed(text) => masked_value(&field.name, text),
        hidden => hidden,
    }
}

/// The values without the lists and objects around them: a hint is a list of texts, and both are found.
/// Where there is nothing else, these.
pub fn plain<'c>(values: &'c [Value<'static>]) -> impl Iterator<Item = &'c Value<'static>> {
    let has_some = values.iter().any(|value| text_of(value).is_some());
    values.iter().filter(move |value| !has_some || !matches!(value, Value::Container(_)))
}

/// All values of a field, as a table or a spreadsheet shows them: each once, commas between. Not
/// escaped; without passwords; empty where there is none.
pub fn all(field: &Field, cell: &Cell) -> String {
    let Some(values) = cell else { return UNKNOWN.to_owned() };
    let mut texts: Vec<&str> = Vec::new();
    for value in plain(values) {
        let text = match value {
            Value::Container(raw) => Some(&**raw),
            other => text_of(other),
        };
        if let Some(text) = text.filter(|text| !texts.contains(text)) {
            texts.push(text);
        }
    }
    let texts: Vec<Cow<'_, str>> = texts.into_iter().map(|text| masked(field, text)).collect();
    texts.join(if field.source == Source::Demands { "" } else { "," })
}
