//! What only a server can be: reached by several addresses, read-only for an account, restarted, in
//! another time zone, of another collation.

use std::time::{Duration, Instant};

use reqspec::query::{PageFrom, SortOrder};
use reqspec::store::address::{Endpoint, Secret};
use reqspec::store::{Access, DatabaseName, Rights, SqlValue, StoreError};

use crate::bench::{all, open, page};
use crate::support::servers::{Database, Kind, Server, Session, wait_until};
use crate::support::{block_on, uuid};
use crate::writing::{assert_now, new_spec};

server_promises!(
    a_database_has_one_identity_however_it_is_addressed,
    times_are_utc_whatever_the_zone_of_the_server,
    an_account_that_may_only_read_is_found_out,
    a_reading_session_of_the_superuser_is_refused_by_the_server_itself,
    reading_goes_on_after_a_restart,
    a_cancelled_question_is_stopped_on_the_server,
    what_is_wrong_with_an_address_is_said_without_the_password,
    instances_are_told_apart_in_any_collation,
);

/// The addresses of a private server's database: by number, by name, by socket.
fn addresses(private: &Server, database: &Database) -> Vec<reqspec::store::Address> {
    let port = private.port();
    [
        Endpoint::Tcp { host: "127.0.0.1".into(), port },
        Endpoint::Tcp { host: "localhost".into(), port },
        Endpoint::Socket { path: private.socket(), port },
    ]
    .map(|endpoint| {
        let mut place = database.place();
        place.endpoint = endpoint;
        database.address_of(place)
    })
    .to_vec()
}

fn a_database_has_one_identity_however_it_is_addressed(kind: Kind) {
    let (one, two) = (Server::start(kind, &[]), Server::start(kind, &[]));
    let name = "nova";
    for private in [&one, &two] {
        let mut session = Session::new(&private.url(), "");
        for name in [name, "nova_cell1"] {
            session.run(&format!("CREATE DATABASE {name}"));
        }
    }
    let identities = |private: &Server, name: &str| -> Vec<String> {
        let any = private.database();
        addresses(private, &any)
            .into_iter()
            .map(|mut address| {
                match &mut address.place {
                    reqspec::store::address::Place::Mysql(server)
                    | reqspec::store::address::Place::Postgres(server) => server.database = name.to_owned(),
                    reqspec::store::address::Place::Sqlite(_) => unreachable!(),
                }
                open(DatabaseName::Api, &address, Access::ReadOnly).unwrap().identity()
            })
            .collect()
    };
    let of_one = identities(&one, name);
    assert!(of_one.iter().all(|identity| *identity == of_one[0]), "{of_one:?}");
    assert_ne!(of_one[0], identities(&one, "nova_cell1")[0], "another database of the server");
    assert_ne!(of_one[0], identities(&two, name)[0], "a database of that name on another server");
    one.stop();
    one.start_again();
    assert_eq!(of_one[0], identities(&one, name)[0], "after a restart");
}

fn times_are_utc_whatever_the_zone_of_the_server(kind: Kind) {
    let options: &[&str] = match kind {
        Kind::Mariadb => &["--default-time-zone=+05:30"],
        Kind::Postgres => &["-c", "timezone=Asia/Kolkata"],
    };
    let private = Server::start(kind, options);
    let database = private.database_with_table();
    let mut session = database.session();
    let there = match kind {
        Kind::Mariadb => "SELECT timestampdiff(MINUTE, utc_timestamp(), now())",
        Kind::Postgres => {
            "SELECT extract(epoch FROM now()::timestamp - (now() AT TIME ZONE 'UTC'))::int / 60"
        }
    };
    assert_eq!(session.value(there).as_deref(), Some("330"), "the server is not in another zone");
    let store = open(DatabaseName::Api, &database.address(), Access::ReadWrite).unwrap();
    block_on(async {
        let created = store.create(new_spec("u", "a")).await.unwrap();
        assert_now(created.created_at.as_deref().unwrap());
        let saved = store.save("u", b"a", "b").await.unwrap();
        assert_now(saved.updated_at.as_deref().unwrap());
        assert_eq!(saved.created_at, created.created_at);
        // Of a clock that jumps in summer: as given.
        let mut given = new_spec("v", "a");
        given.created_at = Some("2021-03-28 02:30:00".into());
        assert_eq!(store.create(given).await.unwrap().created_at.as_deref(), Some("2021-03-28 02:30:00"));
    });
    // What is in the columns, whoever reads them.
    let raw = session.value("SELECT updated_at FROM request_specs WHERE instance_uuid = 'u'").unwrap();
    assert_now(&raw);
    // PostgreSQL writes no zeros at the end of a fraction.
    let no_zeros = |time: &str| match time.contains('.') {
        true => time.trim_end_matches('0').to_owned(),
        false => time.to_owned(),
    };
    assert_eq!(all(&*store)[0].updated_at.as_deref().map(no_zeros), Some(no_zeros(&raw)));
}

