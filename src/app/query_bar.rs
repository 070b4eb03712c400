//! The query bar while it is typed in: the text, what is wrong with it, what completes it, and what
//! was asked before.
//!
//! What Tab, Down or Ctrl-R choose stands in the text at once: Enter always runs what is seen, and Esc
//! first takes a choice back. Imports `query` and `tui_input`; no I/O.

use std::ops::Range;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use crate::query::{Candidate, ParseError, SeenValues, complete};

/// Most entries of the history that one search lists.
const LISTED: usize = 100;

/// What a list above the bar offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Fields, operators, values.
    Completions,
    /// Queries from before.
    History,
}

/// The list above the bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Popup {
    /// What it offers.
    pub offer: Offer,
    /// The entries.
    pub candidates: Vec<Candidate>,
    /// The chosen one, which stands in the text.
    pub chosen: Option<usize>,
    /// Which bytes of the text as typed an entry takes the place of.
    pub replace: Range<usize>,
    /// The text as typed, without the choice, and its cursor in bytes.
    typed: (String, usize),
}

/// The bar.
#[derive(Debug, Clone, Default)]
pub struct QueryBar {
    /// What is typed.
    pub input: Input,
    /// What was set when the bar was opened: Esc brings it back.
    pub before: String,
    /// What is wrong with it.
    pub error: Option<ParseError>,
    /// The list above.
    pub popup: Option<Popup>,
    /// How far back in the history it is (1: the last one), and what was typed before that.
    recalled: Option<(usize, String)>,
    /// Whether completions of the text as it is may be listed unasked.
    offering: bool,
}

/// What a key meant to the bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// As before the bar was opened.
    Restore,
    /// Keep what is typed.
    Keep,
    /// The text is another one now.
    Changed,
    /// So many screens of the list down.
    Pages(i64),
    /// Nothing that concerns others.
    Stay,
}

impl QueryBar {
    /// With that text in it.
    pub fn new(text: &str) -> Self {
        Self { input: Input::new(text.to_owned()), before: text.to_owned(), ..Self::default() }
    }

    /// Another text in the place of what is typed.
    pub fn retype(&mut self, text: &str) {
        self.put(text, text.len());
        (self.recalled, self.popup) = (None, None);
    }

    /// What is typed.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// The cursor in bytes.
    pub fn cursor(&self) -> usize {
        let text = self.text();
        text.char_indices().nth(self.input.cursor()).map_or(text.len(), |(at, _)| at)
    }

    /// Whether what is wrong is only that it is not typed to its end.
    pub fn is_unfinished(&self) -> bool {
        let end = self.text().trim_end().len();
        self.error
            .as_ref()
            .is_some_and(|error| error.at.end >= end && self.cursor() >= end && error.at.len() <= 1)
    }

    /// A key. `history` has the newest last.
    pub fn key(&mut self, event: &KeyEvent, seen: &dyn SeenValues, history: &[String]) -> Pressed {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let before = self.text().to_owned();
        self.offering = false;
        match event.code {
            KeyCode::Esc if self.take_back() => {}
            KeyCode::Esc => return Pressed::Restore,
            KeyCode::Enter => return Pressed::Keep,
            KeyCode::PageDown => return Pressed::Pages(1),
            KeyCode::PageUp => return Pressed::Pages(-1),
            KeyCode::Tab if self.popup.is_none() => {
                self.offer(seen, true);
                self.choose(1);
                self.take_single();
            }
            KeyCode::Tab | KeyCode::Down if self.popup.is_some() => self.choose(1),
            KeyCode::BackTab | KeyCode::Up if self.popup.is_some() => self.choose(-1),
            KeyCode::Char('r') if control => self.search(history),
            KeyCode::Up => self.recall(history, true),
            KeyCode::Down => self.recall(history, false),
            KeyCode::Char('p') if control => self.recall(history, true),
            KeyCode::Char('n') if control => self.recall(history, false),
            _ => {
                let searching = self.popup.as_ref().is_some_and(|popup| popup.offer == Offer::History);
                self.input.handle_event(&Event::Key(*event));
                self.recalled = None;
                self.popup = None;
                if self.text() != before {
                    self.offering = !searching;
                    if searching { self.search(history) } else { self.offer(seen, false) }
                }
            }
        }
        if self.text() == before { Pressed::Stay } else { Pressed::Changed }
    }

    /// Text was pasted.
    pub fn paste(&mut self, line: &str) {
        for character in line.chars() {
            self.input.handle(InputRequest::InsertChar(character));
        }
        (self.recalled, self.popup) = (None, None);
    }

