//! What becomes of the rows of a page that are edited or repaired.

use std::collections::HashMap;
use std::sync::Arc;

use super::around::{Around, after_edit, facts_of};
use super::{Page, Planned, Verdict, Work, aside, refused};
use crate::change::bulk::summary::WhyNot;
use crate::change::prepare::many;
use crate::change::{BulkChange, DatabaseName, Operation, PlannedOperation, Refusal};
use crate::fleet::surroundings::named_group;
use crate::lint::{self, Subject, Surroundings};
use crate::spec::diff;
use crate::spec::edit;
use crate::spec::{Document, persist};
use crate::store::StoredSpec;

/// A row that was edited, not yet judged.
struct Edited {
    row: StoredSpec,
    around: Surroundings,
    outcome: Outcome,
}

enum Outcome {
    /// The text, and the server group that it newly names.
    Text(String, Option<String>),
    LeftOut(WhyNot, String),
}

/// Edits, strips, looks up what the edited texts name, and judges.
pub(super) async fn judge(
    work: &Arc<Work>,
    around: &Around<'_>,
    page: Page,
) -> Result<Vec<Verdict>, Refusal> {
    let database = page.database.clone();
    let rows = around.of(page).await;
    let doing = Arc::clone(work);
    let edited = aside(move || -> Vec<Edited> {
        let edited = rows.into_iter().map(|(row, around)| {
            let outcome = edited(&doing.change, &row, &around);
            Edited { row, around, outcome }
        });
        edited.collect()
    });
    let edited = edited.await?;
    let named = |edited: &Edited| match &edited.outcome {
        Outcome::Text(_, group) => group.clone(),
        Outcome::LeftOut(..) => None,
    };
    let groups = around.groups(edited.iter().filter_map(named).collect()).await;
    let judging = Arc::clone(work);
    aside(move || {
        let verdict = |edited: Edited| verdict(&judging, &database, edited, &groups);
        edited.into_iter().map(verdict).collect()
    })
    .await
}

/// The edited text of a row.
fn edited(change: &BulkChange, row: &StoredSpec, around: &Surroundings) -> Outcome {
    let document = match Document::parse(&row.spec) {
        Ok(document) => document,
        Err(malformed) => {
            let sentence = format!(
                "The stored text is malformed ({}): it can only be edited as raw text.",
                malformed.reason
            );
            return Outcome::LeftOut(WhyNot::Refused, sentence);
        }
    };
    let edited = match change {
        BulkChange::Edit(edits) => edit::apply(&document, edits).map(Some).map_err(|error| error.to_string()),
        BulkChange::Repair(repair) => repair.edits(&document, around),
        BulkChange::Move(_) => Ok(None),
    };
    let edited = match edited {
        Ok(Some(edited)) if !edited.splices.is_empty() => edited,
        Ok(_) => return Outcome::LeftOut(WhyNot::Needless, "It needs no change.".to_owned()),
        Err(reason) => return Outcome::LeftOut(WhyNot::Refused, format!("{reason}.")),
    };
    let text = edited.document.text();
    // What a save strips may be the group.
    let stored = persist::strip(&edited.document).ok();
    let stored = stored.as_ref().map_or(text, |stored| stored.document.text());
    let group = many::newly_named_group(&row.spec, stored.as_bytes());
    Outcome::Text(text.to_owned(), group)
}

fn verdict(
    work: &Work,
    database: &DatabaseName,
    edited: Edited,
    groups: &HashMap<String, Option<bool>>,
) -> Verdict {
    let Edited { row, around, outcome } = edited;
    let uuid = Arc::clone(&row.instance_uuid);
    let text = match outcome {
        Outcome::Text(text, _) => text,
        Outcome::LeftOut(why, sentence) => return Verdict::LeftOut(why, sentence, database.clone(), uuid),
    };
    let has_group = |group: &str| groups.get(group).copied().flatten();
    let facts = facts_of(&work.facts, &around);
    match many::save(&facts, database, &uuid, &row.spec, &text, has_group) {
        Ok(judged) => planned(work, judged, &around, has_group),
        Err(refusal) => refused(refusal, database.clone(), uuid),
    }
}

/// A save with what is shown of it.
pub(super) fn planned(
    work: &Work,
    judged: many::Judged,
    around: &Surroundings,
    has_group: impl Fn(&str) -> Option<bool>,
) -> Verdict {
    let operation = PlannedOperation::of(&judged.operation);
    let (before, after): (&[u8], &[u8]) = match &judged.operation {
        Operation::Save { before, after, .. } => (before, after.as_bytes()),
        Operation::Create { text, .. } => (b"", text.as_bytes()),
        _ => (b"", b""),
    };
    let name = operation.database().to_string();
    let group = named_group(after);
    let then = after_edit(around, &work.edited, group.as_deref(), group.as_deref().and_then(has_group));
    let judge = |spec: &[u8], around: &Surroundings| {
        let subject = Subject { database: &name, instance_uuid: operation.instance_uuid(), spec };
        lint::judge(&subject, around, &work.fleet)
    };
    Verdict::Planned(Box::new(Planned {
        changes: diff::difference_of_texts(before, after),
        before: if before.is_empty() { lint::Judgement::default() } else { judge(before, around) },
        after: judge(after, &then),
        warnings: judged.warnings,
        operation,
    }))
}
