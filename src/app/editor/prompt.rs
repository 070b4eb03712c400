//! One line to type or a value to pick: an input with suggestions below it. Strict prompts take a
//! suggestion only; the others take any text and offer suggestions for completion.
//!
//! Knows nothing of specs: what is typed is judged by the editor, which sets `error` and `says`.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use crate::spec::FieldPath;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// The value at a path, as typed or as JSON.
    Set {
        /// Where.
        path: FieldPath,
        /// Whether JSON is typed.
        json: bool,
    },
    /// A new item of a list.
    Insert {
        /// The list.
        path: FieldPath,
        /// Its position.
        index: usize,
    },
    /// The key of a new entry of a map; its value is asked for next.
    NewKey {
        /// The map.
        path: FieldPath,
    },
    /// The name of an absent field of an object; its value is asked for next.
    NewField {
        /// The object.
        path: FieldPath,
    },
    /// Another key for an entry of a map.
    Rename {
        /// The entry.
        path: FieldPath,
    },
}

/// A value to pick or to complete to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What is taken.
    pub value: String,
    /// What it means, one line; may be empty.
    pub help: String,
    /// Whether it clears the field.
    pub clears: bool,
}

impl Suggestion {
    /// A value with its meaning.
    pub fn new(value: impl Into<String>, help: impl Into<String>) -> Self {
        Self { value: value.into(), help: help.into(), clears: false }
    }
}

/// What came of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing yet.
    Open,
    /// Given up.
    Cancelled,
    /// This text.
    Text(String),
    /// The suggestion that clears the field.
    Clear,
}

/// State of a prompt.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What is asked for.
    pub purpose: Purpose,
    /// Path or name, over the input.
    pub title: String,
    /// What may be typed, one line.
    pub note: String,
    /// Why what is typed cannot be taken.
    pub error: Option<String>,
    /// What it would mean.
    pub says: Option<String>,
    input: Input,
    initial: String,
    suggestions: Vec<Suggestion>,
    chosen: Option<usize>,
    strict: bool,
}

impl Prompt {
    /// A prompt for any text; `initial` stands in the input.
    pub fn text(purpose: Purpose, title: String, note: String, initial: String) -> Self {
        Self {
            purpose,
            title,
            note,
            error: None,
            says: None,
            input: Input::new(initial.clone()),
            initial,
            suggestions: Vec::new(),
            chosen: None,
            strict: false,
        }
    }

    /// Offers completions.
    #[must_use]
    pub fn suggesting(mut self, suggestions: Vec<Suggestion>) -> Self {
        self.suggestions = suggestions;
        self
    }

    /// Offers other completions than before.
    pub fn offer(&mut self, suggestions: Vec<Suggestion>) {
        self.suggestions = suggestions;
    }

    /// All that it offers, whatever is typed.
    pub fn offered(&self) -> &[Suggestion] {
        &self.suggestions
    }

    /// A prompt that takes one of `suggestions` only; what is typed narrows them. The cursor
    /// begins at the value `current`.
    pub fn pick(
        purpose: Purpose,
        title: String,
        note: String,
        suggestions: Vec<Suggestion>,
        current: &str,
    ) -> Self {
        let chosen = suggestions.iter().position(|suggestion| suggestion.value == current).unwrap_or(0);
        let mut prompt = Self::text(purpose, title, note, String::new()).suggesting(suggestions);
        prompt.strict = true;
        prompt.chosen = Some(chosen);
        prompt
    }

    /// The prompt again, with the reason why its answer was not taken.
    #[must_use]
    pub fn refused(mut self, reason: impl Into<String>) -> Self {
        self.error = Some(reason.into());
        self
    }

    /// What is typed.
    pub fn typed(&self) -> &str {
        self.input.value()
    }

    /// The input, for drawing.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Whether only a suggestion is taken.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Whether anything was typed.
    pub fn is_touched(&self) -> bool {
        self.typed() != self.initial
    }

