//! `reqspec list`: all databases are asked for their first page at once; then each is streamed page by page,
//! so memory does not grow with the number of rows.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::args::{ListArguments, SortArgument};
use super::error::{CliError, Exit};
use super::output::{Columns, Output, say};
use super::sessions::Sessions;
use crate::deployment::Origin;
use crate::query::{PageFrom, PageKey, PageRequest, SortOrder};
use crate::spec::summary::Summary;
use crate::spec::text::escaped;
use crate::store::{DatabaseName, SpecStore, StoreError, StoredSpec};

const HEADS: [&str; 9] =
    ["INSTANCE", "DATABASE", "FLAVOR", "ZONE", "DEMANDS", "UPDATED", "VERSION", "PROJECT", "PROBLEM"];

/// Rows read at a time.
const PAGE: u32 = 200;

/// Rows read at a time by last update: more, because the pass behind the page is made anew where
/// someone writes meanwhile.
const PAGE_BY_UPDATE: u32 = 500;

/// A database that has not answered for so long is not waited for before the next ones are listed.
const PATIENCE: Duration = Duration::from_secs(1);

/// One row of `--json`.
#[derive(Serialize)]
struct Row<'a> {
    id: i64,
    database: String,
    instance_uuid: &'a str,
    flavor: Option<String>,
    availability_zone: Option<String>,
    project_id: Option<String>,
    user_id: Option<String>,
    image: Option<String>,
    vcpus: Option<i64>,
    memory_mb: Option<i64>,
    root_gb: Option<i64>,
    demands: String,
    version: Option<String>,
    created_at: Option<&'a str>,
    updated_at: Option<&'a str>,
    problem: Option<String>,
}

/// Prints the list; [`Exit::Error`] where a database could not be listed.
pub async fn run(sessions: &Sessions, arguments: &ListArguments) -> Result<Exit, CliError> {
    let databases = match &arguments.database {
        Some(named) => {
            sessions.check_name(named)?;
            vec![named.clone()]
        }
        None => sessions.deployment().databases().to_vec(),
    };
    let mut list = List {
        out: Output::new(),
        columns: Columns::new(&HEADS),
        filter: arguments.filter.as_ref().map(|text| text.to_lowercase()),
        left: arguments.limit.unwrap_or(u64::MAX),
        json: arguments.json,
    };
    let widest = databases.iter().map(|name| escaped(&name.to_string()).into_owned());
    widest.for_each(|name| list.columns.measure(&["x".repeat(36), name]));
    let mut headed = arguments.json;
    let order = match arguments.sort {
        SortArgument::Id => SortOrder::Id,
        SortArgument::Updated => SortOrder::Updated,
    };
    let first = list.limit(order);
    let mut asked: Vec<_> = databases
        .into_iter()
        .map(|database| {
            let (sessions, request) =
                (sessions.clone(), PageRequest { order, from: PageFrom::Start, limit: first });
            let task = tokio::spawn({
                let database = database.clone();
                async move { first_page(&sessions, &database, request).await }
            });
            (database, Some(task))
        })
        .collect();
    let mut exit = Exit::Done;
    let soon = Instant::now() + PATIENCE;
    // In their order; one that does not answer in time has its turn after the others.
    for until in [Some(soon), None] {
        for (database, task) in &mut asked {
            let Some(running) = task.as_mut() else { continue };
            let answer = match until {
                Some(until) => match tokio::time::timeout_at(until, running).await {
                    Ok(answer) => answer,
                    Err(_) => continue,
                },
                None => running.await,
            };
            *task = None;
            let answer = answer.map_err(std::io::Error::other)?;
            match list.database(database, order, first, answer, &mut headed).await {
                Ok(()) => {}
                Err(ListError::Output(error)) => return Err(error.into()),
                // Upstream nova's cells have none: nothing to list, unless the operator named it.
                Err(ListError::Store(StoreError::NoTable { .. }))
                    if arguments.database.is_none() && is_mapped(sessions, database) => {}
                Err(ListError::Store(error)) => {
                    list.out.flush()?;
                    say(&format!("reqspec: warning: {error}"));
                    exit = Exit::Error;
                }
            }
        }
        // What is there is shown before anything is waited for.
        list.out.flush()?;
    }
    Ok(exit)
}

/// Whether nova says that the database is there, not the operator.
fn is_mapped(sessions: &Sessions, database: &DatabaseName) -> bool {
    let entries = sessions.deployment().entries();
    let entry = entries.iter().find(|entry| entry.name == *database);
    entry.is_some_and(|entry| matches!(entry.origin, Origin::Mapping { .. }))
}

type FirstPage = Result<(Arc<dyn SpecStore>, Vec<StoredSpec>), StoreError>;

