//! What every change is recorded with: the journal, who asked, and why.
//!
//! Imports its siblings.

use super::journal::{ChangeId, Header, Journal, Kind, Who};
use super::{DatabaseName, Operation, Plan};
use crate::spec::mask::masked_words;
use crate::spec::text::named;
use crate::store::Stores;

/// The journal that a change is written to, and what it says of it.
#[derive(Debug, Clone)]
pub struct Record {
    /// Where.
    pub journal: Journal,
    /// Who changes something.
    pub who: Who,
    /// Why, in the operator's words.
    pub reason: Option<String>,
    /// The change that is undone, or done again.
    pub undoing: Option<Undoing>,
}

/// A change that undoes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undoing {
    /// The one that is undone.
    pub change: ChangeId,
    /// Whether that one is an undo itself: this one then does something again.
    pub again: bool,
}

impl Record {
    /// A record of an ordinary change.
    pub fn new(journal: Journal, who: Who, reason: Option<String>) -> Self {
        Self { journal, who, reason, undoing: None }
    }

    /// The record of one that undoes another.
    #[must_use]
    pub fn undoing(mut self, undoing: Undoing) -> Self {
        self.undoing = Some(undoing);
        self
    }

    /// The head of a change; of one that undoes another, that says so. No password of a URL goes into it.
    pub fn header(
        &self,
        kind: Kind,
        title: String,
        environment: &str,
        databases: Vec<(DatabaseName, String)>,
        total: u64,
    ) -> Header {
        let kind = match self.undoing {
            Some(Undoing { again: true, .. }) => Kind::Redo,
            Some(Undoing { again: false, .. }) => Kind::Undo,
            None => kind,
        };
        Header {
            kind,
            title: masked_words(&title),
            who: self.who.clone(),
            environment: environment.to_owned(),
            databases,
            reason: self.reason.as_deref().map(masked_words),
            undoes: self.undoing.map(|undoing| undoing.change),
            total,
            plan_file: None,
        }
    }

    /// The head of the change that a plan is.
    pub(super) fn header_of(&self, stores: &Stores, plan: &Plan) -> Header {
        let mut databases: Vec<(DatabaseName, String)> = Vec::new();
        for name in plan.operations.iter().flat_map(databases_of) {
            if let Some(store) = stores.get(name)
                && !databases.iter().any(|(known, _)| known == name)
            {
                databases.push((name.clone(), store.identity()));
            }
        }
        let (kind, title) = match plan.operations.as_slice() {
            [] => (Kind::Save, "nothing".to_owned()),
            [one] => (Kind::of(one), words(one)),
            [first, rest @ ..] => (Kind::of(first), format!("{}, and {} more", words(first), rest.len())),
        };
        let title = match self.undoing {
            Some(Undoing { change, again: true }) => format!("redo {change}: {title}"),
            Some(Undoing { change, again: false }) => format!("undo {change}: {title}"),
            None => title,
        };
        self.header(kind, title, &plan.environment, databases, plan.operations.len() as u64)
    }
}

/// The databases that an operation is about.
fn databases_of(operation: &Operation) -> Vec<&DatabaseName> {
    match operation {
        Operation::Save { database, .. }
        | Operation::Create { database, .. }
        | Operation::Destroy { database, .. } => vec![database],
        Operation::Copy { from, to, .. } | Operation::Move { from, to, .. } => vec![from, to],
    }
}

/// An operation in a line: `move UUID from api to cell1`.
pub fn words(operation: &Operation) -> String {
    let (verb, whose) = (operation.verb(), named(operation.instance_uuid()));
    match operation {
        Operation::Save { database, .. } | Operation::Create { database, .. } => {
            format!("{verb} {whose} in {database}")
        }
        Operation::Destroy { database, .. } => format!("{verb} {whose} from {database}"),
        Operation::Copy { from, to, .. } | Operation::Move { from, to, .. } => {
            format!("{verb} {whose} from {from} to {to}")
        }
    }
}

/// The words of a reason, passwords of URLs masked; None where it says nothing.
pub fn reason(words: Option<&str>) -> Option<String> {
    words.map(str::trim).filter(|words| !words.is_empty()).map(masked_words)
}
