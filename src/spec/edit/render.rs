//! JSON as Python's `json.dumps` writes it: `", "` and `": "`, ASCII, key order kept. Number tokens
//! are kept as they are: nova's integers have no limit and its floats are Python's.
//!
//! Imports [`crate::spec::document`] and [`crate::spec::scan`]; no I/O.

use crate::spec::document::{Kind, Node};
use crate::spec::scan::encode_string;

/// The value in Python's form.
pub(crate) fn render(node: Node<'_>) -> String {
    let mut out = String::with_capacity(node.raw().len());
    write(node, &mut out);
    out
}

// Recursion is bounded: a document is nested at most `document::MAX_DEPTH` deep.
fn write(node: Node<'_>, out: &mut String) {
    match node.kind() {
        Kind::Null | Kind::Bool | Kind::Number => out.push_str(node.raw()),
        Kind::String => out.push_str(&string_token(node.raw(), &node.as_str().unwrap_or_default())),
        Kind::Array => {
            out.push('[');
            for (index, child) in node.children().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write(child, out);
            }
            out.push(']');
        }
        Kind::Object => {
            out.push('{');
            for (index, child) in node.children().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                let span = child.key_span().unwrap_or_default();
                let raw = &node.document().text()[span];
                out.push_str(&string_token(raw, &child.key().unwrap_or_default()));
                out.push_str(": ");
                write(child, out);
            }
            out.push('}');
        }
    }
}

/// The string again, in Python's form. Decoding loses lone surrogates: such a token stays.
fn string_token(raw: &str, decoded: &str) -> String {
    if raw.is_ascii() && decoded.contains(char::REPLACEMENT_CHARACTER) {
        return raw.to_owned();
    }
    encode_string(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Document;

    #[rstest::rstest]
    #[case(r#" { "a" :[1,2.50 ,1e2],"b":{}, "c" : [ ] } "#, r#"{"a": [1, 2.50, 1e2], "b": {}, "c": []}"#)]
    #[case("\"é\\/\\u00E9😀\"", "\"\\u00e9/\\u00e9\\ud83d\\ude00\"")]
    #[case(r#""\ud83d""#, r#""\ud83d""#)]
    #[case("NaN", "NaN")]
    fn as_python_writes_it(#[case] json: &str, #[case] expected: &str) {
        assert_eq!(render(Document::parse_str(json).unwrap().root()), expected);
    }
}
