//! Counts of the values of fields among the listed rows: which fields, what came of which database,
//! which value is chosen, and how that value is written as a part of a query.
//!
//! Imports `query`, `change` (names) and `spec` (the letters of demands); no I/O.

use std::collections::HashMap;
use std::sync::Arc;

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::effect::RequestId;
use super::field_list::{Choice, matching};
use super::row::Failure;
use crate::change::DatabaseName;
use crate::query::expression::Expression;
use crate::query::fields::{Kind, Source};
use crate::query::{self, Field, Query, parse_field, written_value};
use crate::spec::summary::DEMANDS;

/// Most fields that are counted together.
const MOST_FIELDS: usize = 4;

/// One value of each of the fields; None where there is none.
pub type Values = Arc<[Option<Arc<str>>]>;

/// A value and its rows.
pub type Occurrence = (Arc<str>, u64);

/// How often combinations of values occur in one database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows that were counted.
    pub rows: u64,
    /// The combinations, each with its rows, in any order.
    pub values: Vec<(Values, u64)>,
    /// Rows whose combinations are not listed, because there are too many different ones.
    pub others: u64,
    /// Rows of which it is not known whether the query is true.
    pub undecided: u64,
}

/// The choice of fields.
#[derive(Debug, Clone, Default)]
pub struct FieldsPrompt {
    /// What is typed: names of fields, commas between them.
    pub input: Input,
    /// Which of the matches for the last name is chosen, if one is.
    pub chosen: Option<usize>,
    /// Why what is typed does not do.
    pub error: Option<String>,
}

/// The counts on the screen.
#[derive(Debug, Clone)]
pub struct Facets {
    /// Of which fields.
    pub fields: Arc<[Field]>,
    /// Where they are counted.
    pub databases: Vec<DatabaseName>,
    /// Names the answers that are awaited.
    pub request: Option<RequestId>,
    /// The databases that have not answered yet.
    pub waiting: Vec<DatabaseName>,
    /// Those that could not, and why.
    pub failures: Vec<(DatabaseName, String)>,
    /// All that came, the most frequent first.
    pub counts: Counts,
    /// The chosen combination.
    pub chosen: usize,
    /// Why the chosen one cannot be added to the query.
    pub refused: Option<String>,
    /// The choice of other fields, while that is open.
    pub prompt: Option<FieldsPrompt>,
}

/// What a key meant to the counts.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// Leave them.
    Leave,
    /// Count these fields.
    Count(Arc<[Field]>),
    /// Add these tests to the query.
    Narrow(Vec<String>),
    /// Nothing but a change of what is shown.
    Stay,
}

impl Facets {
    /// The choice of fields, nothing counted yet.
    pub fn choosing(fields: &[Field]) -> Self {
        let names: Vec<_> = fields.iter().map(|field| &*field.name).collect();
        let prompt = FieldsPrompt { input: Input::new(names.join(",")), ..FieldsPrompt::default() };
        Self { prompt: Some(prompt), ..Self::waiting_for(Arc::from([]), Vec::new(), None) }
    }

    /// Those fields are being counted there.
    pub fn waiting_for(
        fields: Arc<[Field]>,
        databases: Vec<DatabaseName>,
        request: Option<RequestId>,
    ) -> Self {
        Self {
            fields,
            waiting: databases.clone(),
            databases,
            request,
            failures: Vec::new(),
            counts: Counts::default(),
            chosen: 0,
            refused: None,
            prompt: None,
        }
    }

    /// A database answered.
    pub fn answered(&mut self, database: &DatabaseName, result: Result<&Counts, &Failure>) {
        self.waiting.retain(|waited| waited != database);
        match result {
            Ok(counts) => self.add(counts),
            Err(failure) => self.failures.push((database.clone(), failure.sentence().to_owned())),
        }
    }

    fn add(&mut self, more: &Counts) {
        let counts = &mut self.counts;
        let mut all: HashMap<Values, u64> = std::mem::take(&mut counts.values).into_iter().collect();
        for (values, rows) in &more.values {
            *all.entry(values.clone()).or_default() += rows;
        }
        counts.values = all.into_iter().collect();
        counts.values.sort_by(|(one, rows), (other, more)| (more, one).cmp(&(rows, other)));
        counts.rows += more.rows;
        counts.others += more.others;
        counts.undecided += more.undecided;
    }