/// An account with a password that may only read.
fn reader(kind: Kind, database: &Database) -> reqspec::store::address::Server {
    let (user, mut session) = (format!("r_{}", database.name), database.session());
    match kind {
        Kind::Mariadb => {
            session.run(&format!("CREATE USER '{user}'@'%' IDENTIFIED BY 's3cret-reader'"));
            session.run(&format!("GRANT SELECT ON {}.* TO '{user}'@'%'", database.name));
        }
        Kind::Postgres => {
            session.run(&format!("CREATE ROLE {user} LOGIN PASSWORD 's3cret-reader'"));
            session.run(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}"));
        }
    }
    let mut place = database.place();
    place.user = Some(user);
    place.password = Some(Secret::new("s3cret-reader"));
    place
}

fn an_account_that_may_only_read_is_found_out(kind: Kind) {
    let private = Server::start(kind, &[]);
    let database = private.database_with_table();
    database.session().run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x')");
    let address = database.address_of(reader(kind, &database));
    let store = open(DatabaseName::Api, &address, Access::ReadOnly).unwrap();
    block_on(async {
        assert_eq!(store.count().await.unwrap(), 1);
        let Rights::ReadOnly(why) = store.probe().await.unwrap().rights else { panic!("not found out") };
        assert!(why.contains("UPDATE") || why.contains("INSERT"), "{why}");
    });
    // A session for writing is refused when it is opened or, at the latest, when it writes.
    let writing = open(DatabaseName::Api, &address, Access::ReadWrite)
        .and_then(|store| block_on(store.save("u", b"x", "y")).map(drop));
    let error = writing.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    let said = format!("{error} {error:?}");
    assert!(!said.contains("s3cret"), "{said}");
    assert_eq!(database.session().value("SELECT spec FROM request_specs").as_deref(), Some("x"));
}

fn a_reading_session_of_the_superuser_is_refused_by_the_server_itself(kind: Kind) {
    let database = Database::with_table(kind);
    let mut session = database.session();
    session.run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x')");
    let store = open(DatabaseName::Api, &database.address(), Access::ReadOnly).unwrap();
    let user_count = match kind {
        Kind::Mariadb => "SELECT count(*) FROM mysql.user",
        Kind::Postgres => "SELECT count(*) FROM pg_roles",
    };
    let users = session.value(user_count);
    block_on(async {
        for sql in [
            "DELETE FROM request_specs",
            "UPDATE request_specs SET spec = 'y'",
            "INSERT INTO request_specs (instance_uuid, spec) VALUES ('v', 'x')",
            "DROP TABLE request_specs",
            "CREATE USER intruder",
            match kind {
                Kind::Mariadb => "SELECT * FROM request_specs INTO OUTFILE '/nonexistent/out'",
                Kind::Postgres => "SELECT nextval('request_specs_id_seq')",
            },
        ] {
            let error = store.select(sql, &[], 1).await.expect_err(sql);
            // What changes rows is refused by the server itself; the rest by whoever sees it first.
            let by_the_server = ["DELETE", "UPDATE", "INSERT"].iter().any(|word| sql.starts_with(word));
            assert!(matches!(error, StoreError::ReadOnly { .. }) || !by_the_server, "{sql}: {error:?}");
        }
        // Nor does it get out of it, on this connection or on the next.
        let ways_out: &[&str] = match kind {
            Kind::Mariadb => {
                &["SET SESSION TRANSACTION READ WRITE", "START TRANSACTION READ WRITE", "COMMIT"]
            }
            Kind::Postgres => {
                &["SET default_transaction_read_only = off", "SET TRANSACTION READ WRITE", "COMMIT"]
            }
        };
        for way_out in ways_out {
            let _ = store.select(way_out, &[], 1).await;
            for _ in 0..4 {
                let error = store.select("DELETE FROM request_specs", &[], 1).await.expect_err(way_out);
                assert!(matches!(error, StoreError::ReadOnly { .. }), "{way_out}: {error:?}");
            }
        }
    });
    assert_eq!(session.value("SELECT spec FROM request_specs").as_deref(), Some("x"));
    assert_eq!(session.value(user_count), users);
}

