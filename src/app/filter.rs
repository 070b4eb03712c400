//! The quick filter of a pane: what is typed, how far it is, and where the list was before.
//!
//! Imports `query` and `change` (names); no I/O.

use tui_input::Input;

use super::database::label;
use super::effect::RequestId;
use super::list::List;
use super::words::grouped;
use crate::change::DatabaseName;

/// Shortest beginning of a uuid that is looked up by the index.
const PREFIX: usize = 8;

/// What the filter is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nothing was typed.
    Empty,
    /// The beginning of a uuid is looked up.
    LookingUp(RequestId),
    /// The uuid was found: the whole list, the cursor on it.
    Jumped {
        /// How many specs begin so (8 stands for 8 and more).
        found: usize,
    },
    /// All rows are passed over.
    Passing {
        /// Names the filter.
        filter: RequestId,
        /// Rows passed.
        passed: u64,
        /// Hits among them.
        hits: u64,
        /// Whether it is done.
        finished: bool,
    },
    /// It stopped early; why.
    Failed(String),
}

/// A quick filter.
#[derive(Debug, Clone)]
pub struct Filter {
    /// What is typed.
    pub input: Input,
    /// Whether keys go to it.
    pub typing: bool,
    /// What it is doing.
    pub stage: Stage,
    /// The cells whose rows it did not pass, or not to the end.
    pub without: Vec<DatabaseName>,
    /// The list before, which Esc brings back.
    pub before: Box<List>,
}

impl Filter {
    /// An empty one.
    pub fn new(before: List) -> Self {
        Self {
            input: Input::default(),
            typing: true,
            stage: Stage::Empty,
            without: Vec::new(),
            before: Box::new(before),
        }
    }

    /// What is looked for.
    pub fn text(&self) -> &str {
        self.input.value().trim()
    }

    /// The filter whose hits the list shows.
    pub fn hits_of(&self) -> Option<RequestId> {
        match self.stage {
            Stage::Passing { filter, .. } => Some(filter),
            _ => None,
        }
    }

    /// Whether a scan or lookup is under way.
    pub fn is_busy(&self) -> bool {
        matches!(self.stage, Stage::LookingUp(_) | Stage::Passing { finished: false, .. })
    }

    /// Which cells are not in its result, if any are not.
    pub fn gaps(&self) -> Option<String> {
        match (&self.stage, &self.without[..]) {
            (Stage::Passing { .. }, [one]) => Some(format!("without {}", label(one))),
            (Stage::Passing { .. }, [_, more @ ..]) => Some(format!("without {} cells", more.len() + 1)),
            _ => None,
        }
    }

    /// How far it is, for the foot of the pane.
    pub fn progress(&self, total: Option<u64>) -> String {
        match &self.stage {
            Stage::Empty => String::new(),
            Stage::LookingUp(_) => "looking up".to_owned(),
            Stage::Jumped { found: 1 } => "found by uuid".to_owned(),
            Stage::Jumped { found } => format!("first of {found} uuids"),
            Stage::Passing { hits, finished: true, .. } => hits_in_words(*hits),
            Stage::Passing { passed, hits, finished: false, .. } => match total {
                Some(total) => {
                    format!(
                        "{} of {} · {}",
                        grouped(*passed),
                        grouped(total.max(*passed)),
                        hits_in_words(*hits)
                    )
                }
                None => format!("{} passed · {}", grouped(*passed), hits_in_words(*hits)),
            },
            Stage::Failed(reason) => reason.clone(),
        }
    }
}

fn hits_in_words(hits: u64) -> String {
    if hits == 1 { "1 hit".to_owned() } else { format!("{} hits", grouped(hits)) }
}

/// The beginning of a uuid, if `text` can be one that is long enough for the index.
pub fn uuid_prefix(text: &str) -> Option<String> {
    let fits = (PREFIX..=36).contains(&text.len())
        && text.char_indices().all(|(at, character)| match at {
            8 | 13 | 18 | 23 => character == '-',
            _ => character.is_ascii_hexdigit(),
        });
    fits.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("3f0c9a1", None)]
    #[case("3F0C9A1E", Some("3f0c9a1e"))]
    #[case("3f0c9a1e-aa", Some("3f0c9a1e-aa"))]
    #[case("3f0c9a1eaa", None)]
    #[case("m1.large", None)]
    fn beginnings_of_uuids_are_told_from_words(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(uuid_prefix(text).as_deref(), expected);
    }
}
