//! Many databases at once: found while running, slow, dead, disabled, read-only; the health line
//! and the screen that lists them.

use std::time::Duration;

use reqspec::app::database::{Database, Health, Place, Rights, Said, State};
use reqspec::app::layout::Side;
use reqspec::app::model::Focus;
use reqspec::app::msg::{ApplyFailure, Remedy};
use reqspec::app::overlay::Overlay;
use reqspec::app::row::Failure;
use reqspec::app::{Effect, Msg};
use reqspec::change::DatabaseName;
use reqspec::tui::theme::Theme;

use super::world::{World, api, cell, place, said, stored, uuid};

/// As a store says it: the place first.
fn refused_at(place: &str) -> Failure {
    Failure::Down(format!("{place}: the server refused the connection; is it running?"))
}

fn refused() -> Failure {
    refused_at("mysql://nova:***@10.0.0.7:3306/nova")
}

fn database<'w>(world: &'w World, name: &DatabaseName) -> &'w Database {
    world.model.database(name).expect("known")
}

fn state(world: &World, name: &DatabaseName) -> State {
    database(world, name).state(world.model.now)
}

fn probes(world: &World, name: &DatabaseName) -> usize {
    let is_it = |effect: &&Effect| matches!(effect, Effect::Probe { database } if database == name);
    world.effects.iter().filter(is_it).count()
}

#[test]
fn cells_are_found_while_running_and_the_selection_stays() {
    let mut world = World::with_cells(3, 120, 36);
    world.hold = true;
    world.send(Msg::Start);
    assert!(matches!(world.effects[0], Effect::LoadPage { .. }), "rows are not kept waiting");
    assert!(world.effects.contains(&Effect::Discover), "asked for at the same time");
    // The rows and the text of the first one come before the cells.
    let discovered =
        world.answers.iter().position(|msg| matches!(msg, Msg::Discovered { .. })).expect("asked");
    let discovered = world.answers.remove(discovered).expect("there");
    world.pump();
    world.keys("jj");
    world.pump();
    assert_eq!((world.model.panes.len(), world.selected()), (1, uuid(3)));
    let text = world.model.selection.as_ref().and_then(|selection| selection.own.text()).cloned();
    assert!(text.is_some() && !world.model.is_complete() && world.model.discovering);
    world.send(discovered);
    let selection = world.model.selection.as_ref().expect("kept");
    assert_eq!((&*selection.instance_uuid, selection.own.text().cloned()), (&*uuid(3), text));
    assert_eq!(world.model.panes.len(), 2);
    assert_eq!(world.model.focus, Focus::List(Side::Left));
    world.pump();
    assert_eq!(world.model.panes[1].database(), Some(&cell("cell1")));
    assert_eq!(world.model.panes[1].list.whole(), Some(1));
    let counts: Vec<_> = world.model.databases.iter().map(|database| database.count).collect();
    assert_eq!(counts, [Some(100), Some(1), Some(2), Some(3)], "each was asked");
}

#[test]
fn the_first_cell_is_one_that_nova_uses() {
    let mut world = World::with_cells(3, 120, 36);
    let (places, _) = world.found.as_mut().expect("set");
    places[1].name = cell("cell0");
    places[2].disabled = true;
    world.databases.insert(cell("cell0"), Ok(Vec::new()));
    world.send(Msg::Start);
    assert_eq!(world.model.panes[1].database(), Some(&cell("cell3")));
    assert_eq!(state(&world, &cell("cell2")), State::Disabled);
}

#[test]
fn an_api_database_that_comes_back_brings_its_cells() {
    let mut world = World::with_cells(3, 120, 36);
    let rows = world.databases.insert(api(), Err(refused())).expect("there");
    let found = world.found.replace((vec![place(&api())], Some(refused())));
    world.send(Msg::Start);
    assert_eq!(state(&world, &api()), State::Down);
    assert!(world.text().contains("asked again in 2 s; r asks now"), "{}", world.text());
    insta::assert_snapshot!("api_down", world.screen());
    world.databases.insert(api(), rows);
    world.found = found;
    world.pass(2);
    assert_eq!((world.model.panes.len(), world.selected()), (2, uuid(1)));
    assert_eq!(world.model.panes[1].list.whole(), Some(1));
    assert!(world.model.databases.iter().all(|database| database.health == Health::Up));
}

