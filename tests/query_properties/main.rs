//! Properties of the search: whatever is stored and whatever is asked, the fast ways say what the
//! reference says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

#[path = "../properties/generate.rs"]
#[allow(dead_code, reason = "shared with another test")]
mod documents;
mod generate;

use generate::{columns, field, plan, stored};
use proptest::prelude::*;

use reqspec::query::columns::{Bits, ColumnsBuilder};
use reqspec::query::fields::Fact;
use reqspec::query::prefilter::{Join, JoinColumn, Prefilter};
use reqspec::query::record::{Facts, Record, Verdict};
use reqspec::query::time::unix_seconds;
use reqspec::query::{Extractor, Matcher, Order, Query, eval, parse, prefilter};

/// 2026-06-15 00:00:00 UTC.
const NOW: i64 = 1_781_481_600;

/// `PROPTEST_CASES` makes it longer.
fn config() -> ProptestConfig {
    let given = ProptestConfig::default();
    ProptestConfig { cases: given.cases.max(3_000), failure_persistence: None, ..given }
}

fn shown(text: &[u8]) -> String {
    text.escape_ascii().to_string()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn extracted_values_are_those_of_the_reference(
        text in stored(), columns in columns(), fields in prop::collection::vec(field(), 1..6),
    ) {
        let record = columns.record(&text);
        let mut found = vec![Vec::new(); fields.len()];
        Extractor::new(&fields).each(&record, &columns.facts, &mut |at, value| found[at].push(format!("{value:?}")));
        for (field, found) in fields.iter().zip(found) {
            let values = eval::values(field, &record, &columns.facts).unwrap_or_default();
            let values: Vec<_> = values.iter().map(|value| format!("{value:?}")).collect();
            prop_assert_eq!(found, values, "{} of {}", field.name, shown(&text));
        }
    }

    #[test]
    fn verdicts_are_those_of_the_reference(text in stored(), columns in columns(), plan in plan()) {
        let record = columns.record(&text);
        let expression = plan.resolve(&record, &columns.facts);
        let expected = eval::verdict(&expression, &record, &columns.facts, NOW);
        let asked = format!("{expression:?} of {}", shown(&text));
        let matcher = Matcher::new(&Query { text: String::new(), expression }, NOW);
        prop_assert_eq!(matcher.verdict(&record, &columns.facts), expected, "{}", asked);
        // What decided the last row does not decide the next one.
        let other = columns.record(b"{}");
        let expected = eval::verdict(&plan.resolve(&other, &columns.facts), &other, &columns.facts, NOW);
        let again = Query { text: String::new(), expression: plan.resolve(&other, &columns.facts) };
        prop_assert_eq!(Matcher::new(&again, NOW).verdict(&other, &columns.facts), expected);
        prop_assert!(matcher.verdict(&record, &columns.facts) == matcher.verdict(&record, &columns.facts));
    }
}

/// The generators are worth something: all verdicts come, and tests find what they ask for.
#[test]
fn the_generated_queries_are_neither_all_true_nor_all_false() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = (stored(), columns(), plan());
    let mut counts = [0; 3];
    for _ in 0..600 {
        let (text, columns, plan) = strategy.new_tree(&mut runner).unwrap().current();
        let record = columns.record(&text);
        let verdict = eval::verdict(&plan.resolve(&record, &columns.facts), &record, &columns.facts, NOW);
        counts[match verdict {
            Verdict::Yes => 0,
            Verdict::No => 1,
            Verdict::Unknown => 2,
        }] += 1;
    }
    assert!(counts[0] > 100 && counts[1] > 100 && counts[2] > 10, "{counts:?}");
}

/// Texts with the columns of their rows.
type Rows = Vec<(Vec<u8>, generate::Columns)>;

