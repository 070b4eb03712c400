//! A write changes exactly what was meant, or nothing.

use std::sync::{Arc, Barrier};

use reqspec::store::{Access, DatabaseName, Engine, NewSpec, StoreError, StoredSpec};
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::bench::{Bench, Row, all, in_the_way};
use crate::support::{block_on, uuid};

promises!(
    a_row_is_created_saved_and_destroyed,
    a_created_row_keeps_the_times_it_is_given,
    a_write_is_compare_and_swap_on_the_exact_bytes,
    instances_are_told_apart_by_letter_case_and_spaces,
    an_identical_text_is_no_conflict_and_no_write,
    of_many_writers_exactly_one_wins,
    of_two_writers_at_once_exactly_one_wins,
    what_cannot_be_held_is_refused_and_nothing_written,
    a_text_of_16_mib_is_stored_or_refused,
);

pub fn new_spec(uuid: &str, spec: &str) -> NewSpec {
    NewSpec { instance_uuid: Arc::from(uuid), spec: Arc::from(spec), created_at: None, updated_at: None }
}

/// That time, as stored, is now in UTC, give or take a minute.
pub fn assert_now(stamp: &str) {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let whole = stamp.get(..19).unwrap_or_else(|| panic!("{stamp}"));
    let time = PrimitiveDateTime::parse(whole, format).unwrap().assume_utc();
    let apart = (OffsetDateTime::now_utc() - time).whole_seconds();
    assert!(apart.abs() < 60, "{stamp} is not now in UTC: {apart} s apart");
    let rest = stamp[19..].strip_prefix('.').unwrap_or("0");
    assert!(rest.len() <= 6 && rest.bytes().all(|byte| byte.is_ascii_digit()), "{stamp}");
}

fn a_row_is_created_saved_and_destroyed(bench: Bench) {
    let db = bench.filled(&[]);
    let store = db.open(Access::ReadWrite);
    assert!(store.is_writable());
    block_on(async {
        let created = store.create(new_spec("u", "{\"a\": \"\u{e9}\"}")).await.unwrap();
        assert_eq!(&*created.spec, "{\"a\": \"\u{e9}\"}".as_bytes());
        assert_now(created.created_at.as_deref().unwrap());
        assert_eq!(created.updated_at, None);
        assert_eq!(store.get("u").await.unwrap().unwrap(), created);

        let error = store.create(new_spec("u", "{}")).await.unwrap_err();
        assert!(matches!(&error, StoreError::Exists { current, .. } if **current == created), "{error:?}");

        let saved = store.save("u", &created.spec, "{\"a\": 2}").await.unwrap();
        assert_eq!((saved.id, &*saved.spec), (created.id, &b"{\"a\": 2}"[..]));
        assert_eq!(saved.created_at, created.created_at);
        assert_now(saved.updated_at.as_deref().unwrap());
        assert_eq!(store.get("u").await.unwrap().unwrap(), saved);

        store.destroy("u", &saved.spec).await.unwrap();
        assert_eq!(store.get("u").await.unwrap(), None);
    });
    assert_eq!(all(&*store), []);
    // Texts that would end, or escape from, a statement that is put together.
    for (number, text) in ["'", "\\", "\\'", "'; DROP TABLE request_specs; --", "%", "?", "$1", "\u{1}\r\n\t"]
        .into_iter()
        .enumerate()
    {
        let id = uuid(number as i64);
        block_on(async {
            let created = store.create(new_spec(&id, text)).await.unwrap();
            assert_eq!(&*created.spec, text.as_bytes());
            let saved = store.save(&id, text.as_bytes(), &format!("{text}{text}")).await.unwrap();
            assert_eq!(*saved.spec, *format!("{text}{text}").as_bytes());
            store.destroy(&id, &saved.spec).await.unwrap();
        });
    }
}

