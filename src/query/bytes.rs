//! A word in a stored text, letter case aside.
//!
//! Imports its siblings; no I/O.

use memchr::{memchr, memchr2};

use super::record::Record;
use super::{strings, walk};

/// A word to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case.
    text: String,
    /// The byte of `text` that is rarest in stored specs, and where it is.
    rare: (u8, usize),
}

impl Word {
    /// A word in lower case.
    pub fn new(text: &str) -> Self {
        let rarest = (0..text.len()).min_by_key(|&at| frequency(text.as_bytes()[at]));
        let rare = rarest.map_or((0, 0), |at| (text.as_bytes()[at], at));
        Self { text: text.to_owned(), rare }
    }

    /// Whether it is in the row's uuid, in its stored text, or in one of the text's decoded strings.
    pub fn is_in(&self, record: &Record<'_>, escapes: impl FnOnce() -> bool) -> bool {
        let spec = record.spec;
        if self.text.is_ascii()
            && (self.find(spec).is_some() || self.find(record.instance_uuid.as_bytes()).is_some())
        {
            return true;
        }
        // Some letters beyond ASCII become ASCII in lower case, the Kelvin sign is one.
        let foreign = !spec.is_ascii();
        if !foreign && !escapes() {
            return !record.instance_uuid.is_ascii() && self.is_in_text(record.instance_uuid);
        }
        if self.is_in_text(record.instance_uuid) || foreign && self.is_in_text(&String::from_utf8_lossy(spec))
        {
            return true;
        }
        strings::any(walk::readable(spec), &mut |text| self.is_in_text(text))
    }

    fn is_in_text(&self, text: &str) -> bool {
        text.to_lowercase().contains(&self.text)
    }

    /// Where it is first, upper and lower case alike; for a word in ASCII.
    fn find(&self, haystack: &[u8]) -> Option<usize> {
        let needle = self.text.as_bytes();
        let (byte, offset) = self.rare;
        let upper = byte.to_ascii_uppercase();
        let mut from = offset;
        while let Some(rest) = haystack.get(from..) {
            let found = if upper == byte { memchr(byte, rest) } else { memchr2(byte, upper, rest) };
            let start = from + found? - offset;
            match haystack.get(start..start + needle.len()) {
                Some(part) if part.eq_ignore_ascii_case(needle) => return Some(start),
                Some(_) => from = start + offset + 1,
                None => return None,
            }
        }
        None
    }
}

/// How often a byte is met in stored specs, in either case: 0 is rare.
fn frequency(byte: u8) -> usize {
    // Counted in specs that nova wrote, the most frequent first.
    const FREQUENT: &[u8] = b"\" eaontc,_:sirubdvml.pj012f4-hg836975{}yw[]qkxz=/\\>";
    let place = FREQUENT.iter().position(|known| *known == byte.to_ascii_lowercase());
    place.map_or(0, |place| FREQUENT.len() - place)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_search_agrees_with_the_obvious_one(haystack in "[a-cA-C]{0,12}", needle in "[a-c]{1,4}") {
            let obvious = haystack.to_lowercase().contains(&needle);
            proptest::prop_assert_eq!(Word::new(&needle).find(haystack.as_bytes()).is_some(), obvious);
        }
    }
}
