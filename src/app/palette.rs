//! The commands by name: type a few letters of one, or one with what it is about (`facet az,flavor`);
//! a text that is no command but a query runs as one.
//!
//! Imports the command table and `query`; no I/O.

use std::sync::Arc;

use tui_input::Input;

use super::command::{COMMANDS, Command};
use super::facets;
use super::refreshing::interval;
use super::settings::check_name;
use crate::change::Repair;
use crate::query::expression::Expression;
use crate::query::{Field, Order, parse, parse_fields, parse_order};

/// The palette.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    /// What is typed.
    pub input: Input,
    /// The chosen entry.
    pub chosen: usize,
}

/// What Enter does.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A command of the table.
    Command(&'static Command),
    /// Something with what it is about.
    Act(Act),
    /// Nothing: what is typed cannot be done, and why.
    Problem(String),
}

/// A command with what it is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Count the values of these fields.
    Facet(Arc<[Field]>),
    /// List in this order.
    Sort(Order),
    /// Show these columns; none: the automatic ones.
    Columns(Option<Vec<Field>>),
    /// Write the list to this file.
    Export(String),
    /// Keep the query under this name.
    Keep(String),
    /// Run this query.
    Where(String),
    /// Read the lists anew that often; none: on request only.
    Refresh(Option<i64>),
    /// Repair what is marked, else the selected spec.
    Repair(Repair),
}

/// A word that takes something behind it.
#[derive(Debug)]
pub struct Verb {
    /// The word.
    pub name: &'static str,
    /// How it is used.
    pub usage: &'static str,
    /// What it does, a sentence.
    pub doc: &'static str,
    read: fn(&str) -> Result<Act, String>,
}

/// The words that take something behind them.
pub static VERBS: &[Verb] = &[
    Verb {
        name: "where",
        usage: "where QUERY",
        doc: "Run a query; one that is no command can be typed without the word.",
        read: |text| parse(text).map(|_| Act::Where(text.to_owned())).map_err(|error| error.to_string()),
    },
    Verb {
        name: "facet",
        usage: "facet az,flavor",
        doc: "Count the values of these fields among the listed rows.",
        read: |text| facets::parse_fields(text).map(Act::Facet),
    },
    Verb {
        name: "sort",
        usage: "sort -vcpus",
        doc: "List in the order of a field; the greatest first with a minus.",
        read: |text| parse_order(text).map(Act::Sort).map_err(|error| error.to_string()),
    },
    Verb {
        name: "columns",
        usage: "columns az,flavor",
        doc: "Show these columns; `columns auto` those that fit.",
        read: |text| match text {
            "auto" | "automatic" => Ok(Act::Columns(None)),
            names => parse_fields(names)
                .map(|fields| Act::Columns(Some(fields)))
                .map_err(|error| error.to_string()),
        },
    },
    Verb {
        name: "export",
        usage: "export hits.csv",
        doc: "Write the listed rows to a file: .jsonl, .csv, .txt (a table), .uuids.",
        read: |text| Ok(Act::Export(text.to_owned())),
    },
    Verb {
        name: "keep",
        usage: "keep NAME",
        doc: "Keep the query under a name.",
        read: |text| check_name(text).map(|()| Act::Keep(text.to_owned())),
    },
    Verb {
        name: "refresh",
        usage: "refresh 5",
        doc: "Read the lists anew every so many seconds, or off.",
        read: |text| interval(text).map(Act::Refresh),
    },
    Verb {
        name: "repair",
        usage: "repair unpin-zone",
        doc: "Repair what is marked, else the selected spec; `x` lists the repairs.",
        read: |text| {
            let mut words = text.split_whitespace();
            let name = words.next().unwrap_or_default();
            Repair::parse(name, &words.collect::<Vec<_>>()).map(Act::Repair)
        },
    },
];

impl Palette {
    /// What Enter could do, the best first.
    pub fn entries(&self) -> Vec<Entry> {
        let typed = self.input.value().trim();
        if let Some((word, rest)) = typed.split_once(char::is_whitespace)
            && let Some(verb) = VERBS.iter().find(|verb| verb.name == word)
        {
            return vec![(verb.read)(rest.trim()).map_or_else(Entry::Problem, Entry::Act)];
        }
        let mut entries: Vec<_> = matches(typed).into_iter().map(Entry::Command).collect();
        match parse(typed) {
            Ok(query) if has_test(&query.expression) => {
                entries.push(Entry::Act(Act::Where(typed.to_owned())));
            }
            Ok(query) if entries.is_empty() && !query.is_all() => {
                entries.push(Entry::Problem(unknown(typed)))
            }
            Err(error) if entries.is_empty() => entries.push(Entry::Problem(error.to_string())),
            _ => {}
        }
        entries
    }

    /// The word that takes something behind it, if that is what is typed.
    pub fn verb(&self) -> Option<&'static Verb> {
        let typed = self.input.value().trim_start();
        let word = typed.split_whitespace().next()?;
        VERBS.iter().find(|verb| verb.name == word)
    }

    /// What Enter does.
    pub fn entry(&self) -> Option<Entry> {
        self.entries().into_iter().nth(self.chosen)
    }
}

