//! Counts of values.

use std::collections::BTreeMap;

use reqspec::query::eval;
use reqspec::query::record::Verdict;
use reqspec::query::sort_key::shown;
use reqspec::search::facets::{Counts, Facets};

use crate::cloud::{NOW, Rows, fields, query, record};
use crate::support::{block_on, database};

/// Combinations and how often they occur.
type Obvious = BTreeMap<Vec<Option<String>>, u64>;

fn obvious(rows: &Rows, name: &str, text: &str, names: &[&str]) -> Obvious {
    let (query, fields) = (query(text), fields(names));
    let mut counts = Obvious::new();
    for (row, facts) in rows.all(name) {
        let seen = record(name, &row);
        if eval::verdict(&query.expression, &seen, &facts, NOW) == Verdict::Yes {
            let text = |field| {
                let values = eval::values(field, &seen, &facts).unwrap();
                shown(field, &values).map(|text| text.into_owned())
            };
            *counts.entry(fields.iter().map(text).collect()).or_default() += 1;
        }
    }
    counts
}

fn of(counts: &Counts) -> Obvious {
    let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
    counts.groups.iter().map(|group| (group.values.iter().map(text).collect(), group.count)).collect()
}

async fn counted(rows: &Rows, name: &str, text: &str, names: &[&str]) -> Counts {
    let facets = Facets::new(database(name), query(text), fields(names), NOW);
    let (counts, failed) = facets.run(&rows.store(name), rows, None, || {}).await;
    assert!(failed.is_none());
    counts
}

#[test]
fn counts_equal_the_obvious_ones() {
    let rows = Rows::new();
    block_on(async {
        for (text, names) in [
            ("", &["az"][..]),
            ("vcpus>3", &["az", "flavor"]),
            ("az=az1", &["vcpus", "broken", "demands"]),
            ("az", &["instance.host", "az"]),
            ("instance.host=cmp3", &["az"]),
        ] {
            let counts = counted(&rows, "c1", text, names).await;
            let expected = obvious(&rows, "c1", text, names);
            assert_eq!(of(&counts), expected, "{text}: {names:?}");
            assert_eq!(counts.hits, expected.values().sum::<u64>());
            assert!(counts.groups.is_sorted_by(|one, other| one.count >= other.count));
        }
    });
}

#[test]
fn databases_are_counted_together() {
    let rows = Rows::new();
    block_on(async {
        let mut counts = counted(&rows, "api", "", &["az"]).await;
        counts.add(counted(&rows, "c1", "", &["az"]).await);
        let mut expected = obvious(&rows, "api", "", &["az"]);
        for (values, count) in obvious(&rows, "c1", "", &["az"]) {
            *expected.entry(values).or_default() += count;
        }
        assert_eq!(of(&counts), expected);
    });
}
