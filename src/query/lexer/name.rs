//! The names of a query: words, keys of families, paths; and what stands in quotes.
//!
//! Keys contain colons, and a colon is also an operator. Where another operator follows, everything
//! before that is the key, colons and all. Otherwise the key ends at its first colon, or at its second
//! one if nova uses what stands before the first as a scope ([`is_scope`]). Quotes settle it:
//! `extra."my:key":text`.
//!
//! Imports its siblings and `spec`; no I/O.

use super::super::error::ParseError;
use super::super::fields::{FAMILIES, Family, Field};
use super::super::json_path::{JsonPath, Step};
use super::{Lexer, Name, Operator, is_end};
use crate::spec::document::Kind;
use crate::spec::scan;

/// Steps of a path at most: far more than any stored text is deep.
const STEPS: usize = 64;

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

/// A key as it can stand in a query: in quotes where it must.
pub(in super::super) fn written_key(key: &str) -> String {
    let ends = |character: char| is_end(character) || matches!(character, '=' | '~' | '<' | '>' | ',');
    let plain = !matches!(key, "" | "*")
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

impl Lexer<'_> {
    pub(super) fn name(&mut self) -> Name {
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
        // In quotes it is the key of that name.
        let is_quoted = self.text[start + length + 1..].starts_with(['"', '\'']);
        if key == "*" && !is_quoted { Name::Keys(family) } else { Name::Key(family, key) }
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
                && self.peek().is_some_and(|next| !is_end(next) && next != ',')
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

    /// What stands in quotes. In the quotes of a key the escapes are those of JSON, elsewhere a
    /// backslash stands for itself, but before a quote or another one.
    pub(super) fn quoted(&mut self, is_key: bool) -> String {
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
        let is_json = || scan::Scanner::new(token.as_bytes()).skip_scalar(Kind::String);
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
pub(in super::super) fn family_of(word: &str) -> Option<(&'static Family, usize)> {
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
