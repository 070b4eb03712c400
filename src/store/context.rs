//! Which database is meant.
//!
//! nova's blueprint "Persist RequestSpec object" lets `save()` write to whichever database the
//! request context targets: the API database, or the database of one cell.

use std::fmt;
use std::sync::Arc;

use super::{SpecStore, StoreError, Stores};

/// The name of a cell, as `cell_mappings.name` or `--cell NAME=URL` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellName(Arc<str>);

impl CellName {
    /// A cell of that name.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(Arc::from(name.as_ref()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CellName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One of the databases of a deployment that hold specs. Sorts the API database first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DatabaseName {
    /// The API database.
    Api,
    /// The database of a cell.
    Cell(CellName),
}

impl DatabaseName {
    /// The database of that cell.
    pub fn cell(name: impl AsRef<str>) -> Self {
        Self::Cell(CellName::new(name))
    }

    /// The cell, if it is one's.
    pub fn as_cell(&self) -> Option<&CellName> {
        match self {
            Self::Api => None,
            Self::Cell(name) => Some(name),
        }
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api => f.write_str("api"),
            Self::Cell(name) => name.fmt(f),
        }
    }
}

/// Where nova's `instance_mappings` says an instance lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceHome {
    /// The API database has no `instance_mappings` (not one of nova's), or could not be asked.
    Unknown,
    /// No mapping: nova does not know the instance (any more).
    Unmapped,
    /// A mapping without a cell: not scheduled yet.
    Unscheduled,
    /// Mapped to that cell, which may be one that was not given to us.
    Cell(CellName),
}

/// What nova's `instances` says an instance is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstanceState {
    /// Column `vm_state`.
    pub vm_state: Option<String>,
    /// Column `task_state`: null unless something is under way.
    pub task_state: Option<String>,
}

/// Where the spec of a scheduled instance belongs in this deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecHome {
    /// Upstream nova: the API database only; a cell's table is a side table.
    Api,
    /// The blueprint: the database of the instance's cell.
    Cells,
}

/// What nova's objects take as their first argument: the opened databases, and the one of them
/// that is meant. `save()` writes to that one (blueprint "Persist RequestSpec object").
#[derive(Debug, Clone)]
pub struct RequestContext {
    stores: Arc<Stores>,
    target: DatabaseName,
}

impl RequestContext {
    /// A context that targets the API database, as nova's do unless told otherwise.
    pub fn new(stores: Stores) -> Self {
        Self { stores: Arc::new(stores), target: DatabaseName::Api }
    }

    /// The same with the API database targeted.
    #[must_use]
    pub fn target_api(&self) -> Self {
        self.target(DatabaseName::Api)
    }

    /// The same with the database of that cell targeted (nova/context.py, target_cell).
    #[must_use]
    pub fn target_cell(&self, name: impl AsRef<str>) -> Self {
        self.target(DatabaseName::cell(name))
    }

    /// The same with that database targeted.
    #[must_use]
    pub fn target(&self, target: DatabaseName) -> Self {
        Self { stores: Arc::clone(&self.stores), target }
    }

    /// Which database is meant.
    pub fn database(&self) -> &DatabaseName {
        &self.target
    }

    /// The session with the database that is meant.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it is not open.
    pub fn store(&self) -> Result<&Arc<dyn SpecStore>, StoreError> {
        self.stores.require(&self.target)
    }

    /// The opened databases.
    pub fn stores(&self) -> &Stores {
        &self.stores
    }
}
