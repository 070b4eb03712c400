//! Connections that are lost, servers that say nothing, and requests that get in each other's way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqspec::query::{PageFrom, PageRequest, SortOrder};
use reqspec::store::address::Endpoint;
use reqspec::store::{Access, RowChange, SpecStore, StoreError, Timeouts};

use crate::proxy::{AtCommit, Proxy};
use crate::support::servers::{Database, Kind, Server, wait_until};
use crate::support::{block_on, uuid};
use crate::{SHORT, new_spec, open, put, text, try_open};

/// A session by way of a proxy.
fn through(proxy: &Proxy, database: &Database, access: Access) -> Arc<dyn SpecStore> {
    let mut place = database.place();
    place.endpoint = Endpoint::Tcp { host: "127.0.0.1".into(), port: proxy.port };
    try_open(database, place, access, SHORT).unwrap()
}

fn port_of(database: &Database) -> u16 {
    let Endpoint::Tcp { port, .. } = database.place().endpoint else { unreachable!() };
    port
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn a_commit_whose_answer_was_lost_is_looked_after() {
    let database = Database::with_table(Kind::Mariadb);
    let proxy = Proxy::to(port_of(&database));
    let store = through(&proxy, &database, Access::ReadWrite);
    block_on(async {
        // The server never heard of the commit: nothing was written, and that is said.
        proxy.at_commit(AtCommit::Withhold);
        let undone = [
            store.create(new_spec("u", "a")).await.err(),
            {
                put(&database, "v", "a");
                store.save("v", b"a", "b").await.err()
            },
            store.destroy("v", b"a").await.err(),
        ];
        for error in undone {
            let error = error.expect("a change that was never committed was reported as done");
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
            assert!(error.to_string().contains("nothing was written"), "{error}");
        }
        assert_eq!((text(&database, "u"), text(&database, "v").as_deref()), (None, Some("a")));

        // The server did commit: done.
        proxy.at_commit(AtCommit::LoseAnswer);
        assert_eq!(&*store.create(new_spec("u", "a")).await.unwrap().spec, b"a");
        assert_eq!(&*store.save("u", b"a", "b").await.unwrap().spec, b"b");
        store.destroy("v", b"a").await.unwrap();
        assert_eq!((text(&database, "u").as_deref(), text(&database, "v")), (Some("b"), None));

        // Nobody can be asked: that is said too.
        proxy.at_commit(AtCommit::LoseAll);
        let began = Instant::now();
        let error = store.save("u", b"b", "c").await.unwrap_err();
        assert!(matches!(error, StoreError::Uncertain { .. }), "{error:?}");
        assert!(error.to_string().contains("may or may not have been written"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    });
    assert_eq!(text(&database, "u").as_deref(), Some("c"));
}

/// Of a batch nothing is said but that; the same batch, asked for again, finds done what was done.
#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn a_batch_whose_commit_was_lost_is_decided_by_asking_again() {
    for (at_commit, is_written) in [(AtCommit::Withhold, false), (AtCommit::LoseAnswer, true)] {
        let database = Database::with_table(Kind::Mariadb);
        put(&database, "u", "x");
        put(&database, "v", "x");
        let proxy = Proxy::to(port_of(&database));
        let store = through(&proxy, &database, Access::ReadWrite);
        let changes = [
            RowChange::Save { instance_uuid: "u".into(), before: Arc::from(&b"x"[..]), after: "y".into() },
            RowChange::Destroy { instance_uuid: "v".into(), before: Arc::from(&b"x"[..]) },
            RowChange::Create(new_spec("w", "n")),
        ];
        proxy.at_commit(at_commit);
        let error = block_on(store.change_many(&changes)).unwrap_err();
        assert!(matches!(error, StoreError::Uncertain { .. }), "{error:?}");
        proxy.at_commit(AtCommit::Pass);
        let answers = block_on(store.change_many(&changes)).unwrap();
        assert_eq!(answers.iter().map(Result::is_err).collect::<Vec<_>>(), [is_written; 3], "{answers:?}");
        let texts = ["u", "v", "w"].map(|name| text(&database, name));
        assert_eq!(texts, [Some("y".to_owned()), None, Some("n".to_owned())]);
    }
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn connections_that_were_lost_are_replaced_without_a_word() {
    let database = Database::with_table(Kind::Mariadb);
    for number in 1..=9 {
        put(&database, &uuid(number), "x");
    }
    let proxy = Proxy::to(port_of(&database));
    let (reading, writing) =
        (through(&proxy, &database, Access::ReadOnly), through(&proxy, &database, Access::ReadWrite));
    block_on(async {
        writing.save(&uuid(1), b"x", "y").await.unwrap();
        for _ in 0..3 {
            proxy.cut();
            let request = PageRequest { order: SortOrder::Id, from: PageFrom::Start, limit: 5 };
            assert_eq!(reading.page(request).await.unwrap().len(), 5);
            assert_eq!(reading.count().await.unwrap(), 9);
            writing.save(&uuid(1), b"y", "z").await.unwrap();
            writing.save(&uuid(1), b"z", "y").await.unwrap();
        }
        // Ended by an administrator, which the server still tells before it closes.
        let mut session = database.session();
        for row in session.rows("SELECT id FROM information_schema.processlist WHERE id <> connection_id()") {
            if let Some(id) = &row[0] {
                let mine = format!("SELECT db FROM information_schema.processlist WHERE id = {id}");
                if session.value(&mine).as_deref() == Some(database.name.as_str()) {
                    session.run(&format!("KILL {id}"));
                }
            }
        }
        assert_eq!(reading.count().await.unwrap(), 9);
        writing.save(&uuid(1), b"y", "z").await.unwrap();
    });
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn a_server_that_stops_answers_late_or_not_at_all() {
    let private = Server::start(Kind::Mariadb, &[]);
    let database = private.database_with_table();
    put(&database, "u", "x");
    let store = try_open(&database, database.place(), Access::ReadWrite, SHORT).unwrap();
    block_on(store.save("u", b"x", "y")).unwrap();
    private.pause();
    let began = Instant::now();
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..20).map(|_| scope.spawn(|| block_on(store.get("u")))).collect();
        let saving = scope.spawn(|| block_on(store.save("u", b"y", "z")));
        let error = saving.join().unwrap().unwrap_err();
        assert!(error.to_string().contains("nothing was written"), "{error}");
        for asked in asking {
            let error = asked.join().unwrap().unwrap_err();
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
            let said = error.to_string();
            assert!(said.contains("no answer within 3 s") || said.contains("says nothing"), "{said}");
        }
    });
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    let error = try_open(&database, database.place(), Access::ReadOnly, SHORT).err().unwrap();
    assert!(error.to_string().contains("says nothing"), "{error}");
    private.resume();
    assert_eq!(&*block_on(store.get("u")).unwrap().unwrap().spec, b"y");
    assert_eq!(&*block_on(store.save("u", b"y", "z")).unwrap().spec, b"z");
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn a_locked_row_is_waited_for_and_then_given_up() {
    let database = Database::with_table(Kind::Mariadb);
    put(&database, "u", "x");
    let store = try_open(&database, database.place(), Access::ReadWrite, SHORT).unwrap();
    let mut other = database.session();
    other.run("START TRANSACTION");
    other.run("SELECT * FROM request_specs FOR UPDATE");
    let began = Instant::now();
    let error = block_on(store.save("u", b"x", "y")).unwrap_err();
    let StoreError::Contended { attempts, .. } = &error else { panic!("{error:?}") };
    assert!((2..=5).contains(attempts) && began.elapsed() < Duration::from_secs(5), "{error:?}");
    assert!(error.to_string().contains("nothing was written, try again"), "{error}");
    // Reading is not kept waiting.
    assert_eq!(&*block_on(store.get("u")).unwrap().unwrap().spec, b"x");
    std::thread::scope(|scope| {
        let saving = scope.spawn(|| block_on(store.save("u", b"x", "y")));
        std::thread::sleep(Duration::from_millis(1_300));
        other.run("COMMIT");
        assert_eq!(&*saving.join().unwrap().unwrap().spec, b"y");
    });
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn a_newer_count_replaces_an_older_one() {
    let database = Database::with_table(Kind::Mariadb);
    put(&database, "u", "x");
    let store = open(&database, Access::ReadOnly);
    let mut other = database.session();
    other.run("LOCK TABLES request_specs WRITE");
    std::thread::scope(|scope| {
        let older = scope.spawn(|| block_on(store.count()));
        std::thread::sleep(Duration::from_millis(300));
        let newer = scope.spawn(|| block_on(store.count()));
        let error = older.join().unwrap().unwrap_err();
        assert!(error.to_string().contains("interrupted by a newer request"), "{error}");
        other.run("UNLOCK TABLES");
        assert_eq!(newer.join().unwrap().unwrap(), 1);
    });
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn many_requests_take_few_connections() {
    let private = Server::start(Kind::Mariadb, &[]);
    let database = private.database_with_table();
    for number in 0..50 {
        put(&database, &uuid(number), "x");
    }
    let store = try_open(&database, database.place(), Access::ReadOnly, Timeouts::default()).unwrap();
    let mut session = database.session();
    let mut aborted = {
        let mut session = database.session();
        move || session.rows("SHOW GLOBAL STATUS LIKE 'Aborted_clients'")[0][1].clone()
    };
    let before = aborted();
    std::thread::scope(|scope| {
        let store = &store;
        for thread in 0..10 {
            scope.spawn(move || {
                block_on(async {
                    let gets: Vec<String> = (0..20).map(|number| uuid(number + thread)).collect();
                    for row in futures_util::future::join_all(gets.iter().map(|uuid| store.get(uuid))).await {
                        assert_eq!(&*row.unwrap().unwrap().spec, b"x");
                    }
                    store.find_prefix("0000", 9).await.unwrap();
                });
            });
        }
    });
    let most = session.rows("SHOW GLOBAL STATUS LIKE 'Max_used_connections'")[0][1].clone().unwrap();
    assert!(most.parse::<u32>().unwrap() <= 8, "{most}");
    drop(store);
    // They say goodbye: no complaint in the server's log.
    let connected = "SELECT count(*) FROM information_schema.processlist WHERE user = 'root'";
    wait_until("the connections are closed", Duration::from_secs(3), || {
        session.value(connected).as_deref() == Some("2")
    });
    assert_eq!(aborted(), before);
}
