//! Sessions: what they may do, what they keep from each other, and what a cancelled request leaves.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqspec::query::prefilter::Prefilter;
use reqspec::query::{PageFrom, PageRequest, SortOrder};
use reqspec::store::{Access, Cancel, DatabaseName, Rights, StoreError, TableState};

use crate::bench::{Bench, Row, all, in_the_way, open};
use crate::reading::Collect;
use crate::support::{block_on, uuid};
use crate::writing::new_spec;

promises!(
    a_reading_session_refuses_to_write,
    a_probe_says_what_is_there,
    a_held_row_stays_as_it_is_until_it_is_released,
    a_hold_that_is_dropped_lets_go,
    a_cancelled_request_leaves_the_session_usable,
    a_session_outlives_the_runtime_it_was_opened_in,
    different_databases_have_different_identities,
);

fn a_reading_session_refuses_to_write(bench: Bench) {
    let db = bench.filled(&bench.seven());
    let store = db.open(Access::ReadOnly);
    let before = all(&*store);
    block_on(async {
        for error in [
            store.create(new_spec("u", "{}")).await.unwrap_err(),
            store.save(&uuid(1), b"{\"a\": 1}", "{}").await.unwrap_err(),
            store.destroy(&uuid(1), b"{\"a\": 1}").await.unwrap_err(),
            store.hold(&uuid(1), b"{\"a\": 1}").await.err().unwrap(),
        ] {
            assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
        }
    });
    assert_eq!(all(&*store), before);
}

fn a_probe_says_what_is_there(bench: Bench) {
    let db = bench.filled(&[]);
    for access in [Access::ReadOnly, Access::ReadWrite] {
        let probe = block_on(db.open(access).probe()).unwrap();
        let product = match bench {
            Bench::Sqlite(_) => "SQLite",
            Bench::Server(kind) if kind.as_str() == "mariadb" => "MariaDB",
            Bench::Server(_) => "PostgreSQL",
        };
        assert_eq!((probe.product.as_str(), probe.table), (product, TableState::Present));
        assert!(probe.version.starts_with(|first: char| first.is_ascii_digit()), "{}", probe.version);
        assert!(!probe.version.contains(product), "{}", probe.version);
        // Of the account, not of the session.
        assert_eq!(probe.rights, Rights::Write);
        assert!(probe.round_trip < Duration::from_secs(2) && probe.round_trip > Duration::ZERO);
    }
}

fn a_held_row_stays_as_it_is_until_it_is_released(bench: Bench) {
    let db = bench.filled(&[Row::new(1, b"x"), Row::new(2, b"y")]);
    let (holder, other) = (db.open(Access::ReadWrite), db.open(Access::ReadWrite));
    let error = block_on(holder.hold(&uuid(1), b"y")).err().unwrap();
    assert!(matches!(error, StoreError::Conflict { current: Some(_), .. }), "{error:?}");

    let hold = block_on(holder.hold(&uuid(1), b"x")).unwrap();
    assert_eq!(&*block_on(other.get(&uuid(1))).unwrap().unwrap().spec, b"x", "a held row cannot be read");
    let id = uuid(1);
    let began = Instant::now();
    let outcome = std::thread::scope(|scope| {
        let destroying = scope.spawn(|| block_on(other.destroy(&id, b"x")));
        std::thread::sleep(Duration::from_millis(500));
        let early = destroying.is_finished();
        assert_eq!(db.text(&id).as_deref(), Some("x"), "a held row was deleted");
        hold.release();
        let outcome = destroying.join().unwrap();
        if early {
            assert!(outcome.as_ref().is_err_and(in_the_way), "{outcome:?}");
        }
        outcome
    });
    assert!(began.elapsed() < Duration::from_secs(20));
    match outcome {
        Ok(()) => {}
        Err(error) if in_the_way(&error) => block_on(other.destroy(&id, b"x")).unwrap(),
        Err(error) => panic!("{error:?}"),
    }
    assert_eq!(block_on(holder.get(&id)).unwrap(), None);
}

