//! Values and keys that databases hold, as far as they were looked at, for completion: what is worth a
//! look, what came of which database, and what of it may be offered.
//!
//! Imports `query` and `change` (names); no I/O.

use std::collections::HashMap;
use std::sync::Arc;

use super::effect::{Effect, RequestId, Requests};
use crate::change::DatabaseName;
use crate::query::fields::{Fact, Kind, Source};
use crate::query::{Field, Sample, Subject};

/// Subjects that are kept at most; those that were asked for first go first.
const SUBJECTS: usize = 50;
/// Values that are kept of a subject and database.
const VALUES: usize = 200;

/// All that was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// By subject, the last asked last.
    kept: Vec<(Subject, Vec<(DatabaseName, Sample)>)>,
    /// What was looked at since the bar was opened: it is not asked for again.
    fresh: Vec<(Subject, DatabaseName)>,
    asked: Option<Asked>,
}

/// A question under way.
#[derive(Debug)]
struct Asked {
    request: RequestId,
    subjects: Arc<[Subject]>,
    waiting: Vec<DatabaseName>,
}

impl Seen {
    /// What was seen may have changed: it is looked at again when it is asked for next.
    pub fn age(&mut self) {
        self.fresh.clear();
        self.asked = None;
    }

    /// Asks for what has not been looked at in those databases. An older question is given up.
    pub fn ask(
        &mut self,
        subjects: Vec<Subject>,
        databases: &[DatabaseName],
        requests: &mut Requests,
    ) -> Option<Effect> {
        let missing = |subject: &Subject, database: &DatabaseName| {
            !self.fresh.iter().any(|(fresh, of)| fresh == subject && of == database)
        };
        let wanted = |subject: &Subject| databases.iter().any(|database| missing(subject, database));
        let subjects: Vec<Subject> = subjects.into_iter().filter(wanted).collect();
        let databases: Vec<DatabaseName> = databases
            .iter()
            .filter(|database| subjects.iter().any(|subject| missing(subject, database)))
            .cloned()
            .collect();
        let is_asked = self.asked.as_ref().is_some_and(|asked| {
            subjects.iter().all(|subject| asked.subjects.contains(subject))
                && databases.iter().all(|database| asked.waiting.contains(database))
        });
        if subjects.is_empty() || is_asked {
            return None;
        }
        let (request, subjects) = (requests.issue(), Arc::<[Subject]>::from(subjects));
        self.asked = Some(Asked { request, subjects: Arc::clone(&subjects), waiting: databases.clone() });
        Some(Effect::Sample { request, databases, subjects })
    }

    /// A database answered. False where nobody waits for that any more.
    pub fn answered(&mut self, request: RequestId, database: &DatabaseName, samples: Vec<Sample>) -> bool {
        let asked = self.asked.as_mut().filter(|asked| asked.request == request);
        let Some(asked) = asked.filter(|asked| asked.waiting.contains(database)) else { return false };
        asked.waiting.retain(|waited| waited != database);
        let subjects = Arc::clone(&asked.subjects);
        if asked.waiting.is_empty() {
            self.asked = None;
        }
        // One that could not be asked is not asked again with every key.
        self.fresh.extend(subjects.iter().map(|subject| (subject.clone(), database.clone())));
        for (subject, mut sample) in subjects.iter().zip(samples) {
            sample.texts.truncate(VALUES);
            let known = self.kept.iter().position(|(known, _)| known == subject);
            let mut of = known.map(|at| self.kept.remove(at).1).unwrap_or_default();
            of.retain(|(known, _)| known != database);
            of.push((database.clone(), sample));
            self.kept.push((subject.clone(), of));
        }
        let surplus = self.kept.len().saturating_sub(SUBJECTS);
        for (subject, _) in self.kept.drain(..surplus) {
            self.fresh.retain(|(fresh, _)| *fresh != subject);
        }
        true
    }

    /// What was seen of a subject in those databases, each with its rows, and whether these are all
    /// rows that have it.
    pub fn of(&self, subject: &Subject, databases: &[DatabaseName]) -> (HashMap<Arc<str>, u64>, bool) {
        let kept = self.kept.iter().find(|(known, _)| known == subject);
        let mut texts: HashMap<Arc<str>, u64> = HashMap::new();
        let mut is_whole = true;
        for database in databases {
            let sample = kept.and_then(|(_, of)| of.iter().find(|(known, _)| known == database));
            is_whole &= sample.is_some_and(|(_, sample)| sample.is_whole);
            for (text, rows) in sample.iter().flat_map(|(_, sample)| &sample.texts) {
                *texts.entry(Arc::clone(text)).or_default() += rows;
            }
        }
        (texts, is_whole)
    }
}

/// Whether it is worth a look which values a field has: not where each row has its own, nor where all
/// that there can be are known.
pub fn is_worth_a_look(field: &Field) -> bool {
    let known = matches!(
        field.source,
        Source::Instance
            | Source::Id
            | Source::Created
            | Source::Updated
            | Source::Size
            | Source::Database
            | Source::Demands
            | Source::Fact(Fact::Twin | Fact::Mapped)
    );
    !known && !matches!(field.kind, Kind::Flag | Kind::Time)
}