fn reading_goes_on_after_a_restart(kind: Kind) {
    let private = Server::start(kind, &[]);
    let database = private.database_with_table();
    database.session().run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x')");
    let reading = open(DatabaseName::Api, &database.address(), Access::ReadOnly).unwrap();
    let writing = open(DatabaseName::Api, &database.address(), Access::ReadWrite).unwrap();
    let before = all(&*reading);
    let identity = reading.identity();
    for stop in [Server::stop, Server::kill] {
        stop(&private);
        let began = Instant::now();
        let error = block_on(reading.count()).unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        assert!(error.to_string().contains(reading.location()), "{error}");
        assert!(began.elapsed() < Duration::from_secs(17), "{:?}", began.elapsed());
        private.start_again();
        assert_eq!(page(&*reading, SortOrder::Updated, PageFrom::Start, 10), before);
        assert_eq!(block_on(reading.count()).unwrap(), 1);
        // Still refused: the new connection is as the old one was.
        let error = block_on(reading.select("DELETE FROM request_specs", &[], 1)).unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
        assert_eq!(reading.identity(), identity);
        // A write says what became of it; after that the session goes on.
        let saved = block_on(writing.save("u", b"x", "y"))
            .or_else(|error| {
                assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
                block_on(writing.save("u", b"x", "y"))
            })
            .unwrap();
        assert_eq!(&*saved.spec, b"y");
        database.session().run("UPDATE request_specs SET spec = 'x', updated_at = NULL");
    }
}

