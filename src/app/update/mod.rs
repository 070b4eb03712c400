//! The transitions: what a message changes and what it asks for.
//!
//! - [`browse`]: movement, panes.  [`search`]: the query over them, orders.
//! - [`changes`]: wishes.  [`editing`]: the editors.  [`outcome`]: what became of a wish.
//! - [`marks`]: specs marked for a change of many.  [`bulk`]: that change.
//! - [`history`]: what was changed.  [`undoing`]: taking it back.  [`recovery`]: what was interrupted.
//! - [`doctor`]: findings over all databases.
//! - [`query`]: the query bar.  [`choosing`]: orders, columns, counts, export.  [`refreshing`]: by itself.
//! - [`cells`]: all cells in one pane.
//! - [`dialogs`]: keys of what lies over the screen.  [`general`]: the program itself.
//! - [`answers`]: what was read.  [`databases`]: which there are and whether they answer.
//! - [`environments`]: choosing another one.  [`mouse`]: the mouse.
//!
//! Imports the rest of `app`; no I/O.

pub mod answers;
pub mod browse;
pub mod bulk;
pub mod cells;
pub mod changes;
pub mod choosing;
pub mod databases;
pub mod dialogs;
pub mod doctor;
pub mod editing;
pub mod environments;
pub mod general;
pub mod history;
pub mod marks;
pub mod mouse;
pub mod outcome;
pub mod query;
pub mod recovery;
pub mod refreshing;
pub mod search;
pub mod undoing;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::command::Group;
use super::database::Database;
use super::effect::Effect;
use super::keymap;
use super::layout::{Layout, Side};
use super::model::Model;
use super::msg::Msg;
use super::overlay::Overlay;
use super::pane::Pane;
use super::selection::{Fetched, Selection};
use super::toast::ToastKind;

/// Keys that may wait for an answer.
const TYPED_AHEAD: usize = 64;

