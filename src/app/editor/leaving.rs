//! Leaving with unsaved changes: keep editing (preselected), discard them, or save.

use crossterm::event::{KeyCode, KeyEvent};

/// What is done with the changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Nothing: back to the fields.
    Keep,
    /// They are given up.
    Discard,
    /// They are saved.
    Save,
}

impl Choice {
    /// In the order of the buttons.
    pub const ALL: [Choice; 3] = [Choice::Keep, Choice::Discard, Choice::Save];

    /// Text of the button.
    pub fn title(self) -> &'static str {
        match self {
            Choice::Keep => "Keep editing",
            Choice::Discard => "Discard changes",
            Choice::Save => "Save…",
        }
    }
}

/// The question, with one choice selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leaving {
    selected: usize,
}

impl Leaving {
    /// The choice that Enter takes.
    pub fn selected(&self) -> Choice {
        Choice::ALL.get(self.selected).copied().unwrap_or(Choice::Keep)
    }

    /// One key; a choice if it was made.
    pub fn key(&mut self, key: KeyEvent) -> Option<Choice> {
        let count = Choice::ALL.len();
        match key.code {
            KeyCode::Esc => return Some(Choice::Keep),
            KeyCode::Enter => return Some(self.selected()),
            KeyCode::Left | KeyCode::Up | KeyCode::BackTab | KeyCode::Char('h' | 'k') => {
                self.selected = (self.selected + count - 1) % count;
            }
            KeyCode::Right | KeyCode::Down | KeyCode::Tab | KeyCode::Char('l' | 'j') => {
                self.selected = (self.selected + 1) % count;
            }
            _ => {}
        }
        None
    }
}
