//! However it ends, the terminal is the operator's again.

use std::time::Duration;

use crate::terminal::Terminal;
use crate::world::{SIZE, World};

#[test]
fn quitting_restores_the_terminal() {
    for key in ["q", "\x03"] {
        let world = World::new();
        let mut terminal = world.start(world.command());
        assert!(terminal.is_raw());
        let screen = terminal.screen();
        assert!(screen.alternate_screen() && screen.bracketed_paste() && screen.hide_cursor());
        terminal.press(key);
        let ended = terminal.end();
        assert_eq!(ended.code, 0, "{key:?}");
        ended.is_restored();
        let left = ended.position("\x1b[?1049l");
        let rest = String::from_utf8_lossy(&ended.raw[left..]);
        assert!(!rest.contains("00000001"), "nothing is drawn after it: {rest:?}");
    }
}

#[test]
fn signals_end_it_in_order() {
    for signal in ["TERM", "HUP", "INT"] {
        let world = World::new();
        let before = world.bytes();
        let mut terminal = world.start(world.command());
        // In a dialog too.
        terminal.press("D");
        terminal.wait_for("[ Cancel ]");
        terminal.signal(signal);
        let ended = terminal.end();
        assert_eq!(ended.code, 0, "{signal}");
        ended.is_restored();
        assert!(world.bytes() == before, "{signal}");
    }
}

#[test]
fn a_closed_window_ends_it() {
    let world = World::new();
    let terminal = world.start(world.command());
    terminal.unplug();
}

/// Only builds for development can be made to fail.
#[cfg(debug_assertions)]
#[test]
fn a_panic_restores_the_terminal_before_its_message() {
    for (place, code) in [("loop", 101), ("task", 1)] {
        let world = World::new();
        let mut command = world.command();
        command.env("REQSPEC_TEST_PANIC", place);
        let ended = Terminal::start(command, SIZE).end();
        ended.is_restored();
        assert_eq!(ended.code, code, "{place}");
        let (left, message) = (ended.position("\x1b[?1049l"), ended.position("asked to panic"));
        assert!(left < message, "{place}: the message stands on the operator's screen");
        // The drawing library shows the cursor once more; nothing is drawn over the message.
        let rest = String::from_utf8_lossy(&ended.raw[message..]).replace("\x1b[?25h", "");
        assert!(!rest.contains('\x1b'), "{place}: {rest:?}");
        assert!(ended.parser.screen().contents().contains("asked to panic"), "{place}");
    }
}

#[test]
fn suspended_it_gives_the_terminal_back_and_takes_it_again() {
    let world = World::new();
    let mut command = portable_pty::CommandBuilder::new("bash");
    // An interactive shell with job control, as an operator has it.
    command.args(["--norc", "--noprofile", "--noediting", "-i"]);
    let inner = world.command();
    for (name, value) in inner.iter_full_env_as_str() {
        command.env(name, value);
    }
    command.env("PS1", "prompt> ");
    command.env("PS2", "");
    command.cwd(world.cloud.scratch.directory());
    let mut terminal = Terminal::start(command, SIZE);
    terminal.wait_for("prompt>");
    let words: Vec<String> =
        inner.get_argv().iter().map(|word| format!("'{}'", word.to_string_lossy())).collect();
    terminal.press(&format!("{}\r", words.join(" ")));
    terminal.wait_until("the first screen", |screen| {
        screen.alternate_screen() && screen.contents().contains("00000001")
    });
    terminal.press("\x1a");
    terminal.wait_until("the shell", |screen| {
        !screen.alternate_screen() && screen.contents().contains("Stopped")
    });
    assert!(!terminal.screen().hide_cursor() && !terminal.screen().bracketed_paste());
    terminal.press("fg\r");
    terminal.wait_until("the screen again", |screen| {
        screen.alternate_screen() && screen.contents().contains("00000001")
    });
    terminal.press("q");
    terminal.wait_until("the shell at last", |screen| !screen.alternate_screen());
    terminal.settle(Duration::from_millis(50));
    terminal.press("exit\r");
    assert_eq!(terminal.end().code, 0);
}
