//! Beside the fields: the live difference to what is stored, and what is wrong with the draft.
//!
//! Imports `spec` and the line layout.

use crate::app::detail::difference::change_rows;
use crate::app::detail::findings::finding;
use crate::app::detail::line::{Row, Tone};

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

fn text(words: &str, tone: Tone) -> Row {
    Row::Text(2, vec![(words.to_owned(), tone)])
}
