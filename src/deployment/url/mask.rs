//! Addresses for people: passwords replaced by `***`, whatever the text is.
//!
//! The rule is to hide too much rather than too little. Imports `spec::text`; does no I/O.

use super::split::unquoted;
use crate::spec::text::escaped;

/// What stands for a secret.
const MASK: &str = "***";

/// Query keys whose values are shown; the values of all others are hidden.
const SHOWN_KEYS: &[&str] = &[
    "application_name",
    "autocommit",
    "binary_prefix",
    "charset",
    "check_same_thread",
    "client_encoding",
    "client_flag",
    "collation",
    "connect_timeout",
    "gssencmode",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "local_infile",
    "max_allowed_packet",
    "mode",
    "plugin",
    "port",
    "read_default_file",
    "read_default_group",
    "read_timeout",
    "service",
    "sql_mode",
    "ssl",
    "ssl_ca",
    "ssl_capath",
    "ssl_cert",
    "ssl_check_hostname",
    "ssl_cipher",
    "ssl_disabled",
    "ssl_key",
    "ssl_mode",
    "ssl_verify_cert",
    "ssl_verify_identity",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "timeout",
    "unix_socket",
    "uri",
    "use_unicode",
    "user",
    "write_timeout",
];

/// The engines whose scheme is taken for one; another may be a user's name whose password begins
/// with `//`.
const ENGINES: &[&str] =
    &["mysql", "mariadb", "postgresql", "postgres", "sqlite", "oracle", "mssql", "rabbit", "http", "https"];

/// What the name of a query key holds whose value is a secret.
const SECRETS: &[&str] = &["pass", "pwd", "secret", "token"];

/// The text with every password in it replaced by `***`: what stands between the first `:` of the
/// user's part and the last `@` (nova tolerates `/`, `#`, `+`, `:`, `%` and `?` there), the values of query
/// keys that are not known to be harmless, and, where no `@` ends a password, whatever follows the
/// first `:` and is no port. Also safe on texts that are no URL. Characters that a terminal would act on
/// are escaped.
pub fn masked(text: &str) -> String {
    let start = scheme_end(text);
    let (scheme, rest) = text.split_at(start);
    let shown = format!("{scheme}{}", without_secrets(rest, start > 0));
    let shown = cut_after_secret_keys(shown);
    escaped(&shown).into_owned()
}

fn without_secrets(rest: &str, schemed: bool) -> String {
    // An `@` that was percent-encoded once too often counts where there is no other.
    let Some(at) = rest.rfind('@').or_else(|| rest.rfind("%40")) else {
        return place_and_query(rest, schemed);
    };
    let Some(colon) = colon(&rest[..at]) else { return place_and_query(rest, schemed) };
    // The last `@` may stand in a secret of the query.
    if secret_before(&rest[..at]) {
        return format!("{}:{MASK}", &rest[..colon]);
    }
    format!("{}:{MASK}{}", &rest[..colon], place_and_query(&rest[at..], true))
}

/// A text that begins behind the password, or has none: its host and its query.
fn place_and_query(text: &str, schemed: bool) -> String {
    let (place, query) = split_query(text);
    // What is hidden may go on behind the `?`.
    hosts(place, schemed).unwrap_or_else(|| format!("{place}{}", masked_query(query)))
}

fn split_query(text: &str) -> (&str, &str) {
    text.split_at(text.find('?').unwrap_or(text.len()))
}

/// The first `:`, percent-encoded or not.
fn colon(text: &str) -> Option<usize> {
    [":", "%3A", "%3a"].iter().filter_map(|colon| text.find(colon)).min()
}

/// Whether a query that begins in the text has a key that sounds like a secret.
fn secret_before(text: &str) -> bool {
    let Some((_, query)) = text.split_once('?') else { return false };
    let query = unquoted(query).to_lowercase();
    SECRETS.iter().any(|word| query.contains(word))
}

/// Where the scheme ends, behind its `://`; 0 where there is none that can be trusted to be one.
fn scheme_end(text: &str) -> usize {
    let Some((scheme, _)) = text.split_once("://") else { return 0 };
    let engine = scheme.split('+').next().unwrap_or(scheme);
    let known = ENGINES.iter().any(|known| engine.eq_ignore_ascii_case(known));
    let word = scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'));
    if known && word { scheme.len() + 3 } else { 0 }
}

/// The hosts and the path with everything hidden that follows a `:` and is no port; None where
/// nothing is to be hidden. Without a scheme no `:` is trusted to come before a port.
fn hosts(place: &str, schemed: bool) -> Option<String> {
    let authority = if schemed { place.split('/').next().unwrap_or(place) } else { place };
    // The colons of an IPv6 address in brackets are not meant.
    let from = match (authority.find('['), authority.find(']')) {
        (Some(open), Some(close)) if open < close && is_ipv6(&authority[open + 1..close]) => close,
        _ => 0,
    };
    let colon = from + colon(&authority[from..])?;
    let port = &authority[colon + 1..];
    let is_port = schemed && !port.starts_with('+') && port.parse::<u16>().is_ok();
    (!is_port).then(|| format!("{}:{MASK}", &place[..colon]))
}

fn is_ipv6(text: &str) -> bool {
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

/// The query, with its `?`, and the values of all keys hidden that are not known to be harmless. Behind
/// a secret, pieces that are no known key may belong to it.
fn masked_query(query: &str) -> String {
    let Some(query) = query.strip_prefix('?') else { return String::new() };
    let mut pieces = Vec::new();
    let mut hidden = false;
    for piece in query.split('&') {
        let (key, value) = piece.split_once('=').map_or((piece, None), |(key, value)| (key, Some(value)));
        let known = SHOWN_KEYS.iter().any(|known| key.eq_ignore_ascii_case(known));
        match value {
            _ if known || (piece.is_empty() && !hidden) => pieces.push(piece.to_owned()),
            _ if hidden => {}
            Some(_) => pieces.push(format!("{key}={MASK}")),
            None => pieces.push(MASK.to_owned()),
        }
        hidden |= !known;
    }
    format!("?{}", pieces.join("&"))
}

/// A secret's key anywhere else, as where the `?` is missing: everything behind it is hidden.
fn cut_after_secret_keys(mut shown: String) -> String {
    let lower = shown.to_ascii_lowercase();
    let mut from = 0;
    while let Some(equals) = lower[from..].find('=').map(|at| from + at) {
        let key = lower[from..equals].rsplit(['?', '&', '/', ';', ' ']).next().unwrap_or("");
        let value = equals + 1;
        if SECRETS.iter().any(|word| key.contains(word)) && !lower[value..].starts_with(MASK) {
            shown.truncate(value);
            shown.push_str(MASK);
            return shown;
        }
        from = value;
    }
    shown
}
