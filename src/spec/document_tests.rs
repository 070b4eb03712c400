//! Cases of the indexer; the property tests stand in `tests/properties.rs`.

use super::*;

#[test]
fn indexes_in_document_order_with_spans() {
    let document = Document::parse_str(r#" {"a": [1, {"b": null}], "c": "x\u00e9"} "#).unwrap();
    let root = document.root();
    assert_eq!(root.kind(), Kind::Object);
    assert_eq!(root.len(), 2);
    let list = root.get("a").unwrap();
    assert_eq!(list.raw(), r#"[1, {"b": null}]"#);
    assert_eq!(list.at(0).unwrap().as_i64(), Some(1));
    assert!(list.at(1).unwrap().get("b").unwrap().is_null());
    assert_eq!(root.get("c").unwrap().as_str().unwrap(), "xé");
    assert_eq!(list.at(1).unwrap().parent().unwrap().id(), list.id());
}

#[test]
fn reads_what_python_reads() {
    for text in [
        "NaN",
        "-Infinity",
        "1e2",
        "1.0",
        "-0",
        "1180591620717411303424",
        "[]",
        "{}",
        "\"\\ud83d\"",
        "[[], {}]",
    ] {
        assert!(Document::parse_str(text).is_ok(), "{text}");
    }
}

#[test]
fn refuses_what_python_refuses() {
    for text in [
        "",
        "\u{feff}{}",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "01",
        "1.",
        ".5",
        "+1",
        "tru",
        "\"\n\"",
        "\"\\x\"",
        "\"\\u12\"",
        "{} {}",
        "{a:1}",
        "nul",
        "\"abc",
        "'a'",
    ] {
        assert!(Document::parse_str(text).is_err(), "{text:?}");
    }
    assert!(Document::parse(b"\"\xff\"").is_err());
}

#[test]
fn hostile_nesting_is_an_error_not_a_crash() {
    let text = "[".repeat(1_000_000);
    assert!(Document::parse_str(&text).unwrap_err().reason.contains("deeper"));
}

#[test]
fn the_last_of_duplicate_keys_wins() {
    let document = Document::parse_str(r#"{"a": 1, "\u0061": 2}"#).unwrap();
    assert_eq!(document.root().get("a").unwrap().as_i64(), Some(2));
}

#[test]
fn errors_have_a_line_and_a_column() {
    let text = "{\n  \"a\": x}";
    let error = Document::parse_str(text).unwrap_err();
    assert_eq!(error.position(text.as_bytes()), (2, 8));
}
