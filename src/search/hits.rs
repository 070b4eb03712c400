//! What a search found: ids in the order in which they came, each with what it is sorted by, in blocks
//! that never change once they are full. An order (`sorted`) is made when a page is asked for.
//!
//! Up to [`MOST`] hits are kept. With more, the hits are so dense that a page of them is found by
//! reading on from its key; none is kept then.
//!
//! A hit takes four bytes for its id, and what it is sorted by: nothing for an id, four bytes for a last
//! update, two for a value of the dictionary, sixteen for a uuid.
//!
//! Imports `query`, `keys` and `packed`; no I/O.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::keys::{Dictionary, Key, KeyReader, Kind, NO_MOMENT};
use super::packed::Texts;
use crate::query::order::MOST_SORTED;
use crate::query::{Order, SortKey};

/// Hits that are kept one by one.
pub const MOST: usize = MOST_SORTED as usize;
/// Bytes of what they are sorted by, where each has a value of its own.
const BYTES: usize = 48 << 20;
/// Hits of one block; so many are sorted at a time.
pub(super) const BLOCK: usize = 1 << 16;

/// Bytes that the hits of all searches take, and their orders.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// Bytes that the hits of all searches take now, about: columns leave them their room.
pub fn held() -> usize {
    HELD.load(Ordering::Relaxed)
}

/// Bytes that are counted as long as it lives.
#[derive(Debug)]
pub(super) struct Charge(usize);

impl Charge {
    pub fn new(bytes: usize) -> Self {
        HELD.fetch_add(bytes, Ordering::Relaxed);
        Self(bytes)
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        HELD.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Numbers, four bytes each where they lie near each other.
#[derive(Debug)]
pub(super) enum Numbers {
    Near(i64, Vec<u32>),
    Far(Vec<i64>),
}

impl Numbers {
    fn of(numbers: &[i64]) -> Self {
        let least = numbers.iter().copied().min().unwrap_or(0);
        let near = numbers
            .iter()
            .map(|number| number.checked_sub(least).and_then(|offset| u32::try_from(offset).ok()));
        match near.collect() {
            Some(offsets) => Self::Near(least, offsets),
            None => Self::Far(numbers.to_vec()),
        }
    }

    pub fn get(&self, at: usize) -> i64 {
        match self {
            Self::Near(least, offsets) => least + i64::from(offsets.get(at).copied().unwrap_or(0)),
            Self::Far(numbers) => numbers.get(at).copied().unwrap_or(0),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Near(_, offsets) => offsets.capacity() * size_of::<u32>(),
            Self::Far(numbers) => numbers.capacity() * size_of::<i64>(),
        }
    }
}

/// Moments in microseconds, four bytes each where they are whole seconds near each other.
#[derive(Debug)]
pub(super) enum Moments {
    /// Seconds since the least one; the greatest number stands for none.
    Seconds(i64, Vec<u32>),
    Exact(Vec<i64>),
}

impl Moments {
    const SECOND: i64 = 1_000_000;

    fn of(moments: &[i64]) -> Self {
        let known = moments.iter().copied().filter(|moment| *moment != NO_MOMENT);
        let least = known.min().unwrap_or(0).div_euclid(Self::SECOND);
        let second = |moment: &i64| match (*moment, moment.rem_euclid(Self::SECOND)) {
            (NO_MOMENT, _) => Some(u32::MAX),
            (moment, 0) => {
                u32::try_from(moment / Self::SECOND - least).ok().filter(|offset| *offset != u32::MAX)
            }
            _ => None,
        };
        match moments.iter().map(second).collect() {
            Some(seconds) => Self::Seconds(least, seconds),
            None => Self::Exact(moments.to_vec()),
        }
    }

    /// That one; [`NO_MOMENT`] where there is none.
    pub fn get(&self, at: usize) -> i64 {
        match self {
            Self::Seconds(least, seconds) => match seconds.get(at) {
                None | Some(&u32::MAX) => NO_MOMENT,
                Some(second) => (least + i64::from(*second)) * Self::SECOND,
            },
            Self::Exact(moments) => moments.get(at).copied().unwrap_or(NO_MOMENT),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Seconds(_, seconds) => seconds.capacity() * size_of::<u32>(),
            Self::Exact(moments) => moments.capacity() * size_of::<i64>(),
        }
    }
}

/// What the hits of a block are sorted by.
#[derive(Debug)]
pub(super) enum Values {
    None,
    Moments(Moments),
    /// Numbers of the dictionary for the first of them, values of their own for the others.
    Any(Vec<u16>, Texts),
}

/// Hits that came one after the other.
#[derive(Debug)]
pub(super) struct Block {
    pub ids: Numbers,
    pub values: Values,
    _charge: Charge,
}

/// What the hits of the block that is being filled are sorted by.
#[derive(Debug, Clone)]
enum Filling {
    None,
    Moments(Vec<i64>),
    Any(Vec<u16>, Texts),
}

impl Filling {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Id => Self::None,
            Kind::Moment => Self::Moments(Vec::new()),
            Kind::Any => Self::Any(Vec::new(), Texts::default()),
        }
    }
}

