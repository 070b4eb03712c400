//! What the bytes of a text tell of a test before the text is read: whether the key that a wanted path
//! ends with stands before a value that fulfils the test. Nothing found is proof that the test is false,
//! unless the text has a backslash: keys and values may be written in escapes then.
//!
//! Imports its siblings and `spec`; no I/O.

use memchr::{memchr, memmem};

use super::branch::Branch;
use super::expression::{Check, Operand, Test};
use super::extract::{self, Counted};
use super::fields::{Kind, Source};
use super::json_path::{JsonPath, Step};
use super::record::Value;
use super::walk;
use crate::spec::document::Kind as JsonKind;
use crate::spec::scan::Scanner;

/// The places where a test may be fulfilled.
#[derive(Debug)]
pub(super) struct Anchors {
    /// One of these texts stands somewhere; empty where that is not asked.
    texts: Vec<memmem::Finder<'static>>,
    places: Vec<Place>,
    /// Whether a container fulfils it by being there.
    containers: bool,
}

/// A key, and what of the value behind it is tested.
#[derive(Debug)]
struct Place {
    key: memmem::Finder<'static>,
    /// Containers around a value at that path, at most.
    depth: usize,
    rest: Branch,
    counts: bool,
}

impl Anchors {
    /// Of a test; None where a path has no key to look for.
    pub fn of(test: &Test) -> Option<Self> {
        let (paths, counts) = match &test.field.source {
            Source::Paths(paths) => (&paths[..], false),
            Source::Count(path) => (std::slice::from_ref(path), true),
            _ => return None,
        };
        let mut keys: Vec<(&str, usize, Branch)> = Vec::new();
        for path in paths {
            let (key, rest) = last_key(path)?;
            let at = keys.iter().position(|(known, ..)| *known == key).unwrap_or_else(|| {
                keys.push((key, 0, Branch::default()));
                keys.len() - 1
            });
            // An object in its envelope is two containers.
            let around = 2 * (path.steps().len() - rest.len());
            keys[at].1 = keys[at].1.max(around);
            keys[at].2.add_steps(rest, 0);
        }
        let place = |(key, depth, rest): (&str, usize, Branch)| Place {
            key: finder(format!("\"{key}\"").as_bytes()),
            depth,
            rest,
            counts,
        };
        // One search for the value spares several for the keys.
        let texts = if keys.len() > 1 { texts_of(test) } else { Vec::new() };
        let places = keys.into_iter().map(place).collect();
        Some(Self { texts, places, containers: test.check == Check::Present })
    }

    /// How dear a glance is, and how seldom it decides.
    pub fn cost(&self, check: &Check) -> u32 {
        let searches = if self.texts.is_empty() { self.places.len() } else { self.texts.len() };
        let seldom = match check {
            Check::Is(_) => 0,
            Check::Contains(_) | Check::Matches(_) | Check::Compares(..) => 1,
            Check::Present => 2,
        };
        searches as u32 + seldom
    }

    /// Whether the test may be true of a text; false is proof if the text has no backslash.
    pub fn may_hold(&self, spec: &[u8], holds: &dyn Fn(&Value<'_>) -> bool) -> bool {
        (self.texts.is_empty() || self.texts.iter().any(|text| text.find(spec).is_some()))
            && self.places.iter().any(|place| place.may_hold(spec, self.containers, holds))
    }
}

/// The last key of a path and the steps behind it.
fn last_key(path: &JsonPath) -> Option<(&str, &[Step])> {
    let steps = path.steps();
    let at = steps.iter().rposition(|step| matches!(step, Step::Key(_)))?;
    match &steps[at] {
        Step::Key(key) => Some((key, &steps[at + 1..])),
        Step::Index(_) | Step::Every => None,
    }
}

/// Texts one of which stands in every row that the test is true of.
fn texts_of(test: &Test) -> Vec<memmem::Finder<'static>> {
    let Check::Is(operands) = &test.check else { return Vec::new() };
    let texts = operands.iter().map(|operand| match operand {
        Operand::Text { text, number }
            if !text.is_empty() && (number.is_none() || test.field.kind == Kind::Text) =>
        {
            Some(finder(text.as_bytes()))
        }
        _ => None,
    });
    // Many texts cost more than the keys.
    if operands.len() > 3 { Vec::new() } else { texts.collect::<Option<_>>().unwrap_or_default() }
}

pub(super) fn finder(bytes: &[u8]) -> memmem::Finder<'static> {
    memmem::Finder::new(bytes).into_owned()
}

/// The values that stand behind a key.
pub(super) fn behind<'s>(key: &memmem::Finder<'_>, spec: &'s [u8]) -> impl Iterator<Item = &'s [u8]> {
    let length = key.needle().len();
    let mut from = 0;
    let next = move || {
        let at = from + key.find(spec.get(from..)?)?;
        // The quote at the end of one may begin the next: `"a","` before `":1`.
        from = at + length - 1;
        Some(&spec[at + length..])
    };
    std::iter::from_fn(next)
        .filter_map(|rest| rest.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start))
}

