//! One of the two panes: a list of specs.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

use super::cells;
use super::columns::{Column, chosen, placed};
use super::empty::{empty, old_rows};
use super::pen::{Pen, Piece};
use crate::app::Model;
use crate::app::database::label;
use crate::app::layout::Side;
use crate::app::model::Focus;
use crate::app::pane::{Pane, Source};
use crate::app::row::Row;
use crate::app::search::PaneSearch;
use crate::app::selection::{Counterpart, Selection};
use crate::app::words::grouped;
use crate::query::SortOrder;
use crate::query::expression::Expression;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// Columns before the first column of a row: cursor and a space.
const MARGIN: u16 = 2;
/// Columns at the end of a row: the sign of the counterpart between spaces.
const SIGN: u16 = 3;

/// Draws the pane of that side.
pub fn draw(frame: &mut Frame<'_>, area: Rect, side: Side, model: &Model, theme: &Theme) {
    let Some(pane) = model.pane(side) else { return };
    let focused = model.focus == Focus::List(side);
    let head = head(model, side, pane, theme);
    let hint = hint(model, side, area.width);
    let (foot_left, cursor) = foot(model, side, pane, theme);
    let foot_right = position(model, pane);
    let screen = frame.area();
    {
        let mut pen = Pen::new(frame, area, theme);
        let border = if focused { Role::FocusBorder } else { Role::Border };
        pen.border(border, [&head, &hint, &foot_left, &foot_right]);
    }
    let inner = Rect {
        x: area.x.saturating_add(1),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    };
    rows(frame, inner, side, (model, pane), focused, theme);
    if let Some(column) = cursor.filter(|_| focused && model.overlay.is_none()) {
        let at = Position { x: area.x.saturating_add(column), y: area.bottom().saturating_sub(1) };
        if screen.contains(at) && at.x < area.right() {
            frame.set_cursor_position(at);
        }
    }
}

fn head(model: &Model, side: Side, pane: &Pane, theme: &Theme) -> Vec<Piece> {
    let role = if model.side == side { Role::Title } else { Role::Text };
    let name = match &pane.source {
        Source::One(name) => name,
        Source::Cells(cells) => return cells::head(model, cells, role, theme),
    };
    let mut pieces = vec![(format!(" {} ", escaped(&label(name))), role)];
    if let Some(database) = model.database(name) {
        let place = database.location.rsplit('/').next().unwrap_or_default();
        let place = place.split('?').next().unwrap_or_default();
        if !place.is_empty() {
            pieces.push((format!("· {} ", escaped(place)), Role::Muted));
        }
        if database.read_only().is_some() {
            pieces.push(("· read-only account ".to_owned(), Role::Warn));
        }
    }
    pieces
}

fn hint(model: &Model, side: Side, width: u16) -> Vec<Piece> {
    let folded = model.layout().panes.iter().flatten().count() == 1 && model.panes.len() > 1;
    let mut pieces = Vec::new();
    if side == Side::Right && model.databases.len() > 2 && width >= 30 {
        pieces.extend([(" [ ]".to_owned(), Role::Key), (" next cell ".to_owned(), Role::Muted)]);
        let one = model.pane(side).is_some_and(|pane| pane.cells().is_none());
        let toggle = match (one, width >= 58) {
            (true, true) => " all cells ",
            (true, false) => " all ",
            (false, true) => " one cell ",
            (false, false) => " one ",
        };
        pieces.extend([(" a".to_owned(), Role::Key), (toggle.to_owned(), Role::Muted)]);
    }
    if folded {
        let other = model.pane(side.other()).map(name).unwrap_or_default();
        pieces.extend([(" Tab".to_owned(), Role::Key), (format!(" {} ", escaped(&other)), Role::Muted)]);
    }
    pieces
}

fn name(pane: &Pane) -> String {
    pane.database().map_or_else(|| "all cells".to_owned(), label)
}

/// How many specs the pane's databases hold, once counted.
fn counted(model: &Model, pane: &Pane) -> Option<u64> {
    match &pane.source {
        Source::One(name) => model.database(name)?.count,
        Source::Cells(cells) => cells::count(model, cells),
    }
}

