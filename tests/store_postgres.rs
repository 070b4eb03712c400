//! What only PostgreSQL can get wrong: types, times, collations, encodings, rights, migrations.
//! What can go wrong with its connections is in `store_postgres_links.rs`, `_pooler.rs` and `_tls.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use reqspec::query::prefilter::Prefilter;
use reqspec::query::{PageFrom, PageKey, PageRequest, SortOrder};
use reqspec::store::migrate::{self, State};
use reqspec::store::{
    Access, Cancel, DatabaseName, NewSpec, Rights, RowRef, RowVisitor, SpecStore, SqlValue, StoreError,
    StoredSpec, TableState, Timeouts, open,
};
use rstest::rstest;
use support::servers::{Database, Kind, Server, server};
use support::{block_on, uuid};

fn store(database: &Database, access: Access) -> Arc<dyn SpecStore> {
    block_on(open(DatabaseName::Api, &database.address(), access, Timeouts::default())).unwrap()
}

fn new_spec(uuid: &str, spec: &str) -> NewSpec {
    NewSpec { instance_uuid: Arc::from(uuid), spec: Arc::from(spec), created_at: None, updated_at: None }
}

fn page(store: &dyn SpecStore, order: SortOrder, from: PageFrom) -> Vec<StoredSpec> {
    block_on(store.page(PageRequest { order, from, limit: 100 })).unwrap()
}

fn ids(rows: &[StoredSpec]) -> Vec<i64> {
    rows.iter().map(|row| row.id).collect()
}

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.into())
}

/// id, instance_uuid, spec, updated.
type Visited = (i64, String, Vec<u8>, String);

#[derive(Default)]
struct Collect(Mutex<Vec<Visited>>);

impl RowVisitor for Collect {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        let copy = (row.id, row.instance_uuid.to_owned(), row.spec.to_vec(), row.updated.to_owned());
        self.0.lock().unwrap().push(copy);
        ControlFlow::Continue(())
    }

    fn progress(&self, _: u64) {}
}

