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

/// The hosts and ports of the query, which win over the URL's: one `host=a,b`, or several `host=a:1`
/// (`_split_multihost_from_url`).
fn places(query: &mut Query<'_>, parts: &Parts) -> (Vec<String>, Vec<String>) {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for host in query.take_all("host").into_iter().flat_map(|hosts| hosts.split(',')) {
        // A socket's directory or a bare IPv6 address has no port behind it.
        match host.rsplit_once(':') {
            Some((name, port)) if !host.starts_with('/') && !name.contains(':') && !port.is_empty() => {
                hosts.push(name.to_owned());
                ports.push(port.to_owned());
            }
            _ => hosts.push(host.to_owned()),
        }
    }
    let given: Vec<String> =
        query.take_all("port").into_iter().flat_map(|ports| ports.split(',')).map(str::to_owned).collect();
    if !given.is_empty() {
        ports = given;
    }
    if hosts.is_empty() {
        hosts.extend(parts.host.clone());
    }
    (hosts, ports)
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
