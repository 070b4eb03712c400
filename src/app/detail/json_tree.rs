//! The JSON tab: a folding tree over the stored text. Rows are flat and point into the index of
//! the [`Document`]; only the children of open branches are materialised, so a 16 MB text opens
//! at once.
//!
//! Envelopes of nova's objects are looked through (the branch says `Flavor 1.2`) unless they hold
//! anything but their five keys, or the reader asks to see them.
//!
//! Imports `spec` and [`super::line`].

use std::borrow::Cow;

use crate::spec::document::{CHANGES_KEY, DATA_KEY, NAME_KEY, NAMESPACE_KEY, VERSION_KEY};
use crate::spec::path::json_path;
use crate::spec::text::masked_at;
use crate::spec::{Document, FieldPath, Kind, Node, NodeId};

use super::line::{DetailLine, Span, Tone};

/// At most so many rows are shown open at once; what does not fit stays folded.
const MOST_ROWS: usize = 500_000;

/// A visible value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    node: NodeId,
    depth: u16,
    open: bool,
    /// Position among its siblings, from 0.
    index: u32,
}

/// Members of a folded branch are counted up to so many: a draw stays quick on huge lists.
const MOST_COUNTED: usize = 10_000;

/// The folding state of a document's tree, and its cursor.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonTree {
    document: Document,
    rows: Vec<Row>,
    cursor: usize,
    envelopes: bool,
}

impl JsonTree {
    /// The tree of a document: the root open, all else folded.
    pub fn new(document: Document) -> Self {
        let mut tree = Self { document, rows: Vec::new(), cursor: 0, envelopes: false };
        tree.restart();
        tree
    }

    fn restart(&mut self) {
        self.rows = vec![Row { node: NodeId::ROOT, depth: 0, open: false, index: 0 }];
        self.cursor = 0;
        self.open(0);
    }

    /// Number of visible rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Never: the root is always there.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Position of the cursor among the visible rows.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Moves the cursor by so many rows, up to the ends.
    pub fn move_by(&mut self, rows: i32) {
        let target = (self.cursor as i64).saturating_add(i64::from(rows)).max(0);
        self.cursor = (target as usize).min(self.rows.len().saturating_sub(1));
    }

    /// Moves the cursor to a visible row.
    pub fn move_to(&mut self, row: usize) {
        self.cursor = row.min(self.rows.len().saturating_sub(1));
    }

