//! All cells in one pane: merged, with cells that are slow, dead, back, new, disabled.

use std::collections::BTreeSet;

use reqspec::app::cells::Tally;
use reqspec::app::database::{Database, Health};
use reqspec::app::layout::Side;
use reqspec::app::overlay::Overlay;
use reqspec::app::row::Failure;
use reqspec::app::search::PaneSearch;
use reqspec::app::selection::Counterpart;
use reqspec::app::{Effect, Msg};
use reqspec::change::{DatabaseName, Intent};

use super::world::{NOW, Stored, World, api, cell, place, spec, stored, uuid};

pub fn down() -> Failure {
    Failure::Down("mysql://nova:***@db2/nova: refused".to_owned())
}

/// A row of another instance with an id that other cells have, too.
pub fn row(id: i64, instance: i64) -> Stored {
    Stored { id, ..stored(instance) }
}

/// cell1 to cell3 with ids from 1 in each; instance 205 is in cell1 and in cell3, in API it differs.
pub fn deployment(width: u16, height: u16) -> World {
    let rows = |from: i64, count: i64| (1..=count).map(|id| row(id, from + id)).collect::<Vec<_>>();
    let mut third = rows(400, 25);
    let mut twin = row(26, 205);
    twin.spec = spec(205, "moved").as_bytes().into();
    third.push(twin);
    let mut api_rows: Vec<_> = (1..=30).map(stored).collect();
    let mut different = row(31, 205);
    different.spec = spec(205, "elsewhere").as_bytes().into();
    api_rows.push(different);
    api_rows.push(row(32, 303));
    let databases = [
        (api(), Ok(api_rows)),
        (cell("cell1"), Ok(rows(200, 40))),
        (cell("cell2"), Ok(rows(300, 12))),
        (cell("cell3"), Ok(third)),
    ];
    let mut world = World::of(databases, width, height);
    world.send(Msg::Start);
    world
}

/// With all cells shown and the focus there.
fn all_cells() -> World {
    let mut world = deployment(120, 36);
    world.keys("a<Tab>");
    world
}

fn shown(world: &World) -> Vec<(DatabaseName, String)> {
    let rows = world.model.panes[1].list.visible();
    rows.map(|(_, row)| (row.database.clone(), row.instance_uuid.to_string())).collect()
}

fn cells_shown(world: &World) -> BTreeSet<DatabaseName> {
    shown(world).into_iter().map(|(database, _)| database).collect()
}

pub fn selected(world: &World) -> (DatabaseName, String) {
    let selection = world.model.selection.as_ref().expect("a selection");
    (selection.database.clone(), selection.instance_uuid.to_string())
}

fn merged(world: &World) -> bool {
    world.model.pane(Side::Right).is_some_and(|pane| pane.cells().is_some())
}

#[test]
fn a_shows_all_cells_and_goes_back() {
    let mut world = deployment(120, 36);
    world.keys("]a");
    assert!(merged(&world) && world.text().contains("all cells · 3"), "{}", world.text());
    world.keys("a");
    assert_eq!(world.model.panes[1].database(), Some(&cell("cell2")), "the one from before");
    world.keys(":all-c<Enter>");
    assert!(merged(&world), "the palette knows it");
}

#[test]
fn all_cells_stand_in_the_ring() {
    let mut world = deployment(120, 36);
    let mut stops = Vec::new();
    for _ in 0..5 {
        stops.push(world.model.panes[1].database().map(ToString::to_string));
        world.keys("]");
    }
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(stops, [name("cell1"), name("cell2"), name("cell3"), None, name("cell1")]);
    world.keys("[[");
    assert!(merged(&world), "the same backwards");
    world.keys("[");
    assert_eq!(world.model.panes[1].database(), Some(&cell("cell3")));
}

#[test]
fn one_cell_has_nothing_to_merge() {
    let mut world = World::of([(api(), Ok(vec![stored(1)])), (cell("cell1"), Ok(Vec::new()))], 120, 36);
    world.send(Msg::Start);
    world.keys("a");
    assert!(!merged(&world) && world.text().contains("there is only one cell"), "{}", world.text());
}

#[test]
fn equal_ids_stand_in_the_order_of_the_cells() {
    let world = all_cells();
    let expected: Vec<_> = (1..=3)
        .flat_map(|id| {
            [("cell1", 200 + id), ("cell2", 300 + id), ("cell3", 400 + id)]
                .map(|(name, instance)| (cell(name), uuid(instance)))
        })
        .collect();
    assert_eq!(shown(&world)[..9], expected[..]);
    assert_eq!(world.model.panes[1].list.ordinal(), Some(1));
    assert!(world.text().contains("1 of 78"), "{}", world.text());
}