/// One step: the message changes the model; what is to be done comes back.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let quiet = is_quiet(model, &msg);
    let before = quiet.then(|| (model.dirty, shown(model)));
    model.dirty |= !matches!(msg, Msg::Tick(_) | Msg::Waited { .. });
    let mut effects = match msg {
        Msg::Start => start(model),
        Msg::Key(event) if event.kind == KeyEventKind::Release => Vec::new(),
        Msg::Key(event) => key(model, &event),
        Msg::Mouse(event) => mouse::mouse(model, &event),
        Msg::Paste(text) => dialogs::paste(model, &text),
        Msg::Resize(width, height) => {
            model.size = (width, height);
            Vec::new()
        }
        Msg::Tick(now) => tick(model, now),
        Msg::Terminate => vec![Effect::Quit],
        Msg::Page { request, database, result } => answers::page(model, request, &database, result),
        Msg::Rank { request, database, result } => answers::rank(model, request, &database, result),
        Msg::Waited { request } => cells::waited(model, request),
        Msg::Count { database, result } => databases::count(model, &database, result),
        Msg::Discovered { places, notices, failure } => {
            databases::tell(model, notices);
            databases::discovered(model, places, failure.as_ref())
        }
        Msg::Probed { database, result } => databases::probed(model, &database, result),
        Msg::EnvironmentOpened { request, result } => environments::opened(model, request, result),
        Msg::Fetched { request, result } => answers::fetched(model, request, result),
        Msg::Compared { request, comparison } => answers::compared(model, request, comparison),
        Msg::PrefixFound { request, database, result } => {
            answers::prefix_found(model, request, &database, result)
        }
        Msg::SearchProgress { search, database, tally, remarks } => {
            answers::search_progress(model, search, &database, (tally, remarks))
        }
        Msg::SearchFailed { search, database, failure } => {
            answers::search_failed(model, search, &database, &failure)
        }
        Msg::Prepared { request, result } => outcome::prepared(model, request, *result),
        Msg::Applied { request, outcome } => outcome::applied(model, request, outcome),
        Msg::ManyProgress { request, progress } => bulk::progress(model, request, progress),
        Msg::PlannedMany { request, result } => bulk::planned(model, request, *result),
        Msg::PlanWritten { request, result } => bulk::plan_written(model, request, &result),
        Msg::AppliedMany { request, outcome } => bulk::applied(model, request, &outcome),
        Msg::UndoPrepared { request, result } => undoing::prepared(model, request, *result),
        Msg::History { request, result } => history::changes_read(model, request, result),
        Msg::HistoryEntries { request, result } => history::entries_read(model, request, result),
        Msg::Doctor { request, report, is_end } => doctor::reported(model, request, *report, is_end),
        Msg::DoctorSpecs { request, rule, purpose, rows, is_whole } => {
            doctor::gathered(model, request, (rule, purpose), rows, is_whole)
        }
        Msg::Unfinished { request, result } => recovery::found(model, request, result),
        Msg::Recovered { request, result } => recovery::recovered(model, request, result),
        Msg::Edited { request, result } => editing::edited(model, request, result),
        Msg::FileRead { request, result } => changes::file_read(model, request, result),
        Msg::Facets { request, database, counts, failure } => {
            choosing::counted(model, request, &database, (counts, failure))
        }
        Msg::Sampled { request, database, samples } => query::sampled(model, request, &database, samples),
        Msg::Exported { request, result } => choosing::exported(model, request, result),
        Msg::Queries { request, result } => choosing::queries_read(model, request, result),
        Msg::QueryExists { name, text, there } => choosing::query_exists(model, &name, text, &there),
        Msg::Settings(reason) => {
            model.toast(ToastKind::Problem, reason);
            Vec::new()
        }
        Msg::Notice(text) => {
            model.toast(ToastKind::Notice, text);
            Vec::new()
        }
    };
    effects.extend(settle(model));
    effects.extend(typed_ahead(model));
    if let Some((dirty, before)) = before {
        model.dirty = dirty || before != shown(model);
    }
    effects
}

/// Whether a message often changes nothing that the screen shows: then nothing is drawn.
fn is_quiet(model: &Model, msg: &Msg) -> bool {
    let routine = matches!(msg, Msg::Probed { .. } | Msg::Discovered { .. } | Msg::Count { .. });
    // That screen shows more of each database than its state.
    routine && !matches!(model.overlay, Some(Overlay::Databases(_)))
}

/// What the main screen shows of the databases.
fn shown(model: &Model) -> Vec<impl PartialEq + use<>> {
    let one = |database: &Database| {
        let place = (database.name.clone(), database.location.clone());
        let latency = database.latency().map(|latency| latency.as_millis());
        let (state, health) = (database.state(model.now), database.health.clone());
        let read_only = database.read_only().is_some();
        (place, state, health, database.count, latency, read_only, model.toasts.iter().count())
    };
    model.databases.iter().map(one).collect()
}

fn settle(model: &mut Model) -> Vec<Effect> {
    let mut effects = fit(model);
    effects.extend(cells::follow(model));
    marks::follow(model);
    effects.extend(browse::follow_selection(model));
    effects.extend(databases::counts(model));
    refreshing::settle(model);
    let now = model.now;
    for pane in &mut model.panes {
        pane.waiting_since = pane.list.is_waiting().then(|| pane.waiting_since.unwrap_or(now));
    }
    effects
}

/// Keys that waited for an answer which has come.
fn typed_ahead(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    while let Some(event) = model.typed_ahead.front().copied() {
        if must_wait(model, &event) {
            break;
        }
        model.typed_ahead.pop_front();
        effects.extend(key_now(model, &event));
        effects.extend(settle(model));
    }
    effects
}

