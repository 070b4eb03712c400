//! The field editor and the external one. Imports the rest of `app`, `change` and `spec`; no I/O.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::changes::{Awaiting, Change, Origin, prepare, selected_text, take};
use crate::app::editor::{Editor, EditorOutcome, external};
use crate::app::effect::{Effect, RequestId};
use crate::app::model::Model;
use crate::app::toast::ToastKind;
use crate::app::whole;
use crate::change::Intent;
use crate::spec::text::escaped;

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
    let text = external::outgoing(&String::from_utf8_lossy(&before));
    open_external(model, Awaiting::Text { database, instance_uuid, before }, text, None)
}

pub(super) fn open_external(
    model: &mut Model,
    awaiting: Awaiting,
    text: String,
    error: Option<String>,
) -> Vec<Effect> {
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
                let typed = external::strip_comments(&text);
                let text = external::incoming(&typed, &String::from_utf8_lossy(&before));
                if let Err(reason) = whole::check(text.as_bytes()) {
                    let awaiting = Awaiting::Text { database, instance_uuid, before };
                    return open_external(model, awaiting, typed, Some(reason));
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
