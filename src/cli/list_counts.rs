//! `reqspec list --count-by`: how many specs have each combination of values, the most frequent first. All
//! databases are counted at once.
//!
//! Imports `search` and its siblings.

use std::io;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Map, Value};

use super::args::FormatArgument;
use super::list_arguments::Wanted;
use super::output::{Columns, Output};
use crate::deployment::facts::FactStores;
use crate::query::Field;
use crate::search::export::head;
use crate::search::facets::{Counts, Facets, Group};
use crate::search::run::Outcome;
use crate::spec::text::escaped;
use crate::store::{DatabaseName, StoreError};

/// Counts and prints.
pub async fn run(
    wanted: &Wanted,
    fields: &Arc<[Field]>,
    databases: Vec<DatabaseName>,
    stores: &Arc<dyn FactStores>,
    now: i64,
) -> io::Result<Outcome> {
    let tasks = databases.into_iter().map(|database| {
        let (query, fields, stores) = (Arc::clone(&wanted.query), Arc::clone(fields), Arc::clone(stores));
        let task = tokio::spawn({
            let database = database.clone();
            async move { count(&database, Facets::new(database.clone(), query, fields, now), &*stores).await }
        });
        async move { (database, task.await) }
    });
    let (mut counts, mut outcome) = (Counts::default(), Outcome::default());
    for (database, task) in join_all(tasks).await {
        let (counted, failure) = task.map_err(io::Error::other)?;
        counts.add(counted);
        outcome.failures.extend(failure.map(|error| (database, error.into())));
    }
    print(wanted, fields, &counts)?;
    outcome.rows = counts.hits;
    outcome.undecided = counts.undecided;
    outcome.remarks = counts.remarks;
    Ok(outcome)
}

async fn count(
    database: &DatabaseName,
    facets: Facets,
    stores: &dyn FactStores,
) -> (Counts, Option<StoreError>) {
    match stores.store(database).await {
        Ok(store) => facets.run(&store, stores, None, || {}).await,
        Err(error) => (Counts::default(), Some(error)),
    }
}

fn print(wanted: &Wanted, fields: &[Field], counts: &Counts) -> io::Result<()> {
    let mut out = Output::new();
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let groups = counts.groups.get(..limit).unwrap_or(&counts.groups);
    // What is not listed one by one is not left out of the sum.
    let left: u64 = counts.groups.get(limit..).unwrap_or_default().iter().map(|group| group.count).sum();
    let others = counts.others + left;
    match wanted.format {
        FormatArgument::Jsonl => {
            for group in groups {
                out.json(&object(fields, group))?;
            }
            if others > 0 {
                out.json(&Value::from_iter([("others", others)]))?;
            }
        }
        FormatArgument::Csv => {
            let heads = fields.iter().map(|field| field.name.to_string()).chain(["count".to_owned()]);
            csv(&mut out, heads)?;
            for group in groups {
                let texts = group.values.iter().map(|value| value.as_deref().unwrap_or_default().to_owned());
                csv(&mut out, texts.chain([group.count.to_string()]))?;
            }
        }
        FormatArgument::Table | FormatArgument::Uuids => table(&mut out, fields, groups, others)?,
    }
    out.flush()
}

fn table(out: &mut Output, fields: &[Field], groups: &[Group], others: u64) -> io::Result<()> {
    let heads: Vec<String> = ["COUNT".to_owned()].into_iter().chain(fields.iter().map(head)).collect();
    let mut columns = Columns::new(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    let mut lines: Vec<Vec<String>> = groups
        .iter()
        .map(|group| {
            let texts =
                group.values.iter().map(|value| value.as_deref().map_or("-".into(), escaped).into_owned());
            [group.count.to_string()].into_iter().chain(texts).collect()
        })
        .collect();
    if others > 0 {
        lines.push(vec![others.to_string(), "(others)".to_owned()]);
    }
    // Numbers stand to the right, so that they can be compared.
    let widest = lines.iter().filter_map(|cells| cells.first()).map(String::len).max().unwrap_or(0).max(5);
    for cells in &mut lines {
        if let Some(count) = cells.first_mut() {
            *count = format!("{count:>widest$}");
        }
        columns.measure(cells);
    }
    if !lines.is_empty() {
        out.line(&columns.line(&heads))?;
    }
    lines.iter().try_for_each(|cells| out.line(&columns.line(cells)))
}

/// The values under the names of their fields, `null` where there is none.
fn object(fields: &[Field], group: &Group) -> Value {
    let text = |value: &Option<Arc<str>>| value.as_deref().map_or(Value::Null, Value::from);
    let values = fields.iter().zip(&group.values).map(|(field, value)| (field.name.to_string(), text(value)));
    let mut object: Map<String, Value> = [("count".to_owned(), group.count.into())].into_iter().collect();
    object.extend(values);
    Value::Object(object)
}

/// A line of RFC 4180.
fn csv(out: &mut Output, cells: impl Iterator<Item = String>) -> io::Result<()> {
    let cells = cells.map(|cell| {
        let cell = escaped(&cell).into_owned();
        if cell.contains([',', '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    });
    out.raw(cells.collect::<Vec<_>>().join(",").as_bytes())?;
    out.raw(b"\r\n")
}