fn rows() -> impl Strategy<Value = Rows> {
    prop::collection::vec((stored(), columns()), 1..12).prop_map(|mut rows| {
        // Ids are unique.
        (0..).zip(&mut rows).for_each(|(at, (_, columns))| columns.id = columns.id * 16 + at);
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases / 4, ..config() })]

    #[test]
    fn columns_judge_as_the_reference_does(rows in rows(), plan in plan(), descending in any::<bool>()) {
        let first = rows[0].1.record(&rows[0].0);
        let expression = plan.resolve(&first, &rows[0].1.facts);
        let query = Query { text: String::new(), expression };
        let fields: Vec<_> = query.fields().into_iter().cloned().collect();
        let mut builder = ColumnsBuilder::new(&fields, 1 << 24);
        let mut other = ColumnsBuilder::new(&fields, 1 << 24);
        for (at, (text, columns)) in rows.iter().enumerate() {
            if at % 2 == 0 { &mut builder } else { &mut other }.add(&columns.record(text), &columns.facts);
        }
        builder.append(other);
        let all = builder.finish();
        let by_id = |id: i64| rows.iter().find(|(_, columns)| columns.id == id).unwrap();
        if let Some(picked) = all.pick(&query, NOW) {
            for row in 0..all.len() {
                let (text, columns) = by_id(all.id(row));
                let expected = eval::verdict(&query.expression, &columns.record(text), &columns.facts, NOW);
                let unknown = picked.unknown.as_ref().is_some_and(|unknown| unknown.has(row));
                let found = match (picked.yes.has(row), unknown) {
                    (true, false) => Verdict::Yes,
                    (false, true) => Verdict::Unknown,
                    (false, false) => Verdict::No,
                    (true, true) => panic!("both"),
                };
                prop_assert_eq!(found, expected, "{:?} of {}", query.expression, shown(text));
            }
        }
        // An order by columns is the order by the values of the rows.
        for field in &fields {
            let order = Order::by(field.clone(), descending);
            let mut expected: Vec<_> = rows.iter().map(|(text, columns)| {
                let values = eval::values(field, &columns.record(text), &columns.facts).unwrap_or_default();
                (order.key(&values), columns.id)
            }).collect();
            expected.sort_by(|(one, one_id), (other, other_id)| order.compare((one, *one_id), (other, *other_id)));
            let sorted = all.sorted(&order, &Bits::new(all.len(), true)).unwrap();
            let sorted: Vec<_> = sorted.iter().map(|row| all.id(*row as usize)).collect();
            prop_assert_eq!(sorted, expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_database_leaves_out_no_hit(text in stored(), columns in columns(), plan in plan(), api in any::<bool>()) {
        let record = columns.record(&text);
        let expression = plan.resolve(&record, &columns.facts);
        let verdict = eval::verdict(&expression, &record, &columns.facts, NOW);
        let filter = prefilter(&Query { text: String::new(), expression }, NOW, api);
        prop_assert!(verdict == Verdict::No || admits(&filter, &record, &columns.facts), "{filter:?} {}", shown(&text));
    }
}

/// Whether a database that keeps to the conditions lets the row come.
fn admits(filter: &Prefilter, record: &Record<'_>, facts: &Facts) -> bool {
    let within = |date: &str, from: Option<i64>, to: Option<i64>| match unix_seconds(date) {
        Some(moment) => from.is_none_or(|from| moment >= from) && to.is_none_or(|to| moment <= to),
        None => true,
    };
    let uuid = record.instance_uuid.to_lowercase();
    let plain = record.spec.is_ascii() && !record.spec.contains(&b'\\');
    let occurs = |bytes: &[u8]| record.spec.windows(bytes.len()).any(|window| window == bytes);
    let joined = |join: &Join| {
        let fact = match join.column {
            JoinColumn::InstanceHost => Fact::Host,
            JoinColumn::InstanceState => Fact::State,
            JoinColumn::QueuedForDelete => Fact::QueuedForDelete,
            _ => return true,
        };
        match (facts.get(fact), join.column) {
            (None, _) => true,
            (Some(value), JoinColumn::QueuedForDelete) => value == Some("true"),
            (Some(value), _) => value.is_some_and(|value| join.values.iter().any(|one| one == value)),
        }
    };
    filter.ids.is_none_or(|(least, most)| (least..=most).contains(&record.id))
        && (filter.uuids.is_empty() || filter.uuids.iter().any(|beginning| uuid.starts_with(beginning)))
        && within(record.updated, filter.updated_from, filter.updated_to)
        && within(record.created, filter.created_from, filter.created_to)
        && filter.size.is_none_or(|(least, most)| (least..=most).contains(&(record.spec.len() as u64)))
        && filter.joins.iter().all(joined)
        && (!plain || filter.bytes.iter().all(|bytes| occurs(bytes)))
}

/// What is typed, rather than put together.
#[test]
fn typed_queries_agree_too() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let queries = [
        "az=az1 flavor~^m1 extra.hw:cpu_policy=dedicated hint.group vcpus>=8 updated>30d not forced (project=p or project=p2)",
        "az=az1",
        "az!=az1",
        "az",
        "not az",
        "group",
        "hint.group",
        "group=9a3e6f30-0c1c-4a5e-9f43-6a6e4dbe4c55",
        "vcpus<8",
        "ram>=64K",
        "numa>1",
        "numa",
        "policy:aff",
        "pagesize",
        "pci=a",
        "pcirequests",
        "forced=cmp1",
        "ignored",
        "demands=N,P",
        "demands=G,H",
        "demands=F",
        "demands=GN",
        "demands=GH,V",
        "demands!=GHN",
        "image:a image.*:virtio",
        "$.scheduler_hints.\",\"",
        "demands=I",
        "demands=V,D",
        "version<1.12",
        "era<=17",
        "era",
        "broken",
        "broken:name",
        "size>1K",
        "image.hw_disk_bus=virtio",
        "$.flavor.extra_specs",
        "$.limits",
        "$.scheduler_hints[*]",
        "cmp",
        "zone\\ of",
        "z\u{212a}",
    ];
    let mut runner = TestRunner::deterministic();
    let (texts, columns) = (stored(), columns());
    let parsed: Vec<_> = queries.iter().filter_map(|query| parse(query).ok()).collect();
    assert!(parsed.len() + 2 > queries.len(), "{} of {} queries are read", parsed.len(), queries.len());
    let mut hits = vec![0; parsed.len()];
    let matchers: Vec<_> = parsed.iter().map(|query| Matcher::new(query, NOW)).collect();
    for _ in 0..400 {
        let text = texts.new_tree(&mut runner).unwrap().current();
        let columns = columns.new_tree(&mut runner).unwrap().current();
        let record = columns.record(&text);
        for (at, query) in parsed.iter().enumerate() {
            let expected = eval::verdict(&query.expression, &record, &columns.facts, NOW);
            let found = matchers[at].verdict(&record, &columns.facts);
            assert_eq!(found, expected, "{} of {}", query.text, shown(&text));
            hits[at] += u32::from(expected == Verdict::Yes);
        }
    }
    let barren = hits.iter().filter(|hits| **hits == 0).count();
    assert!(barren < parsed.len() / 3, "{hits:?}");
}
