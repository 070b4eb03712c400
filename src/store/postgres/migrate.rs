//! Our migrations, run on a PostgreSQL database: what is there is looked at in a transaction that
//! can only read, and looked at again under an advisory lock before anything is applied, all in one
//! transaction. Imports `connect`, `pool`.

use std::sync::Arc;

use futures_util::future::FutureExt;
use tokio::time::timeout;

use super::connect::{Conn, Role};
use super::pool::{Link, Parameter, Query};
use super::read::field;
use super::time;
use super::trouble::Trouble;
use super::value::Stamp;
use crate::store::migrate::{Applied, Found, Kind, Migration, Report, State, Status, assess, migrations};
use crate::store::{Engine, StoreError};

const LOOKING: &str = "looking at its schema";
const APPLYING: &str = "applying migrations";
/// Our bookkeeping table, with PostgreSQL's types.
const BOOKKEEPING: &str = "CREATE TABLE IF NOT EXISTS reqspec_migrations (
    kind VARCHAR(8) NOT NULL,
    version INTEGER NOT NULL,
    name VARCHAR(128) NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    applied_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (kind, version)
)";
/// Keeps two runs apart; released with the transaction. The number is "reqspec" in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(32198628289963363)";

/// How a database stands.
pub(super) async fn status(link: &Link) -> Result<Status, StoreError> {
    let kind = Kind::of(&link.database);
    let found = link.read(&link.pages, LOOKING, move |conn| find_alone(conn, kind).boxed()).await?;
    Ok(judge(link, found))
}

/// Apply what is pending.
pub(super) async fn sync(link: &Link) -> Result<Report, StoreError> {
    let status = status(link).await?;
    match &status.state {
        State::Current | State::Adopted => Ok(Report { status, applied_now: Vec::new() }),
        State::Refused(reason) => Err(link.failed(APPLYING, reason.clone())),
        State::Pending => {
            let within = link.timeouts.answer;
            let applied = timeout(within, apply(link)).await;
            applied.unwrap_or_else(|_| Err(link.error(Trouble::silent(within), APPLYING)))
        }
    }
}

fn judge(link: &Link, found: Found) -> Status {
    let (state, pending) = assess(migrations(Engine::Postgres, Kind::of(&link.database)), &found);
    Status {
        database: link.database.clone(),
        location: Arc::clone(&link.shown),
        state,
        applied: found.applied,
        pending,
    }
}

async fn find_alone(conn: &Conn, kind: Kind) -> Result<Found, Trouble> {
    conn.begin("ISOLATION LEVEL REPEATABLE READ", "").await?;
    let found = find(conn, kind).await;
    conn.client.batch_execute("COMMIT").await.map_err(|error| conn.trouble(&error))?;
    found
}

/// What is there, by the account's search path.
async fn find(conn: &Conn, kind: Kind) -> Result<Found, Trouble> {
    let columns = Query::new(
        "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = to_regclass('request_specs') \
         AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        Vec::new(),
    );
    let columns = columns.ask(conn).await?.iter().map(|row| field(row, 0)).collect::<Result<Vec<_>, _>>()?;
    let kept = Query::new("SELECT to_regclass('reqspec_migrations') IS NOT NULL", Vec::new());
    let is_kept = kept.ask(conn).await?.first().map(|row| field(row, 0)).transpose()?.unwrap_or(false);
    let applied = if is_kept {
        let listed = Query::new(
            "SELECT version::int8, name::text, checksum::text, applied_at::timestamp FROM reqspec_migrations \
             WHERE kind = $1 ORDER BY version",
            vec![Parameter::Text(kind.as_str().to_owned())],
        );
        let rows = listed.ask(conn).await?;
        rows.iter()
            .map(|row| {
                let Stamp(applied_at) = field(row, 3)?;
                Ok(Applied {
                    version: field(row, 0)?,
                    name: field(row, 1)?,
                    checksum: field(row, 2)?,
                    applied_at: time::text(applied_at),
                })
            })
            .collect::<Result<_, Trouble>>()?
    } else {
        Vec::new()
    };
    // A table always has a column, or it is not there.
    Ok(Found { columns: (!columns.is_empty()).then_some(columns), applied })
}

/// In one transaction, which a lost connection or a failure undoes.
async fn apply(link: &Link) -> Result<Report, StoreError> {
    let failed = |trouble: Trouble| link.error(trouble, APPLYING);
    let kind = Kind::of(&link.database);
    let (conn, _) = link.target.connect(Role::Write, "").await.map_err(failed)?;
    let run = async |sql: &str| conn.client.batch_execute(sql).await.map_err(|error| conn.trouble(&error));
    conn.begin("ISOLATION LEVEL READ COMMITTED", LOCK).await.map_err(failed)?;
    // Another one may have applied them while this one waited for the lock.
    let status = judge(link, find(&conn, kind).await.map_err(failed)?);
    match &status.state {
        State::Current | State::Adopted => return Ok(Report { status, applied_now: Vec::new() }),
        State::Refused(reason) => return Err(link.failed(APPLYING, reason.clone())),
        State::Pending => {}
    }
    run(BOOKKEEPING).await.map_err(failed)?;
    for migration in &status.pending {
        let applied = async {
            run(migration.sql).await?;
            record(&conn, kind, migration).await
        };
        let operation = format!("applying migration {}", migration.name);
        applied.await.map_err(|trouble| link.error(trouble, &operation))?;
    }
    let found = find(&conn, kind).await.map_err(failed)?;
    run("COMMIT").await.map_err(failed)?;
    Ok(Report { applied_now: status.pending, status: judge(link, found) })
}

async fn record(conn: &Conn, kind: Kind, migration: &Migration) -> Result<(), Trouble> {
    let sql = "INSERT INTO reqspec_migrations (kind, version, name, checksum, applied_at) \
               VALUES ($1, $2::int8, $3, $4, $5) ON CONFLICT (kind, version) DO UPDATE \
               SET name = excluded.name, checksum = excluded.checksum, applied_at = excluded.applied_at";
    let parameters = vec![
        Parameter::Text(kind.as_str().to_owned()),
        Parameter::Int(migration.version),
        Parameter::Text(migration.name.to_owned()),
        Parameter::Text(migration.checksum()),
        Parameter::Time(Some(time::now())),
    ];
    Query::new(sql, parameters).ask(conn).await.map(|_| ())
}