/// The left part of the foot, and the column of the text cursor where the filter is typed.
fn foot(model: &Model, side: Side, pane: &Pane, theme: &Theme) -> (Vec<Piece>, Option<u16>) {
    let mut pieces = Vec::new();
    let mut cursor = None;
    let typing = model.typing.as_ref().filter(|_| !pane.pinned);
    if typing.is_some() || pane.query().is_some() {
        pieces.push((" /".to_owned(), Role::Key));
        let kept = pane.query().map(|query| query.text.as_str()).unwrap_or_default();
        let text = escaped(typing.map_or(kept, |typing| typing.input.value())).into_owned();
        cursor = typing.map(|typing| 3 + typing.input.visual_cursor() as u16);
        let shown = if typing.is_some() { format!("{text} ") } else { text };
        pieces.push((shown, Role::Value));
    }
    if let Some(search) = &pane.search {
        let progress = search.progress(counted(model, pane));
        if !progress.is_empty() {
            let busy =
                if search.is_busy() { format!("{} ", theme.glyph(Glyph::Busy)) } else { String::new() };
            let role = if search.failed() { Role::Danger } else { Role::Muted };
            pieces.push((format!(" {busy}{} ", escaped(&progress)), role));
        }
        for warning in [search.undecided(), search.gaps()].into_iter().flatten() {
            pieces.push((format!("{} ", escaped(&warning)), Role::Warn));
        }
    }
    match (pane.list.order().native(), pane.list.order()) {
        (Some(SortOrder::Id), _) => {}
        (Some(SortOrder::Updated), _) => pieces.push((" newest first ".to_owned(), Role::Label)),
        (None, order) => {
            let way = if order.descending { "descending" } else { "ascending" };
            pieces.push((format!(" by {}, {way} ", escaped(&order.field.name)), Role::Label));
        }
    }
    if let Some(old) = old_rows(model, pane, theme).filter(|_| cursor.is_none()) {
        pieces.insert(0, old);
    }
    if pieces.is_empty() && model.side != side {
        pieces = elsewhere(model, pane, theme);
    }
    (pieces, cursor)
}

/// What the other pane says of the selected spec where its row is not in sight.
fn elsewhere(model: &Model, pane: &Pane, theme: &Theme) -> Vec<Piece> {
    let Some(selection) = &model.selection else { return Vec::new() };
    if pane.list.shows(&selection.instance_uuid) {
        return Vec::new();
    }
    if pane.cells().is_some() {
        return cells::elsewhere(selection, theme);
    }
    let uuid: String = escaped(&selection.instance_uuid).chars().take(8).collect();
    let Some((sign, role)) = sign(selection, theme) else { return Vec::new() };
    // In words: the sign for equal specs is the key that goes there, too.
    let how = match selection.counterpart {
        Counterpart::Missing => return vec![(format!(" {sign} {uuid} is not here "), role)],
        Counterpart::Different => "different",
        _ => "equal",
    };
    vec![
        (format!(" {uuid} is here too, "), Role::Muted),
        (how.to_owned(), role),
        (": press ".to_owned(), Role::Muted),
        ("=".to_owned(), Role::Key),
        (" ".to_owned(), Role::Muted),
    ]
}

fn position(model: &Model, pane: &Pane) -> Vec<Piece> {
    if pane.list.is_empty() {
        return Vec::new();
    }
    let hits = pane.search.as_ref().filter(|search| search.is_query()).and_then(PaneSearch::tally);
    let hits = hits.map(|tally| tally.hits);
    let total = hits.or(pane.list.whole()).or(counted(model, pane));
    let text = match (pane.list.ordinal(), total) {
        (Some(at), Some(total)) => format!(" {} of {} ", grouped(at), grouped(total.max(at))),
        (Some(at), None) => format!(" {} ", grouped(at)),
        (None, Some(total)) => format!(" of {} ", grouped(total)),
        (None, None) => return Vec::new(),
    };
    vec![(text, Role::Muted)]
}

