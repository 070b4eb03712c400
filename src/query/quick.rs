//! The quick filter: one text, looked for in the listed columns (instance uuid, flavor, zone,
//! project, image), upper and lower case alike.
//!
//! Most rows are decided on the stored bytes, without reading them as JSON: whether the text occurs
//! in the value of a member of the right name, and under which keys that stands. That is exact for
//! what nova writes: ASCII with `\u` escapes, so a row with a backslash, and a text that is not
//! ASCII, are decided on the [`Summary`], as is a row without the usual envelopes or with a key
//! twice. A row whose text is cut off behind the hit is found all the same.
//!
//! Imports `spec`; no I/O.

use memchr::{memchr, memchr2, memmem, memrchr};

use super::locate::{Locator, Place};
use crate::spec::summary::Summary;

/// The keys of the members that the listed fields are (`name` of flavor and image).
const LISTED: [&[u8]; 3] = [b"\"availability_zone\"", b"\"project_id\"", b"\"name\""];

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    /// Lower case.
    text: String,
    /// The byte of `text` that is rarest in stored specs, and where it is.
    rare: (u8, usize),
}

impl Needle {
    /// A needle of that text; None if there is nothing to look for.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let at = (0..text.len()).min_by_key(|&at| frequency(text.as_bytes()[at]))?;
        let rare = (text.as_bytes()[at], at);
        Some(Self { text, rare })
    }

    /// The text, in lower case.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a row is a hit: its uuid or one of the listed fields contains the text.
    pub fn matches(&self, instance_uuid: &str, spec: &[u8]) -> bool {
        self.is_in(instance_uuid)
            || match self.verdict(spec) {
                Place::Listed(_) => true,
                Place::Elsewhere => false,
                Place::Unsure => self.is_in_summary(&Summary::of(spec)),
            }
    }

    /// Whether one of the listed fields contains the text.
    pub fn is_in_summary(&self, summary: &Summary) -> bool {
        [&summary.flavor, &summary.availability_zone, &summary.project_id, &summary.image]
            .into_iter()
            .flatten()
            .any(|field| self.is_in(field))
    }

    /// Whether `field` contains the text.
    pub fn is_in(&self, field: &str) -> bool {
        if self.text.is_ascii() && field.is_ascii() {
            self.find(field.as_bytes()).is_some()
        } else {
            field.to_lowercase().contains(&self.text)
        }
    }

    /// Whether a listed field of this stored text contains the needle, as far as its bytes tell.
    fn verdict(&self, spec: &[u8]) -> Place {
        // "K" (the Kelvin sign) and its like become ASCII in lower case, but are stored escaped.
        if !self.text.is_ascii() || memchr(b'\\', spec).is_some() || !spec.is_ascii() {
            return Place::Unsure;
        }
        // No backslash: a string ends at the next quote, so the quote before a place inside a string
        // is where it begins, and the member's key stands before that.
        let mut locator = Locator::new(spec);
        let mut from = 0;
        while let Some(at) = self.find(&spec[from..]).map(|at| from + at) {
            let within = memchr(b'"', &spec[at..at + self.text.len()]).is_none();
            if within && memrchr(b'"', &spec[..at]).is_some_and(|quote| is_listed_member(&spec[..quote])) {
                match locator.place(at) {
                    // The last of duplicate keys counts.
                    Place::Listed(key) if is_key_in(&spec[at..], key) => return Place::Unsure,
                    Place::Elsewhere => {}
                    decided => return decided,
                }
            }
            // Up to the next quote all places have the same key, or none: each string is looked at once.
            let Some(next) = memchr(b'"', &spec[at..]) else { break };
            from = at + next + 1;
        }
        Place::Elsewhere
    }

    /// Where the text is first, upper and lower case alike.
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