fn a_cancelled_question_is_stopped_on_the_server(kind: Kind) {
    let database = Database::with_table(kind);
    let store = open(DatabaseName::Api, &database.address(), Access::ReadOnly).unwrap();
    let (sleep, running) = match kind {
        Kind::Mariadb => (
            "SELECT sleep(8.123)",
            "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%sleep(8.123%' AND id <> connection_id()",
        ),
        Kind::Postgres => (
            "SELECT pg_sleep(8.123)",
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(8.123%' AND state = 'active' \
             AND pid <> pg_backend_pid()",
        ),
    };
    let mut session = database.session();
    block_on(async {
        let asked = store.select(sleep, &[], 1);
        assert!(tokio::time::timeout(Duration::from_millis(400), asked).await.is_err());
    });
    // The session answers at once.
    let began = Instant::now();
    assert_eq!(block_on(store.select("SELECT 7", &[], 1)).unwrap(), [vec![SqlValue::Integer(7)]]);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    wait_until("the question is stopped on the server", Duration::from_secs(3), || {
        session.value(running).as_deref() == Some("0")
    });
}

fn what_is_wrong_with_an_address_is_said_without_the_password(kind: Kind) {
    let private = Server::start(kind, &[]);
    let database = private.database_with_table();
    if kind == Kind::Postgres {
        // A password is asked for.
        let rules = "host all all 127.0.0.1/32 scram-sha-256\nlocal all all trust\n";
        let directory = private.directory().join("data/pg_hba.conf");
        reader(kind, &database);
        std::fs::write(directory, rules).unwrap();
        private.stop();
        private.start_again();
    }
    let account = |change: &dyn Fn(&mut reqspec::store::address::Server)| {
        let mut place = database.place();
        place.user = Some(format!("r_{}", database.name));
        place.password = Some(Secret::new("s3cret-reader"));
        change(&mut place);
        database.address_of(place)
    };
    if kind == Kind::Mariadb {
        reader(kind, &database);
    }
    open(DatabaseName::Api, &account(&|_| {}), Access::ReadOnly).unwrap();
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    let cases: [(&str, Box<dyn Fn(&mut reqspec::store::address::Server)>, &[&str]); 7] = [
        (
            "wrong password",
            Box::new(|place| place.password = Some(Secret::new("s3cret-wrong"))),
            &["password"],
        ),
        ("no password", Box::new(|place| place.password = None), &["password"]),
        (
            "no such account",
            Box::new(|place| place.user = Some("nobody_at_all".into())),
            &["nobody_at_all", "password", "account"],
        ),
        (
            "no such database",
            Box::new(|place| place.database = "no_such_database".into()),
            &["no_such_database", "database"],
        ),
        (
            "nobody listens",
            Box::new(move |place| place.endpoint = Endpoint::Tcp { host: "127.0.0.1".into(), port: closed }),
            &["refused", "nothing listens", "no server"],
        ),
        (
            "no such name",
            Box::new(|place| {
                place.endpoint = Endpoint::Tcp { host: "no-such-host.invalid".into(), port: 3306 }
            }),
            &["no-such-host.invalid"],
        ),
        (
            "accepts and says nothing",
            Box::new(move |place| {
                place.endpoint = Endpoint::Tcp { host: "127.0.0.1".into(), port: silent_port }
            }),
            &["answer", "said nothing", "silent"],
        ),
    ];
    for (what, change, words) in cases {
        let address = account(&*change);
        let began = Instant::now();
        let error = open(DatabaseName::Api, &address, Access::ReadOnly)
            .err()
            .unwrap_or_else(|| panic!("{what}: opened"));
        let StoreError::Unavailable { location, .. } = &error else { panic!("{what}: {error:?}") };
        assert_eq!(*location, address.shown);
        let said = error.to_string();
        assert!(words.iter().any(|word| said.contains(word)), "{what}: {said}");
        let everything = format!("{said} {error:?} {address:?}");
        assert!(!everything.contains("s3cret"), "{what}: {everything}");
        assert!(began.elapsed() < Duration::from_secs(8), "{what}: {:?}", began.elapsed());
    }
    drop(silent);
}

fn instances_are_told_apart_in_any_collation(kind: Kind) {
    let options = match kind {
        Kind::Mariadb => "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        Kind::Postgres => "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'",
    };
    let database = Database::on(&crate::support::servers::server(kind), options);
    let mut session = database.session();
    // As nova's own migrations make it on MariaDB and PostgreSQL: the database's character set and collation.
    session.run(
        "CREATE TABLE request_specs (created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL, \
         id INTEGER NOT NULL PRIMARY KEY, instance_uuid VARCHAR(36) NOT NULL UNIQUE, spec TEXT NOT NULL)",
    );
    for id in [uuid(1), uuid(10), "a-b".into(), "aa".into(), "ab".into(), "Z".into()] {
        let number = id.len() * 100 + id.bytes().map(usize::from).sum::<usize>();
        session.run(&format!(
            "INSERT INTO request_specs (id, instance_uuid, spec) VALUES ({number}, '{id}', 'x')"
        ));
    }
    let store = open(DatabaseName::Api, &database.address(), Access::ReadWrite).unwrap();
    block_on(async {
        for (prefix, expected) in
            [("a", 3), ("a-", 1), ("A", 0), ("aa", 1), ("z", 0), ("Z", 1), ("0000000", 2)]
        {
            assert_eq!(store.find_prefix(prefix, 9).await.unwrap().len(), expected, "{prefix}");
        }
        assert_eq!(store.get("AB").await.unwrap(), None);
        assert_eq!(&*store.get("ab").await.unwrap().unwrap().instance_uuid, "ab");
        let error = store.save("AB", b"x", "y").await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { current: None, .. }), "{error:?}");
        store.save("ab", b"x", "y").await.unwrap();
        assert_eq!(store.count().await.unwrap(), 6);
    });
}
