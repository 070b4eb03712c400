//! Quick filters: one pass over all rows, the hits kept in a bounded index, pages of them by key.
//!
//! Up to [`KEPT`] hits are kept one by one, with what both orders need. With more, the hits are so
//! dense that a page of them is found by reading on from its key; none is kept then.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;

use super::sessions::{Sessions, Store};
use crate::app::Msg;
use crate::app::cells::Tally;
use crate::app::effect::RequestId;
use crate::app::words::unix_seconds;
use crate::query::prefilter::Prefilter;
use crate::query::quick::Needle;
use crate::query::{PageFrom, PageKey, PageRequest, SortOrder};
use crate::store::{Cancel, DatabaseName, RowRef, RowVisitor, StoreError, StoredSpec};

/// Hits that are kept one by one: 16 bytes each.
pub const KEPT: usize = 131_072;
/// Least time between two reports.
const REPORT: Duration = Duration::from_millis(60);
/// Rows read at a time where hits are not kept.
const STRIDE: u32 = 256;

/// The filters that run or whose hits are shown.
#[derive(Default)]
pub struct Filters(HashMap<(RequestId, DatabaseName), Arc<Filter>>);

/// One filter, in one database.
pub struct Filter {
    needle: Needle,
    cancel: Cancel,
    hits: Mutex<Hits>,
    passed: AtomicU64,
    found: AtomicU64,
    told: AtomicBool,
    last_report: Mutex<Instant>,
    id: RequestId,
    database: DatabaseName,
    out: Sender<Msg>,
}

/// The hits, by id.
#[derive(Default)]
struct Hits {
    /// Moment of the last update in microseconds, and id.
    kept: Vec<(i64, i64)>,
    /// How many of `kept` are in order.
    sorted: usize,
    /// There are more than are kept.
    overflow: bool,
    ends: Option<(i64, i64)>,
}

impl Filters {
    /// Begins one; `under_way` is held as long as it runs.
    pub fn start(
        &mut self,
        id: RequestId,
        (database, needle): (DatabaseName, Needle),
        sessions: Arc<Sessions>,
        out: Sender<Msg>,
        under_way: Arc<()>,
    ) {
        let filter = Arc::new(Filter {
            needle,
            cancel: Cancel::default(),
            hits: Mutex::default(),
            passed: AtomicU64::new(0),
            found: AtomicU64::new(0),
            told: AtomicBool::new(false),
            last_report: Mutex::new(Instant::now()),
            id,
            database: database.clone(),
            out: out.clone(),
        });
        if let Some(before) = self.0.insert((id, database.clone()), Arc::clone(&filter)) {
            before.cancel.cancel();
        }
        tokio::spawn(async move {
            let _under_way = under_way;
            let visitor: Arc<dyn RowVisitor> = filter.clone();
            let cancel = filter.cancel.clone();
            let pass = |store: Store| async move { store.scan(Prefilter::NONE, visitor, cancel).await };
            let result = sessions.with(&database, pass).await;
            if filter.cancel.is_cancelled() {
                return;
            }
            let msg = match result {
                Ok(_) => filter.report(true),
                Err(failure) => Msg::SearchFailed { search: id, database, failure },
            };
            let _ = out.send(msg).await;
        });
    }

    /// Ends one, wherever it runs, and forgets its hits.
    pub fn stop(&mut self, id: RequestId) {
        self.0.retain(|(known, _), filter| {
            if *known == id {
                filter.cancel.cancel();
            }
            *known != id
        });
    }

    /// One that was begun and not ended.
    pub fn get(&self, id: RequestId, database: &DatabaseName) -> Option<Arc<Filter>> {
        self.0.get(&(id, database.clone())).cloned()
    }
}

impl RowVisitor for Filter {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        if self.needle.matches(row.instance_uuid, row.spec) {
            self.found.fetch_add(1, Ordering::Relaxed);
            self.hits().push(row.id, moment(row.updated));
        }
        if self.cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn progress(&self, rows: u64) {
        self.passed.fetch_add(rows, Ordering::Relaxed);
        let first_hits = self.found.load(Ordering::Relaxed) > 0 && !self.told.swap(true, Ordering::Relaxed);
        let Ok(mut last) = self.last_report.try_lock() else { return };
        if first_hits || last.elapsed() >= REPORT {
            *last = Instant::now();
            // With a full channel this report is left out: another follows.
            let _ = self.out.try_send(self.report(false));
        }
    }
}

