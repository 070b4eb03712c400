//! What happens around it while it runs: the window changes, databases come and go.

use std::time::Duration;

use crate::support::uuid;
use crate::terminal::{Terminal, program};
use crate::world::{ENTER, ESC, SIZE, TAB, World};

#[test]
fn the_window_may_have_any_size_at_any_time() {
    let world = World::new();
    let mut terminal = world.start(world.command());
    for keys in ["", "?", "D", "e"] {
        terminal.press(ESC);
        terminal.wait_for("inspect");
        terminal.press(keys);
        for size in [(80, 24), (40, 10), (200, 50), (1, 1), (3, 200), SIZE] {
            terminal.resize(size);
            // Drawn or not, it lives: it takes keys between the sizes.
            terminal.press("\x1b[6~");
            terminal.settle(Duration::from_millis(30));
        }
        terminal.press(ESC);
        terminal.press(ESC);
        terminal.wait_for("⏎ inspect");
    }
    // Both panes again, up to the last column and line.
    terminal.resize((200, 50));
    terminal.wait_until("a screen of the whole window", |screen| {
        screen.contents_between(1, 199, 1, 200) == "┐" && screen.contents_between(48, 199, 48, 200) == "┘"
    });
    terminal.resize((80, 24));
    terminal.wait_until("a screen of the small window", |screen| {
        screen.contents_between(1, 79, 1, 80) == "┐" && screen.contents_between(22, 79, 22, 80) == "┘"
    });
    terminal.press("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    ended.is_restored();
}

#[test]
fn reading_it_refuses_to_save_until_it_is_opened_for_writing() {
    let world = World::new();
    let before = world.bytes();
    let mut terminal = world.start(world.reading());
    terminal.wait_for(" READ-ONLY ");
    for key in ["e", "S", "m", "D", "n"] {
        terminal.press(key);
        terminal.wait_for("read-only: W opens for writing");
        terminal.press(ESC);
        terminal.wait_gone("read-only: W opens for writing");
    }
    terminal.press("W");
    terminal.wait_for("[ Stay read-only ]");
    assert!(terminal.text().contains("testing"), "the environment is named: {}", terminal.text());
    terminal.press(ENTER);
    terminal.wait_gone("[ Stay read-only ]");
    assert!(terminal.text().contains(" READ-ONLY "));
    terminal.press("W");
    terminal.wait_for("[ Stay read-only ]");
    terminal.press(TAB);
    terminal.wait_for("[ Open for writing ]");
    terminal.press(ENTER);
    terminal.wait_for(" WRITE ");
    terminal.press("D");
    terminal.wait_for("[ Cancel ]");
    terminal.press(ENTER);
    terminal.wait_gone("[ Cancel ]");
    terminal.press("q");
    assert_eq!(terminal.end().code, 0);
    assert!(world.bytes() == before);
}

#[test]
fn a_session_that_may_never_write_says_why() {
    let world = World::new();
    let mut command = world.reading();
    command.arg("--read-only");
    let mut terminal = world.start(command);
    terminal.press("W");
    terminal.wait_for("--read-only was given");
    terminal.press("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn a_database_that_vanishes_is_a_state_of_its_pane_and_comes_back() {
    let world = World::new();
    let mut terminal = world.start(world.command());
    terminal.wait_for("00000009");
    let (path, aside) = (world.cloud.path("c1"), world.cloud.scratch.path("aside"));
    std::fs::rename(&path, &aside).unwrap();
    terminal.press("r");
    terminal.wait_for("○ old rows:");
    let text = terminal.text();
    assert!(text.contains("c1 ○ down") && text.contains("00000009"), "{text}");
    terminal.press("j");
    terminal.wait_for("▸ 00000002");
    std::fs::rename(&aside, &path).unwrap();
    terminal.press("r");
    terminal.wait_gone("○ down");
    terminal.wait_gone("old rows");
    // Another file in its place is read, not the old one that is still open.
    std::fs::rename(&path, &aside).unwrap();
    std::fs::copy(&aside, &path).unwrap();
    world.cloud.delete("c1", &uuid(9));
    terminal.press("r");
    terminal.wait_gone("00000009");
    terminal.press("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn without_colours_it_uses_none_and_still_shows_what_is_chosen() {
    let world = World::new();
    let mut command = world.command();
    command.env("NO_COLOR", "1");
    let mut terminal = world.start(command);
    terminal.wait_for("⏎ inspect");
    let line = (0..SIZE.1)
        .find(|line| terminal.screen().contents_between(*line, 0, *line, 30).contains("▸ 00000001"));
    let cell = terminal.screen().cell(line.unwrap(), 4).unwrap();
    assert!(cell.inverse(), "the chosen row is told by another means");
    for keys in ["e", ESC, "D", ESC, "?", ESC, ENTER] {
        terminal.press(keys);
        terminal.settle(Duration::from_millis(60));
    }
    terminal.press(ESC);
    terminal.wait_for("⏎ inspect");
    terminal.press("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    let text = String::from_utf8_lossy(&ended.raw);
    for sequence in text.split("\x1b[").skip(1) {
        let end = sequence.find(|letter: char| ('@'..='~').contains(&letter)).unwrap();
        if sequence.as_bytes()[end] != b'm' {
            continue;
        }
        for number in sequence[..end].split(';').filter(|number| !number.is_empty()) {
            let number: u32 = number.parse().unwrap();
            // 39, 49 and 59 are the terminal's own colours.
            assert!(number < 30 || [39, 49, 59].contains(&number), "a colour: {sequence:?}");
        }
    }
}

#[test]
fn a_database_that_is_cut_short_is_a_state_of_its_pane() {
    let world = World::new();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
               INSERT INTO request_specs (instance_uuid, spec)
               SELECT format('%08x-0000-4000-8000-000000000000', i), printf('%.3000c', 'x') FROM n";
    world.cloud.connection("api").execute_batch(sql).unwrap();
    let mut terminal = world.start(world.command());
    let file = std::fs::OpenOptions::new().write(true).open(world.cloud.path("api")).unwrap();
    file.set_len(8192).unwrap();
    terminal.press("/zzz");
    terminal.wait_for("damaged");
    terminal.press(ESC);
    terminal.press("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn without_a_default_an_environment_is_chosen_and_another_one_later() {
    let world = World::new();
    let path = |name: &str| world.cloud.path(name).display().to_string();
    let profiles = format!(
        "[env.first]\napi = \"sqlite:///{api}\"\ncolour = \"red\"\n[env.first.cells]\nc1 = \"sqlite:///{c1}\"\n\
         [env.second]\napi = \"sqlite:///{c1}\"\nread_only = true\n[env.broken]\nnova_conf = \"/nowhere/nova.conf\"\n",
        api = path("api"),
        c1 = path("c1"),
    );
    let file = world.cloud.scratch.path("profiles.toml");
    std::fs::write(&file, profiles).unwrap();
    let before = world.bytes();
    let mut command = program();
    let home = world.cloud.scratch.path("home");
    for name in ["HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
        command.env(name, &home);
    }
    command.cwd(world.cloud.scratch.directory());
    command.env("REQSPEC_CONFIG", &file);
    let mut terminal = Terminal::start(command, SIZE);
    terminal.wait_for("Environments");
    terminal.press("fir");
    terminal.press(ENTER);
    terminal.wait_for("▸ 00000001");
    let title = terminal.screen().contents_between(0, 0, 0, SIZE.0);
    assert!(title.contains("reqspec  first") && title.contains("READ-ONLY"), "{title}");
    terminal.press("N");
    terminal.press("broken");
    terminal.press(ENTER);
    terminal.wait_for("/nowhere/nova.conf is not there");
    terminal.press(ESC);
    terminal.wait_gone("Environments");
    assert!(terminal.text().contains("▸ 00000001"), "the session goes on: {}", terminal.text());
    terminal.press("N");
    terminal.press("second");
    terminal.press(ENTER);
    terminal.wait_for("reqspec  second");
    terminal.wait_for("of 2 ");
    terminal.press("W");
    terminal.wait_for("the environment second is read-only");
    terminal.press("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    ended.is_restored();
    assert!(world.bytes() == before);
}
