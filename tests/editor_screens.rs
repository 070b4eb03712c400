//! The field editor as it stands on the screen after key scripts, styles included.

#![allow(clippy::unwrap_used)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use reqspec::app::editor::Editor;
use reqspec::change::DatabaseName;
use reqspec::tui::theme::Theme;
use reqspec::tui::view::editor::draw;
use rstest::rstest;

const GROUP: &str = include_str!("detail_specs/group.json");
const PINNED: &str = include_str!("detail_specs/pinned.json");
const CONTROL: &str = include_str!("detail_specs/control.json");
const TRUNCATED: &str = include_str!("detail_specs/truncated.json");

const COLOUR: Theme = Theme { colour: true, ascii: false };
const PLAIN: Theme = Theme { colour: false, ascii: true };

/// ⏎ Enter, ⎋ Esc, ↓ down, ⇥ Tab, ⌫ the whole line; other letters are themselves.
fn editor(text: &str, keys: &str) -> Editor {
    let uuid = "f86beda2-703b-45d7-afa1-545693d64e74".into();
    let mut editor = Editor::open(DatabaseName::cell("cell1"), uuid, text.as_bytes().into()).unwrap();
    for letter in keys.chars() {
        let (code, modifiers) = match letter {
            '⏎' => (KeyCode::Enter, KeyModifiers::NONE),
            '⎋' => (KeyCode::Esc, KeyModifiers::NONE),
            '↓' => (KeyCode::Down, KeyModifiers::NONE),
            '⇥' => (KeyCode::Tab, KeyModifiers::NONE),
            '⌫' => (KeyCode::Char('u'), KeyModifiers::CONTROL),
            letter => (KeyCode::Char(letter), KeyModifiers::NONE),
        };
        editor.key(KeyEvent::new(code, modifiers));
    }
    editor
}

fn screen(editor: &Editor, (width, height): (u16, u16), theme: &Theme) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, frame.area(), editor, theme)).unwrap();
    format!("{:?}", terminal.backend().buffer())
}

#[rstest]
#[case("fields_80", GROUP, "", (80, 24))]
#[case("fields_120", GROUP, "", (120, 36))]
#[case("fields_200", GROUP, "", (200, 50))]
#[case("fields_20", GROUP, "", (20, 5))]
#[case("fields_1", GROUP, "", (1, 1))]
#[case("changed_120", GROUP, "/availability⏎⏎⌫az9⏎⎋/force_hosts⏎acmp1⏎⎋", (120, 36))]
#[case("filter_80", PINNED, "/policy", (80, 24))]
#[case("wrong_80", GROUP, "/memory_mb⏎⏎⌫12a", (80, 24))]
#[case("pick_120", GROUP, "/hw_video_model⏎⏎", (120, 36))]
#[case("pick_20", GROUP, "/hw_video_model⏎⏎", (20, 5))]
#[case("complete_80", PINNED, "/extra_specs⏎ahw:cpu_", (80, 24))]
#[case("meaning_80", PINNED, "/extra_specs[hw:cpu_policy⏎⏎⌫mixed", (80, 24))]
#[case("leaving_80", GROUP, "/availability⏎x⎋⎋", (80, 24))]
#[case("leaving_20", GROUP, "/availability⏎x⎋⎋", (20, 5))]
#[case("malformed_80", TRUNCATED, "", (80, 24))]
#[case("escaped_120", CONTROL, "/note⏎", (120, 20))]
fn after_keys(#[case] name: &str, #[case] text: &str, #[case] keys: &str, #[case] size: (u16, u16)) {
    assert_snapshot!(name, screen(&editor(text, keys), size, &COLOUR));
}

#[test]
fn a_refused_save_keeps_the_edit_in_sight() {
    let mut editor = editor(GROUP, "/availability⏎⏎⌫az9⏎⎋");
    editor
        .refused("The spec of f86beda2 in cell1 changed since it was read: nothing was written.".to_owned());
    assert_snapshot!("refused_80", screen(&editor, (80, 24), &COLOUR));
}

#[test]
fn an_ascii_terminal_without_colours() {
    let screens: Vec<String> = ["", "/availability⏎x⎋⎋", "/hw_video_model⏎⏎", "/zone⏎⏎⌫é"]
        .iter()
        .map(|keys| screen(&editor(GROUP, keys), (100, 20), &PLAIN))
        .collect();
    assert!(screens.concat().is_ascii(), "{}", screens.concat());
    assert!(!screens.concat().contains("fg: Indexed"));
    assert_snapshot!("editor_ascii", screens[1]);
}

#[test]
fn any_size_is_drawn() {
    for text in [GROUP, TRUNCATED, "", "null"] {
        for keys in ["", "/x", "/availability⏎⏎", "/is_bfv⏎⏎", "/extra_specs⏎a", "/availability⏎x⎋⎋"]
        {
            let editor = editor(text, keys);
            for width in [0, 1, 2, 3, 5, 12, 21, 60, 99, 100, 101] {
                for height in [0, 1, 2, 3, 4, 8, 17, 18] {
                    screen(&editor, (width, height), &COLOUR);
                    screen(&editor, (width, height), &PLAIN);
                }
            }
        }
    }
}
