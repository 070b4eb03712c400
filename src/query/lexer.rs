//! The words of a query. Total: every text has some, and the first place that is none is kept beside
//! them, so that completion can read what is only half typed.
//!
//! A term is a name, and perhaps an operator with its values: `az=az1,az2`. A name is a word, or a
//! family with a key (`extra.hw:cpu_policy`), or a path (`$.flavor.extra_specs."hw:cpu_policy"`).
//!
//! Imports its siblings and `spec`; no I/O.

use std::ops::Range;

use super::error::{ParseError, shown};
use super::fields::Family;
use super::json_path::JsonPath;

mod example;
mod name;

pub use name::written_value;
pub(super) use name::{family_of, written_key};

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Lexed {
    pub tokens: Vec<Token>,
    /// The first place that cannot be meant.
    pub error: Option<ParseError>,
}

#[derive(Debug)]
pub(super) enum Token {
    Open(Range<usize>),
    Close(Range<usize>),
    And(Range<usize>),
    Or(Range<usize>),
    Not(Range<usize>),
    Term(Term),
}

impl Token {
    pub fn at(&self) -> Range<usize> {
        match self {
            Token::Open(at) | Token::Close(at) | Token::And(at) | Token::Or(at) | Token::Not(at) => {
                at.clone()
            }
            Token::Term(term) => term.at(),
        }
    }
}

/// A name, and what is asked of it.
#[derive(Debug)]
pub(super) struct Term {
    pub at: Range<usize>,
    pub name: Name,
    pub asked: Option<Asked>,
}

impl Term {
    /// From its name's beginning to the end of its last value.
    pub fn at(&self) -> Range<usize> {
        let values = self.asked.as_ref().and_then(|asked| asked.values.last());
        self.at.start..values.map_or(self.at.end, |value| value.at.end)
    }
}

