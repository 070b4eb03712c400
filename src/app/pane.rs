//! One of the two panes: what it lists, the window of its list, and the search for its query.
//!
//! It lists one database, or all cells merged ([`super::cells`]). What a query does to it:
//! `pane_search`.
//!
//! Imports `change` (names) and `query`; no I/O.

use std::sync::Arc;

use super::cells::{Cells, GRACE, Outcome, Reply};
use super::effect::{Effect, RequestId, Requests};
use super::list::{List, Wish};
use super::row::{Failure, Row};
use super::search::{Next, PaneSearch};
use super::selection::Opposite;
use crate::change::DatabaseName;
use crate::query::{Field, SortOrder};

/// What a pane lists.
#[derive(Debug, Clone)]
pub enum Source {
    /// One database.
    One(DatabaseName),
    /// All cells, merged.
    Cells(Box<Cells>),
}

/// A pane.
#[derive(Debug, Clone)]
pub struct Pane {
    /// What it lists.
    pub source: Source,
    /// Its rows.
    pub list: List,
    /// What it looks for, if anything; also where all rows are only sorted.
    pub search: Option<PaneSearch>,
    /// Whether it keeps its query whatever is typed.
    pub pinned: bool,
    /// What is read of each row besides its summary.
    pub columns: Arc<[Field]>,
    /// One spec that is on its way to the cursor.
    pub(super) lookup: Option<Lookup>,
    /// Since when rows are on their way, in seconds since 1970.
    pub waiting_since: Option<i64>,
}

/// One spec that the cursor shall go to, wherever it is in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lookup {
    request: RequestId,
    /// Why it does not, if so.
    pub missed: Option<String>,
}

impl Pane {
    /// A pane that has not asked for anything yet.
    pub fn new(database: DatabaseName) -> Self {
        Self {
            source: Source::One(database),
            list: List::new(SortOrder::Id.into()),
            search: None,
            pinned: false,
            columns: Arc::from([]),
            lookup: None,
            waiting_since: None,
        }
    }

    /// The database it lists; None where it lists several.
    pub fn database(&self) -> Option<&DatabaseName> {
        match &self.source {
            Source::One(database) => Some(database),
            Source::Cells(_) => None,
        }
    }

    /// All cells, where it lists them.
    pub fn cells(&self) -> Option<&Cells> {
        match &self.source {
            Source::One(_) => None,
            Source::Cells(cells) => Some(cells),
        }
    }

    /// The same, to change them.
    pub fn cells_mut(&mut self) -> Option<&mut Cells> {
        match &mut self.source {
            Source::One(_) => None,
            Source::Cells(cells) => Some(cells),
        }
    }

    /// Whether it lists rows of that database.
    pub fn shows(&self, name: &DatabaseName) -> bool {
        match &self.source {
            Source::One(database) => database == name,
            Source::Cells(cells) => cells.names().contains(name),
        }
    }

    /// The databases whose answers are awaited, where any are.
    pub fn waited_for(&self) -> Vec<&DatabaseName> {
        match &self.source {
            Source::One(database) => vec![database],
            Source::Cells(cells) => cells.waited_for().collect(),
        }
    }

    /// The databases that are listed: not those of the cells that do not answer.
    pub fn databases(&self) -> Vec<DatabaseName> {
        match &self.source {
            Source::One(database) => vec![database.clone()],
            Source::Cells(cells) => cells.included().cloned().collect(),
        }
    }

    /// Where the same instance's spec is looked for on behalf of the other pane.
    pub fn opposite(&self) -> Opposite {
        match &self.source {
            Source::One(database) => Opposite::one(database.clone()),
            Source::Cells(cells) => Opposite {
                databases: cells.included().cloned().collect(),
                silent: cells.out().map(|(name, _)| name.clone()).collect(),
                many: true,
            },
        }
    }

