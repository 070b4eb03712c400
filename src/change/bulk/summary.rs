//! What is shown of a plan of many changes: numbers, values before and after, findings, what is left out,
//! the first differences. Its size is bounded, whatever the number of operations.
//!
//! Imports `spec`, `lint` and its siblings; no I/O.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::change::{DatabaseName, Severity, Warning};
use crate::lint::{Judgement, Rule};
use crate::spec::diff::Change;
use crate::spec::text::masked_at;

/// Groups of values that a summary shows.
pub const GROUPS: usize = 50;
/// Groups that are counted before the rest is counted together.
const COUNTED: usize = 10_000;
/// Kinds of warnings, and of reasons to leave specs out, that are told apart.
const REASONS: usize = 50;
/// Examples of each.
const EXAMPLES: usize = 3;
/// Operations whose differences are shown.
pub const FIRST: usize = 10;
/// Characters of a value in a group.
const VALUE: usize = 120;
/// Characters of a value in a difference.
const EXCERPT: usize = 2_000;
/// Changes of one operation that are shown.
const CHANGES: usize = 40;

/// What a plan of many changes would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// How many operations it has.
    pub total: u64,
    /// How many of which kind where, by database.
    pub places: Vec<Place>,
    /// Which values become which, the most frequent first; no more than [`GROUPS`].
    pub groups: Vec<Group>,
    /// Changes of values that are in none of these groups.
    pub other_changes: u64,
    /// Findings that specs have after it and had not before, each with the number of specs.
    pub raised: Vec<(&'static Rule, u64)>,
    /// Findings that specs have before it and not after.
    pub cured: Vec<(&'static Rule, u64)>,
    /// What speaks against it, the heaviest first.
    pub warnings: Vec<Counted<Severity>>,
    /// Specs that are left out.
    pub left_out: Vec<Counted<WhyNot>>,
    /// What could not be asked, a sentence each.
    pub remarks: Vec<String>,
    /// Specs may be missing: a database could not be read, or it is not known of some whether they belong to it.
    pub is_incomplete: bool,
    /// The first operations, with what they change.
    pub first: Vec<First>,
}

/// How many operations of a kind there are in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The imperative: "save", "move" …
    pub verb: &'static str,
    /// Where; of a copy or move the source.
    pub database: DatabaseName,
    /// The destination of a copy or move.
    pub to: Option<DatabaseName>,
    /// How many.
    pub count: u64,
}

/// Specs in which a value becomes another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The field.
    pub path: String,
    /// The stored JSON before, shortened, its passwords masked; None where there is nothing.
    pub before: Option<String>,
    /// The same after.
    pub after: Option<String>,
    /// How many specs.
    pub count: u64,
}

/// A sentence that holds for several specs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted<S> {
    /// Of what kind it is.
    pub sort: S,
    /// A whole sentence.
    pub sentence: String,
    /// For how many specs.
    pub count: u64,
    /// Some of them.
    pub examples: Vec<(DatabaseName, Arc<str>)>,
}

/// Why a spec is not in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WhyNot {
    /// It is as wanted already.
    Needless,
    /// A rule, its text or its version forbids it.
    Refused,
    /// Another spec stands where it would go.
    InTheWay,
    /// What decides it could not be asked.
    Unknown,
    /// It was changed or deleted since.
    Changed,
}

/// One of the first operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct First {
    /// The imperative.
    pub verb: &'static str,
    /// Where; of a copy or move the source.
    pub database: DatabaseName,
    /// The destination of a copy or move.
    pub to: Option<DatabaseName>,
    /// Whose spec.
    pub instance_uuid: Arc<str>,
    /// What changes, values shortened and their passwords masked.
    pub changes: Vec<Change>,
    /// Changes that are left out here.
    pub more: usize,
}

/// An operation as the summary sees it.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// The imperative.
    pub verb: &'static str,
    /// Where; of a copy or move the source.
    pub database: &'a DatabaseName,
    /// The destination of a copy or move.
    pub to: Option<&'a DatabaseName>,
    /// Whose spec.
    pub instance_uuid: &'a Arc<str>,
    /// The differences of the texts.
    pub changes: Vec<Change>,
    /// What is wrong with the text before.
    pub before: Judgement,
    /// What is wrong with the text after.
    pub after: Judgement,
    /// What speaks against it.
    pub warnings: Vec<Warning>,
}

