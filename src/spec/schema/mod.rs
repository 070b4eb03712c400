//! What nova's objects may hold.

mod generated;
pub mod types;

pub use generated::OBJECTS;
pub use types::*;
