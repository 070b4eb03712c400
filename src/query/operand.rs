//! What values are compared with, read by the kind of the field: numbers with units, moments, ages.
//!
//! Imports its siblings and `spec`; no I/O.

use super::compare::number;
use super::error::shown;
use super::expression::{Number, Operand};
use super::fields::{Fact, Field, Kind, Source, Unit};
use super::nearest::nearest;
use super::time::midnight;
use crate::spec::summary::{DEMANDS, Demands};

/// What [`Fact::Twin`] says.
const TWINS: [&str; 3] = ["equal", "different", "missing"];

/// Why a text is no operand of a field, and what to do.
pub(super) type Refusal = (String, Option<String>);

/// Characters of the beginning of a uuid at least.
const UUID: usize = 8;

/// The operand of `=` and `!=`.
pub(super) fn equal(field: &Field, text: &str) -> Result<Operand, Refusal> {
    match field.kind {
        Kind::Text => known(field, text).map(|()| Operand::Text { text: text.to_owned(), number: None }),
        Kind::Any => Ok(Operand::Text { text: text.to_owned(), number: number(text) }),
        Kind::Flag => flag(field, text),
        Kind::Uuid => uuid(text),
        Kind::Time if age(text).is_some() => {
            let (younger, older) = (format!("{}<{text}", field.name), format!("{}>{text}", field.name));
            Err(refusal(
                format!("{} is an age, and no row has exactly that", shown(text)),
                format!("write {younger} (younger than that) or {older} (longer ago)"),
            ))
        }
        Kind::Number | Kind::Size(_) | Kind::Time | Kind::Version => measured(field, text),
    }
}

/// Refuses what the values of a field are never.
fn known(field: &Field, text: &str) -> Result<(), Refusal> {
    match field.source {
        Source::Fact(Fact::Twin) if !TWINS.contains(&text) => {
            let all = "it is equal, different or missing";
            let hint = match nearest(text, &TWINS) {
                Some(meant) => format!("did you mean {meant}? ({all})"),
                None => all.to_owned(),
            };
            Err(refusal(format!("{} is never {}", field.name, shown(text)), hint))
        }
        Source::Demands if text.is_empty() => {
            let hint = format!("rows that demand nothing: not {}", field.name);
            Err(refusal(format!("{} is not what {} can be", shown(text), field.name), hint))
        }
        Source::Demands => {
            let letters = text.to_uppercase();
            let is_known = letters.chars().all(|letter| DEMANDS.iter().any(|(known, _)| *known == letter));
            let meant = Demands::of(&letters).letters();
            if meant == text {
                return Ok(());
            }
            let all: Vec<String> = DEMANDS.iter().map(|(letter, _)| letter.to_string()).collect();
            let all = format!("its letters are {}", all.join(", "));
            let hint = if is_known { format!("did you mean {meant}? ({all})") } else { all };
            Err(refusal(format!("{} is not what {} can be", shown(text), field.name), hint))
        }
        _ => Ok(()),
    }
}

/// The operand of `<` and its kin.
pub(super) fn compared(field: &Field, text: &str) -> Result<Operand, Refusal> {
    match field.kind {
        Kind::Number | Kind::Size(_) | Kind::Time | Kind::Version => measured(field, text),
        // Extra specs and hints have no unit of their own: with one, a number of bytes is meant.
        Kind::Any => match number(text).or_else(|| size(text, 1)) {
            Some(number) => Ok(Operand::Number(number)),
            None => Err(refusal(
                format!("{} is no number, and only numbers have an order here", shown(text)),
                "write 8, 1.5 or 8G",
            )),
        },
        Kind::Text | Kind::Uuid | Kind::Flag => {
            let what = if field.kind == Kind::Flag { "yes or no" } else { "a text" };
            let hint = if field.kind == Kind::Flag {
                "ask = or !="
            } else {
                "ask = (is), : (contains) or ~ (matches)"
            };
            Err(refusal(format!("{} is {what}: it is neither less nor more", field.name), hint))
        }
    }
}

fn refusal(reason: impl Into<String>, hint: impl Into<String>) -> Refusal {
    (reason.into(), Some(hint.into()))
}

/// An operand of a kind that has an order.
fn measured(field: &Field, text: &str) -> Result<Operand, Refusal> {
    let name = &field.name;
    let (found, what, hint) = match field.kind {
        Kind::Size(unit) => {
            let unit = match unit {
                Unit::Bytes => 1,
                Unit::Mebibytes => 1 << 20,
                Unit::Gibibytes => 1 << 30,
            };
            (size(text, unit).map(Operand::Number), "a size", "write 512M, 8G or 1.5T".to_owned())
        }
        Kind::Time => {
            let found = age(text)
                .map(Operand::Age)
                .or_else(|| period(text).map(|(from, to)| Operand::Period(from, to)));
            let hint = "write a date of UTC (2026, 2026-05, 2026-05-01, 2026-05-01T10:30) or an age (45s, 10m, 12h, 30d, 2w, 6mo, 1y)";
            (found, "a date", hint.to_owned())
        }
        Kind::Version => {
            (version(text).map(Operand::Version), "a version", "write numbers with dots: 1.15".to_owned())
        }
        _ => {
            let hint = match size(text, 1) {
                Some(_) => format!("{name} has no unit"),
                None => "write 8 or 1.5".to_owned(),
            };
            (number(text).map(Operand::Number), "a number", hint)
        }
    };
    found.ok_or_else(|| refusal(format!("{} is not {what}, which {name} is", shown(text)), hint))
}

