//! Merging against the obvious thing: all rows in one sorted list.

use proptest::prelude::*;

use super::super::fields::{Field, Kind};
use super::super::record::Value;
use super::*;

fn key(id: i64, updated: &str) -> PageKey {
    PageKey::new(id, updated)
}

fn mark(id: i64, updated: &str, part: usize) -> Mark {
    Mark { key: key(id, updated), part }
}

/// Whether a row stands before another of its table, said without the code under test.
fn is_before(order: &Order, one: &PageKey, other: &PageKey) -> bool {
    match order.native() {
        Some(SortOrder::Id) => one.id < other.id,
        Some(SortOrder::Updated) => (&one.updated, one.id) > (&other.updated, other.id),
        None => {
            let missing = |key: &PageKey| *key.sort.as_ref().expect("sorted") == SortKey::MISSING;
            let ids = if order.descending { one.id > other.id } else { one.id < other.id };
            match (missing(one), missing(other)) {
                (true, true) => ids,
                (true, false) | (false, true) => missing(other),
                _ if one.sort == other.sort => ids,
                _ if order.descending => one.sort > other.sort,
                _ => one.sort < other.sort,
            }
        }
    }
}

/// What a store answers: rows of one table by key.
fn answer(rows: &[PageKey], request: &PageRequest<PageKey, Order>) -> Vec<PageKey> {
    let mut rows = rows.to_vec();
    let before = |one: &PageKey, other: &PageKey| is_before(&request.order, one, other);
    rows.sort_by(|one, other| before(other, one).cmp(&before(one, other)));
    let limit = request.limit as usize;
    let kept: Vec<_> = rows
        .into_iter()
        .filter(|row| match &request.from {
            PageFrom::Start | PageFrom::End => true,
            PageFrom::After(key) => before(key, row),
            PageFrom::Before(key) => before(row, key),
            PageFrom::At(key) => !before(row, key),
        })
        .collect();
    let cut = if request.from.is_backwards() { kept.len().saturating_sub(limit) } else { 0 };
    kept.into_iter().skip(cut).take(limit).collect()
}

fn rank(rows: &[PageKey], order: &Order, key: &PageKey) -> usize {
    let request = PageRequest { order: order.clone(), from: PageFrom::Before(key.clone()), limit: u32::MAX };
    answer(rows, &request).len()
}

/// A page asked of the parts that answer.
fn ask(parts: &[Option<Vec<PageKey>>], request: &PageRequest<Mark, Order>) -> Vec<Mark> {
    let answers = parts.iter().enumerate().filter_map(|(part, rows)| {
        let rows = rows.as_ref()?;
        let written = rows.first().map(|row| row.updated.as_str());
        let from = bound(&request.order, &request.from, part, written);
        let asked = PageRequest { order: request.order.clone(), from, limit: request.limit };
        Some((part, answer(rows, &asked).into_iter().map(|key| Mark { key, part }).collect()))
    });
    page(request, answers.collect(), |mark| mark.key.clone())
}

fn all(parts: &[Option<Vec<PageKey>>], order: &Order) -> Vec<Mark> {
    let rows = parts
        .iter()
        .enumerate()
        .flat_map(|(part, rows)| rows.iter().flatten().map(move |key| Mark { key: key.clone(), part }));
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|one, other| compare(order, one, other));
    rows
}

/// Tables with few ids and moments, so that ties are common; each writes moments in its own way;
/// None is one that does not answer.
fn parts() -> impl Strategy<Value = Vec<Option<Vec<PageKey>>>> {
    let row = (1_i64..12, 0_u32..4, any::<bool>(), 0_u32..6);
    let table = (proptest::collection::vec(row, 0..14), any::<bool>()).prop_map(|(rows, fraction)| {
        let mut rows: Vec<_> = rows
            .into_iter()
            .map(|(id, second, none, sort)| {
                let end = if fraction { ".000000" } else { "" };
                let updated = if none { String::new() } else { format!("2026-01-02 00:00:0{second}{end}") };
                PageKey { sort: Some(sort_key(sort)), ..PageKey::new(id, updated) }
            })
            .collect();
        rows.sort_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        rows
    });
    proptest::collection::vec(proptest::option::weighted(0.9, table), 1..5)
}

fn order() -> impl Strategy<Value = Order> {
    let by = |name: &str, descending| Order::by(Field::named(name).expect("a field"), descending);
    prop_oneof![
        Just(SortOrder::Id.into()),
        Just(SortOrder::Updated.into()),
        Just(by("id", true)),
        Just(by("vcpus", false)),
        Just(by("vcpus", true)),
    ]
}

