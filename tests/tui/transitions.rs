//! Transitions of the state machine that no key causes: late answers, databases that come and go,
//! time.

use std::sync::Arc;

use reqspec::app::database::Health;
use reqspec::app::msg::ApplyFailure;
use reqspec::app::row::Failure;
use reqspec::app::selection::Counterpart;
use reqspec::app::{Effect, Msg};

use super::world::{NOW, World, api, cell, stored, uuid};

fn down() -> Failure {
    Failure::Down("the file is gone".to_owned())
}

#[test]
fn late_answers_are_dropped() {
    let mut world = World::started(120, 36);
    world.hold = true;
    world.keys("j");
    let late = world.answers.clone();
    world.answers.clear();
    world.keys("j");
    world.pump();
    let before = (world.selected(), world.text());
    for msg in late {
        world.send(msg);
    }
    world.pump();
    assert_eq!((world.selected(), world.text()), before);
    assert_eq!(before.0, uuid(3));
}

#[test]
fn counts_come_after_rows() {
    let mut world = World::new(120, 36);
    world.hold = true;
    world.send(Msg::Start);
    assert!(matches!(world.effects[0], Effect::LoadPage { .. }));
    assert!(!world.effects.iter().any(|effect| matches!(effect, Effect::Count { .. })));
    world.pump();
    let page = world.effects.iter().position(|effect| matches!(effect, Effect::LoadPage { .. }));
    let count = world.effects.iter().position(|effect| matches!(effect, Effect::Count { .. }));
    assert!(page < count && count.is_some());
    assert_eq!(
        world.model.databases.iter().map(|database| database.count).collect::<Vec<_>>(),
        [Some(100), Some(40), Some(3)]
    );
}

#[test]
fn a_vanished_database_is_a_state_that_is_retried() {
    let mut world = World::started(120, 36);
    let rows = world.databases.insert(cell("cell1"), Err(down())).expect("there");
    world.keys("r");
    assert!(matches!(world.model.databases[1].health, Health::Down { .. }));
    let text = world.text();
    assert!(
        text.contains("cell1 ○ down") && text.contains("○ old rows: the file is gone · asked again in"),
        "{text}"
    );
    assert_eq!(world.selected(), uuid(1), "the other pane works");
    assert_eq!(
        world.model.selection.as_ref().map(|selection| selection.counterpart),
        Some(Counterpart::Unknown)
    );
    world.databases.insert(cell("cell1"), rows);
    world.send(Msg::Tick(NOW + 1));
    assert!(matches!(world.model.databases[1].health, Health::Down { .. }), "not yet due");
    world.rows(&cell("cell1")).truncate(7);
    world.send(Msg::Tick(NOW + 5));
    assert_eq!(world.model.databases[1].health, Health::Up);
    assert_eq!(world.model.panes[1].list.whole(), Some(7), "its rows are read anew");
    assert_eq!(world.model.databases[1].count, Some(7));
}

/// A database that answers without giving a sign of life (locked, no rights, too slow a question) is
/// asked again all the same, and its reason is the new one.
#[test]
fn no_state_of_a_database_lasts_for_ever() {
    let mut world = World::started(120, 36);
    let rows = world.databases.insert(cell("cell1"), Err(down())).expect("there");
    world.keys("r");
    world.databases.insert(cell("cell1"), Err(Failure::Failed("locked by another session".to_owned())));
    world.send(Msg::Tick(NOW + 5));
    let Health::Down { reason, retry_at, .. } = &world.model.databases[1].health else { panic!("not down") };
    assert!(reason.contains("locked") && retry_at.is_some(), "{reason} {retry_at:?}");
    world.databases.insert(cell("cell1"), rows);
    world.send(Msg::Tick(NOW + 70));
    assert_eq!(world.model.databases[1].health, Health::Up);
}