#[test]
fn a_cell_that_moves_is_asked_at_its_new_place() {
    let mut world = World::with_cells(2, 120, 36);
    world.send(Msg::Start);
    let before = probes(&world, &cell("cell1"));
    let (places, _) = world.found.as_mut().expect("set");
    "mysql://elsewhere/nova_cell1".clone_into(&mut places[1].location);
    world.rows(&cell("cell1")).push(stored(9));
    world.keys("r");
    assert_eq!(database(&world, &cell("cell1")).location, "mysql://elsewhere/nova_cell1");
    assert!(probes(&world, &cell("cell1")) > before);
    assert_eq!(database(&world, &cell("cell1")).count, Some(2));
}

#[test]
fn a_cell_that_vanished_stays_as_long_as_it_is_shown() {
    let mut world = World::with_cells(3, 120, 36);
    world.send(Msg::Start);
    let (places, _) = world.found.as_mut().expect("set");
    places.retain(|place| place.name == api() || place.name == cell("cell3"));
    world.keys("r");
    let names: Vec<_> = world.model.databases.iter().map(|database| database.name.clone()).collect();
    assert_eq!(names, [api(), cell("cell3"), cell("cell1")], "cell2 is gone, cell1 is shown");
    assert!(world.text().contains("no longer listed in cell_mappings"), "{}", world.text());
    let asked = probes(&world, &cell("cell1"));
    world.pass(60);
    assert_eq!(probes(&world, &cell("cell1")), asked, "it is left alone");
    world.keys("[r");
    assert!(
        world.model.database(&cell("cell1")).is_none()
            && world.model.panes[1].database() == Some(&cell("cell3"))
    );
}

#[test]
fn what_has_no_address_says_why() {
    let mut world = World::with_cells(1, 120, 36);
    let (places, _) = world.found.as_mut().expect("set");
    places[1] = Place {
        unaddressed: Some("the template {scheme}://{hostname}:{port} gives no port".to_owned()),
        ..places[1].clone()
    };
    world.send(Msg::Start);
    assert!(
        world.text().contains("gives no port") && world.text().contains("r looks again"),
        "{}",
        world.text()
    );
    assert_eq!(probes(&world, &cell("cell1")), 0);
    let (places, _) = world.found.as_mut().expect("set");
    places[1].unaddressed = None;
    world.keys("r");
    assert_eq!((state(&world, &cell("cell1")), world.model.panes[1].list.whole()), (State::Up, Some(1)));
}

#[test]
fn a_dead_cell_delays_nothing() {
    let mut world = World::with_cells(3, 120, 36);
    world.silent.insert(cell("cell1"));
    world.send(Msg::Start);
    assert_eq!(world.selected(), uuid(1));
    assert!(!world.model.is_complete(), "it may still answer promptly");
    assert!(world.text().contains("◐ connecting…"), "{}", world.text());
    world.pass(1);
    assert!(world.model.is_complete(), "no frame waits for it any more");
    assert_eq!(database(&world, &cell("cell3")).count, Some(3), "nor does a count");
    world.pass(1);
    assert!(world.text().contains("◐ connecting… 2 s"), "{}", world.text());
    insta::assert_snapshot!("cell_connecting", world.screen());
    world.keys("jjj");
    assert_eq!(world.selected(), uuid(4));
    assert!(world.model.is_complete());
    let Some(Effect::LoadPage { request, .. }) = world
        .effects
        .iter()
        .find(|effect| matches!(effect, Effect::LoadPage { database, .. } if *database == cell("cell1")))
    else {
        panic!("never asked");
    };
    let request = *request;
    world.send(Msg::Page { request, database: cell("cell1"), result: Err(refused()) });
    let text = world.text();
    assert!(text.contains("cell1 is down: mysql://nova:***@10.0.0.7:3306/nova:"), "{text}");
    assert!(text.contains("cell1 ○ down"), "{text}");
    insta::assert_snapshot!("cell_down", world.screen());
    world.keys("mj<Enter>");
    assert!(matches!(world.model.overlay, Some(Overlay::Confirm(_))), "a move to another cell");
}

