//! Control characters in names and values: what would act on a terminal that prints them raw.
//!
//! Imports `spec`; no I/O.

use memchr::{memchr, memchr_iter};

use super::{Judgement, rule};
use crate::lint::rule::Rule;
use crate::spec::{Document, FieldPath, Kind};

const CONTROL_CHARACTERS: &Rule = rule("RS014");

/// So many are named; a hostile text may be full of them.
const MOST: usize = 20;

pub(super) fn judge(found: &mut Judgement, text: &[u8], document: Option<&Document>) {
    if !may_hold(text) {
        return;
    }
    let indexed;
    let document = match document {
        Some(document) => document,
        None => match Document::parse(text) {
            Ok(document) => {
                indexed = document;
                &indexed
            }
            Err(_) => return,
        },
    };
    let mut left = vec![document.root()];
    let mut count = 0;
    while let Some(node) = left.pop() {
        let key = node.key().and_then(|key| key.chars().find(|one| acts(*one))).map(|one| ("key", one));
        let value = match node.kind() {
            Kind::String => node.as_str().and_then(|text| text.chars().find(|one| acts(*one))),
            _ => None,
        };
        if let Some((what, character)) = key.or(value.map(|one| ("value", one))) {
            let path = FieldPath::of_node(node).unwrap_or_default().to_string();
            let point = u32::from(character);
            found.find(
                CONTROL_CHARACTERS,
                path,
                format!("The {what} holds the control character U+{point:04X}."),
            );
            count += 1;
            if count == MOST {
                return;
            }
        }
        let at = left.len();
        left.extend(node.children());
        left[at..].reverse();
    }
}

/// Whether the bytes may spell such a character: an escape of one, or one that is not escaped.
fn may_hold(text: &[u8]) -> bool {
    if !text.is_ascii() || memchr(0x7f, text).is_some() {
        return true;
    }
    memchr_iter(b'\\', text).any(|at| match text.get(at + 1) {
        Some(b'b' | b'f') => true,
        Some(b'u') => {
            let digits = text.get(at + 2..at + 6).and_then(|digits| std::str::from_utf8(digits).ok());
            let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
            unit.and_then(char::from_u32).is_some_and(acts)
        }
        _ => false,
    })
}

/// Whether a character acts on a terminal or on the order of a line. Tabs and line ends are ordinary in
/// descriptions; what joins and varies is ordinary in emoji.
fn acts(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        other => other.is_control(),
    }
}
