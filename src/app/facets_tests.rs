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
fn what_is_counted_grows_and_gaps_are_told() {
    let (one, two) = (DatabaseName::cell("cell1"), DatabaseName::cell("cell2"));
    let mut facets =
        Facets::waiting_for(fields("az"), vec![one.clone(), two.clone(), DatabaseName::Api], None);
    let counts = |rows, of: &[(Option<&str>, u64)]| {
        let values = of.iter().map(|(value, rows)| (values(&[*value]), *rows)).collect();
        Arc::new(Counts { rows, values, ..Counts::default() })
    };
    facets.answered(&one, counts(10, &[(Some("az2"), 6), (Some("az1"), 4)]), None);
    let all = counts(18, &[(Some("az1"), 9), (Some("az2"), 6), (None, 3)]);
    let failure = |reason: &str| Failure::Down(reason.to_owned());
    facets.answered(&two, Arc::clone(&all), Some(&failure("it went away")));
    facets.answered(&DatabaseName::Api, Arc::clone(&all), Some(&failure("it is gone")));
    assert_eq!(facets.counts, all);
    assert!(facets.waiting.is_empty());
    let gaps: Vec<_> = facets.gaps.iter().map(|gap| (&gap.database, gap.partly, &*gap.reason)).collect();
    assert_eq!(gaps, [(&two, true, "it went away"), (&DatabaseName::Api, false, "it is gone")]);
    assert_eq!(press(&mut facets, "j⏎"), Wish::Narrow(vec!["az=az2".to_owned()]));
    assert_eq!(press(&mut facets, "G⏎"), Wish::Narrow(vec!["not az".to_owned()]));
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
    let text = narrowed(&fields("az"), &[Some(Arc::from(value))]).join(" ");
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
    assert_eq!(text, ["flavor=m1.large", "not az", "bfv"]);
}

#[rstest::rstest]
#[case(r#"["a b", "c"]"#, r#"hint.group="a b" hint.group=c"#)]
#[case(r#"{"a": 1}"#, "hint.group")]
#[case("[]", "hint.group")]
fn lists_are_found_by_what_is_in_them(#[case] value: &str, #[case] expected: &str) {
    assert_eq!(narrowed(&fields("hint.group"), &values(&[Some(value)])), [expected]);
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
