//! The query bar: opening it, typing in it, keeping or leaving a query, and the queries of before.
//!
//! Imports the rest of `app`; no I/O.

use std::collections::HashMap;

use crossterm::event::KeyEvent;

use super::{browse, search};
use crate::app::effect::Effect;
use crate::app::model::{Focus, Model};
use crate::app::overlay::Overlay;
use crate::app::pane::Pane;
use crate::app::query_bar::{Pressed, QueryBar};
use crate::app::row::Row;
use crate::app::saved::SavedQueries;
use crate::app::settings::check_name;
use crate::app::toast::ToastKind;
use crate::query::{Field, Query, SeenValues, parse};
use crate::scheduler::{extra_specs, hints, image_properties};

type Ready = Result<(), String>;

/// Opens the bar, the present query in it.
pub fn open(model: &mut Model) -> Vec<Effect> {
    if model.zoomed || model.focus == Focus::Detail {
        let _ = browse::unzoom(model);
    }
    let text = present(model).map(|query| query.text.clone()).unwrap_or_default();
    model.typing = Some(QueryBar::new(&text));
    Vec::new()
}

/// The query that is set, if one is.
pub fn present(model: &Model) -> Option<&Query> {
    model.query().map(|query| &**query)
}

/// Whether keys go to the bar.
pub fn is_typing(model: &Model) -> bool {
    model.typing.is_some() && !model.zoomed
}

/// A key for the bar.
pub fn key(model: &mut Model, event: &KeyEvent) -> Vec<Effect> {
    let Some(mut bar) = model.typing.take() else { return Vec::new() };
    let pressed = bar.key(event, &Seen(model), &model.settings.history);
    model.typing = Some(bar);
    match pressed {
        Pressed::Restore => restore(model),
        Pressed::Keep => keep(model),
        Pressed::Changed => changed(model),
        Pressed::Pages(pages) => browse::page(model, pages),
        Pressed::Stay => Vec::new(),
    }
}

/// Text was pasted into the bar.
pub fn paste(model: &mut Model, line: &str) -> Vec<Effect> {
    let Some(bar) = &mut model.typing else { return Vec::new() };
    bar.paste(line);
    changed(model)
}

/// The text is another one: the panes follow what can be read of it as a query; the rest is said.
fn changed(model: &mut Model) -> Vec<Effect> {
    let Some(bar) = &mut model.typing else { return Vec::new() };
    match parse(bar.text()) {
        Ok(query) => {
            bar.error = None;
            set(model, query)
        }
        Err(error) => {
            bar.error = Some(error);
            Vec::new()
        }
    }
}

fn set(model: &mut Model, query: Query) -> Vec<Effect> {
    model.query_since = model.now;
    model.refreshing.forget();
    search::apply_query(model, query)
}

/// Enter: what is typed stays, if it is a query.
fn keep(model: &mut Model) -> Vec<Effect> {
    let Some(bar) = &mut model.typing else { return Vec::new() };
    if bar.error.is_some() {
        // Its reason stands below it already.
        bar.popup = None;
        return Vec::new();
    }
    let text = bar.text().trim().to_owned();
    model.typing = None;
    if text.is_empty() {
        return leave(model);
    }
    let mut effects = search::keep_query(model);
    effects.extend(remember(model, &text));
    effects
}

fn remember(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.settings.remember(text) { vec![Effect::Remember(text.trim().to_owned())] } else { Vec::new() }
}

/// Esc in the bar: as before it was opened.
fn restore(model: &mut Model) -> Vec<Effect> {
    let Some(bar) = model.typing.take() else { return Vec::new() };
    match parse(&bar.before) {
        Ok(query) if !query.is_all() => {
            let mut effects = if bar.text() == bar.before { Vec::new() } else { set(model, query) };
            effects.extend(search::keep_query(model));
            effects
        }
        _ => leave(model),
    }
}

/// Whether a query is set.
pub fn is_set(model: &Model) -> Ready {
    present(model).map(|_| ()).ok_or_else(|| "no query is set: / begins one".to_owned())
}

/// Leaves the query: the lists and positions from before it.
pub fn leave(model: &mut Model) -> Vec<Effect> {
    model.typing = None;
    model.refreshing.forget();
    search::end_query(model)
}

