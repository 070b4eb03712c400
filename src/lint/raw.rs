//! A value inside a valid JSON text, read without an index: each question scans the value again, so it is for
//! values that are small or seldom asked.
//!
//! Imports `spec::scan` and the vocabulary of `spec::document`; no I/O.

use std::borrow::Cow;

use crate::spec::document::{DATA_KEY, Kind, NAME_KEY, VERSION_KEY};
use crate::spec::scan::{self, Scanner};

/// The exact text of one value. What is no valid JSON reads as an empty container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'t>(pub &'t str);

impl<'t> Raw<'t> {
    /// What kind of value it is; None for an empty or damaged text.
    pub fn kind(self) -> Option<Kind> {
        Scanner::new(self.0.as_bytes()).value_kind().ok()
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The characters, if it is a string.
    pub fn text(self) -> Option<Cow<'t, str>> {
        self.0.starts_with('"').then(|| scan::decode_string(self.0))
    }

    /// The integer, if it is one that fits.
    pub fn integer(self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The members of an object with their keys as stored, in quotes.
    fn members(self) -> Vec<(&'t str, Raw<'t>)> {
        self.container(b'{', b'}')
    }

    /// The entries of a map with their decoded keys, in stored order.
    pub fn entries(self) -> Vec<(Cow<'t, str>, Raw<'t>)> {
        self.members().into_iter().map(|(key, value)| (scan::decode_string(key), value)).collect()
    }

    /// The elements of a list.
    pub fn items(self) -> Vec<Raw<'t>> {
        self.container(b'[', b']').into_iter().map(|(_, value)| value).collect()
    }

    /// The member of that name; of duplicates the last, as Python reads them.
    pub fn get(self, key: &str) -> Option<Raw<'t>> {
        pick(&self.members(), key)
    }

    /// The logical field of that name: an envelope is looked through.
    pub fn field(self, key: &str) -> Option<Raw<'t>> {
        self.fields().get(key)
    }

    /// The object whose members are the logical fields: the envelope's data, or the object itself.
    pub fn fields(self) -> Raw<'t> {
        let members = self.members();
        let named = pick(&members, NAME_KEY).is_some_and(|name| name.0.starts_with('"'));
        match pick(&members, DATA_KEY) {
            Some(data) if named && data.0.starts_with('{') => data,
            _ => self,
        }
    }

    /// The version of an envelope, if it is a string.
    pub fn version(self) -> Option<Cow<'t, str>> {
        self.get(VERSION_KEY)?.text()
    }

    fn container(self, opener: u8, closer: u8) -> Vec<(&'t str, Raw<'t>)> {
        let mut found = Vec::new();
        let mut scanner = Scanner::new(self.0.as_bytes());
        if scanner.peek() != Some(opener) {
            return found;
        }
        scanner.bump();
        scanner.skip_space();
        if scanner.peek() == Some(closer) {
            return found;
        }
        loop {
            let key = if opener == b'{' { scanner.skip_key() } else { Ok((0, 0)) };
            let start = scanner.offset();
            let (Ok((from, to)), Ok(_)) = (key, scanner.skip_value(1)) else { return found };
            found.push((&self.0[from..to], Raw(&self.0[start..scanner.offset()])));
            if !matches!(scanner.another(closer), Ok(true)) {
                return found;
            }
        }
    }
}

fn pick<'t>(members: &[(&'t str, Raw<'t>)], key: &str) -> Option<Raw<'t>> {
    let is = |token: &str| match token.contains('\\') {
        true => scan::decode_string(token) == key,
        false => token.len() == key.len() + 2 && &token[1..token.len() - 1] == key,
    };
    members.iter().rev().find(|(token, _)| is(token)).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_index_reads() {
        let text = r#"{"nova_object.name": "Flavor", "nova_object.version": "1.2", "nova_object.data": {"id": 7, "na\u006de": "a", "l" : [ 1,"x" ], "id": 8}}"#;
        let raw = Raw(text);
        assert_eq!(raw.field("id").unwrap().integer(), Some(8));
        assert_eq!(raw.field("name").unwrap().text().unwrap(), "a");
        assert_eq!(raw.field("l").unwrap().items(), [Raw("1"), Raw("\"x\"")]);
        assert_eq!(raw.version().unwrap(), "1.2");
        assert_eq!(raw.field("nova_object.name"), None);
        let plain = Raw(r#"{"a": {"b": null}, "c": []}"#);
        assert!(plain.field("a").unwrap().get("b").unwrap().is_null());
        assert_eq!(plain.get("c").unwrap().items(), []);
        for damaged in ["", "{", "[1,", "{\"a\": }", "7", "null"] {
            assert_eq!(
                Raw(damaged).entries().len() + Raw(damaged).items().len().min(1),
                Raw(damaged).items().len().min(1)
            );
        }
    }
}
