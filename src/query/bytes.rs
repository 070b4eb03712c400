//! A word in a stored text, letter case aside.
//!
//! Imports its siblings and `spec` (tokens); no I/O.

use super::record::Record;
use super::{strings, walk};
use crate::spec::scan;

/// How many places are looked at together.
const LANES: usize = 64;

/// A word to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case.
    text: String,
    /// The bytes of `text` that are rarest in stored specs.
    rare: [Rare; 3],
}

/// A byte of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rare {
    /// Where it is in the word.
    at: usize,
    /// A byte of a text is this one if these of its bits..
    mask: u8,
    /// ..are these: the bit that tells letter cases apart is left out.
    bits: u8,
}

impl Rare {
    fn of(word: &[u8], at: usize) -> Self {
        let byte = word.get(at).copied().unwrap_or_default();
        let mask = if byte.is_ascii_alphabetic() { !0x20 } else { !0 };
        Self { at, mask, bits: byte & mask }
    }
}

impl Word {
    /// A word in lower case.
    pub fn new(text: &str) -> Self {
        let word = text.as_bytes();
        let mut places: Vec<usize> = (0..word.len()).collect();
        places.sort_by_key(|&at| frequency(word[at]));
        let rare = [0, 1, 2].map(|at| places.get(at).or(places.first()).copied().unwrap_or(0));
        Self { text: text.to_owned(), rare: rare.map(|at| Rare::of(word, at)) }
    }

    /// Whether it is in the row's uuid, in its stored text, or in one of the text's decoded strings.
    pub fn is_in(&self, record: &Record<'_>) -> bool {
        let (spec, uuid) = (record.spec, record.instance_uuid);
        if self.text.is_ascii() && (self.find(spec) || self.find(uuid.as_bytes())) {
            return true;
        }
        // Some letters beyond ASCII become ASCII in lower case, the Kelvin sign is one.
        if is_plain(spec) {
            return !uuid.is_ascii() && self.is_in_text(uuid);
        }
        if self.is_in_text(uuid) {
            return true;
        }
        // In ASCII only a string with escapes can say what the bytes do not.
        let foreign = !spec.is_ascii();
        if foreign && self.is_in_text(&String::from_utf8_lossy(spec)) {
            return true;
        }
        if !foreign && !self.may_span_escapes(spec) {
            return false;
        }
        strings::any(walk::readable(spec), !foreign, &mut |text| self.is_in_text(text))
    }

    /// Whether a character that is written as an escape is one of the word's: where none is, the word is
    /// in no decoded string that it is not in as stored.
    fn may_span_escapes(&self, spec: &[u8]) -> bool {
        let mut rest = spec;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            let escape = &rest[at..];
            // With its pair, where it is the first half of one.
            let pair = escape.len() > 7 && escape[1] == b'u' && escape[6..].starts_with(b"\\u");
            let token = escape.get(
                ..if pair {
                    12
                } else if escape.get(1) == Some(&b'u') {
                    6
                } else {
                    2
                },
            );
            let Some(token) = token.and_then(|token| std::str::from_utf8(token).ok()) else { return true };
            let decoded = scan::decode_string(token);
            let mut lower = decoded.chars().flat_map(char::to_lowercase);
            // The Greek sigma at the end of a word has a form of its own.
            if lower.any(|letter| letter == 'σ' || self.text.contains(letter)) {
                return true;
            }
            let used = if token.len() == 12 { 6 } else { token.len() };
            rest = &escape[used..];
        }
        false
    }

    fn is_in_text(&self, text: &str) -> bool {
        text.to_lowercase().contains(&self.text)
    }

    /// Whether it is in these bytes, upper and lower case alike; for a word in ASCII.
    fn find(&self, haystack: &[u8]) -> bool {
        let needle = self.text.as_bytes();
        let is_at = |start: usize| {
            haystack.get(start..start + needle.len()).is_some_and(|part| part.eq_ignore_ascii_case(needle))
        };
        let [one, two, three] = self.rare;
        // Places at which the word may begin: for the last ones the lanes overlap those before.
        let places = (haystack.len() + 1).saturating_sub(needle.len());
        if places < LANES {
            let is_rare = |start: usize| haystack[start + one.at] & one.mask == one.bits;
            return (0..places).any(|start| is_rare(start) && is_at(start));
        }
        let lanes = |start: usize, rare: Rare| -> Option<&[u8; LANES]> {
            haystack.get(start + rare.at..)?.first_chunk()
        };
        let mut start = 0;
        loop {
            let (Some(ones), Some(twos), Some(threes)) =
                (lanes(start, one), lanes(start, two), lanes(start, three))
            else {
                return false;
            };
            let is_rare = |lane: usize| {
                u8::from(ones[lane] & one.mask == one.bits)
                    & u8::from(twos[lane] & two.mask == two.bits)
                    & u8::from(threes[lane] & three.mask == three.bits)
            };
            // Without a branch, so that it becomes a few wide instructions.
            let any = (0..LANES).fold(0, |any, lane| any | is_rare(lane));
            if any != 0 && (0..LANES).any(|lane| is_rare(lane) != 0 && is_at(start + lane)) {
                return true;
            }
            if start + LANES >= places {
                return false;
            }
            start = (start + LANES).min(places - LANES);
        }
    }
}

/// Whether a text is ASCII without a backslash: its strings are stored as they are.
fn is_plain(text: &[u8]) -> bool {
    let odd = |odd: u8, byte: &u8| odd | (byte & 0x80) | u8::from(*byte == b'\\');
    !text.chunks(256).any(|bytes| bytes.iter().fold(0, odd) != 0)
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
        fn the_search_agrees_with_the_obvious_one(
            before in "[a-cA-C:@`]{0,150}", needle in "[a-c:@`]{1,4}", after in "[a-cA-C]{0,150}", put in proptest::bool::ANY,
        ) {
            let haystack = format!("{before}{}{after}", if put { needle.to_uppercase() } else { String::new() });
            let obvious = haystack.to_lowercase().contains(&needle);
            proptest::prop_assert_eq!(Word::new(&needle).find(haystack.as_bytes()), obvious);
        }

        #[test]
        fn plain_texts_are_ascii_without_a_backslash(text in "[a-z]{0,600}", odd in "[a\\\\é]{0,1}", more in "[a-z]{0,300}") {
            let text = format!("{text}{odd}{more}");
            proptest::prop_assert_eq!(is_plain(text.as_bytes()), text.is_ascii() && !text.contains('\\'));
        }
    }
}
