//! Marking specs: by hand, as a range that follows the cursor, all that a query finds; and clearing
//! the marks.
//!
//! Imports the rest of `app`; no I/O.

use std::sync::Arc;

use super::{browse, choosing};
use crate::app::effect::Effect;
use crate::app::marks::{Matching, Refused};
use crate::app::model::{Focus, Model};
use crate::app::pane::Pane;
use crate::app::toast::ToastKind;
use crate::query::Query;

type Ready = Result<(), String>;

/// Whether the list has the focus, and a row to mark.
pub fn can_mark(model: &Model) -> Ready {
    if model.focus == Focus::Detail {
        return Err("rows are marked in the lists: Esc goes there".to_owned());
    }
    browse::has_row(model)
}

/// Whether there is a list all of which can be marked.
pub fn can_mark_all(model: &Model) -> Ready {
    if model.focus == Focus::Detail {
        return Err("rows are marked in the lists: Esc goes there".to_owned());
    }
    choosing::has_list(model)
}

fn tell(model: &mut Model, result: Result<(), Refused>) -> bool {
    if let Err(refused) = result {
        model.toast(ToastKind::Notice, refused.sentence());
        return false;
    }
    true
}

/// Marks the row of the cursor, or no more, and goes one down. Ends a range.
pub fn toggle(model: &mut Model) -> Vec<Effect> {
    if model.marks.has_range() {
        model.marks.end_range();
        return Vec::new();
    }
    let Some(row) = model.current().and_then(|pane| pane.list.selected()).cloned() else { return Vec::new() };
    let result = model.marks.toggle(&row);
    if tell(model, result) { browse::down(model, 1) } else { Vec::new() }
}

/// Begins a range on the row of the cursor; again: ends it.
pub fn range(model: &mut Model) -> Vec<Effect> {
    if model.marks.has_range() {
        model.marks.end_range();
        return Vec::new();
    }
    let Some(row) = model.current().and_then(|pane| pane.list.selected()).cloned() else { return Vec::new() };
    let result = model.marks.begin_range(&row);
    if tell(model, result) {
        model.range_side = model.side;
    }
    Vec::new()
}

/// Marks all that the list's query finds; again: none.
pub fn all(model: &mut Model) -> Vec<Effect> {
    let (databases, query) = choosing::listed(model);
    let matching = Matching { databases, query };
    if model.marks.matching() == Some(&matching) {
        model.marks.clear();
    } else {
        model.marks.mark_all(matching);
    }
    Vec::new()
}

/// One step back: the range ends, then the marks go. False where there are none.
pub fn back(model: &mut Model) -> bool {
    if model.marks.has_range() {
        model.marks.end_range();
        return true;
    }
    let any = model.marks.is_any();
    model.marks.clear();
    any
}

/// What the marks follow: the cursor where a range is open, the query where all of it is marked.
pub fn follow(model: &mut Model) {
    if model.marks.has_range() {
        follow_cursor(model);
    }
    if let Some(all) = model.marks.matching() {
        let lists = |pane: &Pane| {
            let query = pane.query().cloned().unwrap_or_else(|| Arc::new(Query::all()));
            query.expression == all.query.expression && all.databases.iter().any(|name| pane.shows(name))
        };
        if !model.panes.iter().any(lists) {
            model.marks.clear();
            model.toast(ToastKind::Notice, "no marks any more: all of another query was marked");
        }
    }
}

fn follow_cursor(model: &mut Model) {
    if model.side != model.range_side {
        model.marks.end_range();
        return;
    }
    let Some(pane) = model.panes.get(model.side.index()) else { return };
    // Rows that are on their way may be others.
    if pane.list.is_busy() {
        return;
    }
    let rows: Vec<_> = pane.list.rows().collect();
    let result = match pane.list.cursor() {
        Some(cursor) => model.marks.extend_range(&rows, cursor),
        None => Ok(()),
    };
    tell(model, result);
}
