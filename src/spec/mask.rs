//! For people: passwords replaced by `***`, in addresses ([`masked`]) and in stored specs, where old ones
//! hold the URLs of a cell's message queue and database ([`masked_json`], [`masked_at`]).
//!
//! The rule is to hide too much rather than too little. Imports nothing of ours; does no I/O.

use std::borrow::Cow;

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

/// The fields of a stored spec that are URLs with passwords: those of nova's CellMapping, in what is
/// left over of a requested destination.
const URL_FIELDS: [&str; 2] = ["transport_url", "database_connection"];

/// A stored JSON text, or any part of one, malformed too, without the passwords in the values of
/// `transport_url` and `database_connection`. Borrowed where there is none.
pub fn masked_json(text: &str) -> Cow<'_, str> {
    let (shown, _) = masked_part(text, false);
    shown
}

/// The same of one part of a text after the other: whether the part before ended inside such a
/// value, and whether this one does.
pub fn masked_part(text: &str, inside: bool) -> (Cow<'_, str>, bool) {
    let (mut out, mut done, mut from) = (String::new(), 0, 0);
    if inside {
        let end = string_end(text);
        out.push_str(MASK);
        done = end.unwrap_or(text.len());
        from = done;
        if end.is_none() {
            return (Cow::Owned(out), true);
        }
    }
    let (mut open, mut keys) = (false, Keys { text, next: [Some(0); 2] });
    while let Some(start) = keys.value_after(from) {
        let end = string_end(&text[start..]);
        open = end.is_none();
        from = end.map_or(text.len(), |end| start + end);
        if let Some(hidden) = masked_token(&text[start..from], open) {
            out.push_str(&text[done..start]);
            out.push_str(&hidden);
            done = from;
        }
    }
    if done == 0 {
        return (Cow::Borrowed(text), open);
    }
    out.push_str(&text[done..]);
    (Cow::Owned(out), open)
}

/// The names of such fields in a text: where each stands next. Each is looked for once.
struct Keys<'t> {
    text: &'t str,
    next: [Option<usize>; 2],
}

impl Keys<'_> {
    /// Where the next value of such a field begins, behind its quote.
    fn value_after(&mut self, mut from: usize) -> Option<usize> {
        loop {
            for (next, key) in self.next.iter_mut().zip(URL_FIELDS) {
                // At the beginning nothing was looked for yet.
                if next.is_some_and(|at| at < from || at == 0) {
                    *next = self.text[from..].find(key).map(|at| from + at);
                }
            }
            let found =
                self.next.iter().zip(URL_FIELDS).filter_map(|(next, key)| Some(((*next)?, key.len())));
            let (at, length) = found.min()?;
            from = at + length;
            let rest = self.text[from..].strip_prefix('"').map(str::trim_start);
            let rest = rest.and_then(|rest| rest.strip_prefix(':')).map(str::trim_start);
            if let Some(value) = rest.and_then(|rest| rest.strip_prefix('"')) {
                return Some(self.text.len() - value.len());
            }
        }
    }
}

/// Where a string ends whose opening quote stands before the text.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// What stands between the quotes, if a password is hidden in it. One that is cut short may end
/// before the `@` that would tell.
fn masked_token(token: &str, cut: bool) -> Option<String> {
    let decoded: Cow<'_, str> = if token.contains('\\') {
        serde_json::from_str::<String>(&format!("\"{token}\"")).map_or(Cow::Borrowed(token), Cow::Owned)
    } else {
        Cow::Borrowed(token)
    };
    let harmless = !cut && !decoded.contains(['@', '?']) && !decoded.contains("%40");
    let shown = if harmless { return None } else { masked(&decoded) };
    if shown == *decoded {
        return None;
    }
    let encoded = serde_json::to_string(&shown).unwrap_or_default();
    encoded.strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
}

