//! What a database can be asked to leave out: conditions that every hit of a query fulfils. The rows
//! that come are judged here all the same, so verdicts are those of the language on every engine; a
//! condition only spares what need not be read or sent.
//!
//! Imports its siblings; no I/O.

/// Conditions on rows, all of which a hit fulfils.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prefilter {
    /// Least and greatest id.
    pub ids: Option<(i64, i64)>,
    /// `instance_uuid` begins with one of these (lower case), letter case aside; empty: any.
    pub uuids: Vec<String>,
    /// Of the last update (`updated_at`, else `created_at`): from that second since 1970 on. What is no
    /// date, or null, is left to the caller: such rows must come.
    pub updated_from: Option<i64>,
    /// Of the last update: up to that second, itself included.
    pub updated_to: Option<i64>,
    /// The same of `created_at`.
    pub created_from: Option<i64>,
    /// The same of `created_at`.
    pub created_to: Option<i64>,
    /// Least and greatest number of bytes of the text.
    pub size: Option<(u64, u64)>,
    /// Conditions on other tables of the same database.
    pub joins: Vec<Join>,
    /// Tokens of a hit's text (upper and lower case matter): parts of strings, of keys or of numbers, or
    /// whole strings or keys with their own quotes. They occur in the stored text as they are, unless it
    /// has an escape of one of their characters. Only worth asking where sending a text takes longer than
    /// looking at it here.
    pub bytes: Vec<Vec<u8>>,
}

/// A condition on a row of another table of the same database, found by `instance_uuid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Which column.
    pub column: JoinColumn,
    /// One of these values; compared as the engine compares texts, so more may come.
    pub values: Vec<String>,
}

/// Columns of nova's other tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinColumn {
    /// `instances.host`, of a row that is not deleted (cell databases).
    InstanceHost,
    /// `instances.node`.
    InstanceNode,
    /// `instances.vm_state`.
    InstanceState,
    /// `instances.task_state`.
    InstanceTask,
    /// `instances.project_id`.
    InstanceProject,
    /// `cell_mappings.name` of `instance_mappings.cell_id` (API database).
    MappedCell,
    /// `instance_mappings.queued_for_delete` is 1 (API database); no values.
    QueuedForDelete,
}

impl Prefilter {
    /// Leaves nothing out.
    pub const NONE: &'static Self = &Self {
        ids: None,
        uuids: Vec::new(),
        updated_from: None,
        updated_to: None,
        created_from: None,
        created_to: None,
        size: None,
        joins: Vec::new(),
        bytes: Vec::new(),
    };

    /// Whether it leaves nothing out.
    pub fn is_empty(&self) -> bool {
        self == Self::NONE
    }
}
