//! The specs that a plan of many changes is about: database by database, each by id, a page at a time.

use std::sync::Arc;
use std::time::Duration;

use super::{Page, Report};
use crate::change::bulk::Progress;
use crate::change::bulk::summary::{Tallying, WhyNot};
use crate::change::{DatabaseName, Whom};
use crate::deployment::facts::FactStores;
use crate::query::matcher::Matcher;
use crate::query::record::{Facts, Record, Verdict};
use crate::query::{Order, PageFrom, PageKey, PageRequest, Query, SortOrder};
use crate::search::Search;
use crate::store::{Cancel, SpecStore, StoreError, StoredSpec};

/// Rows of a page.
const PAGE: u32 = 200;
/// How often a pass looks whether it is wanted any more, and tells how far it is.
const GLANCE: Duration = Duration::from_millis(100);

/// The rows that are asked for.
pub(super) struct Rows<'a> {
    stores: &'a Arc<dyn FactStores>,
    now: i64,
    cancel: &'a Cancel,
    /// Databases that are not begun, the next one last.
    left: Vec<Part>,
    current: Option<Reading>,
    passed: u64,
    undecided: u64,
    remarks: Vec<String>,
    /// Databases that could not be read (to their end).
    unread: u64,
}

/// The rows of one database.
enum Part {
    Query(DatabaseName, Arc<Query>),
    Marked(DatabaseName, Vec<Arc<str>>),
}

/// A database whose rows are being read.
struct Reading {
    database: DatabaseName,
    store: Arc<dyn SpecStore>,
    how: How,
}

enum How {
    /// All rows after that key.
    All(PageFrom),
    /// The hits of a search after that key.
    Hits(Arc<Search>, Box<Matcher>, PageFrom),
    /// These, the next one last.
    Marked(Vec<Arc<str>>),
}

impl<'a> Rows<'a> {
    pub fn new(stores: &'a Arc<dyn FactStores>, whom: &Whom, now: i64, cancel: &'a Cancel) -> Self {
        let mut left: Vec<Part> = match whom {
            Whom::Query { databases, query } => {
                let mut databases = databases.clone();
                databases.sort();
                databases.dedup();
                databases.into_iter().map(|database| Part::Query(database, Arc::clone(query))).collect()
            }
            Whom::Rows(rows) => {
                let mut rows = rows.to_vec();
                rows.sort();
                rows.dedup();
                let of_one = rows.chunk_by(|one, other| one.0 == other.0);
                let part = |rows: &[(DatabaseName, Arc<str>)]| {
                    let database = rows.first()?.0.clone();
                    Some(Part::Marked(database, rows.iter().map(|(_, uuid)| Arc::clone(uuid)).collect()))
                };
                of_one.filter_map(part).collect()
            }
        };
        left.reverse();
        let (remarks, current) = (Vec::new(), None);
        Self { stores, now, cancel, left, current, passed: 0, undecided: 0, remarks, unread: 0 }
    }

    /// Rows looked at so far.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Of how many, where that is known.
    pub fn total(&self) -> Option<u64> {
        None
    }

    /// The next page; None at the end. A database that fails is told, and the next one has its turn.
    pub async fn next(&mut self, report: Report<'_>) -> Option<Page> {
        loop {
            if self.cancel.is_cancelled() {
                return None;
            }
            let mut reading = match self.current.take() {
                Some(reading) => reading,
                None => match self.begin(report).await? {
                    Ok(reading) => reading,
                    Err(error) => {
                        self.failed(&error);
                        continue;
                    }
                },
            };
            match self.page(&mut reading).await {
                Ok(Some(rows)) => {
                    if matches!(reading.how, How::All(_)) {
                        self.passed += rows.len() as u64;
                    }
                    let database = reading.database.clone();
                    self.current = Some(reading);
                    if !rows.is_empty() {
                        return Some(Page { database, rows });
                    }
                }
                Ok(None) => {}
                Err(error) => self.failed(&error),
            }
        }
    }

    fn failed(&mut self, error: &StoreError) {
        // Where no spec is kept, none is missed.
        if !matches!(error, StoreError::NoTable { .. }) {
            self.unread += 1;
            self.remarks.push(error.to_string());
        }
    }

    /// The next database; None where there is none.
    async fn begin(&mut self, report: Report<'_>) -> Option<Result<Reading, StoreError>> {
        let part = self.left.pop()?;
        let (Part::Query(database, _) | Part::Marked(database, _)) = &part;
        let database = database.clone();
        let store = match self.stores.store(&database).await {
            Ok(store) => store,
            Err(error) => return Some(Err(error)),
        };
        let how = match part {
            Part::Query(_, query) if query.is_all() => Ok(How::All(PageFrom::Start)),
            Part::Query(_, query) => self.search(&database, &store, query, report).await,
            Part::Marked(_, uuids) => self.marked(&*store, uuids).await,
        };
        Some(how.map(|how| Reading { database, store, how }))
    }

