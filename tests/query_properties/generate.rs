//! Generators: stored texts of every era and in every state of decay, and queries that ask for what
//! stands in them, or nearly.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use reqspec::query::compare::{self, text_of};
use reqspec::query::expression::{Check, Expression, Operand, Pattern, Relation, Test};
use reqspec::query::fields::{FAMILIES, FIELDS, Fact, Field, Kind};
use reqspec::query::json_path::{JsonPath, Step};
use reqspec::query::record::{Facts, Record, Value};
use reqspec::query::{eval, time};

use crate::documents::{json, nodes, odd_spec, spec};

/// What may be done to a text before it is stored.
#[derive(Debug, Clone)]
pub enum Damage {
    /// Everything from there on is gone.
    Cut(Index),
    /// Bytes are put in there.
    Insert(Index, &'static [u8]),
    /// A key or string is written with an escape.
    Escape(Index),
    /// A member is written twice.
    Twice(Index, String),
    /// A scheduler hint whose value looks like a member.
    Decoy(&'static str),
}

fn damage() -> impl Strategy<Value = Damage> {
    let inserted: Vec<&'static [u8]> = vec![
        b"\xff",
        b"\xc3",
        b"\\",
        b"\"",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b" ",
        b"\n",
        b"\xe2\x84\xaa",
        b"\xc3\x96",
        b"0",
        b"x",
        b"{\"nova_object.name\": \"X\"}",
        b"\"availability_zone\": \"az1\", ",
        b"null",
    ];
    let decoys = vec![
        r#""availability_zone\": \"az1""#,
        r#""x": ["\"availability_zone\": \"az1\""], "availability_zone": ["az1"]"#,
        r#""vcpus": "8", "flavor": {"name": "m1", "vcpus": 8}"#,
        r#""group": ["g1", null, "g2"], "name": "m1""#,
        r#""nova_object.name": "X", "nova_object.data": {"group": ["g1"]}"#,
        r#""nova_object.data": {"group": ["g1"]}, "nova_object.name": "X""#,
        r#""group": [], "group": ["g3"]"#,
        r#""instance_group": null, "numa_topology": {"cells": []}"#,
        r#""a":"b",",":1"#,
        r#""x":"a",":":["az1"],", ":"8""#,
        r#""a": "b", ", ": "az1", ",": null, ":": {"x": 8}"#,
    ];
    prop_oneof![
        3 => any::<Index>().prop_map(Damage::Cut),
        3 => (any::<Index>(), select(inserted)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        3 => any::<Index>().prop_map(Damage::Escape),
        3 => (any::<Index>(), json()).prop_map(|(at, value)| Damage::Twice(at, value)),
        4 => select(decoys).prop_map(Damage::Decoy),
    ]
}

/// A stored text.
pub fn stored() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![5 => spec(), 3 => odd_spec(), 1 => json(), 1 => Just(String::new())];
    let damages =
        prop_oneof![3 => prop::collection::vec(damage(), 0..1), 4 => prop::collection::vec(damage(), 1..4)];
    (text, select(vec!["az1", "AZ-2", "z\u{212a}", "nova"]), damages).prop_map(|(text, zone, damages)| {
        let mut text =
            text.replacen("\"availability_zone\": null", &format!("\"availability_zone\": \"{zone}\""), 1);
        text = text.replacen("\"group\": [\"9a3e", "\"group\": [\"9b3e", usize::from(zone == "nova"));
        let mut bytes = text.into_bytes();
        damages.iter().for_each(|damage| apply(damage, &mut bytes));
        bytes
    })
}

fn apply(damage: &Damage, bytes: &mut Vec<u8>) {
    match damage {
        Damage::Cut(at) => bytes.truncate(at.index(bytes.len() + 1)),
        Damage::Insert(at, inserted) => {
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, inserted.iter().copied());
        }
        Damage::Escape(at) => {
            let letters: Vec<_> = (1..bytes.len())
                .filter(|&at| {
                    bytes[at].is_ascii_alphanumeric() && (bytes[at - 1] == b'"' || bytes[at - 1] == b'_')
                })
                .collect();
            if !letters.is_empty() {
                let at = letters[at.index(letters.len())];
                let escape = format!("\\u{:04x}", bytes[at]);
                bytes.splice(at..=at, escape.into_bytes());
            }
        }
        Damage::Twice(at, value) => {
            let Ok(document) = reqspec::spec::Document::parse(bytes) else { return };
            let ids = nodes(document.root());
            let node = document.node(ids[at.index(ids.len())]);
            if let Some(key) = node.key_span() {
                let member = format!(",{}: {value}", &document.text()[key]);
                let at = node.span().end;
                bytes.splice(at..at, member.into_bytes());
            }
        }
        Damage::Decoy(members) => {
            let key = b"\"scheduler_hints\": {";
            if let Some(at) = bytes.windows(key.len()).position(|window| window == key) {
                let at = at + key.len();
                let comma = if bytes.get(at) == Some(&b'}') { "" } else { ", " };
                bytes.splice(at..at, format!("{members}{comma}").into_bytes());
            }
        }
    }
}