/// Whether a key was typed ahead of what it is meant for: the end of a change that is being made, a
/// dialog that is being prepared, the row
/// that the cursor is on its way to, or the text of a spec that was selected a moment ago.
fn must_wait(model: &Model, event: &KeyEvent) -> bool {
    if let Some(overlay) = &model.overlay {
        return matches!(overlay, Overlay::Working(_));
    }
    if model.change.is_some() {
        return true;
    }
    let pending = |selection: &Selection| selection.own == Fetched::Pending && selection.is_busy();
    if model.editor.is_some() || query::is_typing(model) {
        return false;
    }
    let Some(command) = keymap::command(event, model) else { return false };
    if is_jumping(model) && command.group != Group::Program {
        return true;
    }
    let moving = model.current().is_some_and(|pane| pane.list.is_moving());
    command.group == Group::Change && (moving || model.selection.as_ref().is_some_and(pending))
}

/// Whether the cursor of the current pane is on its way to a uuid that was named.
fn is_jumping(model: &Model) -> bool {
    model.current().is_some_and(Pane::is_jumping)
}

fn start(model: &mut Model) -> Vec<Effect> {
    let Model { panes, requests, .. } = model;
    let mut effects: Vec<_> = panes.iter_mut().flat_map(|pane| pane.open(requests)).collect();
    effects.extend(databases::discover(model));
    effects.extend(databases::probe(model, |_| true));
    effects.extend(recovery::look_quietly(model));
    if model.databases.is_empty() {
        effects.extend(environments::pick(model));
    }
    effects
}

fn key(model: &mut Model, event: &KeyEvent) -> Vec<Effect> {
    let interrupt = event.code == KeyCode::Char('c') && event.modifiers.contains(KeyModifiers::CONTROL);
    if interrupt {
        return general::quit(model);
    }
    if event.code == KeyCode::Esc && model.change.is_some() && model.overlay.is_none() {
        model.typed_ahead.clear();
        outcome::give_up(model);
        return Vec::new();
    }
    if event.code == KeyCode::Esc && is_jumping(model) {
        // Not to go there, then, and none of what was to be done there.
        model.typed_ahead.clear();
    } else if !model.typed_ahead.is_empty() || must_wait(model, event) {
        if model.typed_ahead.len() < TYPED_AHEAD {
            model.typed_ahead.push_back(*event);
        }
        return Vec::new();
    }
    key_now(model, event)
}

fn key_now(model: &mut Model, event: &KeyEvent) -> Vec<Effect> {
    if model.overlay.is_some() {
        return dialogs::key(model, event);
    }
    if model.editor.is_some() {
        return editing::editor_key(model, event);
    }
    if query::is_typing(model) {
        return query::key(model, event);
    }
    match keymap::command(event, model) {
        Some(command) => general::run(model, command),
        None => Vec::new(),
    }
}

fn tick(model: &mut Model, now: i64) -> Vec<Effect> {
    // Ages are shown in minutes and more.
    model.dirty |= model.now.div_euclid(60) != now.div_euclid(60);
    model.now = now;
    model.dirty |= model.toasts.expire(now);
    browse::wait_for_text(model);
    let mut effects = databases::probe(model, |database| database.is_due(now));
    effects.extend(refreshing::tick(model));
    model.dirty |= databases::shows_seconds(model);
    effects
}

/// Tells the lists how much room they have.
fn fit(model: &mut Model) -> Vec<Effect> {
    let layout = model.layout();
    let shown = layout.panes.iter().flatten().next().copied();
    let Some(shown) = shown else { return Vec::new() };
    let mut effects = Vec::new();
    let Model { panes, requests, .. } = model;
    for side in Side::BOTH {
        let height = Layout::rows(layout.panes[side.index()].unwrap_or(shown));
        if let Some(pane) = panes.get_mut(side.index()).filter(|pane| pane.list.height() != height.max(1)) {
            let wishes = pane.list.set_height(height, requests);
            effects.extend(pane.effects(wishes));
        }
    }
    effects
}