/// Whether a field is asked for: words alone are more likely a command that there is not.
fn has_test(expression: &Expression) -> bool {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => parts.iter().any(has_test),
        Expression::Not(part) => has_test(part),
        Expression::Test(_) => true,
        Expression::Word(_) => false,
    }
}

/// What is said of words that name nothing.
fn unknown(typed: &str) -> String {
    match VERBS.iter().find(|verb| verb.name.starts_with(typed)) {
        Some(verb) if verb.name == typed => "more belongs behind it".to_owned(),
        Some(verb) => format!("{}: {}", verb.usage, verb.doc),
        None => format!("no command {typed}: / searches for a text"),
    }
}

/// The commands whose name has the typed letters in this order, the best first.
fn matches(typed: &str) -> Vec<&'static Command> {
    let typed = typed.to_lowercase();
    let mut scored: Vec<_> = COMMANDS
        .iter()
        .filter_map(|command| {
            let by_name = score(command.name, &typed);
            let by_title = score(command.title, &typed);
            by_name.into_iter().chain(by_title).min().map(|score| (score, command))
        })
        .collect();
    scored.sort_by_key(|(score, _)| *score);
    scored.into_iter().map(|(_, command)| command).collect()
}

/// How well `typed` fits, 0 best: a beginning, then the initials of its words, then a part, then
/// letters in this order, early and close together. None if it does not.
fn score(name: &str, typed: &str) -> Option<usize> {
    if let Some(at) = name.find(typed) {
        return Some(if at > 0 { 100 + at } else { usize::from(name != typed) });
    }
    let initials: String = name.split(['-', ' ']).filter_map(|word| word.chars().next()).collect();
    if initials.starts_with(typed) {
        return Some(50);
    }
    let mut letters = name.char_indices();
    let (mut first, mut last) = (None, 0);
    for wanted in typed.chars() {
        let (at, _) = letters.find(|(_, letter)| *letter == wanted)?;
        first.get_or_insert(at);
        last = at;
    }
    Some(1_000 + first.unwrap_or(0) + (last - first.unwrap_or(0)) * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(typed: &str) -> Option<Entry> {
        Palette { input: Input::new(typed.to_owned()), chosen: 0 }.entry()
    }

    #[rstest::rstest]
    #[case("mo", "move")]
    #[case("nc", "next-cell")]
    #[case("refr", "refresh")]
    #[case("qt", "quit")]
    #[case("save", "save")]
    #[case("facet", "facet")]
    fn a_few_letters_find_a_command(#[case] typed: &str, #[case] expected: &str) {
        let Some(Entry::Command(command)) = entry(typed) else { panic!("{:?}", entry(typed)) };
        assert_eq!(command.name, expected);
    }

    #[rstest::rstest]
    #[case("facet az,flavor", Act::Facet(facets::parse_fields("az,flavor").unwrap()))]
    #[case("sort -vcpus", Act::Sort(parse_order("-vcpus").unwrap()))]
    #[case("columns az,flavor", Act::Columns(Some(parse_fields("az,flavor").unwrap())))]
    #[case("columns auto", Act::Columns(None))]
    #[case("export ~/a b.csv", Act::Export("~/a b.csv".to_owned()))]
    #[case("keep pinned", Act::Keep("pinned".to_owned()))]
    #[case("where az=az1", Act::Where("az=az1".to_owned()))]
    #[case("refresh 5", Act::Refresh(Some(5)))]
    #[case("refresh off", Act::Refresh(None))]
    #[case("az=az1 vcpus>=8", Act::Where("az=az1 vcpus>=8".to_owned()))]
    #[case("not forced", Act::Where("not forced".to_owned()))]
    fn words_take_what_they_are_about(#[case] typed: &str, #[case] expected: Act) {
        let Some(Entry::Act(act)) = entry(typed) else { panic!("{:?}", entry(typed)) };
        assert_eq!(act, expected);
    }

    #[rstest::rstest]
    #[case("facet nonsense=")]
    #[case("sort nonsens")]
    #[case("keep two words")]
    #[case("keep")]
    #[case("save pinned")]
    #[case("foo")]
    #[case("foo bar")]
    #[case("not foo")]
    #[case("refresh soon")]
    #[case("where az=")]
    #[case("(((")]
    fn what_cannot_be_done_says_why(#[case] typed: &str) {
        let Some(Entry::Problem(reason)) = entry(typed) else { panic!("{:?}", entry(typed)) };
        assert!(!reason.is_empty());
    }

    #[test]
    fn words_alone_are_no_query_a_field_is_one() {
        let entries = |typed: &str| Palette { input: Input::new(typed.to_owned()), chosen: 0 }.entries();
        assert!(entries("mo").iter().all(|entry| matches!(entry, Entry::Command(_))));
        assert!(matches!(entries("bfv").last(), Some(Entry::Act(Act::Where(text))) if text == "bfv"));
        let [Entry::Problem(reason)] = &entries("foo")[..] else { panic!("{:?}", entries("foo")) };
        assert_eq!(reason, "no command foo: / searches for a text");
        let [Entry::Problem(reason)] = &entries("kee")[..] else { panic!("{:?}", entries("kee")) };
        assert!(reason.starts_with("keep NAME"), "{reason}");
    }
}