#[derive(Debug, Clone)]
pub(super) enum Name {
    /// As typed: a field's name, a family's, or a bare word.
    Word(String),
    /// In quotes: never a field.
    Quoted(String),
    /// All keys of a family: `image.*`.
    Keys(&'static Family),
    /// Of a family.
    Key(&'static Family, String),
    Path(JsonPath),
}

/// An operator and its values; one at least, which is empty where it is missing.
#[derive(Debug)]
pub(super) struct Asked {
    pub operator: Operator,
    pub at: Range<usize>,
    pub values: Vec<Piece>,
}

#[derive(Debug)]
pub(super) struct Piece {
    pub at: Range<usize>,
    pub text: String,
    pub quoted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Is,
    IsNot,
    Contains,
    ContainsNot,
    Matches,
    MatchesNot,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Operator {
    /// All as they are written, longest first where one begins another; the first writing of each is the
    /// one that is suggested.
    const WRITTEN: [(&'static str, Operator); 13] = [
        ("!=", Operator::IsNot),
        ("!:", Operator::ContainsNot),
        ("!~", Operator::MatchesNot),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("<>", Operator::IsNot),
        ("==", Operator::Is),
        ("=~", Operator::Matches),
        ("=", Operator::Is),
        (":", Operator::Contains),
        ("~", Operator::Matches),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];

    /// The one at the beginning of `text`, and its length.
    fn at(text: &str) -> Option<(Self, usize)> {
        let found = Self::WRITTEN.iter().find(|(written, _)| text.starts_with(written));
        found.map(|(written, operator)| (*operator, written.len()))
    }

    /// Whether several values may be given.
    fn takes_list(self) -> bool {
        matches!(self, Self::Is | Self::IsNot | Self::Contains | Self::ContainsNot)
    }
}

/// Whether a character ends a word, a key or a value that has no quotes.
fn is_end(character: char) -> bool {
    character.is_whitespace() || matches!(character, '(' | ')')
}

/// The words of a query.
pub(super) fn lex(text: &str) -> Lexed {
    let mut lexer = Lexer { text, at: 0, lexed: Lexed::default(), in_list: false };
    lexer.all();
    lexer.lexed
}

/// The names of fields with commas between them; each with its place.
pub(super) fn names(text: &str) -> Result<Vec<(Range<usize>, Name)>, ParseError> {
    let mut lexer = Lexer { text, at: 0, lexed: Lexed::default(), in_list: true };
    let mut names = Vec::new();
    loop {
        lexer.spaces();
        let start = lexer.at;
        let name = lexer.name();
        if let Some(error) = lexer.lexed.error {
            return Err(error);
        }
        if lexer.at == start {
            return Err(ParseError::new(start..start, "a field's name is missing here"));
        }
        names.push((start..lexer.at, name));
        lexer.spaces();
        if lexer.at == text.len() {
            return Ok(names);
        }
        if !lexer.eat(',') {
            let rest = lexer.at..text.len();
            let reason = format!("{} is not part of a field's name", shown(&text[rest.clone()]));
            return Err(ParseError::new(rest, reason).hint("fields are given as az,flavor,vcpus"));
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    lexed: Lexed,
    /// Names in a list: a comma ends each, and no operator can follow.
    in_list: bool,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, character: char) -> bool {
        let found = self.peek() == Some(character);
        if found {
            self.at += character.len_utf8();
        }
        found
    }

    fn spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Up to the first character that `ends`.
    fn run(&mut self, ends: impl Fn(char) -> bool) -> Range<usize> {
        let start = self.at;
        self.at += self.rest().find(ends).unwrap_or(self.rest().len());
        start..self.at
    }

    fn fail(&mut self, error: ParseError) {
        self.lexed.error.get_or_insert(error);
    }

    fn all(&mut self) {
        loop {
            self.spaces();
            let Some(character) = self.peek() else { return };
            let at = self.at..self.at + character.len_utf8();
            let simple = match character {
                '(' => Token::Open(at),
                ')' => Token::Close(at),
                '!' if Operator::at(self.rest()).is_none() => Token::Not(at),
                _ => {
                    if let Some((_, length)) = Operator::at(self.rest()) {
                        let at = self.at..self.at + length;
                        let written = &self.text[at.clone()];
                        self.fail(ParseError::new(
                            at.clone(),
                            format!("a field is missing before {written}"),
                        ));
                        self.at = at.end;
                    } else {
                        let token = self.keyword().unwrap_or_else(|| Token::Term(self.term()));
                        self.lexed.tokens.push(token);
                    }
                    continue;
                }
            };
            self.at += character.len_utf8();
            self.lexed.tokens.push(simple);
        }
    }

    fn keyword(&mut self) -> Option<Token> {
        let rest = self.rest();
        let end = rest.find(is_end).unwrap_or(rest.len());
        let at = self.at..self.at + end;
        let token = match rest[..end].to_ascii_lowercase().as_str() {
            "and" | "&&" => Token::And(at),
            "or" | "||" => Token::Or(at),
            "not" => Token::Not(at),
            _ => return None,
        };
        self.at += end;
        Some(token)
    }

    fn term(&mut self) -> Term {
        let start = self.at;
        let name = self.name();
        let at = start..self.at;
        self.spaces();
        let asked = match Operator::at(self.rest()) {
            Some((operator, length)) => Some(self.asked(&name, operator, length, self.at > at.end)),
            None => {
                self.at = at.end;
                None
            }
        };
        if let Some(next) = self.peek().filter(|next| !next.is_whitespace() && *next != ')') {
            let reason = format!("a space is missing before {}", shown(&next.to_string()));
            let hint = "if it is part of the text, put that in quotes";
            self.fail(ParseError::new(self.at..self.at + next.len_utf8(), reason).hint(hint));
            if !is_end(next) {
                self.run(is_end);
            }
        }
        Term { at, name, asked }
    }

    /// What is asked: an operator of that length stands here, and a space perhaps before it.
    fn asked(&mut self, name: &Name, operator: Operator, length: usize, spaced: bool) -> Asked {
        let at = self.at..self.at + length;
        self.at = at.end;
        let written = &self.text[at.clone()];
        if operator == Operator::Is && length == 1 && self.rest().starts_with(['<', '>']) {
            let meant = if self.rest().starts_with('<') { "<=" } else { ">=" };
            let wrong =
                ParseError::new(at.start..at.end + 1, format!("there is no operator ={}", &self.rest()[..1]));
            self.fail(wrong.hint(format!("did you mean {meant}?")));
            self.at += 1;
        }
        if spaced {
            self.spaces();
        }
        let mut values = vec![self.value(name, operator, written, written)];
        while operator.takes_list() && self.goes_on() {
            self.spaces();
            values.push(self.value(name, operator, written, "the comma"));
        }
        Asked { operator, at, values }
    }

    /// Past the comma between two values, with spaces before it perhaps; whether there is one.
    fn goes_on(&mut self) -> bool {
        let rest = self.rest().trim_start();
        // With a space before them, two bars are an `or`.
        let is_or = rest.starts_with("||") && rest.len() < self.rest().len();
        let found = rest.starts_with([',', '|']) && !is_or;
        if found {
            self.at = self.text.len() - rest.len() + 1;
        }
        found
    }

    fn value(&mut self, name: &Name, operator: Operator, written: &str, behind: &str) -> Piece {
        let start = self.at;
        if let Some('"' | '\'') = self.peek() {
            let text = self.quoted(false);
            return Piece { at: start..self.at, text, quoted: true };
        }
        let at = match operator {
            Operator::Matches | Operator::MatchesNot => self.pattern(),
            _ if operator.takes_list() => self.run(|next| is_end(next) || matches!(next, ',' | '|')),
            _ => self.run(is_end),
        };
        if at.is_empty() {
            let hint = match self.peek() {
                Some('(') => "a list of values is written without parentheses: az=az1,az2".to_owned(),
                _ => example::of(name, operator, written),
            };
            self.fail(
                ParseError::new(start..start, format!("a value is missing behind {behind}")).hint(hint),
            );
        }
        Piece { text: self.text[at.clone()].to_owned(), at, quoted: false }
    }

    /// A regular expression: up to a space, or a parenthesis that it did not open.
    fn pattern(&mut self) -> Range<usize> {
        let (start, mut open, mut in_class) = (self.at, 0_usize, false);
        while let Some(next) = self.peek().filter(|next| !next.is_whitespace()) {
            match next {
                '\\' => {
                    self.at += 1;
                    let Some(literal) = self.peek().filter(|literal| !literal.is_whitespace()) else {
                        continue;
                    };
                    self.at += literal.len_utf8();
                    continue;
                }
                '[' if !in_class => {
                    in_class = true;
                    // A bracket that comes first is one of the class.
                    let first = self.rest().strip_prefix("[^").map_or(1, |_| 2);
                    if self.rest()[first..].starts_with(']') {
                        self.at += first;
                    }
                }
                ']' => in_class = false,
                '(' if !in_class => open += 1,
                ')' if !in_class && open == 0 => break,
                ')' if !in_class => open -= 1,
                _ => {}
            }
            self.at += next.len_utf8();
        }
        start..self.at
    }
}
