//! The title line: the environment's banner, health of every database, badge.

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::health;
use super::pen::Pen;
use crate::app::Model;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) {
    let mut pen = Pen::new(frame, area, theme);
    let width = pen.area.width;
    let badge = if model.writing { " WRITE " } else { " READ-ONLY " };
    let role = if model.writing { Role::WriteBadge } else { Role::ReadBadge };
    let badge_at = width.saturating_sub(badge.width() as u16 + 1);
    if !model.databases.is_empty() {
        pen.text(badge_at, 0, badge.width() as u16, badge, role);
    }
    let badge_at = repeats(&mut pen, badge_at, model, theme);
    let mut at = pen.text(1, 0, badge_at.saturating_sub(2), "reqspec", Role::Title);
    if !model.environment.is_empty() {
        let name = escaped(&model.environment);
        // On its colour with a space around it.
        let (gap, name) = match model.colour {
            Some(_) => (1, format!(" {name} ")),
            None => (2, name.into_owned()),
        };
        let most = badge_at.saturating_sub(at + gap + 1).min((width / 3).max(10));
        at = pen.styled(at + gap, 0, most, &name, theme.banner(model.colour));
    }

    let (items, gap) = health::line(model, badge_at.saturating_sub(at + 4), theme);
    let mut at = badge_at.saturating_sub(health::wide(&items, gap) + 3).max(at + 2);
    for pieces in items {
        at = pen.pieces(at, 0, badge_at.saturating_sub(at + 1), &pieces) + gap;
    }
}

/// That the lists are read anew by themselves, before that column: where what is left ends.
fn repeats(pen: &mut Pen<'_>, end: u16, model: &Model, theme: &Theme) -> u16 {
    let Some(seconds) = model.refreshing.every else { return end };
    let text = format!("{} {seconds} s", theme.glyph(Glyph::Repeats));
    let at = end.saturating_sub(text.width() as u16 + 2);
    if at < pen.area.width / 3 {
        return end;
    }
    pen.text(at, 0, text.width() as u16, &text, Role::Label);
    at
}
