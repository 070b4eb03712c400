//! The choice of an environment. Another one is opened before this session ends; what is not saved
//! or not finished keeps this one.
//!
//! Imports the rest of `app`; no I/O.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::backend::crossterm::EventHandler;

use crate::app::effect::{Effect, RequestId};
use crate::app::environment::EnvironmentPicker;
use crate::app::model::Model;
use crate::app::overlay::Overlay;
use crate::app::pane::Pane;
use crate::app::toast::ToastKind;

type Ready = Result<(), String>;

/// Whether there is anything to choose from, and nothing that would be lost.
pub fn can_switch(model: &Model) -> Ready {
    if model.environments.is_empty() {
        return Err("no environments are named in the profile file".to_owned());
    }
    is_free(model)
}

/// Whether this session can end.
fn is_free(model: &Model) -> Ready {
    if model.editor.as_ref().is_some_and(|editor| editor.is_modified()) {
        return Err("the editor holds changes that were not saved".to_owned());
    }
    if model.change.is_some() {
        return Err("a change is under way: finish it or cancel it first".to_owned());
    }
    Ok(())
}

/// Opens the picker, the present environment chosen.
pub fn pick(model: &mut Model) -> Vec<Effect> {
    let at = model.environments.iter().position(|environment| environment.name == model.environment);
    model.overlay = Some(Overlay::Environments(EnvironmentPicker::new(at.unwrap_or(0))));
    Vec::new()
}

/// A key for the picker.
pub fn key(model: &mut Model, mut picker: EnvironmentPicker, event: &KeyEvent) -> Vec<Effect> {
    let matches = picker.matches(&model.environments);
    let last = matches.len().saturating_sub(1);
    let chosen = matches.get(picker.chosen).map(|environment| environment.name.clone());
    let page = i64::from(model.size.1 / 2).max(1) as usize;
    match event.code {
        KeyCode::Esc if picker.opening.take().is_some() => {}
        // Without a session there is nothing behind it.
        KeyCode::Esc if model.databases.is_empty() => return vec![Effect::Quit],
        KeyCode::Esc => return Vec::new(),
        KeyCode::Enter if picker.opening.is_some() => {}
        KeyCode::Enter => {
            if let Some(name) = chosen {
                if name == model.environment && !model.databases.is_empty() {
                    model.toast(ToastKind::Notice, format!("this is {name}"));
                    return Vec::new();
                }
                let request = model.request();
                picker.opening = Some((request, name.clone()));
                picker.error = None;
                model.overlay = Some(Overlay::Environments(picker));
                return vec![Effect::OpenEnvironment { request, name }];
            }
        }
        KeyCode::Down | KeyCode::Tab => picker.chosen = (picker.chosen + 1).min(last),
        KeyCode::Up | KeyCode::BackTab => picker.chosen = picker.chosen.saturating_sub(1),
        KeyCode::PageDown => picker.chosen = (picker.chosen + page).min(last),
        KeyCode::PageUp => picker.chosen = picker.chosen.saturating_sub(page),
        KeyCode::Home => picker.chosen = 0,
        KeyCode::End => picker.chosen = last,
        _ if picker.opening.is_some() => {}
        _ => {
            picker.input.handle_event(&Event::Key(*event));
            picker.chosen = picker.chosen.min(picker.matches(&model.environments).len().saturating_sub(1));
            picker.error = None;
        }
    }
    model.overlay = Some(Overlay::Environments(picker));
    Vec::new()
}

/// What an environment is made of was read, or not. One that nobody waits for any more is left.
pub fn opened(model: &mut Model, request: RequestId, result: Result<(), String>) -> Vec<Effect> {
    let free = is_free(model);
    let Some(Overlay::Environments(picker)) = &mut model.overlay else { return Vec::new() };
    if picker.opening.take_if(|(waited, _)| *waited == request).is_none() {
        return Vec::new();
    }
    match result.and(free) {
        Ok(()) => {
            let mut effects: Vec<_> = model.panes.iter_mut().flat_map(Pane::stop_search).collect();
            effects.push(Effect::SwitchEnvironment { opened: request });
            effects
        }
        Err(reason) => {
            picker.error = Some(reason);
            Vec::new()
        }
    }
}
