//! What a search found: ids in the order in which they came, each with what it is sorted by, in blocks
//! that never change once they are full. An order is a permutation made when a page is asked for.
//!
//! Up to [`MOST`] hits are kept. With more, the hits are so dense that a page of them is found by
//! reading on from its key; none is kept then.
//!
//! Imports `query` and [`super::keys`]; no I/O.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::keys::{Dictionary, Key, KeyReader, Kind, NO_MOMENT, moment};
use super::packed::Texts;
use crate::query::order::MOST_SORTED;
use crate::query::{Order, PageFrom, PageKey, PageRequest, SortKey};
use crate::store::Cancel;

/// Hits that are kept one by one.
pub const MOST: usize = MOST_SORTED as usize;
/// Bytes of what they are sorted by, where each has a value of its own.
const BYTES: usize = 48 << 20;
/// Hits of one block; so many are sorted at a time.
const BLOCK: usize = 1 << 16;

/// Ids, four bytes each where they lie near each other.
#[derive(Debug)]
enum Ids {
    Near(i64, Vec<u32>),
    Far(Vec<i64>),
}

impl Ids {
    fn of(ids: &[i64]) -> Self {
        let least = ids.iter().copied().min().unwrap_or(0);
        let near = ids.iter().map(|id| id.checked_sub(least).and_then(|offset| u32::try_from(offset).ok()));
        match near.collect() {
            Some(offsets) => Self::Near(least, offsets),
            None => Self::Far(ids.to_vec()),
        }
    }

    fn get(&self, at: usize) -> i64 {
        match self {
            Self::Near(least, offsets) => least + i64::from(offsets.get(at).copied().unwrap_or(0)),
            Self::Far(ids) => ids.get(at).copied().unwrap_or(0),
        }
    }
}

/// What the hits of a block are sorted by.
#[derive(Debug, Clone)]
enum Values {
    None,
    Moments(Vec<i64>),
    /// Numbers of the dictionary.
    Codes(Vec<u32>),
    Texts(Texts),
}

/// Hits that came one after the other.
#[derive(Debug)]
struct Block {
    ids: Ids,
    values: Values,
}

/// The hits.
pub struct Hits {
    reader: Arc<KeyReader>,
    order: Order,
    blocks: Vec<Arc<Block>>,
    /// The block that is being filled.
    ids: Vec<i64>,
    values: Values,
    dictionary: Dictionary,
    /// Least and greatest id of all.
    ends: Option<(i64, i64)>,
    /// There are more than are kept.
    overflow: bool,
    most: usize,
    /// Of values that are kept one by one.
    bytes: usize,
}

impl Hits {
    /// None yet, for that order.
    pub fn new(order: &Order, reader: Arc<KeyReader>) -> Self {
        Self::with_room(order, reader, MOST)
    }

    fn with_room(order: &Order, reader: Arc<KeyReader>, most: usize) -> Self {
        let values = match reader.kind() {
            Kind::Id => Values::None,
            Kind::Moment => Values::Moments(Vec::new()),
            Kind::Any => Values::Codes(Vec::new()),
        };
        Self {
            reader,
            order: order.clone(),
            blocks: Vec::new(),
            ids: Vec::new(),
            values,
            dictionary: Dictionary::default(),
            ends: None,
            overflow: false,
            most,
            bytes: 0,
        }
    }

    /// One more.
    pub fn push(&mut self, id: i64, key: Key) {
        let (first, last) = self.ends.unwrap_or((id, id));
        self.ends = Some((first.min(id), last.max(id)));
        if self.overflow {
            return;
        }
        if self.count() >= self.most || self.bytes > BYTES {
            self.overflow = true;
            (self.blocks, self.ids, self.values) = (Vec::new(), Vec::new(), Values::None);
            self.dictionary = Dictionary::default();
            return;
        }
        self.ids.push(id);
        match (&mut self.values, key) {
            (Values::None, _) => {}
            (Values::Moments(moments), Key::Moment(moment)) => moments.push(moment),
            (Values::Moments(moments), _) => moments.push(NO_MOMENT),
            (Values::Texts(texts), Key::Any(key)) => self.bytes += texts.push(&key),
            (Values::Texts(texts), _) => self.bytes += texts.push(&SortKey::MISSING),
            (Values::Codes(codes), key) => {
                let key = if let Key::Any(key) = key { key } else { SortKey::MISSING };
                match self.dictionary.code(&key) {
                    Some(code) => codes.push(code),
                    None => {
                        self.spread();
                        if let Values::Texts(texts) = &mut self.values {
                            self.bytes += texts.push(&key);
                        }
                    }
                }
            }
        }
        if self.ids.len() >= BLOCK {
            let fresh = match &self.values {
                Values::None => Values::None,
                Values::Moments(_) => Values::Moments(Vec::with_capacity(BLOCK)),
                Values::Codes(_) => Values::Codes(Vec::with_capacity(BLOCK)),
                Values::Texts(_) => Values::Texts(Texts::default()),
            };
            let values = std::mem::replace(&mut self.values, fresh);
            self.blocks.push(Arc::new(Block { ids: Ids::of(&self.ids), values }));
            self.ids.clear();
        }
    }

