//! The screen of changes that were made: the newest first, a few pages of the journal at a time,
//! narrowed by words; and one of them with the difference that each of its operations made.
//!
//! - [`pages`]: the window of changes.  [`detail`]: one change.  [`text`]: both in words.
//!
//! Imports `change` (the journal's data) and its siblings; no I/O.

pub mod detail;
pub mod pages;
pub mod text;

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use crate::change::ChangeId;
use crate::change::journal::ChangeRow;
use detail::Detail;
use pages::Pages;

/// The screen.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The words that narrow it.
    pub filter: Input,
    /// Whether they are being typed.
    pub typing: bool,
    /// The changes.
    pub pages: Pages,
    /// One change, where it is looked at.
    pub detail: Option<Box<Detail>>,
}

/// What a key asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Nothing but a change of the screen.
    Stay,
    /// Leave it.
    Leave,
    /// Read from the newest on.
    Reread,
    /// Read what is near the cursor, if that is missing.
    Follow,
    /// Look at that change.
    Look(Box<ChangeRow>),
    /// Read the operations of the change that is looked at.
    Entries,
    /// Take it back.
    Undo(ChangeId),
    /// Do it again.
    Redo(ChangeId),
}

impl History {
    /// A key, on a screen with so many lines.
    pub fn key(&mut self, event: &KeyEvent, lines: usize) -> Wish {
        if self.typing {
            return self.typed(event);
        }
        if let Some(detail) = &mut self.detail {
            let wish = match event.code {
                KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => {
                    self.detail = None;
                    return Wish::Stay;
                }
                KeyCode::Char('u') => return Wish::Undo(detail.change.id),
                KeyCode::Char('U') => return Wish::Redo(detail.change.id),
                KeyCode::Down | KeyCode::Char('j') => detail.scroll_by(1, lines),
                KeyCode::Up | KeyCode::Char('k') => detail.scroll_by(-1, lines),
                KeyCode::PageDown | KeyCode::Char(' ') => detail.scroll_by(lines as i64, lines),
                KeyCode::PageUp => detail.scroll_by(-(lines as i64), lines),
                KeyCode::Home | KeyCode::Char('g') => detail.to_start(),
                _ => false,
            };
            return if wish { Wish::Entries } else { Wish::Stay };
        }
        let step = match event.code {
            KeyCode::Esc if !self.filter.value().is_empty() => {
                self.filter = Input::default();
                return Wish::Reread;
            }
            KeyCode::Esc | KeyCode::Char('q' | 'H') => return Wish::Leave,
            KeyCode::Char('/') => {
                self.typing = true;
                return Wish::Stay;
            }
            KeyCode::Char('r') => return Wish::Reread,
            KeyCode::Enter => {
                return self.pages.chosen().cloned().map_or(Wish::Stay, |row| Wish::Look(Box::new(row)));
            }
            KeyCode::Char('u') => return self.pages.chosen().map_or(Wish::Stay, |row| Wish::Undo(row.id)),
            KeyCode::Char('U') => return self.pages.chosen().map_or(Wish::Stay, |row| Wish::Redo(row.id)),
            KeyCode::Down | KeyCode::Char('j') => 1,
            KeyCode::Up | KeyCode::Char('k') => -1,
            KeyCode::PageDown | KeyCode::Char(' ') => lines as i64,
            KeyCode::PageUp => -(lines as i64),
            KeyCode::Home | KeyCode::Char('g') => return Wish::Reread,
            KeyCode::End | KeyCode::Char('G') => i64::MAX / 2,
            _ => return Wish::Stay,
        };
        self.pages.move_by(step);
        Wish::Follow
    }

    fn typed(&mut self, event: &KeyEvent) -> Wish {
        match event.code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.typing = false;
                self.filter = Input::default();
                return Wish::Reread;
            }
            _ => {
                let before = self.filter.value().to_owned();
                self.filter.handle_event(&Event::Key(*event));
                if self.filter.value() != before {
                    return Wish::Reread;
                }
            }
        }
        Wish::Stay
    }
}
