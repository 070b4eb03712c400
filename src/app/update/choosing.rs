//! Choices over the main screen: order, columns, counts of values, saved queries, export.
//!
//! Imports the rest of `app`; no I/O.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::{query, search};
use crate::app::columns::{Chosen, ColumnChooser, automatic};
use crate::app::effect::{Effect, RequestId};
use crate::app::exporting::{ExportPrompt, Exporting, Pressed, Written};
use crate::app::facets::{Counts, Facets, Wish, both};
use crate::app::model::Model;
use crate::app::overlay::Overlay;
use crate::app::pane::{Pane, Source};
use crate::app::row::Failure;
use crate::app::saved::{SavedQueries, Wish as SavedWish};
use crate::app::sorting::{Picked, SortPicker};
use crate::app::toast::ToastKind;
use crate::app::words::grouped;
use crate::change::DatabaseName;
use crate::query::{Field, Order, Query, SortOrder};
use crate::spec::text::escaped;

type Ready = Result<(), String>;

/// Lines that PgDn goes on in a choice.
fn page(model: &Model) -> usize {
    usize::from(model.size.1 / 2).max(1)
}

/// The columns that lists show, as fields.
pub fn shown_columns(model: &Model) -> Vec<Field> {
    model.columns.as_deref().map_or_else(automatic, <[Field]>::to_vec)
}

/// What the pane with the focus lists: of which databases, and which of their rows.
pub(super) fn listed(model: &Model) -> (Vec<DatabaseName>, Arc<Query>) {
    let Some(pane) = model.current() else { return (Vec::new(), Arc::new(Query::all())) };
    let databases = match &pane.source {
        Source::One(name) => vec![name.clone()],
        Source::Cells(cells) => cells.included().cloned().collect(),
    };
    let query = pane.query().cloned().unwrap_or_else(|| Arc::new(Query::all()));
    (databases, query)
}

/// Whether anything is listed.
pub fn has_list(model: &Model) -> Ready {
    if listed(model).0.is_empty() { Err("no database is listed".to_owned()) } else { Ok(()) }
}

/// Opens the choice of an order.
pub fn sort(model: &mut Model) -> Vec<Effect> {
    let Some(current) = model.current().map(|pane| pane.list.order().clone()) else { return Vec::new() };
    model.overlay = Some(Overlay::Sort(Box::new(SortPicker::new(current, shown_columns(model)))));
    Vec::new()
}

/// A key for the choice of an order.
pub fn sort_key(model: &mut Model, mut picker: Box<SortPicker>, event: &KeyEvent) -> Vec<Effect> {
    match picker.key(event, page(model)) {
        Picked::Leave => Vec::new(),
        Picked::Order(order) => order_by(model, order),
        Picked::Stay => {
            model.overlay = Some(Overlay::Sort(picker));
            Vec::new()
        }
    }
}

/// By last update, newest first; by id, if it is that already.
pub fn newest(model: &mut Model) -> Vec<Effect> {
    let order = model.current().and_then(|pane| pane.list.order().native());
    let next = if order == Some(SortOrder::Updated) { SortOrder::Id } else { SortOrder::Updated };
    order_by(model, next.into())
}

/// The list of the pane with the focus in that order, or why not.
pub fn order_by(model: &mut Model, order: Order) -> Vec<Effect> {
    if let Err(reason) = search::can_order(model, &order) {
        model.toast(ToastKind::Notice, reason);
        return Vec::new();
    }
    model.query_since = model.now;
    model.refreshing.forget();
    search::order_by(model, order)
}

/// Opens the choice of columns.
pub fn columns(model: &mut Model) -> Vec<Effect> {
    model.overlay = Some(Overlay::Columns(Box::new(ColumnChooser::new(model.columns.as_deref()))));
    Vec::new()
}

/// A key for the choice of columns.
pub fn columns_key(model: &mut Model, mut chooser: Box<ColumnChooser>, event: &KeyEvent) -> Vec<Effect> {
    match chooser.key(event, page(model)) {
        Chosen::Leave => Vec::new(),
        Chosen::Columns(columns) => show_columns(model, columns),
        Chosen::Stay => {
            model.overlay = Some(Overlay::Columns(chooser));
            Vec::new()
        }
    }
}

/// Shows those columns in both panes, and keeps them for the environment.
pub fn show_columns(model: &mut Model, columns: Option<Vec<Field>>) -> Vec<Effect> {
    if columns.as_deref() == model.columns.as_deref() {
        return Vec::new();
    }
    model.columns = columns.map(Arc::from);
    // Other columns are no news.
    model.refreshing.before = None;
    let asked = model.columns.clone().unwrap_or_else(|| Arc::from([]));
    let names = asked.iter().map(|field| field.name.to_string()).collect();
    let Model { panes, requests, .. } = model;
    let mut effects = Vec::new();
    for pane in panes {
        pane.columns = Arc::clone(&asked);
        let wishes = pane.list.reload(requests);
        effects.extend(pane.effects(wishes));
    }
    if !model.environment.is_empty() {
        effects.push(Effect::SaveColumns { environment: model.environment.clone(), columns: names });
    }
    effects
}

