//! Under which keys a place of a stored text stands, found without reading the text as JSON.
//!
//! For texts without a backslash only: there every quote begins or ends a string. A cursor goes
//! forward through the text, so that several places of one text cost one pass at most.
//!
//! Imports the vocabulary of `spec::document`; no I/O.

use memchr::memchr;

use crate::spec::document::DATA_KEY;

/// The deepest listed field is `data.flavor.data.name`.
const LEVELS: usize = 4;

/// Whether a string value is one of the listed fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is one, in the envelopes that nova writes, and its object has no second member of that
    /// name; the spec's own member is named, in quotes.
    Listed(&'static [u8]),
    /// It is something else.
    Elsewhere,
    /// Only a full reading can tell.
    Unsure,
}

/// A cursor over a text without backslashes.
pub(super) struct Locator<'t> {
    text: &'t [u8],
    at: usize,
    /// Number of containers open.
    depth: usize,
    /// The key under which each of the outermost containers goes on; empty in a list.
    keys: [&'t [u8]; LEVELS],
    /// The last string passed: a key, if a colon follows.
    last: &'t [u8],
}

impl<'t> Locator<'t> {
    pub fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, depth: 0, keys: [b""; LEVELS], last: b"" }
    }

    /// What stands at `place`, which is in a string and not before the last place asked for.
    pub fn place(&mut self, place: usize) -> Place {
        while self.at < self.text.len() {
            if !self.step() {
                return Place::Unsure;
            }
            if place < self.at {
                return self.judge();
            }
        }
        Place::Unsure
    }

    /// Past one byte or one string; false where no JSON stands.
    #[inline]
    fn step(&mut self) -> bool {
        // What most bytes outside of strings are.
        while let Some(b' ' | b',' | b'0'..=b'9' | b'a'..=b'z') = self.text.get(self.at) {
            self.at += 1;
        }
        let Some(&byte) = self.text.get(self.at) else { return true };
        match byte {
            b'"' => {
                let start = self.at + 1;
                let Some(length) = memchr(b'"', &self.text[start..]) else { return false };
                self.last = &self.text[start..start + length];
                self.at = start + length;
            }
            b':' => {
                if let Some(key) = self.depth.checked_sub(1).and_then(|level| self.keys.get_mut(level)) {
                    *key = self.last;
                }
            }
            b'{' | b'[' => {
                if let Some(key) = self.keys.get_mut(self.depth) {
                    *key = b"";
                }
                self.depth += 1;
            }
            b'}' | b']' => match self.depth.checked_sub(1) {
                Some(depth) => self.depth = depth,
                None => return false,
            },
            _ => {}
        }
        self.at += 1;
        true
    }

    /// Whether the object around the cursor has another member `name`, up to its end.
    fn has_another_name(&self) -> bool {
        let mut ahead =
            Self { text: self.text, at: self.at, depth: self.depth, keys: self.keys, last: self.last };
        while ahead.depth >= self.depth && ahead.at < ahead.text.len() {
            if !ahead.step() {
                break;
            }
            // The step ended behind what it took.
            if ahead.depth == self.depth && ahead.text[ahead.at - 1] == b':' && ahead.last == b"name" {
                return true;
            }
        }
        false
    }

    /// By the keys above a string that is the value of a member, as the caller has seen.
    fn judge(&self) -> Place {
        let Some(path) = self.keys.get(..self.depth) else { return Place::Elsewhere };
        let data = DATA_KEY.as_bytes();
        match path {
            [root, b"availability_zone"] if *root == data => Place::Listed(b"\"availability_zone\""),
            [root, b"project_id"] if *root == data => Place::Listed(b"\"project_id\""),
            [root, object @ (b"flavor" | b"image"), inner, b"name"] if *root == data && *inner == data => {
                match *object {
                    _ if self.has_another_name() => Place::Unsure,
                    b"flavor" => Place::Listed(b"\"flavor\""),
                    _ => Place::Listed(b"\"image\""),
                }
            }
            _ => {
                let logical: Vec<&[u8]> = path.iter().copied().filter(|key| *key != data).collect();
                match logical[..] {
                    [b"availability_zone" | b"project_id"] | [b"flavor" | b"image", b"name"] => Place::Unsure,
                    _ => Place::Elsewhere,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(
        r#"{"nova_object.data": {"a": [{"name": "x"}], "project_id": "HERE"}}"#,
        Place::Listed(b"\"project_id\"")
    )]
    #[case(
        r#"{"nova_object.data": {"flavor": {"v": 1, "nova_object.data": {"name": "HERE"}}}}"#,
        Place::Listed(b"\"flavor\"")
    )]
    #[case(
        r#"{"nova_object.data": {"image": {"nova_object.data": {"name": "HERE", "a": {"name": 1}}}}}"#,
        Place::Listed(b"\"image\"")
    )]
    #[case(
        r#"{"nova_object.data": {"image": {"nova_object.data": {"name": "HERE", "a": {}, "name": 1}}}}"#,
        Place::Unsure
    )]
    #[case(
        r#"{"nova_object.data": {"flavor": {"nova_object.data": {"x": {}, "y": "HERE"}}}}"#,
        Place::Elsewhere
    )]
    #[case(r#"{"nova_object.data": {"hints": {"name": "HERE"}}}"#, Place::Elsewhere)]
    #[case(r#"{"nova_object.data": {"image": {"nova_object.data": {"p": {"nova_object.data": {"name": "HERE"}}}}}}"#, Place::Elsewhere)]
    #[case(r#"{"nova_object.data": {"flavor": {"name": "HERE"}}}"#, Place::Unsure)]
    #[case(r#"{"availability_zone": "HERE"}"#, Place::Unsure)]
    #[case(r#"}{"availability_zone": "HERE"}"#, Place::Unsure)]
    fn knows_the_keys_above(#[case] text: &str, #[case] expected: Place) {
        let at = text.find("HERE").expect("each case has its place");
        assert_eq!(Locator::new(text.as_bytes()).place(at), expected);
    }
}
