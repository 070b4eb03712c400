//! A search: one query over one database, its hits in an order, and pages of them, while it runs and
//! after.
//!
//! Imports `query`, `store`, `deployment` and its siblings.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as Turns;

use super::cache::Cache;
use super::hits::{Hits, Overflow, Surplus};
use super::keys::KeyReader;
use super::pass::{Pass, Take};
use super::rows::{self, Listed};
use super::sorted::{Snapshot, Sorted};
use crate::deployment::facts::FactStores;
use crate::query::Tally;
use crate::query::record::{Facts, Record};
use crate::query::{Field, Order, PageFrom, PageKey, PageRequest, Query, SortOrder};
use crate::store::{DatabaseName, SpecStore, StoreError, StoredSpec};

/// Rows read at a time where hits are not kept.
const STRIDE: u32 = 256;

/// Why there is no page.
#[derive(Debug, Clone)]
pub enum PageError {
    /// The database failed.
    Store(StoreError),
    /// It cannot be sorted; a sentence.
    Unsorted(String),
}

impl PageError {
    /// Whether the database simply has no table of specs.
    pub fn is_no_table(&self) -> bool {
        matches!(self, Self::Store(StoreError::NoTable { .. }))
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl std::fmt::Display for PageError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Store(error) => error.fmt(out),
            Self::Unsorted(reason) => out.write_str(reason),
        }
    }
}

/// A search.
pub struct Search {
    pass: Arc<Pass>,
    order: Order,
    found: Arc<Found>,
    sorted: Turns<Option<Arc<Sorted>>>,
    finished: AtomicBool,
}

/// The hits, and how they are read.
struct Found {
    reader: Arc<KeyReader>,
    hits: Mutex<Hits>,
}

impl Found {
    fn hits(&self) -> MutexGuard<'_, Hits> {
        self.hits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Take for Found {
    fn take(&self, row: &Record<'_>, facts: &Facts) {
        let key = self.reader.key(row, facts);
        self.hits().push(row.id, key);
    }
}

impl Search {
    /// One that has not begun.
    pub fn new(database: DatabaseName, query: Arc<Query>, order: Order, now: i64) -> Arc<Self> {
        let reader = Arc::new(KeyReader::new(&order));
        let hits = Mutex::new(Hits::new(&order, Arc::clone(&reader)));
        Arc::new(Self {
            pass: Arc::new(Pass::new(database, query, &[&order.field], now)),
            found: Arc::new(Found { reader, hits }),
            order,
            sorted: Turns::default(),
            finished: AtomicBool::new(false),
        })
    }

    /// Where.
    pub fn database(&self) -> &DatabaseName {
        self.pass.database()
    }

    /// In which order.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Stops it.
    pub fn cancel(&self) {
        self.pass.cancel();
    }

    /// Whether it was stopped.
    pub fn is_cancelled(&self) -> bool {
        self.pass.cancelled().is_cancelled()
    }

    /// How far it is.
    pub fn tally(&self) -> Tally {
        Tally { finished: self.finished.load(Ordering::Acquire), ..self.pass.tally() }
    }

    /// Why rows are undecided, a sentence each.
    pub fn remarks(&self) -> Vec<String> {
        self.pass.remarks()
    }

    /// Runs it to its end, or until it is cancelled; by the columns that are kept, where they suffice.
    ///
    /// # Errors
    /// The database failed; what was found before stays.
    pub async fn run(
        self: &Arc<Self>,
        store: &Arc<dyn SpecStore>,
        stores: &dyn FactStores,
        cache: Option<&Cache>,
        report: impl Fn(),
    ) -> Result<(), StoreError> {
        let report = || {
            if let Some(cache) = cache {
                cache.make_room();
            }
            report();
        };
        let answered = match cache {
            Some(cache) => cache.answer(store, self.pass.query(), &self.order, self.pass.now()).await,
            None => None,
        };
        let result = match answered {
            Some(answer) => {
                let (found, pass) = (Arc::clone(&self.found), Arc::clone(&self.pass));
                let order = self.order.clone();
                let fill = move || {
                    // Aside: whoever asks for a page meanwhile is not kept waiting.
                    let mut hits = Hits::new(&order, Arc::clone(&found.reader));
                    let Some(count) = answer.fill(&mut hits, pass.cancelled()) else { return };
                    *found.hits() = hits;
                    pass.found(answer.rows(), count);
                };
                // A task that was given up with its runtime is waited for by nobody.
                let _ = tokio::task::spawn_blocking(fill).await;
                Ok(())
            }
            None => self.pass.run(&**store, stores, Arc::clone(&self.found), report).await,
        };
        if let Some(cache) = cache {
            cache.make_room();
        }
        self.finished.store(result.is_ok() && !self.is_cancelled(), Ordering::Release);
        result
    }

