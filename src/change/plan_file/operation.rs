//! One operation as a plan file has it: digests of what must be there, and the texts to be stored.
//!
//! Imports `store` for rows and its siblings; no I/O.

use std::sync::Arc;

use super::splices::{self, TextSplice};
use crate::change::{DatabaseName, Digest, Operation};

/// An operation of a plan file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedOperation {
    /// Replace a text.
    Save {
        /// Where.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// Of the bytes that must still be there.
        before: Digest,
        /// What changes in them.
        splices: Vec<TextSplice>,
        /// The text to store.
        after: Arc<str>,
    },
    /// Insert a row.
    Create {
        /// Where.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// The text to store.
        after: Arc<str>,
    },
    /// Delete a row.
    Destroy {
        /// Where.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// Of the bytes that must still be there.
        before: Digest,
    },
    /// Insert a copy elsewhere, or replace the different spec there.
    Copy {
        /// Where it is.
        from: DatabaseName,
        /// Where the copy goes.
        to: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// Of the bytes that must still be at the source.
        before: Digest,
        /// Of the different bytes at the destination, which the copy replaces.
        replaces: Option<Digest>,
    },
    /// Move.
    Move {
        /// Where it is.
        from: DatabaseName,
        /// Where it goes.
        to: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// Of the bytes that must still be at the source.
        before: Digest,
    },
}

/// How an operation fits what the databases hold now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// It can be done: the operation with its full texts.
    Ready(Operation),
    /// What it would bring about is there already.
    AlreadyDone,
    /// The row is another than the plan was made for; what it holds now.
    Changed(Arc<[u8]>),
    /// The row is not there any more.
    Gone,
    /// Another spec stands where one would be stored; what it holds.
    InTheWay(Arc<[u8]>),
}

impl PlannedOperation {
    /// As a plan file has it.
    pub fn of(operation: &Operation) -> Self {
        match operation.clone() {
            Operation::Save { database, instance_uuid, before, after } => Self::Save {
                database,
                instance_uuid,
                splices: splices::between(&before, &after),
                before: Digest::of(&before),
                after,
            },
            Operation::Create { database, instance_uuid, text } => {
                Self::Create { database, instance_uuid, after: text }
            }
            Operation::Destroy { database, instance_uuid, before } => {
                Self::Destroy { database, instance_uuid, before: Digest::of(&before) }
            }
            Operation::Copy { from, to, instance_uuid, text, replaces } => Self::Copy {
                from,
                to,
                instance_uuid,
                before: Digest::of(&text),
                replaces: replaces.map(|text| Digest::of(&text)),
            },
            Operation::Move { from, to, instance_uuid, text, .. } => {
                Self::Move { from, to, instance_uuid, before: Digest::of(&text) }
            }
        }
    }

    /// Whose spec.
    pub fn instance_uuid(&self) -> &Arc<str> {
        match self {
            Self::Save { instance_uuid, .. }
            | Self::Create { instance_uuid, .. }
            | Self::Destroy { instance_uuid, .. }
            | Self::Copy { instance_uuid, .. }
            | Self::Move { instance_uuid, .. } => instance_uuid,
        }
    }

    /// The database whose row it is about: of a copy or move the source.
    pub fn database(&self) -> &DatabaseName {
        match self {
            Self::Save { database, .. } | Self::Create { database, .. } | Self::Destroy { database, .. } => {
                database
            }
            Self::Copy { from, .. } | Self::Move { from, .. } => from,
        }
    }

    /// The destination of a copy or move.
    pub fn destination(&self) -> Option<&DatabaseName> {
        match self {
            Self::Save { .. } | Self::Create { .. } | Self::Destroy { .. } => None,
            Self::Copy { to, .. } | Self::Move { to, .. } => Some(to),
        }
    }

    /// The databases it writes to, the destination first.
    pub fn targets(&self) -> Vec<&DatabaseName> {
        match self {
            Self::Save { database, .. } | Self::Create { database, .. } | Self::Destroy { database, .. } => {
                vec![database]
            }
            Self::Copy { to, .. } => vec![to],
            Self::Move { from, to, .. } => vec![to, from],
        }
    }

