//! The rules of a plan for rows that were read already: plans of many changes judge each of theirs by the
//! same ones as a plan of one. Nothing is asked here; what was asked around a row is given.
//!
//! Imports its siblings; no I/O.

use std::sync::Arc;

use super::{Facts, Preparation, group, text};
use crate::change::{DatabaseName, Operation, Refusal, Warning};
use crate::store::Stores;

/// An operation, and what speaks against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What would be done.
    pub operation: Operation,
    /// The heaviest first.
    pub warnings: Vec<Warning>,
}

/// The server group that a save sets, whose existence [`save`] wants to know.
pub fn newly_named_group(before: &[u8], after: &[u8]) -> Option<String> {
    group::newly_named(before, after)
}

/// A save of an edited text over the one that was read; it is stripped here. `has_group` tells whether a
/// server group is there.
///
/// # Errors
/// As [`super::prepare`]; [`Refusal::NothingToDo`] where the text stays as it is.
pub fn save(
    facts: &Facts,
    database: &DatabaseName,
    instance_uuid: &Arc<str>,
    before: &Arc<[u8]>,
    edited: &str,
    has_group: impl Fn(&str) -> Option<bool>,
) -> Result<Judged, Refusal> {
    judged(facts, |preparation| {
        let after = preparation.text_to_store(edited, database, instance_uuid, before)?;
        if after.as_bytes() == &**before {
            return Err(Refusal::NothingToDo("It is stored like this already.".to_owned()));
        }
        if let Some(group) = group::newly_named(before, after.as_bytes()) {
            preparation.check_group(database, instance_uuid, &group, has_group(&group))?;
        }
        preparation.warn_of_stale(before, &after);
        preparation.warn_of_state();
        Ok(Operation::Save {
            database: database.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            before: Arc::clone(before),
            after,
        })
    })
}

/// A new spec, where no other is.
///
/// # Errors
/// As [`super::prepare`].
pub fn create(
    facts: &Facts,
    database: &DatabaseName,
    instance_uuid: &Arc<str>,
    text: &str,
) -> Result<Judged, Refusal> {
    judged(facts, |preparation| {
        text::check_uuid(instance_uuid)?;
        preparation.check_cell(database)?;
        let text = preparation.text_to_store(text, database, instance_uuid, b"")?;
        Ok(Operation::Create { database: database.clone(), instance_uuid: Arc::clone(instance_uuid), text })
    })
}

/// A move of a text that stands in `from`; `there` is what stands in `to`, another database.
///
/// # Errors
/// As [`super::prepare`]; [`Refusal::Conflict`] where another spec stands there.
pub fn transfer(
    facts: &Facts,
    (from, to): (&DatabaseName, &DatabaseName),
    instance_uuid: &Arc<str>,
    text: &Arc<[u8]>,
    there: Option<&Arc<[u8]>>,
) -> Result<Judged, Refusal> {
    judged(facts, |preparation| {
        preparation.judged_move(from, to, instance_uuid, Arc::clone(text), there.cloned())
    })
}

/// An operation of another kind, as it is: what its place and its instance's state speak against it.
///
/// # Errors
/// As [`super::prepare`].
pub fn other(facts: &Facts, operation: &Operation) -> Result<Judged, Refusal> {
    judged(facts, |preparation| {
        match operation {
            Operation::Copy { from, to, instance_uuid, text, replaces } => {
                if replaces.is_some() {
                    let sentence =
                        format!("The different spec that {to} holds is overwritten with that of {from}.");
                    preparation.danger(to.to_string(), sentence);
                }
                preparation.check_cell(to)?;
                preparation.text_to_carry(text, from, instance_uuid)?;
            }
            Operation::Destroy { database, instance_uuid, .. } => {
                preparation.warn_of_state();
                let word = text::word_for(database, instance_uuid);
                preparation.danger(word, format!("The spec is deleted from {database}."));
            }
            Operation::Save { .. } | Operation::Create { .. } | Operation::Move { .. } => {
                preparation.warn_of_state();
            }
        }
        Ok(operation.clone())
    })
}

fn judged(
    facts: &Facts,
    judge: impl FnOnce(&mut Preparation<'_>) -> Result<Operation, Refusal>,
) -> Result<Judged, Refusal> {
    let stores = Stores::new();
    let mut preparation = Preparation { stores: &stores, facts, warnings: Vec::new(), word: None };
    let operation = judge(&mut preparation)?;
    let mut warnings = preparation.warnings;
    warnings.sort_by_key(|warning| std::cmp::Reverse(warning.severity));
    Ok(Judged { operation, warnings })
}
