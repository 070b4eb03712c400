use super::*;
use crate::query::PageKey;
use crate::spec::summary::Summary;

fn row(id: i64, updated: &str) -> Row {
    let key = PageKey::new(id, updated);
    let (database, instance_uuid) = (DatabaseName::Api, id.to_string().into());
    Row { database, key, instance_uuid, summary: Summary::default(), values: Arc::from([]) }
}

fn window(ids: &[i64], from_start: bool, to_end: bool) -> Window {
    Window { rows: ids.iter().map(|id| row(*id, "2026")).collect(), from_start, to_end }
}

fn numbers(rows: &[Known]) -> Vec<i64> {
    rows.iter().filter_map(|(_, uuid)| uuid.parse().ok()).collect()
}

fn appeared(news: &News) -> Vec<i64> {
    let mut numbers: Vec<i64> =
        news.marked(Mark::Appeared).iter().filter_map(|(_, uuid)| uuid.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

#[rstest::rstest]
// Between rows that both have.
#[case(&[1, 2, 4], &[1, 3, 4], &[3], &[2])]
// Beyond the ends of what both have there is no telling.
#[case(&[1, 2, 3], &[2, 3, 4], &[], &[])]
#[case(&[1, 2, 3], &[], &[], &[])]
fn in_the_middle_of_a_list(
    #[case] before: &[i64],
    #[case] after: &[i64],
    #[case] came: &[i64],
    #[case] gone: &[i64],
) {
    let news = News::between(&window(before, false, false), &window(after, false, false));
    assert_eq!((appeared(&news).as_slice(), numbers(&news.vanished).as_slice()), (came, gone));
}

#[rstest::rstest]
#[case(&[2, 3], &[1, 2, 3, 4], &[1, 4], &[])]
#[case(&[1, 2, 3, 4], &[2, 3], &[], &[1, 4])]
#[case(&[], &[1, 2], &[1, 2], &[])]
#[case(&[1, 2], &[], &[], &[1, 2])]
#[case(&[1, 2], &[3], &[3], &[1, 2])]
fn in_a_whole_list(
    #[case] before: &[i64],
    #[case] after: &[i64],
    #[case] came: &[i64],
    #[case] gone: &[i64],
) {
    let news = News::between(&window(before, true, true), &window(after, true, true));
    assert_eq!((appeared(&news).as_slice(), numbers(&news.vanished).as_slice()), (came, gone));
}

#[test]
fn rows_at_an_end_that_only_one_reading_reaches_are_no_news() {
    let news = News::between(&window(&[3, 4], false, true), &window(&[1, 2, 3, 4], true, true));
    assert!(news.is_empty(), "{news:?}");
    let news = News::between(&window(&[1, 2], true, true), &window(&[1, 2, 3], true, false));
    assert_eq!(appeared(&news), [3], "the list ended before it");
}

#[test]
fn a_row_that_says_something_else_has_changed() {
    let before = Window { rows: vec![row(1, "2026-01"), row(2, "2026-01")], from_start: true, to_end: true };
    let mut after = Window { rows: vec![row(1, "2026-02"), row(2, "2026-01")], ..before.clone() };
    assert_eq!(News::between(&before, &after).counts(), (0, 1, 0));
    after.rows[1].summary = Summary { vcpus: Some(3), ..Summary::default() };
    assert_eq!(News::between(&before, &after).counts(), (0, 2, 0));
    assert_eq!(News::between(&before, &after).mark(&after.rows[0]), Some(Mark::Changed));
}

#[test]
fn another_value_of_a_column_is_a_change() {
    let before = window(&[1, 2], true, true);
    let mut after = before.clone();
    after.rows[1].values = Arc::from([Some(Arc::from("dedicated"))]);
    assert_eq!(News::between(&before, &after).counts(), (0, 1, 0));
}

#[test]
fn what_a_reading_brought_stands_until_another_brings_something() {
    let mut refreshing = Refreshing::default();
    let news = |ids: &[i64]| News::between(&window(&[1], true, true), &window(ids, true, true));
    refreshing.brought([news(&[1, 2]), news(&[])], 100);
    refreshing.brought([news(&[1]), news(&[1])], 105);
    assert_eq!((refreshing.news[0].counts(), refreshing.news[1].counts()), ((1, 0, 0), (0, 0, 1)));
    for at in 0..20 {
        refreshing.brought([news(&[1, 3, 4]), News::default()], 110 + at);
    }
    assert_eq!((refreshing.news[0].counts(), refreshing.news[1].counts()), ((2, 0, 0), (0, 0, 1)));
    assert_eq!((refreshing.past.len(), refreshing.past[0].at, refreshing.past[9].at), (10, 129, 120));
    refreshing.forget();
    refreshing.set(None, 200);
    assert!(refreshing.news[0].is_empty() && refreshing.past.len() == 10);
}

#[test]
fn the_interval_goes_round() {
    let mut refreshing = Refreshing::default();
    let mut seen = Vec::new();
    for _ in 0..4 {
        refreshing.turn(100);
        seen.push(refreshing.every);
    }
    assert_eq!(seen, [Some(5), Some(30), None, Some(5)]);
    assert!(!refreshing.is_due(104) && refreshing.is_due(105));
    refreshing.before = Some([None, None]);
    assert!(!refreshing.is_due(200), "never while the last one runs");
}

#[rstest::rstest]
#[case("5", Some(Some(5)))]
#[case("30s", Some(Some(30)))]
#[case("off", Some(None))]
#[case("0", Some(None))]
#[case("1", None)]
#[case("-5", None)]
#[case("9999999999999999999", None)]
#[case("soon", None)]
fn intervals_are_read(#[case] text: &str, #[case] expected: Option<Option<i64>>) {
    assert_eq!(interval(text).ok(), expected);
}
