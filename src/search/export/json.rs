//! A row as one line of JSON that no terminal acts on.
//!
//! Imports `query`, `spec` and its siblings.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::value::RawValue;

use crate::query::Field;
use crate::query::fields::Source;
use crate::query::record::Value;
use crate::search::rows::Listed;
use crate::search::values::{Cell, masked, plain, text};
use crate::spec::text::is_unsafe;

/// Writes a row: the columns, or all there is where none are given.
pub fn write(out: &mut impl Write, columns: &[Field], listed: &Listed) -> io::Result<()> {
    let mut line = String::from("{");
    let mut member = |name: &str, value: &str| {
        if line.len() > 1 {
            line.push_str(", ");
        }
        line.push_str(&string(name));
        line.push_str(": ");
        line.push_str(value);
    };
    if columns.is_empty() {
        let row = &listed.row;
        let date =
            |date: &Option<std::sync::Arc<str>>| date.as_deref().map_or_else(|| "null".to_owned(), string);
        member("id", &row.id.to_string());
        member("database", &string(&listed.database.to_string()));
        member("instance_uuid", &string(&row.instance_uuid));
        member("created_at", &date(&row.created_at));
        member("updated_at", &date(&row.updated_at));
        match std::str::from_utf8(&row.spec).ok().filter(|text| is_json(text)) {
            Some(text) => member("spec", text),
            // What is no JSON can only be given as a text.
            None => member("malformed", &string(&String::from_utf8_lossy(&row.spec))),
        }
    }
    for (field, cell) in columns.iter().zip(&listed.cells) {
        member(&field.name, &value(field, cell));
    }
    line.push('}');
    out.write_all(inert(&line).as_bytes())?;
    out.write_all(b"\n")
}

/// One value as it is, several as a list, null where there is none or it is not known.
fn value(field: &Field, cell: &Cell) -> String {
    let Some(values) = cell else { return "null".to_owned() };
    if field.source == Source::Demands {
        return text(field, cell).map_or_else(|| "\"\"".to_owned(), |letters| string(&letters));
    }
    let mut tokens: Vec<String> = Vec::new();
    for value in plain(values) {
        let token = match value {
            Value::Nothing => continue,
            Value::Flag(flag) => flag.to_string(),
            Value::Number(token) if is_json(token) => token.clone().into_owned(),
            Value::Container(raw) if is_json(raw) => masked(field, raw).into_owned(),
            Value::Number(text) | Value::Text(text) | Value::Container(text) => string(&masked(field, text)),
        };
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    match tokens.as_slice() {
        [] => "null".to_owned(),
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

fn string(text: &str) -> String {
    // A string can always be written.
    serde_json::to_string(text).unwrap_or_default()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// JSON of the same meaning, without raw characters that a terminal would act on: they stand in strings,
/// or are spaces between tokens.
fn inert(line: &str) -> Cow<'_, str> {
    if !line.contains(is_unsafe) {
        return line.into();
    }
    let mut out = String::with_capacity(line.len() + 16);
    for character in line.chars() {
        match character {
            '\n' | '\r' | '\t' => out.push(' '),
            other if is_unsafe(other) => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            other => out.push(other),
        }
    }
    out.into()
}
