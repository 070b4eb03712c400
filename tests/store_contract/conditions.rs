//! What a pass leaves out: no row that fulfils its conditions, on any engine.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use reqspec::query::prefilter::{Join, JoinColumn, Prefilter};
use reqspec::store::address::Endpoint;
use reqspec::store::{Access, Cancel, DatabaseName, Engine, RowRef, RowVisitor, SpecStore};

use crate::bench::{Bench, Db, Row, open};
use crate::reading::Collect;
use crate::support::servers::{Database, Kind, Session};
use crate::support::{block_on, uuid};

promises!(
    conditions_leave_out_no_row_that_fulfils_them,
    conditions_on_nova_s_tables_follow_them,
    long_passes_leave_out_no_row_and_can_be_stopped,
    tokens_differ_when_rows_do,
);

server_promises!(
    beginnings_of_uuids_are_found_in_any_collation,
    a_server_is_far_when_its_answers_take_long,
    a_pass_that_finds_nothing_is_stopped_at_once,
    tables_that_may_not_be_read_are_left_out,
    other_character_sets_leave_out_no_row,
);

/// The ids of the rows that came.
#[derive(Default)]
struct Came(Mutex<Vec<i64>>);

impl RowVisitor for Came {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        self.0.lock().unwrap().push(row.id);
        ControlFlow::Continue(())
    }

    fn progress(&self, _rows: u64) {}
}

fn came(store: &dyn SpecStore, prefilter: &Prefilter) -> BTreeSet<i64> {
    let visitor = Arc::new(Came::default());
    let passed = block_on(store.scan(prefilter, visitor.clone(), Cancel::default())).unwrap();
    let ids = visitor.0.lock().unwrap();
    let set: BTreeSet<i64> = ids.iter().copied().collect();
    assert_eq!((set.len(), passed), (ids.len(), ids.len() as u64), "a row came twice");
    set
}

const NOON: i64 = 1_785_585_600;

/// Rows with texts and times of every kind.
fn rows(bench: Bench) -> Vec<Row> {
    let odd_times: [Option<&'static str>; 5] = if bench.holds_any_time() {
        [Some("whenever"), Some("2026-02-30 00:00:00"), Some(""), Some("2026-08-01T12:00:00Z"), Some("2020")]
    } else if bench.engine() == Engine::Postgres {
        [Some("infinity"), Some("-infinity"), Some("12345-01-01"), Some("0044-03-15 BC"), None]
    } else {
        [None, Some("1000-01-01 00:00:00"), Some("9999-12-31 23:59:59"), None, None]
    };
    let proper = ["2026-08-01 11:59:59", "2026-08-01 12:00:00", "2026-08-01 12:00:01", "2024-01-01 00:00:00"];
    let texts: [&[u8]; 8] = [
        b"{\"az\": \"az1\"}",
        b"{\"az\": \"\\u0061z1\"}",
        "{\"az\": \"\u{e9}\"}".as_bytes(),
        b"100% under_score | bar",
        b"",
        b"AZ1",
        b"it's \"az1\" and a; -- comment",
        b"a much longer text, of more than forty bytes in all",
    ];
    let mut made = Vec::new();
    for (at, text) in texts.iter().cycle().take(40).enumerate() {
        let id = 3 + 7 * at as i64;
        let mut row = Row::new(id, text);
        row.updated_at = match at % 5 {
            0 => None,
            1 => odd_times[at / 5 % odd_times.len()],
            _ => Some(proper[at % proper.len()]),
        };
        row.created_at = if at % 3 == 0 { None } else { Some(proper[at % proper.len()]) };
        row.uuid = match at % 4 {
            0 => format!("3fab{:04x}-0000-4000-8000-{at:012x}", at),
            1 => format!("3FAB{:04X}-0000-4000-8000-{at:012X}", at),
            2 => format!("odd name {at}"),
            _ => uuid(id),
        };
        made.push(row);
    }
    made
}

