//! A move between any two engines: bytes and time of creation arrive exactly.

use reqspec::change::{Answer, Confirmation, Facts, InstanceHome, Intent, Outcome, SpecHome, apply, prepare};
use reqspec::store::{Access, CellName, DatabaseName, Engine, Stores};

use crate::bench::{Bench, Db, Row, open};
use crate::support::servers::Kind;
use crate::support::{block_on, record, spec, uuid};

/// Plan with reading sessions, apply with writing ones, as the program does.
fn transfer(api: &Db, cell: &Db, intent: &Intent) -> Outcome {
    let stores = |access| -> Stores {
        [(DatabaseName::Api, api), (DatabaseName::cell("c1"), cell)]
            .into_iter()
            .map(|(name, db)| open(name, &db.address(), access).unwrap())
            .collect()
    };
    let facts = Facts {
        environment: "test".into(),
        spec_home: SpecHome::Cells,
        instance_home: InstanceHome::Cell(CellName::new("c1")),
        instance_state: None,
        upstream_schema: false,
        force: true,
    };
    let plan = block_on(prepare(&stores(Access::ReadOnly), &facts, intent)).unwrap();
    let confirmed = Confirmation::new(plan).answer(&Answer::CommandLine { force: true }).unwrap();
    block_on(apply(&stores(Access::ReadWrite), &record(), confirmed))
}

fn there_and_back(from: Bench, to: Bench) {
    let id = uuid(7);
    // Everything that is not ASCII is escaped, as nova writes it; numbers as they are.
    let text = spec(&id).replace(
        "\"scheduler_hints\": {}",
        "\"scheduler_hints\": {\"x\": [\"\\ud83d\\ude00 \\u00e9 \\\\ ' ?\"]}",
    );
    assert!(text.contains("\\ud83d"), "the sample spec has other hints now");
    let row = Row {
        uuid: id.clone(),
        spec: text.clone().into_bytes(),
        created_at: Some("2021-03-28 02:30:07"),
        updated_at: Some("2026-01-02 03:04:05"),
        ..Row::new(7, b"")
    };
    let (api, cell) = (from.filled(&[row]), to.filled(&[]));
    let (here, there) = (DatabaseName::Api, DatabaseName::cell("c1"));
    let created = format!("SELECT created_at FROM request_specs WHERE instance_uuid = '{id}'");

    let moved = transfer(
        &api,
        &cell,
        &Intent::Move { from: here.clone(), to: there.clone(), instance_uuid: id.as_str().into() },
    );
    assert_eq!((moved.failed, moved.not_begun), (None, 0));
    assert_eq!((api.text(&id), cell.text(&id)), (None, Some(text.clone())));
    assert_eq!(cell.value(&created).as_deref(), Some("2021-03-28 02:30:07"));

    let back =
        transfer(&api, &cell, &Intent::Move { from: there, to: here, instance_uuid: id.as_str().into() });
    assert_eq!(back.failed, None);
    assert_eq!((api.text(&id), cell.text(&id)), (Some(text), None));
    assert_eq!(api.value(&created).as_deref(), Some("2021-03-28 02:30:07"));
}

/// Each pair of engines, both ways.
macro_rules! pairs {
    ($($name:ident: $from:expr, $to:expr $(, $needs:literal)?;)*) => {$(
        #[test]
        $(#[ignore = $needs])?
        fn $name() {
            there_and_back($from, $to);
        }
    )*};
}

const SQLITE: Bench = Bench::Sqlite("delete");
const MARIADB: Bench = Bench::Server(Kind::Mariadb);
const POSTGRES: Bench = Bench::Server(Kind::Postgres);

pairs! {
    sqlite_to_sqlite: SQLITE, SQLITE;
    sqlite_to_mariadb: SQLITE, MARIADB, "needs MariaDB (tests/run)";
    sqlite_to_postgres: SQLITE, POSTGRES, "needs PostgreSQL (tests/run)";
    mariadb_to_sqlite: MARIADB, SQLITE, "needs MariaDB (tests/run)";
    mariadb_to_mariadb: MARIADB, MARIADB, "needs MariaDB (tests/run)";
    mariadb_to_postgres: MARIADB, POSTGRES, "needs servers (tests/run)";
    postgres_to_sqlite: POSTGRES, SQLITE, "needs PostgreSQL (tests/run)";
    postgres_to_mariadb: POSTGRES, MARIADB, "needs servers (tests/run)";
    postgres_to_postgres: POSTGRES, POSTGRES, "needs PostgreSQL (tests/run)";
}

/// A part of a second is kept where both engines hold it; where MySQL's column holds whole seconds,
/// it is left out and the second stays.
fn of_a_part_of_a_second(from: Bench, to: Bench) {
    let id = uuid(7);
    let row = Row {
        spec: spec(&id).into_bytes(),
        created_at: Some("2026-01-02 03:04:05.987654"),
        ..Row::new(7, b"")
    };
    let (api, cell) = (from.filled(&[row]), to.filled(&[]));
    let intent = Intent::Move {
        from: DatabaseName::Api,
        to: DatabaseName::cell("c1"),
        instance_uuid: id.as_str().into(),
    };
    assert_eq!(transfer(&api, &cell, &intent).failed, None);
    let arrived = cell.value("SELECT created_at FROM request_specs");
    let expected =
        if to.engine() == Engine::Mysql { "2026-01-02 03:04:05" } else { "2026-01-02 03:04:05.987654" };
    assert_eq!(arrived.as_deref(), Some(expected));
}

#[test]
#[ignore = "needs servers (tests/run)"]
fn a_part_of_a_second_is_kept_where_it_can_be() {
    for (from, to) in [(SQLITE, POSTGRES), (POSTGRES, SQLITE), (SQLITE, MARIADB), (POSTGRES, MARIADB)] {
        of_a_part_of_a_second(from, to);
    }
}

/// What the destination cannot hold stays where it is.
#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn what_the_destination_cannot_hold_stays_at_the_source() {
    let id = uuid(7);
    let text = spec(&id).replace("\"scheduler_hints\": {}", "\"scheduler_hints\": {\"x\": [\"\u{1f600}\"]}");
    let row = Row { spec: text.clone().into_bytes(), ..Row::new(7, b"") };
    let (api, cell) = (SQLITE.filled(&[row]), MARIADB.filled(&[]));
    let intent = Intent::Move {
        from: DatabaseName::Api,
        to: DatabaseName::cell("c1"),
        instance_uuid: id.as_str().into(),
    };
    let outcome = transfer(&api, &cell, &intent);
    assert!(outcome.failed.is_some(), "{outcome:?}");
    assert_eq!((api.text(&id), cell.text(&id)), (Some(text), None));
}
