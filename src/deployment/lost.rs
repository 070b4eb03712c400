//! Databases that did not answer, remembered: what many batches or pages ask of a dead one costs one wait,
//! not one each. What they would say stays unknown meanwhile.
//!
//! Imports `store` and [`super::facts`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::Entry;
use super::facts::{FactStores, Untold};
use crate::store::{DatabaseName, SpecStore, StoreError};

/// For how long pages of a list do not ask a database anew.
const WHILE: Duration = Duration::from_secs(30);

/// The databases that did not answer.
#[derive(Debug, Default)]
pub struct Lost {
    since: Mutex<BTreeMap<DatabaseName, (Instant, StoreError)>>,
    /// After which a database is asked anew; never without it.
    forgotten_after: Option<Duration>,
}

impl Lost {
    /// For one pass: a database that is gone is not asked again by the rest of it.
    pub fn for_good() -> Self {
        Self::default()
    }

    /// For pages of lists.
    pub fn for_a_while() -> Self {
        Self::after(WHILE)
    }

    fn after(time: Duration) -> Self {
        Self { forgotten_after: Some(time), ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DatabaseName, (Instant, StoreError)>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it is not asked now.
    fn why(&self, database: &DatabaseName) -> Option<StoreError> {
        let mut since = self.lock();
        let (at, error) = since.get(database)?;
        if self.forgotten_after.is_some_and(|time| at.elapsed() >= time) {
            since.remove(database);
            return None;
        }
        Some(error.clone())
    }

    /// Remembers those of them that could not be reached.
    pub fn remember(&self, untold: &[Untold]) {
        let gone = untold.iter().filter(|(_, error)| matches!(error, StoreError::Unavailable { .. }));
        for (database, error) in gone {
            self.lock().entry(database.clone()).or_insert_with(|| (Instant::now(), error.clone()));
        }
    }
}

/// The databases, but for those that are lost.
pub struct Reachable<'a> {
    /// All.
    pub stores: &'a dyn FactStores,
    /// Those that are not asked.
    pub lost: &'a Lost,
}

#[async_trait]
impl FactStores for Reachable<'_> {
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        match self.lost.why(database) {
            Some(error) => Err(error),
            None => self.stores.store(database).await,
        }
    }

    fn entries(&self) -> Arc<[Entry]> {
        self.stores.entries()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_reached_is_lost_and_not_for_ever() {
        let name = DatabaseName::cell;
        let gone = StoreError::Unavailable {
            database: name("c1"),
            location: "mysql://db:3306/nova".into(),
            reason: "it says nothing".to_owned(),
        };
        let refused = StoreError::Failed {
            database: name("c2"),
            operation: "to look".to_owned(),
            reason: "no".to_owned(),
        };
        let untold = [(name("c1"), gone), (name("c2"), refused)];
        let (good, soon) = (Lost::for_good(), Lost::after(Duration::ZERO));
        for lost in [&good, &soon] {
            assert!(lost.why(&name("c1")).is_none());
            lost.remember(&untold);
            assert!(lost.why(&name("c2")).is_none());
        }
        assert!(good.why(&name("c1")).is_some() && good.why(&name("c1")).is_some());
        assert!(soon.why(&name("c1")).is_none(), "its time is over");
    }
}
