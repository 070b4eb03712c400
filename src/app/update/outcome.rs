//! What became of a wish: a plan to confirm, a refusal, a conflict, a plan carried out.
//!
//! Imports the rest of `app`, `change` and `spec`; no I/O.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::changes::{Awaiting, Change, Origin, prepare, take};
use super::editing::open_external;
use super::{browse, undoing};
use crate::app::confirm::{Confirm, Decision};
use crate::app::conflict::Conflict;
use crate::app::database::{label, spoken};
use crate::app::editor::external;
use crate::app::effect::{Effect, RequestId};
use crate::app::layout::Side;
use crate::app::model::Model;
use crate::app::msg::{Applied, Remedy};
use crate::app::overlay::{Buttons, Line, Overlay, Purpose, Question, Tone};
use crate::app::pane::Pane;
use crate::app::toast::ToastKind;
use crate::app::whole;
use crate::change::record::Undoing;
use crate::change::{Confirmed, Intent, Plan, Refusal};
use crate::spec::text::escaped;

/// There is a plan, or a reason why not.
pub fn prepared(model: &mut Model, request: RequestId, result: Result<Plan, Refusal>) -> Vec<Effect> {
    let is_it = model.change.as_ref().is_some_and(|change| change.request == request);
    let Some(Awaiting::Plan { intent, origin }) = model.change.as_ref().map(|change| change.awaiting.clone())
    else {
        return Vec::new();
    };
    if !is_it {
        return Vec::new();
    }
    match result {
        Ok(plan) => model.overlay = Some(Overlay::Confirm(Box::new(Confirm::new(plan)))),
        Err(refusal) => refused(model, &intent, &origin, refusal),
    }
    Vec::new()
}

fn tell(model: &mut Model, purpose: Purpose, lines: Vec<Line>, buttons: Buttons) {
    let title = "Refused".to_owned();
    model.overlay = Some(Overlay::Question(Question { purpose, title, lines, buttons }));
}

fn refused(model: &mut Model, intent: &Intent, origin: &Origin, refusal: Refusal) {
    let reason = Line::new(Tone::Plain, escaped(&spoken(&refusal.to_string())));
    match refusal {
        Refusal::NothingToDo(text) => {
            model.change = None;
            model.toast(ToastKind::Notice, spoken(&text));
        }
        Refusal::Refused { forceable: true, .. } => {
            let note =
                Line::new(Tone::Muted, "Force shows the plan all the same; a word must be typed there.");
            let lines = vec![reason, Line::new(Tone::Plain, ""), note];
            tell(model, Purpose::Force, lines, Buttons::new(["Leave it", "Force…"]));
        }
        Refusal::Conflict { current, .. } => conflict(model, intent, reason, current),
        Refusal::Refused { .. } | Refusal::NotFound(_) | Refusal::Failed(_) => match origin {
            Origin::External => {
                tell(model, Purpose::EditAgain, vec![reason], Buttons::new(["Give up", "Edit again"]));
            }
            Origin::Editor | Origin::Screen => {
                if let (Origin::Editor, Some(editor)) = (origin, &mut model.editor) {
                    editor.refused(reason.text.clone());
                }
                model.change = None;
                tell(model, Purpose::Tell, vec![reason], Buttons::new(["Close"]));
            }
        },
    }
}

fn conflict(model: &mut Model, intent: &Intent, reason: Line, current: Option<Arc<[u8]>>) {
    if let Some(conflict) = Conflict::new(intent, &reason.text, current.clone()) {
        model.overlay = Some(Overlay::Conflict(Box::new(conflict)));
        return;
    }
    let mut lines = vec![reason];
    let mut buttons = Buttons::new(["Leave it"]);
    let own = model.selection.as_ref().and_then(|selection| selection.own.text());
    if let (Intent::Copy { replace: false, to, .. }, Some(there), Some(own)) = (intent, &current, own) {
        lines.push(Line::new(Tone::Plain, ""));
        lines.push(Line::new(Tone::Title, format!("What is in {} now → what would replace it", label(to))));
        lines.extend(whole::difference(there, own));
        buttons.labels.push("Replace…".to_owned());
        tell(model, Purpose::Force, lines, buttons);
    } else {
        model.change = None;
        tell(model, Purpose::Tell, lines, buttons);
    }
}

/// The second button of a refusal: do it all the same.
pub fn force(model: &mut Model) -> Vec<Effect> {
    let (intent, origin) = match model.change.take() {
        Some(Change { awaiting: Awaiting::Plan { intent, origin }, .. }) => (intent, origin),
        Some(Change { awaiting: Awaiting::Undo(wanted), .. }) => {
            return undoing::prepare(model, wanted, true);
        }
        _ => return Vec::new(),
    };
    match intent {
        Intent::Copy { from, to, instance_uuid, replace: false } => {
            prepare(model, Intent::Copy { from, to, instance_uuid, replace: true }, origin, true)
        }
        intent => prepare(model, intent, origin, true),
    }
}

/// The second button of a refused text: back to the external editor.
pub fn edit_again(model: &mut Model, reason: String) -> Vec<Effect> {
    let Some(Change { awaiting: Awaiting::Plan { intent, .. }, .. }) = model.change.take() else {
        return Vec::new();
    };
    let Intent::Save { database, instance_uuid, before, after } = intent else { return Vec::new() };
    let text = external::outgoing(&after);
    open_external(model, Awaiting::Text { database, instance_uuid, before }, text, Some(reason))
}

/// The same edit over what is there now.
pub fn again(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let origin = match model.change.take() {
        Some(Change { awaiting: Awaiting::Plan { origin, .. }, .. }) => origin,
        _ => Origin::Screen,
    };
    prepare(model, intent, origin, false)
}

