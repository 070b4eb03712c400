//! The full-screen editor of one spec. Pure state: keys in, outcomes out; what it edits is a draft,
//! nothing is written here.
//!
//! - [`draft`]: the edited document, undo and redo.  [`fields`]: the rows it is shown as.
//! - [`browse`]: keys in the list of fields.  [`prompt`], [`asking`], `answering`: typing and picking
//!   a value.
//! - [`leaving`]: what happens to unsaved changes.  [`external`]: the round trip through `$EDITOR`.
//! - [`side`]: the live difference and the findings.  [`outcome`]: what a key asks of the caller.
//!
//! Imports `spec`, `scheduler` and `change` (names of databases).

mod answering;
pub mod asking;
pub mod browse;
pub mod draft;
pub mod external;
pub mod fields;
pub mod leaving;
pub mod outcome;
pub mod prompt;
pub mod side;

use std::sync::Arc;

use crossterm::event::{KeyEvent, KeyEventKind};
use tui_input::Input;

use crate::change::DatabaseName;
use crate::spec::FieldPath;
use crate::spec::document::MAX_TEXT;
use crate::spec::edit::Edit;

use draft::Draft;
use fields::FieldRow;
use leaving::{Choice, Leaving};
pub use outcome::EditorOutcome;
use prompt::Prompt;

/// A message under the list of fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Gone with the next key.
    Note(String),
    /// Something was refused: stays until it is overcome.
    Refused(String),
}

/// State of the editor.
#[derive(Debug, Clone)]
pub struct Editor {
    database: DatabaseName,
    instance_uuid: Arc<str>,
    draft: Draft,
    /// All rows of the draft.
    rows: Vec<FieldRow>,
    /// Positions in `rows` of those that the filter lets through.
    shown: Vec<usize>,
    /// Position in `shown`.
    cursor: usize,
    filter: Input,
    filtering: bool,
    prompt: Option<Prompt>,
    leaving: Option<Leaving>,
    message: Option<Message>,
    /// First line in sight of the difference and the findings.
    side_offset: usize,
    /// The text that `$EDITOR` was given last: when it comes back as it is, nothing was meant.
    handed_out: Option<String>,
}

impl Editor {
    /// Opens the editor on a stored spec. A malformed one opens too: as raw text.
    ///
    /// # Errors
    /// A sentence, where the text is longer than any column of nova's.
    pub fn open(database: DatabaseName, instance_uuid: Arc<str>, text: Arc<[u8]>) -> Result<Editor, String> {
        if text.len() > MAX_TEXT {
            return Err(format!(
                "The spec of {instance_uuid} in {} has {} bytes, more than any column of nova's.",
                crate::app::database::label(&database),
                text.len()
            ));
        }
        let mut editor = Editor {
            database,
            instance_uuid,
            draft: Draft::of(text),
            rows: Vec::new(),
            shown: Vec::new(),
            cursor: 0,
            filter: Input::default(),
            filtering: false,
            prompt: None,
            leaving: None,
            message: None,
            side_offset: 0,
            handed_out: None,
        };
        editor.refresh();
        Ok(editor)
    }

    /// One key. Releases of keys are ignored.
    pub fn key(&mut self, key: KeyEvent) -> EditorOutcome {
        if key.kind == KeyEventKind::Release {
            return EditorOutcome::Stay;
        }
        if let Some(Message::Note(_)) = self.message {
            self.message = None;
        }
        if let Some(mut leaving) = self.leaving.take() {
            return match leaving.key(key) {
                None => {
                    self.leaving = Some(leaving);
                    EditorOutcome::Stay
                }
                Some(Choice::Keep) => EditorOutcome::Stay,
                Some(Choice::Discard) => EditorOutcome::Close,
                Some(Choice::Save) => self.save(),
            };
        }
        if let Some(prompt) = self.prompt.as_mut() {
            let answer = prompt.key(key);
            self.answered(answer);
            return EditorOutcome::Stay;
        }
        if self.filtering {
            self.filter_key(key);
            return EditorOutcome::Stay;
        }
        self.browse_key(key)
    }

    /// Pasted text, where an input takes it.
    pub fn paste(&mut self, text: &str) {
        if self.leaving.is_some() {
            return;
        }
        if let Some(prompt) = self.prompt.as_mut() {
            prompt.paste(text);
            self.judge();
        } else if self.filtering {
            for character in text.chars().filter(|character| !character.is_control()) {
                self.filter.handle(tui_input::InputRequest::InsertChar(character));
            }
            self.narrow();
        }
    }

    /// What came back from `$EDITOR`: the text, or why there is none. A refused text goes back with
    /// the reason; an accepted one becomes the draft, as one change that can be undone.
    pub fn external_result(&mut self, result: Result<String, String>) -> EditorOutcome {
        let returned = match result {
            Ok(returned) => returned,
            Err(message) => {
                self.message = Some(Message::Refused(message));
                return EditorOutcome::Stay;
            }
        };
        let typed = external::strip_comments(&returned);
        if self.handed_out.take().is_some_and(|text| external::strip_comments(&text) == typed) {
            // The way out of a text that is refused again and again.
            self.note("The text came back unchanged.");
            return EditorOutcome::Stay;
        }
        let text = external::incoming(&typed, self.draft.text());
        let mut tried = self.draft.clone();
        let refusal = match tried.replace(&text) {
            Err(error) => Some(external::malformed(&typed, &error)),
            Ok(_) => tried.objection(),
        };
        if let Some(reason) = refusal {
            return self.hand_out(typed, Some(reason));
        }
        self.draft = tried;
        self.message = None;
        self.refresh();
        self.note("The text is taken over. u takes it back.");
        EditorOutcome::Stay
    }

