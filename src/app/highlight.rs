//! Which parts of a cell a query looks for, so that they can be marked: its words, and what fields
//! shall contain.
//!
//! Imports `query`; no I/O.

use crate::query::Field;
use crate::query::expression::{Check, Expression};

/// A text that is looked for, in lower case; in one field, or in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// In which; None: in all.
    pub field: Option<Field>,
    /// What.
    pub text: String,
}

/// What a query looks for; not what it excludes.
pub fn wanted(expression: &Expression) -> Vec<Wanted> {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => parts.iter().flat_map(wanted).collect(),
        Expression::Word(word) => vec![Wanted { field: None, text: word.clone() }],
        Expression::Test(test) => match &test.check {
            Check::Contains(texts) => texts
                .iter()
                .map(|text| Wanted { field: Some(test.field.clone()), text: text.clone() })
                .collect(),
            _ => Vec::new(),
        },
        Expression::Not(_) => Vec::new(),
    }
}

/// The first stretch of `text` that is looked for in that field, as bytes. Texts whose letters take
/// other room in lower case have none.
pub fn find(wanted: &[Wanted], field: &str, text: &str) -> Option<(usize, usize)> {
    let lower = text.to_lowercase();
    if lower.len() != text.len() {
        return None;
    }
    let in_it = wanted.iter().filter(|one| one.field.as_ref().is_none_or(|in_| &*in_.name == field));
    let found = in_it.filter_map(|one| Some((lower.find(&one.text)?, one.text.len())));
    let (at, length) = found.filter(|(_, length)| *length > 0).min()?;
    (text.is_char_boundary(at) && text.is_char_boundary(at + length)).then_some((at, at + length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::parse;

    #[rstest::rstest]
    #[case("large", "flavor", "m1.LARGE", Some((3, 8)))]
    #[case("flavor:large", "flavor", "m1.large", Some((3, 8)))]
    #[case("flavor:large", "az", "m1.large", None)]
    #[case("not large", "flavor", "m1.large", None)]
    #[case("az=az1", "az", "az1", None)]
    #[case("(m1 or large) bfv", "flavor", "m1.large", Some((0, 2)))]
    #[case("x", "flavor", "ȺX", None)]
    fn the_part_that_is_looked_for_is_found(
        #[case] query: &str,
        #[case] field: &str,
        #[case] text: &str,
        #[case] expected: Option<(usize, usize)>,
    ) {
        let query = parse(query).unwrap();
        assert_eq!(find(&wanted(&query.expression), field, text), expected);
    }
}
