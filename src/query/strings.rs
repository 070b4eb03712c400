//! The keys and strings of a stored text, decoded, as far as it can be read.
//!
//! Imports `spec` (tokens); no I/O.

use crate::spec::document::{Kind, MAX_DEPTH, Malformed};
use crate::spec::scan::{self, Scanner};

/// Each key and string (each with an escape, if `escaped`) of a text ([`super::walk::readable`]), decoded,
/// until `visit` is content; whether it was.
pub(super) fn any(text: &[u8], escaped: bool, visit: &mut dyn FnMut(&str) -> bool) -> bool {
    let mut strings = Strings { text, scanner: Scanner::new(text), escaped, visit, content: false };
    strings.scanner.skip_space();
    let _ = strings.value(0);
    strings.content
}

struct Strings<'t, 'v> {
    text: &'t [u8],
    scanner: Scanner<'t>,
    visit: &'v mut dyn FnMut(&str) -> bool,
    escaped: bool,
    content: bool,
}

impl Strings<'_, '_> {
    fn string(&mut self) -> Result<(), Malformed> {
        let start = self.scanner.offset();
        self.scanner.skip_scalar(Kind::String)?;
        let token = &self.text[start..self.scanner.offset()];
        if self.escaped && memchr::memchr(b'\\', token).is_none() {
            return Ok(());
        }
        let token = std::str::from_utf8(token).unwrap_or_default();
        self.content = self.content || (self.visit)(&scan::decode_string(token));
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<(), Malformed> {
        let kind = self.scanner.value_kind()?;
        let closer = match kind {
            Kind::String => return self.string(),
            Kind::Array => b']',
            Kind::Object => b'}',
            _ => return self.scanner.skip_scalar(kind),
        };
        if depth >= MAX_DEPTH || self.content {
            return Err(self.scanner.too_deep());
        }
        self.scanner.bump();
        self.scanner.skip_space();
        if self.scanner.peek() == Some(closer) {
            self.scanner.bump();
            return Ok(());
        }
        loop {
            if kind == Kind::Object {
                let key = self.scanner.clone();
                if self.scanner.peek() == Some(b'"') {
                    self.string()?;
                }
                self.scanner = key;
                self.scanner.skip_key()?;
            }
            self.value(depth + 1)?;
            if !self.scanner.another(closer)? {
                return Ok(());
            }
        }
    }
}
