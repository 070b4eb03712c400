//! What every store promises: one suite over SQLite (both journal modes), MariaDB and PostgreSQL,
//! written against `dyn SpecStore` and the addresses of databases.
//!
//! A promise is a function of a [`bench::Bench`], which makes databases of one engine and says what
//! that engine cannot hold at all. The SQLite cases run in a plain `cargo test`, the servers' with
//! `tests/run servers`. What only one engine can get wrong is in the `store_*.rs` of that engine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::type_complexity,
    reason = "a test stops where something is wrong"
)]

/// Test these promises of every engine.
macro_rules! promises {
    ($($promise:ident),* $(,)?) => {$(
        mod $promise {
            use crate::bench::Bench;
            use crate::support::servers::Kind;

            #[test]
            fn sqlite_delete() {
                super::$promise(Bench::Sqlite("delete"));
            }

            #[test]
            fn sqlite_wal() {
                super::$promise(Bench::Sqlite("wal"));
            }

            #[test]
            #[ignore = "needs MariaDB (tests/run)"]
            fn mariadb() {
                super::$promise(Bench::Server(Kind::Mariadb));
            }

            #[test]
            #[ignore = "needs PostgreSQL (tests/run)"]
            fn postgres() {
                super::$promise(Bench::Server(Kind::Postgres));
            }
        }
    )*};
}

/// Test these promises of the servers alone.
macro_rules! server_promises {
    ($($promise:ident),* $(,)?) => {$(
        mod $promise {
            use crate::support::servers::Kind;

            #[test]
            #[ignore = "needs MariaDB (tests/run)"]
            fn mariadb() {
                super::$promise(Kind::Mariadb);
            }

            #[test]
            #[ignore = "needs PostgreSQL (tests/run)"]
            fn postgres() {
                super::$promise(Kind::Postgres);
            }
        }
    )*};
}

mod batches;
mod bench;
mod conditions;
mod migrations;
mod moves;
mod queries;
mod reading;
mod servers;
mod sessions;
#[path = "../spec_support/mod.rs"]
mod spec_support;
#[path = "../support/mod.rs"]
mod support;
mod writing;
