//! Several databases listed as one.

use std::io;
use std::sync::Arc;

use reqspec::deployment::facts::FactStores;
use reqspec::search::Listed;
use reqspec::search::run::{Listing, Outcome, Sink, run};

use crate::cloud::{NOW, Rows, fields, order, query};
use crate::support::{block_on, database};

#[derive(Default)]
struct Taken {
    rows: Vec<(String, i64)>,
    most: usize,
    broken_after: Option<usize>,
}

impl Sink for Taken {
    fn rows(&mut self, rows: &[Listed]) -> io::Result<()> {
        self.most = self.most.max(rows.len());
        self.rows.extend(rows.iter().map(|row| (row.database.to_string(), row.row.id)));
        match self.broken_after {
            Some(most) if self.rows.len() > most => Err(io::ErrorKind::BrokenPipe.into()),
            _ => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn listing(text: &str, by: &str, limit: u64) -> Listing {
    Listing {
        databases: vec![database("api"), database("c1")],
        query: query(text),
        order: order(by),
        columns: fields(&["az"]),
        limit,
        now: NOW,
    }
}

fn listed(rows: Rows, listing: &Listing, sink: &mut Taken) -> io::Result<Outcome> {
    let stores: Arc<dyn FactStores> = Arc::new(rows);
    block_on(run(listing, &stores, sink))
}

#[rstest::rstest]
#[case("", "id")]
#[case("az=az1", "id")]
#[case("vcpus=3 az=az1", "id")]
#[case("instance.host=cmp3", "id")]
fn by_id_databases_come_one_after_the_other(#[case] text: &str, #[case] by: &str) {
    let rows = Rows::new();
    let mut expected = Vec::new();
    for name in ["api", "c1"] {
        // What the mappings say of the API database's instances is not repeated here.
        if name == "c1" || !text.contains("host") {
            let ids = rows.obvious(name, &query(text), &order(by));
            expected.extend(ids.into_iter().map(|id| (name.to_owned(), id)));
        }
    }
    let mut taken = Taken::default();
    let outcome = listed(rows, &listing(text, by, u64::MAX), &mut taken).unwrap();
    assert!(outcome.failures.is_empty() && outcome.rows == taken.rows.len() as u64);
    if text.contains("host") {
        taken.rows.retain(|(name, _)| name == "c1");
    }
    assert_eq!(taken.rows, expected);
    assert!(taken.most <= 500, "a page of {}", taken.most);
}

#[rstest::rstest]
#[case("", "vcpus")]
#[case("az=az1", "-flavor")]
#[case("az", "-id")]
#[case("", "uuid")]
fn other_orders_are_merged(#[case] text: &str, #[case] by: &str) {
    let rows = Rows::new();
    let by = order(by);
    let mut expected = Vec::new();
    for name in ["api", "c1"] {
        for (row, facts) in rows.all(name) {
            let seen = crate::cloud::record(name, &row);
            let verdict = reqspec::query::eval::verdict(&query(text).expression, &seen, &facts, NOW);
            if verdict == reqspec::query::record::Verdict::Yes {
                let values = reqspec::query::eval::values(&by.field, &seen, &facts).unwrap();
                expected.push((by.key(&values), row.id, name.to_owned()));
            }
        }
    }
    // Stable: equal ones stand as the databases do.
    expected.sort_by(|one, other| by.compare((&one.0, one.1), (&other.0, other.1)));
    let expected: Vec<_> = expected.into_iter().map(|(_, id, name)| (name, id)).collect();
    let mut taken = Taken::default();
    let wanted = Listing { order: by, ..listing(text, "id", u64::MAX) };
    let outcome = listed(rows, &wanted, &mut taken).unwrap();
    assert!(outcome.failures.is_empty());
    assert_eq!(taken.rows, expected);
}

#[rstest::rstest]
#[case("id")]
#[case("-updated")]
#[case("vcpus")]
fn a_limit_holds(#[case] by: &str) {
    let (mut few, mut all) = (Taken::default(), Taken::default());
    assert_eq!(listed(Rows::new(), &listing("az=az1", by, 250), &mut few).unwrap().rows, 250);
    listed(Rows::new(), &listing("az=az1", by, u64::MAX), &mut all).unwrap();
    assert_eq!(few.rows, all.rows[..250]);
}

#[rstest::rstest]
#[case("id")]
#[case("vcpus")]
fn a_database_that_is_gone_is_told_and_the_others_listed(#[case] by: &str) {
    let mut rows = Rows::new();
    rows.open.remove(&database("api"));
    let expected = rows.obvious("c1", &query("az"), &order(by));
    let mut taken = Taken::default();
    let outcome = listed(rows, &listing("az", by, u64::MAX), &mut taken).unwrap();
    assert_eq!(taken.rows.into_iter().map(|(_, id)| id).collect::<Vec<_>>(), expected);
    assert_eq!(outcome.failures.len(), 1);
    assert!(outcome.failures[0].1.to_string().contains("it is not there"));
}

#[test]
fn a_reader_who_has_enough_ends_it() {
    let mut taken = Taken { broken_after: Some(300), ..Taken::default() };
    let error = listed(Rows::new(), &listing("", "id", u64::MAX), &mut taken).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert!(taken.rows.len() < 1_000);
}
