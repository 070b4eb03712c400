//! The API↔cell tab: how the spec differs from the same instance's spec in the other database.
//!
//! Imports `spec` and [`super::line`].

use crate::spec::Document;

use super::line::{Row, Tone};
use super::{Counterpart, Subject};

/// What the tab says; `document` is None where the row itself is malformed.
pub fn rows(subject: &Subject, document: Option<&Document>) -> Vec<Row> {
    let here = subject.database.to_string();
    match &subject.counterpart {
        Counterpart::Unknown => vec![Row::Text(
            0,
            vec![(
                format!("Not known: the other database has not answered. This spec is in {here}."),
                Tone::Absent,
            )],
        )],
        Counterpart::Missing { in_ } => vec![Row::Text(
            2,
            vec![
                ("· ".to_owned(), Tone::Warn),
                (format!("Missing in {in_}: "), Tone::Warn),
                (format!("only {here} holds this instance's spec."), Tone::Text),
            ],
        )],
        Counterpart::Present { in_, text } => compared(subject, document, &here, &in_.to_string(), text),
    }
}

fn compared(
    subject: &Subject,
    _document: Option<&Document>,
    here: &str,
    there: &str,
    text: &[u8],
) -> Vec<Row> {
    if subject.text[..] == *text {
        return vec![Row::Text(
            2,
            vec![
                ("= ".to_owned(), Tone::Good),
                ("Identical: ".to_owned(), Tone::Good),
                (format!("{here} and {there} hold the same {} bytes.", text.len()), Tone::Text),
            ],
        )];
    }
    vec![Row::Text(
        2,
        vec![
            ("≠ ".to_owned(), Tone::Warn),
            ("Different: ".to_owned(), Tone::Warn),
            (format!("{here} has {} bytes, {there} has {}.", subject.text.len(), text.len()), Tone::Text),
        ],
    )]
}
