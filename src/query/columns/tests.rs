//! Cases of columns: orders, counts, budgets. That they agree with the reference is a property test.

use super::*;
use crate::query::record::{Facts, Record};
use crate::query::{Order, parse};

fn record<'a>(id: i64, spec: &'a str) -> Record<'a> {
    Record { database: "api", id, instance_uuid: "u", spec: spec.as_bytes(), created: "", updated: "" }
}

fn field(name: &str) -> Field {
    Field::named(name).unwrap()
}

fn zones(rows: &[(i64, &str, i64)], budget: usize) -> Columns {
    let mut builder = ColumnsBuilder::new(&[field("az"), field("vcpus"), field("forced")], budget);
    for (id, zone, vcpus) in rows {
        let spec = format!(
            r#"{{"availability_zone": {zone}, "flavor": {{"vcpus": {vcpus}}}, "force_hosts": ["a", "b"]}}"#
        );
        builder.add(&record(*id, &spec), Facts::NONE);
    }
    builder.finish()
}

const ROWS: &[(i64, &str, i64)] =
    &[(7, "\"az2\"", 4), (3, "\"az1\"", 10), (9, "null", 9), (5, "\"az2\"", 1), (1, "\"az1\"", 4)];

fn ids(columns: &Columns, rows: &[u32]) -> Vec<i64> {
    rows.iter().map(|row| columns.id(*row as usize)).collect()
}

#[test]
fn rows_are_in_the_order_of_their_ids() {
    let columns = zones(ROWS, 1 << 20);
    assert_eq!((0..5).map(|row| columns.id(row)).collect::<Vec<_>>(), [1, 3, 5, 7, 9]);
    assert_eq!(columns.row(7), Some(3));
    assert_eq!(columns.row(8), None);
    let picked = columns.pick(&parse("az=az2 vcpus>2").unwrap(), 0).unwrap();
    assert_eq!(picked.yes.rows().map(|row| columns.id(row)).collect::<Vec<_>>(), [7]);
    assert_eq!(picked.unknown, None);
    let picked = columns.pick(&parse("not (az=az2 or forced=b vcpus=10)").unwrap(), 0).unwrap();
    assert_eq!(picked.yes.rows().map(|row| columns.id(row)).collect::<Vec<_>>(), [1, 9]);
}

#[test]
fn what_has_no_column_is_not_judged() {
    let columns = zones(ROWS, 1 << 20);
    assert_eq!(columns.pick(&parse("flavor=m1").unwrap(), 0), None);
    assert_eq!(columns.pick(&parse("word").unwrap(), 0), None);
}

#[rstest::rstest]
#[case("az", false, &[1, 3, 5, 7, 9])]
#[case("az", true, &[7, 5, 3, 1, 9])]
#[case("vcpus", false, &[5, 1, 7, 9, 3])]
#[case("vcpus", true, &[3, 9, 7, 1, 5])]
#[case("id", true, &[9, 7, 5, 3, 1])]
fn rows_are_sorted(#[case] name: &str, #[case] descending: bool, #[case] expected: &[i64]) {
    let columns = zones(ROWS, 1 << 20);
    let all = Bits::new(columns.len(), true);
    let sorted = columns.sorted(&Order::by(field(name), descending), &all).unwrap();
    assert_eq!(ids(&columns, &sorted), expected);
}

#[test]
fn combinations_are_counted() {
    let columns = zones(ROWS, 1 << 20);
    let all = Bits::new(columns.len(), true);
    let shown = |counts: &Counts, fields: &[Field]| -> Vec<(String, u64)> {
        let one = |group: &Group| {
            let cell = |(field, code): (&Field, &u32)| {
                let values = columns.of(field).unwrap().values(*code).unwrap();
                crate::query::sort_key::shown(field, &values).unwrap_or_default().into_owned()
            };
            fields.iter().zip(&group.codes).map(cell).collect::<Vec<_>>().join("/")
        };
        counts.groups.iter().map(|group| (one(group), group.count)).collect()
    };
    let az = [field("az")];
    let counts = columns.counts(&az, &all, 10).unwrap();
    assert_eq!(shown(&counts, &az), [("az2".into(), 2), ("az1".into(), 2), (String::new(), 1)]);
    let both = [field("az"), field("vcpus")];
    let counts = columns.counts(&both, &all, 2).unwrap();
    assert_eq!((counts.groups.len(), counts.others), (2, 3));
    assert_eq!(columns.counts(&[field("flavor")], &all, 2), None);
}

#[test]
fn a_field_beyond_the_budget_has_no_column() {
    let rows: Vec<(i64, String, i64)> = (0..2_000).map(|id| (id, format!("\"zone-{id}\""), id % 7)).collect();
    let rows: Vec<_> = rows.iter().map(|(id, zone, vcpus)| (*id, &**zone, *vcpus)).collect();
    let columns = zones(&rows, 60_000);
    assert!(columns.of(&field("az")).is_none());
    assert_eq!(columns.of(&field("vcpus")).unwrap().distinct(), 7);
    assert!(columns.bytes() < 60_000);
    assert_eq!(zones(&rows, 1 << 20).of(&field("az")).unwrap().distinct(), 2_000);
}

#[test]
fn parts_are_put_together() {
    let fields = [field("az")];
    let mut whole = ColumnsBuilder::new(&fields, 1 << 20);
    let mut parts = [ColumnsBuilder::new(&fields, 1 << 20), ColumnsBuilder::new(&fields, 1 << 20)];
    for id in 0..700 {
        let spec = format!(r#"{{"availability_zone": "zone-{}"}}"#, (id * id) % 400);
        whole.add(&record(id, &spec), Facts::NONE);
        parts[usize::from(id < 300)].add(&record(id, &spec), Facts::NONE);
    }
    let [mut first, second] = parts;
    first.append(second);
    let (whole, joined) = (whole.finish(), first.finish());
    let (one, other) = (whole.of(&fields[0]).unwrap(), joined.of(&fields[0]).unwrap());
    assert_eq!(joined.len(), 700);
    for row in 0..700 {
        assert_eq!(one.values(one.code(row)), other.values(other.code(row)));
    }
}
