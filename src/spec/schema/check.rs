//! Everything that is wrong with a document: what nova cannot load, what it misreads, what it does
//! not know.
//!
//! The walk follows nova's own hydration (`VersionedObject._obj_from_primitive` and the fields'
//! `from_primitive` and `coerce`); [`super::rules`] adds what happens after it. A text that real
//! nova loads gets no `Unloadable`.
//!
//! Imports its siblings, [`crate::spec::document`] and [`crate::spec::path`]; no I/O.

use std::borrow::Cow;
use std::collections::HashSet;

use super::problem::{Problem, Severity, shown};
use super::types::{FieldSchema, Kind, ObjectSchema, Version};
use super::version::{StoredVersion, header_problem};
use super::{object, rules, scalar};
use crate::spec::document::{
    self, CHANGES_KEY, DATA_KEY, Document, NAME_KEY, NAMESPACE_KEY, Node, VERSION_KEY,
};
use crate::spec::path::FieldPath;

/// More problems than this are not collected, so that a hostile text cannot fill the memory.
const MOST: usize = 500;

/// Python refuses to read an integer of more digits (`sys.get_int_max_str_digits`).
const MOST_DIGITS: usize = 4300;

/// All problems of a document, in document order, the rules about the whole spec last.
pub fn check(document: &Document) -> Vec<Problem> {
    let mut walk = Walk::default();
    let root = document.root();
    if let Some(spec) = object("RequestSpec") {
        walk.object(root, spec);
    }
    if root.envelope().is_some() {
        walk.problems.extend(rules::after_loading(document));
    }
    walk.problems
}

/// Problems of a new value for a place of that kind, stricter than nova: malformed UUIDs, unknown
/// keys and dates in another form than nova's are `Harmful` too.
pub(crate) fn check_value(kind: &Kind, nullable: bool, node: Node<'_>) -> Vec<Problem> {
    let mut walk = Walk { strict: true, ..Walk::default() };
    walk.value(node, kind, nullable);
    walk.problems
}

/// The problem of a row whose JSON names another instance than its column. nova takes the column.
pub fn check_instance(document: &Document, column: &str) -> Option<Problem> {
    let stored = document.root().field("instance_uuid")?;
    let same = stored.as_str().is_some_and(|uuid| uuid == column);
    (!same).then(|| Problem {
        severity: Severity::Notice,
        path: "instance_uuid".to_owned(),
        sentence: format!(
            "the text says {}, the row's column {column}; nova takes the column",
            shown(stored.raw())
        ),
    })
}

/// So many keys are compared with each other one by one; more go into a set.
const FEW_KEYS: usize = 24;

/// A step of a path; written only where there is something to report.
enum Step<'d> {
    Key(Cow<'d, str>),
    Index(usize),
}

#[derive(Default)]
struct Walk<'d> {
    problems: Vec<Problem>,
    path: Vec<Step<'d>>,
    strict: bool,
}

impl<'d> Walk<'d> {
    fn report(&mut self, severity: Severity, sentence: impl Into<String>) {
        if self.problems.len() < MOST {
            let path = FieldPath::of(self.path.iter().map(|step| match step {
                Step::Key(key) => key.clone().into_owned(),
                Step::Index(index) => index.to_string(),
            }));
            let path = path.to_string();
            self.problems.push(Problem { severity, path, sentence: sentence.into() });
        }
    }

    fn at(&mut self, key: impl Into<Cow<'d, str>>, visit: impl FnOnce(&mut Self)) {
        self.step(Step::Key(key.into()), visit);
    }

    fn step(&mut self, step: Step<'d>, visit: impl FnOnce(&mut Self)) {
        self.path.push(step);
        visit(self);
        self.path.pop();
    }

    /// The severity of what nova tolerates but no one should write.
    fn tolerated(&self) -> Severity {
        if self.strict { Severity::Harmful } else { Severity::Notice }
    }

