//! Searches that run or whose hits are shown, and counts of values that run (`counting`).
//!
//! A search may run in several databases; each runs as a task of its own and reports through the
//! bounded channel. Columns of the databases are kept ([`Cache`]) for what is asked again: they are
//! built one after the other while no search runs.

mod counting;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::Sender;

use super::failure;
use super::sessions::Sessions;
use crate::app::Msg;
use crate::app::effect::RequestId;
use crate::app::row::Failure;
use crate::query::{Field, Order, Query, Subject};
use crate::search::Search;
use crate::search::cache::Cache;
use crate::search::facets::Facets;
use crate::search::sample::Sampling;
use crate::store::DatabaseName;

/// What a search is made of.
pub struct Wanted {
    /// Names it.
    pub id: RequestId,
    /// Where.
    pub database: DatabaseName,
    /// Which rows.
    pub query: Arc<Query>,
    /// In which order.
    pub order: Order,
}

/// The passes of each request that counts; it goes on as long as it stands here.
type Counting = Arc<Mutex<HashMap<RequestId, Vec<Arc<Facets>>>>>;

/// The searches that run or whose hits are shown, and the counts that run.
pub struct Searches {
    searches: HashMap<(RequestId, DatabaseName), Arc<Search>>,
    counts: Counting,
    /// Looks for values under way: of one question at most.
    samples: Vec<Weak<Sampling>>,
    cache: Arc<Cache>,
    /// Passes that run now: columns are built while there are none.
    running: Arc<AtomicUsize>,
    out: Sender<Msg>,
    now: fn() -> i64,
}

/// Counted as long as it lives.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

impl Searches {
    /// None yet.
    pub fn new(out: Sender<Msg>) -> Self {
        Self {
            searches: HashMap::new(),
            counts: Arc::default(),
            samples: Vec::new(),
            cache: Arc::new(Cache::new()),
            running: Arc::default(),
            out,
            now,
        }
    }

    /// Begins one; `under_way` is held as long as it runs.
    pub fn start(&mut self, wanted: Wanted, sessions: Arc<Sessions>, under_way: Arc<()>) {
        let Wanted { id, database, query, order } = wanted;
        let search = Search::new(database.clone(), Arc::clone(&query), order.clone(), (self.now)());
        if let Some(before) = self.searches.insert((id, database.clone()), Arc::clone(&search)) {
            before.cancel();
        }
        self.cache.interrupt();
        let running = Running::new(&self.running);
        let (out, cache, idle) = (self.out.clone(), Arc::clone(&self.cache), Arc::clone(&self.running));
        tokio::spawn(async move {
            let result = {
                let (_under_way, _running) = (under_way, running);
                let report = || {
                    // With a full channel this report is left out: another follows.
                    let _ = out.try_send(progress(id, &search));
                };
                let pass = |store: super::sessions::Store| {
                    let (search, sessions, cache) = (&search, &sessions, &cache);
                    async move { search.run(&store, &**sessions, Some(cache), report).await }
                };
                let result = sessions.with(&database, pass).await;
                if search.is_cancelled() {
                    return;
                }
                if let Err(failure) = &result {
                    let _ = out.send(progress(id, &search)).await;
                    let (database, failure) = (database.clone(), failure.clone());
                    let _ = out.send(Msg::SearchFailed { search: id, database, failure }).await;
                } else {
                    let _ = out.send(progress(id, &search)).await;
                }
                result
            };
            if result.is_ok() {
                let fields = query.fields().into_iter().chain([&order.field]).cloned().collect();
                let rows = search.tally().passed;
                // Its hits go as soon as nobody shows them any more.
                drop(search);
                build(&cache, &sessions, &database, (fields, rows), &idle).await;
            }
        });
    }

    /// Ends one, wherever it runs, and forgets its hits.
    pub fn stop(&mut self, id: RequestId) {
        self.searches.retain(|(known, _), search| {
            if *known == id {
                search.cancel();
            }
            *known != id
        });
    }