/// A summary in the making.
#[derive(Debug, Default)]
pub struct Tallying {
    total: u64,
    places: BTreeMap<(DatabaseName, Option<DatabaseName>, &'static str), u64>,
    groups: HashMap<(String, Option<String>, Option<String>), u64>,
    other_changes: u64,
    raised: BTreeMap<&'static Rule, u64>,
    cured: BTreeMap<&'static Rule, u64>,
    warnings: Reasons<Severity>,
    left_out: Reasons<WhyNot>,
    remarks: Vec<String>,
    is_incomplete: bool,
    first: Vec<First>,
}

#[derive(Debug)]
struct Reasons<S>(Vec<Counted<S>>);

impl<S> Default for Reasons<S> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<S: Copy + PartialEq> Reasons<S> {
    fn add(&mut self, sort: S, sentence: String, database: &DatabaseName, instance_uuid: &Arc<str>) {
        let known = self.0.iter().position(|known| known.sort == sort && known.sentence == sentence);
        let at = known.unwrap_or_else(|| {
            let sentence = if self.0.len() < REASONS { sentence } else { "Other reasons.".to_owned() };
            let same = self.0.iter().position(|known| known.sort == sort && known.sentence == sentence);
            same.unwrap_or_else(|| {
                self.0.push(Counted { sort, sentence, count: 0, examples: Vec::new() });
                self.0.len() - 1
            })
        });
        if let Some(counted) = self.0.get_mut(at) {
            counted.count += 1;
            if counted.examples.len() < EXAMPLES {
                counted.examples.push((database.clone(), Arc::clone(instance_uuid)));
            }
        }
    }
}

impl Tallying {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many operations there are so far.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// One more operation.
    pub fn add(&mut self, seen: Seen<'_>) {
        self.total += 1;
        *self.places.entry((seen.database.clone(), seen.to.cloned(), seen.verb)).or_default() += 1;
        for rule in newly_broken(&seen.before, &seen.after) {
            *self.raised.entry(rule).or_default() += 1;
        }
        for rule in newly_broken(&seen.after, &seen.before) {
            *self.cured.entry(rule).or_default() += 1;
        }
        for Warning { severity, sentence } in seen.warnings {
            let sentence = general(sentence, seen.instance_uuid);
            self.warnings.add(severity, sentence, seen.database, seen.instance_uuid);
        }
        for change in &seen.changes {
            let value =
                |value: &Option<String>| Some(shortened(&masked_at(&change.path, value.as_ref()?), VALUE));
            let key = (change.path.clone(), value(&change.before), value(&change.after));
            if self.groups.len() < COUNTED || self.groups.contains_key(&key) {
                *self.groups.entry(key).or_default() += 1;
            } else {
                self.other_changes += 1;
            }
        }
        if self.first.len() < FIRST {
            self.first.push(First {
                verb: seen.verb,
                database: seen.database.clone(),
                to: seen.to.cloned(),
                instance_uuid: Arc::clone(seen.instance_uuid),
                more: seen.changes.len().saturating_sub(CHANGES),
                changes: seen.changes.into_iter().take(CHANGES).map(shown).collect(),
            });
        }
    }

    /// A spec that is not in the plan, and why: a whole sentence.
    pub fn leave_out(
        &mut self,
        why: WhyNot,
        sentence: impl Into<String>,
        database: &DatabaseName,
        instance_uuid: &Arc<str>,
    ) {
        self.left_out.add(why, general(sentence.into(), instance_uuid), database, instance_uuid);
    }

    /// Specs that are not in the plan and were not even looked at.
    pub fn leave_out_many(&mut self, why: WhyNot, sentence: impl Into<String>, count: u64) {
        if count > 0 {
            self.left_out.0.push(Counted {
                sort: why,
                sentence: sentence.into(),
                count,
                examples: Vec::new(),
            });
        }
    }

    /// What could not be asked; each sentence is told once.
    pub fn remark(&mut self, sentences: impl IntoIterator<Item = String>) {
        for sentence in sentences {
            if !self.remarks.contains(&sentence) && self.remarks.len() < REASONS {
                self.remarks.push(sentence);
            }
        }
    }

    /// Specs may be missing.
    pub fn incomplete(&mut self) {
        self.is_incomplete = true;
    }

