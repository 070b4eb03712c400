//! Read-only sessions, one per database, opened when first needed. A session that was lost is
//! dropped, so that the next request opens a new one.
//!
//! Whoever needs a session while it is being opened waits for that one attempt and shares what
//! becomes of it, its failure too: a database that is dead costs one timeout, not one for each
//! request. Databases may come later, and may change their address.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::failure;
use crate::app::row::Failure;
use crate::deployment::Deployment;
use crate::deployment::lost::Lost;
use crate::store::{Access, Address, DatabaseName, SpecStore, StoreError};

/// An open session.
pub type Store = Arc<dyn SpecStore>;

/// What becomes of an attempt; None until that is known.
type Attempt<S> = watch::Receiver<Option<Result<S, StoreError>>>;

/// The session of one database.
enum Slot<S> {
    /// None, and none is being opened.
    Closed,
    /// It is being opened at that address.
    Opening(Address, Attempt<S>),
    /// It is open at that address.
    Open(Address, S),
}

/// Sessions by the name of their database.
struct Slots<S>(Mutex<BTreeMap<DatabaseName, Slot<S>>>);

impl<S: Clone + Send + Sync + 'static> Slots<S> {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<DatabaseName, Slot<S>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session at that address, opened by `open` if it is neither open nor being opened.
    async fn get<F: Future<Output = Result<S, StoreError>> + Send + 'static>(
        self: &Arc<Self>,
        name: &DatabaseName,
        address: Address,
        open: impl FnOnce() -> F,
    ) -> Result<S, StoreError> {
        let mut attempt = {
            let mut slots = self.lock();
            match slots.get(name) {
                Some(Slot::Open(at, store)) if *at == address => return Ok(store.clone()),
                Some(Slot::Opening(at, attempt)) if *at == address => attempt.clone(),
                _ => {
                    let (told, attempt) = watch::channel(None);
                    let opening = Slot::Opening(address.clone(), attempt.clone());
                    slots.insert(name.clone(), opening);
                    let (slots, name, opened) = (Arc::clone(self), name.clone(), open());
                    // A task of its own: whoever asked first may lose interest, others wait too.
                    tokio::spawn(async move {
                        let result = opened.await;
                        slots.settle(&name, &address, &result);
                        told.send_replace(Some(result));
                    });
                    attempt
                }
            }
        };
        let gone = || StoreError::Failed {
            database: name.clone(),
            operation: "to open a session".to_owned(),
            reason: "the attempt was given up; try again".to_owned(),
        };
        let result = attempt.wait_for(Option::is_some).await;
        result.ok().and_then(|result| result.clone()).unwrap_or_else(|| Err(gone()))
    }

    /// The attempt at that address ended, unless another one has taken its place.
    fn settle(&self, name: &DatabaseName, address: &Address, result: &Result<S, StoreError>) {
        let mut slots = self.lock();
        if matches!(slots.get(name), Some(Slot::Opening(at, _)) if at == address) {
            let slot = match result {
                Ok(store) => Slot::Open(address.clone(), store.clone()),
                Err(_) => Slot::Closed,
            };
            slots.insert(name.clone(), slot);
        }
    }

    /// Drops a session that was lost, if it is still that one.
    fn forget(&self, name: &DatabaseName, is_it: impl FnOnce(&S) -> bool) {
        let mut slots = self.lock();
        if matches!(slots.get(name), Some(Slot::Open(_, store)) if is_it(store)) {
            slots.insert(name.clone(), Slot::Closed);
        }
    }
}

/// The read-only sessions of a deployment.
pub struct Sessions {
    deployment: Arc<Deployment>,
    slots: Arc<Slots<Store>>,
    lost: Lost,
}

impl Sessions {
    /// None open yet.
    pub fn new(deployment: Deployment) -> Self {
        let slots = Arc::new(Slots(Mutex::default()));
        Self { deployment: Arc::new(deployment), slots, lost: Lost::for_a_while() }
    }

    /// The deployment.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The databases that pages of lists do not ask again for a while.
    pub fn lost(&self) -> &Lost {
        &self.lost
    }

