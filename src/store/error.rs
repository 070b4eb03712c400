//! What can go wrong in a store. Each message names the database, the record and the operation,
//! and says what to do next.

use std::sync::Arc;

use super::StoredSpec;
use super::context::DatabaseName;
use crate::spec::text::named;

/// An error of a store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened or was lost.
    #[error("{database}: {location}: {reason}")]
    Unavailable {
        /// Which database.
        database: DatabaseName,
        /// Path or masked URL.
        location: Arc<str>,
        /// What is wrong and what to do next.
        reason: String,
    },
    /// The table is not there.
    #[error("{database}: no table request_specs; `reqspec db sync` adds it")]
    NoTable {
        /// Which database.
        database: DatabaseName,
    },
    /// Another session holds a lock; nothing was written.
    #[error("{database}: locked by another session while {operation}; nothing was written, try again")]
    Locked {
        /// Which database.
        database: DatabaseName,
        /// What was being done, with the record.
        operation: String,
    },
    /// Other sessions kept getting in the way (deadlocks, lock waits, failed certification), however
    /// often it was tried; nothing was written.
    #[error(
        "{database}: {operation} was given up after {attempts} attempts: {reason}; nothing was written, try again"
    )]
    Contended {
        /// Which database.
        database: DatabaseName,
        /// What was being done, with the record.
        operation: String,
        /// How often it was tried.
        attempts: u32,
        /// The engine's words.
        reason: String,
    },
    /// The connection was lost while a change was being committed, and what became of it could not
    /// be found out.
    #[error(
        "{database}: the connection was lost while {operation}: {reason}; it may or may not have been written, look at the spec again"
    )]
    Uncertain {
        /// Which database.
        database: DatabaseName,
        /// What was being done, with the record.
        operation: String,
        /// The engine's words.
        reason: String,
    },
    /// The session is read-only.
    #[error("{database}: refused {operation}: {reason}")]
    ReadOnly {
        /// Which database.
        database: DatabaseName,
        /// What was being done, with the record.
        operation: String,
        /// Why, and what to do next.
        reason: String,
    },
    /// The row is not what was read.
    #[error("{database}: the spec of {} was changed by someone else; nothing was written", named(.instance_uuid))]
    Conflict {
        /// Which database.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// The row now; None if it is gone.
        current: Option<Box<StoredSpec>>,
    },
    /// The instance has a row already.
    #[error("{database}: a spec of {} exists already; nothing was written", named(.instance_uuid))]
    Exists {
        /// Which database.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// That row.
        current: Box<StoredSpec>,
    },
    /// No such row.
    #[error("{database}: no spec of {}", named(.instance_uuid))]
    NotFound {
        /// Which database.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
    },
    /// Any other failure of the engine, in its words.
    #[error("{database}: {operation} failed: {reason}")]
    Failed {
        /// Which database.
        database: DatabaseName,
        /// What was being done, with the record.
        operation: String,
        /// The engine's words, and what to do next.
        reason: String,
    },
}