    /// The value under the cursor.
    pub fn node(&self) -> Node<'_> {
        self.document.node(self.rows.get(self.cursor).map_or(NodeId::ROOT, |row| row.node))
    }

    /// Path of the value under the cursor, envelopes skipped; of a part of an envelope, that of
    /// its object.
    pub fn path(&self) -> FieldPath {
        let mut node = self.node();
        loop {
            if let Some(path) = FieldPath::of_node(node) {
                return path;
            }
            let Some(parent) = node.parent() else { return FieldPath::root() };
            node = parent;
        }
    }

    /// JSONPath of the value under the cursor in the stored text.
    pub fn json_path(&self) -> String {
        json_path(self.node())
    }

    /// The value under the cursor: a string's characters, else its token as stored.
    pub fn value(&self) -> String {
        let node = self.node();
        node.as_str().map_or_else(|| node.raw().to_owned(), |text| text.into_owned())
    }

    /// Opens or folds the branch under the cursor.
    pub fn toggle(&mut self) {
        match self.rows.get(self.cursor) {
            Some(row) if row.open => self.close(self.cursor),
            Some(_) => self.open(self.cursor),
            None => {}
        }
    }

    /// Folds the branch under the cursor, or goes to the branch that holds the value.
    pub fn fold(&mut self) {
        let Some(row) = self.rows.get(self.cursor).copied() else { return };
        if row.open {
            self.close(self.cursor);
        } else if let Some(above) = self.rows[..self.cursor].iter().rposition(|up| up.depth < row.depth) {
            self.cursor = above;
        }
    }

    /// Opens the branch under the cursor, or goes to its first value.
    pub fn unfold(&mut self) {
        let Some(row) = self.rows.get(self.cursor).copied() else { return };
        if row.open {
            let next = self.rows.get(self.cursor + 1);
            if next.is_some_and(|next| next.depth > row.depth) {
                self.cursor += 1;
            }
        } else {
            self.open(self.cursor);
        }
    }

    /// Folds all but the root.
    pub fn fold_all(&mut self) {
        let top = self.rows[..=self.cursor.min(self.rows.len().saturating_sub(1))]
            .iter()
            .rfind(|row| row.depth <= 1)
            .map(|row| row.node);
        self.restart();
        self.find(top);
    }

    /// Opens every branch, up to a number of rows that keeps memory bounded.
    pub fn unfold_all(&mut self) {
        let at = self.rows.get(self.cursor).map(|row| row.node);
        let mut rows = Vec::new();
        let mut stack = vec![(NodeId::ROOT, 0u16, 0u32)];
        while let Some((id, depth, index)) = stack.pop() {
            let node = self.document.node(id);
            let room = rows.len() + stack.len() < MOST_ROWS;
            let mut open = false;
            if room && matches!(node.kind(), Kind::Array | Kind::Object) {
                let from = stack.len();
                stack.extend(
                    self.children(node).zip(0..).map(|(child, index)| (child.id(), depth + 1, index)),
                );
                stack[from..].reverse();
                open = stack.len() > from;
            }
            rows.push(Row { node: id, depth, open, index });
        }
        self.rows = rows;
        self.cursor = 0;
        self.find(at);
    }

    /// Whether envelopes are shown.
    pub fn shows_envelopes(&self) -> bool {
        self.envelopes
    }

    /// Shows or hides the envelopes; folds all but the root.
    pub fn toggle_envelopes(&mut self) {
        let at = self.rows.get(self.cursor).map(|row| row.node);
        self.envelopes = !self.envelopes;
        self.restart();
        self.find(at);
    }

    fn find(&mut self, node: Option<NodeId>) {
        if let Some(row) = self.rows.iter().position(|row| Some(row.node) == node) {
            self.cursor = row;
        }
    }

    fn open(&mut self, at: usize) {
        let Some(row) = self.rows.get(at).copied() else { return };
        let depth = row.depth.saturating_add(1);
        let node = self.document.node(row.node);
        let room = MOST_ROWS.saturating_sub(self.rows.len());
        let children: Vec<Row> = self
            .children(node)
            .take(room)
            .zip(0..)
            .map(|(child, index)| Row { node: child.id(), depth, open: false, index })
            .collect();
        if children.is_empty() {
            return;
        }
        self.rows[at].open = true;
        self.rows.splice(at + 1..at + 1, children);
    }

    fn close(&mut self, at: usize) {
        let Some(depth) = self.rows.get(at).map(|row| row.depth) else { return };
        self.rows[at].open = false;
        let end = self.rows[at + 1..]
            .iter()
            .position(|row| row.depth <= depth)
            .map_or(self.rows.len(), |length| at + 1 + length);
        self.rows.drain(at + 1..end);
        if self.cursor > at {
            self.cursor = if self.cursor < end { at } else { self.cursor - (end - at - 1) };
        }
    }

    fn children<'d>(&self, node: Node<'d>) -> impl Iterator<Item = Node<'d>> + use<'d> {
        if !self.envelopes && is_plain_envelope(node) { node.fields().children() } else { node.children() }
    }

    /// The visible rows from `first` on, at most `height` of them, cut to `width` columns.
    pub fn lines(&self, first: usize, width: usize, height: usize) -> Vec<DetailLine> {
        let mut out = Vec::new();
        for (index, row) in self.rows.iter().enumerate().skip(first).take(height) {
            let mut line = self.line(*row, width);
            line.cursor = index == self.cursor;
            line.clip(width);
            out.push(line);
        }
        out
    }

    fn line(&self, row: Row, width: usize) -> DetailLine {
        let node = self.document.node(row.node);
        let branch = matches!(node.kind(), Kind::Array | Kind::Object) && !node.is_empty();
        // Deep rows keep half of the width for themselves.
        let indent = (usize::from(row.depth) * 2).min(width / 2);
        let marker = match (branch, row.open) {
            (false, _) => "  ",
            (true, true) => "▾ ",
            (true, false) => "▸ ",
        };
        let mut spans = vec![Span::new(format!("{}{marker}", " ".repeat(indent)), Tone::Muted)];
        let dim = is_envelope_part(node);
        if let Some(key) = node.key() {
            let key: String = key.chars().take(width).collect();
            spans.push(Span::new(key, if dim { Tone::Absent } else { Tone::Label }));
            spans.push(Span::new(": ", Tone::Muted));
        } else if node.id() != NodeId::ROOT {
            spans.push(Span::new(format!("{}: ", row.index), Tone::Muted));
        }
        match node.kind() {
            Kind::Array | Kind::Object => self.branch(node, row.open, width, &mut spans),
            kind => {
                let token: String = token(node).chars().take(width + 1).collect();
                spans.push(Span::new(token, if dim { Tone::Absent } else { tone(kind) }));
            }
        }
        DetailLine::of(spans)
    }

    fn branch(&self, node: Node<'_>, open: bool, width: usize, spans: &mut Vec<Span>) {
        let list = node.kind() == Kind::Array;
        if node.is_empty() {
            spans.push(Span::new(if list { "[]" } else { "{}" }, Tone::Muted));
            return;
        }
        if let Some(envelope) = node.envelope() {
            let version = envelope.version().unwrap_or_default();
            let name: String = envelope.name.chars().take(width).collect();
            spans.push(Span::new(format!("{name} {version} "), Tone::Title));
        }
        if open {
            return;
        }
        let (left, right) = if list { ("[", "]") } else { ("{", "}") };
        let count = self.children(node).take(MOST_COUNTED + 1).count();
        let more = if count > MOST_COUNTED { "+" } else { "" };
        let mut text = format!("{left}{}{more}{right} ", count.min(MOST_COUNTED));
        for (position, child) in self.children(node).take(12).enumerate() {
            if position > 0 {
                text.push_str(", ");
            }
            if let Some(key) = child.key() {
                text.extend(key.chars().take(width));
                text.push_str(": ");
            }
            match child.kind() {
                Kind::Array => text.push_str(if child.is_empty() { "[]" } else { "[…]" }),
                Kind::Object => text.push_str(if child.is_empty() { "{}" } else { "{…}" }),
                _ => text.extend(token(child).chars().take(width)),
            }
            if text.len() > width {
                break;
            }
        }
        spans.push(Span::new(text, Tone::Muted));
    }
}

