//! The values of some fields of a row, in one pass over its text.
//!
//! Imports its siblings and `spec`; no I/O.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use super::branch::Branch;
use super::era::{DATED, Era};
use super::eval::fact_value;
use super::fields::{Fact, Field, Kind, Source};
use super::json_path::JsonPath;
use super::record::{Facts, Record, Value};
use super::walk::{self, Found};
use crate::spec::document::{Kind as JsonKind, MAX_DEPTH};
use crate::spec::scan::{self, Scanner};
use crate::spec::summary::{self, DEMANDS};

/// Takes the values of some fields from rows.
#[derive(Debug, Clone)]
pub struct Extractor {
    wanted: Vec<Wanted>,
    root: Branch,
}

/// How the values of a field are taken.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// From the columns of the row.
    Column(Source),
    /// From these slots of the walk.
    Slots(Range<usize>),
    /// How much is in the container of that slot.
    Count(usize),
    Demands,
    /// From the versions in these slots.
    Era(Range<usize>),
    Problem,
    Fact(Fact, Kind),
}

impl Extractor {
    /// For these fields.
    pub fn new(fields: &[Field]) -> Self {
        let (mut root, mut slots) = (Branch::default(), 0);
        let wanted = fields.iter().map(|field| Wanted::of(field, &mut root, &mut slots)).collect();
        Self { wanted, root }
    }

    /// Gives every value of every field, the fields in their order: its position and the value. A fact
    /// that is not known has none.
    pub fn each(&self, record: &Record<'_>, facts: &Facts, visit: &mut dyn FnMut(usize, Value<'_>)) {
        let row = self.row(record, facts);
        for (field, wanted) in self.wanted.iter().enumerate() {
            row.each(wanted, &mut |value| {
                visit(field, value);
                false
            });
        }
    }

    /// How the values of the fields are taken, in their order.
    pub(super) fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// A row, of which nothing has been read.
    pub(super) fn row<'r>(&'r self, record: &'r Record<'r>, facts: &'r Facts) -> Row<'r> {
        Row { extractor: self, record, facts, walked: OnceCell::new() }
    }
}

impl Wanted {
    fn of(field: &Field, root: &mut Branch, slots: &mut usize) -> Self {
        let mut add = |path: &JsonPath| {
            root.add(path, *slots);
            *slots += 1;
            *slots - 1
        };
        let mut add_all = |paths: &mut dyn Iterator<Item = JsonPath>| {
            let mut range: Option<Range<usize>> = None;
            for path in paths {
                let slot = add(&path);
                range = Some(range.map_or(slot..slot + 1, |range| range.start..slot + 1));
            }
            range.unwrap_or(0..0)
        };
        match &field.source {
            Source::Instance
            | Source::Id
            | Source::Created
            | Source::Updated
            | Source::Size
            | Source::Database => Wanted::Column(field.source.clone()),
            Source::Paths(paths) => Wanted::Slots(add_all(&mut paths.iter().cloned())),
            Source::Count(path) => Wanted::Count(add(path)),
            Source::Demands => Wanted::Demands,
            Source::Era => Wanted::Era(add_all(&mut DATED.iter().map(|dated| JsonPath::of(dated.path)))),
            Source::Problem => Wanted::Problem,
            Source::Fact(fact) => Wanted::Fact(*fact, field.kind),
        }
    }
}

/// A row whose text is read when a value of it is asked for.
pub(super) struct Row<'r> {
    extractor: &'r Extractor,
    record: &'r Record<'r>,
    facts: &'r Facts,
    walked: OnceCell<Walked<'r>>,
}

struct Walked<'r> {
    text: &'r [u8],
    found: Vec<Found>,
}

