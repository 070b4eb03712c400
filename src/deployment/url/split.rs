//! A SQLAlchemy URL in its parts: the regular expression and the decoding of
//! `sqlalchemy/engine/url.py`, `_parse_url`, followed letter by letter.
//!
//! Imports nothing of ours; does no I/O.

/// The parts, decoded. What the expression matches as empty is None, as drivers take it.
pub(super) struct Parts {
    /// `mysql+pymysql`.
    pub scheme: String,
    pub user: Option<String>,
    pub password: Option<String>,
    /// Without brackets.
    pub host: Option<String>,
    pub port: Option<Port>,
    pub database: Option<String>,
    /// Whether a `?` begins a query: one in the password does not.
    pub has_query: bool,
    /// Keys and values in their order; empty values are dropped.
    pub query: Vec<(String, String)>,
    /// A raw `@` stands behind the one that ends the password: it belongs into the password.
    pub stray_at: bool,
}

/// The text between the host's `:` and the path.
pub(super) enum Port {
    /// A number; SQLAlchemy takes any.
    Number(i128),
    /// No number, or nothing.
    Other,
}

/// The parts of a URL; None where the expression does not match.
pub(super) fn split(text: &str) -> Option<Parts> {
    let (scheme, rest) = text.split_once("://")?;
    // `[\w\+]+`, from the first letter of the text.
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '+')) {
        return None;
    }
    let (user, password, place) = account(rest);
    let (host, after) = host(place);
    // `(?::(?P<port>[^/\?]*))?(?:/(?P<database>[^\?]*))?(?:\?(?P<query>.*))?`; what is left is ignored.
    let (port, after) = part(after, ':', &['/', '?']);
    let (database, after) = part(after, '/', &['?']);
    let (query, _) = part(after, '?', &['\n']);
    let has_query = query.is_some();
    let query = query.unwrap_or("");
    let text = |part: Option<&str>| part.filter(|part| !part.is_empty()).map(str::to_owned);
    let decoded = |part: Option<&str>| part.filter(|part| !part.is_empty()).map(unquoted);
    let stray = |part: Option<&str>| part.is_some_and(|part| part.contains('@'));
    let stray_query =
        query.split('&').any(|piece| piece.split('=').next().is_some_and(|key| key.contains('@')));
    Some(Parts {
        scheme: scheme.to_owned(),
        user: decoded(user),
        password: decoded(password),
        host: text(host),
        port: port.map(|port| python_int(port).map_or(Port::Other, Port::Number)),
        database: decoded(database),
        has_query,
        query: pairs(query),
        stray_at: stray(host) || stray(port) || stray(database) || stray_query,
    })
}

/// `(?:(?P<username>[^:/]*)(?::(?P<password>[^@]*))?@)?`, with its way of going back: the password ends
/// at the first `@` behind the first `:`, a user without password at the last `@` before `:` and `/`.
fn account(rest: &str) -> (Option<&str>, Option<&str>, &str) {
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    if let Some(after) = rest[end..].strip_prefix(':')
        && let Some((password, place)) = after.split_once('@')
    {
        return (Some(&rest[..end]), Some(password), place);
    }
    match rest[..end].rfind('@') {
        Some(at) => (Some(&rest[..at]), None, &rest[at + 1..]),
        None => (None, None, rest),
    }
}

/// `(?:\[(?P<ipv6host>[^/\?]+)\]|(?P<ipv4host>[^/:\?]+))?`
fn host(place: &str) -> (Option<&str>, &str) {
    let end = place.find(['/', '?']).unwrap_or(place.len());
    if let Some(inner) = place[..end].strip_prefix('[')
        && let Some(close) = inner.rfind(']').filter(|close| *close > 0)
    {
        return (Some(&inner[..close]), &place[close + 2..]);
    }
    let end = place.find([':', '/', '?']).unwrap_or(place.len());
    if end == 0 { (None, place) } else { (Some(&place[..end]), &place[end..]) }
}

/// A part that begins with `mark` and goes to one of `ends`, and what follows.
fn part<'t>(text: &'t str, mark: char, ends: &[char]) -> (Option<&'t str>, &'t str) {
    match text.strip_prefix(mark) {
        None => (None, text),
        Some(inner) => {
            let end = inner.find(ends).unwrap_or(inner.len());
            (Some(&inner[..end]), &inner[end..])
        }
    }
}

/// `urllib.parse.unquote`: `%XX` as UTF-8, what is none of it replaced, `+` kept.
pub(super) fn unquoted(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// `urllib.parse.parse_qsl` as SQLAlchemy calls it: `+` is a space, empty values are dropped.
fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter_map(|piece| piece.split_once('='));
    pairs
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (unquoted(&key.replace('+', " ")), unquoted(&value.replace('+', " "))))
        .collect()
}

/// Python's `int(text)` of a decimal number in ASCII digits: spaces around it, a sign and single underscores between
/// digits are fine. None where Python raises ValueError, and beyond 30 digits.
pub(in crate::deployment) fn python_int(text: &str) -> Option<i128> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'));
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut number: i128 = 0;
    let mut was_digit = false;
    for c in digits.chars() {
        match c.to_digit(10) {
            Some(digit) => number = number.checked_mul(10)?.checked_add(i128::from(digit))?,
            None if c == '_' && was_digit => {}
            None => return None,
        }
        was_digit = c != '_';
    }
    was_digit.then_some(sign * number)
}