    /// One that was begun and not ended.
    pub fn get(&self, id: RequestId, database: &DatabaseName) -> Option<Arc<Search>> {
        self.searches.get(&(id, database.clone())).cloned()
    }

    /// Looks which values and keys there are in some databases; looks of before are given up.
    pub fn sample(
        &mut self,
        request: RequestId,
        databases: Vec<DatabaseName>,
        subjects: &[Subject],
        sessions: &Arc<Sessions>,
    ) -> Vec<impl Future<Output = Msg> + Send + use<>> {
        for before in self.samples.drain(..) {
            before.upgrade().inspect(|before| before.cancel());
        }
        let now = (self.now)();
        let mut looks = Vec::new();
        for database in databases {
            let sampling = Arc::new(Sampling::new(database.clone(), subjects, now));
            self.samples.push(Arc::downgrade(&sampling));
            let (sessions, cache) = (Arc::clone(sessions), Arc::clone(&self.cache));
            looks.push(async move {
                let look = |store: super::sessions::Store| {
                    let (sampling, sessions, cache) = (&sampling, &sessions, &cache);
                    async move { sampling.run(&store, &**sessions, cache).await }
                };
                // What cannot be asked has nothing to offer; its pane says why.
                let samples = sessions.with(&database, look).await.unwrap_or_default();
                Msg::Sampled { request, database, samples }
            });
        }
        looks
    }
}

impl Drop for Searches {
    /// Nobody asks for what they find any more: threads that pass tables end.
    fn drop(&mut self) {
        self.cache.interrupt();
        self.searches.values().for_each(|search| search.cancel());
        for (_, passes) in lock(&self.counts).drain() {
            passes.iter().for_each(|counting| counting.cancel());
        }
        for look in self.samples.drain(..) {
            look.upgrade().inspect(|look| look.cancel());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn progress(id: RequestId, search: &Search) -> Msg {
    let tally = search.tally();
    Msg::SearchProgress { search: id, database: search.database().clone(), tally, remarks: search.remarks() }
}

/// Builds columns for what may be asked again, unless something else is to be done.
async fn build(
    cache: &Cache,
    sessions: &Sessions,
    database: &DatabaseName,
    (fields, rows): (Vec<Field>, u64),
    running: &Arc<AtomicUsize>,
) {
    let Ok(store) = sessions.get(database).await else { return };
    cache.build(&store, fields, rows, || running.load(Ordering::Acquire) == 0).await;
}

/// Why there is no page, as the state machine knows it.
pub fn page_failure(error: &crate::search::find::PageError) -> Failure {
    match error {
        crate::search::find::PageError::Store(error) => failure(error),
        crate::search::find::PageError::Unsorted(reason) => Failure::Failed(reason.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::demo;
    use crate::query::{SortOrder, parse};

    #[tokio::test]
    async fn what_runs_ends_with_the_session() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Arc::new(Sessions::new(demo::open_in(folder.path(), false).unwrap()));
        let (out, mut inbox) = tokio::sync::mpsc::channel(8);
        let mut searches = Searches::new(out);
        let mut requests = crate::app::effect::Requests::default();
        let (id, database, query) =
            (requests.issue(), DatabaseName::Api, Arc::new(parse("vcpus>=1").unwrap()));
        let order = Order::from(SortOrder::Id);
        let wanted = Wanted { id, database: database.clone(), query: Arc::clone(&query), order };
        searches.start(wanted, Arc::clone(&sessions), Arc::default());
        let search = searches.get(id, &database).unwrap();
        let fields: Arc<[Field]> = Arc::from([Field::named("az").unwrap()]);
        let count = searches.count(requests.issue(), vec![database], (query, fields), sessions);
        let counts = Arc::clone(&searches.counts);
        assert!(!search.is_cancelled() && lock(&counts).len() == 1);
        drop(searches);
        assert!(search.is_cancelled() && lock(&counts).is_empty());
        count.await;
        assert!(inbox.recv().await.is_none(), "nothing was counted, nothing is told");
    }
}
