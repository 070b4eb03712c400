//! Databases as a whole: which there are, whether they answer, how many specs they hold, and the
//! screen that lists them. Each is asked on its own; none waits for another.
//!
//! Imports the rest of `app`; no I/O.

use crossterm::event::{KeyCode, KeyEvent};

use super::browse;
use crate::app::database::{Database, Health, Place, Said, State, label};
use crate::app::databases::Databases;
use crate::app::effect::Effect;
use crate::app::layout::Side;
use crate::app::model::{Focus, Model};
use crate::app::overlay::Overlay;
use crate::app::pane::Pane;
use crate::app::row::Failure;
use crate::app::selection::Fetched;
use crate::app::toast::ToastKind;
use crate::change::DatabaseName;

/// Looks for databases that are not known yet, unless that is under way.
pub fn discover(model: &mut Model) -> Vec<Effect> {
    if model.databases.is_empty() || std::mem::replace(&mut model.discovering, true) {
        return Vec::new();
    }
    vec![Effect::Discover]
}

/// Asks those databases for a sign of life.
pub fn probe(model: &mut Model, wanted: impl Fn(&Database) -> bool) -> Vec<Effect> {
    let now = model.now;
    let mut effects = Vec::new();
    for (place, database) in model.databases.iter_mut().enumerate() {
        if wanted(database) && database.asked(now, place) {
            effects.push(Effect::Probe { database: database.name.clone() });
        }
    }
    effects
}

/// Counts what is to be counted, once the rows are there.
pub fn counts(model: &mut Model) -> Vec<Effect> {
    if model.waits_for_rows() {
        return Vec::new();
    }
    let now = model.now;
    let listed = matches!(model.overlay, Some(Overlay::Databases(_)));
    let Model { databases, panes, .. } = model;
    let mut effects = Vec::new();
    for database in databases {
        let shown = listed || panes.iter().any(|pane| pane.shows(&database.name));
        if database.wants_count(now, shown) {
            database.counting(now);
            effects.push(Effect::Count { database: database.name.clone() });
        }
    }
    effects
}

/// A database answered, or did not. What follows where it is back.
pub fn heard(model: &mut Model, name: &DatabaseName, failure: Option<&Failure>) -> Vec<Effect> {
    let now = model.now;
    let Some(database) = model.database_mut(name) else { return Vec::new() };
    let before = database.health.clone();
    match failure {
        None => database.answered(),
        Some(failure) => database.failed(failure, now),
    }
    back(model, name, &before)
}

fn back(model: &mut Model, name: &DatabaseName, before: &Health) -> Vec<Effect> {
    let Some(database) = model.database_mut(name) else { return Vec::new() };
    let was_away = matches!(before, Health::Down { .. } | Health::NoTable);
    if !was_away || database.health != Health::Up {
        return Vec::new();
    }
    database.recount();
    let Model { panes, selection, requests, .. } = model;
    // A pane of all cells follows by itself.
    let waiting =
        panes.iter_mut().filter(|pane| pane.database() == Some(name) && pane.list.failure().is_some());
    let mut effects: Vec<_> = waiting.flat_map(|pane| pane.reload(requests)).collect();
    if let Some(selection) = selection {
        let own = selection.database == *name && matches!(selection.own, Fetched::Unknown(_));
        if own || selection.silent().contains(name) {
            effects.extend(selection.ask(requests));
        }
    }
    if *name == DatabaseName::Api {
        effects.extend(discover(model));
    }
    effects
}

/// A sign of life, or none.
pub fn probed(model: &mut Model, name: &DatabaseName, result: Result<Said, Failure>) -> Vec<Effect> {
    let now = model.now;
    let Some(database) = model.database_mut(name) else { return Vec::new() };
    let before = database.health.clone();
    database.probed(result, now);
    back(model, name, &before)
}

/// The number of rows of a database.
pub fn count(model: &mut Model, name: &DatabaseName, result: Result<u64, Failure>) -> Vec<Effect> {
    let now = model.now;
    let Some(database) = model.database_mut(name) else { return Vec::new() };
    database.counted(result.as_ref().ok().copied(), now);
    heard(model, name, result.as_ref().err())
}

/// What is to be said of how databases were found, each sentence once.
pub fn tell(model: &mut Model, notices: Vec<String>) {
    for notice in notices {
        if !model.told.contains(&notice) {
            model.toast(ToastKind::Notice, notice.clone());
            model.told.push(notice);
        }
    }
}