fn a_hold_that_is_dropped_lets_go(bench: Bench) {
    let db = bench.filled(&[Row::new(1, b"x")]);
    let (holder, other) = (db.open(Access::ReadWrite), db.open(Access::ReadWrite));
    let hold = block_on(holder.hold(&uuid(1), b"x")).unwrap();
    drop(hold);
    // The holder itself goes on too.
    assert_eq!(&*block_on(holder.save(&uuid(1), b"x", "y")).unwrap().spec, b"y");
    // Both are dropped within a runtime, the session first.
    block_on(async {
        let hold = holder.hold(&uuid(1), b"y").await.unwrap();
        drop(holder);
        drop(hold);
    });
    let began = Instant::now();
    loop {
        match block_on(other.save(&uuid(1), b"y", "z")) {
            Ok(saved) => break assert_eq!(&*saved.spec, b"z"),
            Err(error) => {
                assert!(in_the_way(&error) && began.elapsed() < Duration::from_secs(10), "{error:?}")
            }
        }
    }
}

type Request<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Run it for that long at most, then drop it.
fn for_a_moment(request: Request<'_>, moment: Duration) {
    let _ = block_on(async { tokio::time::timeout(moment, request).await });
}

fn a_cancelled_request_leaves_the_session_usable(bench: Bench) {
    let rows: Vec<Row> = (1..=3_000).map(|id| Row::new(id, &[b'x'; 500])).collect();
    let db = bench.filled(&rows);
    let store = db.open(Access::ReadWrite);
    let text = "x".repeat(500);
    for round in 0..60u32 {
        let moment = Duration::from_micros(u64::from(round / 6 * 150));
        let request: Request<'_> = match round % 6 {
            0 => Box::pin(async {
                let request = PageRequest { order: SortOrder::Updated, from: PageFrom::End, limit: 500 };
                let _ = store.page(request).await;
            }),
            1 => Box::pin(async { drop(store.get(&uuid(7)).await) }),
            2 => Box::pin(async { drop(store.count().await) }),
            3 => Box::pin(async {
                drop(store.scan(Prefilter::NONE, Arc::new(Collect::default()), Cancel::default()).await);
            }),
            4 => Box::pin(async {
                let _ = store.save(&uuid(8), text.as_bytes(), "after").await;
            }),
            _ => Box::pin(async { drop(store.hold(&uuid(9), text.as_bytes()).await) }),
        };
        for_a_moment(request, moment);
        // Its own answer, not that of the request before.
        let row = block_on(store.get(&uuid(i64::from(round) + 100))).unwrap().unwrap();
        assert_eq!((row.id, row.spec.len()), (i64::from(round) + 100, 500));
    }
    // A save that nobody waited for was made wholly or not at all, and nothing is locked for long.
    let began = Instant::now();
    let decided = loop {
        let now = block_on(store.get(&uuid(8))).unwrap().unwrap();
        assert!([&text, "after"].iter().any(|text| *now.spec == *text.as_bytes()));
        match block_on(store.save(&uuid(8), &now.spec, "in the end")) {
            Ok(row) => break row,
            Err(error) => {
                let meanwhile = matches!(error, StoreError::Conflict { .. }) || in_the_way(&error);
                assert!(meanwhile && began.elapsed() < Duration::from_secs(10), "{error:?}");
            }
        }
    };
    assert_eq!(&*decided.spec, b"in the end");
    block_on(store.destroy(&uuid(9), text.as_bytes())).unwrap();
    assert_eq!(block_on(store.count()).unwrap(), 2_999);
}

fn a_session_outlives_the_runtime_it_was_opened_in(bench: Bench) {
    let db = bench.filled(&[Row::new(1, b"x")]);
    let address = db.address();
    // Each `block_on` is a runtime of its own.
    let store = open(DatabaseName::Api, &address, Access::ReadWrite).unwrap();
    for _ in 0..3 {
        assert_eq!(block_on(store.count()).unwrap(), 1);
    }
    let hold = block_on(store.hold(&uuid(1), b"x")).unwrap();
    let other = open(DatabaseName::Api, &address, Access::ReadOnly).unwrap();
    assert_eq!(block_on(other.count()).unwrap(), 1);
    drop(hold);
    // Many at once, from threads of their own.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(block_on(store.get(&uuid(1))).unwrap().unwrap().id, 1);
                }
            });
        }
    });
}

fn different_databases_have_different_identities(bench: Bench) {
    let (one, two) = (bench.filled(&[]), bench.filled(&[]));
    let identity = |db: &crate::bench::Db, access| db.open(access).identity();
    assert_eq!(identity(&one, Access::ReadOnly), identity(&one, Access::ReadWrite));
    assert_ne!(identity(&one, Access::ReadOnly), identity(&two, Access::ReadOnly));
}
