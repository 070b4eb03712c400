//! The tokens of JSON as Python's `json` module reads and writes them.
//!
//! Shared by the full index ([`super::document`]) and the fast extraction of a list row
//! ([`super::summary`]). No I/O, no allocation while scanning.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::document::{Kind, MAX_DEPTH, Malformed};

/// A cursor over the bytes of a text.
#[derive(Debug, Clone)]
pub struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Scanner<'t> {
    /// At the start of `bytes`.
    pub fn new(bytes: &'t [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Byte offset of the cursor.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The byte under the cursor.
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// One byte on.
    pub fn bump(&mut self) {
        self.at += 1;
    }

    /// So many bytes on.
    pub fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// An error at the cursor.
    pub fn error(&self, reason: impl Into<Cow<'static, str>>) -> Malformed {
        Malformed::new(self.at.min(self.bytes.len()), reason)
    }

    /// Past spaces, tabs and line ends (JSON's white space).
    pub fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Kind of the value that begins under the cursor, which does not move.
    ///
    /// # Errors
    /// Where no value begins here.
    pub fn value_kind(&self) -> Result<Kind, Malformed> {
        match self.peek() {
            Some(b'"') => Ok(Kind::String),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'n') => Ok(Kind::Null),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'-' | b'0'..=b'9' | b'N' | b'I') => Ok(Kind::Number),
            Some(_) => Err(self.error("expected a value")),
            None => Err(self.error("the text ends where a value should stand")),
        }
    }

    /// Past the scalar of that kind.
    ///
    /// # Errors
    /// Where the token is not valid.
    pub fn skip_scalar(&mut self, kind: Kind) -> Result<(), Malformed> {
        match kind {
            Kind::String => self.skip_string(),
            Kind::Null => self.skip_word(b"null"),
            Kind::Bool if self.peek() == Some(b't') => self.skip_word(b"true"),
            Kind::Bool => self.skip_word(b"false"),
            Kind::Number => self.skip_number(),
            Kind::Array | Kind::Object => Err(self.error("expected a scalar")),
        }
    }

    /// Past a whole value of any kind, checking its grammar, without recursion. `depth` counts the
    /// containers that are open around it.
    ///
    /// # Errors
    /// Where the value is not valid JSON, or nested deeper than [`MAX_DEPTH`].
    pub fn skip_value(&mut self, depth: usize) -> Result<Kind, Malformed> {
        let kind = self.value_kind()?;
        if !matches!(kind, Kind::Array | Kind::Object) {
            self.skip_scalar(kind)?;
            return Ok(kind);
        }
        let mut open = OpenContainers::default();
        loop {
            // A value stands here.
            let value = self.value_kind()?;
            if matches!(value, Kind::Array | Kind::Object) {
                if depth + open.len >= MAX_DEPTH {
                    return Err(self.too_deep());
                }
                open.push(value == Kind::Object);
                self.bump();
                self.skip_space();
                if self.peek() != Some(open.closer()) {
                    if open.in_object() {
                        self.skip_key()?;
                    }
                    continue;
                }
                self.bump();
                open.len -= 1;
            } else {
                self.skip_scalar(value)?;
            }
            // A value is complete: separators and ends of containers until the next value.
            loop {
                if open.len == 0 {
                    return Ok(kind);
                }
                if self.another(open.closer())? {
                    if open.in_object() {
                        self.skip_key()?;
                    }
                    break;
                }
                open.len -= 1;
            }
        }
    }

    /// After an element: past the comma to the next one (true), or past `closer` (false).
    ///
    /// # Errors
    /// Where neither stands here.
    pub fn another(&mut self, closer: u8) -> Result<bool, Malformed> {
        self.skip_space();
        match self.peek() {
            Some(b',') => {
                self.bump();
                self.skip_space();
                Ok(true)
            }
            Some(byte) if byte == closer => {
                self.bump();
                Ok(false)
            }
            Some(_) => Err(self.error("expected ',' or the end of the container")),
            None => Err(self.error("the text ends in the middle")),
        }
    }

    /// Past a key, its colon and the spaces around; gives the key's range with its quotes.
    ///
    /// # Errors
    /// Where no key or no colon stands.
    pub fn skip_key(&mut self) -> Result<(usize, usize), Malformed> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.error("expected a key in double quotes"));
        }
        self.skip_string()?;
        let end = self.at;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.error("expected ':' after a key"));
        }
        self.bump();
        self.skip_space();
        Ok((start, end))
    }

    /// The error of a container that opens beyond [`MAX_DEPTH`].
    pub fn too_deep(&self) -> Malformed {
        self.error(format!("nested deeper than {MAX_DEPTH} levels"))
    }

    fn skip_word(&mut self, word: &'static [u8]) -> Result<(), Malformed> {
        if self.bytes[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.error("expected a value"))
        }
    }

    fn skip_string(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        self.at += 1;
        loop {
            self.skip_plain();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.skip_escape()?,
                Some(0..=0x1f) => return Err(self.error("a raw control character inside a string")),
                Some(_) => self.at += 1,
                None => return Err(Malformed::new(start, "a string that does not end, beginning")),
            }
        }
    }

    /// Past the bytes of a string that mean themselves, eight at a time; stops at a quote, a
    /// backslash or a control character, or within eight bytes of the end of the text.
    fn skip_plain(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x8080_8080_8080_8080;
        while let Some(chunk) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*chunk);
            let quote = word ^ (ONES * 0x22);
            let backslash = word ^ (ONES * 0x5c);
            // The classic zero-byte test. A borrow makes false marks only above a true one, so the
            // lowest mark, the only one used, is exact.
            let marks = ((quote.wrapping_sub(ONES) & !quote)
                | (backslash.wrapping_sub(ONES) & !backslash)
                | (word.wrapping_sub(ONES * 0x20) & !word))
                & HIGH;
            if marks != 0 {
                self.at += (marks.trailing_zeros() / 8) as usize;
                return;
            }
            self.at += 8;
        }
    }

    fn skip_escape(&mut self) -> Result<(), Malformed> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(self.error("an incomplete \\u escape"));
                }
                self.at += 6;
            }
            _ => return Err(self.error("an unknown escape in a string")),
        }
        Ok(())
    }

    fn skip_number(&mut self) -> Result<(), Malformed> {
        for word in [&b"NaN"[..], b"Infinity", b"-Infinity"] {
            if self.bytes[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(());
            }
        }
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.skip_digits(),
            _ => return Err(self.error("expected a digit")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(())
    }

    fn some_digits(&mut self) -> Result<(), Malformed> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error("expected a digit"));
        }
        self.skip_digits();
        Ok(())
    }

    fn skip_digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }
}

