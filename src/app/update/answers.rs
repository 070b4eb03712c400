//! What databases said. Answers that nobody waits for any more are dropped.
//!
//! Imports the rest of `app`; no I/O.

use std::sync::Arc;

use super::{browse, databases, search};
use crate::app::cells::{Reply, Tally};
use crate::app::comparison::Comparison;
use crate::app::database::label;
use crate::app::effect::{Effect, RequestId};
use crate::app::model::Model;
use crate::app::pane::Pane;
use crate::app::row::{Failure, Row};
use crate::app::search::PaneSearch;
use crate::app::toast::ToastKind;
use crate::change::DatabaseName;

/// Rows of a list.
pub fn page(
    model: &mut Model,
    request: RequestId,
    database: &DatabaseName,
    result: Result<Vec<Row>, Failure>,
) -> Vec<Effect> {
    taken(model, request, database, result.map(Reply::Rows))
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
    pane.waiting_since = None;
    let mut effects = pane.answered(request, database, reply, requests);
    effects.extend(databases::heard(model, database, failure.as_ref()));
    effects
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
    let mut effects = selection.fetched(request, result, requests);
    if failure.is_some() {
        effects.extend(databases::heard(model, &database, failure.as_ref()));
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

fn searching(model: &Model, id: RequestId) -> Option<usize> {
    let is_it = |pane: &Pane| pane.search.as_ref().and_then(PaneSearch::hits_of) == Some(id);
    model.panes.iter().position(is_it)
}

/// The specs whose uuid begins as typed.
pub fn prefix_found(
    model: &mut Model,
    request: RequestId,
    database: &DatabaseName,
    result: Result<Vec<Row>, Failure>,
) -> Vec<Effect> {
    let mut effects = taken(model, request, database, result.map(Reply::Rows));
    effects.extend(search::follow_lookups(model));
    effects
}

/// A search came further.
pub fn search_progress(
    model: &mut Model,
    id: RequestId,
    database: &DatabaseName,
    (tally, remarks): (Tally, Vec<String>),
) -> Vec<Effect> {
    let Some(at) = searching(model, id) else { return Vec::new() };
    let Model { panes, requests, .. } = model;
    panes[at].passed(database, tally, remarks, requests)
}

/// A search stopped early.
pub fn search_failed(
    model: &mut Model,
    id: RequestId,
    database: &DatabaseName,
    failure: &Failure,
) -> Vec<Effect> {
    let Some(at) = searching(model, id) else { return Vec::new() };
    let Model { panes, requests, .. } = model;
    let (failed, mut effects) = panes[at].pass_failed(database, failure, requests);
    let reason = failure.sentence();
    let told = if failed {
        reason.to_owned()
    } else {
        format!("not all of {} was passed: {reason}", label(database))
    };
    model.toast(ToastKind::Problem, told);
    effects.extend(databases::heard(model, database, Some(failure)));
    effects
}