    fn hand_out(&mut self, text: String, error: Option<String>) -> EditorOutcome {
        self.handed_out = Some(text.clone());
        EditorOutcome::External { text, error }
    }

    /// Whether the draft differs from what is stored.
    pub fn is_modified(&self) -> bool {
        self.draft.is_modified()
    }

    /// The save went through: `text` is what is stored now.
    pub fn saved(&mut self, text: Arc<[u8]>) {
        self.draft = Draft::of(text);
        self.message = None;
        self.refresh();
        self.note("Saved.");
    }

    /// The save did not go through: the edit stays on the screen, with the message.
    pub fn refused(&mut self, message: String) {
        self.message = Some(Message::Refused(message));
    }

    /// Keys and what they do now, for the bottom bar.
    pub fn hints(&self) -> Vec<(&'static str, &'static str)> {
        if self.leaving.is_some() {
            return vec![("←→", "choose"), ("⏎", "do it"), ("Esc", "keep editing")];
        }
        if let Some(prompt) = &self.prompt {
            return match (prompt.is_strict(), prompt.matches().is_empty()) {
                (true, _) => vec![("↑↓", "choose"), ("⏎", "take it"), ("Esc", "cancel")],
                (false, true) => vec![("⏎", "set"), ("Esc", "cancel")],
                (false, false) => {
                    vec![("⏎", "set"), ("↑↓", "suggestions"), ("Tab", "complete"), ("Esc", "cancel")]
                }
            };
        }
        if self.filtering {
            return vec![("⏎", "to the fields"), ("Esc", "no filter")];
        }
        self.browse_hints()
    }

    /// Where the spec is stored.
    pub fn database(&self) -> &DatabaseName {
        &self.database
    }

    /// Whose spec.
    pub fn instance_uuid(&self) -> &Arc<str> {
        &self.instance_uuid
    }

    /// The edited document beside what is stored.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// The rows that the filter lets through.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &FieldRow> {
        self.shown.iter().map(|at| &self.rows[*at])
    }

    /// Position of the cursor among the rows.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The filter, and whether it is being typed.
    pub fn filter(&self) -> (&Input, bool) {
        (&self.filter, self.filtering)
    }

    /// The prompt over the list, if one is open.
    pub fn prompt(&self) -> Option<&Prompt> {
        self.prompt.as_ref()
    }

    /// The question about unsaved changes, if it is asked.
    pub fn leaving(&self) -> Option<&Leaving> {
        self.leaving.as_ref()
    }

    /// The message under the list.
    pub fn message(&self) -> Option<&Message> {
        self.message.as_ref()
    }

    /// What the value under the cursor demands, where its key means something.
    pub fn meaning_under_cursor(&self) -> Option<String> {
        let row = self.row()?;
        let document = self.draft.document().ok()?;
        let value = if row.tone == crate::app::detail::Tone::Absent { "" } else { &row.value };
        asking::meaning(document, &row.path, value)
    }

    /// First line in sight of the difference and the findings.
    pub fn side_offset(&self) -> usize {
        self.side_offset
    }

    fn note(&mut self, text: impl Into<String>) {
        self.message = Some(Message::Note(text.into()));
    }

    fn save(&mut self) -> EditorOutcome {
        if !self.is_modified() {
            self.note("Nothing is changed.");
            return EditorOutcome::Stay;
        }
        if let Some(reason) = self.draft.objection() {
            self.message = Some(Message::Refused(format!("Not to be saved. {reason}")));
            return EditorOutcome::Stay;
        }
        EditorOutcome::Save { after: Arc::clone(self.draft.text()) }
    }

    /// Applies edits; a refusal becomes the message. True if all went well.
    fn edit(&mut self, edits: &[Edit]) -> bool {
        match self.draft.apply(edits) {
            Ok(_) => {
                self.message = None;
                self.refresh();
                true
            }
            Err(reason) => {
                self.message = Some(Message::Refused(reason));
                false
            }
        }
    }

    /// Rows anew; the cursor stays on its path, or near it.
    fn refresh(&mut self) {
        let path = self.row().map(|row| row.path.clone());
        self.rows = fields::rows(&self.draft);
        self.narrow();
        if let Some(path) = path {
            self.go_to(&path);
        }
    }

    fn narrow(&mut self) {
        let filter = self.filter.value();
        self.shown = (0..self.rows.len())
            .filter(|at| {
                filter.is_empty() || self.rows.get(*at).is_some_and(|row| fields::matches(row, filter))
            })
            .collect();
        self.cursor = self.cursor.min(self.shown.len().saturating_sub(1));
    }

    fn go_to(&mut self, path: &FieldPath) {
        let found = self.rows().position(|row| row.path == *path);
        self.cursor = found.unwrap_or(self.cursor);
    }

    fn row(&self) -> Option<&FieldRow> {
        self.rows.get(*self.shown.get(self.cursor)?)
    }
}

#[cfg(test)]
#[path = "editor_tests.rs"]
mod tests;
