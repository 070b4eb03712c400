//! Connections with PostgreSQL: round trips, lost and silent servers, commits without an answer,
//! requests that are dropped. Encrypted ones are in `store_postgres_tls.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use reqspec::query::prefilter::Prefilter;
use reqspec::query::{PageFrom, PageKey, PageRequest, SortOrder};
use reqspec::store::address::{Endpoint, Secret, Tls, TlsMode};
use reqspec::store::{
    Access, Cancel, DatabaseName, NewSpec, RowChange, RowRef, RowVisitor, SpecStore, StoreError, Timeouts,
    address, open,
};
use rstest::rstest;
use support::block_on;
use support::servers::{Database, Kind, Server, wait_until};

const QUICK: Timeouts = Timeouts { connect: Duration::from_secs(2), answer: Duration::from_secs(3) };

fn try_open(
    database: &Database,
    place: address::Server,
    access: Access,
    timeouts: Timeouts,
) -> Result<Arc<dyn SpecStore>, StoreError> {
    block_on(open(DatabaseName::Api, &database.address_of(place), access, timeouts))
}

fn store(database: &Database, access: Access, timeouts: Timeouts) -> Arc<dyn SpecStore> {
    try_open(database, database.place(), access, timeouts).unwrap()
}

fn at_port(database: &Database, port: u16) -> address::Server {
    let endpoint = Endpoint::Tcp { host: "127.0.0.1".into(), port };
    address::Server { endpoint, ..database.place() }
}

fn first_page(limit: u32) -> PageRequest {
    PageRequest { order: SortOrder::Id, from: PageFrom::Start, limit }
}

fn fill(database: &Database, rows: u32, bytes: u32) {
    database.session().run(&format!(
        "INSERT INTO request_specs (instance_uuid, spec, created_at) SELECT lpad(n::text, 8, '0'), \
         repeat('x', {bytes}), now() FROM generate_series(1, {rows}) AS n"
    ));
}

/// What a proxy does with a piece that the client sends.
type Step = Arc<dyn Fn(&[u8]) -> Act + Send + Sync>;

enum Act {
    Forward,
    /// Forward, and close without passing an answer on.
    ForwardAndClose,
    Close,
}

/// Passes bytes on, each that long after it came.
fn proxy(to: u16, delay: Duration, step: Step) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { continue };
            let (from_client, from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            pump(from_client, server, delay, Arc::clone(&step));
            pump(from_server, client, Duration::ZERO, Arc::new(|_| Act::Forward));
        }
    });
    port
}

