//! An operation as columns, and back. Of two texts of which one replaces the other, the second is
//! kept as its difference: specs are edited in a few places.

use std::sync::Arc;

use crate::change::{DatabaseName, Operation};

/// The columns of an operation, borrowed from it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns<'a> {
    pub source: Option<String>,
    pub target: String,
    pub already_there: bool,
    pub before: Option<&'a [u8]>,
    pub after: Option<&'a [u8]>,
}

impl<'a> Columns<'a> {
    pub fn of(operation: &'a Operation) -> Self {
        let one = |database: &DatabaseName, before, after| Self {
            source: None,
            target: database.to_string(),
            already_there: false,
            before,
            after,
        };
        match operation {
            Operation::Save { database, before, after, .. } => {
                one(database, Some(before), Some(after.as_bytes()))
            }
            Operation::Create { database, text, .. } => one(database, None, Some(text.as_bytes())),
            Operation::Destroy { database, before, .. } => one(database, Some(before), None),
            Operation::Copy { from, to, text, replaces, .. } => Self {
                source: Some(from.to_string()),
                target: to.to_string(),
                already_there: false,
                before: replaces.as_deref(),
                after: Some(text),
            },
            Operation::Move { from, to, text, already_there, .. } => Self {
                source: Some(from.to_string()),
                target: to.to_string(),
                already_there: *already_there,
                before: None,
                after: Some(text),
            },
        }
    }
}

/// What stands between the common head and the common tail of two texts: `(head, tail, middle)`.
pub(super) fn middle<'a>(before: &[u8], after: &'a [u8]) -> (usize, usize, &'a [u8]) {
    let head = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let rest = before.len().min(after.len()) - head;
    let tail = before.iter().rev().zip(after.iter().rev()).take(rest);
    let tail = tail.take_while(|(one, other)| one == other).count();
    (head, tail, &after[head..after.len() - tail])
}

/// The text of which that is the middle; None where it cannot be one.
pub(super) fn whole(before: &[u8], head: usize, tail: usize, middle: &[u8]) -> Option<Vec<u8>> {
    let start = before.get(..head)?;
    let end = before.get(before.len().checked_sub(tail)?..)?;
    Some([start, middle, end].concat())
}

/// An operation as it is read from its columns.
pub(super) struct Stored {
    pub operation: String,
    pub source: Option<String>,
    pub target: String,
    pub instance_uuid: Arc<str>,
    pub already_there: bool,
    pub before: Option<Vec<u8>>,
    pub after: Option<Vec<u8>>,
}

impl Stored {
    /// The operation; None where the columns are those of none.
    pub fn operation(self) -> Option<Operation> {
        let Self { operation, source, target, instance_uuid, already_there, before, after } = self;
        let database = named(&target);
        let text = |bytes: Option<Vec<u8>>| Some(Arc::<str>::from(String::from_utf8(bytes?).ok()?));
        let bytes = |bytes: Option<Vec<u8>>| Some(Arc::<[u8]>::from(bytes?));
        Some(match operation.as_str() {
            "save" => {
                Operation::Save { database, instance_uuid, before: bytes(before)?, after: text(after)? }
            }
            "create" => Operation::Create { database, instance_uuid, text: text(after)? },
            "delete" => Operation::Destroy { database, instance_uuid, before: bytes(before)? },
            "copy" => Operation::Copy {
                from: named(&source?),
                to: database,
                instance_uuid,
                text: bytes(after)?,
                replaces: before.map(Arc::from),
            },
            "move" => Operation::Move {
                from: named(&source?),
                to: database,
                instance_uuid,
                text: bytes(after)?,
                already_there,
            },
            _ => return None,
        })
    }
}

/// The database of that name, as [`DatabaseName`] writes it.
pub(super) fn named(name: &str) -> DatabaseName {
    if name == "api" { DatabaseName::Api } else { DatabaseName::cell(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_difference_and_what_it_was_before() {
        for (before, after) in [
            ("", ""),
            ("abc", "abc"),
            ("abc", "abXc"),
            ("aaa", "aa"),
            ("aa", "aaa"),
            ("abc", ""),
            ("", "abc"),
            ("abab", "ab"),
            ("xyz", "abc"),
        ] {
            let (before, after) = (before.as_bytes(), after.as_bytes());
            let (head, tail, middle) = middle(before, after);
            assert_eq!(whole(before, head, tail, middle).as_deref(), Some(after));
        }
        assert_eq!(middle(b"{\"zone\": \"az1\"}", b"{\"zone\": \"az23\"}"), (12, 2, &b"23"[..]));
        assert_eq!(whole(b"abc", 4, 0, b""), None);
        assert_eq!(whole(b"abc", 0, 4, b""), None);
    }
}
