//! Which database is meant.
//!
//! nova's blueprint "Persist RequestSpec object" lets `save()` write to whichever database the
//! request context targets: the API database, or the database of one cell.

use std::fmt;
use std::sync::Arc;

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

/// Where the spec of a scheduled instance belongs in this deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecHome {
    /// Upstream nova: the API database only; a cell's table is a side table.
    Api,
    /// The blueprint: the database of the instance's cell.
    Cells,
}
