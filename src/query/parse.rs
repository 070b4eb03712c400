//! The language: text to [`Query`]. docs/query.md is its reference.
//!
//! Total: every text is a query or an error with its place, in time that grows with its length; the
//! depth and the number of regular expressions are bounded.
//!
//! Imports its siblings and `spec`; no I/O.

use std::ops::Range;

use super::error::{ParseError, shown};
use super::expression::{Check, Expression, Operand, Pattern, Query, Relation, Test};
use super::fields::{FAMILIES, FIELDS, Field, Source};
use super::lexer::{self, Asked, Name, Operator, Piece, Term, Token};
use super::nearest::nearest;
use super::operand;
use super::order::Order;
use crate::spec::summary::DEMANDS;
use crate::spec::text::escaped;

/// Bytes of a query at most.
pub const LENGTH: usize = 10_000;

/// Parentheses and `not`s within each other at most.
const DEPTH: usize = 64;

/// Bytes of the name of a field at most, as it is written out: with its escapes.
const NAME: usize = 4_000;

/// Regular expressions of a query at most: each may take a megabyte, and long to compile.
const PATTERNS: usize = 16;

/// Reads a query. An empty one is true of every row.
///
/// # Errors
/// Where the text is none, why, and what was probably meant.
pub fn parse(text: &str) -> Result<Query, ParseError> {
    if text.len() > LENGTH {
        let reason = format!("a query has at most {LENGTH} bytes; this one has {}", text.len());
        return Err(ParseError::new(text.len()..text.len(), reason));
    }
    let lexed = lexer::lex(text);
    let mut parser = Parser { text, tokens: &lexed.tokens, at: 0, depth: 0, patterns: 0 };
    let parsed = parser.whole();
    // Of several the first, which is where an operator looks first.
    let expression = match (parsed, lexed.error) {
        (Err(parsed), Some(lexed)) if parsed.at.start < lexed.at.start => return Err(parsed),
        (_, Some(lexed)) => return Err(lexed),
        (parsed, None) => parsed?,
    };
    Ok(Query { text: text.to_owned(), expression })
}

/// Reads the name of a field: a column of a list, what is grouped by.
///
/// # Errors
/// There is no such field.
pub fn parse_field(text: &str) -> Result<Field, ParseError> {
    let mut fields = parse_fields(text)?;
    match (fields.pop(), fields.is_empty()) {
        (Some(field), true) => Ok(field),
        _ => Err(ParseError::new(0..text.len(), "this is more than one field")),
    }
}

/// Reads the names of fields with commas between them; one at least.
///
/// # Errors
/// One of them is no field.
pub fn parse_fields(text: &str) -> Result<Vec<Field>, ParseError> {
    if text.len() > LENGTH {
        return Err(ParseError::new(
            LENGTH..text.len(),
            format!("more than {LENGTH} bytes are no names of fields"),
        ));
    }
    let names = lexer::names(text)?;
    let read = |(at, name): (Range<usize>, Name)| match field(&name) {
        Some(field) => short(field, at),
        None => Err(unknown(&name, at, text, false)),
    };
    names.into_iter().map(read).collect()
}

/// Reads an order: a field, and before or behind it which way: `-vcpus`, `vcpus:desc`. Dates are ordered
/// from the last one back, everything else from the least on.
///
/// # Errors
/// There is no such field.
pub fn parse_order(text: &str) -> Result<Order, ParseError> {
    let start = text.len() - text.trim_start().len();
    let trimmed = text.trim();
    let (skipped, name, descending) = match (trimmed.strip_prefix('-'), trimmed.strip_prefix('+')) {
        (Some(name), _) => (1, name, Some(true)),
        (_, Some(name)) => (1, name, Some(false)),
        _ => match trimmed.rsplit_once(':') {
            Some((name, "desc")) => (0, name, Some(true)),
            Some((name, "asc")) => (0, name, Some(false)),
            _ => (0, trimmed, None),
        },
    };
    let moved = |mut error: ParseError| {
        error.at = error.at.start + start + skipped..error.at.end + start + skipped;
        error
    };
    if let Some((first, _)) = trimmed.split_once(',')
        && parse_order(first).is_ok()
    {
        let error =
            ParseError::new(start..start + trimmed.len(), "rows are sorted by one field, not by several");
        return Err(error.hint(format!("write {}", first.trim())));
    }
    let field = parse_field(name).map_err(moved)?;
    let newest_first = matches!(field.source, Source::Created | Source::Updated);
    Ok(Order::by(field, descending.unwrap_or(newest_first)))
}

