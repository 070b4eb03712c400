//! What is known of each database: whether it answers, how many specs it holds, when to ask again.
//! Imports `change` (names); no I/O.

use super::row::Failure;
use crate::change::DatabaseName;

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

/// A database of the deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: DatabaseName,
    /// Where it is, for people.
    pub location: String,
    /// Whether nova schedules nothing there.
    pub disabled: bool,
    /// Whether it answers.
    pub health: Health,
    /// How many specs it holds, once counted.
    pub count: Option<u64>,
}

impl Database {
    /// A database that was not asked yet.
    pub fn new(name: DatabaseName, location: impl Into<String>) -> Self {
        Self { name, location: location.into(), disabled: false, health: Health::Connecting, count: None }
    }

    /// It answered.
    pub fn answered(&mut self) {
        self.health = Health::Up;
    }

    /// It failed. Asked again after 2, 4, 8 … 60 seconds if it is down.
    pub fn failed(&mut self, failure: &Failure, now: i64) {
        match failure {
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

    /// Whether it is down and to be asked again.
    pub fn is_due(&self, now: i64) -> bool {
        matches!(self.health, Health::Down { retry_at: Some(at), .. } if at <= now)
    }

    /// It is being asked again.
    pub fn asked(&mut self) {
        if let Health::Down { retry_at, .. } = &mut self.health {
            *retry_at = None;
        }
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
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("Copied the spec of 1 from cell1 to api.", "Copied the spec of 1 from cell1 to API.")]
    #[case("api: no spec of api-1", "API: no spec of api-1")]
    #[case("/srv/api/x.api and api.sqlite, capi api", "/srv/api/x.api and api.sqlite, capi API")]
    #[case("api", "API")]
    fn the_api_database_is_called_as_on_the_screen(#[case] sentence: &str, #[case] expected: &str) {
        assert_eq!(spoken(sentence), expected);
    }

    #[test]
    fn retries_come_less_and_less_often() {
        let mut database = Database::new(DatabaseName::Api, "x");
        let down = Failure::Down("gone".to_owned());
        let mut waits = Vec::new();
        let mut now = 0;
        for _ in 0..7 {
            database.failed(&down, now);
            database.failed(&down, now);
            let Health::Down { retry_at: Some(retry_at), .. } = database.health else { panic!("not down") };
            assert!(!database.is_due(retry_at - 1) && database.is_due(retry_at));
            waits.push(retry_at - now);
            now = retry_at;
            database.asked();
            assert!(!database.is_due(now + 1_000));
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60]);
        database.answered();
        assert_eq!(database.health, Health::Up);
    }
}
