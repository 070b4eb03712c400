//! A word in a stored text, letter case aside.
//!
//! Imports its siblings and `spec` (tokens); no I/O.

use super::record::Record;
use super::{strings, walk};
use crate::spec::scan;

/// How many places are looked at together.
const LANES: usize = 64;
/// How many of these are looked at anew where one may be it.
const PART: usize = 16;

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

    fn is(self, byte: u8) -> bool {
        byte & self.mask == self.bits
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
        let plain = if self.text.is_ascii() {
            match self.find(spec) {
                Found::Yes => return true,
                Found::No { plain } => plain,
            }
        } else {
            is_plain(spec)
        };
        // Some letters beyond ASCII become ASCII in lower case, the Kelvin sign is one.
        let in_uuid = match self.find(uuid.as_bytes()) {
            Found::Yes if self.text.is_ascii() => true,
            _ => !uuid.is_ascii() && self.is_in_text(uuid),
        };
        if in_uuid || plain {
            return in_uuid;
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

    /// Whether it is in these bytes, upper and lower case alike; for a word in ASCII. Where it is not,
    /// the same pass has seen whether they are plain.
    fn find(&self, haystack: &[u8]) -> Found {
        let needle = self.text.as_bytes();
        let [one, two, three] = self.rare;
        let is_at = |start: usize| {
            let word = haystack.get(start..start + needle.len());
            three.is(haystack[start + three.at]) && word.is_some_and(|word| word.eq_ignore_ascii_case(needle))
        };
        // Places at which the word may begin: for the last ones the lanes overlap those before.
        let places = (haystack.len() + 1).saturating_sub(needle.len());
        if places < LANES {
            return match (0..places).any(|start| one.is(haystack[start + one.at]) && is_at(start)) {
                true => Found::Yes,
                false => Found::No { plain: is_plain(haystack) },
            };
        }
        let lanes = |start: usize| -> Option<&[u8; LANES]> { haystack.get(start..)?.first_chunk() };
        let (mut start, mut odd) = (0, 0);
        while let (Some(ones), Some(twos), Some(bytes)) =
            (lanes(start + one.at), lanes(start + two.at), lanes(start))
        {
            // Without a branch, so that these become a few wide instructions.
            let is_rare = |lane: usize| u8::from(one.is(ones[lane])) & u8::from(two.is(twos[lane]));
            let any = |from: usize, to: usize| (from..to).fold(0, |any, lane| any | is_rare(lane)) != 0;
            odd |= bytes.iter().fold(0, oddness);
            if any(0, LANES) {
                let parts = (0..LANES).step_by(PART).filter(|&part| any(part, part + PART));
                let mut rare = parts.flat_map(|part| part..part + PART).filter(|&lane| is_rare(lane) != 0);
                if rare.any(|lane| is_at(start + lane)) {
                    return Found::Yes;
                }
            }
            if start + LANES >= places {
                break;
            }
            start = (start + LANES).min(places - LANES);
        }
        Found::No { plain: odd == 0 && is_plain(&haystack[start..]) }
    }
}

/// What a pass over bytes has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// The word.
    Yes,
    /// Not the word.
    No {
        /// Whether the bytes are ASCII without a backslash.
        plain: bool,
    },
}

/// Whether a text is ASCII without a backslash: its strings are stored as they are.
fn is_plain(text: &[u8]) -> bool {
    !text.chunks(256).any(|bytes| bytes.iter().fold(0, oddness) != 0)
}

/// Not 0 once a byte was a backslash or not ASCII.
fn oddness(odd: u8, byte: &u8) -> u8 {
    odd | (byte & 0x80) | u8::from(*byte == b'\\')
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
            before in "[a-cA-C:@`]{0,150}\\\\{0,1}[a-c]{0,80}", needle in "[a-c:@`]{1,4}", after in "[a-cA-C]{0,150}", put in proptest::bool::ANY,
        ) {
            let haystack = format!("{before}{}{after}", if put { needle.to_uppercase() } else { String::new() });
            let obvious = haystack.to_lowercase().contains(&needle);
            let plain = !haystack.contains('\\');
            let expected = if obvious { Found::Yes } else { Found::No { plain } };
            proptest::prop_assert_eq!(Word::new(&needle).find(haystack.as_bytes()), expected);
        }

        #[test]
        fn plain_texts_are_ascii_without_a_backslash(text in "[a-z]{0,600}", odd in "[a\\\\é]{0,1}", more in "[a-z]{0,300}") {
            let text = format!("{text}{odd}{more}");
            proptest::prop_assert_eq!(is_plain(text.as_bytes()), text.is_ascii() && !text.contains('\\'));
        }
    }
}
