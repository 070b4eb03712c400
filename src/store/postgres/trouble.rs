//! What goes wrong with a server, sorted by what is to be done about it, and in plain words.
//! Imports the parent module's errors.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use super::tls;
use crate::store::address::{Endpoint, Server};
use crate::store::{DatabaseName, StoreError};

/// Where something else listens.
const FOREIGN: &str = "what answers there does not speak PostgreSQL's protocol: check host and port";

/// A failure of the driver or the server, not yet an answer to anyone.
#[derive(Debug, Clone)]
pub(super) enum Trouble {
    /// The connection is gone or there was none: what only reads may be asked again.
    Lost(String),
    /// The server is on its way up or down: worth a longer wait.
    Starting(String),
    /// No connection can be had, and asking again would not help.
    Refused(String),
    /// No answer in time.
    Silent(String),
    /// The server's own refusal.
    Server(Box<Refusal>),
    /// Anything else.
    Other(String),
}

/// What the server said.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// SQLSTATE.
    pub code: SqlState,
    /// Its message, with the detail where there is one.
    pub message: String,
}

impl Trouble {
    /// Of an error while something was asked.
    pub fn asking(error: &Error, ended: Option<&str>) -> Self {
        if let Some(refusal) = error.as_db_error() {
            return Self::of_server(refusal);
        }
        if error.is_closed() {
            let why = ended.map_or_else(String::new, |why| format!(": {why}"));
            return Self::Lost(format!("the server closed the connection{why}"));
        }
        match source::<io::Error>(error) {
            Some(error) if error.kind() != io::ErrorKind::InvalidInput => {
                Self::Lost(format!("the connection broke: {error}"))
            }
            _ => Self::Other(chain(error)),
        }
    }

    fn of_server(refusal: &DbError) -> Self {
        let code = refusal.code().clone();
        let said = format!("{} ({})", refusal.message(), code.code());
        if code == SqlState::CANNOT_CONNECT_NOW {
            return Self::Starting(said);
        }
        let is_gone = [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            SqlState::IDLE_SESSION_TIMEOUT,
        ]
        .contains(&code);
        // Class 08 is that of connections; a pooler speaks of its servers so.
        if is_gone || code.code().starts_with("08") {
            return Self::Lost(format!("the server closed the connection: {said}"));
        }
        let detail = refusal.detail().map_or_else(String::new, |detail| format!(": {detail}"));
        Self::Server(Box::new(Refusal { code, message: format!("{}{detail}", refusal.message()) }))
    }

    /// Of an error while connecting to that server.
    pub fn connecting(error: &Error, server: &Server, waited: Duration) -> Self {
        if let Some(refusal) = error.as_db_error() {
            return match Self::of_server(refusal) {
                Self::Server(refusal) => Self::Refused(refusal.connecting(server)),
                other => other,
            };
        }
        if let Some(error) = source::<rustls::Error>(error) {
            return Self::Refused(tls::words(error));
        }
        let told = chain(error);
        if told.contains("server does not support TLS") {
            return Self::Refused(
                "the server offers no encryption (its `ssl` is off) and the URL demands it: switch it on \
                 there, or use sslmode=prefer or sslmode=disable"
                    .to_owned(),
            );
        }
        if told.contains("password missing") {
            return Self::Refused("the server asks for a password and the URL has none: add it".to_owned());
        }
        let Some(error) = source::<io::Error>(error) else {
            if error.is_closed() {
                return Self::Lost("the server closed the connection before a session began".to_owned());
            }
            return Self::Refused(if told.contains("unexpected message") || told.contains("parsing") {
                FOREIGN.to_owned()
            } else {
                told
            });
        };
        Self::of_socket(error, &told, server, waited)
    }

    fn of_socket(error: &io::Error, told: &str, server: &Server, waited: Duration) -> Self {
        use io::ErrorKind as Kind;
        let place = match &server.endpoint {
            Endpoint::Tcp { host, port } => format!("{host}:{port}"),
            Endpoint::Socket { path, port } => format!("{}/.s.PGSQL.{port}", path.display()),
        };
        match error.kind() {
            Kind::ConnectionRefused => Self::Lost(format!(
                "nothing listens at {place} (connection refused): check host and port, and that the server \
                 runs and listens there"
            )),
            Kind::NotFound => Self::Lost(format!(
                "there is no socket {place}: check the directory and the port, and that the server runs"
            )),
            Kind::PermissionDenied => Self::Refused(format!("this user may not open {place}: {error}")),
            Kind::TimedOut => Self::Silent(format!(
                "{place} did not answer within {}: check the host and the firewalls on the way",
                shown(waited)
            )),
            Kind::InvalidData | Kind::InvalidInput => Self::Refused(FOREIGN.to_owned()),
            Kind::UnexpectedEof | Kind::ConnectionReset | Kind::BrokenPipe | Kind::ConnectionAborted => {
                Self::Lost(format!("the connection to {place} was closed before a session began: {error}"))
            }
            // A piece of something that is no message of the protocol.
            _ if error.to_string().contains("bytes remaining") => Self::Refused(FOREIGN.to_owned()),
            _ if error.to_string().contains("lookup") => Self::Refused(format!(
                "the host of {place} is not known ({error}): check its name, and this machine's resolver"
            )),
            _ => Self::Refused(told.to_owned()),
        }
    }

