//! A row that is no JSON document: why, where, and the raw text around that place.
//!
//! Imports `spec` and [`super::line`].

use crate::spec::document::Malformed;
use crate::spec::mask::masked_around;
use crate::spec::text::escaped;

use super::line::{Row, Tone, columns};

/// So many bytes of the raw text are shown on either side of the error.
const AROUND: usize = 32 * 1024;

/// Why the row cannot be read, and what may be done.
pub fn explanation(text: &[u8], error: &Malformed) -> Vec<Row> {
    let (line, column) = error.position(text);
    let mut rows = vec![Row::Text(
        2,
        vec![
            ("✗ ".to_owned(), Tone::Danger),
            ("Malformed: ".to_owned(), Tone::Danger),
            (format!("{}, ", error.reason), Tone::Text),
            (format!("line {line}, column {column} (byte {} of {}).", error.offset, text.len()), Tone::Muted),
        ],
    )];
    rows.push(Row::Text(
        2,
        vec![
            (
                "  nova cannot load this row, and with it no list of its project's servers. ".to_owned(),
                Tone::Text,
            ),
            ("The JSON tab shows the raw text; the editor opens it as such.".to_owned(), Tone::Muted),
        ],
    ));
    rows
}

/// The explanation and the raw text around the error, escaped, in lines of `width` columns.
pub fn rows(text: &[u8], error: &Malformed, width: usize) -> Vec<Row> {
    let mut rows = explanation(text, error);
    if text.is_empty() {
        return rows;
    }
    let at = error.offset.min(text.len());
    // Passwords are hidden before anything is cut off: a half of one would not be known for it.
    let before = String::from_utf8_lossy(&text[..at]);
    let after = String::from_utf8_lossy(&text[at..]);
    let (before, after) = masked_around(&format!("{before}{after}"), before.len());
    let from = character(&before, before.len().saturating_sub(AROUND));
    let to = character(&after, AROUND.min(after.len()));
    rows.push(Row::Heading("Raw text".to_owned()));
    if from > 0 {
        rows.push(Row::Text(0, vec![(format!("… {from} bytes before"), Tone::Muted)]));
    }
    let (before, after, left) = (&before[from..], &after[..to], after.len() - to);
    let mut marked = after.chars();
    let here = marked.next().map(String::from).unwrap_or_default();
    let mut fill = Fill { width: width.max(1), rows, line: Vec::new(), at: 0 };
    fill.push(before, Tone::Text);
    fill.push("»", Tone::Danger);
    fill.push(&here, Tone::Danger);
    fill.push(marked.as_str(), Tone::Text);
    let mut rows = fill.finish();
    if left > 0 {
        rows.push(Row::Text(0, vec![(format!("… {left} bytes after"), Tone::Muted)]));
    }
    rows
}

/// The beginning of the character at that byte.
fn character(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Fills lines to the last column: raw text has no words.
struct Fill {
    width: usize,
    rows: Vec<Row>,
    line: Vec<(String, Tone)>,
    at: usize,
}

impl Fill {
    fn push(&mut self, text: &str, tone: Tone) {
        for character in text.chars() {
            if character == '\n' {
                self.end_line();
                continue;
            }
            // Escaped now, so that the width is the one on the screen; escaping twice changes nothing.
            let shown = escaped(character.encode_utf8(&mut [0; 4])).into_owned();
            let wide: usize = shown.chars().map(columns).sum();
            if self.at + wide > self.width && self.at > 0 {
                self.end_line();
            }
            self.at += wide;
            match self.line.last_mut() {
                Some((last, same)) if *same == tone => last.push_str(&shown),
                _ => self.line.push((shown, tone)),
            }
        }
    }

    fn end_line(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        if line.is_empty() {
            line.push((" ".to_owned(), Tone::Text));
        }
        self.rows.push(Row::Text(0, line));
        self.at = 0;
    }

    fn finish(mut self) -> Vec<Row> {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Document;

    #[test]
    fn a_password_is_hidden_wherever_the_text_breaks() {
        let url = "rabbit://nova:s3\u{1}cret@r2/";
        let texts = [
            format!(r#"{{"transport_url": "{url}", "b": 1}}"#),
            r#"{"transport_url": "rabbit://nova:s3cret"#.to_owned(),
            format!(r#"{{"transport_url": "rabbit://nova:s3cret@r2/", {} oops}}"#, " ".repeat(AROUND - 20)),
        ];
        for text in texts {
            let malformed = Document::parse_str(&text).unwrap_err();
            let rows = format!("{:?}", rows(text.as_bytes(), &malformed, 200));
            assert!(!rows.contains("s3c") && !rows.contains("cret"), "{rows}");
            assert!(rows.contains("transport_url") || text.len() > AROUND, "{rows}");
        }
    }
}
