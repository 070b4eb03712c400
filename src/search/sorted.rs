//! Hits in an order: a permutation of what a search found until a moment, and pages of it.
//!
//! Imports `query`, [`super::hits`], [`super::keys`] and [`super::packed`]; no I/O.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::hits::{BLOCK, Block, Charge, Now, Values};
use super::keys::{KeyReader, Kind, NO_MOMENT, moment};
use super::packed::Texts;
use crate::query::{Order, PageFrom, PageKey, PageRequest, SortKey};
use crate::store::Cancel;

/// The hits at a moment.
pub struct Snapshot {
    reader: Arc<KeyReader>,
    order: Order,
    blocks: Vec<Arc<Block>>,
    /// Of the dictionary.
    known: Texts,
    /// The places of these in the order.
    ranks: Vec<u32>,
    count: usize,
}

/// A hit among the others of its search, whatever has become of its row since it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its id.
    pub id: i64,
    /// What it is sorted by, where that is none of the orders in which databases page.
    pub sort: Option<SortKey>,
    /// Its last update, in microseconds since 1970, where it is sorted by that.
    pub moment: Option<i64>,
}

/// Where the value of a hit is.
enum Value<'a> {
    /// In the dictionary.
    Known(usize),
    /// With the hit.
    Own(&'a Texts, usize),
}

impl Snapshot {
    /// Of these hits.
    pub fn of(mut now: Now) -> Self {
        let (count, blocks) = now.blocks();
        let Now { reader, order, known: values, .. } = now;
        let mut by_value: Vec<u32> = (0..values.len() as u32).collect();
        let value = |code: &u32| values.get(*code as usize).unwrap_or(&SortKey::MISSING);
        by_value.sort_by(|one, other| order.compare((value(one), 0), (value(other), 0)));
        let mut ranks = vec![0; values.len()];
        for (rank, code) in by_value.iter().enumerate() {
            if let Some(place) = ranks.get_mut(*code as usize) {
                *place = rank as u32;
            }
        }
        let mut known = Texts::default();
        for value in &*values {
            known.push(value);
        }
        Self { reader, order, blocks, known, ranks, count }
    }

    fn id(&self, hit: u32) -> i64 {
        let at = hit as usize;
        self.blocks.get(at / BLOCK).map_or(0, |block| block.ids.get(at % BLOCK))
    }

    fn moment(&self, hit: u32) -> i64 {
        let at = hit as usize;
        match self.blocks.get(at / BLOCK).map(|block| &block.values) {
            Some(Values::Moments(moments)) => moments.get(at % BLOCK),
            _ => NO_MOMENT,
        }
    }

    fn value(&self, hit: u32) -> Option<Value<'_>> {
        let (block, at) = (hit as usize / BLOCK, hit as usize % BLOCK);
        match &self.blocks.get(block)?.values {
            Values::Any(codes, texts) => Some(match codes.get(at) {
                Some(code) => Value::Known(usize::from(*code)),
                None => Value::Own(texts, at - codes.len()),
            }),
            _ => None,
        }
    }

    fn turned(&self, order: Ordering) -> Ordering {
        if self.order.descending { order.reverse() } else { order }
    }

    fn compare(&self, one: u32, other: u32) -> Ordering {
        let by_value = match self.reader.kind() {
            Kind::Id => Ordering::Equal,
            Kind::Moment => self.compare_moments(self.moment(one), self.moment(other)),
            Kind::Any => match (self.value(one), self.value(other)) {
                (Some(one), Some(other)) => self.compare_values(one, other),
                _ => Ordering::Equal,
            },
        };
        by_value.then_with(|| self.turned(self.id(one).cmp(&self.id(other))))
    }

    fn compare_moments(&self, one: i64, other: i64) -> Ordering {
        match (one == NO_MOMENT, other == NO_MOMENT) {
            (false, false) => self.turned(one.cmp(&other)),
            (none, other_none) => none.cmp(&other_none),
        }
    }

    fn compare_values(&self, one: Value<'_>, other: Value<'_>) -> Ordering {
        if let (Value::Known(one), Value::Known(other)) = (&one, &other) {
            return self.ranks.get(*one).cmp(&self.ranks.get(*other));
        }
        let found = |value| match value {
            Value::Known(code) => (&self.known, code),
            Value::Own(texts, at) => (texts, at),
        };
        let ((first, at), (second, other_at)) = (found(one), found(other));
        match (first.is_missing(at), second.is_missing(other_at)) {
            (false, false) => self.turned(first.compare(at, second, other_at)),
            (missing, other_missing) => missing.cmp(&other_missing),
        }
    }

    /// What a hit is sorted by.
    fn sort_key(&self, hit: u32) -> SortKey {
        match self.value(hit) {
            Some(Value::Known(code)) => self.known.get(code),
            Some(Value::Own(texts, at)) => texts.get(at),
            // By id.
            None => self.reader.of_id(self.id(hit)),
        }
    }

    /// Sorts them; None where that is not wanted any more.
    pub fn sort(self, cancel: &Cancel) -> Option<Sorted> {
        let began = Instant::now();
        let count = u32::try_from(self.count).ok()?;
        let charge = Charge::new(self.count * size_of::<u32>());
        let mut hits: Vec<u32> = (0..count).collect();
        for block in hits.chunks_mut(BLOCK / 4) {
            if cancel.is_cancelled() {
                return None;
            }
            block.sort_unstable_by(|one, other| self.compare(*one, *other));
        }
        let (mut width, mut aside) = (BLOCK / 4, Vec::new());
        while width < hits.len() {
            for pair in hits.chunks_mut(width * 2).filter(|pair| pair.len() > width) {
                if !self.merge(pair, width, &mut aside, cancel) {
                    return None;
                }
            }
            width *= 2;
        }
        let (made, took) = (Instant::now(), began.elapsed());
        Some(Sorted { hits, made, took, snapshot: self, _charge: charge })
    }

    /// Two sorted runs in one place, the first of that width, into one; false where that is not wanted
    /// any more.
    fn merge(&self, pair: &mut [u32], width: usize, aside: &mut Vec<u32>, cancel: &Cancel) -> bool {
        // Runs that came in order are common.
        if let (Some(last), Some(first)) = (pair.get(width - 1), pair.get(width))
            && self.compare(*last, *first).is_le()
        {
            return !cancel.is_cancelled();
        }
        aside.clear();
        aside.extend_from_slice(pair.get(..width).unwrap_or_default());
        let (mut one, mut other, mut to) = (0, width, 0);
        // What is left of the second run stands in its place already.
        while let Some(first) = aside.get(one) {
            let least = match pair.get(other) {
                Some(second) if self.compare(*second, *first).is_lt() => {
                    other += 1;
                    *second
                }
                _ => {
                    one += 1;
                    *first
                }
            };
            if let Some(place) = pair.get_mut(to) {
                *place = least;
            }
            to += 1;
            if to.is_multiple_of(BLOCK) && cancel.is_cancelled() {
                return false;
            }
        }
        true
    }
}

