//! Queries over both panes: typing, leaving, pinning, orders, jumps to uuids, late answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use reqspec::app::cells::Tally;
use reqspec::app::effect::RequestId;
use reqspec::app::layout::Side;
use reqspec::app::row::Failure;
use reqspec::app::search::{PaneSearch, Stage};
use reqspec::app::update::{browse, query, search};
use reqspec::app::{Effect, Msg};
use reqspec::change::DatabaseName;
use reqspec::query::{Field, Order, SortOrder};

use super::world::{World, api, cell, uuid};

fn started() -> World {
    World::started(120, 36)
}

fn by(field: &str, descending: bool) -> Order {
    Order::by(Field::named(field).expect("a field"), descending)
}

/// The uuid and ordinal of the cursor of a pane.
fn at(world: &World, side: usize) -> (String, Option<u64>) {
    let list = &world.model.panes[side].list;
    (list.selected().map(|row| row.instance_uuid.to_string()).unwrap_or_default(), list.ordinal())
}

fn place(number: i64, ordinal: u64) -> (String, Option<u64>) {
    (uuid(number), Some(ordinal))
}

fn search_of(world: &World, side: usize) -> RequestId {
    world.model.panes[side].search.as_ref().and_then(PaneSearch::hits_of).expect("a search")
}

fn tally(world: &World, side: usize) -> Tally {
    world.model.panes[side].search.as_ref().and_then(PaneSearch::tally).expect("a search")
}

fn hits(numbers: impl Iterator<Item = i64>) -> u64 {
    numbers.filter(|number| number % 4 == 2).count() as u64
}

/// The searches that were begun and ended since, in their order.
fn searches(world: &World) -> Vec<(bool, RequestId)> {
    let step = |effect: &Effect| match effect {
        Effect::StartSearch { search, .. } => Some((true, *search)),
        Effect::StopSearch { search } => Some((false, *search)),
        _ => None,
    };
    world.effects.iter().filter_map(step).collect()
}

#[test]
fn both_panes_follow_and_esc_brings_both_back() {
    let mut world = started();
    world.keys("jjjj<Tab>jj/c1.pin");
    assert_eq!((tally(&world, 0).hits, tally(&world, 1).hits), (hits(1..=100), hits(21..=60)));
    assert_eq!((at(&world, 0), at(&world, 1)), (place(2, 1), place(22, 1)));
    world.keys("<Enter>GG");
    assert_eq!(at(&world, 1), place(58, 10));
    world.keys("<Esc>");
    assert_eq!((at(&world, 0), at(&world, 1)), (place(5, 5), place(23, 3)));
    assert!(world.model.query().is_none() && world.model.panes.iter().all(|pane| pane.search.is_none()));
}

#[test]
fn a_search_is_stopped_before_the_next_one_begins() {
    let mut world = started();
    world.effects.clear();
    world.keys("/az1");
    let mut running = BTreeSet::new();
    for (begins, id) in searches(&world) {
        if begins {
            assert!(running.insert(id) && running.len() <= 2, "one in each pane");
        } else {
            assert!(running.remove(&id), "stopped once");
        }
    }
    assert_eq!(running, [search_of(&world, 0), search_of(&world, 1)].into());
    world.keys("<Esc>");
    let stopped = searches(&world).into_iter().filter(|(begins, _)| !begins).count();
    assert_eq!(stopped, 6);
}

#[test]
fn spaces_around_a_query_search_for_nothing_new() {
    let mut world = started();
    world.keys("/c1.pin");
    world.effects.clear();
    world.keys(" <Backspace> ");
    assert_eq!(searches(&world), []);
}

#[test]
fn an_emptied_query_brings_the_lists_back_while_it_is_typed() {
    let mut world = started();
    world.keys("jjj/c1<Backspace><Backspace>");
    assert!(query::is_typing(&world.model));
    assert_eq!(at(&world, 0), place(4, 4));
    world.keys("c1.pin<Esc>");
    assert_eq!(at(&world, 0), place(4, 4));
}

#[test]
fn a_pinned_pane_keeps_what_it_shows() {
    let mut world = started();
    world.act(search::toggle_pin);
    world.keys("jj/c1.pin<Enter>");
    assert!(world.model.panes[0].search.is_none());
    assert_eq!((at(&world, 0), at(&world, 1)), (place(3, 3), place(22, 1)));
    assert!(search::can_pin(&world.model).is_ok());
    world.keys("<Tab>");
    assert!(search::can_pin(&world.model).is_err(), "one has to follow");
    // Let go, it follows what the other one shows.
    world.keys("<BackTab>");
    world.act(search::toggle_pin);
    assert_eq!(at(&world, 0), place(2, 1));
    world.keys("<Esc>");
    assert_eq!((at(&world, 0), at(&world, 1)), (place(3, 3), place(21, 1)));
}

