//! A URL in the parts that Python's `urllib.parse.urlparse` finds: what nova fills templates from. It
//! reads URLs differently from SQLAlchemy: a raw `/`, `?` or `#` in a password ends the host there,
//! nothing is percent-decoded, and the port must be digits.
//!
//! Imports nothing of ours; does no I/O. No error holds a part of the URL.

/// Of `scheme://netloc/path?query#fragment`; None stands for Python's None.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Split {
    pub scheme: String,
    pub netloc: String,
    pub path: String,
    pub query: String,
    pub fragment: String,
}

/// The account, host and port of a `netloc`.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Netloc {
    pub username: Option<String>,
    pub password: Option<String>,
    pub hostname: Option<String>,
    pub port: Option<String>,
}

/// Why urlparse raises ValueError, in words for the operator.
pub(super) type Refused = &'static str;

/// Characters whose compatibility form (NFKC) holds one of `/ ? # @ :`, which urlparse refuses.
const DECEPTIVE: &[char] = &[
    '\u{2047}', '\u{2048}', '\u{2049}', '\u{2100}', '\u{2101}', '\u{2105}', '\u{2106}', '\u{2a74}',
    '\u{fe13}', '\u{fe16}', '\u{fe55}', '\u{fe56}', '\u{fe5f}', '\u{fe6b}', '\u{ff03}', '\u{ff0f}',
    '\u{ff1a}', '\u{ff1f}', '\u{ff20}',
];

/// `urlsplit`, and `urlparse`'s parameters of the path left aside.
pub(super) fn split(url: &str) -> Result<Split, Refused> {
    let url = url.trim_start_matches(|c: char| c <= ' ').replace(['\t', '\r', '\n'], "");
    let mut found = Split::default();
    let mut rest = url.as_str();
    if let Some((scheme, after)) = rest.split_once(':')
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    {
        found.scheme = scheme.to_ascii_lowercase();
        rest = after;
    }
    if let Some(after) = rest.strip_prefix("//") {
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        found.netloc = after[..end].to_owned();
        rest = &after[end..];
        check_brackets(&found.netloc)?;
    }
    if let Some((before, fragment)) = rest.split_once('#') {
        found.fragment = fragment.to_owned();
        rest = before;
    }
    if let Some((before, query)) = rest.split_once('?') {
        found.query = query.to_owned();
        rest = before;
    }
    if found.netloc.contains(DECEPTIVE) {
        return Err("it holds a character that looks like / ? # @ or :");
    }
    // Parameters (`;…`) are split off the last segment where the scheme may have them; of the schemes
    // of databases none has, but no scheme at all counts as one that has.
    if found.scheme.is_empty() && rest.contains(';') {
        let from = rest.rfind('/').unwrap_or(0);
        if let Some(at) = rest[from..].find(';') {
            rest = &rest[..from + at];
        }
    }
    found.path = rest.to_owned();
    Ok(found)
}

fn check_brackets(netloc: &str) -> Result<(), Refused> {
    const WRONG: Refused = "its [ ] do not hold an IPv6 address";
    match (netloc.contains('['), netloc.contains(']')) {
        (false, false) => Ok(()),
        (true, true) => {
            let inner = netloc.split_once('[').map_or("", |(_, inner)| inner);
            let inner = inner.split_once(']').map_or(inner, |(inner, _)| inner);
            // An address of the future: `v1.x`.
            if let Some((version, address)) = inner.strip_prefix('v').and_then(|inner| inner.split_once('.'))
            {
                let hex = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_hexdigit());
                return if hex && !address.is_empty() { Ok(()) } else { Err(WRONG) };
            }
            // A zone may follow the address: `fe80::1%eth0`.
            let (address, zone) = inner.split_once('%').map_or((inner, None), |(a, zone)| (a, Some(zone)));
            let zoned = zone.is_none_or(|zone| !zone.is_empty() && !zone.contains('%'));
            if address.parse::<std::net::Ipv6Addr>().is_ok() && zoned { Ok(()) } else { Err(WRONG) }
        }
        _ => Err(WRONG),
    }
}

/// The `username`, `password`, `hostname` and `port` of urlparse's result.
pub(super) fn netloc(netloc: &str) -> Result<Netloc, Refused> {
    let (account, place) = netloc.rsplit_once('@').map_or((None, netloc), |(a, place)| (Some(a), place));
    let mut found = Netloc::default();
    if let Some(account) = account {
        let (user, password) = account.split_once(':').map_or((account, None), |(u, p)| (u, Some(p)));
        found.username = Some(user.to_owned());
        found.password = password.map(str::to_owned);
    }
    let (host, port) = match place.split_once('[') {
        Some((_, bracketed)) => {
            let (host, after) = bracketed.split_once(']').unwrap_or((bracketed, ""));
            (host, after.split_once(':').map_or("", |(_, port)| port))
        }
        None => place.split_once(':').unwrap_or((place, "")),
    };
    if !host.is_empty() {
        let (name, zone) = host.find('%').map_or((host, ""), |at| host.split_at(at));
        found.hostname = Some(format!("{}{zone}", name.to_lowercase()));
    }
    if !port.is_empty() {
        let number = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.trim_start_matches('0'));
        let number = number.map(|digits| if digits.is_empty() { "0" } else { digits });
        match number {
            Some(digits) if digits.parse::<u16>().is_ok() => found.port = Some(digits.to_owned()),
            _ => {
                return Err(
                    "what stands after the host's : is no port (a raw / ? # or , in the password does that: write %2F %3F %23 %2C)",
                );
            }
        }
    }
    Ok(found)
}
