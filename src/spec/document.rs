//! The stored text of a RequestSpec and a span index over it.
//!
//! The text is the truth: a document is never re-serialised. [`Document::parse`] accepts what
//! Python's `json.loads` accepts (`NaN` and `Infinity` included, integers of any size, duplicate
//! keys with the last one winning) and refuses what it refuses (a byte order mark, raw control
//! characters inside strings, trailing data), because that is what nova does with the row.
//!
//! The index is a flat table in document order: the descendants of a node follow it directly, and
//! each node knows where its subtree ends. It holds byte ranges only, no copies of the text.
//!
//! Imports nothing of ours but [`super::scan`]; does no I/O.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::scan::{self, Scanner};

/// The longest text that is indexed: MySQL's MEDIUMTEXT, the widest column nova ever used, in bytes.
pub const MAX_TEXT: usize = 16_777_215;

/// Nesting deeper than this is refused. Python's own decoder gives up near 1,000 levels; no nova
/// object comes near either figure.
pub const MAX_DEPTH: usize = 512;

/// Key of an oslo.versionedobjects envelope: the object's type.
pub const NAME_KEY: &str = "nova_object.name";
/// Key of an oslo.versionedobjects envelope: always `nova`.
pub const NAMESPACE_KEY: &str = "nova_object.namespace";
/// Key of an oslo.versionedobjects envelope: the object's version, a string such as `1.15`.
pub const VERSION_KEY: &str = "nova_object.version";
/// Key of an oslo.versionedobjects envelope: the fields.
pub const DATA_KEY: &str = "nova_object.data";
/// Key of an oslo.versionedobjects envelope: names of the changed fields, absent when there are none.
pub const CHANGES_KEY: &str = "nova_object.changes";

/// Why a stored text is not a JSON document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct Malformed {
    /// Byte offset into the stored text.
    pub offset: usize,
    /// What is wrong, without the position.
    pub reason: Cow<'static, str>,
}

impl Malformed {
    /// An error at a byte offset.
    pub fn new(offset: usize, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { offset, reason: reason.into() }
    }

    /// Line and column (both from 1, the column in characters) of the error in `text`.
    pub fn position(&self, text: &[u8]) -> (usize, usize) {
        let before = &text[..self.offset.min(text.len())];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        (line, String::from_utf8_lossy(&before[line_start..]).chars().count() + 1)
    }
}

/// What kind of JSON value a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number token, `NaN` and the infinities included.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object, enveloped or plain.
    Object,
}

impl Kind {
    /// The word for messages: "a string", "null".
    pub fn describe(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool => "a boolean",
            Kind::Number => "a number",
            Kind::String => "a string",
            Kind::Array => "a list",
            Kind::Object => "an object",
        }
    }
}

/// Position of a node in the index; stable for the life of its [`Document`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The root of every document.
    pub const ROOT: NodeId = NodeId(0);

    /// The id as a table position.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Span of the key with its quotes; empty for the root and for list elements.
    key: (u32, u32),
    value: (u32, u32),
    /// Index of the first node after this one's subtree.
    subtree_end: u32,
    parent: u32,
    kind: Kind,
}

/// A stored text with its span index. Cheap to clone (shared).
#[derive(Clone)]
pub struct Document {
    text: Arc<str>,
    entries: Arc<[Entry]>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("bytes", &self.text.len())
            .field("nodes", &self.entries.len())
            .finish()
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Document {}

impl Document {
    /// Index a stored text.
    ///
    /// # Errors
    /// [`Malformed`] with the byte offset: not UTF-8, not JSON as Python reads it, longer than
    /// [`MAX_TEXT`] or nested deeper than [`MAX_DEPTH`].
    pub fn parse(text: &[u8]) -> Result<Document, Malformed> {
        let text = readable(text)?;
        let entries = Indexer::new(text).run()?;
        Ok(Document { text: Arc::from(text), entries: entries.into() })
    }

    /// As [`Document::parse`], for text already known to be UTF-8.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_str(text: &str) -> Result<Document, Malformed> {
        Self::parse(text.as_bytes())
    }

    /// The stored text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The stored text, shared.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// Number of nodes in the index.
    pub fn node_count(&self) -> usize {
        self.entries.len()
    }