/// The detail panel shows no other row's spec for longer than it takes to notice.
#[test]
fn a_text_that_does_not_come_is_waited_for_in_words() {
    let mut world = World::started(120, 36);
    world.hold = true;
    world.keys("j");
    let before = world.text();
    assert!(!before.contains("Waiting for the spec"), "a quick answer must not flicker");
    world.send(Msg::Tick(NOW + 1));
    world.send(Msg::Tick(NOW + 2));
    let text = world.text();
    assert!(text.contains(&format!("Waiting for the spec of {} from API", uuid(2))), "{text}");
    world.hold = false;
    world.pump();
    assert!(!world.text().contains("Waiting for the spec"));
}

#[test]
fn all_down_is_still_a_screen() {
    let mut world = World::of([(api(), Err(down())), (cell("cell1"), Err(Failure::NoTable))], 120, 36);
    world.send(Msg::Start);
    let text = world.text();
    assert!(
        text.contains("API is down") && text.contains("has no request_specs table: reqspec db sync"),
        "{text}"
    );
    for key in ["j", "G", "<Enter>", "<Esc>", "e", "m", "D", "/x<Esc>", "o", "=", "y", "]"] {
        world.keys(key);
    }
    assert!(world.model.overlay.is_none());
}

#[test]
fn an_empty_database_says_what_to_do() {
    let mut world = World::of([(api(), Ok(Vec::new()))], 80, 24);
    world.send(Msg::Start);
    assert!(world.text().contains("no specs here"), "{}", world.text());
}

#[test]
fn a_row_changed_elsewhere_is_fetched_anew_on_refresh() {
    let mut world = World::started(120, 36);
    let text: Arc<[u8]> = Arc::from(super::world::spec(1, "new").as_bytes());
    let row = &mut world.rows(&api())[0];
    (row.spec, row.updated) = (text.clone(), "2026-11-22 11:00:00".to_owned());
    world.keys("r");
    assert_eq!(world.model.selection.as_ref().and_then(|selection| selection.own.text()), Some(&text));
}

#[test]
fn time_draws_only_what_it_changes() {
    let mut world = World::started(120, 36);
    world.model.dirty = false;
    world.send(Msg::Tick(NOW + 1));
    assert!(!world.model.dirty, "no age changed");
    world.send(Msg::Tick(NOW + 61));
    assert!(world.model.dirty);
}

#[test]
fn any_size_at_any_time() {
    let mut world = World::started(120, 36);
    for overlay in ["", "?", ":", "m", "D", "W", "n", "/c1", "<Enter>", "c<Enter>"] {
        for (width, height) in [(0, 0), (1, 1), (10, 3), (3, 40), (40, 5), (80, 24), (99, 24), (500, 200)] {
            world.send(Msg::Resize(120, 36));
            world.keys("<Esc><Esc><Esc>");
            world.keys(overlay);
            world.send(Msg::Resize(width, height));
            world.keys("<Down><PgDn>");
            let _ = world.screen();
        }
    }
}

#[test]
fn a_lost_row_at_the_end_leaves_the_cursor_on_the_last() {
    let mut world = World::started(120, 36);
    world.keys("G");
    world.rows(&api()).truncate(60);
    world.keys("r");
    assert_eq!(world.selected(), uuid(60));
    world.rows(&api()).push(stored(61));
    world.keys("r<Down>");
    assert_eq!(world.selected(), uuid(61));
}

#[test]
fn keys_typed_ahead_wait_for_what_they_are_meant_for() {
    let mut world = World::started(120, 36);
    world.hold = true;
    // The text of the second row is not there yet, nor is the dialog that Right and Enter are for.
    world.keys("jm<Enter><Right><Enter>");
    assert!(world.row(&api(), 2).is_some());
    world.pump();
    assert!(world.row(&api(), 2).is_none() && world.row(&cell("cell1"), 2).is_some());
}