fn a_created_row_keeps_the_times_it_is_given(bench: Bench) {
    let db = bench.filled(&[]);
    let store = db.open(Access::ReadWrite);
    let created_at = if bench.holds_any_time() { "2020-02-30 sometime" } else { "2020-02-29 23:59:59" };
    let new = NewSpec {
        created_at: Some(Arc::from(created_at)),
        // Of an hour that is left out where summer time begins.
        updated_at: Some(Arc::from("2021-03-28 02:30:00")),
        ..new_spec("u", "x")
    };
    let created = block_on(store.create(new)).unwrap();
    assert_eq!(created.created_at.as_deref(), Some(created_at));
    assert_eq!(created.updated_at.as_deref(), Some("2021-03-28 02:30:00"));
    assert_eq!(block_on(store.get("u")).unwrap().unwrap(), created);
}

fn a_write_is_compare_and_swap_on_the_exact_bytes(bench: Bench) {
    let mut rows = bench.seven();
    rows.push(Row::new(50, b"Abc"));
    let db = bench.filled(&rows);
    let store = db.open(Access::ReadWrite);
    let before_all = all(&*store);
    block_on(async {
        for before in [&b"abc"[..], b"Abc ", b"Abc\0", b" Abc", b"", b"Ab", "\u{c0}bc".as_bytes(), b"\xff"] {
            for error in [
                store.save(&uuid(50), before, "new").await.unwrap_err(),
                store.destroy(&uuid(50), before).await.unwrap_err(),
                store.hold(&uuid(50), before).await.err().unwrap(),
            ] {
                let StoreError::Conflict { database, instance_uuid, current } = error else {
                    panic!("{error:?}")
                };
                assert_eq!((database, &*instance_uuid), (DatabaseName::Api, &*uuid(50)));
                assert_eq!(&*current.unwrap().spec, b"Abc");
            }
        }
        for error in [
            store.save("gone", b"x", "y").await.unwrap_err(),
            store.destroy("gone", b"x").await.unwrap_err(),
            store.hold("gone", b"x").await.err().unwrap(),
        ] {
            assert!(matches!(error, StoreError::Conflict { current: None, .. }), "{error:?}");
        }
    });
    assert_eq!(all(&*store), before_all, "a refused write changed something");
    // Whatever the bytes are, the row that holds them is the one that changes.
    for row in &before_all {
        block_on(store.save(&row.instance_uuid, &row.spec, "new")).unwrap();
    }
    for row in all(&*store) {
        assert_eq!(&*row.spec, b"new");
        block_on(store.destroy(&row.instance_uuid, b"new")).unwrap();
    }
    assert_eq!(block_on(store.count()).unwrap(), 0);
}

fn instances_are_told_apart_by_letter_case_and_spaces(bench: Bench) {
    let row = Row { uuid: "abc-e".to_owned(), ..Row::new(1, b"x") };
    let db = bench.filled(&[row]);
    let store = db.open(Access::ReadWrite);
    block_on(async {
        for other in ["ABC-E", "abc-e ", " abc-e", "abc-\u{e9}", "abc-e\t"] {
            assert_eq!(store.get(other).await.unwrap(), None, "{other:?}");
            let many: Vec<Arc<str>> = vec![Arc::from(other)];
            assert_eq!(store.get_many(&many).await.unwrap(), [], "{other:?}");
            for error in [
                store.save(other, b"x", "y").await.unwrap_err(),
                store.destroy(other, b"x").await.unwrap_err(),
            ] {
                assert!(matches!(error, StoreError::Conflict { current: None, .. }), "{other:?}: {error:?}");
            }
        }
        assert_eq!(store.find_prefix("AB", 9).await.unwrap(), []);
        assert_eq!(store.find_prefix("abc-e", 9).await.unwrap().len(), 1);
        // Two that the server's unique index takes for one: a clear no, or two rows, never a change of the first.
        match store.create(new_spec("ABC-E", "z")).await {
            Ok(row) => assert_eq!((&*row.instance_uuid, &*row.spec), ("ABC-E", &b"z"[..])),
            Err(error) => {
                assert_eq!(bench.engine(), Engine::Mysql, "{error:?}");
                assert!(matches!(error, StoreError::Exists { .. } | StoreError::Failed { .. }), "{error:?}");
            }
        }
        assert_eq!(&*store.get("abc-e").await.unwrap().unwrap().spec, b"x");
        assert_eq!(&*store.save("abc-e", b"x", "y").await.unwrap().spec, b"y");
    });
}

