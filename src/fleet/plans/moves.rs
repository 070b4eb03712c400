//! What becomes of the rows of a page that are moved.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::future::join_all;

use super::around::{Around, after_move, facts_of};
use super::{Page, Planned, Verdict, Work, aside, refused};
use crate::change::bulk::summary::WhyNot;
use crate::change::prepare::many;
use crate::change::{DatabaseName, Destination, InstanceHome, PlannedOperation, Refusal};
use crate::lint::{self, Subject, Surroundings};
use crate::store::{SpecStore, StoreError, StoredSpec};

/// What the destinations hold of the instances of a page, or why they cannot take any.
pub(super) type There = BTreeMap<DatabaseName, Result<HashMap<Arc<str>, Arc<[u8]>>, String>>;

/// Looks at the destinations, and judges.
pub(super) async fn judge(
    work: &Arc<Work>,
    around: &Around<'_>,
    destination: &Destination,
    page: Page,
) -> Result<Vec<Verdict>, Refusal> {
    let from = page.database.clone();
    let rows = around.of(page).await;
    let mut verdicts = Vec::with_capacity(rows.len());
    let mut moving: Vec<(StoredSpec, Surroundings, DatabaseName)> = Vec::with_capacity(rows.len());
    let mut by_destination: BTreeMap<DatabaseName, Vec<Arc<str>>> = BTreeMap::new();
    for (row, surroundings) in rows {
        match place(work, destination, &from, &surroundings) {
            Ok(to) => {
                by_destination.entry(to.clone()).or_default().push(Arc::clone(&row.instance_uuid));
                moving.push((row, surroundings, to));
            }
            Err((why, sentence)) => {
                verdicts.push(Verdict::LeftOut(why, sentence.to_owned(), from.clone(), row.instance_uuid));
            }
        }
    }
    let there = held(around, &from, by_destination).await;
    let judging = Arc::clone(work);
    let moved = aside(move || -> Vec<Verdict> {
        let moved =
            moving.into_iter().map(|(row, around, to)| verdict(&judging, &from, to, &row, &around, &there));
        moved.collect()
    });
    verdicts.extend(moved.await?);
    Ok(verdicts)
}

/// Where a spec goes.
fn place(
    work: &Work,
    destination: &Destination,
    from: &DatabaseName,
    around: &Surroundings,
) -> Result<DatabaseName, (WhyNot, &'static str)> {
    let to = match destination {
        Destination::Database(to) => to.clone(),
        Destination::MappedCell => match facts_of(&work.facts, around).instance_home {
            InstanceHome::Cell(cell) => DatabaseName::Cell(cell),
            InstanceHome::Unscheduled => return Err((WhyNot::Refused, "The instance has no cell yet.")),
            InstanceHome::Unmapped => {
                return Err((WhyNot::Refused, "nova has no mapping of the instance to any cell."));
            }
            InstanceHome::Unknown => {
                return Err((WhyNot::Unknown, "Which cell the instance is in could not be asked."));
            }
        },
    };
    if to == *from { Err((WhyNot::Needless, "It is there already.")) } else { Ok(to) }
}

/// What those databases hold of these instances.
pub(super) async fn held(
    around: &Around<'_>,
    from: &DatabaseName,
    wanted: BTreeMap<DatabaseName, Vec<Arc<str>>>,
) -> There {
    let source = around.store(from).await.map(|store| store.identity()).ok();
    let asked = wanted.into_iter().map(|(to, uuids)| {
        let source = source.as_ref();
        async move {
            let held = match around.store(&to).await {
                Ok(store) if source == Some(&store.identity()) => Err(format!(
                    "{from} and {to} are one and the same database: there is nothing to move. Check the URLs they were given."
                )),
                Ok(store) => texts(&*store, &uuids).await,
                Err(error) => Err(error.to_string()),
            };
            (to, held)
        }
    });
    join_all(asked).await.into_iter().collect()
}

async fn texts(store: &dyn SpecStore, uuids: &[Arc<str>]) -> Result<HashMap<Arc<str>, Arc<[u8]>>, String> {
    match store.get_many(uuids).await {
        Ok(rows) => Ok(rows.into_iter().map(|row| (row.instance_uuid, row.spec)).collect()),
        Err(StoreError::NoTable { database, .. }) => {
            Err(format!("{database} has no table request_specs. Add it first, with `reqspec db sync`."))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn verdict(
    work: &Work,
    from: &DatabaseName,
    to: DatabaseName,
    row: &StoredSpec,
    around: &Surroundings,
    there: &There,
) -> Verdict {
    let uuid = Arc::clone(&row.instance_uuid);
    let held = match there.get(&to) {
        Some(Ok(held)) => held,
        Some(Err(sentence)) => {
            return Verdict::LeftOut(WhyNot::Unknown, sentence.clone(), from.clone(), uuid);
        }
        None => return Verdict::LeftOut(WhyNot::Unknown, format!("{to} was not asked."), from.clone(), uuid),
    };
    let facts = facts_of(&work.facts, around);
    match many::transfer(&facts, (from, &to), &uuid, &row.spec, held.get(&uuid)) {
        Ok(judged) => planned(work, judged, &row.spec, around),
        Err(refusal) => refused(refusal, from.clone(), uuid),
    }
}

/// A move with what is shown of it.
pub(super) fn planned(work: &Work, judged: many::Judged, spec: &[u8], around: &Surroundings) -> Verdict {
    let operation = PlannedOperation::of(&judged.operation);
    let judge = |database: &DatabaseName, around: &Surroundings| {
        let name = database.to_string();
        let subject = Subject { database: &name, instance_uuid: operation.instance_uuid(), spec };
        lint::judge(&subject, around, &work.fleet)
    };
    let to = operation.destination().unwrap_or(operation.database());
    let (before, after) = (judge(operation.database(), around), judge(to, &after_move(around, to)));
    let warnings = judged.warnings;
    Verdict::Planned(Box::new(Planned { changes: Vec::new(), before, after, warnings, operation }))
}
