//! What rows are sorted by: the value of a field, in a form that is compared fast.
//!
//! Imports its siblings; no I/O.

use std::cmp::Ordering;
use std::sync::Arc;

use super::compare::{compare_numbers, number, number_of, text_of, version_parts};
use super::expression::Number;
use super::fields::{Field, Kind, Source};
use super::order::Order;
use super::record::Value;
use super::time::unix_seconds;

/// A row's place by one field. Ascending: numbers (and moments), versions, texts, and what has no value
/// last; [`Order::compare`] turns the order round without moving those.
#[derive(Debug, Clone)]
pub struct SortKey(Form);

#[derive(Debug, Clone)]
enum Form {
    Integer(i64),
    /// Any other number.
    Number(Arc<Number>),
    Version(Arc<[u64]>),
    Text(Arc<str>),
    Missing,
}

impl SortKey {
    /// Of a row without a value.
    pub const MISSING: SortKey = SortKey(Form::Missing);

    /// Of one value of a field of that kind; None if it says nothing.
    pub fn of(kind: Kind, value: &Value<'_>) -> Option<SortKey> {
        let text = match value {
            Value::Nothing => return None,
            Value::Container(raw) => return Some(Self::text(raw)),
            _ => text_of(value)?,
        };
        let numeric = match (kind, value) {
            (Kind::Version, _) => {
                let parts: Option<Vec<u64>> = version_parts(text).collect();
                return Some(
                    parts.map_or_else(|| Self::text(text), |parts| SortKey(Form::Version(parts.into()))),
                );
            }
            (Kind::Time, Value::Text(text)) => unix_seconds(text).map(|moment| Number::Whole(moment.into())),
            (Kind::Number | Kind::Size(_) | Kind::Any, _) => number_of(kind, value),
            (_, Value::Number(token)) => number(token),
            _ => None,
        };
        Some(numeric.map_or_else(|| Self::text(text), Self::number))
    }

    fn text(text: &str) -> Self {
        SortKey(Form::Text(text.into()))
    }

    fn number(number: Number) -> Self {
        let small = match number {
            Number::Whole(whole) => i64::try_from(whole).ok(),
            Number::Real(_) => None,
        };
        SortKey(small.map_or_else(|| Form::Number(Arc::new(number)), Form::Integer))
    }

    /// The number, where it is a whole one that fits.
    pub fn as_integer(&self) -> Option<i64> {
        if let Form::Integer(whole) = self.0 { Some(whole) } else { None }
    }

    /// The text, where it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Form::Text(text) = &self.0 { Some(text) } else { None }
    }

    /// Whether the row has no value.
    pub fn is_missing(&self) -> bool {
        matches!(self.0, Form::Missing)
    }

    /// Bytes that it takes beside itself, about.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Integer(_) | Form::Missing => 0,
            Form::Number(_) => 16 + size_of::<Number>(),
            Form::Version(parts) => 16 + size_of_val(&**parts),
            Form::Text(text) => 16 + text.len(),
        }
    }
}

impl From<i64> for SortKey {
    fn from(number: i64) -> Self {
        SortKey(Form::Integer(number))
    }
}

impl From<&str> for SortKey {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl Form {
    fn rank(&self) -> u8 {
        match self {
            Form::Integer(_) | Form::Number(_) => 0,
            Form::Version(_) => 1,
            Form::Text(_) => 2,
            Form::Missing => 3,
        }
    }

    fn as_number(&self) -> Option<Number> {
        match self {
            Form::Integer(whole) => Some(Number::Whole((*whole).into())),
            Form::Number(number) => Some(**number),
            _ => None,
        }
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Form::Integer(one), Form::Integer(other)) => one.cmp(other),
            (Form::Version(one), Form::Version(other)) => one.cmp(other),
            (Form::Text(one), Form::Text(other)) => one.cmp(other),
            (one, other) => match (one.as_number(), other.as_number()) {
                (Some(one), Some(other)) => compare_numbers(one, other),
                _ => one.rank().cmp(&other.rank()),
            },
        }
    }
}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SortKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for SortKey {}