/// Hits in their order.
pub struct Sorted {
    snapshot: Snapshot,
    hits: Vec<u32>,
    made: Instant,
    took: Duration,
    _charge: Charge,
}

impl Sorted {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.hits.len()
    }

    /// Whether they may still be shown while more are found: sorting anew shall not take most of the time.
    pub fn is_fresh(&self) -> bool {
        self.made.elapsed() < self.took * 4
    }

    /// Whether the hit stands before that key, is the one with it, or stands after it.
    fn with(&self, hit: u32, key: &PageKey) -> Ordering {
        let Snapshot { order, .. } = &self.snapshot;
        let id = self.snapshot.id(hit);
        if let Some(sort) = &key.sort {
            return order.compare((&self.snapshot.sort_key(hit), id), (sort, key.id));
        }
        let by_id = self.snapshot.turned(id.cmp(&key.id));
        if self.snapshot.reader.kind() != Kind::Moment {
            return by_id;
        }
        self.snapshot.compare_moments(self.snapshot.moment(hit), moment(&key.updated)).then(by_id)
    }

    /// Number of hits before that key.
    pub fn rank(&self, key: &PageKey) -> usize {
        self.hits.partition_point(|hit| self.with(*hit, key).is_lt())
    }

    /// Where a page stands in the order.
    pub fn page(&self, request: &PageRequest<PageKey, Order>) -> Range<usize> {
        let (limit, count) = (request.limit as usize, self.hits.len());
        let (start, end) = match &request.from {
            PageFrom::Start => (0, limit),
            PageFrom::End => (count.saturating_sub(limit), count),
            PageFrom::At(key) => {
                let at = self.rank(key);
                (at, at.saturating_add(limit))
            }
            PageFrom::After(key) => {
                let at = self.hits.partition_point(|hit| self.with(*hit, key).is_le());
                (at, at.saturating_add(limit))
            }
            PageFrom::Before(key) => {
                let at = self.rank(key);
                (at.saturating_sub(limit), at)
            }
        };
        let end = end.min(count);
        start.min(end)..end
    }

    /// The hits there.
    pub fn places(&self, places: Range<usize>) -> Vec<Place> {
        let snapshot = &self.snapshot;
        let is_native = snapshot.order.native().is_some();
        let is_by_moment = snapshot.reader.kind() == Kind::Moment;
        let place = |hit: &u32| Place {
            id: snapshot.id(*hit),
            sort: (!is_native).then(|| snapshot.sort_key(*hit)),
            moment: is_by_moment.then(|| snapshot.moment(*hit)),
        };
        self.hits.get(places).unwrap_or_default().iter().map(place).collect()
    }
}

#[cfg(test)]
#[path = "sorted_tests.rs"]
mod tests;
