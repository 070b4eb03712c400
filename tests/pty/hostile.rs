//! What databases hold is shown, never obeyed: no byte of it reaches the terminal as a command.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Cloud, spec, uuid};
use crate::terminal::Terminal;
use crate::world::{ENTER, ESC, SIZE, TAB, World};

/// Clear the screen, set the title, ask for answers that come back as keys, write the clipboard,
/// eight-bit forms of the same, bells, line drawing letters, other directions of writing.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}[6n\u{1b}]52;c;b3duZWQ=\u{7}\u{1b}[5i\u{9b}31m\u{9d}0;x\u{9c}\u{0}\u{8}\u{7}\r\n\t\u{e}\u{7f}\u{1b}c\u{202e}\u{2066}\u{200b}\u{feff}é漢😀e\u{301}";

/// Puts the hostile text into every string, and into every key where wanted.
fn poison(value: &Value, keys: bool) -> Value {
    match value {
        Value::String(text) => Value::String(format!("{text}{HOSTILE}")),
        Value::Array(items) => items.iter().map(|item| poison(item, keys)).collect(),
        Value::Object(fields) => {
            let name = |key: &String| if keys { format!("{key}{HOSTILE}") } else { key.clone() };
            Value::Object(
                fields
                    .iter()
                    .map(|(key, value)| match key.starts_with("nova_object.") && !keys {
                        true if value.is_string() => (key.clone(), value.clone()),
                        _ => (name(key), poison(value, keys)),
                    })
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

/// What the program may write: text without control characters, and the commands it has reason
/// to send. Gives what it sent to the clipboard.
#[track_caller]
fn only_our_commands(raw: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(raw).expect("UTF-8, nothing cut in the middle of a letter");
    let mut copied = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let near: String = rest.chars().take(40).collect();
        if let Some(after) = rest.strip_prefix("\x1b[") {
            let end = after.find(|letter: char| ('@'..='~').contains(&letter)).expect("an end");
            let (parameters, command) = (&after[..end], after.as_bytes()[end]);
            let modes = ["?1049", "?1000", "?1002", "?1003", "?1006", "?1015", "?2004", "?25"];
            let ours = match command {
                b'h' | b'l' => modes.contains(&parameters),
                b'm' | b'H' => parameters.bytes().all(|byte| byte.is_ascii_digit() || b";:".contains(&byte)),
                _ => false,
            };
            assert!(ours, "not a command of ours: {near:?}");
            rest = &after[end + 1..];
        } else if let Some(after) = rest.strip_prefix("\x1b]52;c;") {
            let end = after.find(['\u{7}', '\u{1b}']).expect("an end");
            assert!(after[..end].bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)));
            copied.push(after[..end].to_owned());
            rest =
                after[end..].strip_prefix('\u{7}').or(after[end..].strip_prefix("\x1b\\")).expect("an end");
        } else {
            assert!(!letter.is_control(), "{letter:?} in {near:?}");
            let steering = ['\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2060}'..='\u{206f}'];
            assert!(
                !steering.iter().any(|range| range.contains(&letter)) && letter != '\u{feff}',
                "{letter:?} in {near:?}"
            );
            rest = &rest[letter.len_utf8()..];
        }
    }
    copied
}

/// Shows the chosen spec in every way there is.
fn look_at_everything(terminal: &mut Terminal) {
    let mut press = |keys: &str| {
        terminal.press(keys);
        terminal.settle(Duration::from_millis(40));
    };
    press(ENTER);
    for _ in 0..7 {
        for keys in ["l", "+", ".", "\x1b[6~", "g"] {
            press(keys);
        }
    }
    press("y");
    press(ESC);
    // The plans of a deletion and of a save, the field editor and a prompt in it.
    for keys in ["D", "\x1b[6~", ESC, "s", "\x1b[6~", ESC, "e", "G", ENTER, ESC, "\x1b[6~", ESC, ESC] {
        press(keys);
    }
}

#[test]
#[should_panic(expected = "not a command of ours")]
fn the_check_sees_what_it_is_for() {
    only_our_commands(HOSTILE.as_bytes());
}

#[test]
fn nothing_of_a_row_is_obeyed() {
    let world = World::new();
    let cloud = &world.cloud;
    let good: Value = serde_json::from_str(&spec(&uuid(1))).unwrap();
    let texts = [
        poison(&good, false).to_string().into_bytes(),
        poison(&good, true).to_string().into_bytes(),
        // Raw control characters, which JSON forbids, in and around the text.
        poison(&good, false).to_string().replace("\\u001b", "\u{1b}").into_bytes(),
        format!("{HOSTILE}{}", spec(&uuid(1))).into_bytes(),
        [b"\xff\xfe\x9b2J\x1b[2J".as_slice(), spec(&uuid(1)).as_bytes()].concat(),
        HOSTILE.as_bytes().to_vec(),
        Vec::new(),
    ];
    for (at, text) in texts.iter().enumerate() {
        cloud.put("api", &uuid(100 + at as i64), text);
    }
    // Another column that anybody may have written.
    cloud.put("api", &format!("{HOSTILE}-uuid"), spec(&uuid(1)).as_bytes());
    cloud.put("c1", &format!("{HOSTILE}-uuid"), poison(&good, false).to_string().as_bytes());
    let mut command = world.named(&format!("test{}", HOSTILE.replace('\0', "")));
    command.arg("--write");
    let before = world.bytes();

    let mut terminal = world.start(command);
    terminal.press("jjj");
    for _ in 0..=texts.len() {
        terminal.press("j");
        look_at_everything(&mut terminal);
    }
    // By hand and by paste too.
    terminal.press("/\x1b[200~\x1b]0;owned\x07\u{9b}2J\x1b[201~");
    terminal.settle(Duration::from_millis(60));
    terminal.press(ESC);
    terminal.press(ESC);
    terminal.wait_for("⏎ inspect");
    assert!(terminal.text().contains("test"), "{}", terminal.text());
    terminal.press("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    ended.is_restored();
    assert!(world.bytes() == before, "looking changes nothing");
    // Before and after the alternate screen there is nothing at all.
    let copied = only_our_commands(&ended.raw);
    assert!(copied.len() > texts.len(), "each `y` reached the clipboard");
    assert!(!copied.iter().any(|text| text == "b3duZWQ="));
    assert_eq!(ended.parser.screen().contents().trim(), "");
}

#[test]
fn a_text_of_sixteen_megabytes_is_listed_and_shown() {
    let cloud = Cloud::new();
    let big = "x\u{1b}[2J".repeat(2_500_000);
    let mut huge: Value = serde_json::from_str(&spec(&uuid(1))).unwrap();
    huge["nova_object.data"]["scheduler_hints"] = serde_json::json!({ "note": [big] });
    let mut text = huge.to_string();
    text.truncate(16 * 1024 * 1024 - 4);
    // Cut short as well: the largest text that is malformed only at its end.
    cloud.put("api", &uuid(1), text.as_bytes());
    let closed = format!("{}\"]}}}}}}", text.trim_end_matches(|letter: char| letter != 'x'));
    assert!(serde_json::from_str::<Value>(&closed).is_ok(), "the second is well formed");
    cloud.put("api", &uuid(2), closed.as_bytes());
    cloud.put("api", &uuid(3), spec(&uuid(3)).as_bytes());
    let world = World { cloud };
    let mut terminal = Terminal::start(world.command(), SIZE);
    terminal.wait_for("00000003");
    terminal.press("j");
    terminal.wait_for("▸ 00000002");
    terminal.wait_for("hint note");
    for _ in 0..7 {
        terminal.press("l");
        terminal.press("J");
    }
    terminal.press("j");
    terminal.wait_for("▸ 00000003");
    terminal.press(TAB);
    terminal.press("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    ended.is_restored();
    only_our_commands(&ended.raw);
}
