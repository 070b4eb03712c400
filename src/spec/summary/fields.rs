//! Which members a list row takes of which object.
//!
//! Imports its siblings; no I/O.

use super::demands::Demands;
use super::reader::{Logical, Members, Reader};
use crate::spec::document::Malformed;
use crate::spec::scan;

type Raw<'t> = Option<&'t str>;
type Taken = Result<bool, Malformed>;

/// The RequestSpec.
#[derive(Debug, Default)]
pub(super) struct Spec<'t> {
    pub availability_zone: Raw<'t>,
    pub project_id: Raw<'t>,
    pub user_id: Raw<'t>,
    pub flavor: Logical<'t, Flavor<'t>>,
    pub image: Logical<'t, Image<'t>>,
    pub numa_topology: Logical<'t, Nothing>,
    pub pci_requests: Logical<'t, PciRequests<'t>>,
    pub instance_group: Logical<'t, Nothing>,
    force_hosts: Raw<'t>,
    force_nodes: Raw<'t>,
    ignore_hosts: Raw<'t>,
    requested_destination: Raw<'t>,
    is_bfv: Raw<'t>,
    hints: Hints,
}

impl<'t> Members<'t> for Spec<'t> {
    fn member(&mut self, key: &str, reader: &mut Reader<'t>) -> Taken {
        match key {
            "availability_zone" => self.availability_zone = Some(reader.raw()?),
            "project_id" => self.project_id = Some(reader.raw()?),
            "user_id" => self.user_id = Some(reader.raw()?),
            "flavor" => self.flavor = reader.logical()?,
            "image" => self.image = reader.logical()?,
            "numa_topology" => self.numa_topology = reader.logical()?,
            "pci_requests" => self.pci_requests = reader.logical()?,
            "instance_group" => self.instance_group = reader.logical()?,
            "force_hosts" => self.force_hosts = Some(reader.raw()?),
            "force_nodes" => self.force_nodes = Some(reader.raw()?),
            "ignore_hosts" => self.ignore_hosts = Some(reader.raw()?),
            "requested_destination" => self.requested_destination = Some(reader.raw()?),
            "is_bfv" => self.is_bfv = Some(reader.raw()?),
            "scheduler_hints" => self.hints = reader.plain()?.unwrap_or_default(),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Spec<'_> {
    pub fn demands(&self) -> Demands {
        let flavor = self.flavor.fields().extra_specs;
        let image = self.image.fields().properties.fields().0;
        let mut demands = Demands::NONE;
        demands.set('G', self.instance_group.is_set() || self.hints.group);
        demands.set('H', self.hints.other);
        demands.set('N', self.numa_topology.is_set() || flavor.numa() || image.numa());
        demands.set('P', truthy(self.pci_requests.fields().requests) || flavor.pci_alias);
        demands.set('F', truthy(self.force_hosts) || truthy(self.force_nodes));
        demands.set('I', truthy(self.ignore_hosts));
        demands.set('D', truthy(self.requested_destination));
        demands.set('V', self.is_bfv == Some("true"));
        demands
    }
}

/// The flavor.
#[derive(Debug, Default)]
pub(super) struct Flavor<'t> {
    pub name: Raw<'t>,
    pub vcpus: Raw<'t>,
    pub memory_mb: Raw<'t>,
    pub root_gb: Raw<'t>,
    extra_specs: Hardware,
}

