//! Reads a stored text as far as it goes, into a tree.
//!
//! The place where reading stops is the first byte that is not UTF-8, or the first place where the
//! text is not JSON as Python reads it, or opens a container deeper than [`MAX_DEPTH`]. What is
//! complete before that is there, as if the open containers were closed there; what is cut in the
//! middle is not, and neither is a number that the end of the text may have cut. Text after the end
//! of the document is not looked at.
//!
//! This is half of the reference that the search is measured against: obvious rather than fast.
//! Imports `spec` (tokens); no I/O.

use crate::spec::document::{Kind, MAX_DEPTH};
use crate::spec::scan::{self, Scanner};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree<'t> {
    /// Its kind.
    pub kind: Kind,
    /// Its text; of a container that is cut, up to the place where reading stopped.
    pub raw: &'t str,
    /// Elements, or members with their decoded keys, in stored order, duplicates among them.
    pub children: Vec<(String, Tree<'t>)>,
}

/// What could be read of a text.
#[derive(Debug, Clone, Default)]
pub struct Reading<'t> {
    /// The document.
    pub root: Option<Tree<'t>>,
    /// All keys and strings, decoded.
    pub strings: Vec<String>,
}

/// Reads a text.
pub fn read(bytes: &[u8]) -> Reading<'_> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    let mut reader = Reader { text, scanner: Scanner::new(text.as_bytes()), strings: Vec::new(), cut: None };
    reader.scanner.skip_space();
    let root = reader.value(0);
    Reading { root, strings: reader.strings }
}

struct Reader<'t> {
    text: &'t str,
    scanner: Scanner<'t>,
    strings: Vec<String>,
    /// Where reading stopped.
    cut: Option<usize>,
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: usize) -> Option<Tree<'t>> {
        let start = self.scanner.offset();
        let Ok(kind) = self.scanner.value_kind() else {
            self.stop(start);
            return None;
        };
        if matches!(kind, Kind::Array | Kind::Object) {
            return self.container(kind, depth);
        }
        if let Err(error) = self.scanner.skip_scalar(kind) {
            self.stop(error.offset);
            return None;
        }
        let end = self.scanner.offset();
        if kind == Kind::Number && depth > 0 && end == self.text.len() {
            self.stop(end);
            return None;
        }
        let raw = &self.text[start..end];
        if kind == Kind::String {
            self.strings.push(scan::decode_string(raw).into_owned());
        }
        Some(Tree { kind, raw, children: Vec::new() })
    }

    fn container(&mut self, kind: Kind, depth: usize) -> Option<Tree<'t>> {
        let start = self.scanner.offset();
        if depth >= MAX_DEPTH {
            self.stop(start);
            return None;
        }
        self.scanner.bump();
        self.scanner.skip_space();
        let closer = if kind == Kind::Object { b'}' } else { b']' };
        let mut children = Vec::new();
        if self.scanner.peek() == Some(closer) {
            self.scanner.bump();
        } else {
            while let Some(key) = self.key_in(kind) {
                if let Some(child) = self.value(depth + 1) {
                    children.push((key, child));
                }
                if self.cut.is_some() {
                    break;
                }
                match self.scanner.another(closer) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        self.stop(error.offset);
                        break;
                    }
                }
            }
        }
        let end = self.cut.unwrap_or(self.scanner.offset());
        Some(Tree { kind, raw: &self.text[start..end], children })
    }

    /// The key that stands before a member; elements of lists have an empty one.
    fn key_in(&mut self, container: Kind) -> Option<String> {
        if container != Kind::Object {
            return Some(String::new());
        }
        let start = self.scanner.offset();
        // The string is read even where no colon follows.
        let mut string = self.scanner.clone();
        if string.peek() == Some(b'"') && string.skip_scalar(Kind::String).is_ok() {
            self.strings.push(scan::decode_string(&self.text[start..string.offset()]).into_owned());
        }
        match self.scanner.skip_key() {
            Ok((start, end)) => Some(scan::decode_string(&self.text[start..end]).into_owned()),
            Err(error) => {
                self.stop(error.offset);
                None
            }
        }
    }

    fn stop(&mut self, at: usize) {
        // Errors inside a multi-byte character cannot be: scanning stops at ASCII bytes or the end.
        self.cut = Some(at);
    }
}