#[rstest]
#[case(Access::ReadOnly)]
#[case(Access::ReadWrite)]
#[ignore = "needs PostgreSQL (tests/run)"]
fn the_server_refuses_what_a_reading_session_would_write(#[case] access: Access) {
    let database = Database::with_table(Kind::Postgres);
    database.session().run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x')");
    let store = store(&database, access);
    block_on(async {
        for attempt in 0..6 {
            // What would open the session for writing does not outlive its own request.
            for opening in [
                "SET default_transaction_read_only = off",
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
                "SET TRANSACTION READ WRITE",
                "SELECT set_config('default_transaction_read_only', 'off', false)",
                "RESET ALL",
                "COMMIT",
            ] {
                let _ = store.select(opening, &[], 1).await;
            }
            for sql in [
                "DELETE FROM request_specs",
                "UPDATE request_specs SET spec = 'y'",
                "WITH gone AS (DELETE FROM request_specs RETURNING id) SELECT * FROM gone",
                "SELECT nextval('request_specs_id_seq')",
                "CREATE TABLE t (a int)",
                "SELECT * FROM request_specs FOR UPDATE",
            ] {
                let error = store.select(sql, &[], 10).await.unwrap_err();
                assert!(matches!(&error, StoreError::ReadOnly { .. }), "{attempt} {sql}: {error:?}");
                assert!(error.to_string().contains("(25006)"), "{error}");
            }
        }
        assert!(store.select("nonsense", &[], 1).await.unwrap_err().to_string().contains("(42601)"));
        assert!(store.select("SELECT 1; DELETE FROM request_specs", &[], 1).await.is_err());
        assert_eq!(&*store.get("u").await.unwrap().unwrap().spec, b"x");
    });
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn times_are_told_and_ordered_as_the_server_has_them() {
    let database = Database::with_table(Kind::Postgres);
    database.session().run(
        "INSERT INTO request_specs (id, instance_uuid, spec, created_at, updated_at) VALUES
         (1, 'a', '', '2026-01-01 00:00:00', NULL),
         (2, 'b', '', NULL, '2026-01-01 00:00:00.5'),
         (3, 'c', '', NULL, NULL),
         (4, 'd', '', 'infinity', NULL),
         (5, 'e', '', '0044-03-15 12:00:00 BC', NULL),
         (6, 'f', '', '2030-01-01', '2026-01-01 00:00:00.000001'),
         (7, 'g', '', NULL, NULL),
         (8, 'h', '', NULL, '10000-01-01 00:00:00')",
    );
    let store = store(&database, Access::ReadOnly);
    let all = page(&*store, SortOrder::Updated, PageFrom::Start);
    assert_eq!(ids(&all), [4, 8, 2, 6, 1, 5, 7, 3]);
    let texts: Vec<_> = all
        .iter()
        .map(|row| row.updated_at.as_deref().or(row.created_at.as_deref()).unwrap_or_default())
        .collect();
    assert_eq!(
        texts,
        [
            "infinity",
            "10000-01-01 00:00:00",
            "2026-01-01 00:00:00.500000",
            "2026-01-01 00:00:00.000001",
            "2026-01-01 00:00:00",
            "0044-03-15 12:00:00 BC",
            "",
            ""
        ]
    );
    for (index, row) in all.iter().enumerate() {
        let key = PageKey::new(row.id, texts[index]);
        let all = ids(&all);
        assert_eq!(ids(&page(&*store, SortOrder::Updated, PageFrom::At(key.clone()))), all[index..]);
        assert_eq!(ids(&page(&*store, SortOrder::Updated, PageFrom::After(key.clone()))), all[index + 1..]);
        assert_eq!(ids(&page(&*store, SortOrder::Updated, PageFrom::Before(key.clone()))), all[..index]);
        assert_eq!(block_on(store.rank(SortOrder::Updated, key)).unwrap(), index as u64);
    }
    let visitor = Arc::new(Collect::default());
    assert_eq!(block_on(store.scan(Prefilter::NONE, visitor.clone(), Cancel::default())).unwrap(), 8);
    let mut told: Vec<_> = visitor.0.lock().unwrap().iter().map(|row| (row.0, row.3.clone())).collect();
    assert!(told.is_sorted());
    let mut expected: Vec<_> = all.iter().zip(texts).map(|(row, text)| (row.id, text.to_owned())).collect();
    expected.sort();
    assert_eq!(std::mem::take(&mut told), expected);
}

/// Collations in which texts of one prefix do not stand together, or different texts are equal.
#[rstest]
#[case("COLLATE \"C\"")]
#[case("COLLATE \"en-x-icu\"")]
#[case("COLLATE \"da-x-icu\"")]
#[case("COLLATE \"cs-x-icu\"")]
#[case("COLLATE shifted")]
#[case("COLLATE numeric_order")]
#[case("COLLATE no_case")]
#[ignore = "needs PostgreSQL (tests/run)"]
fn prefixes_and_instances_are_exact_in_every_collation(#[case] collation: &str) {
    let database = Database::new(Kind::Postgres);
    let mut session = database.session();
    session.run(
        "CREATE COLLATION shifted (provider = icu, locale = 'en-u-ka-shifted');
         CREATE COLLATION numeric_order (provider = icu, locale = 'en-u-kn-true');
         CREATE COLLATION no_case (provider = icu, locale = 'en-u-ks-level2', deterministic = false)",
    );
    session.run(&format!(
        "CREATE TABLE request_specs (created_at timestamp, updated_at timestamp, id serial PRIMARY KEY, \
         instance_uuid varchar(36) {collation} NOT NULL, spec text)"
    ));
    session.run("CREATE INDEX ON request_specs (instance_uuid)");
    let names = [
        "3", "30", "3a", "3A", "3aa", "3aab", "3ab", "3b", "3ch", "3c", "3d", "3-a", "3--a", "9", "9f", "a",
        "aa", "aab", "ab", "abc-1", "abc1", "ABC1", "ch", "c", "d", "f", "-", "-3", "100", "20", "3 ", "3 a",
        "\u{e9}1", "%",
    ];
    for name in names {
        session.run(&format!("INSERT INTO request_specs (instance_uuid, spec) VALUES ('{name}', 'x')"));
    }
    let store = store(&database, Access::ReadWrite);
    block_on(async {
        let prefixes = [
            "", "3", "3a", "3A", "3aa", "3c", "3-", "9", "a", "aa", "ab", "abc", "c", "-", "1", "2",
            "\u{e9}", "%", "zz", "_",
        ];
        for prefix in prefixes {
            let found = store.find_prefix(prefix, 100).await.unwrap();
            let found: Vec<&str> = found.iter().map(|row| &*row.instance_uuid).collect();
            let mut expected: Vec<&str> = names.into_iter().filter(|name| name.starts_with(prefix)).collect();
            expected.sort_unstable();
            assert_eq!(found, expected, "{prefix:?}");
        }
        assert_eq!(store.find_prefix("3", 2).await.unwrap().len(), 2);
        assert_eq!(store.find_prefix("3\0", 2).await.unwrap(), []);
        for name in names {
            assert_eq!(&*store.get(name).await.unwrap().unwrap().instance_uuid, name);
        }
        for absent in ["3AA", "ABC-1", "9F", "3  ", "", "3\0"] {
            assert_eq!(store.get(absent).await.unwrap(), None, "{absent:?}");
        }
        let wanted: Vec<Arc<str>> = ["ABC1", "3AA", "3 ", "Ch"].map(Arc::from).to_vec();
        let mut found: Vec<_> =
            store.get_many(&wanted).await.unwrap().iter().map(|row| row.instance_uuid.to_string()).collect();
        found.sort();
        assert_eq!(found, ["3 ", "ABC1"]);
        store.save("ABC1", b"x", "y").await.unwrap();
        assert_eq!(&*store.get("abc1").await.unwrap().unwrap().spec, b"x");
        assert_eq!(&*store.get("ABC1").await.unwrap().unwrap().spec, b"y");
    });
}

#[rstest]
#[case("UTF8", true)]
#[case("LATIN1", false)]
#[case("SQL_ASCII", true)]
#[ignore = "needs PostgreSQL (tests/run)"]
fn texts_are_the_exact_bytes_or_refused(#[case] encoding: &str, #[case] holds_all: bool) {
    let options = format!("ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    let database = Database::on(&server(Kind::Postgres), &options);
    database.make_table();
    let store = store(&database, Access::ReadWrite);
    block_on(async {
        let accents = "{\"caf\u{e9}\": \"\\u00e9\"}";
        let created = store.create(new_spec("u", accents)).await.unwrap();
        assert_eq!(&*created.spec, accents.as_bytes());
        let emoji = store.save("u", accents.as_bytes(), "\u{1f600}").await;
        if holds_all {
            assert_eq!(&*emoji.unwrap().spec, "\u{1f600}".as_bytes());
        } else {
            let error = emoji.unwrap_err().to_string();
            assert!(
                error.contains("encoding cannot hold") && error.contains("nothing was written"),
                "{error}"
            );
            assert_eq!(store.get("u").await.unwrap().unwrap(), created);
        }
        for error in [
            store.create(new_spec("v", "a\0b")).await.unwrap_err(),
            store.create(new_spec("v\0", "a")).await.unwrap_err(),
            store.save("u", accents.as_bytes(), "a\0b").await.unwrap_err(),
        ] {
            assert!(error.to_string().contains("U+0000"), "{error}");
        }
        let error = store.save("u", b"a\0b", "x").await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { current: Some(_), .. }), "{error:?}");
        assert_eq!(store.count().await.unwrap(), 1);
        let remarks = store.probe().await.unwrap().remarks;
        assert_eq!(remarks.iter().any(|remark| remark.contains(encoding)), encoding != "UTF8", "{remarks:?}");
    });
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn bytes_that_are_no_text_are_read_and_replaced_where_the_database_holds_them() {
    let options = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
    let database = Database::on(&server(Kind::Postgres), options);
    database.make_table();
    database.session().run(
        "SET client_encoding = 'SQL_ASCII'; INSERT INTO request_specs (instance_uuid, spec) \
         VALUES (E'u\\xff', E'\\xff\\xfe no text')",
    );
    let store = store(&database, Access::ReadWrite);
    let rows = page(&*store, SortOrder::Id, PageFrom::Start);
    assert_eq!((&*rows[0].spec, &*rows[0].instance_uuid), (&b"\xff\xfe no text"[..], "u\u{fffd}"));
    let visitor = Arc::new(Collect::default());
    block_on(store.scan(Prefilter::NONE, visitor.clone(), Cancel::default())).unwrap();
    assert_eq!(visitor.0.lock().unwrap()[0].2, b"\xff\xfe no text");
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn plain_queries_take_and_give_every_type_that_nova_uses() {
    let database = Database::new(Kind::Postgres);
    database.session().run(
        "CREATE TYPE locked_by AS ENUM ('owner', 'admin');
         CREATE TABLE t (small int2, plain int4, big int8, flag bool, single float4, double float8,
             amount numeric(10, 2), sum numeric, name varchar(36), words text, moment timestamp, day date,
             document json, binary_document jsonb, raw bytea, ip inet, net cidr, id uuid, locked locked_by,
             odd point);
         INSERT INTO t VALUES (-2, 7, 5000000000, true, 1.5, 2.25, 12.50, 123456789012, 'n', 'w',
             '2026-08-01 12:00:00.25', '2026-08-01', '{\"a\":1}', '{\"a\": 1}', '\\x61ff', '10.0.0.1', '10.0.0.0/8',
             '3f0c9a1e-0000-4000-8000-000000000001', 'admin', '(1,2)');
         INSERT INTO t DEFAULT VALUES",
    );
    let store = store(&database, Access::ReadOnly);
    block_on(async {
        let columns = "small, plain, big, flag, single, double, amount, sum, name, words, moment, day, document, \
                       binary_document, raw, ip, net, id, locked";
        let sql = format!("SELECT {columns} FROM t ORDER BY plain");
        let rows = store.select(&sql, &[], 10).await.unwrap();
        let (integer, real) = (SqlValue::Integer, SqlValue::Real);
        assert_eq!(
            rows[0],
            [
                integer(-2),
                integer(7),
                integer(5_000_000_000),
                integer(1),
                real(1.5),
                real(2.25),
                real(12.5),
                integer(123_456_789_012),
                text("n"),
                text("w"),
                text("2026-08-01 12:00:00.250000"),
                text("2026-08-01"),
                text("{\"a\":1}"),
                text("{\"a\": 1}"),
                text("a\u{fffd}"),
                text("10.0.0.1"),
                text("10.0.0.0/8"),
                text("3f0c9a1e-0000-4000-8000-000000000001"),
                text("admin"),
            ]
        );
        assert!(rows[1].iter().all(|value| *value == SqlValue::Null));
        let error = store.select("SELECT odd FROM t", &[], 1).await.unwrap_err().to_string();
        assert!(error.contains("the column odd is of the type point"), "{error}");

        for (column, value, found) in [
            ("small", integer(-2), 1),
            ("small", integer(5_000_000_000), 0),
            ("plain", integer(7), 1),
            ("plain", text("7"), 1),
            ("plain", integer(i64::MAX), 0),
            ("plain", real(7.0), 1),
            ("big", integer(5_000_000_000), 1),
            ("big", integer(5), 0),
            ("flag", integer(1), 1),
            ("flag", integer(0), 0),
            ("double", real(2.25), 1),
            ("amount", real(12.5), 1),
            ("amount", integer(12), 0),
            ("name", text("n"), 1),
            ("name", text("N"), 0),
            ("words", text("w"), 1),
            ("name", integer(7), 0),
            ("moment", text("2026-08-01 12:00:00.25"), 1),
            ("day", text("2026-08-01"), 1),
            ("ip", text("10.0.0.1"), 1),
            ("id", text("3F0C9A1E-0000-4000-8000-000000000001"), 1),
            ("locked", text("admin"), 1),
            ("plain", SqlValue::Null, 0),
        ] {
            let sql = format!("SELECT 1 FROM t WHERE {column} = ?");
            let rows = store.select(&sql, std::slice::from_ref(&value), 10).await;
            let rows = rows.unwrap_or_else(|error| panic!("{column} = {value:?}: {error}"));
            assert_eq!(rows.len(), found, "{column} = {value:?}");
        }
        let sql = "SELECT plain, ? FROM t WHERE plain > ? AND name LIKE ? LIMIT ?";
        let parameters = [text("p"), integer(1), text("n%"), integer(5)];
        let rows = store.select(sql, &parameters, 10).await.unwrap();
        assert_eq!(rows, [[integer(7), text("p")]]);
        assert!(store.select(sql, &[text("\0")], 10).await.unwrap_err().to_string().contains("U+0000"));
        // More than is asked for: the rest is left, and the session goes on.
        for _ in 0..5 {
            let rows = store.select("SELECT generate_series(1, 1000000)", &[], 3).await.unwrap();
            assert_eq!(rows, [[integer(1)], [integer(2)], [integer(3)]]);
        }
    });
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn a_server_tells_what_the_account_may_do() {
    let private = Server::start(Kind::Postgres, &[]);
    let database = private.database_with_table();
    let mut session = database.session();
    session
        .run("CREATE ROLE reader LOGIN; CREATE ROLE writer LOGIN; GRANT SELECT ON request_specs TO reader");
    session.run("GRANT SELECT, INSERT, UPDATE, DELETE ON request_specs TO writer");
    session.run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x')");
    let as_user = |user: &str, access| {
        let mut place = database.place();
        place.user = Some(user.to_owned());
        block_on(open(DatabaseName::Api, &database.address_of(place), access, Timeouts::default()))
    };
    let probe = |user: &str| block_on(as_user(user, Access::ReadOnly).unwrap().probe()).unwrap();
    let rights = |user: &str| probe(user).rights;

    let owner = probe("postgres");
    assert_eq!((&*owner.product, owner.table), ("PostgreSQL", TableState::Present));
    let version = session.value("SHOW server_version").unwrap();
    assert!(
        version.starts_with(&owner.version) && owner.version.contains('.'),
        "{version} {}",
        owner.version
    );
    assert!(!owner.round_trip.is_zero() && owner.remarks.is_empty(), "{owner:?}");
    assert_eq!(owner.rights, Rights::Write);
    let sequence = "USAGE on the sequence request_specs_id_seq";
    let lacks = |what: &str| Rights::ReadOnly(format!("The account {what}."));
    let words = format!("reader lacks INSERT, UPDATE, DELETE on request_specs and {sequence}");
    assert_eq!(rights("reader"), lacks(&words));
    assert_eq!(rights("writer"), lacks(&format!("writer lacks {sequence}")));
    session.run("GRANT USAGE ON SEQUENCE request_specs_id_seq TO writer");
    assert_eq!(rights("writer"), Rights::Write);

    // Browsing works; a write is refused by the server and the reason told.
    let reader = as_user("reader", Access::ReadWrite).unwrap();
    block_on(async {
        assert_eq!(reader.count().await.unwrap(), 1);
        for error in [
            reader.create(new_spec("v", "x")).await.unwrap_err(),
            reader.save("u", b"x", "y").await.unwrap_err(),
            reader.destroy("u", b"x").await.unwrap_err(),
        ] {
            let StoreError::ReadOnly { reason, .. } = &error else { panic!("{error:?}") };
            assert!(reason.contains("(42501)") && reason.contains("USAGE on its sequence"), "{reason}");
        }
    });

    session.run("ALTER TABLE request_specs ENABLE ROW LEVEL SECURITY");
    assert!(probe("reader").remarks.iter().any(|remark| remark.contains("row-level security")));
    session.run(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name));
    let Rights::ReadOnly(reason) = rights("postgres") else { panic!() };
    assert!(reason.contains("default_transaction_read_only"), "{reason}");
    let error = as_user("postgres", Access::ReadWrite).err().unwrap();
    assert!(
        matches!(&error, StoreError::ReadOnly { reason, .. } if reason.contains("read_only")),
        "{error:?}"
    );

    // One server, however it is reached and whatever the account may ask.
    let direct = as_user("postgres", Access::ReadOnly).unwrap().identity();
    let mut by_socket = database.place();
    by_socket.endpoint =
        reqspec::store::address::Endpoint::Socket { path: private.socket(), port: private.port() };
    let by_socket = database.address_of(by_socket);
    let by_socket =
        block_on(open(DatabaseName::Api, &by_socket, Access::ReadOnly, Timeouts::default())).unwrap();
    assert_eq!((by_socket.identity(), by_socket.probe_remarks()), (direct.clone(), Vec::new()));
    let other = private.database();
    assert_ne!(store(&other, Access::ReadOnly).identity(), direct);
    session.run(
        "SET default_transaction_read_only = off; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public",
    );
    let lesser = as_user("reader", Access::ReadOnly).unwrap().identity();
    assert_eq!(lesser, as_user("writer", Access::ReadOnly).unwrap().identity());
    assert!(lesser.ends_with(&database.name) && lesser.len() > database.name.len() + 12, "{lesser}");
}

/// A probe's remarks in short.
trait ProbeRemarks {
    fn probe_remarks(&self) -> Vec<String>;
}

impl ProbeRemarks for Arc<dyn SpecStore> {
    fn probe_remarks(&self) -> Vec<String> {
        let remarks = block_on(self.probe()).unwrap().remarks;
        remarks
            .into_iter()
            .filter(|remark| !remark.contains("read_only") && !remark.contains("row-level"))
            .collect()
    }
}

fn look(database: &Database) -> migrate::Status {
    block_on(migrate::status(&DatabaseName::cell("c1"), &database.address(), Timeouts::default())).unwrap()
}

fn sync(database: &Database) -> Result<migrate::Report, StoreError> {
    block_on(migrate::sync(&DatabaseName::cell("c1"), &database.address(), Timeouts::default()))
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn migrations_are_applied_once_and_nova_s_own_tables_left_alone() {
    let database = Database::new(Kind::Postgres);
    assert_eq!((look(&database).state, look(&database).pending.len()), (State::Pending, 1));
    let runs: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..6).map(|_| scope.spawn(|| sync(&database).unwrap())).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(runs.iter().map(|report| report.applied_now.len()).sum::<usize>(), 1);
    assert!(runs.iter().all(|report| report.status.state == State::Current));
    let status = look(&database);
    assert_eq!(
        (status.state, status.applied.len(), &*status.applied[0].name),
        (State::Current, 1, "0001_request_specs")
    );
    assert_eq!(&status.applied[0].applied_at[..2], "20");
    let mut session = database.session();
    session.run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 't')");
    assert!(session.try_rows("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 't')").is_err());

    session.run("DROP TABLE request_specs");
    assert_eq!(look(&database).state, State::Pending);
    assert_eq!(sync(&database).unwrap().status.state, State::Current);
    session.run("UPDATE reqspec_migrations SET checksum = 'other'");
    assert!(matches!(look(&database).state, State::Refused(reason) if reason.contains("other statements")));
    assert!(sync(&database).unwrap_err().to_string().contains("other statements"));

    let adopted = Database::with_table(Kind::Postgres);
    assert_eq!(look(&adopted).state, State::Adopted);
    assert_eq!(sync(&adopted).unwrap().status.state, State::Adopted);
    assert_eq!(adopted.session().value("SELECT to_regclass('reqspec_migrations')"), None);

    let foreign = Database::new(Kind::Postgres);
    foreign.session().run("CREATE TABLE request_specs (id int, spec text)");
    assert!(sync(&foreign).unwrap_err().to_string().contains("lacks the columns"));
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn a_migration_that_fails_leaves_nothing_behind() {
    let database = Database::new(Kind::Postgres);
    // An index of the name that the migration makes: its last statement fails.
    database.session().run("CREATE TABLE t (a int); CREATE INDEX request_spec_instance_uuid_idx ON t (a)");
    let error = sync(&database).unwrap_err().to_string();
    assert!(
        error.contains("applying migration 0001_request_specs failed") && error.contains("(42P07)"),
        "{error}"
    );
    assert_eq!(look(&database).state, State::Pending);
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.session().value(tables).as_deref(), Some("1"));
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn rows_are_written_as_nova_writes_them() {
    let database = Database::with_table(Kind::Postgres);
    let store = store(&database, Access::ReadWrite);
    block_on(async {
        let moved = NewSpec {
            created_at: Some(Arc::from("2020-02-29 01:02:03.000004")),
            updated_at: Some(Arc::from("2021-01-01T00:00:00Z")),
            ..new_spec("u", "x")
        };
        let created = store.create(moved).await.unwrap();
        assert_eq!(created.created_at.as_deref(), Some("2020-02-29 01:02:03.000004"));
        assert_eq!(created.updated_at.as_deref(), Some("2021-01-01 00:00:00"));
        let error = NewSpec { created_at: Some(Arc::from("2020-02-30 sometime")), ..new_spec("v", "x") };
        let error = store.create(error).await.unwrap_err().to_string();
        assert!(error.contains("created_at") && error.contains("which is no time"), "{error}");
        let saved = store.save("u", b"x", "y").await.unwrap();
        assert_eq!(saved.created_at, created.created_at);
        let age =
            "SELECT extract(epoch FROM (now() AT TIME ZONE 'UTC') - updated_at)::float8 FROM request_specs";
        let age: f64 = database.session().value(age).unwrap().parse().unwrap();
        assert!((-5.0..60.0).contains(&age), "updated_at is not UTC: {age} s ago");
        // A sequence that is behind (a dump that was loaded without it) is told as such.
        database.session().run("SELECT setval('request_specs_id_seq', 1, false)");
        let error = store.create(new_spec("w", "x")).await.unwrap_err().to_string();
        assert!(error.contains("sequence of the column id is behind"), "{error}");
        let error = store.create(new_spec(&uuid(1).repeat(2), "x")).await.unwrap_err().to_string();
        assert!(error.contains("(22001)"), "{error}");
        // What a trigger makes of it is not what was asked for.
        database.session().run(
            "CREATE FUNCTION tamper() RETURNS trigger AS $$ BEGIN NEW.spec := 'z'; RETURN NEW; END $$ LANGUAGE plpgsql;
             CREATE TRIGGER t BEFORE UPDATE ON request_specs FOR EACH ROW EXECUTE FUNCTION tamper()",
        );
        let error = store.save("u", b"y", "w").await.unwrap_err().to_string();
        assert!(error.contains("did not do exactly what was asked"), "{error}");
        assert_eq!(store.get("u").await.unwrap().unwrap(), saved);
    });
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn only_the_missing_table_of_specs_is_a_missing_table() {
    let database = Database::new(Kind::Postgres);
    let store = store(&database, Access::ReadWrite);
    block_on(async {
        let error = store.select("SELECT * FROM instances", &[], 1).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Failed { reason, .. } if reason.contains("(42P01)")),
            "{error:?}"
        );
        let error = store.find_prefix("a", 1).await.unwrap_err();
        assert!(matches!(error, StoreError::NoTable { .. }), "{error:?}");
        assert_eq!(store.probe().await.unwrap().table, TableState::Missing);
        assert_eq!(store.probe().await.unwrap().rights, Rights::Unknown);
    });
}