    fn object(&mut self, node: Node<'d>, schema: &ObjectSchema) {
        if node.kind() != document::Kind::Object {
            let found = node.kind().describe();
            return self.report(Severity::Unloadable, format!("should be a {}, is {found}", schema.name));
        }
        self.duplicates(node);
        let raw = |key| node.get(key).map(|node| node.raw());
        let data = node.get(DATA_KEY);
        let (name, namespace, version) = (raw(NAME_KEY), raw(NAMESPACE_KEY), raw(VERSION_KEY));
        if let Some(problem) = header_problem(schema, name, namespace, version, data.is_some()) {
            return self.report(Severity::Unloadable, problem);
        }
        self.changes(node);
        let version = node.get(VERSION_KEY).and_then(|node| node.as_str()).unwrap_or_default();
        let stored = StoredVersion::of(&version, schema);
        if let StoredVersion::Odd(_) = stored {
            let sentence = format!("nova never wrote the version {version:?}");
            self.at(VERSION_KEY, |walk| walk.report(Severity::Harmful, sentence));
        }
        for child in node.children() {
            let key = child.key().unwrap_or_default();
            if ![NAME_KEY, NAMESPACE_KEY, VERSION_KEY, DATA_KEY, CHANGES_KEY].contains(&&*key) {
                let severity = self.tolerated();
                self.at(key, |walk| walk.report(severity, "an unknown key in the envelope; nova drops it"));
            }
        }
        match data {
            Some(data) if data.kind() == document::Kind::Object => {
                self.fields(data, schema, stored.version())
            }
            Some(data) => self.odd_data(data, schema),
            None => {}
        }
    }

    /// Data that is no object. nova only asks `name in data`: a list or a string in which no field
    /// is found gives an object without fields.
    fn odd_data(&mut self, data: Node<'d>, schema: &ObjectSchema) {
        let what = data.kind().describe();
        let names = || schema.fields.iter().map(|field| field.name);
        let finds_none = match data.kind() {
            document::Kind::Array => !data
                .children()
                .any(|item| item.as_str().is_some_and(|item| names().any(|name| name == item))),
            document::Kind::String => {
                data.as_str().is_some_and(|text| !names().any(|name| text.contains(name)))
            }
            _ => false,
        };
        self.at(DATA_KEY, |walk| match finds_none {
            true => walk.report(Severity::Harmful, format!("is {what}; nova finds no field in it")),
            false => walk.report(Severity::Unloadable, format!("should be an object, is {what}")),
        });
    }

    /// `nova_object.changes`: anything that can be iterated over will do, null will not; nova makes
    /// a set of it, in which lists and maps cannot be.
    fn changes(&mut self, node: Node<'d>) {
        let Some(changes) = node.get(CHANGES_KEY) else { return };
        let unhashable =
            |item: Node<'_>| matches!(item.kind(), document::Kind::Array | document::Kind::Object);
        let what = changes.kind().describe();
        let (severity, sentence) = match changes.kind() {
            document::Kind::Array if changes.children().any(unhashable) => {
                (Severity::Unloadable, "should hold names of fields only".to_owned())
            }
            document::Kind::Array => return,
            document::Kind::String | document::Kind::Object => {
                (Severity::Notice, format!("should be a list, is {what}"))
            }
            _ => (Severity::Unloadable, format!("should be a list or absent, is {what}")),
        };
        self.at(CHANGES_KEY, |walk| walk.report(severity, sentence));
    }

    fn fields(&mut self, data: Node<'d>, schema: &ObjectSchema, version: Option<Version>) {
        self.duplicates(data);
        for child in data.children() {
            let key = child.key().unwrap_or_default();
            match schema.field(&key) {
                Some(field) => self.at(key, |walk| walk.field(child, schema, field, version)),
                None => {
                    let severity = self.tolerated();
                    let sentence = format!("{} has no such field; nova drops it", schema.name);
                    self.at(key, |walk| walk.report(severity, sentence));
                }
            }
        }
    }

