//! What takes a change back: the exact texts that were there, checked as any other plan where that makes
//! sense. nova's save() strips nothing of them: what stood there stands there again.
//!
//! Imports its siblings.

use std::sync::Arc;

use super::{Preparation, text};
use crate::change::{DatabaseName, Facts, InstanceHome, Operation, Plan, Refusal, Severity, SpecHome};
use crate::spec::text::named;
use crate::store::Stores;

/// The plan of one operation that takes another back. It is refused where the row is not what that one left.
///
/// # Errors
/// A [`Refusal`].
pub(in crate::change) async fn inverse(
    stores: &Stores,
    facts: &Facts,
    operation: Operation,
) -> Result<Plan, Refusal> {
    let mut preparation = Preparation { stores, facts, warnings: Vec::new(), word: None };
    match &operation {
        Operation::Save { database, instance_uuid, before, after } => {
            preparation.still_holds(database, instance_uuid, before).await?;
            preparation.text_to_restore(after, database, instance_uuid)?;
            preparation.warn_of_state();
        }
        Operation::Create { database, instance_uuid, text } => {
            if let Some(row) = preparation.destination(database, instance_uuid).await? {
                return Err(is_there(database, instance_uuid, text.as_bytes(), row.spec));
            }
            preparation.check_cell(database)?;
            preparation.text_to_restore(text, database, instance_uuid)?;
            preparation.warn_of_state();
        }
        Operation::Destroy { database, instance_uuid, before } => {
            preparation.still_holds(database, instance_uuid, before).await?;
            preparation.warn_of_state();
            let leaves_api = *database == DatabaseName::Api && facts.instance_home != InstanceHome::Unmapped;
            if leaves_api && facts.spec_home == SpecHome::Api {
                preparation.warn_of_leaving_api(text::word_for(database, instance_uuid));
            }
            preparation.warn(
                Severity::Notice,
                format!("The text in {database} stays in the journal: `reqspec redo` stores it again."),
            );
        }
        Operation::Copy { from, to, instance_uuid, text, .. } => {
            let plan = preparation.plan_copy(from, to, instance_uuid, false).await?;
            return same_text(plan, from, instance_uuid, text);
        }
        Operation::Move { from, to, instance_uuid, text, .. } => {
            let plan = preparation.plan_move(from, to, instance_uuid).await?;
            return same_text(plan, from, instance_uuid, text);
        }
    }
    Ok(preparation.plan(operation))
}

impl Preparation<'_> {
    async fn still_holds(
        &self,
        database: &DatabaseName,
        instance_uuid: &str,
        text: &[u8],
    ) -> Result<(), Refusal> {
        let row = self.source(database, instance_uuid).await?;
        if *row.spec == *text { Ok(()) } else { Err(changed(database, instance_uuid, row.spec)) }
    }
}

/// A copy or a move carries what is there now: it must be what was written.
fn same_text(
    plan: Plan,
    from: &DatabaseName,
    instance_uuid: &str,
    written: &Arc<[u8]>,
) -> Result<Plan, Refusal> {
    let current = plan.operations.iter().find_map(|operation| match operation {
        Operation::Copy { text, .. } | Operation::Move { text, .. } if text != written => {
            Some(Arc::clone(text))
        }
        _ => None,
    });
    match current {
        Some(current) => Err(changed(from, instance_uuid, current)),
        None => Ok(plan),
    }
}

fn changed(database: &DatabaseName, instance_uuid: &str, current: Arc<[u8]>) -> Refusal {
    let whose = named(instance_uuid);
    Refusal::Conflict {
        reason: format!(
            "{database}: the spec of {whose} was changed since: taking the change back would lose that. \
             `reqspec history` has the texts; edit the spec instead"
        ),
        current: Some(current),
    }
}

fn is_there(database: &DatabaseName, instance_uuid: &str, text: &[u8], current: Arc<[u8]>) -> Refusal {
    let whose = named(instance_uuid);
    if *current == *text {
        return Refusal::NothingToDo(format!("{database} holds the spec of {whose} again already"));
    }
    Refusal::Conflict {
        reason: format!("{database}: another spec of {whose} was stored since; it is left as it is"),
        current: Some(current),
    }
}