    /// What a list asks for, as effects of this pane.
    pub fn effects(&mut self, wishes: Vec<Wish>) -> Vec<Effect> {
        let (search, columns) = (self.hits_of(), &self.columns);
        let database = match &mut self.source {
            Source::One(database) => database,
            Source::Cells(cells) => {
                return wishes.into_iter().flat_map(|wish| cells.ask(wish, search, columns)).collect();
            }
        };
        wishes
            .into_iter()
            .map(|wish| match wish {
                Wish::Page(request, page) => {
                    let page = page.map(|place| place.key);
                    let (database, columns) = (database.clone(), Arc::clone(columns));
                    Effect::LoadPage { request, database, search, page, columns }
                }
                Wish::Rank(request, order, place) => {
                    Effect::Rank { request, database: database.clone(), search, order, key: place.key }
                }
            })
            .collect()
    }

    /// Whether that answer of that database is awaited.
    pub fn expects(&self, request: RequestId, database: &DatabaseName) -> bool {
        match &self.source {
            Source::One(_) => self.awaits(request),
            Source::Cells(cells) => cells.expects(request, database),
        }
    }

    /// A database answered for this list.
    pub fn answered(
        &mut self,
        request: RequestId,
        database: &DatabaseName,
        reply: Result<Reply, Failure>,
        requests: &mut Requests,
    ) -> Vec<Effect> {
        let outcome = match &mut self.source {
            Source::One(_) => Outcome { settled: Some(reply), returned: None },
            Source::Cells(cells) => {
                let urgent = self.list.is_urgent(request);
                cells.answered(request, database, reply, urgent)
            }
        };
        let mut effects = Vec::new();
        if let Some(result) = outcome.settled {
            effects.extend(self.taken(request, result, requests));
        }
        if let Some(name) = outcome.returned {
            effects.extend(self.returned(&name, requests));
        }
        effects
    }

    /// The grace of a question is over. True if that changes what is shown.
    pub fn waited(&mut self, request: RequestId, requests: &mut Requests) -> (bool, Vec<Effect>) {
        if self.hits_of() == Some(request) {
            return self.search_waited(request, requests);
        }
        let urgent = self.list.is_urgent(request);
        let Some(cells) = self.cells_mut() else { return (false, Vec::new()) };
        match cells.waited(request, urgent) {
            None => (false, Vec::new()),
            // It may become urgent, as long as anything waits for it.
            Some(None) if self.awaits(request) => (false, vec![Effect::Wait { request, time: GRACE }]),
            Some(None) => (false, Vec::new()),
            Some(Some(result)) => (true, self.taken(request, result, requests)),
        }
    }

    fn awaits(&self, request: RequestId) -> bool {
        self.looks_up(request) || self.seeks(request) || self.list.waits_for(request)
    }

    fn looks_up(&self, request: RequestId) -> bool {
        self.search.as_ref().is_some_and(|search| search.looks_up(request))
    }

    fn seeks(&self, request: RequestId) -> bool {
        self.lookup.as_ref().is_some_and(|lookup| lookup.request == request)
    }

    fn taken(
        &mut self,
        request: RequestId,
        result: Result<Reply, Failure>,
        requests: &mut Requests,
    ) -> Vec<Effect> {
        if self.looks_up(request) {
            return self.found(result.map(Reply::rows), requests);
        }
        if self.seeks(request) {
            return self.sought(result.map(Reply::rows), requests);
        }
        let result = match result {
            Ok(Reply::Rank(rank)) => {
                self.list.rank(request, &Ok(rank));
                return Vec::new();
            }
            Ok(Reply::Rows(rows)) => Ok(rows),
            Err(failure) if self.list.rank(request, &Err(failure.clone())) => return Vec::new(),
            Err(failure) => Err(failure),
        };
        let wishes = self.list.page(request, result, requests).unwrap_or_default();
        self.effects(wishes)
    }

    /// A cell is back that was left out: its rows are missing.
    pub fn returned(&mut self, name: &DatabaseName, requests: &mut Requests) -> Vec<Effect> {
        if self.hits_of().is_some() {
            return self.search_one_more(name, requests);
        }
        let wishes = self.list.supplement(requests);
        self.effects(wishes)
    }

    /// From the first row.
    pub fn open(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let wishes = self.list.open(self.list.order().clone(), requests);
        self.effects(wishes)
    }