#[test]
fn a_pinned_query_outlives_the_one_that_is_left() {
    let mut world = started();
    world.keys("/c1.pin<Enter>");
    world.act(search::toggle_pin);
    world.keys("/r2.huge<Enter><Esc>");
    assert_eq!((at(&world, 0), at(&world, 1)), (place(2, 1), place(21, 1)));
    // Its own is left by the next one.
    world.keys("<Esc>");
    assert_eq!(at(&world, 0), place(1, 1));
}

#[test]
fn any_column_sorts_the_whole_list() {
    let mut world = started();
    world.act(|model| search::order_by(model, by("vcpus", true)));
    // 3, 7, 11, … have eight; the row that cannot be read has none, and comes last.
    assert_eq!(at(&world, 0), place(99, 1));
    world.keys("G");
    assert_eq!(at(&world, 0), place(3, 100));
    world.act(|model| search::order_by(model, by("vcpus", false)));
    assert_eq!(at(&world, 0), place(4, 1));
    world.keys("G");
    assert_eq!(at(&world, 0), place(3, 100));
    assert_eq!(at(&world, 1), place(21, 1), "the other pane keeps its order");
    world.effects.clear();
    world.act(|model| search::order_by(model, SortOrder::Id.into()));
    assert_eq!(at(&world, 0), place(1, 1));
    assert!(world.model.panes[0].search.is_none());
    assert_eq!(searches(&world).len(), 1, "the hits are forgotten");
}

#[test]
fn a_query_over_a_sorted_list_gives_it_back_sorted() {
    let mut world = started();
    world.act(|model| search::order_by(model, by("vcpus", true)));
    world.keys("jjj");
    assert_eq!(at(&world, 0), place(87, 4));
    world.keys("/az1<Enter>");
    assert_eq!(at(&world, 0), place(99, 1));
    world.keys("G");
    world.hold = true;
    world.keys("<Esc>");
    assert_eq!(at(&world, 0).0, uuid(87), "there at once");
    world.pump();
    assert_eq!(at(&world, 0), place(87, 4));
    world.hold = false;
    world.keys("GG");
    assert_eq!(at(&world, 0), place(3, 100));
}

#[test]
fn hits_are_sorted_by_a_new_search() {
    let mut world = started();
    world.keys("/az1<Enter>");
    let before = search_of(&world, 0);
    world.effects.clear();
    world.act(|model| search::order_by(model, by("vcpus", true)));
    assert_eq!(searches(&world), [(false, before), (true, search_of(&world, 0))]);
    assert_eq!(at(&world, 0), place(99, 1));
    world.keys("<Esc>");
    assert_eq!(world.model.panes[0].list.order(), &by("vcpus", true), "the order stays");
    assert_eq!(at(&world, 0), place(99, 1));
}

#[test]
fn too_many_rows_cannot_be_sorted() {
    let mut world = started();
    world.send(Msg::Count { database: api(), result: Ok(4_000_001) });
    let refused = search::can_order(&world.model, &by("az", false)).expect_err("too many");
    assert!(refused.contains("4,000,000 rows"), "{refused}");
    assert!(search::can_order(&world.model, &SortOrder::Updated.into()).is_ok());
    world.keys("/c1.pin<Enter>");
    assert!(search::can_order(&world.model, &by("az", false)).is_ok(), "few hits can");
    let tally = Tally { passed: 5_000_000, hits: 4_000_001, undecided: 0, finished: false };
    let (search, remarks) = (search_of(&world, 0), Vec::new());
    world.send(Msg::SearchProgress { search, database: api(), tally, remarks });
    let refused = search::can_order(&world.model, &SortOrder::Updated.into()).expect_err("too many");
    assert!(refused.contains("4,000,000 hits"), "{refused}");
    assert!(search::can_order(&world.model, &SortOrder::Id.into()).is_ok());
}

/// Reports how far a search came, as the rows of the database that it reached.
fn reach(world: &mut World, side: usize, database: &DatabaseName, rows: usize, finished: bool) {
    world.reach.insert(database.clone(), rows);
    let search = search_of(world, side);
    let tally = world.reached(search, database, finished);
    world.send(Msg::SearchProgress { search, database: database.clone(), tally, remarks: Vec::new() });
}

