//! Who may import whom (docs/ARCHITECTURE.md), and who may write to a store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Each room of `src/` with the rooms it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("spec", &[]),
    ("query", &["spec"]),
    ("search", &["spec", "query", "store", "deployment"]),
    ("scheduler", &["spec"]),
    ("store", &["spec", "query"]),
    ("deployment", &["store", "spec", "scheduler", "query"]),
    ("lint", &["spec"]),
    ("change", &["spec", "store", "query", "lint"]),
    ("fleet", &["spec", "query", "search", "store", "deployment", "lint", "change"]),
    ("app", &["spec", "query", "scheduler", "lint", "change"]),
    (
        "tui",
        &["spec", "query", "search", "scheduler", "store", "deployment", "lint", "change", "fleet", "app"],
    ),
    (
        "cli",
        &[
            "spec",
            "query",
            "search",
            "scheduler",
            "store",
            "deployment",
            "lint",
            "change",
            "fleet",
            "app",
            "tui",
        ],
    ),
];

fn sources(room: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room), &mut found);
    assert!(!found.is_empty(), "src/{room} has no sources");
    found
}

/// Code lines of a file, comments left out.
fn code(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split("//").next().unwrap_or("").to_owned()).collect()
}

#[test]
fn rooms_import_only_what_the_plan_allows() {
    let rooms: Vec<&str> = MAY_IMPORT.iter().map(|(room, _)| *room).collect();
    let mut wrong = Vec::new();
    for (room, allowed) in MAY_IMPORT {
        for path in sources(room) {
            for (number, line) in code(&path).iter().enumerate() {
                for other in &rooms {
                    let imported = line.contains(&format!("crate::{other}::"))
                        || line.contains(&format!("crate::{other};"));
                    if imported && other != room && !allowed.contains(other) {
                        wrong.push(format!("{}:{}: {room} imports {other}", path.display(), number + 1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_state_machine_does_not_know_the_terminal_library() {
    for room in ["spec", "query", "scheduler", "store", "deployment", "change", "app"] {
        for path in sources(room) {
            assert!(
                !code(&path).iter().any(|line| line.contains("ratatui")),
                "{} names ratatui, which only tui may",
                path.display()
            );
        }
    }
}

#[test]
fn every_room_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(MAY_IMPORT.iter().any(|(room, _)| *room == name), "src/{name} has no rule");
        }
    }
}
