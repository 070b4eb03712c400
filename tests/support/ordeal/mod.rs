//! THE ORDEAL: processes that change specs are killed anywhere, over and over, and what they leave behind is
//! judged after a recovery.
//!
//! - here: two databases with some instances, a journal, and plain SQL past reqspec.
//! - `work`: what a killed process does.  `child`: beginning one, and killing it.
//! - `judge`: what must be true after a recovery.
//! - `steps`: killed at every step of each kind of change.  `moments`: killed at any time.
//! - `rivals`: two processes and a program like nova on the same rows.
//!
//! Every text that is ever stored tells who planned it: the zone in it is a number of its own, the rest is the
//! same. So any other byte is seen.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

pub mod child;
pub mod judge;
pub mod moments;
pub mod rivals;
pub mod steps;
pub mod work;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqspec::change::Journal;
use reqspec::deployment::url;
use reqspec::store::{self, Access, Stores, Timeouts};
use rusqlite::Connection;

use crate::support::servers::{Database, Kind, Session};
use crate::support::{Scratch, TABLE, block_on, database, spec_in_zone, uuid};

/// The name of the deployment.
pub const ENVIRONMENT: &str = "test";
/// Its databases.
pub const NAMES: [&str; 2] = ["api", "c1"];

/// One database.
pub enum Side {
    Sqlite {
        path: PathBuf,
        _scratch: Scratch,
    },
    Server(Database),
    /// A server's, which reqspec reaches at that port alone.
    Behind(Database, u16),
}

impl Side {
    /// An SQLite file of that journal mode.
    pub fn sqlite(mode: &str) -> Self {
        let scratch = Scratch::new();
        let path = scratch.path("specs.sqlite");
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "journal_mode", mode).unwrap();
        connection.execute_batch(TABLE).unwrap();
        Self::Sqlite { path, _scratch: scratch }
    }

    /// A database on the server that `tests/run` started.
    pub fn server(kind: Kind) -> Self {
        Self::Server(Database::with_table(kind))
    }

    /// How a process is told of it.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { path, .. } => path.display().to_string(),
            Self::Server(database) => address(database),
            Self::Behind(database, port) => {
                address(database).replace(&format!(":{}/", database.port()), &format!(":{port}/"))
            }
        }
    }

    /// A connection past reqspec.
    pub fn plain(&self) -> Plain {
        match self {
            Self::Sqlite { path, .. } => {
                let connection = Connection::open(path).unwrap();
                connection.busy_timeout(Duration::from_secs(10)).unwrap();
                Plain::Sqlite(connection)
            }
            Self::Server(database) | Self::Behind(database, _) => {
                Plain::Server(database.kind, Box::new(database.session()))
            }
        }
    }

    pub fn is_server(&self) -> bool {
        !matches!(self, Self::Sqlite { .. })
    }
}

fn address(database: &Database) -> String {
    match database.kind {
        Kind::Mariadb => database.url().replace("mysql://", "mysql+pymysql://"),
        Kind::Postgres => format!("{}?sslmode=disable", database.url()),
    }
}

/// Plain SQL.
pub enum Plain {
    Sqlite(Connection),
    Server(Kind, Box<Session>),
}

impl Plain {
    /// A text as a literal.
    pub fn quoted(&self, text: &str) -> String {
        let text = text.replace('\'', "''");
        let doubled = matches!(self, Self::Server(Kind::Mariadb, _));
        format!("'{}'", if doubled { text.replace('\\', "\\\\") } else { text })
    }

