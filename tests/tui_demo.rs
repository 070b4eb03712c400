//! The app over the real sample deployment, without a terminal: every effect carried out by the
//! real executor on SQLite files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use reqspec::app::database::Health;
use reqspec::app::overlay::Overlay;
use reqspec::app::search::PaneSearch;
use reqspec::deployment::{Deployment, demo};
use reqspec::tui::Options;
use reqspec::tui::stage::Stage;

/// 2026-11-22 12:00:00.
const NOW: i64 = 1_795_348_800;

fn open(home: &std::path::Path) -> (Deployment, Stage) {
    let deployment = demo::open_in(home, false).expect("the demo");
    let options = Options { journal: Some(home.join("journal.sqlite")), ..Options::default() };
    let demo = demo::open_in(home, false).expect("the demo");
    let stage = Stage::with_options(demo, &options, (120, 36), NOW).expect("a stage");
    (deployment, stage)
}

fn press(stage: &mut Stage, script: &str) {
    stage.keys(script.chars().map(|character| {
        let code = match character {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\u{1b}' => KeyCode::Esc,
            other => KeyCode::Char(other),
        };
        KeyEvent::new(code, KeyModifiers::NONE)
    }));
}

fn text(stage: &Stage) -> String {
    reqspec::tui::text(&stage.screen().expect("a screen"))
}

fn count(stage: &Stage, database: usize) -> u64 {
    stage.model().databases[database].count.expect("counted")
}

#[test]
fn the_ends_of_the_list_and_its_orders() {
    let home = tempfile::tempdir().expect("a directory");
    let (_, mut stage) = open(home.path());
    let all = count(&stage, 0);
    press(&mut stage, "G");
    assert_eq!(stage.model().panes[0].list.ordinal(), Some(all));
    press(&mut stage, "o");
    assert_eq!(stage.model().panes[0].list.ordinal(), Some(1));
    press(&mut stage, "Gk");
    assert_eq!(stage.model().panes[0].list.ordinal(), Some(all - 1), "{}", text(&stage));
}

#[test]
fn filters_find_the_same_in_both_orders() {
    let home = tempfile::tempdir().expect("a directory");
    let (_, mut stage) = open(home.path());
    press(&mut stage, "/C1.PIN\n");
    let hits = stage.model().panes[0].list.ordinal();
    assert_eq!(hits, Some(1));
    press(&mut stage, "G");
    let by_id = stage.model().panes[0].list.ordinal().expect("known");
    press(&mut stage, "oG");
    assert_eq!(stage.model().panes[0].list.ordinal(), Some(by_id), "{}", text(&stage));
    assert!(by_id > 10);
    press(&mut stage, "\u{1b}");
    assert!(stage.model().panes[0].search.is_none());
    assert!(text(&stage).contains(&format!("of {}", reqspec::app::words::grouped(count(&stage, 0)))));
}

/// The virtual CPUs of the rows on the screen of a pane.
fn vcpus(stage: &Stage, side: usize) -> Vec<Option<i64>> {
    stage.model().panes[side].list.visible().map(|(_, row)| row.summary.vcpus).collect()
}

#[test]
fn any_column_sorts_all_rows_hits_and_cells() {
    let home = tempfile::tempdir().expect("a directory");
    let (_, mut stage) = open(home.path());
    let all = count(&stage, 0);
    press(&mut stage, "jjj");
    let before = stage.model().panes[0].list.selected().expect("a row").instance_uuid.clone();
    press(&mut stage, ":sort -vcpus\n");
    let most = vcpus(&stage, 0);
    assert!(most[0] > Some(1) && most.is_sorted_by(|one, other| one >= other), "{most:?}");
    press(&mut stage, "G");
    assert_eq!(stage.model().panes[0].list.ordinal(), Some(all), "{}", text(&stage));
    assert!(vcpus(&stage, 0).last().expect("rows") <= &Some(1));
    // The hits of both panes, and of all cells; then as before.
    press(&mut stage, "g/c1.pin\n");
    assert!(vcpus(&stage, 0).is_sorted_by(|one, other| one >= other));
    assert!(stage.model().panes[1].query().is_some());
    press(&mut stage, "a\t:sort vcpus\n");
    let pins = vcpus(&stage, 1);
    assert!(pins.len() > 10 && pins.is_sorted(), "{pins:?}");
    press(&mut stage, "G");
    let hits = stage.model().panes[1].search.as_ref().and_then(PaneSearch::hits);
    assert_eq!(stage.model().panes[1].list.ordinal(), hits);
    assert!(vcpus(&stage, 1).is_sorted());
    press(&mut stage, "\u{1b}");
    assert_eq!(vcpus(&stage, 0), most, "sorted as before the query");
    press(&mut stage, "\u{1b}:sort id\n");
    let cells: u64 = (1..stage.model().databases.len()).map(|database| count(&stage, database)).sum();
    press(&mut stage, "G");
    assert_eq!(stage.model().panes[1].list.ordinal(), Some(cells));
    // In a sorted list a uuid is a word like any other.
    press(&mut stage, &format!("\u{1b}\u{1b}/{before}\n"));
    let found = stage.model().panes[0].list.visible().any(|(_, row)| row.instance_uuid == before);
    assert!(found, "{}", text(&stage));
}