#[test]
fn a_page_is_one_question_to_each_cell() {
    let mut world = all_cells();
    world.effects.clear();
    world.keys("G");
    let mut asked: Vec<_> = world
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::LoadPage { database, request, page, .. } => {
                Some((*request, database.clone(), page.limit))
            }
            _ => None,
        })
        .collect();
    let first = asked[0].0;
    asked.retain(|(request, ..)| *request == first);
    let names: Vec<_> = asked.iter().map(|(_, database, _)| database.clone()).collect();
    assert_eq!(names, [cell("cell1"), cell("cell2"), cell("cell3")]);
    assert!(asked.iter().all(|(.., limit)| *limit == asked[0].2));
    assert_eq!(selected(&world), (cell("cell1"), uuid(240)));
    assert_eq!(world.model.panes[1].list.ordinal(), Some(78));
}

#[test]
fn by_last_update_all_cells_are_one_order() {
    let mut world = all_cells();
    world.keys("o");
    let mut seen = Vec::new();
    for _ in 0..78 {
        let row = world.model.panes[1].list.selected().expect("a row");
        seen.push((row.key.updated.clone(), row.key.id));
        world.keys("j");
    }
    assert!(seen.windows(2).all(|pair| pair[0] >= pair[1]), "{seen:?}");
    assert_eq!(world.model.panes[1].list.ordinal(), Some(78));
}

#[test]
fn a_slow_cell_delays_nothing_and_comes_in_when_it_answers() {
    let mut world = deployment(120, 36);
    world.slow.insert(cell("cell2"));
    world.keys("a<Tab>");
    assert!(world.model.panes[1].list.is_empty(), "within the grace it is waited for");
    world.pass_time();
    assert_eq!(cells_shown(&world), [cell("cell1"), cell("cell3")].into());
    let text = world.text();
    assert!(text.contains("2 of 3; cell2 is not answering") && text.contains("1 of 66"), "{text}");
    world.keys("jjjj");
    let before = (selected(&world), world.model.panes[1].list.ordinal());
    assert_eq!(before, ((cell("cell1"), uuid(203)), Some(5)));
    world.release();
    let text = world.text();
    assert!(text.contains("all cells · 3") && !text.contains("not answering"), "{text}");
    assert_eq!(cells_shown(&world).len(), 3);
    assert_eq!(selected(&world), before.0, "the cursor stays on its row");
    assert_eq!(world.model.panes[1].list.ordinal(), Some(7));
}

#[test]
fn a_cell_that_is_always_slow_does_not_make_the_pane_read_for_ever() {
    let mut world = deployment(120, 36);
    world.slow.insert(cell("cell1"));
    world.keys("a<Tab>");
    let mut rounds = 0;
    world.pass_time();
    while world.late() > 0 {
        world.release();
        world.slow.insert(cell("cell1"));
        world.pass_time();
        rounds += 1;
        assert!(rounds < 12, "it never comes to rest");
    }
    assert_eq!(cells_shown(&world).len(), 3);
    assert!(world.text().contains("1 of 78") || world.text().contains("of 78"), "{}", world.text());
}

#[test]
fn rows_ahead_wait_for_a_slow_cell_until_somebody_needs_them() {
    let mut world = all_cells();
    world.slow.insert(cell("cell2"));
    // The rows below are asked for ahead of need: the cursor goes on over those that are there.
    world.keys("<PgDn>");
    world.pass_time();
    assert!(!world.text().contains("not answering"), "{}", world.text());
    for _ in 0..8 {
        world.keys("<PgDn>");
    }
    world.pass_time();
    assert_eq!(selected(&world), (cell("cell1"), uuid(240)), "{}", world.text());
    assert!(world.text().contains("cell2 is not answering"), "{}", world.text());
}

#[test]
fn a_dead_cell_is_said_and_read_when_it_is_back() {
    let mut world = deployment(120, 36);
    let rows = world.databases.insert(cell("cell3"), Err(down())).expect("there");
    world.keys("a<Tab>");
    let text = world.text();
    assert!(text.contains("2 of 3; cell3 is down"), "{text}");
    assert_eq!(cells_shown(&world), [cell("cell1"), cell("cell2")].into());
    world.effects.clear();
    world.keys("G");
    let asked = world
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::LoadPage { database, .. } if *database == cell("cell3")));
    assert!(!asked, "it is left alone until it is back");
    let before = selected(&world);
    world.databases.insert(cell("cell3"), rows);
    world.send(Msg::Tick(NOW + 3));
    assert_eq!(world.model.databases[3].health, Health::Up);
    let text = world.text();
    assert!(!text.contains("cell3 is down") && text.contains("78 of 78"), "{text}");
    assert_eq!(selected(&world), before);
}

