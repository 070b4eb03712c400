//! All cells in the right pane: to it and back, round the ring of cells, and keeping it with what
//! is known of the databases.
//!
//! Imports the rest of `app`; no I/O.

use std::sync::Arc;

use super::browse::on_pane;
use crate::app::cells::Out;
use crate::app::database::Health;
use crate::app::effect::{Effect, RequestId};
use crate::app::layout::Side;
use crate::app::model::Model;
use crate::app::pane::Pane;
use crate::app::row::Failure;
use crate::change::DatabaseName;

type Ready = Result<(), String>;

fn names(model: &Model) -> Vec<DatabaseName> {
    let names = model.databases.iter().map(|database| database.name.clone());
    names.filter(|name| name.as_cell().is_some()).collect()
}

/// Whether the right pane can show another cell, or all of them.
pub fn has_several(model: &Model) -> Ready {
    match names(model).len() {
        0 => Err("no cell is known: --cell NAME=URL names one".to_owned()),
        1 => Err("there is only one cell".to_owned()),
        _ => Ok(()),
    }
}

/// All cells in the right pane; again: the one from before.
pub fn toggle(model: &mut Model) -> Vec<Effect> {
    let known = names(model);
    let before = model.pane(Side::Right).and_then(Pane::cells).map(|cells| cells.before.clone());
    // It may be gone meanwhile.
    match before.map(|before| known.iter().find(|name| **name == before).or(known.first()).cloned()) {
        Some(Some(before)) => on_pane(model, Side::Right, |pane, requests| pane.show(before, requests)),
        Some(None) => Vec::new(),
        None => show_all(model),
    }
}

fn show_all(model: &mut Model) -> Vec<Effect> {
    let all: Arc<[DatabaseName]> = names(model).into();
    on_pane(model, Side::Right, |pane, requests| pane.show_all(all, requests))
}

/// Another cell in the right pane; behind the last one all of them.
pub fn turn(model: &mut Model, next: bool) -> Vec<Effect> {
    let cells = names(model);
    let Some(pane) = model.pane(Side::Right) else { return Vec::new() };
    let shown = pane.database().and_then(|shown| cells.iter().position(|cell| cell == shown));
    let stops = cells.len() + 1;
    let at = shown.unwrap_or(cells.len());
    let step = if next { 1 } else { stops - 1 };
    match cells.get((at + step) % stops).cloned() {
        Some(cell) => on_pane(model, Side::Right, |pane, requests| pane.show(cell, requests)),
        None => show_all(model),
    }
}

/// The grace of a question is over.
pub fn waited(model: &mut Model, request: RequestId) -> Vec<Effect> {
    let Model { panes, requests, dirty, .. } = model;
    let mut effects = Vec::new();
    for pane in panes {
        let (changed, follow) = pane.waited(request, requests);
        *dirty |= changed;
        effects.extend(follow);
    }
    effects
}

/// Keeps a pane of all cells with the databases: which there are, which are away, which are back.
pub fn follow(model: &mut Model) -> Vec<Effect> {
    if model.panes.iter().all(|pane| pane.cells().is_none()) {
        return Vec::new();
    }
    let names = names(model);
    let Model { panes, databases, requests, dirty, .. } = model;
    let mut effects = Vec::new();
    for pane in panes {
        let Some(cells) = pane.cells_mut() else { continue };
        let mut back = Vec::new();
        let others = cells.names().iter().filter(|name| !names.contains(name)).count();
        let new: Vec<_> = names.iter().filter(|name| !cells.names().contains(name)).cloned().collect();
        let renamed = cells.rename(&names);
        for database in databases.iter().filter(|database| names.contains(&database.name)) {
            let name = &database.name;
            let out = cells.out().find(|(known, _)| *known == name).map(|(_, out)| out.clone());
            match (&database.health, out) {
                (
                    Health::Down { .. } | Health::NoTable,
                    Some(Out::Failed(Failure::Down(_) | Failure::NoTable)),
                ) => {}
                (Health::Down { reason, .. }, _) => cells.lost(name, Failure::Down(reason.clone())),
                (Health::NoTable, _) => cells.lost(name, Failure::NoTable),
                (Health::Up, Some(Out::Failed(Failure::Down(_) | Failure::NoTable))) if cells.found(name) => {
                    back.push(name.clone());
                }
                _ => {}
            }
        }
        *dirty |= renamed;
        for name in new.iter().filter(|name| !back.contains(name)).chain(&back) {
            effects.extend(pane.returned(name, requests));
        }
        if renamed && others > 0 {
            effects.extend(pane.reload(requests));
        }
    }
    effects
}