fn pump(mut from: TcpStream, mut to: TcpStream, delay: Duration, step: Step) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>, bool)>();
    thread::spawn(move || {
        for (due, piece, closes) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() || closes {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let piece = buffer[..length].to_vec();
            match step(&piece) {
                Act::Forward => {
                    if sender.send((Instant::now() + delay, piece, false)).is_err() {
                        break;
                    }
                }
                Act::ForwardAndClose => {
                    let _ = from.shutdown(Shutdown::Both);
                    let _ = sender.send((Instant::now(), piece, true));
                    return;
                }
                Act::Close => break,
            }
        }
        let _ = from.shutdown(Shutdown::Both);
    });
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn a_page_and_a_look_up_take_one_round_trip() {
    const DELAY: Duration = Duration::from_millis(150);
    let database = Database::with_table(Kind::Postgres);
    fill(&database, 50, 4_000);
    let Endpoint::Tcp { port, .. } = database.place().endpoint else { panic!() };
    let through = proxy(port, DELAY, Arc::new(|_| Act::Forward));
    let place = at_port(&database, through);
    let store = try_open(&database, place, Access::ReadOnly, Timeouts::default()).unwrap();
    block_on(async {
        for _ in 0..3 {
            let began = Instant::now();
            assert_eq!(store.page(first_page(50)).await.unwrap().len(), 50);
            let page = began.elapsed();
            assert!(store.get("00000007").await.unwrap().is_some());
            let both = began.elapsed();
            assert!(page >= DELAY && page < DELAY * 2, "a page took {page:?} over a way of {DELAY:?}");
            assert!(both < DELAY * 4, "a page and a look-up took {both:?}");
        }
    });
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn pages_look_ups_and_passes_go_by_an_index() {
    let database = Database::with_table(Kind::Postgres);
    fill(&database, 20_000, 300);
    let mut session = database.session();
    session.run("ANALYZE request_specs");
    let store = store(&database, Access::ReadOnly, Timeouts::default());
    let mut passes = |of: &str| -> u64 {
        let sql = format!("SELECT {of} FROM pg_stat_user_tables WHERE relname = 'request_specs'");
        session.value(&sql).unwrap().parse().unwrap()
    };
    // The server tells with a delay of a second or so what its sessions did.
    thread::sleep(Duration::from_millis(1_500));
    let (whole, by_index) = (passes("seq_scan"), passes("idx_scan"));
    let key = PageKey::new(10_000, "");
    let ask = async || {
        let all = [
            PageFrom::Start,
            PageFrom::End,
            PageFrom::After(key.clone()),
            PageFrom::Before(key.clone()),
            PageFrom::At(key.clone()),
        ];
        for from in all {
            let page = store.page(PageRequest { order: SortOrder::Id, from, limit: 50 }).await.unwrap();
            assert_eq!(page.len(), 50);
        }
        assert!(store.get("00000007").await.unwrap().is_some());
        assert_eq!(store.get_many(&["00000007".into(), "00000008".into()]).await.unwrap().len(), 2);
        assert_eq!(store.find_prefix("000012", 50).await.unwrap().len(), 50);
        let passed = store.scan(Prefilter::NONE, Arc::new(Slow::default()), Cancel::default()).await.unwrap();
        assert_eq!(passed, 20_000);
    };
    wait_until("the server tells of what was asked", Duration::from_secs(20), || {
        block_on(ask());
        passes("idx_scan") >= by_index + 9
    });
    assert_eq!(passes("seq_scan"), whole, "something was read from end to end");
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn a_pooler_that_knows_only_names_in_the_first_packet_is_enough() {
    let database = Database::with_table(Kind::Postgres);
    let Endpoint::Tcp { port, .. } = database.place().endpoint else { panic!() };
    let refused = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&refused);
    // PgBouncer ends a session whose startup packet has other parameters than these.
    let through = proxy(
        port,
        Duration::ZERO,
        Arc::new(move |piece| {
            let is_startup = piece.len() > 8 && piece[4..8] == [0, 3, 0, 0];
            if is_startup && (contains(piece, b"options\0") || contains(piece, b"statement_timeout")) {
                seen.fetch_add(1, Ordering::SeqCst);
                return Act::Close;
            }
            Act::Forward
        }),
    );
    let place = at_port(&database, through);
    let store = try_open(&database, place, Access::ReadOnly, Timeouts::default()).unwrap();
    assert_eq!(block_on(store.count()).unwrap(), 0);
    let error = block_on(store.select("DELETE FROM request_specs", &[], 1)).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    assert_eq!(refused.load(Ordering::SeqCst), 0);
}

/// Where the commit of a change goes, and what is to be found afterwards.
#[rstest]
#[case(Act::Close, false)]
#[case(Act::ForwardAndClose, true)]
#[ignore = "needs PostgreSQL (tests/run)"]
fn a_commit_without_an_answer_is_looked_after(#[case] at_commit: Act, #[case] is_written: bool) {
    let database = Database::with_table(Kind::Postgres);
    database.session().run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x'), ('w', 'x')");
    let Endpoint::Tcp { port, .. } = database.place().endpoint else { panic!() };
    let closes = matches!(at_commit, Act::Close);
    let through = proxy(
        port,
        Duration::ZERO,
        Arc::new(move |piece| match (piece == COMMIT, closes) {
            (false, _) => Act::Forward,
            (true, true) => Act::Close,
            (true, false) => Act::ForwardAndClose,
        }),
    );
    let place = at_port(&database, through);
    let store = try_open(&database, place, Access::ReadWrite, QUICK).unwrap();
    let new = NewSpec { instance_uuid: "v".into(), spec: "n".into(), created_at: None, updated_at: None };
    block_on(async {
        let answers = [
            store.save("u", b"x", "y").await.map(|row| row.spec.to_vec()),
            store.create(new).await.map(|row| row.spec.to_vec()),
            store.destroy("w", b"x").await.map(|()| Vec::new()),
        ];
        for answer in answers {
            match answer {
                Ok(_) => assert!(is_written, "reported as written"),
                Err(StoreError::Unavailable { reason, .. }) => {
                    assert!(!is_written && reason.contains("nothing was written"), "{reason}");
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    });
    let now = database.session().rows("SELECT instance_uuid, spec FROM request_specs ORDER BY 1");
    let now: Vec<String> = now.into_iter().map(|row| row.into_iter().flatten().collect()).collect();
    assert_eq!(now, if is_written { ["uy", "vn"] } else { ["ux", "wx"] });
}

/// The message that commits a change; nothing else is sent with it.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// Of a batch nothing is said but that; the same batch, asked for again, finds done what was done.
#[rstest]
#[case(false)]
#[case(true)]
#[ignore = "needs PostgreSQL (tests/run)"]
fn a_batch_whose_commit_was_lost_is_decided_by_asking_again(#[case] is_written: bool) {
    let database = Database::with_table(Kind::Postgres);
    database.session().run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x'), ('v', 'x')");
    let Endpoint::Tcp { port, .. } = database.place().endpoint else { panic!() };
    let is_lost = AtomicBool::new(false);
    let step: Step = Arc::new(move |piece| {
        if piece != COMMIT || is_lost.swap(true, Ordering::SeqCst) {
            return Act::Forward;
        }
        if is_written { Act::ForwardAndClose } else { Act::Close }
    });
    let place = at_port(&database, proxy(port, Duration::ZERO, step));
    let store = try_open(&database, place, Access::ReadWrite, QUICK).unwrap();
    let new = NewSpec { instance_uuid: "w".into(), spec: "n".into(), created_at: None, updated_at: None };
    let changes = [
        RowChange::Save { instance_uuid: "u".into(), before: Arc::from(&b"x"[..]), after: "y".into() },
        RowChange::Destroy { instance_uuid: "v".into(), before: Arc::from(&b"x"[..]) },
        RowChange::Create(new),
    ];
    let error = block_on(store.change_many(&changes)).unwrap_err();
    assert!(matches!(error, StoreError::Uncertain { .. }), "{error:?}");
    let answers = block_on(store.change_many(&changes)).unwrap();
    assert_eq!(answers.iter().map(Result::is_err).collect::<Vec<_>>(), [is_written; 3], "{answers:?}");
    let now = database.session().rows("SELECT instance_uuid, spec FROM request_specs ORDER BY 1");
    let now: Vec<String> = now.into_iter().map(|row| row.into_iter().flatten().collect()).collect();
    assert_eq!(now, ["uy", "wn"]);
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn a_commit_that_nobody_can_tell_of_is_uncertain() {
    let database = Database::with_table(Kind::Postgres);
    database.session().run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x')");
    let Endpoint::Tcp { port, .. } = database.place().endpoint else { panic!() };
    let is_cut = AtomicBool::new(false);
    let step: Step = Arc::new(move |piece| {
        if piece == COMMIT {
            is_cut.store(true, Ordering::SeqCst);
            return Act::ForwardAndClose;
        }
        if is_cut.load(Ordering::SeqCst) { Act::Close } else { Act::Forward }
    });
    let place = at_port(&database, proxy(port, Duration::ZERO, step));
    let store = try_open(&database, place, Access::ReadWrite, QUICK).unwrap();
    let error = block_on(store.save("u", b"x", "y")).unwrap_err();
    assert!(matches!(error, StoreError::Uncertain { .. }), "{error:?}");
    assert!(error.to_string().contains("may or may not have been written"), "{error}");
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn a_server_that_dies_before_it_commits_has_written_nothing() {
    let private = Server::start(Kind::Postgres, &[]);
    let database = private.database_with_table();
    database.session().run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x')");
    let (sender, commits) = mpsc::channel();
    let step: Step = Arc::new(move |piece| {
        if piece != COMMIT {
            return Act::Forward;
        }
        sender.send(()).unwrap();
        // Long enough for the server to be gone.
        thread::sleep(Duration::from_millis(500));
        Act::Close
    });
    let place = at_port(&database, proxy(private.port(), Duration::ZERO, step));
    let store = try_open(&database, place, Access::ReadWrite, Timeouts::default()).unwrap();
    let (answer, private) = thread::scope(|scope| {
        let killer = scope.spawn(move || {
            commits.recv().unwrap();
            private.kill();
            private.start_again();
            private
        });
        (block_on(store.save("u", b"x", "y")), killer.join().unwrap())
    });
    let error = answer.unwrap_err();
    assert!(
        matches!(&error, StoreError::Unavailable { reason, .. } if reason.contains("nothing was written"))
    );
    assert_eq!(&*block_on(store.get("u")).unwrap().unwrap().spec, b"x");
    drop(private);
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn others_in_the_way_are_waited_out_a_bounded_number_of_times() {
    let database = Database::with_table(Kind::Postgres);
    let mut session = database.session();
    session.run(
        "INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x');
         CREATE SEQUENCE tries; CREATE TABLE fails (below int, code text); INSERT INTO fails VALUES (4, '40001');
         CREATE FUNCTION fail() RETURNS trigger AS $$ BEGIN
             IF nextval('tries') < (SELECT below FROM fails) THEN
                 RAISE EXCEPTION 'in the way' USING ERRCODE = (SELECT code FROM fails);
             END IF;
             RETURN NEW; END $$ LANGUAGE plpgsql;
         CREATE TRIGGER t BEFORE UPDATE ON request_specs FOR EACH ROW EXECUTE FUNCTION fail()",
    );
    let store = store(&database, Access::ReadWrite, QUICK);
    assert_eq!(&*block_on(store.save("u", b"x", "y")).unwrap().spec, b"y");
    session.run("SELECT setval('tries', 1, false); UPDATE fails SET below = 100, code = '40P01'");
    let error = block_on(store.save("u", b"y", "z")).unwrap_err();
    let StoreError::Contended { attempts: 5, reason, .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains("in the way"), "{reason}");
    assert_eq!(session.value("SELECT last_value FROM tries").as_deref(), Some("5"));

    // A held row: others wait a while and are told; a dropped hold lets them.
    session.run("DROP TRIGGER t ON request_specs");
    let other = self::store(&database, Access::ReadWrite, QUICK);
    block_on(async {
        let error = store.hold("u", b"other").await.err().unwrap();
        assert!(matches!(error, StoreError::Conflict { current: Some(_), .. }), "{error:?}");
        let hold = store.hold("u", b"y").await.unwrap();
        let error = other.destroy("u", b"y").await.unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
        assert!(other.get("u").await.unwrap().is_some());
        let idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND \
                    state = 'idle in transaction' AND application_name = 'reqspec'";
        assert_eq!(session.value(idle).as_deref(), Some("1"));
        hold.release();
        other.destroy("u", b"y").await.unwrap();
    });
}

/// Counts rows, and takes its time with each.
#[derive(Default)]
struct Slow {
    rows: AtomicU64,
    pause: Duration,
    cancel_at: Option<(u64, Cancel)>,
}

impl RowVisitor for Slow {
    fn visit(&self, _: RowRef<'_>) -> ControlFlow<()> {
        assert_eq!(thread::current().name(), Some("store"));
        let rows = self.rows.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some((at, cancel)) = &self.cancel_at
            && *at == rows
        {
            cancel.cancel();
        }
        thread::sleep(self.pause);
        ControlFlow::Continue(())
    }

    fn progress(&self, _: u64) {}
}

const BUSY: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
                    AND pid <> pg_backend_pid()";
const SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'reqspec'";

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn what_nobody_waits_for_is_stopped_on_the_server() {
    let database = Database::with_table(Kind::Postgres);
    fill(&database, 30_000, 1_000);
    let store = store(&database, Access::ReadOnly, Timeouts::default());
    let mut session = database.session();
    let mut none_is_busy = |what: &str| {
        wait_until(what, Duration::from_secs(5), || session.value(BUSY).as_deref() == Some("0"));
    };
    block_on(async {
        let sleeping = store.select("SELECT pg_sleep(600)", &[], 1);
        assert!(tokio::time::timeout(Duration::from_millis(300), sleeping).await.is_err());
    });
    none_is_busy("the dropped query is stopped");
    block_on(async {
        let visitor = Arc::new(Slow { pause: Duration::from_millis(1), ..Slow::default() });
        let scan = store.scan(Prefilter::NONE, visitor.clone(), Cancel::default());
        assert!(tokio::time::timeout(Duration::from_millis(500), scan).await.is_err());
        let rows = visitor.rows.load(Ordering::SeqCst);
        assert!(rows > 0, "it never began");
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(visitor.rows.load(Ordering::SeqCst) <= rows + 50, "a dropped pass goes on");
    });
    none_is_busy("the dropped pass is stopped");
    let cancel = Cancel::default();
    let visitor = Arc::new(Slow { cancel_at: Some((100, cancel.clone())), ..Slow::default() });
    let passed = block_on(store.scan(Prefilter::NONE, visitor.clone(), cancel)).unwrap();
    assert!((100..=101).contains(&passed), "{passed}");
    none_is_busy("the cancelled pass is stopped");

    // A newer count takes the place of an older one; pages go on meanwhile.
    block_on(async {
        let (first, second) = tokio::join!(store.count(), store.count());
        assert!(matches!(&first, Err(error) if error.to_string().contains("a newer request")), "{first:?}");
        assert_eq!(second.unwrap(), 30_000);
        let pages = (0..40).map(|_| store.page(first_page(20)));
        for page in futures_util::future::join_all(pages).await {
            assert_eq!(page.unwrap().len(), 20);
        }
    });
    let sessions: u32 = session.value(SESSIONS).unwrap().parse().unwrap();
    assert!(sessions <= 6, "{sessions} connections for one session");
    drop(store);
    wait_until("its connections are closed", Duration::from_secs(5), || {
        session.value(SESSIONS).as_deref() == Some("0")
    });
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn a_server_that_restarts_is_found_again_and_one_that_stays_away_is_told() {
    let private = Server::start(Kind::Postgres, &[]);
    let database = private.database_with_table();
    fill(&database, 100, 10);
    let store = store(&database, Access::ReadWrite, Timeouts::default());
    block_on(async {
        for _ in 0..2 {
            store.page(first_page(5)).await.unwrap();
            store.save("00000001", &store.get("00000001").await.unwrap().unwrap().spec, "x").await.unwrap();
            private.kill();
            private.start_again();
            assert_eq!(store.page(first_page(5)).await.unwrap().len(), 5);
            assert_eq!(store.count().await.unwrap(), 100);
            store.save("00000001", b"x", "y").await.unwrap();
            // All its connections are closed by an administrator.
            database.session().run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reqspec'",
            );
            assert_eq!(store.get("00000001").await.unwrap().unwrap().spec[..], b"y"[..]);
        }
        private.stop();
        let began = Instant::now();
        let error = store.page(first_page(5)).await.unwrap_err();
        assert!(began.elapsed() >= Duration::from_millis(1_000), "without a pause: {:?}", began.elapsed());
        let StoreError::Unavailable { location, reason, .. } = &error else { panic!("{error:?}") };
        assert!(reason.contains("connection refused") && location.contains("postgresql://"), "{error}");
        let error = store.save("00000001", b"y", "z").await.unwrap_err();
        assert!(error.to_string().contains("nothing was written"), "{error}");
        private.start_again();
        assert_eq!(store.count().await.unwrap(), 100);
    });
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn a_paused_server_is_told_in_time_and_used_again() {
    let private = Server::start(Kind::Postgres, &[]);
    let database = private.database_with_table();
    fill(&database, 5_000, 4_000);
    let store = store(&database, Access::ReadWrite, QUICK);
    block_on(store.count()).unwrap();
    private.pause();
    block_on(async {
        let began = Instant::now();
        let (page, save, pass) = tokio::join!(
            store.page(first_page(5)),
            store.save("00000001", b"x", "y"),
            store.scan(Prefilter::NONE, Arc::new(Slow::default()), Cancel::default())
        );
        for error in [page.unwrap_err(), save.unwrap_err(), pass.unwrap_err()] {
            let StoreError::Unavailable { reason, .. } = &error else { panic!("{error:?}") };
            assert!(
                reason.contains("no answer within 3 s") || reason.contains("said nothing for 2 s"),
                "{reason}"
            );
        }
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
        let opened = open(DatabaseName::Api, &database.address(), Access::ReadOnly, QUICK).await;
        let error = opened.err().unwrap();
        assert!(error.to_string().contains("said nothing for 2 s"), "{error}");
        private.resume();
        assert_eq!(store.page(first_page(5)).await.unwrap().len(), 5);
        assert_eq!(store.get("00000001").await.unwrap().unwrap().spec.len(), 4_000);
        // In the middle of a pass.
        let visitor = Arc::new(Slow { pause: Duration::from_millis(1), ..Slow::default() });
        let (passed, ()) =
            tokio::join!(store.scan(Prefilter::NONE, visitor.clone(), Cancel::default()), async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                private.kill();
            });
        assert!(matches!(passed, Err(StoreError::Unavailable { .. })), "{passed:?}");
    });
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn a_refused_session_says_why_and_what_to_do_and_never_the_password() {
    let private =
        Server::start(Kind::Postgres, &["-c", "max_connections=4", "-c", "superuser_reserved_connections=1"]);
    let database = private.database_with_table();
    let hba = private.directory().join("data/pg_hba.conf");
    let mut session = database.session();
    session.run("CREATE ROLE nova LOGIN PASSWORD 'right'; CREATE ROLE outsider LOGIN");
    let rules = "host all outsider all reject\nhost all nova all scram-sha-256\nhost all all all trust\n";
    std::fs::write(&hba, rules).unwrap();
    session.run("SELECT pg_reload_conf()");
    let place = |user: &str, password: Option<&str>| address::Server {
        user: Some(user.to_owned()),
        password: password.map(Secret::new),
        ..database.place()
    };
    let nova = |password| place("nova", password);
    let named = |name: &str| address::Server { database: name.to_owned(), ..nova(Some("right")) };
    let at = |host: &str, port| address::Server {
        endpoint: Endpoint::Tcp { host: host.into(), port },
        ..nova(Some("s3cret-word"))
    };
    let socket = |path: &str| address::Server {
        endpoint: Endpoint::Socket { path: PathBuf::from(path), port: 1 },
        ..nova(None)
    };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (talks, closes) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let (silent_port, talking_port, closing_port) = (port(&silent), port(&talks), port(&closes));
    thread::spawn(move || {
        for stream in talks.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 64]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            let _ = stream.read(&mut [0; 4_096]);
        }
    });
    thread::spawn(move || closes.incoming().for_each(drop));
    let encrypted = Tls { mode: TlsMode::Require, ..Tls::default() };
    let mut wait = |_: &str| {
        wait_until("a connection is free", Duration::from_secs(5), || {
            session.value(SESSIONS).as_deref() == Some("0")
        })
    };
    for (place, expected) in [
        (nova(Some("s3cret-word")), "wrong password for the account nova"),
        (nova(None), "the server asks for a password and the URL has none"),
        (place("outsider", None), "lets the account outsider not in"),
        (named("nowhere"), "there is no database nowhere"),
        (at("127.0.0.1", 1), "nothing listens at 127.0.0.1:1"),
        (at("no-such-host.invalid", 5432), "no-such-host.invalid:5432 is not known"),
        (at("127.0.0.1", silent_port), "said nothing for 2 s"),
        (at("127.0.0.1", talking_port), "does not speak PostgreSQL"),
        (at("127.0.0.1", closing_port), "before a session began"),
        (socket("/nonexistent"), "there is no socket /nonexistent/.s.PGSQL.1"),
        (address::Server { tls: encrypted.clone(), ..nova(Some("right")) }, "offers no encryption"),
    ] {
        let error = try_open(&database, place, Access::ReadOnly, QUICK).err().unwrap();
        let told = format!("{error} {error:?}");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{told}");
        assert!(told.contains(expected), "{expected}: {told}");
        assert!(!told.contains("s3cret-word") && !told.contains("right"), "{told}");
        wait(expected);
    }
    let kept: Vec<_> =
        (0..2).map(|_| try_open(&database, nova(Some("right")), Access::ReadOnly, QUICK).unwrap()).collect();
    let error = try_open(&database, nova(Some("right")), Access::ReadOnly, QUICK).err().unwrap();
    assert!(error.to_string().contains("no connection left"), "{error}");
    drop(kept);
}