impl<'t> Tree<'t> {
    /// The members, of duplicate keys the last only.
    pub fn members(&self) -> Vec<&(String, Tree<'t>)> {
        if self.kind != Kind::Object {
            return Vec::new();
        }
        let is_last = |at: usize, key: &str| !self.children[at + 1..].iter().any(|(other, _)| other == key);
        let members = self.children.iter().enumerate();
        members.filter(|(at, (key, _))| is_last(*at, key)).map(|(_, member)| member).collect()
    }

    /// The member of that name; of duplicates the last.
    pub fn get(&self, key: &str) -> Option<&Tree<'t>> {
        if self.kind != Kind::Object {
            return None;
        }
        self.children.iter().rev().find(|(known, _)| known == key).map(|(_, child)| child)
    }

    /// The value whose members are the logical fields, by the rule of
    /// [`crate::spec::document::Node::fields`].
    pub fn fields(&self) -> &Tree<'t> {
        use crate::spec::document::{DATA_KEY, NAME_KEY};
        let named = self.get(NAME_KEY).is_some_and(|name| name.kind == Kind::String);
        self.get(DATA_KEY).filter(|data| named && data.kind == Kind::Object).unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(tree: &Tree<'_>) -> String {
        let children = tree.children.iter();
        let inner: Vec<_> = match tree.kind {
            Kind::Object => children.map(|(key, child)| format!("{key}:{}", shape(child))).collect(),
            Kind::Array => children.map(|(_, child)| shape(child)).collect(),
            _ => return tree.raw.to_owned(),
        };
        if tree.kind == Kind::Object {
            format!("{{{}}}", inner.join(","))
        } else {
            format!("[{}]", inner.join(","))
        }
    }

    #[rstest::rstest]
    #[case(br#" {"a": [1, "x"], "a": null} tail"#, r#"{a:[1,"x"],a:null}"#)]
    #[case(br#"{"a": [1, 2"#, "{a:[1]}")]
    #[case(br#"{"a": [1, 2 "#, "{a:[1,2]}")]
    #[case(br#"{"a": [1, 2x"#, "{a:[1,2]}")]
    #[case(br#"{"a": 1, "b": tru"#, "{a:1}")]
    #[case(br#"{"a": {"b": "x", "c": "y"#, r#"{a:{b:"x"}}"#)]
    #[case(br#"{"a": {"#, "{a:{}}")]
    #[case(br#"{"a": "#, "{}")]
    #[case(br#"{"a" 1}"#, "{}")]
    #[case(br#"{"a": 1,}"#, "{a:1}")]
    #[case(b"{\"a\": \"x\", \"b\": \"\xff\"}", r#"{a:"x"}"#)]
    #[case(b"12", "12")]
    #[case(b"[NaN, -Infinity]", "[NaN,-Infinity]")]
    fn what_is_complete_is_there(#[case] text: &[u8], #[case] expected: &str) {
        assert_eq!(shape(&read(text).root.unwrap()), expected);
    }

    #[rstest::rstest]
    #[case(b"")]
    #[case(b"\xef\xbb\xbf{}")]
    #[case(b"nul")]
    #[case(b"\xff")]
    #[case(b"\"open")]
    fn nothing_is_there(#[case] text: &[u8]) {
        assert_eq!(read(text).root, None);
    }

    #[test]
    fn strings_are_decoded_even_where_no_colon_follows() {
        assert_eq!(read(br#"{"a\u0062": ["c", 1], "d" 1}"#).strings, ["ab", "c", "d"]);
    }

    #[test]
    fn hostile_nesting_is_cut() {
        let text = "[".repeat(100_000);
        let mut depth = 0;
        let root = read(text.as_bytes()).root.unwrap();
        let mut tree = &root;
        while let Some((_, child)) = tree.children.first() {
            depth += 1;
            tree = child;
        }
        assert_eq!(depth + 1, MAX_DEPTH);
    }
}