    /// A key.
    pub fn key(&mut self, event: &KeyEvent, page: usize) -> Wish {
        if self.prompt.is_some() {
            return self.prompt_key(event);
        }
        let last = self.counts.values.len().saturating_sub(1);
        self.refused = None;
        match event.code {
            KeyCode::Esc | KeyCode::Char('q' | 'F') => return Wish::Leave,
            KeyCode::Enter => {
                let chosen = self.counts.values.get(self.chosen);
                let Some((values, _)) = chosen else { return Wish::Stay };
                match narrowed(&self.fields, values) {
                    Ok(tests) => return Wish::Narrow(tests),
                    Err(reason) => self.refused = Some(reason),
                }
            }
            KeyCode::Char('/') | KeyCode::Tab => {
                let counted = Self::choosing(&self.fields);
                self.prompt = counted.prompt;
            }
            KeyCode::Down | KeyCode::Char('j') => self.chosen = (self.chosen + 1).min(last),
            KeyCode::Up | KeyCode::Char('k') => self.chosen = self.chosen.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.chosen = (self.chosen + page).min(last),
            KeyCode::PageUp => self.chosen = self.chosen.saturating_sub(page),
            KeyCode::Home | KeyCode::Char('g') => self.chosen = 0,
            KeyCode::End | KeyCode::Char('G') => self.chosen = last,
            _ => {}
        }
        Wish::Stay
    }

    fn prompt_key(&mut self, event: &KeyEvent) -> Wish {
        let Some(prompt) = &mut self.prompt else { return Wish::Stay };
        match event.code {
            // Back to the counts, where there are any.
            KeyCode::Esc if self.fields.is_empty() => return Wish::Leave,
            KeyCode::Esc => self.prompt = None,
            KeyCode::Enter => {
                prompt.take();
                match parse_fields(prompt.input.value()) {
                    Ok(fields) => return Wish::Count(fields),
                    Err(reason) => prompt.error = Some(reason),
                }
            }
            KeyCode::Tab => {
                prompt.chosen = prompt.chosen.or(Some(0));
                prompt.take();
            }
            KeyCode::Down => prompt.choose(1),
            KeyCode::Up => prompt.choose(-1),
            _ => {
                prompt.input.handle_event(&Event::Key(*event));
                (prompt.chosen, prompt.error) = (None, None);
            }
        }
        Wish::Stay
    }
}

impl FieldsPrompt {
    fn last(&self) -> (&str, &str) {
        match self.input.value().rsplit_once(',') {
            Some((before, last)) => (before, last.trim()),
            None => ("", self.input.value().trim()),
        }
    }

    /// The fields that fit the last name.
    pub fn matches(&self) -> Vec<Choice> {
        let (_, last) = self.last();
        // A finished name does not hide the others.
        let typed = if parse_field(last).is_ok() && self.chosen.is_none() { "" } else { last };
        matching(typed, &[])
    }

    fn choose(&mut self, by: isize) {
        let count = self.matches().len();
        let next = match self.chosen {
            None if by > 0 => Some(0),
            None => None,
            Some(at) => at.checked_add_signed(by),
        };
        self.chosen = next.map(|at| at.min(count.saturating_sub(1)));
    }

    /// Puts the chosen field in the place of the last name.
    fn take(&mut self) {
        let matches = self.matches();
        let Some(choice) = self.chosen.take().and_then(|at| matches.get(at)) else { return };
        let (before, _) = self.last();
        let comma = if before.is_empty() { "" } else { "," };
        self.input = Input::new(format!("{before}{comma}{}", choice.field.name));
    }
}

