//! The few fields a list row needs, extracted in one pass without an index.
//!
//! [`Summary::of`] takes exactly what the full index would give at the same paths: top-level
//! logical fields through their envelopes, the last of duplicate keys. It checks the grammar of the
//! whole text and the headers of the objects it passes through; what nova would stumble over deeper
//! inside is the business of `schema::check`.
//!
//! Imports [`super::scan`], [`super::schema`] and the vocabulary of [`super::document`]; no I/O.

mod demands;
mod fields;
mod reader;

pub use demands::{DEMANDS, Demands};

use std::borrow::Cow;

use super::document::{Kind, Malformed, readable};
use super::{scan, schema};
use fields::Spec;
use reader::{Logical, Reader};

/// What a list row shows of a spec. A field is `None` where the spec does not have it, has null, or
/// has a value of another type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// `flavor.name`.
    pub flavor: Option<String>,
    /// `availability_zone`.
    pub availability_zone: Option<String>,
    /// `project_id`.
    pub project_id: Option<String>,
    /// `user_id`.
    pub user_id: Option<String>,
    /// `image.name`.
    pub image: Option<String>,
    /// `flavor.vcpus`.
    pub vcpus: Option<i64>,
    /// `flavor.memory_mb`, MiB.
    pub memory_mb: Option<i64>,
    /// `flavor.root_gb`, GiB.
    pub root_gb: Option<i64>,
    /// What the spec demands of a host.
    pub demands: Demands,
    /// `nova_object.version` of the RequestSpec, as stored.
    pub version: Option<String>,
    /// Why the row is malformed or cannot be loaded by nova, in one short sentence.
    pub problem: Option<String>,
}

impl Summary {
    /// The summary of a stored text. Never fails: a malformed text gives only a `problem`.
    pub fn of(spec: &[u8]) -> Summary {
        match read(spec) {
            Ok(root) => summarise(&root),
            Err(malformed) => Summary { problem: Some(malformed.to_string()), ..Summary::default() },
        }
    }
}

/// [`Summary::demands`] alone.
pub fn demands(spec: &[u8]) -> Demands {
    read(spec).map_or(Demands::NONE, |root| root.fields().demands())
}

/// [`Summary::problem`] alone.
pub fn problem(spec: &[u8]) -> Option<String> {
    match read(spec) {
        Ok(root) => header_problems(&root),
        Err(malformed) => Some(malformed.to_string()),
    }
}

fn read(bytes: &[u8]) -> Result<Logical<'_, Spec<'_>>, Malformed> {
    Reader::new(readable(bytes)?).document()
}

fn summarise(root: &Logical<'_, Spec<'_>>) -> Summary {
    let spec = root.fields();
    let flavor = spec.flavor.fields();
    let image = spec.image.fields();
    Summary {
        flavor: string(flavor.name),
        availability_zone: string(spec.availability_zone),
        project_id: string(spec.project_id),
        user_id: string(spec.user_id),
        image: string(image.name),
        vcpus: integer(flavor.vcpus),
        memory_mb: integer(flavor.memory_mb),
        root_gb: integer(flavor.root_gb),
        demands: spec.demands(),
        version: string(root.header.version),
        problem: header_problems(root),
    }
}

/// Why nova cannot load the spec, by the headers of the objects passed through.
fn header_problems(root: &Logical<'_, Spec<'_>>) -> Option<String> {
    if root.kind != Some(Kind::Object) {
        let what = root.kind.map_or("nothing", Kind::describe);
        return Some(format!("the text is {what}, not a RequestSpec"));
    }
    let spec = root.fields();
    root.header_problem("RequestSpec")
        .or_else(|| match spec.flavor.kind {
            Some(Kind::Null) => Some("flavor is null, which nova does not load".to_owned()),
            _ => spec.flavor.header_problem("Flavor"),
        })
        .or_else(|| spec.image.header_problem("ImageMeta"))
        .or_else(|| spec.numa_topology.header_problem("InstanceNUMATopology"))
        .or_else(|| spec.pci_requests.header_problem("InstancePCIRequests"))
        .or_else(|| spec.instance_group.header_problem("InstanceGroup"))
}

impl<F: Default> Logical<'_, F> {
    /// The problem of a nullable field that should hold an object of that name.
    fn header_problem(&self, name: &str) -> Option<String> {
        let expected = schema::object(name)?;
        match self.kind {
            None | Some(Kind::Null) => None,
            Some(Kind::Object) => {
                let header = &self.header;
                let has_data = self.data.is_some() || header.odd_data;
                schema::version::header_problem(
                    expected,
                    header.name,
                    header.namespace,
                    header.version,
                    has_data,
                )
            }
            Some(other) => Some(format!("{} stands where {name} should", other.describe())),
        }
    }
}

/// The decoded string of a raw token, if it is one.
fn string(raw: Option<&str>) -> Option<String> {
    raw.filter(|raw| raw.starts_with('"')).map(scan::decode_string).map(Cow::into_owned)
}

/// The integer of a raw token, if it is one that fits.
fn integer(raw: Option<&str>) -> Option<i64> {
    raw.and_then(|raw| raw.parse().ok())
}

#[cfg(test)]
mod tests;
