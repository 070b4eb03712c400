//! What hits are sorted by, and values that many hits share as numbers in a dictionary. With too many
//! different ones they are kept as [`super::packed`] does.
//!
//! Imports `query`; no I/O.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::values::owned;
use crate::query::extract::Extractor;
use crate::query::fields::Source;
use crate::query::record::{Facts, Record, Value};
use crate::query::time::{date_time, unix_seconds};
use crate::query::{Order, SortKey};

/// Different values in the dictionary at most; with more they are kept one by one.
pub const DISTINCT: usize = 50_000;
/// Bytes of these at most.
const BYTES: usize = 8 << 20;
/// Stands for what is no date.
pub const NO_MOMENT: i64 = i64::MIN;

/// How the values of an order are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Not at all: the id says it.
    Id,
    /// As moments, in microseconds since 1970: the order by last update, in which databases page.
    Moment,
    /// In a dictionary as long as that is small.
    Any,
}

/// The value of one hit.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// Of [`Kind::Id`].
    Id,
    /// Of [`Kind::Moment`].
    Moment(i64),
    /// Of [`Kind::Any`].
    Any(SortKey),
}

/// Reads what a row is sorted by.
pub struct KeyReader {
    order: Order,
    kind: Kind,
    extractor: Extractor,
}

impl KeyReader {
    /// For that order.
    pub fn new(order: &Order) -> Self {
        let kind = match (&order.field.source, order.native()) {
            (Source::Id, _) => Kind::Id,
            (_, Some(_)) => Kind::Moment,
            _ => Kind::Any,
        };
        let extractor = Extractor::new(std::slice::from_ref(&order.field));
        Self { order: order.clone(), kind, extractor }
    }

    /// How its keys are kept.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The key of a row.
    pub fn key(&self, row: &Record<'_>, facts: &Facts) -> Key {
        match self.kind {
            Kind::Id => Key::Id,
            Kind::Moment => Key::Moment(moment(row.updated)),
            Kind::Any => Key::Any(self.sort_key(row, facts)),
        }
    }

    /// What the order goes by.
    pub fn sort_key(&self, row: &Record<'_>, facts: &Facts) -> SortKey {
        let mut values: Vec<Value<'static>> = Vec::new();
        self.extractor.each(row, facts, &mut |_, value| values.push(owned(value)));
        self.order.key(&values)
    }

    /// The same of an id, for [`Kind::Id`].
    pub fn of_id(&self, id: i64) -> SortKey {
        self.order.key(&[Value::Number(id.to_string().into())])
    }
}

/// Microseconds since 1970 of a stored date; [`NO_MOMENT`] of what is none.
pub fn moment(stored: &str) -> i64 {
    let Some(seconds) = unix_seconds(stored) else { return NO_MOMENT };
    let digits = stored.get(20..).unwrap_or_default();
    let fraction = digits.bytes().take_while(u8::is_ascii_digit).chain(std::iter::repeat(b'0')).take(6);
    let fraction = fraction.fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    seconds.saturating_mul(1_000_000).saturating_add(fraction)
}

/// A stored date for such microseconds: [`moment`] gives them back. Written like another one of that
/// database.
pub fn written(moment: i64, like: &str) -> String {
    if moment == NO_MOMENT {
        return String::new();
    }
    let mut written = date_time(moment.div_euclid(1_000_000));
    if like.as_bytes().get(10) == Some(&b'T') {
        written = written.replace(' ', "T");
    }
    match moment.rem_euclid(1_000_000) {
        0 => written,
        fraction => format!("{written}.{fraction:06}"),
    }
}

/// Different values, each with its number. Once there are too many no more are asked for: most hits
/// would not have one.
#[derive(Debug, Default)]
pub struct Dictionary {
    codes: BTreeMap<SortKey, u16>,
    /// In the order of their numbers, once no more are taken.
    full: Option<Arc<[SortKey]>>,
    bytes: usize,
}

impl Dictionary {
    /// The number of a value; None where there are too many.
    pub fn code(&mut self, key: &SortKey) -> Option<u16> {
        if self.full.is_some() {
            return None;
        }
        if let Some(code) = self.codes.get(key) {
            return Some(*code);
        }
        if self.codes.len() >= DISTINCT || self.bytes > BYTES {
            self.full = Some(self.values());
            self.codes = BTreeMap::new();
            return None;
        }
        let code = u16::try_from(self.codes.len()).ok()?;
        self.bytes += key.heap_bytes();
        self.codes.insert(key.clone(), code);
        Some(code)
    }

    /// The values by their numbers.
    pub fn values(&self) -> Arc<[SortKey]> {
        if let Some(values) = &self.full {
            return Arc::clone(values);
        }
        let mut values = vec![SortKey::MISSING; self.codes.len()];
        for (key, code) in &self.codes {
            if let Some(place) = values.get_mut(usize::from(*code)) {
                *place = key.clone();
            }
        }
        values.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("1970-01-01 00:00:01", 1_000_000)]
    #[case("1970-01-01T00:00:00.5Z", 500_000)]
    #[case("1970-01-01 00:00:00.1234567", 123_456)]
    #[case("", NO_MOMENT)]
    #[case("yesterday", NO_MOMENT)]
    fn moments_are_read_to_the_microsecond(#[case] stored: &str, #[case] expected: i64) {
        assert_eq!(moment(stored), expected);
    }

    #[rstest::rstest]
    #[case("1970-01-01 00:00:01", "")]
    #[case("2024-02-29 23:59:59.000001", "2024-03-01 00:00:00")]
    #[case("1969-12-31 23:59:59.5", "2024-03-01T00:00:00")]
    #[case("2000-03-01 12:00:00", "x")]
    #[case("0000-00-00 00:00:00", "")]
    #[case("", "2024-03-01 00:00:00")]
    fn moments_are_written_as_they_are_read(#[case] stored: &str, #[case] like: &str) {
        let text = written(moment(stored), like);
        assert_eq!(moment(&text), moment(stored), "{text}");
        assert_eq!(text.contains('T'), like.contains('T'));
    }

    #[test]
    fn a_dictionary_has_an_end() {
        let mut dictionary = Dictionary::default();
        for number in 0..DISTINCT as i64 {
            assert_eq!(dictionary.code(&SortKey::from(number)), Some(number as u16));
        }
        assert_eq!(dictionary.code(&SortKey::from(7)), Some(7));
        assert_eq!(dictionary.code(&SortKey::from(-1)), None);
        assert_eq!(dictionary.code(&SortKey::from(7)), None, "no more are asked for");
        assert_eq!(dictionary.values()[7], SortKey::from(7));
    }
}
