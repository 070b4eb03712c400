//! Plans: what would be written, exactly, and what speaks against it.

use std::sync::Arc;

use super::{DatabaseName, Requirement};
use crate::lint::Finding;

/// One change of one spec. Texts are the exact bytes read or to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Replace a text, compare-and-swap.
    Save {
        /// Where.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// The bytes that must still be there.
        before: Arc<[u8]>,
        /// The text to store, stripped as nova's save() strips.
        after: Arc<str>,
    },
    /// Insert a row.
    Create {
        /// Where.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// The text to store.
        text: Arc<str>,
    },
    /// Delete a row, compare-and-swap.
    Destroy {
        /// Where.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// The bytes that must still be there.
        before: Arc<[u8]>,
    },
    /// Insert a copy in another database, or replace the different spec there.
    Copy {
        /// Where it is.
        from: DatabaseName,
        /// Where the copy goes.
        to: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// The bytes that must still be at the source.
        text: Arc<[u8]>,
        /// The different bytes at the destination, which the copy replaces.
        replaces: Option<Arc<[u8]>>,
    },
    /// Copy, read back, compare, then delete at the source.
    Move {
        /// Where it is.
        from: DatabaseName,
        /// Where it goes.
        to: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// The bytes that must still be at the source.
        text: Arc<[u8]>,
        /// The destination holds exactly these bytes already (an interrupted move): only the
        /// source row is left to delete.
        already_there: bool,
    },
}

impl Operation {
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

    /// The imperative: "save", "create", "delete", "copy", "move".
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Save { .. } => "save",
            Self::Create { .. } => "create",
            Self::Destroy { .. } => "delete",
            Self::Copy { .. } => "copy",
            Self::Move { .. } => "move",
        }
    }
}

/// How much a warning weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Something will not work as before.
    Warning,
    /// Something will break; the plan wants a typed confirmation.
    Danger,
}

/// Something an operator should know before confirming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// How much it weighs.
    pub severity: Severity,
    /// A whole sentence.
    pub sentence: String,
}

/// What would be done, ready to be confirmed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Name of the environment, shown in the confirm step.
    pub environment: String,
    /// In the order in which they are applied.
    pub operations: Vec<Operation>,
    /// What speaks against it, the heaviest first.
    pub warnings: Vec<Warning>,
    /// What is wrong with the specs after it and was not before.
    pub raised: Vec<Finding>,
    /// What is wrong with the specs before it and is not after.
    pub cured: Vec<Finding>,
    /// What the operator must do to confirm.
    pub requirement: Requirement,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing would change.
    #[error("{0}")]
    NothingToDo(String),
    /// Not to be done, and why. With `forceable`, `--force` (or typing) overrides.
    #[error("{reason}")]
    Refused {
        /// Whole sentences: why, and what to do instead.
        reason: String,
        /// Whether `--force` makes a plan of it all the same.
        forceable: bool,
    },
    /// The spec is not there.
    #[error("{0}")]
    NotFound(String),
    /// The row changed since it was read, or the destination holds another spec.
    #[error("{reason}")]
    Conflict {
        /// Whole sentences.
        reason: String,
        /// The text that is there now, if any.
        current: Option<Arc<[u8]>>,
    },
    /// A database could not be asked.
    #[error("{0}")]
    Failed(String),
}
