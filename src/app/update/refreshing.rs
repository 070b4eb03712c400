//! Reading the lists anew by itself, and what that brought.
//!
//! Imports the rest of `app`; no I/O.

use super::choosing::is_free;
use crate::app::database::label;
use crate::app::effect::Effect;
use crate::app::layout::Side;
use crate::app::model::Model;
use crate::app::overlay::{Buttons, Line, Overlay, Purpose, Question, Tone};
use crate::app::pane::Pane;
use crate::app::refreshing::{Known, Mark, News, Window};
use crate::app::search::PaneSearch;
use crate::app::toast::ToastKind;
use crate::app::words::grouped;
use crate::spec::text::escaped;

/// Most rows of one kind that the dialog lists.
const LISTED: usize = 40;

/// The next choice: every 5 s, every 30 s, off.
pub fn turn(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    model.refreshing.turn(now);
    told(model)
}

/// That often.
pub fn set(model: &mut Model, every: Option<i64>) -> Vec<Effect> {
    let now = model.now;
    model.refreshing.set(every, now);
    told(model)
}

fn told(model: &mut Model) -> Vec<Effect> {
    let text = match model.refreshing.every {
        Some(seconds) => format!("lists are read anew every {seconds} s"),
        None => "lists are read anew on r only".to_owned(),
    };
    model.toast(ToastKind::Notice, text);
    Vec::new()
}

fn is_busy(pane: &Pane) -> bool {
    pane.list.is_busy() || pane.search.as_ref().is_some_and(PaneSearch::is_busy)
}

fn window(pane: &Pane) -> Window {
    let (from_start, to_end) = pane.list.ends();
    Window { rows: pane.list.rows().cloned().collect(), from_start, to_end }
}

/// Reads the lists anew if it is time to, and nothing is open that would be disturbed.
pub fn tick(model: &mut Model) -> Vec<Effect> {
    if !model.refreshing.is_due(model.now) || !is_free(model) || model.panes.iter().any(is_busy) {
        return Vec::new();
    }
    model.refreshing.last = model.now;
    let readable = |pane: &Pane| pane.list.is_loaded() && pane.list.failure().is_none();
    let windows = Side::BOTH.map(|side| model.pane(side).filter(|pane| readable(pane)).map(window));
    model.refreshing.before = Some(windows);
    let names: Vec<_> = model.databases.iter().map(|database| database.name.clone()).collect();
    for name in names.iter().filter(|name| model.is_shown(name)).cloned().collect::<Vec<_>>() {
        if let Some(database) = model.database_mut(&name) {
            database.recount();
        }
    }
    let Model { panes, requests, .. } = model;
    panes.iter_mut().flat_map(|pane| pane.reload(requests)).collect()
}

/// What a reading brought, once all of it has come.
pub fn settle(model: &mut Model) {
    if model.refreshing.before.is_none() || model.panes.iter().any(is_busy) {
        return;
    }
    let Some(before) = model.refreshing.before.take() else { return };
    let mut news: [News; 2] = Default::default();
    for (side, before) in Side::BOTH.into_iter().zip(before) {
        let pane = model.pane(side).filter(|pane| pane.list.failure().is_none());
        if let (Some(before), Some(pane)) = (before, pane) {
            news[side.index()] = News::between(&before, &window(pane));
        }
    }
    let now = model.now;
    model.refreshing.brought(news, now);
    // From its end: a reading that takes long is not followed by the next one at once.
    model.refreshing.last = model.now;
}

/// Whether any reading brought something.
pub fn has_news(model: &Model) -> Result<(), String> {
    if model.refreshing.past.is_empty() {
        return Err("nothing is known to have changed while lists were read anew by themselves".to_owned());
    }
    Ok(())
}

/// Lists what the last readings brought, the newest first.
pub fn show_news(model: &mut Model) -> Vec<Effect> {
    let mut lines = Vec::new();
    for reading in &model.refreshing.past {
        lines.push(Line::new(Tone::Title, ago(model.now - reading.at)));
        for news in &reading.news {
            let vanished: Vec<_> = news.vanished.iter().collect();
            listed(&mut lines, "-", Tone::Removed, "gone", &vanished);
            listed(&mut lines, "+", Tone::Added, "new", &news.marked(Mark::Appeared));
            listed(&mut lines, "~", Tone::Warn, "changed", &news.marked(Mark::Changed));
        }
    }
    model.overlay = Some(Overlay::Question(Question {
        purpose: Purpose::Tell,
        title: "What reading anew brought".to_owned(),
        lines,
        buttons: Buttons::new(["Close"]),
    }));
    Vec::new()
}

/// How long ago, in words.
fn ago(seconds: i64) -> String {
    match seconds.max(0) {
        0 => "now".to_owned(),
        seconds @ ..120 => format!("{seconds} s ago"),
        seconds @ ..7_200 => format!("{} min ago", seconds / 60),
        seconds => format!("{} h ago", seconds / 3_600),
    }
}

fn listed(lines: &mut Vec<Line>, sign: &str, tone: Tone, what: &str, rows: &[&Known]) {
    for (database, instance_uuid) in rows.iter().take(LISTED) {
        let text = format!("{sign} {} {what} in {}", escaped(instance_uuid), escaped(&label(database)));
        lines.push(Line::new(tone, text));
    }
    if let Some(more) = rows.len().checked_sub(LISTED).filter(|more| *more > 0) {
        lines.push(Line::new(Tone::Muted, format!("  and {} more {what}", grouped(more as u64))));
    }
}