/// Whether a row fulfils the conditions, as a reader of its columns sees it; what is no date fulfils any
/// condition on times.
fn fulfils(prefilter: &Prefilter, row: &Row) -> bool {
    let name = row.uuid.to_lowercase();
    let second = |time: Option<&str>| match time? {
        "2026-08-01 11:59:59" => Some(NOON - 1),
        "2026-08-01 12:00:00" => Some(NOON),
        "2026-08-01 12:00:01" => Some(NOON + 1),
        "2024-01-01 00:00:00" => Some(1_704_067_200),
        "1000-01-01 00:00:00" => Some(-30_610_224_000),
        "9999-12-31 23:59:59" => Some(253_402_300_799),
        _ => None,
    };
    let is_between = |from: Option<i64>, to: Option<i64>, time: Option<&str>| {
        second(time).is_none_or(|second| (from.unwrap_or(second)..=to.unwrap_or(second)).contains(&second))
    };
    prefilter.ids.is_none_or(|(least, greatest)| (least..=greatest).contains(&row.id))
        && (prefilter.uuids.is_empty() || prefilter.uuids.iter().any(|beginning| name.starts_with(beginning)))
        && is_between(prefilter.updated_from, prefilter.updated_to, row.updated_at.or(row.created_at))
        && is_between(prefilter.created_from, prefilter.created_to, row.created_at)
        && prefilter.size.is_none_or(|(least, most)| (least..=most).contains(&(row.spec.len() as u64)))
}

fn conditions() -> Vec<Prefilter> {
    let none = Prefilter::default;
    let uuids = |beginnings: &[&str]| beginnings.iter().map(|&text| text.to_owned()).collect();
    vec![
        none(),
        Prefilter { ids: Some((10, 31)), ..none() },
        Prefilter { ids: Some((31, 10)), ..none() },
        Prefilter { uuids: uuids(&["3fab0000"]), ..none() },
        Prefilter { uuids: uuids(&["3fab"]), ids: Some((10, 200)), ..none() },
        Prefilter { uuids: uuids(&["3fab0001-0000-4000-8000-000000000001", "00000000-0000"]), ..none() },
        Prefilter { uuids: uuids(&["fab", "abcdef"]), ..none() },
        // As many as a long list names, and more than one condition takes.
        Prefilter { uuids: (0..200).map(|at| format!("3fab0{at:03}-0")).collect(), ..none() },
        Prefilter { uuids: (0..600).map(|at| format!("3fab0{at:03}-0")).collect(), ..none() },
        Prefilter { uuids: uuids(&["odd name"]), ..none() },
        Prefilter { updated_from: Some(NOON), ..none() },
        Prefilter { updated_to: Some(NOON), ..none() },
        Prefilter { updated_from: Some(NOON), updated_to: Some(NOON), ..none() },
        Prefilter { updated_from: Some(i64::MIN), updated_to: Some(i64::MAX), ..none() },
        Prefilter { created_from: Some(NOON - 1), created_to: Some(NOON), ..none() },
        Prefilter { created_from: Some(NOON + 1), size: Some((10, 20)), ..none() },
        Prefilter { size: Some((0, 0)), ..none() },
        Prefilter { size: Some((40, u64::MAX)), ids: Some((0, 1_000)), ..none() },
        Prefilter { size: Some((11, 11)), uuids: uuids(&["3fab"]), ..none() },
    ]
}

fn conditions_leave_out_no_row_that_fulfils_them(bench: Bench) {
    let rows = rows(bench);
    let db = bench.filled(&rows);
    let store = db.open(Access::ReadOnly);
    let mut left_out = 0;
    for prefilter in conditions() {
        let came = came(&*store, &prefilter);
        for row in &rows {
            if fulfils(&prefilter, row) {
                assert!(came.contains(&row.id), "{row:?} did not come for {prefilter:?}");
            }
        }
        left_out += rows.len() - came.len();
        let is_exact = prefilter.uuids.len() <= 500 && prefilter.uuids.iter().all(|uuid| uuid != "odd name");
        let expected = rows.iter().filter(|row| fulfils(&prefilter, row)).count();
        assert!(
            !is_exact || came.len() == expected,
            "{} rows instead of {expected} came for {prefilter:?}",
            came.len()
        );
    }
    assert!(left_out > 300, "{left_out}");
    for bytes in [
        &b"az1"[..],
        b"AZ1",
        b"\"az1\"",
        b"it's",
        b"100%",
        b"_score |",
        "\u{e9}".as_bytes(),
        b"\xff",
        b"a\0b",
        b"\\",
    ] {
        let prefilter = Prefilter { bytes: vec![bytes.to_vec()], ..Prefilter::default() };
        let came = came(&*store, &prefilter);
        for row in &rows {
            let contains = row.spec.windows(bytes.len()).any(|part| part == bytes);
            let has_escape = |escape: &[u8]| row.spec.windows(escape.len()).any(|part| part == escape);
            let is_plain = bytes.is_ascii() && !bytes.contains(&b'\\') && !bytes.contains(&0);
            let unplain =
                if is_plain { has_escape(b"\\u00") } else { has_escape(b"\\") || !row.spec.is_ascii() };
            let expected = bench.engine() == Engine::Sqlite || contains || unplain;
            assert_eq!(came.contains(&row.id), expected, "{row:?} for {bytes:?}");
        }
    }
    let two = Prefilter { bytes: vec![b"az1".to_vec(), b"comment".to_vec()], ..Prefilter::default() };
    let both = came(&*store, &two);
    assert!(bench.engine() == Engine::Sqlite || both.len() == 10, "{both:?}");
}

