//! The query bar: the text with its cursor; below it what is wrong with it, or how far the search is;
//! above it what completes it.
//!
//! ```text
//!            ┌ az=az1  in 312 rows ─┐
//!            └ az=az2  in 54 rows ──┘
//!  / vcpus>=8 az=a
//!    ━━━━━━━━──────────  412,000 of 1,000,000 · 31 hits in API · 2 hits in cell1
//! ```

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

use super::pen::{Pen, Piece};
use super::sheet::{bar, scrolled};
use crate::app::Model;
use crate::app::progress::Progress;
use crate::app::query_bar::{Offer, Popup, QueryBar};
use crate::app::words::grouped;
use crate::query::ParseError;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// The column where the text begins.
const TEXT: u16 = 3;
/// The narrowest bar that says what came of a query beside it.
const WIDE: u16 = 30;
/// Most entries of the list that are in sight.
const ENTRIES: usize = 10;
/// What stands below an empty bar.
const EXAMPLES: &str =
    "az=az1   flavor~^m1   vcpus>=8   extra.hw:cpu_policy=dedicated   updated>30d   not forced";

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: &Theme) {
    let area = area.intersection(frame.area());
    if area.width <= TEXT || area.height == 0 {
        return;
    }
    let progress = Progress::of(model);
    match &model.typing {
        Some(typing) => typed(frame, area, typing, progress.as_ref(), model, theme),
        None => kept(frame, area, progress.as_ref(), model, theme),
    }
}

/// The query as it is set: its text, and at the right what came of it.
fn kept(frame: &mut Frame<'_>, area: Rect, progress: Option<&Progress>, model: &Model, theme: &Theme) {
    let mut pen = Pen::new(frame, area, theme);
    let text = model.query().map(|query| escaped(query.text.trim()).into_owned()).unwrap_or_default();
    let told =
        progress.filter(|_| area.width >= WIDE).map(|progress| said(progress, theme)).unwrap_or_default();
    let wide = |pieces: &[Piece]| pieces.iter().map(|(text, _)| text.width() as u16).sum::<u16>();
    // What is asked comes before what came of it: that stands in the panes as well.
    let wanted = TEXT + text.width() as u16 + 2;
    let room = area.width.saturating_sub(wanted.min(area.width / 2) + 1);
    let end = area.width.saturating_sub(1 + wide(&told).min(room));
    pen.text(1, 0, 1, "/", Role::Key);
    pen.text(TEXT, 0, end.saturating_sub(TEXT + 2), &text, Role::Value);
    pen.pieces(end, 0, area.width.saturating_sub(end), &told);
}

fn typed(
    frame: &mut Frame<'_>,
    area: Rect,
    typing: &QueryBar,
    progress: Option<&Progress>,
    model: &Model,
    theme: &Theme,
) {
    let room = usize::from(area.width.saturating_sub(TEXT + 1));
    let (shown, column) = scrolled(typing.text(), typing.input.cursor(), room);
    {
        let mut pen = Pen::new(frame, area, theme);
        pen.text(1, 0, 1, "/", Role::Key);
        pen.text(TEXT, 0, room as u16, &shown, Role::Value);
        if area.height > 1 {
            match &typing.error {
                Some(error) => wrong(&mut pen, typing, error, (&shown, column), theme),
                None if typing.text().trim().is_empty() => {
                    pen.text(TEXT, 1, area.width, EXAMPLES, Role::Absent);
                }
                None => searching(&mut pen, progress, theme),
            }
        } else if typing.error.is_some() {
            pen.restyle(1, 0, 1, theme.style(Role::Danger));
        }
    }
    if let Some(popup) = &typing.popup {
        offers(frame, area, typing, (popup, column), theme);
    }
    let at = Position { x: area.x + TEXT + column, y: area.y };
    if model.overlay.is_none() && frame.area().contains(at) {
        frame.set_cursor_position(at);
    }
}

/// `^` under what is wrong, and why beside it: behind it, or before it where there is more room.
fn wrong(
    pen: &mut Pen<'_>,
    typing: &QueryBar,
    error: &ParseError,
    (shown, cursor): (&str, u16),
    theme: &Theme,
) {
    let text = typing.text();
    let boundary =
        |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (from, to) = (boundary(error.at.start), boundary(error.at.end));
    let wide = |text: &str| escaped(text).width() as i64;
    // How far the text is scrolled follows from where its cursor is drawn.
    let scroll = wide(&text[..typing.cursor()]) - i64::from(cursor);
    let last = shown.width() as i64;
    let start = (wide(&text[..from]) - scroll).clamp(0, last);
    let end = (wide(&text[..to.max(from)]) - scroll).clamp(start, last);
    let (start, end) = (start as u16, (end as u16).max(start as u16 + 1));
    let role = if typing.is_unfinished() { Role::Muted } else { Role::Danger };
    if role == Role::Danger && to > from {
        pen.restyle(TEXT + start, 0, end - start, theme.style(Role::Danger));
    }
    let carets = "^".repeat(usize::from(end - start));
    let reason = error.to_string();
    let (wide, room) = (reason.width() as u16, pen.area.width);
    if TEXT + end + 1 + wide < room || start < wide.min(room / 2) {
        let at = pen.text(TEXT + start, 1, room, &carets, role);
        pen.text(at + 1, 1, room, &reason, role);
    } else {
        let at = (TEXT + start).saturating_sub(wide.min(start) + 1);
        pen.text(at, 1, start, &reason, role);
        pen.text(TEXT + start, 1, room, &carets, role);
    }
}

