//! What an operator wishes to change, and whether that can be done now. Then: intent → plan or
//! refusal → confirm step → done (see `outcome`).
//!
//! Imports the rest of `app`, `change` and `spec`; no I/O.

use std::sync::Arc;

use tui_input::Input;

use super::undoing::Wanted;
use super::{browse, databases};
use crate::app::database::{Health, label};
use crate::app::effect::{Effect, RequestId};
use crate::app::model::Model;
use crate::app::overlay::{Buttons, Line, Overlay, PathPrompt, Picker, Purpose, Question, Tone, Transfer};
use crate::app::pane::Pane;
use crate::app::toast::ToastKind;
use crate::change::{DatabaseName, Intent};
use crate::spec::text::escaped;

type Ready = Result<(), String>;

/// Databases that a dialog lists at most.
const LISTED: usize = 12;

/// Where a change comes from, and so where its refusal goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A key on the main screen.
    Screen,
    /// The field editor.
    Editor,
    /// The external editor.
    External,
}

/// What is awaited for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaiting {
    /// A plan, an answer to the confirm step, or the end of the work on it.
    Plan {
        /// What is wished.
        intent: Intent,
        /// Where it comes from.
        origin: Origin,
    },
    /// The external editor on the stored text of the selection.
    Text {
        /// Where the spec is.
        database: DatabaseName,
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// What was read.
        before: Arc<[u8]>,
    },
    /// The external editor for the field editor.
    TextForEditor,
    /// The plan that takes a change back, an answer to its confirm step, or its end.
    Undo(Wanted),
    /// The file to create a spec from.
    File {
        /// Where the spec goes.
        database: DatabaseName,
        /// Its path as typed.
        path: String,
    },
}

/// The change under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Names the awaited answer.
    pub request: RequestId,
    /// What is awaited.
    pub awaiting: Awaiting,
}

/// Whether anything can be written now.
pub fn may_write(model: &Model) -> Ready {
    if let Some(reason) = &model.read_only {
        return Err(reason.clone());
    }
    if model.writing { Ok(()) } else { Err("read-only: W opens for writing".to_owned()) }
}

/// Whether the selected spec can be changed.
pub fn can_change(model: &Model) -> Ready {
    may_write(model)?;
    browse::has_row(model)?;
    model.selection.as_ref().map_or(Ok(()), |selection| databases::may_write_to(model, &selection.database))
}

/// Whether the stored text is at hand.
pub fn can_edit_text(model: &Model) -> Ready {
    can_change(model)?;
    selected_text(model).map(|_| ()).ok_or_else(|| "its text is not there yet".to_owned())
}

/// Whether the field editor can open it.
pub fn can_edit(model: &Model) -> Ready {
    can_edit_text(model)?;
    let row = model.current().and_then(|pane| pane.list.selected());
    match row.and_then(|row| row.summary.problem.as_ref()) {
        Some(problem) => Err(format!("{}; E edits it as text", escaped(problem))),
        None => Ok(()),
    }
}

/// Whether there is somewhere else to put it, and it may be taken away from where it is.
pub fn can_move(model: &Model) -> Ready {
    can_change(model)?;
    can_copy(model)
}