impl Place {
    fn may_hold(&self, spec: &[u8], containers: bool, holds: &dyn Fn(&Value<'_>) -> bool) -> bool {
        behind(&self.key, spec).any(|rest| self.value_may_hold(rest, containers, holds).unwrap_or(false))
    }

    fn value_may_hold(
        &self,
        rest: &[u8],
        containers: bool,
        holds: &dyn Fn(&Value<'_>) -> bool,
    ) -> Option<bool> {
        let first = *rest.first()?;
        if matches!(first, b'[' | b'{') {
            let deeper = self.rest.wants_elements() || self.rest.wants_members();
            return Some((deeper || self.counts || containers) && self.container_may_hold(rest, holds));
        }
        if self.rest.slots.is_empty() || self.counts && first != b'n' {
            return Some(false);
        }
        Some(match first {
            b'"' => {
                let inner = &rest[1..];
                let inner = &inner[..memchr(b'"', inner)?];
                memchr(b'\\', inner).is_some() || holds(&Value::Text(std::str::from_utf8(inner).ok()?.into()))
            }
            b't' | b'f' => holds(&Value::Flag(first == b't')),
            b'n' => holds(&Value::Nothing),
            _ => {
                let mut scanner = Scanner::new(rest);
                scanner.skip_scalar(JsonKind::Number).ok()?;
                holds(&Value::Number(std::str::from_utf8(&rest[..scanner.offset()]).ok()?.into()))
            }
        })
    }

    fn container_may_hold(&self, rest: &[u8], holds: &dyn Fn(&Value<'_>) -> bool) -> bool {
        let mut found = Vec::new();
        // Where it is cut, or deeper than what is read, only reading all of the text tells what is there.
        if !walk::value_at(rest, self.depth, &self.rest, &mut found) {
            return true;
        }
        found.iter().filter(|found| found.slot == 0).any(|found| {
            if !self.counts {
                return holds(&extract::value(rest, found));
            }
            match extract::count(rest, found) {
                Some(Counted::Nothing) => holds(&Value::Nothing),
                Some(Counted::Number(count)) => holds(&Value::Number(count.to_string().into())),
                None => false,
            }
        })
    }
}

/// What the bytes of a text tell of the letters of its demands.
#[derive(Debug)]
pub(super) struct DemandClues(Vec<Clue>);

#[derive(Debug)]
enum Clue {
    /// That key, before a value that says something.
    Key(memmem::Finder<'static>),
    /// Those bytes.
    Bytes(memmem::Finder<'static>),
}

impl DemandClues {
    /// Of a test of the demands; None where it may be true of any row.
    pub fn of(test: &Test) -> Option<Self> {
        let letters: Vec<&str> = match &test.check {
            Check::Is(operands) => operands.iter().map(text_of).collect::<Option<_>>()?,
            _ => return None,
        };
        let mut clues = Vec::new();
        for letter in letters {
            let (keys, bytes): (&[&str], &[&str]) = match letter {
                "G" => (&["instance_group", "group"], &[]),
                "H" => (&["scheduler_hints"], &[]),
                "N" => (
                    &["numa_topology"],
                    &["\"hw:cpu_p", "\"hw_cpu_p", "\"hw:numa_", "\"hw_numa_", "\"hw:mem_", "\"hw_mem_"],
                ),
                "P" => (&["requests"], &["\"pci_passthrough:alias\""]),
                "F" => (&["force_hosts", "force_nodes"], &[]),
                "I" => (&["ignore_hosts"], &[]),
                "D" => (&["requested_destination"], &[]),
                "V" => (&["is_bfv"], &[]),
                _ => continue,
            };
            clues.extend(keys.iter().map(|key| Clue::Key(finder(format!("\"{key}\"").as_bytes()))));
            clues.extend(bytes.iter().map(|bytes| Clue::Bytes(finder(bytes.as_bytes()))));
        }
        Some(Self(clues))
    }

    /// As [`Anchors::may_hold`].
    pub fn may_hold(&self, spec: &[u8]) -> bool {
        self.0.iter().any(|clue| match clue {
            Clue::Bytes(bytes) => bytes.find(spec).is_some(),
            Clue::Key(key) => behind(key, spec).any(|value| {
                // A group may be empty, as long as it is there: only what is surely nothing is left out.
                let nothing: &[&[u8]] = match key.needle() {
                    b"\"group\"" => &[],
                    b"\"instance_group\"" | b"\"numa_topology\"" => &[b"null"],
                    _ => &[b"null", b"[]", b"{}", b"false"],
                };
                !nothing.iter().any(|nothing| value.starts_with(nothing))
            }),
        })
    }
}

fn text_of(operand: &Operand) -> Option<&str> {
    match operand {
        Operand::Text { text, .. } => Some(text),
        _ => None,
    }
}

#[cfg(test)]
#[path = "anchor_tests.rs"]
mod tests;
