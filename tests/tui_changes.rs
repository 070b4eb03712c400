//! Changes of specs from the keys to the databases and back: the whole app over the demo, with a
//! journal of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use std::path::Path;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use reqspec::app::overlay::Overlay;
use reqspec::deployment::demo;
use reqspec::deployment::settings::Places;
use reqspec::tui::stage::Stage;
use reqspec::tui::{Options, text};
use tempfile::TempDir;

/// 2026-11-22 12:00:00.
const NOW: i64 = 1_795_348_800;

struct World {
    stage: Stage,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        Self::with_journal("journal.sqlite")
    }

    fn with_journal(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join(name);
        let stage = Self::open(folder.path(), &journal);
        Self { stage, folder }
    }

    fn open(folder: &Path, journal: &Path) -> Stage {
        let deployment = demo::open_in(folder, false).unwrap();
        let settings = Places { profiles: None, state: Some(folder.join("state")) };
        let options =
            Options { write: true, settings, journal: Some(journal.to_owned()), ..Options::default() };
        Stage::with_options(deployment, &options, (120, 36), NOW).unwrap()
    }

    /// Presses keys: characters, and names in angle brackets.
    fn keys(&mut self, script: &str) {
        let mut rest = script;
        while let Some(first) = rest.chars().next() {
            let (code, modifiers, length) = match (first, rest.find('>')) {
                ('<', Some(end)) => {
                    let (code, modifiers) = named(&rest[1..end]);
                    (code, modifiers, end + 1)
                }
                (character, _) => (KeyCode::Char(character), KeyModifiers::NONE, character.len_utf8()),
            };
            self.stage.keys([KeyEvent::new(code, modifiers)]);
            rest = &rest[length..];
        }
    }

    fn text(&self) -> String {
        text(&self.stage.screen().unwrap())
    }

    /// The number that the confirm step wants typed.
    fn wanted(&self) -> String {
        match &self.stage.model().overlay {
            Some(Overlay::BulkConfirm(confirm)) => confirm.word().unwrap_or_default().to_owned(),
            _ => panic!("{}", self.text()),
        }
    }

    /// The stored zones of the API database, by uuid.
    fn zones(&self) -> Vec<(String, String)> {
        let file = self.folder.path().join("demo/nova_api.sqlite");
        let connection = rusqlite::Connection::open(file).unwrap();
        let sql = "SELECT instance_uuid, coalesce(json_extract(spec, '$.\"nova_object.data\".availability_zone'), '') \
                   FROM request_specs WHERE json_valid(spec) ORDER BY instance_uuid";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

fn named(name: &str) -> (KeyCode, KeyModifiers) {
    if let Some(character) = name.strip_prefix("Ctrl-") {
        return (KeyCode::Char(character.chars().next().unwrap()), KeyModifiers::CONTROL);
    }
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Right" => KeyCode::Right,
        "Down" => KeyCode::Down,
        other => panic!("no key {other}"),
    };
    (code, KeyModifiers::NONE)
}

#[test]
fn marked_specs_are_edited_in_the_database() {
    let mut world = World::new();
    let before = world.zones();
    world.keys("/az=az1<Enter>*eavailability_zone=az7<Enter><Enter>");
    let wanted = world.wanted();
    world.keys(&format!("{wanted}<Right><Enter>"));
    let text = world.text();
    assert!(text.contains(&format!("{wanted}  done")), "{text}");
    let after = world.zones();
    let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert_eq!(changed.to_string(), wanted);
    let right = |(before, after): (&(String, String), &(String, String))| {
        before == after || (before.1 == "az1" && after.1 == "az7")
    };
    assert!(before.iter().zip(&after).all(right));
}

#[test]
fn a_plan_of_many_is_written_to_a_file_that_is_not_there() {
    let mut world = World::new();
    let path = world.folder.path().join("plan.jsonl");
    world.keys("*xunpin<Enter>");
    let wanted = world.wanted();
    world.keys(&format!("<Ctrl-r>CHG-1<Enter>w<Ctrl-u>{}<Enter>", path.display()));
    assert!(world.text().contains("the plan was written"), "{}", world.text());
    let plan = std::fs::read_to_string(&path).unwrap();
    assert_eq!((plan.lines().count() - 2).to_string(), wanted);
    assert!(plan.lines().next().unwrap().contains("CHG-1"));
    world.keys(&format!("w<Ctrl-u>{}<Enter>", path.display()));
    assert!(!world.text().contains("the plan was written"), "{}", world.text());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), plan);
}

