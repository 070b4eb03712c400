//! What a pane looks for: the query, how far the search is, and where the list was before.
//!
//! The panes follow what is typed, each with a search of its own. A list of all rows in an order
//! that databases do not page by themselves is a search too, for all of them.
//!
//! Imports `query` and `change` (names); no I/O.

use std::sync::Arc;

use super::cells::Tally;
use super::database::label;
use super::effect::RequestId;
use super::list::List;
use super::row::Row;
use super::words::grouped;
use crate::change::DatabaseName;
use crate::query::Query;

/// What a search is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The beginning of a uuid is looked up by the index.
    LookingUp(RequestId),
    /// That is done: the whole list, the cursor on the first of them.
    Jumped {
        /// How many specs begin so (8 stands for 8 and more); with none the list is as it was.
        found: usize,
    },
    /// Hits are looked for, and listed.
    Searching {
        /// Names the search.
        search: RequestId,
        /// How far it is.
        tally: Tally,
    },
    /// A uuid could not be looked up; why.
    Failed(String),
}

/// What becomes of the rows when hits come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// The first hits replace what is there.
    First,
    /// The cursor stays on its row, and other hits come around it.
    Kept,
    /// The same, but not before all hits are known: what is there was read by such a search before.
    Settled,
    /// To this row, once all hits are known.
    Jump(Box<Row>),
}

/// What a pane looks for.
#[derive(Debug, Clone)]
pub struct PaneSearch {
    /// The query; that for all rows where they are only sorted.
    pub query: Arc<Query>,
    /// What it is doing.
    pub stage: Stage,
    /// Why it stopped early, if it did.
    pub failure: Option<String>,
    /// What could not be asked that rows depend on, a sentence each.
    pub remarks: Vec<String>,
    /// The cells that are not in its result.
    pub without: Vec<DatabaseName>,
    /// The cells of which only some rows are: it failed in the middle.
    pub partly: Vec<DatabaseName>,
    /// The list before, which Esc brings back; none where all rows are sorted.
    pub before: Option<Box<List>>,
    /// Whether the pane had the focus when the query was typed: a uuid that is not in it is looked
    /// for in all texts.
    pub(super) leads: bool,
    /// Whether nothing but the jump to a uuid is wanted any more.
    pub(super) brief: bool,
    /// Cells that have said nothing yet are not waited for any more.
    pub(super) overdue: bool,
    pub(super) next: Next,
    /// Hits of the same search before.
    pub(super) hits_before: Option<u64>,
}

impl PaneSearch {
    /// For that query, from a list.
    pub fn new(query: Arc<Query>, before: Option<Box<List>>, leads: bool) -> Self {
        Self {
            query,
            stage: Stage::Jumped { found: 0 },
            failure: None,
            remarks: Vec::new(),
            without: Vec::new(),
            partly: Vec::new(),
            before,
            leads,
            brief: false,
            overdue: false,
            next: Next::First,
            hits_before: None,
        }
    }

    /// For all rows, to sort them.
    pub fn all() -> Self {
        Self::new(Arc::new(Query::all()), None, true)
    }

    /// Whether it narrows the list, rather than only sorting it.
    pub fn is_query(&self) -> bool {
        !self.query.is_all()
    }

    /// The search whose hits the list shows.
    pub fn hits_of(&self) -> Option<RequestId> {
        match self.stage {
            Stage::Searching { search, .. } => Some(search),
            _ => None,
        }
    }

    /// How far it is, where it looks for hits.
    pub fn tally(&self) -> Option<Tally> {
        match self.stage {
            Stage::Searching { tally, .. } => Some(tally),
            _ => None,
        }
    }

    /// The lookup of a uuid that is under way.
    pub fn looks_up(&self, request: RequestId) -> bool {
        self.stage == Stage::LookingUp(request)
    }

    /// Whether nothing but a lookup that is under way says where the cursor goes.
    pub(super) fn is_awaited(&self) -> bool {
        self.brief && matches!(self.stage, Stage::LookingUp(_))
    }

    /// How many hits there are, as far as is known: while the same is searched once more, as many as
    /// before.
    pub fn hits(&self) -> Option<u64> {
        let tally = self.tally()?;
        let before = self.hits_before.filter(|_| !tally.finished && self.next == Next::Settled);
        Some(before.unwrap_or(tally.hits))
    }

    /// Whether a search or lookup is under way.
    pub fn is_busy(&self) -> bool {
        let searching = self.tally().is_some_and(|tally| !tally.finished) && self.failure.is_none();
        searching || matches!(self.stage, Stage::LookingUp(_))
    }

    /// Whether it ended without an answer.
    pub fn failed(&self) -> bool {
        self.failure.is_some() || matches!(self.stage, Stage::Failed(_))
    }

    /// Which cells are not in its result, or not whole, if any are not.
    pub fn gaps(&self) -> Option<String> {
        self.tally()?;
        let cells = |cells: &[DatabaseName]| match cells {
            [] => None,
            [one] => Some(label(one)),
            more => Some(format!("{} cells", more.len())),
        };
        let without = cells(&self.without).map(|cells| format!("without {cells}"));
        let partly = cells(&self.partly).map(|cells| format!("{cells} in part"));
        let gaps: Vec<_> = without.into_iter().chain(partly).collect();
        (!gaps.is_empty()).then(|| gaps.join(", "))
    }

    /// How many rows it could not decide on, if there are any.
    pub fn undecided(&self) -> Option<String> {
        let tally = self.tally().filter(|tally| tally.undecided > 0)?;
        Some(format!("{} undecided", grouped(tally.undecided)))
    }

    /// How far it is, in words.
    pub fn progress(&self, total: Option<u64>) -> String {
        match &self.stage {
            Stage::LookingUp(_) => "looking up".to_owned(),
            Stage::Jumped { found: 0 } => "not here".to_owned(),
            Stage::Jumped { found: 1 } => "found by uuid".to_owned(),
            Stage::Jumped { found } => format!("first of {found} uuids"),
            Stage::Failed(reason) => reason.clone(),
            Stage::Searching { tally, .. } => self.searched(tally, total),
        }
    }

    fn searched(&self, tally: &Tally, total: Option<u64>) -> String {
        let hits = match self.hits().filter(|_| self.is_query()) {
            Some(hits) => hits_in_words(hits),
            None => String::new(),
        };
        let passed = grouped(tally.passed);
        let far = match (&self.failure, total) {
            (Some(reason), _) => reason.clone(),
            (None, _) if tally.finished => String::new(),
            (None, Some(total)) => format!("{passed} of {}", grouped(total.max(tally.passed))),
            (None, None) => format!("{passed} passed"),
        };
        let parts = [far, hits];
        let parts: Vec<_> = parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
        parts.join(" · ")
    }
}

fn hits_in_words(hits: u64) -> String {
    if hits == 1 { "1 hit".to_owned() } else { format!("{} hits", grouped(hits)) }
}
