//! Text made safe for a terminal.
//!
//! Names, hints and extra specs come from databases that tenants can write to. Nothing of that may
//! move the cursor, change colours, reorder a line or hide characters. Imports `mask`; no I/O.

use std::borrow::Cow;
use std::fmt::Write as _;

pub use super::mask::{holds_password, masked_at, masked_json, masked_value};

/// `text` with every character that would not show as itself written as a `\u001b`-style escape:
/// C0 and C1 controls, DEL, bidirectional controls, zero-width and other invisible characters,
/// line and paragraph separators, variation selectors, tags, interlinear marks and non-characters.
/// Tabs and line ends are escaped too: `\t`, `\n`, `\r`.
///
/// Borrowed where there is nothing to escape, which is the usual case.
pub fn escaped(text: &str) -> Cow<'_, str> {
    let safe = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if safe || !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            other if is_unsafe(other) => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// How a message names what a text names: an empty one, which would not be seen, as `""`.
pub fn named(text: &str) -> &str {
    if text.is_empty() { "\"\"" } else { text }
}

/// Whether a character must not reach a terminal as it is.
pub fn is_unsafe(character: char) -> bool {
    matches!(u32::from(character),
        0x00..=0x1f | 0x7f..=0x9f          // C0, DEL, C1
        | 0xad                              // soft hyphen
        | 0x034f | 0x061c                   // grapheme joiner, Arabic letter mark
        | 0x115f..=0x1160 | 0x17b4..=0x17b5 // Hangul and Khmer fillers
        | 0x180b..=0x180f                   // Mongolian selectors
        | 0x200b..=0x200f | 0x2028..=0x202e // zero width, marks, separators, embeddings
        | 0x2060..=0x206f                   // joiners, isolates, invisible operators
        | 0x2800 | 0x3164 | 0xffa0          // blanks that are not spaces
        | 0xfe00..=0xfe0f | 0xfeff          // variation selectors, byte order mark
        | 0xfff0..=0xfffb | 0xfffe..=0xffff
        | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a
        | 0xe0000..=0xe0fff                 // tags, more selectors
    ) || u32::from(character) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("m1.large", "m1.large")]
    #[case("größe 中 😀", "größe 中 😀")]
    #[case("a\u{1b}[31mred", "a\\u001b[31mred")]
    #[case("a\tb\r\n", "a\\tb\\r\\n")]
    #[case("\u{9b}2J\u{7f}\0", "\\u009b2J\\u007f\\u0000")]
    #[case("abc\u{202e}fed", "abc\\u202efed")]
    #[case("x\u{200b}y\u{feff}\u{2028}", "x\\u200by\\ufeff\\u2028")]
    #[case("\u{e0041}", "\\udb40\\udc41")]
    fn shows_what_a_terminal_would_act_on(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(escaped(text), expected);
    }

    #[test]
    fn borrows_where_nothing_is_escaped() {
        assert!(matches!(escaped("plain ü"), Cow::Borrowed(_)));
    }
}
