//! For people: passwords replaced by `***`, in addresses ([`masked`]) and in stored specs, where old ones
//! hold the URLs of a cell's message queue and database ([`masked_json`], [`masked_at`]).
//!
//! The rule is to hide too much rather than too little. Imports [`super::text`]; does no I/O.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::text::escaped;

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
/// first `:` and is no port. Also safe on texts that are no URL. The fields of a template stay. Characters that a terminal would act on
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
    // The last `@` may stand in a secret of the query, and the first `:` as well.
    if secret_before(&rest[..at]) {
        let (place, _) = split_query(rest);
        return match hosts(place, schemed) {
            None if place.len() < colon => format!("{place}?{MASK}"),
            _ => format!("{}:{MASK}", &rest[..colon]),
        };
    }
    let secret = &rest[colon + 1..at];
    let secret = if is_field(secret, "password") { secret } else { MASK };
    format!("{}:{secret}{}", &rest[..colon], place_and_query(&rest[at..], true))
}

/// Whether a text is a field of a template (`{port}`, `{port2}`), which nova fills.
fn is_field(text: &str, name: &str) -> bool {
    let field = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let number = field.and_then(|field| field.strip_prefix(name));
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
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
    let query = percent_decode_str(query).decode_utf8_lossy().to_lowercase();
    SECRETS.iter().any(|word| query.contains(word))
}

/// Where the scheme ends, behind its `://`; 0 where there is none that can be trusted to be one.
fn scheme_end(text: &str) -> usize {
    let Some((scheme, _)) = text.split_once("://") else { return 0 };
    let engine = scheme.split('+').next().unwrap_or(scheme);
    let known = ENGINES.iter().any(|known| engine.eq_ignore_ascii_case(known));
    let word = scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'));
    if (known && word) || is_field(scheme, "scheme") { scheme.len() + 3 } else { 0 }
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
    let number = !port.starts_with('+') && port.parse::<u16>().is_ok();
    let is_port = schemed && (number || is_field(port, "port"));
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
            _ if known || is_field(piece, "query") || (piece.is_empty() && !hidden) => {
                pieces.push(piece.to_owned())
            }
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

/// A sentence in which URLs may stand, each without its password.
pub fn masked_words(sentence: &str) -> String {
    let word = |word: &str| if word.contains("://") { masked(word) } else { word.to_owned() };
    sentence.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The fields of a stored spec that are URLs with passwords: those of nova's CellMapping, in what is
/// left over of a requested destination.
const URL_FIELDS: [&str; 2] = ["transport_url", "database_connection"];

/// A stored JSON text, or any part of one, malformed too, without the passwords in the values of
/// `transport_url` and `database_connection`. Borrowed where there is none.
pub fn masked_json(text: &str) -> Cow<'_, str> {
    match hidden(text).as_slice() {
        [] => Cow::Borrowed(text),
        hidden => Cow::Owned(replaced(text, hidden)),
    }
}

/// The same in two parts: what stands before a byte, and what stands from there on. A value with a
/// password over that byte is wholly in the first.
pub fn masked_around(text: &str, at: usize) -> (String, String) {
    let hidden = hidden(text);
    let at =
        hidden.iter().map(|(range, _)| range).find(|range| range.contains(&at)).map_or(at, |range| range.end);
    let (before, after): (Vec<_>, Vec<_>) = hidden.into_iter().partition(|(range, _)| range.end <= at);
    let after: Vec<_> =
        after.into_iter().map(|(range, shown)| (range.start - at..range.end - at, shown)).collect();
    (replaced(&text[..at], &before), replaced(&text[at..], &after))
}

/// The values with a password in a text, and what is shown in their place.
fn hidden(text: &str) -> Vec<(Range<usize>, String)> {
    let (mut out, mut from) = (Vec::new(), 0);
    let mut keys = Keys { text, next: [Some(0); 2] };
    while let Some(start) = keys.value_after(from) {
        let end = string_end(&text[start..]);
        from = end.map_or(text.len(), |end| start + end);
        out.extend(masked_token(&text[start..from], end.is_none()).map(|shown| (start..from, shown)));
    }
    out
}

fn replaced(text: &str, parts: &[(Range<usize>, String)]) -> String {
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for (range, shown) in parts {
        out.push_str(&text[done..range.start]);
        out.push_str(shown);
        done = range.end;
    }
    out.push_str(&text[done..]);
    out
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
    fn sentences_keep_their_words() {
        let sentence = "gpg: no access to mysql://u:s3cret@h/d: denied";
        assert_eq!(masked_words(sentence), "gpg: no access to mysql://u:***@h/d: denied");
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
    fn a_value_is_hidden_wherever_the_text_is_parted() {
        let text = r#"{"transport_url": "rabbit://nova:s3cret@host/", "b": 1}"#;
        for at in 0..text.len() {
            let (before, after) = masked_around(text, at);
            assert_eq!(format!("{before}{after}"), masked_json(text), "{at}");
        }
    }
}
