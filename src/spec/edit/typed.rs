//! Values as a person types them, read by the schema: `az2`, `4`, `yes`, `cmp1,cmp2`, `0-3,7`,
//! `k=v,k2=v2`.
//!
//! Strings are taken as they are, quotes included. Nothing typed means null: unsetting a field is
//! what clears it, so `null` and the empty text are refused for a field that may be null. Lists and
//! maps may also be typed as JSON.
//!
//! Imports its siblings and [`crate::spec::schema`]; no I/O.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::spec::document::Document;
use crate::spec::scan::encode_string;
use crate::spec::schema::{self, Element, Kind, date};

use super::render::render;

/// A set typed with ranges may not hold more than this.
const MOST_ELEMENTS: usize = 100_000;

/// The JSON text, in Python's form, of what was typed for a field of that kind.
pub(crate) fn json(kind: &Kind, nullable: bool, text: &str) -> Result<String, String> {
    let word = text.trim();
    match kind {
        Kind::String if nullable && (text.is_empty() || text == "null") => {
            Err("unset the field to clear it; the word itself can be given as JSON".to_owned())
        }
        Kind::String => Ok(encode_string(text)),
        Kind::Boolean | Kind::FlexibleBoolean => boolean(word),
        Kind::Integer | Kind::NonNegativeInteger => integer(word),
        Kind::Float | Kind::NonNegativeFloat => float(word),
        Kind::Uuid if schema::is_uuid(word) => Ok(encode_string(&word.to_ascii_lowercase())),
        Kind::Uuid => Err("should be a UUID such as 0b2c7d9e-1111-4a4a-8b8b-2f2f2f2f2f2f".to_owned()),
        Kind::DateTime => date::canonical(word)
            .map(|date| encode_string(&date))
            .ok_or_else(|| "should be a date such as 2026-01-31T12:00:00Z".to_owned()),
        Kind::IpAddress => match word.parse::<IpAddr>() {
            Ok(address) => Ok(encode_string(&address.to_string())),
            Err(_) => Err("should be an IPv4 or IPv6 address".to_owned()),
        },
        Kind::VersionPredicate if schema::is_version_predicate(word) => Ok(encode_string(word)),
        Kind::VersionPredicate => Err("should be version comparisons such as >=2.6,<4".to_owned()),
        Kind::Enum { values, any_case, aliases, .. } => {
            match schema::enum_value(word, values, *any_case, aliases) {
                Some(value) => Ok(encode_string(value.value)),
                None => Err(format!("{word:?} is not one of the allowed values")),
            }
        }
        Kind::Object(name) => Err(format!("a {name} has to be given as JSON, with its envelope")),
        Kind::List(_) | Kind::Set(_) if word.starts_with('[') => as_json(word),
        Kind::List(element) => list(element, word),
        Kind::Set(element) => set(element, word),
        Kind::Dict(_) if word.starts_with('{') => as_json(word),
        Kind::Dict(element) => map(element, word),
    }
}

fn as_json(text: &str) -> Result<String, String> {
    match Document::parse_str(text) {
        Ok(document) => Ok(render(document.root())),
        Err(malformed) => Err(format!("not JSON: {malformed}")),
    }
}

fn boolean(word: &str) -> Result<String, String> {
    match word.to_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "1" => Ok("true".to_owned()),
        "false" | "no" | "n" | "off" | "0" => Ok("false".to_owned()),
        _ => Err("should be true or false".to_owned()),
    }
}

fn integer(word: &str) -> Result<String, String> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || (digits.len() > 1 && digits.starts_with('0')) || word == "-0" {
        return Err("should be an integer".to_owned());
    }
    Ok(word.to_owned())
}

