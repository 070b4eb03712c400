//! Why a text is no query, where in it, and what was probably meant.
//!
//! Imports `spec`; no I/O.

use std::fmt;
use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::spec::text::escaped;

/// Columns of text before and behind the place that [`ParseError::caret`] shows at most.
const AROUND: usize = 38;

/// Why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The bytes of the text that it is about; empty where something is missing.
    pub at: Range<usize>,
    /// What is wrong, terminal-safe.
    pub reason: String,
    /// What was probably meant, or what to do; terminal-safe.
    pub hint: Option<String>,
}

impl ParseError {
    /// One without a hint.
    pub(super) fn new(at: Range<usize>, reason: impl Into<String>) -> Self {
        Self { at, reason: escaped(&reason.into()).into_owned(), hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(escaped(&hint.into()).into_owned());
        self
    }

    /// Two lines, terminal-safe: the text (of a long one the part around the place), and `^` under
    /// what is wrong.
    pub fn caret(&self, text: &str) -> String {
        let start = boundary(text, self.at.start);
        let end = boundary(text, self.at.end).max(start);
        let (before, marked) = (escaped(&text[..start]), escaped(&text[start..end]));
        let behind = escaped(&text[end..]);
        let before = match tail(&before, AROUND) {
            kept if kept.len() == before.len() => kept.to_owned(),
            kept => format!("...{kept}"),
        };
        let shown = format!("{marked}{behind}");
        let kept = head(&shown, AROUND);
        let cut = if kept.len() < shown.len() { "..." } else { "" };
        let carets = marked.width().min(kept.width()).max(1);
        format!("{before}{kept}{cut}\n{}{}", " ".repeat(before.width()), "^".repeat(carets))
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.reason)?;
        match &self.hint {
            Some(hint) => write!(out, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ParseError {}

/// A part of a query as a message quotes it: terminal-safe and not too long.
pub(super) fn shown(text: &str) -> String {
    let text = escaped(text);
    let kept = head(&text, AROUND);
    if kept.len() < text.len() { format!("\"{kept}...\"") } else { format!("\"{kept}\"") }
}

/// The nearest place at or before `at` where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The beginning of a text, so many columns of it.
fn head(text: &str, columns: usize) -> &str {
    let mut width = 0;
    let end = text.char_indices().find(|(_, character)| {
        width += character.width().unwrap_or(0);
        width > columns
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

/// The end of a text, so many columns of it.
fn tail(text: &str, columns: usize) -> &str {
    let mut width = 0;
    let start = text.char_indices().rev().find(|(_, character)| {
        width += character.width().unwrap_or(0);
        width > columns
    });
    &text[start.map_or(0, |(at, character)| at + character.len_utf8())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("vcpuss>=8", 0..6, "vcpuss>=8\n^^^^^^")]
    #[case("az=", 3..3, "az=\n   ^")]
    #[case("中 x=1", 4..5, "中 x=1\n   ^")]
    #[case("a\u{1b}b x=1", 4..5, "a\\u001bb x=1\n         ^")]
    #[case("é", 1..9, "é\n^")]
    #[case("", 7..9, "\n^")]
    fn the_caret_stands_under_the_place(
        #[case] text: &str,
        #[case] at: Range<usize>,
        #[case] expected: &str,
    ) {
        assert_eq!(ParseError::new(at, "x").caret(text), expected);
    }

    #[test]
    fn of_a_long_text_the_part_around_the_place_is_shown() {
        let text = format!("{} x=1 {}", "a".repeat(500), "b".repeat(500));
        let lines = ParseError::new(501..502, "x").caret(&text);
        let (first, second) = lines.split_once('\n').expect("two lines");
        assert_eq!(first.find("x=1"), second.find('^'), "{lines}");
        assert!(first.len() < 90, "{lines}");
    }
}
