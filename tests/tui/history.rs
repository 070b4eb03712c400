//! Undo, redo, the screen of what was changed, and what was interrupted.

use std::sync::Arc;

use reqspec::app::Effect;
use reqspec::app::overlay::Overlay;
use reqspec::change::recover::{Decision, What};
use reqspec::change::{ChangeId, EntryId, Operation, Refusal, State};
use reqspec::tui::theme::Theme;

use super::journal::change;
use super::world::{World, api, spec, uuid};

fn started() -> World {
    World::started(120, 36)
}

/// A journal of so many saves of rows of the API database.
fn with_journal(world: &mut World, count: i64) {
    for id in 1..=count {
        let operation = Operation::Save {
            database: api(),
            instance_uuid: Arc::from(uuid(id)),
            before: Arc::from(spec(id, "az1").as_bytes()),
            after: Arc::from(spec(id, "az2")),
        };
        world.journal.push((change(id, &format!("save {} in api", uuid(id))), vec![operation]));
    }
}

#[test]
fn a_move_is_undone_and_redone() {
    let mut world = started();
    world.keys("m<Enter><Right><Enter>");
    assert!(world.row(&api(), 1).is_none());
    world.keys("u");
    let text = world.text();
    assert!(text.contains("Move") && text.contains("Undo"), "{text}");
    world.keys("<Right><Enter>");
    assert!(world.row(&api(), 1).is_some(), "{}", world.text());
    assert!(world.text().contains("Undone. U does it again."), "{}", world.text());
    assert_eq!(world.journal[0].0.undone_by, Some(ChangeId(2)));
    world.keys("U<Right><Enter>");
    assert!(world.row(&api(), 1).is_none());
    assert!(world.text().contains("Done again. u undoes it."), "{}", world.text());
}

#[test]
fn undo_is_cancelled_like_any_change() {
    let mut world = started();
    world.keys("m<Enter><Right><Enter>u<Enter>");
    assert!(world.model.overlay.is_none() && world.model.change.is_none());
    assert!(world.row(&api(), 1).is_none());
    assert!(world.text().contains("cancelled, nothing was written"), "{}", world.text());
}

#[test]
fn what_cannot_be_undone_says_why() {
    let mut world = started();
    world.keys("u");
    assert!(world.model.change.is_none() && world.text().contains("nothing is left to take back"));
    world.refusal = Some(Refusal::Failed("the journal x: it is locked".to_owned()));
    world.keys("u");
    assert!(world.text().contains("it is locked"), "{}", world.text());
    world.keys("<Enter>");
    assert!(world.model.overlay.is_none() && world.model.change.is_none());
    let reason = "made in another database".to_owned();
    with_journal(&mut world, 1);
    world.refusal = Some(Refusal::Refused { reason, forceable: true });
    world.keys("u<Right><Enter>");
    assert!(matches!(world.model.overlay, Some(Overlay::Confirm(_))), "{}", world.text());
    assert!(world.effects.iter().any(|effect| matches!(effect, Effect::PrepareUndo { force: true, .. })));
}

#[test]
fn a_read_only_session_undoes_nothing_but_shows_what_was_done() {
    let mut world = started();
    with_journal(&mut world, 3);
    world.keys("WuU");
    assert!(world.text().contains("read-only: W opens for writing"), "{}", world.text());
    world.keys("Hu");
    assert!(matches!(world.model.overlay, Some(Overlay::History(_))));
    world.keys("<Enter>");
    assert!(world.text().contains("availability_zone"), "{}", world.text());
    assert!(!world.effects.iter().any(|effect| matches!(effect, Effect::PrepareUndo { .. })));
}

#[test]
fn history_is_walked_filtered_and_left() {
    let mut world = started();
    with_journal(&mut world, 250);
    world.keys("H");
    let text = world.text();
    assert!(text.contains("1 of 100+") && text.contains("#250"), "{text}");
    world.keys("G");
    world.keys("GG");
    assert!(world.text().contains("250 of 250") && world.text().contains("#1 "), "{}", world.text());
    let first: String = uuid(7).chars().take(8).collect();
    world.keys(&format!("/{first}<Enter>"));
    let text = world.text();
    assert!(text.contains("1 of 1 ") && text.contains("#7 "), "{text}");
    world.keys("/zzz");
    assert!(world.text().contains("no change has these words"), "{}", world.text());
    world.keys("<Esc>");
    assert!(world.text().contains("1 of 100+"), "{}", world.text());
    world.keys("<Esc>");
    assert!(world.model.overlay.is_none());
}

#[test]
fn a_change_is_looked_at_and_taken_back_from_there() {
    let mut world = started();
    with_journal(&mut world, 3);
    world.rows(&api())[1].spec = Arc::from(spec(2, "az2").as_bytes());
    world.keys("Hj<Enter>");
    let text = world.text();
    assert!(text.contains("Change #2") && text.contains("- \"az1\"") && text.contains("+ \"az2\""), "{text}");
    world.keys("u<Right><Enter>");
    let text = String::from_utf8_lossy(&world.row(&api(), 2).expect("there").spec).into_owned();
    assert!(text.contains("\"az1\""), "{text}");
    assert!(
        world.effects.iter().any(|effect| matches!(
            effect,
            Effect::PrepareUndo { change: Some(ChangeId(2)), again: false, .. }
        ))
    );
}

