//! Cases of the list row's extraction; agreement with the full index on any document is a property
//! test.

use super::*;

fn of(text: &str) -> Summary {
    Summary::of(text.as_bytes())
}

fn spec(data: &str) -> String {
    format!(
        r#"{{"nova_object.name": "RequestSpec", "nova_object.namespace": "nova", "nova_object.version": "1.14", "nova_object.data": {{{data}}}}}"#
    )
}

const FLAVOR: &str = r#""flavor": {"nova_object.name": "Flavor", "nova_object.namespace": "nova", "nova_object.version": "1.2", "nova_object.data": {"name": "m1", "name": "c1.p\u00efn", "vcpus": 4, "memory_mb": 8192, "root_gb": 20, "extra_specs": {"hw:cpu_policy": "dedicated"}}}"#;

#[test]
fn takes_fields_through_their_envelopes() {
    let summary = of(&spec(&format!(
        r#""project_id": "p", "user_id": null, "availability_zone": "az1", {FLAVOR}, "is_bfv": true, "force_hosts": ["a"], "ignore_hosts": [], "scheduler_hints": {{"group": ["g"], "x": ["y"]}}"#
    )));
    assert_eq!(summary.flavor.as_deref(), Some("c1.pïn"));
    assert_eq!(summary.availability_zone.as_deref(), Some("az1"));
    assert_eq!((summary.project_id.as_deref(), summary.user_id), (Some("p"), None));
    assert_eq!((summary.vcpus, summary.memory_mb, summary.root_gb), (Some(4), Some(8192), Some(20)));
    assert_eq!(summary.demands.letters(), "GHNFV");
    assert_eq!(summary.version.as_deref(), Some("1.14"));
    assert_eq!(summary.problem, None);
}

#[test]
fn a_deeper_field_of_the_same_name_is_not_taken() {
    let text = spec(
        r#""retry": {"availability_zone": "wrong", "flavor": {"name": "wrong"}}, "scheduler_hints": {"availability_zone": ["wrong"]}"#,
    );
    assert_eq!(of(&text).availability_zone, None);
    assert_eq!(of(&text).flavor, None);
}

#[rstest::rstest]
#[case("", "the text is empty at byte 0")]
#[case("null", "the text is null, not a RequestSpec")]
#[case("[]", "the text is a list, not a RequestSpec")]
#[case("{}", "RequestSpec has no nova_object.name")]
#[case("\u{feff}{}", "the text begins with a byte order mark at byte 0")]
#[case(r#"{"nova_object.name": "Requ"#, "a string that does not end, beginning at byte 21")]
#[case(r#"{"a": [1, 2"#, "the text ends in the middle at byte 11")]
fn malformed_rows_say_why(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(of(text).problem.as_deref(), Some(expected));
}

#[rstest::rstest]
#[case("1.14", "1.16", "newer")]
#[case("1.14", "1.15.1", "more than two parts")]
#[case("\"1.14\"", "1.14", "not a string")]
#[case("\"nova\"", "\"cinder\"", "namespace")]
#[case("RequestSpec", "Instance", "not RequestSpec")]
#[case("nova_object.data", "nova_object.date", "no nova_object.data")]
#[case("\"Flavor\"", "\"Flavour\"", "not Flavor")]
#[case("\"1.2\"", "\"1.3\"", "Flavor version \"1.3\" is newer")]
fn unloadable_headers_say_why(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
    let text = spec(FLAVOR).replacen(from, to, 1);
    let problem = of(&text).problem.unwrap();
    assert!(problem.contains(expected), "{problem}");
}

#[test]
fn hostile_texts_are_neither_slow_nor_fatal() {
    assert!(of(&"[".repeat(1_000_000)).problem.unwrap().contains("deeper"));
    assert!(of(&format!("\"{}", "x".repeat(16_000_000))).problem.unwrap().contains("does not end"));
    assert!(Summary::of(&[b'"', 0xff, b'"']).problem.unwrap().contains("UTF-8"));
    assert!(of("{\"a\": \"\u{1}\"}").problem.unwrap().contains("control character"));
}
