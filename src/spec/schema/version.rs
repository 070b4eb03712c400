//! Versions of stored objects: what nova can load, and what a version means for the fields.
//!
//! Imports [`super::types`] and the generated table; does no I/O.

use super::generated::OBJECTS;
use super::types::{FieldSchema, ObjectSchema, Version, v};

/// The object of that name (`nova_object.name`), if it can be part of a spec.
pub fn object(name: &str) -> Option<&'static ObjectSchema> {
    OBJECTS.iter().find(|object| object.name == name)
}

impl ObjectSchema {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static FieldSchema> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// What nova makes of a stored `nova_object.version`
/// (`oslo_utils.versionutils.is_compatible`, asked by `VersionedObject.obj_class_from_name`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredVersion {
    /// Known: major and minor, not newer than the table's.
    Known(Version),
    /// nova loads it, but never wrote it: `1`, `1.5.0`, `1.5.1` where 1.6 is known.
    Odd(Version),
    /// Newer than this program knows.
    Newer,
    /// Three or more parts that make it newer than known, such as `1.15.1` of a 1.15 object: no
    /// release of nova loads it.
    ThreePart,
    /// Not a version.
    Invalid,
}

impl StoredVersion {
    /// Reads the stored text for an object of this schema.
    pub fn of(text: &str, schema: &ObjectSchema) -> StoredVersion {
        let mut parts = [0u64; 3];
        let mut count = 0;
        for part in text.split('.') {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if !digits {
                return StoredVersion::Invalid;
            }
            // Only a number too large for u64 fails here: newer than anything.
            let number = part.parse::<u64>().unwrap_or(u64::MAX);
            if count < 3 {
                parts[count] = number;
            } else {
                // Further parts only matter where they make the version newer.
                parts[2] = parts[2].max(number);
            }
            count += 1;
        }
        let known = [u64::from(schema.version.major), u64::from(schema.version.minor), 0];
        if parts[0] != known[0] || parts[1] > known[1] {
            return StoredVersion::Newer;
        }
        if parts > known {
            return StoredVersion::ThreePart;
        }
        let version = v(parts[0] as u16, parts[1] as u16);
        if count == 2 { StoredVersion::Known(version) } else { StoredVersion::Odd(version) }
    }

    /// The version that decides which fields and values the object has, where nova loads it.
    pub fn version(self) -> Option<Version> {
        match self {
            StoredVersion::Known(version) | StoredVersion::Odd(version) => Some(version),
            _ => None,
        }
    }

    /// Why nova cannot load an object with this version; none where it can.
    pub fn problem(self, text: &str, schema: &ObjectSchema) -> Option<String> {
        match self {
            StoredVersion::Known(_) | StoredVersion::Odd(_) => None,
            StoredVersion::Newer => {
                Some(format!("{} version {text:?} is newer than the known {}", schema.name, schema.version))
            }
            StoredVersion::ThreePart => Some(format!(
                "{} version {text:?} has more than two parts, which nova does not load",
                schema.name
            )),
            StoredVersion::Invalid => {
                Some(format!("{} version {text:?} is not a version such as {}", schema.name, schema.version))
            }
        }
    }
}

/// Why nova cannot read the header of an object in a field that holds `expected`, given the raw
/// JSON tokens of its envelope (`None`: the key is absent); none where it can.
pub fn header_problem(
    expected: &ObjectSchema,
    name: Option<&str>,
    namespace: Option<&str>,
    version: Option<&str>,
    has_data: bool,
) -> Option<String> {
    let object = expected.name;
    let Some(name) = name else { return Some(format!("{object} has no nova_object.name")) };
    if string(name).as_deref() != Some(object) {
        return Some(format!("the object is named {name}, not {object}"));
    }
    let Some(namespace) = namespace else { return Some(format!("{object} has no nova_object.namespace")) };
    if string(namespace).as_deref() != Some("nova") {
        return Some(format!("{object} has the namespace {namespace}, not \"nova\""));
    }
    let Some(raw) = version else { return Some(format!("{object} has no nova_object.version")) };
    let Some(text) = string(raw) else {
        return Some(format!("{object} version {raw} is not a string"));
    };
    if let Some(problem) = StoredVersion::of(&text, expected).problem(&text, expected) {
        return Some(problem);
    }
    (!has_data).then(|| format!("{object} has no nova_object.data"))
}

fn string(raw: &str) -> Option<std::borrow::Cow<'_, str>> {
    raw.starts_with('"').then(|| crate::spec::scan::decode_string(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("1.15", StoredVersion::Known(v(1, 15)))]
    #[case("1.5", StoredVersion::Known(v(1, 5)))]
    #[case("1.16", StoredVersion::Newer)]
    #[case("2.0", StoredVersion::Newer)]
    #[case("1.15.1", StoredVersion::ThreePart)]
    #[case("1.15.0.1", StoredVersion::ThreePart)]
    #[case("1.15.0", StoredVersion::Odd(v(1, 15)))]
    #[case("1.5.1", StoredVersion::Odd(v(1, 5)))]
    #[case("1", StoredVersion::Odd(v(1, 0)))]
    #[case("", StoredVersion::Invalid)]
    #[case("1.x", StoredVersion::Invalid)]
    #[case("1.+5", StoredVersion::Invalid)]
    #[case("1.99999999999999999999", StoredVersion::Newer)]
    fn versions_as_nova_reads_them(#[case] text: &str, #[case] expected: StoredVersion) {
        assert_eq!(StoredVersion::of(text, object("RequestSpec").unwrap()), expected);
    }
}
