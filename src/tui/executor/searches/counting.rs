//! Counts of values: few databases at a time, added up as they answer, within the bounds that hold for
//! one; what is told is the most frequent of all.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::mpsc::Sender;

use super::{Counting, Running, Searches, build, lock};
use crate::app::Msg;
use crate::app::effect::RequestId;
use crate::app::facets;
use crate::app::row::Failure;
use crate::query::{Field, Query};
use crate::search::cache::Cache;
use crate::search::facets::{Counts, Facets};
use crate::store::DatabaseName;
use crate::tui::executor::sessions::{Sessions, Store};

/// Databases that are counted at a time: each may take as much memory as all together, and one that is
/// dead keeps the others waiting only where there is no second.
const AT_ONCE: usize = 2;
/// Combinations that are told at most, the most frequent ones.
const TOLD: usize = 2_000;

/// What is counted.
struct Asked {
    request: RequestId,
    query: Arc<Query>,
    fields: Arc<[Field]>,
    sessions: Arc<Sessions>,
    cache: Arc<Cache>,
    all: Counting,
    now: i64,
}

/// What came of one database.
struct Answer {
    database: DatabaseName,
    counts: Counts,
    failure: Option<Failure>,
    /// Rows that were passed.
    rows: u64,
}

impl Searches {
    /// Counts in those databases. Each answer tells what all that have answered have together.
    pub fn count(
        &self,
        request: RequestId,
        databases: Vec<DatabaseName>,
        (query, fields): (Arc<Query>, Arc<[Field]>),
        sessions: Arc<Sessions>,
    ) -> impl Future<Output = Option<Msg>> + Send + use<> {
        lock(&self.counts).insert(request, Vec::new());
        self.cache.interrupt();
        let (cache, all, now) = (Arc::clone(&self.cache), Arc::clone(&self.counts), (self.now)());
        let asked = Arc::new(Asked { request, query, fields, sessions, cache, all, now });
        let (running, idle, out) = (Running::new(&self.running), Arc::clone(&self.running), self.out.clone());
        async move {
            let counted = {
                let _running = running;
                asked.each(databases, &out).await
            };
            lock(&asked.all).remove(&request);
            tokio::spawn(async move { asked.build(counted, &idle).await });
            None
        }
    }

    /// Stops counting.
    pub fn stop_counting(&self, request: RequestId) {
        for counting in lock(&self.counts).remove(&request).unwrap_or_default() {
            counting.cancel();
        }
    }
}

impl Asked {
    /// Counts and tells; gives the databases that were counted to their ends, and their rows.
    async fn each(
        self: &Arc<Self>,
        databases: Vec<DatabaseName>,
        out: &Sender<Msg>,
    ) -> Vec<(DatabaseName, u64)> {
        let one = |database| {
            let asked = Arc::clone(self);
            async move { asked.one(database).await }
        };
        let mut answers = stream::iter(databases.into_iter().map(one)).buffer_unordered(AT_ONCE);
        let (mut sum, mut whole) = (Counts::default(), Vec::new());
        while let Some(answer) = answers.next().await {
            // None: it was stopped.
            let Some(Answer { database, counts, failure, rows }) = answer else { break };
            let mut before = std::mem::take(&mut sum);
            let add = move || {
                before.add(counts);
                let told = Arc::new(of_state_machine(&before));
                (before, told)
            };
            // Many combinations take a while to be sorted.
            let Ok((after, counts)) = tokio::task::spawn_blocking(add).await else { break };
            sum = after;
            if failure.is_none() {
                whole.push((database.clone(), rows));
            }
            let _ = out.send(Msg::Facets { request: self.request, database, counts, failure }).await;
        }
        whole
    }

    async fn one(&self, database: DatabaseName) -> Option<Answer> {
        let (query, fields) = (Arc::clone(&self.query), Arc::clone(&self.fields));
        let counting = Arc::new(Facets::new(database.clone(), query, fields, self.now));
        lock(&self.all).get_mut(&self.request)?.push(Arc::clone(&counting));
        let pass = |store: Store| {
            let counting = &counting;
            async move {
                match counting.run(&store, &*self.sessions, Some(&self.cache), || {}).await {
                    (counts, None) => Ok(counts),
                    (_, Some(error)) => Err(error),
                }
            }
        };
        let counted = self.sessions.with(&database, pass).await;
        lock(&self.all).get_mut(&self.request)?.retain(|other| !Arc::ptr_eq(other, &counting));
        let rows = counting.tally().passed;
        let (counts, failure) = match counted {
            Ok(counts) => (counts, None),
            // What was counted before it failed, and what could not be asked, is told all the same.
            Err(failure) => (counting.counts(), Some(failure)),
        };
        Some(Answer { database, counts, failure, rows })
    }

    /// Builds columns for the next counts.
    async fn build(&self, counted: Vec<(DatabaseName, u64)>, idle: &Arc<AtomicUsize>) {
        let fields: Vec<Field> = self.query.fields().into_iter().chain(self.fields.iter()).cloned().collect();
        for (database, rows) in counted {
            build(&self.cache, &self.sessions, &database, (fields.clone(), rows), idle).await;
        }
    }
}

/// The most frequent combinations; all the rest are others.
fn of_state_machine(counts: &Counts) -> facets::Counts {
    let (told, rest) = counts.groups.split_at(counts.groups.len().min(TOLD));
    facets::Counts {
        rows: counts.hits,
        values: told.iter().map(|group| (Arc::from(group.values.as_slice()), group.count)).collect(),
        others: counts.others + rest.iter().map(|group| group.count).sum::<u64>(),
        undecided: counts.undecided,
        remarks: counts.remarks.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::facets::Group;

    #[test]
    fn the_most_frequent_are_told_and_the_rest_is_counted() {
        let count = |number: usize| (TOLD + 10 - number) as u64;
        let group =
            |number: usize| Group { values: vec![Some(number.to_string().into())], count: count(number) };
        let groups: Vec<_> = (0..TOLD + 5).map(group).collect();
        let hits = groups.iter().map(|group| group.count).sum::<u64>() + 3;
        let told = of_state_machine(&Counts { groups, others: 3, hits, ..Counts::default() });
        assert_eq!((told.values.len(), told.values[0].1), (TOLD, count(0)));
        assert_eq!(told.others, 3 + (TOLD..TOLD + 5).map(count).sum::<u64>());
        assert_eq!(told.rows, told.others + told.values.iter().map(|(_, rows)| rows).sum::<u64>());
    }
}