/// Whether there is somewhere else to put it.
pub fn can_copy(model: &Model) -> Ready {
    may_write(model)?;
    browse::has_row(model)?;
    let Some(selection) = &model.selection else { return Ok(()) };
    let mut reasons = Vec::new();
    for other in model.others(&selection.database) {
        match databases::may_write_to(model, &other) {
            Ok(()) => return Ok(()),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.into_iter().next().unwrap_or_else(|| "there is no other database".to_owned()))
}

/// Whether a spec can be created in the pane's database.
pub fn can_create(model: &Model) -> Ready {
    may_write(model)?;
    let pane = model.current();
    if pane.is_some_and(|pane| pane.cells().is_some()) {
        return Err("all cells are shown: a or ] shows the cell that it shall be created in".to_owned());
    }
    let database = pane.and_then(Pane::database).and_then(|name| model.database(name));
    if let Some(database) = database {
        databases::may_write_to(model, &database.name)?;
    }
    match database.map(|database| &database.health) {
        Some(Health::NoTable) => Err("there is no table: reqspec db sync adds it".to_owned()),
        Some(Health::Down { reason, .. }) => Err(reason.clone()),
        _ => Ok(()),
    }
}

/// Whether it may be opened for writing at all.
pub fn can_open_for_writing(model: &Model) -> Ready {
    model.read_only.clone().map_or(Ok(()), Err)
}

/// Opens for writing after showing the environment; closes again.
pub fn open_for_writing(model: &mut Model) -> Vec<Effect> {
    if model.writing {
        model.writing = false;
        model.toast(ToastKind::Done, "read-only again");
        return Vec::new();
    }
    let mut lines = vec![
        Line::new(Tone::Plain, "Changes will be possible in the environment"),
        Line::new(Tone::Title, format!("    {}", escaped(&model.environment))),
        Line::new(Tone::Plain, ""),
    ];
    for database in model.databases.iter().take(LISTED) {
        let only = if database.read_only().is_some() { "  (read-only account)" } else { "" };
        let text = format!("{}  {}{only}", label(&database.name), database.location);
        lines.push(Line::new(Tone::Muted, escaped(&text)));
    }
    if let Some(more @ 1..) = model.databases.len().checked_sub(LISTED) {
        lines.push(Line::new(Tone::Muted, format!("and {more} more")));
    }
    lines.push(Line::new(Tone::Plain, ""));
    lines.push(Line::new(Tone::Plain, "Each change is still shown and asked for before it is made."));
    model.overlay = Some(Overlay::Question(Question {
        purpose: Purpose::OpenForWriting,
        title: "Open for writing".to_owned(),
        lines,
        buttons: Buttons::new(["Stay read-only", "Open for writing"]),
    }));
    Vec::new()
}

pub(super) fn selected_text(model: &Model) -> Option<(DatabaseName, Arc<str>, Arc<[u8]>)> {
    let selection = model.selection.as_ref()?;
    let text = selection.own.text()?.clone();
    Some((selection.database.clone(), selection.instance_uuid.clone(), text))
}

/// Asks for a plan.
pub fn prepare(model: &mut Model, intent: Intent, origin: Origin, force: bool) -> Vec<Effect> {
    let request = model.request();
    model.change = Some(Change { request, awaiting: Awaiting::Plan { intent: intent.clone(), origin } });
    vec![Effect::Prepare { request, intent, force }]
}

/// Saves the spec as it is.
pub fn save(model: &mut Model) -> Vec<Effect> {
    let Some((database, instance_uuid, before)) = selected_text(model) else { return Vec::new() };
    let Ok(text) = std::str::from_utf8(&before) else {
        model.toast(ToastKind::Problem, "the stored text is not UTF-8: E edits it as text");
        return Vec::new();
    };
    let after = Arc::from(text);
    prepare(model, Intent::Save { database, instance_uuid, before, after }, Origin::Screen, false)
}

/// Deletes the spec.
pub fn delete(model: &mut Model) -> Vec<Effect> {
    let Some(selection) = &model.selection else { return Vec::new() };
    let (database, instance_uuid) = (selection.database.clone(), selection.instance_uuid.clone());
    prepare(model, Intent::Destroy { database, instance_uuid }, Origin::Screen, false)
}

/// Moves the spec.
pub fn move_spec(model: &mut Model) -> Vec<Effect> {
    transfer(model, Transfer::Move)
}

/// Copies the spec.
pub fn copy_spec(model: &mut Model) -> Vec<Effect> {
    transfer(model, Transfer::Copy)
}

fn transfer(model: &mut Model, transfer: Transfer) -> Vec<Effect> {
    let Some(selection) = &model.selection else { return Vec::new() };
    let mut choices = model.others(&selection.database);
    // What the other pane shows is the likeliest; what cannot be written comes last.
    choices.sort_by_key(|choice| {
        let refused = databases::may_write_to(model, choice).is_err();
        (refused, Some(choice) != selection.other_database.as_ref())
    });
    if let [only] = &choices[..] {
        let to = only.clone();
        return transfer_to(model, transfer, to);
    }
    model.overlay = Some(Overlay::Picker(Picker { transfer, choices, chosen: 0 }));
    Vec::new()
}

/// Moves or copies the spec there.
pub fn transfer_to(model: &mut Model, transfer: Transfer, to: DatabaseName) -> Vec<Effect> {
    if let Err(reason) = databases::may_write_to(model, &to) {
        model.toast(ToastKind::Notice, reason);
        return Vec::new();
    }
    let Some(selection) = &model.selection else { return Vec::new() };
    let (from, instance_uuid) = (selection.database.clone(), selection.instance_uuid.clone());
    let intent = match transfer {
        Transfer::Move => Intent::Move { from, to, instance_uuid },
        Transfer::Copy => Intent::Copy { from, to, instance_uuid, replace: false },
    };
    prepare(model, intent, Origin::Screen, false)
}

/// Asks for the file to create a spec from.
pub fn create(model: &mut Model) -> Vec<Effect> {
    let Some(database) = model.current().and_then(Pane::database).cloned() else { return Vec::new() };
    model.overlay = Some(Overlay::Path(PathPrompt { database, input: Input::default(), error: None }));
    Vec::new()
}

/// Reads the file of that path.
pub fn read_file(model: &mut Model, database: DatabaseName, path: String) -> Vec<Effect> {
    let request = model.request();
    model.change = Some(Change { request, awaiting: Awaiting::File { database, path: path.clone() } });
    vec![Effect::ReadFile { request, path }]
}

/// The awaited part of a change, if this is its answer.
pub(super) fn take(model: &mut Model, request: RequestId) -> Option<Awaiting> {
    model.change.take_if(|change| change.request == request).map(|change| change.awaiting)
}

/// The file was read.
pub fn file_read(model: &mut Model, request: RequestId, result: Result<String, String>) -> Vec<Effect> {
    let Some(Awaiting::File { database, path }) = take(model, request) else { return Vec::new() };
    match result {
        Ok(text) => {
            let text = Arc::from(text.trim_end_matches(['\n', '\r']));
            let intent = Intent::Create { database, instance_uuid: None, text };
            prepare(model, intent, Origin::Screen, false)
        }
        Err(reason) => {
            let input = Input::new(path);
            model.overlay = Some(Overlay::Path(PathPrompt { database, input, error: Some(reason) }));
            Vec::new()
        }
    }
}