impl Filter {
    fn hits(&self) -> MutexGuard<'_, Hits> {
        self.hits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, finished: bool) -> Msg {
        let (passed, hits) = (self.passed.load(Ordering::Relaxed), self.found.load(Ordering::Relaxed));
        let database = self.database.clone();
        let tally = Tally { passed, hits, undecided: 0, finished };
        Msg::SearchProgress { search: self.id, database, tally, remarks: Vec::new() }
    }

    /// Number of hits before that key; None if they were not kept.
    pub fn rank(&self, order: SortOrder, key: &PageKey) -> Option<u64> {
        self.hits().rank(order, key)
    }

    /// A page of the hits.
    ///
    /// # Errors
    /// Of the store.
    pub async fn page(&self, store: Store, page: PageRequest) -> Result<Vec<StoredSpec>, StoreError> {
        let kept = self.hits().page(&page);
        let Some(ids) = kept else { return self.walk(store, page).await };
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            let at = PageFrom::At(PageKey::new(id, ""));
            let found = store.page(PageRequest { order: SortOrder::Id, from: at, limit: 1 }).await?;
            // Deleted meanwhile: the next row is another.
            rows.extend(found.into_iter().filter(|row| row.id == id));
        }
        Ok(rows)
    }

    /// Reads on from the key until there are enough hits.
    async fn walk(&self, store: Store, page: PageRequest) -> Result<Vec<StoredSpec>, StoreError> {
        let Some((first, last)) = self.hits().ends else { return Ok(Vec::new()) };
        let key = |id: i64| PageKey::new(id, "");
        let backwards = matches!(page.from, PageFrom::End | PageFrom::Before(_));
        let mut from = match page.from {
            PageFrom::Start => PageFrom::At(key(first)),
            PageFrom::End => PageFrom::Before(key(last.saturating_add(1))),
            from => from,
        };
        let mut rows = Vec::new();
        loop {
            let read = PageRequest { order: SortOrder::Id, from, limit: STRIDE };
            let mut found = store.page(read).await?;
            let complete = found.len() < STRIDE as usize;
            if backwards {
                found.reverse();
            }
            let Some(end) = found.last().map(|row| row.id) else { break };
            rows.extend(found.into_iter().filter(|row| self.needle.matches(&row.instance_uuid, &row.spec)));
            let past = if backwards { end <= first } else { end >= last };
            if complete || past || rows.len() >= page.limit as usize || self.cancel.is_cancelled() {
                break;
            }
            from = if backwards { PageFrom::Before(key(end)) } else { PageFrom::After(key(end)) };
        }
        rows.truncate(page.limit as usize);
        if backwards {
            rows.reverse();
        }
        Ok(rows)
    }
}

impl Hits {
    fn push(&mut self, id: i64, moment: i64) {
        let (first, last) = self.ends.unwrap_or((id, id));
        self.ends = Some((first.min(id), last.max(id)));
        if self.overflow {
            return;
        }
        if self.kept.len() >= KEPT {
            self.overflow = true;
            self.kept = Vec::new();
            return;
        }
        self.kept.push((moment, id));
    }

    /// The hits by id: they come nearly in that order, so little is left to do.
    fn by_id(&mut self) -> &[(i64, i64)] {
        if self.sorted < self.kept.len() {
            self.kept.sort_by_key(|(_, id)| *id);
            self.sorted = self.kept.len();
        }
        &self.kept
    }

    fn in_order(&mut self, order: SortOrder) -> Vec<(i64, i64)> {
        let mut hits = self.by_id().to_vec();
        if order == SortOrder::Updated {
            hits.sort_by(|one, other| other.cmp(one));
        }
        hits
    }

    fn place(hits: &[(i64, i64)], order: SortOrder, key: &PageKey) -> usize {
        match order {
            SortOrder::Id => hits.partition_point(|(_, id)| *id < key.id),
            SortOrder::Updated => {
                let key = (moment(&key.updated), key.id);
                hits.partition_point(|hit| *hit > key)
            }
        }
    }

    fn rank(&mut self, order: SortOrder, key: &PageKey) -> Option<u64> {
        if self.overflow {
            return None;
        }
        let hits = self.in_order(order);
        Some(Self::place(&hits, order, key) as u64)
    }