#[test]
fn hits_come_while_it_searches_and_the_cursor_stays_on_its_row() {
    let mut world = started();
    world.searching.insert(api());
    world.keys("/c1.pin<Enter>");
    assert!(world.model.panes[0].list.is_empty() && world.text().contains("looking"));
    reach(&mut world, 0, &api(), 20, false);
    assert_eq!(at(&world, 0), place(2, 1));
    world.keys("jjj");
    reach(&mut world, 0, &api(), 50, false);
    assert_eq!(at(&world, 0), place(14, 4));
    assert!(world.text().contains("50 of 100 · 13 hits"), "{}", world.text());
    reach(&mut world, 0, &api(), 100, true);
    world.keys("G");
    assert_eq!(at(&world, 0), place(98, 25));
    assert!(!world.model.panes[0].search.as_ref().expect("there").is_busy());
}

#[test]
fn hits_in_another_order_come_around_the_cursor() {
    let mut world = started();
    world.act(|model| search::order_by(model, by("vcpus", true)));
    world.searching.insert(api());
    world.keys("/az1<Enter>");
    reach(&mut world, 0, &api(), 40, false);
    assert_eq!(at(&world, 0), place(39, 1));
    world.keys("j");
    let (row, _) = at(&world, 0);
    reach(&mut world, 0, &api(), 100, true);
    assert_eq!(at(&world, 0).0, row);
    assert_eq!(at(&world, 0).1, Some(7), "five came before it");
}

#[test]
fn what_a_stopped_search_says_is_dropped() {
    let mut world = started();
    world.hold = true;
    world.keys("/c1.pin");
    let old = search_of(&world, 0);
    let late: Vec<_> = world.answers.drain(..).collect();
    world.keys("<Backspace>");
    let answers: Vec<_> = world.answers.drain(..).collect();
    let tally = Tally { passed: 100, hits: 77, undecided: 0, finished: true };
    let before = format!("{:?}", world.model.panes);
    world.send(Msg::SearchProgress { search: old, database: api(), tally, remarks: Vec::new() });
    let failure = Failure::Down("gone".to_owned());
    world.send(Msg::SearchFailed { search: old, database: api(), failure });
    late.into_iter().for_each(|msg| world.send(msg));
    assert_eq!(format!("{:?}", world.model.panes), before);
    world.answers.extend(answers);
    world.pump();
    assert_eq!(tally_hits(&world), hits(1..=100));
}

fn tally_hits(world: &World) -> u64 {
    tally(world, 0).hits
}

#[test]
fn rows_that_were_asked_for_before_a_query_do_not_come_into_its_hits() {
    let mut world = started();
    world.hold = true;
    world.keys("<PgDn><PgDn><PgDn>");
    let late: Vec<_> = world.answers.drain(..).collect();
    assert!(late.iter().any(|msg| matches!(msg, Msg::Page { .. })));
    world.keys("/c1.pin<Enter>");
    world.pump();
    late.into_iter().for_each(|msg| world.send(msg));
    world.pump();
    let pins =
        world.model.panes[0].list.visible().all(|(_, row)| row.summary.flavor.as_deref() == Some("c1.pin"));
    assert!(pins);
    world.hold = false;
    // The list asks anew for what it missed.
    world.keys("<Esc>GG");
    assert_eq!(at(&world, 0), place(100, 100));
    world.keys("gg<PgDn><PgDn><PgDn><PgDn>");
    assert!(at(&world, 0).1 > Some(40), "{:?}", at(&world, 0));
}

#[test]
fn a_uuid_jumps_in_both_panes() {
    let mut world = started();
    world.effects.clear();
    world.keys(&format!("/{}", &uuid(50)[..9]));
    assert_eq!((at(&world, 0), at(&world, 1)), (place(50, 50), place(50, 30)));
    world.keys("<Enter>");
    assert!(world.model.query().is_none());
    assert_eq!((at(&world, 0), at(&world, 1)), (place(50, 50), place(50, 30)));
}

#[test]
fn a_uuid_in_a_sorted_list_is_a_hit_like_any_other() {
    let mut world = started();
    world.act(|model| search::order_by(model, by("vcpus", false)));
    world.keys(&format!("/{}<Enter>", &uuid(50)[..9]));
    assert_eq!((at(&world, 0), tally(&world, 0).hits), (place(50, 1), 1));
    assert_eq!(at(&world, 1), place(50, 30), "the other one jumps");
    world.keys("<Esc>");
    assert_eq!(at(&world, 0), place(4, 1));
}