/// The databases that are known now. New ones are asked; those whose address changed are asked
/// anew; one that vanished stays only as long as a pane shows it.
pub fn discovered(model: &mut Model, places: Vec<Place>, failure: Option<&Failure>) -> Vec<Effect> {
    model.discovering = false;
    let mut effects = Vec::new();
    if let Some(failure) = failure {
        if let Failure::Failed(reason) = failure {
            model.toast(ToastKind::Problem, format!("cells could not be looked for: {reason}"));
        }
        effects.extend(heard(model, &DatabaseName::Api, Some(failure)));
    }
    let now = model.now;
    let mut known = std::mem::take(&mut model.databases);
    let mut moved = Vec::new();
    for place in places {
        match known.iter().position(|database| database.name == place.name) {
            Some(at) => {
                let mut database = known.remove(at);
                let name = place.name.clone();
                if database.placed(place, now) {
                    moved.push(name);
                }
                model.databases.push(database);
            }
            None => {
                moved.push(place.name.clone());
                model.databases.push(Database::new(place, now));
            }
        }
    }
    // All cells are those that there are.
    known.retain(|database| model.panes.iter().any(|pane| pane.database() == Some(&database.name)));
    for mut database in known {
        database.vanished();
        model.databases.push(database);
    }
    let query = model.query().cloned();
    if model.show_first_cell() {
        effects.extend(super::fit(model));
        effects.extend(browse::on_pane(model, Side::Right, |pane, requests| match &query {
            Some(query) => pane.query_changed(query, None, false, requests),
            None => pane.open(requests),
        }));
    }
    let Model { panes, requests, .. } = model;
    for pane in panes {
        match pane.database() {
            Some(database) if moved.contains(database) && !pane.list.is_busy() => {
                effects.extend(pane.reload(requests));
            }
            Some(_) => {}
            None => {
                let here = moved.iter().filter(|name| pane.shows(name)).cloned().collect::<Vec<_>>();
                effects
                    .extend(here.iter().flat_map(|name| pane.returned(name, requests)).collect::<Vec<_>>());
            }
        }
    }
    effects.extend(probe(model, |database| moved.contains(&database.name)));
    if let Some(Overlay::Databases(screen)) = &mut model.overlay {
        screen.move_by(0, model.databases.len(), model.size.1);
    }
    effects
}

/// Whether something that the screen shows goes on with the seconds: how long a database is
/// connecting or silent, when it is asked again.
pub fn shows_seconds(model: &Model) -> bool {
    let listed = matches!(model.overlay, Some(Overlay::Databases(_)));
    let goes_on = |database: &Database| {
        matches!(database.state(model.now), State::Connecting | State::Slow | State::Down)
    };
    model.databases.iter().any(|database| {
        (listed || model.is_shown(&database.name) || database.silent_for(model.now).is_some())
            && goes_on(database)
    }) || model.panes.iter().any(|pane| pane.waiting_since.is_some())
}

/// Whether there is a database to show.
pub fn has_any(model: &Model) -> Result<(), String> {
    if model.databases.is_empty() { Err("no environment is open".to_owned()) } else { Ok(()) }
}

/// Opens the screen of databases, the one of the current pane chosen.
pub fn open_screen(model: &mut Model) -> Vec<Effect> {
    let current = model.current().and_then(|pane| pane.list.selected()).map(|row| row.database.clone());
    let current = current.or_else(|| model.current().and_then(Pane::database).cloned());
    let at = model.databases.iter().position(|database| Some(&database.name) == current.as_ref());
    let mut screen = Databases::default();
    screen.move_by(at.unwrap_or(0) as i64, model.databases.len(), model.size.1);
    model.overlay = Some(Overlay::Databases(screen));
    Vec::new()
}

/// A key for the screen of databases.
pub fn key(model: &mut Model, mut screen: Databases, event: &KeyEvent) -> Vec<Effect> {
    let (count, height) = (model.databases.len(), model.size.1);
    let page = Databases::room(height).saturating_sub(1).max(1) as i64;
    let chosen = model.databases.get(screen.chosen).map(|database| database.name.clone());
    let mut effects = Vec::new();
    match event.code {
        KeyCode::Esc | KeyCode::Char('q' | 'd') => return Vec::new(),
        KeyCode::Enter => return chosen.map(|name| show(model, name)).unwrap_or_default(),
        KeyCode::Char('r') => {
            if let Some(name) = chosen {
                effects = ask_again(model, &name);
            }
        }
        KeyCode::Down | KeyCode::Char('j') => screen.move_by(1, count, height),
        KeyCode::Up | KeyCode::Char('k') => screen.move_by(-1, count, height),
        KeyCode::PageDown | KeyCode::Char(' ') => screen.move_by(page, count, height),
        KeyCode::PageUp => screen.move_by(-page, count, height),
        KeyCode::Home | KeyCode::Char('g') => screen.move_by(i64::MIN / 2, count, height),
        KeyCode::End | KeyCode::Char('G') => screen.move_by(i64::MAX / 2, count, height),
        _ => {}
    }
    model.overlay = Some(Overlay::Databases(screen));
    effects
}

fn ask_again(model: &mut Model, name: &DatabaseName) -> Vec<Effect> {
    let Some(database) = model.database_mut(name) else { return Vec::new() };
    if !database.can_be_asked() {
        // Its address may have been set right meanwhile.
        return discover(model);
    }
    database.forgiven();
    probe(model, |database| database.name == *name)
}

/// Shows a database: a cell on the right, the API database has its place on the left.
pub(super) fn show(model: &mut Model, name: DatabaseName) -> Vec<Effect> {
    let side = if name == DatabaseName::Api { Side::Left } else { Side::Right };
    model.zoomed = false;
    let mut effects = Vec::new();
    if model.pane(side).is_some_and(|pane| pane.database() != Some(&name)) {
        effects = browse::on_pane(model, side, |pane, requests| pane.show(name.clone(), requests));
    }
    browse::focus_on(model, Focus::List(side));
    effects
}

/// Why the account for that database may not write, if so: a sentence that names the database.
pub fn may_write_to(model: &Model, name: &DatabaseName) -> Result<(), String> {
    match model.database(name).and_then(Database::read_only) {
        Some(reason) => Err(format!("{} can only be read: {reason}", label(name))),
        None => Ok(()),
    }
}
