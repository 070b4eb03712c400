//! The servers of the tests themselves: databases come and go, private servers end with their test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::time::Duration;

use rstest::rstest;
use support::block_on;
use support::servers::{Database, Kind, Server, Session, server, wait_until};

#[rstest]
#[case(Kind::Mariadb)]
#[case(Kind::Postgres)]
#[ignore = "needs servers (tests/run)"]
fn a_test_has_a_database_of_its_own(#[case] kind: Kind) {
    let database = Database::with_table(kind);
    let (name, other) = (database.name.clone(), Database::new(kind));
    assert_ne!(name, other.name);
    let mut session = database.session();
    session.run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x')");
    // Within a runtime too.
    block_on(async { assert_eq!(session.value("SELECT spec FROM request_specs").as_deref(), Some("x")) });
    assert!(session.try_rows("nonsense").is_err());
    drop((session, database));
    let exists = format!(
        "SELECT count(*) FROM information_schema.schemata WHERE '{name}' IN (schema_name, catalog_name)"
    );
    assert_eq!(Session::new(&server(kind), "").value(&exists).as_deref(), Some("0"));
}

#[rstest]
#[case(Kind::Mariadb)]
#[case(Kind::Postgres)]
#[ignore = "needs servers (tests/run)"]
fn a_private_server_keeps_its_data_and_ends_with_its_test(#[case] kind: Kind) {
    let private = Server::start(kind, &[]);
    let database = private.database_with_table();
    database.session().run("INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 'x')");
    private.kill();
    assert!(std::net::TcpStream::connect(("127.0.0.1", private.port())).is_err());
    private.start_again();
    assert_eq!(database.session().value("SELECT spec FROM request_specs").as_deref(), Some("x"));

    let mut session = database.session();
    private.pause();
    let asked = std::thread::spawn(move || session.value("SELECT 1"));
    std::thread::sleep(Duration::from_millis(300));
    assert!(!asked.is_finished(), "a paused server answered");
    private.resume();
    assert_eq!(asked.join().unwrap().as_deref(), Some("1"));

    private.pause();
    let (port, directory) = (private.port(), private.directory().to_owned());
    drop((database, private));
    wait_until("its port is free", Duration::from_secs(5), || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_err()
    });
    assert!(!directory.exists());
}