/// The beginning of a uuid, where the query is that alone: long enough for the index of the column.
pub fn word_prefix(query: &Query) -> Option<&str> {
    let Expression::Word(word) = &query.expression else { return None };
    let fits = (8..=36).contains(&word.len())
        && word.char_indices().all(|(at, character)| match at {
            8 | 13 | 18 | 23 => character == '-',
            _ => character.is_ascii_hexdigit(),
        });
    fits.then_some(word)
}

/// The field that a name names.
pub(super) fn field(name: &Name) -> Option<Field> {
    match name {
        Name::Word(word) => {
            let word = word.to_lowercase();
            let family = || {
                FAMILIES.iter().find(|family| family.name == word || family.aliases.contains(&word.as_str()))
            };
            Field::named(&word).or_else(|| family().map(super::fields::Family::all))
        }
        Name::Quoted(_) => None,
        Name::Keys(family) => Some(family.all()),
        Name::Key(family, key) => Some(family.field(key)),
        Name::Path(path) => Some(Field::at(path.clone())),
    }
}

/// The field, unless its name is so long that no query could hold it.
fn short(field: Field, at: Range<usize>) -> Result<Field, ParseError> {
    if field.name.len() > NAME {
        return Err(ParseError::new(at, format!("the name of a field has at most {NAME} bytes")));
    }
    Ok(field)
}

