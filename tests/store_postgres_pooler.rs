//! A pooler that lends one server connection for a transaction at a time (PgBouncer with
//! `pool_mode = transaction`): nothing of ours may be left on it for nova, who is lent it next. And a
//! server that took over, which gives the number of a lost transaction to another.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use reqspec::query::prefilter::Prefilter;
use reqspec::query::{PageFrom, PageRequest, SortOrder};
use reqspec::store::address::{self, Endpoint};
use reqspec::store::{
    Access, Cancel, DatabaseName, NewSpec, RowRef, RowVisitor, SpecStore, SqlValue, StoreError, Timeouts,
    migrate, open,
};
use rstest::rstest;
use support::block_on;
use support::servers::{Database, Kind, server};

/// What is left of others: what they set, and what they prepared.
const LEFT: &str = "SELECT name || '=' || setting FROM pg_settings WHERE source = 'session' \
                    UNION ALL SELECT statement FROM pg_prepared_statements";
/// A startup packet of that version begins with this, after its length; others ask for something else.
const VERSION: [u8; 4] = [0, 3, 0, 0];

fn at_port(database: &Database, port: u16) -> address::Server {
    let endpoint = Endpoint::Tcp { host: "127.0.0.1".into(), port };
    address::Server { endpoint, ..database.place() }
}

fn port_of(database: &Database) -> u16 {
    let Endpoint::Tcp { port, .. } = database.place().endpoint else { panic!() };
    port
}

fn reads(stream: &mut TcpStream, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A length and what it counts, itself included.
fn counted(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = reads(stream, 4)?;
    let length = u32::from_be_bytes(bytes[..4].try_into().unwrap());
    bytes.extend(reads(stream, length as usize - 4)?);
    Ok(bytes)
}

/// A message: its type, its length, its body.
fn message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = reads(stream, 1)?;
    bytes.extend(counted(stream)?);
    Ok(bytes)
}

/// The server's connection, and what it said when it was made.
struct Backend {
    stream: TcpStream,
    greeting: Vec<u8>,
    /// What was left on it after a transaction of somebody's.
    left: Vec<String>,
    /// Transactions.
    ended: usize,
}

impl Backend {
    fn new(to: u16, startup: &[u8]) -> io::Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", to))?;
        stream.set_nodelay(true)?;
        stream.write_all(startup)?;
        let mut greeting = Vec::new();
        answer(&mut stream, |piece| greeting.extend(piece))?;
        Ok(Self { stream, greeting, left: Vec::new(), ended: 0 })
    }

    /// The first values of the rows of a query, and errors.
    fn ask(&mut self, sql: &str) -> Vec<String> {
        let mut query = vec![b'Q'];
        query.extend(u32::try_from(sql.len() + 5).unwrap().to_be_bytes());
        query.extend(sql.bytes().chain([0]));
        self.stream.write_all(&query).unwrap();
        let mut values = Vec::new();
        let take = |piece: &[u8]| match piece[0] {
            b'D' => values.push(String::from_utf8_lossy(&piece[11..]).into_owned()),
            b'E' => values.push(String::from_utf8_lossy(&piece[5..]).into_owned()),
            _ => {}
        };
        answer(&mut self.stream, take).unwrap();
        values
    }

    fn look(&mut self) {
        self.ended += 1;
        let left = self.ask(LEFT);
        self.left.extend(left);
        self.ask("DISCARD ALL");
    }
}

/// Passes on what the server says until it is ready; gives the state of its transaction.
fn answer(stream: &mut TcpStream, mut pass: impl FnMut(&[u8])) -> io::Result<u8> {
    loop {
        let piece = message(stream)?;
        pass(&piece);
        if piece[0] == b'Z' {
            return Ok(piece[5]);
        }
    }
}

type Shared = Arc<Mutex<Option<Backend>>>;

/// One server connection for all, each transaction at a time.
fn pooler(to: u16) -> (u16, Shared) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let shared = Shared::default();
    let backend = Arc::clone(&shared);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let backend = Arc::clone(&backend);
            thread::spawn(move || serve(client, to, &backend));
        }
    });
    (port, shared)
}

fn serve(mut client: TcpStream, to: u16, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let startup = counted(&mut client)?;
    if startup[4..8] != VERSION {
        // Somebody wants a query stopped, or encryption: neither is to be had here.
        return Ok(());
    }
    {
        let mut backend = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if backend.is_none() {
            *backend = Some(Backend::new(to, &startup)?);
        }
        client.write_all(&backend.as_ref().unwrap().greeting)?;
    }
    loop {
        let mut next = message(&mut client)?;
        if next[0] == b'X' {
            return Ok(());
        }
        let mut backend = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let backend = backend.as_mut().unwrap();
        loop {
            backend.stream.write_all(&next)?;
            if matches!(next[0], b'Q' | b'S') {
                let state = answer(&mut backend.stream, |piece| {
                    let _ = client.write_all(piece);
                })?;
                if state == b'I' {
                    backend.look();
                    break;
                }
            }
            // Its transaction is not over: it keeps the connection, until it leaves.
            next = match message(&mut client) {
                Ok(next) if next[0] != b'X' => next,
                _ => {
                    // PgBouncer ends the server's connection here; all but what was prepared is looked at.
                    backend.ask("ROLLBACK");
                    backend.ask("DEALLOCATE ALL");
                    backend.look();
                    return Ok(());
                }
            };
        }
    }
}

struct Pass;

impl RowVisitor for Pass {
    fn visit(&self, _: RowRef<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&self, _: u64) {}
}

