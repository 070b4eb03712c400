//! Which values a field has, or which keys a family, for completion: from the columns that are kept, else
//! from the first rows, in little time.
//!
//! Imports `query`, `store`, `deployment` and its siblings.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;

use super::cache::Cache;
use super::pass::{Pass, Take};
use super::values::{Reader, masked};
use crate::deployment::facts::FactStores;
use crate::query::compare::text_of;
use crate::query::fields::FAMILIES;
use crate::query::record::{Facts, Record, Value};
use crate::query::{Field, Query, Sample, Subject};
use crate::store::{Cancel, DatabaseName, SpecStore, StoreError};

/// Rows that are read at most.
const ROWS: u64 = 20_000;
/// How long is read at most.
const TIME: Duration = Duration::from_millis(150);
/// Values that are given of a subject.
const GIVEN: usize = 200;
/// Values that are told apart of a subject.
const DISTINCT: usize = 10_000;
/// Bytes of a value that is worth offering.
const LENGTH: usize = 200;

/// A look at one database.
pub struct Sampling {
    pass: Arc<Pass>,
    taker: Arc<Taker>,
    /// What is looked at, and the field that tells it.
    subjects: Vec<(Subject, Field)>,
}

struct Taker {
    subjects: Vec<(Subject, Field)>,
    reader: Reader,
    rows: AtomicU64,
    counts: Mutex<Vec<HashMap<Box<str>, u64>>>,
    cancel: Cancel,
}

impl Take for Taker {
    fn take(&self, row: &Record<'_>, facts: &Facts) {
        if self.rows.fetch_add(1, Ordering::Relaxed) >= ROWS {
            self.cancel.cancel();
            return;
        }
        let cells = self.reader.cells(row, facts);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for ((cell, (subject, field)), counts) in cells.iter().zip(&self.subjects).zip(counts.iter_mut()) {
            let values = cell.as_deref().unwrap_or_default();
            let mut told: Vec<String> = Vec::new();
            let mut tell = |text: String| {
                if text.len() <= LENGTH && !told.contains(&text) {
                    told.push(text);
                }
            };
            match subject {
                Subject::Values(_) => texts(field, values).for_each(&mut tell),
                Subject::Keys(_) => values.iter().flat_map(keys).for_each(&mut tell),
            }
            for text in told {
                if let Some(rows) = counts.get_mut(&*text) {
                    *rows += 1;
                } else if counts.len() < DISTINCT {
                    counts.insert(text.into(), 1);
                }
            }
        }
    }
}

/// The values that can be offered: none that hides a password.
fn texts<'v>(field: &'v Field, values: &'v [Value<'_>]) -> impl Iterator<Item = String> + 'v {
    let texts = values.iter().filter_map(text_of);
    texts.filter(|text| !text.is_empty() && masked(field, text) == *text).map(str::to_owned)
}

/// The keys of a stored object, without nova's envelope, that have a value.
fn keys(value: &Value<'_>) -> Vec<String> {
    let Value::Container(raw) = value else { return Vec::new() };
    let Ok(Json::Object(mut members)) = serde_json::from_str(raw) else { return Vec::new() };
    if let Some(Json::Object(data)) = members.remove("nova_object.data") {
        members = data;
    }
    members.into_iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key).collect()
}

/// The most frequent of them.
pub(super) fn sample(counts: impl IntoIterator<Item = (Box<str>, u64)>, is_whole: bool) -> Sample {
    let mut texts: Vec<(Arc<str>, u64)> =
        counts.into_iter().map(|(text, rows)| (Arc::from(text), rows)).collect();
    texts.sort_by(|(one, rows), (other, more)| (more, one).cmp(&(rows, other)));
    texts.truncate(GIVEN);
    Sample { texts, is_whole }
}

/// Counts the values of a column: each text of a row once.
pub(super) fn count_column<'c>(field: &Field, groups: impl Iterator<Item = (Vec<Value<'c>>, u64)>) -> Sample {
    let mut counts: HashMap<Box<str>, u64> = HashMap::new();
    for (values, rows) in groups {
        let mut told: Vec<String> = texts(field, &values).filter(|text| text.len() <= LENGTH).collect();
        told.sort();
        told.dedup();
        for text in told {
            *counts.entry(text.into()).or_default() += rows;
        }
    }
    sample(counts, true)
}

impl Sampling {
    /// A look that has not begun; `now` in seconds since 1970.
    pub fn new(database: DatabaseName, subjects: &[Subject], now: i64) -> Self {
        let field = |subject: &Subject| match subject {
            Subject::Values(field) => Some(field.clone()),
            Subject::Keys(name) => {
                FAMILIES.iter().find(|family| family.name == *name).map(|family| family.container())
            }
        };
        let subjects: Vec<(Subject, Field)> = subjects
            .iter()
            .filter_map(|subject| field(subject).map(|field| (subject.clone(), field)))
            .collect();
        let fields: Arc<[Field]> = subjects.iter().map(|(_, field)| field.clone()).collect();
        let read: Vec<&Field> = fields.iter().collect();
        let pass = Arc::new(Pass::new(database, Arc::new(Query::all()), &read, now));
        let taker = Taker {
            subjects: subjects.clone(),
            reader: Reader::new(fields),
            rows: AtomicU64::new(0),
            counts: Mutex::new(vec![HashMap::new(); subjects.len()]),
            cancel: pass.cancelled().clone(),
        };
        Self { pass, taker: Arc::new(taker), subjects }
    }

    /// Stops it.
    pub fn cancel(&self) {
        self.pass.cancel();
    }

    /// What there is of each subject, in their order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn run(
        &self,
        store: &Arc<dyn SpecStore>,
        stores: &dyn FactStores,
        cache: &Cache,
    ) -> Result<Vec<Sample>, StoreError> {
        if let [(Subject::Values(field), _)] = &*self.subjects
            && let Some(sample) = cache.sample(store, field, self.pass.now()).await
        {
            return Ok(vec![sample]);
        }
        let pass = self.pass.run(&**store, stores, Arc::clone(&self.taker), || {});
        tokio::pin!(pass);
        let ended = tokio::time::timeout(TIME, &mut pass).await;
        match ended {
            Ok(result) => result?,
            Err(_) => {
                self.pass.cancel();
                pass.await?;
            }
        }
        let is_whole = !self.pass.cancelled().is_cancelled();
        let mut counts = self.taker.counts.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(counts.iter_mut().map(|counts| sample(std::mem::take(counts), is_whole)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_in_the_envelope_that_have_a_value() {
        let plain = Value::Container(r#"{"hw:cpu_policy": "dedicated", "my:key": null}"#.into());
        assert_eq!(keys(&plain), ["hw:cpu_policy"]);
        let enveloped =
            r#"{"nova_object.name": "ImageMetaProps", "nova_object.data": {"hw_disk_bus": "scsi"}}"#;
        assert_eq!(keys(&Value::Container(enveloped.into())), ["hw_disk_bus"]);
        assert!(keys(&Value::Text("hw".into())).is_empty());
    }

    #[test]
    fn the_most_frequent_are_given() {
        let counts = (0..GIVEN as u64 + 9).map(|rows| (rows.to_string().into_boxed_str(), rows));
        let sample = sample(counts, false);
        assert_eq!((sample.texts.len(), sample.is_whole), (GIVEN, false));
        assert_eq!(sample.texts[0], ("208".into(), 208));
    }
}
