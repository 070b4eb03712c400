//! Finding specs: one vocabulary for the terminal UI, the command line and bulk plans.
//!
//! - [`fields`]: the table of fields ([`json_path`]: paths into the stored text).
//! - [`expression`]: what a query means.  [`record`]: a row as a query sees it.
//! - [`mod@parse`]: text to query, with [`error`]s that point at the place (lexer, operand, nearest are its parts).
//! - [`mod@complete`]: what may stand at the cursor.
//! - [`reference_page`] writes docs/query.md.
//! - [`eval`]: the reference, slow and obvious ([`tolerant`]: reads what can be read of a text).
//! - [`matcher`]: judges rows fast: by their bytes (`anchor`, `bytes`, `strings`), else by values.
//! - [`plan`]: what is left to the database.  [`columns`]: repeated queries, orders and counts without the rows.
//! - [`extract`]: values of some fields (`branch`), in one pass (`walk`) over a text.
//! - [`compare`]: what a test says of one value.  `era`: which release wrote a row.  [`time`]: dates.
//! - [`order`]: orders of lists ([`sort_key`]).  [`mod@prefilter`]: what a database can be asked to leave out.
//! - [`page`]: order and keys of pages.
//! - [`tally`]: how far a search is.
//! - [`merge`]: several tables listed as one.
//!
//! Imports `spec` alone; does no I/O.

mod anchor;
mod branch;
mod bytes;
pub mod columns;
pub mod compare;
pub mod complete;
mod era;
pub mod error;
pub mod eval;
pub mod expression;
pub mod extract;
pub mod fields;
pub mod json_path;
mod lexer;
pub mod matcher;
pub mod merge;
pub mod nearest;
mod operand;
pub mod order;
pub mod page;
pub mod parse;
pub mod plan;
pub mod prefilter;
pub mod record;
pub mod reference_page;
pub mod sort_key;
mod strings;
pub mod tally;
pub mod time;
pub mod tolerant;
mod walk;

pub use complete::{Candidate, Completion, Sample, SeenValues, Subject, complete};
pub use error::ParseError;
pub use expression::Query;
pub use extract::Extractor;
pub use fields::Field;
pub use lexer::written_value;
pub use matcher::Matcher;
pub use order::Order;
pub use page::{PageFrom, PageKey, PageRequest, SortOrder};
pub use parse::{parse, parse_field, parse_fields, parse_order, word_prefix};
pub use plan::prefilter;
pub use sort_key::SortKey;
pub use tally::Tally;
