use super::*;
use crate::query::{PageKey, parse};
use crate::spec::summary::Summary;

fn row(number: i64) -> Row {
    Row {
        database: DatabaseName::Api,
        key: PageKey::new(number, "2026-11-22 08:00:00".to_owned()),
        instance_uuid: Arc::from(format!("uuid-{number}")),
        summary: Summary::default(),
        values: Arc::from([]),
    }
}

fn marked(marks: &Marks, rows: &[Row]) -> Vec<i64> {
    rows.iter().filter(|row| marks.is_marked(row, None)).map(|row| row.key.id).collect()
}

#[test]
fn a_row_is_marked_and_no_more() {
    let (mut marks, row) = (Marks::default(), row(1));
    assert!(!marks.is_any() && marks.whom().is_none());
    marks.toggle(&row).unwrap();
    assert!(marks.is_any() && marks.is_marked(&row, None) && marks.count() == 1);
    let other = Row { database: DatabaseName::cell("cell1"), ..row.clone() };
    assert!(!marks.is_marked(&other, None), "the same instance's row elsewhere is another");
    assert_eq!(marks.whom(), Some(Whom::Rows(Arc::from([known(&row)]))));
    marks.toggle(&row).unwrap();
    assert!(!marks.is_any());
}

#[test]
fn a_range_follows_the_cursor_both_ways() {
    let rows: Vec<_> = (0..10).map(row).collect();
    let all: Vec<_> = rows.iter().collect();
    let mut marks = Marks::default();
    marks.toggle(&rows[6]).unwrap();
    marks.begin_range(&rows[4]).unwrap();
    for (cursor, expected) in [
        (4, vec![4, 6]),
        (7, vec![4, 5, 6, 7]),
        (5, vec![4, 5, 6]),
        (4, vec![4, 6]),
        (2, vec![2, 3, 4, 6]),
        (8, vec![4, 5, 6, 7, 8]),
        (1, vec![1, 2, 3, 4, 6]),
    ] {
        marks.extend_range(&all, cursor).unwrap();
        assert_eq!(marked(&marks, &rows), expected, "to {cursor}");
        assert_eq!(marks.count(), expected.len());
    }
    marks.end_range();
    assert_eq!(marked(&marks, &rows), [1, 2, 3, 4, 6], "what was marked by hand stays, too");
    marks.extend_range(&all, 9).unwrap();
    assert_eq!(marks.count(), 5, "no range, no more marks");
}

#[test]
fn a_range_over_rows_that_are_not_at_hand_ends() {
    let rows: Vec<_> = (0..10).map(row).collect();
    let mut marks = Marks::default();
    marks.begin_range(&rows[1]).unwrap();
    marks.extend_range(&rows[..5].iter().collect::<Vec<_>>(), 3).unwrap();
    assert_eq!(marks.extend_range(&rows[5..].iter().collect::<Vec<_>>(), 2), Err(Refused::TooFar));
    assert!(!marks.has_range());
    assert_eq!(marked(&marks, &rows), [1, 2, 3]);
}

#[test]
fn marks_by_hand_are_bounded() {
    let rows: Vec<_> = (0..MOST as i64 + 2).map(row).collect();
    let mut marks = Marks::default();
    for row in &rows[..MOST] {
        marks.toggle(row).unwrap();
    }
    assert_eq!(marks.toggle(&rows[MOST]), Err(Refused::Full));
    assert_eq!(marks.begin_range(&rows[MOST]), Err(Refused::Full));
    assert_eq!(marks.add([known(&rows[MOST])]), Err(Refused::Full));
    assert_eq!(marks.add([known(&rows[0])]), Ok(()), "it is marked already");
    marks.toggle(&rows[0]).unwrap();
    marks.begin_range(&rows[MOST]).unwrap();
    assert_eq!(marks.extend_range(&rows.iter().collect::<Vec<_>>(), MOST + 1), Err(Refused::Full));
    assert_eq!(marks.count(), MOST);
}

#[test]
fn all_of_a_query_is_the_query() {
    let query = Arc::new(parse("az=az1").unwrap());
    let mut marks = Marks::default();
    marks.toggle(&row(1)).unwrap();
    marks.mark_all(Matching { databases: vec![DatabaseName::Api], query: Arc::clone(&query) });
    assert!(marks.is_marked(&row(7), Some(&query)), "whatever row it finds");
    assert!(!marks.is_marked(&row(7), None), "a list that shows more says nothing of it");
    assert_eq!(marks.toggle(&row(1)), Err(Refused::All));
    assert_eq!(marks.begin_range(&row(1)), Err(Refused::All));
    assert_eq!(marks.whom(), Some(Whom::Query { databases: vec![DatabaseName::Api], query }));
    marks.clear();
    assert!(!marks.is_any() && !marks.is_marked(&row(1), None));
}
