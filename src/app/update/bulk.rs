//! A change of many specs: from what is marked over its plan and the confirm step to the report.
//!
//! Imports the rest of `app` and `change`; no I/O.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::{browse, changes, databases, editing};
use crate::app::bulk::confirm::{BulkConfirm, Decision};
use crate::app::bulk::destination::{self, DestinationPicker};
use crate::app::bulk::edits::{self, EditLines};
use crate::app::bulk::repairs::{self, RepairPicker};
use crate::app::bulk::report::Report;
use crate::app::bulk::work::{Kind, Wish, Work};
use crate::app::bulk::{what, whom};
use crate::app::database::spoken;
use crate::app::effect::{Effect, RequestId};
use crate::app::layout::Side;
use crate::app::model::Model;
use crate::app::overlay::{Buttons, Line, Overlay, Purpose, Question, Tone};
use crate::app::pane::Pane;
use crate::app::toast::ToastKind;
use crate::change::{
    BulkChange, BulkIntent, BulkOutcome, BulkPlan, Confirmed, DatabaseName, Progress, Refusal, Repair, Whom,
};
use crate::spec::text::escaped;

type Ready = Result<(), String>;

/// Whether what is marked can be changed.
fn may_change_marked(model: &Model) -> Ready {
    changes::may_write(model)?;
    model.marks.databases().iter().try_for_each(|name| databases::may_write_to(model, name))
}

/// Whether there is something to edit: what is marked, else the selected spec.
pub fn can_edit(model: &Model) -> Ready {
    if model.marks.is_any() { may_change_marked(model) } else { changes::can_edit(model) }
}

/// Whether there is something to move: what is marked, else the selected spec.
pub fn can_move(model: &Model) -> Ready {
    if model.marks.is_any() { may_change_marked(model) } else { changes::can_move(model) }
}

/// Whether there is something to repair: what is marked, else the selected spec.
pub fn can_repair(model: &Model) -> Ready {
    if model.marks.is_any() { may_change_marked(model) } else { changes::can_change(model) }
}

/// Whether nothing is marked: for commands that change one spec.
pub fn only_one(model: &Model, can: fn(&Model) -> Ready) -> Ready {
    if model.marks.is_any() {
        return Err("it is of one spec, and several are marked: Esc clears the marks".to_owned());
    }
    can(model)
}

/// Edits what is marked, else the selected spec.
pub fn edit(model: &mut Model) -> Vec<Effect> {
    let Some(whom) = model.marks.whom() else { return editing::edit(model) };
    let sample = model.selection.as_ref().and_then(|selection| selection.own.text());
    let lines = Box::new(EditLines::new(sample.map(|text| &text[..])));
    model.overlay = Some(Overlay::BulkEdit { lines, whom });
    Vec::new()
}

/// Moves what is marked, else the selected spec.
pub fn move_specs(model: &mut Model) -> Vec<Effect> {
    let Some(whom) = model.marks.whom() else { return changes::move_spec(model) };
    let names = model.databases.iter().map(|database| database.name.clone());
    let likely = model.pane(model.side.other()).and_then(Pane::database).cloned();
    let picker = DestinationPicker::new(names, likely.as_ref());
    model.overlay = Some(Overlay::Destination { picker, whom });
    Vec::new()
}

/// What is marked, else the selected spec.
fn marked(model: &Model) -> Option<Whom> {
    let selected = || {
        let selection = model.selection.as_ref()?;
        let row = (selection.database.clone(), Arc::clone(&selection.instance_uuid));
        Some(Whom::Rows(Arc::from([row])))
    };
    model.marks.whom().or_else(selected)
}

/// Opens the choice of a repair.
pub fn repair(model: &mut Model) -> Vec<Effect> {
    let Some(whom) = marked(model) else { return Vec::new() };
    model.overlay = Some(Overlay::Repairs { picker: Box::default(), whom });
    Vec::new()
}