    /// The ids of a page; None if hits are not kept.
    fn page(&mut self, page: &PageRequest) -> Option<Vec<i64>> {
        if self.overflow {
            return None;
        }
        let hits = self.in_order(page.order);
        let limit = page.limit as usize;
        // A key of another database may have the id of a hit, but another last update.
        let same = |hit: &(i64, i64), key: &PageKey| {
            hit.1 == key.id && (page.order == SortOrder::Id || hit.0 == moment(&key.updated))
        };
        let is = |at: usize, key: &PageKey| hits.get(at).is_some_and(|hit| same(hit, key));
        let (start, end) = match &page.from {
            PageFrom::Start => (0, limit),
            PageFrom::End => (hits.len().saturating_sub(limit), hits.len()),
            PageFrom::At(key) => {
                let at = Self::place(&hits, page.order, key);
                (at, at + limit)
            }
            PageFrom::After(key) => {
                let at = Self::place(&hits, page.order, key);
                let at = if is(at, key) { at + 1 } else { at };
                (at, at + limit)
            }
            PageFrom::Before(key) => {
                let at = Self::place(&hits, page.order, key);
                (at.saturating_sub(limit), at)
            }
        };
        let end = end.min(hits.len());
        Some(hits[start.min(end)..end].iter().map(|(_, id)| *id).collect())
    }
}

/// Microseconds since 1970 of a stored date; what is no date comes first.
fn moment(updated: &str) -> i64 {
    let Some(seconds) = unix_seconds(updated) else { return i64::MIN };
    let digits = updated.get(20..).unwrap_or_default();
    let fraction: String =
        digits.chars().take_while(char::is_ascii_digit).chain("000000".chars()).take(6).collect();
    seconds.saturating_mul(1_000_000).saturating_add(fraction.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: i64, updated: &str) -> PageKey {
        PageKey::new(id, updated)
    }

    fn hits() -> Hits {
        let mut hits = Hits::default();
        for (id, updated) in
            [(4, "2026-01-02 00:00:00"), (2, "2026-01-03 00:00:00.5"), (9, ""), (7, "2026-01-03 00:00:00")]
        {
            hits.push(id, moment(updated));
        }
        hits
    }

    #[rstest::rstest]
    #[case(SortOrder::Id, PageFrom::Start, &[2, 4])]
    #[case(SortOrder::Id, PageFrom::End, &[7, 9])]
    #[case(SortOrder::Id, PageFrom::After(key(4, "")), &[7, 9])]
    #[case(SortOrder::Id, PageFrom::After(key(5, "")), &[7, 9])]
    #[case(SortOrder::Id, PageFrom::Before(key(9, "")), &[4, 7])]
    #[case(SortOrder::Id, PageFrom::At(key(4, "")), &[4, 7])]
    #[case(SortOrder::Updated, PageFrom::Start, &[2, 7])]
    #[case(SortOrder::Updated, PageFrom::After(key(7, "2026-01-03 00:00:00")), &[4, 9])]
    #[case(SortOrder::Updated, PageFrom::End, &[4, 9])]
    #[case(SortOrder::Updated, PageFrom::After(key(4, "2026-01-03 00:00:00")), &[4, 9])]
    fn pages_of_hits_go_by_key(#[case] order: SortOrder, #[case] from: PageFrom, #[case] expected: &[i64]) {
        let page = PageRequest { order, from, limit: 2 };
        assert_eq!(hits().page(&page).expect("kept"), expected);
    }

    #[test]
    fn ranks_count_the_hits_before() {
        assert_eq!(hits().rank(SortOrder::Id, &key(7, "")), Some(2));
        assert_eq!(hits().rank(SortOrder::Updated, &key(4, "2026-01-02 00:00:00")), Some(2));
    }

    #[test]
    fn memory_is_bounded() {
        let mut hits = Hits::default();
        for id in 0..=(KEPT as i64) {
            hits.push(id, i64::MIN);
        }
        assert!(hits.kept.is_empty() && hits.overflow);
        assert_eq!(hits.page(&PageRequest { order: SortOrder::Id, from: PageFrom::Start, limit: 2 }), None);
        assert_eq!(hits.ends, Some((0, KEPT as i64)));
    }
}