    /// Too many different values for a dictionary: each hit has its own from now on.
    fn spread(&mut self) {
        let known = self.dictionary.values();
        let mut bytes = 0;
        let mut texts = |values: &Values| match values {
            Values::Codes(codes) => {
                let mut texts = Texts::default();
                for code in codes {
                    bytes += texts.push(known.get(*code as usize).unwrap_or(&SortKey::MISSING));
                }
                Values::Texts(texts)
            }
            other => other.clone(),
        };
        self.values = texts(&self.values);
        for block in &mut self.blocks {
            let ids: Vec<i64> = (0..BLOCK).map(|at| block.ids.get(at)).collect();
            *block = Arc::new(Block { ids: Ids::of(&ids), values: texts(&block.values) });
        }
        self.bytes = bytes;
        self.dictionary = Dictionary::default();
    }

    /// How many are kept.
    pub fn count(&self) -> usize {
        self.blocks.len() * BLOCK + self.ids.len()
    }

    /// Least and greatest id, where there are too many to keep.
    pub fn overflow(&self) -> Option<(i64, i64)> {
        self.ends.filter(|_| self.overflow)
    }

    /// What is there now, to be sorted aside.
    pub fn snapshot(&self) -> Snapshot {
        let mut blocks = self.blocks.clone();
        if !self.ids.is_empty() {
            blocks.push(Arc::new(Block { ids: Ids::of(&self.ids), values: self.values.clone() }));
        }
        let values = self.dictionary.values();
        let mut by_value: Vec<u32> = (0..values.len() as u32).collect();
        let value = |code: &u32| values.get(*code as usize).unwrap_or(&SortKey::MISSING);
        by_value.sort_by(|one, other| self.order.compare((value(one), 0), (value(other), 0)));
        let mut ranks = vec![0; values.len()];
        for (rank, code) in by_value.iter().enumerate() {
            if let Some(place) = ranks.get_mut(*code as usize) {
                *place = rank as u32;
            }
        }
        let count = self.count();
        Snapshot { reader: Arc::clone(&self.reader), order: self.order.clone(), blocks, values, ranks, count }
    }
}

/// The hits at a moment.
pub struct Snapshot {
    reader: Arc<KeyReader>,
    order: Order,
    blocks: Vec<Arc<Block>>,
    /// Of the dictionary.
    values: Vec<SortKey>,
    /// The places of these in the order.
    ranks: Vec<u32>,
    count: usize,
}

impl Snapshot {
    fn id(&self, hit: u32) -> i64 {
        let at = hit as usize;
        self.blocks.get(at / BLOCK).map_or(0, |block| block.ids.get(at % BLOCK))
    }

    fn compare(&self, one: u32, other: u32) -> Ordering {
        let values = |hit: u32| {
            let at = hit as usize;
            (self.blocks.get(at / BLOCK).map(|block| &block.values), at % BLOCK)
        };
        let descending = self.order.descending;
        let turned = |order: Ordering| if descending { order.reverse() } else { order };
        let ((first, at), (second, other_at)) = (values(one), values(other));
        let by_value = match (first, second) {
            (Some(Values::Moments(first)), Some(Values::Moments(second))) => {
                let number =
                    |numbers: &[i64], at: usize| numbers.get(at).copied().filter(|known| *known != NO_MOMENT);
                match (number(first, at), number(second, other_at)) {
                    (Some(first), Some(second)) => turned(first.cmp(&second)),
                    (first, second) => first.is_none().cmp(&second.is_none()),
                }
            }
            (Some(Values::Codes(first)), Some(Values::Codes(second))) => {
                let rank = |codes: &[u32], at: usize| {
                    codes.get(at).and_then(|code| self.ranks.get(*code as usize)).copied()
                };
                rank(first, at).cmp(&rank(second, other_at))
            }
            (Some(Values::Texts(first)), Some(Values::Texts(second))) => {
                match (first.is_missing(at), second.is_missing(other_at)) {
                    (false, false) => turned(first.compare(at, second, other_at)),
                    (missing, other_missing) => missing.cmp(&other_missing),
                }
            }
            _ => Ordering::Equal,
        };
        by_value.then_with(|| turned(self.id(one).cmp(&self.id(other))))
    }

