//! What a spec demands, and where it bites. Pure functions over plain data.
//!
//! - [`constraint`]: the demands of a spec, each with its source field and what enforces it.
//! - [`request`]: the fields of the request itself: zone, forced hosts, group, limits.
//! - [`hints`]: the scheduler hints nova knows.
//! - [`flavor`]: sizes of the flavor.  [`extra_specs`]: the extra specs nova knows.
//! - [`image`]: fields of the image.  [`image_properties`]: the image properties nova knows.
//! - [`topology`]: NUMA cells and PCI requests.
//!
//! Imports `spec` alone; does no I/O. Facts are those of nova 34 (`nova/scheduler`,
//! `nova/api/validation/extra_specs`, `nova/virt/hardware.py`).

pub mod constraint;
mod cpus;
pub mod extra_specs;
mod extra_specs_says;
pub mod flavor;
pub mod hints;
pub mod image;
pub mod image_properties;
pub mod request;
pub mod topology;

pub use constraint::{Constraint, Tab, Weight, constraints};
