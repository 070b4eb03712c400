//! What differs between two specs, by meaning: logical paths, sets and lists of changes without
//! their order, numbers by value, spaces and key order not at all.
//!
//! - [`difference`]: between two documents. [`text_difference`]: line by line, for texts that are
//!   no documents. [`difference_of_texts`]: whichever applies.
//! - [`relation`]: whether two stored texts are the same bytes, mean the same, or differ.
//!
//! Imports [`super::document`], [`super::path`], [`super::schema`]; no I/O.

mod walk;

use super::document::Document;
use walk::Walk;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Change {
    /// Logical path; a key of an envelope in brackets after its object:
    /// `flavor[nova_object.version]`. For texts that are no documents: `line 3`.
    pub path: String,
    /// The stored JSON text before; none where there was nothing.
    pub before: Option<String>,
    /// The stored JSON text after; none where there is nothing any more.
    pub after: Option<String>,
}

/// How two stored texts relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// The same bytes.
    Identical,
    /// Different bytes, the same meaning.
    Equivalent,
    /// Different meanings, or different bytes of which one is no document.
    Different,
}

/// The differences between two documents, in the order of `before`, what is new after its last
/// neighbour that was there.
pub fn difference(before: &Document, after: &Document) -> Vec<Change> {
    if before == after {
        return Vec::new();
    }
    Walk::default().run(before, after)
}

/// How two stored texts relate.
pub fn relation(one: &[u8], other: &[u8]) -> Relation {
    if one == other {
        return Relation::Identical;
    }
    match (Document::parse(one), Document::parse(other)) {
        (Ok(one), Ok(other)) if difference(&one, &other).is_empty() => Relation::Equivalent,
        _ => Relation::Different,
    }
}

/// The differences between two stored texts: by meaning where both are documents, else by lines.
pub fn difference_of_texts(before: &[u8], after: &[u8]) -> Vec<Change> {
    match (Document::parse(before), Document::parse(after)) {
        (Ok(before), Ok(after)) => difference(&before, &after),
        _ => text_difference(before, after),
    }
}

/// The lines that differ, from the first to the last that does; bytes that are not UTF-8 show as
/// U+FFFD.
pub fn text_difference(before: &[u8], after: &[u8]) -> Vec<Change> {
    if before == after {
        return Vec::new();
    }
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let (old, new): (Vec<_>, Vec<_>) = (before.split('\n').collect(), after.split('\n').collect());
    let same_head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let most = old.len().min(new.len()) - same_head;
    let pairs = old.iter().rev().zip(new.iter().rev());
    let same_tail = pairs.take(most).take_while(|(old, new)| old == new).count();
    let old = &old[same_head..old.len() - same_tail];
    let new = &new[same_head..new.len() - same_tail];
    let changes: Vec<Change> = (0..old.len().max(new.len()))
        .filter(|at| old.get(*at) != new.get(*at))
        .map(|at| Change {
            path: format!("line {}", same_head + at + 1),
            before: old.get(at).map(|line| (*line).to_owned()),
            after: new.get(at).map(|line| (*line).to_owned()),
        })
        .collect();
    if changes.is_empty() {
        // Different bytes that look alike once decoded.
        return vec![Change {
            path: "line 1".to_owned(),
            before: Some(before.into_owned()),
            after: Some(after.into_owned()),
        }];
    }
    changes
}

#[cfg(test)]
mod tests;
