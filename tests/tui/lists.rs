//! Lists as windows: whatever is pressed, the window agrees with the whole list and stays small.

use proptest::prelude::*;
use reqspec::app::layout::Side;
use reqspec::app::model::Focus;

use super::world::{World, api, cell, stored, uuid};

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_cursor_is_where_the_whole_list_says(
        moves in proptest::collection::vec(0_usize..10, 1..60),
        rows in 1_i64..700,
        height in 10_u16..40,
    ) {
        let mut world = World::of([(api(), Ok((1..=rows).map(stored).collect())), (cell("c"), Ok(Vec::new()))], 120, height);
        world.send(reqspec::app::Msg::Start);
        let mut at = 1_i64;
        for step in moves {
            let page = i64::from(world.model.panes[0].list.height()).max(2) - 1;
            let (key, delta) = [
                ("j", 1), ("k", -1), ("<PgDn>", page), ("<PgUp>", -page), ("G", 10_000), ("g", -10_000),
                ("jjj", 3), ("kkkk", -4), ("<PgDn><PgDn>", 2 * page), ("r", 0),
            ][step];
            world.keys(key);
            at = (at + delta).clamp(1, rows);
            prop_assert_eq!(world.selected(), uuid(at), "after {}", key);
            prop_assert_eq!(world.model.panes[0].list.ordinal(), Some(at as u64));
            prop_assert!(world.model.panes[0].list.shows(&uuid(at)));
            prop_assert!(world.model.panes[0].list.window_len() <= 7 * 80, "the window stays small");
        }
    }

    #[test]
    fn clicks_and_the_wheel_stay_on_rows(column in 0_u16..130, line in 0_u16..40, down: bool, wheel: bool) {
        use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
        let mut world = World::started(120, 36);
        let kind = match (wheel, down) {
            (true, true) => MouseEventKind::ScrollDown,
            (true, false) => MouseEventKind::ScrollUp,
            (false, _) => MouseEventKind::Down(MouseButton::Left),
        };
        world.send(reqspec::app::Msg::Mouse(MouseEvent { kind, column, row: line, modifiers: KeyModifiers::NONE }));
        let selected = world.selected();
        prop_assert!(world.model.current().is_some_and(|pane| pane.list.shows(&selected)));
    }
}

#[test]
fn a_click_selects_the_row_under_it() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut world = World::started(120, 36);
    let kind = MouseEventKind::Down(MouseButton::Left);
    world.send(reqspec::app::Msg::Mouse(MouseEvent {
        kind,
        column: 70,
        row: 6,
        modifiers: KeyModifiers::NONE,
    }));
    assert_eq!(world.model.focus, Focus::List(Side::Right));
    assert_eq!(world.selected(), uuid(24), "line 6: border, heads, and three rows above");
}

#[test]
fn keys_pressed_before_rows_come_are_not_lost() {
    let rows = (1..=700).map(stored).collect();
    let mut world = World::of([(api(), Ok(rows)), (cell("c"), Ok(Vec::new()))], 120, 36);
    world.hold = true;
    world.send(reqspec::app::Msg::Start);
    world.pump();
    world.keys("<PgDn><PgDn><PgDn><PgDn>");
    world.pump();
    assert_eq!(world.selected(), uuid(57));
}
