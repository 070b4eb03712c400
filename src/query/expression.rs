//! What a query means: a tree of tests. `parse` makes it, `eval` and `matcher` judge rows by it.
//!
//! Imports its siblings and `spec`; no I/O.

use std::fmt;

use super::fields::{Fact, Field};

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// As typed.
    pub text: String,
    /// What it means.
    pub expression: Expression,
}

/// A tree of tests.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// All of them; true of every row where there is none.
    And(Vec<Expression>),
    /// Any of them.
    Or(Vec<Expression>),
    /// Not that.
    Not(Box<Expression>),
    /// A test of a field.
    Test(Test),
    /// A bare word: in the stored text (raw, or in any of its decoded keys and strings) or in the
    /// instance's uuid, letter case aside. Kept in lower case; never empty.
    Word(String),
}

/// A test of a field: true if it is of any of its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Of which.
    pub field: Field,
    /// What is asked.
    pub check: Check,
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// It says something: it is not null, false, 0, an empty text, list or object (Python's truth).
    Present,
    /// It is one of these.
    Is(Vec<Operand>),
    /// Its text contains one of these, letter case aside; kept in lower case.
    Contains(Vec<String>),
    /// Its text matches the regular expression somewhere.
    Matches(Pattern),
    /// It is in that relation.
    Compares(Relation, Operand),
}

/// `<` and its kin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// What a value is compared with, read by the kind of the field.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A text; `number` where it can be read as one (for [`super::fields::Kind::Any`], where a number
    /// of the document is compared as a number).
    Text {
        /// As given.
        text: String,
        /// The same as a number.
        number: Option<Number>,
    },
    /// A number, in the unit that is stored; in bytes for [`super::fields::Kind::Size`], whatever is stored.
    Number(Number),
    /// Yes or no.
    Flag(bool),
    /// Numbers with dots between them.
    Version(Vec<u64>),
    /// A whole uuid, or the beginning of one; lower case.
    Uuid(String),
    /// From that second on (since 1970, UTC), until before that one.
    Period(i64, i64),
    /// So many seconds ago. Compared as an age: `updated>30d` is "longer ago than 30 days".
    Age(i64),
}

/// A finite number: an exact integer where it is one that fits, else the nearest double.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// An integer.
    Whole(i128),
    /// Anything else.
    Real(f64),
}

/// A regular expression; linear time.
#[derive(Clone)]
pub struct Pattern(regex::Regex);

impl Pattern {
    /// Most that one compiled expression takes in memory.
    const SIZE: usize = 1 << 20;

    /// Reads one.
    ///
    /// # Errors
    /// Why it is none, in one line, and the character that it is about, if that is known.
    pub fn new(text: &str) -> Result<Self, (String, Option<usize>)> {
        let built = regex::RegexBuilder::new(text).size_limit(Self::SIZE).build();
        built.map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => ("it is too large".to_owned(), None),
            other => {
                let said = other.to_string();
                let reason = said.lines().last().unwrap_or_default().trim_start_matches("error: ");
                (crate::spec::text::escaped(reason).into_owned(), Self::place(&said))
            }
        })
    }

    /// The place that the message of a syntax error has a `^` under: the expression stands above it, four
    /// columns in. None for one of several lines, which is shown otherwise.
    fn place(said: &str) -> Option<usize> {
        let line = said.lines().nth(2)?;
        let pointer = line.strip_prefix("    ")?;
        let place = pointer.find('^')?;
        pointer[..place].bytes().all(|byte| byte == b' ').then_some(place)
    }

    /// As given.
    pub fn text(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it matches somewhere.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Pattern({:?})", self.text())
    }
}

impl Query {
    /// The query that is true of every row.
    pub fn all() -> Self {
        Self { text: String::new(), expression: Expression::And(Vec::new()) }
    }

    /// Whether it is true of every row by its form.
    pub fn is_all(&self) -> bool {
        self.expression == Expression::And(Vec::new())
    }

    /// The fields it names, each once, in their order.
    pub fn fields(&self) -> Vec<&Field> {
        fn walk<'q>(expression: &'q Expression, found: &mut Vec<&'q Field>) {
            match expression {
                Expression::And(parts) | Expression::Or(parts) => {
                    parts.iter().for_each(|part| walk(part, found));
                }
                Expression::Not(part) => walk(part, found),
                Expression::Test(test) if !found.contains(&&test.field) => found.push(&test.field),
                Expression::Test(_) | Expression::Word(_) => {}
            }
        }
        let mut found = Vec::new();
        walk(&self.expression, &mut found);
        found
    }

    /// What it asks of nova's other tables.
    pub fn facts(&self) -> Vec<Fact> {
        self.fields().into_iter().filter_map(Field::fact).collect()
    }
}
