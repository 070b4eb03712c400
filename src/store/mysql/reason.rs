//! What the errors of the driver and of servers mean: in plain words, with what to do next, and
//! whether it is worth trying again.
//!
//! Numbers are those of the MySQL and MariaDB manuals ("Server Error Message Reference", "MariaDB
//! Error Code Reference"). No text here holds a password: servers never repeat one.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mysql_async::{DriverError, Error, IoError, ServerError, TlsError};
use rustls::CertificateError;

use crate::store::address::{Endpoint, Server};
use crate::store::{DatabaseName, StoreError};

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// The host's name leads nowhere.
    UnknownHost(String),
    /// The host's name has no address.
    NoAddress,
    /// The path of a socket file that is not UTF-8.
    SocketPath(PathBuf),
    /// A certificate or key that cannot be read.
    TlsFile(PathBuf, String),
    /// It took longer than this.
    Silent(Duration),
    /// The driver's or the server's words.
    Driver(Error),
}

impl ConnectError {
    /// Another address of the same host may do better.
    pub fn is_of_address(&self) -> bool {
        match self {
            Self::Silent(_) => true,
            Self::Driver(Error::Io(IoError::Io(error))) => tls_error(error).is_none(),
            _ => false,
        }
    }

    /// The encryption failed, not what came before or after it.
    pub fn is_of_tls(&self) -> bool {
        match self {
            Self::Driver(Error::Io(IoError::Tls(_))) => true,
            Self::Driver(Error::Io(IoError::Io(error))) => tls_error(error).is_some(),
            _ => self.is_unencrypted_server(),
        }
    }

    /// The server offers no encryption.
    pub fn is_unencrypted_server(&self) -> bool {
        matches!(self, Self::Driver(Error::Driver(DriverError::NoClientSslFlagFromServer)))
    }

    /// A name that the server's certificate bears, where it was refused for bearing no other.
    pub fn certified_name(&self) -> Option<String> {
        let Self::Driver(Error::Io(IoError::Io(error))) = self else { return None };
        let rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) =
            tls_error(error)?
        else {
            return None;
        };
        presented.iter().find_map(|name| certified(name))
    }

    /// Trying again in a moment may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::UnknownHost(_) | Self::NoAddress | Self::SocketPath(_) | Self::TlsFile(..) => false,
            Self::Silent(_) => false,
            Self::Driver(Error::Server(error)) => {
                matches!(error.code, 1040 | 1203 | 1226) || is_lost_code(error.code)
            }
            Self::Driver(Error::Io(IoError::Io(error))) => tls_error(error).is_none(),
            Self::Driver(_) => false,
        }
    }
}

/// A name as rustls writes it: `DnsName("db.example")`, `IpAddress(10.0.0.1)`.
fn certified(name: &str) -> Option<String> {
    if let Some(number) = name.strip_prefix("IpAddress(") {
        return number.strip_suffix(')').map(str::to_owned);
    }
    let name = name.strip_prefix("DnsName(\"")?.strip_suffix("\")")?;
    // Of `*.example` any host will do.
    Some(name.strip_prefix('*').map_or_else(|| name.to_owned(), |rest| format!("any{rest}")))
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What a server's refusal of a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The connection is gone; another one may do.
    Lost,
    /// Another session was in the way: the whole transaction may succeed next time.
    Contended,
    /// Anything else.
    Other,
}

/// Codes with which a server ends a connection, or tells that it was ended.
fn is_lost_code(code: u16) -> bool {
    // Shutdown, aborted connections and packets, killed connection (MariaDB, MySQL), idle for too
    // long (MySQL 8), and what clients call gone away and lost.
    matches!(code, 1053 | 1077..=1079 | 1152 | 1158..=1161 | 1184 | 1927 | 2006 | 2013 | 3169 | 4031)
}

