//! What tests say of values, one by one.

use super::*;
use crate::query::expression::Pattern;

fn text(text: &str) -> Value<'_> {
    Value::Text(text.into())
}

fn token(token: &str) -> Value<'_> {
    Value::Number(token.into())
}

fn word(text: &str) -> Operand {
    Operand::Text { text: text.to_owned(), number: number(text) }
}

#[rstest::rstest]
#[case(Kind::Text, word("az1"), text("az1"), true)]
#[case(Kind::Text, word("az1"), text("AZ1"), false)]
#[case(Kind::Text, word("5"), token("5"), true)]
#[case(Kind::Text, word("5"), token("5.0"), false)]
#[case(Kind::Any, word("5"), token("5.0"), true)]
#[case(Kind::Any, word("5"), text("5.0"), false)]
#[case(Kind::Any, word("NaN"), token("NaN"), true)]
#[case(Kind::Any, word("true"), Value::Flag(true), true)]
#[case(Kind::Any, word("[]"), Value::Nothing, false)]
#[case(Kind::Number, Operand::Number(Number::Whole(8)), token("8"), true)]
#[case(Kind::Number, Operand::Number(Number::Whole(8)), token("8.0"), true)]
#[case(Kind::Number, Operand::Number(Number::Whole(8)), text("8"), true)]
#[case(Kind::Number, Operand::Number(Number::Whole(8)), text("eight"), false)]
#[case(Kind::Number, Operand::Number(Number::Whole(1)), Value::Flag(true), false)]
#[case(Kind::Size(Unit::Mebibytes), Operand::Number(Number::Whole(8 << 30)), token("8192"), true)]
#[case(Kind::Size(Unit::Gibibytes), Operand::Number(Number::Whole(3 << 29)), token("1.5"), true)]
#[case(Kind::Flag, Operand::Flag(true), Value::Flag(true), true)]
#[case(Kind::Flag, Operand::Flag(true), text("Yes"), true)]
#[case(Kind::Flag, Operand::Flag(false), text("0"), true)]
#[case(Kind::Flag, Operand::Flag(false), text(""), false)]
#[case(Kind::Version, Operand::Version(vec![1, 15]), text("1.15"), true)]
#[case(Kind::Version, Operand::Version(vec![1, 15]), text("1.15.0"), false)]
#[case(Kind::Uuid, Operand::Uuid("3f0c9a1e".into()), text("3F0C9A1E-1"), true)]
#[case(Kind::Uuid, Operand::Uuid("3f0c9a1e".into()), text("3f0c9a1"), false)]
#[case(Kind::Uuid, Operand::Uuid("3f0c9a1e-0000-0000-0000-000000000001".into()), text("3f0c9a1e-0000-0000-0000-0000000000012"), false)]
#[case(Kind::Time, Operand::Period(10, 20), text("1970-01-01 00:00:10"), true)]
#[case(Kind::Time, Operand::Period(10, 20), text("1970-01-01 00:00:20"), false)]
fn equality(#[case] kind: Kind, #[case] operand: Operand, #[case] value: Value<'_>, #[case] expected: bool) {
    assert_eq!(holds(kind, &Check::Is(vec![operand]), &value, 0), expected);
}