#[test]
fn many_changes_are_undone_as_one_and_done_again() {
    let mut world = World::new();
    let before = world.zones();
    world.keys("/az=az1<Enter>*xunpin<Enter>");
    let wanted = world.wanted();
    world.keys(&format!("<Ctrl-r>CHG-7<Enter>{wanted}<Right><Enter><Enter><Esc>"));
    let changed = world.zones();
    assert_ne!(changed, before);
    world.keys("H");
    let text = world.text();
    assert!(text.contains("unpin-zone") && text.contains("CHG-7") && text.contains("done"), "{text}");
    world.keys("u");
    assert_eq!(world.wanted(), wanted);
    world.keys(&format!("{wanted}<Right><Enter>"));
    assert!(world.text().contains(&format!("{wanted}  done")), "{}", world.text());
    assert_eq!(world.zones(), before);
    world.keys("<Enter>H");
    assert!(world.text().contains("undone by #2"), "{}", world.text());
    world.keys("<Esc>U");
    let wanted = world.wanted();
    world.keys(&format!("{wanted}<Right><Enter>"));
    assert_eq!(world.zones(), changed);
}

#[test]
fn one_change_is_undone_and_done_again() {
    let mut world = World::new();
    let before = world.zones();
    world.keys("/az=az1<Enter>xunpin<Enter><Right><Enter><Enter>");
    let changed = world.zones();
    assert_eq!(before.iter().zip(&changed).filter(|(one, other)| one != other).count(), 1);
    world.keys("u<Right><Enter>");
    assert_eq!(world.zones(), before, "{}", world.text());
    world.keys("U<Right><Enter>");
    assert_eq!(world.zones(), changed, "{}", world.text());
    world.keys("H<Enter>");
    assert!(world.text().contains("availability_zone"), "{}", world.text());
}

#[test]
fn findings_over_all_databases_are_listed_shown_and_repaired() {
    let mut world = World::new();
    world.keys("!");
    let Some(Overlay::Doctor(doctor)) = &world.stage.model().overlay else { panic!("{}", world.text()) };
    assert!(doctor.request.is_none() && doctor.report.finished, "{}", world.text());
    assert!(doctor.report.failures.is_empty(), "{:?}", doctor.report.failures);
    let fix = |fix: Option<&str>| fix == Some("clear-leftover-pci") || fix == Some("strip-stale-fields");
    let at = doctor.report.found.iter().position(|found| fix(found.rule.fix) && found.total() > 0);
    let Some(at) = at else { panic!("{}", world.text()) };
    let total = doctor.report.found[at].total();
    world.keys(&"j".repeat(at));
    world.keys("x");
    let Some(Overlay::BulkConfirm(confirm)) = &world.stage.model().overlay else {
        panic!("{}", world.text())
    };
    let plan = confirm.confirmation.plan();
    assert!(plan.total() <= total && plan.total() > 0);
    assert!(!plan.summary().cured.is_empty(), "it cures what it is for");
    world.keys("<Esc>!<Enter><Enter>");
    assert!(world.stage.model().overlay.is_none() && world.stage.model().selection.is_some());
}

#[test]
fn a_journal_that_cannot_be_opened_stops_changes_and_no_browsing() {
    let mut world = World::with_journal("demo");
    assert!(world.text().contains("the journal"), "{}", world.text());
    world.keys("/az=az1<Enter>xunpin<Enter>");
    let before = world.zones();
    world.keys("<Right><Enter>");
    let text = world.text();
    assert!(text.contains("journal") && text.contains("nothing was written"), "{text}");
    assert_eq!(world.zones(), before);
    world.keys("<Enter>jj");
    assert!(world.text().contains("hits"), "{}", world.text());
}