/// Names of fields with commas between them.
///
/// # Errors
/// Which is none, or that there are too many or none at all.
pub fn parse_fields(text: &str) -> Result<Arc<[Field]>, String> {
    let mut fields: Vec<Field> = Vec::new();
    let text = text.trim().trim_end_matches(',');
    if text.is_empty() {
        return Err("the name of a field is missing: az, or flavor,az".to_owned());
    }
    for field in query::parse_fields(text).map_err(|error| error.to_string())? {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    match fields.len() {
        ..=MOST_FIELDS => Ok(fields.into()),
        _ => Err(format!("at most {MOST_FIELDS} fields are counted together")),
    }
}

/// The tests that are true of exactly the rows that were counted with those values.
///
/// # Errors
/// No query says that; why, and what to do.
pub fn narrowed(fields: &[Field], values: &[Option<Arc<str>>]) -> Result<Vec<String>, String> {
    let one = |(field, value): (&Field, &Option<Arc<str>>)| match value.as_deref() {
        None => Ok(absent(field)),
        Some(UNKNOWN) if field.fact().is_some() => {
            Err(format!("what other tables say of {} in these rows is not known", field.name))
        }
        Some(letters) if field.source == Source::Demands => Ok(demanding(field, letters)),
        Some("true") if field.kind == Kind::Flag => Ok(field.name.to_string()),
        Some(value) if value.starts_with(['[', '{']) && field.name.starts_with('$') => listed(field, value),
        Some(value) => Ok(format!("{}={}", field.name, written_value(value))),
    };
    fields.iter().zip(values).map(one).collect()
}

/// What counts show where other tables would tell, and could not be asked.
const UNKNOWN: &str = "?";

/// No value at all: `not F` is true of 0, of no and of an empty text as well.
fn absent(field: &Field) -> String {
    let name = &field.name;
    match field.kind {
        Kind::Flag => format!("not {name} {name}!=no"),
        Kind::Number | Kind::Size(_) => format!("not {name} {name}!=0"),
        Kind::Text if field.source == Source::Demands => format!("not {name}"),
        Kind::Text => format!("not {name} {name}!=\"\""),
        Kind::Any => format!("not {name} {name}!=\"\",0,false"),
        Kind::Time | Kind::Version | Kind::Uuid => format!("not {name}"),
    }
}

/// These letters and no others. Several are that as an operand; one is true of what has it and more.
fn demanding(field: &Field, letters: &str) -> String {
    let name = &field.name;
    if letters.chars().count() > 1 {
        return format!("{name}={letters}");
    }
    let others = DEMANDS.iter().map(|(letter, _)| letter.to_string()).filter(|letter| letter != letters);
    format!("{name}={letters} {name}!={}", others.collect::<Vec<_>>().join(","))
}

/// What a path has, where it may be a text or a list or an object: counts do not tell them apart. A list is
/// found by its elements in their places, since it equals no text.
fn listed(field: &Field, text: &str) -> Result<String, String> {
    let name = &field.name;
    let as_text = format!("{name}={}", written_value(text));
    let elements: Vec<serde_json::Value> = match serde_json::from_str(text) {
        Ok(serde_json::Value::Array(elements)) => elements,
        Ok(_) => return Err(format!("an object equals nothing: ask for a member of it, {name}.NAME=VALUE")),
        Err(_) => return Ok(as_text),
    };
    let mut tests = Vec::new();
    for (at, element) in elements.iter().enumerate() {
        let element = match element {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Bool(flag) => flag.to_string(),
            _ => return Err(format!("a list of lists equals nothing: ask for a part of it, {name}[{at}]")),
        };
        tests.push(format!("{name}[{at}]={}", written_value(&element)));
    }
    tests.push(absent(&Field { name: format!("{name}[{}]", elements.len()).into(), ..field.clone() }));
    Ok(format!("({as_text} or {})", tests.join(" ")))
}

/// A query and further tests: all of them. One that the query has already is not repeated.
pub fn both(query: &Query, tests: &[String]) -> String {
    let text = query.text.trim();
    let alternatives = matches!(query.expression, Expression::Or(_));
    let known: &[Expression] = match &query.expression {
        Expression::And(parts) => parts,
        one => std::slice::from_ref(one),
    };
    let is_there = |test: &str| query::parse(test).is_ok_and(|test| known.contains(&test.expression));
    let mut all = Vec::new();
    if !text.is_empty() {
        all.push(if alternatives { format!("({text})") } else { text.to_owned() });
    }
    all.extend(tests.iter().filter(|test| !is_there(test)).cloned());
    all.join(" ")
}

#[cfg(test)]
#[path = "facets_tests.rs"]
mod tests;