impl<'t> Members<'t> for Flavor<'t> {
    fn member(&mut self, key: &str, reader: &mut Reader<'t>) -> Taken {
        match key {
            "name" => self.name = Some(reader.raw()?),
            "vcpus" => self.vcpus = Some(reader.raw()?),
            "memory_mb" => self.memory_mb = Some(reader.raw()?),
            "root_gb" => self.root_gb = Some(reader.raw()?),
            "extra_specs" => {
                let ExtraSpecs(hardware) = reader.plain()?.unwrap_or_default();
                self.extra_specs = hardware;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The image.
#[derive(Debug, Default)]
pub(super) struct Image<'t> {
    pub name: Raw<'t>,
    properties: Logical<'t, Properties>,
}

impl<'t> Members<'t> for Image<'t> {
    fn member(&mut self, key: &str, reader: &mut Reader<'t>) -> Taken {
        match key {
            "name" => self.name = Some(reader.raw()?),
            "properties" => self.properties = reader.logical()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// What extra specs or image properties ask of the hardware.
#[derive(Debug, Clone, Copy, Default)]
struct Hardware {
    pinned: bool,
    layout: bool,
    pci_alias: bool,
}

impl Hardware {
    /// nova builds a NUMA topology for these (`nova.virt.hardware.numa_get_constraints`).
    fn numa(self) -> bool {
        self.pinned || self.layout
    }

    /// `name` without its `hw:` or `hw_`.
    fn take(&mut self, name: &str, reader: &mut Reader<'_>) -> Taken {
        match name {
            "cpu_policy" => {
                let raw = reader.raw()?;
                let policy = if raw.starts_with('"') { scan::decode_string(raw) } else { raw.into() };
                self.pinned = matches!(&*policy, "dedicated" | "mixed");
                return Ok(true);
            }
            "mem_page_size" => self.layout = true,
            _ if name.starts_with("numa_") => self.layout = true,
            _ => {}
        }
        Ok(false)
    }
}

/// `flavor.extra_specs`.
#[derive(Default)]
struct ExtraSpecs(Hardware);

impl<'t> Members<'t> for ExtraSpecs {
    fn member(&mut self, key: &str, reader: &mut Reader<'t>) -> Taken {
        match key.strip_prefix("hw:") {
            Some(name) => self.0.take(name, reader),
            None => {
                self.0.pci_alias |= key == "pci_passthrough:alias";
                Ok(false)
            }
        }
    }
}

/// `image.properties`.
#[derive(Debug, Default)]
struct Properties(Hardware);

impl<'t> Members<'t> for Properties {
    fn member(&mut self, key: &str, reader: &mut Reader<'t>) -> Taken {
        match key.strip_prefix("hw_") {
            Some(name) => self.0.take(name, reader),
            None => Ok(false),
        }
    }
}

/// `pci_requests`.
#[derive(Debug, Default)]
pub(super) struct PciRequests<'t> {
    requests: Raw<'t>,
}

impl<'t> Members<'t> for PciRequests<'t> {
    fn member(&mut self, key: &str, reader: &mut Reader<'t>) -> Taken {
        if key == "requests" {
            self.requests = Some(reader.raw()?);
        }
        Ok(key == "requests")
    }
}

/// `scheduler_hints`: whether there is a group, and anything else.
#[derive(Debug, Clone, Copy, Default)]
struct Hints {
    group: bool,
    other: bool,
}

impl<'t> Members<'t> for Hints {
    fn member(&mut self, key: &str, _reader: &mut Reader<'t>) -> Taken {
        if key == "group" {
            self.group = true
        } else {
            self.other = true
        }
        Ok(false)
    }
}

/// An object of which only the header matters.
#[derive(Debug, Default)]
pub(super) struct Nothing;

impl<'t> Members<'t> for Nothing {
    fn member(&mut self, _key: &str, _reader: &mut Reader<'t>) -> Taken {
        Ok(false)
    }
}

/// Whether Python would take the value for true.
fn truthy(raw: Raw<'_>) -> bool {
    let Some(raw) = raw else { return false };
    let inside = |opening: char| raw.strip_prefix(opening).map(|rest| rest.trim_ascii_start());
    if let Some(rest) = inside('[') {
        return !rest.starts_with(']');
    }
    if let Some(rest) = inside('{') {
        return !rest.starts_with('}');
    }
    if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return raw.parse::<f64>().is_ok_and(|number| number != 0.0);
    }
    !matches!(raw, "null" | "false" | "\"\"")
}
