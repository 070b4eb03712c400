//! A stored text in lines, for people: one member per line, every token as stored. A text that is
//! no JSON is given as it is, in pieces. Also the difference of two texts, as lines.
//!
//! Imports `spec`; no I/O.

use super::detail::difference::{apart, bookkeeping};
use super::editor::external;
use super::overlay::{Line, Tone};
use crate::spec::diff::{self, Change};
use crate::spec::document::{Document, Kind, Node};
use crate::spec::schema;
use crate::spec::text::{escaped, masked_at, masked_json};

/// Longest line that is made, in characters; the rest of a longer token is left out.
const LINE: usize = 400;
/// Most lines that are made of one text.
const LINES: usize = 5_000;

/// The text in lines.
pub fn lines(text: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    match Document::parse(text) {
        Ok(document) => indent(document.root(), 0, "", &mut out),
        Err(malformed) => {
            out.push(format!("(not JSON: {malformed})"));
            let text = String::from_utf8_lossy(text);
            let text = masked_json(&text);
            let characters: Vec<char> = text.chars().take(LINES * 100).collect();
            out.extend(characters.chunks(100).map(|piece| shown(&piece.iter().collect::<String>())));
        }
    }
    if out.len() > LINES {
        out.truncate(LINES);
        out.push("… the rest is not shown".to_owned());
    }
    out
}

fn shown(text: &str) -> String {
    let text = escaped(text);
    if text.chars().count() > LINE {
        text.chars().take(LINE).chain(std::iter::once('…')).collect()
    } else {
        text.into_owned()
    }
}

fn indent(node: Node<'_>, depth: usize, comma: &str, out: &mut Vec<String>) {
    if out.len() > LINES {
        return;
    }
    let pad = "  ".repeat(depth);
    let key = node.key().map(|key| format!("{}: ", escaped(&key))).unwrap_or_default();
    let (open, close) = match node.kind() {
        Kind::Object => ("{", "}"),
        Kind::Array => ("[", "]"),
        _ => ("", ""),
    };
    if open.is_empty() || node.is_empty() || node.raw().len() <= 60 {
        let token = masked_at(&node.key().unwrap_or_default(), node.raw());
        out.push(format!("{pad}{key}{}{comma}", shown(&token)));
        return;
    }
    out.push(format!("{pad}{key}{open}"));
    let count = node.len();
    for (at, child) in node.children().enumerate() {
        indent(child, depth + 1, if at + 1 < count { "," } else { "" }, out);
    }
    out.push(format!("{pad}{close}{comma}"));
}

/// Whether a text may be stored as a spec; the reason if not.
///
/// # Errors
/// Where and why it is no JSON document, or what nova could not load of it.
pub fn check(text: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(text);
    let document = Document::parse_str(&text).map_err(|error| external::malformed(&text, &error))?;
    let problems = schema::check(&document);
    let bad = problems.iter().filter(|problem| problem.severity == schema::Severity::Unloadable);
    let lines: Vec<_> = bad.map(|problem| format!("{}: {}", problem.path, problem.sentence)).collect();
    if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
}

/// What changes from `before` to `after`: each logical field with its stored values.
pub fn difference(before: &[u8], after: &[u8]) -> Vec<Line> {
    if before == after {
        return vec![Line::new(Tone::Muted, "no difference")];
    }
    let changes = diff::difference_of_texts(before, after);
    if changes.is_empty() {
        let text = "the same in meaning, other bytes (spaces, order of sets, escapes)";
        return vec![Line::new(Tone::Muted, text)];
    }
    let (changes, kept) = apart(changes);
    let mut out: Vec<Line> = changes.iter().take(LINES).flat_map(change_lines).collect();
    // What decides nothing comes last and muted, but still in full: this is what is written.
    out.extend(bookkeeping(kept.len()).map(|sentence| Line::new(Tone::Muted, sentence)));
    let kept = kept.iter().take(LINES).flat_map(change_lines);
    out.extend(kept.map(|line| Line { tone: Tone::Muted, ..line }));
    out
}

/// A changed field: its path, its values before and after.
pub fn change_lines(change: &Change) -> Vec<Line> {
    let mut out = vec![Line::new(Tone::Plain, shown(&change.path))];
    for (tone, sign, value) in [(Tone::Removed, '-', &change.before), (Tone::Added, '+', &change.after)] {
        let value = value.as_deref().map(|value| masked_at(&change.path, value));
        let lines = value.as_deref().map(value_lines).unwrap_or_default();
        out.extend(lines.into_iter().map(|line| Line::new(tone, format!("  {sign} {line}"))));
    }
    out
}

fn value_lines(value: &str) -> Vec<String> {
    if value.len() <= LINE / 4 { vec![shown(value)] } else { lines(value.as_bytes()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stay_as_stored() {
        let text = br#"{"a": 1.0, "b": {"long key with a lot of text in it": "\u00e9 and more than sixty characters altogether"}}"#;
        let lines = lines(text);
        assert_eq!(lines[1], "  a: 1.0,");
        assert!(lines[3].contains(r"\u00e9"), "{lines:?}");
    }

    #[test]
    fn control_characters_never_come_out_raw() {
        for text in [&b"\x1b[31m not json"[..], b"{\"k\": \"\x7f \xc2\x9b\"}"] {
            assert!(lines(text).iter().all(|line| !line.chars().any(char::is_control)));
        }
    }

    #[test]
    fn a_difference_shows_both_sides() {
        let lines = difference(br#"{"zone": "az1"}"#, br#"{"zone": "az2"}"#);
        let tones: Vec<_> = lines.iter().map(|line| line.tone).collect();
        assert_eq!(tones, [Tone::Plain, Tone::Removed, Tone::Added]);
    }

    #[test]
    fn bookkeeping_comes_last_and_in_full() {
        let text = |changes: &str, zone: &str| {
            format!(
                r#"{{"nova_object.name": "RequestSpec", "nova_object.namespace": "nova", "nova_object.version": "1.15", "nova_object.data": {{"zone": "{zone}"}}, "nova_object.changes": [{changes}]}}"#
            )
        };
        let lines = difference(text(r#""id""#, "az1").as_bytes(), text(r#""zone""#, "az2").as_bytes());
        let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "zone",
                r#"  - "az1""#,
                r#"  + "az2""#,
                "bookkeeping: nova_object.changes differs in 1 object",
                "[nova_object.changes]",
                r#"  - ["id"]"#,
                r#"  + ["zone"]"#,
            ]
        );
        assert!(lines[3..].iter().all(|line| line.tone == Tone::Muted));
    }

    #[test]
    fn passwords_of_urls_are_hidden() {
        let text = |password: &str| {
            format!(
                r#"{{"a": {{"transport_url": "rabbit://nova:{password}@r2/"}}, "database_connection": "mysql://u:{password}@h/{}"}}"#,
                "d".repeat(90)
            )
        };
        for shown in [
            lines(text("s3cret").as_bytes()),
            lines(&text("s3cret").as_bytes()[..40]),
            difference(text("s3cret").as_bytes(), br#"{"a": null}"#)
                .into_iter()
                .map(|line| line.text)
                .collect(),
        ] {
            let shown = shown.join("\n");
            assert!(!shown.contains("s3c") && shown.contains("***"), "{shown}");
        }
    }
}
