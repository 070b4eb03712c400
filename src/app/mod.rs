//! The terminal UI as a pure state machine: `update(&mut Model, Msg) -> Vec<Effect>`.
//!
//! - [`model`]: all that the screen shows.  [`msg`]: what happens.  [`effect`]: what shall be done.
//! - [`mod@update`]: the transitions.  [`command`] and [`keymap`]: what an operator can do, in one table.
//! - [`layout`]: where things are.  [`list`]: the window of rows around a cursor.
//! - [`databases`]: the screen of all databases.  [`environment`]: the environments to choose from.
//! - [`pane`], [`cells`], [`database`], [`selection`], [`search`]: the parts of the main screen.
//! - [`overlay`] and [`confirm`], [`conflict`], [`palette`], [`help`], [`toast`]: what lies over it.
//! - [`query_bar`]: typing a query ([`progress`]: how far it is, [`highlight`]: what it marks,
//!   [`seen`]: what completes it).
//! - [`sorting`], [`columns`], [`facets`], [`saved`], [`exporting`]: choices over the list
//!   ([`field_list`]: fields to choose from, [`settings`]: what is kept).  [`refreshing`]: by itself.
//! - [`marks`]: specs marked for a change of many.  [`bulk`]: that change.
//! - [`history`]: what was changed.  [`recovery`]: what was interrupted.  [`doctor`]: findings over all databases.
//! - [`detail`]: the panel that explains the selected spec.  [`editor`]: the field editor.
//!
//! No I/O, no clock, no randomness. Imports `spec`, `query`, `scheduler`, `change` (plans, not
//! apply) and the plain event types of crossterm; never `store`, never ratatui.

pub mod bulk;
pub mod cells;
pub mod columns;
pub mod command;
pub mod comparison;
pub mod confirm;
pub mod confirm_notes;
pub mod confirm_text;
pub mod conflict;
pub mod database;
pub mod databases;
pub mod detail;
pub mod doctor;
pub mod editor;
pub mod effect;
pub mod environment;
pub mod exporting;
pub mod facets;
pub mod field_list;
pub mod help;
pub mod highlight;
pub mod history;
pub mod keymap;
pub mod layout;
pub mod list;
pub mod marks;
pub mod model;
pub mod msg;
pub mod overlay;
pub mod palette;
pub mod pane;
mod pane_search;
pub mod progress;
pub mod query_bar;
pub mod recovery;
pub mod refreshing;
pub mod row;
pub mod saved;
pub mod search;
pub mod seen;
pub mod selection;
pub mod settings;
pub mod sorting;
pub mod toast;
pub mod update;
pub mod whole;
pub mod words;

pub use effect::Effect;
pub use model::{Model, Setup};
pub use msg::Msg;
pub use update::update;
