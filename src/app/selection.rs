//! The selected spec: its stored text, the one of the same instance on the other side (in one
//! database, or in whichever cell has it), and how the two compare. Texts are held for the selection alone.
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

/// Where the same instance's spec is looked for: what the other pane lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opposite {
    /// The databases that are asked.
    pub databases: Vec<DatabaseName>,
    /// Cells that are not asked, since they do not answer: what they hold is not known.
    pub silent: Vec<DatabaseName>,
    /// Whether that is all cells rather than one database.
    pub many: bool,
}

impl Opposite {
    /// One database.
    pub fn one(database: DatabaseName) -> Self {
        Self { databases: vec![database], ..Self::default() }
    }
}

/// The spec of the same instance in one of the databases on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Twin {
    database: DatabaseName,
    request: Option<RequestId>,
    text: Fetched,
}

/// The selected spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// In which pane.
    pub side: Side,
    /// In which database.
    pub database: DatabaseName,
    /// Where the same instance's spec is looked for.
    pub opposite: Opposite,
    /// Where it was found; where one database is asked, that one in any case.
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
    request: Option<RequestId>,
    twins: Vec<Twin>,
    /// Large texts: the comparison under way, then what was found.
    comparing: Option<RequestId>,
    comparison: Option<Arc<Comparison>>,
    /// Seconds since it was selected, as far as they were counted.
    waited: u32,
}

impl Selection {
    /// A newly selected spec, and what to ask for. Texts of `previous` stay until new ones come if
    /// it is the same spec.
    pub fn new(
        (side, database, opposite): (Side, DatabaseName, Opposite),
        (instance_uuid, key): (Arc<str>, PageKey),
        previous: Option<&Selection>,
        requests: &mut Requests,
    ) -> (Self, Vec<Effect>) {
        let twin = |database: &DatabaseName| Twin {
            database: database.clone(),
            request: None,
            text: Fetched::Pending,
        };
        let mut selection = Self {
            side,
            database,
            twins: opposite.databases.iter().map(twin).collect(),
            opposite,
            other_database: None,
            instance_uuid,
            key,
            own: Fetched::Pending,
            other: Fetched::Pending,
            counterpart: Counterpart::Unknown,
            request: None,
            comparing: None,
            comparison: None,
            waited: 0,
        };
        if let Some(previous) = previous.filter(|previous| selection.is_same(previous)) {
            selection.own = previous.own.clone();
            for twin in &mut selection.twins {
                let known = previous.twins.iter().find(|known| known.database == twin.database);
                twin.text = known.map_or(Fetched::Pending, |known| known.text.clone());
            }
            selection.resolve();
            if selection.other == previous.other {
                selection.counterpart = previous.counterpart;
                selection.comparison = previous.comparison.clone();
            }
        } else {
            selection.resolve();
        }
        let effects = selection.ask(requests);
        (selection, effects)
    }

    fn is_same(&self, other: &Selection) -> bool {
        (&self.database, &self.instance_uuid) == (&other.database, &other.instance_uuid)
    }

    /// Asks for all texts (anew), all at once.
    pub fn ask(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let instance_uuid = &self.instance_uuid;
        let mut fetch = |database: &DatabaseName| {
            let request = requests.issue();
            let (database, instance_uuid) = (database.clone(), instance_uuid.clone());
            (Some(request), Effect::Fetch { request, database, instance_uuid })
        };
        let mut effects = Vec::new();
        let (request, effect) = fetch(&self.database);
        self.request = request;
        effects.push(effect);
        for twin in &mut self.twins {
            let (request, effect) = fetch(&twin.database);
            twin.request = request;
            effects.push(effect);
        }
        effects
    }

    /// Which text is the one to compare with. Of several cells it is the first that has one; as long
    /// as none has, one that has not answered may.
    fn resolve(&mut self) {
        let twins = &self.twins;
        let unknown = twins.iter().find(|twin| matches!(twin.text, Fetched::Unknown(_)));
        let silent = || Fetched::Unknown("not all cells answer".to_owned());
        let chosen = match &twins[..] {
            [] if !self.opposite.many => None,
            [only] if !self.opposite.many => Some(only),
            _ => twins.iter().find(|twin| matches!(twin.text, Fetched::Present(_))),
        };
        (self.other_database, self.other) = match (chosen, unknown) {
            (Some(twin), _) => (Some(twin.database.clone()), twin.text.clone()),
            _ if twins.iter().any(|twin| twin.text == Fetched::Pending) => (None, Fetched::Pending),
            (None, Some(twin)) => (None, twin.text.clone()),
            _ if !self.opposite.silent.is_empty() => (None, silent()),
            _ if self.opposite.many => (None, Fetched::Absent),
            _ => (None, Fetched::Pending),
        };
    }

    /// All databases on the other side that hold a spec of the instance.
    pub fn found_in(&self) -> Vec<&DatabaseName> {
        let present = self.twins.iter().filter(|twin| matches!(twin.text, Fetched::Present(_)));
        present.map(|twin| &twin.database).collect()
    }

    /// All databases on the other side that are known to hold none.
    pub fn absent_in(&self) -> Vec<&DatabaseName> {
        self.twins.iter().filter(|twin| twin.text == Fetched::Absent).map(|twin| &twin.database).collect()
    }

    /// The cells on the other side that were not asked, or did not answer.
    pub fn silent(&self) -> Vec<DatabaseName> {
        let failed = self.twins.iter().filter(|twin| matches!(twin.text, Fetched::Unknown(_)));
        self.opposite.silent.iter().chain(failed.map(|twin| &twin.database)).cloned().collect()
    }

    /// Whether it waits for that answer, and from which database.
    pub fn waits_for(&self, request: RequestId) -> Option<&DatabaseName> {
        if self.request == Some(request) {
            return Some(&self.database);
        }
        self.twins.iter().find(|twin| twin.request == Some(request)).map(|twin| &twin.database)
    }

    /// Whether it is still being looked for on the other side.
    pub fn is_searching(&self) -> bool {
        self.other == Fetched::Pending
    }

    /// The databases whose answers are still awaited.
    pub fn waited_for(&self) -> Vec<&DatabaseName> {
        let own = self.request.map(|_| &self.database);
        let twins = self.twins.iter().filter(|twin| twin.request.is_some()).map(|twin| &twin.database);
        own.into_iter().chain(twins).collect()
    }

    /// Another second has passed; how many had before.
    pub fn seconds_waited(&mut self) -> u32 {
        let before = self.waited;
        self.waited = before.saturating_add(1);
        before
    }

    /// Whether any answer is still awaited.
    pub fn is_busy(&self) -> bool {
        self.request.is_some() || self.twins.iter().any(|twin| twin.request.is_some())
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
        if self.request == Some(request) {
            self.request = None;
            self.own = Fetched::of(result);
        } else if let Some(twin) = self.twins.iter_mut().find(|twin| twin.request == Some(request)) {
            twin.request = None;
            twin.text = Fetched::of(result);
            self.resolve();
        } else {
            return Vec::new();
        }
        let settled = self.comparison.is_some() || self.comparing.is_some();
        if settled && before == (self.own.clone(), self.other.clone()) {
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
