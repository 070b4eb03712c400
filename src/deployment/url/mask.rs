//! Addresses for people: passwords replaced by `***`, whatever the text is.
//!
//! The rule is to hide too much rather than too little. Imports nothing of ours; does no I/O.

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
    "init_command",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "local_infile",
    "max_allowed_packet",
    "mode",
    "options",
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
    &["mysql", "mariadb", "postgresql", "postgres", "sqlite", "oracle", "mssql", "rabbit"];

/// The text with every password in it replaced by `***`: what stands between the first `:` of the
/// user's part and the last `@` (nova tolerates `/`, `#`, `+`, `:`, `%` and `?` there), the values of query
/// keys that are not known to be harmless, and, where no `@` ends a password, whatever follows the
/// first `:` and is no port. Also safe on texts that are no URL.
pub fn masked(text: &str) -> String {
    let start = scheme_end(text);
    let (scheme, rest) = text.split_at(start);
    // An `@` that was percent-encoded once too often counts where there is no other.
    let at = rest.rfind('@').or_else(|| rest.find("%40"));
    let Some(at) = at else {
        let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
        return match hosts(place, start > 0) {
            Some(hidden) => format!("{scheme}{hidden}"),
            None => format!("{scheme}{place}{}", query.map_or_else(String::new, masked_query)),
        };
    };
    let account = &rest[..at];
    let after = &rest[at..];
    let account = match account.find(':').into_iter().chain(find_encoded_colon(account)).min() {
        Some(colon) => format!("{}:{MASK}", &account[..colon]),
        // No password before the last `@`; one may stand in the query, with an `@` in it.
        None => return format!("{scheme}{}", without_account(rest)),
    };
    format!("{scheme}{account}{}", without_account(after))
}

/// A text that begins behind the password, or has none: its host and its query.
fn without_account(text: &str) -> String {
    let (place, query) = text.split_once('?').map_or((text, None), |(place, query)| (place, Some(query)));
    let place = hosts(place, true).unwrap_or_else(|| place.to_owned());
    format!("{place}{}", query.map_or_else(String::new, masked_query))
}

fn find_encoded_colon(text: &str) -> Option<usize> {
    text.find("%3A").into_iter().chain(text.find("%3a")).min()
}

/// Where the scheme ends, behind its `://`; 0 where there is none that can be trusted to be one.
fn scheme_end(text: &str) -> usize {
    let Some((scheme, _)) = text.split_once("://") else { return 0 };
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
    let engine = scheme.split('+').next().unwrap_or(scheme);
    let known = ENGINES.iter().any(|known| engine.eq_ignore_ascii_case(known));
    if known && scheme.chars().all(word) { scheme.len() + 3 } else { 0 }
}

/// The hosts and the path with everything hidden that follows a `:` and is no port; None where
/// nothing is to be hidden. Where there was no scheme the path may begin with a `:` of its own.
fn hosts(place: &str, schemed: bool) -> Option<String> {
    let authority = if schemed { place.split('/').next().unwrap_or(place) } else { place };
    // The colons of an IPv6 address in brackets.
    let from = match (authority.find('['), authority.find(']')) {
        (Some(open), Some(close))
            if authority[open + 1..close.max(open + 1)].parse::<std::net::Ipv6Addr>().is_ok() =>
        {
            close
        }
        _ => 0,
    };
    let colon = from + authority[from..].find(':').or_else(|| find_encoded_colon(&authority[from..]))?;
    let port = authority[colon + 1..].split(['/', ',']).next().unwrap_or("");
    let is_port = authority[colon..].starts_with(':')
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && (port.parse::<u16>().is_ok() || port.is_empty() && schemed);
    let more = authority[colon + 1..].contains(':');
    if is_port && !more { None } else { Some(format!("{}:{MASK}", &place[..colon])) }
}

/// The query with the values of all keys hidden that are not known to be harmless. Behind a secret,
/// pieces that are no known key may belong to it.
fn masked_query(query: &str) -> String {
    let mut shown = String::from("?");
    let mut hidden = false;
    for piece in query.split('&') {
        let (key, value) = piece.split_once('=').map_or((piece, None), |(key, value)| (key, Some(value)));
        let known = SHOWN_KEYS.iter().any(|known| key.eq_ignore_ascii_case(known));
        if hidden && !known {
            continue;
        }
        if shown.len() > 1 {
            shown.push('&');
        }
        match value {
            Some(value) if known => {
                shown.push_str(&format!("{key}={value}"));
            }
            Some(_) => {
                shown.push_str(&format!("{key}={MASK}"));
                hidden = true;
            }
            None if known || piece.is_empty() => shown.push_str(piece),
            None => {
                shown.push_str(MASK);
                hidden = true;
            }
        }
    }
    shown
}
