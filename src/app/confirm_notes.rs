//! What an operator may add in a confirm step: the reason, which the journal keeps, and a file for the
//! plan.
//!
//! Imports `tui_input`; no I/O.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use super::effect::RequestId;
use super::overlay::{Line, Tone};
use crate::spec::text::escaped;

/// Longest reason, in characters.
const LONGEST: usize = 1_000;

/// What is typed.
#[derive(Debug, Clone)]
pub enum Typing {
    /// The reason.
    Reason(Input),
    /// The path of a file for the plan.
    File(Input),
}

/// The notes.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// Why it is done; empty: not said.
    reason: String,
    /// What is typed now, instead of what the dialog takes.
    pub typing: Option<Typing>,
    /// The file that is being written.
    pub writing: Option<RequestId>,
    /// What became of the file.
    pub told: Option<Line>,
}

/// What a key meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pressed {
    /// Nothing to the notes: it is the dialog's.
    Other,
    /// Something to the notes.
    Taken,
    /// Write the plan to that file.
    Write(String),
}

impl Notes {
    /// The reason, as the journal takes it.
    pub fn reason(&self) -> Option<String> {
        let reason = self.reason.trim();
        (!reason.is_empty()).then(|| reason.to_owned())
    }

    /// A key: Ctrl-R opens the reason, Ctrl-O the path; with `letters`, w does so, too.
    pub fn key(&mut self, event: &KeyEvent, letters: bool) -> Pressed {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let Some(typing) = &mut self.typing else {
            match event.code {
                KeyCode::Char('r') if control => {
                    self.typing = Some(Typing::Reason(Input::new(self.reason.clone())));
                }
                KeyCode::Char('o') if control => self.open_path(),
                KeyCode::Char('w') if letters && !control => self.open_path(),
                _ => return Pressed::Other,
            }
            return Pressed::Taken;
        };
        match (event.code, &mut *typing) {
            (KeyCode::Esc, _) => self.typing = None,
            (KeyCode::Enter, Typing::Reason(input)) => {
                self.reason = input.value().chars().take(LONGEST).collect();
                self.typing = None;
            }
            (KeyCode::Enter, Typing::File(input)) => {
                let path = input.value().trim().to_owned();
                if path.is_empty() || path.ends_with('/') {
                    self.told = Some(Line::new(Tone::Danger, "the path of a file is missing"));
                    return Pressed::Taken;
                }
                self.typing = None;
                return Pressed::Write(path);
            }
            (_, Typing::Reason(input) | Typing::File(input)) => {
                input.handle_event(&Event::Key(*event));
            }
        }
        Pressed::Taken
    }

    fn open_path(&mut self) {
        if self.writing.is_none() {
            self.told = None;
            self.typing = Some(Typing::File(Input::new("~/plan.jsonl".to_owned())));
        }
    }

    /// Pasted text. False if nothing of the notes is typed now.
    pub fn paste(&mut self, line: &str) -> bool {
        let Some(Typing::Reason(input) | Typing::File(input)) = &mut self.typing else { return false };
        for character in line.chars() {
            input.handle(InputRequest::InsertChar(character));
        }
        true
    }

    /// The file was written, or not. False if it is another one.
    pub fn written(&mut self, request: RequestId, result: &Result<String, String>) -> bool {
        if self.writing.take_if(|writing| *writing == request).is_none() {
            return false;
        }
        self.told = Some(match result {
            Ok(sentence) => Line::new(Tone::Good, escaped(sentence)),
            Err(reason) => Line::new(Tone::Danger, escaped(reason)),
        });
        true
    }

    /// The lines that the dialog shows of them.
    pub fn lines(&self) -> Vec<Line> {
        let reason =
            self.reason().map(|reason| Line::new(Tone::Plain, format!("reason: {}", escaped(&reason))));
        reason.into_iter().chain(self.told.clone()).collect()
    }

    /// What is typed now: its label, the text, the column of the cursor.
    pub fn input(&self) -> Option<(String, String, usize)> {
        let (label, input) = match self.typing.as_ref()? {
            Typing::Reason(input) => ("reason:", input),
            Typing::File(input) => ("write the plan to:", input),
        };
        Some((label.to_owned(), input.value().to_owned(), input.visual_cursor()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::effect::Requests;

    fn typed(notes: &mut Notes, text: &str) -> Pressed {
        let mut last = Pressed::Other;
        for character in text.chars() {
            let (code, modifiers) = match character {
                '\n' => (KeyCode::Enter, KeyModifiers::NONE),
                '\u{1b}' => (KeyCode::Esc, KeyModifiers::NONE),
                '\u{12}' => (KeyCode::Char('r'), KeyModifiers::CONTROL),
                '\u{f}' => (KeyCode::Char('o'), KeyModifiers::CONTROL),
                '\u{15}' => (KeyCode::Char('u'), KeyModifiers::CONTROL),
                other => (KeyCode::Char(other), KeyModifiers::NONE),
            };
            last = notes.key(&KeyEvent::new(code, modifiers), true);
        }
        last
    }

    #[test]
    fn a_reason_is_typed_taken_and_changed() {
        let mut notes = Notes::default();
        assert_eq!(typed(&mut notes, "x\n"), Pressed::Other, "the dialog's");
        typed(&mut notes, "\u{12}CHG-1 \n");
        assert_eq!(notes.reason().as_deref(), Some("CHG-1"));
        typed(&mut notes, "\u{12}no\u{1b}");
        assert_eq!(notes.reason().as_deref(), Some("CHG-1"), "Esc leaves it as it was");
        typed(&mut notes, "\u{12}\u{15}\n");
        assert_eq!(notes.reason(), None);
    }

    #[test]
    fn control_characters_of_a_reason_are_escaped() {
        let mut notes = Notes::default();
        typed(&mut notes, "\u{12}");
        notes.paste("a\u{9b}b");
        typed(&mut notes, "\n");
        assert!(!notes.lines()[0].text.contains('\u{9b}'), "{:?}", notes.lines());
    }

    #[test]
    fn a_file_is_asked_for_and_told() {
        let mut notes = Notes::default();
        assert_eq!(typed(&mut notes, "w\u{15}\n"), Pressed::Taken);
        assert!(notes.told.is_some() && notes.typing.is_some(), "a path is missing");
        assert_eq!(typed(&mut notes, "p.jsonl\n"), Pressed::Write("p.jsonl".to_owned()));
        let mut requests = Requests::default();
        let (request, other) = (requests.issue(), requests.issue());
        notes.writing = Some(request);
        assert!(!notes.written(other, &Ok("no".to_owned())));
        assert!(notes.written(request, &Err("p.jsonl: there already".to_owned())));
        assert!(notes.told.as_ref().is_some_and(|line| line.tone == Tone::Danger));
    }
}
