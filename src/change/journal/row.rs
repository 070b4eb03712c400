//! What the journal holds, as data.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::change::{DatabaseName, Operation};

/// The number of a change in its journal: what `reqspec undo` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChangeId(pub i64);

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The number of an entry: one operation of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub i64);

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One spec was saved.
    Save,
    /// One spec was created.
    Create,
    /// One spec was deleted.
    Delete,
    /// One spec was copied.
    Copy,
    /// One spec was moved.
    Move,
    /// Many specs were edited alike.
    BulkEdit,
    /// Many specs were moved.
    BulkMove,
    /// A repair, by its name.
    Repair(String),
    /// A change was undone.
    Undo,
    /// A change that had been undone was done again.
    Redo,
}

impl Kind {
    /// What a single operation is.
    pub fn of(operation: &Operation) -> Self {
        match operation {
            Operation::Save { .. } => Self::Save,
            Operation::Create { .. } => Self::Create,
            Operation::Destroy { .. } => Self::Delete,
            Operation::Copy { .. } => Self::Copy,
            Operation::Move { .. } => Self::Move,
        }
    }

    pub(super) fn parse(text: &str) -> Self {
        match text {
            "save" => Self::Save,
            "create" => Self::Create,
            "delete" => Self::Delete,
            "copy" => Self::Copy,
            "move" => Self::Move,
            "bulk-edit" => Self::BulkEdit,
            "bulk-move" => Self::BulkMove,
            "undo" => Self::Undo,
            "redo" => Self::Redo,
            other => Self::Repair(other.strip_prefix("repair ").unwrap_or(other).to_owned()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Save => f.write_str("save"),
            Self::Create => f.write_str("create"),
            Self::Delete => f.write_str("delete"),
            Self::Copy => f.write_str("copy"),
            Self::Move => f.write_str("move"),
            Self::BulkEdit => f.write_str("bulk-edit"),
            Self::BulkMove => f.write_str("bulk-move"),
            Self::Repair(name) => write!(f, "repair {name}"),
            Self::Undo => f.write_str("undo"),
            Self::Redo => f.write_str("redo"),
        }
    }
}

/// Who changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The operator's name.
    pub operator: String,
    /// The name of the machine.
    pub host: String,
}

impl Who {
    /// The one who runs this program: who called sudo, else `$USER`, else the number of the account.
    pub fn here() -> Self {
        let named = |variable| std::env::var_os(variable).filter(|name| !name.is_empty());
        let operator = named("SUDO_USER")
            .or_else(|| named("USER"))
            .or_else(|| named("LOGNAME"))
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { operator, host }
    }
}

/// What is written of a change before its first operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// What was asked for.
    pub kind: Kind,
    /// The same in words, a line.
    pub title: String,
    /// Who asked.
    pub who: Who,
    /// Name of the environment.
    pub environment: String,
    /// The databases it may write to, with what [`crate::store::SpecStore::identity`] says of each.
    pub databases: Vec<(DatabaseName, String)>,
    /// Why, in the operator's words, as they were given.
    pub reason: Option<String>,
    /// The change that this one undoes (or, of a redo, the undo).
    pub undoes: Option<ChangeId>,
    /// How many operations were confirmed.
    pub total: u64,
    /// The file with them, where there is one.
    pub plan_file: Option<PathBuf>,
}

/// One operation, written before it is begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// With its full texts.
    pub operation: Operation,
    /// `created_at` of the row that it deletes or moves.
    pub created_at: Option<Arc<str>>,
    /// `updated_at` of that row.
    pub updated_at: Option<Arc<str>>,
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Written ahead; nothing is known of it.
    Written,
    /// It was done.
    Done,
    /// Someone else changed the spec, or another one is in the way: it was left.
    Conflict,
    /// The database refused it.
    Failed,
    /// Nothing was done.
    NotDone,
    /// What became of it could not be found out, or it stands half done: `reqspec recover` looks.
    Uncertain,
    /// A spec that neither database held was put back where it was.
    RolledBack,
    /// The copy was taken away again, because the original had changed.
    Withdrawn,
}

