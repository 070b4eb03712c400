//! How a pane takes a query: its search begins, comes further, ends, and gives the list back.
//!
//! Each change of the query stops the search before it and starts one anew; its hits come while it
//! runs. A lone beginning of a uuid is looked up by the index instead: the whole list stays, the
//! cursor jumps.
//!
//! Imports `change` (names) and `query`; no I/O.

use std::sync::Arc;
use std::time::Duration;

use super::cells::{Cells, Tally};
use super::effect::{Effect, RequestId, Requests};
use super::list::List;
use super::pane::{Pane, Source};
use super::row::{Failure, Row};
use super::search::{Next, PaneSearch, Stage};
use crate::change::DatabaseName;
use crate::query::{Order, Query};

/// How long rows that were read before stay for the sake of cells that have said nothing yet.
const SILENCE: Duration = Duration::from_secs(2);

impl Pane {
    /// The query that it follows, or keeps.
    pub fn query(&self) -> Option<&Arc<Query>> {
        let search = self.search.as_ref().filter(|search| search.is_query() && !search.brief);
        search.map(|search| &search.query)
    }

    /// Whether anything was looked for that Esc ends: a query, or the way to a uuid.
    pub fn is_narrowed(&self) -> bool {
        self.search.as_ref().is_some_and(PaneSearch::is_query)
    }

    /// The search whose hits it lists.
    pub(super) fn hits_of(&self) -> Option<RequestId> {
        self.search.as_ref().and_then(PaneSearch::hits_of)
    }

    /// Looks for that from now on; `prefix` where it is the beginning of a uuid; `leads`: this pane
    /// has the focus. The query for all rows ends the one before.
    pub fn query_changed(
        &mut self,
        query: &Arc<Query>,
        prefix: Option<&str>,
        leads: bool,
        requests: &mut Requests,
    ) -> Vec<Effect> {
        if query.is_all() {
            return self.end_query(requests);
        }
        let same = |search: &&mut PaneSearch| {
            search.is_query()
                && search.query.expression == query.expression
                && !search.brief
                && !search.failed()
        };
        if let Some(search) = self.search.as_mut().filter(same) {
            // Other spaces, perhaps.
            search.query = Arc::clone(query);
            return Vec::new();
        }
        let had_hits =
            self.search.as_ref().is_some_and(|search| search.is_query() && search.tally().is_some());
        let mut effects = self.stop_search();
        let before = self.search.take().and_then(|search| search.before);
        let before = before.unwrap_or_else(|| Box::new(self.list.clone()));
        // The order of all rows sorted needs their search, which ended.
        let prefix = prefix.filter(|_| self.list.order().native().is_some());
        if let Some(prefix) = prefix {
            if had_hits {
                // Hits are no window of the whole list, which is where the jump goes.
                self.list =
                    if before.order() == self.list.order() { *before.clone() } else { self.emptied() };
                let height = self.list.height();
                effects.extend(self.resumed(height, requests));
            }
            let request = requests.issue();
            let mut search = PaneSearch::new(Arc::clone(query), Some(before), leads);
            search.stage = Stage::LookingUp(request);
            self.search = Some(search);
            effects.extend(self.find(request, prefix.to_owned(), None));
            return effects;
        }
        self.search = Some(PaneSearch::new(Arc::clone(query), Some(before), leads));
        effects.extend(self.search_rows(had_hits, requests));
        effects
    }

    /// Looks into all rows, for what is not (only) the beginning of a uuid here.
    fn search_rows(&mut self, had_hits: bool, requests: &mut Requests) -> Vec<Effect> {
        if had_hits {
            // Those of the search before stay until new ones come.
            let order = self.list.order().clone();
            self.list.freeze(order);
        } else {
            self.list = self.emptied();
        }
        self.start_search(Next::First, requests)
    }

    /// Ends the query: the list and the position from before.
    pub fn end_query(&mut self, requests: &mut Requests) -> Vec<Effect> {
        if !self.is_narrowed() {
            return Vec::new();
        }
        let mut effects = self.stop_search();
        let Some(before) = self.search.take().and_then(|search| search.before) else { return effects };
        let (order, height) = (self.list.order().clone(), self.list.height());
        self.list = *before;
        let same = order == *self.list.order() && self.list.is_loaded();
        if order.native().is_none() {
            self.search = Some(PaneSearch::all());
            if same {
                let _ = self.list.set_height(height, requests);
                self.list.rest();
            } else {
                self.list = self.emptied_of(order, height);
            }
            effects.extend(self.start_search(if same { Next::Settled } else { Next::First }, requests));
        } else if same {
            effects.extend(self.resumed(height, requests));
        } else {
            self.list = self.emptied_of(order, height);
            effects.extend(self.open(requests));
        }
        effects
    }