/// The columns and facts of a row.
#[derive(Debug, Clone)]
pub struct Columns {
    pub id: i64,
    pub uuid: &'static str,
    pub created: &'static str,
    pub updated: &'static str,
    pub facts: Facts,
}

impl Columns {
    pub fn record<'a>(&'a self, spec: &'a [u8]) -> Record<'a> {
        Record {
            database: "cell1",
            id: self.id,
            instance_uuid: self.uuid,
            spec,
            created: self.created,
            updated: self.updated,
        }
    }
}

pub fn columns() -> impl Strategy<Value = Columns> {
    let dates = vec!["", "2026-05-01 10:00:00", "2026-05-01T10:00:01.5Z", "2019-12-31", "soon"];
    let uuids =
        vec!["9a3e6f30-0c1c-4a5e-9f43-6a6e4dbe4c55", "9A3E6F30-0000-4a5e-9f43-6a6e4dbe4c55", "Ö\u{212a}"];
    let known = vec![Some("cmp1"), Some("1"), Some("false"), None];
    let facts = prop::collection::vec(prop::option::of(select(known)), 4);
    (-3i64..1000, select(uuids), select(dates.clone()), select(dates), facts).prop_map(
        |(id, uuid, created, updated, known)| {
            let mut facts = Facts::default();
            let named = [Fact::Host, Fact::State, Fact::QueuedForDelete, Fact::Twin];
            for (fact, value) in named.into_iter().zip(known) {
                let Some(value) = value else { continue };
                // A column of yes and no.
                let flag = |value: &str| if value == "1" { "true" } else { "false" };
                let value = if fact == Fact::QueuedForDelete { value.map(flag) } else { value };
                facts.set(fact, value.map(Into::into));
            }
            Columns { id, uuid, created, updated, facts }
        },
    )
}

/// A field: of the table, of a family, or any path.
pub fn field() -> impl Strategy<Value = Field> {
    let key = select(vec![
        "availability_zone",
        "flavor",
        "name",
        "vcpus",
        "extra_specs",
        "scheduler_hints",
        "group",
        "nova_object.version",
        "nova_object.data",
        "nova_object.name",
        "numa_topology",
        "cells",
        "image",
        "properties",
        "force_hosts",
        "x",
        "",
        "limits",
        "pci_requests",
        "requests",
        ",",
        ":",
        ", ",
    ]);
    let step = prop_oneof![
        6 => key.clone().prop_map(|key| Step::Key(key.to_owned())),
        2 => Just(Step::Every),
        1 => (0usize..3).prop_map(Step::Index),
    ];
    prop_oneof![
        6 => (0..FIELDS.len()).prop_map(|at| FIELDS[at].field()),
        2 => (0..FAMILIES.len(), key).prop_map(|(at, key)| FAMILIES[at].field(key)),
        1 => (0..FAMILIES.len()).prop_map(|at| FAMILIES[at].all()),
        4 => prop::collection::vec(step, 0..5).prop_map(|steps| Field::at(JsonPath::new(steps))),
    ]
}

