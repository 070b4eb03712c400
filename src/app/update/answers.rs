//! What databases said. Answers that nobody waits for any more are dropped.
//!
//! Imports the rest of `app`; no I/O.

use std::sync::Arc;

use super::browse;
use crate::app::cells::{Reply, Tally};
use crate::app::comparison::Comparison;
use crate::app::database::{Database, Health, label};
use crate::app::effect::{Effect, RequestId};
use crate::app::filter::Filter;
use crate::app::model::Model;
use crate::app::pane::Pane;
use crate::app::row::{Failure, Row};
use crate::app::toast::ToastKind;
use crate::change::DatabaseName;

/// Rows of a list.
pub fn page(
    model: &mut Model,
    request: RequestId,
    database: &DatabaseName,
    result: Result<Vec<Row>, Failure>,
) -> Vec<Effect> {
    let mut effects = taken(model, request, database, result.map(Reply::Rows));
    effects.extend(count_all(model));
    effects
}

/// Gives an answer to the pane that waits for it, and remembers whether the database answered.
fn taken(
    model: &mut Model,
    request: RequestId,
    database: &DatabaseName,
    reply: Result<Reply, Failure>,
) -> Vec<Effect> {
    let failure = reply.as_ref().err().cloned();
    let Model { panes, requests, .. } = model;
    let pane = panes.iter_mut().find(|pane| pane.expects(request, database));
    let Some(pane) = pane else { return Vec::new() };
    let effects = pane.answered(request, database, reply, requests);
    note(model, database, failure.as_ref());
    effects
}

/// Once the lists are on the screen (or failed), the databases are counted.
fn count_all(model: &mut Model) -> Vec<Effect> {
    if model.counted || model.panes.iter().any(|pane| pane.list.is_busy()) {
        return Vec::new();
    }
    model.counted = true;
    model.databases.iter().map(|database| Effect::Count { database: database.name.clone() }).collect()
}

/// Remembers whether a database answered.
fn note(model: &mut Model, name: &DatabaseName, failure: Option<&Failure>) {
    let now = model.now;
    let Some(database) = model.database_mut(name) else { return };
    match failure {
        None => database.answered(),
        Some(failure) => database.failed(failure, now),
    }
}

/// The ordinal of a window.
pub fn rank(
    model: &mut Model,
    request: RequestId,
    database: &DatabaseName,
    result: Result<u64, Failure>,
) -> Vec<Effect> {
    let Model { panes, requests, .. } = model;
    let pane = panes.iter_mut().find(|pane| pane.expects(request, database));
    pane.map(|pane| pane.answered(request, database, result.map(Reply::Rank), requests)).unwrap_or_default()
}

/// The number of rows of a database.
pub fn count(model: &mut Model, name: &DatabaseName, result: Result<u64, Failure>) -> Vec<Effect> {
    let was_down =
        model.database(name).is_some_and(|database| matches!(database.health, Health::Down { .. }));
    note(model, name, result.as_ref().err());
    let Ok(count) = result else { return Vec::new() };
    if let Some(database) = model.database_mut(name) {
        database.count = Some(count);
    }
    let Model { panes, requests, .. } = model;
    // A pane of all cells follows by itself.
    let back = panes.iter_mut().filter(|pane| was_down && pane.database() == Some(name));
    back.flat_map(|pane| pane.reload(requests)).collect()
}

/// Asks databases that are down again.
pub fn retry(model: &mut Model, is_due: impl Fn(&Database) -> bool) -> Vec<Effect> {
    let mut effects = Vec::new();
    for database in model.databases.iter_mut().filter(|database| is_due(database)) {
        database.asked();
        effects.push(Effect::Count { database: database.name.clone() });
    }
    effects
}

/// The text of the selected spec or of its counterpart.
pub fn fetched(
    model: &mut Model,
    request: RequestId,
    result: Result<Option<Arc<[u8]>>, Failure>,
) -> Vec<Effect> {
    let Model { selection, requests, .. } = model;
    let Some(selection) = selection else { return Vec::new() };
    let Some(database) = selection.waits_for(request).cloned() else { return Vec::new() };
    let failure = result.as_ref().err().cloned();
    let effects = selection.fetched(request, result, requests);
    if failure.is_some() {
        note(model, &database, failure.as_ref());
    }
    browse::show_detail(model);
    effects
}

/// In what two large texts differ.
pub fn compared(model: &mut Model, request: RequestId, comparison: Arc<Comparison>) -> Vec<Effect> {
    if model.selection.as_mut().is_some_and(|selection| selection.compared(request, comparison)) {
        browse::show_detail(model);
    }
    Vec::new()
}

fn filtering(model: &Model, id: RequestId) -> Option<usize> {
    let is_it = |pane: &Pane| pane.filter.as_ref().and_then(Filter::hits_of) == Some(id);
    model.panes.iter().position(is_it)
}

/// The specs whose uuid begins as typed.
pub fn prefix_found(
    model: &mut Model,
    request: RequestId,
    database: &DatabaseName,
    result: Result<Vec<Row>, Failure>,
) -> Vec<Effect> {
    taken(model, request, database, result.map(Reply::Rows))
}

/// A filter came further.
pub fn filter_progress(
    model: &mut Model,
    id: RequestId,
    database: &DatabaseName,
    tally: Tally,
) -> Vec<Effect> {
    let Some(at) = filtering(model, id) else { return Vec::new() };
    let Model { panes, requests, .. } = model;
    panes[at].passed(database, tally, requests)
}

/// A filter stopped early.
pub fn filter_failed(
    model: &mut Model,
    id: RequestId,
    database: &DatabaseName,
    failure: &Failure,
) -> Vec<Effect> {
    let Some(at) = filtering(model, id) else { return Vec::new() };
    let Model { panes, requests, .. } = model;
    let (failed, effects) = panes[at].pass_failed(database, failure, requests);
    note(model, database, Some(failure));
    let reason = failure.sentence();
    let told = if failed {
        reason.to_owned()
    } else {
        format!("not all of {} was passed: {reason}", label(database))
    };
    model.toast(ToastKind::Problem, told);
    effects
}
