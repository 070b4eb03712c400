//! The demands of a spec: one line for each field that says something to the scheduler or the
//! hypervisor, with its meaning in a few words and the place where it bites.
//!
//! Imports `spec` and its siblings; does no I/O.

use std::borrow::Cow;

use crate::spec::text::{masked_json, masked_value};
use crate::spec::{Document, FieldPath, Kind, Node};

use super::{flavor, image, request, topology};

/// The tab of the detail panel a constraint is listed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tab {
    /// Zone, hosts, destination, hints, group, limits.
    Filters,
    /// Sizes and extra specs.
    Flavor,
    /// The image and its properties.
    Image,
    /// NUMA cells and PCI requests.
    Topology,
}

/// How much a line weighs for the scheduling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weight {
    /// Narrows the choice of hosts, or claims something of them.
    Demand,
    /// Shapes the guest, or is read elsewhere; no host is rejected for it.
    Setting,
    /// Null, empty or the default: nothing is demanded.
    Nothing,
    /// Nova knows nothing by that name.
    Unknown,
    /// Nova will do something with it that hardly anyone wants.
    Trap,
}

/// One thing that a spec says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Where it is listed.
    pub tab: Tab,
    /// Path of the field, `flavor.extra_specs[hw:cpu_policy]`; empty for a heading.
    pub source: String,
    /// Short name of the field within its tab, `hw:cpu_policy`.
    pub label: String,
    /// The value for people, not escaped; empty where there is none.
    pub value: String,
    /// What it means, a few words.
    pub meaning: String,
    /// What enforces it: a scheduler filter, a pre-filter, placement, the hypervisor.
    pub bites: Option<String>,
    /// How much it weighs.
    pub weight: Weight,
}

impl Constraint {
    pub(super) fn new(
        tab: Tab,
        path: &FieldPath,
        label: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        Self {
            tab,
            source: path.to_string(),
            label: label.into(),
            value: shorten(value.into()),
            meaning: String::new(),
            bites: None,
            weight: Weight::Setting,
        }
    }

    pub(super) fn says(mut self, weight: Weight, meaning: impl Into<String>) -> Self {
        self.weight = weight;
        self.meaning = meaning.into();
        self
    }

    pub(super) fn bites(mut self, at: impl Into<String>) -> Self {
        self.bites = Some(at.into());
        self
    }
}

/// Meaning of one value of a key, as the tables of known keys give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// A few words.
    pub meaning: Cow<'static, str>,
    /// What enforces it.
    pub bites: Option<Cow<'static, str>>,
    /// How much it weighs.
    pub weight: Weight,
}

pub(super) fn demand(meaning: impl Into<Cow<'static, str>>, bites: impl Into<Cow<'static, str>>) -> Said {
    Said { meaning: meaning.into(), bites: Some(bites.into()), weight: Weight::Demand }
}

pub(super) fn setting(meaning: impl Into<Cow<'static, str>>) -> Said {
    Said { meaning: meaning.into(), bites: None, weight: Weight::Setting }
}

pub(super) fn nothing(meaning: impl Into<Cow<'static, str>>) -> Said {
    Said { meaning: meaning.into(), bites: None, weight: Weight::Nothing }
}

pub(super) fn trap(meaning: impl Into<Cow<'static, str>>, bites: impl Into<Cow<'static, str>>) -> Said {
    Said { meaning: meaning.into(), bites: Some(bites.into()), weight: Weight::Trap }
}

pub(super) fn unknown(meaning: impl Into<Cow<'static, str>>) -> Said {
    Said { meaning: meaning.into(), bites: None, weight: Weight::Unknown }
}

impl Said {
    pub(super) fn about(self, mut constraint: Constraint) -> Constraint {
        constraint.meaning = self.meaning.into_owned();
        constraint.bites = self.bites.map(Cow::into_owned);
        constraint.weight = self.weight;
        constraint
    }
}

/// Everything a spec says, in the order of the tabs and, within one, of the stored text. Fields
/// that are null stand there with [`Weight::Nothing`]; fields the row does not have are left out.
pub fn constraints(document: &Document) -> Vec<Constraint> {
    let mut out = Vec::new();
    let root = document.root();
    if root.kind() != Kind::Object {
        return out;
    }
    request::constraints(root, &mut out);
    flavor::constraints(root, &mut out);
    image::constraints(root, &mut out);
    topology::constraints(root, &mut out);
    out
}

/// A value for people: strings without quotes, lists as `a, b`, objects by their token; URLs without
/// their passwords.
pub fn show(node: Node<'_>) -> String {
    match node.kind() {
        Kind::String => {
            let (key, text) = (node.key().unwrap_or_default(), node.as_str().unwrap_or_default());
            masked_value(&key, &text).into_owned()
        }
        Kind::Null => String::new(),
        Kind::Array => node.children().take(LONGEST).map(show).collect::<Vec<_>>().join(", "),
        Kind::Object => shorten(masked_json(node.raw()).chars().take(LONGEST + 1).collect()),
        Kind::Bool | Kind::Number => node.raw().to_owned(),
    }
}

/// Values are shown up to so many characters: a row may hold 16 MB of anything.
const LONGEST: usize = 2_000;

/// So many members of a map or list are explained, for the same reason.
pub(super) const MOST: usize = 5_000;

fn shorten(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Whether Python takes the value for false: null, `false`, 0, an empty string or container.
pub(super) fn is_falsy(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::Null => true,
        Kind::Bool => node.as_bool() == Some(false),
        Kind::Number => matches!(node.raw().trim_start_matches('-'), "0" | "0.0"),
        Kind::String => node.raw().len() == 2,
        Kind::Array => node.is_empty(),
        // An envelope is an object to Python, whatever it holds.
        Kind::Object => node.envelope().is_none() && node.is_empty(),
    }
}

/// What nova's `strutils.bool_from_string` takes for true.
pub(super) fn is_true(value: &str) -> bool {
    matches!(value.trim().to_ascii_lowercase().as_str(), "1" | "t" | "true" | "on" | "y" | "yes")
}

pub(super) fn plural(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

#[cfg(test)]
#[path = "constraint_tests.rs"]
mod tests;