impl State {
    /// All of them, in the order of their numbers in the file.
    pub const ALL: [Self; 8] = [
        Self::Written,
        Self::Done,
        Self::Conflict,
        Self::Failed,
        Self::NotDone,
        Self::Uncertain,
        Self::RolledBack,
        Self::Withdrawn,
    ];

    /// In a word or two.
    pub fn word(self) -> &'static str {
        match self {
            Self::Written => "begun",
            Self::Done => "done",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
            Self::NotDone => "not done",
            Self::Uncertain => "uncertain",
            Self::RolledBack => "put back",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether nobody knows yet how it ended.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Written | Self::Uncertain)
    }

    pub(super) fn number(self) -> i64 {
        Self::ALL.iter().position(|state| *state == self).unwrap_or_default() as i64
    }

    pub(super) fn numbered(number: i64) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

/// How far a move has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Nothing is written.
    None,
    /// The destination's row is committed.
    Inserted,
    /// It was read back and is right.
    Verified,
    /// The source's row is deleted.
    Deleted,
}

impl Step {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Inserted => "inserted",
            Self::Verified => "verified",
            Self::Deleted => "deleted",
        }
    }

    pub(super) fn numbered(number: i64) -> Self {
        match number {
            1 => Self::Inserted,
            2 => Self::Verified,
            3 => Self::Deleted,
            _ => Self::None,
        }
    }
}

/// A change in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// Its number.
    pub id: ChangeId,
    /// When it began: `2026-05-06T07:08:09.123Z`.
    pub begun_at: String,
    /// When it ended; None while it runs, or where it was interrupted.
    pub finished_at: Option<String>,
    /// What was asked for.
    pub kind: Kind,
    /// The same in words.
    pub title: String,
    /// Who asked.
    pub who: Who,
    /// Name of the environment.
    pub environment: String,
    /// Its databases and their identities.
    pub databases: Vec<(DatabaseName, String)>,
    /// Why.
    pub reason: Option<String>,
    /// The change that it undoes (or, of a redo, the undo).
    pub undoes: Option<ChangeId>,
    /// The last change that undid (or redid) something of it.
    pub undone_by: Option<ChangeId>,
    /// Where something of it was undone: how many of its operations are done and were not undone.
    pub still_done: u64,
    /// How many operations were confirmed.
    pub total: u64,
    /// The file with them.
    pub plan_file: Option<PathBuf>,
    /// How many of them ended how; those not begun are not among them.
    pub counts: BTreeMap<State, u64>,
    /// Whether a process that lives works on it.
    pub is_running: bool,
    /// Whether it has no end and nobody works on it: `reqspec recover` decides.
    pub is_interrupted: bool,
}

impl ChangeRow {
    /// How many operations ended so.
    pub fn count(&self, state: State) -> u64 {
        self.counts.get(&state).copied().unwrap_or(0)
    }

    /// Whether all that was done of it was undone.
    pub fn is_undone(&self) -> bool {
        self.undone_by.is_some() && self.still_done == 0
    }

    /// How many of its operations were undone.
    pub fn undone(&self) -> u64 {
        match self.undone_by {
            Some(_) => self.count(State::Done).saturating_sub(self.still_done),
            None => 0,
        }
    }

    /// How many operations nobody knows the end of.
    pub fn open(&self) -> u64 {
        self.count(State::Written) + self.count(State::Uncertain)
    }
}

/// An operation in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Its number in the journal.
    pub id: EntryId,
    /// The change it is part of.
    pub change: ChangeId,
    /// Its number in the change, from 1.
    pub number: u64,
    /// With its full texts.
    pub operation: Operation,
    /// What became of it.
    pub state: State,
    /// How far it had come when that was last written down.
    pub step: Step,
    /// What became of it, a whole sentence; empty where nothing is known.
    pub said: String,
    /// `created_at` of the row that it deletes or moves.
    pub created_at: Option<Arc<str>>,
    /// `updated_at` of that row.
    pub updated_at: Option<Arc<str>>,
}
