//! What an operator asks for, before anything was read or checked.

use std::sync::Arc;

use super::DatabaseName;
use crate::spec::Document;

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

impl Intent {
    /// The databases it is about, the source first.
    pub fn databases(&self) -> Vec<&DatabaseName> {
        match self {
            Self::Save { database, .. } | Self::Create { database, .. } | Self::Destroy { database, .. } => {
                vec![database]
            }
            Self::Copy { from, to, .. } | Self::Move { from, to, .. } => vec![from, to],
        }
    }

    /// Whose spec; for a new one without a name, what its text says.
    pub fn instance_uuid(&self) -> Option<Arc<str>> {
        match self {
            Self::Create { instance_uuid: None, text, .. } => {
                let document = Document::parse_str(text).ok()?;
                Some(Arc::from(document.root().field("instance_uuid")?.as_str()?.as_ref()))
            }
            Self::Create { instance_uuid: Some(instance_uuid), .. }
            | Self::Save { instance_uuid, .. }
            | Self::Destroy { instance_uuid, .. }
            | Self::Copy { instance_uuid, .. }
            | Self::Move { instance_uuid, .. } => Some(Arc::clone(instance_uuid)),
        }
    }
}