/// Numbers, texts and no value, few enough that ties are common.
fn sort_key(number: u32) -> SortKey {
    let value = match number {
        0 => return SortKey::MISSING,
        1..=3 => Value::Number(number.to_string().into()),
        _ => Value::Text(format!("az{number}").into()),
    };
    SortKey::of(Kind::Any, &value).expect("a value")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Any sequence of pages, each from where the last one ended, began, or was.
    #[test]
    fn pages_are_those_of_one_sorted_list(
        parts in parts(), order in order(),
        steps in proptest::collection::vec((0_usize..5, 1_u32..6), 1..12),
    ) {
        // A part that wrote "" first would not tell how it writes; its first row with a date does.
        let parts: Vec<_> = parts.into_iter().map(|rows| rows.map(|mut rows| {
            rows.sort_by_key(|row| row.updated.is_empty());
            rows
        })).collect();
        let whole = all(&parts, &order);
        let mut last: Vec<Mark> = Vec::new();
        for (step, limit) in steps {
            let from = match (step, last.first(), last.last()) {
                (0, ..) => PageFrom::Start,
                (1, ..) => PageFrom::End,
                (2, _, Some(end)) => PageFrom::After(end.clone()),
                (3, Some(begin), _) => PageFrom::Before(begin.clone()),
                (_, Some(begin), _) => PageFrom::At(begin.clone()),
                _ => PageFrom::Start,
            };
            let place = |mark: &Mark| whole.iter().position(|row| row == mark).expect("a row of before");
            let limit_rows = limit as usize;
            let range = match &from {
                PageFrom::Start => 0..limit_rows,
                PageFrom::End => whole.len().saturating_sub(limit_rows)..whole.len(),
                PageFrom::After(mark) => place(mark) + 1..place(mark) + 1 + limit_rows,
                PageFrom::Before(mark) => place(mark).saturating_sub(limit_rows)..place(mark),
                PageFrom::At(mark) => place(mark)..place(mark) + limit_rows,
            };
            let expected = &whole[range.start.min(whole.len())..range.end.min(whole.len())];
            let found = ask(&parts, &PageRequest { order: order.clone(), from: from.clone(), limit });
            prop_assert_eq!(&found[..], expected, "{:?}", from);
            if !found.is_empty() {
                last = found;
            }
        }
    }

    /// Keys of rows that are gone, and of parts that no longer answer, still name a place.
    #[test]
    fn a_key_needs_no_row(parts in parts(), order in order(), sort in 0_u32..6, id in 0_i64..13, second in 0_u32..5, part in 0_usize..6, limit in 1_u32..9, which in 0_usize..3) {
        let parts: Vec<_> = parts.into_iter().map(|rows| rows.map(|mut rows| {
            rows.retain(|row| row.updated.len() != WHOLE);
            rows.sort_by_key(|row| row.updated.is_empty());
            rows
        })).collect();
        let mut mark = mark(id, &format!("2026-01-02 00:00:0{second}.000000"), part);
        mark.key.sort = Some(sort_key(sort));
        let whole = all(&parts, &order);
        let before: Vec<_> = whole.iter().filter(|row| compare(&order, row, &mark).is_lt()).cloned().collect();
        let limit_rows = limit as usize;
        let (from, expected) = match which {
            0 => (PageFrom::Before(mark.clone()), before[before.len().saturating_sub(limit_rows)..].to_vec()),
            1 => (PageFrom::At(mark.clone()), whole[before.len()..].iter().take(limit_rows).cloned().collect()),
            _ => {
                let after = whole.iter().filter(|row| compare(&order, row, &mark).is_gt());
                (PageFrom::After(mark.clone()), after.take(limit_rows).cloned().collect())
            }
        };
        prop_assert_eq!(ask(&parts, &PageRequest { order, from, limit }), expected);
    }

    #[test]
    fn ranks_add_up(parts in parts(), order in order(), nth in 0_usize..40) {
        let whole = all(&parts, &order);
        let Some(nth) = nth.checked_rem(whole.len()) else { return Ok(()) };
        let ranks = parts.iter().enumerate().filter_map(|(part, rows)| {
            let rows = rows.as_ref()?;
            let written = rows.iter().map(|row| row.updated.as_str()).find(|updated| !updated.is_empty());
            Some(rank(rows, &order, &rank_key(&order, &whole[nth], part, written)))
        });
        prop_assert_eq!(ranks.sum::<usize>(), nth);
    }
}

#[rstest::rstest]
#[case(mark(4, "", 1), 0, PageFrom::After(key(4, "")), PageFrom::Before(key(5, "")))]
#[case(mark(4, "", 1), 1, PageFrom::After(key(4, "")), PageFrom::Before(key(4, "")))]
#[case(mark(4, "", 1), 2, PageFrom::At(key(4, "")), PageFrom::Before(key(4, "")))]
#[case(mark(i64::MAX, "", 1), 0, PageFrom::After(key(i64::MAX, "")), PageFrom::End)]
fn equal_ids_are_told_apart_by_part(
    #[case] mark: Mark,
    #[case] part: usize,
    #[case] after: PageFrom,
    #[case] before: PageFrom,
) {
    assert_eq!(bound(&SortOrder::Id.into(), &PageFrom::After(mark.clone()), part, None), after);
    assert_eq!(bound(&SortOrder::Id.into(), &PageFrom::Before(mark), part, None), before);
}

#[rstest::rstest]
#[case("2026-01-02 03:04:05", "2026-01-02 00:00:00.000000", "2026-01-02 03:04:05.000000")]
#[case("2026-01-02 03:04:05.000000", "2026-01-02 00:00:00", "2026-01-02 03:04:05")]
#[case("2026-01-02 03:04:05.250000", "2026-01-02 00:00:00", "2026-01-02 03:04:05.25")]
#[case("", "2026-01-02 00:00:00", "")]
#[case("2026-01-02 03:04:05", "yesterday", "2026-01-02 03:04:05")]
fn a_moment_is_written_as_the_part_writes_it(
    #[case] updated: &str,
    #[case] like: &str,
    #[case] expected: &str,
) {
    assert_eq!(rewritten(updated, like), expected);
    assert_eq!(moment(updated), moment(expected));
}
