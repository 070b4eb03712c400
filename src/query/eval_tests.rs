//! Cases of the reference: paths, envelopes, duplicates, cut texts, facts.

use std::sync::Arc;

use super::*;
use crate::query::expression::{Check, Operand};
use crate::query::fields::{FAMILIES, Fact};

fn record(spec: &[u8]) -> Record<'_> {
    Record {
        database: "cell1",
        id: 7,
        instance_uuid: "3f0c9a1e-aaaa-4bbb-8ccc-0123456789ab",
        spec,
        created: "2026-01-01 00:00:00",
        updated: "",
    }
}

fn shown(field: &Field, spec: &str) -> String {
    let record = record(spec.as_bytes());
    let values = values(field, &record, Facts::NONE).unwrap();
    let one = |value: &Value<'_>| match value {
        Value::Nothing => "-".to_owned(),
        Value::Flag(flag) => flag.to_string(),
        Value::Number(token) => token.to_string(),
        Value::Text(text) => format!("'{text}'"),
        Value::Container(raw) => raw.to_string(),
    };
    values.iter().map(one).collect::<Vec<_>>().join(" ")
}

const ENVELOPED: &str = r#"{"nova_object.name": "RequestSpec", "nova_object.namespace": "nova", "nova_object.version": "1.15",
  "nova_object.data": {"availability_zone": "az1", "is_bfv": true, "flavor": {"nova_object.name": "Flavor", "nova_object.namespace": "nova",
  "nova_object.version": "1.2", "nova_object.data": {"name": "m1", "vcpus": 4, "extra_specs": {"hw:a": "x", "hw:a": "y", "b": "z"}}},
  "force_hosts": ["c1", "c2"], "force_nodes": null, "scheduler_hints": {"group": ["g1"], "x": "availability_zone\": \"az9"},
  "numa_topology": {"nova_object.name": "InstanceNUMATopology", "nova_object.data": {"cells": [{"nova_object.name": "InstanceNUMACell",
  "nova_object.version": "1.6", "nova_object.data": {"pagesize": 1048576}}, {}]}}, "limits": {}}}"#;

#[rstest::rstest]
#[case("az", "'az1'")]
#[case("flavor", "'m1'")]
#[case("vcpus", "4")]
#[case("bfv", "true")]
#[case("forced", "'c1' 'c2'")]
#[case("group", "'g1'")]
#[case("numa", "2")]
#[case("pagesize", "1048576")]
#[case("version", "'1.15'")]
#[case("era", "29")]
#[case("pcirequests", "")]
#[case("demands", "'G' 'H' 'N' 'F' 'V'")]
#[case("broken", "'InstanceNUMATopology has no nova_object.namespace'")]
#[case("uuid", "'3f0c9a1e-aaaa-4bbb-8ccc-0123456789ab'")]
#[case("id", "7")]
#[case("db", "'cell1'")]
#[case("created", "'2026-01-01 00:00:00'")]
#[case("updated", "")]
fn fields_of_the_table(#[case] name: &str, #[case] expected: &str) {
    assert_eq!(shown(&Field::named(name).unwrap(), ENVELOPED), expected);
}

#[rstest::rstest]
#[case(&["limits"], "-")]
#[case(&["flavor", "extra_specs", "hw:a"], "'y'")]
#[case(&["flavor", "extra_specs", "*"], "'y' 'z'")]
#[case(&["flavor", "nova_object.version"], "'1.2'")]
#[case(&["flavor", "nova_object.data", "name"], "'m1'")]
#[case(&["nova_object.data", "availability_zone"], "'az1'")]
#[case(&["force_hosts"], r#"["c1", "c2"]"#)]
#[case(&["force_hosts", "x"], "")]
fn paths(#[case] keys: &[&str], #[case] expected: &str) {
    assert_eq!(shown(&Field::at(JsonPath::of(keys)), ENVELOPED), expected);
}

