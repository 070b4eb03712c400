//! Properties of the search: whatever is stored and whatever is asked, the fast ways say what the
//! reference says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

#[path = "../properties/generate.rs"]
#[allow(dead_code, reason = "shared with another test")]
mod documents;
mod generate;

use generate::{columns, field, plan, stored};
use proptest::prelude::*;

use reqspec::query::record::Verdict;
use reqspec::query::{Extractor, Matcher, Query, eval};

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