#[test]
fn rows_stay_where_their_database_falls_silent() {
    let mut world = World::started(120, 36);
    world.silent.insert(api());
    world.keys("G");
    world.pass(3);
    assert_eq!(world.selected(), uuid(1), "not there yet");
    assert!(world.text().contains("◐ no answer for 3 s"), "{}", world.text());
    let request = world.effects.iter().rev().find_map(|effect| match effect {
        Effect::LoadPage { request, database, .. } if *database == api() => Some(*request),
        _ => None,
    });
    world.send(Msg::Page { request: request.expect("asked"), database: api(), result: Err(refused()) });
    let text = world.text();
    assert!(text.contains("○ old rows: mysql://nova:***@10.0.0.7") && text.contains(&uuid(2)[..8]), "{text}");
    insta::assert_snapshot!("old_rows", world.screen());
    world.silent.clear();
    world.pass(20);
    assert_eq!(state(&world, &api()), State::Up);
    assert!(!world.text().contains("old rows"), "{}", world.text());
}

#[test]
fn the_order_is_as_before_where_another_one_did_not_come() {
    let mut world = World::started(120, 36);
    let rows = world.databases.insert(api(), Err(refused())).expect("there");
    world.keys("o");
    assert!(!world.text().contains("UPDATED▼") && world.selected() == uuid(1), "{}", world.text());
    world.databases.insert(api(), rows);
    world.keys("ro");
    assert!(world.text().contains("UPDATED▼"), "{}", world.text());
}

#[test]
fn each_database_is_asked_every_ten_seconds_one_question_at_a_time() {
    let mut world = World::with_cells(10, 120, 36);
    world.send(Msg::Start);
    let before: Vec<_> = world.model.databases.iter().map(|database| database.name.clone()).collect();
    world.pass(20);
    let after = |world: &World| before.iter().map(|name| probes(world, name)).collect::<Vec<_>>();
    assert!(after(&world).iter().all(|asked| (2..=3).contains(asked)), "{:?}", after(&world));
    world.silent.insert(cell("cell4"));
    let asked = probes(&world, &cell("cell4"));
    world.pass(60);
    assert_eq!(probes(&world, &cell("cell4")), asked + 1, "not again before it answers");
    assert_eq!(state(&world, &cell("cell4")), State::Slow);
    assert!(probes(&world, &cell("cell5")) > asked + 4);
}

#[test]
fn nothing_is_drawn_while_all_is_well() {
    let mut world = World::with_cells(3, 120, 36);
    world.send(Msg::Start);
    for _ in 0..40 {
        world.model.dirty = false;
        world.pass(1);
        assert!(!world.model.dirty, "{}", world.model.now);
    }
    world.said.insert(cell("cell2"), Said { round_trip: Duration::from_millis(120), ..said() });
    world.pass(12);
    assert!(world.model.dirty && world.text().contains("cell2 ● 2 120 ms"), "{}", world.text());
}

#[test]
fn what_is_shown_is_counted_again_after_a_minute() {
    let mut world = World::with_cells(3, 120, 36);
    world.send(Msg::Start);
    for name in ["cell1", "cell3"] {
        world.rows(&cell(name)).push(stored(50));
    }
    world.pass(61);
    let count = |world: &World, name: &str| database(world, &cell(name)).count;
    assert_eq!((count(&world, "cell1"), count(&world, "cell3")), (Some(2), Some(3)));
    world.keys("r");
    assert_eq!(count(&world, "cell3"), Some(4), "on refresh all of them");
}