/// The second button where others were in the way: the same again.
pub fn try_again(model: &mut Model) -> Vec<Effect> {
    match model.change.take() {
        Some(Change { awaiting: Awaiting::Plan { intent, origin }, .. }) => {
            prepare(model, intent, origin, false)
        }
        _ => Vec::new(),
    }
}

/// Others were in the way: nothing was written, and what was wished is kept.
fn contended(model: &mut Model, reason: Line) {
    let note = Line::new(Tone::Muted, "Try again makes a new plan and asks again.");
    let lines = vec![reason, Line::new(Tone::Plain, ""), note];
    let buttons = Buttons::new(["Leave it", "Try again…"]);
    let (purpose, title) = (Purpose::TryAgain, "Others were in the way".to_owned());
    model.overlay = Some(Overlay::Question(Question { purpose, title, lines, buttons }));
}

/// Nobody knows whether it was written: the row is read again, and shows it.
fn uncertain(model: &mut Model, reason: Line, origin: &Origin) {
    if let (Origin::Editor, Some(editor)) = (origin, &mut model.editor) {
        editor.refused(reason.text.clone());
    }
    model.change = None;
    let lines = vec![
        Line::new(Tone::Danger, reason.text),
        Line::new(Tone::Plain, ""),
        Line::new(Tone::Plain, "The row is being read again: look at it before anything else is done."),
    ];
    let buttons = Buttons::new(["Look at it"]);
    let (purpose, title) = (Purpose::Tell, "Not known whether it was written".to_owned());
    model.overlay = Some(Overlay::Question(Question { purpose, title, lines, buttons }));
}

/// Not to be done.
pub fn give_up(model: &mut Model) {
    let kept = model.editor.is_some();
    if model.change.take().is_some() && !kept {
        model.toast(ToastKind::Notice, "cancelled, nothing was written");
    }
}

/// A key of the confirm step.
pub fn confirm_key(model: &mut Model, mut confirm: Box<Confirm>, event: &KeyEvent) -> Vec<Effect> {
    let mut effects = Vec::new();
    match confirm.key(event) {
        Decision::Open => {}
        Decision::Cancel => {
            give_up(model);
            return Vec::new();
        }
        Decision::Go(plan) => return apply(model, *plan, confirm.notes.reason(), confirm.undoing),
        Decision::WordMissing(word) => model.toast(ToastKind::Notice, format!("type {word} to confirm")),
        Decision::Write(path) => {
            let request = model.request();
            confirm.notes.writing = Some(request);
            let (plan, reason) = (confirm.confirmation.plan().clone(), confirm.notes.reason());
            effects.push(Effect::WritePlan { request, plan, reason, path });
        }
    }
    model.overlay = Some(Overlay::Confirm(confirm));
    effects
}

/// The plan was confirmed.
fn apply(
    model: &mut Model,
    plan: Confirmed<Plan>,
    reason: Option<String>,
    undoing: Option<Undoing>,
) -> Vec<Effect> {
    let request = model.request();
    if let Some(change) = &mut model.change {
        change.request = request;
    }
    let verb = plan.get().operations.first().map_or("the change", |operation| operation.verb());
    model.overlay = Some(Overlay::Working(verb.to_owned()));
    vec![Effect::Apply { request, plan, reason, undoing }]
}

/// The plan was carried out, or not.
pub fn applied(model: &mut Model, request: RequestId, outcome: Applied) -> Vec<Effect> {
    let (intent, origin) = match take(model, request) {
        Some(Awaiting::Plan { intent, origin }) => (intent, origin),
        Some(Awaiting::Undo(wanted)) => {
            model.overlay = None;
            return undoing::applied(model, wanted, outcome);
        }
        _ => return Vec::new(),
    };
    model.overlay = None;
    match (&intent, &outcome.failed) {
        // Its steps are of interest only where it did not come to its end.
        (Intent::Move { from, to, instance_uuid }, None) => {
            let moved = format!(
                "Moved the spec of {instance_uuid} from {} to {}. u undoes it.",
                label(from),
                label(to)
            );
            model.toast(ToastKind::Done, escaped(&moved));
        }
        _ => {
            let undo = if outcome.failed.is_none() { " u undoes it." } else { "" };
            let last = outcome.done.len().saturating_sub(1);
            for (at, done) in outcome.done.iter().enumerate() {
                let undo = if at == last { undo } else { "" };
                model.toast(ToastKind::Done, format!("{}{undo}", escaped(&spoken(done))));
            }
        }
    }
    match outcome.failed {
        None => {
            if origin == Origin::Editor {
                model.editor = None;
            }
        }
        Some(failure) => {
            // Keys typed ahead were meant for the screen after a success, not for the dialog that comes.
            model.typed_ahead.clear();
            let reason = Line::new(Tone::Plain, escaped(&spoken(&failure.message)));
            // What was confirmed is kept, so that it can be done again.
            let awaiting = Awaiting::Plan { intent: intent.clone(), origin: origin.clone() };
            let request = model.request();
            model.change = Some(Change { request, awaiting });
            match failure.conflict {
                None if failure.remedy == Remedy::TryAgain => contended(model, reason),
                None if failure.remedy == Remedy::Look => uncertain(model, reason, &origin),
                Some(current) => conflict(model, &intent, reason, current),
                None => refused(model, &intent, &origin, Refusal::Failed(failure.message)),
            }
        }
    }
    let mut effects = Vec::new();
    for side in Side::BOTH {
        effects.extend(browse::on_pane(model, side, Pane::reload));
    }
    for name in intent.databases() {
        if let Some(database) = model.database_mut(name) {
            database.recount();
        }
    }
    let Model { selection, requests, .. } = model;
    if let Some(selection) = selection {
        effects.extend(selection.ask(requests));
    }
    effects
}
