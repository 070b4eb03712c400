//! What the doctor tells: plain data, cheap to clone.

use std::sync::Arc;
use std::time::Duration;

use crate::lint::{RULES, Rule, Severity};
use crate::store::DatabaseName;

/// What was found so far, and how far it is.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What it does now.
    pub step: Step,
    /// Rows of nova's tables read.
    pub read: u64,
    /// Specs examined.
    pub passed: u64,
    /// Of how many, where that is known.
    pub total: Option<u64>,
    /// Since the beginning.
    pub elapsed: Duration,
    /// Since the first spec.
    pub examining: Duration,
    /// The findings, by code and database.
    pub findings: Arc<[Found]>,
    /// What could not be told, by code and database.
    pub unknown: Arc<[Unknown]>,
    /// Specs that may belong to those asked for: other tables would tell, and could not be asked.
    pub undecided: u64,
    /// The databases that did not tell, and why: their specs were not examined, or what they would say is unknown.
    pub failures: Arc<[Failure]>,
    /// Why it is not known of some specs whether they belong to those asked for, a sentence each.
    pub remarks: Arc<[String]>,
    /// Whether it came to its end; false where it was cancelled.
    pub finished: bool,
}

/// What the doctor does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Step {
    /// Reads what nova's tables say of all instances.
    #[default]
    Tables,
    /// Examines the specs of that database.
    Specs(DatabaseName),
    /// Looks for instances without a spec.
    Missing,
    /// Nothing more.
    Ended,
}

/// The specs of one database that break one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The rule.
    pub rule: &'static Rule,
    /// Where the specs stand; of instances without a spec, the cell that has the instance.
    pub database: DatabaseName,
    /// How many specs.
    pub count: u64,
    /// The first of them by id.
    pub examples: Arc<[Example]>,
}

/// A spec that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Whose.
    pub instance_uuid: Arc<str>,
    /// Where in the spec; empty: the whole.
    pub path: Arc<str>,
    /// What is wrong, a whole sentence. May hold text from a database.
    pub sentence: Arc<str>,
}

/// The specs of one database of which it is not known whether they break a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The rule.
    pub rule: &'static Rule,
    /// Where they stand.
    pub database: DatabaseName,
    /// How many.
    pub count: u64,
}

/// A database that did not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub database: DatabaseName,
    /// Why, a whole sentence.
    pub reason: Arc<str>,
    /// Whether its specs were not all examined, rather than what it says of others'.
    pub unexamined: bool,
}

impl Report {
    /// Specs a second.
    pub fn rate(&self) -> f64 {
        self.passed as f64 / self.examining.as_secs_f64().max(1e-3)
    }

    /// How many findings there are of that weight.
    pub fn count(&self, severity: Severity) -> u64 {
        self.findings.iter().filter(|found| found.rule.severity == severity).map(|found| found.count).sum()
    }

    /// The findings rule by rule, the heaviest first.
    pub fn by_rule(&self) -> Vec<(&'static Rule, Vec<&Found>)> {
        let mut rules: Vec<&'static Rule> = RULES.iter().collect();
        rules.sort_by(|one, other| other.severity.cmp(&one.severity).then_with(|| one.code.cmp(other.code)));
        let of = |rule: &'static Rule| {
            let found: Vec<&Found> =
                self.findings.iter().filter(|found| found.rule.code == rule.code).collect();
            (!found.is_empty()).then_some((rule, found))
        };
        rules.into_iter().filter_map(of).collect()
    }
}
