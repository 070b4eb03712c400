//! What may stand at the cursor of a query: fields, keys of families, operators, values that were seen.
//!
//! Imports its siblings and `spec`; no I/O.

use std::ops::Range;
use std::sync::Arc;

use super::fields::{FAMILIES, FIELDS, Fact, Field, Kind, Source};
use super::lexer::{self, Asked, Name, Operator, Term, Token, written_key, written_value};
use super::parse::{self, LENGTH};
use crate::spec::summary::DEMANDS;

/// Candidates at most.
const MOST: usize = 100;

/// What could be put where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// The bytes of the text that a candidate takes the place of.
    pub replace: Range<usize>,
    /// The likeliest first.
    pub candidates: Vec<Candidate>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// As it stands in a query. It may hold what a database says: escape it before it is drawn.
    pub text: String,
    /// What it is.
    pub help: String,
}

/// What stored specs say, as far as they were read.
pub trait SeenValues {
    /// Values of a field, the most frequent first, each with the number of its rows where all rows were
    /// counted.
    fn values(&self, field: &Field) -> Vec<(String, Option<u64>)>;
    /// Keys of a family.
    fn keys(&self, family: &str) -> Vec<String>;
}

/// What can be seen of stored specs, to be offered.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// The values of a field.
    Values(Field),
    /// The keys of the family of that name.
    Keys(&'static str),
}

/// What was seen of a subject in one database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// Values or keys, each with its rows among those that were read, the most frequent first.
    pub texts: Vec<(Arc<str>, u64)>,
    /// Whether all rows were read.
    pub is_whole: bool,
}

/// Nothing was seen.
impl SeenValues for () {
    fn values(&self, _: &Field) -> Vec<(String, Option<u64>)> {
        Vec::new()
    }

    fn keys(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// What may stand at the cursor, a byte of the text.
pub fn complete(text: &str, cursor: usize, seen: &dyn SeenValues) -> Completion {
    let cursor = (0..=cursor.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    if text.len() > LENGTH {
        return Completion { replace: cursor..cursor, candidates: Vec::new() };
    }
    let (before, behind) = text.split_at(cursor);
    let rest = |ends: &[char]| {
        let ends = |next: char| next.is_whitespace() || ends.contains(&next);
        cursor + behind.find(ends).unwrap_or(behind.len())
    };
    let name_end = || rest(&['(', ')', '=', '!', '~', ':', '<', '>']);
    let tokens = lexer::lex(before).tokens;
    let mut candidates = Candidates::default();
    let mut replace = cursor..cursor;
    match tokens.last() {
        Some(Token::Term(Term { at, name, asked: None })) if at.end == cursor => {
            replace = at.start..name_end();
            names(&before[at.clone()], name, seen, &mut candidates);
        }
        Some(Token::And(at) | Token::Or(at) | Token::Not(at))
            if at.end == cursor && !before.ends_with('!') =>
        {
            replace = at.start..name_end();
            let word = &before[at.clone()];
            names(word, &Name::Word(word.to_owned()), seen, &mut candidates);
        }
        Some(Token::Term(Term { at, name, asked: Some(asked) })) if touches(asked, cursor) => {
            if let Some(value) = asked.values.last() {
                let is_quote = |next: char| matches!(next, '"' | '\'');
                let end = if before[value.at.clone()].starts_with(is_quote) {
                    cursor + usize::from(behind.starts_with(is_quote))
                } else {
                    rest(&['(', ')', ',', '|'])
                };
                replace = value.at.start..end;
                values(name, asked, &value.text, seen, &mut candidates);
            }
            // `extra.my:k` may be on the way to the key `my:key`.
            if candidates.0.is_empty()
                && asked.operator == Operator::Contains
                && matches!(name, Name::Key(..))
            {
                let typed = &before[at.start..];
                let dot = lexer::family_of(typed).map_or(0, |(_, length)| length + 1);
                replace = at.start..name_end();
                keys(&typed[..dot], &typed[dot..], name, seen, &mut candidates);
            }
        }
        last => {
            names("", &Name::Word(String::new()), seen, &mut candidates);
            if matches!(last, Some(Token::Term(_) | Token::Close(_))) {
                candidates.push("and", "Both; the same as a space.");
                candidates.push("or", "One of them, or both.");
            }
            candidates.push("not", "The opposite.");
        }
    }
    candidates.0.truncate(MOST);
    Completion { replace, candidates: candidates.0 }
}

/// Whether the cursor stands at the end of the last value.
fn touches(asked: &Asked, cursor: usize) -> bool {
    asked.values.last().is_some_and(|value| value.at.end == cursor)
}

#[derive(Default)]
struct Candidates(Vec<Candidate>);

impl Candidates {
    fn push(&mut self, text: impl Into<String>, help: impl Into<String>) {
        let text = text.into();
        if self.0.iter().all(|candidate| candidate.text != text) {
            self.0.push(Candidate { text, help: help.into() });
        }
    }
}

fn names(typed: &str, name: &Name, seen: &dyn SeenValues, candidates: &mut Candidates) {
    match name {
        Name::Key(_, key) => {
            let dot = lexer::family_of(typed).map_or(0, |(_, length)| length + 1);
            if !key.is_empty()
                && let Some(field) = parse::field(name)
            {
                let known = seen.keys(family_name(name)).iter().any(|seen| seen == key);
                if known {
                    operators(typed, &field, candidates);
                }
            }
            keys(&typed[..dot], key, name, seen, candidates);
        }
        Name::Keys(family) => operators(typed, &family.all(), candidates),
        Name::Path(_) | Name::Quoted(_) => {}
        Name::Word(word) => {
            if let Some(field) = parse::field(name) {
                operators(word, &field, candidates);
            }
            fields(&word.to_lowercase(), seen, candidates);
        }
    }
}

fn family_name(name: &Name) -> &'static str {
    match name {
        Name::Key(family, _) => family.name,
        _ => "",
    }
}

fn keys(prefix: &str, typed: &str, name: &Name, seen: &dyn SeenValues, candidates: &mut Candidates) {
    let keys = seen.keys(family_name(name));
    for key in matching(&keys, String::as_str, typed) {
        candidates.push(format!("{prefix}{}", written_key(key)), "");
    }
}

/// Those that begin with what is typed, then those that contain it, letter case aside.
fn matching<'v, T>(all: &'v [T], text: impl Fn(&T) -> &str, typed: &str) -> Vec<&'v T> {
    let typed = typed.to_lowercase();
    let place = |one: &T| text(one).to_lowercase().find(&typed);
    let begin = all.iter().filter(|one| place(one) == Some(0));
    let contain = all.iter().filter(|one| place(one).is_some_and(|at| at > 0));
    begin.chain(contain).take(MOST).collect()
}

