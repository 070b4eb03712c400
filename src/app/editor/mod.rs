//! The full-screen editor of one spec. Pure state: keys in, outcomes out; what it edits is a draft,
//! nothing is written here.
//!
//! - [`outcome`]: what a key asks of the one who called.
//! - [`external`]: the round trip through `$EDITOR`.
//!
//! Imports `spec`, `scheduler` and `change` (names of databases).

pub mod external;
pub mod outcome;

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};

use crate::change::DatabaseName;
use crate::spec::Document;
use crate::spec::document::Malformed;

pub use outcome::EditorOutcome;

/// State of the editor.
#[derive(Debug, Clone)]
pub struct Editor {
    database: DatabaseName,
    instance_uuid: Arc<str>,
    /// The bytes that were read.
    stored: Arc<[u8]>,
    /// The edited document, or why the stored text is none.
    draft: Result<Document, Malformed>,
    message: Option<String>,
}

impl Editor {
    /// Opens the editor on a stored spec. A malformed one opens too: as raw text.
    ///
    /// # Errors
    /// A sentence, where the text cannot be edited at all: it is not UTF-8.
    pub fn open(database: DatabaseName, instance_uuid: Arc<str>, text: Arc<[u8]>) -> Result<Editor, String> {
        if let Err(error) = std::str::from_utf8(&text) {
            return Err(format!(
                "The spec of {instance_uuid} in {database} is not UTF-8 (byte {}): it can only be replaced.",
                error.valid_up_to()
            ));
        }
        let draft = Document::parse(&text);
        Ok(Editor { database, instance_uuid, stored: text, draft, message: None })
    }

    /// One key.
    pub fn key(&mut self, key: KeyEvent) -> EditorOutcome {
        match key.code {
            KeyCode::Esc => EditorOutcome::Close,
            KeyCode::Char('E') => EditorOutcome::External { text: self.text(), error: None },
            _ => EditorOutcome::Stay,
        }
    }

    /// Pasted text, where an input takes it.
    pub fn paste(&mut self, _text: &str) {}

    /// What came back from `$EDITOR`: the text, or why there is none. A refused text goes back.
    pub fn external_result(&mut self, result: Result<String, String>) -> EditorOutcome {
        match result {
            Err(message) => {
                self.message = Some(message);
                EditorOutcome::Stay
            }
            Ok(text) => {
                let text = external::strip_comments(&text);
                match Document::parse_str(&text) {
                    Err(error) => {
                        EditorOutcome::External { error: Some(external::malformed(&text, &error)), text }
                    }
                    Ok(document) => {
                        self.draft = Ok(document);
                        EditorOutcome::Stay
                    }
                }
            }
        }
    }

    /// Whether the draft differs from what is stored.
    pub fn is_modified(&self) -> bool {
        self.draft.as_ref().is_ok_and(|draft| draft.text().as_bytes() != &self.stored[..])
    }

    /// The save went through: `text` is what is stored now.
    pub fn saved(&mut self, text: Arc<[u8]>) {
        self.draft = Document::parse(&text);
        self.stored = text;
        self.message = None;
    }

    /// The save did not go through: the edit stays, the message is shown.
    pub fn refused(&mut self, message: String) {
        self.message = Some(message);
    }

    /// Keys and what they do now, for the bottom bar.
    pub fn hints(&self) -> Vec<(&'static str, &'static str)> {
        vec![("E", "raw JSON"), ("Esc", "close")]
    }

    /// Where the spec is stored.
    pub fn database(&self) -> &DatabaseName {
        &self.database
    }

    /// Whose spec.
    pub fn instance_uuid(&self) -> &Arc<str> {
        &self.instance_uuid
    }

    fn text(&self) -> String {
        match &self.draft {
            Ok(draft) => draft.text().to_owned(),
            Err(_) => String::from_utf8_lossy(&self.stored).into_owned(),
        }
    }
}
