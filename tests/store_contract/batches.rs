//! Several changes in one transaction: each is compare-and-swap of its own, those that are refused are left
//! alone and say so in their places, the others are committed together.

use std::sync::{Arc, Barrier};

use reqspec::store::{Access, DatabaseName, Engine, NewSpec, RowChange, SpecStore, StoreError};

use crate::bench::{Bench, Db, Row, all, in_the_way, open};
use crate::support::servers::Kind;
use crate::support::{block_on, uuid};
use crate::writing::{assert_now, new_spec};

promises!(
    changes_of_every_kind_are_made_in_one_batch,
    what_is_not_as_it_was_read_is_left_alone_and_answers_in_its_place,
    a_batch_in_which_all_is_refused_or_equal_writes_nothing,
    two_changes_of_one_instance_are_refused,
    rows_that_are_created_keep_the_times_they_are_given,
    a_batch_of_thousands_of_long_texts_is_written_whole,
    what_cannot_be_held_is_refused_in_its_place,
    a_row_that_swallows_its_change_undoes_the_whole_batch,
    a_reading_session_is_refused,
    a_missing_table_is_told,
    batches_of_the_same_rows_in_opposite_orders_never_mix,
    held_rows_do_not_change_until_they_are_let_go,
    rows_of_other_bytes_say_so_when_they_are_to_be_held,
);

server_promises!(
    a_held_row_makes_a_batch_give_up_with_nothing_written,
    names_that_the_collation_takes_for_the_same_are_refused_in_their_places,
    a_text_that_the_server_would_alter_undoes_the_whole_batch,
);

fn save(number: i64, before: &[u8], after: &str) -> RowChange {
    let instance_uuid = Arc::from(uuid(number));
    RowChange::Save { instance_uuid, before: Arc::from(before), after: Arc::from(after) }
}

fn destroy(number: i64, before: &[u8]) -> RowChange {
    RowChange::Destroy { instance_uuid: Arc::from(uuid(number)), before: Arc::from(before) }
}

fn create(number: i64, text: &str) -> RowChange {
    RowChange::Create(new_spec(&uuid(number), text))
}

fn held(number: i64, text: &[u8]) -> (Arc<str>, Arc<[u8]>) {
    (Arc::from(uuid(number)), Arc::from(text))
}

fn change(store: &dyn SpecStore, changes: &[RowChange]) -> Vec<Result<(), StoreError>> {
    block_on(store.change_many(changes)).unwrap()
}