/// The value at a path of a spec, as a JSON token, without the passwords in it.
pub fn masked_at<'v>(path: &str, value: &'v str) -> Cow<'v, str> {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    match inner {
        Some(inner) if is_url_field(path) => masked_token(inner, false)
            .map_or(Cow::Borrowed(value), |hidden| Cow::Owned(format!("\"{hidden}\""))),
        _ => masked_json(value),
    }
}

/// The characters of a string of that key, without the password.
pub fn masked_value<'v>(key: &str, value: &'v str) -> Cow<'v, str> {
    let harmless = !is_url_field(key) || !value.contains(['@', '?']) && !value.contains("%40");
    if harmless { Cow::Borrowed(value) } else { Cow::Owned(masked(value)) }
}

/// Whether the last word of a path is one of those fields.
fn is_url_field(path: &str) -> bool {
    let last = path.rsplit(['.', '[']).next().unwrap_or(path);
    URL_FIELDS.contains(&last.trim_end_matches(']'))
}

/// Whether a stored text holds a password.
pub fn holds_password(text: &str) -> bool {
    matches!(masked_json(text), Cow::Owned(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_in_stored_specs_show_no_password() {
        for (text, shown) in [
            (
                r#"{"cell": {"transport_url": "rabbit://nova:s3cret@r1:5672,n:s3@r2/v", "database_connection":"mysql://u:s3cret@h/d?charset=utf8"}}"#,
                r#"{"cell": {"transport_url": "rabbit://nova:***@r2/v", "database_connection":"mysql://u:***@h/d?charset=utf8"}}"#,
            ),
            // A quote and an escaped @ in the password.
            (
                r#"{"transport_url" : "rabbit://nova:s3\"cret\u0040h/"}"#,
                r#"{"transport_url" : "rabbit://nova:***@h/"}"#,
            ),
            // Cut short, before the @ too.
            (r#"{"transport_url": "rabbit://nova:s3cret@h"#, r#"{"transport_url": "rabbit://nova:***@h"#),
            (r#"{"transport_url": "rabbit://nova:s3cret"#, r#"{"transport_url": "rabbit://nova:***"#),
        ] {
            assert_eq!(masked_json(text), shown);
            assert!(holds_password(text));
        }
        for text in [
            r#"{"transport_url": "none:///", "database_connection": "sqlite:////var/lib/x.sqlite"}"#,
            r#"{"transport_url": null, "hint": "http://x:80/@y", "database_connection": 3}"#,
            r#"{"note": "transport_url"}"#,
            "transport_url",
            "",
        ] {
            assert!(matches!(masked_json(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn the_value_of_a_path_shows_no_password() {
        let url = r#""rabbit://nova:s3cret@h/""#;
        assert_eq!(masked_at("requested_destination.cell.transport_url", url), r#""rabbit://nova:***@h/""#);
        assert_eq!(masked_at("x[transport_url]", url), r#""rabbit://nova:***@h/""#);
        assert_eq!(masked_at("scheduler_hints[my_transport_url]", url), url);
        let whole = format!(r#"{{"transport_url": {url}}}"#);
        assert!(!masked_at("requested_destination", &whole).contains("s3cret"));
        assert_eq!(masked_value("transport_url", "rabbit://nova:s3cret@h/"), "rabbit://nova:***@h/");
        assert_eq!(masked_value("name", "rabbit://nova:s3cret@h/"), "rabbit://nova:s3cret@h/");
    }

    #[test]
    fn a_value_in_two_parts_is_hidden_in_both() {
        let text = r#"{"transport_url": "rabbit://nova:s3cret@host/", "b": 1}"#;
        for cut in text.find("://").unwrap() + 8..text.find("\", ").unwrap() {
            let (before, inside) = masked_part(&text[..cut], false);
            let (after, open) = masked_part(&text[cut..], inside);
            assert!(inside && !open);
            let shown = format!("{before}|{after}");
            assert!(
                !shown.contains("s3c") && !shown.contains("cret") && shown.ends_with(r#"", "b": 1}"#),
                "{shown}"
            );
        }
    }
}