    /// The session of a database, opened if it is not.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn get(&self, database: &DatabaseName) -> Result<Store, StoreError> {
        let address = self.deployment.address(database)?;
        let open = || {
            let (deployment, database) = (Arc::clone(&self.deployment), database.clone());
            async move { deployment.open(&database, Access::ReadOnly).await }
        };
        self.slots.get(database, address, open).await
    }

    /// Takes a session that was opened elsewhere, in the place of the one there is.
    ///
    /// # Errors
    /// It is none of this deployment's databases.
    pub fn adopt(&self, store: Store) -> Result<(), StoreError> {
        let address = self.deployment.address(store.name())?;
        self.slots.lock().insert(store.name().clone(), Slot::Open(address, store));
        Ok(())
    }

    /// Does something with the session of a database.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn with<T, F: Future<Output = Result<T, StoreError>>>(
        &self,
        database: &DatabaseName,
        ask: impl FnOnce(Store) -> F,
    ) -> Result<T, Failure> {
        let result = match self.get(database).await {
            Ok(store) => {
                let result = ask(Arc::clone(&store)).await;
                if matches!(result, Err(StoreError::Unavailable { .. })) {
                    self.slots.forget(database, |kept| Arc::ptr_eq(kept, &store));
                }
                result
            }
            Err(error) => Err(error),
        };
        result.map_err(|error| failure(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn slots() -> Arc<Slots<Arc<u32>>> {
        Arc::new(Slots(Mutex::default()))
    }

    fn address(path: &str) -> Address {
        Address::of_path(Path::new(path))
    }

    fn dead() -> StoreError {
        StoreError::Unavailable {
            database: DatabaseName::Api,
            location: "mysql://db:3306/nova".into(),
            reason: "it accepts and says nothing".to_owned(),
        }
    }

    #[tokio::test]
    async fn requests_behind_an_opening_session_share_its_failure() {
        let (slots, attempts) = (slots(), AtomicUsize::new(0));
        let began = std::time::Instant::now();
        let ask = |_| {
            slots.get(&DatabaseName::Api, address("/a"), || {
                attempts.fetch_add(1, Ordering::Relaxed);
                async {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Err(dead())
                }
            })
        };
        let results = futures_util::future::join_all((0..20).map(ask)).await;
        assert!(results.iter().all(Result::is_err));
        assert_eq!(attempts.load(Ordering::Relaxed), 1);
        assert!(began.elapsed() < Duration::from_millis(500), "one wait, not twenty");
        // The next one tries anew.
        let again = slots.get(&DatabaseName::Api, address("/a"), || async { Ok(Arc::new(1)) }).await;
        assert!(again.is_ok());
    }

    #[tokio::test]
    async fn another_database_is_not_kept_waiting() {
        let slots = slots();
        let stuck = slots.get(&DatabaseName::Api, address("/a"), std::future::pending);
        let name = DatabaseName::cell("c");
        let cell = slots.get(&name, address("/c"), || async { Ok(Arc::new(7)) });
        tokio::select! {
            biased;
            _ = stuck => panic!("it never opens"),
            cell = cell => assert_eq!(*cell.unwrap(), 7),
        }
    }

    #[tokio::test]
    async fn who_loses_interest_does_not_end_the_attempt() {
        let (slots, name) = (slots(), DatabaseName::Api);
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let mut first = Box::pin(slots.get(&name, address("/a"), || async {
            let _ = wait.await;
            Ok(Arc::new(1))
        }));
        assert!(futures_util::future::poll_immediate(&mut first).await.is_none());
        drop(first);
        let second = slots.get(&name, address("/a"), || async { Ok(Arc::new(2)) });
        go.send(()).unwrap();
        assert_eq!(*second.await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_new_address_opens_a_new_session_and_only_the_lost_one_is_forgotten() {
        let (slots, name) = (slots(), DatabaseName::cell("c"));
        let open =
            |at: &str, number| slots.get(&name, address(at), move || async move { Ok(Arc::new(number)) });
        let old = open("/a", 1).await.unwrap();
        assert_eq!(*open("/a", 2).await.unwrap(), 1, "kept");
        assert_eq!(*open("/b", 3).await.unwrap(), 3, "elsewhere");
        slots.forget(&name, |kept| Arc::ptr_eq(kept, &old));
        assert_eq!(*open("/b", 4).await.unwrap(), 3, "it was the old one that was lost");
        slots.forget(&name, |_| true);
        assert_eq!(*open("/b", 5).await.unwrap(), 5);
    }
}
