//! What `reqspec list` is asked for, read before any database is: a slip of the pen is told at once.
//!
//! Imports `query` and `deployment`'s settings.

use std::sync::Arc;

use super::args::{FormatArgument, ListArguments};
use super::error::{CliError, Exit};
use crate::deployment::settings::{Places, Settings};
use crate::query::expression::Expression;
use crate::query::{Field, Order, ParseError, Query, parse, parse_fields, parse_order};
use crate::spec::mask::masked_words;

/// The columns where none are asked for.
const COLUMNS: &str = "uuid,db,flavor,az,demands,updated,version,project,broken";

/// What is listed, and how.
#[derive(Debug)]
pub struct Wanted {
    /// Which rows.
    pub query: Arc<Query>,
    /// In which order.
    pub order: Order,
    /// Which columns; None: those of old.
    pub columns: Option<Arc<[Field]>>,
    /// What is counted by, instead of a list of rows.
    pub count_by: Option<Arc<[Field]>>,
    /// How it is written.
    pub format: FormatArgument,
    /// At most so many lines.
    pub limit: u64,
}

impl Wanted {
    /// Reads the options.
    ///
    /// # Errors
    /// Usage, with the place in the text that cannot be meant.
    pub fn read(arguments: &ListArguments, places: &Places) -> Result<Self, CliError> {
        let query = query(&arguments.queries, &arguments.saved, places)?;
        let order = parse_order(&arguments.sort).map_err(|error| wrong("--sort", &arguments.sort, &error))?;
        let fields = |option: &str, text: &Option<String>| -> Result<Option<Arc<[Field]>>, CliError> {
            let Some(text) = text else { return Ok(None) };
            let fields = parse_fields(text).map_err(|error| wrong(option, text, &error))?;
            Ok(Some(fields.into()))
        };
        let format = if arguments.json { FormatArgument::Jsonl } else { arguments.format };
        let (columns, count_by) =
            (fields("--columns", &arguments.columns)?, fields("--count-by", &arguments.count_by)?);
        if format == FormatArgument::Uuids && (columns.is_some() || count_by.is_some()) {
            return Err(CliError::usage("--format uuids has no columns and counts nothing"));
        }
        let limit = arguments.limit.unwrap_or(u64::MAX);
        Ok(Self { query, order, columns, count_by, format, limit })
    }

    /// The columns, or those that are shown where none are asked for.
    pub fn shown_columns(&self) -> Arc<[Field]> {
        self.columns.clone().unwrap_or_else(|| parse_fields(COLUMNS).unwrap_or_default().into())
    }
}

/// The query that `--where` and `--saved` ask for: all of them must be true.
///
/// # Errors
/// Usage, with the place in the text that cannot be meant.
pub fn query(given: &[String], names: &[String], places: &Places) -> Result<Arc<Query>, CliError> {
    let mut queries = Vec::new();
    for text in given {
        queries.push(parse(text).map_err(|error| wrong("--where", text, &error))?);
    }
    if !names.is_empty() {
        let settings = Settings::load(places);
        for name in names {
            let text = saved(&settings, places, name)?;
            queries.push(parse(text).map_err(|error| wrong("--saved", text, &error))?);
        }
    }
    Ok(Arc::new(all_of(queries)))
}

/// The query that is true where all of them are.
pub(super) fn all_of(mut queries: Vec<Query>) -> Query {
    if queries.len() == 1
        && let Some(query) = queries.pop()
    {
        return query;
    }
    queries.retain(|query| !query.is_all());
    let text = queries.iter().map(|query| format!("({})", query.text)).collect::<Vec<_>>().join(" ");
    let parts = queries.into_iter().map(|query| query.expression).collect();
    Query { text, expression: Expression::And(parts) }
}

fn saved<'s>(settings: &'s Settings, places: &Places, name: &str) -> Result<&'s str, CliError> {
    if let Some((_, text)) = settings.queries.iter().find(|(known, _)| known == name) {
        return Ok(text);
    }
    let file = places
        .profiles
        .as_ref()
        .map_or_else(|| "the profile file".to_owned(), |path| path.display().to_string());
    let known: Vec<&str> = settings.queries.iter().map(|(name, _)| name.as_str()).collect();
    let reason = match known.as_slice() {
        [] => format!("{file} keeps none"),
        known => format!("{file} keeps {}", known.join(", ")),
    };
    let mut lines = vec![masked_words(&format!("no saved query {name:?}: {reason}"))];
    lines.extend(settings.notices.iter().cloned());
    Err(CliError::Lines(Exit::Usage, lines))
}

/// A text that cannot be meant, with the place. One with a password in it is not repeated.
pub(super) fn wrong(option: &str, text: &str, error: &ParseError) -> CliError {
    if masked_words(text) != text {
        let place = text.get(..error.at.start).map_or(0, |before| before.chars().count()) + 1;
        let told = format!(
            "{option}: character {place} cannot be meant; the text holds a password and is not shown"
        );
        return CliError::usage(told);
    }
    let mut lines = vec![format!("{option}: {error}")];
    lines.extend(error.caret(text).lines().map(|line| format!("  {line}")));
    CliError::Lines(Exit::Usage, lines)
}
