//! The draft: the edited document beside the stored bytes, with undo and redo. The only place of
//! the editor that changes a text, always by splices of `spec::edit`.
//!
//! Imports `spec` alone.

use std::sync::Arc;

use crate::spec::diff::{self, Change};
use crate::spec::document::Malformed;
use crate::spec::edit::{self, Edit, Splices};
use crate::spec::schema::{self, Problem, Severity};
use crate::spec::{Document, FieldPath};

/// What takes a change back (or makes it again).
#[derive(Debug, Clone)]
enum Step {
    /// Splices of the current text.
    Splices(Splices),
    /// The whole text, as the raw editor left it.
    Text(Arc<str>),
}

/// A stored spec and what became of it.
#[derive(Debug, Clone)]
pub struct Draft {
    stored: Arc<[u8]>,
    stored_document: Result<Document, Malformed>,
    stored_problems: Vec<Problem>,
    text: Arc<str>,
    document: Result<Document, Malformed>,
    undo: Vec<Step>,
    redo: Vec<Step>,
    changes: Vec<Change>,
    problems: Vec<Problem>,
}

impl Draft {
    /// The draft of a stored text, equal to it. Bytes that are not UTF-8 are replaced: such a text
    /// can only be edited as a whole.
    pub fn of(stored: Arc<[u8]>) -> Self {
        let stored_document = Document::parse(&stored);
        let text: Arc<str> = match &stored_document {
            Ok(document) => document.shared_text(),
            Err(_) => String::from_utf8_lossy(&stored).into(),
        };
        let problems = stored_document.as_ref().map(schema::check).unwrap_or_default();
        Self {
            stored,
            document: stored_document.clone(),
            stored_document,
            stored_problems: problems.clone(),
            text,
            undo: Vec::new(),
            redo: Vec::new(),
            changes: Vec::new(),
            problems,
        }
    }

    /// The bytes that were read.
    pub fn stored(&self) -> &Arc<[u8]> {
        &self.stored
    }

    /// The stored text as a document, or why it is none.
    pub fn stored_document(&self) -> Result<&Document, &Malformed> {
        self.stored_document.as_ref()
    }

    /// The draft's text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The draft as a document, or why it is none (a malformed row that was not replaced yet).
    pub fn document(&self) -> Result<&Document, &Malformed> {
        self.document.as_ref()
    }

    /// Whether the draft differs from what is stored.
    pub fn is_modified(&self) -> bool {
        // A text that is not UTF-8 stays unmodified until it is replaced by a document.
        match &self.document {
            Ok(document) => document.text().as_bytes() != &self.stored[..],
            Err(_) => false,
        }
    }

    /// The difference to what is stored. Empty where that is malformed.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What is wrong with the draft; the flag says that the stored spec does not have it.
    pub fn problems(&self) -> impl Iterator<Item = (&Problem, bool)> {
        self.problems.iter().map(|problem| (problem, !self.stored_problems.contains(problem)))
    }

    /// Whether the value at that path is not the stored one.
    pub fn is_changed(&self, path: &FieldPath) -> bool {
        let (Ok(before), Ok(after)) = (&self.stored_document, &self.document) else { return false };
        path.resolve(before).map(|node| node.raw()) != path.resolve(after).map(|node| node.raw())
    }

    /// Applies edits, all or none. True if anything changed.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn apply(&mut self, edits: &[Edit]) -> Result<bool, String> {
        let document = self.document.as_ref().map_err(|error| error.to_string())?;
        let edited = edit::apply_unfinished(document, edits).map_err(|error| error.to_string())?;
        if edited.splices.is_empty() {
            return Ok(false);
        }
        self.undo.push(Step::Splices(edited.inverse));
        self.redo.clear();
        self.set(edited.document);
        Ok(true)
    }

    /// Replaces the whole text. True if anything changed.
    ///
    /// # Errors
    /// Where the text is no document.
    pub fn replace(&mut self, text: &str) -> Result<bool, Malformed> {
        if *text == *self.text && self.document.is_ok() {
            return Ok(false);
        }
        let document = Document::parse_str(text)?;
        self.undo.push(Step::Text(Arc::clone(&self.text)));
        self.redo.clear();
        self.set(document);
        Ok(true)
    }

    /// Whether a change can be taken back.
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether a change that was taken back can be made again.
    pub fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    /// Takes the last change back. False if there is none.
    pub fn undo(&mut self) -> bool {
        let Some(step) = self.undo.pop() else { return false };
        if let Some(opposite) = self.step(step) {
            self.redo.push(opposite);
        }
        true
    }

    /// Makes the last change that was taken back again. False if there is none.
    pub fn redo(&mut self) -> bool {
        let Some(step) = self.redo.pop() else { return false };
        if let Some(opposite) = self.step(step) {
            self.undo.push(opposite);
        }
        true
    }

    fn step(&mut self, step: Step) -> Option<Step> {
        match step {
            Step::Splices(splices) => {
                // The splices were made for this very text.
                let (text, opposite) = splices.apply(&self.text).ok()?;
                self.set(Document::parse_str(&text).ok()?);
                Some(Step::Splices(opposite))
            }
            Step::Text(text) => {
                let opposite = Step::Text(Arc::clone(&self.text));
                match Document::parse_str(&text) {
                    Ok(document) => self.set(document),
                    Err(error) => {
                        self.document = Err(error);
                        self.text = text;
                        self.refresh();
                    }
                }
                Some(opposite)
            }
        }
    }

    fn set(&mut self, document: Document) {
        self.text = document.shared_text();
        self.document = Ok(document);
        self.refresh();
    }

    fn refresh(&mut self) {
        self.changes = match (&self.stored_document, &self.document) {
            (Ok(before), Ok(after)) if before != after => diff::difference(before, after),
            _ => Vec::new(),
        };
        self.problems = self.document.as_ref().map(schema::check).unwrap_or_default();
    }

    /// Why the draft must not be saved: nova could not load it, or it would do harm that the
    /// stored spec does not do.
    pub fn objection(&self) -> Option<String> {
        if let Err(error) = &self.document {
            return Some(format!("The spec is malformed: {error}."));
        }
        let bad: Vec<String> = self
            .problems()
            .filter(|(problem, new)| match problem.severity {
                Severity::Unloadable => true,
                Severity::Harmful => *new,
                Severity::Notice => false,
            })
            .map(|(problem, _)| format!("{problem}."))
            .collect();
        (!bad.is_empty()).then(|| bad.join("\n"))
    }
}
