//! What is left to databases, query by query.

use super::*;
use crate::query::parse;

fn of(query: &str, database_is_api: bool) -> Prefilter {
    prefilter(&parse(query).unwrap(), 10_000_000, database_is_api)
}

#[rstest::rstest]
#[case("id<1000", Some((i64::MIN, 999)))]
#[case("id>=5 id<=9", Some((5, 9)))]
#[case("id=3,9,5", Some((3, 9)))]
#[case("id=3 or id=9", Some((3, 9)))]
#[case("id=3 or az=az1", None)]
#[case("not id=3", None)]
#[case("id!=3", None)]
#[case("not (not id=3)", Some((3, 3)))]
// Nothing is both: the search finds that, and asks for what one of them allows.
#[case("id<3 id>5", Some((i64::MIN, 2)))]
fn ids(#[case] query: &str, #[case] expected: Option<(i64, i64)>) {
    assert_eq!(of(query, true).ids, expected);
}

#[rstest::rstest]
#[case("updated>1d", None, Some(10_000_000 - 86_400 - 1))]
#[case("updated<=1d", Some(10_000_000 - 86_400), None)]
#[case("updated>=1970-02-01 updated<1970-03-01", Some(2_678_400), Some(5_097_599))]
#[case("updated=1970-02", Some(2_678_400), Some(5_097_599))]
#[case("updated=1970-02 or updated=1970-03", Some(2_678_400), Some(7_775_999))]
#[case("created=1970-02", None, None)]
fn moments(#[case] query: &str, #[case] from: Option<i64>, #[case] to: Option<i64>) {
    let filter = of(query, true);
    assert_eq!((filter.updated_from, filter.updated_to), (from, to));
    assert_eq!(filter.created_from.is_some(), query.starts_with("created"));
}

#[test]
fn other_tables_are_asked_where_they_are() {
    let joined =
        |query: &str, api: bool| of(query, api).joins.into_iter().map(|join| join.column).collect::<Vec<_>>();
    assert_eq!(joined("instance.host=cmp1,cmp2", false), [JoinColumn::InstanceHost]);
    assert_eq!(joined("instance.host=cmp1", true), []);
    assert_eq!(
        joined("mapped=cell1 queued_for_delete", true),
        [JoinColumn::MappedCell, JoinColumn::QueuedForDelete]
    );
    assert_eq!(joined("mapped=cell1", false), []);
    assert_eq!(joined("not mapped=cell1", true), []);
    assert_eq!(joined("instance.host~cmp", false), []);
    assert_eq!(joined("instance.host=cmp1 or az=az1", false), []);
}

#[rstest::rstest]
#[case("az=az1", &["\"az1\""])]
#[case("flavorid=5", &["5"])]
#[case("az=1e999", &["1e999"])]
#[case("extra.x=1e999", &["\"x\"", "1e999"])]
#[case("az=-Infinity", &["-Infinity"])]
#[case("az=NaN", &["NaN"])]
#[case("extra.hw:cpu_policy=dedicated", &["\"hw:cpu_policy\"", "\"dedicated\""])]
#[case("hint.group", &["\"group\""])]
#[case("az=az1,az2", &[])]
#[case("az~az1", &[])]
#[case("az=zürich", &[])]
#[case("vcpus=8", &[])]
#[case("not az=az1", &[])]
#[case("az=az1 or az=az2", &[])]
fn bytes_that_stand_in_the_text(#[case] query: &str, #[case] expected: &[&str]) {
    let bytes: Vec<_> =
        of(query, true).bytes.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
    assert_eq!(bytes, expected);
}

#[test]
fn uuids_and_sizes() {
    assert_eq!(of("uuid=3f0c9a1e,4f0c9a1e", true).uuids, ["3f0c9a1e", "4f0c9a1e"]);
    assert_eq!(of("uuid=3f0c9a1e or uuid=4f0c9a1e", true).uuids, ["3f0c9a1e", "4f0c9a1e"]);
    assert!(of("uuid=3f0c9a1e or vcpus=4", true).uuids.is_empty());
    assert_eq!(of("size>64K", true).size, Some((65_537, u64::MAX)));
    assert!(of("", true).is_empty());
}
