use crossterm::event::KeyModifiers;

use super::*;
use crate::query::parse;

fn fields(names: &str) -> Arc<[Field]> {
    parse_fields(names).expect("fields")
}

fn values(values: &[Option<&str>]) -> Values {
    values.iter().map(|value| value.map(Arc::from)).collect()
}

fn press(facets: &mut Facets, keys: &str) -> Wish {
    let mut wish = Wish::Stay;
    for character in keys.chars() {
        let code = match character {
            '⏎' => KeyCode::Enter,
            '⇥' => KeyCode::Tab,
            '↓' => KeyCode::Down,
            '↑' => KeyCode::Up,
            '⎋' => KeyCode::Esc,
            other => KeyCode::Char(other),
        };
        wish = facets.key(&KeyEvent::new(code, KeyModifiers::NONE), 10);
    }
    wish
}

#[test]
fn databases_are_added_up_and_the_most_frequent_come_first() {
    let (one, two) = (DatabaseName::cell("cell1"), DatabaseName::cell("cell2"));
    let mut facets =
        Facets::waiting_for(fields("az"), vec![one.clone(), two.clone(), DatabaseName::Api], None);
    let counts = |rows, of: &[(Option<&str>, u64)]| Counts {
        rows,
        values: of.iter().map(|(value, rows)| (values(&[*value]), *rows)).collect(),
        others: 1,
        undecided: 0,
    };
    facets.answered(&one, Ok(&counts(10, &[(Some("az1"), 4), (Some("az2"), 5)])));
    facets.answered(&two, Ok(&counts(8, &[(Some("az1"), 5), (None, 2)])));
    facets.answered(&DatabaseName::Api, Err(&Failure::Down("it is gone".to_owned())));
    let found: Vec<_> = facets.counts.values.iter().map(|(one, rows)| (one[0].as_deref(), *rows)).collect();
    assert_eq!(found, [(Some("az1"), 9), (Some("az2"), 5), (None, 2)]);
    assert_eq!((facets.counts.rows, facets.counts.others), (18, 2));
    assert!(facets.waiting.is_empty());
    assert_eq!(facets.failures, [(DatabaseName::Api, "it is gone".to_owned())]);
    assert_eq!(press(&mut facets, "j⏎"), Wish::Narrow(vec!["az=az2".to_owned()]));
    assert_eq!(press(&mut facets, "G⏎"), Wish::Narrow(vec!["not az az!=\"\"".to_owned()]));
}

#[rstest::rstest]
#[case("plain")]
#[case("two words")]
#[case("a\"b\\c")]
#[case("az1,az2")]
#[case("(or)")]
#[case("and")]
#[case("x=y")]
#[case("30d")]
#[case("größe ≥ 3")]
#[case("")]
#[case("'single'")]
#[case("<script>")]
#[case("back\\")]
fn what_is_quoted_is_read_as_the_value(#[case] value: &str) {
    use crate::query::expression::{Check, Operand};
    let text = narrowed(&fields("az"), &[Some(Arc::from(value))]).expect("a query").join(" ");
    let query = parse(&text).expect("a query");
    let Expression::Test(test) = &query.expression else { panic!("{text}: {query:?}") };
    let Check::Is(operands) = &test.check else { panic!("{text}: {test:?}") };
    let [Operand::Text { text: read, .. }] = &operands[..] else { panic!("{text}: {operands:?}") };
    assert_eq!(read, value);
}

#[test]
fn several_fields_narrow_by_each() {
    let fields = fields("flavor, az,bfv");
    let text = narrowed(&fields, &values(&[Some("m1.large"), None, Some("true")]));
    assert_eq!(text.expect("a query"), ["flavor=m1.large", "not az az!=\"\"", "bfv"]);
}

/// Which of the specs a query is true of.
fn found(tests: &[String], specs: &[&str]) -> Vec<usize> {
    use crate::query::{eval::verdict, record};
    let query = parse(&tests.join(" ")).unwrap_or_else(|error| panic!("{tests:?}: {error}"));
    let is_found = |spec: &str| {
        let record = record::Record {
            database: "api",
            id: 1,
            instance_uuid: "3f0c9a1e-0000-0000-0000-000000000001",
            created: "",
            updated: "",
            spec: spec.as_bytes(),
        };
        verdict(&query.expression, &record, record::Facts::NONE, 0) == record::Verdict::Yes
    };
    specs.iter().enumerate().filter(|(_, spec)| is_found(spec)).map(|(at, _)| at).collect()
}

