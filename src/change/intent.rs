//! What an operator asks for, before anything was read or checked.

use std::sync::Arc;

use super::DatabaseName;

/// A wish to change one spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Store an edited text over the one that was read. With `after` equal to `before` this is a
    /// plain save, which strips what nova's save() strips.
    Save {
        /// Where the spec was read and shall be written.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// The exact bytes that were read.
        before: Arc<[u8]>,
        /// The edited text, not yet stripped.
        after: Arc<str>,
    },
    /// Store a new spec.
    Create {
        /// Where.
        database: DatabaseName,
        /// Whose spec; the document's own `instance_uuid` where None.
        instance_uuid: Option<Arc<str>>,
        /// Its text.
        text: Arc<str>,
    },
    /// Delete a spec.
    Destroy {
        /// Where.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
    },
    /// Copy a spec to another database. A different spec there is replaced only if `replace`.
    Copy {
        /// Where it is.
        from: DatabaseName,
        /// Where a copy shall be.
        to: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// Whether a different spec at the destination may be replaced.
        replace: bool,
    },
    /// Move a spec to another database.
    Move {
        /// Where it is.
        from: DatabaseName,
        /// Where it shall be.
        to: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
    },
}
