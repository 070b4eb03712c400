//! The round trip of the raw JSON through `$EDITOR`.
//!
//! Imports `spec` alone.

use crate::spec::document::Malformed;

/// The text without the comment lines on top that said why it was refused, and without the line
/// end that editors add.
pub fn strip_comments(text: &str) -> String {
    let mut rest = text;
    while rest.starts_with('#') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest.strip_suffix("\r\n").or_else(|| rest.strip_suffix('\n')).unwrap_or(rest).to_owned()
}

/// Why a text is refused: its position as an editor shows it, and what is wrong.
pub fn malformed(text: &str, error: &Malformed) -> String {
    let (line, column) = error.position(text.as_bytes());
    format!("Not JSON: {} (line {line}, column {column} of the text below).", error.reason)
}
