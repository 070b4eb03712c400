//! The screen of findings: passes over all databases, the specs of a rule, repairing or marking all of
//! them.
//!
//! Imports the rest of `app` and `change`; no I/O.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::{browse, bulk, changes, databases};
use crate::app::bulk::repairs::RepairPicker;
use crate::app::bulk::work::Kind;
use crate::app::doctor::{Doctor, Found, Report, Wish};
use crate::app::effect::{Effect, RequestId};
use crate::app::layout::Side;
use crate::app::model::Model;
use crate::app::overlay::Overlay;
use crate::app::toast::ToastKind;
use crate::app::words::grouped;
use crate::change::{BulkChange, DatabaseName, Repair, Whom};
use crate::lint::Rule;

/// What all specs of a rule are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be repaired.
    Fix,
    /// To be marked.
    Mark,
}

/// Opens the screen: with what was found before, else examining.
pub fn open(model: &mut Model) -> Vec<Effect> {
    match model.doctor.take() {
        Some(doctor) => {
            model.overlay = Some(Overlay::Doctor(doctor));
            Vec::new()
        }
        None => {
            let mut doctor = Box::<Doctor>::default();
            let effect = examine(model, &mut doctor);
            model.overlay = Some(Overlay::Doctor(doctor));
            vec![effect]
        }
    }
}

fn examine(model: &mut Model, doctor: &mut Doctor) -> Effect {
    let request = model.request();
    *doctor = Doctor { request: Some(request), since: model.now, ..Doctor::default() };
    Effect::Doctor { request }
}

/// The screen, shown or not.
fn screen(model: &mut Model) -> Option<&mut Doctor> {
    match &mut model.overlay {
        Some(Overlay::Doctor(doctor)) => Some(doctor),
        _ => model.doctor.as_deref_mut(),
    }
}

/// A key.
pub fn key(model: &mut Model, mut doctor: Box<Doctor>, event: &KeyEvent) -> Vec<Effect> {
    let lines = usize::from(model.size.1 / 2).max(1);
    let effects = match doctor.key(event, lines) {
        Wish::Stay => Vec::new(),
        Wish::Leave => {
            model.doctor = Some(doctor);
            return Vec::new();
        }
        Wish::Stop => doctor.request.map(|request| Effect::StopMany { request }).into_iter().collect(),
        Wish::Again => vec![examine(model, &mut doctor)],
        Wish::Jump(database, uuid) => {
            model.doctor = Some(doctor);
            return jump(model, database, &uuid);
        }
        Wish::Fix | Wish::Mark if doctor.request.is_some() => {
            model.toast(ToastKind::Notice, "not all specs are examined yet: wait, or Esc stops it");
            Vec::new()
        }
        Wish::Fix => match can_fix(model, &doctor) {
            Ok(found) => {
                model.doctor = Some(doctor);
                return gather(model, &found, Purpose::Fix);
            }
            Err(reason) => {
                model.toast(ToastKind::Notice, reason);
                Vec::new()
            }
        },
        Wish::Mark => {
            let found = doctor.chosen().cloned();
            model.doctor = Some(doctor);
            return found.map(|found| gather(model, &found, Purpose::Mark)).unwrap_or_default();
        }
    };
    model.overlay = Some(Overlay::Doctor(doctor));
    effects
}

fn can_fix(model: &Model, doctor: &Doctor) -> Result<Found, String> {
    let found = doctor.chosen().cloned().ok_or_else(|| "no rule is chosen".to_owned())?;
    if found.rule.fix.is_none() {
        return Err(format!("{} has no repair by name: Enter lists its specs", found.rule.code));
    }
    changes::may_write(model).map_err(|reason| format!("repair: {reason}"))?;
    Ok(found)
}

/// Shows a spec in its database's pane.
fn jump(model: &mut Model, database: DatabaseName, uuid: &str) -> Vec<Effect> {
    let side = if database == DatabaseName::Api { Side::Left } else { Side::Right };
    let mut effects = databases::show(model, database.clone());
    effects.extend(browse::on_pane(model, side, |pane, requests| pane.seek(uuid, Some(&database), requests)));
    effects
}

/// All specs of a rule: those at hand, or those of one more pass for that rule alone.
fn gather(model: &mut Model, found: &Found, purpose: Purpose) -> Vec<Effect> {
    let rule = found.rule;
    if let Some(rows) = found.all() {
        return go_on(model, rule, purpose, rows, true);
    }
    let title = format!("looking for all {} specs of {} {}", grouped(found.total()), rule.code, rule.name);
    let request = bulk::begin(model, Kind::Planning, title);
    vec![Effect::DoctorSpecs { request, rule, purpose }]
}

/// All specs of a rule were found.
pub fn gathered(
    model: &mut Model,
    request: RequestId,
    (rule, purpose): (&'static Rule, Purpose),
    rows: Vec<(DatabaseName, Arc<str>)>,
    is_whole: bool,
) -> Vec<Effect> {
    if !matches!(&model.overlay, Some(Overlay::Work(work)) if work.request == request) {
        return Vec::new();
    }
    model.overlay = None;
    go_on(model, rule, purpose, rows, is_whole)
}

fn go_on(
    model: &mut Model,
    rule: &'static Rule,
    purpose: Purpose,
    rows: Vec<(DatabaseName, Arc<str>)>,
    is_whole: bool,
) -> Vec<Effect> {
    if rows.is_empty() {
        model.toast(ToastKind::Notice, format!("no spec breaks {} any more", rule.code));
        return Vec::new();
    }
    if !is_whole {
        let count = grouped(rows.len() as u64);
        model.toast(ToastKind::Notice, format!("there are more: these are the first {count}"));
    }
    match (purpose, rule.fix) {
        (Purpose::Mark, _) | (_, None) => {
            let count = rows.len() as u64;
            match model.marks.add(rows) {
                Ok(()) => model
                    .toast(ToastKind::Done, format!("{} specs of {} are marked", grouped(count), rule.code)),
                Err(refused) => model.toast(ToastKind::Notice, refused.sentence()),
            }
            Vec::new()
        }
        (Purpose::Fix, Some(name)) => {
            let whom = Whom::Rows(rows.into());
            match Repair::parse(name, &[]) {
                Ok(repair) => bulk::plan(model, BulkChange::Repair(repair), whom),
                // It takes more than its name.
                Err(_) => {
                    let picker = Box::new(RepairPicker::typed(&format!("{name} ")));
                    model.overlay = Some(Overlay::Repairs { picker, whom });
                    Vec::new()
                }
            }
        }
    }
}

/// A pass came further, or to its end.
pub fn reported(model: &mut Model, request: RequestId, report: Report, is_end: bool) -> Vec<Effect> {
    let now = model.now;
    if let Some(doctor) = screen(model).filter(|doctor| doctor.request == Some(request)) {
        doctor.reported(report, is_end.then_some(now));
    }
    Vec::new()
}
