use super::*;
use crate::query::Field;
use crate::query::record::{Facts, Record};
use crate::search::hits::Hits;
use crate::store::Cancel;

fn order(name: &str, descending: bool) -> Order {
    Order::by(Field::named(name).unwrap(), descending)
}

fn key(id: i64, updated: &str) -> PageKey {
    PageKey::new(id, updated)
}

fn row<'a>(id: i64, uuid: &'a str, spec: &'a [u8], updated: &'a str) -> Record<'a> {
    Record { database: "api", id, instance_uuid: uuid, spec, created: "", updated }
}

fn hits<'a>(order: &Order, rows: impl IntoIterator<Item = Record<'a>>) -> Hits {
    let reader = Arc::new(KeyReader::new(order));
    let mut hits = Hits::new(order, Arc::clone(&reader));
    for row in rows {
        hits.push(row.id, reader.key(&row, Facts::NONE));
    }
    hits
}

fn sorted(hits: &Hits) -> Sorted {
    Snapshot::of(hits.now()).sort(&Cancel::default()).unwrap()
}

fn four(order: &Order) -> Sorted {
    let dates =
        [(4, "2026-01-02 00:00:00"), (2, "2026-01-03 00:00:00.5"), (9, ""), (7, "2026-01-03 00:00:00")];
    sorted(&hits(order, dates.map(|(id, updated)| row(id, "", b"", updated))))
}

fn ids(sorted: &Sorted, from: PageFrom, limit: u32) -> Vec<i64> {
    let request = PageRequest { order: sorted.snapshot.order.clone(), from, limit };
    sorted.places(sorted.page(&request)).into_iter().map(|place| place.id).collect()
}

#[rstest::rstest]
#[case("id", false, PageFrom::Start, &[2, 4])]
#[case("id", false, PageFrom::End, &[7, 9])]
#[case("id", false, PageFrom::After(key(4, "")), &[7, 9])]
#[case("id", false, PageFrom::After(key(5, "")), &[7, 9])]
#[case("id", false, PageFrom::Before(key(9, "")), &[4, 7])]
#[case("id", false, PageFrom::At(key(4, "")), &[4, 7])]
#[case("updated", true, PageFrom::Start, &[2, 7])]
#[case("updated", true, PageFrom::After(key(7, "2026-01-03 00:00:00")), &[4, 9])]
#[case("updated", true, PageFrom::End, &[4, 9])]
// A key of another database may have the id of a hit, but another last update.
#[case("updated", true, PageFrom::After(key(4, "2026-01-03 00:00:00")), &[4, 9])]
fn pages_of_hits_go_by_key(
    #[case] field: &str,
    #[case] descending: bool,
    #[case] from: PageFrom,
    #[case] expected: &[i64],
) {
    assert_eq!(ids(&four(&order(field, descending)), from, 2), expected);
}

#[test]
fn ranks_count_the_hits_before() {
    assert_eq!(four(&order("id", false)).rank(&key(7, "")), 2);
    assert_eq!(four(&order("updated", true)).rank(&key(4, "2026-01-02 00:00:00")), 2);
}

#[rstest::rstest]
#[case("id", true, &[9, 7, 4, 2])]
// Other than the order that databases page in, this one goes by whole seconds.
#[case("updated", false, &[4, 2, 7, 9])]
fn the_other_direction_turns_all_but_missing_values(
    #[case] field: &str,
    #[case] descending: bool,
    #[case] expected: &[i64],
) {
    let sorted = four(&order(field, descending));
    assert_eq!(ids(&sorted, PageFrom::Start, 9), expected);
    // By the keys that come with a page, the next one is found.
    let Place { id, sort, .. } = sorted.places(0..2)[1].clone();
    let after = PageFrom::After(PageKey { id, updated: String::new(), sort });
    assert_eq!(ids(&sorted, after, 9), expected[2..]);
}

/// Rows whose sizes, uuids and zones go every way.
fn many(count: i64) -> Vec<(i64, String, Vec<u8>)> {
    let mixed = |id: i64| (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    (0..count)
        .map(|id| {
            let uuid = format!("{:08x}-0000-4000-8000-{:012x}", mixed(id) as u32, id);
            let uuid = if id % 5 == 0 { uuid.to_uppercase() } else { uuid };
            (id * 3 % count, uuid, vec![b' '; (mixed(id) % 40) as usize])
        })
        .collect()
}

#[rstest::rstest]
#[case("size", false)]
#[case("size", true)]
#[case("uuid", false)]
#[case("uuid", true)]
fn any_order_equals_the_obvious_one(#[case] field: &str, #[case] descending: bool) {
    let (order, rows) = (order(field, descending), many(70_001));
    let reader = KeyReader::new(&order);
    let records = || rows.iter().map(|(id, uuid, spec)| row(*id, uuid, spec, ""));
    let hits = hits(&order, records());
    let mut obvious: Vec<_> = records().map(|row| (reader.sort_key(&row, Facts::NONE), row.id)).collect();
    obvious.sort_by(|one, other| order.compare((&one.0, one.1), (&other.0, other.1)));
    let sorted = sorted(&hits);
    let found = sorted.places(0..sorted.count());
    assert_eq!(found.len(), obvious.len());
    for (found, (sort, id)) in found.into_iter().zip(&obvious) {
        assert_eq!((found.id, found.sort), (*id, Some(sort.clone())));
    }
    for at in [0, 1, 35_000, 70_000] {
        let (sort, id) = obvious[at].clone();
        assert_eq!(sorted.rank(&PageKey { id, updated: String::new(), sort: Some(sort) }), at);
    }
}

#[test]
fn sorting_is_given_up() {
    let hits = hits(&order("id", false), (0..10).map(|id| row(id, "", b"", "")));
    let cancel = Cancel::default();
    cancel.cancel();
    assert!(Snapshot::of(hits.now()).sort(&cancel).is_none());
}