fn all_done(answers: &[Result<(), StoreError>]) {
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

/// A conflict with the text that is there, if any.
fn conflict(answer: &Result<(), StoreError>, number: i64) -> Option<Vec<u8>> {
    match answer {
        Err(StoreError::Conflict { database, instance_uuid, current }) => {
            assert_eq!((database, &**instance_uuid), (&DatabaseName::Api, &*uuid(number)));
            current.as_ref().map(|row| row.spec.to_vec())
        }
        other => panic!("{other:?}"),
    }
}

fn texts(store: &dyn SpecStore) -> Vec<(String, Vec<u8>)> {
    all(store).into_iter().map(|row| (row.instance_uuid.to_string(), row.spec.to_vec())).collect()
}

/// Rows 1, 2, … of the text "old".
fn rows(count: i64) -> Vec<Row> {
    let row = |id| Row {
        created_at: Some("2026-01-01 00:00:00"),
        updated_at: Some("2026-01-02 00:00:00"),
        ..Row::new(id, b"old")
    };
    (1..=count).map(row).collect()
}

fn changes_of_every_kind_are_made_in_one_batch(bench: Bench) {
    let db = bench.filled(&rows(4));
    let store = db.open(Access::ReadWrite);
    let answers = change(
        &*store,
        &[destroy(3, b"old"), create(7, "'\\ \u{e9}%"), save(2, b"old", "new"), save(1, b"old", "'; \\' ?")],
    );
    assert_eq!(answers.len(), 4);
    all_done(&answers);
    let left = all(&*store);
    let mut now: Vec<_> = left.iter().map(|row| (&*row.instance_uuid, &*row.spec)).collect();
    now.sort_unstable();
    let ids: Vec<String> = [1, 2, 4, 7].map(uuid).to_vec();
    let expected = ["'; \\' ?".as_bytes(), b"new", b"old", "'\\ \u{e9}%".as_bytes()];
    assert_eq!(now, ids.iter().map(|id| &**id).zip(expected).collect::<Vec<_>>());
    for row in left {
        match row.id {
            1 | 2 => {
                assert!(row.created_at.unwrap().starts_with("2026-01-01 00:00:00"));
                assert_now(&row.updated_at.unwrap());
            }
            4 => assert!(row.updated_at.unwrap().starts_with("2026-01-02 00:00:00")),
            _ => {
                assert_now(&row.created_at.unwrap());
                assert_eq!(row.updated_at, None);
            }
        }
    }
    all_done(&change(&*store, &[]));
}

fn what_is_not_as_it_was_read_is_left_alone_and_answers_in_its_place(bench: Bench) {
    let mut with = rows(9);
    with.push(Row::new(20, b"Abc"));
    let db = bench.filled(&with);
    let store = db.open(Access::ReadWrite);
    let other = RowChange::Save {
        instance_uuid: Arc::from(uuid(9).to_uppercase().replace('0', "o")),
        before: Arc::from(&b"old"[..]),
        after: "new".into(),
    };
    let answers = change(
        &*store,
        &[
            save(1, b"old", "new"),
            save(2, b"older", "new"),
            destroy(3, b"Old"),
            create(4, "new"),
            save(99, b"old", "new"),
            destroy(98, b"old"),
            save(5, b"old", "new"),
            save(20, b"abc", "new"),
            other,
            destroy(6, b"old"),
            create(97, "new"),
        ],
    );
    assert_eq!([0, 6, 9, 10].map(|at: usize| answers[at].is_ok()), [true; 4], "{answers:?}");
    assert_eq!(conflict(&answers[1], 2).as_deref(), Some(&b"old"[..]));
    assert_eq!(conflict(&answers[2], 3).as_deref(), Some(&b"old"[..]));
    match &answers[3] {
        Err(StoreError::Exists { current, .. }) => assert_eq!((current.id, &*current.spec), (4, &b"old"[..])),
        other => panic!("{other:?}"),
    }
    assert_eq!(conflict(&answers[4], 99), None);
    assert_eq!(conflict(&answers[5], 98), None);
    assert_eq!(conflict(&answers[7], 20).as_deref(), Some(&b"Abc"[..]));
    assert!(matches!(&answers[8], Err(StoreError::Conflict { current: None, .. })), "{:?}", answers[8]);
    let mut left = texts(&*store);
    left.sort();
    let texts = [
        (1, &b"new"[..]),
        (2, b"old"),
        (3, b"old"),
        (4, b"old"),
        (5, b"new"),
        (7, b"old"),
        (8, b"old"),
        (9, b"old"),
        (20, b"Abc"),
        (97, b"new"),
    ];
    assert_eq!(left, texts.map(|(number, text)| (uuid(number), text.to_vec())));
}

fn a_batch_in_which_all_is_refused_or_equal_writes_nothing(bench: Bench) {
    let db = bench.filled(&rows(3));
    let store = db.open(Access::ReadWrite);
    let before = all(&*store);
    let answers =
        change(&*store, &[save(1, b"old", "old"), save(2, b"x", "y"), create(3, "x"), save(3_000, b"", "x")]);
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, false]);
    assert_eq!(all(&*store), before);
}

fn two_changes_of_one_instance_are_refused(bench: Bench) {
    let db = bench.filled(&rows(2));
    let store = db.open(Access::ReadWrite);
    let before = all(&*store);
    let twice = [save(1, b"old", "new"), save(2, b"old", "new"), destroy(1, b"new")];
    let error = block_on(store.change_many(&twice)).unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    assert!(error.to_string().contains(&uuid(1)), "{error}");
    let error = block_on(store.hold_many(&[held(1, b"old"), held(1, b"old")])).err().unwrap();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    assert_eq!(all(&*store), before);
}

fn rows_that_are_created_keep_the_times_they_are_given(bench: Bench) {
    let db = bench.filled(&[]);
    let store = db.open(Access::ReadWrite);
    let created_at = if bench.holds_any_time() { "2020-02-30 sometime" } else { "2020-02-29 23:59:59" };
    let new = |number, created_at: Option<&str>, updated_at: Option<&str>| {
        RowChange::Create(NewSpec {
            created_at: created_at.map(Arc::from),
            updated_at: updated_at.map(Arc::from),
            ..new_spec(&uuid(number), "x")
        })
    };
    let changes = [new(1, Some(created_at), Some("2021-03-28 02:30:00")), new(2, None, None)];
    all_done(&change(&*store, &changes));
    let (one, two) = (block_on(store.get(&uuid(1))).unwrap(), block_on(store.get(&uuid(2))).unwrap());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.created_at.as_deref(), Some(created_at));
    assert_eq!(one.updated_at.as_deref(), Some("2021-03-28 02:30:00"));
    assert_now(&two.created_at.unwrap());
    assert_eq!(two.updated_at, None);
}

