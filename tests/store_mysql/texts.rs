//! Texts: what columns hold, and which texts are the same.

use reqspec::store::{Access, StoreError, Timeouts};

use crate::support::block_on;
use crate::support::servers::{Database, Kind, Server};
use crate::{new_spec, open, put, text, try_open};

fn refusal(error: StoreError) -> String {
    match &error {
        StoreError::Failed { .. } => error.to_string(),
        _ => panic!("{error:?}"),
    }
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn the_column_of_old_novas_holds_64_kib() {
    let database = Database::with_table(Kind::Mariadb);
    database.session().run("ALTER TABLE request_specs MODIFY spec TEXT NOT NULL");
    put(&database, "u", "before");
    // A server that would cut the text and go on.
    let store = open(&database, Access::ReadWrite);
    let long = "x".repeat(65_536);
    for error in [
        block_on(store.save("u", b"before", &long)).unwrap_err(),
        block_on(store.create(new_spec("v", &long))).unwrap_err(),
    ] {
        let said = refusal(error);
        assert!(said.contains("65,536 bytes") && said.contains("(TEXT) holds 65,535"), "{said}");
        assert!(said.contains("the spec of u ") || said.contains("the spec of v "), "{said}");
    }
    assert_eq!(text(&database, "u").as_deref(), Some("before"));
    let most = &long[..65_535];
    assert_eq!(&*block_on(store.save("u", b"before", most)).unwrap().spec, most.as_bytes());
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn a_text_larger_than_a_packet_is_not_sent() {
    let private = Server::start(Kind::Mariadb, &["--max-allowed-packet=1M"]);
    let database = private.database_with_table();
    put(&database, "u", "before");
    let store = open(&database, Access::ReadWrite);
    let said = refusal(block_on(store.save("u", b"before", &"x".repeat(1 << 20))).unwrap_err());
    assert!(said.contains("1,048,576 bytes") && said.contains("takes packets of 1,048,576"), "{said}");
    let fits = "x".repeat(1_000_000);
    assert_eq!(block_on(store.save("u", b"before", &fits)).unwrap().spec.len(), 1_000_000);
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn characters_that_the_column_lacks_are_refused_even_by_a_lax_server() {
    let private = Server::start(Kind::Mariadb, &["--sql-mode=NO_BACKSLASH_ESCAPES"]);
    let database = private.database_with_table();
    put(&database, "u", "before");
    let store = open(&database, Access::ReadWrite);
    let said = refusal(block_on(store.save("u", b"before", "{\"a\": \"\u{1f600}\"}")).unwrap_err());
    assert!(
        said.contains("U+1F600") && said.contains("utf8mb3") && said.contains("\\ud83d\\ude00"),
        "{said}"
    );
    // Such a name cannot be there; looking for it is no error.
    assert_eq!(block_on(store.get("\u{1f600}")).unwrap(), None);
    assert_eq!(block_on(store.find_prefix("\u{1f600}'\\", 3)).unwrap(), []);
    let said = block_on(store.create(new_spec("\u{1f600}", "{}"))).unwrap_err().to_string();
    assert!(said.contains("character set"), "{said}");
    // What it has comes back as it was written, quotes and backslashes too.
    let odd = "{\"\u{e9}\u{20ac}\": \"\\\\ ' \\u0041\"}";
    assert_eq!(&*block_on(store.save("u", b"before", odd)).unwrap().spec, odd.as_bytes());
    database.session().run("ALTER TABLE request_specs MODIFY spec MEDIUMTEXT CHARACTER SET latin1 NOT NULL");
    let store = open(&database, Access::ReadWrite);
    let said = block_on(store.create(new_spec("v", "\u{3042}"))).unwrap_err().to_string();
    assert!(said.contains("character set") && said.contains("\\uXXXX"), "{said}");
    assert_eq!(&*block_on(store.create(new_spec("v", "\u{e9}"))).unwrap().spec, "\u{e9}".as_bytes());
    database.session().run("ALTER TABLE request_specs MODIFY spec MEDIUMTEXT CHARACTER SET utf8mb4 NOT NULL");
    let store = open(&database, Access::ReadWrite);
    let smile = "\u{1f600}";
    assert_eq!(&*block_on(store.save("v", "\u{e9}".as_bytes(), smile)).unwrap().spec, smile.as_bytes());
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn names_that_the_collation_takes_for_one_are_told_apart() {
    let database = Database::with_table(Kind::Mariadb);
    put(&database, "ab", "x");
    let store = open(&database, Access::ReadWrite);
    block_on(async {
        for other in ["AB", "ab ", "a\u{301}b", "\u{e1}b"] {
            assert_eq!(store.get(other).await.unwrap(), None, "{other}");
            let error = store.destroy(other, b"x").await.unwrap_err();
            assert!(matches!(error, StoreError::Conflict { current: None, .. }), "{other}: {error:?}");
            // The index has room for one of them; the one that is there is told.
            let created = store.create(new_spec(other, "y")).await;
            if let Err(StoreError::Exists { current, .. }) = &created {
                assert_eq!(&*current.instance_uuid, "ab");
            } else {
                assert_eq!(&*created.unwrap().instance_uuid, other);
                store.destroy(other, b"y").await.unwrap();
            }
        }
        let wanted: Vec<std::sync::Arc<str>> = ["AB", "ab", "Ab "].map(std::sync::Arc::from).to_vec();
        assert_eq!(store.get_many(&wanted).await.unwrap().len(), 1);
    });
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn fractions_of_seconds_and_times_that_are_none_come_out_as_stored() {
    let database = Database::with_table(Kind::Mariadb);
    let mut session = database.session();
    session.run("ALTER TABLE request_specs MODIFY created_at DATETIME(6), MODIFY updated_at DATETIME(3)");
    session.run("SET SESSION sql_mode = ''");
    session.run(
        "INSERT INTO request_specs (created_at, updated_at, instance_uuid, spec) VALUES \
         ('2026-01-01 10:00:00.123456', NULL, 'a', 'x'), (NULL, '2026-01-01 10:00:00.5', 'b', 'x'), \
         ('0000-00-00', NULL, 'c', 'x')",
    );
    let store = open(&database, Access::ReadOnly);
    let created = |uuid| block_on(store.get(uuid)).unwrap().unwrap().created_at;
    assert_eq!(created("a").as_deref(), Some("2026-01-01 10:00:00.123456"));
    assert_eq!(
        block_on(store.get("b")).unwrap().unwrap().updated_at.as_deref(),
        Some("2026-01-01 10:00:00.500")
    );
    assert_eq!(created("c").as_deref(), Some("0000-00-00 00:00:00.000000"));
    // A writing session reads them too, and its strictness is no obstacle.
    let store = try_open(&database, database.place(), Access::ReadWrite, Timeouts::default()).unwrap();
    assert_eq!(&*block_on(store.save("c", b"x", "y")).unwrap().spec, b"y");
}
