//! What nova's MySQL drivers make of a URL: `create_connect_args` of
//! `sqlalchemy/dialects/mysql/{mysqldb,pymysql}.py`, and `Connection.__init__` of PyMySQL.
//!
//! **Encryption.** SQLAlchemy gathers `ssl_ca`, `ssl_cert`, `ssl_key`, `ssl_check_hostname` into PyMySQL's
//! `ssl` dict. There (`_create_ssl_ctx`) a CA alone means that the certificate *and the host's name* are
//! checked; `ssl_check_hostname=false` leaves out the name; a certificate of the client's without a CA
//! means encrypted and unchecked. `ssl_verify_cert` and `ssl_verify_identity` reach PyMySQL by themselves and
//! there replace the dict, CA included; reqspec takes them at their word, with the CA given. Without any of
//! them PyMySQL since 1.2 encrypts where the server can (before: never), which is `prefer`. With
//! libmysqlclient (`mysql://`, `+mysqldb`) a CA alone means that the certificate is checked, not the name
//! (its `ssl_mode` VERIFY_CA).
//!
//! Imports its siblings, `store::address` and `deployment::option_file`, which reads the file that
//! `read_default_file` names.

use std::path::PathBuf;

use super::UrlError;
use super::query::{Query, truth};
use super::split::{Parts, Port, python_int};
use crate::deployment::option_file::{self, Dialect, Options};
use crate::store::address::{Endpoint, Secret, Server, Tls, TlsMode};

/// The port of MySQL.
const PORT: u16 = 3306;

/// Keys that change nothing for reqspec: timeouts and ways of talking that are its own.
const IGNORED: &[&str] = &[
    "autocommit",
    "binary_prefix",
    "client_flag",
    "compress",
    "connect_timeout",
    "connection_timeout",
    "defer_connect",
    "local_infile",
    "max_allowed_packet",
    "pool_size",
    "raise_on_warnings",
    "read_timeout",
    "use_pure",
    "use_unicode",
    "write_timeout",
];

/// A Python driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Driver {
    /// PyMySQL, and those that took its code over.
    PyMysql,
    /// Those over a C library of MySQL's or MariaDB's.
    Native,
    /// MySQL's own driver in Python.
    Connector,
}

impl Driver {
    /// The driver of a scheme's second part. Without one SQLAlchemy takes mysqlclient.
    pub(super) fn of(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("mysqldb" | "mariadbconnector" | "cymysql" | "pyodbc") => Some(Self::Native),
            Some("pymysql" | "aiomysql" | "asyncmy") => Some(Self::PyMysql),
            Some("mysqlconnector") => Some(Self::Connector),
            Some(_) => None,
        }
    }
}

/// The server that a URL names.
pub(super) fn server(
    parts: &Parts,
    driver: Driver,
    shown: &str,
    notices: &mut Vec<String>,
) -> Result<Server, UrlError> {
    let mut query = Query::of(parts);
    let file = option_file(&mut query, driver, shown, notices)?;
    // What stands in the query wins over the URL's own parts, those over the option file.
    let mut text = |key: &str, own: &Option<String>, option: &str, notices: &mut Vec<String>| {
        let given = query.take(key, notices).map(str::to_owned);
        given.or_else(|| own.clone()).or_else(|| file.get(option).map(str::to_owned))
    };
    let host = text("host", &parts.host, "host", notices);
    let user = text("user", &parts.user, "user", notices);
    let password = text("passwd", &None, "", notices);
    let password = text("password", &password.or_else(|| parts.password.clone()), "password", notices);
    let database = text("db", &parts.database, "database", notices);
    let database = text("database", &database, "database", notices);
    let socket = text("unix_socket", &None, "socket", notices);
    let port = port(parts, query.take("port", notices), &file, shown)?;
    if driver == Driver::Native && socket.is_none() && matches!(host.as_deref(), None | Some("localhost")) {
        notices.push(
            "libmysqlclient reaches localhost through its Unix socket; reqspec takes TCP, and the socket where unix_socket=/path names it"
                .to_owned(),
        );
    }
    let tls = tls(&mut query, driver, &file, socket.is_some(), shown, notices)?;
    charset(&mut query, notices);
    query.ignore(IGNORED);
    query.finish(notices);
    let endpoint = match socket {
        Some(path) => Endpoint::Socket { path: PathBuf::from(path), port },
        None => Endpoint::Tcp { host: host.unwrap_or_else(|| "localhost".to_owned()), port },
    };
    let database = database.ok_or_else(|| UrlError::NoDatabase { shown: shown.to_owned() })?;
    Ok(Server { endpoint, user, password: password.map(Secret::new), database, tls })
}

/// The options of the file that the URL names; none where it names none.
fn option_file(
    query: &mut Query<'_>,
    driver: Driver,
    shown: &str,
    notices: &mut Vec<String>,
) -> Result<Options, UrlError> {
    let file = query.take("read_default_file", notices);
    let group = query.take("read_default_group", notices);
    let dialect = if driver == Driver::Native { Dialect::Client } else { Dialect::PyMysql };
    if file.is_none() && group.is_none() {
        return Ok(Options::default());
    }
    option_file::read(file, group, dialect, notices)
        .map_err(|error| UrlError::OptionFile { shown: shown.to_owned(), error })
}

