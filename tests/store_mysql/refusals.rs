//! Servers and accounts that take no writes, or no requests at all.

use std::time::Duration;

use reqspec::store::address::{Place, Secret};
use reqspec::store::{Access, DatabaseName, Rights, StoreError, TableState, Timeouts, migrate};

use crate::support::block_on;
use crate::support::servers::{Database, Kind, Server};
use crate::{SHORT, new_spec, open, put, try_open};

/// An account of that name and password, with these rights on the database.
fn account(database: &Database, user: &str, rights: &str) -> reqspec::store::address::Server {
    let mut session = database.session();
    session.run(&format!("CREATE USER '{user}'@'%' IDENTIFIED BY 's3cret-{user}'"));
    if !rights.is_empty() {
        session.run(&format!("GRANT {rights} ON {}.* TO '{user}'@'%'", database.name));
    }
    let mut place = database.place();
    place.user = Some(user.to_owned());
    place.password = Some(Secret::new(format!("s3cret-{user}")));
    place
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn a_replica_is_found_out() {
    let private = Server::start(Kind::Mariadb, &[]);
    let database = private.database_with_table();
    put(&database, "u", "x");
    let nova = account(&database, "nova", "SELECT, INSERT, UPDATE, DELETE");
    let writing = try_open(&database, nova.clone(), Access::ReadWrite, Timeouts::default()).unwrap();
    assert_eq!(block_on(writing.probe()).unwrap().rights, Rights::Write);
    database.session().run("SET GLOBAL read_only = ON");
    let probe = block_on(writing.probe()).unwrap();
    assert!(matches!(&probe.rights, Rights::ReadOnly(why) if why.contains("read_only")), "{probe:?}");
    assert!(probe.remarks.iter().any(|remark| remark.contains("read-only")), "{probe:?}");
    // A session that was opened before is refused by the server, and later ones at the door.
    let error = block_on(writing.save("u", b"x", "y")).unwrap_err();
    assert!(matches!(&error, StoreError::ReadOnly { reason, .. } if reason.contains("primary")), "{error:?}");
    let error = try_open(&database, nova.clone(), Access::ReadWrite, SHORT).err().unwrap();
    assert!(matches!(&error, StoreError::ReadOnly { .. }), "{error:?}");
    assert!(try_open(&database, nova, Access::ReadOnly, SHORT).is_ok());
    database.session().run("SET GLOBAL read_only = OFF");
    assert_eq!(&*block_on(writing.save("u", b"x", "y")).unwrap().spec, b"y");
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn rights_are_read_from_the_grants() {
    let private = Server::start(Kind::Mariadb, &[]);
    let database = private.database_with_table();
    put(&database, "u", "x");
    let mut session = database.session();
    let rights = |place: &reqspec::store::address::Server| {
        let store = try_open(&database, place.clone(), Access::ReadOnly, SHORT).unwrap();
        block_on(store.probe()).unwrap().rights
    };
    let part = account(&database, "part", "SELECT, INSERT, UPDATE");
    let Rights::ReadOnly(why) = rights(&part) else { panic!("it may write") };
    assert!(
        why.contains("lacks DELETE on") && why.contains(&format!("{}.request_specs", database.name)),
        "{why}"
    );
    // By way of a role that is on when it logs in.
    let role = account(&database, "member", "");
    session.run("CREATE ROLE writers");
    session
        .run(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {}.request_specs TO writers", database.name));
    session.run("GRANT writers TO 'member'@'%'");
    session.run("SET DEFAULT ROLE writers FOR 'member'@'%'");
    assert_eq!(rights(&role), Rights::Write);
    let store = try_open(&database, role, Access::ReadWrite, SHORT).unwrap();
    assert_eq!(&*block_on(store.save("u", b"x", "y")).unwrap().spec, b"y");
    // No right to read the table: said as such, not as a missing table.
    let blind = account(&database, "blind", "CREATE");
    let store = try_open(&database, blind, Access::ReadOnly, SHORT).unwrap();
    let error = block_on(store.table_state()).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("account blind lacks a right") && said.contains("SELECT"), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn refusals_at_the_door_say_what_to_do() {
    let private = Server::start(Kind::Mariadb, &["--max-connections=10"]);
    let database = private.database_with_table();
    let nova = account(&database, "nova", "ALL PRIVILEGES");
    let said = |place: reqspec::store::address::Server| {
        let error = try_open(&database, place, Access::ReadOnly, SHORT).err().expect("it was let in");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        let said = format!("{error} {error:?}");
        assert!(!said.contains("s3cret"), "{said}");
        said
    };
    let mut elsewhere = nova.clone();
    elsewhere.database = "mysql".into();
    let words = said(elsewhere);
    assert!(words.contains("may not use the database mysql") && words.contains("GRANT"), "{words}");
    // All places taken; an open session waits a moment for one.
    let store = try_open(&database, nova.clone(), Access::ReadOnly, SHORT).unwrap();
    let taken: Vec<_> = (0..9).map(|_| open(&database, Access::ReadOnly)).collect();
    let words = said(nova);
    assert!(words.contains("takes no more connections"), "{words}");
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..4).map(|_| scope.spawn(|| block_on(store.get("u")))).collect();
        std::thread::sleep(Duration::from_millis(300));
        drop(taken);
        for asked in asking {
            assert_eq!(asked.join().unwrap().unwrap(), None);
        }
    });
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn migrations_need_rights_and_leave_nothing_half_done() {
    let private = Server::start(Kind::Mariadb, &[]);
    let database = private.database();
    let name = DatabaseName::cell("c1");
    let place = account(&database, "nova", "SELECT, INSERT, UPDATE, DELETE");
    let address = database.address_of(place);
    let error = block_on(migrate::sync(&name, &address, SHORT)).unwrap_err();
    assert!(error.to_string().contains("lacks a right"), "{error}");
    assert_eq!(database.session().rows("SHOW TABLES"), Vec::<Vec<_>>::new());
    assert_eq!(block_on(migrate::status(&name, &address, SHORT)).unwrap().state, migrate::State::Pending);
    // Interrupted between record and table: still pending, and made the next time.
    database.session().run(&format!("GRANT CREATE ON {}.* TO 'nova'@'%'", database.name));
    assert_eq!(block_on(migrate::sync(&name, &address, SHORT)).unwrap().applied_now.len(), 1);
    database.session().run("DROP TABLE request_specs");
    assert_eq!(block_on(migrate::status(&name, &address, SHORT)).unwrap().state, migrate::State::Pending);
    let report = block_on(migrate::sync(&name, &address, SHORT)).unwrap();
    assert_eq!((report.applied_now.len(), report.status.state), (1, migrate::State::Current));
    let Place::Mysql(server) = address.place else { unreachable!() };
    let store = try_open(&database, server, Access::ReadWrite, SHORT).unwrap();
    assert_eq!(block_on(store.table_state()).unwrap(), TableState::Present);
    block_on(store.create(new_spec("u", "{}"))).unwrap();
}
