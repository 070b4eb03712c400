//! What a test says of one value. The only judge: of the reference, of the search, of the columns.
//!
//! Imports its siblings; no I/O.

use std::cmp::Ordering;

use super::expression::{Check, Number, Operand, Relation};
use super::fields::{Kind, Unit};
use super::record::Value;
use super::time::unix_seconds;

/// Whether `check` is true of a value of a field of that kind; `now` in seconds since 1970.
pub fn holds(kind: Kind, check: &Check, value: &Value<'_>, now: i64) -> bool {
    match check {
        Check::Present => is_present(value),
        Check::Is(operands) => operands.iter().any(|operand| is(kind, operand, value)),
        Check::Contains(parts) => {
            text_of(value).is_some_and(|text| parts.iter().any(|part| contains(text, part)))
        }
        Check::Matches(pattern) => text_of(value).is_some_and(|text| pattern.is_match(text)),
        Check::Compares(relation, operand) => compares(kind, *relation, operand, value, now),
    }
}

/// The text that `=`, `:` and `~` look at: a number's or flag's is its token.
pub fn text_of<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::Text(text) | Value::Number(text) => Some(text),
        Value::Flag(flag) => Some(if *flag { "true" } else { "false" }),
        Value::Nothing | Value::Container(_) => None,
    }
}

/// A finite number written in decimal digits, as JSON and Python write them.
pub fn number(text: &str) -> Option<Number> {
    let first = text.bytes().find(|byte| !matches!(byte, b'-' | b'+'))?;
    if !first.is_ascii_digit() && first != b'.' {
        return None;
    }
    if let Ok(whole) = text.parse() {
        return Some(Number::Whole(whole));
    }
    let real: f64 = text.parse().ok()?;
    real.is_finite().then_some(Number::Real(real))
}

/// Compares two numbers exactly, integers with doubles too.
pub fn compare_numbers(one: Number, other: Number) -> Ordering {
    match (one, other) {
        (Number::Whole(one), Number::Whole(other)) => one.cmp(&other),
        (Number::Real(one), Number::Real(other)) => one.partial_cmp(&other).unwrap_or(Ordering::Equal),
        (Number::Whole(one), Number::Real(other)) => whole_with_real(one, other),
        (Number::Real(one), Number::Whole(other)) => whole_with_real(other, one).reverse(),
    }
}

fn whole_with_real(whole: i128, real: f64) -> Ordering {
    const BEYOND: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    if real >= BEYOND {
        return Ordering::Less;
    }
    if real < -BEYOND {
        return Ordering::Greater;
    }
    // Within range the whole part of a double is exact; what is behind the point decides a tie.
    let floor = real.floor();
    whole.cmp(&(floor as i128)).then(if real > floor { Ordering::Less } else { Ordering::Equal })
}

/// The number that a value is for a field of that kind; in bytes for sizes.
pub fn number_of(kind: Kind, value: &Value<'_>) -> Option<Number> {
    let (Value::Number(text) | Value::Text(text)) = value else { return None };
    let number = number(text)?;
    let Kind::Size(unit) = kind else { return Some(number) };
    let bytes: i128 = match unit {
        Unit::Bytes => return Some(number),
        Unit::Mebibytes => 1 << 20,
        Unit::Gibibytes => 1 << 30,
    };
    let real = match number {
        Number::Whole(whole) => match whole.checked_mul(bytes) {
            Some(product) => return Some(Number::Whole(product)),
            None => whole as f64,
        },
        Number::Real(real) => real,
    };
    let product = real * bytes as f64;
    product.is_finite().then_some(Number::Real(product))
}

/// Compares a text of numbers with dots between them with such numbers; None where it is none.
pub fn compare_version(text: &str, parts: &[u64]) -> Option<Ordering> {
    let mut order = Ordering::Equal;
    let mut others = parts.iter();
    for part in version_parts(text) {
        let part = part?;
        if order == Ordering::Equal {
            order = others.next().map_or(Ordering::Greater, |other| part.cmp(other));
        }
    }
    Some(if order == Ordering::Equal && others.next().is_some() { Ordering::Less } else { order })
}

