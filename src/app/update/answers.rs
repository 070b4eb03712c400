//! What databases said. Answers that nobody waits for any more are dropped.
//!
//! Imports the rest of `app`; no I/O.

use std::sync::Arc;

use super::{browse, databases};
use crate::app::comparison::Comparison;
use crate::app::effect::{Effect, RequestId};
use crate::app::filter::Stage;
use crate::app::list::List;
use crate::app::model::Model;
use crate::app::pane::Pane;
use crate::app::row::{Failure, Row};
use crate::app::toast::ToastKind;

/// Rows of a list.
pub fn page(model: &mut Model, request: RequestId, result: Result<Vec<Row>, Failure>) -> Vec<Effect> {
    let failure = result.as_ref().err().cloned();
    let Model { panes, requests, .. } = model;
    let mut taken = None;
    for pane in panes.iter_mut() {
        if let Some(wishes) = pane.list.page(request, result.clone(), requests) {
            pane.waiting_since = None;
            taken = Some((pane.database.clone(), pane.effects(wishes)));
            break;
        }
    }
    let Some((database, mut effects)) = taken else { return Vec::new() };
    effects.extend(databases::heard(model, &database, failure.as_ref()));
    effects
}

/// The ordinal of a window.
pub fn rank(model: &mut Model, request: RequestId, result: &Result<u64, Failure>) -> Vec<Effect> {
    let _ = model.panes.iter_mut().any(|pane| pane.list.rank(request, result));
    Vec::new()
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

fn filtering(model: &mut Model, wanted: impl Fn(&Stage) -> bool) -> Option<usize> {
    let is_it = |pane: &Pane| pane.filter.as_ref().is_some_and(|filter| wanted(&filter.stage));
    model.panes.iter().position(is_it)
}

/// The specs whose uuid begins as typed: to the first of them, or past all rows if there is none.
pub fn prefix_found(model: &mut Model, request: RequestId, result: Result<Vec<Row>, Failure>) -> Vec<Effect> {
    let waits = |stage: &Stage| matches!(stage, Stage::LookingUp(id) if *id == request);
    let Some(at) = filtering(model, waits) else { return Vec::new() };
    let Model { panes, requests, .. } = model;
    let pane = &mut panes[at];
    let Some(filter) = &mut pane.filter else { return Vec::new() };
    match result {
        Ok(rows) => match rows.first() {
            Some(row) => {
                filter.stage = Stage::Jumped { found: rows.len() };
                let done = !filter.typing;
                let wishes = pane.list.jump(row.key.clone(), row.instance_uuid.clone(), requests);
                if done {
                    pane.filter = None;
                }
                pane.effects(wishes)
            }
            None => pane.pass(requests),
        },
        Err(failure) => {
            filter.stage = Stage::Failed(failure.sentence().to_owned());
            Vec::new()
        }
    }
}

/// A filter came further.
pub fn filter_progress(
    model: &mut Model,
    id: RequestId,
    (now_passed, now_hits, now_finished): (u64, u64, bool),
) -> Vec<Effect> {
    let is_it = |stage: &Stage| matches!(stage, Stage::Passing { filter, .. } if *filter == id);
    let Some(at) = filtering(model, is_it) else { return Vec::new() };
    let Model { panes, requests, .. } = model;
    let pane = &mut panes[at];
    let Some(filter) = &mut pane.filter else { return Vec::new() };
    let Stage::Passing { passed, hits, finished, .. } = &mut filter.stage else { return Vec::new() };
    let news = *hits != now_hits || (now_finished && !pane.list.is_loaded());
    (*passed, *hits, *finished) = (now_passed, now_hits, now_finished);
    if now_finished && now_hits == 0 {
        pane.list = List::empty_of(&pane.list);
        return Vec::new();
    }
    if !news {
        return Vec::new();
    }
    let wishes = pane.list.grown(requests);
    pane.effects(wishes)
}

/// A filter stopped early.
pub fn filter_failed(model: &mut Model, id: RequestId, failure: &Failure) -> Vec<Effect> {
    let is_it = |stage: &Stage| matches!(stage, Stage::Passing { filter, .. } if *filter == id);
    let Some(at) = filtering(model, is_it) else { return Vec::new() };
    let database = model.panes[at].database.clone();
    if let Some(filter) = &mut model.panes[at].filter {
        filter.stage = Stage::Failed(failure.sentence().to_owned());
    }
    model.toast(ToastKind::Problem, failure.sentence().to_owned());
    databases::heard(model, &database, Some(failure))
}
