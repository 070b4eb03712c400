//! Where a database is and how it is reached: what the engines take, whoever wrote it down
//! (`deployment::url` reads SQLAlchemy URLs into it).
//!
//! Imports nothing of ours; does no I/O. No Debug or Display of it holds a password.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A password. It has no Display, and its Debug is `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// This text is to be kept secret.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(Arc::from(text.as_ref()))
    }

    /// The text, for the one who sends it to the server.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// SQLite.
    Sqlite,
    /// MySQL, MariaDB, Galera.
    Mysql,
    /// PostgreSQL.
    Postgres,
}

impl Engine {
    /// As the directories of `migrations/` are named: `sqlite`, `mysql`, `postgres`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Mysql => "mysql",
            Self::Postgres => "postgres",
        }
    }
}

/// What a session may do. It is enforced by the database session itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read only.
    ReadOnly,
    /// Read and write.
    ReadWrite,
}

/// The address of a database, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Where it is.
    pub place: Place,
    /// The address for people, the password masked.
    pub shown: Arc<str>,
}

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A database of a MySQL or MariaDB server.
    Mysql(Server),
    /// A database of a PostgreSQL server.
    Postgres(Server),
}

/// A database of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// How the server is reached.
    pub endpoint: Endpoint,
    /// The account; the engine's default where None.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// The database's name.
    pub database: String,
    /// Whether and how the connection is encrypted.
    pub tls: Tls,
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A host name or IP address (without brackets) and a port.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// A Unix socket: of MySQL the socket file itself; of PostgreSQL the directory that holds
    /// `.s.PGSQL.PORT`.
    Socket {
        /// File or directory.
        path: PathBuf,
        /// The port that a PostgreSQL socket is named after.
        port: u16,
    },
}

/// Whether and how a connection is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// What is demanded.
    pub mode: TlsMode,
    /// File of the authorities that are trusted (PEM); the built-in ones where None.
    pub ca: Option<PathBuf>,
    /// File of the client's certificate (PEM).
    pub certificate: Option<PathBuf>,
    /// File of its key (PEM).
    pub key: Option<PathBuf>,
}

/// What is demanded of the encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// None.
    Off,
    /// Encrypted if the server can, whoever it is (libpq's `prefer`).
    #[default]
    Prefer,
    /// Encrypted, whoever the server is (libpq's `require`).
    Require,
    /// Encrypted, with a server whose certificate a trusted authority signed (`verify-ca`).
    VerifyCa,
    /// The same, and the certificate names the host (`verify-full`).
    VerifyFull,
}

/// How long is waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a new session, from the first packet until it can be used.
    pub connect: Duration,
    /// For the answer to one request; of a pass over all rows for the next rows.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), answer: Duration::from_secs(15) }
    }
}

impl Address {
    /// The SQLite file at that path.
    pub fn of_path(path: &Path) -> Self {
        Self { place: Place::Sqlite(path.to_owned()), shown: path.to_string_lossy().as_ref().into() }
    }

    /// Which engine it takes.
    pub fn engine(&self) -> Engine {
        match self.place {
            Place::Sqlite(_) => Engine::Sqlite,
            Place::Mysql(_) => Engine::Mysql,
            Place::Postgres(_) => Engine::Postgres,
        }
    }

    /// The SQLite file, if it is one.
    pub fn as_path(&self) -> Option<&Path> {
        match &self.place {
            Place::Sqlite(path) => Some(path),
            Place::Mysql(_) | Place::Postgres(_) => None,
        }
    }

    /// The server, if it is one.
    pub fn as_server(&self) -> Option<&Server> {
        match &self.place {
            Place::Sqlite(_) => None,
            Place::Mysql(server) | Place::Postgres(server) => Some(server),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({:?})", self.shown)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_debug_holds_a_password() {
        let server = Server {
            endpoint: Endpoint::Tcp { host: "db".into(), port: 3306 },
            user: Some("nova".into()),
            password: Some(Secret::new("s3cret")),
            database: "nova".into(),
            tls: Tls::default(),
        };
        let address =
            Address { place: Place::Mysql(server.clone()), shown: "mysql://nova:***@db:3306/nova".into() };
        let texts = format!("{server:?} {:?} {address:?} {address}", address.place);
        assert!(texts.contains("***") && !texts.contains("s3cret"), "{texts}");
    }
}