/// Repairs what is marked, else the selected spec, by the name of a repair.
pub fn repair_by_name(model: &mut Model, repair: Repair) -> Vec<Effect> {
    if let Err(reason) = can_repair(model) {
        model.toast(ToastKind::Notice, format!("repair: {reason}"));
        return Vec::new();
    }
    let Some(whom) = marked(model) else { return Vec::new() };
    plan(model, BulkChange::Repair(repair), whom)
}

/// Keys of the editor of edits.
pub fn edit_key(model: &mut Model, mut lines: Box<EditLines>, whom: Whom, event: &KeyEvent) -> Vec<Effect> {
    match lines.key(event) {
        edits::Pressed::Leave => Vec::new(),
        edits::Pressed::Plan(edits) => plan(model, BulkChange::Edit(edits), whom),
        edits::Pressed::Stay => {
            model.overlay = Some(Overlay::BulkEdit { lines, whom });
            Vec::new()
        }
    }
}

/// Keys of the choice of a repair.
pub fn repair_key(
    model: &mut Model,
    mut picker: Box<RepairPicker>,
    whom: Whom,
    event: &KeyEvent,
) -> Vec<Effect> {
    match picker.key(event) {
        repairs::Pressed::Leave => Vec::new(),
        repairs::Pressed::Plan(repair) => plan(model, BulkChange::Repair(repair), whom),
        repairs::Pressed::Stay => {
            model.overlay = Some(Overlay::Repairs { picker, whom });
            Vec::new()
        }
    }
}

/// Keys of the choice of a destination.
pub fn destination_key(
    model: &mut Model,
    mut picker: DestinationPicker,
    whom: Whom,
    event: &KeyEvent,
) -> Vec<Effect> {
    match picker.key(event) {
        destination::Pressed::Leave => Vec::new(),
        destination::Pressed::Move(to) => plan(model, BulkChange::Move(to), whom),
        destination::Pressed::Stay => {
            model.overlay = Some(Overlay::Destination { picker, whom });
            Vec::new()
        }
    }
}

/// Asks for the plan of a change of many.
pub fn plan(model: &mut Model, change: BulkChange, whom: Whom) -> Vec<Effect> {
    let title = format!("{} {}", what(&change), self::whom(&whom));
    let request = begin(model, Kind::Planning, title);
    vec![Effect::PlanMany { request, intent: BulkIntent { change, whom, limit: None } }]
}

/// Shows that work is under way, and names it.
pub fn begin(model: &mut Model, kind: Kind, title: String) -> RequestId {
    let request = model.request();
    model.overlay = Some(Overlay::Work(Box::new(Work::new(request, kind, title, model.now))));
    request
}

/// The work of that name, if it is what is shown.
fn work(model: &mut Model, request: RequestId) -> Option<&mut Work> {
    match &mut model.overlay {
        Some(Overlay::Work(work)) if work.request == request => Some(work),
        _ => None,
    }
}

/// A key while work is under way.
pub fn work_key(model: &mut Model, mut work: Box<Work>, event: &KeyEvent) -> Vec<Effect> {
    let request = work.request;
    let stops = work.key(event) == Wish::Stop;
    if stops && work.kind == Kind::Planning {
        model.toast(ToastKind::Notice, "cancelled, nothing was written");
    } else {
        model.overlay = Some(Overlay::Work(work));
    }
    if stops { vec![Effect::StopMany { request }] } else { Vec::new() }
}

/// How far it is.
pub fn progress(model: &mut Model, request: RequestId, progress: Progress) -> Vec<Effect> {
    if let Some(work) = work(model, request) {
        work.progress = progress;
    }
    Vec::new()
}

/// There is a plan, or a reason why not.
pub fn planned(model: &mut Model, request: RequestId, result: Result<BulkPlan, Refusal>) -> Vec<Effect> {
    let Some(work) = work(model, request) else { return Vec::new() };
    let title = work.title.clone();
    model.overlay = None;
    match result {
        Ok(plan) => model.overlay = Some(Overlay::BulkConfirm(Box::new(BulkConfirm::new(plan)))),
        Err(Refusal::NothingToDo(reason)) => tell(model, "Nothing to do", &title, &reason),
        Err(refusal) => tell(model, "Refused", &title, &refusal.to_string()),
    }
    Vec::new()
}

