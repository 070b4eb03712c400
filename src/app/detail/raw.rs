//! A row that is no JSON document: why, where, and the raw text around that place.
//!
//! Imports `spec` and [`super::line`].

use crate::spec::document::Malformed;
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
    let from = at.saturating_sub(AROUND);
    let to = at.saturating_add(AROUND).min(text.len());
    rows.push(Row::Heading("Raw text".to_owned()));
    if from > 0 {
        rows.push(Row::Text(0, vec![(format!("… {from} bytes before"), Tone::Muted)]));
    }
    let before = String::from_utf8_lossy(&text[from..at]);
    let after = String::from_utf8_lossy(&text[at..to]);
    let mut marked = after.chars();
    let here = marked.next().map(String::from).unwrap_or_default();
    let mut fill = Fill { width: width.max(1), rows, line: Vec::new(), at: 0 };
    fill.push(&before, Tone::Text);
    fill.push("»", Tone::Danger);
    fill.push(&here, Tone::Danger);
    fill.push(marked.as_str(), Tone::Text);
    let mut rows = fill.finish();
    if to < text.len() {
        rows.push(Row::Text(0, vec![(format!("… {} bytes after", text.len() - to), Tone::Muted)]));
    }
    rows
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