fn long_passes_leave_out_no_row_and_can_be_stopped(bench: Bench) {
    // One after the other, then with gaps.
    let id = |at: i64| if at <= 10_000 { at } else { at * 3 - 20_000 };
    let rows: Vec<Row> =
        (1..=30_000).map(|at| Row::new(id(at), if at % 100 == 0 { b"{\"a\": 1}" } else { b"{}" })).collect();
    let db = bench.filled(&rows);
    let store = db.open(Access::ReadOnly);
    let prefilter = Prefilter { size: Some((5, 100)), ..Prefilter::default() };
    let expected: BTreeSet<i64> = (1..=300).map(|at| id(at * 100)).collect();
    assert_eq!(came(&*store, &prefilter), expected);
    let some = Prefilter { ids: Some((200, 60_000)), ..prefilter.clone() };
    assert_eq!(came(&*store, &some), expected.range(200..=60_000).copied().collect());
    // One that leaves out a few rows is not asked for long, one that leaves out most of them is.
    let all: BTreeSet<i64> = (1..=30_000).map(id).collect();
    let [frequent, rare] =
        [&b"{"[..], b"\"a\""].map(|bytes| Prefilter { bytes: vec![bytes.to_vec()], ..Prefilter::default() });
    assert_eq!(came(&*store, &frequent), all);
    assert_eq!(came(&*store, &rare), if bench.engine() == Engine::Sqlite { all.clone() } else { expected });
    assert_eq!(came(&*store, Prefilter::NONE), all);
    let some = Prefilter { ids: Some((9_990, 40_000)), ..Prefilter::default() };
    assert_eq!(came(&*store, &some), all.range(9_990..=40_000).copied().collect());
    // A visitor that has had enough ends all parts.
    struct Few(AtomicU64);
    impl RowVisitor for Few {
        fn visit(&self, _row: RowRef<'_>) -> ControlFlow<()> {
            if self.0.fetch_add(1, Ordering::SeqCst) >= 9 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }

        fn progress(&self, _rows: u64) {}
    }
    for prefilter in [&prefilter, Prefilter::NONE] {
        let few = Arc::new(Few(AtomicU64::new(0)));
        block_on(store.scan(prefilter, few.clone(), Cancel::default())).unwrap();
        let seen = few.0.load(Ordering::SeqCst);
        assert!((10..=12).contains(&seen), "{seen}");
    }
}

/// nova's tables, as far as they are asked, and rows in them.
fn make_nova_s_tables(db: &Db, bench: Bench) {
    let flag = if bench.engine() == Engine::Postgres { "BOOLEAN" } else { "SMALLINT" };
    let (yes, no) = if bench.engine() == Engine::Postgres { ("true", "false") } else { ("1", "0") };
    // Another character set than that of our table, as it may be where nova made these.
    let wide =
        if bench.engine() == Engine::Mysql { "DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin" } else { "" };
    for sql in [
        format!(
            "CREATE TABLE instances (uuid VARCHAR(36) NOT NULL UNIQUE, deleted INTEGER, host VARCHAR(255), \
         vm_state VARCHAR(255)) {wide}"
        ),
        format!(
            "CREATE TABLE instance_mappings (instance_uuid VARCHAR(36) NOT NULL UNIQUE, cell_id INTEGER, \
         queued_for_delete {flag}) {wide}"
        ),
        "CREATE TABLE cell_mappings (id INTEGER, uuid VARCHAR(36), name VARCHAR(255))".to_owned(),
        format!(
            "INSERT INTO instances VALUES ('{}', 0, 'cmp1', 'active'), ('{}', 0, 'o''cmp%', 'error'), \
             ('{}', 3, 'cmp1', 'deleted')",
            uuid(1),
            uuid(2),
            uuid(3)
        ),
        "INSERT INTO cell_mappings VALUES (1, 'u-1', 'one'), (2, 'u-2', NULL)".to_owned(),
        format!(
            "INSERT INTO instance_mappings VALUES ('{}', 1, {no}), ('{}', 2, {yes}), ('{}', NULL, NULL), ('{}', 9, {no})",
            uuid(1),
            uuid(2),
            uuid(3),
            uuid(4)
        ),
    ] {
        db.try_rows(&sql).unwrap();
    }
}