    /// The rows of a SELECT of two texts.
    pub fn pairs(&mut self, sql: &str) -> Result<Vec<(String, String)>, String> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare(sql).map_err(|error| error.to_string())?;
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
                rows.and_then(Iterator::collect).map_err(|error| error.to_string())
            }
            Self::Server(_, session) => Ok(session
                .try_rows(sql)?
                .into_iter()
                .map(|row| {
                    let mut row = row.into_iter().map(Option::unwrap_or_default);
                    (row.next().unwrap(), row.next().unwrap())
                })
                .collect()),
        }
    }

    /// Run a change of rows, committed on its own; gives how many it changed.
    pub fn change(&mut self, sql: &str) -> Result<usize, String> {
        match self {
            Self::Sqlite(connection) => connection.execute(sql, []).map_err(|error| error.to_string()),
            Self::Server(Kind::Mariadb, session) => {
                session.try_rows(sql)?;
                Ok(session.value("SELECT ROW_COUNT()").unwrap().parse().unwrap_or(0))
            }
            Self::Server(Kind::Postgres, session) => {
                Ok(session.try_rows(&format!("{sql} RETURNING 1"))?.len())
            }
        }
    }

    /// A new row.
    pub fn put(&mut self, id: &str, text: &str) -> Result<usize, String> {
        let text = self.quoted(text);
        self.change(&format!(
            "INSERT INTO request_specs (created_at, updated_at, instance_uuid, spec) VALUES \
             ('2026-01-01 00:00:00', '2026-01-02 00:00:00', '{id}', {text})"
        ))
    }
}

/// Two databases, the instances whose specs are changed in them, and a journal.
pub struct World {
    scratch: Scratch,
    pub sides: Arc<[Side; 2]>,
    pub instances: Vec<i64>,
}

/// The text of that number of an instance.
pub fn text(id: &str, number: &str) -> String {
    spec_in_zone(id, number)
}

/// The number of a text, if no byte of it is wrong.
pub fn number(id: &str, text_there: &str) -> Option<String> {
    let (_, rest) = text_there.split_once("\"availability_zone\": \"")?;
    let number = rest.split('"').next()?;
    (text(id, number) == text_there).then(|| number.to_owned())
}

/// The number of the texts with which it begins.
pub const FIRST: &str = "first";

impl World {
    /// These instances, whose specs are in the API database.
    pub fn new(sides: &Arc<[Side; 2]>, instances: impl IntoIterator<Item = i64>) -> Self {
        let world = Self {
            scratch: Scratch::new(),
            sides: Arc::clone(sides),
            instances: instances.into_iter().collect(),
        };
        let mut api = world.sides[0].plain();
        for id in world.names() {
            api.put(&id, &text(&id, FIRST)).unwrap();
        }
        world
    }

    pub fn names(&self) -> impl Iterator<Item = String> {
        self.instances.iter().map(|number| uuid(*number))
    }

    pub fn directory(&self) -> &Path {
        self.scratch.directory()
    }

    pub fn journal(&self) -> Journal {
        Journal::open(&self.scratch.path("journal.sqlite")).unwrap()
    }

    pub fn stores(&self) -> Stores {
        open(&self.sides.each_ref().map(Side::url))
    }

    /// The texts of its instances in each database.
    pub fn tables(&self) -> [BTreeMap<String, String>; 2] {
        let names: Vec<String> = self.names().map(|id| format!("'{id}'")).collect();
        let sql = format!(
            "SELECT instance_uuid, spec FROM request_specs WHERE instance_uuid IN ({})",
            names.join(", ")
        );
        self.sides.each_ref().map(|side| side.plain().pairs(&sql).unwrap().into_iter().collect())
    }

    pub fn has_servers(&self) -> bool {
        self.sides.iter().any(Side::is_server)
    }
}

/// The two databases at these addresses, for writing.
pub fn open(urls: &[String; 2]) -> Stores {
    let timeouts = Timeouts { connect: Duration::from_secs(10), answer: Duration::from_secs(20) };
    let open = |(name, address): (&str, &String)| {
        let address = url::parse(address).unwrap();
        block_on(store::open(database(name), &address, Access::ReadWrite, timeouts)).unwrap()
    };
    NAMES.into_iter().zip(urls).map(open).collect()
}

/// Random numbers from a seed (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}

/// The seed: `REQSPEC_SEED`, else another one each time.
pub fn seed() -> u64 {
    let given = std::env::var("REQSPEC_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        now.as_micros() as u64 % 1_000_000_000
    })
}

/// How many kills of the thousand, or of the `REQSPEC_KILLS` that are asked for, are that share.
pub fn kills(of_a_thousand: u64) -> u64 {
    let asked = std::env::var("REQSPEC_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(1_000u64);
    (asked * of_a_thousand).div_ceil(1_000)
}

/// A line for the process that began this one.
pub fn tell_parent(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Past the capture of the test harness: how much was tried is to be seen where everything passes too.
pub fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
