//! The API↔cell tab: how the spec differs from the same instance's spec in the other database.
//!
//! Imports `spec`, [`super::line`] and the names of databases.

use crate::app::comparison::Comparison;
use crate::app::database::label;
use crate::spec::diff::{Change, Relation};
use crate::spec::document::CHANGES_KEY;
use crate::spec::text::masked_at;

use super::line::{Row, Tone};
use super::{Counterpart, Subject};
use crate::change::DatabaseName;

/// Names that a sentence lists at most.
const LISTED: usize = 4;

/// What the tab says.
pub fn rows(subject: &Subject) -> Vec<Row> {
    let here = label(&subject.database);
    match &subject.counterpart {
        Counterpart::Unknown => vec![verdict(
            ("– ", "Not known: "),
            Tone::Absent,
            format!("the other database has not answered. This spec is in {here}."),
        )],
        Counterpart::Missing { in_ } => vec![verdict(
            ("∅ ", &format!("Missing in {}: ", label(in_))),
            Tone::Warn,
            format!("only {here} holds this instance's spec."),
        )],
        Counterpart::Nowhere { absent, silent } if silent.is_empty() => vec![verdict(
            ("∅ ", "Missing in every cell: "),
            Tone::Warn,
            format!("only {here} holds this instance's spec, {} hold none.", listed(absent)),
        )],
        Counterpart::Nowhere { absent, silent } => vec![verdict(
            ("– ", "Not known: "),
            Tone::Absent,
            match &absent[..] {
                [] => format!("{} not asked. This spec is in {here}.", listed(silent)),
                _ => format!(
                    "missing in {} ({} not asked). This spec is in {here}.",
                    listed(absent),
                    listed(silent)
                ),
            },
        )],
        Counterpart::Present { in_, text } => {
            compared(&here, &label(in_), &Comparison::of(&subject.text, text))
        }
        Counterpart::Comparing { in_ } => vec![verdict(
            ("– ", "Comparing: "),
            Tone::Absent,
            format!("{here} and {} hold large texts that are not the same bytes.", label(in_)),
        )],
        Counterpart::Compared { in_, comparison } => compared(&here, &label(in_), comparison),
    }
}

/// Databases by name; a few of them, then how many more.
pub fn listed(names: &[DatabaseName]) -> String {
    let shown: Vec<_> = names.iter().take(LISTED).map(label).collect();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn compared(here: &str, there: &str, comparison: &Comparison) -> Vec<Row> {
    match comparison.relation {
        Relation::Identical => vec![verdict(
            ("= ", "Identical: "),
            Tone::Good,
            format!("{here} and {there} hold the same {} bytes.", comparison.bytes),
        )],
        Relation::Equivalent => vec![verdict(
            ("= ", "Equivalent: "),
            Tone::Good,
            format!("{here} and {there} mean the same in other bytes (order of sets, spaces)."),
        )],
        Relation::Different => {
            let what = if comparison.count == 0 {
                format!("nothing but bookkeeping, from {here} (-) to {there} (+).")
            } else {
                format!("{} from {here} (-) to {there} (+).", count(comparison.count))
            };
            let mut out = vec![verdict(("≠ ", "Different: "), Tone::Warn, what)];
            for change in &comparison.changes {
                out.extend(change_rows(&change.path, change.before.as_deref(), change.after.as_deref()));
            }
            let more = comparison.count - comparison.changes.len();
            if more > 0 {
                out.push(Row::Text(2, vec![(format!("… {more} more"), Tone::Muted)]));
            }
            let kept = bookkeeping(comparison.bookkeeping);
            out.extend(kept.map(|sentence| Row::Text(2, vec![(sentence, Tone::Muted)])));
            out
        }
    }
}

/// The differences that say something, then those of `nova_object.changes`: which fields some
/// service had changed when the spec was stored, which nobody reads again.
pub fn apart(changes: Vec<Change>) -> (Vec<Change>, Vec<Change>) {
    let list = |value: &Option<String>| value.as_ref().is_none_or(|value| value.starts_with('['));
    let kept = |change: &Change| {
        let path = change.path.strip_suffix(']').and_then(|path| path.strip_suffix(CHANGES_KEY));
        // A map's key may be called so too, but holds no list.
        path.is_some_and(|path| path.ends_with('[')) && list(&change.before) && list(&change.after)
    };
    changes.into_iter().partition(|change| !kept(change))
}

/// The line for so many differences of `nova_object.changes`; None for none.
pub fn bookkeeping(objects: usize) -> Option<String> {
    match objects {
        0 => None,
        1 => Some(format!("bookkeeping: {CHANGES_KEY} differs in 1 object")),
        many => Some(format!("bookkeeping: {CHANGES_KEY} differs in {many} objects")),
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
            let value: String = masked_at(path, value).chars().take(2_000).collect();
            out.push(Row::Text(4, vec![(format!("  {sign} "), tone), (value, tone)]));
        }
    };
    side("-", before, Tone::Removed);
    side("+", after, Tone::Added);
    out
}
