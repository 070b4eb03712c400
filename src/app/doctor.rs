//! The screen of findings over all databases: a pass of the doctor, what it found rule by rule, and the
//! specs of one rule.
//!
//! Imports `change` (names), `lint` and its siblings; no I/O.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};

use super::database::label;
use super::effect::RequestId;
use super::words::grouped;
use crate::change::DatabaseName;
use crate::lint::Rule;

/// Specs of each rule and database that are listed at most.
pub const LISTED: usize = 200;

/// A spec that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Where.
    pub database: DatabaseName,
    /// Whose.
    pub instance_uuid: Arc<str>,
    /// What is wrong, a whole sentence; may hold text from a database.
    pub sentence: Arc<str>,
}

/// What was found of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The rule.
    pub rule: &'static Rule,
    /// How many specs of each database break it.
    pub counts: Vec<(DatabaseName, u64)>,
    /// Of how many specs of each database it is not known.
    pub unknown: Vec<(DatabaseName, u64)>,
    /// The first specs of each database.
    pub examples: Vec<Example>,
}

impl Found {
    /// How many specs break it.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// `API 12, cell1 3`.
    pub fn by_database(&self) -> String {
        let one =
            |(database, count): &(DatabaseName, u64)| format!("{} {}", label(database), grouped(*count));
        self.counts.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// The specs, where all of them are at hand.
    pub fn all(&self) -> Option<Vec<(DatabaseName, Arc<str>)>> {
        let known = self.examples.iter().map(|spec| (spec.database.clone(), Arc::clone(&spec.instance_uuid)));
        (self.examples.len() as u64 == self.total()).then(|| known.collect())
    }
}

/// How far a pass is, and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What it does now, in a few words.
    pub step: String,
    /// Specs examined.
    pub passed: u64,
    /// Of how many, where that is known.
    pub total: Option<u64>,
    /// Rule by rule, the heaviest first.
    pub found: Vec<Found>,
    /// Databases that did not tell, and why: a sentence.
    pub failures: Vec<(DatabaseName, String)>,
    /// Whether it was not cancelled.
    pub finished: bool,
}

/// The screen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Doctor {
    /// The pass that is under way.
    pub request: Option<RequestId>,
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// When it ended.
    pub ended: Option<i64>,
    /// What it found so far.
    pub report: Report,
    /// The chosen rule.
    pub chosen: usize,
    /// Whether it was chosen by a key; until then it is the first, whatever comes.
    pub touched: bool,
    /// The specs of the chosen rule, where they are listed: the chosen one.
    pub listing: Option<usize>,
}

/// What a key asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Nothing but a change of the screen.
    Stay,
    /// Leave it.
    Leave,
    /// Stop the pass.
    Stop,
    /// Examine anew.
    Again,
    /// Show that spec.
    Jump(DatabaseName, Arc<str>),
    /// Repair all of the chosen rule.
    Fix,
    /// Mark all of the chosen rule.
    Mark,
}

impl Doctor {
    /// The chosen rule's findings.
    pub fn chosen(&self) -> Option<&Found> {
        self.report.found.get(self.chosen)
    }

    /// A pass came further, or to its end: the chosen rule stays chosen.
    pub fn reported(&mut self, report: Report, ended: Option<i64>) {
        let rule = self.chosen().filter(|_| self.touched).map(|found| found.rule.code);
        self.report = report;
        let at = self.report.found.iter().position(|found| Some(found.rule.code) == rule);
        let last = self.report.found.len().saturating_sub(1);
        self.chosen = at.unwrap_or(if self.touched { self.chosen.min(last) } else { 0 });
        if let Some(listing) = &mut self.listing {
            let specs = self.report.found.get(self.chosen).map_or(0, |found| found.examples.len());
            *listing = (*listing).min(specs.saturating_sub(1));
        }
        if ended.is_some() {
            (self.request, self.ended) = (None, ended);
        }
    }

    /// A key; so many lines are shown.
    pub fn key(&mut self, event: &KeyEvent, lines: usize) -> Wish {
        let count = match self.listing {
            Some(_) => self.chosen().map_or(0, |found| found.examples.len()),
            None => self.report.found.len(),
        };
        let last = count.saturating_sub(1) as i64;
        let step = match event.code {
            KeyCode::Esc if self.listing.is_some() => {
                self.listing = None;
                return Wish::Stay;
            }
            KeyCode::Esc if self.request.is_some() => return Wish::Stop,
            KeyCode::Esc | KeyCode::Char('q' | '!') => return Wish::Leave,
            KeyCode::Enter => return self.enter(),
            KeyCode::Char('x') if self.chosen().is_some() => return Wish::Fix,
            KeyCode::Char('*') if self.chosen().is_some() => return Wish::Mark,
            KeyCode::Char('r') if self.request.is_none() => return Wish::Again,
            KeyCode::Down | KeyCode::Char('j') => 1,
            KeyCode::Up | KeyCode::Char('k') => -1,
            KeyCode::PageDown | KeyCode::Char(' ') => lines as i64,
            KeyCode::PageUp => -(lines as i64),
            KeyCode::Home | KeyCode::Char('g') => i64::MIN / 2,
            KeyCode::End | KeyCode::Char('G') => i64::MAX / 2,
            _ => return Wish::Stay,
        };
        self.touched = true;
        let cursor = self.listing.as_mut().unwrap_or(&mut self.chosen);
        *cursor = (*cursor as i64).saturating_add(step).clamp(0, last.max(0)) as usize;
        Wish::Stay
    }

    fn enter(&mut self) -> Wish {
        let Some(found) = self.chosen() else { return Wish::Stay };
        match self.listing {
            None if found.examples.is_empty() => Wish::Stay,
            None => {
                (self.listing, self.touched) = (Some(0), true);
                Wish::Stay
            }
            Some(at) => found.examples.get(at).map_or(Wish::Stay, |spec| {
                Wish::Jump(spec.database.clone(), Arc::clone(&spec.instance_uuid))
            }),
        }
    }
}
