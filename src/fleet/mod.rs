//! MANY SPECS AT ONCE: plans of many changes made from a query, what other tables say of many instances,
//! the doctor.
//!
//! - [`prepare`]: what a plan of one change is made from.  [`plans`]: plans of many changes.
//! - [`surroundings`]: what nova's other tables say of many instances, and of the whole deployment.
//! - [`undo`]: taking a change back.  [`recovery`]: changes that were interrupted.
//! - [`doctor`]: the rules over every spec of every database.
//!
//! Imports `spec`, `query`, `store`, `deployment`, `search`, `lint` and `change`. Reads only: what it
//! plans is applied by `change`.

pub mod doctor;
pub mod plans;
pub mod prepare;
pub mod recovery;
pub mod surroundings;
pub mod undo;