/// A simple value as it is stored, but for passwords in URLs.
fn token(node: Node<'_>) -> Cow<'_, str> {
    match node.key() {
        Some(key) if node.kind() == Kind::String => masked_at(&key, node.raw()),
        _ => Cow::Borrowed(node.raw()),
    }
}

/// Whether nothing is lost by looking through an envelope: its five keys, each at most once, and
/// nova's namespace.
fn is_plain_envelope(node: Node<'_>) -> bool {
    if node.envelope().is_none_or(|envelope| envelope.version().is_none()) {
        return false;
    }
    let mut seen = [0usize; 5];
    for child in node.children() {
        let known = [NAME_KEY, NAMESPACE_KEY, VERSION_KEY, DATA_KEY, CHANGES_KEY];
        match known.iter().position(|key| child.key_is(key)) {
            Some(at) => seen[at] += 1,
            None => return false,
        }
    }
    seen.iter().all(|count| *count <= 1)
        && node.get(NAMESPACE_KEY).and_then(|node| node.as_str()).as_deref() == Some("nova")
}

fn is_envelope_part(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| {
        parent.envelope().is_some() && node.key().is_some_and(|key| key.starts_with("nova_object."))
    })
}

fn tone(kind: Kind) -> Tone {
    match kind {
        Kind::String => Tone::Value,
        Kind::Number => Tone::Number,
        _ => Tone::Word,
    }
}

#[cfg(test)]
#[path = "json_tree_tests.rs"]
mod tests;
