//! Read-only sessions, one per database, opened when first needed. A session that was lost is
//! dropped, so that the next request opens a new one.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::failure;
use crate::app::row::Failure;
use crate::deployment::Deployment;
use crate::store::{Access, DatabaseName, SpecStore, StoreError};

/// An open session.
pub type Store = Arc<dyn SpecStore>;

/// The read-only sessions of a deployment.
pub struct Sessions {
    deployment: Deployment,
    open: BTreeMap<DatabaseName, Mutex<Option<Store>>>,
}

impl Sessions {
    /// None open yet.
    pub fn new(deployment: Deployment) -> Self {
        let open = deployment.databases().iter().map(|name| (name.clone(), Mutex::new(None))).collect();
        Self { deployment, open }
    }

    /// The deployment.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The session of a database, opened if it is not.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn get(&self, database: &DatabaseName) -> Result<Store, StoreError> {
        let Some(slot) = self.open.get(database) else {
            return self.deployment.open(database, Access::ReadOnly).await;
        };
        let mut slot = slot.lock().await;
        if let Some(store) = &*slot {
            return Ok(Arc::clone(store));
        }
        let store = self.deployment.open(database, Access::ReadOnly).await?;
        *slot = Some(Arc::clone(&store));
        Ok(store)
    }

    /// Drops a session that was lost.
    pub async fn forget(&self, database: &DatabaseName) {
        if let Some(slot) = self.open.get(database) {
            *slot.lock().await = None;
        }
    }

    /// Does something with the session of a database.
    pub async fn with<T, F: Future<Output = Result<T, StoreError>>>(
        &self,
        database: &DatabaseName,
        ask: impl FnOnce(Store) -> F,
    ) -> Result<T, Failure> {
        let result = match self.get(database).await {
            Ok(store) => ask(store).await,
            Err(error) => Err(error),
        };
        if matches!(result, Err(StoreError::Unavailable { .. })) {
            self.forget(database).await;
        }
        result.map_err(|error| failure(&error))
    }
}