fn fields(typed: &str, seen: &dyn SeenValues, candidates: &mut Candidates) {
    for field in FIELDS.iter().filter(|field| field.name.starts_with(typed) && field.name != typed) {
        candidates.push(field.name, field.help);
    }
    for family in FAMILIES {
        if family.name.starts_with(typed) {
            candidates.push(format!("{}.", family.name), family.help);
        }
    }
    if typed.is_empty() {
        return;
    }
    for field in FIELDS {
        if let Some(alias) = field.aliases.iter().find(|alias| alias.starts_with(typed)) {
            candidates.push(field.name, format!("{} Also: {alias}.", field.help));
        }
    }
    for (word, help) in
        [("and", "Both; the same as a space."), ("or", "One of them, or both."), ("not", "The opposite.")]
    {
        if word.starts_with(typed) {
            candidates.push(word, help);
        }
    }
    // A key is remembered where its family is not.
    if typed.chars().count() >= 3 {
        for field in FIELDS.iter().filter(|field| field.name.contains(typed) && field.name != typed) {
            candidates.push(field.name, field.help);
        }
        for family in FAMILIES {
            for key in matching(&seen.keys(family.name), String::as_str, typed) {
                candidates.push(format!("{}.{}", family.name, written_key(key)), family.help);
            }
        }
    }
}

fn operators(typed: &str, field: &Field, candidates: &mut Candidates) {
    let (ordered, text) = match field.kind {
        Kind::Text | Kind::Uuid => (false, true),
        Kind::Number | Kind::Size(_) | Kind::Time | Kind::Version => (true, false),
        Kind::Any => (true, true),
        Kind::Flag => (false, false),
    };
    let equal = [("=", "It is one of these."), ("!=", "It is none of these, or missing.")];
    let contain: &[(&str, &str)] =
        &[(":", "It contains that, letter case aside."), ("~", "It matches the regular expression.")];
    let order: &[(&str, &str)] = if field.kind == Kind::Time {
        &[(">", "Longer ago than an age, or after a date."), ("<", "Younger than an age, or before a date.")]
    } else {
        &[(">=", "At least."), ("<=", "At most."), (">", "More than."), ("<", "Less than.")]
    };
    let parts = [(ordered, order), (true, &equal[..]), (text, contain)];
    for (operator, help) in parts.into_iter().filter(|(offered, _)| *offered).flat_map(|(_, part)| part) {
        candidates.push(format!("{typed}{operator}"), *help);
    }
}

fn values(name: &Name, asked: &Asked, typed: &str, seen: &dyn SeenValues, candidates: &mut Candidates) {
    let Some(field) = parse::field(name) else { return };
    if matches!(asked.operator, Operator::Matches | Operator::MatchesNot) {
        return;
    }
    let told: Vec<(String, &str)> = match (&field.source, field.kind) {
        (Source::Fact(Fact::Twin), _) => {
            let values = [
                ("equal", "The same bytes on the other side."),
                ("different", "Other bytes on the other side."),
                ("missing", "None on the other side."),
            ];
            values.map(|(value, help)| (value.to_owned(), help)).to_vec()
        }
        (Source::Demands, _) => DEMANDS.iter().map(|(letter, help)| (letter.to_string(), *help)).collect(),
        (_, Kind::Flag) => vec![("yes".to_owned(), ""), ("no".to_owned(), "")],
        (_, Kind::Time) => {
            let ages = [
                ("1h", "An hour."),
                ("1d", "A day."),
                ("7d", "A week."),
                ("30d", "30 days."),
                ("1y", "A year."),
            ];
            let ages = ages.map(|(age, help)| (age.to_owned(), help)).to_vec();
            if matches!(
                asked.operator,
                Operator::Is | Operator::IsNot | Operator::Contains | Operator::ContainsNot
            ) {
                Vec::new()
            } else {
                ages
            }
        }
        _ => Vec::new(),
    };
    for (value, help) in matching(&told, |(value, _)| value, typed) {
        candidates.push(value.as_str(), *help);
    }
    let found = seen.values(&field);
    for (value, rows) in matching(&found, |(value, _)| value, typed) {
        let rows = match rows {
            None => "seen".to_owned(),
            Some(1) => "in 1 row".to_owned(),
            Some(rows) => format!("in {rows} rows"),
        };
        candidates.push(written_value(value), rows);
    }
}

#[cfg(test)]
#[path = "complete_tests.rs"]
mod tests;
