//! Paths to the logical fields of a spec: `flavor.extra_specs[hw:cpu_policy]`.
//!
//! The `nova_object.data` envelopes are skipped, so a path reads the same in every era. A segment
//! names a member of an object or, in a list, a position from 0. Segments that are not plain words
//! stand in brackets; one that holds `]` or `"` stands there as a JSON string.
//!
//! Imports [`super::document`] and [`super::scan`]; does no I/O.

use std::fmt;

use super::document::{Document, Kind, Node};
use super::scan;

/// A path from the root of a spec to one of its values. The empty path is the spec itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FieldPath {
    segments: Vec<String>,
}

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at character {at} of the path {text:?}")]
pub struct PathError {
    /// The text given.
    pub text: String,
    /// Position in characters, from 1.
    pub at: usize,
    /// What is wrong.
    pub reason: &'static str,
}

impl FieldPath {
    /// The path of the spec itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// A path of these segments.
    pub fn of<I: IntoIterator<Item = S>, S: Into<String>>(segments: I) -> Self {
        Self { segments: segments.into_iter().map(Into::into).collect() }
    }

    /// This path and one more segment.
    #[must_use]
    pub fn join(&self, segment: impl Into<String>) -> Self {
        let mut segments = self.segments.clone();
        segments.push(segment.into());
        Self { segments }
    }

    /// The segments, outermost first.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// The last segment.
    pub fn last(&self) -> Option<&str> {
        self.segments.last().map(String::as_str)
    }

    /// The path of the container.
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.segments.split_last()?;
        Some(Self { segments: rest.to_vec() })
    }

    /// Whether this is `other` or lies inside it.
    pub fn starts_with(&self, other: &FieldPath) -> bool {
        self.segments.starts_with(&other.segments)
    }

    /// The value at this path, if the document has it.
    pub fn resolve<'a>(&self, document: &'a Document) -> Option<Node<'a>> {
        self.segments.iter().try_fold(document.root(), |node, segment| step(node, segment))
    }

    /// The path of a node, envelopes skipped. Nodes of the envelope itself (its name, version, …)
    /// have none.
    pub fn of_node(node: Node<'_>) -> Option<Self> {
        let mut segments = Vec::new();
        let mut at = node;
        while let Some(parent) = at.parent() {
            if parent.envelope().is_some_and(|envelope| envelope.data.id() != at.id()) {
                return None;
            }
            let is_data = parent.envelope().is_some_and(|envelope| envelope.data.id() == at.id());
            if !is_data {
                segments.push(match at.key() {
                    Some(key) => key.into_owned(),
                    None => parent.children().position(|child| child.id() == at.id())?.to_string(),
                });
            }
            at = parent;
        }
        segments.reverse();
        Some(Self { segments })
    }
}

fn step<'a>(node: Node<'a>, segment: &str) -> Option<Node<'a>> {
    let node = node.fields();
    if node.kind() == Kind::Array { node.at(segment.parse().ok()?) } else { node.get(segment) }
}

/// The JSONPath of a node in the stored text, envelopes included, as SQL's JSON functions take it:
/// `$."nova_object.data".flavor`.
pub fn json_path(node: Node<'_>) -> String {
    let mut parts = Vec::new();
    let mut at = node;
    while let Some(parent) = at.parent() {
        parts.push(match at.key() {
            Some(key) if is_word(&key) => format!(".{key}"),
            Some(key) => format!(".{}", scan::encode_string(&key)),
            None => {
                let index = parent.children().position(|child| child.id() == at.id());
                format!("[{}]", index.unwrap_or(0))
            }
        });
        at = parent;
    }
    parts.push("$".to_owned());
    parts.reverse();
    parts.concat()
}

fn is_word(segment: &str) -> bool {
    let mut characters = segment.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || character == '_')
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.segments.iter().enumerate() {
            if is_word(segment) {
                if position > 0 {
                    f.write_str(".")?;
                }
                f.write_str(segment)?;
            } else if segment.is_empty()
                || segment.contains([']', '"', '\\'])
                || segment.chars().any(char::is_control)
            {
                write!(f, "[{}]", scan::encode_string(segment))?;
            } else {
                write!(f, "[{segment}]")?;
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for FieldPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let fail = |rest: &str, reason| PathError {
            text: text.to_owned(),
            at: text.chars().count() - rest.chars().count() + 1,
            reason,
        };
        let mut segments = Vec::new();
        let mut rest = text;
        if rest.is_empty() {
            return Err(fail(rest, "an empty path"));
        }
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (segment, after) =
                    bracketed(inner).ok_or_else(|| fail(rest, "a bracket that is not closed"))?;
                segments.push(segment);
                rest = after;
            } else {
                let word = match rest.strip_prefix('.') {
                    Some(word) if !segments.is_empty() => word,
                    Some(_) => return Err(fail(rest, "a leading dot")),
                    None if segments.is_empty() => rest,
                    None => return Err(fail(rest, "expected '.' or '['")),
                };
                let end = word.find(['.', '[']).unwrap_or(word.len());
                if end == 0 {
                    return Err(fail(word, "an empty segment"));
                }
                segments.push(word[..end].to_owned());
                rest = &word[end..];
            }
        }
        Ok(Self { segments })
    }
}

/// The segment after an opening bracket and what follows the closing one.
fn bracketed(inner: &str) -> Option<(String, &str)> {
    if !inner.starts_with('"') {
        let (segment, after) = inner.split_once(']')?;
        return Some((segment.to_owned(), after));
    }
    let mut scanner = scan::Scanner::new(inner.as_bytes());
    scanner.skip_scalar(Kind::String).ok()?;
    let after = inner[scanner.offset()..].strip_prefix(']')?;
    Some((scan::decode_string(&inner[..scanner.offset()]).into_owned(), after))
}