/// A query before it is known what it is asked of.
#[derive(Debug, Clone)]
pub enum Plan {
    And(Vec<Plan>),
    Or(Vec<Plan>),
    Not(Box<Plan>),
    Test(Field, u8, Vec<(Index, &'static str)>),
    Word(Index, &'static str),
}

pub fn plan() -> impl Strategy<Value = Plan> {
    let texts = vec![
        "az1",
        "AZ1",
        "m1",
        "8",
        "8.0",
        "0",
        "true",
        "no",
        "9a3e6f30",
        "1.15",
        "1.8",
        "2026-05",
        "2026-05-01",
        "30d",
        "k",
        "zone",
        "az1\"",
        "é",
        "",
        "affinity",
        "cmp",
        "N",
        "G",
        "requestspec",
        "availability",
        "1.0",
        "{\"",
        "Infinity",
        "-1",
    ];
    let text = (any::<Index>(), select(texts.clone()));
    let leaf = prop_oneof![
        9 => (field(), any::<u8>(), prop::collection::vec(text, 1..3)).prop_map(|(field, check, texts)| Plan::Test(field, check, texts)),
        1 => (any::<Index>(), select(texts)).prop_map(|(at, text)| Plan::Word(at, text)),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 0..4).prop_map(Plan::And),
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Plan::Or),
            2 => inner.prop_map(|plan| Plan::Not(Box::new(plan))),
        ]
    })
}

impl Plan {
    /// The query, of which many an operand is taken from the row itself.
    pub fn resolve(&self, record: &Record<'_>, facts: &Facts) -> Expression {
        let all = |plans: &[Plan]| plans.iter().map(|plan| plan.resolve(record, facts)).collect();
        match self {
            Plan::And(plans) => Expression::And(all(plans)),
            Plan::Or(plans) => Expression::Or(all(plans)),
            Plan::Not(plan) => Expression::Not(Box::new(plan.resolve(record, facts))),
            Plan::Word(at, text) => {
                let from = at.index(record.spec.len() + 1);
                let taken = String::from_utf8_lossy(&record.spec[from..(from + 5).min(record.spec.len())])
                    .to_lowercase();
                let word = if at.index(3) == 0 || taken.is_empty() { text.to_lowercase() } else { taken };
                Expression::Word(if word.is_empty() { "x".to_owned() } else { word })
            }
            Plan::Test(field, check, texts) => {
                let values = eval::values(field, record, facts).unwrap_or_default();
                let operands: Vec<_> =
                    texts.iter().map(|(at, text)| taken(&values, at).unwrap_or((*text).to_owned())).collect();
                Expression::Test(Test {
                    field: field.clone(),
                    check: check_of(field.kind, *check, &operands),
                })
            }
        }
    }
}

/// The text of one of the values, three times out of four.
fn taken(values: &[Value<'_>], at: &Index) -> Option<String> {
    let texts: Vec<_> = values.iter().filter_map(text_of).collect();
    if texts.is_empty() || at.index(4) == 0 { None } else { Some(texts[at.index(texts.len())].to_owned()) }
}

fn check_of(kind: Kind, check: u8, texts: &[String]) -> Check {
    let first = &texts[0];
    match check % 8 {
        0 => Check::Present,
        1..=3 => Check::Is(texts.iter().map(|text| operand(kind, text)).collect()),
        4 => Check::Contains(
            texts.iter().map(|text| text.chars().take(4).collect::<String>().to_lowercase()).collect(),
        ),
        5 => {
            let pattern = format!(
                "^{}",
                first.chars().filter(|letter| letter.is_alphanumeric()).take(3).collect::<String>()
            );
            Check::Matches(Pattern::new(&pattern).unwrap())
        }
        _ => {
            let relation = [Relation::Less, Relation::AtMost, Relation::Greater, Relation::AtLeast]
                [usize::from(check >> 3) % 4];
            Check::Compares(relation, operand(kind, first))
        }
    }
}

fn operand(kind: Kind, text: &str) -> Operand {
    let number = compare::number(text);
    let or_text =
        |operand: Option<Operand>| operand.unwrap_or(Operand::Text { text: text.to_owned(), number });
    match kind {
        Kind::Text => Operand::Text { text: text.to_owned(), number: None },
        Kind::Any => or_text(None),
        Kind::Number => or_text(number.map(Operand::Number)),
        Kind::Size(_) => or_text(compare::number_of(kind, &Value::Text(text.into())).map(Operand::Number)),
        Kind::Flag => or_text(compare::flag_of(&Value::Text(text.into())).map(Operand::Flag)),
        Kind::Version => {
            let parts: Option<Vec<u64>> = text.split('.').map(|part| part.parse().ok()).collect();
            or_text(parts.map(Operand::Version))
        }
        Kind::Uuid => Operand::Uuid(text.to_lowercase().chars().take(36).collect()),
        Kind::Time => match time::unix_seconds(text) {
            Some(moment) => Operand::Period(moment, moment + 60),
            None => Operand::Age(86_400 * 30),
        },
    }
}
