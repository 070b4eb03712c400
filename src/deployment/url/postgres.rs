//! What psycopg2 and libpq make of a URL: `create_connect_args` of
//! `sqlalchemy/dialects/postgresql/_psycopg_common.py`; the query's keys are libpq's connection parameters,
//! which win over the URL's own parts.
//!
//! **Encryption** is libpq's: `sslmode` is `prefer` unless given; `require` with an `sslrootcert` checks
//! the certificate as `verify-ca` does ("for backwards compatibility", libpq's documentation of SSL
//! support); `allow` is taken for `prefer`. Nothing is encrypted on a Unix socket.
//!
//! Imports its siblings and `store::address`; does no I/O.

use std::path::PathBuf;

use super::UrlError;
use super::query::Query;
use super::split::{Parts, Port, python_int};
use crate::store::address::{Endpoint, Secret, Server, Tls, TlsMode};

/// The port of PostgreSQL.
const PORT: u16 = 5432;

/// Where libpq as packaged looks for the server's socket when no host is given.
const SOCKETS: &str = "/var/run/postgresql";

/// Parameters that change nothing for reqspec.
const IGNORED: &[&str] = &[
    "application_name",
    "client_encoding",
    "connect_timeout",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "sslcompression",
    "tcp_user_timeout",
];

/// The server that a URL names.
pub(super) fn server(parts: &Parts, shown: &str, notices: &mut Vec<String>) -> Result<Server, UrlError> {
    let mut query = Query::of(parts);
    let (hosts, ports) = places(&mut query, parts);
    if hosts.len() > 1 {
        notices.push("several hosts are given: only the first one is asked".to_owned());
    }
    let host = hosts.into_iter().next().filter(|host| !host.is_empty());
    let port = port(ports.first().map(String::as_str), parts, shown)?;
    if let Some(address) = query.take("hostaddr", notices)
        && host.as_deref() != Some(address)
    {
        notices.push("hostaddr is left aside: the host's name is looked up".to_owned());
    }
    let user = query.take("user", notices).map(str::to_owned).or_else(|| parts.user.clone());
    let password = query.take("password", notices).map(str::to_owned).or_else(|| parts.password.clone());
    let database = query.take("dbname", notices).map(str::to_owned).or_else(|| parts.database.clone());
    let endpoint = match host {
        Some(host) if host.starts_with('/') => Endpoint::Socket { path: PathBuf::from(host), port },
        Some(host) => Endpoint::Tcp { host, port },
        None => {
            notices.push(format!("no host is given: the server's socket is looked for in {SOCKETS}"));
            Endpoint::Socket { path: PathBuf::from(SOCKETS), port }
        }
    };
    let mut tls = tls(&mut query, shown, notices)?;
    if matches!(endpoint, Endpoint::Socket { .. }) {
        tls.mode = TlsMode::Off;
    }
    query.ignore(IGNORED);
    query.finish(notices);
    let database = database.ok_or_else(|| UrlError::NoDatabase { shown: shown.to_owned() })?;
    Ok(Server { endpoint, user, password: password.map(Secret::new), database, tls })
}

/// The hosts and ports of the query, which win over the URL's: `host=a,b`, several `host=a:1`, or one of
/// that form beside which no `port` stands (`_split_multihost_from_url`).
fn places(query: &mut Query<'_>, parts: &Parts) -> (Vec<String>, Vec<String>) {
    let given = query.take_all("host");
    let split = |texts: &[&str]| texts.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect();
    let ports: Vec<String> = split(&query.take_all("port"));
    let with_port = |host: &str| host.split_once(':').is_some_and(|(name, port)| is_plain(name, port));
    match given.as_slice() {
        [] => (split(parts.host.as_deref().as_slice()), ports),
        [one] if ports.is_empty() && with_port(one) => apart(&given),
        [_] => (split(&given), ports),
        _ if ports.is_empty() => apart(&given),
        _ => (apart(&given).0, ports),
    }
}

/// Hosts with their ports, `a:1`; a port that is not given is empty.
fn apart(given: &[&str]) -> (Vec<String>, Vec<String>) {
    let pairs = given.iter().map(|host| host.split_once(':').unwrap_or((host, "")));
    pairs.map(|(name, port)| (name.to_owned(), port.to_owned())).unzip()
}

/// Whether a host's name and port are of the letters that SQLAlchemy takes apart.
fn is_plain(name: &str, port: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn port(query: Option<&str>, parts: &Parts, shown: &str) -> Result<u16, UrlError> {
    let wrong = || UrlError::Port { shown: shown.to_owned() };
    let number = match (query, &parts.port) {
        (Some(text), _) if !text.is_empty() => python_int(text).ok_or_else(wrong)?,
        (_, Some(Port::Number(number))) => *number,
        _ => 0,
    };
    match u16::try_from(number) {
        Ok(0) => Ok(PORT),
        Ok(port) => Ok(port),
        Err(_) => Err(wrong()),
    }
}

fn tls(query: &mut Query<'_>, shown: &str, notices: &mut Vec<String>) -> Result<Tls, UrlError> {
    let mode = query.take("sslmode", notices);
    let ca = query.take("sslrootcert", notices);
    let certificate = query.take("sslcert", notices).map(PathBuf::from);
    let key = query.take("sslkey", notices).map(PathBuf::from);
    if query.take("sslcrl", notices).is_some() {
        notices.push("sslcrl is left aside: revoked certificates are not looked for".to_owned());
    }
    // libpq's word for the authorities of the operating system, which wants the full check.
    let system = ca == Some("system");
    let ca = ca.filter(|_| !system).map(PathBuf::from);
    let mode = match mode {
        None if system => TlsMode::VerifyFull,
        None | Some("prefer" | "allow") => TlsMode::Prefer,
        Some("disable") => TlsMode::Off,
        Some("require") if ca.is_some() => TlsMode::VerifyCa,
        Some("require") => TlsMode::Require,
        Some("verify-ca") => TlsMode::VerifyCa,
        Some("verify-full") => TlsMode::VerifyFull,
        Some(other) => {
            return Err(UrlError::Choice {
                shown: shown.to_owned(),
                key: "sslmode",
                value: crate::spec::text::escaped(other).into_owned(),
                choices: "disable, allow, prefer, require, verify-ca, verify-full",
            });
        }
    };
    if matches!(mode, TlsMode::VerifyCa | TlsMode::VerifyFull) && ca.is_none() && !system {
        notices.push(
            "no sslrootcert is given: the certificate is checked against the built-in authorities, not against ~/.postgresql/root.crt"
                .to_owned(),
        );
    }
    Ok(Tls { mode, ca, certificate, key })
}