fn joined(column: JoinColumn, values: &[&str]) -> Prefilter {
    let values = values.iter().map(|&text| text.to_owned()).collect();
    Prefilter { joins: vec![Join { column, values }], ..Prefilter::default() }
}

fn conditions_on_nova_s_tables_follow_them(bench: Bench) {
    let rows: Vec<Row> = (1..=6).map(|id| Row::new(id, b"{}")).collect();
    let db = bench.filled(&rows);
    let store = db.open(Access::ReadOnly);
    use JoinColumn::{InstanceHost, InstanceNode, InstanceState, MappedCell, QueuedForDelete};
    let all = || (1..=6).collect::<BTreeSet<i64>>();
    assert_eq!(came(&*store, &joined(InstanceHost, &["cmp1"])), all(), "there is no such table");
    make_nova_s_tables(&db, bench);
    for (column, values, expected) in [
        (InstanceHost, &["cmp1"][..], &[1][..]),
        (InstanceHost, &["o'cmp%", "x\0y", "\u{1f600}"], &[2]),
        (InstanceState, &["active", "error"], &[1, 2]),
        (MappedCell, &["one"], &[1, 4]),
        (MappedCell, &["one-u-1"], &[4]),
        (MappedCell, &["u-2"], &[2, 4]),
        (MappedCell, &["none"], &[3, 4]),
        (QueuedForDelete, &[], &[2]),
    ] {
        let came = came(&*store, &joined(column, values));
        assert_eq!(came, expected.iter().copied().collect(), "{column:?} {values:?}");
    }
    assert_eq!(came(&*store, &joined(InstanceNode, &["n"])), all(), "there is no such column");
    let mut two = joined(InstanceHost, &["cmp1"]);
    two.joins.push(Join { column: QueuedForDelete, values: Vec::new() });
    assert!(came(&*store, &two).is_empty());
}

fn tokens_differ_when_rows_do(bench: Bench) {
    let db = bench.filled(&[Row::new(1, b"a"), Row::new(2, b"b")]);
    let store = db.open(Access::ReadOnly);
    let token = || block_on(store.change_token()).unwrap();
    if bench.engine() != Engine::Sqlite {
        assert_eq!(token(), None);
        return;
    }
    let before = token().unwrap();
    assert_eq!(token(), Some(before));
    came(&*store, Prefilter::NONE);
    assert_eq!(token(), Some(before), "after a pass");
    let mut seen = vec![before];
    for sql in ["UPDATE request_specs SET spec = 'c' WHERE id = 1", "DELETE FROM request_specs WHERE id = 2"]
    {
        db.try_rows(sql).unwrap();
        let now = token().unwrap();
        assert!(!seen.contains(&now), "{sql}");
        seen.push(now);
        assert_eq!(token(), Some(now));
    }
    // A session's own changes count too.
    let store = db.open(Access::ReadWrite);
    let before = block_on(store.change_token()).unwrap();
    block_on(store.save(&uuid(1), b"c", "d")).unwrap();
    assert_ne!(block_on(store.change_token()).unwrap(), before);
}