/// Whether what comes before a value is the key of a member that a listed field may have.
fn is_listed_member(before: &[u8]) -> bool {
    let Some(key) = before.trim_ascii_end().strip_suffix(b":") else { return false };
    let key = key.trim_ascii_end();
    LISTED.iter().any(|listed| key.ends_with(listed))
}

/// Whether a member of that key, given in quotes, stands in this part of a text.
fn is_key_in(text: &[u8], key: &[u8]) -> bool {
    memmem::find_iter(text, key).any(|at| text[at + key.len()..].trim_ascii_start().starts_with(b":"))
}

/// How often a byte is met in stored specs, roughly: 0 is rare.
fn frequency(byte: u8) -> u8 {
    match byte {
        b' ' | b'"' | b'a' | b'e' | b'n' | b'o' | b't' | b'_' | b'.' => 9,
        b'i' | b'r' | b's' | b'c' | b'd' | b'l' | b'u' | b'v' | b'm' | b'p' | b'b' | b'j' => 8,
        b'0'..=b'9' | b':' | b',' => 7,
        b'f' | b'g' | b'h' | b'q' => 6,
        b'-' | b'k' | b'w' | b'y' | b'x' => 5,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = r#"{"nova_object.name": "RequestSpec", "nova_object.namespace": "nova", "nova_object.version": "1.15", "nova_object.data": {"availability_zone": "AZ-one", "project_id": "p1", "user_id": "hidden"}}"#;

    #[rstest::rstest]
    #[case("az-ONE", true)]
    #[case("z-o", true)]
    #[case("p1", true)]
    #[case("hidden", false)]
    #[case("RequestSpec", false)]
    #[case("3F0C", true)]
    #[case("absent", false)]
    // A quote ends the string it is in: it is part of none.
    #[case("\"", false)]
    #[case("AZ-one\", \"project_id", false)]
    fn listed_columns_are_searched_in_any_case(#[case] text: &str, #[case] expected: bool) {
        let needle = Needle::new(text).expect("not empty");
        assert_eq!(needle.matches("3f0c9a1e-0000", SPEC.as_bytes()), expected);
    }

    #[test]
    fn escaped_and_foreign_letters_are_found() {
        let spec = SPEC.replace("AZ-one", "\\u0041z-\\u00d6ne");
        for text in ["az-", "öNE", "ÖNE"] {
            let needle = Needle::new(text).expect("not empty");
            assert!(needle.matches("x", spec.as_bytes()), "{text}");
        }
    }

    #[test]
    fn nothing_is_no_needle() {
        assert_eq!(Needle::new("  "), None);
    }

    proptest::proptest! {
        #[test]
        fn the_first_step_drops_no_hit(
            zone in "[a-b\"\\\\ :,é]{0,6}", project in "[ab: ]{0,4}", flavor in "[abc]{0,3}", needle in "[ab: \",é]{1,3}",
        ) {
            let data = serde_json::json!({
                "scheduler_hints": {"availability_zone": ["ab"], "name": "aa"},
                "availability_zone": zone, "project_id": project, "user_id": "ab",
                "flavor": {"nova_object.name": "Flavor", "nova_object.namespace": "nova",
                    "nova_object.version": "1.2", "nova_object.data": {"name": flavor, "vcpus": 4}},
            });
            let spec = SPEC.replace(r#"{"availability_zone": "AZ-one", "project_id": "p1", "user_id": "hidden"}"#, &data.to_string());
            if let Some(needle) = Needle::new(&needle) {
                let obvious = needle.is_in_summary(&Summary::of(spec.as_bytes()));
                proptest::prop_assert_eq!(needle.matches("", spec.as_bytes()), obvious);
            }
        }

        #[test]
        fn the_search_agrees_with_the_obvious_one(haystack in "[a-cA-C]{0,12}", needle in "[a-c]{1,4}") {
            let obvious = haystack.to_lowercase().contains(&needle);
            let needle = Needle::new(&needle).expect("not empty");
            proptest::prop_assert_eq!(needle.is_in(&haystack), obvious);
        }
    }
}