#[test]
fn a_cell_that_dies_while_it_is_shown() {
    let mut world = all_cells();
    world.keys("jjj");
    let before = selected(&world);
    world.databases.insert(cell("cell2"), Err(down()));
    world.keys("r");
    assert_eq!(cells_shown(&world), [cell("cell1"), cell("cell3")].into());
    assert_eq!(selected(&world), before);
    assert!(world.text().contains("cell2 is down"), "{}", world.text());
}

#[test]
fn no_cell_at_all_is_a_state() {
    let mut world = deployment(120, 36);
    for name in ["cell1", "cell2", "cell3"] {
        world.databases.insert(cell(name), Err(down()));
    }
    world.keys("a");
    let text = world.text();
    assert!(text.contains("no cell answers") && text.contains("refused"), "{text}");
    for key in ["<Tab>", "j", "G", "o", "/x<Enter>", "<Esc>", "=", "e", "m", "D", "n", "r"] {
        world.keys(key);
    }
    assert!(world.model.overlay.is_none());
}

#[test]
fn a_cell_without_the_table_and_empty_cells() {
    let databases = [
        (api(), Ok(vec![stored(1)])),
        (cell("cell1"), Ok(Vec::new())),
        (cell("cell2"), Err(Failure::NoTable)),
    ];
    let mut world = World::of(databases, 120, 36);
    world.send(Msg::Start);
    world.keys("a");
    let text = world.text();
    assert!(
        text.contains("1 of 2; cell2 is without a table") && text.contains("no specs in cell1"),
        "{text}"
    );
    assert!(text.contains("missing (cell2 not asked)"), "{text}");
}

