//! Searches and counts that run or whose results are shown, and files of results.
//!
//! A search may run in several databases; each runs as a task of its own and reports through the
//! bounded channel. Columns of the databases are kept ([`Cache`]) for what is asked again: they are
//! built one after the other while no search runs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::Sender;

use super::failure;
use super::sessions::Sessions;
use crate::app::Msg;
use crate::app::cells::Tally;
use crate::app::effect::RequestId;
use crate::app::exporting::Format;
use crate::app::facets;
use crate::app::row::Failure;
use crate::query::{Field, Order, Query, Subject};
use crate::search::cache::Cache;
use crate::search::export::{self, WholeFile, Writer};
use crate::search::facets::{Counts, Facets};
use crate::search::run::{self, Listing, Sink};
use crate::search::sample::Sampling;
use crate::search::{Listed, Search};
use crate::spec::text::escaped;
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

/// The searches that run or whose hits are shown, and the counts that run.
pub struct Searches {
    searches: HashMap<(RequestId, DatabaseName), Arc<Search>>,
    counts: Arc<Mutex<HashMap<RequestId, Vec<Arc<Facets>>>>>,
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
fn now() -> i64 {
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

    /// Counts in one database.
    pub fn count(
        &self,
        (request, database): (RequestId, DatabaseName),
        (query, fields): (Arc<Query>, Arc<[Field]>),
        sessions: Arc<Sessions>,
    ) -> impl Future<Output = Option<Msg>> + Send + use<> {
        let counting =
            Arc::new(Facets::new(database.clone(), Arc::clone(&query), Arc::clone(&fields), (self.now)()));
        lock(&self.counts).entry(request).or_default().push(Arc::clone(&counting));
        self.cache.interrupt();
        let running = Running::new(&self.running);
        let (cache, idle, all) =
            (Arc::clone(&self.cache), Arc::clone(&self.running), Arc::clone(&self.counts));
        async move {
            let counted = {
                let _running = running;
                let pass = |store: super::sessions::Store| {
                    let (counting, sessions, cache) = (&counting, &sessions, &cache);
                    async move {
                        match counting.run(&store, &**sessions, Some(cache), || {}).await {
                            (counts, None) => Ok(counts),
                            (_, Some(error)) => Err(error),
                        }
                    }
                };
                sessions.with(&database, pass).await
            };
            if let Some(others) = lock(&all).get_mut(&request) {
                others.retain(|other| !Arc::ptr_eq(other, &counting));
            }
            if counting.is_cancelled() {
                return None;
            }
            if counted.is_ok() {
                let wanted = query.fields().into_iter().chain(fields.iter()).cloned().collect();
                let database = database.clone();
                let rows = counting.tally().passed;
                tokio::spawn(async move { build(&cache, &sessions, &database, (wanted, rows), &idle).await });
            }
            let result = counted.map(|counts| Arc::new(of_state_machine(counts)));
            Some(Msg::Facets { request, database, result })
        }
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

    /// Stops counting.
    pub fn stop_counting(&self, request: RequestId) {
        for counting in lock(&self.counts).remove(&request).unwrap_or_default() {
            counting.cancel();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn progress(id: RequestId, search: &Search) -> Msg {
    let crate::search::Tally { passed, hits, undecided, finished } = search.tally();
    let tally = Tally { passed, hits, undecided, finished };
    Msg::SearchProgress { search: id, database: search.database().clone(), tally, remarks: search.remarks() }
}

fn of_state_machine(counts: Counts) -> facets::Counts {
    let values = counts.groups.into_iter().map(|group| (Arc::from(group.values), group.count));
    facets::Counts {
        rows: counts.hits,
        values: values.collect(),
        others: counts.others,
        undecided: counts.undecided,
    }
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

/// A file of results.
pub struct File {
    /// Of which databases.
    pub databases: Vec<DatabaseName>,
    /// Which rows.
    pub query: Arc<Query>,
    /// In which order.
    pub order: Order,
    /// Which columns, for the formats that have some.
    pub columns: Arc<[Field]>,
    /// How.
    pub format: Format,
    /// Where to, as typed.
    pub path: String,
    /// Whether a file of that name is replaced.
    pub replace: bool,
}

/// Writes a file; gives the number of its rows.
///
/// # Errors
/// Why there is none, or what it lacks; a sentence.
pub async fn write(sessions: Arc<Sessions>, file: File) -> Result<u64, String> {
    let path = super::external::home(&file.path);
    let shown = escaped(&file.path).into_owned();
    let told = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{shown}: there is a file of that name already; nothing was written")
        }
        _ => format!("{shown}: {error}; nothing was written"),
    };
    if !file.replace && exists(&path).await {
        return Err(told(std::io::ErrorKind::AlreadyExists.into()));
    }
    let columns = if file.format == Format::JsonLines { Arc::from([]) } else { Arc::clone(&file.columns) };
    let listing = Listing {
        databases: file.databases,
        query: file.query,
        order: file.order,
        columns: Arc::clone(&columns),
        limit: u64::MAX,
        now: now(),
    };
    let format = match file.format {
        Format::JsonLines => export::Format::JsonLines,
        Format::Csv => export::Format::Csv,
        Format::Table => export::Format::Table,
        Format::Uuids => export::Format::Uuids,
    };
    let beside = WholeFile::beside(&path).map_err(|error| format!("{error}; nothing was written"))?;
    let mut sink = Rows(Writer::new(beside.writer().map_err(told)?, format, columns));
    let stores: Arc<dyn crate::deployment::facts::FactStores> = sessions;
    let outcome = run::run(&listing, &stores, &mut sink).await.map_err(told)?;
    // A part of the result would be taken for the whole.
    let failures = outcome.failures.iter().filter(|(_, error)| !error.is_no_table());
    if let Some((database, error)) = failures.into_iter().next() {
        return Err(format!("{database}: {error}; nothing was written"));
    }
    let rows = sink.0.finish().map_err(told)?;
    let replace = file.replace;
    let placed = tokio::task::spawn_blocking(move || beside.place(&path, replace)).await;
    placed.map_err(std::io::Error::other).and_then(|placed| placed).map_err(told)?;
    Ok(rows)
}

async fn exists(path: &Path) -> bool {
    let path: PathBuf = path.to_owned();
    tokio::task::spawn_blocking(move || path.symlink_metadata().is_ok()).await.unwrap_or(false)
}

/// Rows into a file.
struct Rows<W: std::io::Write>(Writer<W>);

impl<W: std::io::Write + Send> Sink for Rows<W> {
    fn rows(&mut self, rows: &[Listed]) -> std::io::Result<()> {
        self.0.rows(rows)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Why there is no page, as the state machine knows it.
pub fn page_failure(error: &crate::search::find::PageError) -> Failure {
    match error {
        crate::search::find::PageError::Store(error) => failure(error),
        crate::search::find::PageError::Unsorted(reason) => Failure::Failed(reason.clone()),
    }
}