    /// The root value.
    pub fn root(&self) -> Node<'_> {
        self.node(NodeId::ROOT)
    }

    /// The node with that id. Ids come from this document; an id of another one gives an
    /// unspecified node, or the root where it is out of range.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        let id = if id.index() < self.entries.len() { id } else { NodeId::ROOT };
        Node { document: self, id }
    }
}

/// The text of a row, if it can be a document at all.
pub(super) fn readable(bytes: &[u8]) -> Result<&str, Malformed> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Malformed::new(error.valid_up_to(), "the text is not UTF-8"))?;
    if text.len() > MAX_TEXT {
        let reason = format!("the text has {} bytes, more than {MAX_TEXT}", text.len());
        return Err(Malformed::new(0, reason));
    }
    if text.is_empty() {
        return Err(Malformed::new(0, "the text is empty"));
    }
    if text.starts_with('\u{feff}') {
        return Err(Malformed::new(0, "the text begins with a byte order mark"));
    }
    Ok(text)
}

/// One value of a document, borrowed.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    document: &'a Document,
    id: NodeId,
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({} at {:?})", self.kind().describe(), self.span())
    }
}

impl<'a> Node<'a> {
    fn entry(&self) -> &'a Entry {
        &self.document.entries[self.id.index()]
    }

    /// Position in the index.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// The document it belongs to.
    pub fn document(&self) -> &'a Document {
        self.document
    }

    /// Kind of the value.
    pub fn kind(&self) -> Kind {
        self.entry().kind
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }

    /// Byte range of the value's token in the text.
    pub fn span(&self) -> Range<usize> {
        let (start, end) = self.entry().value;
        start as usize..end as usize
    }

    /// The value's text, as stored.
    pub fn raw(&self) -> &'a str {
        &self.document.text[self.span()]
    }

    /// Byte range of the key with its quotes, for members of objects.
    pub fn key_span(&self) -> Option<Range<usize>> {
        let (start, end) = self.entry().key;
        (end > start).then_some(start as usize..end as usize)
    }

    /// The decoded key, for members of objects.
    pub fn key(&self) -> Option<Cow<'a, str>> {
        self.key_span().map(|span| scan::decode_string(&self.document.text[span]))
    }

    /// The container this value stands in.
    pub fn parent(&self) -> Option<Node<'a>> {
        (self.id != NodeId::ROOT).then(|| self.document.node(NodeId(self.entry().parent)))
    }

    /// Members or elements in stored order (empty for scalars). Duplicate keys all appear.
    pub fn children(&self) -> Children<'a> {
        Children { document: self.document, next: self.id.0 + 1, end: self.entry().subtree_end }
    }

    /// Number of members or elements.
    pub fn len(&self) -> usize {
        self.children().count()
    }

    /// Whether it has no members or elements.
    pub fn is_empty(&self) -> bool {
        self.children().next().is_none()
    }

    /// The member of that name; of duplicates the last, as Python reads them.
    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        if self.kind() != Kind::Object {
            return None;
        }
        self.children().filter(|child| child.key_is(key)).last()
    }

    /// The element at that position of a list.
    pub fn at(&self, index: usize) -> Option<Node<'a>> {
        if self.kind() == Kind::Array { self.children().nth(index) } else { None }
    }

    /// Whether the member's decoded key is `key`.
    pub fn key_is(&self, key: &str) -> bool {
        let Some(span) = self.key_span() else { return false };
        let raw = &self.document.text[span.start + 1..span.end - 1];
        if raw.contains('\\') { self.key().as_deref() == Some(key) } else { raw == key }
    }

    /// The decoded string, if it is one. Lone surrogates become U+FFFD.
    pub fn as_str(&self) -> Option<Cow<'a, str>> {
        (self.kind() == Kind::String).then(|| scan::decode_string(self.raw()))
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.raw() == "true")
    }

    /// The integer, if the token is one that fits. Larger ones keep their token ([`Node::raw`]).
    pub fn as_i64(&self) -> Option<i64> {
        if self.kind() == Kind::Number { self.raw().parse().ok() } else { None }
    }

    /// The object inside an oslo.versionedobjects envelope, if this is one.
    pub fn envelope(&self) -> Option<Envelope<'a>> {
        let data = self.get(DATA_KEY)?;
        let name = self.get(NAME_KEY)?.as_str()?;
        (data.kind() == Kind::Object).then_some(Envelope { node: *self, name, data })
    }

    /// The node whose members are the logical fields: the envelope's data, or the node itself.
    pub fn fields(&self) -> Node<'a> {
        self.envelope().map_or(*self, |envelope| envelope.data)
    }

    /// The logical field of that name: envelopes are looked through.
    pub fn field(&self, key: &str) -> Option<Node<'a>> {
        self.fields().get(key)
    }
}