#[test]
fn an_instance_in_two_cells_shows_twice() {
    let mut world = all_cells();
    world.keys(&format!("/{}<Enter>", uuid(205)));
    assert_eq!(selected(&world), (cell("cell1"), uuid(205)), "the first of them");
    world.keys("G");
    let both = shown(&world).into_iter().filter(|(_, instance)| *instance == uuid(205)).count();
    assert_eq!(both, 1, "the other one is far away: {}", world.text());
    let place = |world: &World| {
        let uuid = uuid(205);
        let rows = world.model.panes[1].list.visible();
        rows.filter(|(_, row)| *row.instance_uuid == *uuid)
            .map(|(_, row)| row.database.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(place(&world), [cell("cell3")]);
    // Edit, delete and the like go to the row's own database.
    while selected(&world) != (cell("cell3"), uuid(205)) {
        world.keys("k");
    }
    world.keys("D<Right><Enter>");
    assert!(world.row(&cell("cell3"), 205).is_none() && world.row(&cell("cell1"), 205).is_some());
}

#[test]
fn the_left_pane_finds_the_twin_in_whichever_cell_has_it() {
    let mut world = deployment(120, 36);
    world.keys(&format!("a/{}<Enter>", uuid(303)));
    let found = |world: &World| {
        let selection = world.model.selection.as_ref().expect("a selection");
        (selection.counterpart, selection.other_database.clone())
    };
    assert_eq!(found(&world), (Counterpart::Equal, Some(cell("cell2"))));
    world.keys("k");
    assert_eq!(found(&world), (Counterpart::Different, Some(cell("cell1"))));
    assert!(world.text().contains('≠'), "{}", world.text());
    world.keys("k");
    assert_eq!(found(&world), (Counterpart::Missing, None));
    assert!(world.text().contains("is in no cell"), "{}", world.text());
    world.keys("6");
    assert!(world.text().contains("Missing in every cell"), "{}", world.text());
    world.keys("jj=");
    assert_eq!(selected(&world), (cell("cell2"), uuid(303)), "= goes there");
}

#[test]
fn nothing_is_called_missing_while_a_cell_that_might_have_it_is_down() {
    let mut world = deployment(120, 36);
    world.databases.insert(cell("cell2"), Err(down()));
    world.keys("a6");
    let selection = world.model.selection.as_ref().expect("a selection");
    assert_eq!(selection.counterpart, Counterpart::Unknown);
    let text = world.text();
    assert!(text.contains("missing (cell2 not asked)"), "{text}");
    assert!(text.contains("missing in cell1, cell3 (cell2 not asked)"), "{text}");
    // One that another cell has is found all the same.
    world.keys(&format!("/{}<Enter>", uuid(205)));
    let selection = world.model.selection.as_ref().expect("a selection");
    assert_eq!(selection.other_database, Some(cell("cell1")));
}

#[test]
fn a_slow_cell_keeps_the_answer_open() {
    let mut world = deployment(120, 36);
    world.keys("a");
    world.slow.insert(cell("cell3"));
    world.keys("j");
    let counterpart = |world: &World| world.model.selection.as_ref().map(|selection| selection.counterpart);
    assert_eq!(counterpart(&world), Some(Counterpart::Unknown));
    world.release();
    assert_eq!(counterpart(&world), Some(Counterpart::Missing));
}

#[test]
fn a_query_is_put_to_all_cells() {
    let mut world = all_cells();
    world.keys("/c1.pin<Enter>");
    let hits: usize = [(200, 40), (300, 12), (400, 25)]
        .into_iter()
        .map(|(from, count)| (1..=count).filter(|id| (from + id) % 4 == 2).count())
        .sum();
    assert!(world.text().contains(&format!("{hits} hits")), "{}", world.text());
    assert_eq!(cells_shown(&world).len(), 3);
    world.keys("G");
    assert_eq!(world.model.panes[1].list.ordinal(), Some(hits as u64));
    world.keys("o");
    assert_eq!(world.model.panes[1].list.ordinal(), Some(1));
    world.keys("<Esc>");
    assert!(world.model.panes[1].search.is_none() && world.text().contains("of 78"), "{}", world.text());
}

#[test]
fn progress_of_the_cells_is_summed() {
    let mut world = all_cells();
    world.hold = true;
    world.keys("/c1.pin");
    let of_cells = world.model.panes[1].search.as_ref().and_then(PaneSearch::hits_of);
    let started = world.effects.iter().filter_map(|effect| match effect {
        Effect::StartSearch { search, database, .. } => Some((*search, database.clone())),
        _ => None,
    });
    let searches: Vec<_> = started.filter(|(search, _)| Some(*search) == of_cells).collect();
    assert_eq!(searches.len(), 3, "one search in each cell");
    world.answers.clear();
    for (search, database) in searches {
        let tally = Tally { passed: 7, hits: 2, ..Tally::default() };
        world.send(Msg::SearchProgress { search, database, tally, remarks: Vec::new() });
    }
    assert!(world.text().contains("21 of 78 · 6 hits"), "{}", world.text());
}

#[test]
fn a_cell_that_fails_in_the_middle_of_a_search_leaves_the_rest() {
    let mut world = all_cells();
    world.databases.insert(cell("cell1"), Err(down()));
    world.keys("/c1.pin<Enter>");
    let text = world.text();
    assert!(text.contains("9 hits without cell1"), "{text}");
    assert_eq!(cells_shown(&world), [cell("cell2"), cell("cell3")].into());
    assert!(text.contains("not all of cell1 was passed"), "{text}");
}

#[test]
fn hits_of_a_cell_that_fails_in_the_middle_stay() {
    let mut world = all_cells();
    world.hold = true;
    world.keys("/c1.pin<Enter>");
    world.answers.clear();
    let search = world.model.panes[1].search.as_ref().and_then(PaneSearch::hits_of).expect("searching");
    for name in ["cell1", "cell2", "cell3"] {
        let finished = name != "cell2";
        let tally = Tally { passed: 7, hits: 2, undecided: 0, finished };
        world.send(Msg::SearchProgress { search, database: cell(name), tally, remarks: Vec::new() });
    }
    let failure = Failure::Failed("another program began to write to it".to_owned());
    world.send(Msg::SearchFailed { search, database: cell("cell2"), failure });
    let text = world.text();
    assert!(text.contains("6 hits cell2 in part") && !text.contains("without"), "{text}");
    assert!(
        world.model.panes[1].search.as_ref().and_then(PaneSearch::tally).is_some_and(|tally| tally.finished)
    );
    world.effects.clear();
    world.keys("G");
    let asked: std::collections::BTreeSet<_> = world
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::LoadPage { search: Some(of), database, .. } if *of == search => Some(database.clone()),
            _ => None,
        })
        .collect();
    assert!(asked.contains(&cell("cell2")), "its hits are listed: {asked:?}");
    // Of one that is away nothing can be read.
    world.send(Msg::SearchFailed { search, database: cell("cell2"), failure: down() });
    assert!(world.text().contains("4 hits without cell2"), "{}", world.text());
}