fn sign(selection: &Selection, theme: &Theme) -> Option<(&'static str, Role)> {
    match selection.counterpart {
        Counterpart::Unknown => None,
        Counterpart::Missing => Some((theme.glyph(Glyph::Missing), Role::Absent)),
        Counterpart::Equal => Some((theme.glyph(Glyph::Equal), Role::Good)),
        Counterpart::Different => Some((theme.glyph(Glyph::Different), Role::Warn)),
    }
}

fn rows(
    frame: &mut Frame<'_>,
    area: Rect,
    side: Side,
    (model, pane): (&Model, &Pane),
    focused: bool,
    theme: &Theme,
) {
    let mut pen = Pen::new(frame, area, theme);
    let cell = pane.cells().map(|cells| cells::width(model, cells, theme));
    let columns = chosen(pen.area.width.saturating_sub(MARGIN + SIGN), cell);
    let mut at = MARGIN;
    for (column, width) in &columns {
        let head = column.head();
        pen.text(at + placed(head, *width, column.right()), 0, *width, head, Role::Muted);
        at += width + 2;
    }
    if pane.list.is_empty() {
        empty(&mut pen, model, pane, theme);
        return;
    }
    let hits = pane.search.as_ref().filter(|search| search.is_query() && search.hits_of().is_some());
    let searched = hits.and_then(|search| match &search.query.expression {
        Expression::Word(word) => Some(word.as_str()),
        _ => None,
    });
    for (line, (is_cursor, row)) in (1..).zip(pane.list.visible()) {
        if line >= pen.area.height {
            break;
        }
        let selection = model.selection.as_ref();
        let selected = selection.filter(|selection| selection.instance_uuid == row.instance_uuid);
        let is_selected = is_cursor && model.side == side;
        if is_cursor {
            pen.text(
                0,
                line,
                1,
                theme.glyph(Glyph::Cursor),
                if is_selected { Role::Title } else { Role::Absent },
            );
        }
        draw_row(&mut pen, line, row, &columns, (model, searched), theme);
        let width = pen.area.width;
        let is_counterpart = model.side != side && selected.is_some();
        if is_selected || is_counterpart {
            let role = if is_selected && focused { Role::Selected } else { Role::Counterpart };
            pen.restyle(0, line, width, theme.style(role));
        }
        // Of several on the other side one is compared.
        let compared = |selection: &&Selection| {
            is_selected || (is_counterpart && selection.other_database.as_ref() == Some(&row.database))
        };
        if let Some((sign, role)) = selected.filter(compared).and_then(|selection| sign(selection, theme)) {
            let row = if is_selected && focused { Role::Selected } else { Role::Counterpart };
            pen.styled(width.saturating_sub(2), line, 1, sign, theme.mark(role, row));
        }
    }
}

fn draw_row(
    pen: &mut Pen<'_>,
    line: u16,
    row: &Row,
    columns: &[(Column, u16)],
    (model, searched): (&Model, Option<&str>),
    theme: &Theme,
) {
    let mut at = MARGIN;
    for (column, width) in columns {
        let told = !matches!(column, Column::Instance | Column::Cell);
        if let (Some(problem), true) = (&row.summary.problem, told) {
            let rest = pen.area.width.saturating_sub(at + SIGN);
            let text = format!("{} {}", theme.glyph(Glyph::Broken), escaped(problem));
            pen.text(at, line, rest, &text, Role::Danger);
            return;
        }
        let (mut text, role) = column.cell(row, model.now, usize::from(*width), theme);
        if *column == Column::Cell {
            text = cells::mark(model, &row.database, theme);
        }
        let start = at + placed(&text, *width, column.right());
        pen.text(start, line, *width, &text, role);
        if let Some(found) = searched.filter(|_| column.searched()).and_then(|wanted| find(&text, wanted)) {
            let (before, length) = found;
            if before < *width {
                pen.restyle(start + before, line, length.min(*width - before), theme.style(Role::Match));
            }
        }
        at += width + 2;
    }
}

/// Column and width of `wanted` in `text`, upper and lower case alike.
fn find(text: &str, wanted: &str) -> Option<(u16, u16)> {
    let (text, wanted) = (text.to_ascii_lowercase(), wanted.to_ascii_lowercase());
    let at = text.find(&wanted).filter(|_| !wanted.is_empty())?;
    Some((text[..at].width() as u16, wanted.width() as u16))
}
