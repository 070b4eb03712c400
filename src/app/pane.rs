//! One of the two panes: a database, the window of its list, and the quick filter over it.
//!
//! Imports `change` (names) and `query`; no I/O.

use super::effect::{Effect, RequestId, Requests};
use super::filter::{Filter, Stage, uuid_prefix};
use super::list::{List, Wish};
use crate::change::DatabaseName;
use crate::query::SortOrder;
use crate::query::quick::Needle;

/// A pane.
#[derive(Debug, Clone)]
pub struct Pane {
    /// Which database it lists.
    pub database: DatabaseName,
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
        Self { database, list: List::new(SortOrder::Id), filter: None, waiting_since: None }
    }

    /// What a list asks for, as effects of this pane.
    pub fn effects(&self, wishes: Vec<Wish>) -> Vec<Effect> {
        let filter = self.filter.as_ref().and_then(Filter::hits_of);
        let database = &self.database;
        wishes
            .into_iter()
            .map(|wish| match wish {
                Wish::Page(request, page) => {
                    Effect::LoadPage { request, database: database.clone(), filter, page }
                }
                Wish::Rank(request, order, key) => {
                    Effect::Rank { request, database: database.clone(), filter, order, key }
                }
            })
            .collect()
    }

    /// From the first row.
    pub fn open(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let wishes = self.list.open(self.list.order(), requests);
        self.effects(wishes)
    }

    /// The same rows anew; hits are looked for again where there is a filter.
    pub fn reload(&mut self, requests: &mut Requests) -> Vec<Effect> {
        if self.filter.as_ref().is_some_and(|filter| filter.hits_of().is_some()) {
            return self.pass(requests);
        }
        let wishes = self.list.reload(requests);
        self.effects(wishes)
    }

    /// Lists another database from its first row.
    pub fn show(&mut self, database: DatabaseName, requests: &mut Requests) -> Vec<Effect> {
        let mut effects = self.stop_filter();
        self.filter = None;
        self.database = database;
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
            effects.push(Effect::FindPrefix { request, database: self.database.clone(), prefix });
            return effects;
        }
        effects.extend(self.start_pass(had_hits, requests));
        effects
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
        vec![Effect::StartFilter { filter: id, database: self.database.clone(), needle }]
    }

    /// Ends the filter: the list and the position from before.
    pub fn end_filter(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let mut effects = self.stop_filter();
        if let Some(filter) = self.filter.take() {
            let order = self.list.order();
            let height = self.list.height();
            self.list = *filter.before;
            let mut wishes = self.list.set_height(height, requests);
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
