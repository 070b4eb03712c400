//! What nova makes of a JSON value in a field that is neither an object nor a container: the
//! `coerce` and `from_primitive` of `oslo_versionedobjects/fields.py` and `nova/objects/fields.py`.
//!
//! Imports its siblings and [`crate::spec::document`]; no I/O.

use std::net::IpAddr;

use super::date;
use super::problem::{Severity, shown};
use super::types::{EnumValue, Kind};
use crate::spec::document::{self, Node};

/// A fault of one value; `None` is none.
pub(super) type Fault = Option<(Severity, String)>;

fn unloadable(sentence: impl Into<String>) -> Fault {
    Some((Severity::Unloadable, sentence.into()))
}

fn harmful(sentence: impl Into<String>) -> Fault {
    Some((Severity::Harmful, sentence.into()))
}

fn notice(sentence: impl Into<String>) -> Fault {
    Some((Severity::Notice, sentence.into()))
}

/// The fault of a non-null value in a scalar field.
pub(super) fn fault(kind: &Kind, node: Node<'_>) -> Fault {
    match kind {
        Kind::String => text(node),
        Kind::Boolean => boolean(node),
        Kind::FlexibleBoolean => flexible_boolean(node),
        Kind::Integer => integer(node),
        Kind::NonNegativeInteger => integer(node).or_else(|| negative(node)),
        Kind::Float => float(node),
        Kind::NonNegativeFloat => float(node).or_else(|| negative(node)),
        Kind::Uuid => uuid(node),
        Kind::DateTime => datetime(node),
        Kind::IpAddress => address(node),
        Kind::VersionPredicate => match node.as_str() {
            Some(predicate) if is_version_predicate(&predicate) => None,
            _ => unloadable("should be version comparisons such as \">=2.6,<4\""),
        },
        Kind::Enum { values, any_case, aliases, .. } => enumeration(node, values, *any_case, aliases),
        Kind::Object(_) | Kind::List(_) | Kind::Set(_) | Kind::Dict(_) => None,
    }
}

fn text(node: Node<'_>) -> Fault {
    match node.kind() {
        document::Kind::String => None,
        document::Kind::Number | document::Kind::Bool => {
            notice(format!("{} is no string; nova reads it as one", shown(node.raw())))
        }
        other => unloadable(format!("should be a string, is {}", other.describe())),
    }
}

fn boolean(node: Node<'_>) -> Fault {
    match node.kind() {
        document::Kind::Bool => None,
        _ => harmful(format!("should be true or false; nova takes {} for its truth", shown(node.raw()))),
    }
}

fn flexible_boolean(node: Node<'_>) -> Fault {
    const WORDS: &[&str] = &["1", "t", "true", "on", "y", "yes", "0", "f", "false", "off", "n", "no"];
    match node.kind() {
        document::Kind::Bool => None,
        document::Kind::String
            if node.as_str().is_some_and(|word| WORDS.contains(&word.trim().to_lowercase().as_str())) =>
        {
            notice("is a boolean written as a string; nova understands it")
        }
        _ => harmful(format!("should be true or false; nova reads {} as false", shown(node.raw()))),
    }
}

fn integer(node: Node<'_>) -> Fault {
    let raw = node.raw();
    match node.kind() {
        document::Kind::Number if is_integer_token(raw) => None,
        document::Kind::Number => match raw.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                harmful(format!("should be an integer; nova cuts {} down to one", shown(raw)))
            }
            _ => unloadable(format!("should be an integer, is {}", shown(raw))),
        },
        document::Kind::Bool => {
            let number = if raw == "true" { 1 } else { 0 };
            harmful(format!("should be an integer; nova reads {raw} as {number}"))
        }
        document::Kind::String if node.as_str().is_some_and(|text| is_python_integer(&text)) => {
            harmful(format!("should be an integer, is the string {}", shown(raw)))
        }
        other => unloadable(format!("should be an integer, is {}", other.describe())),
    }
}

fn float(node: Node<'_>) -> Fault {
    let raw = node.raw();
    match node.kind() {
        document::Kind::Number if is_integer_token(raw) => match raw.parse::<f64>() {
            Ok(number) if number.is_finite() => None,
            _ => unloadable("is too large for a floating-point number"),
        },
        document::Kind::Number => None,
        document::Kind::Bool => harmful(format!("should be a number, is {raw}")),
        document::Kind::String if node.as_str().is_some_and(|text| is_python_float(&text)) => {
            harmful(format!("should be a number, is the string {}", shown(raw)))
        }
        other => unloadable(format!("should be a number, is {}", other.describe())),
    }
}

fn negative(node: Node<'_>) -> Fault {
    let text = node.as_str().unwrap_or_else(|| node.raw().into());
    (text.trim().starts_with('-') && text.bytes().any(|digit| matches!(digit, b'1'..=b'9')))
        .then(|| (Severity::Unloadable, "must not be negative".to_owned()))
}

fn uuid(node: Node<'_>) -> Fault {
    match node.as_str() {
        Some(text) if is_uuid(&text) => None,
        Some(_) => notice(format!("{} is not a UUID", shown(node.raw()))),
        None => harmful(format!("should be a UUID, is {}", node.kind().describe())),
    }
}

fn datetime(node: Node<'_>) -> Fault {
    match node.as_str() {
        Some(text) => match date::canonical(&text) {
            Some(canonical) if canonical == text => None,
            Some(canonical) => notice(format!("nova would write this date as {canonical}")),
            None => unloadable(format!("{} is not a date such as 2026-01-31T12:00:00Z", shown(node.raw()))),
        },
        None => unloadable(format!("should be a date, is {}", node.kind().describe())),
    }
}