/// Why a name is no field; `whole` is what could be meant as a text.
fn unknown(name: &Name, at: Range<usize>, whole: &str, in_query: bool) -> ParseError {
    let Name::Word(word) = name else {
        let error = ParseError::new(at, "the name of a field stands without quotes");
        return error.hint("quotes are for values and for keys: extra.\"my:key\"=text");
    };
    let fields =
        FIELDS.iter().flat_map(|field| std::iter::once(field.name).chain(field.aliases.iter().copied()));
    let families: Vec<&str> = FAMILIES
        .iter()
        .flat_map(|family| std::iter::once(family.name).chain(family.aliases.iter().copied()))
        .collect();
    let names: Vec<&str> = fields.chain(families.iter().copied()).collect();
    let begun = || {
        let mut begun =
            names.iter().filter(|name| word.len() >= 3 && name.starts_with(word.to_lowercase().as_str()));
        begun.next().copied()
    };
    // `aztt` begins with `az`, and goes on for no longer.
    let longer = || {
        let is_word = word.chars().all(char::is_alphanumeric);
        let begins =
            |name: &&&str| is_word && word.to_lowercase().starts_with(**name) && name.len() * 2 >= word.len();
        names.iter().filter(begins).max_by_key(|name| name.len()).copied()
    };
    let dotted = || word.split_once('.').filter(|(name, rest)| !name.is_empty() && !rest.is_empty());
    let of_family =
        || dotted().and_then(|(name, rest)| Some(format!("{}.{rest}", nearest(name, &families)?)));
    let nearest = nearest(word, &names).or_else(begun).or_else(longer).map(str::to_owned).or_else(of_family);
    let is_key =
        |part: &str| !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let is_path = || dotted().is_some() && word.split('.').all(is_key) && word.contains(char::is_alphabetic);
    let meant = match nearest {
        Some(name) => Some(format!("did you mean {}?", escaped(&name))),
        None if word.len() < 64 && is_path() => {
            Some(format!("a path of the stored text is written $.{word}"))
        }
        None => None,
    };
    let quotes = format!("to search for the text, put it in quotes: {}", shown(whole));
    let hint = match meant {
        Some(meant) if in_query => format!("{meant} ({quotes})"),
        Some(meant) => meant,
        None if in_query => quotes,
        None => "docs/query.md lists the fields".to_owned(),
    };
    ParseError::new(at, format!("there is no field {}", shown(word))).hint(hint)
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    depth: usize,
    patterns: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn end(&self) -> Range<usize> {
        let end = self.text.trim_end().len();
        end..end
    }

    fn whole(&mut self) -> Result<Expression, ParseError> {
        if self.tokens.is_empty() {
            return Ok(Expression::And(Vec::new()));
        }
        let expression = self.either()?;
        match self.peek() {
            None => Ok(expression),
            Some(token) => Err(ParseError::new(token.at(), "this parenthesis closes none")),
        }
    }

    fn either(&mut self) -> Result<Expression, ParseError> {
        let mut parts = vec![self.both()?];
        while let Some(Token::Or(_)) = self.peek() {
            self.at += 1;
            parts.push(self.both()?);
        }
        Ok(one_or(parts, Expression::Or))
    }

    fn both(&mut self) -> Result<Expression, ParseError> {
        let mut parts = vec![self.single()?];
        loop {
            match self.peek() {
                Some(Token::And(_)) => self.at += 1,
                Some(Token::Open(_) | Token::Not(_) | Token::Term(_)) => {}
                Some(Token::Or(_) | Token::Close(_)) | None => return Ok(one_or(parts, Expression::And)),
            }
            parts.push(self.single()?);
        }
    }

    fn single(&mut self) -> Result<Expression, ParseError> {
        let Some(token) = self.peek() else {
            let last = self.tokens.last().map_or("", |token| &self.text[token.at()]);
            return Err(ParseError::new(self.end(), format!("a test is missing behind {}", shown(last))));
        };
        self.at += 1;
        match token {
            Token::Term(term) => self.term(term),
            Token::Not(at) => {
                self.deeper(at)?;
                let inner = self.single()?;
                self.depth -= 1;
                Ok(Expression::Not(Box::new(inner)))
            }
            Token::Open(at) => {
                self.deeper(at)?;
                if let Some(Token::Close(end)) = self.peek() {
                    return Err(ParseError::new(
                        at.start..end.end,
                        "there is nothing between these parentheses",
                    ));
                }
                let inner = self.either()?;
                let Some(Token::Close(_)) = self.peek() else {
                    return Err(ParseError::new(at.clone(), "this parenthesis is not closed"));
                };
                self.at += 1;
                self.depth -= 1;
                Ok(inner)
            }
            Token::And(at) | Token::Or(at) => {
                let reason = format!("a test is missing before {}", shown(&self.text[at.clone()]));
                let hint = "to search for the word, put it in quotes";
                Err(ParseError::new(at.clone(), reason).hint(hint))
            }
            Token::Close(at) if self.depth == 0 => {
                Err(ParseError::new(at.clone(), "this parenthesis closes none"))
            }
            Token::Close(at) => Err(ParseError::new(at.clone(), "a test is missing before this parenthesis")),
        }
    }

    fn deeper(&mut self, at: &Range<usize>) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth > DEPTH {
            let reason = format!("more than {DEPTH} parentheses and nots within each other");
            return Err(ParseError::new(at.clone(), reason));
        }
        Ok(())
    }

    fn term(&mut self, term: &Term) -> Result<Expression, ParseError> {
        let Some(asked) = &term.asked else {
            return match (field(&term.name), &term.name) {
                (Some(field), _) => {
                    let field = short(field, term.at.clone())?;
                    Ok(Expression::Test(Test { field, check: Check::Present }))
                }
                (None, Name::Word(word)) if word.starts_with([',', '|']) => {
                    let reason = match word.starts_with(',') {
                        true => "the comma stands in no list: write az=az1,az2",
                        false => "the bar stands in no list: write az=az1|az2, or a or b",
                    };
                    let hint = format!("to search for the text, put it in quotes: {}", shown(word));
                    Err(ParseError::new(term.at.clone(), reason).hint(hint))
                }
                (None, Name::Word(word) | Name::Quoted(word)) if !word.is_empty() => {
                    Ok(Expression::Word(word.to_lowercase()))
                }
                _ => Err(ParseError::new(term.at.clone(), "there is nothing between these quotes")),
            };
        };
        let field = match field(&term.name) {
            Some(field) => short(field, term.at.clone())?,
            None => return Err(unknown(&term.name, term.at.clone(), &self.text[term.at()], true)),
        };
        let check = self.check(&field, asked)?;
        let test = match check {
            Check::Is(operands) if field.source == Source::Demands => demanded(&field, operands),
            check => Expression::Test(Test { field, check }),
        };
        let negated =
            matches!(asked.operator, Operator::IsNot | Operator::ContainsNot | Operator::MatchesNot);
        Ok(if negated { Expression::Not(Box::new(test)) } else { test })
    }

    fn check(&mut self, field: &Field, asked: &Asked) -> Result<Check, ParseError> {
        let refused = |value: &Piece, (reason, hint): operand::Refusal| {
            let error = ParseError::new(value.at.clone(), reason);
            if let Some(hint) = hint { error.hint(hint) } else { error }
        };
        // One at least was read.
        let Some(first) = asked.values.first() else { return Ok(Check::Present) };
        let relation = match asked.operator {
            Operator::Is | Operator::IsNot => {
                let operand =
                    |value: &Piece| operand::equal(field, &value.text).map_err(|why| refused(value, why));
                return Ok(Check::Is(asked.values.iter().map(operand).collect::<Result<_, _>>()?));
            }
            Operator::Contains | Operator::ContainsNot => {
                return Ok(Check::Contains(
                    asked.values.iter().map(|value| value.text.to_lowercase()).collect(),
                ));
            }
            Operator::Matches | Operator::MatchesNot => return self.pattern(first).map(Check::Matches),
            Operator::Less => Relation::Less,
            Operator::AtMost => Relation::AtMost,
            Operator::Greater => Relation::Greater,
            Operator::AtLeast => Relation::AtLeast,
        };
        let operand = operand::compared(field, &first.text).map_err(|why| match field.kind {
            // Not the value is wrong, but what is asked.
            super::fields::Kind::Text | super::fields::Kind::Uuid | super::fields::Kind::Flag => {
                refused(&Piece { at: asked.at.clone(), text: String::new(), quoted: false }, why)
            }
            _ => refused(first, why),
        })?;
        Ok(Check::Compares(relation, operand))
    }

    fn pattern(&mut self, value: &Piece) -> Result<Pattern, ParseError> {
        self.patterns += 1;
        if self.patterns > PATTERNS {
            let error = ParseError::new(
                value.at.clone(),
                format!("a query has at most {PATTERNS} regular expressions"),
            );
            return Err(error.hint("one can hold several: (a|b|c)"));
        }
        Pattern::new(&value.text).map_err(|(reason, place)| {
            let at = match place {
                Some(place) if !value.quoted => {
                    let characters = || value.text.char_indices().skip(place);
                    let start = characters().next().map_or(value.at.end, |(at, _)| value.at.start + at);
                    let end = characters().nth(1).map_or(value.at.end, |(at, _)| value.at.start + at);
                    start..end
                }
                _ => value.at.clone(),
            };
            ParseError::new(at, format!("not a regular expression: {reason}"))
        })
    }
}

/// A test of what is demanded: a letter is among it, several are all of it.
fn demanded(field: &Field, operands: Vec<Operand>) -> Expression {
    let is = |operands| Expression::Test(Test { field: field.clone(), check: Check::Is(operands) });
    let letter = |letter: char| Operand::Text { text: letter.to_string(), number: None };
    let (mut single, mut any) = (Vec::new(), Vec::new());
    for operand in operands {
        match &operand {
            Operand::Text { text, .. } if text.chars().count() > 1 => {
                let mut all: Vec<Expression> = text.chars().map(|one| is(vec![letter(one)])).collect();
                let others = DEMANDS.iter().map(|(other, _)| *other).filter(|other| !text.contains(*other));
                let others: Vec<Operand> = others.map(letter).collect();
                if !others.is_empty() {
                    all.push(Expression::Not(Box::new(is(others))));
                }
                any.push(Expression::And(all));
            }
            _ => single.push(operand),
        }
    }
    if !single.is_empty() {
        any.insert(0, is(single));
    }
    one_or(any, Expression::Or)
}

fn one_or(mut parts: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            parts.push(last);
            several(parts)
        }
        (None, _) => several(parts),
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
