//! What nova's objects may hold.
//!
//! - [`types`] and the generated table: fields, types, enumerations, versions.
//! - [`version`]: which stored versions nova loads.

mod generated;
pub mod types;
pub mod version;

pub use generated::OBJECTS;
pub use types::*;
pub use version::{StoredVersion, object};
