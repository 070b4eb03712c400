//! What is known of each database: whether it answers, what it said of itself, how many specs it
//! holds, when to ask again. Imports `change` (names); no I/O.
//!
//! Each is asked for a sign of life every [`PROBE_EVERY`] seconds, one question at a time, the
//! databases spread over those seconds by their place in the list.

use std::time::Duration;

use super::row::Failure;
use crate::change::DatabaseName;

/// Seconds between two questions for a sign of life.
pub const PROBE_EVERY: i64 = 10;
/// Seconds after which a database that does not answer counts as slow.
const SLOW_AFTER: i64 = 2;
/// A round trip that takes longer is worth saying.
const UNUSUAL: Duration = Duration::from_millis(50);
/// A round trip that takes longer makes a database slow.
const SLOW: Duration = Duration::from_secs(1);
/// Seconds between two counts of a database that is shown.
const COUNT_EVERY: i64 = 60;
/// A count is not repeated before this many times the time that it took: it reads a whole index.
const COUNT_REST: i64 = 20;

/// Where a database is, as a deployment tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: DatabaseName,
    /// Its address for people, masked.
    pub location: String,
    /// Whether nova's `cell_mappings` says that it is disabled.
    pub disabled: bool,
    /// Why there is no address, in a sentence.
    pub unaddressed: Option<String>,
    /// Who says so: a sentence for the screen of databases.
    pub origin: String,
}

impl Place {
    /// A database that was given, at that location.
    pub fn given(name: DatabaseName, location: impl Into<String>) -> Self {
        Self {
            name,
            location: location.into(),
            disabled: false,
            unaddressed: None,
            origin: "given".to_owned(),
        }
    }
}

/// What the account of a session may do with the specs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rights {
    /// Read and write.
    Write,
    /// Read only; why, in a sentence.
    ReadOnly(String),
    /// Not known.
    Unknown,
}

/// What a database said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The product and its version: `MariaDB 10.11.19`.
    pub product: String,
    /// What the account may do.
    pub rights: Rights,
    /// Whether the table `request_specs` is there.
    pub has_table: bool,
    /// How long a small question took.
    pub round_trip: Duration,
    /// What else there is to know, a sentence each.
    pub remarks: Vec<String>,
}

/// Whether a database answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Not asked yet, or asked and not answered.
    Connecting,
    /// It answers.
    Up,
    /// It answers, but has no table `request_specs`.
    NoTable,
    /// It does not answer.
    Down {
        /// Why, in a sentence.
        reason: String,
        /// When it is asked again, in seconds since 1970; None while it is being asked.
        retry_at: Option<i64>,
        /// How often it was asked in vain.
        attempts: u32,
    },
}

/// What the screen says of a database in one sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It does not answer, or there is no address.
    Down,
    /// It answers, but has no table.
    NoTable,
    /// It answers, but takes its time, or has left a question without an answer for a while.
    Slow,
    /// It was asked for the first time, and has not answered.
    Connecting,
    /// It answers, and nova schedules nothing there.
    Disabled,
    /// It answers.
    Up,
}

impl State {
    /// All, the worst first.
    pub const ALL: [State; 6] =
        [State::Down, State::NoTable, State::Slow, State::Connecting, State::Disabled, State::Up];

    /// Whether an operator should look at it.
    pub fn is_trouble(self) -> bool {
        matches!(self, State::Down | State::NoTable | State::Slow)
    }

    /// In a word or two.
    pub fn word(self) -> &'static str {
        match self {
            State::Down => "down",
            State::NoTable => "no table",
            State::Slow => "slow",
            State::Connecting => "connecting",
            State::Disabled => "disabled",
            State::Up => "up",
        }
    }
}

/// A database of the deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: DatabaseName,
    /// Where it is, for people.
    pub location: String,
    /// Whether nova schedules nothing there.
    pub disabled: bool,
    /// Who says where it is.
    pub origin: String,
    /// Whether it answers.
    pub health: Health,
    /// What it said of itself, the last time it did.
    pub said: Option<Said>,
    /// How many specs it holds, once counted.
    pub count: Option<u64>,
    /// Why there is no address, or that it is not one of the deployment's any more: it is not asked.
    unreachable: Option<String>,
    /// Since when it is connecting, in seconds since 1970.
    since: i64,
    /// Since when a question for a sign of life waits for its answer.
    probing: Option<i64>,
    /// When the next one is due; None before the first.
    probe_at: Option<i64>,
    /// Since when it is being counted.
    counting: Option<i64>,
    /// When it is to be counted again; None: as soon as can be.
    count_at: Option<i64>,
}

