//! Counts: how often each combination of values of some fields occurs among the hits of a query.
//!
//! Imports `query`, `store`, `deployment` and its siblings.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::cache::Cache;
use super::pass::{Pass, Take};
use super::values::Reader;
use crate::deployment::facts::FactStores;
use crate::query::Tally;
use crate::query::record::{Facts, Record};
use crate::query::{Field, Query};
use crate::store::{DatabaseName, SpecStore, StoreError};

/// Combinations that are told apart at most.
pub const DISTINCT: usize = 100_000;
/// Bytes of these at most.
const BYTES: usize = 16 << 20;

/// How often values occur.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// The combinations, the most frequent first.
    pub groups: Vec<Group>,
    /// Hits with other combinations: there are too many to tell all apart.
    pub others: u64,
    /// Hits that were counted.
    pub hits: u64,
    /// Rows that may be hits: other tables would tell, and could not be asked.
    pub undecided: u64,
    /// Why, a sentence each.
    pub remarks: Vec<String>,
}

/// A combination of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The text of each field, as lists show it, not escaped; None where there is no value.
    pub values: Vec<Option<Arc<str>>>,
    /// How many hits have it.
    pub count: u64,
}

impl Counts {
    /// Adds those of another database.
    pub fn add(&mut self, other: Counts) {
        let mut table = Table::default();
        for group in self.groups.drain(..).chain(other.groups) {
            table.add(&encoded(group.values.iter().map(Option::as_deref)), group.count);
        }
        self.groups = table.groups();
        self.others += other.others + table.others;
        self.hits += other.hits;
        self.undecided += other.undecided;
        self.remarks.extend(other.remarks);
        self.remarks.sort();
        self.remarks.dedup();
    }
}

/// Combinations of texts in one piece each.
#[derive(Debug, Default)]
pub(super) struct Table {
    counts: HashMap<Box<[u8]>, u64>,
    bytes: usize,
    others: u64,
}

impl Table {
    /// Counts a combination so many times.
    pub fn add(&mut self, key: &[u8], count: u64) {
        if let Some(known) = self.counts.get_mut(key) {
            *known += count;
        } else if self.counts.len() < DISTINCT && self.bytes < BYTES {
            self.bytes += key.len();
            self.counts.insert(key.into(), count);
        } else {
            self.others += count;
        }
    }

    /// All of them, of so many hits.
    pub fn counts(&self, hits: u64) -> Counts {
        Counts { groups: self.groups(), others: self.others, hits, ..Counts::default() }
    }

    /// The most frequent first, equal ones by their values.
    fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> =
            self.counts.iter().map(|(key, count)| Group { values: decoded(key), count: *count }).collect();
        groups.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.values.cmp(&other.values)));
        groups
    }
}

/// A combination as one key.
pub(super) fn encoded<'t>(texts: impl Iterator<Item = Option<&'t str>>) -> Vec<u8> {
    let mut key = Vec::new();
    for text in texts {
        key.extend_from_slice(&text.map_or(u32::MAX, |text| text.len() as u32).to_le_bytes());
        key.extend_from_slice(text.unwrap_or_default().as_bytes());
    }
    key
}

fn decoded(mut key: &[u8]) -> Vec<Option<Arc<str>>> {
    let mut values = Vec::new();
    while let Some((length, rest)) = key.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length);
        let (text, rest) = if length == u32::MAX {
            (None, rest)
        } else {
            rest.split_at_checked(length as usize).map_or((None, &[][..]), |(text, rest)| (Some(text), rest))
        };
        values.push(text.map(|text| String::from_utf8_lossy(text).into()));
        key = rest;
    }
    values
}

/// Counts of one database: a pass that counts.
pub struct Facets {
    pass: Arc<Pass>,
    counter: Arc<Counter>,
    fields: Arc<[Field]>,
}

struct Counter {
    reader: Reader,
    table: Mutex<Table>,
}

impl Take for Counter {
    fn take(&self, row: &Record<'_>, facts: &Facts) {
        let texts = self.reader.texts(row, facts);
        let key = encoded(texts.iter().map(Option::as_deref));
        self.table.lock().unwrap_or_else(PoisonError::into_inner).add(&key, 1);
    }
}

impl Facets {
    /// Of the hits of that query; `now` in seconds since 1970.
    pub fn new(database: DatabaseName, query: Arc<Query>, fields: Arc<[Field]>, now: i64) -> Self {
        let read: Vec<&Field> = fields.iter().collect();
        let pass = Arc::new(Pass::new(database, query, &read, now));
        let counter = Counter { reader: Reader::new(Arc::clone(&fields)), table: Mutex::default() };
        Self { pass, counter: Arc::new(counter), fields }
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
        self.pass.tally()
    }

    /// Counts to the end, or until it is stopped; by the columns that are kept, where they suffice.
    /// What was counted before a failure is given too.
    pub async fn run(
        &self,
        store: &Arc<dyn SpecStore>,
        stores: &dyn FactStores,
        cache: Option<&Cache>,
        report: impl Fn(),
    ) -> (Counts, Option<StoreError>) {
        let answered = match cache {
            Some(cache) => cache.counts(store, self.pass.query(), &self.fields, self.pass.now()).await,
            None => None,
        };
        if let Some(counts) = answered {
            return (counts, None);
        }
        let result = self.pass.run(&**store, stores, Arc::clone(&self.counter), report).await;
        // Many combinations take a while to be sorted: not on a thread that others' answers wait for.
        let (pass, counter) = (Arc::clone(&self.pass), Arc::clone(&self.counter));
        let counts = tokio::task::spawn_blocking(move || counted(&pass, &counter)).await;
        // A task that was given up with its runtime is waited for by nobody.
        (counts.unwrap_or_default(), result.err())
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        counted(&self.pass, &self.counter)
    }
}

fn counted(pass: &Pass, counter: &Counter) -> Counts {
    let table = counter.table.lock().unwrap_or_else(PoisonError::into_inner);
    let (tally, remarks) = (pass.tally(), pass.remarks());
    Counts { undecided: tally.undecided, remarks, ..table.counts(tally.hits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_come_back_the_most_frequent_first() {
        let mut table = Table::default();
        for (texts, count) in [
            ([Some("az1"), None], 2),
            ([Some(""), Some("x")], 5),
            ([None, Some("az1")], 2),
            ([Some("az1"), None], 1),
        ] {
            table.add(&encoded(texts.into_iter()), count);
        }
        let groups: Vec<_> = table.groups().into_iter().map(|group| (group.count, group.values)).collect();
        let text = |text: &str| Some(Arc::from(text));
        assert_eq!(
            groups,
            [(5, vec![text(""), text("x")]), (3, vec![text("az1"), None]), (2, vec![None, text("az1")])]
        );
    }

    #[test]
    fn too_many_combinations_are_counted_as_others() {
        let mut table = Table::default();
        for number in 0..DISTINCT + 7 {
            table.add(&encoded([Some(&*number.to_string())].into_iter()), 1);
        }
        table.add(&encoded([Some("3")].into_iter()), 1);
        assert_eq!((table.counts.len(), table.others), (DISTINCT, 7));
    }

    #[test]
    fn databases_are_counted_together() {
        let group = |text: &str, count| Group { values: vec![Some(text.into())], count };
        let mut counts = Counts { groups: vec![group("a", 3), group("b", 1)], hits: 4, ..Counts::default() };
        counts.add(Counts { groups: vec![group("b", 9)], others: 2, hits: 11, ..Counts::default() });
        assert_eq!(counts.groups, [group("b", 10), group("a", 3)]);
        assert_eq!((counts.hits, counts.others), (15, 2));
    }
}
