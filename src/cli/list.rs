//! `reqspec list`: the rows of one database or of all that a query is true of, in any order, written as they
//! come; memory does not grow with their number. Counts are in `list_counts`.
//!
//! Imports `search` and its siblings.

use std::io::{self, BufWriter, IsTerminal, Stdout};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use serde::Serialize;

use super::args::{FormatArgument, ListArguments};
use super::error::{CliError, Exit};
use super::list_arguments::Wanted;
use super::list_counts;
use super::output::{Output, say};
use super::sessions::Sessions;
use crate::deployment::facts::FactStores;
use crate::deployment::{Entry, Origin};
use crate::search::export::{Format, Writer};
use crate::search::find::PageError;
use crate::search::rows::Listed;
use crate::search::run::{self, Listing, Outcome, Sink};
use crate::spec::summary::Summary;
use crate::store::{DatabaseName, SpecStore, StoreError};

/// Prints the list; [`Exit::Error`] where a database could not be listed, or it is not known of a row whether
/// it belongs to the list.
pub async fn run(sessions: &Sessions, arguments: &ListArguments, wanted: Wanted) -> Result<Exit, CliError> {
    let databases = match &arguments.database {
        Some(named) => {
            sessions.check_name(named)?;
            vec![named.clone()]
        }
        None => sessions.deployment().databases().to_vec(),
    };
    let stores: Arc<dyn FactStores> = Arc::new(sessions.clone());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let outcome = match &wanted.count_by {
        Some(fields) => list_counts::run(&wanted, fields, databases, &stores, now).await?,
        None => {
            let mut sink = Rows::new(&wanted);
            let listing = Listing {
                databases,
                query: Arc::clone(&wanted.query),
                order: wanted.order.clone(),
                columns: sink.columns(&wanted),
                limit: wanted.limit,
                now,
            };
            let outcome = run::run(&listing, &stores, &mut sink).await?;
            sink.finish()?;
            outcome
        }
    };
    let is_empty = outcome.rows == 0 && wanted.limit > 0;
    Ok(conclude(sessions, arguments.database.is_some(), outcome, is_empty))
}

/// Says what is missing, and at a terminal that nothing is there where nothing is missing.
fn conclude(sessions: &Sessions, is_named: bool, outcome: Outcome, is_empty: bool) -> Exit {
    let mut exit = Exit::Done;
    let mut warnings: Vec<String> = Vec::new();
    for (database, error) in outcome.failures {
        // Upstream nova's cells have no table: nothing to list, unless the operator named it.
        if error.is_no_table() && !is_named && is_mapped(sessions, &database) {
            continue;
        }
        match error {
            PageError::Unsorted(reason) => warnings.push(format!("{database}: {reason}")),
            PageError::Store(error) => warnings.push(error.to_string()),
        }
        exit = Exit::Error;
    }
    // A database that is down is told by whoever asked it: for rows, for hosts, for twins.
    for remark in outcome.remarks {
        if !warnings.contains(&remark) {
            warnings.push(remark);
        }
    }
    for warning in &warnings {
        say(&format!("reqspec: warning: {warning}"));
    }
    if outcome.undecided > 0 {
        let rows =
            if outcome.undecided == 1 { "1 row is" } else { &format!("{} rows are", outcome.undecided) };
        let why = "what other tables say of them could not be asked";
        say(&format!("reqspec: warning: {rows} left out, and may belong to the result: {why}"));
        exit = Exit::Error;
    }
    if is_empty && exit == Exit::Done && io::stdout().is_terminal() {
        say("no specs match");
    }
    exit
}

/// Whether nova says that the database is there, not the operator.
fn is_mapped(sessions: &Sessions, database: &DatabaseName) -> bool {
    let entries = sessions.deployment().entries();
    let entry = entries.iter().find(|entry| entry.name == *database);
    entry.is_some_and(|entry| matches!(entry.origin, Origin::Mapping { .. }))
}

#[async_trait]
impl FactStores for Sessions {
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        self.get(database).await
    }

    fn entries(&self) -> Arc<[Entry]> {
        self.deployment().entries()
    }
}

/// Rows on standard output.
enum Rows {
    /// One object per row with the members that scripts know, where no columns are asked for.
    Objects(Output),
    Columns(Writer<BufWriter<Stdout>>),
}

impl Rows {
    fn new(wanted: &Wanted) -> Self {
        let format = match wanted.format {
            FormatArgument::Table => Format::Table,
            FormatArgument::Csv => Format::Csv,
            FormatArgument::Uuids => Format::Uuids,
            FormatArgument::Jsonl if wanted.columns.is_none() => return Self::Objects(Output::new()),
            FormatArgument::Jsonl => Format::JsonLines,
        };
        let out = BufWriter::with_capacity(1 << 16, io::stdout());
        Self::Columns(Writer::new(out, format, wanted.shown_columns()))
    }

    /// What is read of each row.
    fn columns(&self, wanted: &Wanted) -> Arc<[crate::query::Field]> {
        match (self, wanted.format) {
            (Self::Objects(_), _) | (_, FormatArgument::Uuids) => Arc::from([]),
            _ => wanted.shown_columns(),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Objects(mut out) => out.flush(),
            Self::Columns(writer) => writer.finish().map(|_| ()),
        }
    }
}

impl Sink for Rows {
    fn rows(&mut self, rows: &[Listed]) -> io::Result<()> {
        match self {
            Self::Objects(out) => rows.iter().try_for_each(|listed| out.json(&object(listed))),
            Self::Columns(writer) => writer.rows(rows),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Objects(out) => out.flush(),
            Self::Columns(writer) => writer.flush(),
        }
    }
}

/// One row of `--json`.
#[derive(Serialize)]
struct Object<'a> {
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

fn object(listed: &Listed) -> Object<'_> {
    let (row, summary) = (&listed.row, Summary::of(&listed.row.spec));
    Object {
        id: row.id,
        database: listed.database.to_string(),
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
