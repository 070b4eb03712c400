//! The Findings tab: what is wrong with the spec, by its text and, once they were asked, by nova's other tables.
//!
//! Imports `spec`, `lint` and [`super::line`].

use crate::lint::{self, Finding, Judgement};
use crate::spec::schema::Severity;
use crate::spec::text::masked_at;

use super::line::{Row, Tone};

/// At most so many findings are listed.
const MOST: usize = 2_000;

/// What the tab says: each finding with its code, weight, place, what is wrong, and which repair cures it; then what
/// could not be told.
pub fn rows(judgement: &Judgement) -> Vec<Row> {
    let mut rows: Vec<Row> = judgement.findings.iter().take(MOST).map(row).collect();
    if rows.is_empty() {
        let sentence = "Nothing is wrong with this spec.".to_owned();
        rows.push(Row::Text(2, vec![("✓ ".to_owned(), Tone::Good), (sentence, Tone::Text)]));
    }
    if !judgement.unknown.is_empty() {
        let codes: Vec<&str> = judgement.unknown.iter().map(|rule| rule.code).collect();
        let sentence = format!("unknown, for lack of an answer: {}", codes.join(", "));
        rows.push(Row::Text(2, vec![("? ".to_owned(), Tone::Warn), (sentence, Tone::Muted)]));
    }
    rows
}

fn row(found: &Finding) -> Row {
    let (sign, tone) = match found.rule.severity {
        lint::Severity::Error => ("✗ ", Tone::Danger),
        lint::Severity::Warning => ("! ", Tone::Warn),
        lint::Severity::Notice => ("· ", Tone::Muted),
    };
    let mut pieces =
        vec![(sign.to_owned(), tone), (format!("{} {} ", found.rule.code, found.rule.severity.word()), tone)];
    if !found.path.is_empty() {
        pieces.push((format!("{}: ", found.path), Tone::Label));
    }
    pieces.push((masked_at(&found.path, &found.sentence).into_owned(), Tone::Text));
    if let Some(fix) = found.rule.fix {
        pieces.push((format!(" Repair: {fix}."), Tone::Good));
    }
    Row::Text(2, pieces)
}

/// One problem of a text that is being edited, as pieces of a line: mark, severity, path, sentence.
pub fn finding(severity: Severity, path: &str, sentence: &str, mark: Option<&str>) -> Vec<(String, Tone)> {
    let (sign, tone) = match severity {
        Severity::Unloadable => ("✗ ", Tone::Danger),
        Severity::Harmful => ("! ", Tone::Warn),
        Severity::Notice => ("· ", Tone::Muted),
    };
    let mut pieces = vec![(sign.to_owned(), tone), (format!("{} ", severity.word()), tone)];
    if let Some(mark) = mark {
        pieces.push((mark.to_owned(), Tone::Title));
    }
    if !path.is_empty() {
        pieces.push((format!("{path}: "), Tone::Label));
    }
    pieces.push((sentence.to_owned(), Tone::Text));
    pieces
}