#[test]
fn a_family_reads_texts_and_lists() {
    let hints = &FAMILIES[1];
    assert_eq!(shown(&hints.field("group"), ENVELOPED), "[\"g1\"] 'g1'");
    let all = shown(&hints.all(), ENVELOPED);
    assert_eq!(all, "[\"g1\"] 'availability_zone\": \"az9' 'g1'");
}

#[rstest::rstest]
// The name after the data, the data twice, a name that is no string, data that is no object.
#[case(r#"{"nova_object.data": {"a": 1}, "nova_object.name": "X"}"#, "1")]
#[case(r#"{"nova_object.name": "X", "nova_object.data": {"a": 1}, "nova_object.data": {"a": 2}}"#, "2")]
#[case(r#"{"nova_object.name": 5, "nova_object.data": {"a": 1}, "a": 3}"#, "3")]
#[case(r#"{"nova_object.name": "X", "nova_object.data": [], "a": 3}"#, "3")]
#[case(r#"{"nova_object.name": "X", "nova_object.data": {"a": 1}, "a": 3}"#, "1")]
#[case(r#"{"a": 1, "\u0061": 2}"#, "2")]
#[case(r#"{"a": 1, "b": 2} {"a": 9}"#, "1")]
#[case(r#"{"a": [1, 2"#, "[1, 2")]
#[case(r#"{"a": [1"#, "-")]
#[case(r#"[1]"#, "")]
fn odd_texts(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(shown(&Field::at(JsonPath::of(&["a"])), text), expected);
}

#[test]
fn what_is_not_known_decides_only_where_nothing_else_does() {
    let host = Field::named("instance.host").unwrap();
    let operand = Operand::Text { text: "cmp1".into(), number: None };
    let test =
        |field: Field, operand: Operand| Expression::Test(Test { field, check: Check::Is(vec![operand]) });
    let on_host = test(host.clone(), operand);
    let zone =
        |zone: &str| test(Field::named("az").unwrap(), Operand::Text { text: zone.into(), number: None });
    let record = record(ENVELOPED.as_bytes());
    let judge = |expression: &Expression, facts: &Facts| verdict(expression, &record, facts, 0);
    assert_eq!(judge(&on_host, Facts::NONE), Verdict::Unknown);
    let both = |zone| Expression::And(vec![on_host.clone(), zone]);
    assert_eq!(judge(&both(zone("az2")), Facts::NONE), Verdict::No);
    assert_eq!(judge(&both(zone("az1")), Facts::NONE), Verdict::Unknown);
    let either = Expression::Or(vec![on_host.clone(), zone("az1")]);
    assert_eq!(judge(&either, Facts::NONE), Verdict::Yes);
    let not = Expression::Not(Box::new(on_host.clone()));
    assert_eq!(judge(&not, Facts::NONE), Verdict::Unknown);
    let mut facts = Facts::default();
    facts.set(Fact::Host, Some(Arc::from("cmp1")));
    assert_eq!(judge(&on_host, &facts), Verdict::Yes);
    facts.set(Fact::Host, None);
    assert_eq!(judge(&not, &facts), Verdict::Yes);
}

#[rstest::rstest]
#[case("az1", true)]
#[case("3f0c", true)]
#[case("requestspec", true)]
#[case("zone\": \"az9", true)]
#[case("az7", false)]
fn words_are_looked_for_everywhere(#[case] word: &str, #[case] expected: bool) {
    let record = record(ENVELOPED.as_bytes());
    let found = verdict(&Expression::Word(word.into()), &record, Facts::NONE, 0);
    assert_eq!(found, Verdict::of(expected));
}

#[test]
fn a_flag_that_another_table_stores_as_a_number() {
    let field = Field::named("queued_for_delete").unwrap();
    let mut facts = Facts::default();
    facts.set(Fact::QueuedForDelete, Some(Arc::from("0")));
    let test = Expression::Test(Test { field, check: Check::Present });
    assert_eq!(verdict(&test, &record(b""), &facts, 0), Verdict::No);
}
