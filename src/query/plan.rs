//! What a database can be asked to leave out of a pass for a query: conditions that every row fulfils
//! of which the query is true, or not known to be false.
//!
//! Imports its siblings; no I/O.

use super::expression::{Check, Expression, Number, Operand, Query, Relation, Test};
use super::fields::{Fact, Field, Kind, Source};
use super::json_path::Step;
use super::prefilter::{Join, JoinColumn, Prefilter};

/// Conditions that the hits of a query fulfil; `now` in seconds since 1970. Facts are those of the
/// database itself: `database_is_api` tells which of nova's other tables it has.
pub fn prefilter(query: &Query, now: i64, database_is_api: bool) -> Prefilter {
    Planner { now, database_is_api }.of(&query.expression)
}

struct Planner {
    now: i64,
    database_is_api: bool,
}

impl Planner {
    fn of(&self, expression: &Expression) -> Prefilter {
        match expression {
            Expression::And(parts) => parts.iter().map(|part| self.of(part)).fold(Prefilter::default(), both),
            Expression::Or(parts) => {
                parts.iter().map(|part| self.of(part)).reduce(either).unwrap_or_default()
            }
            Expression::Not(part) => match &**part {
                Expression::Not(part) => self.of(part),
                _ => Prefilter::default(),
            },
            Expression::Test(test) => self.test(test),
            Expression::Word(_) => Prefilter::default(),
        }
    }

    fn test(&self, test: &Test) -> Prefilter {
        let mut filter = Prefilter::default();
        match &test.field.source {
            Source::Id => filter.ids = whole_range(&test.check).and_then(clamped),
            Source::Size => filter.size = whole_range(&test.check).and_then(clamped),
            Source::Instance => filter.uuids = uuids(&test.check),
            Source::Updated => (filter.updated_from, filter.updated_to) = self.period(&test.check),
            Source::Created => (filter.created_from, filter.created_to) = self.period(&test.check),
            Source::Fact(fact) => filter.joins.extend(self.join(*fact, &test.check)),
            Source::Paths(_) | Source::Count(_) => filter.bytes = bytes(test),
            Source::Database | Source::Demands | Source::Era | Source::Problem => {}
        }
        filter
    }

    /// From and to which second.
    fn period(&self, check: &Check) -> (Option<i64>, Option<i64>) {
        match check {
            Check::Is(operands) => {
                let mut all: Option<(i64, i64)> = None;
                for operand in operands {
                    let Operand::Period(from, until) = operand else { return (None, None) };
                    let (least, most) = all.unwrap_or((*from, until.saturating_sub(1)));
                    all = Some((least.min(*from), most.max(until.saturating_sub(1))));
                }
                (all.map(|(from, _)| from), all.map(|(_, to)| to))
            }
            Check::Compares(relation, Operand::Period(from, until)) => match relation {
                Relation::Less => (None, Some(from.saturating_sub(1))),
                Relation::AtMost => (None, Some(until.saturating_sub(1))),
                Relation::Greater => (Some(*until), None),
                Relation::AtLeast => (Some(*from), None),
            },
            // The greater the age, the earlier.
            Check::Compares(relation, Operand::Age(age)) => {
                let then = self.now.saturating_sub(*age);
                match relation {
                    Relation::Less => (Some(then.saturating_add(1)), None),
                    Relation::AtMost => (Some(then), None),
                    Relation::Greater => (None, Some(then.saturating_sub(1))),
                    Relation::AtLeast => (None, Some(then)),
                }
            }
            _ => (None, None),
        }
    }

    fn join(&self, fact: Fact, check: &Check) -> Option<Join> {
        let column = match (fact, self.database_is_api) {
            (Fact::Mapped, true) => JoinColumn::MappedCell,
            (Fact::QueuedForDelete, true) => {
                let set = *check == Check::Present || *check == Check::Is(vec![Operand::Flag(true)]);
                return set.then(|| Join { column: JoinColumn::QueuedForDelete, values: Vec::new() });
            }
            (Fact::Host, false) => JoinColumn::InstanceHost,
            (Fact::Node, false) => JoinColumn::InstanceNode,
            (Fact::State, false) => JoinColumn::InstanceState,
            (Fact::Task, false) => JoinColumn::InstanceTask,
            (Fact::Project, false) => JoinColumn::InstanceProject,
            _ => return None,
        };
        let Check::Is(operands) = check else { return None };
        let text = |operand: &Operand| match operand {
            Operand::Text { text, .. } => Some(text.clone()),
            _ => None,
        };
        let values: Vec<String> = operands.iter().map(text).collect::<Option<_>>()?;
        (!values.is_empty()).then_some(Join { column, values })
    }
}

/// Least and greatest whole number that fulfils a check.
fn whole_range(check: &Check) -> Option<(i128, i128)> {
    match check {
        Check::Is(operands) => {
            let whole = |operand: &Operand| match operand {
                Operand::Number(Number::Whole(whole)) => Some(*whole),
                _ => None,
            };
            let all: Vec<i128> = operands.iter().map(whole).collect::<Option<_>>()?;
            Some((all.iter().copied().min()?, all.iter().copied().max()?))
        }
        Check::Compares(relation, Operand::Number(number)) => {
            let (floor, ceiling) = match number {
                Number::Whole(whole) => (*whole, *whole),
                // Numbers beyond the range become its ends.
                Number::Real(real) => (real.floor() as i128, real.ceil() as i128),
            };
            Some(match relation {
                Relation::Less => (i128::MIN, ceiling.saturating_sub(1)),
                Relation::AtMost => (i128::MIN, floor),
                Relation::Greater => (floor.saturating_add(1), i128::MAX),
                Relation::AtLeast => (ceiling, i128::MAX),
            })
        }
        _ => None,
    }
}