#[test]
fn keys_typed_ahead_of_a_jump_wait_for_its_row() {
    for (keys, target) in [("m<Enter><Right><Enter>", 31), ("jm<Enter><Right><Enter>", 32)] {
        let mut world = World::started(120, 36);
        let before = world.databases[&cell("cell1")].as_ref().map(Vec::len).unwrap_or_default();
        world.rows(&cell("cell1")).retain(|row| *row.uuid != *uuid(31) && *row.uuid != *uuid(32));
        world.hold = true;
        world.keys(&format!("/{}<Enter>{keys}", &uuid(31)[..9]));
        world.pump();
        assert!(world.row(&api(), 1).is_some() && world.row(&api(), target).is_none(), "{keys}");
        assert!(world.row(&cell("cell1"), target).is_some());
        assert_eq!(world.databases[&cell("cell1")].as_ref().map(Vec::len), Ok(before - 1));
    }
}

#[test]
fn keys_pressed_while_a_change_is_made_wait_for_its_end() {
    for failing in [false, true] {
        let mut world = World::started(120, 36);
        world.keys("D<Right>");
        if failing {
            let message = "API: locked by another session".to_owned();
            world.apply_failure = Some(ApplyFailure { message, conflict: None, ..ApplyFailure::default() });
        }
        world.hold = true;
        world.keys("<Enter><Enter>");
        world.pump();
        assert_eq!(world.model.zoomed, !failing, "a failure is not answered by what was typed before it");
        assert_eq!(world.model.overlay.is_some(), failing);
        assert_eq!(world.row(&api(), 1).is_some(), failing);
    }
}

#[test]
fn a_change_waits_for_the_last_row() {
    let mut world = World::started(120, 36);
    world.hold = true;
    world.keys("GD<Right><Enter>");
    world.pump();
    assert!(world.row(&api(), 1).is_some() && world.row(&api(), 100).is_none());
}

#[test]
fn esc_ends_a_jump_and_what_was_typed_ahead_of_it() {
    let mut world = World::started(120, 36);
    world.hold = true;
    world.keys(&format!("/{}<Enter>D<Right><Enter><Esc>", &uuid(31)[..9]));
    world.pump();
    assert!(world.model.overlay.is_none() && world.model.panes[0].search.is_none());
    assert_eq!((world.selected(), world.row(&api(), 31).is_some()), (uuid(1), true));
}

#[test]
fn large_texts_are_compared_in_the_background() {
    let mut world = World::started(120, 36);
    let large = |zone: &str| -> Arc<[u8]> {
        let padding = format!(r#""availability_zone": "{zone}", "padding": "{}""#, "x".repeat(300_000));
        let text = super::world::spec(1, "").replace(r#""availability_zone": null"#, &padding);
        Arc::from(text.as_bytes())
    };
    world.rows(&api())[0].spec = large("az1");
    let mut other = stored(1);
    other.spec = large("az2");
    world.rows(&cell("cell1")).push(other);
    let counterpart = |world: &World| world.model.selection.as_ref().map(|selection| selection.counterpart);
    let compares = |world: &World| {
        world.effects.iter().filter(|effect| matches!(effect, Effect::Compare { .. })).count()
    };
    world.hold = true;
    world.keys("r6");
    while compares(&world) == 0 {
        let msg = world.answers.pop_front().expect("a text on its way");
        world.send(msg);
    }
    assert_eq!(counterpart(&world), Some(Counterpart::Unknown));
    assert!(world.text().contains("Comparing: API and cell1"), "{}", world.text());
    world.pump();
    assert_eq!(counterpart(&world), Some(Counterpart::Different));
    assert!(world.text().contains("1 difference from API (-) to cell1 (+)"), "{}", world.text());
    // The same texts again are not compared again.
    world.hold = false;
    world.keys("r");
    assert_eq!((compares(&world), counterpart(&world)), (1, Some(Counterpart::Different)));
}

#[test]
fn esc_gives_up_what_does_not_answer() {
    let mut world = World::started(120, 36);
    world.hold = true;
    world.keys("D<Right><Enter><Esc>");
    world.pump();
    assert!(world.model.overlay.is_none() && world.row(&api(), 1).is_some());
}