fn searching(pen: &mut Pen<'_>, progress: Option<&Progress>, theme: &Theme) {
    let Some(progress) = progress else { return };
    let width = pen.area.width;
    let mut at = TEXT;
    if progress.busy
        && let Some(part) = progress.part()
    {
        let [full, empty] = bar(part, (width / 5).min(24), theme);
        at = pen.pieces(at, 1, width, &[full, empty]) + 2;
    }
    let told = said(progress, theme);
    pen.pieces(at, 1, width.saturating_sub(at + 1), &told);
}

/// How far, what was found, what is not known.
fn said(progress: &Progress, theme: &Theme) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let dot = || (format!(" {} ", theme.glyph(Glyph::Dot)), Role::Absent);
    if progress.busy {
        let far = format!("{} {}", theme.glyph(Glyph::Busy), progress.far());
        pieces.extend([(far, Role::Muted), dot()]);
    }
    for found in &progress.found {
        let role = if progress.busy { Role::Text } else { Role::Good };
        pieces.extend([(escaped(found).into_owned(), role), dot()]);
    }
    if progress.undecided > 0 {
        pieces.extend([(format!("{} undecided", grouped(progress.undecided)), Role::Warn), dot()]);
    }
    for doubt in &progress.doubts {
        pieces.extend([(escaped(doubt).into_owned(), Role::Warn), dot()]);
    }
    pieces.pop();
    pieces
}

/// The list above the bar, under the beginning of what an entry takes the place of.
fn offers(
    frame: &mut Frame<'_>,
    bar: Rect,
    typing: &QueryBar,
    (popup, cursor): (&Popup, u16),
    theme: &Theme,
) {
    let above = bar.y.saturating_sub(frame.area().y);
    let shown = popup.candidates.len().min(ENTRIES).min(usize::from(above.saturating_sub(2)));
    if shown == 0 || bar.width < 16 {
        return;
    }
    let text = |at: usize| escaped(&popup.candidates[at].text).into_owned();
    let widest = (0..popup.candidates.len()).map(|at| text(at).width()).max().unwrap_or(0) as u16;
    let names = widest.min(bar.width.saturating_sub(6)).min(if popup.offer == Offer::History {
        bar.width
    } else {
        44
    });
    let help = popup.candidates.iter().map(|one| escaped(&one.help).width()).max().unwrap_or(0) as u16;
    let gap = if help == 0 { 0 } else { 2 };
    let least = if popup.offer == Offer::History { 24 } else { 14 };
    let width = (names + gap + help + 4).max(least).min(bar.width.saturating_sub(2));
    let typed = typing.text();
    let start =
        typed.get(popup.replace.start..typing.cursor()).map_or(0, |word| escaped(word).width() as u16);
    let x = (bar.x + TEXT + cursor.saturating_sub(start))
        .saturating_sub(2)
        .min(bar.right().saturating_sub(width));
    let height = shown as u16 + 2;
    let area = Rect { x, y: bar.y - height, width, height };
    let mut pen = Pen::new(frame, area, theme);
    pen.clear();
    let title = match popup.offer {
        Offer::Completions => Vec::new(),
        Offer::History => vec![(" asked before ".to_owned(), Role::Muted)],
    };
    let of = popup.candidates.len();
    let place = popup.chosen.map_or(String::new(), |at| format!("{} of ", at + 1));
    let count = if of > shown || popup.chosen.is_some() { format!(" {place}{of} ") } else { String::new() };
    let key = if popup.chosen.is_none() { vec![(" Tab ".to_owned(), Role::Key)] } else { Vec::new() };
    pen.border(Role::FocusBorder, [&title, &key, &[], &[(count, Role::Muted)]]);
    let first = popup.chosen.map_or(0, |at| (at + 1).saturating_sub(shown));
    for (line, at) in (1..).zip(first..first + shown) {
        pen.text(2, line, names, &text(at), Role::Value);
        let told = escaped(&popup.candidates[at].help);
        pen.text(2 + names + gap, line, width.saturating_sub(names + gap + 4), &told, Role::Muted);
        if popup.chosen == Some(at) {
            pen.restyle(1, line, width.saturating_sub(2), theme.style(Role::Selected));
        }
    }
}