#[rstest::rstest]
#[case(Kind::Number, "<", Operand::Number(Number::Whole(9)), token("8.5"), true)]
#[case(Kind::Number, ">", Operand::Number(Number::Whole(8)), token("8.5"), true)]
#[case(Kind::Number, "<=", Operand::Number(Number::Whole(1 << 70)), token("1180591620717411303424"), true)]
#[case(Kind::Number, ">", Operand::Number(Number::Whole(1 << 70)), token("1180591620717411303425"), true)]
#[case(Kind::Number, ">=", Operand::Number(Number::Whole(0)), token("NaN"), false)]
#[case(Kind::Any, ">=", word("2"), text("10"), true)]
#[case(Kind::Any, ">=", word("two"), text("10"), false)]
#[case(Kind::Text, ">=", word("2"), text("10"), false)]
#[case(Kind::Version, "<", Operand::Version(vec![1, 15]), text("1.9"), true)]
#[case(Kind::Version, ">", Operand::Version(vec![1, 15]), text("1.15.1"), true)]
#[case(Kind::Version, "<", Operand::Version(vec![1, 15]), text("1.x"), false)]
#[case(Kind::Time, "<", Operand::Period(10, 20), text("1970-01-01 00:00:10"), false)]
#[case(Kind::Time, "<=", Operand::Period(10, 20), text("1970-01-01 00:00:19"), true)]
#[case(Kind::Time, ">", Operand::Period(10, 20), text("1970-01-01 00:00:19"), false)]
#[case(Kind::Time, ">=", Operand::Period(10, 20), text("1970-01-01 00:00:10"), true)]
#[case(Kind::Time, ">", Operand::Age(50), text("1970-01-01 00:00:10"), true)]
#[case(Kind::Time, "<=", Operand::Age(50), text("1970-01-01 00:00:10"), false)]
#[case(Kind::Time, ">", Operand::Age(50), text("soon"), false)]
fn relations(
    #[case] kind: Kind,
    #[case] relation: &str,
    #[case] operand: Operand,
    #[case] value: Value<'_>,
    #[case] expected: bool,
) {
    let relation = match relation {
        "<" => Relation::Less,
        "<=" => Relation::AtMost,
        ">" => Relation::Greater,
        _ => Relation::AtLeast,
    };
    assert_eq!(holds(kind, &Check::Compares(relation, operand), &value, 100), expected);
}

#[rstest::rstest]
#[case(Value::Nothing, false)]
#[case(Value::Flag(false), false)]
#[case(Value::Flag(true), true)]
#[case(token("0"), false)]
#[case(token("-0.0e5"), false)]
#[case(token("NaN"), true)]
#[case(token("7"), true)]
#[case(text(""), false)]
#[case(text("0"), true)]
#[case(Value::Container("[0]".into()), true)]
fn presence_is_pythons_truth(#[case] value: Value<'_>, #[case] expected: bool) {
    assert_eq!(holds(Kind::Any, &Check::Present, &value, 0), expected);
}

#[rstest::rstest]
#[case("ubuntu", text("Ubuntu-22"), true)]
#[case("k", text("\u{212a}elvin"), true)]
#[case("ö", text("GRÖSSE"), true)]
#[case("5", token("1500"), true)]
#[case("ru", Value::Flag(true), true)]
#[case("a", Value::Container("[\"a\"]".into()), false)]
fn containing_leaves_letter_case_aside(#[case] part: &str, #[case] value: Value<'_>, #[case] expected: bool) {
    assert_eq!(holds(Kind::Text, &Check::Contains(vec![part.to_owned()]), &value, 0), expected);
}

#[test]
fn patterns_match_somewhere_and_keep_letter_case() {
    let holds = |pattern: &str, value: Value<'_>| {
        holds(Kind::Text, &Check::Matches(Pattern::new(pattern).unwrap()), &value, 0)
    };
    assert!(holds("^m1", text("m1.large")));
    assert!(!holds("M1", text("m1.large")));
    assert!(holds("(?i)M1", text("m1.large")));
    assert!(!holds("", Value::Nothing));
}

#[test]
fn integers_and_doubles_are_compared_exactly() {
    let pairs = [
        (Number::Whole((1 << 53) + 1), Number::Real(9_007_199_254_740_992.0), Ordering::Greater),
        (Number::Whole(-1), Number::Real(-0.5), Ordering::Less),
        (Number::Whole(0), Number::Real(-0.5), Ordering::Greater),
        (Number::Whole(i128::MAX), Number::Real(1e300), Ordering::Less),
        (Number::Whole(i128::MIN), Number::Real(-1e300), Ordering::Greater),
        (Number::Whole(3), Number::Real(3.0), Ordering::Equal),
    ];
    for (one, other, expected) in pairs {
        assert_eq!(compare_numbers(one, other), expected, "{one:?} {other:?}");
        assert_eq!(compare_numbers(other, one), expected.reverse(), "{other:?} {one:?}");
    }
}