/// A message in a dialog.
pub fn tell(model: &mut Model, title: &str, what: &str, reason: &str) {
    let mut lines = Vec::new();
    if !what.is_empty() {
        lines.push(Line::new(Tone::Muted, what));
    }
    lines.extend(reason.lines().map(|line| Line::new(Tone::Plain, escaped(&spoken(line)))));
    model.overlay = Some(Overlay::Question(Question {
        purpose: Purpose::Tell,
        title: title.to_owned(),
        lines,
        buttons: Buttons::new(["Close"]),
    }));
}

/// A key of the confirm step.
pub fn confirm_key(model: &mut Model, mut confirm: Box<BulkConfirm>, event: &KeyEvent) -> Vec<Effect> {
    let mut effects = Vec::new();
    match confirm.key(event) {
        Decision::Open => {}
        Decision::Cancel => {
            model.toast(ToastKind::Notice, "cancelled, nothing was written");
            return Vec::new();
        }
        Decision::WordMissing(word) => {
            model.toast(ToastKind::Notice, format!("type {word} to confirm"));
        }
        Decision::Write(path) => {
            let request = model.request();
            confirm.notes.writing = Some(request);
            let (plan, reason) = (confirm.confirmation.plan().clone(), confirm.notes.reason());
            effects.push(Effect::WriteBulkPlan { request, plan, reason, path });
        }
        Decision::Go(plan) => return apply(model, plan, confirm.notes.reason()),
    }
    model.overlay = Some(Overlay::BulkConfirm(confirm));
    effects
}

fn apply(model: &mut Model, plan: Confirmed<BulkPlan>, reason: Option<String>) -> Vec<Effect> {
    if let Err(reason) = changes::may_write(model) {
        model.toast(ToastKind::Problem, reason);
        return Vec::new();
    }
    let (title, total) = (escaped(plan.get().title()).into_owned(), plan.get().total());
    let request = begin(model, Kind::Applying, title);
    if let Some(work) = work(model, request) {
        work.progress.total = Some(total);
    }
    vec![Effect::ApplyMany { request, plan, reason }]
}

/// A plan was written to a file, or not.
pub fn plan_written(model: &mut Model, request: RequestId, result: &Result<String, String>) -> Vec<Effect> {
    let told = match &mut model.overlay {
        Some(Overlay::BulkConfirm(confirm)) => confirm.notes.written(request, result),
        Some(Overlay::Confirm(confirm)) => confirm.notes.written(request, result),
        _ => false,
    };
    if !told {
        match result {
            Ok(sentence) => model.toast(ToastKind::Done, escaped(sentence)),
            Err(reason) => model.toast(ToastKind::Problem, escaped(reason)),
        }
    }
    Vec::new()
}

/// It was carried out, to its end or not.
pub fn applied(model: &mut Model, request: RequestId, outcome: &BulkOutcome) -> Vec<Effect> {
    let now = model.now;
    let Some(work) = work(model, request) else { return Vec::new() };
    let seconds = u64::try_from(now - work.since).unwrap_or(0);
    let report = Report::new(&work.title, outcome, seconds);
    model.overlay = Some(Overlay::Report(Box::new(report)));
    if outcome.progress.done > 0 {
        model.marks.clear();
    }
    reread(model, |_| true)
}

/// Reads lists, counts and the selected spec anew: specs of those databases were changed.
pub fn reread(model: &mut Model, changed: impl Fn(&DatabaseName) -> bool) -> Vec<Effect> {
    let mut effects = Vec::new();
    for side in Side::BOTH {
        effects.extend(browse::on_pane(model, side, Pane::reload));
    }
    for database in model.databases.iter_mut().filter(|database| changed(&database.name)) {
        database.recount();
    }
    let Model { selection, requests, .. } = model;
    if let Some(selection) = selection {
        effects.extend(selection.ask(requests));
    }
    effects
}