#[test]
fn a_long_change_is_shown_a_page_at_a_time() {
    let mut world = started();
    let operations = (1..=50).map(|id| Operation::Create {
        database: api(),
        instance_uuid: Arc::from(uuid(id)),
        text: Arc::from(spec(id, "az1")),
    });
    let mut row = change(1, "bulk");
    (row.total, row.counts) = (50, [(State::Done, 48), (State::Conflict, 2)].into());
    world.journal.push((row, operations.collect()));
    world.keys("H<Enter>");
    assert!(world.text().contains("more below") && world.text().contains("2 conflict"), "{}", world.text());
    world.keys("<PgDn><PgDn><PgDn><PgDn><PgDn><PgDn><PgDn><PgDn><PgDn><PgDn><PgDn><PgDn>");
    assert!(world.text().contains("more above"), "{}", world.text());
    world.keys("g");
    assert!(world.text().contains(&uuid(1)), "{}", world.text());
}

#[test]
fn a_journal_that_cannot_be_read_says_so_and_browsing_goes_on() {
    let mut world = started();
    world.unread = Some("the journal /x: it is damaged; move it away".to_owned());
    world.keys("H");
    assert!(world.text().contains("it is damaged; move it away"), "{}", world.text());
    world.keys("<Esc>j");
    assert_eq!(world.selected(), uuid(2));
}

fn decision(number: i64, what: What) -> Decision {
    Decision {
        change: ChangeId(number),
        environment: "demo".to_owned(),
        entry: Some(EntryId(number)),
        title: format!("move {} from api to cell1", uuid(number)),
        instance_uuid: Arc::from(uuid(number)),
        what,
        why: "api and cell1 both hold it: the row in api is left to delete".to_owned(),
    }
}

fn interrupted(width: u16, height: u16) -> World {
    let mut world = World::new(width, height);
    world.unfinished = vec![decision(1, What::Finish), decision(2, What::NotDone), decision(3, What::Later)];
    world.send(reqspec::app::Msg::Start);
    world
}

#[test]
fn interrupted_changes_are_shown_at_the_start_and_later_is_the_default() {
    let mut world = interrupted(120, 36);
    assert!(world.text().contains("Interrupted changes"), "{}", world.text());
    world.keys("<Enter>");
    assert!(world.model.overlay.is_none());
    assert!(!world.effects.iter().any(|effect| matches!(effect, Effect::Recover { .. })));
    world.keys("R<Right><Enter>");
    let carried = world.effects.iter().find_map(|effect| match effect {
        Effect::Recover { decisions, .. } => Some(decisions.clone()),
        _ => None,
    });
    assert_eq!(carried, Some(vec![decision(1, What::Finish), decision(2, What::NotDone)]));
    assert!(world.text().contains("2 operations recovered"), "{}", world.text());
}

#[test]
fn a_read_only_session_only_notes_what_is_known() {
    let mut world = interrupted(120, 36);
    world.keys("<Enter>WR");
    assert!(world.text().contains("Note what is known"), "{}", world.text());
    world.keys("<Right><Enter>");
    let carried = world.effects.iter().find_map(|effect| match effect {
        Effect::Recover { decisions, .. } => Some(decisions.clone()),
        _ => None,
    });
    assert_eq!(carried, Some(vec![decision(2, What::NotDone)]));
}

#[test]
fn nothing_interrupted_is_said_on_request_alone() {
    let mut world = started();
    assert!(!world.text().contains("interrupted"));
    world.keys("R");
    assert!(world.text().contains("no change was interrupted"), "{}", world.text());
}

#[rstest::rstest]
fn screens(
    #[values((40, 12), (80, 24), (120, 36))] (width, height): (u16, u16),
    #[values(
        ("list", "H"),
        ("filtered", "H/3c6"),
        ("change", "Hj<Enter>"),
        ("recovery", "R"),
        ("undo", "u"),
    )]
    (name, keys): (&str, &str),
) {
    let mut world = World::started(width, height);
    with_journal(&mut world, 5);
    world.journal[4].0.reason = Some("CHG-17".to_owned());
    world.journal[3].0.undone_by = Some(ChangeId(5));
    world.journal[2].0.is_interrupted = true;
    (world.journal[1].0.total, world.journal[1].0.environment) = (12_345, "berlin".to_owned());
    world.journal[0].0.is_running = true;
    world.unfinished = vec![decision(1, What::Finish), decision(2, What::NotDone), decision(3, What::Later)];
    world.keys(keys);
    insta::assert_snapshot!(format!("history_{name}_{width}x{height}"), world.screen());
}

#[test]
fn no_size_is_too_small_and_ascii_is_ascii() {
    for keys in ["H", "H/x", "H<Enter>", "R"] {
        for (width, height) in [(1, 1), (2, 2), (5, 3), (12, 4), (40, 6), (200, 5)] {
            let mut world = interrupted(width, height);
            with_journal(&mut world, 5);
            world.keys("<Esc>");
            world.keys(keys);
            world.buffer(Theme::default());
            let text = reqspec::tui::text(&world.buffer(Theme { colour: false, ascii: true }));
            assert!(text.is_ascii(), "{width}x{height} {keys}: {text}");
        }
    }
}