/// What an error is about.
pub(super) fn kind(error: &Error) -> Kind {
    match error {
        // 1205 lock wait, 1213 deadlock or failed certification, 1614 and 3101 rolled back by the
        // replication of a group.
        Error::Server(ServerError { code: 1205 | 1213 | 1614 | 3101, .. }) => Kind::Contended,
        Error::Server(error) if error.state == "40001" => Kind::Contended,
        Error::Server(error) if is_lost_code(error.code) => Kind::Lost,
        Error::Server(_) => Kind::Other,
        Error::Driver(DriverError::ConnectionClosed | DriverError::PacketOutOfOrder) => Kind::Lost,
        Error::Io(_) => Kind::Lost,
        _ => Kind::Other,
    }
}

/// The connection may be used again after this error.
pub(super) fn leaves_connection(error: &Error) -> bool {
    matches!(error, Error::Server(_)) && kind(error) != Kind::Lost
}

/// The number of a server's error.
pub(super) fn code(error: &Error) -> Option<u16> {
    match error {
        Error::Server(error) => Some(error.code),
        _ => None,
    }
}

/// The database that is asked, for messages.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub database: DatabaseName,
    pub location: Arc<str>,
    /// `db.example:3306`, or the socket file.
    endpoint: String,
    account: String,
    schema: String,
}

impl Subject {
    pub fn new(database: DatabaseName, shown: &Arc<str>, server: &Server) -> Self {
        let endpoint = match &server.endpoint {
            Endpoint::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Endpoint::Tcp { host, port } => format!("{host}:{port}"),
            Endpoint::Socket { path, .. } => path.display().to_string(),
        };
        let account = server.user.clone().unwrap_or_else(|| "(of the operating system)".to_owned());
        Self { database, location: Arc::clone(shown), endpoint, account, schema: server.database.clone() }
    }

    pub fn unavailable(&self, reason: impl Into<String>) -> StoreError {
        StoreError::Unavailable {
            database: self.database.clone(),
            location: Arc::clone(&self.location),
            reason: reason.into(),
        }
    }

    pub fn failed(&self, operation: &str, reason: impl Into<String>) -> StoreError {
        StoreError::Failed {
            database: self.database.clone(),
            operation: operation.to_owned(),
            reason: reason.into(),
        }
    }

    pub fn read_only(&self, operation: &str, reason: impl Into<String>) -> StoreError {
        StoreError::ReadOnly {
            database: self.database.clone(),
            operation: operation.to_owned(),
            reason: reason.into(),
        }
    }

    pub fn contended(&self, operation: &str, attempts: u32, error: &Error) -> StoreError {
        StoreError::Contended {
            database: self.database.clone(),
            operation: operation.to_owned(),
            attempts,
            reason: words(error),
        }
    }

    pub fn uncertain(&self, operation: &str, reason: impl Into<String>) -> StoreError {
        StoreError::Uncertain {
            database: self.database.clone(),
            operation: operation.to_owned(),
            reason: reason.into(),
        }
    }

    /// The server did not answer in time.
    pub fn no_answer(&self, operation: &str, within: Duration) -> StoreError {
        self.unavailable(format!(
            "no answer within {} while {operation}; the server is stopped, overloaded or cut off: look at it, or \
             wait longer with --timeout",
            seconds(within)
        ))
    }

    /// Why there is no connection.
    pub fn no_connection(&self, error: &ConnectError) -> StoreError {
        let endpoint = &self.endpoint;
        let reason = match error {
            ConnectError::UnknownHost(words) => {
                format!("the host of {endpoint} is not known ({words}); check the name, or the name servers")
            }
            ConnectError::NoAddress => format!("the host of {endpoint} has no address; check the name"),
            ConnectError::SocketPath(path) => {
                format!("the socket file {} has a name that is not UTF-8; use another one", path.display())
            }
            ConnectError::TlsFile(path, words) => {
                format!("the TLS file {} cannot be read: {words}", path.display())
            }
            ConnectError::Silent(within) => format!(
                "{endpoint} did not let us in within {}: nothing answers there, or it accepts connections and \
                 says nothing; look at the server and at firewalls, or wait longer with --timeout",
                seconds(*within)
            ),
            ConnectError::Driver(Error::Io(IoError::Io(error))) => self.of_io(error),
            ConnectError::Driver(Error::Io(IoError::Tls(error))) => self.of_tls(error),
            ConnectError::Driver(Error::Driver(error)) => self.of_driver(error),
            ConnectError::Driver(Error::Server(error)) => self.of_login(error),
            ConnectError::Driver(error) => error.to_string(),
        };
        self.unavailable(reason)
    }

