//! The URLs of `cell_mappings.database_connection`, which may be templates that nova fills from its own
//! `[database] connection`: `CellMapping.format_db_url` of `nova/objects/cell_mapping.py`, with its
//! quirks; real nova judges it in `tests/deployment_oracle.rs`.
//!
//! Imports `deployment::url`; does no I/O. No sentence and no Debug holds a password.

mod urlparse;

use std::fmt;

use super::url;

/// What nova makes of a `database_connection`.
#[derive(Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The URL that nova uses: with its password, so show it masked only.
    pub url: String,
    /// Whether anything was there to fill in.
    pub was_template: bool,
    /// What nova's way of filling changes or loses, a sentence each.
    pub quirks: Vec<String>,
    /// Why nova's own result cannot be used, and what to do.
    pub unusable: Option<String>,
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved")
            .field("url", &url::masked(&self.url))
            .field("was_template", &self.was_template)
            .field("quirks", &self.quirks)
            .field("unusable", &self.unusable)
            .finish()
    }
}

/// What to do about a template that leads nowhere.
const OVERRIDE: &str =
    "give the cell's address with --cell NAME=URL, or mend the mapping with nova-manage cell_v2 update_cell";

/// The fields that a template may name, and what they are filled with; None is Python's None.
type Fields = Vec<(String, Option<String>)>;

/// What nova makes of a `database_connection`, given the `[database] connection` of the configuration
/// that it runs with (None where that is not set).
pub fn resolve(template: &str, connection: Option<&str>) -> Resolved {
    let was_template = template.contains(['{', '}']);
    let mut resolved =
        Resolved { url: template.to_owned(), was_template, quirks: Vec::new(), unusable: None };
    if !was_template {
        return resolved;
    }
    let Some(connection) = connection else {
        resolved.unusable = Some(format!(
            "it is a template, and [database] connection, which fills it, is not set here; {OVERRIDE}"
        ));
        return resolved;
    };
    match fields(connection).and_then(|fields| Ok((format(template, &fields)?, fields))) {
        Ok((filled, fields)) => {
            judge(&mut resolved, &filled.used, &fields, connection);
            if resolved.unusable.is_none()
                && let Err(error) = url::check(&filled.text)
            {
                resolved.unusable =
                    Some(format!("filled as nova fills it, it cannot be used: {error}; {OVERRIDE}"));
            }
            resolved.url = filled.text;
        }
        Err(Failed::Raw(why)) => {
            resolved.quirks.push(format!("nova cannot fill it and takes it as it stands: {why}"));
            if url::check(template).is_err() || meant_to_be_filled(template) {
                resolved.unusable = Some(format!("nova cannot fill it: {why}; {OVERRIDE}"));
            }
        }
        Err(Failed::Unknown(why)) => resolved.unusable = Some(format!("{why}; {OVERRIDE}")),
    }
    resolved
}

/// Whether a text that nova takes as it stands holds a field that was meant to be filled.
fn meant_to_be_filled(template: &str) -> bool {
    ["scheme", "username", "password", "hostname", "port", "path", "query", "fragment"]
        .iter()
        .any(|name| template.contains(&format!("{{{name}")))
}

/// What is lost on the way, and whether the result can be used.
fn judge(resolved: &mut Resolved, used: &[String], fields: &Fields, connection: &str) {
    for name in used {
        match fields.iter().find(|(field, _)| field == name) {
            Some((_, None)) => {
                resolved
                    .quirks
                    .push(format!("{{{name}}} is not in [database] connection: nova fills in the word None"));
                if name.starts_with("port") || name.starts_with("hostname") {
                    let way = if name == "port" { "write the port into [database] connection, " } else { "" };
                    resolved.unusable = Some(format!(
                        "nova fills {{{name}}} with the word None, as [database] connection has none; {way}{OVERRIDE}"
                    ));
                }
            }
            Some((_, Some(value))) if name.starts_with("hostname") => {
                if value.contains(':') {
                    resolved.quirks.push(format!("{{{name}}} loses the brackets of the IPv6 address"));
                }
                if !connection.contains(value.as_str()) {
                    resolved.quirks.push(format!("{{{name}}} is in lower case"));
                }
            }
            _ => {}
        }
    }
}