fn address(node: Node<'_>) -> Fault {
    match node.as_str() {
        Some(text) if text.trim().parse::<IpAddr>().is_ok() => None,
        Some(_) => unloadable(format!("{} is not an IP address", shown(node.raw()))),
        None if node.raw().parse::<u128>().is_ok() => {
            harmful("should be an IP address as a string, is a number")
        }
        None => unloadable(format!("should be an IP address, is {}", node.kind().describe())),
    }
}

fn enumeration(node: Node<'_>, values: &[EnumValue], any_case: bool, aliases: &[(&str, &str)]) -> Fault {
    let known = node.as_str().and_then(|text| enum_value(&text, values, any_case, aliases));
    if known.is_some() {
        return None;
    }
    let allowed: Vec<_> = values.iter().map(|value| value.value).collect();
    unloadable(format!("{} is not one of {}", shown(node.raw()), allowed.join(", ")))
}

/// The value of an enumeration that nova takes `text` for.
pub(crate) fn enum_value<'v>(
    text: &str,
    values: &'v [EnumValue],
    any_case: bool,
    aliases: &[(&str, &str)],
) -> Option<&'v EnumValue> {
    let lowered = if any_case { text.to_lowercase() } else { text.to_owned() };
    let alias = aliases.iter().find(|(alias, _)| *alias == lowered).map(|(_, value)| *value);
    let wanted = alias.unwrap_or(&lowered);
    values.iter().find(|value| value.value == wanted).or_else(|| {
        // Values that hold capitals are listed as they are even where the case does not matter.
        values.iter().find(|value| any_case && value.value.to_lowercase() == wanted)
    })
}

/// Whether a number token is an integer for Python: no fraction, no exponent.
pub(crate) fn is_integer_token(raw: &str) -> bool {
    raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// What Python's `int(text)` takes, ASCII digits only.
fn is_python_integer(text: &str) -> bool {
    let digits = text.trim();
    let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    !digits.is_empty()
        && digits.len() <= 4300
        && !digits.starts_with('_')
        && !digits.ends_with('_')
        && !digits.contains("__")
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// What Python's `float(text)` takes, in its usual forms.
fn is_python_float(text: &str) -> bool {
    is_python_integer(text) || text.trim().parse::<f64>().is_ok()
}

/// A UUID as nova stores it, in either letter case: 8-4-4-4-12 hexadecimal digits.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Comma-separated comparisons with versions (`oslo_utils.versionutils.VersionPredicate`).
pub(crate) fn is_version_predicate(text: &str) -> bool {
    text.split(',').all(|part| {
        let part = part.trim();
        let operator =
            ["<=", ">=", "!=", "==", "<", ">"].iter().find(|operator| part.starts_with(**operator));
        let Some(operator) = operator else { return false };
        let version = part[operator.len()..].trim_start();
        let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
        version.starts_with(|first: char| first.is_ascii_digit())
            && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-_!".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Document;

    fn severity(kind: Kind, json: &str) -> Option<Severity> {
        let document = Document::parse_str(json).unwrap();
        fault(&kind, document.root()).map(|(severity, _)| severity)
    }

    #[rstest::rstest]
    #[case(Kind::Integer, "4096", None)]
    #[case(Kind::Integer, "1180591620717411303424", None)]
    #[case(Kind::Integer, "4096.7", Some(Severity::Harmful))]
    #[case(Kind::Integer, "1e2", Some(Severity::Harmful))]
    #[case(Kind::Integer, "true", Some(Severity::Harmful))]
    #[case(Kind::Integer, "\"12\"", Some(Severity::Harmful))]
    #[case(Kind::Integer, "\"twelve\"", Some(Severity::Unloadable))]
    #[case(Kind::Integer, "NaN", Some(Severity::Unloadable))]
    #[case(Kind::Integer, "[]", Some(Severity::Unloadable))]
    #[case(Kind::NonNegativeInteger, "-1", Some(Severity::Unloadable))]
    #[case(Kind::Float, "NaN", None)]
    #[case(Kind::Float, "1", None)]
    #[case(Kind::Float, "{}", Some(Severity::Unloadable))]
    #[case(Kind::String, "7", Some(Severity::Notice))]
    #[case(Kind::String, "[]", Some(Severity::Unloadable))]
    #[case(Kind::Boolean, "\"false\"", Some(Severity::Harmful))]
    #[case(Kind::FlexibleBoolean, "\"Yes\"", Some(Severity::Notice))]
    #[case(Kind::Uuid, "\"x\"", Some(Severity::Notice))]
    #[case(Kind::DateTime, "\"2016-04-08\"", Some(Severity::Notice))]
    #[case(Kind::DateTime, "\"soon\"", Some(Severity::Unloadable))]
    #[case(Kind::IpAddress, "\"192.0.2.1\"", None)]
    #[case(Kind::IpAddress, "\"192.0.2\"", Some(Severity::Unloadable))]
    #[case(Kind::VersionPredicate, "\">=1.0,<3\"", None)]
    #[case(Kind::VersionPredicate, "\"1.0\"", Some(Severity::Unloadable))]
    fn faults_as_nova_has_them(#[case] kind: Kind, #[case] json: &str, #[case] expected: Option<Severity>) {
        assert_eq!(severity(kind, json), expected);
    }
}
