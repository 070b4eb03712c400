//! `$name`, `${name}`, `$group.name`, `${group.name}` and `$$` in values: `ConfigOpts._substitute` and
//! `StrSubWrapper` of `oslo_config/cfg.py`, over Python's `string.Template`.
//!
//! Imports its siblings only; does no I/O.

use super::{ConfError, Configuration, Dangling, Origin, Raw, Value, ini};

/// An option on the way to the one that was asked for: to tell a circle.
type Chain<'c> = Vec<(&'c str, &'c str)>;

/// An option's value, substituted.
pub(super) fn value(conf: &Configuration, group: &str, name: &str) -> Result<Option<Value>, ConfError> {
    lookup(conf, group, name, &Vec::new())
}

/// One of several values of an option.
pub(super) fn text(conf: &Configuration, group: &str, name: &str, raw: &Raw) -> Result<Value, ConfError> {
    let here = Here { group, name, origin: &raw.origin };
    let text = substituted(conf, &here, &raw.text, &vec![(group, name)])?;
    Ok(Value { text, origin: raw.origin.clone() })
}

struct Here<'h> {
    group: &'h str,
    name: &'h str,
    origin: &'h Origin,
}

fn lookup(
    conf: &Configuration,
    group: &str,
    name: &str,
    chain: &Chain<'_>,
) -> Result<Option<Value>, ConfError> {
    let Some((raw, origin)) = conf.raw(group, name) else { return Ok(None) };
    let mut chain = chain.clone();
    chain.push((group, name));
    let text = substituted(conf, &Here { group, name, origin: &origin }, raw, &chain)?;
    Ok(Some(Value { text, origin }))
}

fn substituted(
    conf: &Configuration,
    here: &Here<'_>,
    raw: &str,
    chain: &Chain<'_>,
) -> Result<String, ConfError> {
    if !raw.contains('$') {
        return Ok(raw.to_owned());
    }
    // Operators write \$ as well.
    let raw = raw.replace(r"\$", "$$");
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw.as_str();
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            text.push('$');
            rest = after;
            continue;
        }
        let Some((reference, after)) = reference(rest) else {
            // Not a name: it stays as it is (safe_substitute).
            text.push('$');
            continue;
        };
        text.push_str(&referred(conf, here, &raw, reference, chain)?);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// The name that follows a `$`, in braces or not, and what follows it.
fn reference(rest: &str) -> Option<(&str, &str)> {
    let (inner, braced) = rest.strip_prefix('{').map_or((rest, false), |inner| (inner, true));
    let end = inner.find(|c: char| !is_name(c)).unwrap_or(inner.len());
    let (name, after) = inner.split_at(end);
    if !name.starts_with(|c: char| is_name(c) && c != '.' && !c.is_ascii_digit()) {
        return None;
    }
    if braced { Some((name, after.strip_prefix('}')?)) } else { Some((name, after)) }
}

/// What Python's `[\._a-z0-9]` matches without regard to case, the four letters beyond ASCII that
/// fold to ones of it included.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '\u{130}' | '\u{131}' | '\u{17f}' | '\u{212a}')
}

/// Whether a value may hold a password: a URL, or an option that sounds like one.
fn is_secret(name: &str, raw: &str) -> bool {
    let name = name.to_ascii_lowercase();
    raw.contains(['@', ':'])
        || ["pass", "secret", "connection", "url", "key", "token", "credential"]
            .iter()
            .any(|word| name.contains(word))
}

fn referred(
    conf: &Configuration,
    here: &Here<'_>,
    raw: &str,
    reference: &str,
    chain: &Chain<'_>,
) -> Result<String, ConfError> {
    let error = |reason| ConfError::Substitution {
        group: here.group.to_owned(),
        name: here.name.to_owned(),
        origin: here.origin.clone(),
        // It may as well be the end of a password with a $ in it.
        reference: if is_secret(here.name, raw) { "a $name".to_owned() } else { format!("${reference}") },
        reason,
    };
    let places: &[(&str, &str)] = match reference.split_once('.') {
        // oslo.config knows groups by their lower-case names; DEFAULT is none of them.
        Some((group, _)) if group == "DEFAULT" || group != ini::normalised(group) => {
            return Err(error(Dangling::NoGroup));
        }
        Some((group, name)) => &[(group, name)],
        None => &[(here.group, reference), ("DEFAULT", reference)],
    };
    let mut missing = error(Dangling::NoOption);
    for &(group, name) in places {
        if chain.contains(&(group, name)) {
            return Err(error(Dangling::Circle));
        }
        match lookup(conf, group, name, chain) {
            Ok(Some(value)) => return Ok(value.text),
            Ok(None) => {}
            // As in oslo.config: an option that itself refers to none counts as not there, and
            // [DEFAULT] is asked.
            Err(inner @ ConfError::Substitution { reason: Dangling::NoOption, .. }) => missing = inner,
            Err(inner) => return Err(inner),
        }
    }
    Err(missing)
}