    fn field(
        &mut self,
        node: Node<'d>,
        schema: &ObjectSchema,
        field: &FieldSchema,
        version: Option<Version>,
    ) {
        if let Some(version) = version {
            if field.since > version {
                let sentence = format!("{} has this field since {} only", schema.name, field.since);
                self.report(self.tolerated(), sentence);
            }
            if let (Kind::Enum { values, any_case, aliases, .. }, Some(text)) = (&field.kind, node.as_str())
                && let Some(value) = scalar::enum_value(&text, values, *any_case, aliases)
                && value.since > version
                && field.since <= version
            {
                let sentence = format!("{} has the value {text:?} since {} only", schema.name, value.since);
                self.report(self.tolerated(), sentence);
            }
        }
        let nullable = field.nullable || null_means_default(schema.name, field.name);
        self.value(node, &field.kind, nullable);
    }

    fn value(&mut self, node: Node<'d>, kind: &Kind, nullable: bool) {
        if node.is_null() {
            if !nullable {
                self.report(Severity::Unloadable, "must not be null");
            }
            return;
        }
        match kind {
            Kind::Object(name) => {
                if let Some(schema) = object(name) {
                    self.object(node, schema);
                }
            }
            Kind::List(element) | Kind::Set(element) => self.list(node, element),
            Kind::Dict(element) => {
                if node.kind() != document::Kind::Object {
                    let sentence = format!("should be a map, is {}", node.kind().describe());
                    return self.report(Severity::Unloadable, sentence);
                }
                self.duplicates(node);
                for child in node.children() {
                    let key = child.key().unwrap_or_default();
                    self.at(key, |walk| walk.value(child, &element.kind, element.nullable));
                }
            }
            scalar => {
                if let Some((severity, sentence)) = scalar::fault(scalar, node) {
                    let severity = if severity == Severity::Notice { self.tolerated() } else { severity };
                    return self.report(severity, sentence);
                }
                let digits = node.raw().len();
                if node.kind() == document::Kind::Number
                    && digits > MOST_DIGITS
                    && scalar::is_integer_token(node.raw())
                {
                    self.report(Severity::Unloadable, format!("has {digits} digits, more than Python reads"));
                }
            }
        }
    }

    fn list(&mut self, node: Node<'d>, element: &Kind) {
        match node.kind() {
            document::Kind::Array => {
                for (index, child) in node.children().enumerate() {
                    self.step(Step::Index(index), |walk| walk.value(child, element, false));
                }
            }
            // Python iterates over strings and dictionaries as well: over characters and keys.
            document::Kind::String | document::Kind::Object => {
                let what = node.kind().describe();
                let characters = matches!(element, Kind::String | Kind::Uuid);
                if characters || node.is_empty() && matches!(node.raw(), "\"\"" | "{}") {
                    let sentence =
                        format!("should be a list; nova takes {what} apart, letter by letter or key by key");
                    return self.report(Severity::Harmful, sentence);
                }
                self.report(Severity::Unloadable, format!("should be a list, is {what}"));
            }
            other => self.report(Severity::Unloadable, format!("should be a list, is {}", other.describe())),
        }
    }

    fn duplicates(&mut self, node: Node<'d>) {
        let keys = || node.children().map(|child| child.key().unwrap_or_default());
        let mut twice = Vec::new();
        if node.children().nth(FEW_KEYS).is_none() {
            let few: Vec<_> = keys().collect();
            twice
                .extend((1..few.len()).filter(|at| few[..*at].contains(&few[*at])).map(|at| few[at].clone()));
        } else {
            let mut seen = HashSet::new();
            twice.extend(keys().filter(|key| !seen.insert(key.clone())));
        }
        for key in twice {
            self.at(key, |walk| {
                walk.report(Severity::Harmful, "the key stands here more than once; nova takes the last");
            });
        }
    }
}

/// Whether nova puts its default where a non-nullable field holds null (`Field._null`): the fields
/// that are declared with `default=`.
pub(super) fn null_means_default(object: &str, field: &str) -> bool {
    matches!(
        (object, field),
        ("RequestSpec", "num_instances")
            | ("InstancePCIRequest", "is_new")
            | ("Destination", "allow_cross_cell_move")
            | ("CellMapping", "disabled")
            | ("Flavor" | "ComputeNode" | "InstanceGroup" | "SecurityGroup", "deleted")
            | ("RequestGroup" | "RequestLevelParams", _)
    )
}

#[cfg(test)]
#[path = "check_tests.rs"]
pub(crate) mod tests;
