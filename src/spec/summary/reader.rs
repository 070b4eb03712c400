//! Reads objects member by member, through their envelopes, without an index.
//!
//! Imports [`crate::spec::scan`] and the vocabulary of [`crate::spec::document`]; no I/O.

use std::borrow::Cow;

use crate::spec::document::{DATA_KEY, Kind, MAX_DEPTH, Malformed, NAME_KEY, NAMESPACE_KEY, VERSION_KEY};
use crate::spec::scan::{self, Scanner};

/// Takes the members of one kind of object as they pass.
pub(super) trait Members<'t>: Default {
    /// The member `key` stands under the reader: take it with one of the reader's methods, or give
    /// false to have it skipped. Called again for a duplicate key, which replaces what was taken.
    fn member(&mut self, key: &str, reader: &mut Reader<'t>) -> Result<bool, Malformed>;
}

/// Raw tokens of an envelope's header.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Header<'t> {
    pub name: Option<&'t str>,
    pub namespace: Option<&'t str>,
    pub version: Option<&'t str>,
    /// `nova_object.data` is a list or a string: nova may load it, and finds no fields in it.
    pub odd_data: bool,
}

/// An object that may stand in an envelope.
#[derive(Debug, Default)]
pub(super) struct Logical<'t, F> {
    /// Kind of the value; `None` if there is none.
    pub kind: Option<Kind>,
    pub header: Header<'t>,
    /// What the envelope's data holds.
    pub data: Option<F>,
    /// What the object holds directly, for one without an envelope.
    plain: F,
}

impl<F> Logical<'_, F> {
    /// The logical fields, by the rule of [`crate::spec::document::Node::fields`].
    pub fn fields(&self) -> &F {
        match &self.data {
            Some(data) if self.header.name.is_some_and(|name| name.starts_with('"')) => data,
            _ => &self.plain,
        }
    }

    /// Whether there is a value other than null.
    pub fn is_set(&self) -> bool {
        !matches!(self.kind, None | Some(Kind::Null))
    }
}

/// A cursor over a text that knows how deep it is.
pub(super) struct Reader<'t> {
    text: &'t str,
    scanner: Scanner<'t>,
    depth: usize,
}

impl<'t> Reader<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, scanner: Scanner::new(text.as_bytes()), depth: 0 }
    }

    /// The whole text as one object.
    pub fn document<F: Members<'t>>(&mut self) -> Result<Logical<'t, F>, Malformed> {
        self.scanner.skip_space();
        let root = self.logical()?;
        self.scanner.skip_space();
        match self.scanner.peek() {
            Some(_) => Err(self.scanner.error("more text after the end of the document")),
            None => Ok(root),
        }
    }

    /// The raw text of any value.
    pub fn raw(&mut self) -> Result<&'t str, Malformed> {
        let start = self.scanner.offset();
        self.scanner.skip_value(self.depth)?;
        Ok(&self.text[start..self.scanner.offset()])
    }

    /// An object, through its envelope. Other kinds of values are skipped.
    pub fn logical<F: Members<'t>>(&mut self) -> Result<Logical<'t, F>, Malformed> {
        let kind = self.scanner.value_kind()?;
        let mut logical = Logical { kind: Some(kind), ..Logical::default() };
        if kind != Kind::Object {
            self.scanner.skip_value(self.depth)?;
            return Ok(logical);
        }
        self.each_member(|key, reader| {
            match key {
                NAME_KEY => logical.header.name = Some(reader.raw()?),
                NAMESPACE_KEY => logical.header.namespace = Some(reader.raw()?),
                VERSION_KEY => logical.header.version = Some(reader.raw()?),
                DATA_KEY => {
                    let kind = reader.scanner.value_kind()?;
                    logical.data = reader.plain()?;
                    logical.header.odd_data = matches!(kind, Kind::Array | Kind::String);
                }
                _ => return logical.plain.member(key, reader),
            }
            Ok(true)
        })?;
        Ok(logical)
    }

    /// An object whose members are taken as they are; `None` for any other value.
    pub fn plain<F: Members<'t>>(&mut self) -> Result<Option<F>, Malformed> {
        if self.scanner.value_kind()? != Kind::Object {
            self.scanner.skip_value(self.depth)?;
            return Ok(None);
        }
        let mut fields = F::default();
        self.each_member(|key, reader| fields.member(key, reader))?;
        Ok(Some(fields))
    }

    fn each_member(
        &mut self,
        mut take: impl FnMut(&str, &mut Self) -> Result<bool, Malformed>,
    ) -> Result<(), Malformed> {
        if self.depth >= MAX_DEPTH {
            return Err(self.scanner.too_deep());
        }
        self.depth += 1;
        self.scanner.bump();
        self.scanner.skip_space();
        if self.scanner.peek() == Some(b'}') {
            self.scanner.bump();
        } else {
            loop {
                let (start, end) = self.scanner.skip_key()?;
                let token = &self.text[start..end];
                let inner = &token[1..token.len() - 1];
                let taken = if inner.contains('\\') {
                    let key: Cow<'_, str> = scan::decode_string(token);
                    take(&key, self)?
                } else {
                    take(inner, self)?
                };
                if !taken {
                    self.scanner.skip_value(self.depth)?;
                }
                if !self.scanner.another(b'}')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }
}
