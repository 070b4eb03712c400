//! The words of a query. Total: every text has some, and the first place that is none is kept beside
//! them, so that completion can read what is only half typed.
//!
//! A term is a name, and perhaps an operator with its values: `az=az1,az2`. A name is a word, or a
//! family with a key (`extra.hw:cpu_policy`), or a path (`$.flavor.extra_specs."hw:cpu_policy"`).
//!
//! Keys contain colons, and a colon is also an operator. Behind a key's end (a space, an operator
//! other than `:`) everything before it is the key, colons and all. Otherwise the key ends at its
//! first colon, or at its second one if nova uses what stands before the first as a scope
//! ([`is_scope`]). Quotes settle it: `extra."my:key":text`.
//!
//! Imports its siblings and `spec`; no I/O.

use std::ops::Range;

use super::error::{ParseError, shown};
use super::fields::{FAMILIES, Family, Field};
use super::json_path::{JsonPath, Step};
use crate::spec::scan;

/// Steps of a path at most: far more than any stored text is deep.
const STEPS: usize = 64;

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

/// Whether nova uses what stands before a colon in a key as a scope: the colon belongs to the key.
fn is_scope(text: &str) -> bool {
    const SCOPES: [&str; 14] = [
        "hw",
        "hw_rng",
        "hw_video",
        "os",
        "quota",
        "pci_passthrough",
        "capabilities",
        "aggregate_instance_extra_specs",
        "accel",
        "powervm",
        "vmware",
        "hyperv",
        "filter",
        "weigher",
    ];
    // With a number or a name of a group behind: resources1:VCPU, trait_NIC:CUSTOM_A.
    SCOPES.contains(&text) || text.starts_with("trait") || text.starts_with("resources")
}

/// Whether a character ends a word, a key or a value that has no quotes.
fn is_end(character: char) -> bool {
    character.is_whitespace() || matches!(character, '(' | ')')
}

/// A key as it can stand in a query: in quotes where it must.
pub(super) fn written_key(key: &str) -> String {
    let ends = |character: char| is_end(character) || matches!(character, '=' | '~' | '<' | '>' | ',');
    let plain = !key.is_empty()
        && !key.starts_with(['"', '\''])
        && !key.chars().any(|character| ends(character) || character.is_control())
        && !key.contains("!:");
    if plain { key.to_owned() } else { scan::encode_string(key) }
}

