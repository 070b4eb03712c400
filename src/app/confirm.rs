//! The confirm step: environment, target, exact difference, warnings, what undoes it.
//!
//! Imports `change` and `spec`; no I/O.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::confirm_notes::{self, Notes};
use super::confirm_text::{self, Whole};
use super::overlay::{Buttons, Line, Pressed};
use crate::change::record::Undoing;
use crate::change::{Answer, Confirmation, Confirmed, Plan, Requirement};

/// The dialog.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// What is asked.
    pub confirmation: Confirmation,
    /// What is to be done, where, and what speaks against it.
    pub head: Vec<Line>,
    /// What decides: the exact difference, or which rows come and go; once scrolled, the whole text.
    pub body: Vec<Line>,
    /// The whole texts, until they are asked for.
    pub whole: Vec<Whole>,
    /// Whether the whole text was asked for.
    pub expanded: bool,
    /// First line of the body shown.
    pub scroll: usize,
    /// Cancel and the action.
    pub buttons: Buttons,
    /// The word typed, where the plan wants one.
    pub typed: Input,
    /// The reason, and the file.
    pub notes: Notes,
    /// The change that the plan takes back, if it does.
    pub undoing: Option<Undoing>,
}

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing yet.
    Open,
    /// Not to be done.
    Cancel,
    /// To be done.
    Go(Box<Confirmed<Plan>>),
    /// The word is missing.
    WordMissing(String),
    /// Write the plan to that file.
    Write(String),
}

impl Confirm {
    /// The dialog for a plan.
    pub fn new(plan: Plan) -> Self {
        let action = match plan.operations.first() {
            Some(operation) => capitalised(operation.verb()),
            None => "Do it".to_owned(),
        };
        let head = confirm_text::head(&plan);
        let (mut body, mut whole) = (Vec::new(), Vec::new());
        for operation in &plan.operations {
            let (lines, text) = confirm_text::body(operation);
            body.extend(lines);
            whole.extend(text);
        }
        let mut buttons = Buttons::new(["Cancel", ""]);
        buttons.labels[1] = action;
        Self {
            confirmation: Confirmation::new(plan),
            head,
            body,
            whole,
            expanded: false,
            scroll: 0,
            buttons,
            typed: Input::default(),
            notes: Notes::default(),
            undoing: None,
        }
    }

    /// The word that must be typed, if any.
    pub fn word(&self) -> Option<&str> {
        match &self.confirmation.plan().requirement {
            Requirement::Type(word) => Some(word),
            Requirement::Choose => None,
        }
    }

    /// The dialog for a plan that takes a change back.
    #[must_use]
    pub fn undoing(mut self, undoing: Undoing) -> Self {
        self.buttons.labels[1] = if undoing.again { "Redo" } else { "Undo" }.to_owned();
        let back = if undoing.again { "undo: u takes it back again" } else { "redo: U does it again" };
        if let Some(line) = self.head.iter_mut().find(|line| line.text.starts_with("undo: ")) {
            line.text = back.to_owned();
        }
        self.undoing = Some(undoing);
        self
    }

    /// A key.
    pub fn key(&mut self, event: &KeyEvent) -> Decision {
        match self.notes.key(event, self.word().is_none()) {
            confirm_notes::Pressed::Other => {}
            confirm_notes::Pressed::Taken => return Decision::Open,
            confirm_notes::Pressed::Write(path) => return Decision::Write(path),
        }
        match event.code {
            KeyCode::Up => self.scroll_by(-1),
            KeyCode::Down => self.scroll_by(1),
            KeyCode::PageUp => self.scroll_by(-10),
            KeyCode::PageDown => self.scroll_by(10),
            KeyCode::Home if self.word().is_none() => self.scroll = 0,
            _ => return self.answer(event),
        }
        Decision::Open
    }

    /// Scrolls; further down than what decides stands the whole text.
    pub fn scroll_by(&mut self, lines: i64) {
        if lines > 0 && !self.whole.is_empty() {
            // Behind an empty line the text begins: that is what was asked for.
            self.scroll = self.body.len() + 1;
            self.body.extend(std::mem::take(&mut self.whole).iter().flat_map(Whole::lines));
            self.expanded = true;
            return;
        }
        let last = self.body.len().saturating_sub(1) as i64;
        self.scroll = (self.scroll as i64 + lines).clamp(0, last) as usize;
    }

    fn answer(&mut self, event: &KeyEvent) -> Decision {
        match self.buttons.key(event) {
            Pressed::Button(0) => Decision::Cancel,
            Pressed::Button(_) => {
                let answer = Answer::Confirm { typed: self.typed.value().to_owned() };
                match self.confirmation.clone().answer(&answer) {
                    Ok(confirmed) => Decision::Go(Box::new(confirmed)),
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

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + characters.as_str())
        .unwrap_or_default()
}