fn an_identical_text_is_no_conflict_and_no_write(bench: Bench) {
    let row = Row { updated_at: Some("2026-01-05 00:00:00"), ..Row::new(1, b"same") };
    let db = bench.filled(&[row]);
    let store = db.open(Access::ReadWrite);
    for _ in 0..2 {
        let saved = block_on(store.save(&uuid(1), b"same", "same")).unwrap();
        assert_eq!(&*saved.spec, b"same");
        assert_eq!(saved.updated_at.as_deref(), Some("2026-01-05 00:00:00"), "it was written");
    }
    let error = block_on(store.save(&uuid(1), b"other", "other")).unwrap_err();
    assert!(matches!(error, StoreError::Conflict { current: Some(_), .. }), "{error:?}");
    // Two real writes within one second: the second changes no column but the text, and counts.
    for (before, after) in [("same", "b"), ("b", "c"), ("c", "b"), ("b", "same")] {
        let saved = block_on(store.save(&uuid(1), before.as_bytes(), after)).unwrap();
        assert_eq!(&*saved.spec, after.as_bytes());
    }
}

fn of_many_writers_exactly_one_wins(bench: Bench) {
    let db = bench.filled(&[Row::new(1, b"0")]);
    let won: u64 = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let store = db.open(Access::ReadWrite);
                    let mut won = 0;
                    for _ in 0..10 {
                        let row = block_on(store.get(&uuid(1))).unwrap().unwrap();
                        let value: u64 = std::str::from_utf8(&row.spec).unwrap().parse().unwrap();
                        match block_on(store.save(&uuid(1), &row.spec, &(value + 1).to_string())) {
                            Ok(_) => won += 1,
                            Err(StoreError::Conflict { .. }) => {}
                            Err(error) if in_the_way(&error) => {}
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                    won
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(db.text(&uuid(1)), Some(won.to_string()), "an update was lost");
    assert!(won >= 10);
}

fn of_two_writers_at_once_exactly_one_wins(bench: Bench) {
    const ROUNDS: i64 = 20;
    let rows: Vec<Row> = (1..=ROUNDS).map(|id| Row::new(id, b"before")).collect();
    let db = bench.filled(&rows);
    let stores = [db.open(Access::ReadWrite), db.open(Access::ReadWrite)];
    let barrier = Barrier::new(2);
    // One saves, the other saves or, in every other round, deletes.
    let race = |writer: usize| {
        (1..=ROUNDS)
            .map(|round| {
                barrier.wait();
                if writer == 1 && round % 2 == 1 {
                    block_on(stores[1].destroy(&uuid(round), b"before")).map(|()| None)
                } else {
                    let after = format!("by {writer}");
                    block_on(stores[writer].save(&uuid(round), b"before", &after))
                        .map(|row| Some(String::from_utf8_lossy(&row.spec).into_owned()))
                }
            })
            .collect::<Vec<_>>()
    };
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| race(0));
        let second = scope.spawn(|| race(1));
        (first.join().unwrap(), second.join().unwrap())
    });
    for (round, outcomes) in (1..).zip(first.into_iter().zip(second)) {
        let text = db.text(&uuid(round));
        let lost = match outcomes {
            (Ok(after), Err(lost)) => {
                assert_eq!(
                    (text.as_deref(), after.as_deref()),
                    (Some("by 0"), Some("by 0")),
                    "round {round}"
                );
                lost
            }
            (Err(lost), Ok(after)) => {
                let expected = (round % 2 == 0).then_some("by 1");
                assert_eq!((text.as_deref(), after.as_deref()), (expected, expected), "round {round}");
                lost
            }
            other => panic!("round {round}: {other:?}"),
        };
        assert!(matches!(lost, StoreError::Conflict { .. }) || in_the_way(&lost), "round {round}: {lost:?}");
    }
}