/// A value as it can stand behind an operator: in quotes where it must.
pub fn written_value(value: &str) -> String {
    let ends = |character: char| is_end(character) || matches!(character, ',' | '|');
    if value.is_empty() || value.starts_with(['"', '\'', '=', '~', '<', '>']) || value.chars().any(ends) {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        value.to_owned()
    }
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
            Some((operator, length)) => Some(self.asked(operator, length, self.at > at.end)),
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

    fn name(&mut self) -> Name {
        match self.peek() {
            Some('"' | '\'') => Name::Quoted(self.quoted(false)),
            Some('$') => self.path(),
            _ => self.word(),
        }
    }

    /// A word, or a family with a key.
    fn word(&mut self) -> Name {
        let (start, in_list) = (self.at, self.in_list);
        while let Some(next) = self.peek() {
            let operator = !in_list && Operator::at(self.rest()).is_some();
            if is_end(next) || operator || (in_list && next == ',') {
                break;
            }
            self.at += next.len_utf8();
        }
        let word = &self.text[start..self.at];
        if Field::named(&word.to_lowercase()).is_some() {
            return Name::Word(word.to_owned());
        }
        let Some((family, length)) = family_of(word) else { return Name::Word(word.to_owned()) };
        self.at = start + length + 1;
        let key = self.key(false);
        if self.at == start + length + 1 {
            let name = &word[..length];
            let reason = format!("{name}. wants a key behind the dot");
            self.fail(
                ParseError::new(start..self.at, reason).hint(format!("{name} alone stands for all keys")),
            );
        }
        Name::Key(family, key)
    }

    /// A key of a family or of a path, in which a dot ends it.
    fn key(&mut self, dots: bool) -> String {
        if let Some('"' | '\'') = self.peek() {
            return self.quoted(true);
        }
        let start = self.at;
        while let Some(next) = self.peek() {
            let operator =
                Operator::at(self.rest()).is_some_and(|(operator, _)| operator != Operator::Contains);
            let stops = is_end(next) || next == ',' || operator || (dots && matches!(next, '.' | '['));
            if stops {
                break;
            }
            self.at += next.len_utf8();
        }
        let key = &self.text[start..self.at];
        let ended_by_operator = {
            let behind = self.rest().trim_start();
            Operator::at(behind).is_some()
        };
        if self.in_list || ended_by_operator {
            return key.to_owned();
        }
        let mut colons = key.match_indices(':').map(|(at, _)| at);
        let end = match colons.next() {
            Some(first) if is_scope(&key[..first]) => colons.next(),
            first => first,
        };
        let key = &key[..end.unwrap_or(key.len())];
        self.at = start + key.len();
        key.to_owned()
    }

    fn path(&mut self) -> Name {
        let start = self.at;
        self.at += 1;
        let mut steps = Vec::new();
        loop {
            let from = self.at;
            let step = if self.eat('.') {
                if self.eat('*') { Some(Step::Every) } else { self.path_key() }
            } else if self.eat('[') {
                self.bracketed()
            } else if steps.is_empty()
                && self.peek().is_some_and(|next| !is_end(next))
                && Operator::at(self.rest()).is_none()
            {
                None
            } else {
                break;
            };
            let Some(step) = step else {
                let reason = "a path goes on with a key, [0] or [*]";
                let hint =
                    "keys that are no plain words stand in quotes: $.flavor.extra_specs.\"hw:cpu_policy\"";
                self.fail(ParseError::new(from..self.at, reason).hint(hint));
                break;
            };
            steps.push(step);
        }
        if steps.len() > STEPS {
            self.fail(ParseError::new(start..self.at, format!("a path has at most {STEPS} steps")));
        }
        Name::Path(JsonPath::new(steps))
    }

    /// A key behind a dot. The keys of nova's envelopes have a dot within.
    fn path_key(&mut self) -> Option<Step> {
        let quoted = self.peek().is_some_and(|next| matches!(next, '"' | '\''));
        let mut key = self.key(true);
        if !quoted && key == "nova_object" && self.eat('.') {
            key = format!("{key}.{}", self.key(true));
        }
        (quoted || !key.is_empty()).then_some(Step::Key(key))
    }

    /// `0]`, `*]` or `"key"]`.
    fn bracketed(&mut self) -> Option<Step> {
        let step = match self.peek()? {
            '*' => {
                self.at += 1;
                Step::Every
            }
            '"' | '\'' => Step::Key(self.quoted(true)),
            _ => {
                let digits = self.run(|character| !character.is_ascii_digit());
                Step::Index(self.text[digits].parse().ok()?)
            }
        };
        self.eat(']').then_some(step)
    }

    /// What is asked: an operator of that length stands here, and a space perhaps before it.
    fn asked(&mut self, operator: Operator, length: usize, spaced: bool) -> Asked {
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
        let mut values = vec![self.value(operator, written)];
        while operator.takes_list() && (self.eat(',') || self.eat('|')) {
            self.spaces();
            values.push(self.value(operator, "the comma"));
        }
        Asked { operator, at, values }
    }

    fn value(&mut self, operator: Operator, behind: &str) -> Piece {
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
                _ => "an empty text is written \"\"".to_owned(),
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

    /// What stands in quotes. In the quotes of a key the escapes are those of JSON, elsewhere a
    /// backslash stands for itself, but before a quote or another one.
    fn quoted(&mut self, is_key: bool) -> String {
        let (start, rest) = (self.at, self.rest());
        let quote = rest.chars().next().unwrap_or('"');
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, character)| {
            let ends = *character == quote && !escaped;
            escaped = *character == '\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else {
            self.at = self.text.len();
            self.fail(ParseError::new(start..start + 1, "these quotes are not closed"));
            return unescaped(&rest[1..]);
        };
        self.at = start + end + 1;
        let token = &rest[..=end];
        let is_json =
            || scan::Scanner::new(token.as_bytes()).skip_scalar(crate::spec::document::Kind::String);
        if is_key && quote == '"' && is_json().is_ok() {
            scan::decode_string(token).into_owned()
        } else {
            unescaped(&rest[1..end])
        }
    }
}

/// The text between quotes.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let literal = characters.next_if(|next| character == '\\' && matches!(next, '"' | '\'' | '\\'));
        out.push(literal.unwrap_or(character));
    }
    out
}

/// The family that a word with a dot names, and the length of its name there; the longest.
pub(super) fn family_of(word: &str) -> Option<(&'static Family, usize)> {
    let names = FAMILIES.iter().flat_map(|family| {
        let aliases = family.aliases.iter().copied();
        std::iter::once(family.name).chain(aliases).map(move |name| (family, name.len()))
    });
    let begins = |(family, length): &(&'static Family, usize)| {
        let dotted = word.get(..*length).zip(word.get(*length..));
        dotted.is_some_and(|(name, rest)| {
            let name = name.to_ascii_lowercase();
            rest.starts_with('.') && (family.name == name || family.aliases.contains(&name.as_str()))
        })
    };
    names.filter(begins).max_by_key(|(_, length)| *length)
}