/// The part of a range that a column can hold; None where there is none, which the search finds too.
fn clamped<T: TryFrom<i128> + Ends>((least, most): (i128, i128)) -> Option<(T, T)> {
    let (first, last) = (least.max(T::LEAST), most.min(T::MOST));
    if first > last { None } else { Some((T::try_from(first).ok()?, T::try_from(last).ok()?)) }
}

trait Ends {
    const LEAST: i128;
    const MOST: i128;
}

impl Ends for i64 {
    const LEAST: i128 = i64::MIN as i128;
    const MOST: i128 = i64::MAX as i128;
}

impl Ends for u64 {
    const LEAST: i128 = 0;
    const MOST: i128 = u64::MAX as i128;
}

fn uuids(check: &Check) -> Vec<String> {
    let Check::Is(operands) = check else { return Vec::new() };
    let beginning = |operand: &Operand| match operand {
        Operand::Uuid(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    operands.iter().map(beginning).collect::<Option<_>>().unwrap_or_default()
}

/// Bytes that stand in every text for which a test is true, if that has no escapes: the key, unless
/// nova writes it into every spec, and the value that is asked for.
fn bytes(test: &Test) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    if test.field.kind == Kind::Any
        && let Some(key) = key(&test.field)
        && is_stored_as_it_is(key)
    {
        found.push(format!("\"{key}\"").into_bytes());
    }
    if let Check::Is(operands) = &test.check
        && let [Operand::Text { text, number: None }] = &operands[..]
        && matches!(test.field.kind, Kind::Text | Kind::Any)
        && !matches!(test.field.source, Source::Count(_))
        && is_stored_as_it_is(text)
    {
        // It may stand without quotes: any number may, also one that is too large to be read as one.
        let is_token = text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
            || matches!(&**text, "true" | "false" | "NaN" | "Infinity");
        found.push(if is_token { text.clone() } else { format!("\"{text}\"") }.into_bytes());
    }
    found
}

/// The last key of all paths of a field, if they have the same.
fn key(field: &Field) -> Option<&str> {
    let paths = match &field.source {
        Source::Paths(paths) => &paths[..],
        Source::Count(path) => std::slice::from_ref(path),
        _ => return None,
    };
    let mut keys = paths.iter().map(|path| {
        path.steps().iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) | Step::Every => None,
        })
    });
    let first = keys.next()??;
    keys.all(|key| key == Some(first)).then_some(first)
}

fn is_stored_as_it_is(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\')
}

/// What fulfils both fulfils these.
fn both(one: Prefilter, other: Prefilter) -> Prefilter {
    fn overlap<T: Copy + Ord>(one: Option<(T, T)>, other: Option<(T, T)>) -> Option<(T, T)> {
        let (Some(one), Some(other)) = (one, other) else { return one.or(other) };
        let (least, most) = (one.0.max(other.0), one.1.min(other.1));
        // Nothing fulfils both; either is a condition all the same.
        Some(if least > most { one } else { (least, most) })
    }
    fn later(one: Option<i64>, other: Option<i64>) -> Option<i64> {
        one.max(other)
    }
    fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
        one.into_iter().chain(other).min()
    }
    let shorter = |one: Vec<String>, other: Vec<String>| {
        let second = one.is_empty() || !other.is_empty() && other.len() < one.len();
        if second { other } else { one }
    };
    let (mut joins, mut bytes) = (one.joins, one.bytes);
    other.joins.into_iter().for_each(|join| push_new(&mut joins, join));
    other.bytes.into_iter().for_each(|more| push_new(&mut bytes, more));
    Prefilter {
        ids: overlap(one.ids, other.ids),
        uuids: shorter(one.uuids, other.uuids),
        updated_from: later(one.updated_from, other.updated_from),
        updated_to: earlier(one.updated_to, other.updated_to),
        created_from: later(one.created_from, other.created_from),
        created_to: earlier(one.created_to, other.created_to),
        size: overlap(one.size, other.size),
        joins,
        bytes,
    }
}

/// What fulfils either fulfils these.
fn either(one: Prefilter, other: Prefilter) -> Prefilter {
    fn hull<T: Copy + Ord>(one: Option<(T, T)>, other: Option<(T, T)>) -> Option<(T, T)> {
        one.zip(other).map(|(one, other)| (one.0.min(other.0), one.1.max(other.1)))
    }
    let any = one.uuids.is_empty() || other.uuids.is_empty();
    let mut uuids = if any { Vec::new() } else { one.uuids };
    if !any {
        other.uuids.into_iter().for_each(|uuid| push_new(&mut uuids, uuid));
    }
    Prefilter {
        ids: hull(one.ids, other.ids),
        uuids,
        updated_from: one.updated_from.zip(other.updated_from).map(|(one, other)| one.min(other)),
        updated_to: one.updated_to.zip(other.updated_to).map(|(one, other)| one.max(other)),
        created_from: one.created_from.zip(other.created_from).map(|(one, other)| one.min(other)),
        created_to: one.created_to.zip(other.created_to).map(|(one, other)| one.max(other)),
        size: hull(one.size, other.size),
        joins: one.joins.into_iter().filter(|join| other.joins.contains(join)).collect(),
        bytes: one.bytes.into_iter().filter(|bytes| other.bytes.contains(bytes)).collect(),
    }
}

fn push_new<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