/// Which containers are open, a bit each: set for an object.
#[derive(Default)]
struct OpenContainers {
    objects: [u64; MAX_DEPTH.div_ceil(64)],
    len: usize,
}

impl OpenContainers {
    fn push(&mut self, object: bool) {
        let bit = 1 << (self.len % 64);
        let word = &mut self.objects[self.len / 64];
        *word = if object { *word | bit } else { *word & !bit };
        self.len += 1;
    }

    fn in_object(&self) -> bool {
        let last = self.len.saturating_sub(1);
        self.objects[last / 64] >> (last % 64) & 1 == 1
    }

    fn closer(&self) -> u8 {
        if self.in_object() { b'}' } else { b']' }
    }
}

/// The characters of a valid string token (quotes included). Lone surrogates, which Python keeps,
/// become U+FFFD: they are for showing and comparing, never for writing back.
pub fn decode_string(token: &str) -> Cow<'_, str> {
    let inner = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(token);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1).copied().unwrap_or(b'\\');
        let mut used = 2;
        match escape {
            b'n' => out.push('\n'),
            b't' => out.push('\t'),
            b'r' => out.push('\r'),
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'u' => {
                let (character, length) = decode_unicode_escape(&rest[at..]);
                out.push(character);
                used = length;
            }
            other => out.push(char::from(other)),
        }
        rest = rest.get(at + used..).unwrap_or("");
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Decodes `\uXXXX`, with its pair where it is a high surrogate; gives the bytes used.
fn decode_unicode_escape(text: &str) -> (char, usize) {
    let unit = |from: usize| -> Option<u32> {
        let escape = text.get(from..from + 6)?;
        u32::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()
    };
    let Some(first) = unit(0) else { return (char::REPLACEMENT_CHARACTER, text.len().min(6)) };
    if let (0xd800..=0xdbff, Some(second @ 0xdc00..=0xdfff)) = (first, unit(6)) {
        let point = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}

/// The string token that Python's `json.dumps` writes: quotes, ASCII only, lower-case `\uXXXX`
/// with surrogate pairs.
pub fn encode_string(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for character in value.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    out
}