    /// How many specs are left out for such a reason so far.
    pub fn left_out(&self, why: WhyNot) -> u64 {
        self.left_out.0.iter().filter(|counted| counted.sort == why).map(|counted| counted.count).sum()
    }

    /// The summary.
    pub fn finish(mut self) -> Summary {
        let mut groups: Vec<Group> = self
            .groups
            .into_iter()
            .map(|((path, before, after), count)| Group { path, before, after, count })
            .collect();
        groups.sort_by(|one, other| {
            let name = |group: &Group| (group.path.clone(), group.before.clone(), group.after.clone());
            other.count.cmp(&one.count).then_with(|| name(one).cmp(&name(other)))
        });
        let rest = groups.split_off(groups.len().min(GROUPS));
        let other_changes = self.other_changes + rest.iter().map(|group| group.count).sum::<u64>();
        self.warnings
            .0
            .sort_by_key(|warning| (std::cmp::Reverse(warning.sort), std::cmp::Reverse(warning.count)));
        self.left_out.0.sort_by_key(|left| (left.sort, std::cmp::Reverse(left.count)));
        let places = self.places.into_iter();
        Summary {
            total: self.total,
            places: places.map(|((database, to, verb), count)| Place { verb, database, to, count }).collect(),
            groups,
            other_changes,
            raised: heaviest_first(self.raised),
            cured: heaviest_first(self.cured),
            warnings: self.warnings.0,
            left_out: self.left_out.0,
            remarks: self.remarks,
            is_incomplete: self.is_incomplete,
            first: self.first,
        }
    }
}

impl Summary {
    /// How many specs are left out.
    pub fn left_out_count(&self) -> u64 {
        self.left_out.iter().map(|left| left.count).sum()
    }

    /// How many are left out for such a reason.
    pub fn left_out_for(&self, why: WhyNot) -> u64 {
        self.left_out.iter().filter(|left| left.sort == why).map(|left| left.count).sum()
    }
}

impl WhyNot {
    /// The word for lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::Needless => "as wanted already",
            Self::Refused => "refused",
            Self::InTheWay => "in the way",
            Self::Unknown => "unknown",
            Self::Changed => "changed since",
        }
    }
}

/// The rules that are broken, each once.
fn broken(judgement: &Judgement) -> impl Iterator<Item = &'static Rule> {
    let mut rules: Vec<&'static Rule> = judgement.findings.iter().map(|finding| finding.rule).collect();
    rules.sort_unstable_by_key(|rule| rule.code);
    rules.dedup_by_key(|rule| rule.code);
    rules.into_iter()
}

/// The rules that `two` breaks and `one`, of which that is known, does not.
fn newly_broken<'a>(one: &'a Judgement, two: &'a Judgement) -> impl Iterator<Item = &'static Rule> + 'a {
    let is_known = |rule: &Rule| !one.unknown.iter().any(|unknown| unknown.code == rule.code);
    broken(two).filter(move |rule| is_known(rule) && !broken(one).any(|known| known.code == rule.code))
}

fn heaviest_first(rules: BTreeMap<&'static Rule, u64>) -> Vec<(&'static Rule, u64)> {
    let mut rules: Vec<_> = rules.into_iter().collect();
    rules.sort_by_key(|(rule, count)| {
        (std::cmp::Reverse(rule.severity), std::cmp::Reverse(*count), rule.code)
    });
    rules
}

/// A sentence that is the same for every instance.
fn general(sentence: String, instance_uuid: &str) -> String {
    if instance_uuid.is_empty() { sentence } else { sentence.replace(instance_uuid, "UUID") }
}

fn shown(change: Change) -> Change {
    let value =
        |value: Option<String>| value.map(|value| shortened(&masked_at(&change.path, &value), EXCERPT));
    Change { before: value(change.before), after: value(change.after), path: change.path.clone() }
}

/// The beginning of a value, and what tells it from others that begin so.
fn shortened(value: &str, most: usize) -> String {
    match value.char_indices().nth(most) {
        None => value.to_owned(),
        Some((end, _)) => {
            let digest = crate::change::Digest::of(value.as_bytes()).to_string();
            let start = "sha256:".len();
            let name = digest.get(start..start + 8).unwrap_or_default();
            format!("{}… ({} bytes, {name})", &value[..end], value.len())
        }
    }
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