    /// The same rows anew; hits are looked for again where there is a filter.
    pub fn reload(&mut self, requests: &mut Requests) -> Vec<Effect> {
        if let Some(cells) = self.cells_mut() {
            cells.forgive();
        }
        if self.hits_of().is_some() {
            return self.search_again(requests);
        }
        let wishes = self.list.reload(requests);
        self.effects(wishes)
    }

    /// Lists another database from its first row.
    pub fn show(&mut self, database: DatabaseName, requests: &mut Requests) -> Vec<Effect> {
        self.list_of(Source::One(database), requests)
    }

    /// Lists all these cells merged, from the first row.
    pub fn show_all(&mut self, names: Arc<[DatabaseName]>, requests: &mut Requests) -> Vec<Effect> {
        let Some(before) = self.database().cloned() else { return Vec::new() };
        self.list_of(Source::Cells(Box::new(Cells::new(names, before))), requests)
    }

    fn list_of(&mut self, source: Source, requests: &mut Requests) -> Vec<Effect> {
        let mut effects = self.stop_search();
        self.source = source;
        (self.waiting_since, self.lookup) = (None, None);
        effects.extend(self.search_in_new_source(requests));
        effects
    }

    /// What is read of each row besides its summary from now on.
    pub fn show_columns(&mut self, columns: Arc<[Field]>, requests: &mut Requests) -> Vec<Effect> {
        if self.columns == columns {
            return Vec::new();
        }
        self.columns = columns;
        let wishes = self.list.reload(requests);
        self.effects(wishes)
    }

    /// The cursor to that instance's spec; in one of the cells if that is known.
    pub fn seek(
        &mut self,
        instance_uuid: &str,
        only: Option<&DatabaseName>,
        requests: &mut Requests,
    ) -> Vec<Effect> {
        let mut effects = self.end_query(requests);
        let request = requests.issue();
        self.lookup = Some(Lookup { request, missed: None });
        effects.extend(self.find(request, instance_uuid.to_owned(), only));
        effects
    }

    /// Whether the cursor is on its way to a spec that was named.
    pub fn is_jumping(&self) -> bool {
        let seeks = self.lookup.as_ref().is_some_and(|lookup| lookup.missed.is_none());
        let typed = self.search.as_ref().is_some_and(PaneSearch::is_awaited);
        seeks || typed || self.list.is_jumping()
    }

    /// Does not go to the spec that was named. False if it was on no such way.
    pub fn stay(&mut self) -> bool {
        self.lookup.take().is_some()
    }

    /// Why it did not go there, once.
    pub fn missed(&mut self) -> Option<String> {
        self.lookup.take_if(|lookup| lookup.missed.is_some())?.missed
    }

    fn sought(&mut self, result: Result<Vec<Row>, Failure>, requests: &mut Requests) -> Vec<Effect> {
        let missed = match result {
            Ok(rows) => match rows.first() {
                Some(row) => {
                    self.lookup = None;
                    // Sorted rows are not all known before their search has ended.
                    if let Some(search) = self.search.as_mut().filter(|search| search.is_busy()) {
                        search.next = Next::Jump(Box::new(row.clone()));
                        return Vec::new();
                    }
                    let wishes = self.list.jump(row, requests);
                    return self.effects(wishes);
                }
                None => "there is no spec of this instance any more".to_owned(),
            },
            Err(failure) => failure.sentence().to_owned(),
        };
        if let Some(lookup) = &mut self.lookup {
            lookup.missed = Some(missed);
        }
        Vec::new()
    }

    /// Looks for the specs whose uuid begins so; in one of the cells if that is known.
    pub(super) fn find(
        &mut self,
        request: RequestId,
        prefix: String,
        only: Option<&DatabaseName>,
    ) -> Vec<Effect> {
        let (order, columns) = (self.list.order().clone(), &self.columns);
        match &mut self.source {
            Source::One(database) => {
                let (database, columns) = (database.clone(), Arc::clone(columns));
                vec![Effect::FindPrefix { request, database, prefix, order, columns }]
            }
            Source::Cells(cells) => cells.find(request, &prefix, only, (&order, columns)),
        }
    }
}