    /// The imperative, as [`Operation::verb`].
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Save { .. } => "save",
            Self::Create { .. } => "create",
            Self::Destroy { .. } => "delete",
            Self::Copy { .. } => "copy",
            Self::Move { .. } => "move",
        }
    }

    /// How it fits what is there: the bytes in [`Self::database`], and those in [`Self::destination`].
    pub fn fits(&self, here: Option<&Arc<[u8]>>, there: Option<&Arc<[u8]>>) -> Fit {
        let is = |text: &Arc<[u8]>, digest: &Digest| Digest::of(text) == *digest;
        match self {
            Self::Save { database, instance_uuid, before, splices, after } => match here {
                None => Fit::Gone,
                Some(row) if **row == *after.as_bytes() => Fit::AlreadyDone,
                // A text with that digest that the splices do not fit is none that they were made for.
                Some(row) if is(row, before) && splices::applied(row, splices).as_deref() == Some(after) => {
                    Fit::Ready(Operation::Save {
                        database: database.clone(),
                        instance_uuid: Arc::clone(instance_uuid),
                        before: Arc::clone(row),
                        after: Arc::clone(after),
                    })
                }
                Some(row) => Fit::Changed(Arc::clone(row)),
            },
            Self::Create { database, instance_uuid, after } => match here {
                None => Fit::Ready(Operation::Create {
                    database: database.clone(),
                    instance_uuid: Arc::clone(instance_uuid),
                    text: Arc::clone(after),
                }),
                Some(row) if **row == *after.as_bytes() => Fit::AlreadyDone,
                Some(row) => Fit::InTheWay(Arc::clone(row)),
            },
            Self::Destroy { database, instance_uuid, before } => match here {
                None => Fit::AlreadyDone,
                Some(row) if is(row, before) => Fit::Ready(Operation::Destroy {
                    database: database.clone(),
                    instance_uuid: Arc::clone(instance_uuid),
                    before: Arc::clone(row),
                }),
                Some(row) => Fit::Changed(Arc::clone(row)),
            },
            Self::Copy { from, to, instance_uuid, before, replaces } => {
                let copy = |text: &Arc<[u8]>, replaces: Option<&Arc<[u8]>>| {
                    Fit::Ready(Operation::Copy {
                        from: from.clone(),
                        to: to.clone(),
                        instance_uuid: Arc::clone(instance_uuid),
                        text: Arc::clone(text),
                        replaces: replaces.map(Arc::clone),
                    })
                };
                match (here, there, replaces) {
                    (None, ..) => Fit::Gone,
                    (Some(row), ..) if !is(row, before) => Fit::Changed(Arc::clone(row)),
                    (Some(row), Some(other), _) if row == other => Fit::AlreadyDone,
                    (Some(row), None, None) => copy(row, None),
                    (Some(row), Some(other), Some(digest)) if is(other, digest) => copy(row, Some(other)),
                    // What it was to replace is gone: that was not what was confirmed.
                    (Some(_), None, Some(_)) => Fit::Gone,
                    (Some(_), Some(other), _) => Fit::InTheWay(Arc::clone(other)),
                }
            }
            Self::Move { from, to, instance_uuid, before } => match (here, there) {
                (None, Some(other)) if is(other, before) => Fit::AlreadyDone,
                (None, _) => Fit::Gone,
                (Some(row), _) if !is(row, before) => Fit::Changed(Arc::clone(row)),
                (Some(row), Some(other)) if row != other => Fit::InTheWay(Arc::clone(other)),
                (Some(row), there) => Fit::Ready(Operation::Move {
                    from: from.clone(),
                    to: to.clone(),
                    instance_uuid: Arc::clone(instance_uuid),
                    text: Arc::clone(row),
                    already_there: there.is_some(),
                }),
            },
        }
    }
}
