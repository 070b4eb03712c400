//! What nova's objects may hold, and what is wrong with a document that holds something else.
//!
//! - [`types`] and the generated table: fields, types, enumerations, versions.
//! - [`version`]: which stored versions nova loads.
//! - [`check()`]: every problem of a document; [`problem`] is their vocabulary.  [`sound()`]: whether there is certainly none, fast.
//! - [`field_info`], [`editable_fields`], [`addable_members`]: what an editor needs to know.
//! - [`date`]: dates as nova reads and writes them.
//!
//! Imports [`super::document`], [`super::path`] and [`super::scan`]; no I/O.

mod check;
pub mod date;
mod generated;
mod help;
mod info;
mod known;
mod place;
pub mod problem;
mod rules;
mod scalar;
mod sound;
pub mod types;
pub mod version;

pub(crate) use check::check_value;
pub use check::{check, check_instance};
pub use generated::OBJECTS;
pub use info::{FieldEntry, FieldInfo, MOST_OBJECTS, addable_members, editable_fields, field_info};
pub(crate) use info::{choices, refusal};
pub use place::kind_word;
pub(crate) use place::{Owner, Place, Role};
pub use problem::{Problem, Severity};
pub use scalar::is_uuid;
pub(crate) use scalar::{enum_value, is_version_predicate};
pub use sound::{Sound, sound};
pub use types::*;
pub use version::{StoredVersion, object};

/// A spec that nova loads and schedules, for tests.
#[cfg(test)]
pub(crate) fn check_sound() -> String {
    check::tests::sound()
}

/// The texts of the demo, which real nova made in all its eras, for tests.
#[cfg(test)]
pub(crate) fn demo_specs() -> Vec<String> {
    sound::tests::demo()
}