fn a_batch_of_thousands_of_long_texts_is_written_whole(bench: Bench) {
    const COUNT: i64 = 2_500;
    let db = bench.filled(&[]);
    let store = db.open(Access::ReadWrite);
    let text = |number: i64, version: &str| format!("{number} {version} {}", "x'\\\"\u{e9}".repeat(600));
    // One that is longer than a statement is meant to be.
    let long = |version: &str| format!("{version} {}", "y".repeat(5 << 20));
    let versions =
        |number: i64, version: &str| if number == 77 { long(version) } else { text(number, version) };
    let numbers = || 1..=COUNT;
    let creations: Vec<_> = numbers().map(|number| create(number, &versions(number, "a"))).collect();
    all_done(&change(&*store, &creations));
    let saves: Vec<_> = numbers()
        .rev()
        .map(|number| save(number, versions(number, "a").as_bytes(), &versions(number, "b")))
        .collect();
    all_done(&change(&*store, &saves));
    let names: Vec<Arc<str>> = numbers().map(|number| Arc::from(uuid(number))).collect();
    let mut found = block_on(store.get_many(&names)).unwrap();
    found.sort_by(|one, other| one.instance_uuid.cmp(&other.instance_uuid));
    assert_eq!(found.len(), names.len());
    for (number, row) in numbers().zip(&found) {
        assert!(*row.spec == *versions(number, "b").as_bytes(), "{number}");
    }
    let deletions: Vec<_> =
        numbers().map(|number| destroy(number, versions(number, "b").as_bytes())).collect();
    all_done(&change(&*store, &deletions));
    assert_eq!(block_on(store.count()).unwrap(), 0);
}

fn what_cannot_be_held_is_refused_in_its_place(bench: Bench) {
    let db = bench.filled(&rows(3));
    let store = db.open(Access::ReadWrite);
    let mut texts = vec!["a\0b".to_owned(), "\u{1f600}".to_owned()];
    if let Some(most) = bench.most_bytes() {
        texts.push("x".repeat(most + 1));
    }
    for text in texts {
        let answers = change(
            &*store,
            &[create(50, &text), save(1, b"old", &text), save(2, b"old", "new"), create(51, "x")],
        );
        let holds = bench.holds_text(text.as_bytes());
        assert_eq!([answers[0].is_ok(), answers[1].is_ok()], [holds; 2], "{answers:?}");
        assert_eq!([answers[2].is_ok(), answers[3].is_ok()], [true; 2], "{answers:?}");
        if !holds {
            assert!(matches!(&answers[1], Err(StoreError::Failed { .. })), "{answers:?}");
            assert_eq!(db.text(&uuid(1)).as_deref(), Some("old"));
        }
        db.rows("DELETE FROM request_specs WHERE spec <> 'old'");
        db.try_put(&rows(2)).or_else(|_| db.try_put(&rows(2)[1..])).unwrap();
    }
}

fn a_row_that_swallows_its_change_undoes_the_whole_batch(bench: Bench) {
    // A trigger that lets one row be changed and says nothing: only SQLite and PostgreSQL have such.
    if bench.engine() == Engine::Mysql {
        return;
    }
    let db = bench.filled(&rows(3));
    let id = uuid(2);
    match bench.engine() {
        Engine::Sqlite => {
            for kind in ["UPDATE", "DELETE"] {
                db.rows(&format!(
                    "CREATE TRIGGER no{kind} BEFORE {kind} ON request_specs WHEN OLD.instance_uuid = '{id}' \
                     BEGIN SELECT RAISE(IGNORE); END"
                ));
            }
        }
        _ => {
            db.rows(&format!(
                "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF OLD.instance_uuid = '{id}' THEN RETURN NULL; END IF; \
                 IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
            ));
            db.rows(
                "CREATE TRIGGER swallow BEFORE UPDATE OR DELETE ON request_specs \
                 FOR EACH ROW EXECUTE FUNCTION swallow()",
            );
        }
    }
    let store = db.open(Access::ReadWrite);
    let before = all(&*store);
    for changes in [
        [save(1, b"old", "new"), save(2, b"old", "new"), create(9, "x")],
        [save(1, b"old", "new"), destroy(2, b"old"), create(9, "x")],
    ] {
        let error = block_on(store.change_many(&changes)).unwrap_err();
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
        assert!(error.to_string().contains("nothing was written"), "{error}");
        assert_eq!(all(&*store), before);
    }
    all_done(&change(&*store, &[save(1, b"old", "new"), create(9, "x")]));
}

