//! The document: a RequestSpec as stored text, read and edited without loss.
//!
//! - [`document`]: the stored text and a span index over it; the text is the truth.
//! - [`scan`]: the tokens of JSON as Python reads and writes them.
//! - [`path`]: paths to logical fields, `flavor.extra_specs[hw:cpu_policy]`.
//! - [`schema`]: what nova's objects may hold, generated from nova.
//! - [`edit`]: edits as splices of the text, each with its inverse.
//! - [`persist`]: what nova's save() strips.
//! - [`diff`]: what differs between two specs, by meaning.
//! - [`view`]: typed read access to the fields of every era.
//! - [`summary`]: the few fields a list row needs, extracted fast.
//! - [`text`]: text made safe for a terminal.  [`mask`]: without passwords.
//!
//! Imports nothing of ours and does no I/O.

pub mod diff;
pub mod document;
pub mod edit;
pub mod mask;
pub mod path;
pub mod persist;
pub mod scan;
pub mod schema;
pub mod summary;
pub mod text;
pub mod view;

pub use document::{Document, Kind, Malformed, Node, NodeId};
pub use path::FieldPath;
