//! Taking a change back, or doing it again: its plan comes from the journal, and goes through the
//! confirm step like any other.
//!
//! Imports the rest of `app` and `change`; no I/O.

use super::bulk::{reread, tell};
use super::changes::{Awaiting, Change, may_write};
use crate::app::bulk::confirm::BulkConfirm;
use crate::app::confirm::Confirm;
use crate::app::database::spoken;
use crate::app::effect::{Effect, RequestId};
use crate::app::model::Model;
use crate::app::msg::{Applied, Remedy, Undo};
use crate::app::overlay::{Buttons, Line, Overlay, Purpose, Question, Tone};
use crate::app::toast::ToastKind;
use crate::change::{ChangeId, Refusal};
use crate::spec::text::escaped;

/// What is to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Which change; none: the last one of this environment that is left.
    pub change: Option<ChangeId>,
    /// Whether it is to be done again.
    pub again: bool,
}

/// Takes the last change back.
pub fn undo(model: &mut Model) -> Vec<Effect> {
    prepare(model, Wanted { change: None, again: false }, false)
}

/// Does the last change again that was taken back.
pub fn redo(model: &mut Model) -> Vec<Effect> {
    prepare(model, Wanted { change: None, again: true }, false)
}

/// Asks for the plan.
pub fn prepare(model: &mut Model, wanted: Wanted, force: bool) -> Vec<Effect> {
    if let Err(reason) = may_write(model) {
        model.toast(ToastKind::Notice, format!("{}: {reason}", word(wanted)));
        return Vec::new();
    }
    let request = model.request();
    model.change = Some(Change { request, awaiting: Awaiting::Undo(wanted) });
    vec![Effect::PrepareUndo { request, change: wanted.change, again: wanted.again, force }]
}

fn word(wanted: Wanted) -> &'static str {
    if wanted.again { "redo" } else { "undo" }
}

/// There is a plan, or a reason why not.
pub fn prepared(model: &mut Model, request: RequestId, result: Result<Undo, Refusal>) -> Vec<Effect> {
    let awaited = model.change.as_ref().filter(|change| change.request == request);
    let Some(Awaiting::Undo(wanted)) = awaited.map(|change| change.awaiting.clone()) else {
        return Vec::new();
    };
    match result {
        Ok(Undo::One { plan, undoing }) => {
            model.overlay = Some(Overlay::Confirm(Box::new(Confirm::new(plan).undoing(undoing))));
        }
        Ok(Undo::Many(plan)) => {
            model.change = None;
            model.overlay = Some(Overlay::BulkConfirm(Box::new(BulkConfirm::new(plan))));
        }
        Err(Refusal::NothingToDo(reason)) => {
            model.change = None;
            model.toast(ToastKind::Notice, escaped(&spoken(&reason)));
        }
        Err(Refusal::Refused { reason, forceable: true }) => {
            let note = "Force shows the plan all the same.";
            let lines = vec![
                Line::new(Tone::Plain, escaped(&spoken(&reason))),
                Line::new(Tone::Plain, ""),
                Line::new(Tone::Muted, note),
            ];
            model.overlay = Some(Overlay::Question(Question {
                purpose: Purpose::Force,
                title: "Refused".to_owned(),
                lines,
                buttons: Buttons::new(["Leave it", "Force…"]),
            }));
        }
        Err(refusal) => {
            model.change = None;
            tell(model, "Refused", word(wanted), &refusal.to_string());
        }
    }
    Vec::new()
}

/// The plan was carried out, or not.
pub fn applied(model: &mut Model, wanted: Wanted, outcome: Applied) -> Vec<Effect> {
    let (done, opposite) = match wanted.again {
        false => ("Undone", "U does it again"),
        true => ("Done again", "u undoes it"),
    };
    for sentence in &outcome.done {
        model.toast(ToastKind::Done, escaped(&spoken(sentence)));
    }
    match outcome.failed {
        None => model.toast(ToastKind::Done, format!("{done}. {opposite}.")),
        Some(failure) => {
            model.typed_ahead.clear();
            let title = match failure.remedy {
                Remedy::Look => "Not known whether it was written",
                Remedy::TryAgain => "Others were in the way",
                Remedy::None => "Not done",
            };
            tell(model, title, word(wanted), &failure.message);
        }
    }
    reread(model, |_| true)
}