    /// The suggestions that fit what is typed.
    pub fn matches(&self) -> Vec<&Suggestion> {
        if !self.strict && !self.is_touched() {
            return self.suggestions.iter().collect();
        }
        let typed = self.typed().to_lowercase();
        let fits = |suggestion: &&Suggestion| suggestion.value.to_lowercase().contains(&typed);
        let mut out: Vec<&Suggestion> = self.suggestions.iter().filter(fits).collect();
        out.sort_by_key(|suggestion| !suggestion.value.to_lowercase().starts_with(&typed));
        // Nothing is left to complete.
        if !self.strict && out.len() == 1 && out.first().is_some_and(|only| only.value == self.typed()) {
            out.clear();
        }
        out
    }

    /// Position of the cursor among [`Prompt::matches`]; none while the input has it.
    pub fn chosen(&self) -> Option<usize> {
        self.chosen
    }

    /// What Enter would take: the suggestion under the cursor, else what is typed.
    pub fn value(&self) -> String {
        self.suggestion().map_or_else(|| self.typed().to_owned(), |suggestion| suggestion.value.clone())
    }

    fn suggestion(&self) -> Option<&Suggestion> {
        self.matches().get(self.chosen?).copied()
    }

    /// Pasted text goes into the input; line ends become spaces.
    pub fn paste(&mut self, text: &str) {
        for character in text.chars() {
            let character = if matches!(character, '\n' | '\r' | '\t') { ' ' } else { character };
            if !character.is_control() {
                self.input.handle(tui_input::InputRequest::InsertChar(character));
            }
        }
        self.edited();
    }

    /// One key.
    pub fn key(&mut self, key: KeyEvent) -> Answer {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Answer::Cancelled,
            KeyCode::Char('c' | 'g') if control => return Answer::Cancelled,
            KeyCode::Enter => return self.accept(),
            KeyCode::Tab => self.complete(),
            KeyCode::Down => self.step(1),
            KeyCode::Up | KeyCode::BackTab => self.step(-1),
            KeyCode::PageDown => self.step(8),
            KeyCode::PageUp => self.step(-8),
            KeyCode::Char('n') if control => self.step(1),
            KeyCode::Char('p') if control => self.step(-1),
            _ => {
                let changed = self.input.handle_event(&Event::Key(key)).is_some_and(|change| change.value);
                if changed {
                    self.edited();
                }
            }
        }
        Answer::Open
    }

    fn edited(&mut self) {
        self.error = None;
        self.chosen = self.strict.then_some(0);
    }

    fn step(&mut self, by: i64) {
        let count = self.matches().len() as i64;
        if count == 0 {
            return;
        }
        let lowest = if self.strict { 0 } else { -1 };
        let at = self.chosen.map_or(-1, |at| at as i64);
        let next = (at + by).clamp(lowest, count - 1);
        self.chosen = usize::try_from(next).ok();
        self.error = None;
    }

    fn complete(&mut self) {
        let at = self.chosen.unwrap_or(0);
        let Some(value) = self.matches().get(at).map(|suggestion| suggestion.value.clone()) else { return };
        if !self.strict {
            self.input = Input::new(stem(&value));
            self.chosen = None;
            self.error = None;
        }
    }

    fn accept(&mut self) -> Answer {
        match self.suggestion() {
            Some(suggestion) if suggestion.clears => Answer::Clear,
            // A key with a placeholder is but begun.
            Some(suggestion) if suggestion.value.contains('{') => {
                self.complete();
                Answer::Open
            }
            Some(suggestion) => Answer::Text(suggestion.value.clone()),
            None if self.strict => {
                self.error = Some("Nothing of the list fits.".to_owned());
                Answer::Open
            }
            None => Answer::Text(self.typed().to_owned()),
        }
    }
}

/// What of a key with placeholders can be filled in: `trait{group}:{trait}` begins `trait:`.
fn stem(key: &str) -> String {
    let key = key.replace("{group}", "");
    key.split('{').next().unwrap_or_default().to_owned()
}
