//! Editing, saving and moving, from the first key to the row in the database.

use crate::support::uuid;
use crate::terminal::Terminal;
use crate::world::{CLEAR, ENTER, ESC, TAB, World};

/// Opens the field editor on the first spec and gives it another zone; the confirm step is open.
fn edit_zone(terminal: &mut Terminal, zone: &str) {
    terminal.press("e");
    terminal.wait_for("Edit 00000001-0000-4000-8000-000000000000");
    terminal.press("/availability_zone");
    terminal.wait_for("/availability_zone▏ · 1");
    terminal.press(ENTER);
    terminal.press(ENTER);
    terminal.wait_for("> ▏");
    terminal.press(CLEAR);
    terminal.press(zone);
    terminal.wait_for(zone);
    terminal.press(ENTER);
    terminal.wait_for("1 change");
    terminal.press("S");
    terminal.wait_for("writes to API");
}

#[test]
fn a_field_is_edited_and_saved_only_when_that_was_chosen() {
    let world = World::new();
    let mut terminal = world.start(world.command());
    let before = world.bytes();

    edit_zone(&mut terminal, "az-east");
    terminal.wait_for("[ Cancel ]");
    assert!(terminal.text().contains("testing · writes to API"), "{}", terminal.text());
    for line in ["availability_zone", "null", "\"az-east\""] {
        assert!(terminal.text().contains(line), "{line}: {}", terminal.text());
    }
    // Cancel is chosen already.
    terminal.press(ENTER);
    terminal.wait_gone("[ Cancel ]");
    assert!(terminal.text().contains("1 change"), "the edit is kept: {}", terminal.text());
    assert!(world.bytes() == before, "nothing was written");

    terminal.press("S");
    terminal.wait_for("[ Cancel ]");
    terminal.press(TAB);
    terminal.wait_for("[ Save ]");
    terminal.press(ENTER);
    terminal.wait_gone("[ Save ]");
    terminal.wait_for("az-east");
    terminal.press("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    ended.is_restored();

    let stored = world.cloud.text("api", &uuid(1)).unwrap();
    let expected = crate::support::spec_in_zone(&uuid(1), "az-east");
    assert_eq!(stored, expected, "the edit and no other byte");
    let mut after = world.bytes();
    let api = world.cloud.path("api");
    assert_ne!(after.remove(&api), before.get(&api).cloned());
    assert!(after.iter().all(|(path, bytes)| before.get(path) == Some(bytes)), "no other file was touched");
}

#[test]
fn a_spec_moves_to_its_cell_and_back() {
    let world = World::new();
    let text = world.cloud.text("api", &uuid(1));
    let mut terminal = world.start(world.command());
    for (keys, to, shown, holder) in [
        ("m", "", "from API to c1", "c1"),
        // The moved one stands in the right pane now, which the uuid finds.
        ("\t/00000001\r", "m", "from c1 to API", "api"),
    ] {
        terminal.press(keys);
        if !to.is_empty() {
            terminal.wait_for("00000001 is not here");
            terminal.press(to);
        }
        terminal.wait_until("a choice or a plan", |screen| {
            let text = screen.contents();
            text.contains("Move to") || text.contains(shown)
        });
        if terminal.text().contains("Move to") {
            terminal.press(ENTER);
        }
        // Against the rule of the deployment it is asked once more, and a word is to be typed.
        terminal.wait_until("a plan", |screen| {
            let text = screen.contents();
            text.contains("Force…") || text.contains(shown)
        });
        if terminal.text().contains("Force…") {
            terminal.press(TAB);
            terminal.wait_for("[ Force… ]");
            terminal.press(ENTER);
        }
        terminal.wait_for(shown);
        terminal.wait_for("[ Cancel ]");
        let screen = terminal.text();
        if let Some(word) = screen.split("type ").nth(1).and_then(|rest| rest.split(" to confirm").next()) {
            terminal.press(word);
        }
        terminal.press(TAB);
        terminal.wait_for("[ Move ]");
        assert_ne!(world.holders(1), [holder], "not before it is confirmed");
        terminal.press(ENTER);
        terminal.wait_gone("[ Move ]");
        // Under way at first.
        terminal.wait_for("Moved the spec");
        assert_eq!(world.holders(1), [holder]);
        terminal.press(ESC);
        terminal.wait_gone("Moved the spec");
    }
    assert_eq!(world.cloud.text("api", &uuid(1)), text, "byte by byte");
    terminal.press("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn the_external_editor_opens_again_with_the_reason_until_the_text_is_accepted() {
    let world = World::new();
    let before = world.bytes();
    // First it is broken, then, when the reason is on top, repaired. What it finds on its terminal
    // is noted: the line must be the user's, not the program's.
    let script = r##"stty -a >> modes
        if grep -q '^# ' "$1"
        then cp "$1" seen; sed -i 's/"availability_zone": oops/"availability_zone": "az7"/' "$1"
        else sed -i 's/"availability_zone": null/"availability_zone": oops/' "$1"; fi"##;
    let mut command = world.command();
    command.env("EDITOR", world.editor(script));
    let mut terminal = world.start(command);
    terminal.press("E");
    terminal.wait_for("[ Cancel ]");
    assert!(terminal.is_raw() && terminal.screen().alternate_screen(), "the screen is the program's again");
    let read = |name: &str| std::fs::read_to_string(world.cloud.scratch.path(name)).unwrap();
    let seen = read("seen");
    assert!(seen.starts_with("# Not JSON: ") && seen.contains("(line "), "{seen}");
    let modes = read("modes");
    assert!(modes.matches(" icanon").count() == 2 && modes.matches(" echo ").count() == 2, "{modes}");
    for file in ["seen", "modes", "editor.sh"] {
        std::fs::remove_file(world.cloud.scratch.path(file)).unwrap();
    }
    assert!(world.bytes() == before, "nothing was written yet");
    terminal.press(TAB);
    terminal.wait_for("[ Save ]");
    terminal.press(ENTER);
    terminal.wait_gone("[ Save ]");
    terminal.wait_for("az7");
    terminal.press("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    ended.is_restored();
    assert_eq!(world.cloud.text("api", &uuid(1)).unwrap(), crate::support::spec_in_zone(&uuid(1), "az7"));
}

#[test]
fn an_editor_that_fails_writes_nothing_and_is_told() {
    let world = World::new();
    let before = world.bytes();
    let mut command = world.command();
    command.env("EDITOR", "false");
    let mut terminal = world.start(command);
    terminal.press("E");
    terminal.wait_for("nothing was changed");
    terminal.press(ESC);
    terminal.press("q");
    assert_eq!(terminal.end().code, 0);
    assert!(world.bytes() == before);
}