#[test]
fn a_uuid_of_one_pane_leaves_the_other_where_it_is() {
    let mut world = started();
    world.keys(&format!("<Tab>j<BackTab>/{}", &uuid(90)[..9]));
    assert_eq!((at(&world, 0), at(&world, 1)), (place(90, 90), place(22, 2)));
    assert!(world.text().contains("not here"), "{}", world.text());
    world.keys("<Enter>");
    assert!(world.model.panes.iter().all(|pane| pane.search.is_none()));
    assert_eq!((at(&world, 0), at(&world, 1)), (place(90, 90), place(22, 2)));
}

#[test]
fn what_is_no_uuid_of_the_focused_pane_is_looked_for_in_all_texts() {
    let mut world = started();
    // The group of each fifth spec.
    world.keys("/7b1d0000-0000");
    let all = (1..=100).filter(|number| number % 5 == 0).count() as u64;
    assert_eq!((tally(&world, 0).hits, tally(&world, 1).hits), (all, 8));
    world.keys("<Enter><Esc>");
    assert_eq!((at(&world, 0), at(&world, 1)), (place(1, 1), place(21, 1)));
}

#[test]
fn the_other_pane_waits_for_the_focused_one_before_it_gives_up() {
    let mut world = started();
    world.slow.insert(api());
    world.keys("/7b1d0000-000");
    assert_eq!(world.model.panes[1].search.as_ref().expect("there").stage, Stage::Jumped { found: 0 });
    world.keys("<Enter>");
    world.release();
    assert_eq!(tally(&world, 1).hits, 8);
}

#[test]
fn a_counterpart_is_found_in_a_sorted_list() {
    let mut world = started();
    world.keys("<Tab>");
    world.act(|model| search::order_by(model, by("vcpus", false)));
    world.keys(&format!("<BackTab>/{}<Enter>", &uuid(50)[..9]));
    world.keys("g");
    world.keys(&"j".repeat(49));
    world.keys("=");
    assert_eq!(at(&world, 1).0, uuid(50));
    assert_eq!(world.selected(), uuid(50));
}

#[test]
fn undecided_rows_and_why_are_kept() {
    let mut world = started();
    let why = "cell1 was not asked for instance.host: it is down";
    world.undecided.insert(api(), (7, why.to_owned()));
    world.keys("/c1.pin<Enter>");
    let search = world.model.panes[0].search.as_ref().expect("there");
    assert_eq!(
        (search.undecided().as_deref(), &search.remarks[..]),
        (Some("7 undecided"), &[why.to_owned()][..])
    );
    assert!(world.text().contains("7 undecided"), "{}", world.text());
}

#[test]
fn another_cell_keeps_the_query() {
    let mut world = started();
    world.keys("<Tab>/c1.pin<Enter>]");
    assert_eq!(world.model.panes[1].database(), Some(&cell("cell2")));
    assert_eq!(at(&world, 1), place(70, 1));
    world.keys("a");
    assert_eq!(tally(&world, 1).hits, hits(21..=60) + 1);
    world.keys("<Esc>");
    assert!(world.model.panes[1].search.is_none());
    assert_eq!(at(&world, 1).1, Some(1));
    assert!(world.model.panes[1].list.visible().count() > 11, "not only the hits");
}

#[test]
fn hits_of_prompt_cells_do_not_wait_for_a_slow_one() {
    let mut world = started();
    world.keys("a<Tab>");
    world.slow.insert(cell("cell2"));
    world.keys("/c1.pin<Enter>");
    world.pass_time();
    assert_eq!(tally(&world, 1), Tally { passed: 40, hits: 10, undecided: 0, finished: false });
    assert_eq!(at(&world, 1).0, uuid(22));
    world.keys("jj");
    assert_eq!(at(&world, 1).0, uuid(30));
    world.release();
    world.pass_time();
    assert!(tally(&world, 1).finished && tally(&world, 1).hits == 11);
    assert_eq!(at(&world, 1), place(30, 3));
    world.keys("G");
    assert_eq!(at(&world, 1), place(70, 11));
}

#[test]
fn merged_hits_are_sorted_by_any_column() {
    let mut world = started();
    world.keys("a<Tab>/az1<Enter>");
    world.act(|model| search::order_by(model, by("vcpus", true)));
    let list = &world.model.panes[1].list;
    let vcpus: Vec<_> = list.visible().map(|(_, row)| row.summary.vcpus).collect();
    assert!(vcpus.len() > 5 && vcpus.is_sorted_by(|one, other| one >= other), "{vcpus:?}");
    world.keys("G");
    assert_eq!(at(&world, 1).1, Some(tally(&world, 1).hits));
}