    /// Opens the list of completions; unasked only where something of a word, or an operator, stands
    /// before the cursor and a list says more than that word.
    fn offer(&mut self, seen: &dyn SeenValues, asked: bool) {
        let (text, cursor) = (self.text().to_owned(), self.cursor());
        let completion = complete(&text, cursor, seen);
        let valid = text.get(completion.replace.clone()).is_some();
        if completion.candidates.is_empty() || !valid {
            return;
        }
        let word = &text[completion.replace.clone()];
        let begun = !word.is_empty() || text[..cursor].ends_with(['=', ':', '~', '<', '>', ',', '.']);
        let said = completion.candidates.iter().all(|candidate| candidate.text == word);
        if !asked && (!begun || said || cursor < text.trim_end().len()) {
            return;
        }
        self.popup = Some(Popup {
            offer: Offer::Completions,
            candidates: completion.candidates,
            chosen: None,
            replace: completion.replace,
            typed: (text, cursor),
        });
    }

    /// More was seen: a list from which nothing is chosen yet is made anew, and one that there was nothing
    /// for is opened.
    pub fn offer_again(&mut self, seen: &dyn SeenValues) {
        match &self.popup {
            Some(popup) if popup.offer == Offer::Completions && popup.chosen.is_none() => {
                self.popup = None;
                self.offer(seen, true);
            }
            None if self.offering => self.offer(seen, false),
            _ => {}
        }
    }

    /// Lists what was asked before and has the typed text in it; again: the next one.
    fn search(&mut self, history: &[String]) {
        if self.popup.as_ref().is_some_and(|popup| popup.offer == Offer::History) {
            self.choose(1);
            return;
        }
        self.take_back();
        let typed = self.text().trim().to_lowercase();
        let found = history.iter().rev().filter(|text| text.to_lowercase().contains(&typed));
        let candidates: Vec<_> =
            found.take(LISTED).map(|text| Candidate { text: text.clone(), help: String::new() }).collect();
        let typed = (self.text().to_owned(), self.cursor());
        let replace = 0..typed.0.len();
        self.popup = (!candidates.is_empty()).then_some(Popup {
            offer: Offer::History,
            candidates,
            chosen: None,
            replace,
            typed,
        });
    }

    /// Goes back to what was typed. False where nothing was chosen.
    fn take_back(&mut self) -> bool {
        let Some(popup) = self.popup.take() else { return false };
        if popup.chosen.is_none() {
            return false;
        }
        let (text, cursor) = popup.typed;
        self.put(&text, cursor);
        true
    }

    fn choose(&mut self, by: isize) {
        let Some(popup) = &mut self.popup else { return };
        // None stands between the last and the first: what was typed.
        let count = popup.candidates.len() as isize + 1;
        let at = popup.chosen.map_or(0, |at| at as isize + 1);
        let next = (at + by).rem_euclid(count);
        popup.chosen = usize::try_from(next - 1).ok();
        let (typed, cursor) = popup.typed.clone();
        match popup.chosen.and_then(|at| popup.candidates.get(at)) {
            Some(candidate) => {
                let mut text = typed[..popup.replace.start].to_owned();
                text.push_str(&candidate.text);
                let end = text.len();
                text.push_str(&typed[popup.replace.end..]);
                self.put(&text, end);
            }
            None => self.put(&typed, cursor),
        }
    }

    /// What alone can be meant is taken without a list.
    fn take_single(&mut self) {
        if self.popup.as_ref().is_some_and(|popup| popup.candidates.len() == 1) {
            self.popup = None;
        }
    }

    fn recall(&mut self, history: &[String], back: bool) {
        let (at, typed) = self.recalled.take().unwrap_or_else(|| (0, self.text().to_owned()));
        let next = if back { (at + 1).min(history.len()) } else { at.saturating_sub(1) };
        let text = match next {
            0 => typed.clone(),
            next => history.get(history.len().saturating_sub(next)).cloned().unwrap_or_default(),
        };
        self.put(&text, text.len());
        self.popup = None;
        self.recalled = (next > 0).then_some((next, typed));
    }

    fn put(&mut self, text: &str, cursor: usize) {
        let characters = text.get(..cursor).unwrap_or(text).chars().count();
        self.input = Input::new(text.to_owned()).with_cursor(characters);
    }
}

#[cfg(test)]
#[path = "query_bar_tests.rs"]
mod tests;
