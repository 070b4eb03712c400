//! Several databases listed as one, for the command line: rows as they come, in the order, a page at a
//! time, whatever their number.
//!
//! By id the databases are listed one after the other, whichever answers in time first; in any other
//! order they are merged. What a database pages by itself is streamed; for the rest there is a search
//! each, whose hits are kept in bounded memory.
//!
//! Imports `query`, `store`, `deployment` and its siblings.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::find::{PageError, Search};
use super::pass::Pass;
use super::rows::{self, Listed};
use crate::deployment::facts::FactStores;
use crate::query::merge::{self, Mark};
use crate::query::{Field, Order, PageFrom, PageRequest, Query, SortOrder};
use crate::store::{DatabaseName, SpecStore, StoreError};

/// Rows of a page.
const PAGE: u32 = 200;
/// The same by last update: more, because the pass behind the page is made anew where someone writes
/// meanwhile.
const PAGE_BY_UPDATE: u32 = 500;
/// Pages that are looked through for hits before a pass over all rows looks for them.
const FIRST_PAGES: u32 = 4;
/// A database that has not answered for so long is not waited for before the next ones are listed.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is listed.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Where.
    pub databases: Vec<DatabaseName>,
    /// Which rows.
    pub query: Arc<Query>,
    /// In which order.
    pub order: Order,
    /// What is read of each.
    pub columns: Arc<[Field]>,
    /// How many at most.
    pub limit: u64,
    /// The time, in seconds since 1970.
    pub now: i64,
}

/// Who takes the rows.
pub trait Sink: Send {
    /// Some more rows, in the order.
    ///
    /// # Errors
    /// They cannot be written: the listing ends.
    fn rows(&mut self, rows: &[Listed]) -> io::Result<()>;

    /// It may take a while until there are more.
    ///
    /// # Errors
    /// As [`Sink::rows`].
    fn flush(&mut self) -> io::Result<()>;
}

/// What came of a listing, besides its rows.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many rows there were.
    pub rows: u64,
    /// Rows that may belong to them: other tables would tell, and could not be asked.
    pub undecided: u64,
    /// What could not be asked, a sentence each.
    pub remarks: Vec<String>,
    /// The databases that are missing, or missing from some row on, and why.
    pub failures: Vec<(DatabaseName, PageError)>,
}

/// Lists.
///
/// # Errors
/// The rows cannot be written.
pub async fn run(
    listing: &Listing,
    stores: &Arc<dyn FactStores>,
    sink: &mut dyn Sink,
) -> io::Result<Outcome> {
    let mut outcome = Outcome::default();
    let parts = listing.databases.iter().map(|database| Part::new(listing, database, stores));
    if listing.order.native() == Some(SortOrder::Id) {
        one_after_the_other(parts.collect(), listing.limit, sink, &mut outcome).await?;
    } else {
        merged(parts.collect(), listing, sink, &mut outcome).await?;
    }
    outcome.remarks.sort();
    outcome.remarks.dedup();
    Ok(outcome)
}

async fn one_after_the_other(
    parts: Vec<Part>,
    limit: u64,
    sink: &mut dyn Sink,
    outcome: &mut Outcome,
) -> io::Result<()> {
    // All are asked for their first page at once.
    let mut asked: Vec<_> = parts
        .into_iter()
        .map(|mut part| {
            let database = part.database.clone();
            let first = async move {
                let result = part.more().await;
                (part, result)
            };
            (database, Some(tokio::spawn(first)))
        })
        .collect();
    let soon = Instant::now() + PATIENCE;
    for until in [Some(soon), None] {
        for (_, task) in &mut asked {
            let Some(running) = task.as_mut() else { continue };
            let answer = match until {
                Some(until) => match timeout_at(until, running).await {
                    Ok(answer) => answer,
                    Err(_) => continue,
                },
                None => running.await,
            };
            *task = None;
            let (mut part, mut result) = answer.map_err(io::Error::other)?;
            // One that fails is told even where there are rows enough.
            while outcome.rows < limit || result.is_err() {
                if let Err(error) = result {
                    outcome.failures.push((part.database.clone(), error));
                    break;
                }
                let left = usize::try_from(limit - outcome.rows).unwrap_or(usize::MAX);
                let rows: Vec<Listed> = part.rows.drain(..).take(left).collect();
                outcome.rows += rows.len() as u64;
                sink.rows(&rows)?;
                if part.ended {
                    break;
                }
                if part.is_slow_next() {
                    sink.flush()?;
                }
                result = part.more().await;
            }
            part.conclude(outcome);
        }
        // What is there is shown before anything is waited for.
        sink.flush()?;
    }
    Ok(())
}

async fn merged(
    mut parts: Vec<Part>,
    listing: &Listing,
    sink: &mut dyn Sink,
    outcome: &mut Outcome,
) -> io::Result<()> {
    let (mut page, whole) = (Vec::new(), PAGE as usize);
    while outcome.rows + (page.len() as u64) < listing.limit {
        let empty = parts.iter_mut().filter(|part| part.rows.is_empty() && !part.ended);
        let filled = join_all(empty.map(|part| async {
            let result = part.more().await;
            (part, result)
        }));
        for (part, result) in filled.await {
            if let Err(error) = result {
                outcome.failures.push((part.database.clone(), error));
                part.ended = true;
            }
        }
        if parts.iter().any(|part| part.rows.is_empty() && !part.ended) {
            continue;
        }
        let first = parts.iter().enumerate().filter_map(|(at, part)| {
            let row = part.rows.front()?;
            Some((at, Mark { key: row.key.clone(), part: at }))
        });
        let first = first.min_by(|one, other| merge::compare(&listing.order, &one.1, &other.1));
        let Some((at, _)) = first else { break };
        page.extend(parts.get_mut(at).and_then(|part| part.rows.pop_front()));
        if page.len() >= whole {
            outcome.rows += page.len() as u64;
            sink.rows(&page)?;
            page.clear();
        }
    }
    outcome.rows += page.len() as u64;
    sink.rows(&page)?;
    parts.iter_mut().for_each(|part| part.conclude(outcome));
    sink.flush()
}