fn flag(field: &Field, text: &str) -> Result<Operand, Refusal> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(Operand::Flag(true)),
        "false" | "no" | "0" => Ok(Operand::Flag(false)),
        _ => Err(refusal(
            format!("{} is yes or no, not {}", field.name, shown(text)),
            format!("write {0}=yes or {0}=no", field.name),
        )),
    }
}

/// A uuid or its beginning, in lower case and with dashes.
fn uuid(text: &str) -> Result<Operand, Refusal> {
    if text.chars().count() < UUID {
        let reason = format!("{} is shorter than {UUID} characters of a uuid", shown(text));
        return Err(refusal(reason, format!("give more of it, or ask for any part of it: uuid:{text}")));
    }
    let text = text.to_lowercase();
    let bare = text.len() > UUID && text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !bare {
        return Ok(Operand::Uuid(text));
    }
    let mut dashed = String::with_capacity(36);
    for (at, digit) in text.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            dashed.push('-');
        }
        dashed.push(digit);
    }
    Ok(Operand::Uuid(dashed))
}

fn version(text: &str) -> Option<Vec<u64>> {
    text.split('.').map(|part| digits(part)?.parse().ok()).collect()
}

fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// The number at the beginning of a text, and what follows it.
fn leading_number(text: &str) -> Option<(Number, &str)> {
    let bytes = text.as_bytes();
    let run = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let whole = run(sign);
    if whole == 0 || (whole > 1 && bytes[sign] == b'0') {
        return None;
    }
    let mut end = sign + whole;
    let mut is_whole = true;
    if bytes.get(end) == Some(&b'.') && run(end + 1) > 0 {
        end += 1 + run(end + 1);
        is_whole = false;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let digits = bytes.get(end + 1 + sign..).map_or(0, |_| run(end + 1 + sign));
        if digits > 0 {
            end += 1 + sign + digits;
            is_whole = false;
        }
    }
    let (token, rest) = text.split_at(end);
    let whole = if is_whole { token.parse().ok().map(Number::Whole) } else { None };
    let real = || token.parse().ok().filter(|real: &f64| real.is_finite()).map(Number::Real);
    Some((whole.or_else(real)?, rest))
}

/// A number of bytes; `unit` is that of a number without one.
fn size(text: &str, unit: i128) -> Option<Number> {
    let (number, rest) = leading_number(text)?;
    let factor = match rest.to_ascii_lowercase().as_str() {
        "" => unit,
        "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        "p" | "pb" | "pib" => 1 << 50,
        _ => return None,
    };
    let whole = match number {
        Number::Whole(whole) => whole.checked_mul(factor),
        Number::Real(_) => None,
    };
    whole.map(Number::Whole).or_else(|| real(number, factor))
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the nearest double; whole below 2^53"
)]
fn real(number: Number, factor: i128) -> Option<Number> {
    let real = match number {
        Number::Whole(whole) => whole as f64,
        Number::Real(real) => real,
    } * factor as f64;
    let is_whole = real.fract() == 0.0 && real.abs() < 9_007_199_254_740_992.0;
    real.is_finite().then_some(if is_whole { Number::Whole(real as i128) } else { Number::Real(real) })
}

/// Seconds of an age: `30d`.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "checked against the limit")]
pub(super) fn age(text: &str) -> Option<i64> {
    /// More than all of history, and far from where sums of moments overflow.
    const LONGEST: f64 = 1e12;
    let (number, unit) = leading_number(text)?;
    let unit = match unit.to_ascii_lowercase().as_str() {
        "s" | "sec" | "second" | "seconds" => 1.0,
        "m" | "min" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        "mo" | "month" | "months" => 30.0 * 86_400.0,
        "y" | "year" | "years" => 365.0 * 86_400.0,
        _ => return None,
    };
    let seconds = unit
        * match number {
            Number::Whole(whole) => whole as f64,
            Number::Real(real) => real,
        };
    (0.0..=LONGEST).contains(&seconds).then_some(seconds as i64)
}

/// From which second on, and until before which one: a date of UTC, whole or its beginning.
pub(super) fn period(text: &str) -> Option<(i64, i64)> {
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let part = |text: &str, width: usize| -> Option<i64> {
        if text.len() == width { digits(text)?.parse().ok() } else { None }
    };
    let mut parts = date.split('-');
    let year = part(parts.next()?, 4)?;
    let month = parts.next().map(|month| part(month, 2).filter(|month| (1..=12).contains(month)));
    let Some(month) = month else {
        let bounds = (midnight(year, 1, 1), midnight(year + 1, 1, 1));
        return time.is_none().then_some(bounds);
    };
    let month = month?;
    let next = if month == 12 { midnight(year + 1, 1, 1) } else { midnight(year, month + 1, 1) };
    let Some(day) = parts.next() else {
        return time.is_none().then_some((midnight(year, month, 1), next));
    };
    let from = midnight(year, month, 1) + (part(day, 2)?.checked_sub(1)?) * 86_400;
    if parts.next().is_some() || !(midnight(year, month, 1)..next).contains(&from) {
        return None;
    }
    let Some(time) = time else { return Some((from, from + 86_400)) };
    let time = match time.split_once('.') {
        Some((time, fraction)) => {
            digits(fraction)?;
            time
        }
        None => time,
    };
    let mut parts = time.split(':');
    let hour = part(parts.next()?, 2).filter(|hour| *hour < 24)?;
    let minute = parts.next().map(|minute| part(minute, 2).filter(|minute| *minute < 60));
    let from = from + hour * 3_600;
    let Some(minute) = minute else { return Some((from, from + 3_600)) };
    let from = from + minute? * 60;
    let Some(second) = parts.next() else { return Some((from, from + 60)) };
    let from = from + part(second, 2).filter(|second| *second < 60)?;
    parts.next().is_none().then_some((from, from + 1))
}