#[test]
fn a_spec_is_copied_to_another_cell() {
    let home = tempfile::tempdir().expect("a directory");
    let (_, mut stage) = open(home.path());
    let before = count(&stage, 2);
    // From cell1 to cell2: asked for all the same where the instance is mapped to cell1.
    press(&mut stage, "\tc");
    assert!(matches!(stage.model().overlay, Some(Overlay::Picker(_))));
    press(&mut stage, "j\n");
    while matches!(stage.model().overlay, Some(Overlay::Question(_))) {
        press(&mut stage, "\t\n");
    }
    let Some(Overlay::Confirm(confirm)) = &stage.model().overlay else { panic!("{}", text(&stage)) };
    let word = confirm.word().unwrap_or_default().to_owned();
    assert_eq!(confirm.buttons.chosen, 0, "Cancel is preselected");
    press(&mut stage, &format!("{word}\t\n"));
    assert_eq!(count(&stage, 2), before + 1, "{}", text(&stage));
}

#[test]
fn all_cells_are_one_list_in_both_orders() {
    let home = tempfile::tempdir().expect("a directory");
    let (_, mut stage) = open(home.path());
    let all: u64 = (1..stage.model().databases.len()).map(|cell| count(&stage, cell)).sum();
    press(&mut stage, "a\tG");
    let list = |stage: &Stage| stage.model().panes[1].list.clone();
    assert_eq!(list(&stage).ordinal(), Some(all), "{}", text(&stage));
    press(&mut stage, "o");
    let mut last: Option<(String, i64)> = None;
    for at in 1..=200 {
        let row = list(&stage).selected().cloned().expect("a row");
        let key = (row.key.updated.clone(), row.key.id);
        assert!(last.is_none_or(|last| last >= key), "row {at} is newer than the one above it");
        last = Some(key);
        press(&mut stage, "j");
    }
    assert_eq!(list(&stage).ordinal(), Some(201));
    press(&mut stage, "G");
    assert_eq!(list(&stage).ordinal(), Some(all));
    press(&mut stage, "/c1.pin\nG");
    let newest = list(&stage).ordinal();
    press(&mut stage, "oG");
    assert_eq!(list(&stage).ordinal(), newest, "{}", text(&stage));
    assert!(newest.is_some_and(|hits| hits > 10));
}

#[test]
fn a_row_of_all_cells_is_moved_from_its_own_cell() {
    let home = tempfile::tempdir().expect("a directory");
    let (_, mut stage) = open(home.path());
    press(&mut stage, "a\tj");
    let from = stage.model().selection.as_ref().expect("a selection").database.clone();
    assert_eq!(from.to_string(), "cell2", "{}", text(&stage));
    let before = count(&stage, 2);
    press(&mut stage, "D");
    let Some(Overlay::Confirm(confirm)) = &stage.model().overlay else { panic!("{}", text(&stage)) };
    let word = confirm.word().unwrap_or_default().to_owned();
    press(&mut stage, &format!("{word}\t\n"));
    assert_eq!(count(&stage, 2), before - 1, "{}", text(&stage));
}

#[test]
fn browsing_changes_no_byte() {
    let home = tempfile::tempdir().expect("a directory");
    let (deployment, mut stage) = open(home.path());
    let bytes = |deployment: &Deployment| -> Vec<Vec<u8>> {
        let entries = deployment.entries();
        let addresses = entries.iter().filter_map(|entry| entry.address.as_ref().ok());
        addresses.map(|address| std::fs::read(address.as_path().expect("a file")).expect("a file")).collect()
    };
    let before = bytes(&deployment);
    press(&mut stage, "Gg/az1\nG\u{1b}oG]\t=sDe\u{1b}\u{1b}\u{1b}");
    press(&mut stage, "aGgoG/c1.pin\nGo\u{1b}=sDe\u{1b}\u{1b}\u{1b}[]r");
    drop(stage);
    assert!(bytes(&deployment) == before);
}

#[test]
fn a_database_that_is_no_database_is_a_state() {
    let home = tempfile::tempdir().expect("a directory");
    let (deployment, stage) = open(home.path());
    drop(stage);
    let cell =
        deployment.address(&deployment.databases()[1]).expect("cell1").as_path().expect("a file").to_owned();
    std::fs::write(&cell, "this is no database, however long one looks at it").expect("written");
    let (_, stage) = open(home.path());
    assert!(
        matches!(stage.model().databases[1].health, Health::Down { .. }),
        "{:?}",
        stage.model().databases[1]
    );
    assert_eq!(stage.model().databases[0].health, Health::Up);
    assert!(text(&stage).contains("cell1 ○ down"), "{}", text(&stage));
}