    /// Finds the rows that a query is true of.
    async fn search(
        &mut self,
        database: &DatabaseName,
        store: &Arc<dyn SpecStore>,
        query: Arc<Query>,
        report: Report<'_>,
    ) -> Result<How, StoreError> {
        let matcher = Box::new(Matcher::new(&query, self.now));
        let search = Search::new(database.clone(), query, Order::from(SortOrder::Id), self.now);
        let result = {
            let run = search.run(store, &**self.stores, None, || {});
            tokio::pin!(run);
            let mut glance = tokio::time::interval(GLANCE);
            loop {
                tokio::select! {
                    result = &mut run => break result,
                    _ = glance.tick() => {
                        if self.cancel.is_cancelled() {
                            search.cancel();
                        }
                        let passed = self.passed + search.tally().passed;
                        report(&Progress { passed, ..Progress::default() });
                    }
                }
            }
        };
        let tally = search.tally();
        self.passed += tally.passed;
        self.undecided += tally.undecided;
        self.remarks.extend(search.remarks());
        result.map(|()| How::Hits(search, matcher, PageFrom::Start))
    }

    /// Rows that were marked, by id.
    async fn marked(&mut self, store: &dyn SpecStore, uuids: Vec<Arc<str>>) -> Result<How, StoreError> {
        let mut found = Vec::with_capacity(uuids.len());
        for some in uuids.chunks(PAGE as usize) {
            found.extend(store.get_many(some).await?.into_iter().map(|row| (row.id, row.instance_uuid)));
        }
        self.passed += uuids.len() as u64;
        found.sort_by_key(|row| std::cmp::Reverse(row.0));
        Ok(How::Marked(found.into_iter().map(|(_, uuid)| uuid).collect()))
    }

    /// The next rows of that database, perhaps none; None at their end.
    async fn page(&self, reading: &mut Reading) -> Result<Option<Vec<StoredSpec>>, StoreError> {
        let Reading { database, store, how } = reading;
        let after = |row: &StoredSpec| PageFrom::After(PageKey::new(row.id, ""));
        match how {
            How::All(from) => {
                let request = PageRequest { order: SortOrder::Id, from: from.clone(), limit: PAGE };
                let rows = store.page(request).await?;
                let Some(last) = rows.last() else { return Ok(None) };
                *from = after(last);
                Ok(Some(rows))
            }
            How::Hits(search, matcher, from) => {
                let order = Order::from(SortOrder::Id);
                let request = PageRequest { order, from: from.clone(), limit: PAGE };
                let page = search.page(&**store, &**self.stores, &request, &Arc::from([])).await;
                let page = page.map_err(|error| match error {
                    crate::search::find::PageError::Store(error) => error,
                    crate::search::find::PageError::Unsorted(reason) => StoreError::Failed {
                        database: database.clone(),
                        operation: "listing what was found".to_owned(),
                        reason,
                    },
                })?;
                let Some(last) = page.last() else { return Ok(None) };
                *from = PageFrom::After(last.key.clone());
                // A row may have changed since it was found.
                let name = database.to_string();
                let rows = page.into_iter().map(|listed| listed.row);
                let is_hit =
                    |row: &StoredSpec| matcher.verdict(&record(&name, row), Facts::NONE) != Verdict::No;
                Ok(Some(rows.filter(is_hit).collect()))
            }
            How::Marked(left) => {
                if left.is_empty() {
                    return Ok(None);
                }
                let mut next = left.split_off(left.len().saturating_sub(PAGE as usize));
                next.reverse();
                let mut rows = store.get_many(&next).await?;
                rows.sort_by_key(|row| row.id);
                Ok(Some(rows))
            }
        }
    }

    /// What is to be said of it at the end.
    pub fn conclude(self, tallying: &mut Tallying) {
        let why = "What other tables say of them could not be asked: they may belong to the plan.";
        tallying.leave_out_many(WhyNot::Unknown, why, self.undecided);
        if self.unread > 0 || self.undecided > 0 {
            tallying.incomplete();
        }
        tallying.remark(self.remarks);
    }
}

/// A row as a query sees it.
fn record<'a>(database: &'a str, row: &'a StoredSpec) -> Record<'a> {
    let created = row.created_at.as_deref().unwrap_or_default();
    Record {
        database,
        id: row.id,
        instance_uuid: &row.instance_uuid,
        spec: &row.spec,
        created,
        updated: row.updated_at.as_deref().unwrap_or(created),
    }
}
