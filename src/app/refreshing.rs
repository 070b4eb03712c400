//! Reading the lists anew by itself: off, every 5 s, every 30 s; and what that brought: rows
//! that appeared, changed or vanished.
//!
//! A list is a window ([`super::list`]): only what lies between rows that both readings have, or
//! beyond the end of a list that both have to its end, can be told to have appeared or vanished; rows
//! that come into sight by moving are no news.
//!
//! Imports its siblings; no I/O.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::row::Row;
use crate::change::DatabaseName;

/// So many readings that brought something are remembered.
const READINGS: usize = 10;
/// The choices of A, in seconds.
const EVERY: [i64; 2] = [5, 30];
/// Shortest interval that can be asked for, in seconds.
const SHORTEST: i64 = 2;
/// Longest one.
const LONGEST: i64 = 3_600;

/// What a row is known by.
pub type Known = (DatabaseName, Arc<str>);

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was not there before.
    Appeared,
    /// It was another one.
    Changed,
}

/// A window of a list, as far as news need it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// Its rows.
    pub rows: Vec<Row>,
    /// Whether the list begins with it.
    pub from_start: bool,
    /// Whether the list ends with it.
    pub to_end: bool,
}

/// What a reading brought for one pane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    marks: HashMap<Known, Mark>,
    /// Rows that are gone, in the order of the list.
    pub vanished: Vec<Known>,
}

impl News {
    /// What is different between two readings of a list.
    pub fn between(before: &Window, after: &Window) -> News {
        let known = |row: &Row| (row.database.clone(), row.instance_uuid.clone());
        let old: HashMap<Known, &Row> = before.rows.iter().map(|row| (known(row), row)).collect();
        let new: HashSet<Known> = after.rows.iter().map(known).collect();
        let mut news = News::default();
        for row in &after.rows {
            let changed = old.get(&known(row)).is_some_and(|old| is_other(old, row));
            if changed {
                news.marks.insert(known(row), Mark::Changed);
            }
        }
        let told = told(after, |row| old.contains_key(&known(row)), before);
        news.marks.extend(told.into_iter().map(|row| (known(row), Mark::Appeared)));
        let told = self::told(before, |row| new.contains(&known(row)), after);
        news.vanished = told.into_iter().map(known).collect();
        news
    }

    /// What happened to a row.
    pub fn mark(&self, row: &Row) -> Option<Mark> {
        self.marks.get(&(row.database.clone(), row.instance_uuid.clone())).copied()
    }

    /// How many rows appeared, changed and vanished.
    pub fn counts(&self) -> (usize, usize, usize) {
        let appeared = self.marks.values().filter(|mark| **mark == Mark::Appeared).count();
        (appeared, self.marks.len() - appeared, self.vanished.len())
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty() && self.vanished.is_empty()
    }

    /// The rows with that mark.
    pub fn marked(&self, mark: Mark) -> Vec<&Known> {
        let mut rows: Vec<_> = self.marks.iter().filter(|(_, is)| **is == mark).map(|(row, _)| row).collect();
        rows.sort();
        rows
    }
}

/// Whether the same instance's row says something else now.
fn is_other(one: &Row, other: &Row) -> bool {
    let said = |row: &Row| (row.key.id, row.key.updated.clone(), row.values.clone());
    said(one) != said(other) || one.summary != other.summary
}

/// The rows of `window` that the other reading does not have, although it covers their place.
fn told<'a>(window: &'a Window, in_other: impl Fn(&Row) -> bool, other: &Window) -> Vec<&'a Row> {
    let common: Vec<bool> = window.rows.iter().map(in_other).collect();
    let nothing = other.rows.is_empty() && other.from_start && other.to_end;
    let first = common.iter().position(|common| *common);
    let last = common.iter().rposition(|common| *common);
    let covered = |at: usize| match (first, last) {
        (Some(first), Some(last)) => (at > first || other.from_start) && (at < last || other.to_end),
        _ => nothing || (other.from_start && other.to_end),
    };
    let missing =
        window.rows.iter().zip(&common).enumerate().filter(|(at, (_, common))| !**common && covered(*at));
    missing.map(|(_, (row, _))| row).collect()
}

/// The reading by itself.
#[derive(Debug, Clone, Default)]
pub struct Refreshing {
    /// How often, in seconds; none: not at all.
    pub every: Option<i64>,
    /// When it was read last, in seconds since 1970.
    pub last: i64,
    /// The windows before the reading that is under way, left and right.
    pub before: Option<[Option<Window>; 2]>,
    /// What the last reading that brought something brought, left and right.
    pub news: [News; 2],
    /// The last readings that brought something, the newest first.
    pub past: VecDeque<Reading>,
}

/// A reading that brought something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// When, in seconds since 1970.
    pub at: i64,
    /// What, left and right.
    pub news: [News; 2],
}

impl Refreshing {
    /// The next choice: 5 s, 30 s, off.
    pub fn turn(&mut self, now: i64) {
        let next = match self.every {
            None => Some(EVERY[0]),
            Some(seconds) => EVERY.into_iter().find(|choice| *choice > seconds),
        };
        self.set(next, now);
    }

    /// That often, counted from now on.
    pub fn set(&mut self, every: Option<i64>, now: i64) {
        let past = std::mem::take(&mut self.past);
        *self = Self { every, last: now, past, ..Self::default() };
    }

    /// A reading is done. What it brought is marked until another one brings something to the pane.
    pub fn brought(&mut self, news: [News; 2], now: i64) {
        if news.iter().all(News::is_empty) {
            return;
        }
        for (marked, news) in self.news.iter_mut().zip(&news) {
            if !news.is_empty() {
                *marked = news.clone();
            }
        }
        self.past.push_front(Reading { at: now, news });
        self.past.truncate(READINGS);
    }

    /// Whether it is time to read.
    pub fn is_due(&self, now: i64) -> bool {
        self.before.is_none() && self.every.is_some_and(|every| now - self.last >= every)
    }

    /// The reading that was under way is done, or does not count: the lists show something else.
    pub fn forget(&mut self) {
        self.before = None;
        self.news = Default::default();
    }
}

/// How often a text says: seconds, or `off`.
///
/// # Errors
/// It says nothing of the kind.
pub fn interval(text: &str) -> Result<Option<i64>, String> {
    let text = text.trim();
    if matches!(text, "off" | "0" | "no") {
        return Ok(None);
    }
    let seconds = text.strip_suffix('s').unwrap_or(text).trim_end().parse::<i64>();
    match seconds {
        Ok(seconds) if (SHORTEST..=LONGEST).contains(&seconds) => Ok(Some(seconds)),
        _ => Err(format!("how often is given in seconds, {SHORTEST} to {LONGEST}, or off")),
    }
}

#[cfg(test)]
#[path = "refreshing_tests.rs"]
mod tests;