fn a_reading_session_is_refused(bench: Bench) {
    let db = bench.filled(&rows(1));
    let store = db.open(Access::ReadOnly);
    let error = block_on(store.change_many(&[save(1, b"old", "new")])).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    let error = block_on(store.hold_many(&[held(1, b"old")])).err().unwrap();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    assert_eq!(db.text(&uuid(1)).as_deref(), Some("old"));
}

fn a_missing_table_is_told(bench: Bench) {
    let db = bench.empty();
    let store = db.open(Access::ReadWrite);
    let error = block_on(store.change_many(&[create(1, "new")])).unwrap_err();
    assert!(matches!(error, StoreError::NoTable { .. }), "{error:?}");
    let error = block_on(store.hold_many(&[held(1, b"old")])).err().unwrap();
    assert!(matches!(error, StoreError::NoTable { .. }), "{error:?}");
}

fn batches_of_the_same_rows_in_opposite_orders_never_mix(bench: Bench) {
    const ROWS: i64 = 30;
    let db = bench.filled(&rows(ROWS));
    let stores = [db.open(Access::ReadWrite), db.open(Access::ReadWrite)];
    let barrier = Barrier::new(2);
    // Each batch turns what it finds into its own round; a row that the other was quicker with is a conflict.
    let write = |writer: usize| {
        let mut won = 0;
        for round in 0..10 {
            let mut now = all(&*stores[writer]);
            if writer == 1 {
                now.reverse();
            }
            let changes: Vec<_> = now
                .iter()
                .map(|row| RowChange::Save {
                    instance_uuid: Arc::clone(&row.instance_uuid),
                    before: Arc::clone(&row.spec),
                    after: format!("{writer} {round}").into(),
                })
                .collect();
            barrier.wait();
            match block_on(stores[writer].change_many(&changes)) {
                Ok(answers) => {
                    let done = answers.iter().filter(|answer| answer.is_ok()).count();
                    // They were locked together: all of them are the other's, or none.
                    assert!(done == 0 || done == changes.len(), "{done}");
                    won += usize::from(done > 0);
                }
                Err(error) if in_the_way(&error) => {}
                Err(error) => panic!("{error:?}"),
            }
            barrier.wait();
        }
        won
    };
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| write(0));
        let two = scope.spawn(|| write(1));
        (one.join().unwrap(), two.join().unwrap())
    });
    assert_eq!(one + two, 10, "a round without a winner, or with two");
    let left: Vec<_> = texts(&*stores[0]).into_iter().map(|(_, text)| text).collect();
    assert!(left.iter().all(|text| *text == left[0]), "{left:?}");
}

/// Another session's change of a row, without waiting long.
fn try_to_change(db: &Db, number: i64) -> Result<(), String> {
    let sql = format!("UPDATE request_specs SET spec = 'theirs' WHERE id = {number}");
    match db {
        Db::Sqlite { path, .. } => {
            let other = rusqlite::Connection::open(path).unwrap();
            other.busy_timeout(std::time::Duration::ZERO).unwrap();
            other.execute(&sql, []).map(drop).map_err(|error| error.to_string())
        }
        Db::Server(database) => {
            let mut session = database.session();
            session.run(match database.kind {
                Kind::Mariadb => "SET innodb_lock_wait_timeout = 1",
                Kind::Postgres => "SET lock_timeout = '300ms'",
            });
            session.try_rows(&sql).map(drop)
        }
    }
}

fn held_rows_do_not_change_until_they_are_let_go(bench: Bench) {
    let db = bench.filled(&rows(5));
    let store = db.open(Access::ReadWrite);
    let (hold, answers) = block_on(store.hold_many(&[held(4, b"old"), held(2, b"old")])).unwrap();
    all_done(&answers);
    for number in [2, 4] {
        let error = try_to_change(&db, number).unwrap_err();
        assert!(error.to_lowercase().contains("lock"), "{error}");
    }
    if bench.engine() != Engine::Sqlite {
        try_to_change(&db, 3).unwrap();
    }
    hold.release();
    for number in [2, 4] {
        // The server hears of it in a moment.
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while try_to_change(&db, number).is_err() {
            assert!(std::time::Instant::now() < end, "it is still held");
        }
    }
    all_done(&change(&*store, &[save(2, b"theirs", "new")]));
}

