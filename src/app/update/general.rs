//! The program itself: running a command, help, palette, clipboard, leaving.
//!
//! Imports the rest of `app`; no I/O.

use super::{browse, bulk, choosing, marks, query, refreshing};
use crate::app::bulk::work::Kind;
use crate::app::command::Command;
use crate::app::detail::Detail;
use crate::app::effect::Effect;
use crate::app::model::{Focus, Model};
use crate::app::overlay::{Buttons, Line, Overlay, Purpose, Question, Tone};
use crate::app::palette::{Act, Palette};
use crate::app::pane::Pane;
use crate::app::toast::ToastKind;

/// Runs a command, or says why not.
pub fn run(model: &mut Model, command: &Command) -> Vec<Effect> {
    match (command.available)(model) {
        Ok(()) => (command.run)(model),
        Err(reason) => {
            model.toast(ToastKind::Notice, format!("{}: {reason}", command.title));
            Vec::new()
        }
    }
}

/// Does what a command with something behind it says.
pub fn act(model: &mut Model, act: Act) -> Vec<Effect> {
    match act {
        Act::Facet(fields) => choosing::count(model, fields),
        Act::Sort(order) => choosing::order_by(model, order),
        Act::Columns(columns) => choosing::show_columns(model, columns),
        Act::Export(path) => choosing::export_to(model, &path),
        Act::Keep(name) => query::save(model, &name),
        Act::Where(text) => query::run(model, &text),
        Act::Refresh(every) => refreshing::set(model, every),
        Act::Repair(repair) => bulk::repair_by_name(model, repair),
    }
}

/// Opens the palette.
pub fn palette(model: &mut Model) -> Vec<Effect> {
    model.overlay = Some(Overlay::Palette(Palette::default()));
    Vec::new()
}

/// Opens the help.
pub fn help(model: &mut Model) -> Vec<Effect> {
    model.overlay = Some(Overlay::Help { scroll: 0 });
    Vec::new()
}

/// Copies the uuid, or the path in the JSON tree.
pub fn copy_text(model: &mut Model) -> Vec<Effect> {
    let path = if model.focus == Focus::Detail {
        model.detail.path_under_cursor().map(|path| path.to_string())
    } else {
        None
    };
    let uuid = model.selection.as_ref().map(|selection| selection.instance_uuid.to_string());
    let Some(text) = path.or(uuid) else { return Vec::new() };
    model.toast(ToastKind::Done, format!("copied {}", crate::spec::text::escaped(&text)));
    vec![Effect::Copy(text)]
}

/// Copies what the JSON tree has under its cursor.
pub fn copy_from_tree(model: &mut Model, what: fn(&Detail) -> Option<String>) -> Vec<Effect> {
    let Some(text) = what(&model.detail) else { return Vec::new() };
    let shown: String = text.chars().take(80).collect();
    model.toast(ToastKind::Done, format!("copied {}", crate::spec::text::escaped(&shown)));
    vec![Effect::Copy(text)]
}

/// One step back: full-screen detail, then marks, then the query, then notices.
pub fn back(model: &mut Model) -> Vec<Effect> {
    if model.zoomed || model.focus == Focus::Detail {
        return browse::unzoom(model);
    }
    if model.panes.get_mut(model.side.index()).is_some_and(Pane::stay) || marks::back(model) {
        return Vec::new();
    }
    let narrowed = |pane: &Pane| pane.is_narrowed() && !pane.pinned;
    if model.panes.iter().any(narrowed) || model.current().is_some_and(Pane::is_narrowed) {
        return query::leave(model);
    }
    let _ = model.toasts.dismiss();
    Vec::new()
}

/// Gives the terminal back for a while.
pub fn suspend(_: &mut Model) -> Vec<Effect> {
    vec![Effect::Suspend]
}

/// Ends; asks first if an edit would be lost.
pub fn quit(model: &mut Model) -> Vec<Effect> {
    if let Some(Overlay::Working(what)) = &model.overlay {
        let text = format!("{what} is under way: wait for its end");
        model.toast(ToastKind::Notice, text);
        return Vec::new();
    }
    if let Some(Overlay::Work(work)) = &model.overlay
        && work.kind != Kind::Planning
    {
        model.toast(ToastKind::Notice, "changes are under way: wait for their end, or Esc stops them");
        return Vec::new();
    }
    if !model.editor.as_ref().is_some_and(|editor| editor.is_modified()) {
        return vec![Effect::Quit];
    }
    model.overlay = Some(Overlay::Question(Question {
        purpose: Purpose::Quit,
        title: "Unsaved changes".to_owned(),
        lines: vec![Line::new(Tone::Plain, "The editor holds changes that were not saved.")],
        buttons: Buttons::new(["Keep editing", "Quit without saving"]),
    }));
    Vec::new()
}
