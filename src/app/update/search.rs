//! The query over both panes: applying it, keeping it, leaving it; pinning a pane; orders.
//!
//! Imports the rest of `app` and `query`; no I/O.

use std::sync::Arc;

use super::browse::on_pane;
use crate::app::cells::Cells;
use crate::app::effect::Effect;
use crate::app::layout::Side;
use crate::app::model::Model;
use crate::app::pane::{Pane, Source};
use crate::app::search::{PaneSearch, Stage};
use crate::app::toast::ToastKind;
use crate::app::words::grouped;
use crate::query::order::MOST_SORTED;
use crate::query::{Order, Query, SortOrder, word_prefix};

type Ready = Result<(), String>;

/// The pane whose list a query narrows first: the one with the focus, unless it is pinned.
fn leader(model: &Model) -> Side {
    let pinned = |side: Side| model.pane(side).is_none_or(|pane| pane.pinned);
    if pinned(model.side) && !pinned(model.side.other()) { model.side.other() } else { model.side }
}

/// Looks for that in all panes that follow; the query for all rows ends the one before.
pub fn apply_query(model: &mut Model, query: Query) -> Vec<Effect> {
    let query = Arc::new(query);
    let leader = leader(model);
    let prefix = word_prefix(&query).map(str::to_owned);
    let mut effects = Vec::new();
    for side in [leader, leader.other()] {
        effects.extend(on_pane(model, side, |pane, requests| {
            if pane.pinned {
                return Vec::new();
            }
            pane.query_changed(&query, prefix.as_deref(), side == leader, requests)
        }));
    }
    effects
}

/// Ends the query: lists and positions as before. Where no pane follows one, that of the pane with
/// the focus.
pub fn end_query(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    let follows = model.panes.iter().any(|pane| !pane.pinned && pane.is_narrowed());
    for side in Side::BOTH {
        let ends = follows || side == model.side;
        effects.extend(on_pane(model, side, |pane, requests| match ends && pane.pinned != follows {
            true => pane.end_query(requests),
            false => Vec::new(),
        }));
    }
    effects
}

/// Nothing more is typed: the query stays, unless it only named a uuid to go to.
pub fn keep_query(model: &mut Model) -> Vec<Effect> {
    for pane in model.panes.iter_mut().filter(|pane| !pane.pinned) {
        pane.keep_query();
    }
    follow_lookups(model)
}

/// Whether the pane can be pinned, or let go.
pub fn can_pin(model: &Model) -> Ready {
    if model.panes.len() < 2 {
        return Err("there is only one pane".to_owned());
    }
    if model.pane(model.side.other()).is_some_and(|pane| pane.pinned) {
        return Err("the other pane is pinned: one has to follow what is typed".to_owned());
    }
    Ok(())
}

/// The pane with the focus keeps its query whatever is typed; again: it follows.
pub fn toggle_pin(model: &mut Model) -> Vec<Effect> {
    let side = model.side;
    let query = model.query().cloned();
    on_pane(model, side, |pane, requests| {
        pane.pinned = !pane.pinned;
        if pane.pinned {
            return Vec::new();
        }
        let query = query.unwrap_or_else(|| Arc::new(Query::all()));
        pane.query_changed(&query, None, false, requests)
    })
}

/// What the lookups of a uuid came to: where the pane with the focus has none, the other one looks
/// into all rows as well; what was looked up for a key is told if it is gone.
pub fn follow_lookups(model: &mut Model) -> Vec<Effect> {
    let Model { panes, requests, .. } = model;
    let mut effects = Vec::new();
    let mut following = panes.iter().filter(|pane| !pane.pinned).filter_map(|pane| pane.search.as_ref());
    let leading = following.find(|search| search.leads && search.is_query());
    let stage = leading.map(|search| search.stage.clone());
    for pane in panes.iter_mut().filter(|pane| !pane.pinned) {
        let elsewhere = |search: &PaneSearch| !search.leads && search.stage == Stage::Jumped { found: 0 };
        let Some(search) = pane.search.as_ref().filter(|search| elsewhere(search)) else { continue };
        match stage {
            Some(Stage::Searching { .. }) => effects.extend(pane.search_after_all(requests)),
            Some(Stage::LookingUp(_)) => {}
            _ if search.brief => pane.search = None,
            _ => {}
        }
    }
    let missed: Vec<_> = panes.iter_mut().filter_map(Pane::missed).collect();
    for reason in missed {
        model.toast(ToastKind::Problem, reason);
    }
    effects
}

/// Whether the pane with the focus can be brought into that order.
pub fn can_order(model: &Model, order: &Order) -> Ready {
    let Some(pane) = model.current() else { return Err("no database is listed".to_owned()) };
    let most = grouped(MOST_SORTED);
    let hits = pane.search.as_ref().filter(|search| search.is_query()).and_then(PaneSearch::tally);
    if let Some(tally) = hits {
        let hits = pane.cells().map_or(tally.hits, Cells::most_hits);
        let too_many = hits > MOST_SORTED && order.native() != Some(SortOrder::Id);
        let reason = || format!("more than {most} hits are listed by id only: narrow the query to sort them");
        return if too_many { Err(reason()) } else { Ok(()) };
    }
    let databases = match &pane.source {
        Source::One(database) => vec![database],
        Source::Cells(cells) => cells.included().collect(),
    };
    let counts = databases.into_iter().filter_map(|name| model.database(name)?.count);
    if order.native().is_none() && counts.max().is_some_and(|count| count > MOST_SORTED) {
        let reason = format!(
            "more than {most} rows are listed by id or by last update only: a query (/) narrows the list"
        );
        return Err(reason);
    }
    Ok(())
}

/// The list of the pane with the focus in that order.
pub fn order_by(model: &mut Model, order: Order) -> Vec<Effect> {
    let side = model.side;
    on_pane(model, side, |pane, requests| pane.order_by(order, requests))
}
