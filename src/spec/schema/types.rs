//! The shape of the generated table: what nova's objects are made of.

use std::fmt;
use std::str::FromStr;

/// Version of a nova object, `major.minor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Changes when old and new cannot read each other.
    pub major: u16,
    /// Grows with each field or value added.
    pub minor: u16,
}

/// A version, for the generated table.
pub const fn v(major: u16, minor: u16) -> Version {
    Version { major, minor }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Version {
    type Err = ();

    /// Exactly two numbers: nova fails to load a three-part version.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (major, minor) = text.split_once('.').ok_or(())?;
        let number = |part: &str| match part.bytes().all(|byte| byte.is_ascii_digit()) {
            true => part.parse().map_err(|_| ()),
            false => Err(()),
        };
        Ok(v(number(major)?, number(minor)?))
    }
}

/// One nova object: its newest version and its fields in stored order.
#[derive(Debug)]
pub struct ObjectSchema {
    /// `nova_object.name`.
    pub name: &'static str,
    /// The newest version known to this program.
    pub version: Version,
    /// In nova's order, which is the stored order.
    pub fields: &'static [FieldSchema],
}

/// One field of a nova object.
#[derive(Debug)]
pub struct FieldSchema {
    /// Its key in `nova_object.data`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether nova accepts null.
    pub nullable: bool,
    /// Whether nova sets it itself.
    pub read_only: bool,
    /// First version of the object that has the field.
    pub since: Version,
}

/// Type of a value, named as nova's field classes are (`nova/objects/fields.py`).
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A boolean that nova reads from strings too.
    FlexibleBoolean,
    /// An integer of any size.
    Integer,
    /// An integer ≥ 0.
    NonNegativeInteger,
    /// A floating-point number.
    Float,
    /// A floating-point number ≥ 0.
    NonNegativeFloat,
    /// A string.
    String,
    /// A UUID in the canonical form; nova only warns, we insist.
    Uuid,
    /// `YYYY-MM-DDTHH:MM:SSZ`.
    DateTime,
    /// An IPv4 or IPv6 address.
    IpAddress,
    /// Comma-separated version comparisons such as `>=1.0,<3`.
    VersionPredicate,
    /// A string out of a list.
    Enum {
        /// nova's name of the enumeration.
        name: &'static str,
        /// In nova's order.
        values: &'static [EnumValue],
        /// Whether nova canonicalises the letter case of what it reads.
        any_case: bool,
        /// Legacy spellings that nova accepts, each with the value it becomes.
        aliases: &'static [(&'static str, &'static str)],
    },
    /// A nova object of that name, in its envelope.
    Object(&'static str),
    /// A list.
    List(&'static Kind),
    /// A set, stored as a list whose order means nothing.
    Set(&'static Kind),
    /// String keys to values.
    Dict(&'static Element),
}

/// The values of a dictionary.
#[derive(Debug, Clone, Copy)]
pub struct Element {
    /// What each holds.
    pub kind: Kind,
    /// Whether nova accepts null.
    pub nullable: bool,
}

/// One value of an enumeration.
#[derive(Debug, Clone, Copy)]
pub struct EnumValue {
    /// The value as stored.
    pub value: &'static str,
    /// First version of the object holding the field in which nova accepts it.
    pub since: Version,
}
