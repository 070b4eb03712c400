//! The API↔cell tab: how the spec differs from the same instance's spec in the other database.
//!
//! Imports `spec` and [`super::line`].

use crate::spec::diff::{self, Relation};

use super::line::{Row, Tone};
use super::{Counterpart, Subject};

/// At most so many differences are listed.
const MOST: usize = 2_000;

/// What the tab says.
pub fn rows(subject: &Subject) -> Vec<Row> {
    let here = subject.database.to_string();
    match &subject.counterpart {
        Counterpart::Unknown => vec![verdict(
            ("– ", "Not known: "),
            Tone::Absent,
            format!("the other database has not answered. This spec is in {here}."),
        )],
        Counterpart::Missing { in_ } => vec![verdict(
            ("· ", &format!("Missing in {in_}: ")),
            Tone::Warn,
            format!("only {here} holds this instance's spec."),
        )],
        Counterpart::Present { in_, text } => compared(&here, &subject.text, &in_.to_string(), text),
    }
}

fn compared(here: &str, text: &[u8], there: &str, other: &[u8]) -> Vec<Row> {
    match diff::relation(text, other) {
        Relation::Identical => vec![verdict(
            ("= ", "Identical: "),
            Tone::Good,
            format!("{here} and {there} hold the same {} bytes.", text.len()),
        )],
        Relation::Equivalent => vec![verdict(
            ("= ", "Equivalent: "),
            Tone::Good,
            format!("{here} and {there} mean the same in other bytes (order of sets, spaces)."),
        )],
        Relation::Different => {
            let changes = diff::difference_of_texts(text, other);
            let mut out = vec![verdict(
                ("≠ ", "Different: "),
                Tone::Warn,
                format!("{} from {here} (-) to {there} (+).", count(changes.len())),
            )];
            for change in changes.iter().take(MOST) {
                out.extend(change_rows(&change.path, change.before.as_deref(), change.after.as_deref()));
            }
            if changes.len() > MOST {
                out.push(Row::Text(2, vec![(format!("… {} more", changes.len() - MOST), Tone::Muted)]));
            }
            out
        }
    }
}

fn count(changes: usize) -> String {
    if changes == 1 { "1 difference".to_owned() } else { format!("{changes} differences") }
}

fn verdict((sign, word): (&str, &str), tone: Tone, sentence: String) -> Row {
    Row::Text(2, vec![(sign.to_owned(), tone), (word.to_owned(), tone), (sentence, Tone::Text)])
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