impl Database {
    /// A database that was not asked yet.
    pub fn new(place: Place, now: i64) -> Self {
        let mut database = Self {
            name: place.name,
            location: place.location,
            disabled: place.disabled,
            origin: place.origin,
            health: Health::Connecting,
            said: None,
            count: None,
            unreachable: None,
            since: now,
            probing: None,
            probe_at: None,
            counting: None,
            count_at: None,
        };
        database.reachable(place.unaddressed);
        database
    }

    fn reachable(&mut self, problem: Option<String>) {
        if let Some(reason) = &problem {
            self.health = Health::Down { reason: reason.clone(), retry_at: None, attempts: 0 };
            self.count = None;
        }
        self.unreachable = problem;
    }

    /// The session begins at that time.
    pub(super) fn start_at(&mut self, now: i64) {
        self.since = now;
    }

    /// The deployment says this of it now. True if it is to be asked anew: it is elsewhere.
    pub fn placed(&mut self, place: Place, now: i64) -> bool {
        let same = self.location == place.location && self.unreachable == place.unaddressed;
        (self.disabled, self.origin) = (place.disabled, place.origin.clone());
        if !same {
            *self = Self::new(place, now);
        }
        !same && self.unreachable.is_none()
    }

    /// It is not one of the deployment's any more.
    pub fn vanished(&mut self) {
        self.reachable(Some("it is no longer listed in cell_mappings".to_owned()));
    }

    /// Whether there is an address to ask at.
    pub fn can_be_asked(&self) -> bool {
        self.unreachable.is_none()
    }

    /// It answered.
    pub fn answered(&mut self) {
        if self.can_be_asked() {
            self.health = Health::Up;
        }
    }

    /// It failed. Asked again after 2, 4, 8 … 60 seconds if it is down.
    pub fn failed(&mut self, failure: &Failure, now: i64) {
        match failure {
            _ if !self.can_be_asked() => {}
            Failure::NoTable => {
                self.health = Health::NoTable;
                self.count = None;
            }
            Failure::Down(reason) => {
                let attempts = match self.health {
                    // Several requests fail at once when a database vanishes: that is one attempt.
                    Health::Down { retry_at: Some(at), attempts, .. } if at > now => attempts,
                    Health::Down { attempts, .. } => attempts.saturating_add(1),
                    _ => 1,
                };
                let wait = 2_i64.saturating_pow(attempts).min(60);
                self.health = Health::Down { reason: reason.clone(), retry_at: Some(now + wait), attempts };
                self.count = None;
            }
            Failure::Failed(_) => {}
        }
    }

    /// Whether a question for a sign of life is due: it is down and was left alone for long enough,
    /// or its turn has come.
    pub fn is_due(&self, now: i64) -> bool {
        if self.probing.is_some() || !self.can_be_asked() {
            return false;
        }
        match self.health {
            Health::Down { retry_at, .. } => retry_at.is_some_and(|at| at <= now),
            _ => self.probe_at.is_some_and(|at| at <= now),
        }
    }

    /// It is being asked for a sign of life; `place` is its place in the list. False if it is being
    /// asked already, or cannot be.
    pub fn asked(&mut self, now: i64, place: usize) -> bool {
        if self.probing.is_some() || !self.can_be_asked() {
            return false;
        }
        if let Health::Down { retry_at, .. } = &mut self.health {
            *retry_at = None;
        }
        self.probing = Some(now);
        // The first turn spreads the databases over the seconds; each keeps its second from then on.
        let spread = if self.probe_at.is_none() { place as i64 % PROBE_EVERY } else { 0 };
        self.probe_at = Some(now + PROBE_EVERY + spread);
        true
    }

    /// It is being read again for another reason: what is known of its being down is old.
    pub fn forgiven(&mut self) {
        if let (Health::Down { retry_at, .. }, true) = (&mut self.health, self.unreachable.is_none()) {
            *retry_at = None;
        }
        self.count_at = None;
    }

    /// The answer to the question for a sign of life.
    pub fn probed(&mut self, result: Result<Said, Failure>, now: i64) {
        self.probing = None;
        match result {
            // No sign of life either: what is shown must not be "connecting" or an old reason for ever.
            Err(Failure::Failed(reason)) if !matches!(self.health, Health::Up | Health::NoTable) => {
                self.failed(&Failure::Down(reason), now);
            }
            Err(failure) => self.failed(&failure, now),
            Ok(said) => {
                if said.has_table {
                    self.answered();
                } else {
                    self.failed(&Failure::NoTable, now);
                }
                self.said = Some(said);
            }
        }
    }

