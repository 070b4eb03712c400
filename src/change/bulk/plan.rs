//! A plan of many changes: its summary in memory, its operations in a file.
//!
//! Imports `spec`, `lint` and its siblings.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::summary::{Seen, Summary, Tallying, WhyNot};
use crate::change::plan_file::{Header, Kept, Operations, PlanFileError, PlannedOperation, Reader, Writer};
use crate::change::{DatabaseName, Requirement};

/// A plan of many changes, ready to be confirmed. Cheap to clone; equal to its clones alone. Its file goes
/// when the last clone is dropped, unless the plan was begun and is not finished ([`BulkPlan::begin`]).
#[derive(Clone)]
pub struct BulkPlan(Arc<Made>);

struct Made {
    header: Header,
    kind: BulkKind,
    databases: Vec<DatabaseName>,
    targets: Vec<DatabaseName>,
    summary: Summary,
    requirement: Requirement,
    kept: Kept,
}

/// What a plan of many changes is, for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkKind {
    /// Edits.
    Edit,
    /// Moves.
    Move,
    /// A repair by name.
    Repair(String),
    /// What takes back that change of the journal.
    Undo(i64),
    /// What takes back such a taking back.
    Redo(i64),
    /// The rest of that interrupted change of the journal.
    Rest(i64),
    /// A plan file of operations of any kind.
    File,
}

impl BulkKind {
    /// The word in a plan file's header.
    pub fn word(&self) -> &str {
        match self {
            Self::Edit => "edit",
            Self::Move => "move",
            Self::Repair(name) => name,
            Self::Undo(_) => "undo",
            Self::Redo(_) => "redo",
            Self::Rest(_) => "resume",
            Self::File => "file",
        }
    }
}

impl BulkPlan {
    /// Which environment, what, by whom.
    pub fn header(&self) -> &Header {
        &self.0.header
    }

    /// What it is.
    pub fn kind(&self) -> &BulkKind {
        &self.0.kind
    }

    /// What is done, in a few words.
    pub fn title(&self) -> &str {
        &self.0.header.title
    }

    /// How many operations.
    pub fn total(&self) -> u64 {
        self.0.summary.total
    }

    /// What is shown of it.
    pub fn summary(&self) -> &Summary {
        &self.0.summary
    }

    /// What an operator must do to confirm it: type the number, or choose where it is one without danger.
    pub fn requirement(&self) -> &Requirement {
        &self.0.requirement
    }

    /// All databases that it is about.
    pub fn databases(&self) -> &[DatabaseName] {
        &self.0.databases
    }

    /// Those that it writes to.
    pub fn targets(&self) -> &[DatabaseName] {
        &self.0.targets
    }

    /// The operations, in the order in which they are applied: reads the file, and believes none of it.
    ///
    /// # Errors
    /// The file is gone or is no plan any more.
    pub fn operations(&self) -> Result<Operations, PlanFileError> {
        Ok(Reader::open(&self.path())?.operations())
    }

    /// Where its file is.
    pub fn path(&self) -> PathBuf {
        self.0.kept.path()
    }

    /// Call it before the first operation is carried out: the file outlives the process from now on, and this
    /// is where the change can be continued from (`plan_file` of the journal's header).
    ///
    /// # Errors
    /// [`PlanFileError::Write`]: nothing must be carried out.
    pub fn begin(&self) -> Result<PathBuf, PlanFileError> {
        self.0.kept.begin()
    }

    /// Call it when every operation was carried out or given up: the file is not needed any more.
    pub fn finish(&self) {
        self.0.kept.finish();
    }
}

impl PartialEq for BulkPlan {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for BulkPlan {}

impl fmt::Debug for BulkPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkPlan")
            .field("title", &self.title())
            .field("total", &self.total())
            .field("path", &self.path())
            .finish()
    }
}

/// A plan of many changes in the making: operations go to its file, their numbers to its summary.
pub struct Building {
    header: Header,
    kind: BulkKind,
    writer: Writer,
    kept: Kept,
    tallying: Tallying,
    databases: Vec<DatabaseName>,
    targets: Vec<DatabaseName>,
}

impl Building {
    /// An empty one, its file among the kept plans of that directory.
    ///
    /// # Errors
    /// [`PlanFileError::Write`]
    pub fn new(directory: &std::path::Path, header: Header, kind: BulkKind) -> Result<Self, PlanFileError> {
        let header = Header { kind: kind.word().to_owned(), ..header };
        let kept = Kept::create(directory)?;
        let writer = kept.writer(&header)?;
        let tallying = Tallying::new();
        Ok(Self { header, kind, writer, kept, tallying, databases: Vec::new(), targets: Vec::new() })
    }

    /// One more operation, and what is shown of it.
    ///
    /// # Errors
    /// [`PlanFileError::Write`]
    pub fn push(&mut self, operation: &PlannedOperation, seen: Seen<'_>) -> Result<(), PlanFileError> {
        self.writer.push(operation)?;
        let note = |known: &mut Vec<DatabaseName>, database: &DatabaseName| {
            if !known.contains(database) {
                known.push(database.clone());
            }
        };
        note(&mut self.databases, operation.database());
        operation.destination().iter().for_each(|database| note(&mut self.databases, database));
        operation.targets().iter().for_each(|database| note(&mut self.targets, database));
        self.tallying.add(seen);
        Ok(())
    }

    /// A spec that is not in it, and why: a whole sentence.
    pub fn leave_out(
        &mut self,
        why: WhyNot,
        sentence: impl Into<String>,
        database: &DatabaseName,
        instance_uuid: &Arc<str>,
    ) {
        self.tallying.leave_out(why, sentence, database, instance_uuid);
    }

    /// The summary so far.
    pub fn tallying(&mut self) -> &mut Tallying {
        &mut self.tallying
    }

    /// How many operations there are so far.
    pub fn total(&self) -> u64 {
        self.tallying.total()
    }

    /// The plan; what came of a number of operations that is nought is for the caller to say.
    ///
    /// # Errors
    /// [`PlanFileError::Write`]
    pub fn finish(mut self) -> Result<BulkPlan, PlanFileError> {
        self.writer.finish()?;
        let summary = self.tallying.finish();
        let is_dangerous =
            summary.warnings.iter().any(|warning| warning.sort == crate::change::Severity::Danger);
        let requirement = match summary.total {
            0 | 1 if !is_dangerous => Requirement::Choose,
            total => Requirement::Type(total.to_string()),
        };
        self.databases.sort();
        self.targets.sort();
        Ok(BulkPlan(Arc::new(Made {
            header: self.header,
            kind: self.kind,
            databases: self.databases,
            targets: self.targets,
            summary,
            requirement,
            kept: self.kept,
        })))
    }
}
