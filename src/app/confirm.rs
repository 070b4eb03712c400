//! The confirm step: environment, target, exact difference, warnings, what undoes it.
//!
//! Imports `change` and `spec`; no I/O.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::database::{label, spoken};
use super::overlay::{Buttons, Line, Pressed, Tone};
use super::whole;
use crate::change::{Answer, Confirmation, Confirmed, Operation, Plan, Requirement, Severity};
use crate::spec::text::escaped;

/// The dialog.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// What is asked.
    pub confirmation: Confirmation,
    /// What is to be done, where, and what speaks against it.
    pub head: Vec<Line>,
    /// The exact difference.
    pub body: Vec<Line>,
    /// First line of the body shown.
    pub scroll: usize,
    /// Cancel and the action.
    pub buttons: Buttons,
    /// The word typed, where the plan wants one.
    pub typed: Input,
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
}

impl Confirm {
    /// The dialog for a plan.
    pub fn new(plan: Plan) -> Self {
        let action = match plan.operations.first() {
            Some(operation) => capitalised(operation.verb()),
            None => "Do it".to_owned(),
        };
        let head = head(&plan);
        let body = plan.operations.iter().flat_map(body).collect();
        let mut buttons = Buttons::new(["Cancel", ""]);
        buttons.labels[1] = action;
        Self {
            confirmation: Confirmation::new(plan),
            head,
            body,
            scroll: 0,
            buttons,
            typed: Input::default(),
        }
    }

    /// The word that must be typed, if any.
    pub fn word(&self) -> Option<&str> {
        match &self.confirmation.plan().requirement {
            Requirement::Type(word) => Some(word),
            Requirement::Choose => None,
        }
    }

    /// A key.
    pub fn key(&mut self, event: &KeyEvent) -> Decision {
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

    /// Scrolls the difference.
    pub fn scroll_by(&mut self, lines: i64) {
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

fn head(plan: &Plan) -> Vec<Line> {
    let mut lines = Vec::new();
    for operation in &plan.operations {
        let uuid = escaped(operation.instance_uuid()).into_owned();
        let sentence = match operation {
            Operation::Save { database, .. } => format!("Save {uuid} in {}", label(database)),
            Operation::Create { database, .. } => format!("Create {uuid} in {}", label(database)),
            Operation::Destroy { database, .. } => format!("Delete {uuid} from {}", label(database)),
            Operation::Copy { from, to, replaces, .. } => {
                let replacing = if replaces.is_some() { ", replacing another spec there" } else { "" };
                format!("Copy {uuid} from {} to {}{replacing}", label(from), label(to))
            }
            Operation::Move { from, to, already_there, .. } => {
                let rest = if *already_there { " (it is there already: only the row here goes)" } else { "" };
                format!("Move {uuid} from {} to {}{rest}", label(from), label(to))
            }
        };
        lines.push(Line::new(Tone::Title, sentence));
    }
    for warning in &plan.warnings {
        let tone = match warning.severity {
            Severity::Notice => Tone::Muted,
            Severity::Warning => Tone::Warn,
            Severity::Danger => Tone::Danger,
        };
        let mark = match warning.severity {
            Severity::Notice => "note: ",
            Severity::Warning => "warning: ",
            Severity::Danger => "DANGER: ",
        };
        lines.push(Line::new(tone, format!("{mark}{}", escaped(&spoken(&warning.sentence)))));
    }
    if let Some(first) = plan.operations.first() {
        lines.push(Line::new(Tone::Muted, format!("undo: {}", undo(first))));
    }
    lines
}

/// What undoes it, in words.
fn undo(operation: &Operation) -> String {
    match operation {
        Operation::Save { .. } => "edit it back; the red lines below are what is stored now".to_owned(),
        Operation::Create { .. } => "delete it again (D)".to_owned(),
        Operation::Destroy { .. } => {
            "create it again (n) from a file with the text below; its id will be another".to_owned()
        }
        Operation::Copy { to, replaces: None, .. } => format!("delete it from {} (D)", label(to)),
        Operation::Copy { to, .. } => {
            format!("nothing brings back by itself what {} holds now: the red lines below", label(to))
        }
        Operation::Move { from, to, .. } => {
            format!("move it back from {} to {} (m); its id will be another", label(to), label(from))
        }
    }
}

fn body(operation: &Operation) -> Vec<Line> {
    let all = |tone, sign: &str, text: &[u8]| -> Vec<Line> {
        whole::lines(text).into_iter().map(|line| Line::new(tone, format!("{sign} {line}"))).collect()
    };
    let at = |tone, text: String| Line::new(tone, text);
    match operation {
        Operation::Save { before, after, .. } => whole::difference(before, after.as_bytes()),
        Operation::Create { text, .. } => all(Tone::Added, "+", text.as_bytes()),
        Operation::Destroy { before, .. } => all(Tone::Removed, "-", before),
        Operation::Copy { to, text, replaces: None, .. } => {
            let mut lines = vec![at(Tone::Muted, format!("new row in {}, byte by byte:", label(to)))];
            lines.extend(all(Tone::Added, "+", text));
            lines
        }
        Operation::Copy { to, text, replaces: Some(replaced), .. } => {
            let mut lines = vec![at(Tone::Muted, format!("changes in {}:", label(to)))];
            lines.extend(whole::difference(replaced, text));
            lines
        }
        Operation::Move { from, to, text, already_there, .. } => {
            let mut lines = Vec::new();
            if !already_there {
                lines.push(at(Tone::Added, format!("+ row in {}: written, read back, compared", label(to))));
            }
            let bytes = super::words::grouped(text.len() as u64);
            lines.push(at(
                Tone::Removed,
                format!("- row in {}: deleted if it still holds these {bytes} bytes", label(from)),
            ));
            lines.push(at(Tone::Muted, "the text, the same in both:".to_owned()));
            lines.extend(all(Tone::Plain, " ", text));
            lines
        }
    }
}
