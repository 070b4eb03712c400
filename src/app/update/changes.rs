//! From a wish to an applied plan: intent → plan or refusal → confirm step → done.
//!
//! Imports the rest of `app`, `change` and `spec`; no I/O.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use tui_input::Input;

use super::browse;
use crate::app::confirm::Confirm;
use crate::app::conflict::Conflict;
use crate::app::database::{Health, label};
use crate::app::editor::{Editor, EditorOutcome, external};
use crate::app::effect::{Effect, RequestId};
use crate::app::layout::Side;
use crate::app::model::Model;
use crate::app::msg::Applied;
use crate::app::overlay::{Buttons, Line, Overlay, PathPrompt, Picker, Purpose, Question, Tone, Transfer};
use crate::app::pane::Pane;
use crate::app::toast::ToastKind;
use crate::app::whole;
use crate::change::{Confirmed, DatabaseName, Intent, Plan, Refusal};
use crate::spec::text::escaped;

type Ready = Result<(), String>;

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
    browse::has_row(model)
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

/// Whether there is somewhere else to put it.
pub fn can_transfer(model: &Model) -> Ready {
    can_change(model)?;
    if model.databases.len() > 1 { Ok(()) } else { Err("there is no other database".to_owned()) }
}

/// Whether a spec can be created in the pane's database.
pub fn can_create(model: &Model) -> Ready {
    may_write(model)?;
    let database = model.current().and_then(|pane| model.database(&pane.database));
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
    for database in &model.databases {
        let text = format!("{}  {}", label(&database.name), database.location);
        lines.push(Line::new(Tone::Muted, escaped(&text)));
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

fn selected_text(model: &Model) -> Option<(DatabaseName, Arc<str>, Arc<[u8]>)> {
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
    // What the other pane shows is the likeliest.
    choices.sort_by_key(|choice| Some(choice) != selection.other_database.as_ref());
    if let [only] = &choices[..] {
        let to = only.clone();
        return transfer_to(model, transfer, to);
    }
    model.overlay = Some(Overlay::Picker(Picker { transfer, choices, chosen: 0 }));
    Vec::new()
}

/// Moves or copies the spec there.
pub fn transfer_to(model: &mut Model, transfer: Transfer, to: DatabaseName) -> Vec<Effect> {
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
    let Some(pane) = model.current() else { return Vec::new() };
    let database = pane.database.clone();
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
fn take(model: &mut Model, request: RequestId) -> Option<Awaiting> {
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

/// Opens the field editor.
pub fn edit(model: &mut Model) -> Vec<Effect> {
    let Some((database, instance_uuid, text)) = selected_text(model) else { return Vec::new() };
    match Editor::open(database, instance_uuid, text.clone()) {
        Ok(editor) => {
            model.editor = Some(editor);
            model.edited = text;
        }
        Err(reason) => model.toast(ToastKind::Problem, reason),
    }
    Vec::new()
}

/// Opens the external editor.
pub fn edit_text(model: &mut Model) -> Vec<Effect> {
    let Some((database, instance_uuid, before)) = selected_text(model) else { return Vec::new() };
    let text = String::from_utf8_lossy(&before).into_owned();
    open_external(model, Awaiting::Text { database, instance_uuid, before }, text, None)
}

fn open_external(model: &mut Model, awaiting: Awaiting, text: String, error: Option<String>) -> Vec<Effect> {
    let request = model.request();
    model.change = Some(Change { request, awaiting });
    vec![Effect::OpenEditor { request, text, error }]
}

/// The external editor ended.
pub fn edited(model: &mut Model, request: RequestId, result: Result<Option<String>, String>) -> Vec<Effect> {
    match take(model, request) {
        Some(Awaiting::TextForEditor) => {
            let Some(editor) = &mut model.editor else { return Vec::new() };
            let outcome = match result.transpose() {
                Some(result) => editor.external_result(result),
                None => EditorOutcome::Stay,
            };
            follow_editor(model, outcome)
        }
        Some(Awaiting::Text { database, instance_uuid, before }) => match result {
            Err(reason) => {
                model.toast(ToastKind::Problem, reason);
                Vec::new()
            }
            Ok(None) => {
                model.toast(ToastKind::Notice, "the text was left as it was");
                Vec::new()
            }
            Ok(Some(text)) => {
                let text = external::strip_comments(&text);
                // Most editors end a file with a line end that the stored text does not have.
                let text = text.strip_suffix('\n').filter(|_| !before.ends_with(b"\n")).unwrap_or(&text);
                if let Err(reason) = whole::check(text.as_bytes()) {
                    let text = text.to_owned();
                    let awaiting = Awaiting::Text { database, instance_uuid, before };
                    return open_external(model, awaiting, text, Some(reason));
                }
                let intent = Intent::Save { database, instance_uuid, before, after: Arc::from(text) };
                prepare(model, intent, Origin::External, false)
            }
        },
        other => {
            // An answer to nobody: put back what is awaited of another request.
            debug_assert!(other.is_none());
            Vec::new()
        }
    }
}

/// A key for the field editor.
pub fn editor_key(model: &mut Model, event: &KeyEvent) -> Vec<Effect> {
    let Some(editor) = &mut model.editor else { return Vec::new() };
    let outcome = editor.key(*event);
    follow_editor(model, outcome)
}

/// What the field editor wants.
fn follow_editor(model: &mut Model, outcome: EditorOutcome) -> Vec<Effect> {
    let Some(editor) = &model.editor else { return Vec::new() };
    match outcome {
        EditorOutcome::Stay => Vec::new(),
        EditorOutcome::Close => {
            model.editor = None;
            Vec::new()
        }
        EditorOutcome::Save { after } => {
            let (database, instance_uuid) = (editor.database().clone(), editor.instance_uuid().clone());
            let before = model.edited.clone();
            let intent = Intent::Save { database, instance_uuid, before, after };
            prepare(model, intent, Origin::Editor, false)
        }
        EditorOutcome::External { text, error } => open_external(model, Awaiting::TextForEditor, text, error),
        EditorOutcome::Copy(text) => {
            model.toast(ToastKind::Done, format!("copied {}", escaped(&text)));
            vec![Effect::Copy(text)]
        }
    }
}

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
    let reason = Line::new(Tone::Plain, escaped(&refusal.to_string()));
    match refusal {
        Refusal::NothingToDo(text) => {
            model.change = None;
            model.toast(ToastKind::Notice, text);
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
    let Some(Change { awaiting: Awaiting::Plan { intent, origin }, .. }) = model.change.take() else {
        return Vec::new();
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
    open_external(model, Awaiting::Text { database, instance_uuid, before }, after.to_string(), Some(reason))
}

/// The same edit over what is there now.
pub fn again(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let origin = match model.change.take() {
        Some(Change { awaiting: Awaiting::Plan { origin, .. }, .. }) => origin,
        _ => Origin::Screen,
    };
    prepare(model, intent, origin, false)
}

/// Not to be done.
pub fn give_up(model: &mut Model) {
    let kept = model.editor.is_some();
    if model.change.take().is_some() && !kept {
        model.toast(ToastKind::Notice, "cancelled, nothing was written");
    }
}

/// The plan was confirmed.
pub fn apply(model: &mut Model, plan: Confirmed<Plan>) -> Vec<Effect> {
    let request = model.request();
    if let Some(change) = &mut model.change {
        change.request = request;
    }
    let verb = plan.get().operations.first().map_or("the change", |operation| operation.verb());
    model.overlay = Some(Overlay::Working(verb.to_owned()));
    vec![Effect::Apply { request, plan }]
}

/// The plan was carried out, or not.
pub fn applied(model: &mut Model, request: RequestId, outcome: Applied) -> Vec<Effect> {
    let Some(Awaiting::Plan { intent, origin }) = take(model, request) else { return Vec::new() };
    model.overlay = None;
    for done in &outcome.done {
        model.toast(ToastKind::Done, escaped(done));
    }
    match outcome.failed {
        None => {
            if origin == Origin::Editor {
                model.editor = None;
            }
        }
        Some(failure) => {
            let reason = Line::new(Tone::Plain, escaped(&failure.message));
            // What was confirmed is kept, so that it can be done again.
            let awaiting = Awaiting::Plan { intent: intent.clone(), origin: origin.clone() };
            let request = model.request();
            model.change = Some(Change { request, awaiting });
            match failure.conflict {
                Some(current) => conflict(model, &intent, reason, current),
                None => refused(model, &intent, &origin, Refusal::Failed(failure.message)),
            }
        }
    }
    let mut effects = Vec::new();
    for side in Side::BOTH {
        effects.extend(browse::on_pane(model, side, Pane::reload));
    }
    effects.extend(model.databases.iter().map(|database| Effect::Count { database: database.name.clone() }));
    let Model { selection, requests, .. } = model;
    if let Some(selection) = selection {
        effects.extend(selection.ask(requests));
    }
    effects
}
