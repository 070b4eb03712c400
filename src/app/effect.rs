//! What shall be done in the world, as data. Each asynchronous one carries a [`RequestId`]; its
//! answer comes back as a message with the same id, and is dropped if nobody waits for it any more.

use std::sync::Arc;
use std::time::Duration;

use crate::change::recover::Decision;
use crate::change::{
    BulkIntent, BulkPlan, ChangeId, Confirmed, DatabaseName, EntryId, Intent, Plan, Undoing,
};
use crate::lint::Rule;
use crate::query::{Field, Order, PageKey, PageRequest, Query, Subject};

use super::exporting::Format;
use super::update::doctor::Purpose;

/// Names a question, so that its answer can be told from those of older questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(u64);

/// Gives out request ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requests(u64);

impl Requests {
    /// An id that was not given out before.
    pub fn issue(&mut self) -> RequestId {
        self.0 += 1;
        RequestId(self.0)
    }
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Rows of a list; of the hits of a search where one is named. Answered by `Msg::Page`.
    LoadPage {
        /// Names the answer.
        request: RequestId,
        /// Where.
        database: DatabaseName,
        /// Only the hits of this search, in its order.
        search: Option<RequestId>,
        /// Which rows.
        page: PageRequest<PageKey, Order>,
        /// What is read of each row besides its summary.
        columns: Arc<[Field]>,
    },
    /// How many rows (or hits) stand before that key. Answered by `Msg::Rank`.
    Rank {
        /// Names the answer.
        request: RequestId,
        /// Where.
        database: DatabaseName,
        /// Only the hits of this search, in its order.
        search: Option<RequestId>,
        /// The order.
        order: Order,
        /// The key.
        key: PageKey,
    },
    /// Let that much time pass. Answered by `Msg::Waited`.
    Wait {
        /// Names the answer: what is waited for.
        request: RequestId,
        /// How long.
        time: Duration,
    },
    /// Look for databases that are not known yet. Answered by `Msg::Discovered`.
    Discover,
    /// A sign of life: whether the database answers, and what it says of itself. Answered by
    /// `Msg::Probed`.
    Probe {
        /// Where.
        database: DatabaseName,
    },
    /// Number of rows. Answered by `Msg::Count`.
    Count {
        /// Where.
        database: DatabaseName,
    },
    /// The stored text of one spec. Answered by `Msg::Fetched`.
    Fetch {
        /// Names the answer.
        request: RequestId,
        /// Where.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
    },
    /// What two large texts differ in. Answered by `Msg::Compared`.
    Compare {
        /// Names the answer.
        request: RequestId,
        /// The text of the selection.
        own: Arc<[u8]>,
        /// The one in the other database.
        other: Arc<[u8]>,
    },
    /// Specs whose uuid begins so, by the index. Answered by `Msg::PrefixFound`.
    FindPrefix {
        /// Names the answer.
        request: RequestId,
        /// Where.
        database: DatabaseName,
        /// At least 8 characters.
        prefix: String,
        /// The order that their keys are for.
        order: Order,
        /// What is read of each row besides its summary.
        columns: Arc<[Field]>,
    },
    /// Find the rows of a database that fulfil a query, and keep them in that order; a search may run
    /// in several. Also for a list of all rows in an order that databases do not page by themselves.
    /// Reported by `Msg::SearchProgress` again and again.
    StartSearch {
        /// Names the search, for its pages and its reports.
        search: RequestId,
        /// Where.
        database: DatabaseName,
        /// What to look for.
        query: Arc<Query>,
        /// In what order its pages are asked for.
        order: Order,
    },
    /// Stop a search, wherever it runs, and forget its hits.
    StopSearch {
        /// Which.
        search: RequestId,
    },
    /// Make a plan of an intent. Answered by `Msg::Prepared`.
    Prepare {
        /// Names the answer.
        request: RequestId,
        /// What is wished.
        intent: Intent,
        /// Whether a refusal that can be overridden is.
        force: bool,
    },
    /// Carry out a confirmed plan. Answered by `Msg::Applied`.
    Apply {
        /// Names the answer.
        request: RequestId,
        /// The plan.
        plan: Confirmed<Plan>,
        /// Why, in the operator's words.
        reason: Option<String>,
        /// The change that it takes back, if it does.
        undoing: Option<Undoing>,
    },
    /// Write a plan to a file that is not there yet. Answered by `Msg::PlanWritten`.
    WritePlan {
        /// Names the answer.
        request: RequestId,
        /// The plan.
        plan: Plan,
        /// Why, in the operator's words.
        reason: Option<String>,
        /// Where to, as typed; `~/` is the home directory.
        path: String,
    },
    /// Make the plan of a change of many. Reported by `Msg::ManyProgress` again and again, answered by
    /// `Msg::PlannedMany`.
    PlanMany {
        /// Names the answer.
        request: RequestId,
        /// What is wished.
        intent: BulkIntent,
    },
    /// Write such a plan to a file that is not there yet. Answered by `Msg::PlanWritten`.
    WriteBulkPlan {
        /// Names the answer.
        request: RequestId,
        /// The plan.
        plan: BulkPlan,
        /// Why, in the operator's words.
        reason: Option<String>,
        /// Where to, as typed; `~/` is the home directory.
        path: String,
    },
    /// Carry out such a plan. Reported by `Msg::ManyProgress` again and again, answered by
    /// `Msg::AppliedMany`.
    ApplyMany {
        /// Names the answer.
        request: RequestId,
        /// The plan.
        plan: Confirmed<BulkPlan>,
        /// Why, in the operator's words.
        reason: Option<String>,
    },
    /// Make the plan that takes a change back. Answered by `Msg::UndoPrepared`.
    PrepareUndo {
        /// Names the answer.
        request: RequestId,
        /// Which; none: the last one of this environment that is left.
        change: Option<ChangeId>,
        /// Whether it is a change that was taken back, to be done again.
        again: bool,
        /// Whether a refusal that can be overridden is.
        force: bool,
    },
    /// Changes of the journal, the newest first. Answered by `Msg::History`.
    LoadHistory {
        /// Names the answer.
        request: RequestId,
        /// Only older ones than that.
        before: Option<ChangeId>,
        /// Words that they have.
        filter: String,
        /// At most so many.
        limit: u32,
    },
    /// Operations of a change of the journal. Answered by `Msg::HistoryEntries`.
    LoadChange {
        /// Names the answer.
        request: RequestId,
        /// Which.
        change: ChangeId,
        /// Only later ones than that.
        after: Option<EntryId>,
        /// At most so many.
        limit: u32,
    },
    /// Examine all specs by all rules. Reported by `Msg::Doctor` again and again; `StopMany` stops it.
    Doctor {
        /// Names the reports.
        request: RequestId,
    },
    /// Look for all specs that break a rule. Reported by `Msg::ManyProgress`, answered by
    /// `Msg::DoctorSpecs`; `StopMany` stops it.
    DoctorSpecs {
        /// Names the answer.
        request: RequestId,
        /// Which break it.
        rule: &'static Rule,
        /// What for.
        purpose: Purpose,
    },
    /// Look for changes of this environment that were interrupted. Answered by `Msg::Unfinished`.
    LookForUnfinished {
        /// Names the answer.
        request: RequestId,
    },
    /// Carry out what was decided of them. Answered by `Msg::Recovered`.
    Recover {
        /// Names the answer.
        request: RequestId,
        /// What was decided.
        decisions: Vec<Decision>,
    },
    /// Stop planning, or applying before the next record; what is done stays done.
    StopMany {
        /// Of `PlanMany` or `ApplyMany`.
        request: RequestId,
    },
    /// Open an external editor on a text. Answered by `Msg::Edited`.
    OpenEditor {
        /// Names the answer.
        request: RequestId,
        /// The text.
        text: String,
        /// Why the text was refused, shown on top of it.
        error: Option<String>,
    },
    /// Read a text file. Answered by `Msg::FileRead`.
    ReadFile {
        /// Names the answer.
        request: RequestId,
        /// Its path, as typed; `~/` is the home directory.
        path: String,
    },
    /// Read what an environment is made of. Answered by `Msg::EnvironmentOpened`.
    OpenEnvironment {
        /// Names the answer.
        request: RequestId,
        /// Which.
        name: String,
    },
    /// End this session and begin one with the environment that was opened so.
    SwitchEnvironment {
        /// Of `OpenEnvironment`.
        opened: RequestId,
    },
    /// Count the values of fields among the hits of a query. Answered by one `Msg::Facets` for each
    /// database, with what all have together so far; those of an older request need not be answered any more.
    Facet {
        /// Names the answers.
        request: RequestId,
        /// Where.
        databases: Vec<DatabaseName>,
        /// Among which rows.
        query: Arc<Query>,
        /// Of which fields; each combination of their values is counted.
        fields: Arc<[Field]>,
    },
    /// Stop counting values.
    StopFacet {
        /// Which.
        request: RequestId,
    },
    /// Look which values or keys there are, for completion: quickly rather than completely. Answered by
    /// one `Msg::Sampled` for each database; those of an older request need not be answered any more.
    Sample {
        /// Names the answers.
        request: RequestId,
        /// Where.
        databases: Vec<DatabaseName>,
        /// Of what.
        subjects: Arc<[Subject]>,
    },
    /// Write the hits of a query to a file. Answered by `Msg::Exported`.
    Export {
        /// Names the answer.
        request: RequestId,
        /// Of which databases.
        databases: Vec<DatabaseName>,
        /// Which rows.
        query: Arc<Query>,
        /// In which order.
        order: Order,
        /// Which columns, for the formats that have some.
        columns: Arc<[Field]>,
        /// How.
        format: Format,
        /// Where to, as typed; `~/` is the home directory.
        path: String,
        /// Whether a file of that name is replaced; otherwise it is refused.
        replace: bool,
    },
    /// Read the saved queries; answered by `Msg::Queries`.
    LoadQueries {
        /// Names the answer.
        request: RequestId,
    },
    /// Keep a query under a name. Another one of that name is answered by `Msg::QueryExists`, failures by
    /// `Msg::Settings`.
    SaveQuery {
        /// Its name.
        name: String,
        /// Its text.
        text: String,
        /// Whether another one of that name is replaced; otherwise it stays.
        replace: bool,
    },
    /// Forget the query of that name. Failures are told by `Msg::Settings`.
    DeleteQuery {
        /// Its name.
        name: String,
    },
    /// Keep the columns of an environment; none: the automatic ones. Failures are told by
    /// `Msg::Settings`.
    SaveColumns {
        /// Of which.
        environment: String,
        /// The names of their fields.
        columns: Vec<String>,
    },
    /// Keep what was asked in the history. Failures are told by `Msg::Settings`.
    Remember(String),
    /// Put a text on the terminal's clipboard (OSC 52).
    Copy(String),
    /// Give the terminal back and stop until continued (Ctrl-Z).
    Suspend,
    /// End.
    Quit,
}
