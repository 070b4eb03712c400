//! Counting findings from several threads, and keeping the first examples of each.
//!
//! Imports `lint`, `store` and its siblings.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Seen;
use super::report::{Example, Found, Unknown};
use crate::lint::{Finding, Judgement, RULES, Rule};
use crate::store::DatabaseName;

/// The findings of one rule in one database.
#[derive(Debug, Default)]
struct Slot {
    count: AtomicU64,
    unknown: AtomicU64,
    /// From this id on nothing is an example any more.
    enough: AtomicI64,
    examples: Mutex<BTreeMap<(i64, u64), Example>>,
}

/// The number in a rule's code.
fn number(rule: &Rule) -> Option<usize> {
    rule.code.get(2..)?.parse().ok()
}

/// The findings of all rules in all databases.
pub(super) struct Tally {
    databases: Vec<DatabaseName>,
    /// By database, then by the rule's place in [`RULES`].
    slots: Vec<Slot>,
    wanted: Vec<bool>,
    /// The places of rules, by the number in their code.
    places: Vec<usize>,
    examples: usize,
    each: Option<Seen>,
}

impl Tally {
    pub fn new(
        databases: &[DatabaseName],
        rules: Option<&[&'static Rule]>,
        examples: usize,
        each: Option<Seen>,
    ) -> Self {
        let is_wanted =
            |rule: &Rule| rules.is_none_or(|rules| rules.iter().any(|wanted| wanted.code == rule.code));
        let mut places = Vec::new();
        for (place, number) in
            RULES.iter().enumerate().filter_map(|(place, rule)| Some((place, number(rule)?)))
        {
            places.resize(places.len().max(number + 1), usize::MAX);
            if let Some(slot) = places.get_mut(number) {
                *slot = place;
            }
        }
        let slot = || Slot { enough: AtomicI64::new(i64::MAX), ..Slot::default() };
        Self {
            databases: databases.to_vec(),
            slots: std::iter::repeat_with(slot).take(databases.len() * RULES.len()).collect(),
            wanted: RULES.iter().map(is_wanted).collect(),
            places,
            examples,
            each,
        }
    }

    fn slot(&self, database: usize, rule: &'static Rule) -> Option<&Slot> {
        let place = *self.places.get(number(rule)?)?;
        self.wanted.get(place).copied().filter(|wanted| *wanted)?;
        self.slots.get(database * RULES.len() + place)
    }

    /// Whether that rule is asked for.
    pub fn wants(&self, rule: &'static Rule) -> bool {
        self.slot(0, rule).is_some()
    }

    /// What was found of the spec with that id in the database of that place.
    pub fn add(&self, database: usize, id: i64, instance_uuid: &str, judgement: Judgement) {
        for rule in judgement.unknown {
            self.add_unknown(database, rule, 1);
        }
        let mut counted: Option<&'static Rule> = None;
        for (number, finding) in (0..).zip(judgement.findings) {
            let Some(slot) = self.slot(database, finding.rule) else { continue };
            // Specs are counted, however often one breaks the rule. The findings of one come together.
            if counted.is_none_or(|rule| rule.code != finding.rule.code) {
                slot.count.fetch_add(1, Ordering::Relaxed);
                counted = Some(finding.rule);
                if id < slot.enough.load(Ordering::Relaxed) {
                    self.keep(slot, (id, number), instance_uuid, &finding);
                }
            }
            if let (Some(each), Some(name)) = (&self.each, self.databases.get(database)) {
                each(name, instance_uuid, &finding);
            }
        }
    }

    fn keep(&self, slot: &Slot, key: (i64, u64), instance_uuid: &str, finding: &Finding) {
        let mut examples = slot.examples.lock().unwrap_or_else(PoisonError::into_inner);
        let example = Example {
            instance_uuid: instance_uuid.into(),
            path: finding.path.as_str().into(),
            sentence: finding.sentence.as_str().into(),
        };
        examples.insert(key, example);
        if examples.len() > self.examples {
            examples.pop_last();
        }
        if examples.len() == self.examples
            && let Some(((last, _), _)) = examples.last_key_value()
        {
            slot.enough.store(*last, Ordering::Relaxed);
        }
    }

    /// That many specs of which it is not known whether they break the rule.
    pub fn add_unknown(&self, database: usize, rule: &'static Rule, count: u64) {
        if let Some(slot) = self.slot(database, rule) {
            slot.unknown.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// What was counted so far, with at most so many examples each.
    pub fn counted(&self, most: usize) -> (Vec<Found>, Vec<Unknown>) {
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for (place, rule) in RULES.iter().enumerate() {
            for (at, database) in self.databases.iter().enumerate() {
                let Some(slot) = self.slots.get(at * RULES.len() + place) else { continue };
                let (count, open) =
                    (slot.count.load(Ordering::Relaxed), slot.unknown.load(Ordering::Relaxed));
                if open > 0 {
                    unknown.push(Unknown { rule, database: database.clone(), count: open });
                }
                if count > 0 {
                    let examples = slot.examples.lock().unwrap_or_else(PoisonError::into_inner);
                    let examples = examples.values().take(most).cloned().collect();
                    found.push(Found { rule, database: database.clone(), count, examples });
                }
            }
        }
        (found, unknown)
    }
}