impl Row<'_> {
    /// Gives values until `visit` is content; whether it was.
    pub fn each(&self, wanted: &Wanted, visit: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        match wanted {
            Wanted::Column(source) => column(source, self.record, visit),
            Wanted::Slots(slots) => slots.clone().any(|slot| {
                let walked = self.walked();
                walked.at(slot).any(|found| visit(value(walked.text, found)))
            }),
            Wanted::Count(slot) => {
                let walked = self.walked();
                walked.at(*slot).any(|found| match count(walked.text, found) {
                    Some(Counted::Nothing) => visit(Value::Nothing),
                    Some(Counted::Number(count)) => visit_number(count as i64, visit),
                    None => false,
                })
            }
            Wanted::Demands => {
                let demands = summary::demands(self.record.spec);
                DEMANDS.iter().filter(|(letter, _)| demands.has(*letter)).any(|(letter, _)| {
                    let mut text = [0; 4];
                    visit(Value::Text(Cow::Borrowed(letter.encode_utf8(&mut text))))
                })
            }
            Wanted::Era(slots) => {
                let walked = self.walked();
                let mut era = Era::default();
                for slot in slots.clone() {
                    for found in walked.at(slot) {
                        if let Value::Text(version) = value(walked.text, found) {
                            era.saw(slot - slots.start, &version);
                        }
                    }
                }
                era.release().is_some_and(|release| visit_number(release.into(), visit))
            }
            Wanted::Problem => summary::problem(self.record.spec)
                .is_some_and(|problem| visit(Value::Text(Cow::Borrowed(&problem)))),
            Wanted::Fact(fact, kind) => {
                self.facts.get(*fact).flatten().is_some_and(|text| visit(fact_value(*kind, text)))
            }
        }
    }

    fn walked(&self) -> &Walked<'_> {
        self.walked.get_or_init(|| {
            let text = walk::readable(self.record.spec);
            let mut found = Vec::with_capacity(16);
            walk::document(text, &self.extractor.root, &mut found);
            Walked { text, found }
        })
    }
}

impl Walked<'_> {
    fn at(&self, slot: usize) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(move |found| found.slot == slot)
    }
}

/// A value of a column of the row.
pub(super) fn column(source: &Source, record: &Record<'_>, visit: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
    let mut text = |text: &str| visit(Value::Text(Cow::Borrowed(text)));
    match source {
        Source::Instance => text(record.instance_uuid),
        Source::Database => text(record.database),
        Source::Created => !record.created.is_empty() && text(record.created),
        Source::Updated => !record.updated.is_empty() && text(record.updated),
        Source::Id => visit_number(record.id, visit),
        Source::Size => visit_number(record.spec.len() as i64, visit),
        _ => false,
    }
}

/// Gives a number without allocating its token.
fn visit_number(number: i64, visit: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    visit(Value::Number(String::from_utf8_lossy(&digits[at..])))
}

/// The value that was found.
pub(super) fn value<'t>(text: &'t [u8], found: &Found) -> Value<'t> {
    let raw =
        text.get(found.start..found.end).and_then(|raw| std::str::from_utf8(raw).ok()).unwrap_or_default();
    match found.kind {
        JsonKind::Null => Value::Nothing,
        JsonKind::Bool => Value::Flag(raw == "true"),
        JsonKind::Number => Value::Number(Cow::Borrowed(raw)),
        JsonKind::String => Value::Text(scan::decode_string(raw)),
        JsonKind::Array | JsonKind::Object => match has_some(text, found) {
            true => Value::Container(Cow::Borrowed(raw)),
            false => Value::Nothing,
        },
    }
}

pub(super) enum Counted {
    Nothing,
    Number(usize),
}

/// How many elements or logical members a value has.
pub(super) fn count(text: &[u8], found: &Found) -> Option<Counted> {
    match found.kind {
        JsonKind::Null => Some(Counted::Nothing),
        JsonKind::Bool | JsonKind::Number | JsonKind::String => None,
        JsonKind::Array | JsonKind::Object => {
            let mut branch = Branch::default();
            branch.every.get_or_insert_default().slots.push(0);
            let mut members = Vec::new();
            walk::value_in(text, found, &branch, &mut members);
            Some(Counted::Number(members.iter().filter(|member| member.slot == 0).count()))
        }
    }
}

/// Whether a container has an element or member: the first one is there, however far it goes.
fn has_some(text: &[u8], found: &Found) -> bool {
    let mut scanner = Scanner::new(&text[found.start..]);
    scanner.bump();
    scanner.skip_space();
    if matches!(scanner.peek(), Some(b']' | b'}'))
        || found.kind == JsonKind::Object && scanner.skip_key().is_err()
    {
        return false;
    }
    match scanner.value_kind() {
        Ok(JsonKind::Array | JsonKind::Object) => found.depth + 1 < MAX_DEPTH,
        Ok(kind) => {
            let whole = scanner.skip_scalar(kind).is_ok();
            whole && (kind != JsonKind::Number || scanner.peek().is_some())
        }
        Err(_) => false,
    }
}