/// An oslo.versionedobjects object: envelope and data.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// The whole envelope.
    pub node: Node<'a>,
    /// `nova_object.name`.
    pub name: Cow<'a, str>,
    /// `nova_object.data`.
    pub data: Node<'a>,
}

impl<'a> Envelope<'a> {
    /// `nova_object.version` as stored, if it is a string.
    pub fn version(&self) -> Option<Cow<'a, str>> {
        self.node.get(VERSION_KEY)?.as_str()
    }
}

/// Iterator over the members of an object or the elements of a list.
#[derive(Debug, Clone)]
pub struct Children<'a> {
    document: &'a Document,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        if self.next >= self.end {
            return None;
        }
        let node = Node { document: self.document, id: NodeId(self.next) };
        self.next = node.entry().subtree_end;
        Some(node)
    }
}

/// Builds the index in one pass with an explicit stack: hostile nesting cannot exhaust ours.
struct Indexer<'t> {
    scanner: Scanner<'t>,
    entries: Vec<Entry>,
    open: Vec<u32>,
}

impl<'t> Indexer<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            scanner: Scanner::new(text.as_bytes()),
            entries: Vec::with_capacity(text.len() / 24 + 4),
            open: Vec::with_capacity(16),
        }
    }

    fn run(mut self) -> Result<Vec<Entry>, Malformed> {
        let mut key = (0, 0);
        self.scanner.skip_space();
        loop {
            // A value stands here.
            let opened = self.value(key)?;
            if opened {
                // First member or element, or the end of an empty container.
                self.scanner.skip_space();
                if self.scanner.peek() == Some(self.closer()) {
                    self.scanner.bump();
                    self.close();
                } else {
                    key = self.key_if_object()?;
                    continue;
                }
            }
            // A value is complete: separators and ends of containers until the next value.
            loop {
                self.scanner.skip_space();
                if self.open.is_empty() {
                    return self.finish();
                }
                if self.scanner.another(self.closer())? {
                    key = self.key_if_object()?;
                    break;
                }
                self.close();
            }
        }
    }

    /// Reads a scalar, or opens a container; true if one was opened.
    fn value(&mut self, key: (u32, u32)) -> Result<bool, Malformed> {
        let start = self.scanner.offset();
        let kind = self.scanner.value_kind()?;
        let id = self.entries.len() as u32;
        let parent = self.open.last().copied().unwrap_or(0);
        let opened = matches!(kind, Kind::Array | Kind::Object);
        if opened {
            if self.open.len() >= MAX_DEPTH {
                return Err(self.scanner.too_deep());
            }
            self.scanner.bump();
            self.open.push(id);
        } else {
            self.scanner.skip_scalar(kind)?;
        }
        let end = self.scanner.offset();
        let value = (start as u32, end as u32);
        self.entries.push(Entry { key, value, subtree_end: id + 1, parent, kind });
        Ok(opened)
    }

    fn closer(&self) -> u8 {
        match self.open.last() {
            Some(&id) if self.entries[id as usize].kind == Kind::Object => b'}',
            _ => b']',
        }
    }

    fn close(&mut self) {
        if let Some(id) = self.open.pop() {
            let subtree_end = self.entries.len() as u32;
            let entry = &mut self.entries[id as usize];
            entry.value.1 = self.scanner.offset() as u32;
            entry.subtree_end = subtree_end;
        }
    }

    fn key_if_object(&mut self) -> Result<(u32, u32), Malformed> {
        if self.closer() != b'}' {
            return Ok((0, 0));
        }
        let (start, end) = self.scanner.skip_key()?;
        Ok((start as u32, end as u32))
    }

    fn finish(self) -> Result<Vec<Entry>, Malformed> {
        if self.scanner.peek().is_some() {
            return Err(self.scanner.error("more text after the end of the document"));
        }
        Ok(self.entries)
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
