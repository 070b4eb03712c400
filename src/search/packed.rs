//! Sort keys one after the other in one piece of memory, uuids in half their length.
//!
//! Imports `query`; no I/O.

use std::cmp::Ordering;

use crate::query::SortKey;

/// What stands before the bytes of a value.
const MISSING: u8 = 0;
const UUID: u8 = 1;
const TEXT: u8 = 2;
const INTEGER: u8 = 3;
const OTHER: u8 = 4;

/// Bytes of a uuid, and characters of its text.
const SHORT: usize = 16;
const LONG: usize = 36;

/// Values of consecutive hits.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// The first ones, as long as all are uuids.
    uuids: Vec<[u8; SHORT]>,
    /// Of the others.
    ends: Vec<u32>,
    bytes: Vec<u8>,
    /// Values that are no texts.
    others: Vec<SortKey>,
}

impl Texts {
    /// One more; gives how many bytes it takes, about.
    pub fn push(&mut self, key: &SortKey) -> usize {
        if self.ends.is_empty()
            && let Some(uuid) = key.as_text().and_then(short)
        {
            self.uuids.push(uuid);
            return SHORT;
        }
        let before = self.bytes.len();
        if key.is_missing() {
            self.bytes.push(MISSING);
        } else if let Some(text) = key.as_text() {
            match short(text) {
                Some(uuid) => {
                    self.bytes.push(UUID);
                    self.bytes.extend_from_slice(&uuid);
                }
                None => {
                    self.bytes.push(TEXT);
                    self.bytes.extend_from_slice(text.as_bytes());
                }
            }
        } else if let Some(integer) = key.as_integer() {
            self.bytes.push(INTEGER);
            self.bytes.extend_from_slice(&integer.to_le_bytes());
        } else {
            self.bytes.push(OTHER);
            self.bytes.extend_from_slice(&(self.others.len() as u32).to_le_bytes());
            self.others.push(key.clone());
        }
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        let other = if key.as_text().is_none() { key.heap_bytes() } else { 0 };
        self.bytes.len() - before + size_of::<u32>() + other
    }

    /// Whether there is none yet.
    pub fn is_empty(&self) -> bool {
        self.uuids.is_empty() && self.ends.is_empty()
    }

    /// No more come.
    pub fn shrink(&mut self) {
        self.uuids.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.bytes.shrink_to_fit();
        self.others.shrink_to_fit();
    }

    /// Bytes that they take, about.
    pub fn bytes(&self) -> usize {
        let others: usize = self.others.iter().map(SortKey::heap_bytes).sum();
        self.uuids.capacity() * SHORT
            + self.ends.capacity() * size_of::<u32>()
            + self.bytes.capacity()
            + self.others.capacity() * size_of::<SortKey>()
            + others
    }

    fn slice(&self, at: usize) -> (u8, &[u8]) {
        let at = match self.uuids.get(at) {
            Some(uuid) => return (UUID, uuid),
            None => at - self.uuids.len(),
        };
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let end = self.ends.get(at).map_or(start, |end| *end as usize);
        match self.bytes.get(start..end).and_then(<[u8]>::split_first) {
            Some((tag, rest)) => (*tag, rest),
            None => (MISSING, &[]),
        }
    }

    /// Whether that one has no value.
    pub fn is_missing(&self, at: usize) -> bool {
        self.slice(at).0 == MISSING
    }

    /// That one.
    pub fn get(&self, at: usize) -> SortKey {
        let (tag, bytes) = self.slice(at);
        match tag {
            UUID => SortKey::from(&*String::from_utf8_lossy(&long(bytes))),
            TEXT => SortKey::from(&*String::from_utf8_lossy(bytes)),
            INTEGER => {
                bytes.try_into().map_or(SortKey::MISSING, |bytes| SortKey::from(i64::from_le_bytes(bytes)))
            }
            OTHER => {
                let number = bytes.try_into().map_or(usize::MAX, |bytes| u32::from_le_bytes(bytes) as usize);
                self.others.get(number).cloned().unwrap_or(SortKey::MISSING)
            }
            _ => SortKey::MISSING,
        }
    }

    /// How two that have a value compare.
    pub fn compare(&self, at: usize, other: &Self, other_at: usize) -> Ordering {
        let ((tag, bytes), (other_tag, other_bytes)) = (self.slice(at), other.slice(other_at));
        match (tag, other_tag) {
            (UUID, UUID) | (TEXT, TEXT) => bytes.cmp(other_bytes),
            (UUID, TEXT) => long(bytes)[..].cmp(other_bytes),
            (TEXT, UUID) => bytes.cmp(&long(other_bytes)[..]),
            _ => self.get(at).cmp(&other.get(other_at)),
        }
    }
}

/// The bytes of a uuid in its usual form: lower case, four hyphens. Their order is that of the texts.
fn short(text: &str) -> Option<[u8; SHORT]> {
    let text: &[u8; LONG] = text.as_bytes().try_into().ok()?;
    let (mut uuid, mut digits) = ([0; SHORT], 0);
    for (at, character) in text.iter().enumerate() {
        let digit = match (at, character) {
            (8 | 13 | 18 | 23, b'-') => continue,
            (8 | 13 | 18 | 23, _) => return None,
            (_, b'0'..=b'9') => character - b'0',
            (_, b'a'..=b'f') => character - b'a' + 10,
            _ => return None,
        };
        if let Some(byte) = uuid.get_mut(digits / 2) {
            *byte = *byte << 4 | digit;
        }
        digits += 1;
    }
    Some(uuid)
}

/// Its text.
fn long(uuid: &[u8]) -> [u8; LONG] {
    let mut text = [b'-'; LONG];
    let mut places = (0..LONG).filter(|at| !matches!(at, 8 | 13 | 18 | 23));
    for byte in uuid {
        for digit in [byte >> 4, byte & 15] {
            if let Some(place) = places.next().and_then(|at| text.get_mut(at)) {
                *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(of: &[&str]) -> Texts {
        let mut texts = Texts::default();
        for text in of {
            texts.push(&SortKey::from(*text));
        }
        texts
    }

    #[test]
    fn values_come_back() {
        let given = [
            "3ba1be6a-959f-4f8e-b851-632ac19fde8a",
            "3BA1be6a-959f-4f8e-b851-632ac19fde8a",
            "",
            "größe",
            "3ba1be6a-959f-4f8e-b851-632ac19fde8",
            "3ba1be6a+959f-4f8e-b851-632ac19fde8a",
        ];
        let mut texts = texts(&given);
        texts.push(&SortKey::MISSING);
        texts.push(&SortKey::from(-5));
        for (at, text) in given.iter().enumerate() {
            assert_eq!(texts.get(at), SortKey::from(*text));
        }
        assert!(texts.is_missing(given.len()) && !texts.is_missing(2));
        assert_eq!(texts.get(given.len()), SortKey::MISSING);
        assert_eq!(texts.get(given.len() + 1), SortKey::from(-5));
    }

    proptest::proptest! {
        #[test]
        fn they_compare_as_the_texts_do(
            one in "[0-9a-f]{8}-0000-4000-8000-00000000000[0-9a-g]|[0-9a-z-]{0,5}",
            other in "[0-9a-f]{8}-0000-4000-8000-00000000000[0-9a-g]|[0-9a-z-]{0,5}",
        ) {
            let texts = texts(&[&one, &other]);
            proptest::prop_assert_eq!(texts.compare(0, &texts, 1), one.cmp(&other));
        }
    }
}
