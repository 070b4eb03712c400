//! The selected spec: its stored text, the one of the same instance in the other pane's database,
//! and how the two compare. Texts are held for the selection alone.
//!
//! Imports `spec` and `change` (names); no I/O.

use std::sync::Arc;

use super::comparison::Comparison;
use super::effect::{Effect, RequestId, Requests};
use super::layout::Side;
use super::row::Failure;
use crate::change::DatabaseName;
use crate::query::PageKey;
use crate::spec::diff::{self, Relation};

/// A stored text that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// Not there yet.
    Pending,
    /// There is no such row.
    Absent,
    /// The exact bytes.
    Present(Arc<[u8]>),
    /// The database gave no answer; why.
    Unknown(String),
}

impl Fetched {
    /// The bytes, if they are there.
    pub fn text(&self) -> Option<&Arc<[u8]>> {
        match self {
            Fetched::Present(text) => Some(text),
            _ => None,
        }
    }

    fn of(result: Result<Option<Arc<[u8]>>, Failure>) -> Self {
        match result {
            Ok(Some(text)) => Fetched::Present(text),
            Ok(None) => Fetched::Absent,
            Err(Failure::NoTable) => Fetched::Absent,
            Err(failure) => Fetched::Unknown(failure.sentence().to_owned()),
        }
    }
}

/// How the spec compares with the one of the same instance in the other pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counterpart {
    /// Not known (yet).
    Unknown,
    /// There is none.
    Missing,
    /// The same, byte by byte or in meaning.
    Equal,
    /// Another.
    Different,
}

/// The selected spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// In which pane.
    pub side: Side,
    /// In which database.
    pub database: DatabaseName,
    /// The other pane's database, if there is one.
    pub other_database: Option<DatabaseName>,
    /// Whose spec.
    pub instance_uuid: Arc<str>,
    /// Its place in the orders as listed: an update changes it.
    pub key: PageKey,
    /// Its text.
    pub own: Fetched,
    /// The text in the other database.
    pub other: Fetched,
    /// How they compare.
    pub counterpart: Counterpart,
    requests: [Option<RequestId>; 2],
    /// Large texts: the comparison under way, then what was found.
    comparing: Option<RequestId>,
    comparison: Option<Arc<Comparison>>,
}

impl Selection {
    /// A newly selected spec, and what to ask for. Texts of `previous` stay until new ones come if
    /// it is the same spec.
    pub fn new(
        (side, database, other_database): (Side, DatabaseName, Option<DatabaseName>),
        (instance_uuid, key): (Arc<str>, PageKey),
        previous: Option<&Selection>,
        requests: &mut Requests,
    ) -> (Self, Vec<Effect>) {
        let mut selection = Self {
            side,
            database,
            other_database,
            instance_uuid,
            key,
            own: Fetched::Pending,
            other: Fetched::Pending,
            counterpart: Counterpart::Unknown,
            requests: [None, None],
            comparing: None,
            comparison: None,
        };
        if let Some(previous) = previous.filter(|previous| selection.is_same(previous)) {
            selection.own = previous.own.clone();
            if selection.other_database == previous.other_database {
                selection.other = previous.other.clone();
                selection.counterpart = previous.counterpart;
                selection.comparison = previous.comparison.clone();
            }
        }
        let effects = selection.ask(requests);
        (selection, effects)
    }

    fn is_same(&self, other: &Selection) -> bool {
        (&self.database, &self.instance_uuid) == (&other.database, &other.instance_uuid)
    }

    /// Asks for both texts (anew).
    pub fn ask(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let databases = [Some(self.database.clone()), self.other_database.clone()];
        let mut effects = Vec::new();
        for (slot, database) in self.requests.iter_mut().zip(databases) {
            *slot = database.map(|database| {
                let request = requests.issue();
                let instance_uuid = self.instance_uuid.clone();
                effects.push(Effect::Fetch { request, database, instance_uuid });
                request
            });
        }
        effects
    }

    /// Whether it waits for that answer, and from which database.
    pub fn waits_for(&self, request: RequestId) -> Option<&DatabaseName> {
        if self.requests[0] == Some(request) {
            return Some(&self.database);
        }
        self.other_database.as_ref().filter(|_| self.requests[1] == Some(request))
    }

    /// The databases whose answers are still awaited.
    pub fn waited_for(&self) -> Vec<&DatabaseName> {
        let own = self.requests[0].map(|_| &self.database);
        own.into_iter().chain(self.other_database.as_ref().filter(|_| self.requests[1].is_some())).collect()
    }

    /// Whether any answer is still awaited.
    pub fn is_busy(&self) -> bool {
        self.requests.iter().any(Option::is_some)
    }

    /// What a comparison in the background found, if the texts are still the same.
    pub fn comparison(&self) -> Option<&Arc<Comparison>> {
        self.comparison.as_ref()
    }

    /// A comparison ended. False if nobody waits for it.
    pub fn compared(&mut self, request: RequestId, comparison: Arc<Comparison>) -> bool {
        if self.comparing.take_if(|waited| *waited == request).is_none() {
            return false;
        }
        self.counterpart = counterpart(comparison.relation);
        self.comparison = Some(comparison);
        true
    }

    /// A text came; one that nobody waits for is dropped. Large texts are to be compared elsewhere.
    pub fn fetched(
        &mut self,
        request: RequestId,
        result: Result<Option<Arc<[u8]>>, Failure>,
        requests: &mut Requests,
    ) -> Vec<Effect> {
        let before = (self.own.clone(), self.other.clone());
        if self.requests[0] == Some(request) {
            self.requests[0] = None;
            self.own = Fetched::of(result);
        } else if self.requests[1] == Some(request) {
            self.requests[1] = None;
            self.other = Fetched::of(result);
        } else {
            return Vec::new();
        }
        if self.comparison.is_some() && before == (self.own.clone(), self.other.clone()) {
            return Vec::new();
        }
        (self.comparing, self.comparison) = (None, None);
        self.counterpart = match (&self.own, &self.other) {
            (Fetched::Present(own), Fetched::Present(other)) if own == other => Counterpart::Equal,
            (Fetched::Present(own), Fetched::Present(other)) if Comparison::is_quick(own, other) => {
                counterpart(diff::relation(own, other))
            }
            (Fetched::Present(own), Fetched::Present(other)) => {
                let request = requests.issue();
                self.comparing = Some(request);
                self.counterpart = Counterpart::Unknown;
                return vec![Effect::Compare { request, own: own.clone(), other: other.clone() }];
            }
            (_, Fetched::Absent) => Counterpart::Missing,
            _ => Counterpart::Unknown,
        };
        Vec::new()
    }
}

fn counterpart(relation: Relation) -> Counterpart {
    if relation == Relation::Different { Counterpart::Different } else { Counterpart::Equal }
}
