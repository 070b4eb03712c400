//! Processes that are killed at every step and at any time, and rivals on the same rows, over servers and between
//! engines. `tests/kills.rs` does the same over SQLite.

use std::sync::Arc;

use rstest::rstest;

use crate::ordeal::{Side, kills, moments, rivals, seed, steps, tell};
use crate::support::servers::Kind;

/// Which databases specs are moved between.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Between {
    Mariadb,
    Postgres,
    SqliteAndMariadb,
    MariadbAndPostgres,
}

impl Between {
    fn sides(self) -> Arc<[Side; 2]> {
        let (mariadb, postgres) = (|| Side::server(Kind::Mariadb), || Side::server(Kind::Postgres));
        Arc::new(match self {
            Self::Mariadb => [mariadb(), mariadb()],
            Self::Postgres => [postgres(), postgres()],
            Self::SqliteAndMariadb => [Side::sqlite("wal"), mariadb()],
            Self::MariadbAndPostgres => [mariadb(), postgres()],
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Mariadb => "MariaDB",
            Self::Postgres => "PostgreSQL",
            Self::SqliteAndMariadb => "SQLite and MariaDB",
            Self::MariadbAndPostgres => "MariaDB and PostgreSQL",
        }
    }
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn killed_at_every_step(
    #[values(Between::Mariadb, Between::Postgres, Between::SqliteAndMariadb, Between::MariadbAndPostgres)]
    between: Between,
) {
    let killed = steps::all(&|| between.sides(), 4);
    tell(&format!("{killed} kills at the steps of changes, {}", between.name()));
}

#[rstest]
#[case(Between::Mariadb, 150)]
#[case(Between::Postgres, 150)]
#[case(Between::MariadbAndPostgres, 50)]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn killed_at_any_time(#[case] between: Between, #[case] of_a_thousand: u64) {
    moments::killed(&between.sides(), between.name(), seed(), kills(of_a_thousand), 5);
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn rivals_on_the_same_rows(
    #[values(Between::Mariadb, Between::Postgres, Between::MariadbAndPostgres)] between: Between,
) {
    rivals::contend(&between.sides(), between.name(), seed());
}
