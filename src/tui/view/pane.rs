//! One of the two panes: a list of specs.

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::cells;
use super::choices::way;
use super::columns::placed;
use super::empty::{empty, old_rows, unread};
use super::marks;
use super::pen::{Pen, Piece};
use super::table::{Shown, Table};
use crate::app::Model;
use crate::app::database::label;
use crate::app::highlight::{self, Wanted};
use crate::app::layout::Side;
use crate::app::model::Focus;
use crate::app::pane::{Pane, Source};
use crate::app::progress::counted;
use crate::app::refreshing::Mark;
use crate::app::row::Row;
use crate::app::search::PaneSearch;
use crate::app::selection::{Counterpart, Selection};
use crate::app::words::grouped;
use crate::query::SortOrder;
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
    let inner = Rect {
        x: area.x.saturating_add(1),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    };
    let table = Table::of(model, pane, inner.width.saturating_sub(MARGIN + SIGN), theme);
    let mut foot_left = foot(model, side, pane, theme);
    foot_left.extend(ordered(pane, &table, theme));
    let mut foot_right = news(model, side, theme);
    match position(model, pane) {
        nothing if nothing.is_empty() => {
            foot_right.pop();
        }
        position => foot_right.extend(position),
    }
    {
        let mut pen = Pen::new(frame, area, theme);
        let border = if focused { Role::FocusBorder } else { Role::Border };
        pen.border(border, [&head, &hint, &foot_left, &foot_right]);
    }
    rows(frame, inner, side, (model, pane, &table), focused, theme);
}

fn head(model: &Model, side: Side, pane: &Pane, theme: &Theme) -> Vec<Piece> {
    let role = if model.side == side { Role::Title } else { Role::Text };
    let name = match &pane.source {
        Source::One(name) => name,
        Source::Cells(cells) => {
            let mut pieces = cells::head(model, cells, role, theme);
            pieces.extend(marks::counted(model, pane, theme));
            pieces.extend(pinned(pane, theme));
            return pieces;
        }
    };
    let mut pieces = vec![(format!(" {} ", escaped(&label(name))), role)];
    pieces.extend(marks::counted(model, pane, theme));
    pieces.extend(pinned(pane, theme));
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

/// That it keeps its query.
fn pinned(pane: &Pane, theme: &Theme) -> Option<Piece> {
    pane.pinned.then(|| (format!("{} pinned ", theme.glyph(Glyph::Pinned)), Role::Label))
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

/// The left part of the foot.
fn foot(model: &Model, side: Side, pane: &Pane, theme: &Theme) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if let Some(query) = pane.query().filter(|_| pane.pinned) {
        pieces.push((" /".to_owned(), Role::Key));
        pieces.push((format!("{} ", escaped(query.text.trim())), Role::Value));
    }
    if let Some(search) = pane.search.as_ref().filter(|_| !(pane.list.is_empty() && unread(model, pane))) {
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
    if let Some(old) = old_rows(model, pane, theme) {
        pieces.insert(0, old);
    }
    if pieces.is_empty() && model.side != side {
        pieces = elsewhere(model, pane, theme);
    }
    pieces
}

/// The order, where no head of a column shows it.
fn ordered(pane: &Pane, table: &Table, theme: &Theme) -> Option<Piece> {
    let order = pane.list.order();
    let shown = table.columns.iter().any(|column| column.field == *order.field.name);
    if shown || order.native() == Some(SortOrder::Id) {
        return None;
    }
    Some((format!(" by {} {} ", escaped(&order.field.name), way(order, theme)), Role::Label))
}

/// What readings by themselves brought: `+1 · ~2 · 1 vanished`.
fn news(model: &Model, side: Side, theme: &Theme) -> Vec<Piece> {
    let (appeared, changed, vanished) = model.refreshing.news[side.index()].counts();
    let counts = [
        (appeared, format!(" +{appeared}"), Role::Added),
        (changed, format!(" ~{changed}"), Role::Warn),
        (vanished, format!(" {} vanished", grouped(vanished as u64)), Role::Removed),
    ];
    let dot = || (format!(" {}", theme.glyph(Glyph::Dot)), Role::Muted);
    let shown = counts.into_iter().filter(|(count, _, _)| *count > 0);
    // Behind the last one comes the position in the list.
    shown.flat_map(|(_, text, role)| [(text, role), dot()]).collect()
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
    let hits = pane.search.as_ref().filter(|search| search.is_query()).and_then(PaneSearch::hits);
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
    (model, pane, table): (&Model, &Pane, &Table),
    focused: bool,
    theme: &Theme,
) {
    let mut pen = Pen::new(frame, area, theme);
    heads(&mut pen, pane, table, theme);
    if pane.list.is_empty() {
        empty(&mut pen, model, pane, theme);
        return;
    }
    let hits = pane.search.as_ref().filter(|search| search.is_query() && search.hits_of().is_some());
    let wanted = hits.map(|search| highlight::wanted(&search.query.expression)).unwrap_or_default();
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
        match model.refreshing.news[side.index()].mark(row) {
            Some(Mark::Appeared) => pen.text(1, line, 1, "+", Role::Added),
            Some(Mark::Changed) => pen.text(1, line, 1, "~", Role::Warn),
            None => 0,
        };
        if model.marks.is_marked(row, pane.query()) {
            pen.text(1, line, 1, theme.glyph(Glyph::Marked), Role::Title);
        }
        draw_row(&mut pen, line, row, table, (model, &wanted), theme);
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

/// The heads, with the order at that of its column, and a sign where columns are left out.
fn heads(pen: &mut Pen<'_>, pane: &Pane, table: &Table, theme: &Theme) {
    let order = pane.list.order();
    let mut at = MARGIN;
    for column in &table.columns {
        let Shown { head, width, right, .. } = column;
        let end = pen.text(at + placed(head, *width, *right), 0, *width, head, Role::Muted);
        if column.field == *order.field.name {
            pen.text(end, 0, 1, way(order, theme), Role::Title);
        }
        at += width + 2;
    }
    if table.cut {
        let end = pen.area.width.saturating_sub(2);
        pen.text(end, 0, 1, theme.glyph(Glyph::Further), Role::Title);
    }
}

fn draw_row(
    pen: &mut Pen<'_>,
    line: u16,
    row: &Row,
    table: &Table,
    (model, wanted): (&Model, &[Wanted]),
    theme: &Theme,
) {
    let mut at = MARGIN;
    for column in &table.columns {
        let told = column.gives_way() && !table.chosen;
        if let (Some(problem), true) = (&row.summary.problem, told) {
            let rest = pen.area.width.saturating_sub(at + SIGN);
            let text = format!("{} {}", theme.glyph(Glyph::Broken), escaped(problem));
            pen.text(at, line, rest, &text, Role::Danger);
            return;
        }
        let (text, role) = column.cell(model, row, usize::from(column.width), theme);
        let start = at + placed(&text, column.width, column.right);
        pen.text(start, line, column.width, &text, role);
        if let Some((from, to)) = highlight::find(wanted, &column.field, &text) {
            let (before, length) = (text[..from].width() as u16, text[from..to].width() as u16);
            if before < column.width {
                pen.restyle(
                    start + before,
                    line,
                    length.min(column.width - before),
                    theme.style(Role::Match),
                );
            }
        }
        at += column.width + 2;
    }
    if let (Some(_), true) = (&row.summary.problem, table.chosen) {
        pen.text(pen.area.width.saturating_sub(1), line, 1, theme.glyph(Glyph::Broken), Role::Danger);
    }
}