    fn resumed(&mut self, height: u16, requests: &mut Requests) -> Vec<Effect> {
        let mut wishes = self.list.resume(height, requests);
        // Cells may have come back since then, or gone.
        if self.cells().is_some() {
            wishes = self.list.reload(requests);
        }
        self.effects(wishes)
    }

    /// Nothing more is typed: what has only jumped to a uuid is done.
    pub fn keep_query(&mut self) {
        let Some(search) = self.search.as_mut().filter(|search| search.is_query()) else { return };
        match search.stage {
            Stage::Jumped { found: 0 } | Stage::LookingUp(_) => search.brief = true,
            Stage::Jumped { .. } => self.search = None,
            _ => {}
        }
    }

    /// Another order, from its first row.
    pub fn order_by(&mut self, order: Order, requests: &mut Requests) -> Vec<Effect> {
        if order == *self.list.order() {
            return Vec::new();
        }
        let searches = self.hits_of().is_some() && self.query().is_some();
        let mut effects = self.stop_search();
        if !searches {
            self.search = None;
            if order.native().is_some() {
                let wishes = self.list.open(order, requests);
                effects.extend(self.effects(wishes));
                return effects;
            }
            self.search = Some(PaneSearch::all());
        }
        self.list.freeze(order);
        effects.extend(self.start_search(Next::First, requests));
        effects
    }

    /// The search once more, over rows that may have changed.
    pub(super) fn search_again(&mut self, requests: &mut Requests) -> Vec<Effect> {
        if let Some(search) = &mut self.search {
            search.hits_before = search.hits();
        }
        let mut effects = self.stop_search();
        self.list.rest();
        effects.extend(self.start_search(Next::Settled, requests));
        effects
    }

    /// The same search in what it lists from now on.
    pub(super) fn search_in_new_source(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let query = self.query().cloned();
        let leads = self.search.as_ref().is_none_or(|search| search.leads);
        self.list = self.emptied();
        self.search = match query {
            Some(query) => Some(PaneSearch::new(query, Some(Box::new(self.list.clone())), leads)),
            None => self.list.order().native().is_none().then(PaneSearch::all),
        };
        if self.search.is_some() { self.start_search(Next::First, requests) } else { self.open(requests) }
    }

    fn start_search(&mut self, next: Next, requests: &mut Requests) -> Vec<Effect> {
        let Some(search) = &mut self.search else { return Vec::new() };
        let id = requests.issue();
        search.stage = Stage::Searching { search: id, tally: Tally::default() };
        search.remarks.clear();
        (search.failure, search.overdue) = (None, false);
        let waits = next == Next::Settled;
        search.next = next;
        let (query, order) = (Arc::clone(&search.query), self.list.order().clone());
        let effects = match &mut self.source {
            Source::One(database) => {
                vec![Effect::StartSearch { search: id, database: database.clone(), query, order }]
            }
            Source::Cells(cells) => {
                let mut effects = cells.start_pass(id, &query, &order, None);
                if waits {
                    effects.push(Effect::Wait { request: id, time: SILENCE });
                }
                effects
            }
        };
        self.tallied(None, requests);
        effects
    }

    /// A cell answers that was left out before: its hits are missing, or it was not searched at all.
    pub(super) fn search_one_more(&mut self, name: &DatabaseName, requests: &mut Requests) -> Vec<Effect> {
        let order = self.list.order().clone();
        let Some((id, query)) = self
            .search
            .as_ref()
            .and_then(|search| search.hits_of().map(|id| (id, Arc::clone(&search.query))))
        else {
            return Vec::new();
        };
        let Some(cells) = self.cells_mut() else { return Vec::new() };
        if cells.is_passed(name) {
            let wishes = self.list.supplement(requests);
            return self.effects(wishes);
        }
        let mut effects = cells.start_pass(id, &query, &order, Some(name));
        let tally = cells.tally();
        effects.extend(self.tallied(Some(tally), requests));
        effects
    }