/// Runs a text as the query, as if it had been typed and kept.
pub fn run(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.zoomed || model.focus == Focus::Detail {
        let _ = browse::unzoom(model);
    }
    match parse(text) {
        Ok(query) if query.is_all() => leave(model),
        Ok(query) => {
            model.typing = None;
            let mut effects = set(model, query);
            effects.extend(remember(model, text));
            effects.extend(search::keep_query(model));
            effects
        }
        Err(error) => {
            // To be set right where it can be seen.
            let effects = open(model);
            if let Some(bar) = &mut model.typing {
                bar.retype(text);
                bar.error = Some(error);
            }
            effects
        }
    }
}

/// Keeps the present query under a name; asks first where there is another one of that name.
pub fn save(model: &mut Model, name: &str) -> Vec<Effect> {
    let checked = is_set(model).and_then(|()| check_name(name));
    if let Err(reason) = checked {
        model.toast(ToastKind::Notice, reason);
        return Vec::new();
    }
    let text = present(model).map(|query| query.text.trim().to_owned()).unwrap_or_default();
    if model.settings.saved(name).is_some_and(|there| there != text) {
        let asking = SavedQueries::replacing(name, text, &model.settings);
        model.overlay = Some(Overlay::Saved(asking));
        return Vec::new();
    }
    save_as(model, name, text, false)
}

/// Keeps that query under that name.
pub fn save_as(model: &mut Model, name: &str, text: String, replace: bool) -> Vec<Effect> {
    model.settings.save(name, &text);
    let how = if replace { "in the place of another one" } else { "Q lists the saved ones" };
    model.toast(ToastKind::Done, format!("query {name} saved; {how}"));
    vec![Effect::SaveQuery { name: name.to_owned(), text, replace }]
}

/// Values and keys that the screen has seen, for completion.
struct Seen<'m>(&'m Model);

impl SeenValues for Seen<'_> {
    fn values(&self, field: &Field) -> Vec<(String, u64)> {
        let mut counts: HashMap<String, u64> = HashMap::new();
        let mut add = |value: &str| *counts.entry(value.to_owned()).or_default() += 1;
        let column = |pane: &Pane| pane.columns.iter().position(|column| column == field);
        for pane in &self.0.panes {
            let column = column(pane);
            for row in pane.list.rows() {
                match value(row, &field.name) {
                    Some(value) => add(&value),
                    None => {
                        let value = column.and_then(|at| row.values.get(at)?.clone());
                        value.iter().for_each(|value| add(value));
                    }
                }
            }
        }
        let counted = self.0.counted.iter().filter(|(counted, _)| counted == field);
        for (value, rows) in counted.flat_map(|(_, all)| all) {
            let seen = counts.entry(value.to_string()).or_default();
            *seen = (*seen).max(*rows);
        }
        if &*field.name == "db" {
            self.0.databases.iter().for_each(|database| {
                counts.entry(database.name.to_string()).or_default();
            });
        }
        let mut seen: Vec<_> = counts.into_iter().collect();
        seen.sort_by(|(one, rows), (other, more)| (more, one).cmp(&(rows, other)));
        seen
    }

    fn keys(&self, family: &str) -> Vec<String> {
        let known: Vec<&str> = match family {
            "extra" => extra_specs::RULES.iter().map(|rule| rule.key).collect(),
            "hint" => hints::HINTS.iter().map(|hint| hint.key).collect(),
            "image" => image_properties::PROPERTIES.iter().map(|property| property.key).collect(),
            _ => Vec::new(),
        };
        known.into_iter().filter(|key| !key.contains(['*', '{', '<', '%'])).map(str::to_owned).collect()
    }
}

/// A listed value of a row.
fn value(row: &Row, field: &str) -> Option<String> {
    let summary = &row.summary;
    match field {
        "flavor" => summary.flavor.clone(),
        "az" => summary.availability_zone.clone(),
        "project" => summary.project_id.clone(),
        "user" => summary.user_id.clone(),
        "image" => summary.image.clone(),
        "version" => summary.version.clone(),
        "vcpus" => summary.vcpus.map(|number| number.to_string()),
        "ram" => summary.memory_mb.map(|number| number.to_string()),
        "disk" => summary.root_gb.map(|number| number.to_string()),
        "db" => Some(row.database.to_string()),
        _ => None,
    }
}