    /// Whether it is to be counted: the first time, or again where it is `shown`.
    pub fn wants_count(&self, now: i64, shown: bool) -> bool {
        let due = match self.count_at {
            None => true,
            Some(at) => shown && at <= now,
        };
        self.health == Health::Up && self.counting.is_none() && due
    }

    /// It is being counted.
    pub fn counting(&mut self, now: i64) {
        self.counting = Some(now);
    }

    /// How many specs it holds, or why that is not known.
    pub fn counted(&mut self, count: Option<u64>, now: i64) {
        let took = self.counting.take().map_or(0, |began| now - began);
        self.count_at = Some(now + COUNT_EVERY.max(took * COUNT_REST));
        if count.is_some() {
            self.count = count;
        }
    }

    /// The number of its specs is not what it was.
    pub fn recount(&mut self) {
        self.count_at = None;
    }

    /// Why it does not answer, where its address stands beside it: without that.
    pub fn cause(&self) -> Option<&str> {
        let Health::Down { reason, .. } = &self.health else { return None };
        let behind = reason.strip_prefix(&self.location).and_then(|rest| rest.strip_prefix(": "));
        Some(behind.unwrap_or(reason))
    }

    /// Why its account may not write, if so.
    pub fn read_only(&self) -> Option<&str> {
        match self.said.as_ref().map(|said| &said.rights) {
            Some(Rights::ReadOnly(reason)) => Some(reason),
            _ => None,
        }
    }

    /// What the screen says of it in one sign.
    pub fn state(&self, now: i64) -> State {
        match self.health {
            Health::Down { .. } => State::Down,
            Health::Connecting => State::Connecting,
            _ if self.silent_for(now).is_some() => State::Slow,
            Health::NoTable => State::NoTable,
            Health::Up if self.said.as_ref().is_some_and(|said| said.round_trip >= SLOW) => State::Slow,
            Health::Up if self.disabled => State::Disabled,
            Health::Up => State::Up,
        }
    }

    /// For how many seconds it is connecting.
    pub fn connecting_for(&self, now: i64) -> Option<i64> {
        (self.health == Health::Connecting).then_some((now - self.since).max(0))
    }

    /// For how many seconds it has left a question without an answer, once that is long.
    pub fn silent_for(&self, now: i64) -> Option<i64> {
        let silent = self.probing.map(|since| now - since);
        silent.filter(|seconds| *seconds >= SLOW_AFTER && self.health != Health::Connecting)
    }

    /// Whether an answer may be waited for before a frame is drawn.
    pub fn is_prompt(&self, now: i64) -> bool {
        match self.health {
            Health::Connecting => now - self.since < 1,
            Health::Down { .. } => false,
            Health::Up | Health::NoTable => self.silent_for(now).is_none(),
        }
    }

    /// The round trip, where it is worth saying.
    pub fn latency(&self) -> Option<Duration> {
        self.said.as_ref().map(|said| said.round_trip).filter(|round_trip| *round_trip > UNUSUAL)
    }
}

/// What the title and the panes call a database: `API` or the cell's name.
pub fn label(name: &DatabaseName) -> String {
    match name {
        DatabaseName::Api => "API".to_owned(),
        DatabaseName::Cell(cell) => cell.to_string(),
    }
}

/// A sentence of the change or store modules, which call the API database `api` as the command line
/// does, with the name that the screen has for it. Only the word by itself is meant: paths, uuids
/// and hyphenated names stay.
pub fn spoken(sentence: &str) -> String {
    const WORD: &str = "api";
    let mut out = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some(at) = rest.find(WORD) {
        let (before, after) = (&rest[..at], &rest[at + WORD.len()..]);
        out.push_str(before);
        let begins = out.chars().next_back().is_none_or(|last| last == ' ' || last == '(');
        let mut next = after.chars();
        let ends = match next.next() {
            None | Some(' ' | ',' | ':' | ';' | ')' | '\'') => true,
            Some('.') => next.next().is_none_or(|after| after == ' ' || after == '\n'),
            Some(_) => false,
        };
        out.push_str(if begins && ends { "API" } else { WORD });
        rest = after;
    }
    out + rest
}

#[cfg(test)]
#[path = "database_tests.rs"]
mod database_tests;
