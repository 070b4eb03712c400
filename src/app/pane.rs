//! One of the two panes: what it lists, the window of its list, and the quick filter over it.
//!
//! It lists one database, or all cells merged ([`super::cells`]).
//!
//! Imports `change` (names) and `query`; no I/O.

use std::sync::Arc;

use super::cells::{Cells, GRACE, Outcome, Reply, Tally};
use super::effect::{Effect, RequestId, Requests};
use super::filter::{Filter, Stage, uuid_prefix};
use super::list::{List, Wish};
use super::row::{Failure, Row};
use super::selection::Opposite;
use crate::change::DatabaseName;
use crate::query::SortOrder;
use crate::query::quick::Needle;

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
    /// The quick filter, if one is set.
    pub filter: Option<Filter>,
    /// Since when rows are on their way, in seconds since 1970.
    pub waiting_since: Option<i64>,
}

impl Pane {
    /// A pane that has not asked for anything yet.
    pub fn new(database: DatabaseName) -> Self {
        Self {
            source: Source::One(database),
            list: List::new(SortOrder::Id),
            filter: None,
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
        let filter = self.filter.as_ref().and_then(Filter::hits_of);
        let database = match &mut self.source {
            Source::One(database) => database,
            Source::Cells(cells) => {
                return wishes.into_iter().flat_map(|wish| cells.ask(wish, filter)).collect();
            }
        };
        wishes
            .into_iter()
            .map(|wish| match wish {
                Wish::Page(request, page) => {
                    let page = page.map(|place| place.key);
                    Effect::LoadPage { request, database: database.clone(), filter, page }
                }
                Wish::Rank(request, order, place) => {
                    Effect::Rank { request, database: database.clone(), filter, order, key: place.key }
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
        let looking = self.filter.as_ref().is_some_and(|filter| filter.stage == Stage::LookingUp(request));
        looking || self.list.waits_for(request)
    }

    fn taken(
        &mut self,
        request: RequestId,
        result: Result<Reply, Failure>,
        requests: &mut Requests,
    ) -> Vec<Effect> {
        if self.filter.as_ref().is_some_and(|filter| filter.stage == Stage::LookingUp(request)) {
            return self.found(result.map(Reply::rows), requests);
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
        let mut effects = Vec::new();
        let filter = self.filter.as_ref().and_then(|filter| filter.hits_of().zip(Needle::new(filter.text())));
        match (filter, self.cells_mut()) {
            (Some((filter, needle)), Some(cells)) => {
                effects.extend(cells.start_pass(filter, &needle, Some(name)));
                let tally = cells.tally();
                effects.extend(self.tallied(Some(tally), requests));
            }
            _ => {
                let wishes = self.list.supplement(requests);
                effects.extend(self.effects(wishes));
            }
        }
        effects
    }

    /// From the first row.
    pub fn open(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let wishes = self.list.open(self.list.order(), requests);
        self.effects(wishes)
    }

    /// The same rows anew; hits are looked for again where there is a filter.
    pub fn reload(&mut self, requests: &mut Requests) -> Vec<Effect> {
        if let Some(cells) = self.cells_mut() {
            cells.forgive();
        }
        if self.filter.as_ref().is_some_and(|filter| filter.hits_of().is_some()) {
            return self.pass(requests);
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
        let mut effects = self.stop_filter();
        self.filter = None;
        self.source = source;
        self.waiting_since = None;
        self.list = self.emptied();
        effects.extend(self.open(requests));
        effects
    }

    /// Begins a quick filter, or goes back to typing in it.
    pub fn begin_filter(&mut self) {
        match &mut self.filter {
            Some(filter) => filter.typing = true,
            None => self.filter = Some(Filter::new(self.list.clone())),
        }
    }

    /// The text of the filter changed.
    pub fn filter_typed(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let had_hits = self.filter.as_ref().is_some_and(|filter| filter.hits_of().is_some());
        let mut effects = self.stop_filter();
        let Some(filter) = &mut self.filter else { return effects };
        let text = filter.text().to_owned();
        if text.is_empty() {
            self.list = List::clone(&filter.before);
            return effects;
        }
        if let Some(prefix) = uuid_prefix(&text) {
            let request = requests.issue();
            filter.stage = Stage::LookingUp(request);
            if had_hits {
                // Hits are no window of the whole list, which is where the jump goes.
                self.list = self.emptied();
            }
            effects.extend(self.find(request, prefix, None));
            return effects;
        }
        effects.extend(self.start_pass(had_hits, requests));
        effects
    }

    /// Looks for the specs whose uuid begins so; in one of the cells if that is known.
    pub fn find(&mut self, request: RequestId, prefix: String, only: Option<&DatabaseName>) -> Vec<Effect> {
        match &mut self.source {
            Source::One(database) => {
                vec![Effect::FindPrefix { request, database: database.clone(), prefix }]
            }
            Source::Cells(cells) => cells.find(request, &prefix, only),
        }
    }

    /// The specs whose uuid begins as typed: to the first of them, or past all rows if there is none.
    fn found(&mut self, result: Result<Vec<Row>, Failure>, requests: &mut Requests) -> Vec<Effect> {
        let Some(filter) = &mut self.filter else { return Vec::new() };
        match result {
            Ok(rows) => match rows.first() {
                Some(row) => {
                    filter.stage = Stage::Jumped { found: rows.len() };
                    let done = !filter.typing;
                    let wishes = self.list.jump(row, requests);
                    if done {
                        self.filter = None;
                    }
                    self.effects(wishes)
                }
                None => self.pass(requests),
            },
            Err(failure) => {
                filter.stage = Stage::Failed(failure.sentence().to_owned());
                Vec::new()
            }
        }
    }

    /// A filter came further in a database.
    pub fn passed(&mut self, database: &DatabaseName, tally: Tally, requests: &mut Requests) -> Vec<Effect> {
        let tally = match &mut self.source {
            Source::One(_) => tally,
            Source::Cells(cells) => cells.passed(database, tally),
        };
        self.tallied(Some(tally), requests)
    }

    /// A filter stopped early in a database. False if it goes on in others.
    pub fn pass_failed(
        &mut self,
        database: &DatabaseName,
        failure: &Failure,
        requests: &mut Requests,
    ) -> (bool, Vec<Effect>) {
        let goes_on = self.cells_mut().and_then(|cells| cells.pass_failed(database));
        if goes_on.is_some() {
            return (false, self.tallied(goes_on, requests));
        }
        if let Some(filter) = &mut self.filter {
            filter.stage = Stage::Failed(failure.sentence().to_owned());
        }
        (true, Vec::new())
    }

    /// How far a filter is now, and what rows follow from that.
    fn tallied(&mut self, now: Option<Tally>, requests: &mut Requests) -> Vec<Effect> {
        let without = self.cells().map(Cells::not_passed).unwrap_or_default();
        let Some(filter) = &mut self.filter else { return Vec::new() };
        filter.without = without;
        let (Stage::Passing { passed, hits, finished, .. }, Some(now)) = (&mut filter.stage, now) else {
            return Vec::new();
        };
        let news = *hits != now.hits || (now.finished && !self.list.is_loaded());
        (*passed, *hits, *finished) = (now.passed, now.hits, now.finished);
        if now.finished && now.hits == 0 {
            self.list = List::empty_of(&self.list);
            return Vec::new();
        }
        if !news {
            return Vec::new();
        }
        let wishes = self.list.grown(requests);
        self.effects(wishes)
    }

    /// Passes over all rows for what is typed.
    pub fn pass(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let had_hits = self.filter.as_ref().is_some_and(|filter| filter.hits_of().is_some());
        let mut effects = self.stop_filter();
        effects.extend(self.start_pass(had_hits, requests));
        effects
    }

    fn start_pass(&mut self, had_hits: bool, requests: &mut Requests) -> Vec<Effect> {
        let Some(filter) = &mut self.filter else { return Vec::new() };
        let Some(needle) = Needle::new(filter.text()) else { return Vec::new() };
        let id = requests.issue();
        filter.stage = Stage::Passing { filter: id, passed: 0, hits: 0, finished: false };
        if !had_hits {
            // The rows of the whole list are no hits; those of the last filter stay until new ones come.
            self.list = self.emptied();
        }
        let effects = match &mut self.source {
            Source::One(database) => {
                vec![Effect::StartFilter { filter: id, database: database.clone(), needle }]
            }
            Source::Cells(cells) => cells.start_pass(id, &needle, None),
        };
        self.tallied(None, requests);
        effects
    }

    /// Ends the filter: the list and the position from before.
    pub fn end_filter(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let mut effects = self.stop_filter();
        if let Some(filter) = self.filter.take() {
            let order = self.list.order();
            let height = self.list.height();
            self.list = *filter.before;
            let mut wishes = self.list.set_height(height, requests);
            // Cells may have come back since then, or gone; an answer that was awaited then went to
            // the list of hits.
            if self.list.is_loaded() && (self.cells().is_some() || self.list.is_busy()) {
                wishes = self.list.reload(requests);
            }
            if order != self.list.order() || !self.list.is_loaded() {
                wishes = self.list.open(order, requests);
            }
            effects.extend(self.effects(wishes));
        }
        effects
    }

    fn emptied(&self) -> List {
        let mut list = List::new(self.list.order());
        let _ = list.set_height(self.list.height(), &mut Requests::default());
        list
    }

    fn stop_filter(&mut self) -> Vec<Effect> {
        let Some(filter) = &mut self.filter else { return Vec::new() };
        let running: Option<RequestId> = filter.hits_of();
        filter.stage = Stage::Empty;
        running.map(|filter| Effect::StopFilter { filter }).into_iter().collect()
    }
}
