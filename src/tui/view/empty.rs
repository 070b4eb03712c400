//! What a pane says where it has no rows, or those of before: why, and what comes next.

use unicode_width::UnicodeWidthStr;

use super::cells;
use super::databases::next;
use super::pen::{Pen, Piece, wrapped};
use crate::app::Model;
use crate::app::database::{Database, Health, label};
use crate::app::pane::{Pane, Source};
use crate::app::row::Failure;
use crate::app::search::PaneSearch;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// Seconds without an answer that are worth saying.
const SILENCE: i64 = 2;

type Sentence = (String, Role);

/// Why there are no rows, and what to do.
pub fn empty(pen: &mut Pen<'_>, model: &Model, pane: &Pane, theme: &Theme) {
    let width = pen.area.width.saturating_sub(4);
    let fold = |(text, role): Sentence| -> Vec<Sentence> {
        wrapped(&escaped(&text), usize::from(width)).into_iter().map(|line| (line, role)).collect()
    };
    let lines: Vec<_> = why(model, pane, theme).into_iter().flat_map(fold).collect();
    let top = 1 + pen.area.height.saturating_sub(1 + lines.len() as u16) / 3;
    for (line, (text, role)) in (top..).zip(lines) {
        let at = 2 + width.saturating_sub(text.width() as u16) / 2;
        pen.text(at, line, width, &text, role);
    }
}

fn why(model: &Model, pane: &Pane, theme: &Theme) -> Vec<Sentence> {
    let muted = |text: &str| vec![(text.to_owned(), Role::Muted)];
    let search = pane.search.as_ref();
    let busy = search.is_some_and(PaneSearch::is_busy);
    let failure = search.and_then(|search| search.failure.as_deref());
    let found = search.is_some_and(|search| search.is_query() && search.hits_of().is_some());
    if let Some(cells) = pane.cells().filter(|_| !busy && !found) {
        return vec![cells::empty(model, cells, pane.list.is_loaded())];
    }
    if let Some(database) = pane.database().and_then(|name| model.database(name)) {
        let is_there = pane.list.failure() != Some(&Failure::NoTable);
        match &database.health {
            Health::Down { reason, retry_at, .. } => {
                return down(database, reason, *retry_at, model.now, theme);
            }
            Health::Up | Health::Connecting if is_there => {}
            _ => {
                let name = label(&database.name);
                return vec![(
                    format!("{name} has no request_specs table: reqspec db sync adds it"),
                    Role::Warn,
                )];
            }
        }
        if pane.list.failure().is_none() && database.health == Health::Connecting {
            return connecting(database, model.now, theme);
        }
    }
    let silent = silent_for(model, pane).filter(|_| !pane.list.is_loaded());
    match (pane.list.failure(), silent) {
        (Some(failure), _) => vec![(format!("{}. r retries", failure.sentence()), Role::Danger)],
        _ if busy => muted("looking …"),
        _ if failure.is_some() => {
            vec![(format!("{}. r searches again", failure.unwrap_or_default()), Role::Danger)]
        }
        _ if found && unread(model, pane) => muted("what is typed is no query yet: why stands below it"),
        _ if found => muted("nothing matches; Esc shows all again"),
        (None, Some(seconds)) => vec![(format!("no answer for {seconds} s"), Role::Warn)],
        _ if !pane.list.is_loaded() => muted("reading …"),
        _ => muted("no specs here; n creates one from a file, m and c on the other side bring one"),
    }
}

/// Whether what is typed for that pane cannot be read as a query: it shows what came of the text before.
pub fn unread(model: &Model, pane: &Pane) -> bool {
    !pane.pinned && model.typing.as_ref().is_some_and(|bar| bar.error.is_some())
}

/// For how long it is connecting, and where.
fn connecting(database: &Database, now: i64, theme: &Theme) -> Vec<Sentence> {
    let seconds = database.connecting_for(now).filter(|seconds| *seconds > 0);
    let seconds = seconds.map(|seconds| format!(" {seconds} s")).unwrap_or_default();
    let (busy, ellipsis) = (theme.glyph(Glyph::Busy), theme.glyph(Glyph::Ellipsis));
    vec![
        (format!("{busy} connecting{ellipsis}{seconds}"), Role::Text),
        (database.location.clone(), Role::Muted),
    ]
}

/// That a database is down, why, and what comes next.
fn down(database: &Database, reason: &str, retry_at: Option<i64>, now: i64, theme: &Theme) -> Vec<Sentence> {
    let name = label(&database.name);
    let sentence = (format!("{} {name} is down: {reason}", theme.glyph(Glyph::Down)), Role::Danger);
    let then = match next(database, retry_at, now) {
        nothing if nothing.is_empty() => "r looks again".to_owned(),
        next => format!("{}; r asks now", next.trim_start_matches([' ', '·'])),
    };
    vec![sentence, (then, Role::Muted)]
}

/// For how many seconds rows are on their way, once that is long.
fn silent_for(model: &Model, pane: &Pane) -> Option<i64> {
    pane.waiting_since.map(|since| model.now - since).filter(|seconds| *seconds >= SILENCE)
}

/// That the rows are those of before, and why.
pub fn old_rows(model: &Model, pane: &Pane, theme: &Theme) -> Option<Piece> {
    if pane.list.is_empty() {
        return None;
    }
    let silent = silent_for(model, pane);
    let database = match &pane.source {
        Source::One(name) => model.database(name)?,
        Source::Cells(cells) => {
            let text = cells::old_rows(cells, pane.list.failure(), silent)?;
            return Some((format!(" {} {} ", theme.glyph(Glyph::Busy), escaped(&text)), Role::Warn));
        }
    };
    let text = match (silent, pane.list.failure(), &database.health) {
        (_, _, Health::Down { retry_at, .. }) => {
            let cause = database.cause().unwrap_or_default();
            let text = format!("old rows: {cause}{}", next(database, *retry_at, model.now));
            return Some((format!(" {} {} ", theme.glyph(Glyph::Down), escaped(&text)), Role::Danger));
        }
        (Some(seconds), _, _) => format!("no answer for {seconds} s"),
        (None, Some(failure), _) => format!("old rows: {}; r retries", failure.sentence()),
        (None, None, _) => return None,
    };
    Some((format!(" {} {} ", theme.glyph(Glyph::Busy), escaped(&text)), Role::Warn))
}
