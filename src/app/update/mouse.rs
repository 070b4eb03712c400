//! The mouse: click selects, the wheel scrolls what lies under it.
//!
//! Imports the rest of `app`; no I/O.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{browse, dialogs};
use crate::app::effect::Effect;
use crate::app::layout::{Layout, Side};
use crate::app::model::{Focus, Model};

/// Lines per notch of the wheel.
const NOTCH: i64 = 3;

/// The mouse did something.
pub fn mouse(model: &mut Model, event: &MouseEvent) -> Vec<Effect> {
    let wheel = match event.kind {
        MouseEventKind::ScrollDown => Some(NOTCH),
        MouseEventKind::ScrollUp => Some(-NOTCH),
        MouseEventKind::Down(MouseButton::Left) => None,
        _ => {
            model.dirty = false;
            return Vec::new();
        }
    };
    if model.overlay.is_some() {
        dialogs::wheel(model, wheel.unwrap_or(0));
        return Vec::new();
    }
    if let Some(editor) = &mut model.editor {
        editor.scroll(wheel.unwrap_or(0) as i32);
        return Vec::new();
    }
    let layout = model.layout();
    if let Some(area) = layout.detail.filter(|area| area.contains(event.column, event.row)) {
        return match wheel {
            Some(lines) => browse::scroll_detail(model, lines as i32),
            None => {
                browse::focus_on(model, Focus::Detail);
                model.detail.click(event.column - area.x, event.row - area.y, area.width);
                Vec::new()
            }
        };
    }
    for side in Side::BOTH {
        let Some(area) = layout.panes[side.index()] else { continue };
        if !area.contains(event.column, event.row) {
            continue;
        }
        return match wheel {
            Some(lines) => browse::on_pane(model, side, |pane, requests| {
                let wishes = pane.list.scroll(lines, requests);
                pane.effects(wishes)
            }),
            None => {
                browse::focus_on(model, Focus::List(side));
                // Below the border and the column heads.
                let line = event.row.checked_sub(area.y + 2).filter(|line| *line < Layout::rows(area));
                browse::on_pane(model, side, |pane, _| {
                    let _ = line.is_some_and(|line| pane.list.click(usize::from(line)));
                    Vec::new()
                })
            }
        };
    }
    Vec::new()
}
