//! How anything changes: plan, check, show the difference, confirm, apply.
//!
//! - [`intent`]: what an operator asks for.
//! - [`plan`]: what would be written, exactly.
//! - [`confirm`]: the confirm step; the only maker of [`Confirmed`] plans.
//! - [`mod@prepare`]: reads what an intent needs and makes its plan, or says why not.
//! - [`repair`]: repairs by name.  [`bulk`]: changes of many specs as one plan.  [`plan_file`]: plans on disk.
//! - [`digest`]: names of exact texts.  [`findings`]: what a plan raises and cures.
//! - [`mod@apply`]: the only code that writes to a store.  [`journal`]: where it is written down before;
//!   [`record`]: with what.  [`recover`]: what becomes of changes that were interrupted.
//! - [`undo`]: taking a change back.
//!
//! Imports `spec`, `store`, `query` and `lint`.

pub mod apply;
pub mod bulk;
pub mod confirm;
pub mod digest;
pub mod findings;
pub mod intent;
pub mod journal;
pub mod plan;
pub mod plan_file;
pub mod prepare;
pub mod record;
pub mod recover;
pub mod repair;
pub mod undo;

pub use apply::{
    ApplyError, BulkOutcome, Done, Outcome, Pace, Problem, Watch, apply, apply_many, apply_many_watched,
};
pub use bulk::{BulkChange, BulkIntent, BulkKind, BulkPlan, Destination, Progress, Summary, Whom};
pub use confirm::{Answer, Confirmable, Confirmation, Confirmed, Requirement};
pub use digest::Digest;
pub use intent::Intent;
pub use journal::{ChangeId, EntryId, Journal, JournalError, State, Who};
pub use plan::{Operation, Plan, Refusal, Severity, Warning};
pub use plan_file::{Fit, PlanFileError, PlannedOperation};
pub use prepare::{Facts, prepare};
pub use record::{Record, Undoing};
pub use repair::Repair;

pub use crate::store::{CellName, DatabaseName, InstanceHome, InstanceState, SpecHome};
