//! Texts that many instances share, each kept once, within a bound.
//!
//! Imports nothing of ours but the hash of its sibling.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::table::hash;

/// Where a vocabulary has no room for more: whoever has it is looked up.
pub const NO_ROOM: u32 = u32::MAX;

/// Values by the text that they are made of. Their numbers count from 1.
#[derive(Debug)]
pub struct Vocabulary<T> {
    numbers: HashMap<Box<str>, u32, BuildHasherDefault<Fast>>,
    values: Vec<T>,
    /// Bytes that may still come.
    room: usize,
}

impl<T> Vocabulary<T> {
    /// An empty one that takes so many bytes of text.
    pub fn new(room: usize) -> Self {
        Self { numbers: HashMap::default(), values: Vec::new(), room }
    }

    /// The number of a text's value, made where it is new.
    pub fn number(&mut self, text: &str, value: impl FnOnce() -> T) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        // The value holds as much as the text, and both are kept in tables.
        let needed = 2 * text.len() + 128;
        let (Some(room), Ok(number)) = (self.room.checked_sub(needed), u32::try_from(self.values.len() + 1))
        else {
            return NO_ROOM;
        };
        self.room = room;
        self.values.push(value());
        self.numbers.insert(text.into(), number);
        number
    }

    /// The value of a number; None for 0 and where there was no room.
    pub fn get(&self, number: u32) -> Option<&T> {
        self.values.get((number as usize).checked_sub(1)?)
    }
}

/// The hasher of whole texts.
#[derive(Debug, Default)]
pub struct Fast(u64);

impl Hasher for Fast {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes, self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_and_what_has_no_room_has_none() {
        let mut vocabulary = Vocabulary::new(300);
        let first = vocabulary.number("one", || "1");
        assert_eq!((first, vocabulary.number("one", || "again")), (1, 1));
        assert_eq!(vocabulary.number("two", || "2"), 2);
        assert_eq!(vocabulary.number("three", || "3"), NO_ROOM);
        assert_eq!((vocabulary.get(1), vocabulary.get(2)), (Some(&"1"), Some(&"2")));
        assert_eq!((vocabulary.get(0), vocabulary.get(NO_ROOM)), (None, None));
    }
}
