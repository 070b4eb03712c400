//! Hits and pages.

use std::sync::Arc;

use reqspec::query::{PageFrom, PageRequest, SortOrder};
use reqspec::search::{Listed, Search};

use crate::cloud::{NOW, Rows, fields, order, query};
use crate::support::{block_on, database};

async fn searched(rows: &Rows, name: &str, text: &str, by: &str) -> Arc<Search> {
    let search = Search::new(database(name), query(text), order(by), NOW);
    search.run(&rows.store(name), rows, None, || {}).await.unwrap();
    assert!(search.tally().finished);
    search
}

async fn page(rows: &Rows, search: &Search, from: PageFrom, limit: u32) -> Vec<Listed> {
    let request = PageRequest { order: search.order().clone(), from, limit };
    let store = rows.store(&search.database().to_string());
    search.page(&*store, rows, &request, &fields(&["az", "instance.host"])).await.unwrap()
}

/// All hits, page by page.
async fn all(rows: &Rows, search: &Search, backwards: bool) -> Vec<i64> {
    let mut ids = Vec::new();
    let mut from = if backwards { PageFrom::End } else { PageFrom::Start };
    loop {
        let page = page(rows, search, from, 97).await;
        let end = if backwards { page.first() } else { page.last() };
        let Some(key) = end.map(|row| row.key.clone()) else { break };
        from = if backwards { PageFrom::Before(key) } else { PageFrom::After(key) };
        let found: Vec<i64> = page.iter().map(|row| row.row.id).collect();
        if backwards {
            ids.splice(0..0, found);
        } else {
            ids.extend(found);
        }
    }
    ids
}

#[test]
fn every_result_equals_the_obvious_one() {
    let rows = Rows::new();
    let queries = [
        "",
        "az=az1",
        "az",
        "not az",
        "vcpus>=8 az!=az2",
        "flavor~^m[13]",
        "größe",
        "broken",
        "updated>60d or vcpus=3",
        "instance.host=cmp3",
        "instance.host az=az1",
        "not instance.host",
        "instance.host=cmp3 or az=az2",
        "size<10",
        "nothingofthekind",
    ];
    let orders =
        ["id", "-id", "-updated", "updated", "vcpus", "-vcpus", "az", "-az", "uuid", "size", "instance.host"];
    block_on(async {
        for (at, text) in queries.iter().enumerate() {
            for (place, by) in orders.iter().enumerate() {
                // Each query in three orders, each order with several queries.
                if (at + place) % 4 != 0 && at > 1 {
                    continue;
                }
                let expected = rows.obvious("c1", &query(text), &order(by));
                let search = searched(&rows, "c1", text, by).await;
                assert_eq!(search.tally().hits, expected.len() as u64, "{text} by {by}");
                assert_eq!(all(&rows, &search, false).await, expected, "{text} by {by}");
                assert_eq!(all(&rows, &search, true).await, expected, "{text} by {by}, backwards");
            }
        }
    });
}

#[test]
fn rows_have_their_columns_and_ranks() {
    let rows = Rows::new();
    block_on(async {
        let search = searched(&rows, "c1", "vcpus=5", "-az").await;
        let (columns, known) = (fields(&["az", "instance.host"]), rows.all("c1"));
        let page = page(&rows, &search, PageFrom::Start, 1_000).await;
        assert!(page.len() > 50);
        for (at, listed) in page.iter().enumerate() {
            let (row, facts) = known.iter().find(|(row, _)| row.id == listed.row.id).unwrap();
            assert_eq!(row, &listed.row);
            for (field, cell) in columns.iter().zip(&listed.cells) {
                let expected = reqspec::query::eval::values(field, &crate::cloud::record("c1", row), facts);
                assert_eq!(cell, &expected, "{}", field.name);
            }
            assert_eq!(search.rank(&listed.key).await, Ok(at as u64));
        }
    });
}

#[test]
fn what_other_tables_say_of_the_api_databases_instances_is_asked_in_their_cells() {
    let rows = Rows::new();
    block_on(async {
        let search = searched(&rows, "api", "mapped=c1 instance.host=cmp4", "id").await;
        // Only the second half of them has a row in the cell.
        let expected = (crate::cloud::ROWS / 2..crate::cloud::ROWS)
            .filter(|number| number % 9 != 0 && number % 7 != 0 && number % 11 == 4);
        assert_eq!(search.tally().hits, expected.count() as u64);
        assert_eq!(search.tally().undecided, 0);
    });
}