    /// The specs whose uuid begins as typed: to the first of them. Where there is none, the pane
    /// with the focus looks into all rows; the other one stays where it is.
    pub(super) fn found(
        &mut self,
        result: Result<Vec<Row>, Failure>,
        requests: &mut Requests,
    ) -> Vec<Effect> {
        let Some(search) = &mut self.search else { return Vec::new() };
        match result {
            Ok(rows) => match rows.first() {
                Some(row) => {
                    search.stage = Stage::Jumped { found: rows.len() };
                    if search.brief {
                        self.search = None;
                    }
                    let wishes = self.list.jump(row, requests);
                    self.effects(wishes)
                }
                None if search.leads => self.search_after_all(requests),
                None => {
                    search.stage = Stage::Jumped { found: 0 };
                    Vec::new()
                }
            },
            Err(failure) => {
                search.stage = Stage::Failed(failure.sentence().to_owned());
                search.brief = false;
                Vec::new()
            }
        }
    }

    /// Looks into all rows for what is no uuid here.
    pub fn search_after_all(&mut self, requests: &mut Requests) -> Vec<Effect> {
        if let Some(search) = &mut self.search {
            search.brief = false;
        }
        self.search_rows(false, requests)
    }

    /// A search came further in a database.
    pub fn passed(
        &mut self,
        database: &DatabaseName,
        tally: Tally,
        remarks: Vec<String>,
        requests: &mut Requests,
    ) -> Vec<Effect> {
        let tally = match &mut self.source {
            Source::One(_) => {
                if let Some(search) = &mut self.search {
                    search.remarks = remarks;
                }
                tally
            }
            Source::Cells(cells) => cells.passed(database, tally, remarks),
        };
        self.tallied(Some(tally), requests)
    }

    /// A search stopped early in a database. False if it goes on in others.
    pub fn pass_failed(
        &mut self,
        database: &DatabaseName,
        failure: &Failure,
        requests: &mut Requests,
    ) -> (bool, Vec<Effect>) {
        let goes_on = self.cells_mut().and_then(|cells| cells.pass_failed(database, failure));
        if goes_on.is_some() {
            return (false, self.tallied(goes_on, requests));
        }
        if let Some(search) = &mut self.search {
            search.failure = Some(failure.sentence().to_owned());
        }
        (true, Vec::new())
    }

    /// Cells that have said nothing yet are not waited for any more. True if that was waited for.
    pub(super) fn search_waited(&mut self, id: RequestId, requests: &mut Requests) -> (bool, Vec<Effect>) {
        let waits = |search: &&mut PaneSearch| search.hits_of() == Some(id) && search.next == Next::Settled;
        let Some(search) = self.search.as_mut().filter(waits) else { return (false, Vec::new()) };
        search.overdue = true;
        let tally = self.cells().map(Cells::tally);
        (true, self.tallied(tally, requests))
    }

    /// How far a search is now, and what rows follow from that.
    fn tallied(&mut self, now: Option<Tally>, requests: &mut Requests) -> Vec<Effect> {
        let known = self.cells().map(|cells| (cells.not_passed(), cells.partly_passed(), cells.remarks()));
        let overdue = self.search.as_ref().is_some_and(|search| search.overdue);
        let all_but_silent = overdue && self.cells().is_some_and(Cells::is_settled);
        let Some(search) = &mut self.search else { return Vec::new() };
        if let Some((without, partly, remarks)) = known {
            (search.without, search.partly, search.remarks) = (without, partly, remarks);
        }
        let (Stage::Searching { tally, .. }, Some(now)) = (&mut search.stage, now) else {
            return Vec::new();
        };
        let more = tally.hits != now.hits;
        *tally = now;
        if now.finished && now.hits == 0 {
            search.next = Next::Kept;
            self.list = List::empty_of(&self.list);
            return Vec::new();
        }
        let settled = now.finished || all_but_silent;
        let wishes = match search.next.clone() {
            Next::Kept if more || (now.finished && !self.list.is_loaded()) => self.list.grown(requests),
            Next::First if now.hits > 0 => {
                search.next = Next::Kept;
                let order = self.list.order().clone();
                self.list.open(order, requests)
            }
            Next::Settled if settled => {
                search.next = Next::Kept;
                self.list.reload(requests)
            }
            Next::Jump(row) if settled => {
                search.next = Next::Kept;
                self.list.jump(&row, requests)
            }
            _ => Vec::new(),
        };
        self.effects(wishes)
    }

    pub(super) fn emptied(&self) -> List {
        self.emptied_of(self.list.order().clone(), self.list.height())
    }

    fn emptied_of(&self, order: Order, height: u16) -> List {
        let mut list = List::new(order);
        let _ = list.set_height(height, &mut Requests::default());
        list
    }

    /// Ends the search whose hits are listed, if any.
    pub fn stop_search(&mut self) -> Vec<Effect> {
        let Some(search) = self.hits_of() else { return Vec::new() };
        self.list.rest();
        vec![Effect::StopSearch { search }]
    }
}
