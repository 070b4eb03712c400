//! The choice of an environment.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

use super::dialog::{SLIVER_COLUMNS, sized};
use super::pen::{Pen, wrapped};
use crate::app::Model;
use crate::app::environment::EnvironmentPicker;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, picker: &EnvironmentPicker, model: &Model, theme: &Theme) {
    let screen = frame.area();
    let matches = picker.matches(&model.environments);
    let names = model.environments.iter().map(|environment| escaped(&environment.name).width() as u16 + 2);
    let name = names.max().unwrap_or(8).clamp(8, 28);
    let width = sized(84, screen.width, SLIVER_COLUMNS, false);
    let told = told(picker, usize::from(width.saturating_sub(6)), theme);
    let wanted = 5 + model.environments.len() as u16 + told.len() as u16;
    let height = wanted.clamp(8, screen.height.saturating_sub(4).max(8)).min(screen.height);
    let area = Rect {
        x: screen.width.saturating_sub(width) / 2,
        y: screen.height.saturating_sub(height) / 3,
        width,
        height,
    };
    let typed = escaped(picker.input.value());
    {
        let mut pen = Pen::new(frame, area, theme);
        pen.clear();
        let enter = if theme.ascii { " Enter" } else { " ⏎" };
        let leave = match (&picker.opening, model.databases.is_empty()) {
            (Some(_), _) => " gives up ",
            (None, true) => " quits ",
            (None, false) => " stays here ",
        };
        let keys: Vec<_> = [(enter, " opens "), (" Esc", leave)]
            .into_iter()
            .flat_map(|(key, what)| [(key.to_owned(), Role::Key), (what.to_owned(), Role::Muted)])
            .collect();
        pen.border(Role::FocusBorder, [&[(" Environments ".to_owned(), Role::Title)], &[], &[], &keys]);
        pen.text(2, 1, 1, "/", Role::Key);
        if typed.is_empty() {
            pen.text(4, 1, width.saturating_sub(6), "type to narrow", Role::Absent);
        } else {
            pen.text(4, 1, width.saturating_sub(6), &typed, Role::Value);
        }
        if matches.is_empty() {
            pen.text(
                4,
                3,
                width.saturating_sub(6),
                "no environment has this in its name or place",
                Role::Muted,
            );
        }
        let room = usize::from(height.saturating_sub(4 + told.len() as u16)).max(1);
        let first = (picker.chosen + 1).saturating_sub(room);
        for (line, (at, environment)) in (3..).zip(matches.iter().enumerate().skip(first).take(room)) {
            let chosen = at == picker.chosen;
            let here = environment.name == model.environment && !model.databases.is_empty();
            let mut note = String::new();
            if environment.read_only {
                note.push_str("  read-only");
            }
            if here {
                note.push_str("  open");
            }
            let end = width.saturating_sub(3);
            let note_at = end.saturating_sub(note.width() as u16);
            let place_at = 4 + name + 2;
            let place = escaped(&environment.place);
            pen.text(place_at, line, note_at.saturating_sub(place_at), &place, Role::Muted);
            pen.text(note_at, line, end, &note, Role::Label);
            if chosen {
                pen.restyle(1, line, width.saturating_sub(2), theme.style(Role::Selected));
                pen.styled(2, line, 1, theme.glyph(Glyph::Cursor), theme.style(Role::Selected));
            }
            let shown = format!(" {} ", escaped(&environment.name));
            let style = match (environment.colour, chosen) {
                (None, true) => theme.style(Role::Selected),
                (colour, _) => theme.banner(colour),
            };
            pen.styled(4, line, name, &shown, style);
        }
        let first = height.saturating_sub(1 + told.len() as u16);
        for (line, (text, role)) in (first..).zip(&told) {
            pen.text(3, line, width.saturating_sub(6), text, *role);
        }
    }
    let cursor = Position { x: area.x + 4 + picker.input.visual_cursor() as u16, y: area.y + 1 };
    if picker.opening.is_none() && area.contains(cursor) && screen.contains(cursor) {
        frame.set_cursor_position(cursor);
    }
}

/// What is under way, or why it failed.
fn told(picker: &EnvironmentPicker, width: usize, theme: &Theme) -> Vec<(String, Role)> {
    let lines = |text: String, role| -> Vec<(String, Role)> {
        wrapped(&text, width).into_iter().map(|line| (line, role)).collect()
    };
    match (&picker.opening, &picker.error) {
        (Some((_, name)), _) => {
            lines(format!("{} opening {} …", theme.glyph(Glyph::Busy), escaped(name)), Role::Muted)
        }
        (None, Some(reason)) => lines(escaped(reason).into_owned(), Role::Danger),
        (None, None) => Vec::new(),
    }
}
