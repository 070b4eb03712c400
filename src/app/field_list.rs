//! Fields to choose from, narrowed by what is typed: for orders, columns and groups.
//!
//! Imports `query`; no I/O.

use crate::query::fields::{FAMILIES, FIELDS};
use crate::query::{Field, parse_field};

/// The columns that a list shows by itself, as fields, in their order.
pub const AUTOMATIC: [&str; 10] =
    ["uuid", "flavor", "az", "vcpus", "ram", "project", "image", "version", "demands", "updated"];

/// A field that can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The field.
    pub field: Field,
    /// What it is, a sentence.
    pub help: &'static str,
}

impl Choice {
    /// Of a field, whatever kind it is.
    pub fn of(field: Field) -> Self {
        let help = help(&field);
        Self { field, help }
    }
}

/// What a field is, a sentence.
pub fn help(field: &Field) -> &'static str {
    if let Some(named) = FIELDS.iter().find(|named| *named.name == *field.name) {
        return named.help;
    }
    let family = field.name.split('.').next().unwrap_or_default();
    match FAMILIES.iter().find(|known| known.name == family) {
        Some(family) => family.help,
        None => "A path of the stored text.",
    }
}

/// The head of a column that shows the field.
pub fn head(field: &Field) -> String {
    match FIELDS.iter().find(|named| *named.name == *field.name) {
        Some(named) => named.head.to_owned(),
        None => field.name.to_string(),
    }
}

/// The fields that fit what is typed, those of `first` before the rest of the table; a key of a family
/// or a path comes first where that is what is typed.
pub fn matching(typed: &str, first: &[Field]) -> Vec<Choice> {
    let typed = typed.trim();
    let rest = FIELDS.iter().filter(|named| !first.iter().any(|field| *field.name == *named.name));
    let all = first.iter().cloned().chain(rest.map(|named| named.field()));
    if typed.is_empty() {
        return all.map(Choice::of).collect();
    }
    let lower = typed.to_lowercase();
    let mut scored: Vec<_> = all.filter_map(|field| Some((score(&field, &lower)?, field))).collect();
    scored.sort_by_key(|(score, _)| *score);
    let mut choices: Vec<_> = scored.into_iter().map(|(_, field)| Choice::of(field)).collect();
    if let Ok(field) = parse_field(typed)
        && !choices.iter().any(|choice| choice.field == field)
    {
        choices.insert(0, Choice::of(field));
    }
    choices
}

/// How well `typed` fits, 0 best: the name, its beginning, the beginning of another name, a part of the
/// name, a word of the help.
fn score(field: &Field, typed: &str) -> Option<u8> {
    let name = field.name.to_lowercase();
    let named = FIELDS.iter().find(|named| *named.name == *field.name);
    let aliases = named.map_or(&[][..], |named| named.aliases);
    let help = help(field).to_lowercase();
    Some(match () {
        () if name == typed || aliases.contains(&typed) => 0,
        () if name.starts_with(typed) => 1,
        () if aliases.iter().any(|alias| alias.starts_with(typed)) => 2,
        () if name.contains(typed) => 3,
        () if help.split([' ', '(', ')']).any(|word| word.starts_with(typed)) => 4,
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(typed: &str) -> Vec<String> {
        matching(typed, &[]).into_iter().map(|choice| choice.field.name.to_string()).collect()
    }

    #[rstest::rstest]
    #[case("az", "az")]
    #[case("zone", "az")]
    #[case("memory", "ram")]
    #[case("vc", "vcpus")]
    #[case("host", "instance.host")]
    #[case("extra.hw:cpu_policy", "extra.hw:cpu_policy")]
    fn a_few_letters_find_a_field(#[case] typed: &str, #[case] expected: &str) {
        assert_eq!(names(typed).first().map(String::as_str), Some(expected), "{:?}", names(typed));
    }

    #[test]
    fn those_to_be_first_are_first_and_once() {
        let first: Vec<_> = ["vcpus", "az"].iter().filter_map(|name| Field::named(name)).collect();
        let all = matching("", &first);
        assert_eq!(all.len(), FIELDS.len());
        assert_eq!([&*all[0].field.name, &*all[1].field.name], ["vcpus", "az"]);
    }

    #[test]
    fn the_automatic_columns_are_fields() {
        assert!(AUTOMATIC.iter().all(|name| Field::named(name).is_some()));
    }
}
