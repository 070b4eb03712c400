//! Searching: the rows of databases that fulfil a query, in any order, counted and written out.
//!
//! - [`pass`]: one query over one database, the rows that wait for other tables included (`waiting`).
//! - [`hits`]: what a search found, in bounded memory (`keys`: what it is sorted by; `packed`: in few
//!   bytes; `sorted`: in an order).
//! - [`find`]: a search: its pass, its hits, its pages.  [`rows`]: rows of a list with their columns
//!   ([`values`]).
//! - [`cache`]: columns of whole databases, kept while nothing changes, that answer at once.
//! - [`sample`]: values and keys for completion, looked up in little time.
//! - [`facets`]: counts of values.  [`waiting`]: rows that wait for other tables.  [`export`]: results as text.  [`run`]: several databases listed as
//!   one, for the command line.
//!
//! Imports `spec`, `query`, `store` and `deployment`; `tui` and `cli` import it. Reads only.

pub mod cache;
pub mod export;
pub mod facets;
pub mod find;
pub mod hits;
mod keys;
mod packed;
pub mod pass;
pub mod rows;
pub mod run;
pub mod sample;
mod sorted;
pub mod values;
pub mod waiting;

pub use find::Search;
pub use rows::Listed;
