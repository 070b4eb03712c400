//! The confirm step of a change of many specs: the number is typed.
//!
//! Imports `change` and its siblings; no I/O.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::confirm_text;
use crate::app::confirm_notes::{self, Notes};
use crate::app::overlay::{Buttons, Line, Pressed};
use crate::change::{Answer, BulkPlan, Confirmation, Confirmed, Requirement};

/// The dialog.
#[derive(Debug, Clone)]
pub struct BulkConfirm {
    /// What is asked.
    pub confirmation: Confirmation<BulkPlan>,
    /// How many, where, and what speaks against it.
    pub head: Vec<Line>,
    /// Which values become which, what is left out, the first differences.
    pub body: Vec<Line>,
    /// First line of the body shown.
    pub scroll: usize,
    /// Cancel and the action.
    pub buttons: Buttons,
    /// What is typed to confirm.
    pub typed: Input,
    /// The reason, and the file.
    pub notes: Notes,
}

/// What became of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Nothing yet.
    Open,
    /// Not to be done.
    Cancel,
    /// To be done.
    Go(Confirmed<BulkPlan>),
    /// What must be typed is missing.
    WordMissing(String),
    /// Write the plan to that file.
    Write(String),
}

impl BulkConfirm {
    /// The dialog for a plan.
    pub fn new(plan: BulkPlan) -> Self {
        let (head, body) = (confirm_text::head(&plan), confirm_text::body(plan.summary()));
        let mut buttons = Buttons::new(["Cancel", ""]);
        buttons.labels[1] = confirm_text::action(&plan);
        Self {
            confirmation: Confirmation::new(plan),
            head,
            body,
            scroll: 0,
            buttons,
            typed: Input::default(),
            notes: Notes::default(),
        }
    }

    /// What must be typed, if anything.
    pub fn word(&self) -> Option<&str> {
        match self.confirmation.plan().requirement() {
            Requirement::Type(word) => Some(word),
            Requirement::Choose => None,
        }
    }

    /// A key.
    pub fn key(&mut self, event: &KeyEvent) -> Decision {
        match self.notes.key(event, true) {
            confirm_notes::Pressed::Other => {}
            confirm_notes::Pressed::Taken => return Decision::Open,
            confirm_notes::Pressed::Write(path) => return Decision::Write(path),
        }
        match event.code {
            KeyCode::Up => self.scroll_by(-1),
            KeyCode::Down => self.scroll_by(1),
            KeyCode::PageUp => self.scroll_by(-10),
            KeyCode::PageDown => self.scroll_by(10),
            _ => return self.answer(event),
        }
        Decision::Open
    }

    /// Scrolls the body.
    pub fn scroll_by(&mut self, lines: i64) {
        let last = self.body.len().saturating_sub(1) as i64;
        self.scroll = (self.scroll as i64).saturating_add(lines).clamp(0, last) as usize;
    }

    fn answer(&mut self, event: &KeyEvent) -> Decision {
        match self.buttons.key(event) {
            Pressed::Button(0) => Decision::Cancel,
            Pressed::Button(_) => {
                // 1,234 is what is shown.
                let typed: String = self.typed.value().chars().filter(|typed| *typed != ',').collect();
                match self.confirmation.clone().answer(&Answer::Confirm { typed }) {
                    Ok(confirmed) => Decision::Go(confirmed),
                    Err(_) => Decision::WordMissing(self.word().unwrap_or_default().to_owned()),
                }
            }
            Pressed::Moved => Decision::Open,
            Pressed::Ignored => {
                if self.word().is_some() {
                    self.typed.handle_event(&Event::Key(*event));
                }
                Decision::Open
            }
        }
    }
}
