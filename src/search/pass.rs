//! One query over one database: every row past the matcher, those that hang on other tables decided in
//! batches meanwhile, and the hits given to whoever takes them.
//!
//! Imports `query`, `store`, `deployment` and `waiting`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::sync::mpsc::Receiver;
use tokio::time::{MissedTickBehavior, interval};

use super::waiting::{Batch, Waiting, record};
use crate::deployment::facts::{FactStores, facts};
use crate::deployment::lost::{Lost, Reachable};
use crate::query::Tally;
use crate::query::fields::Fact;
use crate::query::matcher::Matcher;
use crate::query::plan::prefilter;
use crate::query::prefilter::Prefilter;
use crate::query::record::{Facts, Record, Verdict};
use crate::query::{Field, Query};
use crate::store::{Cancel, DatabaseName, RowRef, RowVisitor, SpecStore, StoreError, StoredSpec};

/// How often a pass looks whether it is wanted any more.
const GLANCE: Duration = Duration::from_millis(20);
/// Least time between two reports; the first hits are told at once.
const REPORT: Duration = Duration::from_millis(60);

/// Who takes the hits of a pass: called from several threads.
pub trait Take: Send + Sync + 'static {
    /// A hit, and what is known of it beside its row.
    fn take(&self, row: &Record<'_>, facts: &Facts);
    /// As [`RowVisitor::wants_pause`].
    fn wants_pause(&self) -> bool {
        false
    }
    /// As [`RowVisitor::pause`].
    fn pause(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// A pass: what is looked for where, and how far it is.
pub struct Pass {
    database: DatabaseName,
    name: String,
    query: Arc<Query>,
    matcher: Matcher,
    prefilter: Prefilter,
    /// What is asked of other tables for rows that hang on it.
    wanted: Vec<Fact>,
    /// Whoever takes the hits needs facts of each.
    needs_facts: bool,
    now: i64,
    cancel: Cancel,
    passed: AtomicU64,
    hits: AtomicU64,
    undecided: AtomicU64,
    remarks: Mutex<BTreeSet<String>>,
    /// What was asked and did not answer.
    lost: Lost,
}

impl Pass {
    /// A pass that has not begun. `read` are the fields that are read of hits; `now` is the time, in
    /// seconds since 1970.
    pub fn new(database: DatabaseName, query: Arc<Query>, read: &[&Field], now: i64) -> Self {
        let needed: BTreeSet<Fact> = read.iter().filter_map(|field| field.fact()).collect();
        let wanted: BTreeSet<Fact> = needed.iter().copied().chain(query.facts()).collect();
        Self {
            name: database.to_string(),
            matcher: Matcher::new(&query, now),
            prefilter: prefilter(&query, now, database == DatabaseName::Api),
            wanted: wanted.into_iter().collect(),
            needs_facts: !needed.is_empty(),
            database,
            query,
            now,
            cancel: Cancel::default(),
            passed: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            undecided: AtomicU64::new(0),
            remarks: Mutex::default(),
            lost: Lost::for_good(),
        }
    }

    /// Where.
    pub fn database(&self) -> &DatabaseName {
        &self.database
    }

    /// What is looked for.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The time that it goes by, in seconds since 1970.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Stops it.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// What stops it when it is set.
    pub fn cancelled(&self) -> &Cancel {
        &self.cancel
    }

    /// How far it is; `finished` is left to whoever runs it.
    pub fn tally(&self) -> Tally {
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Tally {
            passed: load(&self.passed),
            hits: load(&self.hits),
            undecided: load(&self.undecided),
            finished: false,
        }
    }

    /// Sets the tally of what was found without a pass.
    pub(super) fn found(&self, passed: u64, hits: u64) {
        self.passed.store(passed, Ordering::Relaxed);
        self.hits.store(hits, Ordering::Relaxed);
    }

    /// Why rows are undecided, a sentence each.
    pub fn remarks(&self) -> Vec<String> {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn remark(&self, sentences: impl IntoIterator<Item = String>) {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner).extend(sentences);
    }

    /// What that database is asked to leave out.
    fn conditions(&self, store: &dyn SpecStore) -> Prefilter {
        let mut conditions = self.prefilter.clone();
        if !store.wants_bytes() {
            conditions.bytes.clear();
        }
        conditions
    }

    /// Runs it to its end, or until it is cancelled. `report` is called now and then while it runs, from
    /// the task that waits.
    ///
    /// # Errors
    /// The database failed; what was found before stays.
    pub async fn run<T: Take>(
        self: &Arc<Self>,
        store: &dyn SpecStore,
        stores: &dyn FactStores,
        taker: Arc<T>,
        report: impl Fn(),
    ) -> Result<(), StoreError> {
        let (waiting, batches) = Waiting::new();
        let (pass, first) = (Arc::clone(self), Notify::new());
        let visitor = Arc::new(Visitor { pass, taker: Arc::clone(&taker), waiting, first });
        let watched = Arc::clone(&visitor);
        let conditions = self.conditions(store);
        let read = async {
            let seen: Arc<dyn RowVisitor> = visitor.clone();
            let result = store.scan(&conditions, seen, self.cancel.clone()).await;
            for rest in visitor.waiting.close() {
                if !self.cancel.is_cancelled() {
                    self.decide_batch(rest, stores, &taker).await;
                }
            }
            result.map(|_| ())
        };
        let work = async { tokio::join!(read, self.decide(batches, stores, &taker)).0 };
        tokio::pin!(work);
        let mut glance = interval(GLANCE);
        glance.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut last, mut told) = (Instant::now(), Tally::default());
        loop {
            let at_once = tokio::select! {
                biased;
                result = &mut work => return if self.cancel.is_cancelled() { Ok(()) } else { result },
                () = watched.first.notified() => true,
                _ = glance.tick() => false,
            };
            if self.cancel.is_cancelled() {
                return Ok(());
            }
            let tally = self.tally();
            if tally != told && (at_once || last.elapsed() >= REPORT) {
                (last, told) = (Instant::now(), tally);
                report();
            }
        }
    }

    async fn decide<T: Take>(
        self: &Arc<Self>,
        mut batches: Receiver<Batch>,
        stores: &dyn FactStores,
        taker: &Arc<T>,
    ) {
        while let Some(batch) = batches.recv().await {
            if self.cancel.is_cancelled() {
                break;
            }
            self.decide_batch(batch, stores, taker).await;
        }
    }

    /// Asks what the rows of a batch hang on and judges them once more.
    async fn decide_batch<T: Take>(self: &Arc<Self>, batch: Batch, stores: &dyn FactStores, taker: &Arc<T>) {
        if batch.rows.is_empty() {
            return;
        }
        let known = self.facts(&batch.rows, stores).await;
        let (pass, taker) = (Arc::clone(self), Arc::clone(taker));
        let judge = move || {
            for (row, facts) in batch.rows.iter().zip(&known) {
                let record = record(&pass.name, row);
                match pass.matcher.verdict(&record, facts) {
                    Verdict::Yes => {
                        pass.hits.fetch_add(1, Ordering::Relaxed);
                        taker.take(&record, facts);
                    }
                    Verdict::Unknown => {
                        pass.undecided.fetch_add(1, Ordering::Relaxed);
                    }
                    Verdict::No => {}
                }
            }
        };
        if let Err(error) = tokio::task::spawn_blocking(judge).await {
            self.remark([format!("{}: rows could not be judged: {error}", self.database)]);
        }
    }

    async fn facts(&self, rows: &[StoredSpec], stores: &dyn FactStores) -> Vec<Facts> {
        let (known, failed) = ask(stores, Some(&self.lost), &self.database, rows, &self.wanted).await;
        self.remark(failed);
        known
    }

    /// The hits among rows that were read for a page, and how many more may be hits.
    pub(super) async fn hits_among(
        &self,
        rows: Vec<StoredSpec>,
        stores: &dyn FactStores,
    ) -> (Vec<StoredSpec>, u64) {
        let mut undecided = 0;
        let mut kept: Vec<Option<StoredSpec>> = Vec::with_capacity(rows.len());
        let mut unknown: Vec<(usize, StoredSpec)> = Vec::new();
        for row in rows {
            match self.matcher.verdict(&record(&self.name, &row), Facts::NONE) {
                Verdict::Yes => kept.push(Some(row)),
                Verdict::Unknown => {
                    unknown.push((kept.len(), row));
                    kept.push(None);
                }
                Verdict::No => {}
            }
        }
        if !unknown.is_empty() {
            let (places, rows): (Vec<usize>, Vec<StoredSpec>) = unknown.into_iter().unzip();
            let known = self.facts(&rows, stores).await;
            for ((place, row), facts) in places.into_iter().zip(rows).zip(known) {
                let verdict = self.matcher.verdict(&record(&self.name, &row), &facts);
                undecided += u64::from(verdict == Verdict::Unknown);
                if let Some(kept) = kept.get_mut(place).filter(|_| verdict == Verdict::Yes) {
                    *kept = Some(row);
                }
            }
        }
        (kept.into_iter().flatten().collect(), undecided)
    }
}

/// What other tables say of those rows, in their order; and what could not be asked, a sentence each.
/// Databases that are lost are not asked.
pub(super) async fn ask(
    stores: &dyn FactStores,
    lost: Option<&Lost>,
    database: &DatabaseName,
    rows: &[StoredSpec],
    wanted: &[Fact],
) -> (Vec<Facts>, Vec<String>) {
    if wanted.is_empty() {
        return (vec![Facts::default(); rows.len()], Vec::new());
    }
    let uuids: Vec<Arc<str>> = rows.iter().map(|row| Arc::clone(&row.instance_uuid)).collect();
    let texts: Vec<Arc<[u8]>> = rows.iter().map(|row| Arc::clone(&row.spec)).collect();
    let (mut known, failed) = match lost {
        None => facts(stores, database, &uuids, Some(&texts), wanted).await,
        Some(lost) => {
            let stores = Reachable { stores, lost };
            let answer = facts(&stores, database, &uuids, Some(&texts), wanted).await;
            lost.remember(&answer.1);
            answer
        }
    };
    known.resize(rows.len(), Facts::default());
    (known, failed.into_iter().map(|(_, error)| error.to_string()).collect())
}

struct Visitor<T> {
    pass: Arc<Pass>,
    taker: Arc<T>,
    waiting: Waiting,
    first: Notify,
}

impl<T: Take> RowVisitor for Visitor<T> {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        let pass = &*self.pass;
        if pass.cancel.is_cancelled() {
            return ControlFlow::Break(());
        }
        let RowRef { id, instance_uuid, spec, created, updated } = row;
        let record = Record { database: &pass.name, id, instance_uuid, spec, created, updated };
        match pass.matcher.verdict(&record, Facts::NONE) {
            Verdict::No => ControlFlow::Continue(()),
            Verdict::Yes if !pass.needs_facts => {
                self.taker.take(&record, Facts::NONE);
                if pass.hits.fetch_add(1, Ordering::Relaxed) == 0 {
                    self.first.notify_one();
                }
                ControlFlow::Continue(())
            }
            Verdict::Yes | Verdict::Unknown => self.waiting.push(row),
        }
    }

    fn wants_pause(&self) -> bool {
        self.waiting.is_full() || self.taker.wants_pause()
    }

    fn pause(&self) -> ControlFlow<()> {
        self.waiting.make_room()?;
        self.taker.pause()
    }

    fn progress(&self, rows: u64) {
        self.pass.passed.fetch_add(rows, Ordering::Relaxed);
        self.waiting.hurry();
    }
}
