//! Answers from columns: the same as those of a pass, and none once anything has changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use reqspec::query::{PageFrom, PageRequest};
use reqspec::search::Search;
use reqspec::search::cache::{BUDGET, Cache};
use reqspec::search::facets::Facets;
use reqspec::store::SpecStore;

use crate::cloud::{NOW, Rows, fields, order, query};
use crate::faults::Failing;
use crate::support::{block_on, database};

/// A database that counts the rows that are read of it in passes.
fn counted(rows: &Rows) -> (Arc<dyn SpecStore>, Arc<AtomicU64>) {
    let seen = Arc::new(AtomicU64::new(0));
    let store =
        Failing { inner: rows.store("c1"), after: u64::MAX, seen: Arc::clone(&seen), while_read: None };
    (Arc::new(store), seen)
}

async fn found(rows: &Rows, store: &Arc<dyn SpecStore>, cache: &Cache, text: &str, by: &str) -> Vec<i64> {
    let search = Search::new(database("c1"), query(text), order(by), NOW);
    search.run(store, rows, Some(cache), || {}).await.unwrap();
    assert!(search.tally().finished);
    let request = PageRequest { order: order(by), from: PageFrom::Start, limit: 10_000 };
    let page = search.page(&**store, rows, &request, &fields(&[])).await.unwrap();
    assert_eq!(search.tally().hits, page.len() as u64);
    page.into_iter().map(|listed| listed.row.id).collect()
}

const FIELDS: &[&str] = &["az", "vcpus", "flavor", "broken", "size", "demands", "updated", "hint.group"];

#[test]
fn columns_answer_as_a_pass_does() {
    let rows = Rows::new();
    let cache = Cache::with_limits(1, BUDGET, || 0);
    block_on(async {
        let (store, seen) = counted(&rows);
        cache.build(&store, fields(FIELDS).to_vec(), 1_500, || true).await;
        assert!(cache.bytes() > 0);
        let before = seen.load(Ordering::Relaxed);
        for (text, by) in [
            ("az=az1", "id"),
            ("az!=az1 vcpus>=8", "-vcpus"),
            ("not (az=az1 or broken) vcpus<9", "az"),
            ("flavor~^m[13] size>2K", "-updated"),
            ("az:AZ demands", "-flavor"),
            ("hint.group or not az", "size"),
            ("", "vcpus"),
            ("az=nowhere", "id"),
        ] {
            let expected = rows.obvious("c1", &query(text), &order(by));
            assert_eq!(found(&rows, &store, &cache, text, by).await, expected, "{text} by {by}");
        }
        let count = Facets::new(database("c1"), query("vcpus>3"), fields(&["az", "flavor", "broken"]), NOW);
        let (counts, _) = count.run(&store, &rows, Some(&cache), || {}).await;
        assert_eq!(seen.load(Ordering::Relaxed), before, "no row was read");
        let passed = Facets::new(database("c1"), query("vcpus>3"), fields(&["az", "flavor", "broken"]), NOW);
        assert_eq!(counts, passed.run(&store, &rows, None, || {}).await.0);
        assert!(counts.hits > 500 && counts.groups.len() > 10);
        // Words look at the whole text, hosts stand in another table.
        for text in ["az1", "instance.host=cmp3", "az=az1 uuid"] {
            let before = seen.load(Ordering::Relaxed);
            let expected = rows.obvious("c1", &query(text), &order("id"));
            assert_eq!(found(&rows, &store, &cache, text, "id").await, expected);
            assert!(seen.load(Ordering::Relaxed) > before, "{text}");
        }
    });
}

#[test]
fn a_change_of_the_database_ends_its_columns() {
    let rows = Rows::new();
    let cache = Cache::with_limits(1, BUDGET, || 0);
    block_on(async {
        let (store, seen) = counted(&rows);
        cache.build(&store, fields(&["az"]).to_vec(), 1_500, || true).await;
        let before = found(&rows, &store, &cache, "az=az1", "id").await;
        let writer = rows.cloud.connection("c1");
        let sql = "UPDATE request_specs SET spec = replace(spec, '\"az1\"', '\"az2\"') WHERE id = ?";
        assert_eq!(writer.execute(sql, [before[0]]).unwrap(), 1);
        let read = seen.load(Ordering::Relaxed);
        assert_eq!(found(&rows, &store, &cache, "az=az1", "id").await, before[1..]);
        assert!(seen.load(Ordering::Relaxed) > read, "the rows were read again");
        assert_eq!(cache.bytes(), 0);
        // Built anew, they are those of what is there now.
        cache.build(&store, fields(&["az"]).to_vec(), 1_500, || true).await;
        let read = seen.load(Ordering::Relaxed);
        assert_eq!(found(&rows, &store, &cache, "az=az1", "id").await, before[1..]);
        assert_eq!(seen.load(Ordering::Relaxed), read);
    });
}

