//! Values on the wire: what is sent as a parameter, and what a column of any type that nova uses
//! means as a plain [`SqlValue`]. Imports the parent module's value type.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

use super::time;
use crate::store::SqlValue;

type Sent = Result<IsNull, Box<dyn Error + Sync + Send>>;

/// The bytes of a column, whatever its type and whether or not they are UTF-8.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a>(pub &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Raw(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A time without a zone: microseconds since 2000-01-01.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp(pub i64);

impl ToSql for Stamp {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Sent {
        out.put_i64(self.0);
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TIMESTAMP
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Stamp {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Stamp(i64::from_be_bytes(raw.try_into()?)))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TIMESTAMP || *kind == Type::TIMESTAMPTZ
    }
}

/// A parameter as text, which the server reads as whatever type its place wants.
#[derive(Debug)]
pub(super) struct AsText(Option<String>);

impl AsText {
    pub fn new(value: &SqlValue) -> Self {
        Self(match value {
            SqlValue::Null => None,
            SqlValue::Integer(number) => Some(number.to_string()),
            SqlValue::Real(number) => Some(number.to_string()),
            SqlValue::Text(text) => Some(text.clone()),
        })
    }
}

impl ToSql for AsText {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Sent {
        match &self.0 {
            None => Ok(IsNull::Yes),
            Some(text) => {
                out.put_slice(text.as_bytes());
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// The type to name for a parameter: the place decides, but a number that an `integer` cannot hold
/// is compared as what it is instead of being refused.
pub(super) fn parameter_type(value: &SqlValue) -> Type {
    match value {
        SqlValue::Integer(number) if i32::try_from(*number).is_err() => Type::INT8,
        SqlValue::Real(_) => Type::FLOAT8,
        _ => Type::UNKNOWN,
    }
}

/// A column of a plain answer, in the binary format. None for a type that is not known here.
pub(super) fn plain(kind: &Type, raw: Option<&[u8]>) -> Option<SqlValue> {
    let Some(raw) = raw else { return Some(SqlValue::Null) };
    Some(match kind.kind() {
        Kind::Enum(_) => lossy(raw),
        Kind::Domain(base) => plain(base, Some(raw))?,
        Kind::Simple => simple(kind, raw)?,
        _ => return None,
    })
}

fn simple(kind: &Type, raw: &[u8]) -> Option<SqlValue> {
    let text = |text: String| Some(SqlValue::Text(text));
    match *kind {
        Type::BOOL => Some(SqlValue::Integer(i64::from(*raw.first()? != 0))),
        Type::INT2 => Some(SqlValue::Integer(i16::from_be_bytes(raw.try_into().ok()?).into())),
        Type::INT4 => Some(SqlValue::Integer(i32::from_be_bytes(raw.try_into().ok()?).into())),
        Type::INT8 => Some(SqlValue::Integer(i64::from_be_bytes(raw.try_into().ok()?))),
        Type::OID => Some(SqlValue::Integer(u32::from_be_bytes(raw.try_into().ok()?).into())),
        Type::FLOAT4 => Some(SqlValue::Real(f32::from_be_bytes(raw.try_into().ok()?).into())),
        Type::FLOAT8 => Some(SqlValue::Real(f64::from_be_bytes(raw.try_into().ok()?))),
        Type::NUMERIC => numeric(raw),
        Type::TIMESTAMP | Type::TIMESTAMPTZ => text(time::text(i64::from_be_bytes(raw.try_into().ok()?))),
        Type::DATE => text(time::day_text(i32::from_be_bytes(raw.try_into().ok()?))),
        Type::UUID => text(uuid(raw)?),
        Type::INET | Type::CIDR => text(address(raw)?),
        Type::JSONB => Some(lossy(raw.get(1..)?)),
        Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::UNKNOWN
        | Type::JSON
        | Type::XML
        | Type::CHAR
        | Type::BYTEA => Some(lossy(raw)),
        _ => None,
    }
}

fn lossy(raw: &[u8]) -> SqlValue {
    SqlValue::Text(String::from_utf8_lossy(raw).into_owned())
}

/// An integer where it is one, else a floating-point number.
fn numeric(raw: &[u8]) -> Option<SqlValue> {
    const NEGATIVE: u16 = 0x4000;
    let word = |index: usize| Some(u16::from_be_bytes(raw.get(index * 2..index * 2 + 2)?.try_into().ok()?));
    let (count, weight, sign, scale) = (word(0)?, word(1)? as i16, word(2)?, word(3)?);
    let mut digits = String::from(if sign == NEGATIVE { "-" } else { "" });
    match sign {
        0 | NEGATIVE => {}
        0xD000 => return Some(SqlValue::Real(f64::INFINITY)),
        0xF000 => return Some(SqlValue::Real(f64::NEG_INFINITY)),
        _ => return Some(SqlValue::Real(f64::NAN)),
    }
    let group = |place: i32| -> Option<u16> {
        // The group of four digits that stands for 10000 to the power of `place`.
        let index = i32::from(weight) - place;
        if (0..i32::from(count)).contains(&index) { word(4 + index as usize) } else { Some(0) }
    };
    for place in (0..=i32::from(weight).max(0)).rev() {
        digits.push_str(&format!("{:04}", group(place)?));
    }
    if scale == 0 {
        return Some(match digits.parse() {
            Ok(number) => SqlValue::Integer(number),
            Err(_) => SqlValue::Real(digits.parse().ok()?),
        });
    }
    digits.push('.');
    for place in 1..=i32::from(scale).div_euclid(4) + 1 {
        digits.push_str(&format!("{:04}", group(-place)?));
    }
    Some(SqlValue::Real(digits.parse().ok()?))
}

fn uuid(raw: &[u8]) -> Option<String> {
    let digits: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts =
        [digits.get(..8)?, digits.get(8..12)?, digits.get(12..16)?, digits.get(16..20)?, digits.get(20..)?];
    Some(parts.join("-"))
}

fn address(raw: &[u8]) -> Option<String> {
    let (bits, is_network, bytes) = (*raw.get(1)?, *raw.get(2)? != 0, raw.get(4..)?);
    let address: IpAddr = match bytes.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into(),
        _ => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into(),
    };
    let whole = usize::from(bits) == bytes.len() * 8 && !is_network;
    Some(if whole { address.to_string() } else { format!("{address}/{bits}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numerics_are_integers_where_they_are() {
        for (raw, expected) in [
            (words(&[0, 0, 0, 0]), SqlValue::Integer(0)),
            (words(&[2, 1, 0, 0, 12, 3456]), SqlValue::Integer(123_456)),
            (words(&[1, 1, 0x4000, 0, 12]), SqlValue::Integer(-120_000)),
            (words(&[1, 5, 0, 0, 1]), SqlValue::Real(1e20)),
            (words(&[2, 0, 0, 2, 1, 5000]), SqlValue::Real(1.5)),
            (words(&[1, 0xFFFF, 0, 3, 250]), SqlValue::Real(0.025)),
            (words(&[1, 0xFFFE, 0, 6, 2500]), SqlValue::Real(0.000_025)),
        ] {
            assert_eq!(numeric(&raw), Some(expected), "{raw:?}");
        }
    }

    #[test]
    fn types_that_nova_uses_are_read() {
        let text = |text: &str| Some(SqlValue::Text(text.into()));
        assert_eq!(plain(&Type::INT4, None), Some(SqlValue::Null));
        assert_eq!(plain(&Type::BOOL, Some(&[1])), Some(SqlValue::Integer(1)));
        assert_eq!(plain(&Type::INT2, Some(&[0xFF, 0xFE])), Some(SqlValue::Integer(-2)));
        assert_eq!(plain(&Type::JSONB, Some(b"\x01{}")), text("{}"));
        assert_eq!(plain(&Type::BYTEA, Some(b"\xffa")), text("\u{fffd}a"));
        assert_eq!(plain(&Type::INET, Some(&[2, 32, 0, 4, 10, 0, 0, 1])), text("10.0.0.1"));
        assert_eq!(plain(&Type::CIDR, Some(&[2, 8, 1, 4, 10, 0, 0, 0])), text("10.0.0.0/8"));
        assert_eq!(plain(&Type::TIMESTAMP, Some(&0_i64.to_be_bytes())), text("2000-01-01 00:00:00"));
        assert_eq!(plain(&Type::POINT, Some(b"")), None);
    }
}