#[test]
fn a_read_only_account_disables_what_would_write_there() {
    let mut world = World::with_cells(2, 120, 36);
    let why = "the account nova_ro has no INSERT, UPDATE or DELETE on request_specs";
    world.said.insert(cell("cell1"), Said { rights: Rights::ReadOnly(why.to_owned()), ..said() });
    world.rows(&cell("cell1")).push(stored(5));
    world.send(Msg::Start);
    assert!(world.text().contains("read-only account"), "{}", world.text());
    world.keys("<Tab>");
    for key in ["e", "E", "S", "m", "D", "n"] {
        world.keys(key);
        assert!(world.model.overlay.is_none() && world.model.editor.is_none(), "{key}");
        let toasts: Vec<_> = world.model.toasts.iter().map(|toast| toast.text.clone()).collect();
        assert!(
            toasts.iter().any(|text| text.contains(&format!("cell1 can only be read: {why}"))),
            "{toasts:?}"
        );
        world.keys("<Esc>");
    }
    // Copied from there it may be; the other choices stay.
    world.keys("jc<Enter>");
    assert!(
        world.text().contains("holds another spec")
            || matches!(world.model.overlay, Some(Overlay::Confirm(_)))
    );
    world.keys("<Esc><Tab><Tab>");
    world.keys("m");
    let Some(Overlay::Picker(picker)) = &world.model.overlay else { panic!("{}", world.text()) };
    assert_eq!(picker.choices, [cell("cell2"), cell("cell1")], "what cannot be written comes last");
    world.keys("j<Enter>");
    assert!(world.model.change.is_none() && world.text().contains("can only be read"), "{}", world.text());
}

#[test]
fn others_in_the_way_can_be_tried_again() {
    let mut world = World::started(120, 36);
    let message = "API: saving was given up after 5 attempts: Deadlock found; nothing was written, try again";
    let failure =
        ApplyFailure { message: message.to_owned(), remedy: Remedy::TryAgain, ..ApplyFailure::default() };
    world.apply_failure = Some(failure);
    world.keys("D<Right><Enter>");
    assert!(world.text().contains("Others were in the way"), "{}", world.text());
    insta::assert_snapshot!("contended", world.screen());
    assert!(world.row(&api(), 1).is_some());
    world.keys("<Right><Enter>");
    assert!(matches!(world.model.overlay, Some(Overlay::Confirm(_))), "asked again");
    world.keys("<Right><Enter>");
    assert!(world.row(&api(), 1).is_none());
}

#[test]
fn an_unknown_fate_is_looked_at() {
    let mut world = World::started(120, 36);
    let message = "API: the connection was lost while deleting; it may or may not have been written";
    let failure =
        ApplyFailure { message: message.to_owned(), remedy: Remedy::Look, ..ApplyFailure::default() };
    world.apply_failure = Some(failure);
    world.keys("D<Right>");
    world.effects.clear();
    world.keys("<Enter>");
    assert!(world.text().contains("Not known whether it was written"), "{}", world.text());
    insta::assert_snapshot!("uncertain", world.screen());
    let read_again = |effect: &Effect| matches!(effect, Effect::Fetch { database, .. } if *database == api());
    assert!(world.effects.iter().any(read_again));
    world.keys("<Enter>");
    assert!(world.model.overlay.is_none() && world.model.change.is_none());
}