#[rstest::rstest]
#[case("hint.x", &["[\"a\"]", "[a", "{}"])]
#[case("hint.query", &["[\">=\", \"$free_ram_mb\", 1024]", "[1, 2]", "[not"])]
fn texts_are_no_lists(#[case] name: &str, #[case] texts: &[&str]) {
    let key = name.trim_start_matches("hint.");
    let spec = |text: &&str| format!(r#"{{"scheduler_hints": {{"{key}": [{}]}}}}"#, serde_json::json!(text));
    let specs: Vec<String> = texts.iter().map(spec).collect();
    let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
    for (at, text) in texts.iter().enumerate() {
        let tests = narrowed(&fields(name), &[Some(Arc::from(*text))]).expect("a query");
        assert_eq!(found(&tests, &specs), [at], "{tests:?}");
    }
}

#[rstest::rstest]
#[case(r#"["a b","c"]"#, &[0, 4])]
#[case(r#"["c","a b"]"#, &[1])]
#[case(r#"["c"]"#, &[2])]
fn lists_are_found_by_what_is_in_them(#[case] value: &str, #[case] expected: &[usize]) {
    let specs = [
        r#"{"x": ["a b", "c"]}"#,
        r#"{"x": ["c", "a b"]}"#,
        r#"{"x": ["c"]}"#,
        r#"{"x": ["a b", "c", 0]}"#,
        r#"{"x": "[\"a b\",\"c\"]"}"#,
    ];
    let tests = narrowed(&fields("$.x"), &[Some(Arc::from(value))]).expect("a query");
    assert_eq!(found(&tests, &specs), expected, "{tests:?}");
}

#[test]
fn what_no_query_says_is_refused() {
    for value in [r#"{"a": 1}"#, r#"[["a"]]"#] {
        let refused = narrowed(&fields("$.x"), &[Some(Arc::from(value))]).unwrap_err();
        assert!(refused.contains("$.x"), "{refused}");
    }
    assert!(narrowed(&fields("host"), &[Some(Arc::from("?"))]).is_err());
    let mut facets = Facets::waiting_for(fields("$.x"), Vec::new(), None);
    facets.counts.values = vec![(values(&[Some("{}")]), 1)];
    assert_eq!(press(&mut facets, "⏎"), Wish::Stay);
    assert!(facets.refused.is_some());
}

#[rstest::rstest]
#[case("$.x", &[r#"{"x": ""}"#, r#"{"x": 0}"#, r#"{"x": false}"#, r#"{"x": "a"}"#])]
#[case("az", &[r#"{"availability_zone": ""}"#, r#"{"availability_zone": "a"}"#])]
#[case("vcpus", &[r#"{"flavor": {"vcpus": 0}}"#, r#"{"flavor": {"vcpus": 2}}"#])]
#[case("ram", &[r#"{"flavor": {"memory_mb": 0}}"#, r#"{"flavor": {"memory_mb": 2}}"#])]
#[case("bfv", &[r#"{"is_bfv": false}"#, r#"{"is_bfv": true}"#])]
fn no_value_is_neither_zero_nor_no_nor_empty(#[case] name: &str, #[case] others: &[&str]) {
    let tests = narrowed(&fields(name), &[None]).expect("a query");
    let specs: Vec<&str> = std::iter::once("{}").chain(others.iter().copied()).collect();
    assert_eq!(found(&tests, &specs), [0], "{tests:?}");
}

#[rstest::rstest]
#[case("updated", "2026-11-22 11:59:30")]
#[case("ram", "8192")]
#[case("uuid", "3f0c9a1e-0000-0000-0000-000000000001")]
#[case("version", "1.15")]
#[case("bfv", "false")]
fn what_is_shown_of_other_kinds_is_read_as_a_query(#[case] name: &str, #[case] value: &str) {
    let text = narrowed(&fields(name), &[Some(Arc::from(value))]).expect("a query").join(" ");
    assert!(parse(&text).is_ok(), "{text}");
}

#[test]
fn demands_are_exactly_those_letters() {
    let of = |letters: Option<&str>| narrowed(&fields("demands"), &values(&[letters])).expect("a query");
    assert_eq!(of(Some("NP")), ["demands=NP"]);
    assert_eq!(of(Some("P")), ["demands=P demands!=G,H,N,F,I,D,V"]);
    assert_eq!(of(None), ["not demands"]);
    let specs = [
        r#"{"is_bfv": true}"#,
        r#"{"is_bfv": true, "force_hosts": ["a"]}"#,
        r#"{"force_hosts": ["a"]}"#,
        "{}",
    ];
    assert_eq!(found(&of(Some("V")), &specs), [0]);
    assert_eq!(found(&of(Some("F")), &specs), [2]);
    assert_eq!(found(&of(None), &specs), [3]);
}

#[rstest::rstest]
#[case("", "az=az1")]
#[case("vcpus>=8", "vcpus>=8 az=az1")]
#[case("az = az1 vcpus>=8", "az = az1 vcpus>=8")]
#[case("az=az1", "az=az1")]
#[case("az=az1 or bfv", "(az=az1 or bfv) az=az1")]
#[case("vcpus>=8 or bfv", "(vcpus>=8 or bfv) az=az1")]
fn a_condition_is_added_to_the_query(#[case] before: &str, #[case] expected: &str) {
    assert_eq!(both(&parse(before).expect("a query"), &["az=az1".to_owned()]), expected);
}

#[test]
fn fields_are_typed_and_chosen() {
    let mut facets = Facets::choosing(&[]);
    assert_eq!(press(&mut facets, "⏎"), Wish::Stay);
    assert!(facets.prompt.as_ref().is_some_and(|prompt| prompt.error.is_some()));
    assert_eq!(press(&mut facets, "az⏎"), Wish::Count(fields("az")));
    assert_eq!(press(&mut facets, ",flavo↓⏎"), Wish::Count(fields("az,flavor")));
    assert_eq!(press(&mut facets, ",vc⇥⏎"), Wish::Count(fields("az,flavor,vcpus")));
    assert_eq!(press(&mut facets, "⎋"), Wish::Leave);
}

#[rstest::rstest]
#[case("az,az", 1)]
#[case(" az , flavor ", 2)]
fn lists_of_fields_are_read(#[case] text: &str, #[case] count: usize) {
    assert_eq!(fields(text).len(), count);
}

#[test]
fn too_many_fields_are_refused() {
    assert!(parse_fields("az,flavor,vcpus,ram,disk").is_err());
    assert!(parse_fields("nonsense=").is_err());
}
