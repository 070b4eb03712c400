//! The screen of changes that were made.
//!
//! Imports the rest of `app`; no I/O.

use crossterm::event::KeyEvent;

use super::changes;
use super::undoing::{self, Wanted};
use crate::app::effect::{Effect, RequestId};
use crate::app::history::detail::{self, Detail};
use crate::app::history::{History, Wish, pages};
use crate::app::model::Model;
use crate::app::overlay::Overlay;
use crate::app::toast::ToastKind;
use crate::change::ChangeId;
use crate::change::journal::{ChangeRow, EntryRow};

/// Lines that PgDn goes on.
fn lines(model: &Model) -> usize {
    usize::from(model.size.1.saturating_sub(6)).max(1)
}

/// Opens it.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let mut screen = Box::<History>::default();
    let effect = reread(model, &mut screen);
    model.overlay = Some(Overlay::History(screen));
    vec![effect]
}

fn load(screen: &History, (request, before): (RequestId, Option<ChangeId>)) -> Effect {
    let filter = screen.filter.value().trim().to_owned();
    Effect::LoadHistory { request, before, filter, limit: pages::PAGE }
}

fn reread(model: &mut Model, screen: &mut History) -> Effect {
    let asked = screen.pages.reread(&mut model.requests);
    load(screen, asked)
}

fn follow(model: &mut Model, screen: &mut History) -> Vec<Effect> {
    let asked = screen.pages.follow(&mut model.requests);
    asked.map(|asked| load(screen, asked)).into_iter().collect()
}

fn entries(change: ChangeId, (request, after): (RequestId, Option<crate::change::EntryId>)) -> Effect {
    Effect::LoadChange { request, change, after, limit: detail::PAGE }
}

/// Other words narrow it.
pub fn filter_changed(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::History(mut screen)) = model.overlay.take() else { return Vec::new() };
    let effect = reread(model, &mut screen);
    model.overlay = Some(Overlay::History(screen));
    vec![effect]
}

/// A key.
pub fn key(model: &mut Model, mut screen: Box<History>, event: &KeyEvent) -> Vec<Effect> {
    let effects = match screen.key(event, lines(model)) {
        Wish::Leave => return Vec::new(),
        Wish::Stay => Vec::new(),
        Wish::Reread => vec![reread(model, &mut screen)],
        Wish::Follow => follow(model, &mut screen),
        Wish::Look(row) => {
            let change = row.id;
            let mut looked_at = Box::new(Detail::new(*row));
            let asked = looked_at.open(&mut model.requests);
            screen.detail = Some(looked_at);
            vec![entries(change, asked)]
        }
        Wish::Entries => {
            let asked = screen
                .detail
                .as_mut()
                .and_then(|detail| Some((detail.change.id, detail.turn(&mut model.requests)?)));
            asked.map(|(change, asked)| entries(change, asked)).into_iter().collect()
        }
        Wish::Undo(change) => {
            if let Some(effects) = take_back(model, change, false) {
                return effects;
            }
            Vec::new()
        }
        Wish::Redo(change) => {
            if let Some(effects) = take_back(model, change, true) {
                return effects;
            }
            Vec::new()
        }
    };
    model.overlay = Some(Overlay::History(screen));
    effects
}

fn take_back(model: &mut Model, change: ChangeId, again: bool) -> Option<Vec<Effect>> {
    if let Err(reason) = changes::may_write(model) {
        let word = if again { "redo" } else { "undo" };
        model.toast(ToastKind::Notice, format!("{word}: {reason}"));
        return None;
    }
    Some(undoing::prepare(model, Wanted { change: Some(change), again }, false))
}

/// Changes of the journal came.
pub fn changes_read(
    model: &mut Model,
    request: RequestId,
    result: Result<Vec<ChangeRow>, String>,
) -> Vec<Effect> {
    let Some(Overlay::History(mut screen)) =
        model.overlay.take_if(|overlay| matches!(overlay, Overlay::History(_)))
    else {
        return Vec::new();
    };
    screen.pages.came(request, result);
    let effects = follow(model, &mut screen);
    model.overlay = Some(Overlay::History(screen));
    effects
}

/// Operations of a change came.
pub fn entries_read(
    model: &mut Model,
    request: RequestId,
    result: Result<Vec<EntryRow>, String>,
) -> Vec<Effect> {
    if let Some(Overlay::History(screen)) = &mut model.overlay
        && let Some(detail) = &mut screen.detail
    {
        detail.came(request, result);
    }
    Vec::new()
}