fn what_cannot_be_held_is_refused_and_nothing_written(bench: Bench) {
    let db = bench.filled(&[Row::new(1, b"before")]);
    let store = db.open(Access::ReadWrite);
    let before_all = all(&*store);
    let refused = |result: Result<StoredSpec, StoreError>, what: &str| {
        let error = result.expect_err(what);
        assert!(matches!(error, StoreError::Failed { .. }), "{what}: {error:?}");
        assert_eq!(all(&*store), before_all, "{what}: something was written");
    };
    for text in ["a\0b", "\u{1f600}"] {
        let row = Row::new(2, text.as_bytes());
        assert_eq!(
            db.try_put(std::slice::from_ref(&row)).is_ok(),
            bench.holds_text(text.as_bytes()),
            "{text:?}"
        );
        db.rows("DELETE FROM request_specs WHERE id = 2");
        if bench.holds_text(text.as_bytes()) {
            let created = block_on(store.create(new_spec("u", text))).unwrap();
            assert_eq!(&*created.spec, text.as_bytes());
            block_on(store.destroy("u", text.as_bytes())).unwrap();
        } else {
            refused(block_on(store.create(new_spec("u", text))), text);
            refused(block_on(store.save(&uuid(1), b"before", text)), text);
        }
    }
    if bench.engine() != Engine::Sqlite {
        db.try_put(&[Row::new(2, b"\xff")]).expect_err("bytes that are not UTF-8");
        let long = "u".repeat(37);
        refused(block_on(store.create(new_spec(&long, "{}"))), "an instance_uuid of 37 characters");
        assert_eq!(block_on(store.get(&long)).unwrap(), None);
    }
    for time in ["whenever", "2020-02-30 00:00:00", ""] {
        let new = NewSpec { created_at: Some(Arc::from(time)), ..new_spec("u", "{}") };
        if bench.holds_any_time() {
            let created = block_on(store.create(new)).unwrap();
            assert_eq!(created.created_at.as_deref(), Some(time));
            block_on(store.destroy("u", b"{}")).unwrap();
        } else {
            refused(block_on(store.create(new)), time);
        }
    }
    assert_eq!(&*block_on(store.save(&uuid(1), b"before", "after")).unwrap().spec, b"after");
}

fn a_text_of_16_mib_is_stored_or_refused(bench: Bench) {
    let db = bench.filled(&[Row::new(1, b"before")]);
    let store = db.open(Access::ReadWrite);
    let size = 16_777_216;
    let text = format!("{{\"a\": \"{}\"}}", "x".repeat(size - 9));
    assert_eq!(text.len(), size);
    let (id, longest) = (uuid(1), bench.most_bytes().unwrap_or(size));
    if longest < size {
        for error in [
            block_on(store.save(&id, b"before", &text)).unwrap_err(),
            block_on(store.create(new_spec("u", &text))).unwrap_err(),
        ] {
            let StoreError::Failed { reason, .. } = &error else { panic!("{error:?}") };
            assert!(reason.contains("16777215") || reason.contains("16,777,215"), "{error}");
        }
        assert_eq!(db.text(&id).as_deref(), Some("before"));
        assert_eq!(block_on(store.count()).unwrap(), 1);
    }
    let text = &text[..longest];
    let saved = block_on(store.save(&id, b"before", text)).unwrap();
    assert!(*saved.spec == *text.as_bytes(), "not the same bytes came back");
    let read = block_on(store.get(&id)).unwrap().unwrap();
    assert!(*read.spec == *text.as_bytes());
    let length = if bench.engine() == Engine::Mysql { "length(spec)" } else { "length(CAST(spec AS TEXT))" };
    let length = db.value(&format!("SELECT {length} FROM request_specs"));
    assert_eq!(length, Some(longest.to_string()));
    block_on(store.destroy(&id, text.as_bytes())).unwrap();
}