#[test]
fn a_cell_that_comes_back_is_passed_too() {
    let mut world = deployment(120, 36);
    let rows = world.databases.insert(cell("cell2"), Err(down())).expect("there");
    world.keys("a<Tab>/c1.pin<Enter>");
    assert!(world.text().contains("hits without cell2"), "{}", world.text());
    world.databases.insert(cell("cell2"), rows);
    world.send(Msg::Tick(NOW + 3));
    let text = world.text();
    assert!(text.contains("19 hits") && !text.contains("without"), "{text}");
    assert!(cells_shown(&world).contains(&cell("cell2")));
}

#[test]
fn a_uuid_is_found_in_any_cell_that_answers() {
    let mut world = all_cells();
    world.slow.insert(cell("cell1"));
    world.keys(&format!("/{}<Enter>", uuid(420)));
    world.pass_time();
    world.pass_time();
    assert_eq!(selected(&world), (cell("cell3"), uuid(420)), "{}", world.text());
}

#[test]
fn moves_and_copies_from_a_row_know_where_it_lives() {
    let mut world = all_cells();
    world.keys("j");
    assert_eq!(selected(&world), (cell("cell2"), uuid(301)));
    world.keys("m");
    let Some(Overlay::Picker(picker)) = &world.model.overlay else { panic!("{}", world.text()) };
    assert_eq!(picker.choices, [api(), cell("cell1"), cell("cell3")], "never its own; the other pane first");
    world.keys("<Enter><Right><Enter>");
    assert!(world.row(&cell("cell2"), 301).is_none() && world.row(&api(), 301).is_some());
}

#[test]
fn a_move_from_the_api_database_asks_for_the_cell() {
    let mut world = deployment(120, 36);
    world.keys("am");
    let Some(Overlay::Picker(picker)) = &world.model.overlay else { panic!("{}", world.text()) };
    assert_eq!(picker.choices, [cell("cell1"), cell("cell2"), cell("cell3")]);
    world.keys(&format!("<Esc>/{}<Enter>c", uuid(303)));
    let Some(Overlay::Picker(picker)) = &world.model.overlay else { panic!("{}", world.text()) };
    assert_eq!(picker.choices[0], cell("cell2"), "where its twin is");
}

#[test]
fn an_edit_goes_to_the_rows_own_cell() {
    let mut world = all_cells();
    world.edited = [Some(spec(401, "az7"))].into();
    world.keys("jjE");
    let intent = world.effects.iter().rev().find_map(|effect| match effect {
        Effect::Prepare { intent, .. } => Some(intent.clone()),
        _ => None,
    });
    assert!(matches!(intent, Some(Intent::Save { database, .. }) if database == cell("cell3")));
}

#[test]
fn a_spec_is_not_created_in_all_cells() {
    let mut world = all_cells();
    world.keys("n");
    assert!(world.model.overlay.is_none());
    assert!(world.text().contains("shows the cell that it shall be"), "{}", world.text());
}

#[test]
fn a_cell_that_appears_comes_into_the_list() {
    let mut world = all_cells();
    world.keys("jj");
    let before = selected(&world);
    world.databases.insert(cell("cell4"), Ok(vec![row(1, 501), row(2, 502)]));
    world.model.databases.push(Database::new(place(&cell("cell4")), NOW));
    world.send(Msg::Tick(NOW + 1));
    assert!(cells_shown(&world).contains(&cell("cell4")), "{}", world.text());
    assert!(world.text().contains("all cells · 4"), "{}", world.text());
    assert_eq!(selected(&world), before);
}

#[test]
fn a_cell_that_goes_leaves_the_list() {
    let mut world = all_cells();
    world.model.databases.remove(2);
    world.send(Msg::Tick(NOW + 1));
    assert_eq!(cells_shown(&world), [cell("cell1"), cell("cell3")].into());
    assert!(world.text().contains("all cells · 2"), "{}", world.text());
}

#[test]
fn late_answers_to_a_pane_that_shows_something_else_are_dropped() {
    let mut world = deployment(120, 36);
    world.slow.insert(cell("cell2"));
    world.keys("a");
    world.pass_time();
    world.keys("a");
    world.release();
    world.pass_time();
    assert_eq!(world.model.panes[1].database(), Some(&cell("cell1")));
    assert_eq!(cells_shown(&world), [cell("cell1")].into());
}

#[test]
fn a_grace_that_changes_nothing_draws_nothing() {
    let mut world = all_cells();
    world.model.dirty = false;
    world.pass_time();
    assert!(!world.model.dirty);
}