impl Drop for Part {
    /// A listing that is given up ends the pass that runs for it, too.
    fn drop(&mut self) {
        self.pass.cancel();
        if let Some(search) = &self.search {
            search.cancel();
        }
    }
}

/// One database of a listing.
struct Part {
    database: DatabaseName,
    query: Arc<Query>,
    order: Order,
    columns: Arc<[Field]>,
    now: i64,
    limit: u64,
    stores: Arc<dyn FactStores>,
    store: Option<Arc<dyn SpecStore>>,
    /// Judges the rows of pages that are read one after the other.
    pass: Arc<Pass>,
    search: Option<Arc<Search>>,
    pages: u32,
    from: PageFrom,
    /// Read and not taken yet.
    rows: VecDeque<Listed>,
    ended: bool,
    /// Rows of streamed pages that stay unknown.
    undecided: u64,
    remarks: Vec<String>,
    /// Why a search did not come to its end.
    failed: Option<StoreError>,
}

impl Part {
    fn new(listing: &Listing, database: &DatabaseName, stores: &Arc<dyn FactStores>) -> Self {
        let Listing { query, order, columns, now, limit, .. } = listing.clone();
        Self {
            pass: Arc::new(Pass::new(database.clone(), Arc::clone(&query), &[], now)),
            database: database.clone(),
            query,
            order,
            columns,
            now,
            limit,
            stores: Arc::clone(stores),
            store: None,
            search: None,
            pages: 0,
            from: PageFrom::Start,
            rows: VecDeque::new(),
            ended: false,
            undecided: 0,
            remarks: Vec::new(),
            failed: None,
        }
    }

    /// Whether pages are streamed: the database gives them in the order, and most rows are hits, or it
    /// is worth a look whether they are.
    fn streams(&self) -> bool {
        match self.order.native() {
            Some(SortOrder::Id) => self.query.is_all() || self.pages < FIRST_PAGES,
            Some(SortOrder::Updated) => self.query.is_all(),
            None => false,
        }
    }

    /// Whether the next rows may take a pass over all.
    fn is_slow_next(&self) -> bool {
        !self.streams() && self.search.is_none()
    }

    /// Reads some more rows, perhaps none yet.
    async fn more(&mut self) -> Result<(), PageError> {
        let store = match &self.store {
            Some(store) => Arc::clone(store),
            None => {
                let store = self.stores.store(&self.database).await?;
                self.store = Some(Arc::clone(&store));
                store
            }
        };
        match self.order.native().filter(|_| self.streams()) {
            Some(order) => self.stream(&*store, order).await,
            None => self.search(&store).await,
        }
    }

    async fn stream(&mut self, store: &dyn SpecStore, order: SortOrder) -> Result<(), PageError> {
        let whole = match order {
            SortOrder::Id => PAGE,
            SortOrder::Updated => PAGE_BY_UPDATE,
        };
        let limit =
            if self.query.is_all() { whole.min(u32::try_from(self.limit).unwrap_or(whole)) } else { whole };
        let read = store.page(PageRequest { order, from: self.from.clone(), limit }).await?;
        self.pages += 1;
        self.ended = read.len() < limit as usize;
        if let Some(last) = read.last() {
            self.from = PageFrom::After(rows::key(last, None));
        }
        let hits = if self.query.is_all() {
            read
        } else {
            let (hits, undecided) = self.pass.hits_among(read, &*self.stores).await;
            self.undecided += undecided;
            hits
        };
        let hits = rows::keyed(hits);
        let (listed, remarks) = rows::listed(&self.database, hits, &self.columns, &*self.stores).await;
        self.rows.extend(listed);
        self.remarks.extend(remarks);
        Ok(())
    }

    async fn search(&mut self, store: &Arc<dyn SpecStore>) -> Result<(), PageError> {
        let search = match &self.search {
            Some(search) => Arc::clone(search),
            None => {
                let (database, query) = (self.database.clone(), Arc::clone(&self.query));
                let search = Search::new(database, query, self.order.clone(), self.now);
                self.search = Some(Arc::clone(&search));
                // What was found before it failed is listed all the same.
                self.failed = search.run(store, &*self.stores, None, || {}).await.err();
                search
            }
        };
        let request = PageRequest { order: self.order.clone(), from: self.from.clone(), limit: PAGE };
        let page = search.page(&**store, &*self.stores, &request, &self.columns).await;
        let page = match (page, &self.failed) {
            (Err(_), Some(_)) => Vec::new(),
            (page, _) => page?,
        };
        self.ended = page.is_empty();
        if let Some(last) = page.last() {
            self.from = PageFrom::After(last.key.clone());
        }
        self.rows.extend(page);
        Ok(())
    }

    /// What is to be said of it at the end.
    fn conclude(&mut self, outcome: &mut Outcome) {
        outcome.undecided += match &self.search {
            Some(search) => search.tally().undecided,
            None => self.undecided,
        };
        outcome.remarks.append(&mut self.remarks);
        outcome.remarks.extend(self.pass.remarks());
        if let Some(search) = &self.search {
            outcome.remarks.extend(search.remarks());
        }
        if let Some(error) = self.failed.take() {
            outcome.failures.push((self.database.clone(), error.into()));
        }
    }
}