/// Opens the counts: which fields, first.
pub fn facets(model: &mut Model) -> Vec<Effect> {
    let last = model.counted.iter().map(|(field, _)| field.clone()).next();
    let fields: Vec<_> = last.or_else(|| Field::named("az")).into_iter().collect();
    model.overlay = Some(Overlay::Facets(Box::new(Facets::choosing(&fields))));
    Vec::new()
}

/// Counts the values of those fields among the listed rows.
pub fn count(model: &mut Model, fields: Arc<[Field]>) -> Vec<Effect> {
    let (databases, query) = listed(model);
    if databases.is_empty() {
        model.toast(ToastKind::Notice, "no database is listed");
        return Vec::new();
    }
    let request = model.request();
    let facets = Facets::waiting_for(Arc::clone(&fields), databases.clone(), Some(request));
    model.overlay = Some(Overlay::Facets(Box::new(facets)));
    vec![Effect::Facet { request, databases, query, fields }]
}

/// A key for the counts.
pub fn facets_key(model: &mut Model, mut facets: Box<Facets>, event: &KeyEvent) -> Vec<Effect> {
    let running = facets.request.filter(|_| !facets.waiting.is_empty());
    let stop = || running.map(|request| Effect::StopFacet { request });
    match facets.key(event, page(model)) {
        Wish::Leave => stop().into_iter().collect(),
        Wish::Count(fields) => {
            let mut effects: Vec<_> = stop().into_iter().collect();
            effects.extend(count(model, fields));
            effects
        }
        Wish::Narrow(condition) => {
            let mut effects: Vec<_> = stop().into_iter().collect();
            let (_, query) = listed(model);
            effects.extend(query::run(model, &both(&query, &condition)));
            effects
        }
        Wish::Stay => {
            model.overlay = Some(Overlay::Facets(facets));
            Vec::new()
        }
    }
}

/// Values were counted in a database.
pub fn counted(
    model: &mut Model,
    request: RequestId,
    database: &DatabaseName,
    (counts, failure): (Arc<Counts>, Option<Failure>),
) -> Vec<Effect> {
    let Model { overlay, counted, .. } = model;
    let Some(Overlay::Facets(facets)) = overlay else { return Vec::new() };
    if facets.request != Some(request) || !facets.waiting.contains(database) {
        return Vec::new();
    }
    facets.answered(database, counts, failure.as_ref());
    if let ([field], true) = (&*facets.fields, facets.waiting.is_empty()) {
        // Completion offers them too, the most frequent first.
        let values = facets.counts.values.iter().take(MOST_COUNTED);
        let values = values.filter_map(|(values, rows)| Some((values.first()?.clone()?, *rows))).collect();
        counted.retain(|(known, _)| known != field);
        counted.insert(0, (field.clone(), values));
        counted.truncate(FIELDS_COUNTED);
    }
    Vec::new()
}

/// Most values of a field that completion remembers.
const MOST_COUNTED: usize = 200;
/// Most fields whose values it remembers.
const FIELDS_COUNTED: usize = 8;

/// Opens the saved queries.
pub fn saved(model: &mut Model) -> Vec<Effect> {
    // Other sessions keep some, too.
    let request = model.request();
    model.overlay = Some(Overlay::Saved(SavedQueries { reading: Some(request), ..SavedQueries::default() }));
    vec![Effect::LoadQueries { request }]
}

/// The saved queries were read.
pub fn queries_read(
    model: &mut Model,
    request: RequestId,
    result: Result<Vec<(String, String)>, String>,
) -> Vec<Effect> {
    let Model { overlay, settings, .. } = model;
    let Some(Overlay::Saved(list)) = overlay else { return Vec::new() };
    if list.reading.take_if(|reading| *reading == request).is_none() {
        return Vec::new();
    }
    match result {
        Ok(queries) => list.read_anew(settings, queries),
        Err(reason) => list.error = Some(reason),
    }
    Vec::new()
}

/// A query was not saved: the profile file has another one of that name, of another session.
pub fn query_exists(model: &mut Model, name: &str, text: String, there: &str) -> Vec<Effect> {
    model.settings.save(name, there);
    let _ = model.toasts.dismiss();
    if is_free(model) || matches!(model.overlay, Some(Overlay::Saved(_))) {
        model.overlay = Some(Overlay::Saved(SavedQueries::replacing(name, text, &model.settings)));
    } else {
        let text = format!("query {name} is not saved: another one has that name; Q shows it");
        model.toast(ToastKind::Problem, text);
    }
    Vec::new()
}

