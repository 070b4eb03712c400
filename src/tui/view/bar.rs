//! The bottom bar: keys and what they do, from the command table.

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::pen::Pen;
use crate::app::Model;
use crate::app::command;
use crate::app::update::query;
use crate::tui::theme::{Role, Theme};

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) {
    let mut pen = Pen::new(frame, area, theme);
    if query::is_typing(model) {
        if let Some(hint) = cut_hint(model, pen.area.width) {
            // What to do about it comes before what keys do.
            pen.text(1, 0, pen.area.width.saturating_sub(2), &hint, Role::Text);
            return;
        }
        let enter = if theme.ascii { "Enter" } else { "⏎" };
        let updown = if theme.ascii { "Up Down" } else { "↑ ↓" };
        let keys = [
            (enter, "keep"),
            ("Esc", "as before"),
            ("Tab", "complete"),
            (updown, "history"),
            ("Ctrl-R", "search it"),
            ("PgDn", "rows"),
        ];
        let mut at = 1;
        for (key, title) in keys {
            if at + (key.width() + 1 + title.width()) as u16 > pen.area.width {
                break;
            }
            at = pen.text(at, 0, u16::MAX, key, Role::Key);
            at = pen.text(at + 1, 0, u16::MAX, title, Role::Muted) + 2;
        }
        return;
    }
    let items: Vec<_> = command::bar(model)
        .into_iter()
        .map(|command| {
            let key = command.keys.first().map(|key| key.shown()).unwrap_or_default();
            let key = if key == "Enter" && !theme.ascii { "⏎".to_owned() } else { key };
            (key, command.title, (command.available)(model).is_ok())
        })
        .collect();
    let wide = |(key, title, _): &(String, &str, bool)| (key.width() + 1 + title.width()) as u16;
    let room = pen.area.width.saturating_sub(1);
    // Two columns between them where there is room, then one; the last ones go first.
    let all: u16 = items.iter().map(wide).sum();
    let gap = if all + 2 * items.len() as u16 <= room { 2 } else { 1 };
    let mut at = 1;
    for item in &items {
        if at + wide(item) > room {
            continue;
        }
        let (key, title, available) = item;
        let roles = if *available { (Role::Key, Role::Muted) } else { (Role::Absent, Role::Absent) };
        at = pen.text(at, 0, u16::MAX, key, roles.0);
        at = pen.text(at + 1, 0, u16::MAX, title, roles.1) + gap;
    }
}

/// What was probably meant, where the line below the query bar has no room for it.
fn cut_hint(model: &Model, width: u16) -> Option<String> {
    let typing = model.typing.as_ref()?;
    let error = typing.error.as_ref().filter(|_| !typing.is_unfinished())?;
    let hint = error.hint.clone()?;
    // The line has a caret or more before the reason.
    (error.to_string().width() + 5 > usize::from(width)).then_some(hint)
}