    /// The hits in their order; None where they are too many to be kept, or the search was stopped.
    async fn sorted(&self) -> Option<Arc<Sorted>> {
        let mut sorted = self.sorted.lock().await;
        let finished = self.finished.load(Ordering::Acquire);
        {
            let hits = self.found.hits();
            if hits.overflow().is_some() {
                return None;
            }
            let kept = sorted.as_ref();
            let good = |kept: &&Arc<Sorted>| kept.count() == hits.count() || (!finished && kept.is_fresh());
            if let Some(kept) = kept.filter(good) {
                return Some(Arc::clone(kept));
            }
        }
        let (cancel, found) = (self.pass.cancelled().clone(), Arc::clone(&self.found));
        let sort = move || {
            let now = {
                let hits = found.hits();
                // There may be too many by now.
                if hits.overflow().is_some() {
                    return None;
                }
                hits.now()
            };
            Snapshot::of(now).sort(&cancel)
        };
        let made = tokio::task::spawn_blocking(sort).await;
        let made = Arc::new(made.ok()??);
        *sorted = Some(Arc::clone(&made));
        Some(made)
    }

    /// Number of hits before that key, among those that were found so far.
    ///
    /// # Errors
    /// Hits are too many to be kept, in a sentence.
    pub async fn rank(&self, key: &PageKey) -> Result<u64, String> {
        match self.sorted().await {
            Some(sorted) => Ok(sorted.rank(key) as u64),
            None => Err("too many hits to number them".to_owned()),
        }
    }

    /// A page of the hits that were found so far.
    ///
    /// # Errors
    /// [`PageError`]
    pub async fn page(
        &self,
        store: &dyn SpecStore,
        stores: &dyn FactStores,
        request: &PageRequest<PageKey, Order>,
        columns: &Arc<[Field]>,
    ) -> Result<Vec<Listed>, PageError> {
        let sorted = self.sorted().await;
        let ends = self.found.hits().overflow();
        let rows = match (sorted, ends) {
            (Some(sorted), _) => {
                let (mut places, length) = (sorted.page(request), request.limit as usize);
                loop {
                    let rows = rows::of_hits(store, sorted.places(places.clone())).await?;
                    if !rows.is_empty() || places.is_empty() {
                        break rows;
                    }
                    // All of them were deleted meanwhile: an empty page would pass for the end.
                    places = if request.from.is_backwards() {
                        places.start.saturating_sub(length)..places.start
                    } else {
                        places.end..places.end.saturating_add(length).min(sorted.count())
                    };
                }
            }
            (None, Some(ends)) => self.walk(store, stores, request, ends).await?,
            (None, None) => Vec::new(),
        };
        Ok(rows::listed(self.database(), rows, columns, stores).await.0)
    }

    /// Reads on from the key until there are enough hits: they are dense.
    async fn walk(
        &self,
        store: &dyn SpecStore,
        stores: &dyn FactStores,
        request: &PageRequest<PageKey, Order>,
        overflow: Overflow,
    ) -> Result<Vec<(StoredSpec, PageKey)>, PageError> {
        let Some(order) = self.order.native() else {
            return Err(PageError::Unsorted(too_many(&self.order, overflow.surplus)));
        };
        let (first, last) = overflow.ends;
        let backwards = request.from.is_backwards();
        let is_by_id = order == SortOrder::Id;
        let key = |id: i64| PageKey::new(id, "");
        let mut from = match &request.from {
            PageFrom::Start if is_by_id => PageFrom::At(key(first)),
            PageFrom::End if is_by_id => PageFrom::Before(key(last.saturating_add(1))),
            from => from.clone(),
        };
        let mut hits = Vec::new();
        loop {
            let mut read = store.page(PageRequest { order, from, limit: STRIDE }).await?;
            let complete = read.len() < STRIDE as usize;
            if backwards {
                read.reverse();
            }
            let Some(end) = read.last().map(|row| rows::key(row, None)) else { break };
            hits.extend(self.pass.hits_among(read, stores).await.0);
            let past = is_by_id && if backwards { end.id <= first } else { end.id >= last };
            if complete || past || hits.len() >= request.limit as usize || self.is_cancelled() {
                break;
            }
            from = if backwards { PageFrom::Before(end) } else { PageFrom::After(end) };
        }
        hits.truncate(request.limit as usize);
        if backwards {
            hits.reverse();
        }
        Ok(rows::keyed(hits))
    }
}

/// Why hits are not sorted.
fn too_many(order: &Order, surplus: Surplus) -> String {
    let name = &order.field.name;
    let why = match surplus {
        Surplus::Hits(most) => format!("more than {most} hits"),
        Surplus::Bytes(most) => format!("hits with more than {} MB of {name}", most >> 20),
    };
    format!("{why} cannot be sorted by {name}: narrow the query, or sort by id")
}