#[test]
fn refreshing_searches_again_and_keeps_row_and_cursor() {
    let mut world = started();
    world.keys("/c1.pin<Enter>jjjj");
    let first = search_of(&world, 0);
    world.searching.insert(api());
    world.rows(&api()).retain(|row| row.id != 10);
    world.keys("r");
    assert_ne!(search_of(&world, 0), first);
    reach(&mut world, 0, &api(), 10, false);
    assert_eq!(at(&world, 0).0, uuid(18), "what was read stays until all is known");
    assert!(world.text().contains("10 of 99 · 25 hits"), "{}", world.text());
    assert!(world.model.panes[0].list.visible().any(|(_, row)| *row.instance_uuid == *uuid(10)));
    reach(&mut world, 0, &api(), 99, true);
    assert_eq!(at(&world, 0), place(18, 4));
    assert!(!world.model.panes[0].list.visible().any(|(_, row)| *row.instance_uuid == *uuid(10)));
}

#[test]
fn refreshing_waits_a_moment_for_cells_that_say_nothing() {
    let mut world = started();
    world.keys("a<Tab>/c1.pin<Enter>jj");
    world.slow.insert(cell("cell2"));
    world.rows(&cell("cell1")).retain(|row| row.id != 22);
    world.keys("r");
    assert!(world.model.panes[1].list.visible().any(|(_, row)| *row.instance_uuid == *uuid(22)));
    world.pass_time();
    world.pass_time();
    assert!(!world.model.panes[1].list.visible().any(|(_, row)| *row.instance_uuid == *uuid(22)));
    assert_eq!(at(&world, 1).0, uuid(30));
}

#[test]
fn a_cell_whose_page_was_late_is_not_searched_twice() {
    let mut world = started();
    world.keys("a<Tab>/c1.pin<Enter>");
    world.slow.insert(cell("cell2"));
    let columns: Arc<[Field]> = Arc::from([Field::named("az").expect("a field")]);
    world.act(|model| {
        browse::on_pane(model, Side::Right, |pane, requests| pane.show_columns(columns, requests))
    });
    world.pass_time();
    world.keys("G");
    assert_eq!(at(&world, 1).0, uuid(58), "without the cell that is late");
    world.effects.clear();
    world.release();
    assert_eq!(searches(&world), []);
    world.keys("G");
    assert_eq!(at(&world, 1), place(70, 11));
}

#[test]
fn a_search_that_fails_at_once_says_why_there_is_nothing() {
    let mut world = started();
    world.searching.insert(api());
    world.keys("/c1.pin<Enter>");
    let search = search_of(&world, 0);
    let failure = Failure::Failed("the disk has an error".to_owned());
    world.send(Msg::SearchFailed { search, database: api(), failure });
    assert!(world.text().contains("the disk has an error. r searches again"), "{}", world.text());
    world.searching.clear();
    world.reach.clear();
    world.keys("r");
    assert_eq!(at(&world, 0), place(2, 1));
}

#[test]
fn a_search_that_fails_says_so_and_keeps_what_it_found() {
    let mut world = started();
    world.searching.insert(api());
    world.keys("/c1.pin<Enter>");
    reach(&mut world, 0, &api(), 30, false);
    let search = search_of(&world, 0);
    let failure = Failure::Failed("the disk has an error".to_owned());
    world.send(Msg::SearchFailed { search, database: api(), failure });
    assert!(world.text().contains("the disk has an error"), "{}", world.text());
    assert_eq!((at(&world, 0), tally(&world, 0).hits), (place(2, 1), 8));
    world.keys("<Esc>");
    assert_eq!(at(&world, 0), place(1, 1));
}

#[test]
fn another_environment_ends_the_searches() {
    let mut world = started();
    world.model.environments = vec![super::world::environment("second", "somewhere")];
    world.keys("/c1.pin<Enter>");
    let running = [search_of(&world, 0), search_of(&world, 1)];
    world.effects.clear();
    world.keys("N<Enter>");
    let steps: Vec<_> = world
        .effects
        .iter()
        .filter(|effect| matches!(effect, Effect::StopSearch { .. } | Effect::SwitchEnvironment { .. }))
        .collect();
    let [
        Effect::StopSearch { search: one },
        Effect::StopSearch { search: other },
        Effect::SwitchEnvironment { .. },
    ] = &steps[..]
    else {
        panic!("{steps:?}");
    };
    assert_eq!([*one, *other], running);
}