fn new_spec(uuid: &str) -> NewSpec {
    NewSpec { instance_uuid: uuid.into(), spec: "n".into(), created_at: None, updated_at: None }
}

async fn everything(store: &dyn SpecStore) {
    for order in [SortOrder::Id, SortOrder::Updated] {
        let request = PageRequest { order, from: PageFrom::Start, limit: 5 };
        assert_eq!(store.page(request).await.unwrap().len(), 2);
    }
    assert_eq!(&*store.get("u").await.unwrap().unwrap().spec, b"x");
    assert_eq!(store.get_many(&["u".into(), "w".into()]).await.unwrap().len(), 2);
    assert_eq!(store.find_prefix("w", 5).await.unwrap().len(), 1);
    assert_eq!(store.count().await.unwrap(), 2);
    store.save("u", b"x", "y").await.unwrap();
    assert!(matches!(store.save("u", b"x", "z").await, Err(StoreError::Conflict { .. })));
    store.save("u", b"y", "x").await.unwrap();
    store.create(new_spec("v")).await.unwrap();
    store.destroy("v", b"n").await.unwrap();
    store.hold("u", b"x").await.unwrap().release();
    assert_eq!(store.scan(Prefilter::NONE, Arc::new(Pass), Cancel::default()).await.unwrap(), 2);
    let uuid = SqlValue::Text("u".into());
    let rows = store.select("SELECT id, spec FROM request_specs WHERE instance_uuid = ?", &[uuid], 5).await;
    assert_eq!(rows.unwrap().len(), 1);
    for refused in ["DELETE FROM request_specs", "SELECT nextval('request_specs_id_seq')"] {
        let error = store.select(refused, &[], 5).await.unwrap_err();
        assert!(error.to_string().contains("(25006)"), "{error}");
    }
    store.probe().await.unwrap();
}

#[rstest]
#[case("")]
#[case("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")]
#[ignore = "needs PostgreSQL (tests/run)"]
fn whoever_is_lent_the_connection_next_finds_nothing_of_ours(#[case] options: &str) {
    let database = Database::on(&server(Kind::Postgres), options);
    database.make_table();
    database.session().run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x'), ('w', 'x')");
    let (port, shared) = pooler(port_of(&database));
    let address = database.address_of(at_port(&database, port));
    block_on(async {
        let store = open(DatabaseName::Api, &address, Access::ReadWrite, Timeouts::default()).await.unwrap();
        everything(&*store).await;
        migrate::status(&DatabaseName::cell("c1"), &address, Timeouts::default()).await.unwrap();
        migrate::sync(&DatabaseName::cell("c1"), &address, Timeouts::default()).await.unwrap();
    });
    let mut backend = shared.lock().unwrap();
    let backend = backend.as_mut().unwrap();
    assert_eq!(backend.left, Vec::<String>::new());
    assert!(backend.ended >= 18, "only {} transactions", backend.ended);
    // It does tell where something is left, and nova's write is taken.
    backend.ask("SET statement_timeout = 5");
    backend.look();
    assert_eq!(backend.left, ["statement_timeout=5"]);
    let written =
        backend.ask("INSERT INTO request_specs (instance_uuid, spec) VALUES ('n', 'n') RETURNING spec");
    assert_eq!(written, ["n"]);
}

/// Closes the connection that commits, having passed that on or not.
fn cut_at_commit(to: u16, passes_on: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move |mut client: TcpStream| -> io::Result<()> {
        let startup = counted(&mut client)?;
        let mut backend = Backend::new(to, &startup)?;
        client.write_all(&backend.greeting)?;
        loop {
            let next = message(&mut client)?;
            let commits = next == b"Q\0\0\0\x0bCOMMIT\0" && backend.ended == 1;
            // A change asks for its transaction's number; nothing else does.
            if next.windows(12).any(|window| window == b"txid_current") {
                backend.ended = 1;
            }
            if !commits || passes_on {
                backend.stream.write_all(&next)?;
                if matches!(next[0], b'Q' | b'S') {
                    answer(&mut backend.stream, |piece| {
                        let _ = if commits { Ok(()) } else { client.write_all(piece) };
                    })?;
                }
            }
            if commits {
                return Ok(());
            }
        }
    };
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || serve(client));
        }
    });
    port
}

#[rstest]
#[case(false)]
#[case(true)]
#[ignore = "needs PostgreSQL (tests/run)"]
fn a_number_that_another_s_transaction_has_now_is_not_believed(#[case] is_written: bool) {
    let database = Database::with_table(Kind::Postgres);
    database.session().run(&format!(
        "INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x'), ('w', 'x');
         CREATE SCHEMA other;
         CREATE FUNCTION other.txid_status(bigint) RETURNS text LANGUAGE sql AS $$ SELECT 'committed' $$;
         ALTER DATABASE {} SET search_path = other, pg_catalog, public",
        database.name
    ));
    let place = at_port(&database, cut_at_commit(port_of(&database), is_written));
    let timeouts = Timeouts { connect: Duration::from_secs(2), answer: Duration::from_secs(3) };
    block_on(async {
        let address = database.address_of(place);
        let store = open(DatabaseName::Api, &address, Access::ReadWrite, timeouts).await.unwrap();
        for answer in [
            store.save("u", b"x", "y").await.map(drop),
            store.create(new_spec("v")).await.map(drop),
            store.destroy("w", b"x").await,
        ] {
            match answer {
                Ok(()) => assert!(is_written, "reported as written"),
                Err(StoreError::Uncertain { reason, .. }) => {
                    assert!(!is_written && reason.contains("as it was"), "{reason}");
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    });
}