/// Why a template is not filled.
enum Failed {
    /// nova falls back to the text as it stands.
    Raw(String),
    /// nova may fill it, reqspec does not.
    Unknown(&'static str),
}

fn raw(why: impl Into<String>) -> Failed {
    Failed::Raw(why.into())
}

/// The fields that nova offers (`CellMapping._format_url`).
fn fields(connection: &str) -> Result<Fields, Failed> {
    let wrong = |why: &str| raw(format!("[database] connection is not a URL as nova reads it here: {why}"));
    let split = urlparse::split(connection).map_err(wrong)?;
    let whole = urlparse::netloc(&split.netloc).map_err(wrong)?;
    let path = split.path.trim_start_matches('/').to_owned();
    let mut fields: Fields = vec![
        ("username".to_owned(), whole.username),
        ("password".to_owned(), whole.password),
        ("hostname".to_owned(), whole.hostname),
        ("port".to_owned(), whole.port),
        ("scheme".to_owned(), Some(split.scheme)),
        ("query".to_owned(), Some(split.query)),
        ("fragment".to_owned(), Some(split.fragment)),
        ("path".to_owned(), Some(path)),
    ];
    if split.netloc.contains(',') {
        for (at, part) in split.netloc.split(',').enumerate() {
            let found =
                numbered(part).ok_or_else(|| wrong("one of its hosts has no port that is a number"))?;
            let names = ["username", "password", "hostname", "port"];
            let values = [found.username, found.password, found.hostname, found.port];
            fields.extend(names.iter().zip(values).map(|(name, value)| (format!("{name}{}", at + 1), value)));
        }
    }
    Ok(fields)
}

/// One of several hosts: `_parse_netloc` of nova, over `netutils.parse_host_port` of oslo.utils.
fn numbered(netloc: &str) -> Option<urlparse::Netloc> {
    let (account, place) = netloc.split_once('@').unwrap_or(("", netloc));
    let (username, password) = account.split_once(':').map_or((account, None), |(u, p)| (u, Some(p)));
    let (host, port) = if place.is_empty() {
        (None, None)
    } else if let Some(bracketed) = place.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']')?;
        if after.contains(']') {
            return None;
        }
        (Some(host), after.split(':').nth(1))
    } else if place.matches(':').count() == 1 {
        let (host, port) = place.split_once(':')?;
        (Some(host), Some(port))
    } else {
        (Some(place), None)
    };
    let port = match port {
        Some(port) => Some(url::python_int(port)?.to_string()),
        None => None,
    };
    Some(urlparse::Netloc {
        username: Some(username.to_owned()),
        password: password.map(str::to_owned),
        hostname: host.map(str::to_owned),
        port,
    })
}

struct Filled {
    text: String,
    used: Vec<String>,
}

/// Python's `str.format` with plain field names.
fn format(template: &str, fields: &Fields) -> Result<Filled, Failed> {
    let mut filled = Filled { text: String::with_capacity(template.len() + 64), used: Vec::new() };
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        filled.text.push_str(&rest[..at]);
        let (mark, after) = rest[at..].split_at(1);
        if let Some(after) = after.strip_prefix(mark) {
            filled.text.push_str(mark);
            rest = after;
            continue;
        }
        if mark == "}" {
            return Err(raw("it has a } without its {"));
        }
        let end = after.find(['{', '}']).ok_or_else(|| raw("it has a { without its }"))?;
        let name = &after[..end];
        let plain = name.split(['!', ':', '.', '[']).next().unwrap_or(name);
        let Some((_, value)) = fields.iter().find(|(field, _)| field == plain) else {
            return Err(raw("it names a field that nova does not have"));
        };
        if plain != name || after[end..].starts_with('{') {
            return Err(Failed::Unknown("it formats a field in a way that reqspec does not follow"));
        }
        filled.text.push_str(value.as_deref().unwrap_or("None"));
        filled.used.push(name.to_owned());
        rest = &after[end + 1..];
    }
    filled.text.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod template_tests;
