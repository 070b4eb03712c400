//! The query bar: opening it, typing in it, keeping or leaving a query, and the queries of before.
//!
//! Imports the rest of `app`; no I/O.

use std::cell::RefCell;
use std::collections::HashMap;

use crossterm::event::KeyEvent;

use super::{browse, search};
use crate::app::effect::{Effect, RequestId};
use crate::app::model::{Focus, Model};
use crate::app::overlay::Overlay;
use crate::app::pane::Pane;
use crate::app::query_bar::{Pressed, QueryBar};
use crate::app::row::Row;
use crate::app::saved::SavedQueries;
use crate::app::seen::is_worth_a_look;
use crate::app::settings::check_name;
use crate::app::toast::ToastKind;
use crate::change::DatabaseName;
use crate::query::fields::{FAMILIES, Fact, Source};
use crate::query::{Field, Query, Sample, SeenValues, Subject, parse};
use crate::scheduler::{extra_specs, hints, image_properties};

type Ready = Result<(), String>;

/// Opens the bar, the present query in it.
pub fn open(model: &mut Model) -> Vec<Effect> {
    if model.zoomed || model.focus == Focus::Detail {
        let _ = browse::unzoom(model);
    }
    let text = present(model).map(|query| query.text.clone()).unwrap_or_default();
    model.typing = Some(QueryBar::new(&text));
    model.seen.age();
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
    let offered = Offered::new(model);
    let pressed = bar.key(event, &offered, &model.settings.history);
    let asked = offered.asked();
    model.typing = Some(bar);
    let mut effects = match pressed {
        Pressed::Restore => restore(model),
        Pressed::Keep => keep(model),
        Pressed::Changed => changed(model),
        Pressed::Pages(pages) => browse::page(model, pages),
        Pressed::Stay => Vec::new(),
    };
    if model.typing.is_some() {
        let databases = queried(model);
        let Model { seen, requests, .. } = model;
        effects.extend(seen.ask(asked, &databases, requests));
    }
    effects
}

/// A database said which values or keys it has: they are offered, if a list is, or would be.
pub fn sampled(
    model: &mut Model,
    request: RequestId,
    database: &DatabaseName,
    samples: Vec<Sample>,
) -> Vec<Effect> {
    if !model.seen.answered(request, database, samples) {
        return Vec::new();
    }
    if let Some(mut bar) = model.typing.take() {
        bar.offer_again(&Offered::new(model));
        model.typing = Some(bar);
    }
    Vec::new()
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

/// Values and keys that were seen, for completion, and what is worth a look.
struct Offered<'m> {
    model: &'m Model,
    databases: Vec<DatabaseName>,
    asked: RefCell<Vec<Subject>>,
}

impl<'m> Offered<'m> {
    fn new(model: &'m Model) -> Self {
        Self { model, databases: queried(model), asked: RefCell::default() }
    }

    /// What was asked for while completing. Where the keys of several families were, a word was typed
    /// that need not be one: that is not worth a pass.
    fn asked(self) -> Vec<Subject> {
        let mut asked = self.asked.into_inner();
        if asked.iter().filter(|subject| matches!(subject, Subject::Keys(_))).count() > 1 {
            asked.retain(|subject| !matches!(subject, Subject::Keys(_)));
        }
        asked
    }

    fn note(&self, subject: &Subject) {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(subject) {
            asked.push(subject.clone());
        }
    }

    fn names(&self) -> impl Iterator<Item = &DatabaseName> {
        self.model.databases.iter().map(|database| &database.name)
    }
}

/// The databases of the panes that follow the query.
fn queried(model: &Model) -> Vec<DatabaseName> {
    let mut databases: Vec<DatabaseName> = Vec::new();
    for name in model.panes.iter().filter(|pane| !pane.pinned).flat_map(Pane::databases) {
        if !databases.contains(&name) {
            databases.push(name);
        }
    }
    databases
}

impl SeenValues for Offered<'_> {
    fn values(&self, field: &Field) -> Vec<(String, Option<u64>)> {
        match field.source {
            Source::Database => return self.names().map(|name| (name.to_string(), None)).collect(),
            Source::Fact(Fact::Mapped) => {
                let cells = self.names().filter(|name| **name != DatabaseName::Api);
                let names = cells.map(ToString::to_string).chain(["none".to_owned()]);
                return names.map(|name| (name, None)).collect();
            }
            _ => {}
        }
        // What is listed and what was counted is there already, however large the databases are.
        let mut rows: HashMap<String, u64> = HashMap::new();
        for pane in &self.model.panes {
            let column = pane.columns.iter().position(|column| column == field);
            for row in pane.list.rows() {
                let shown = || column.and_then(|at| row.values.get(at)?.as_deref().map(str::to_owned));
                if let Some(value) = value(row, &field.name).or_else(shown) {
                    *rows.entry(value).or_default() += 1;
                }
            }
        }
        let counted = self.model.counted.iter().filter(|(counted, _)| counted == field);
        for (value, count) in counted.flat_map(|(_, all)| all) {
            let seen = rows.entry(value.to_string()).or_default();
            *seen = (*seen).max(*count);
        }
        let subject = Subject::Values(field.clone());
        if is_worth_a_look(field) {
            self.note(&subject);
        }
        let (sampled, is_whole) = self.model.seen.of(&subject, &self.databases);
        for (value, count) in &sampled {
            let seen = rows.entry(value.to_string()).or_default();
            *seen = (*seen).max(*count);
        }
        let mut seen: Vec<_> = rows.into_iter().collect();
        seen.sort_by(|(one, rows), (other, more)| (more, one).cmp(&(rows, other)));
        let all = |value: &str| sampled.get(value).copied().filter(|_| is_whole);
        seen.into_iter()
            .map(|(value, _)| {
                let all = all(&value);
                (value, all)
            })
            .collect()
    }

    fn keys(&self, family: &str) -> Vec<String> {
        let known: Vec<&str> = match family {
            "extra" => extra_specs::RULES.iter().map(|rule| rule.key).collect(),
            "hint" => hints::HINTS.iter().map(|hint| hint.key).collect(),
            "image" => image_properties::PROPERTIES.iter().map(|property| property.key).collect(),
            _ => Vec::new(),
        };
        let known = known.into_iter().filter(|key| !key.contains(['*', '{', '<', '%']));
        // Keys that are there stand before those that nova knows.
        let mut keys: Vec<String> = Vec::new();
        if let Some(family) = FAMILIES.iter().find(|known| known.name == family) {
            let subject = Subject::Keys(family.name);
            self.note(&subject);
            let (sampled, _) = self.model.seen.of(&subject, &self.databases);
            let mut sampled: Vec<_> = sampled.into_iter().collect();
            sampled.sort_by(|(one, rows), (other, more)| (more, one).cmp(&(rows, other)));
            keys.extend(sampled.into_iter().map(|(key, _)| key.to_string()));
        }
        for key in known {
            if keys.iter().all(|seen| seen != key) {
                keys.push(key.to_owned());
            }
        }
        keys
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
        _ => None,
    }
}
