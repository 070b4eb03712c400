//! Where a path leads by the schema: to which field of which object, in which version, whether or
//! not the document has a value there.
//!
//! Imports its siblings, [`crate::spec::document`] and [`crate::spec::path`]; no I/O.

use super::object;
use super::types::{FieldSchema, Kind, ObjectSchema};
use super::version::StoredVersion;
use crate::spec::document::{
    self, CHANGES_KEY, DATA_KEY, Document, NAME_KEY, NAMESPACE_KEY, Node, VERSION_KEY,
};
use crate::spec::path::FieldPath;

/// The field that a place is, or lies in, with the object that holds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    pub object: &'static ObjectSchema,
    pub field: &'static FieldSchema,
    /// The stored version of the object.
    pub version: StoredVersion,
}

/// What a place is in its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The spec itself.
    Root,
    /// A field of an object.
    Field,
    /// An element of a list or set.
    Item,
    /// An entry of a map.
    Entry,
}

/// A path resolved by the schema.
#[derive(Debug, Clone)]
pub(crate) struct Place<'a> {
    pub kind: Kind,
    pub nullable: bool,
    pub role: Role,
    /// `None` for the root only.
    pub owner: Option<Owner>,
    /// What stands there now.
    pub node: Option<Node<'a>>,
    /// The JSON object or list that holds it, or would: data, map or list.
    pub container: Option<Node<'a>>,
    /// Why nothing at this place can be edited, if so.
    pub obstacle: Option<String>,
}

impl<'a> Place<'a> {
    /// Resolves a path.
    ///
    /// # Errors
    /// A sentence, where the schema knows no such place.
    pub fn of(document: &'a Document, path: &FieldPath) -> Result<Place<'a>, String> {
        let spec = object("RequestSpec").ok_or("the schema has no RequestSpec")?;
        let mut place = Place {
            kind: Kind::Object(spec.name),
            nullable: false,
            role: Role::Root,
            owner: None,
            node: Some(document.root()),
            container: None,
            obstacle: None,
        };
        for segment in path.segments() {
            place = place.step(segment)?;
        }
        Ok(place)
    }

    /// The object schema, where the place holds an object.
    pub fn object(&self) -> Option<&'static ObjectSchema> {
        match self.kind {
            Kind::Object(name) => object(name),
            _ => None,
        }
    }

    fn step(self, segment: &str) -> Result<Place<'a>, String> {
        match self.kind {
            Kind::Object(_) => self.into_field(segment),
            Kind::List(element) | Kind::Set(element) => {
                let index: usize =
                    segment.parse().map_err(|_| format!("{segment:?} is no position in a list"))?;
                let container = self.node.filter(|node| node.kind() == document::Kind::Array);
                Ok(Place {
                    kind: *element,
                    nullable: false,
                    role: Role::Item,
                    node: container.and_then(|list| list.at(index)),
                    container,
                    ..self
                })
            }
            Kind::Dict(element) => {
                let container = self.node.filter(|node| node.kind() == document::Kind::Object);
                Ok(Place {
                    kind: element.kind,
                    nullable: element.nullable,
                    role: Role::Entry,
                    node: container.and_then(|map| map.get(segment)),
                    container,
                    obstacle: self.obstacle.or_else(|| container.and_then(|map| duplicate(map, segment))),
                    owner: self.owner,
                })
            }
            _ => Err(format!("there is nothing inside {}", self.kind_word())),
        }
    }

    fn into_field(self, segment: &str) -> Result<Place<'a>, String> {
        let schema = self.object().ok_or_else(|| "an object that is not known".to_owned())?;
        if [NAME_KEY, NAMESPACE_KEY, VERSION_KEY, DATA_KEY, CHANGES_KEY].contains(&segment) {
            return Err("the keys of an envelope are not edited".to_owned());
        }
        let field =
            schema.field(segment).ok_or_else(|| format!("{} has no field {segment:?}", schema.name))?;
        let node = self.node.filter(|node| !node.is_null());
        let mut version = StoredVersion::Known(schema.version);
        let mut obstacle = self.obstacle;
        let mut container = None;
        if let Some(node) = node {
            match node.envelope() {
                Some(envelope) => {
                    let text = envelope.version().unwrap_or_default();
                    version = StoredVersion::of(&text, schema);
                    container = Some(envelope.data);
                    obstacle = obstacle
                        .or_else(|| wrong_object(&envelope.name, schema))
                        .or_else(|| version.problem(&text, schema))
                        .or_else(|| {
                            [NAME_KEY, VERSION_KEY, DATA_KEY].iter().find_map(|key| duplicate(node, key))
                        })
                        .or_else(|| duplicate(envelope.data, segment));
                }
                None => {
                    let sentence = format!("{} stands without its envelope", schema.name);
                    obstacle = obstacle.or(Some(sentence));
                }
            }
        }
        Ok(Place {
            kind: field.kind,
            nullable: field.nullable,
            role: Role::Field,
            owner: Some(Owner { object: schema, field, version }),
            node: container.and_then(|data| data.get(segment)),
            container,
            obstacle,
        })
    }

    /// The word for messages.
    pub fn kind_word(&self) -> &'static str {
        kind_word(&self.kind)
    }
}

/// What a field of that kind holds, for messages: "an integer".
pub fn kind_word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Boolean | Kind::FlexibleBoolean => "true or false",
        Kind::Integer => "an integer",
        Kind::NonNegativeInteger => "an integer of 0 or more",
        Kind::Float | Kind::NonNegativeFloat => "a number",
        Kind::String => "a string",
        Kind::Uuid => "a UUID",
        Kind::DateTime => "a date",
        Kind::IpAddress => "an IP address",
        Kind::VersionPredicate => "version comparisons",
        Kind::Enum { .. } => "a value of a list",
        Kind::Object(_) => "an object",
        Kind::List(_) => "a list",
        Kind::Set(_) => "a set",
        Kind::Dict(_) => "a map",
    }
}

fn wrong_object(name: &str, schema: &ObjectSchema) -> Option<String> {
    (name != schema.name).then(|| format!("the object is a {name:?}, not a {}", schema.name))
}

fn duplicate(node: Node<'_>, key: &str) -> Option<String> {
    (node.children().filter(|child| child.key_is(key)).count() > 1)
        .then(|| format!("the key {key:?} stands there more than once; edit the raw text"))
}
