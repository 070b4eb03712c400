//! Changes of many specs as one plan: what is asked for, what is shown of it, how far it is.
//!
//! - [`plan`]: the plan itself, its operations on disk ([`super::plan_file`]): memory does not grow with their
//!   number.
//! - [`summary`]: what is shown of it.
//!
//! Imports `spec`, `query`, `lint` and its siblings.

pub mod plan;
pub mod summary;

use std::sync::Arc;

use super::DatabaseName;
use super::repair::Repair;
use crate::query::Query;
use crate::spec::edit::Edit;

pub use plan::{Building, BulkKind, BulkPlan};
pub use summary::{Summary, Tallying};

/// A wish to change many specs alike.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkIntent {
    /// What shall be done to each.
    pub change: BulkChange,
    /// To which.
    pub whom: Whom,
    /// No more than so many, the first by database and id.
    pub limit: Option<u64>,
}

/// What shall be done to each spec.
#[derive(Debug, Clone, PartialEq)]
pub enum BulkChange {
    /// These edits, in order, then what nova's save() strips. Specs that stay as they are are left out.
    Edit(Vec<Edit>),
    /// A named repair. Specs that need none are left out.
    Repair(Repair),
    /// Move it to another database.
    Move(Destination),
}

/// Where specs are moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// There.
    Database(DatabaseName),
    /// The cell that the instance is mapped to.
    MappedCell,
}

/// Which specs.
#[derive(Debug, Clone, PartialEq)]
pub enum Whom {
    /// These rows, as marked by hand.
    Rows(Arc<[(DatabaseName, Arc<str>)]>),
    /// All in these databases that fulfil the query.
    Query {
        /// Where.
        databases: Vec<DatabaseName>,
        /// Which.
        query: Arc<Query>,
    },
}

/// How far the planning or the applying of many changes is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// Rows looked at (planning) or operations begun and ended (applying).
    pub passed: u64,
    /// Of how many, where that is known.
    pub total: Option<u64>,
    /// Operations planned, or done.
    pub done: u64,
    /// Left alone: changed by someone else, or in the way.
    pub conflicts: u64,
    /// Refused or failed otherwise.
    pub failed: u64,
    /// Whether it came to its end, or was cancelled.
    pub finished: bool,
}