#[test]
fn what_cannot_be_asked_leaves_rows_undecided() {
    let mut rows = Rows::new();
    rows.open.remove(&database("c1"));
    block_on(async {
        let search = searched(&rows, "api", "mapped=c1 (instance.host=cmp4 or vcpus=3)", "id").await;
        let tally = search.tally();
        // The rows that need no cell are found all the same.
        let hits = rows.all("api").len() as u64;
        assert!(tally.hits > 0 && tally.undecided > 0 && tally.hits + tally.undecided < hits, "{tally:?}");
        let remarks = search.remarks();
        assert_eq!(remarks.len(), 1, "once each: {remarks:?}");
        assert!(remarks[0].contains("c1") && remarks[0].contains("it is not there"), "{remarks:?}");
    });
}

#[test]
fn rows_that_go_or_change_meanwhile_do_not_end_the_list() {
    let rows = Rows::new();
    block_on(async {
        let search = searched(&rows, "c1", "az=az1", "vcpus").await;
        let before = all(&rows, &search, false).await;
        // A whole page goes, and the rows around it change in what they are sorted by.
        let gone = &before[97..97 * 3];
        let writer = rows.cloud.connection("c1");
        for id in gone {
            writer.execute("DELETE FROM request_specs WHERE id = ?", [id]).unwrap();
        }
        for id in &before[90..97] {
            writer.execute("UPDATE request_specs SET spec = replace(spec, '\"vcpus\": ', '\"vcpus\": 9') WHERE id = ?", [id]).unwrap();
        }
        let expected: Vec<i64> = before.iter().copied().filter(|id| !gone.contains(id)).collect();
        assert_eq!(all(&rows, &search, false).await, expected);
        assert_eq!(all(&rows, &search, true).await, expected);
    });
}

#[rstest::rstest]
#[case("-updated")]
#[case("updated")]
fn rows_that_are_updated_meanwhile_keep_their_places(#[case] by: &str) {
    let rows = Rows::new();
    block_on(async {
        let search = searched(&rows, "c1", "az=az1", by).await;
        let before = all(&rows, &search, false).await;
        let writer = rows.cloud.connection("c1");
        // The last and first rows of pages, either way: lists go on from their keys.
        for id in before.iter().step_by(97).chain(before.iter().skip(96).step_by(97)) {
            let sql = "UPDATE request_specs SET updated_at = '2026-11-11 11:11:11' WHERE id = ?";
            writer.execute(sql, [id]).unwrap();
        }
        // One that had a date has none at all.
        let sql = "UPDATE request_specs SET updated_at = NULL, created_at = NULL WHERE id = ?";
        writer.execute(sql, [before[97 * 2 - 1]]).unwrap();
        assert_eq!(all(&rows, &search, false).await, before);
        assert_eq!(all(&rows, &search, true).await, before);
        let page = page(&rows, &search, PageFrom::Start, 1).await;
        assert_eq!(page[0].row.updated_at.as_deref(), Some("2026-11-11 11:11:11"), "shown as it is now");
    });
}

#[test]
fn pages_begin_where_keys_of_other_databases_would_stand() {
    let rows = Rows::new();
    block_on(async {
        let ours = searched(&rows, "c1", "", "vcpus").await;
        let theirs = searched(&rows, "api", "", "vcpus").await;
        let expected = rows.obvious("c1", &query(""), &order("vcpus"));
        for listed in page(&rows, &theirs, PageFrom::Start, 3_000).await.iter().step_by(301) {
            let rank = ours.rank(&listed.key).await.unwrap() as usize;
            let found = page(&rows, &ours, PageFrom::At(listed.key.clone()), 3).await;
            let ids: Vec<i64> = found.iter().map(|row| row.row.id).collect();
            assert_eq!(ids, expected[rank..(rank + 3).min(expected.len())]);
        }
        assert_eq!(order("id").native(), Some(SortOrder::Id));
    });
}
