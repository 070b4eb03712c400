//! The choice of where many specs are moved: a database, or the cell that each instance is mapped to.
//!
//! Imports `change` (names); no I/O.

use crossterm::event::{KeyCode, KeyEvent};

use crate::change::{DatabaseName, Destination};

/// The picker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationPicker {
    /// The choices, the likeliest first.
    pub choices: Vec<Destination>,
    /// The chosen one.
    pub chosen: usize,
}

/// What a key meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pressed {
    /// Nothing but a change of the choice.
    Stay,
    /// Leave it.
    Leave,
    /// There.
    Move(Destination),
}

impl DestinationPicker {
    /// Among these databases; `likely` first, then the mapped cells.
    pub fn new(databases: impl Iterator<Item = DatabaseName>, likely: Option<&DatabaseName>) -> Self {
        let (first, rest): (Vec<_>, Vec<_>) = databases.partition(|name| Some(name) == likely);
        let mapped = std::iter::once(Destination::MappedCell);
        let named = |names: Vec<DatabaseName>| names.into_iter().map(Destination::Database);
        Self { choices: named(first).chain(mapped).chain(named(rest)).collect(), chosen: 0 }
    }

    /// A key.
    pub fn key(&mut self, event: &KeyEvent) -> Pressed {
        let last = self.choices.len().saturating_sub(1);
        match event.code {
            KeyCode::Esc => return Pressed::Leave,
            KeyCode::Enter => {
                return self.choices.get(self.chosen).cloned().map_or(Pressed::Leave, Pressed::Move);
            }
            KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => self.chosen = (self.chosen + 1).min(last),
            KeyCode::Up | KeyCode::Char('k') | KeyCode::BackTab => {
                self.chosen = self.chosen.saturating_sub(1)
            }
            _ => {}
        }
        Pressed::Stay
    }
}