fn beginnings_of_uuids_are_found_in_any_collation(kind: Kind) {
    let options: &[&str] = match kind {
        Kind::Mariadb => &["CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "CHARACTER SET latin1"],
        Kind::Postgres => &[
            "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'",
            "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-u-kn-true'",
            "TEMPLATE template0 LOCALE 'C'",
        ],
    };
    for options in options {
        let database = Database::on(&crate::support::servers::server(kind), options);
        let mut session = database.session();
        session.run(
            "CREATE TABLE request_specs (created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL, \
             id INTEGER NOT NULL PRIMARY KEY, instance_uuid VARCHAR(36) NOT NULL UNIQUE, spec TEXT)",
        );
        let names = ["3fab01", "3FAC01", "3Fad01", "3fa", "4fab01", "abcdef", "ABCDEF1", "3f-ab", "g"];
        for (at, name) in names.iter().enumerate() {
            let sql =
                format!("INSERT INTO request_specs (id, instance_uuid, spec) VALUES ({at}, '{name}', NULL)");
            session.run(&sql);
        }
        let store = open(DatabaseName::Api, &database.address(), Access::ReadOnly).unwrap();
        for beginning in ["3fab", "3fac0", "3fa", "3", "abc", "abcdef", "3f-a", "9"] {
            let prefilter = Prefilter { uuids: vec![beginning.to_owned()], ..Prefilter::default() };
            let expected: BTreeSet<i64> = (0..)
                .zip(names)
                .filter(|(_, name)| name.to_lowercase().starts_with(beginning))
                .map(|(at, _)| at)
                .collect();
            assert_eq!(came(&*store, &prefilter), expected, "{beginning} {options}");
        }
        let empty = Prefilter { size: Some((0, 0)), ..Prefilter::default() };
        assert_eq!(came(&*store, &empty).len(), names.len(), "null is no text");
    }
}

/// A way to a server on which everything takes that much longer.
fn slow_way(server: u16, pause: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let copy = move |mut from: TcpStream, mut to: TcpStream| {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(size @ 1..) = from.read(&mut buffer) {
            thread::sleep(pause);
            if to.write_all(&buffer[..size]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    };
    thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", server))) else { break };
            let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || copy(from, to));
            thread::spawn(move || copy(client, server));
        }
    });
    port
}

fn a_server_is_far_when_its_answers_take_long(kind: Kind) {
    let database = Database::with_table(kind);
    let mut place = database.place();
    let Endpoint::Tcp { port, .. } = place.endpoint.clone() else { unreachable!() };
    let slow = slow_way(port, Duration::from_millis(4));
    for (port, expected) in [(port, false), (slow, true)] {
        place.endpoint = Endpoint::Tcp { host: "127.0.0.1".into(), port };
        let store = open(DatabaseName::Api, &database.address_of(place.clone()), Access::ReadOnly).unwrap();
        // One that was busy when it was asked first is known better later.
        for _ in 0..20 {
            block_on(store.count()).unwrap();
        }
        assert_eq!(store.is_far(), expected);
    }
}

fn a_pass_that_finds_nothing_is_stopped_at_once(kind: Kind) {
    let database = Database::with_table(kind);
    let mut session = database.session();
    session.run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x')");
    // What the server looks at takes it a second for each row.
    let (rename, view, running) = match kind {
        Kind::Mariadb => (
            "RENAME TABLE request_specs TO stored",
            "CREATE VIEW request_specs AS SELECT created_at, updated_at, id, instance_uuid, \
             concat(spec, repeat('y', sleep(6.125))) AS spec FROM stored",
            "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%LENGTH(spec)%' \
             AND id <> connection_id()",
        ),
        Kind::Postgres => (
            "ALTER TABLE request_specs RENAME TO stored",
            "CREATE VIEW request_specs AS SELECT created_at, updated_at, id, instance_uuid, \
             spec || slow() AS spec FROM stored",
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%octet_length%' AND state = 'active' \
             AND pid <> pg_backend_pid()",
        ),
    };
    session.run(rename);
    if kind == Kind::Postgres {
        // Stable: it is not called where nothing asks for the column.
        session.run(
            "CREATE FUNCTION slow() RETURNS text STABLE LANGUAGE plpgsql AS $$ \
             BEGIN PERFORM pg_sleep(6.125); RETURN ''; END $$",
        );
    }
    session.run(view);
    let store = open(DatabaseName::Api, &database.address(), Access::ReadOnly).unwrap();
    let prefilter = Prefilter { size: Some((50, 60)), ..Prefilter::default() };
    let cancel = Cancel::default();
    let wish = cancel.clone();
    let (asked, stopped) = (Instant::now(), Arc::new(Mutex::new(Instant::now())));
    let at = Arc::clone(&stopped);
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(500));
        *at.lock().unwrap() = Instant::now();
        wish.cancel();
    });
    assert_eq!(block_on(store.scan(&prefilter, Arc::new(Came::default()), cancel)).unwrap(), 0);
    let took = stopped.lock().unwrap().elapsed();
    assert!(asked.elapsed() >= Duration::from_millis(500), "it was over before");
    assert!(took < Duration::from_millis(500), "{took:?}");
    crate::support::servers::wait_until("the server stopped it", Duration::from_secs(3), || {
        session.value(running).as_deref() == Some("0")
    });
}