fn port(parts: &Parts, query: Option<&str>, file: &Options, shown: &str) -> Result<u16, UrlError> {
    let wrong = || UrlError::Port { shown: shown.to_owned() };
    let number = match (query, &parts.port, file.get("port")) {
        (Some(text), ..) => python_int(text).ok_or_else(wrong)?,
        // Python takes 0 for nothing given.
        (None, Some(Port::Number(number)), _) if *number != 0 => *number,
        (None, _, Some(text)) => python_int(text).ok_or_else(wrong)?,
        (None, ..) => 0,
    };
    match u16::try_from(number) {
        Ok(0) => Ok(PORT),
        Ok(port) => Ok(port),
        Err(_) => Err(wrong()),
    }
}

/// reqspec talks utf8mb4, which holds what the narrower ones hold.
fn charset(query: &mut Query<'_>, notices: &mut Vec<String>) {
    if let Some(charset) = query.take("charset", notices)
        && !["utf8", "utf8mb3", "utf8mb4"].contains(&charset.to_ascii_lowercase().as_str())
    {
        notices.push("charset is left aside: reqspec talks utf8mb4".to_owned());
    }
}

fn tls(
    query: &mut Query<'_>,
    driver: Driver,
    file: &Options,
    socket: bool,
    shown: &str,
    notices: &mut Vec<String>,
) -> Result<Tls, UrlError> {
    const YES_OR_NO: &str = "true, false";
    let choice = |key: &'static str, value: &str, choices| UrlError::Choice {
        shown: shown.to_owned(),
        key,
        value: crate::spec::text::escaped(value).into_owned(),
        choices,
    };
    let mut switch = |key: &'static str, notices: &mut Vec<String>| match query.take(key, notices) {
        None => Ok(None),
        Some(value) => truth(value).map(Some).ok_or_else(|| choice(key, value, YES_OR_NO)),
    };
    let disabled = switch("ssl_disabled", notices)?;
    let encrypt = switch("ssl", notices)?;
    let name = switch("ssl_check_hostname", notices)?;
    let certificate_checked = switch("ssl_verify_cert", notices)?;
    let identity_checked = switch("ssl_verify_identity", notices)?;
    let stated = match query.take("ssl_mode", notices) {
        None => None,
        Some(value) => Some(stated_mode(value).ok_or_else(|| {
            choice("ssl_mode", value, "DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY")
        })?),
    };
    let mut path = |key: &str, option: &str, notices: &mut Vec<String>| {
        query.take(key, notices).or_else(|| file.get(option)).map(PathBuf::from)
    };
    let ca = path("ssl_ca", "ssl-ca", notices);
    let certificate = path("ssl_cert", "ssl-cert", notices);
    let key = path("ssl_key", "ssl-key", notices);
    // PyMySQL's dict is not empty then.
    let asked = certificate.is_some() || key.is_some() || name.is_some() || encrypt == Some(true);
    // One file may hold both.
    let key = key.or_else(|| certificate.clone());
    if path("ssl_capath", "ssl-capath", notices).is_some() {
        notices.push("ssl_capath is left aside: name one file of authorities with ssl_ca".to_owned());
    }
    let stated = stated.or_else(|| file.get("ssl-mode").and_then(stated_mode));
    let file_checks = file.has("ssl-verify-server-cert").then_some(());
    let mode = if disabled == Some(true) {
        TlsMode::Off
    } else if let Some(stated) = stated {
        stated
    } else if identity_checked == Some(true) {
        TlsMode::VerifyFull
    } else if let Some(checked) = certificate_checked {
        match (checked, name) {
            (true, Some(true)) => TlsMode::VerifyFull,
            (true, _) => TlsMode::VerifyCa,
            (false, _) => TlsMode::Require,
        }
    } else if file_checks.is_some() {
        TlsMode::VerifyFull
    } else if ca.is_some() {
        let named = driver == Driver::PyMysql && identity_checked.is_none() && name != Some(false);
        if named || name == Some(true) { TlsMode::VerifyFull } else { TlsMode::VerifyCa }
    } else if asked {
        TlsMode::Require
    } else if socket || encrypt == Some(false) {
        TlsMode::Off
    } else {
        TlsMode::Prefer
    };
    Ok(Tls { mode, ca, certificate, key })
}

/// The values of `ssl_mode`, as of mysqlclient and the option files.
fn stated_mode(value: &str) -> Option<TlsMode> {
    match value.to_ascii_uppercase().as_str() {
        "DISABLED" => Some(TlsMode::Off),
        "PREFERRED" => Some(TlsMode::Prefer),
        "REQUIRED" => Some(TlsMode::Require),
        "VERIFY_CA" => Some(TlsMode::VerifyCa),
        "VERIFY_IDENTITY" => Some(TlsMode::VerifyFull),
        _ => None,
    }
}
