//! Beside the fields: the live difference to what is stored, and what is wrong with the draft.
//!
//! Imports `spec` and the line layout.

use crate::app::detail::line::{Row, Tone};
use crate::spec::schema::Severity;

use super::draft::Draft;

/// Difference, then findings.
pub fn rows(draft: &Draft) -> Vec<Row> {
    let mut out = Vec::new();
    difference(draft, &mut out);
    findings(draft, &mut out);
    out
}

fn difference(draft: &Draft, out: &mut Vec<Row>) {
    if draft.stored_document().is_err() {
        if draft.is_modified() {
            out.push(Row::Heading("Difference".to_owned()));
            out.push(text("the malformed text is replaced as a whole", Tone::Warn));
        }
        return;
    }
    let changes = draft.changes();
    if changes.is_empty() {
        let words = if draft.is_modified() { "other bytes, the same meaning" } else { "nothing is changed" };
        out.push(Row::Heading("Difference".to_owned()));
        return out.push(text(words, Tone::Absent));
    }
    out.push(Row::Heading(format!("Difference ({})", changes.len())));
    out.extend(
        changes
            .iter()
            .flat_map(|change| change_rows(&change.path, change.before.as_deref(), change.after.as_deref())),
    );
}

/// A change: its path, then what goes and what comes.
pub fn change_rows(path: &str, before: Option<&str>, after: Option<&str>) -> Vec<Row> {
    let mut out = vec![Row::Text(2, vec![(path.to_owned(), Tone::Label)])];
    let mut side = |sign: &str, value: Option<&str>, tone: Tone| {
        if let Some(value) = value {
            let value: String = value.chars().take(2_000).collect();
            out.push(Row::Text(4, vec![(format!("  {sign} "), tone), (value, tone)]));
        }
    };
    side("-", before, Tone::Removed);
    side("+", after, Tone::Added);
    out
}

fn findings(draft: &Draft, out: &mut Vec<Row>) {
    let problems: Vec<_> = draft.problems().collect();
    if problems.is_empty() {
        return;
    }
    out.push(Row::Heading(format!("Findings ({})", problems.len())));
    for (problem, new) in problems {
        out.push(Row::Text(
            2,
            finding(problem.severity, &problem.path, &problem.sentence, new.then_some("new ")),
        ));
    }
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
        pieces.push((format!("{path} "), Tone::Label));
    }
    pieces.push((sentence.to_owned(), Tone::Text));
    pieces
}

fn text(words: &str, tone: Tone) -> Row {
    Row::Text(2, vec![(words.to_owned(), tone)])
}
