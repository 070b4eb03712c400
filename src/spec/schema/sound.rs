//! Whether a text is certainly without a problem, told in one pass without an index: for passes over a million rows.
//!
//! [`sound`] accepts only what it knows to be right: Python's own layout, envelopes and fields in nova's
//! order, values in their plain forms. What it accepts, [`super::check()`] has nothing to say of (a
//! property test holds the two together); what it does not accept may be right all the same.
//!
//! Objects that many specs share are recognised (`known`). Imports its siblings and [`crate::spec::scan`]; no I/O.

use memchr::memmem;

use super::check::null_means_default;
use super::scalar::{is_integer_token, is_uuid, is_version_predicate};
use super::types::{FieldSchema, Kind, ObjectSchema, Version, v};
use super::{date, known, object};
use crate::spec::document::{self, MAX_TEXT};
use crate::spec::scan::Scanner;

/// More entries of one map than this are not compared with each other.
const MOST_ENTRIES: usize = 64;
/// Fields of a spec, or of a flavor, for which there is room at once.
const MOST_FIELDS: usize = 24;
/// No object of nova nests deeper.
const MOST_DEPTH: usize = 12;

/// The fields of a spec, as stored.
#[derive(Debug, Clone, Default)]
pub struct Sound<'t> {
    /// `nova_object.version` of the RequestSpec.
    pub version: Option<Version>,
    fields: Vec<(&'static str, &'t str)>,
}

impl<'t> Sound<'t> {
    /// Its logical fields in stored order, each with its exact text.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &'t str)> + '_ {
        self.fields.iter().copied()
    }

    fn get(&self, name: &str) -> Option<&'t str> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, raw)| *raw)
    }
}

/// The fields of a spec without a problem; None where that is not certain.
pub fn sound(text: &str) -> Option<Sound<'_>> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let mut walk =
        Walk { text, scanner: Scanner::new(text.as_bytes()), sound: Sound::default(), seen: Seen::default() };
    walk.sound.fields.reserve_exact(MOST_FIELDS);
    walk.seen.flavor.reserve_exact(MOST_FIELDS);
    walk.object(object("RequestSpec")?, 0)?;
    let whole = walk.scanner.offset() == text.len();
    (whole && walk.after_loading()).then_some(walk.sound)
}

/// What the rules about the whole spec go by.
#[derive(Default)]
struct Seen<'t> {
    flavor: Vec<(&'static str, &'t str)>,
    group_uuid: Option<&'t str>,
    has_cells: bool,
    cells: usize,
}

struct Walk<'t> {
    text: &'t str,
    scanner: Scanner<'t>,
    sound: Sound<'t>,
    seen: Seen<'t>,
}

impl<'t> Walk<'t> {
    /// Past these exact bytes.
    fn literal(&mut self, bytes: &str) -> Option<()> {
        let at = self.scanner.offset();
        self.text
            .as_bytes()
            .get(at..)?
            .starts_with(bytes.as_bytes())
            .then(|| self.scanner.advance(bytes.len()))
    }