fn rows_of_other_bytes_say_so_when_they_are_to_be_held(bench: Bench) {
    let db = bench.filled(&rows(3));
    let store = db.open(Access::ReadWrite);
    let wanted = [held(1, b"OLD"), held(2, b"old"), held(77, b"old")];
    let (hold, answers) = block_on(store.hold_many(&wanted)).unwrap();
    assert_eq!(conflict(&answers[0], 1).as_deref(), Some(&b"old"[..]));
    assert!(answers[1].is_ok());
    assert_eq!(conflict(&answers[2], 77), None);
    try_to_change(&db, 2).unwrap_err();
    drop(hold);
    let (hold, answers) = block_on(store.hold_many(&[held(1, b"x")])).unwrap();
    assert!(answers[0].is_err());
    drop(hold);
    all_done(&change(&*store, &[save(2, b"old", "new")]));
}

fn a_held_row_makes_a_batch_give_up_with_nothing_written(kind: Kind) {
    let db = Bench::Server(kind).filled(&rows(3));
    let (store, other) = (db.open(Access::ReadWrite), db.open(Access::ReadWrite));
    let hold = block_on(other.hold(&uuid(3), b"old")).unwrap();
    let before = all(&*store);
    let changes = [save(1, b"old", "new"), create(9, "x"), destroy(3, b"old")];
    let error = block_on(store.change_many(&changes)).unwrap_err();
    assert!(in_the_way(&error), "{error:?}");
    assert!(error.to_string().contains("nothing was written"), "{error}");
    assert_eq!(all(&*store), before);
    hold.release();
    all_done(&change(&*store, &changes));
}

fn names_that_the_collation_takes_for_the_same_are_refused_in_their_places(kind: Kind) {
    let db = Bench::Server(kind).filled(&[Row { uuid: "abc-e".to_owned(), ..Row::new(1, b"x") }]);
    let store = open(DatabaseName::Api, &db.address(), Access::ReadWrite).unwrap();
    let changes: Vec<_> =
        ["new-1", "ABC-E", "new-2"].map(|name| RowChange::Create(new_spec(name, "y"))).to_vec();
    let answers = change(&*store, &changes);
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    match &answers[1] {
        Ok(()) => assert_eq!(kind, Kind::Postgres),
        Err(StoreError::Exists { current, .. }) => assert_eq!(&*current.instance_uuid, "abc-e"),
        other => panic!("{other:?}"),
    }
    assert_eq!(&*block_on(store.get("abc-e")).unwrap().unwrap().spec, b"x");
    assert_eq!(&*block_on(store.get("new-2")).unwrap().unwrap().spec, b"y");
}

fn a_text_that_the_server_would_alter_undoes_the_whole_batch(kind: Kind) {
    let db = Bench::Server(kind).filled(&rows(2));
    let triggers: &[&str] = match kind {
        Kind::Mariadb => &[
            "CREATE TRIGGER alter1 BEFORE UPDATE ON request_specs FOR EACH ROW SET NEW.spec = REPLACE(NEW.spec, 'q', 'Q')",
            "CREATE TRIGGER alter2 BEFORE INSERT ON request_specs FOR EACH ROW SET NEW.spec = REPLACE(NEW.spec, 'q', 'Q')",
        ],
        Kind::Postgres => &[
            "CREATE FUNCTION alter() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN NEW.spec = replace(NEW.spec, 'q', 'Q'); RETURN NEW; END $$",
            "CREATE TRIGGER alter BEFORE UPDATE OR INSERT ON request_specs FOR EACH ROW EXECUTE FUNCTION alter()",
        ],
    };
    for trigger in triggers {
        db.rows(trigger);
    }
    let store = db.open(Access::ReadWrite);
    let before = all(&*store);
    for changes in [
        [save(1, b"old", "new"), save(2, b"old", "qqq"), create(9, "x")],
        [save(1, b"old", "new"), save(2, b"old", "new"), create(9, "q")],
    ] {
        let error = block_on(store.change_many(&changes)).unwrap_err();
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
        assert!(error.to_string().contains("nothing was written"), "{error}");
        assert_eq!(all(&*store), before);
    }
    all_done(&change(&*store, &[save(1, b"old", "new"), create(9, "x")]));
}