    /// No answer to a request in that time.
    pub fn silent(waited: Duration) -> Self {
        Self::Silent(format!(
            "no answer within {}: the server is overloaded, paused or out of reach; look at it, or allow more \
             time (--timeout)",
            shown(waited)
        ))
    }

    /// Whether what only reads may be asked again on a new connection.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Starting(_))
    }

    /// The server's code, if it was the server that refused.
    pub fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Server(refusal) => Some(&refusal.code),
            _ => None,
        }
    }

    /// Others got in the way: a new attempt may succeed.
    pub fn is_contention(&self) -> bool {
        self.code().is_some_and(|code| {
            [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
        })
    }

    /// The words alone.
    pub fn words(&self) -> String {
        match self {
            Self::Server(refusal) => refusal.said(),
            Self::Lost(words)
            | Self::Starting(words)
            | Self::Refused(words)
            | Self::Silent(words)
            | Self::Other(words) => words.clone(),
        }
    }

    /// As an answer to whoever asked for that operation.
    pub fn into_error(
        self,
        database: &DatabaseName,
        shown: &std::sync::Arc<str>,
        operation: &str,
    ) -> StoreError {
        let database = database.clone();
        let operation = operation.to_owned();
        match self {
            Self::Lost(reason) | Self::Starting(reason) | Self::Refused(reason) | Self::Silent(reason) => {
                StoreError::Unavailable { database, location: shown.clone(), reason }
            }
            Self::Server(refusal) => refusal.into_error(database, operation),
            Self::Other(reason) => StoreError::Failed { database, operation, reason },
        }
    }
}

impl Refusal {
    fn said(&self) -> String {
        format!("{} ({})", self.message, self.code.code())
    }

    fn connecting(&self, server: &Server) -> String {
        let user = server.user.as_deref().unwrap_or("this system's user");
        let said = self.said();
        let database = &server.database;
        match &self.code {
            code if *code == SqlState::INVALID_PASSWORD => {
                format!("wrong password for the account {user}: {said}; check user and password in the URL")
            }
            code if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                format!(
                    "the server lets the account {user} not in: {said}; check the account and pg_hba.conf"
                )
            }
            code if *code == SqlState::INVALID_CATALOG_NAME => {
                format!("there is no database {database}: {said}; check its name in the URL")
            }
            code if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
                format!(
                    "the account {user} may not use the database {database}: {said}; GRANT CONNECT allows it"
                )
            }
            code if *code == SqlState::TOO_MANY_CONNECTIONS => {
                format!("the server has no connection left: {said}; try again, or raise max_connections")
            }
            _ => format!("the server refused the session: {said}"),
        }
    }

    fn into_error(self, database: DatabaseName, operation: String) -> StoreError {
        let said = self.said();
        let code = &self.code;
        let failed = |advice: &str| StoreError::Failed {
            database: database.clone(),
            operation: operation.clone(),
            reason: format!("{said}{advice}"),
        };
        if *code == SqlState::UNDEFINED_TABLE && names_table(&self.message) {
            return StoreError::NoTable { database };
        }
        if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
            let reason = format!("{said}: the session or the server is read-only; nothing was written");
            return StoreError::ReadOnly { database, operation, reason };
        }
        if *code == SqlState::LOCK_NOT_AVAILABLE {
            return StoreError::Locked { database, operation };
        }
        if *code == SqlState::INSUFFICIENT_PRIVILEGE {
            return failed(
                "; the account lacks a right: have its GRANTs looked at (SELECT to browse; INSERT, UPDATE and \
                 DELETE on request_specs and USAGE on its sequence to write)",
            );
        }
        if *code == SqlState::QUERY_CANCELED {
            return failed(
                "; it took longer than is allowed (--timeout), or someone stopped it on the server",
            );
        }
        if *code == SqlState::CHARACTER_NOT_IN_REPERTOIRE || *code == SqlState::UNTRANSLATABLE_CHARACTER {
            return failed(
                "; the database's encoding cannot hold or give this text, nothing was written. \
                 `SHOW server_encoding` tells it; nova wants UTF8",
            );
        }
        failed("")
    }
}

/// Whether a message is about the table request_specs, in whatever language.
fn names_table(message: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    message.split(|c| !is_part(c)).any(|word| word == "request_specs")
}

/// The first cause of that type.
fn source<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            // An I/O error may wrap what is really wrong.
            return Some(found);
        }
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|inner| inner.downcast_ref::<T>()) {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

/// The error and its causes, in one line.
fn chain(error: &Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    words
}

fn shown(waited: Duration) -> String {
    format!("{} s", (waited.as_secs_f64() * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_of_specs_is_missed_as_such() {
        for (message, expected) in [
            ("relation \"request_specs\" does not exist", true),
            ("Relation »request_specs« existiert nicht", true),
            ("relation \"nova.request_specs\" does not exist", true),
            ("relation \"request_specs_old\" does not exist", false),
            ("relation \"instances\" does not exist", false),
        ] {
            assert_eq!(names_table(message), expected, "{message}");
        }
    }

    #[test]
    fn times_are_told_in_seconds() {
        assert_eq!(shown(Duration::from_secs(15)), "15 s");
        assert_eq!(shown(Duration::from_millis(250)), "0.3 s");
    }
}
