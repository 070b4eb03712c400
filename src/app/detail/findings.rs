//! The Findings tab: what is wrong with the spec.
//!
//! Imports `spec` and [`super::line`].

use crate::spec::Document;
use crate::spec::schema::{self, Severity};

use super::line::{Row, Tone};

/// At most so many findings are listed.
const MOST: usize = 2_000;

/// What the tab says of a spec that is a JSON document; `column` is the row's instance_uuid.
pub fn rows(document: &Document, column: &str) -> Vec<Row> {
    let mut problems = schema::check(document);
    problems.extend(schema::check_instance(document, column));
    problems.sort_by_key(|problem| problem.severity);
    if problems.is_empty() {
        return vec![Row::Text(
            2,
            vec![("✓ ".to_owned(), Tone::Good), ("Nothing is wrong with this spec.".to_owned(), Tone::Text)],
        )];
    }
    problems
        .iter()
        .take(MOST)
        .map(|problem| Row::Text(2, finding(problem.severity, &problem.path, &problem.sentence, None)))
        .collect()
}

/// One finding as pieces of a line: mark, severity, path, sentence.
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
