//! The edits that many specs are to get, a line each: `PATH=VALUE`, `PATH:=JSON`, `clear PATH`.
//!
//! What is typed is checked on the selected spec, which stands for the others; what that one refuses
//! may still fit them, so it is said, and a second Enter takes the line all the same. Each spec is
//! judged by itself when the plan is made.
//!
//! Imports `spec` and the field editor's prompt; no I/O.

use std::str::FromStr;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};

use super::paths;
use crate::app::editor::prompt::{Answer, Prompt, Purpose};
use crate::spec::edit::{self, Edit, split_assignment};
use crate::spec::{Document, FieldPath};

/// Most lines.
const MOST: usize = 50;
/// What clears a field.
const CLEAR: &str = "clear ";

/// The editor of edits.
#[derive(Debug, Clone)]
pub struct EditLines {
    /// The lines that were taken, each with its edit.
    lines: Vec<(String, Edit)>,
    /// The line that is typed.
    pub prompt: Prompt,
    /// Why the line that is typed cannot be taken, or why the selected spec refuses it.
    pub error: Option<String>,
    /// The line that was refused by the selected spec: Enter again takes it.
    insists: Option<String>,
    /// The spec that lines are checked on.
    sample: Option<Document>,
}

/// What a key meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Pressed {
    /// Nothing but a change of the lines.
    Stay,
    /// Leave it.
    Leave,
    /// Plan these edits.
    Plan(Vec<Edit>),
}

impl EditLines {
    /// No edits yet; checked on that text, where it is at hand and can be read.
    pub fn new(sample: Option<&[u8]>) -> Self {
        let sample = sample.and_then(|text| Document::parse(text).ok());
        let mut lines = Self { lines: Vec::new(), prompt: prompt(""), error: None, insists: None, sample };
        lines.offer();
        lines
    }

    /// The lines that were taken.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|(text, _)| text.as_str())
    }

    /// What would be planned.
    pub fn edits(&self) -> Vec<Edit> {
        self.lines.iter().map(|(_, edit)| edit.clone()).collect()
    }

    /// A key.
    pub fn key(&mut self, event: &KeyEvent) -> Pressed {
        let typed = self.prompt.typed().to_owned();
        match event.code {
            KeyCode::Backspace if typed.is_empty() => {
                if let Some((text, _)) = self.lines.pop() {
                    self.retype(&text);
                }
                return Pressed::Stay;
            }
            KeyCode::Enter if typed.trim().is_empty() && self.prompt.chosen().is_none() => {
                if self.lines.is_empty() {
                    self.error = Some(
                        "type an edit first: availability_zone=az2, or clear availability_zone".to_owned(),
                    );
                    return Pressed::Stay;
                }
                return Pressed::Plan(self.edits());
            }
            _ => {}
        }
        match self.prompt.key(*event) {
            Answer::Cancelled => return Pressed::Leave,
            Answer::Text(text) if text != typed && (text.ends_with('=') || text == CLEAR) => {
                self.retype(&text)
            }
            Answer::Text(text) => self.take(text.trim()),
            Answer::Open | Answer::Clear => {
                if self.prompt.typed() != typed {
                    self.typed();
                }
            }
        }
        Pressed::Stay
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str) {
        self.prompt.paste(text);
        self.typed();
    }

    fn retype(&mut self, text: &str) {
        self.prompt = prompt(text);
        self.typed();
    }

    /// Another text is typed.
    fn typed(&mut self) {
        self.insists = None;
        self.offer();
        self.error = None;
        let typed = self.prompt.typed().trim();
        // A line that is but begun is not told so.
        let whole = typed.contains('=') || typed.starts_with(CLEAR) && self.prompt.matches().is_empty();
        if whole && let Ok(edit) = read(typed) {
            self.error = self.objection(edit);
        }
    }

    fn offer(&mut self) {
        let suggestions = match &self.sample {
            Some(sample) => paths::suggestions(sample, self.prompt.typed()),
            None => Vec::new(),
        };
        self.prompt.offer(suggestions);
    }

    fn take(&mut self, text: &str) {
        let edit = match read(text) {
            Ok(edit) => edit,
            Err(reason) => {
                self.error = Some(reason);
                return;
            }
        };
        if self.lines.len() >= MOST {
            self.error = Some(format!("no more than {MOST} edits at once"));
            return;
        }
        let objection = self.objection(edit.clone());
        if objection.is_some() && self.insists.as_deref() != Some(text) {
            self.error = objection;
            self.insists = Some(text.to_owned());
            return;
        }
        self.lines.push((text.to_owned(), edit));
        self.retype("");
    }

    /// Whether Enter again takes the line.
    pub fn insists(&self) -> bool {
        self.insists.is_some()
    }

    /// Why the selected spec refuses the lines together with that one.
    fn objection(&self, edit: Edit) -> Option<String> {
        let sample = self.sample.as_ref()?;
        let mut edits = self.edits();
        edits.push(edit);
        edit::apply_unfinished(sample, &edits).err().map(|error| error.to_string())
    }

    /// What the lines make of the selected spec, if it is at hand and takes them.
    pub fn example(&self) -> Option<(Arc<str>, Arc<str>)> {
        let sample = self.sample.as_ref()?;
        let edited = edit::apply_unfinished(sample, &self.edits()).ok()?;
        Some((sample.shared_text(), edited.document.shared_text()))
    }
}

fn prompt(text: &str) -> Prompt {
    let purpose = Purpose::Set { path: FieldPath::root(), json: false };
    Prompt::text(purpose, String::new(), String::new(), text.to_owned())
}

/// A line as an edit.
///
/// # Errors
/// Why it is none.
pub fn read(line: &str) -> Result<Edit, String> {
    let path = |text: &str| match FieldPath::from_str(text.trim()) {
        Ok(path) if path.segments().is_empty() => Err("a path is missing: availability_zone=az2".to_owned()),
        Ok(path) => Ok(path),
        Err(error) => Err(error.to_string()),
    };
    if let Some(name) = line.strip_prefix(CLEAR) {
        return Ok(Edit::unset(path(name)?));
    }
    match split_assignment(line) {
        Some((name, value)) => match name.strip_suffix(':') {
            Some(name) => Ok(Edit::set_json(path(name)?, value)),
            None => Ok(Edit::set(path(name)?, value)),
        },
        None => Err("neither PATH=VALUE nor clear PATH".to_owned()),
    }
}

#[cfg(test)]
#[path = "edits_tests.rs"]
mod tests;