/// The numbers between the dots of a version; None for what is no number.
pub fn version_parts(text: &str) -> impl Iterator<Item = Option<u64>> {
    text.split('.').map(|part| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        // Only a number too large fails to be read: newer than anything.
        digits.then(|| part.parse().unwrap_or(u64::MAX))
    })
}

/// Yes or no, however it is written.
pub fn flag_of(value: &Value<'_>) -> Option<bool> {
    if let Value::Flag(flag) = value {
        return Some(*flag);
    }
    let text = text_of(value)?;
    let is_one_of = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match (is_one_of(["true", "yes", "1"]), is_one_of(["false", "no", "0"])) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// Whether the lower case of `text` contains `part`, which is in lower case.
pub fn contains(text: &str, part: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(part);
    }
    let (text, part) = (text.as_bytes(), part.as_bytes());
    part.is_empty() || text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

fn is_present(value: &Value<'_>) -> bool {
    match value {
        Value::Nothing => false,
        Value::Flag(flag) => *flag,
        // NaN and the infinities are true, as in Python.
        Value::Number(token) => token.parse::<f64>() != Ok(0.0),
        Value::Text(text) => !text.is_empty(),
        Value::Container(_) => true,
    }
}

fn is(kind: Kind, operand: &Operand, value: &Value<'_>) -> bool {
    match operand {
        Operand::Text { text, number: given } => match (kind, value, given) {
            (Kind::Any, Value::Number(token), Some(given)) if number(token).is_some() => {
                number(token).is_some_and(|number| compare_numbers(number, *given).is_eq())
            }
            _ => text_of(value) == Some(text),
        },
        Operand::Number(given) => {
            number_of(kind, value).is_some_and(|number| compare_numbers(number, *given).is_eq())
        }
        Operand::Flag(flag) => flag_of(value) == Some(*flag),
        Operand::Version(parts) => {
            text_of(value).and_then(|text| compare_version(text, parts)).is_some_and(Ordering::is_eq)
        }
        Operand::Uuid(given) => {
            let Value::Text(text) = value else { return false };
            let beginning = text.as_bytes().get(..given.len());
            let whole = given.len() < 36 || text.len() == given.len();
            whole && beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(given.as_bytes()))
        }
        Operand::Period(from, until) => {
            moment_of(value).is_some_and(|moment| (*from..*until).contains(&moment))
        }
        Operand::Age(_) => false,
    }
}

fn moment_of(value: &Value<'_>) -> Option<i64> {
    if let Value::Text(text) = value { unix_seconds(text) } else { None }
}

fn compares(kind: Kind, relation: Relation, operand: &Operand, value: &Value<'_>, now: i64) -> bool {
    let order = match operand {
        Operand::Number(given) | Operand::Text { number: Some(given), .. } => {
            if !matches!(kind, Kind::Number | Kind::Size(_) | Kind::Any) {
                return false;
            }
            number_of(kind, value).map(|number| compare_numbers(number, *given))
        }
        Operand::Version(parts) => text_of(value).and_then(|text| compare_version(text, parts)),
        Operand::Period(from, until) => {
            // `<=` and `>` ask for the end of the period, `<` and `>=` for its beginning.
            let Some(moment) = moment_of(value) else { return false };
            return match relation {
                Relation::Less => moment < *from,
                Relation::AtMost => moment < *until,
                Relation::Greater => moment >= *until,
                Relation::AtLeast => moment >= *from,
            };
        }
        Operand::Age(age) => moment_of(value).map(|moment| now.saturating_sub(moment).cmp(age)),
        Operand::Text { number: None, .. } | Operand::Flag(_) | Operand::Uuid(_) => None,
    };
    order.is_some_and(|order| match relation {
        Relation::Less => order.is_lt(),
        Relation::AtMost => order.is_le(),
        Relation::Greater => order.is_gt(),
        Relation::AtLeast => order.is_ge(),
    })
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