/// A key for the saved queries.
pub fn saved_key(model: &mut Model, mut list: SavedQueries, event: &KeyEvent) -> Vec<Effect> {
    let present = query::present(model).map(|query| query.text.clone());
    let effects = match list.key(event, &model.settings, present.as_deref()) {
        SavedWish::Leave => return Vec::new(),
        SavedWish::Run(text) => return query::run(model, &text),
        SavedWish::Save(name) => {
            list.reading = None;
            let effects = query::save(model, &name);
            list.choose(&name, &model.settings);
            effects
        }
        SavedWish::Replace(name, text) => {
            list.reading = None;
            query::save_as(model, &name, text, true)
        }
        SavedWish::Delete(name) => {
            list.reading = None;
            model.settings.delete(&name);
            list.chosen = list.chosen.min(model.settings.queries.len().saturating_sub(1));
            vec![Effect::DeleteQuery { name }]
        }
        SavedWish::Stay => Vec::new(),
    };
    // Unless it asks something now.
    model.overlay.get_or_insert(Overlay::Saved(list));
    effects
}

/// Whether the list can be written to a file now.
pub fn can_export(model: &Model) -> Ready {
    if let Some(running) = &model.exporting {
        return Err(format!("{} is still being written", escaped(&running.path)));
    }
    has_list(model)
}

/// Opens the prompt that writes the list to a file.
pub fn export(model: &mut Model) -> Vec<Effect> {
    let plain =
        |character: char| if character.is_alphanumeric() || character == '-' { character } else { '_' };
    let environment: String = model.environment.chars().map(plain).collect();
    let stem = if environment.is_empty() { "specs".to_owned() } else { format!("specs-{environment}") };
    model.overlay = Some(Overlay::Export(Box::new(ExportPrompt::new(&stem))));
    Vec::new()
}

/// Writes the list to that file, in the format that its name says.
pub fn export_to(model: &mut Model, path: &str) -> Vec<Effect> {
    if let Err(reason) = can_export(model) {
        model.toast(ToastKind::Notice, reason);
        return Vec::new();
    }
    write(model, &ExportPrompt::of_path(path), false)
}

/// A key for that prompt.
pub fn export_key(model: &mut Model, mut prompt: Box<ExportPrompt>, event: &KeyEvent) -> Vec<Effect> {
    match prompt.key(event) {
        Pressed::Leave => Vec::new(),
        Pressed::Write { replace } => write(model, &prompt, replace),
        Pressed::Stay => {
            model.overlay = Some(Overlay::Export(prompt));
            Vec::new()
        }
    }
}

fn write(model: &mut Model, prompt: &ExportPrompt, replace: bool) -> Vec<Effect> {
    let (databases, query) = listed(model);
    let Some(order) = model.current().map(|pane| pane.list.order().clone()) else { return Vec::new() };
    let (format, path) = (prompt.format, prompt.path().to_owned());
    let request = model.request();
    model.exporting = Some(Exporting { request, path: path.clone(), format });
    let columns = shown_columns(model).into();
    vec![Effect::Export { request, databases, query, order, columns, format, path, replace }]
}

/// The file is written, or not: then the prompt is there again, with the reason.
pub fn exported(model: &mut Model, request: RequestId, result: Result<Written, String>) -> Vec<Effect> {
    let Some(done) = model.exporting.take_if(|running| running.request == request) else { return Vec::new() };
    let path = escaped(&done.path).into_owned();
    match result {
        Ok(written) => {
            let rows = match written.rows {
                1 => format!("1 row written to {path}"),
                rows => format!("{} rows written to {path}", grouped(rows)),
            };
            match written.lack() {
                None => model.toast(ToastKind::Done, rows),
                Some(lack) => model.toast(ToastKind::Problem, format!("{rows}, but {lack}")),
            }
        }
        Err(reason) if is_free(model) => {
            let mut prompt = ExportPrompt::of_path(&done.path);
            (prompt.format, prompt.error) = (done.format, Some(reason));
            model.overlay = Some(Overlay::Export(Box::new(prompt)));
        }
        Err(reason) => model.toast(ToastKind::Problem, format!("{path} was not written: {reason}")),
    }
    Vec::new()
}

/// Whether nothing lies over the main screen, and nothing is typed or changed.
pub fn is_free(model: &Model) -> bool {
    model.overlay.is_none()
        && model.editor.is_none()
        && model.change.is_none()
        && model.typing.is_none()
        && model.typed_ahead.is_empty()
}

/// Lets the pane with the focus keep its query; again: it follows what is typed.
pub fn pin(model: &mut Model) -> Vec<Effect> {
    let effects = search::toggle_pin(model);
    let pinned = model.current().is_some_and(|pane: &Pane| pane.pinned);
    let told = if pinned {
        "this pane is pinned: queries go to the other one"
    } else {
        "this pane follows queries again"
    };
    model.toast(ToastKind::Notice, told);
    effects
}