/// As Python's repr of a float: `1.0`, `1e+16`.
fn float(word: &str) -> Result<String, String> {
    let number = word.parse::<f64>().ok().filter(|number| number.is_finite());
    let number = number.ok_or_else(|| "should be a number".to_owned())?;
    let text = format!("{number:?}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return Ok(text) };
    let mantissa = mantissa.strip_suffix(".0").unwrap_or(mantissa);
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    Ok(format!("{mantissa}e{sign}{digits:0>2}"))
}

/// The parts between commas; an empty text has none.
fn parts(word: &str) -> Result<Vec<&str>, String> {
    if word.is_empty() {
        return Ok(Vec::new());
    }
    let parts: Vec<_> = word.split(',').map(str::trim).collect();
    match parts.iter().any(|part| part.is_empty()) {
        true => Err("an empty element between commas".to_owned()),
        false => Ok(parts),
    }
}

fn list(element: &Kind, word: &str) -> Result<String, String> {
    if matches!(element, Kind::Object(_) | Kind::List(_) | Kind::Set(_) | Kind::Dict(_)) {
        return Err("has to be given as JSON: [...]".to_owned());
    }
    let items: Result<Vec<_>, _> = parts(word)?.iter().map(|part| json(element, false, part)).collect();
    Ok(format!("[{}]", items?.join(", ")))
}

fn set(element: &Kind, word: &str) -> Result<String, String> {
    let mut items = Vec::new();
    for part in parts(word)? {
        match part.split_once('-').filter(|(first, _)| !first.is_empty()) {
            Some((first, last)) if matches!(element, Kind::Integer | Kind::NonNegativeInteger) => {
                let bounds = first.trim().parse::<u32>().ok().zip(last.trim().parse::<u32>().ok());
                let (first, last) = bounds.ok_or_else(|| format!("{part:?} is not a range such as 0-3"))?;
                if last < first {
                    return Err(format!("the range {part:?} goes backwards"));
                }
                if (last - first) as usize >= MOST_ELEMENTS {
                    return Err(format!("the range {part:?} is too long"));
                }
                items.extend((first..=last).map(|number| number.to_string()));
            }
            _ => items.push(json(element, false, part)?),
        }
        if items.len() > MOST_ELEMENTS {
            return Err("too many elements".to_owned());
        }
    }
    let mut seen = HashSet::new();
    items.retain(|item| seen.insert(item.clone()));
    Ok(format!("[{}]", items.join(", ")))
}

fn map(element: &Element, word: &str) -> Result<String, String> {
    let mut entries: Vec<(&str, Vec<String>)> = Vec::new();
    let (kind, many) = match element.kind {
        Kind::List(inner) => (*inner, true),
        other => (other, false),
    };
    for part in parts(word)? {
        let (key, value) = part.split_once('=').ok_or_else(|| format!("{part:?} is not key=value"))?;
        let (key, value) = (key.trim(), json(&kind, false, value.trim())?);
        if key.is_empty() {
            return Err(format!("{part:?} has no key"));
        }
        match entries.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) if many => values.push(value),
            Some(_) => return Err(format!("the key {key:?} is given twice")),
            None => entries.push((key, vec![value])),
        }
    }
    let entries: Vec<_> = entries
        .into_iter()
        .map(|(key, values)| {
            let values = values.join(", ");
            let value = if many { format!("[{values}]") } else { values };
            format!("{}: {value}", encode_string(key))
        })
        .collect();
    Ok(format!("{{{}}}", entries.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HINTS: Kind = Kind::Dict(&Element { kind: Kind::List(&Kind::String), nullable: false });
    const SPECS: Kind = Kind::Dict(&Element { kind: Kind::String, nullable: false });

    #[rstest::rstest]
    #[case(Kind::String, "az 2", "\"az 2\"")]
    #[case(Kind::String, "\"q\"", "\"\\\"q\\\"\"")]
    #[case(Kind::String, "😀", "\"\\ud83d\\ude00\"")]
    #[case(Kind::Integer, " 4 ", "4")]
    #[case(Kind::Integer, "1180591620717411303424", "1180591620717411303424")]
    #[case(Kind::Float, "1", "1.0")]
    #[case(Kind::Float, "0.25", "0.25")]
    #[case(Kind::Float, "1e16", "1e+16")]
    #[case(Kind::Float, "2.5e-7", "2.5e-07")]
    #[case(Kind::Boolean, "Yes", "true")]
    #[case(Kind::FlexibleBoolean, "no", "false")]
    #[case(Kind::Uuid, "0B2C7D9E-1111-4a4a-8b8b-2f2f2f2f2f2f", "\"0b2c7d9e-1111-4a4a-8b8b-2f2f2f2f2f2f\"")]
    #[case(Kind::DateTime, "2026-01-31 12:00", "\"2026-01-31T12:00:00Z\"")]
    #[case(Kind::List(&Kind::String), "cmp1", "[\"cmp1\"]")]
    #[case(Kind::List(&Kind::String), "cmp1, cmp2", "[\"cmp1\", \"cmp2\"]")]
    #[case(Kind::List(&Kind::String), "", "[]")]
    #[case(Kind::List(&Kind::String), "[\"a,b\"]", "[\"a,b\"]")]
    #[case(Kind::Set(&Kind::Integer), "0-3,7,2", "[0, 1, 2, 3, 7]")]
    #[case(Kind::Set(&Kind::String), "a-b,c", "[\"a-b\", \"c\"]")]
    #[case(SPECS, "hw:cpu_policy=dedicated,x=a=b", r#"{"hw:cpu_policy": "dedicated", "x": "a=b"}"#)]
    #[case(SPECS, "", "{}")]
    #[case(SPECS, r#"{"a":"b,c"}"#, r#"{"a": "b,c"}"#)]
    #[case(
        HINTS,
        "different_host=a,group=g,different_host=b",
        r#"{"different_host": ["a", "b"], "group": ["g"]}"#
    )]
    fn reads_what_people_type(#[case] kind: Kind, #[case] text: &str, #[case] expected: &str) {
        assert_eq!(json(&kind, false, text).as_deref(), Ok(expected));
    }

    #[rstest::rstest]
    #[case(Kind::Integer, "4.0")]
    #[case(Kind::Integer, "007")]
    #[case(Kind::Integer, "")]
    #[case(Kind::Float, "NaN")]
    #[case(Kind::Boolean, "maybe")]
    #[case(Kind::Uuid, "abc")]
    #[case(Kind::DateTime, "soon")]
    #[case(Kind::IpAddress, "1.2.3")]
    #[case(Kind::VersionPredicate, "3")]
    #[case(Kind::Object("Flavor"), "m1")]
    #[case(Kind::List(&Kind::String), "a,,b")]
    #[case(Kind::List(&Kind::Object("X")), "a")]
    #[case(Kind::Set(&Kind::Integer), "3-0")]
    #[case(Kind::Set(&Kind::Integer), "0-4000000000")]
    #[case(SPECS, "a")]
    #[case(SPECS, "=b")]
    #[case(SPECS, "a=1,a=2")]
    #[case(SPECS, "{")]
    fn refuses_what_does_not_fit(#[case] kind: Kind, #[case] text: &str) {
        assert!(json(&kind, false, text).is_err());
    }

    #[test]
    fn clearing_is_not_typed() {
        assert!(json(&Kind::String, true, "null").is_err());
        assert!(json(&Kind::String, true, "").is_err());
        assert_eq!(json(&Kind::String, false, "null").as_deref(), Ok("\"null\""));
    }
}
