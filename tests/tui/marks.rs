//! Marking specs for a change of many: key scripts, and how marks look.

use reqspec::change::Whom;
use reqspec::tui::theme::Theme;

use super::world::{World, api, cell, uuid};

fn started() -> World {
    World::started(120, 36)
}

fn marked(world: &World) -> Vec<String> {
    match world.model.marks.whom() {
        Some(Whom::Rows(rows)) => rows.iter().map(|(database, uuid)| format!("{database} {uuid}")).collect(),
        other => panic!("{other:?}"),
    }
}

fn of<const N: usize>(database: &str, numbers: [i64; N]) -> Vec<String> {
    let mut rows: Vec<_> = numbers.map(|number| format!("{database} {}", uuid(number))).to_vec();
    rows.sort();
    rows
}

#[test]
fn space_marks_and_goes_down_and_takes_the_mark_away_again() {
    let mut world = started();
    world.keys(" j ");
    assert_eq!(marked(&world), of("api", [1, 3]));
    assert_eq!(world.selected(), uuid(4));
    world.keys("kk ");
    assert_eq!(marked(&world), of("api", [1, 2, 3]));
    world.keys("gj j ");
    assert_eq!(marked(&world), of("api", [1, 3, 4]), "2 is not marked any more");
    assert!(world.text().contains("API ■ 3 marked"), "{}", world.text());
}

#[test]
fn marks_are_of_a_database_and_count_in_its_pane() {
    let mut world = started();
    world.keys(" <Tab> ");
    let mut both = of("api", [1]);
    both.extend(of("cell1", [21]));
    assert_eq!(marked(&world), both);
    let text = world.text();
    assert!(
        text.contains("API ■ 1 marked, 1 elsewhere") && text.contains("cell1 ■ 1 marked, 1 elsewhere"),
        "{text}"
    );
}

#[test]
fn a_range_reaches_from_where_it_began_to_the_cursor() {
    let mut world = started();
    world.keys("jvjjj");
    assert!(world.text().contains("■ 4 marked…"), "{}", world.text());
    world.keys("k<Esc>");
    assert_eq!(marked(&world), of("api", [2, 3, 4]));
    world.keys("jj");
    assert_eq!(marked(&world).len(), 3, "the range has ended");
    world.keys("v<PgDn>v");
    assert_eq!(marked(&world).len(), 3 + 15);
    world.keys("<Tab>");
    assert!(!world.model.marks.has_range());
}

#[test]
fn a_range_ends_where_rows_between_are_not_read() {
    let mut world = started();
    world.keys("vjjG");
    assert!(!world.model.marks.has_range());
    assert_eq!(marked(&world), of("api", [1, 2, 3]));
    assert!(world.text().contains("the rows between are not read"), "{}", world.text());
}

#[test]
fn another_pane_ends_the_range() {
    let mut world = started();
    world.keys("vj<Tab>jj");
    assert!(!world.model.marks.has_range());
    assert_eq!(marked(&world), of("api", [1, 2]));
}

#[test]
fn all_that_the_query_finds_is_marked_as_the_query() {
    let mut world = started();
    world.keys("/az=az1<Enter>*");
    let Some(Whom::Query { databases, query }) = world.model.marks.whom() else { panic!("no query") };
    assert_eq!((databases, query.text.as_str()), (vec![api()], "az=az1"));
    let text = world.text();
    assert!(text.contains("■ all 32 of the query"), "{text}");
    assert!(!text.contains("cell1 ■"), "of the pane with the focus alone");
    world.keys(" ");
    assert!(world.text().contains("all of the query is marked"), "{}", world.text());
    // Another query takes the marks away: what they were of is not to be seen any more.
    world.keys("/ vcpus=2<Enter>");
    assert!(!world.model.marks.is_any());
    assert!(world.text().contains("no marks any more"), "{}", world.text());
}

#[test]
fn all_rows_of_all_cells() {
    let mut world = started();
    world.keys("<Tab>a*");
    let Some(Whom::Query { databases, query }) = world.model.marks.whom() else { panic!("no query") };
    assert_eq!((databases, query.is_all()), (vec![cell("cell1"), cell("cell2")], true));
    assert!(world.text().contains("■ all 43"), "{}", world.text());
    world.keys("*");
    assert!(!world.model.marks.is_any());
}

#[test]
fn esc_clears_marks_before_it_leaves_the_query() {
    let mut world = started();
    world.keys("/az=az1<Enter>  ");
    assert_eq!(marked(&world).len(), 2);
    world.keys("<Esc>");
    assert!(!world.model.marks.is_any());
    assert!(world.model.query().is_some());
    world.keys("<Esc>");
    assert!(world.model.query().is_none());
}

#[test]
fn marks_by_hand_stay_whatever_the_lists_show() {
    let mut world = started();
    world.keys("  /az=az2<Enter>");
    assert_eq!(marked(&world), of("api", [1, 2]));
    world.keys("]r<Esc>");
    assert!(!world.model.marks.is_any());
}

#[test]
fn space_and_v_mean_the_tree_where_it_has_the_focus() {
    let mut world = started();
    world.keys("5<Tab><Tab> v");
    assert!(!world.model.marks.is_any());
    assert!(world.text().contains("copied"), "{}", world.text());
    world.keys("1 ");
    assert!(world.text().contains("rows are marked in the lists"), "{}", world.text());
}

#[rstest::rstest]
fn screens(#[values((40, 12), (80, 24), (120, 36))] (width, height): (u16, u16)) {
    let mut world = World::started(width, height);
    world.keys(" jvjj");
    insta::assert_snapshot!(format!("marks_{width}x{height}"), world.screen());
}

#[test]
fn marks_are_seen_without_colours_and_in_ascii() {
    let mut world = started();
    world.keys(" ");
    let text = reqspec::tui::text(&world.buffer(Theme { colour: false, ascii: true }));
    assert!(text.contains("API * 1 marked"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("| *9e3779b9")), "{text}");
    assert!(text.is_ascii(), "{text}");
}

#[test]
fn no_size_is_too_small_for_marks() {
    for (width, height) in [(1, 1), (3, 2), (12, 4), (40, 12), (200, 5)] {
        let mut world = World::started(width, height);
        world.keys(" v");
        world.buffer(Theme::default());
        world.keys("<Esc>*");
        world.buffer(Theme::default());
    }
}
