//! The pictures in screenshots/, made from the real screens of the demo. The test fails when they
//! are stale; `UPDATE_SCREENSHOTS=1 cargo test --test tui_screenshots` makes them anew (the PNG
//! files with `rsvg-convert`, Debian package librsvg2-bin).

use std::path::Path;
use std::process::Command;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use reqspec::deployment::demo;
use reqspec::tui::stage::Stage;
use reqspec::tui::svg;

/// 2026-11-22 12:00:00: ages in the pictures do not depend on the day.
const NOW: i64 = 1_795_348_800;

/// Name, size, and the keys that lead there.
const PICTURES: &[(&str, (u16, u16), &str)] = &[
    ("main", (140, 40), "/54c06831\n"),
    ("editor", (120, 36), "jje"),
    ("confirm", (120, 36), "\tm\n"),
    ("help", (120, 50), "?"),
];

fn key(character: char) -> KeyEvent {
    let code = match character {
        '\n' => KeyCode::Enter,
        '\t' => KeyCode::Tab,
        other => KeyCode::Char(other),
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}

#[test]
fn the_pictures_are_those_of_the_program() {
    let update = std::env::var_os("UPDATE_SCREENSHOTS").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let home = tempfile::tempdir().expect("a directory");
    let mut stale = Vec::new();
    for (name, size, keys) in PICTURES {
        let deployment = demo::open_in(home.path(), true).expect("the demo");
        let mut stage = Stage::open(deployment, *size, NOW).expect("a stage");
        stage.keys(keys.chars().map(key));
        let picture = svg::render(&stage.screen().expect("a screen"), "reqspec demo");
        let path = folder.join(format!("{name}.svg"));
        if update {
            std::fs::create_dir_all(&folder).expect("screenshots/");
            std::fs::write(&path, &picture).expect("written");
            let status = Command::new("rsvg-convert")
                .args(["--zoom", "1.5", "-o"])
                .args([&path.with_extension("png"), &path])
                .status()
                .expect("rsvg-convert is there");
            assert!(status.success());
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != picture
            || !path.with_extension("png").exists()
        {
            stale.push(*name);
        }
    }
    assert!(stale.is_empty(), "stale pictures {stale:?}: UPDATE_SCREENSHOTS=1 makes them anew");
}
