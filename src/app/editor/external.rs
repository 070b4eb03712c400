//! The round trip of the raw JSON through `$EDITOR`.
//!
//! A text spaced as Python's `json.dumps` writes it, which every row of nova's is, is handed out
//! indented and respaced when it comes back: tokens are copied as they stand, so what the operator
//! did not touch comes back byte for byte. Any other text goes out and comes back as it is.
//!
//! Imports `spec` alone.

use crate::spec::Document;
use crate::spec::document::Malformed;

/// What `$EDITOR` shall open.
pub fn outgoing(text: &str) -> String {
    if is_python_spaced(text) { indented(text) + "\n" } else { text.to_owned() }
}

/// What came back (without the comments, see [`strip_comments`]), spaced as Python does if
/// `stored` is.
pub fn incoming(typed: &str, stored: &str) -> String {
    // A text that Python would refuse keeps its form: it goes back to the operator.
    if is_python_spaced(stored) && Document::parse_str(typed).is_ok() {
        respaced(typed)
    } else {
        typed.to_owned()
    }
}

/// The text without the comment lines on top, and without the line end that editors add.
pub fn strip_comments(text: &str) -> String {
    let mut rest = text;
    while rest.starts_with('#') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest.strip_suffix("\r\n").or_else(|| rest.strip_suffix('\n')).unwrap_or(rest).to_owned()
}

/// Why a text is refused: its position as an editor shows it, and what is wrong.
pub fn malformed(text: &str, error: &Malformed) -> String {
    let (line, column) = error.position(text.as_bytes());
    format!("Not JSON: {} (line {line}, column {column} of the text below).", error.reason)
}

fn is_python_spaced(text: &str) -> bool {
    respaced(text) == text
}

/// A piece of JSON text, white space left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Open(char),
    Close(char),
    Comma,
    Colon,
    Other(&'t str),
}

/// The tokens of a text; of one that is not JSON, something close to it.
fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let start = at;
        let first = *bytes.get(at)?;
        at += 1;
        Some(match first {
            b'{' | b'[' => Token::Open(char::from(first)),
            b'}' | b']' => Token::Close(char::from(first)),
            b',' => Token::Comma,
            b':' => Token::Colon,
            b'"' => {
                while let Some(byte) = bytes.get(at) {
                    at += if *byte == b'\\' { 2 } else { 1 };
                    if *byte == b'"' {
                        break;
                    }
                }
                at = at.min(bytes.len());
                while !text.is_char_boundary(at) {
                    at += 1;
                }
                Token::Other(&text[start..at])
            }
            _ => {
                let ends = |byte: &u8| byte.is_ascii_whitespace() || b"{}[],:\"".contains(byte);
                while bytes.get(at).is_some_and(|byte| !ends(byte)) {
                    at += 1;
                }
                Token::Other(&text[start..at])
            }
        })
    })
}

/// Spaced as `json.dumps` does: `", "` and `": "`, nothing else.
fn respaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for token in tokens(text) {
        match token {
            Token::Open(bracket) | Token::Close(bracket) => out.push(bracket),
            Token::Comma => out.push_str(", "),
            Token::Colon => out.push_str(": "),
            Token::Other(token) => out.push_str(token),
        }
    }
    out
}

/// One value a line, two spaces a level.
fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0usize;
    let mut tokens = tokens(text).peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(token) = tokens.next() {
        match token {
            Token::Open(bracket) => {
                out.push(bracket);
                if let Some(Token::Close(bracket)) = tokens.peek() {
                    out.push(*bracket);
                    tokens.next();
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            Token::Close(bracket) => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(bracket);
            }
            Token::Comma => {
                out.push(',');
                line(&mut out, depth);
            }
            Token::Colon => out.push_str(": "),
            Token::Other(token) => out.push_str(token),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(r#"{"a": [1, 2.50, "x, y: {"], "b": {}, "c": [], "d\"": null}"#)]
    #[case("null")]
    #[case(r#"["\u00e9", NaN, 1180591620717411303424]"#)]
    fn comes_back_byte_for_byte(#[case] text: &str) {
        let out = outgoing(text);
        assert_eq!(incoming(&strip_comments(&out), text), text);
        assert_eq!(incoming(&strip_comments(&format!("# refused\n# because\n{out}")), text), text);
    }

    #[test]
    fn is_handed_out_indented() {
        assert_eq!(
            outgoing(r#"{"a": [1, {}], "b": 2}"#),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": 2\n}\n"
        );
    }

    #[rstest::rstest]
    #[case(r#"{"a":1}"#)]
    #[case(r#"{ "a": 1}"#)]
    #[case("\"é")]
    #[case("\"\\é")]
    fn other_texts_go_out_as_they_are(#[case] text: &str) {
        let out = outgoing(text);
        assert_eq!(strip_comments(&out), text);
        assert_eq!(incoming(&strip_comments(&out), text), text);
    }

    #[test]
    fn a_truncated_text_is_indented_as_far_as_it_goes() {
        assert_eq!(outgoing(r#"{"a": [1, "#), "{\n  \"a\": [\n    1,\n    \n");
    }
}