    fn of_io(&self, error: &io::Error) -> String {
        let endpoint = &self.endpoint;
        if let Some(error) = tls_error(error) {
            return self.of_rustls(error);
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                format!(
                    "{endpoint} refuses connections: no server listens there; start it, or check the port"
                )
            }
            io::ErrorKind::NotFound => {
                format!("there is no socket {endpoint}; start the server, or check the path")
            }
            io::ErrorKind::PermissionDenied => {
                format!("{endpoint} may not be opened by this user; check its permissions")
            }
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => format!(
                "{endpoint} closed the connection ({error}); the server was restarted or ended it, or a proxy \
                 there has no server behind it"
            ),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                format!(
                    "what answers at {endpoint} does not speak MySQL's protocol ({error}); check the port"
                )
            }
            _ => format!("{endpoint} cannot be reached: {error}"),
        }
    }

    fn of_tls(&self, error: &TlsError) -> String {
        match error {
            TlsError::Tls(error) => self.of_rustls(error),
            other => format!("TLS with {}: {other}; check the ssl_* keys of the URL", self.endpoint),
        }
    }

    fn of_rustls(&self, error: &rustls::Error) -> String {
        let endpoint = &self.endpoint;
        let rustls::Error::InvalidCertificate(wrong) = error else {
            return format!("TLS with {endpoint} failed: {error}; check what the server speaks and demands");
        };
        match wrong {
            CertificateError::UnknownIssuer => format!(
                "the certificate of {endpoint} is not signed by a trusted authority; check ssl_ca, and that this \
                 is the right server"
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
                "the certificate of {endpoint} is another host's ({wrong}); use the name that it bears, or a \
                 certificate with that name in its subjectAltName"
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!("the certificate of {endpoint} has expired ({wrong}); renew it")
            }
            _ => format!("the certificate of {endpoint} was refused: {wrong}"),
        }
    }

    fn of_driver(&self, error: &DriverError) -> String {
        let endpoint = &self.endpoint;
        match error {
            DriverError::NoClientSslFlagFromServer => format!(
                "TLS is demanded and {endpoint} does not offer it; give the server a certificate, or take the ssl_* \
                 keys out of the URL"
            ),
            DriverError::UnknownAuthPlugin { name } => format!(
                "the account {} logs in by the plugin {name}, which is not spoken here; use an account with a \
                 password",
                self.account
            ),
            DriverError::CleartextPluginDisabled | DriverError::MysqlOldPasswordDisabled => format!(
                "the account {} logs in by a method that would give the password away ({error}); use another one",
                self.account
            ),
            DriverError::NoKeyFound => "the file of ssl_key holds no private key in PEM".to_owned(),
            DriverError::UnexpectedPacket { .. } | DriverError::PacketOutOfOrder => {
                format!("what answers at {endpoint} does not speak MySQL's protocol as expected ({error})")
            }
            other => format!("{endpoint}: {other}"),
        }
    }

    /// Refused at the door.
    fn of_login(&self, error: &ServerError) -> String {
        let Self { endpoint, account, schema, .. } = self;
        let words = &error.message;
        match error.code {
            // The server says the same where it, or the account, demands encryption or a certificate.
            1045 | 1698 => format!(
                "{endpoint} refuses the account {account} ({words}); check user and password, and whether the \
                 account demands TLS or a certificate (ssl_ca, ssl_cert, ssl_key)"
            ),
            1044 => format!(
                "the account {account} may not use the database {schema} ({words}); check its name, or GRANT the \
                 rights"
            ),
            1049 => format!("{endpoint} has no database {schema}; check its name, or create it"),
            1040 | 1203 | 1226 => {
                format!("{endpoint} takes no more connections ({words}); try again, or raise its limit")
            }
            1129 => format!("{endpoint} has blocked this host ({words}); an administrator unblocks it"),
            1130 => format!("{endpoint} lets no account in from this host ({words}); GRANT the rights to it"),
            1820 | 1862 | 3118 => format!("the account {account} cannot be used ({words})"),
            3159 => format!("{endpoint} lets in encrypted connections only; add ssl_ca to the URL ({words})"),
            _ => self.of_state(error).unwrap_or_else(|| format!("{endpoint}: {}", server_words(error))),
        }
    }

    /// Errors of the server as a whole, whenever they come.
    fn of_state(&self, error: &ServerError) -> Option<String> {
        let words = &error.message;
        let endpoint = &self.endpoint;
        match error.code {
            // Only Galera answers a known command so.
            1047 => Some(format!(
                "{endpoint} is a node of a Galera cluster that does not take requests now: it is not in the primary \
                 component or not yet synchronised ({words}); use another node, or wait"
            )),
            3032 => Some(format!("{endpoint} is in offline mode; an administrator sets offline_mode = OFF")),
            _ if is_lost_code(error.code) => {
                Some(format!("{endpoint} ended the connection ({words}); try again when it is back"))
            }
            _ => None,
        }
    }

    /// What an error means that came while something was asked or done.
    pub fn describe(&self, operation: &str, error: &Error) -> StoreError {
        let database = self.database.clone();
        let error = match error {
            Error::Server(error) => error,
            Error::Io(IoError::Io(error)) => return self.unavailable(self.of_io(error)),
            Error::Io(IoError::Tls(error)) => return self.unavailable(self.of_tls(error)),
            Error::Driver(DriverError::PacketTooLarge) => {
                return self.failed(operation, "an answer is larger than the protocol allows (1 GiB)");
            }
            Error::Driver(DriverError::ConnectionClosed) => {
                return self.unavailable(format!("{} closed the connection; try again", self.endpoint));
            }
            other => return self.failed(operation, other.to_string()),
        };
        let words = &error.message;
        match error.code {
            1146 if names_our_table(words) => StoreError::NoTable { database },
            1044 | 1142 | 1143 | 1370 | 1227 => self.failed(
                operation,
                format!("the account {} lacks a right ({words}); GRANT it, or use another account", self.account),
            ),
            1792 => self.read_only(operation, "the session was opened for reading only; nothing was written"),
            1290 | 1836 => self.read_only(
                operation,
                format!("the server takes no writes ({words}); it is a replica or being maintained: use the primary"),
            ),
            1205 => StoreError::Locked { database, operation: operation.to_owned() },
            1969 | 3024 => self.unavailable(format!(
                "the server stopped {operation} because it took too long ({words}); the table is large or the server \
                 busy: wait longer with --timeout"
            )),
            1317 | 1028 => self.failed(operation, format!("it was stopped on the server ({words})")),
            1153 | 1301 => self.failed(
                operation,
                format!("a packet is larger than the server takes ({words}); raise max_allowed_packet there"),
            ),
            1021 | 1114 => self.failed(operation, format!("the server has no room left ({words})")),
            1366 => self.failed(
                operation,
                format!(
                    "the column's character set cannot store the text ({words}); write what is not ASCII as \\uXXXX, \
                     as nova does"
                ),
            ),
            1406 => self.failed(operation, format!("a value is longer than its column ({words})")),
            1292 | 1525 => self.failed(operation, format!("a time cannot be stored ({words})")),
            _ => match self.of_state(error) {
                Some(reason) => self.unavailable(reason),
                None => self.failed(operation, server_words(error)),
            },
        }
    }
}

/// `Table 'nova.request_specs' doesn't exist`, whatever the language of the server.
fn names_our_table(words: &str) -> bool {
    words.contains(".request_specs'")
}

fn server_words(error: &ServerError) -> String {
    format!("{} (error {})", error.message, error.code)
}

/// An error in its own words, for the middle of a sentence.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::Server(error) => server_words(error),
        Error::Io(IoError::Io(error)) => error.to_string(),
        other => other.to_string(),
    }
}

fn seconds(duration: Duration) -> String {
    let text = format!("{:.1}", duration.as_secs_f64());
    format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
}