impl Block {
    fn of(ids: &[i64], values: Filling) -> Self {
        let ids = Numbers::of(ids);
        let (values, bytes) = match values {
            Filling::None => (Values::None, 0),
            Filling::Moments(moments) => {
                let moments = Moments::of(&moments);
                let bytes = moments.bytes();
                (Values::Moments(moments), bytes)
            }
            Filling::Any(mut codes, mut texts) => {
                codes.shrink_to_fit();
                texts.shrink();
                let bytes = codes.capacity() * size_of::<u16>() + texts.bytes();
                (Values::Any(codes, texts), bytes)
            }
        };
        let charge = Charge::new(ids.bytes() + bytes);
        Self { ids, values, _charge: charge }
    }
}

/// What is too much to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surplus {
    /// There are more hits than that.
    Hits(usize),
    /// What they are sorted by takes more bytes than that.
    Bytes(usize),
}

/// Hits that are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow {
    /// Least and greatest id.
    pub ends: (i64, i64),
    /// Why.
    pub surplus: Surplus,
}

/// The hits.
pub struct Hits {
    reader: Arc<KeyReader>,
    order: Order,
    blocks: Vec<Arc<Block>>,
    /// The block that is being filled.
    ids: Vec<i64>,
    values: Filling,
    dictionary: Dictionary,
    /// Least and greatest id of all.
    ends: Option<(i64, i64)>,
    surplus: Option<Surplus>,
    most: usize,
    room: usize,
    /// Of values that are kept one by one.
    bytes: usize,
}

impl Hits {
    /// None yet, for that order.
    pub fn new(order: &Order, reader: Arc<KeyReader>) -> Self {
        Self::with_room(order, reader, MOST, BYTES)
    }

    fn with_room(order: &Order, reader: Arc<KeyReader>, most: usize, room: usize) -> Self {
        Self {
            values: Filling::new(reader.kind()),
            reader,
            order: order.clone(),
            blocks: Vec::new(),
            ids: Vec::new(),
            dictionary: Dictionary::default(),
            ends: None,
            surplus: None,
            most,
            room,
            bytes: 0,
        }
    }

    /// One more.
    pub fn push(&mut self, id: i64, key: Key) {
        let (first, last) = self.ends.unwrap_or((id, id));
        self.ends = Some((first.min(id), last.max(id)));
        if self.surplus.is_some() {
            return;
        }
        self.surplus = if self.count() >= self.most {
            Some(Surplus::Hits(self.most))
        } else if self.bytes > self.room {
            Some(Surplus::Bytes(self.room))
        } else {
            None
        };
        if self.surplus.is_some() {
            (self.blocks, self.ids, self.values) = (Vec::new(), Vec::new(), Filling::None);
            self.dictionary = Dictionary::default();
            return;
        }
        self.ids.push(id);
        match (&mut self.values, key) {
            (Filling::None, _) => {}
            (Filling::Moments(moments), Key::Moment(moment)) => moments.push(moment),
            (Filling::Moments(moments), _) => moments.push(NO_MOMENT),
            (Filling::Any(codes, texts), key) => {
                let key = if let Key::Any(key) = key { key } else { SortKey::MISSING };
                // The first ones of a block have numbers, all after one that has none have none.
                let code = if texts.is_empty() { self.dictionary.code(&key) } else { None };
                match code {
                    Some(code) => codes.push(code),
                    None => self.bytes += texts.push(&key),
                }
            }
        }
        if self.ids.len() >= BLOCK {
            let values = std::mem::replace(&mut self.values, Filling::new(self.reader.kind()));
            self.blocks.push(Arc::new(Block::of(&self.ids, values)));
            self.ids.clear();
        }
    }

    /// How many are kept.
    pub fn count(&self) -> usize {
        self.blocks.len() * BLOCK + self.ids.len()
    }

    /// Where there are too many to keep.
    pub fn overflow(&self) -> Option<Overflow> {
        self.ends.zip(self.surplus).map(|(ends, surplus)| Overflow { ends, surplus })
    }

    /// What is there now, to be sorted aside.
    pub fn now(&self) -> Now {
        Now {
            reader: Arc::clone(&self.reader),
            order: self.order.clone(),
            blocks: self.blocks.clone(),
            ids: self.ids.clone(),
            values: self.values.clone(),
            known: self.dictionary.values(),
        }
    }
}

/// The hits at a moment, taken without any work.
pub struct Now {
    pub(super) reader: Arc<KeyReader>,
    pub(super) order: Order,
    blocks: Vec<Arc<Block>>,
    ids: Vec<i64>,
    values: Filling,
    /// The values of the dictionary.
    pub(super) known: Arc<[SortKey]>,
}

impl Now {
    /// Their number, and their blocks, all but the last one of [`BLOCK`] hits.
    pub(super) fn blocks(&mut self) -> (usize, Vec<Arc<Block>>) {
        let count = self.blocks.len() * BLOCK + self.ids.len();
        let mut blocks = std::mem::take(&mut self.blocks);
        if !self.ids.is_empty() {
            let values = std::mem::replace(&mut self.values, Filling::None);
            blocks.push(Arc::new(Block::of(&std::mem::take(&mut self.ids), values)));
        }
        (count, blocks)
    }
}

#[cfg(test)]
#[path = "hits_tests.rs"]
mod tests;
