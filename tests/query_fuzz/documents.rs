//! Odd rows for queries to judge: cut, damaged, deep, with keys twice.

use std::sync::Arc;

use reqspec::query::Query;
use reqspec::query::eval;
use reqspec::query::expression::Expression;
use reqspec::query::fields::Fact;
use reqspec::query::matcher::Matcher;
use reqspec::query::record::{Facts, Record, Verdict};

use super::texts::Random;

const SPECS: &[&str] = &[
    r#"{"nova_object.name": "RequestSpec", "nova_object.namespace": "nova", "nova_object.version": "1.15", "nova_object.data": {"availability_zone": "az1", "project_id": "p1", "user_id": null, "is_bfv": true, "force_hosts": ["cmp1", "cmp2"], "flavor": {"nova_object.name": "Flavor", "nova_object.namespace": "nova", "nova_object.version": "1.2", "nova_object.data": {"name": "m1.large", "flavorid": "42", "vcpus": 8, "memory_mb": 16384, "root_gb": 100, "swap": 0, "extra_specs": {"hw:cpu_policy": "dedicated", "my:key": "1", "a b": ""}}, "nova_object.changes": ["name"]}, "scheduler_hints": {"group": ["3f0c9a1e-0000-4000-8000-00000000000a"], "note": ["\\"availability_zone\\": \\"az1\\""]}, "numa_topology": {"cells": [{"id": 0}, {"id": 1}]}}}"#,
    r#"{"availability_zone": "az1", "availability_zone": {"x": [1, 1e400, -0.0, NaN]}, "flavor": 5, "force_hosts": {}, "scheduler_hints": [[["\u0061z1"]]]}"#,
    "null",
    "",
    "\u{feff}{}",
    "{} and more",
    "[{\"a\": {\"b\": [null, true, \"\\ud800\", 123456789012345678901234567890]}}]",
];

/// A row of one of these texts, whole or damaged.
fn spec(random: &mut Random) -> Vec<u8> {
    let mut spec = random.of(SPECS).as_bytes().to_vec();
    match random.below(6) {
        0 => spec.truncate(random.below(spec.len() + 1)),
        1 | 2 if !spec.is_empty() => {
            for _ in 0..=random.below(4) {
                let at = random.below(spec.len());
                spec[at] = random.next().to_le_bytes()[0];
            }
        }
        3 => {
            let deep = "[".repeat(random.below(3_000));
            spec = format!("{{\"limits\": {deep}\"az1\"").into_bytes();
        }
        _ => {}
    }
    spec
}

/// Judges some rows: no panic, the search agrees with the reference, and a query and its opposite are never
/// both true.
pub fn judge(query: &Query, random: &mut Random) {
    let now = 1_780_000_000;
    let matcher = Matcher::new(query, now);
    for _ in 0..3 {
        let spec = spec(random);
        let record = Record {
            database: random.of(&["api", "cell1"]),
            id: 7,
            instance_uuid: random.of(&["3f0c9a1e-0000-4000-8000-00000000000a", "", "x\u{1b}"]),
            spec: &spec,
            created: random.of(&["2024-02-29 12:30:05", "", "yesterday", "9999-99-99T99:99:99"]),
            updated: random.of(&["2026-05-01T10:30:00.5Z", "", "0000-00-00"]),
        };
        let mut facts = Facts::default();
        let some = [Fact::Host, Fact::State, Fact::Mapped, Fact::QueuedForDelete, Fact::Twin];
        for fact in some {
            let says = random.of(&["cmp1", "error", "cell1", "1", "different", ""]);
            match random.below(3) {
                0 => {}
                1 => facts.set(fact, None),
                _ => facts.set(fact, Some(Arc::from(says))),
            }
        }
        let verdict = eval::verdict(&query.expression, &record, &facts, now);
        let text = String::from_utf8_lossy(&spec);
        assert_eq!(matcher.verdict(&record, &facts), verdict, "{:?} of {text:?}, {facts:?}", query.text);
        let opposite = Expression::Not(Box::new(query.expression.clone()));
        let expected = match verdict {
            Verdict::Yes => Verdict::No,
            Verdict::No => Verdict::Yes,
            Verdict::Unknown => Verdict::Unknown,
        };
        assert_eq!(eval::verdict(&opposite, &record, &facts, now), expected);
    }
}
