//! The pictures in screenshots/, drawn from the real screens over the demo's databases. They fail
//! when the committed ones are not what the screens show now, or when a PNG was not made from its
//! SVG; `tests/screenshots-render` makes all of them anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use reqspec::deployment::demo;
use reqspec::tui::stage::Stage;
use reqspec::tui::svg;
use sha2::{Digest, Sha256};

/// 2026-11-22 12:00:00: ages in the pictures do not depend on the day.
const NOW: i64 = 1_795_348_800;

/// Name, size, and the keys that lead there: ⏎ Enter, ⎋ Esc, ⇥ Tab, ⌫ empties a line, ↓ down.
const PICTURES: &[(&str, (u16, u16), &str)] = &[
    // An instance with NUMA nodes, PCI devices, a server group and a zone; its cell holds the same.
    ("main", (120, 36), "/f0e0bec9⏎=kkkkkkkkkkkjjjjjjjjjjj="),
    ("main-80x24", (80, 24), "/f0e0bec9⏎"),
    ("flavor", (120, 36), "/e49a23e9⏎⏎2"),
    // Resized after its spec was moved: what nova's own save left in the API database is older.
    ("difference", (120, 36), "]/c1e14320⏎⏎6"),
    ("editor", (120, 36), "/e49a23e9⏎e/availability_zone⏎⏎⌫az1⏎⎋/hw:cpu_policy⏎⎋⏎↓↓↓"),
    ("confirm-edit", (120, 36), "/f0e0bec9⏎e/availability_zone⏎⏎⌫az2⏎⎋s"),
    ("confirm-move", (120, 36), "/f0e0bec9⏎mj⏎⇥⏎ce"),
    ("help", (120, 72), "?"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots")
}

fn key(character: char) -> KeyEvent {
    let (code, modifiers) = match character {
        '⏎' => (KeyCode::Enter, KeyModifiers::NONE),
        '⎋' => (KeyCode::Esc, KeyModifiers::NONE),
        '⇥' => (KeyCode::Tab, KeyModifiers::NONE),
        '↓' => (KeyCode::Down, KeyModifiers::NONE),
        '⌫' => (KeyCode::Char('u'), KeyModifiers::CONTROL),
        other => (KeyCode::Char(other), KeyModifiers::NONE),
    };
    KeyEvent::new(code, modifiers)
}

fn draw(home: &Path, size: (u16, u16), keys: &str) -> String {
    let deployment = demo::open_in(home, true).expect("the demo");
    let mut stage = Stage::open(deployment, size, NOW).expect("a stage");
    stage.keys(keys.chars().map(key));
    svg::render(&stage.screen().expect("a screen"), "reqspec demo")
}

#[test]
fn the_pictures_are_what_the_screens_show() {
    let update = std::env::var_os("REQSPEC_UPDATE_SCREENSHOTS").is_some();
    let home = tempfile::tempdir().expect("a directory");
    let mut stale = Vec::new();
    for (name, size, keys) in PICTURES {
        let picture = draw(home.path(), *size, keys);
        let place = home.path().to_string_lossy();
        assert!(!picture.contains(&*place), "{name} shows where it was made");
        let path = folder().join(format!("{name}.svg"));
        if update {
            fs::create_dir_all(folder()).expect("screenshots/");
            fs::write(&path, &picture).expect("written");
        }
        if fs::read_to_string(&path).unwrap_or_default() != picture {
            stale.push(*name);
        }
    }
    assert!(stale.is_empty(), "stale: {stale:?}; tests/screenshots-render makes them anew");
}

/// What `sha256sum` wrote when the PNG files were made: the digest of each file.
fn recorded() -> BTreeMap<String, String> {
    let sums = fs::read_to_string(folder().join("SHA256SUMS")).expect("screenshots/SHA256SUMS");
    let lines = sums.lines().filter_map(|line| line.split_once("  "));
    lines.map(|(digest, file)| (file.to_owned(), digest.to_owned())).collect()
}

#[test]
fn each_png_was_made_from_its_svg() {
    if std::env::var_os("REQSPEC_UPDATE_SCREENSHOTS").is_some() {
        // They are about to be made.
        return;
    }
    let files: Vec<String> =
        PICTURES.iter().flat_map(|(name, ..)| [format!("{name}.png"), format!("{name}.svg")]).collect();
    let digest = |file: &String| {
        let bytes = fs::read(folder().join(file)).unwrap_or_default();
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let now: BTreeMap<String, String> = files.iter().map(|file| (file.clone(), digest(file))).collect();
    assert_eq!(now, recorded(), "tests/screenshots-render makes them anew");
    for file in files.iter().filter(|file| file.ends_with(".png")) {
        let size = fs::metadata(folder().join(file)).unwrap().len();
        assert!(size <= 200 * 1024, "{file} has {size} bytes");
    }
    let mut found: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.retain(|name| name != "SHA256SUMS");
    found.sort();
    let mut wanted = files;
    wanted.sort();
    assert_eq!(found, wanted, "no picture is left over");
}
