//! The title line: environment, health of every database, badge.

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::pen::{Pen, Piece};
use crate::app::Model;
use crate::app::database::{Database, Health, label};
use crate::app::words::grouped;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) {
    let mut pen = Pen::new(frame, area, theme);
    let width = pen.area.width;
    let (badge, role) =
        if model.writing { (" WRITE ", Role::WriteBadge) } else { (" READ ", Role::ReadBadge) };
    let badge_at = width.saturating_sub(badge.width() as u16 + 1);
    let mut at = pen.text(1, 0, badge_at.saturating_sub(2), "reqspec", Role::Title);
    at = pen.text(at + 2, 0, badge_at.saturating_sub(at + 3), &escaped(&model.environment), Role::Value);
    pen.text(badge_at, 0, badge.width() as u16, badge, role);

    let room = badge_at.saturating_sub(at + 2);
    // As much of it as fits: all with counts, all without, the first ones.
    let full: Vec<Vec<Piece>> =
        model.databases.iter().map(|database| health(database, true, theme)).collect();
    let brief: Vec<Vec<Piece>> =
        model.databases.iter().map(|database| health(database, false, theme)).collect();
    let wide = |all: &[Vec<Piece>], gap: u16| {
        let texts: u16 = all.iter().flatten().map(|(text, _)| text.width() as u16).sum();
        texts + gap * (all.len().saturating_sub(1)) as u16
    };
    let (mut all, gap) = match (full, brief) {
        (full, _) if wide(&full, 4) <= room => (full, 4),
        (full, _) if wide(&full, 2) <= room => (full, 2),
        (_, brief) => (brief, 2),
    };
    let count = all.len();
    while wide(&all, gap) + 6 > room && all.len() > 1 && wide(&all, gap) > room {
        all.pop();
    }
    let more = count - all.len();
    if more > 0 {
        all.push(vec![(format!("+{more}"), Role::Muted)]);
    }
    let mut at = badge_at.saturating_sub(wide(&all, gap) + 3).max(at + 2);
    for pieces in all {
        at = pen.pieces(at, 0, badge_at.saturating_sub(at + 1), &pieces) + gap;
    }
}

fn health(database: &Database, counted: bool, theme: &Theme) -> Vec<Piece> {
    let name = escaped(&label(&database.name)).into_owned();
    let glyph = |glyph: Glyph| format!(" {}", theme.glyph(glyph));
    let mut pieces = vec![(name, Role::Text)];
    match (&database.health, database.count) {
        (Health::Connecting, _) => pieces.push((glyph(Glyph::Busy), Role::Muted)),
        (Health::Up, count) => {
            pieces.push((glyph(Glyph::Up), Role::Good));
            match count {
                Some(count) if counted => pieces.push((format!(" {}", grouped(count)), Role::Muted)),
                // The place of the count is kept free, so that nothing moves when it comes.
                None if counted => pieces.push((format!(" {}", theme.glyph(Glyph::Ellipsis)), Role::Muted)),
                _ => {}
            }
        }
        (Health::NoTable, _) => {
            pieces.push((glyph(Glyph::Down), Role::Warn));
            pieces.push((" no table".to_owned(), Role::Warn));
        }
        (Health::Down { .. }, _) => {
            pieces.push((glyph(Glyph::Down), Role::Danger));
            pieces.push((" down".to_owned(), Role::Danger));
        }
    }
    pieces
}