    /// Past a string without escapes; what stands between its quotes.
    fn plain(&mut self) -> Option<&'t str> {
        let token = self.string()?;
        let inner = token.get(1..token.len() - 1)?;
        (!inner.as_bytes().contains(&b'\\')).then_some(inner)
    }

    fn string(&mut self) -> Option<&'t str> {
        let start = self.scanner.offset();
        if self.scanner.peek() != Some(b'"') {
            return None;
        }
        self.scanner.skip_scalar(document::Kind::String).ok()?;
        self.text.get(start..self.scanner.offset())
    }

    fn object(&mut self, schema: &'static ObjectSchema, depth: usize) -> Option<()> {
        if depth > MOST_DEPTH {
            return None;
        }
        self.literal("{\"nova_object.name\": \"")?;
        self.literal(schema.name)?;
        self.literal("\", \"nova_object.namespace\": \"nova\", \"nova_object.version\": \"")?;
        let version = self.version(schema)?;
        self.literal("\", \"nova_object.data\": {")?;
        let name = schema.name;
        // What the rules ask of a NUMA cell: both sets, in the form of nova 22 and later.
        let mut sets = 0;
        if self.scanner.peek() == Some(b'}') {
            self.scanner.bump();
        } else {
            let mut fields = schema.fields.iter();
            loop {
                let key = self.plain()?;
                // In nova's order no key can stand twice.
                let field = fields.find(|field| field.name == key)?;
                self.literal(": ")?;
                let start = self.scanner.offset();
                self.field(field, schema, version, depth)?;
                let raw = self.text.get(start..self.scanner.offset())?;
                match name {
                    "RequestSpec" if depth == 0 => self.sound.fields.push((field.name, raw)),
                    "Flavor" => self.seen.flavor.push((field.name, raw)),
                    "InstanceGroup" if field.name == "uuid" => self.seen.group_uuid = Some(raw),
                    "InstanceNUMATopology" if field.name == "cells" => self.seen.has_cells = true,
                    "InstanceNUMACell" if matches!(field.name, "cpuset" | "pcpuset") => sets += 1,
                    _ => {}
                }
                if !self.more(b'}')? {
                    break;
                }
            }
        }
        if name == "InstanceNUMACell" {
            if version < v(1, 6) || sets < 2 {
                return None;
            }
            self.seen.cells += 1;
        }
        if depth == 0 {
            self.sound.version = Some(version);
        }
        if self.scanner.peek() == Some(b',') {
            self.literal(", \"nova_object.changes\": [")?;
            loop {
                self.string()?;
                if !self.more(b']')? {
                    break;
                }
            }
        }
        self.literal("}")
    }

    /// A field of the spec that many specs have alike.
    fn shared(&mut self, name: &'static str) -> Option<()> {
        let rest = self.text.get(self.scanner.offset()..)?;
        if let Some(length) = known::recognise(name, rest, &mut self.seen.flavor) {
            self.scanner.advance(length);
            return Some(());
        }
        let (start, before) = (self.scanner.offset(), self.seen.flavor.len());
        self.object(object(name)?, 1)?;
        known::keep(name, rest, self.scanner.offset() - start, self.seen.flavor.get(before..)?);
        Some(())
    }

    fn version(&mut self, schema: &ObjectSchema) -> Option<Version> {
        let major = self.number()?;
        self.literal(".")?;
        let minor = self.number()?;
        let version = v(major, minor);
        (major == schema.version.major && version <= schema.version).then_some(version)
    }

    fn number(&mut self) -> Option<u16> {
        let start = self.scanner.offset();
        while self.scanner.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.scanner.bump();
        }
        let digits = self.text.get(start..self.scanner.offset())?;
        // Leading zeros are nova's in no version.
        (digits.len() == 1 || !digits.starts_with('0')).then(|| digits.parse().ok())?
    }

    /// Past `", "` to the next member or element (true), or past the end of the container (false).
    fn more(&mut self, closer: u8) -> Option<bool> {
        match self.scanner.peek() {
            Some(b',') => self.literal(", ").map(|()| true),
            Some(byte) if byte == closer => {
                self.scanner.bump();
                Some(false)
            }
            _ => None,
        }
    }

    fn field(
        &mut self,
        field: &'static FieldSchema,
        schema: &ObjectSchema,
        version: Version,
        depth: usize,
    ) -> Option<()> {
        if field.since > version {
            return None;
        }
        if self.scanner.peek() == Some(b'n') {
            let nullable = field.nullable || null_means_default(schema.name, field.name);
            return nullable.then(|| self.literal("null"))?;
        }
        self.value(&field.kind, false, version, depth)
    }

    fn value(&mut self, kind: &'static Kind, nullable: bool, version: Version, depth: usize) -> Option<()> {
        if self.scanner.peek() == Some(b'n') {
            return nullable.then(|| self.literal("null"))?;
        }
        match kind {
            Kind::Object(name) if depth == 0 && known::is_shared(name) => self.shared(name),
            Kind::Object(name) => self.object(object(name)?, depth + 1),
            Kind::List(element) | Kind::Set(element) => self.list(element, version, depth),
            Kind::Dict(element) => self.map(&element.kind, element.nullable, version, depth),
            Kind::String => self.string().map(drop),
            Kind::Uuid => self.plain().filter(|text| is_uuid(text)).map(drop),
            Kind::DateTime => self.plain().filter(|text| is_date(text)).map(drop),
            Kind::IpAddress => self.plain()?.parse::<std::net::IpAddr>().ok().map(drop),
            Kind::VersionPredicate => self.plain().filter(|text| is_version_predicate(text)).map(drop),
            Kind::Enum { values, .. } => {
                let text = self.plain()?;
                values.iter().any(|value| value.value == text && value.since <= version).then_some(())
            }
            Kind::Boolean | Kind::FlexibleBoolean => match self.scanner.peek()? {
                b't' => self.literal("true"),
                _ => self.literal("false"),
            },
            Kind::Integer => self.token().filter(|token| is_integer(token)).map(drop),
            Kind::NonNegativeInteger => {
                self.token().filter(|token| is_integer(token) && !token.starts_with('-')).map(drop)
            }
            Kind::Float | Kind::NonNegativeFloat => self.token().filter(|token| is_float(token)).map(drop),
        }
    }

    fn token(&mut self) -> Option<&'t str> {
        let start = self.scanner.offset();
        self.scanner.skip_scalar(document::Kind::Number).ok()?;
        self.text.get(start..self.scanner.offset())
    }

    fn list(&mut self, element: &'static Kind, version: Version, depth: usize) -> Option<()> {
        self.literal("[")?;
        if self.scanner.peek() == Some(b']') {
            self.scanner.bump();
            return Some(());
        }
        loop {
            self.value(element, false, version, depth)?;
            if !self.more(b']')? {
                return Some(());
            }
        }
    }

    fn map(&mut self, element: &'static Kind, nullable: bool, version: Version, depth: usize) -> Option<()> {
        self.literal("{")?;
        if self.scanner.peek() == Some(b'}') {
            self.scanner.bump();
            return Some(());
        }
        let mut keys = [""; MOST_ENTRIES];
        let mut count = 0;
        loop {
            let key = self.plain()?;
            if count == MOST_ENTRIES || keys[..count].contains(&key) {
                return None;
            }
            keys[count] = key;
            count += 1;
            self.literal(": ")?;
            self.value(element, nullable, version, depth)?;
            if !self.more(b'}')? {
                return Some(());
            }
        }
    }

    /// The rules of [`super::rules`], each in its plain case.
    fn after_loading(&self) -> bool {
        let spec = &self.sound;
        let is_set = |name| spec.get(name).filter(|raw| *raw != "null");
        let (Some(hints), Some(_), Some(_)) =
            (is_set("scheduler_hints"), is_set("pci_requests"), is_set("image"))
        else {
            return false;
        };
        super::rules::NEEDED.iter().all(|name| spec.get(name).is_some())
            && self.flavor_is_whole()
            && memmem::find(hints.as_bytes(), b"_nova_check_type").is_none()
            && is_set("instance_group").is_none_or(|_| self.hint_fits(hints))
            && is_set("numa_topology").is_none_or(|_| self.topology_fits())
    }

    fn flavor_is_whole(&self) -> bool {
        let size =
            |name: &str| self.seen.flavor.iter().find(|(field, _)| *field == name).map(|(_, raw)| *raw);
        super::rules::NEEDED_OF_FLAVOR.iter().all(|name| {
            size(name).is_some_and(|raw| match *name {
                "memory_mb" | "vcpus" => !raw.starts_with('-') && raw != "0",
                _ => !raw.starts_with('-'),
            })
        })
    }

    fn hint_fits(&self, hints: &str) -> bool {
        let Some(uuid) = self.seen.group_uuid.filter(|uuid| *uuid != "null") else { return false };
        match memmem::find(hints.as_bytes(), b"\"group\": [") {
            Some(at) => hints[at..].strip_prefix("\"group\": [").is_some_and(|rest| rest.starts_with(uuid)),
            None => memmem::find(hints.as_bytes(), b"group").is_none(),
        }
    }

    fn topology_fits(&self) -> bool {
        const KEY: &str = "\"hw:numa_nodes\": \"";
        let specs =
            self.seen.flavor.iter().find(|(field, _)| *field == "extra_specs").map_or("", |(_, raw)| *raw);
        let asked = specs.find(KEY).map(|at| {
            let rest = &specs[at + KEY.len()..];
            rest.split('"').next().and_then(|text| text.parse::<usize>().ok())
        });
        self.seen.has_cells && asked.is_none_or(|asked| asked == Some(self.seen.cells))
    }
}

fn is_integer(token: &str) -> bool {
    token.len() <= 20 && is_integer_token(token)
}

fn is_float(token: &str) -> bool {
    token.len() <= 40 && token.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// A date as nova writes it. All but the first 28 days of a month are left to the exact reading.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 20
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            10 => *byte == b'T',
            13 | 16 => *byte == b':',
            19 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    let pair = |at: usize| (bytes[at] - b'0') * 10 + (bytes[at + 1] - b'0');
    let plain = |year: &str| {
        year != "0000"
            && (1..=12).contains(&pair(5))
            && (1..=28).contains(&pair(8))
            && pair(11) < 24
            && pair(14) < 60
            && pair(17) < 60
    };
    shape && (plain(&text[..4]) || date::canonical(text).as_deref() == Some(text))
}

#[cfg(test)]
#[path = "sound_tests.rs"]
pub(crate) mod tests;