    /// What a hit is sorted by.
    fn sort_key(&self, hit: u32) -> SortKey {
        let at = hit as usize;
        let place = at % BLOCK;
        match self.blocks.get(at / BLOCK).map(|block| &block.values) {
            Some(Values::Codes(codes)) => codes
                .get(place)
                .and_then(|code| self.values.get(*code as usize))
                .cloned()
                .unwrap_or(SortKey::MISSING),
            Some(Values::Texts(texts)) => texts.get(place),
            // By id.
            _ => self.reader.of_id(self.id(hit)),
        }
    }

    /// Sorts them; None where that is not wanted any more.
    pub fn sort(self, cancel: &Cancel) -> Option<Sorted> {
        let began = Instant::now();
        let mut hits: Vec<u32> = (0..u32::try_from(self.count).ok()?).collect();
        for block in hits.chunks_mut(BLOCK / 4) {
            if cancel.is_cancelled() {
                return None;
            }
            block.sort_by(|one, other| self.compare(*one, *other));
        }
        let (mut width, mut merged) = (BLOCK / 4, Vec::with_capacity(hits.len()));
        while width < hits.len() {
            merged.clear();
            for pair in hits.chunks(width * 2) {
                let (one, other) = pair.split_at(width.min(pair.len()));
                if !self.merge(one, other, &mut merged, cancel) {
                    return None;
                }
            }
            std::mem::swap(&mut hits, &mut merged);
            width *= 2;
        }
        Some(Sorted { hits, made: Instant::now(), took: began.elapsed(), snapshot: self })
    }

    /// Two sorted runs into one; false where that is not wanted any more.
    fn merge(&self, mut one: &[u32], mut other: &[u32], into: &mut Vec<u32>, cancel: &Cancel) -> bool {
        // Runs that came in order are common.
        if let (Some(last), Some(first)) = (one.last(), other.first())
            && self.compare(*last, *first).is_le()
        {
            into.extend_from_slice(one);
            into.extend_from_slice(other);
            return !cancel.is_cancelled();
        }
        while let (Some((first, rest)), Some((second, other_rest))) = (one.split_first(), other.split_first())
        {
            if self.compare(*first, *second).is_le() {
                into.push(*first);
                one = rest;
            } else {
                into.push(*second);
                other = other_rest;
            }
            if into.len().is_multiple_of(BLOCK) && cancel.is_cancelled() {
                return false;
            }
        }
        into.extend_from_slice(one);
        into.extend_from_slice(other);
        true
    }
}

/// Hits in their order.
pub struct Sorted {
    snapshot: Snapshot,
    hits: Vec<u32>,
    made: Instant,
    took: Duration,
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
        let by_id = if order.descending { key.id.cmp(&id) } else { id.cmp(&key.id) };
        if self.snapshot.reader.kind() != Kind::Moment {
            return by_id;
        }
        let at = hit as usize;
        let number = match self.snapshot.blocks.get(at / BLOCK).map(|block| &block.values) {
            Some(Values::Moments(numbers)) => numbers.get(at % BLOCK).copied().unwrap_or(NO_MOMENT),
            _ => NO_MOMENT,
        };
        let other = moment(&key.updated);
        let by_moment = match (number == NO_MOMENT, other == NO_MOMENT) {
            (false, false) if order.descending => other.cmp(&number),
            (false, false) => number.cmp(&other),
            (none, other_none) => none.cmp(&other_none),
        };
        by_moment.then(by_id)
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

    /// The ids of the hits there, each with what it is sorted by.
    pub fn ids(&self, places: Range<usize>) -> Vec<(i64, Option<SortKey>)> {
        let is_native = self.snapshot.order.native().is_some();
        let hit = |hit: &u32| (self.snapshot.id(*hit), (!is_native).then(|| self.snapshot.sort_key(*hit)));
        self.hits.get(places).unwrap_or_default().iter().map(hit).collect()
    }
}

#[cfg(test)]
#[path = "hits_tests.rs"]
mod tests;
