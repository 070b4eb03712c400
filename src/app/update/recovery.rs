//! Changes that were interrupted: looked for when a session begins, and on request.
//!
//! Imports the rest of `app` and `change`; no I/O.

use crossterm::event::KeyEvent;

use super::{bulk, changes, choosing, dialogs};
use crate::app::bulk::report::Report;
use crate::app::bulk::work::Kind;
use crate::app::effect::{Effect, RequestId};
use crate::app::model::Model;
use crate::app::overlay::Overlay;
use crate::app::recovery::{Recovery, Wish, told};
use crate::app::toast::ToastKind;
use crate::app::words::grouped;
use crate::change::recover::{Decision, Recovered};
use crate::spec::text::escaped;

/// Looks for interrupted changes; where there are none, nothing is said.
pub fn look_quietly(model: &mut Model) -> Vec<Effect> {
    if model.databases.is_empty() {
        return Vec::new();
    }
    let request = model.request();
    model.looking = Some((request, true));
    vec![Effect::LookForUnfinished { request }]
}

/// Looks for interrupted changes.
pub fn look(model: &mut Model) -> Vec<Effect> {
    let effects = look_quietly(model);
    if let Some((_, quietly)) = &mut model.looking {
        *quietly = false;
    }
    effects
}

/// What was found of them.
pub fn found(model: &mut Model, request: RequestId, result: Result<Vec<Decision>, String>) -> Vec<Effect> {
    let Some((_, quietly)) = model.looking.take_if(|(asked, _)| *asked == request) else { return Vec::new() };
    match result {
        Ok(decisions) if decisions.is_empty() => {
            if !quietly {
                model.toast(ToastKind::Notice, "no change was interrupted");
            }
        }
        Ok(decisions) if choosing::is_free(model) => {
            let may_write = changes::may_write(model);
            model.overlay = Some(Overlay::Recovery(Box::new(Recovery::new(decisions, &may_write))));
        }
        Ok(decisions) => {
            let count = grouped(decisions.len() as u64);
            model.toast(ToastKind::Problem, format!("interrupted operations: {count}; R shows them"));
        }
        // Browsing goes on without a journal.
        Err(reason) => model.toast(ToastKind::Problem, escaped(&reason)),
    }
    Vec::new()
}

/// A key of the dialog.
pub fn key(model: &mut Model, mut recovery: Box<Recovery>, event: &KeyEvent) -> Vec<Effect> {
    match recovery.key(event) {
        Wish::Later => {
            model.toast(ToastKind::Notice, "left as it is; R shows it again");
            Vec::new()
        }
        Wish::Go(decisions) => {
            let title = "Bringing interrupted changes to their end".to_owned();
            let request = bulk::begin(model, Kind::Recovering, title);
            vec![Effect::Recover { request, decisions }]
        }
        Wish::Open => {
            recovery.scroll = dialogs::scrolled(recovery.scroll, recovery.lines.len(), event);
            model.overlay = Some(Overlay::Recovery(recovery));
            Vec::new()
        }
    }
}

/// What came of it.
pub fn recovered(
    model: &mut Model,
    request: RequestId,
    result: Result<Vec<Recovered>, String>,
) -> Vec<Effect> {
    if !matches!(&model.overlay, Some(Overlay::Work(work)) if work.request == request) {
        return Vec::new();
    }
    match result {
        Ok(recovered) => {
            let (title, lines) = ("Recovered".to_owned(), told(&recovered));
            model.overlay = Some(Overlay::Report(Box::new(Report { title, lines, scroll: 0 })));
        }
        Err(reason) => bulk::tell(model, "Not recovered", "", &reason),
    }
    bulk::reread(model, |_| true)
}