#[test]
fn another_session_has_columns_of_its_own() {
    let rows = Rows::new();
    let cache = Cache::with_limits(1, BUDGET, || 0);
    block_on(async {
        let ((first, _), (second, seen)) = (counted(&rows), counted(&rows));
        cache.build(&first, fields(&["az"]).to_vec(), 1_500, || true).await;
        found(&rows, &second, &cache, "az=az1", "id").await;
        assert!(seen.load(Ordering::Relaxed) > 0, "its tokens are compared with its own alone");
    });
}

#[test]
fn memory_is_bounded_and_small_databases_have_none() {
    let rows = Rows::new();
    block_on(async {
        let (store, _) = counted(&rows);
        let cache = Cache::with_limits(1, 90_000, || 0);
        cache.build(&store, fields(FIELDS).to_vec(), 1_500, || true).await;
        assert!((1..=90_000).contains(&cache.bytes()), "{} bytes", cache.bytes());
        let cache = Cache::with_limits(2_000, BUDGET, || 0);
        cache.build(&store, fields(FIELDS).to_vec(), 1_500, || true).await;
        assert_eq!(cache.bytes(), 0);
    });
}

#[test]
fn columns_that_came_too_late_are_not_built_anew_at_once() {
    let rows = Rows::new();
    let cache = Cache::with_limits(1, BUDGET, || 0);
    block_on(async {
        let seen = Arc::new(AtomicU64::new(0));
        let writer = rows.cloud.connection("c1");
        // Others write as soon as rows are read.
        let written = std::sync::Mutex::new(writer);
        let store: Arc<dyn SpecStore> = Arc::new(Failing {
            inner: rows.store("c1"),
            after: u64::MAX,
            seen: Arc::clone(&seen),
            while_read: Some(Box::new(move || {
                let sql = "UPDATE request_specs SET updated_at = '2026-11-11 11:11:11' WHERE id = 5";
                written.lock().unwrap().execute(sql, []).unwrap();
            })),
        });
        cache.build(&store, fields(&["az"]).to_vec(), 1_500, || true).await;
        assert_eq!((cache.bytes(), seen.load(Ordering::Relaxed)), (0, 1_500), "it was changed meanwhile");
        cache.build(&store, fields(&["az"]).to_vec(), 1_500, || true).await;
        assert_eq!(seen.load(Ordering::Relaxed), 1_500, "not read again so soon");
    });
}

static HITS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn hits_take_the_room_of_columns() {
    let rows = Rows::new();
    let cache = Cache::with_limits(1, BUDGET, || HITS.load(Ordering::Relaxed));
    block_on(async {
        let (store, _) = counted(&rows);
        cache.build(&store, fields(FIELDS).to_vec(), 1_500, || true).await;
        let all = cache.bytes();
        cache.make_room();
        assert_eq!(cache.bytes(), all, "there is room");
        HITS.store(BUDGET - all + 1, Ordering::Relaxed);
        // A search that finds so many does that.
        let expected = rows.obvious("c1", &query("az=az1"), &order("id"));
        assert_eq!(found(&rows, &store, &cache, "az=az1", "id").await, expected);
        assert_eq!(cache.bytes(), 0);
        cache.build(&store, fields(FIELDS).to_vec(), 1_500, || true).await;
        assert!(cache.bytes() < all, "{} bytes of {all}", cache.bytes());
    });
}

#[test]
fn building_gives_way_to_a_search() {
    let rows = Rows::new();
    let cache = Cache::with_limits(1, BUDGET, || 0);
    block_on(async {
        let (store, seen) = counted(&rows);
        let idle = std::sync::atomic::AtomicBool::new(false);
        let build = cache.build(&store, fields(&["az"]).to_vec(), 1_500, || idle.load(Ordering::Relaxed));
        let watch = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            assert_eq!(seen.load(Ordering::Relaxed), 0, "a search runs");
            idle.store(true, Ordering::Relaxed);
        };
        tokio::join!(build, watch);
        assert!(cache.bytes() > 0);
    });
}