impl Order {
    /// The key of a row by the values of [`Order::field`]: the first that is shown of it ([`shown`]).
    pub fn key<'v, 'r: 'v>(&self, values: impl IntoIterator<Item = &'v Value<'r>>) -> SortKey {
        let values = values.into_iter();
        if self.field.source == Source::Demands {
            let letters: String = values.filter_map(text_of).collect();
            return if letters.is_empty() { SortKey::MISSING } else { SortKey::text(&letters) };
        }
        let mut container = None;
        for value in values {
            match SortKey::of(self.field.kind, value) {
                Some(key) if matches!(value, Value::Container(_)) => container = container.or(Some(key)),
                Some(key) => return key,
                None => {}
            }
        }
        container.unwrap_or(SortKey::MISSING)
    }

    /// Which of two rows, each a key and an id, comes first. Equal ones by id, the same way; rows
    /// without a value last, either way.
    pub fn compare(&self, one: (&SortKey, i64), other: (&SortKey, i64)) -> Ordering {
        let missing = one.0.is_missing().cmp(&other.0.is_missing());
        let within = one.0.cmp(other.0).then(one.1.cmp(&other.1));
        missing.then(if self.descending { within.reverse() } else { within })
    }
}

/// The text that a list, a group or a facet shows for a field with several values: the first that says
/// something, rather one in a list than the list (a hint is a list of texts); the letters of what is
/// demanded, joined. None if none says anything.
pub fn shown<'v>(field: &Field, values: &'v [Value<'_>]) -> Option<std::borrow::Cow<'v, str>> {
    if field.source == Source::Demands {
        let letters: String = values.iter().filter_map(text_of).collect();
        return (!letters.is_empty()).then(|| letters.into());
    }
    let scalar = values.iter().find_map(text_of);
    let container = || {
        values.iter().find_map(|value| match value {
            Value::Container(raw) => Some(raw.as_ref()),
            _ => None,
        })
    };
    scalar.or_else(container).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(name: &str, descending: bool) -> Order {
        Order::by(Field::named(name).unwrap(), descending)
    }

    fn texts(values: &[&'static str]) -> Vec<Value<'static>> {
        values.iter().map(|text| Value::Text((*text).into())).collect()
    }

    #[test]
    fn what_is_in_a_list_is_shown_rather_than_the_list() {
        let hint = crate::query::parse_field("hint.group").unwrap();
        let values = [Value::Container("[\"g1\"]".into()), Value::Text("g1".into())];
        assert_eq!(shown(&hint, &values).as_deref(), Some("g1"));
        assert_eq!(Order::by(hint.clone(), false).key(&values), SortKey::text("g1"));
        assert_eq!(shown(&hint, &values[..1]).as_deref(), Some("[\"g1\"]"));
    }

    fn sorted(order: &Order, rows: Vec<Vec<Value<'static>>>) -> Vec<i64> {
        let mut keys: Vec<_> = rows.iter().zip(0..).map(|(values, id)| (order.key(values), id)).collect();
        keys.sort_by(|(one, one_id), (other, other_id)| order.compare((one, *one_id), (other, *other_id)));
        keys.into_iter().map(|(_, id)| id).collect()
    }

    // Rows between bars, their values between commas.
    #[rstest::rstest]
    #[case("vcpus", "10|9||x|9.5|1180591620717411303424", &[1, 4, 0, 5, 3, 2])]
    #[case("az", "b|B||10|9", &[3, 4, 1, 0, 2])]
    #[case("version", "1.15|1.9|1.9|new", &[1, 2, 0, 3])]
    #[case("updated", "2026-01-02|2026-01-01 23:00:00|never", &[1, 0, 2])]
    #[case("demands", "N,P|G,H|", &[1, 0, 2])]
    fn rows_are_sorted_by_what_they_say(
        #[case] field: &str,
        #[case] rows: &'static str,
        #[case] expected: &[i64],
    ) {
        let row =
            |row: &'static str| texts(&row.split(',').filter(|value| !value.is_empty()).collect::<Vec<_>>());
        let rows: Vec<_> = rows.split('|').map(row).collect();
        assert_eq!(sorted(&order(field, false), rows.clone()), expected);
        // The other way round all but the rows without a value turn.
        let (missing, valued): (Vec<i64>, Vec<i64>) =
            expected.iter().partition(|id| rows[**id as usize].is_empty());
        let reversed: Vec<_> = valued.into_iter().rev().chain(missing.into_iter().rev()).collect();
        assert_eq!(sorted(&order(field, true), rows), reversed);
    }

    #[test]
    fn the_first_value_that_says_something_counts() {
        let values = [Value::Nothing, Value::Text("b".into()), Value::Text("a".into())];
        let order = order("group", false);
        assert_eq!(order.key(&values), order.key(&texts(&["b"])));
        assert_eq!(order.key(&[Value::Nothing]), SortKey::MISSING);
        assert_eq!(shown(&order.field, &values).as_deref(), Some("b"));
    }
}
