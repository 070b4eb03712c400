//! Screens with their styles, and the page of keys. `INSTA_UPDATE=always` accepts new screens,
//! `UPDATE_DOCS=1` writes docs/keys.md.

use reqspec::app::command;
use reqspec::app::msg::ApplyFailure;
use reqspec::change::Refusal;
use reqspec::tui::theme::Theme;

use super::world::{World, spec};

#[rstest::rstest]
#[case(80, 24)]
#[case(120, 36)]
#[case(200, 50)]
#[case(10, 3)]
#[case(40, 12)]
fn main_screen(#[case] width: u16, #[case] height: u16) {
    let mut world = World::started(width, height);
    world.keys("j");
    insta::assert_snapshot!(format!("main_{width}x{height}"), world.screen());
}

#[rstest::rstest]
#[case("help", "?")]
#[case("palette", ":mo")]
#[case("confirm_move", "m<Enter>")]
#[case("confirm_delete", "D")]
#[case("pick_target", "c")]
#[case("open_for_writing", "WW")]
#[case("filter", "/m1.l")]
#[case("counterpart_differs", "/98c475e6<Enter>")]
#[case("create_prompt", "n~/spec.json")]
#[case("zoomed_json", "<Right><Right><Right><Right><Enter>")]
fn dialogs(#[case] name: &str, #[case] keys: &str) {
    let mut world = World::started(120, 36);
    world.keys(keys);
    insta::assert_snapshot!(name, world.screen());
}

#[test]
fn refusal() {
    let mut world = World::started(80, 24);
    let reason = "The instance is mapped to cell2: its spec belongs there, not in cell1.".to_owned();
    world.refusal = Some(Refusal::Refused { reason, forceable: true });
    world.keys("m<Enter>");
    insta::assert_snapshot!("refusal", world.screen());
}

#[test]
fn conflict() {
    let mut world = World::started(120, 36);
    world.edited = [Some(spec(1, "mine"))].into();
    let conflict = Some(Some(spec(1, "theirs").as_bytes().into()));
    let message = "API: the spec was changed by someone else; nothing was written".to_owned();
    world.apply_failure = Some(ApplyFailure { message, conflict, ..ApplyFailure::default() });
    world.keys("E<Right><Enter>");
    insta::assert_snapshot!("conflict", world.screen());
}

#[test]
fn without_colours_only_modifiers_are_left() {
    let mut world = World::started(120, 36);
    world.keys("m<Enter>");
    let buffer = world.buffer(Theme { colour: false, ascii: false });
    let plain = ratatui::style::Color::Reset;
    assert!(buffer.content.iter().all(|cell| cell.fg == plain && cell.bg == plain));
}

#[test]
fn an_ascii_terminal_gets_ascii() {
    let mut world = World::started(120, 36);
    for keys in ["", "?", "<Esc>:", "<Esc>D", "<Esc>/m1"] {
        world.keys(keys);
        let text = reqspec::tui::text(&world.buffer(Theme { colour: true, ascii: true }));
        let foreign: String = text.chars().filter(|character| !character.is_ascii()).collect();
        assert_eq!(foreign, "", "{keys}\n{text}");
    }
}

#[test]
fn the_page_of_keys_is_not_stale() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
    let page = command::documentation();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).expect("written");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(kept, page, "UPDATE_DOCS=1 cargo test --test tui_app writes it anew");
}