async fn first_page(sessions: &Sessions, database: &DatabaseName, request: PageRequest) -> FirstPage {
    let store = sessions.get(database).await?;
    let rows = store.page(request).await?;
    Ok((store, rows))
}

enum ListError {
    Output(std::io::Error),
    Store(StoreError),
}

impl From<StoreError> for ListError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<std::io::Error> for ListError {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

struct List {
    out: Output,
    columns: Columns,
    filter: Option<String>,
    left: u64,
    json: bool,
}

impl List {
    /// How many rows the next page has at most.
    fn limit(&self, order: SortOrder) -> u32 {
        let size = match order {
            SortOrder::Id => PAGE,
            SortOrder::Updated => PAGE_BY_UPDATE,
        };
        if self.filter.is_none() { size.min(self.left.try_into().unwrap_or(size)) } else { size }
    }

    async fn database(
        &mut self,
        database: &DatabaseName,
        order: SortOrder,
        first: u32,
        answer: FirstPage,
        headed: &mut bool,
    ) -> Result<(), ListError> {
        let (store, mut rows) = answer?;
        let mut limit = first;
        loop {
            let last = rows.last().map(page_key);
            let full = rows.len() >= limit as usize;
            self.print(database, rows, headed)?;
            let Some(key) = last.filter(|_| full && self.left > 0) else { return Ok(()) };
            limit = self.limit(order);
            rows = store.page(PageRequest { order, from: PageFrom::After(key), limit }).await?;
        }
    }

    fn print(
        &mut self,
        database: &DatabaseName,
        rows: Vec<StoredSpec>,
        headed: &mut bool,
    ) -> std::io::Result<()> {
        let mut lines = Vec::new();
        for row in &rows {
            let summary = Summary::of(&row.spec);
            if self.left == 0 || !self.takes(row, &summary) {
                continue;
            }
            self.left -= 1;
            if self.json {
                self.out.json(&json_row(database, row, summary))?;
            } else {
                let cells = text_row(database, row, &summary);
                self.columns.measure(&cells);
                lines.push(cells);
            }
        }
        if !lines.is_empty() && !*headed {
            let heads = self.columns.line(&HEADS);
            self.out.line(&heads)?;
            *headed = true;
        }
        lines.iter().try_for_each(|cells| self.out.line(&self.columns.line(cells)))
    }

    fn takes(&self, row: &StoredSpec, summary: &Summary) -> bool {
        let Some(text) = &self.filter else { return true };
        let fields = [&summary.flavor, &summary.availability_zone, &summary.project_id];
        row.instance_uuid.to_lowercase().contains(text)
            || fields.into_iter().flatten().any(|field| field.to_lowercase().contains(text))
    }
}

fn json_row<'a>(database: &DatabaseName, row: &'a StoredSpec, summary: Summary) -> Row<'a> {
    Row {
        id: row.id,
        database: database.to_string(),
        instance_uuid: &row.instance_uuid,
        flavor: summary.flavor,
        availability_zone: summary.availability_zone,
        project_id: summary.project_id,
        user_id: summary.user_id,
        image: summary.image,
        vcpus: summary.vcpus,
        memory_mb: summary.memory_mb,
        root_gb: summary.root_gb,
        demands: summary.demands.letters(),
        version: summary.version,
        created_at: row.created_at.as_deref(),
        updated_at: row.updated_at.as_deref(),
        problem: summary.problem,
    }
}

/// Cells are escaped here, so that the widths are those of what is printed; escaping twice changes
/// nothing.
fn text_row(database: &DatabaseName, row: &StoredSpec, summary: &Summary) -> Vec<String> {
    let field =
        |field: &Option<String>| field.as_deref().map_or("-".to_owned(), |text| escaped(text).into_owned());
    let updated = row.updated_at.as_ref().or(row.created_at.as_ref());
    let demands = summary.demands.letters();
    vec![
        escaped(&row.instance_uuid).into_owned(),
        escaped(&database.to_string()).into_owned(),
        field(&summary.flavor),
        field(&summary.availability_zone),
        if demands.is_empty() { "-".to_owned() } else { demands },
        // Whole seconds: nova stores microseconds on some engines.
        updated.map_or("-".to_owned(), |time| escaped(time.get(..19).unwrap_or(time)).into_owned()),
        field(&summary.version),
        field(&summary.project_id),
        summary.problem.as_deref().map_or(String::new(), |problem| escaped(problem).into_owned()),
    ]
}

/// A row's key in every order.
fn page_key(row: &StoredSpec) -> PageKey {
    let updated = row.updated_at.as_ref().or(row.created_at.as_ref());
    PageKey::new(row.id, updated.map_or(String::new(), |time| time.to_string()))
}