fn tables_that_may_not_be_read_are_left_out(kind: Kind) {
    let bench = Bench::Server(kind);
    let rows: Vec<Row> = (1..=3).map(|id| Row::new(id, b"{}")).collect();
    let Db::Server(database) = bench.filled(&rows) else { unreachable!() };
    let mut session: Session = database.session();
    let (name, db) = (database.name.clone(), Db::Server(database));
    make_nova_s_tables(&db, bench);
    let Db::Server(database) = &db else { unreachable!() };
    let user = format!("r_{name}");
    match kind {
        Kind::Mariadb => {
            session.run(&format!("CREATE USER '{user}'@'%'"));
            session.run(&format!("GRANT SELECT ON {name}.request_specs TO '{user}'@'%'"));
        }
        Kind::Postgres => {
            session.run(&format!("CREATE ROLE {user} LOGIN"));
            session.run(&format!("GRANT SELECT ON request_specs TO {user}"));
        }
    }
    let mut place = database.place();
    place.user = Some(user);
    let store = open(DatabaseName::Api, &database.address_of(place), Access::ReadOnly).unwrap();
    let prefilter = joined(JoinColumn::InstanceHost, &["cmp1"]);
    assert_eq!(came(&*store, &prefilter).len(), 3);
    assert_eq!(came(&*db.open(Access::ReadOnly), &prefilter).len(), 1);
}

fn other_character_sets_leave_out_no_row(kind: Kind) {
    let options: &[&str] = match kind {
        Kind::Mariadb => {
            &["CHARACTER SET utf8mb4", "CHARACTER SET latin1", "CHARACTER SET utf16", "CHARACTER SET binary"]
        }
        Kind::Postgres => &[
            "TEMPLATE template0 LOCALE 'C' ENCODING 'LATIN1'",
            "TEMPLATE template0 LOCALE 'C' ENCODING 'SQL_ASCII'",
        ],
    };
    for options in options {
        let database = Database::on(&crate::support::servers::server(kind), options);
        let mut session = database.session();
        session.run(
            "CREATE TABLE request_specs (created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL, \
             id INTEGER NOT NULL PRIMARY KEY, instance_uuid VARCHAR(36) NOT NULL UNIQUE, spec TEXT)",
        );
        if kind == Kind::Mariadb {
            session.run("SET NAMES utf8mb4");
        }
        for (at, text) in ["plain az1", "caf\u{e9}", "plain", "back\\\\u0061"].iter().enumerate() {
            let sql = format!(
                "INSERT INTO request_specs (id, instance_uuid, spec) VALUES ({at}, 'u{at}', '{text}')"
            );
            session.run(&sql);
        }
        let store = open(DatabaseName::Api, &database.address(), Access::ReadOnly).unwrap();
        let rows = crate::bench::all(&*store);
        let visitor = Arc::new(Collect::default());
        block_on(store.scan(Prefilter::NONE, visitor.clone(), Cancel::default())).unwrap();
        for row in &rows {
            let (uuid, spec) = visitor.uuid_and_spec(row.id);
            assert_eq!((&*uuid, &*spec), (&*row.instance_uuid, &*row.spec), "{options}");
        }
        let sizes: Vec<u64> = rows.iter().map(|row| row.spec.len() as u64).collect();
        for (at, size) in sizes.iter().enumerate() {
            let prefilter = Prefilter { size: Some((*size, *size)), ..Prefilter::default() };
            assert!(came(&*store, &prefilter).contains(&(at as i64)), "{options}: row {at} of {size} bytes");
        }
        let prefilter = Prefilter { bytes: vec![b"az1".to_vec()], ..Prefilter::default() };
        let came = came(&*store, &prefilter);
        assert!(came.is_superset(&BTreeSet::from([0, 3])), "{options}: {came:?}");
        assert!(options.contains("utf16") || came.len() == 2, "{options}: {came:?}");
    }
}
