//! The Findings tab: what is wrong with the spec.
//!
//! Imports `spec` and [`super::line`].

use crate::scheduler::{Weight, constraints};
use crate::spec::Document;

use super::facts::fact;
use super::line::{Row, Tone};

/// What the tab says of a spec that is a JSON document.
pub fn rows(document: &Document) -> Vec<Row> {
    let traps: Vec<Row> =
        constraints(document).iter().filter(|line| line.weight == Weight::Trap).map(fact).collect();
    if traps.is_empty() {
        return vec![Row::Text(
            2,
            vec![("✓ ".to_owned(), Tone::Good), ("Nothing is wrong with this spec.".to_owned(), Tone::Text)],
        )];
    }
    traps
}
