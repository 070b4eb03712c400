//! Cases of the semantic difference.

use super::*;

fn changes(before: &str, after: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let parse = |text: &str| Document::parse_str(text).unwrap();
    let list = difference(&parse(before), &parse(after));
    list.into_iter().map(|change| (change.path, change.before, change.after)).collect()
}

fn spec(data: &str) -> String {
    format!(
        r#"{{"nova_object.name": "RequestSpec", "nova_object.version": "1.14", "nova_object.data": {{{data}}}}}"#
    )
}

fn change(path: &str, before: Option<&str>, after: Option<&str>) -> (String, Option<String>, Option<String>) {
    (path.to_owned(), before.map(str::to_owned), after.map(str::to_owned))
}

#[rstest::rstest]
#[case(r#""a": 1.0, "b": "\u00e9""#, r#""b":"é" , "a":1"#)]
#[case(r#""a": 1e2"#, r#""a": 100.00"#)]
#[case(r#""a": 1180591620717411303424"#, r#""a": 1180591620717411303424.0"#)]
#[case(
    r#""request_level_params": {"nova_object.name": "RequestLevelParams", "nova_object.data": {"root_required": ["A", "B"]}, "nova_object.changes": ["x", "y"]}"#,
    r#""request_level_params": {"nova_object.name": "RequestLevelParams", "nova_object.data": {"root_required": ["B", "A"]}, "nova_object.changes": ["y", "x"]}"#
)]
fn the_same_in_another_layout(#[case] before: &str, #[case] after: &str) {
    let (before, after) = (spec(before), spec(after));
    assert_eq!(changes(&before, &after), []);
    assert_eq!(relation(before.as_bytes(), after.as_bytes()), Relation::Equivalent);
}

#[test]
fn names_logical_paths() {
    let before = spec(
        r#""availability_zone": "a", "flavor": {"nova_object.name": "Flavor", "nova_object.version": "1.1", "nova_object.data": {"vcpus": 1, "extra_specs": {"hw:x": "1"}}}, "force_hosts": ["a", "b"]"#,
    );
    let after = spec(
        r#""availability_zone": null, "flavor": {"nova_object.name": "Flavor", "nova_object.version": "1.2", "nova_object.data": {"vcpus": 2, "name": "n", "extra_specs": {}}}, "force_hosts": ["a"]"#,
    );
    assert_eq!(
        changes(&before, &after),
        [
            change("availability_zone", Some("\"a\""), Some("null")),
            change("flavor[nova_object.version]", Some("\"1.1\""), Some("\"1.2\"")),
            change("flavor.vcpus", Some("1"), Some("2")),
            change("flavor.name", None, Some("\"n\"")),
            change("flavor.extra_specs[hw:x]", Some("\"1\""), None),
            change("force_hosts[1]", Some("\"b\""), None),
        ]
    );
}

#[test]
fn lists_keep_their_order() {
    assert_eq!(
        changes(&spec(r#""force_hosts": ["a", "b"]"#), &spec(r#""force_hosts": ["b", "a"]"#)).len(),
        2
    );
}

#[rstest::rstest]
#[case("1", "true")]
#[case("1", "\"1\"")]
#[case("NaN", "0")]
#[case("12345678901234567890", "12345678901234567891")]
#[case(r#""\ud83d""#, r#""\ud83e""#)]
fn values_that_differ(#[case] before: &str, #[case] after: &str) {
    let (before, after) = (spec(&format!("\"a\": {before}")), spec(&format!("\"a\": {after}")));
    assert_eq!(changes(&before, &after).len(), 1);
}

#[test]
fn texts_that_are_no_documents_differ_by_lines() {
    let change = |path: &str, before: Option<&str>, after: Option<&str>| Change {
        path: path.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    assert_eq!(
        difference_of_texts(b"a\nb\nc", b"a\nx\ny\nc"),
        [change("line 2", Some("b"), Some("x")), change("line 3", None, Some("y"))]
    );
    assert_eq!(difference_of_texts(b"{", b"{"), []);
    assert_eq!(relation(b"{", b"{"), Relation::Identical);
    assert_eq!(relation(b"{", b"{ "), Relation::Different);
    assert_eq!(text_difference(b"\xff", b"\xfe").len(), 1);
}