/// So many cells, one of each kind of trouble among them.
fn troubled(cells: usize, width: u16, height: u16) -> World {
    let mut world = World::with_cells(cells, width, height);
    let (places, _) = world.found.as_mut().expect("set");
    for place in places.iter_mut().skip(1) {
        place.location = format!("mysql+pymysql://nova:***@10.0.0.5:3306/nova_{}", place.name);
        "nova's cell_mappings".clone_into(&mut place.origin);
    }
    let maria = Said {
        product: "MariaDB 10.11.19".to_owned(),
        remarks: vec!["Galera cluster of 3, synced".to_owned()],
        ..said()
    };
    for number in 1..=cells {
        world.said.insert(cell(&format!("cell{number}")), maria.clone());
    }
    let last = |back: usize| cell(&format!("cell{}", cells - back));
    if cells >= 3 {
        places[cells].disabled = true;
        world.databases.insert(last(1), Err(refused_at(&places[cells - 1].location)));
        world.said.insert(last(2), Said { round_trip: Duration::from_millis(132), ..maria.clone() });
    }
    if cells >= 10 {
        world.databases.insert(last(3), Err(Failure::NoTable));
        let why = "the account nova_ro has no INSERT, UPDATE or DELETE on request_specs".to_owned();
        world.said.insert(last(4), Said { rights: Rights::ReadOnly(why), ..maria });
        world.silent.insert(last(5));
    }
    world.send(Msg::Start);
    world.pass(3);
    world
}

#[rstest::rstest]
fn health_lines(
    #[values(0, 1, 3, 10, 50)] cells: usize,
    #[values((80, 24), (120, 36), (200, 50))] size: (u16, u16),
) {
    let world = troubled(cells, size.0, size.1);
    insta::assert_snapshot!(format!("health_{cells}_{}x{}", size.0, size.1), world.screen());
}

#[rstest::rstest]
fn databases_screens(
    #[values(0, 3, 10, 50)] cells: usize,
    #[values((80, 24), (120, 36), (200, 50))] size: (u16, u16),
) {
    let mut world = troubled(cells, size.0, size.1);
    world.keys("d");
    world.keys(match cells {
        50 => "Gkkkk",
        3 => "jj",
        _ => "",
    });
    insta::assert_snapshot!(format!("databases_{cells}_{}x{}", size.0, size.1), world.screen());
}

#[test]
fn the_screen_of_databases_shows_and_asks() {
    let mut world = troubled(10, 120, 36);
    world.keys("dG");
    assert!(
        world.text().contains("disabled in cell_mappings: nova schedules nothing there"),
        "{}",
        world.text()
    );
    world.keys("<Enter>");
    assert_eq!(
        (world.model.panes[1].database(), world.model.focus),
        (Some(&cell("cell10")), Focus::List(Side::Right))
    );
    assert!(world.model.overlay.is_none() && world.model.panes[1].list.whole() == Some(10));
    world.keys("d<Up>");
    let name = cell("cell9");
    let asked = probes(&world, &name);
    world.databases.insert(name.clone(), Ok(vec![stored(1)]));
    world.keys("r");
    assert_eq!((probes(&world, &name), state(&world, &name)), (asked + 1, State::Up));
    assert_eq!(database(&world, &name).count, Some(1));
    world.keys("g<Enter>");
    assert_eq!(world.model.focus, Focus::List(Side::Left));
}

#[test]
fn the_screen_of_databases_in_ascii() {
    let mut world = troubled(10, 120, 36);
    world.keys("d<Down><Down>");
    let text = reqspec::tui::text(&world.buffer(Theme { colour: false, ascii: true }));
    let foreign: String = text.chars().filter(|character| !character.is_ascii()).collect();
    assert_eq!(foreign, "", "{text}");
    insta::assert_snapshot!("databases_ascii", text);
}

#[test]
fn fifty_cells_fit_any_screen() {
    let mut world = troubled(50, 120, 36);
    for keys in ["", "d", "dG"] {
        world.keys("<Esc>");
        world.keys(keys);
        for (width, height) in [(0, 0), (1, 1), (10, 3), (3, 40), (40, 5), (60, 12), (80, 24), (500, 200)] {
            world.send(Msg::Resize(width, height));
            world.keys("<Down><PgUp>");
            let _ = world.screen();
        }
    }
}
