//! Reading fields by type, and the macro that declares a view by its plain fields.
//!
//! Imports [`crate::spec::document`]; no I/O.

use std::borrow::Cow;

use crate::spec::document::{Kind, Node};

/// Fields of a node, through its envelope, by type.
pub(super) trait Read<'a> {
    /// A string, or a number or boolean as it is written: nova reads those as strings.
    fn text(&self, name: &str) -> Option<Cow<'a, str>>;
    /// An integer token that fits.
    fn integer(&self, name: &str) -> Option<i64>;
    /// A number.
    fn number(&self, name: &str) -> Option<f64>;
    /// A boolean, or a string that nova's FlexibleBoolean understands.
    fn boolean(&self, name: &str) -> Option<bool>;
    /// A list of strings; a single string is a list of one.
    fn texts(&self, name: &str) -> Vec<Cow<'a, str>>;
    /// A set of integers, sorted.
    fn integers(&self, name: &str) -> Vec<i64>;
    /// A map, in stored order; null values are left out.
    fn map(&self, name: &str) -> Vec<(Cow<'a, str>, Cow<'a, str>)>;
    /// An object; `None` for null and anything else.
    fn object(&self, name: &str) -> Option<Node<'a>>;
    /// A list of objects.
    fn objects(&self, name: &str) -> Objects<'a>;
}

impl<'a> Read<'a> for Node<'a> {
    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        text_of(self.field(name)?)
    }

    fn integer(&self, name: &str) -> Option<i64> {
        self.field(name)?.as_i64()
    }

    fn number(&self, name: &str) -> Option<f64> {
        let node = self.field(name)?;
        if node.kind() == Kind::Number { node.raw().parse().ok() } else { None }
    }

    fn boolean(&self, name: &str) -> Option<bool> {
        let node = self.field(name)?;
        node.as_bool().or_else(|| match node.as_str()?.trim().to_lowercase().as_str() {
            "1" | "t" | "true" | "on" | "y" | "yes" => Some(true),
            _ => Some(false),
        })
    }

    fn texts(&self, name: &str) -> Vec<Cow<'a, str>> {
        self.field(name).map(texts_of).unwrap_or_default()
    }

    fn integers(&self, name: &str) -> Vec<i64> {
        let mut numbers: Vec<i64> = match self.field(name) {
            Some(list) if list.kind() == Kind::Array => {
                list.children().filter_map(|item| item.as_i64()).collect()
            }
            _ => Vec::new(),
        };
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    fn map(&self, name: &str) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let Some(map) = self.field(name).filter(|map| map.kind() == Kind::Object) else {
            return Vec::new();
        };
        map.children().filter_map(|entry| Some((entry.key()?, text_of(entry)?))).collect()
    }

    fn object(&self, name: &str) -> Option<Node<'a>> {
        self.field(name).filter(|node| node.kind() == Kind::Object)
    }

    fn objects(&self, name: &str) -> Objects<'a> {
        let list = self.field(name).filter(|list| list.kind() == Kind::Array);
        let items = list.into_iter().flat_map(|list| list.children());
        Objects(items.filter(|item| item.kind() == Kind::Object).collect())
    }
}

/// Objects of a list, to be viewed.
#[derive(Default)]
pub(super) struct Objects<'a>(Vec<Node<'a>>);

impl<'a> Objects<'a> {
    pub fn map<V>(self, view: impl FnMut(Node<'a>) -> V) -> Vec<V> {
        self.0.into_iter().map(view).collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Node<'a>> {
        self.0.iter()
    }
}

pub(super) fn text_of(node: Node<'_>) -> Option<Cow<'_, str>> {
    match node.kind() {
        Kind::String => node.as_str(),
        Kind::Number | Kind::Bool => Some(Cow::Borrowed(node.raw())),
        _ => None,
    }
}

pub(super) fn texts_of(node: Node<'_>) -> Vec<Cow<'_, str>> {
    match node.kind() {
        Kind::Array => node.children().filter_map(text_of).collect(),
        _ => text_of(node).into_iter().collect(),
    }
}

/// The result type of a reading.
macro_rules! read_type {
    (text) => { Option<std::borrow::Cow<'a, str>> };
    (integer) => { Option<i64> };
    (number) => { Option<f64> };
    (boolean) => { Option<bool> };
    (texts) => { Vec<std::borrow::Cow<'a, str>> };
    (integers) => { Vec<i64> };
    (map) => { Vec<(std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)> };
}

/// Declares views: a borrowed node with one method for each plain field.
macro_rules! views {
    ($($(#[$about:meta])* $view:ident { $($(#[$doc:meta])* $name:ident: $how:ident,)* })*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy)]
        pub struct $view<'a> {
            node: $crate::spec::document::Node<'a>,
        }

        impl<'a> $view<'a> {
            #[allow(dead_code, reason = "the spec's own view is made from a document")]
            pub(super) fn new(node: $crate::spec::document::Node<'a>) -> Self {
                Self { node }
            }

            /// The object in the document: its envelope, unless it stands without one.
            pub fn node(&self) -> $crate::spec::document::Node<'a> {
                self.node
            }

            /// The stored version of the object, where it is a version.
            pub fn version(&self) -> Option<$crate::spec::schema::Version> {
                self.node.envelope()?.version()?.parse().ok()
            }

            $(
                $(#[$doc])*
                pub fn $name(&self) -> $crate::spec::view::read::read_type!($how) {
                    $crate::spec::view::read::Read::$how(&self.node, stringify!($name))
                }
            )*
        }
    )*};
}

pub(super) use {read_type, views};
