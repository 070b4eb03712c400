//! What happens: input, time, and the answers to effects.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};

use super::cells::Tally;
use super::comparison::Comparison;
use super::database::{Place, Said};
use super::doctor::Report;
use super::effect::RequestId;
use super::exporting::Written;
use super::facets::Counts;
use super::row::{Failure, Row};
use super::update::doctor::Purpose;
use crate::change::journal::{ChangeRow, EntryRow};
use crate::change::recover::{Decision, Recovered};
use crate::change::{BulkOutcome, BulkPlan, DatabaseName, Plan, Progress, Refusal, Undoing};
use crate::lint::Rule;
use crate::query::Sample;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// The screen is there: ask for what it shows.
    Start,
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this many columns and lines now.
    Resize(u16, u16),
    /// It is that late, in seconds since 1970.
    Tick(i64),
    /// The process is asked to end.
    Terminate,
    /// Answer to `LoadPage`.
    Page {
        /// Of the request.
        request: RequestId,
        /// Of which.
        database: DatabaseName,
        /// The rows, in the order.
        result: Result<Vec<Row>, Failure>,
    },
    /// Answer to `Rank`.
    Rank {
        /// Of the request.
        request: RequestId,
        /// Of which.
        database: DatabaseName,
        /// How many rows stand before.
        result: Result<u64, Failure>,
    },
    /// Answer to `Discover`.
    Discovered {
        /// All databases that are known now, the API database first.
        places: Vec<Place>,
        /// What is to be said of how they were found, a sentence each.
        notices: Vec<String>,
        /// Why there may be more.
        failure: Option<Failure>,
    },
    /// Answer to `Probe`.
    Probed {
        /// Of which.
        database: DatabaseName,
        /// What it said of itself.
        result: Result<Said, Failure>,
    },
    /// Answer to `OpenEnvironment`.
    EnvironmentOpened {
        /// Of the request.
        request: RequestId,
        /// Why it cannot be opened, if so.
        result: Result<(), String>,
    },
    /// Answer to `Count`.
    Count {
        /// Of which.
        database: DatabaseName,
        /// How many rows.
        result: Result<u64, Failure>,
    },
    /// Answer to `Fetch`.
    Fetched {
        /// Of the request.
        request: RequestId,
        /// The exact stored bytes; None where there is no such row.
        result: Result<Option<Arc<[u8]>>, Failure>,
    },
    /// Answer to `Compare`.
    Compared {
        /// Of the request.
        request: RequestId,
        /// What was found.
        comparison: Arc<Comparison>,
    },
    /// Answer to `FindPrefix`.
    PrefixFound {
        /// Of the request.
        request: RequestId,
        /// Of which.
        database: DatabaseName,
        /// The first of them, by uuid.
        result: Result<Vec<Row>, Failure>,
    },
    /// How far a search is.
    SearchProgress {
        /// Which.
        search: RequestId,
        /// In which database.
        database: DatabaseName,
        /// How far, and what it found.
        tally: Tally,
        /// What could not be asked that rows depend on, a sentence each.
        remarks: Vec<String>,
    },
    /// A search stopped early.
    SearchFailed {
        /// Which.
        search: RequestId,
        /// In which database.
        database: DatabaseName,
        /// Why.
        failure: Failure,
    },
    /// Answer to `Prepare`.
    Prepared {
        /// Of the request.
        request: RequestId,
        /// The plan, or why there is none.
        result: Box<Result<Plan, Refusal>>,
    },
    /// Answer to `Apply`.
    Applied {
        /// Of the request.
        request: RequestId,
        /// What became of the plan.
        outcome: Applied,
    },
    /// How far `PlanMany` or `ApplyMany` is.
    ManyProgress {
        /// Of the request.
        request: RequestId,
        /// How far.
        progress: Progress,
    },
    /// Answer to `PlanMany`.
    PlannedMany {
        /// Of the request.
        request: RequestId,
        /// The plan, or why there is none.
        result: Box<Result<BulkPlan, Refusal>>,
    },
    /// Answer to `WritePlan` and `WriteBulkPlan`.
    PlanWritten {
        /// Of the request.
        request: RequestId,
        /// What was written, or why nothing was; a sentence.
        result: Result<String, String>,
    },
    /// Answer to `ApplyMany`.
    AppliedMany {
        /// Of the request.
        request: RequestId,
        /// What became of the plan.
        outcome: Box<BulkOutcome>,
    },
    /// Answer to `PrepareUndo`.
    UndoPrepared {
        /// Of the request.
        request: RequestId,
        /// The plan, or why there is none.
        result: Box<Result<Undo, Refusal>>,
    },
    /// Answer to `LoadHistory`.
    History {
        /// Of the request.
        request: RequestId,
        /// The changes, or why they cannot be read; a sentence.
        result: Result<Vec<ChangeRow>, String>,
    },
    /// Answer to `LoadChange`.
    HistoryEntries {
        /// Of the request.
        request: RequestId,
        /// The operations, or why they cannot be read; a sentence.
        result: Result<Vec<EntryRow>, String>,
    },
    /// How far `Doctor` is, and its answer.
    Doctor {
        /// Of the request.
        request: RequestId,
        /// What was found so far.
        report: Box<Report>,
        /// Whether nothing more comes.
        is_end: bool,
    },
    /// Answer to `DoctorSpecs`.
    DoctorSpecs {
        /// Of the request.
        request: RequestId,
        /// Which break it.
        rule: &'static Rule,
        /// What for.
        purpose: Purpose,
        /// The specs.
        rows: Vec<(DatabaseName, Arc<str>)>,
        /// Whether these are all.
        is_whole: bool,
    },
    /// Answer to `LookForUnfinished`.
    Unfinished {
        /// Of the request.
        request: RequestId,
        /// What is decided of each, or why that is not known; a sentence.
        result: Result<Vec<Decision>, String>,
    },
    /// Answer to `Recover`.
    Recovered {
        /// Of the request.
        request: RequestId,
        /// What came of each, or why nothing was done; a sentence.
        result: Result<Vec<Recovered>, String>,
    },
    /// Answer to `OpenEditor`.
    Edited {
        /// Of the request.
        request: RequestId,
        /// The text; None where it was left as it was. An error is why no editor ran.
        result: Result<Option<String>, String>,
    },
    /// Answer to `ReadFile`.
    FileRead {
        /// Of the request.
        request: RequestId,
        /// The text, or why there is none.
        result: Result<String, String>,
    },
    /// Answer to `Wait`.
    Waited {
        /// Of the request.
        request: RequestId,
    },
    /// Answer to `Facet`: one more database was counted.
    Facets {
        /// Of the request.
        request: RequestId,
        /// Of which.
        database: DatabaseName,
        /// The counts of all databases that have answered, this one included.
        counts: Arc<Counts>,
        /// Why it was not counted, or not to its end.
        failure: Option<Failure>,
    },
    /// Answer to `Sample`, of one database.
    Sampled {
        /// Of the request.
        request: RequestId,
        /// Of which.
        database: DatabaseName,
        /// What was seen of each subject, in their order; none where the database could not be asked.
        samples: Vec<Sample>,
    },
    /// Answer to `Export`.
    Exported {
        /// Of the request.
        request: RequestId,
        /// What was written, or why nothing was; a sentence.
        result: Result<Written, String>,
    },
    /// Answer to `LoadQueries`.
    Queries {
        /// Of the request.
        request: RequestId,
        /// The saved queries, name and text, or why they cannot be read; a sentence.
        result: Result<Vec<(String, String)>, String>,
    },
    /// Answer to `SaveQuery` where it was not told to replace the one that is there.
    QueryExists {
        /// The name.
        name: String,
        /// What was to be saved.
        text: String,
        /// What is there.
        there: String,
    },
    /// A setting was not kept, and why: a sentence.
    Settings(String),
    /// Something to tell that belongs to no request.
    Notice(String),
}

/// The plan that takes a change back.
#[derive(Debug, Clone, PartialEq)]
pub enum Undo {
    /// Of one spec.
    One {
        /// The plan.
        plan: Plan,
        /// What it takes back.
        undoing: Undoing,
    },
    /// Of many.
    Many(BulkPlan),
}

/// What became of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// What was done, a sentence each.
    pub done: Vec<String>,
    /// Why not all of it was.
    pub failed: Option<ApplyFailure>,
}

/// What an operator can do about a plan that was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Remedy {
    /// Nothing but read why.
    #[default]
    None,
    /// The same again: others were in the way.
    TryAgain,
    /// Look at the row: whether it was written is not known.
    Look,
}

/// Why a plan was not carried out to its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplyFailure {
    /// Whole sentences.
    pub message: String,
    /// Where the row was changed by someone else: what is there now (None inside: it is gone).
    pub conflict: Option<Option<Arc<[u8]>>>,
    /// What can be done about it.
    pub remedy: Remedy,
}
