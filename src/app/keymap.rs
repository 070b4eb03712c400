//! Keys as the command table writes them, how they are shown, and which command a key means.
//!
//! Imports the command table; no I/O.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::{COMMANDS, Command};
use super::model::Model;
use super::update::browse;

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// Control only: Shift shows in the character.
    pub control: bool,
}

impl Key {
    /// A character.
    pub const fn char(character: char) -> Key {
        Key { code: KeyCode::Char(character), control: false }
    }

    /// A character with Control.
    pub const fn control(character: char) -> Key {
        Key { code: KeyCode::Char(character), control: true }
    }

    /// A key that is no character.
    pub const fn code(code: KeyCode) -> Key {
        Key { code, control: false }
    }

    /// The key of an event; None with modifiers that no command uses.
    pub fn of(event: &KeyEvent) -> Option<Key> {
        let strange = KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META | KeyModifiers::HYPER;
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        (!event.modifiers.intersects(strange)).then_some(Key { code: event.code, control })
    }

    /// As people write it: `j`, `Ctrl-C`, `PgDn`.
    pub fn shown(&self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(character) if self.control => character.to_ascii_uppercase().to_string(),
            KeyCode::Char(character) => character.to_string(),
            KeyCode::Enter => "Enter".to_owned(),
            KeyCode::Esc => "Esc".to_owned(),
            KeyCode::Tab => "Tab".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::Home => "Home".to_owned(),
            KeyCode::End => "End".to_owned(),
            KeyCode::Up => "Up".to_owned(),
            KeyCode::Down => "Down".to_owned(),
            KeyCode::Left => "Left".to_owned(),
            KeyCode::Right => "Right".to_owned(),
            other => format!("{other:?}"),
        };
        if self.control { format!("Ctrl-{name}") } else { name }
    }
}

/// Commands that share a key: one is of the JSON tree, the other of the lists.
pub const SHARED: [(&str, &str); 2] = [("fold", "mark"), ("copy-value", "range")];

/// The command of a key: of two, the one of what has the focus.
pub fn command(event: &KeyEvent, model: &Model) -> Option<&'static Command> {
    let key = Key::of(event)?;
    let mut commands = COMMANDS.iter().filter(|command| command.keys.contains(&key));
    let in_tree = browse::can_fold(model).is_ok();
    let elsewhere =
        |name: &str| SHARED.iter().any(|(tree, list)| if in_tree { *list == name } else { *tree == name });
    commands.find(|command| !elsewhere(command.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_commands() {
        for (at, one) in COMMANDS.iter().enumerate() {
            for other in &COMMANDS[at + 1..] {
                let shared =
                    SHARED.contains(&(one.name, other.name)) || SHARED.contains(&(other.name, one.name));
                for key in one.keys.iter().filter(|_| !shared) {
                    assert!(!other.keys.contains(key), "{}: {} and {}", key.shown(), one.name, other.name);
                }
            }
        }
    }

    #[test]
    fn shifted_characters_are_found() {
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        let command =
            Key::of(&event).and_then(|key| COMMANDS.iter().find(|command| command.keys.contains(&key)));
        assert_eq!(command.map(|command| command.name), Some("last"));
    }
}
