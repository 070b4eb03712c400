//! The opened databases of a deployment, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{DatabaseName, SpecStore, StoreError};

/// The opened databases, and why others could not be. Cheap to clone; the API database comes first.
#[derive(Clone, Default)]
pub struct Stores {
    open: BTreeMap<DatabaseName, Arc<dyn SpecStore>>,
    closed: BTreeMap<DatabaseName, StoreError>,
}

impl Stores {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Add an opened database, in place of an older session with it.
    pub fn insert(&mut self, store: Arc<dyn SpecStore>) {
        self.closed.remove(store.name());
        self.open.insert(store.name().clone(), store);
    }

    /// Remember why a database could not be opened.
    pub fn insert_closed(&mut self, database: DatabaseName, error: StoreError) {
        self.open.remove(&database);
        self.closed.insert(database, error);
    }

    /// The databases that could not be opened, and why.
    pub fn closed(&self) -> impl Iterator<Item = (&DatabaseName, &StoreError)> {
        self.closed.iter()
    }

    /// The session with that database, if it is open.
    pub fn get(&self, database: &DatabaseName) -> Option<&Arc<dyn SpecStore>> {
        self.open.get(database)
    }

    /// The session with that database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where there is none.
    pub fn require(&self, database: &DatabaseName) -> Result<&Arc<dyn SpecStore>, StoreError> {
        let missing = || StoreError::Unavailable {
            database: database.clone(),
            location: Arc::from("not open"),
            reason: "no such database was given, or it could not be opened".to_owned(),
        };
        self.get(database).ok_or_else(|| self.closed.get(database).cloned().unwrap_or_else(missing))
    }

    /// All of them, the API database first.
    pub fn iter(&self) -> impl Iterator<Item = (&DatabaseName, &Arc<dyn SpecStore>)> {
        self.open.iter()
    }
}

impl FromIterator<Arc<dyn SpecStore>> for Stores {
    fn from_iter<I: IntoIterator<Item = Arc<dyn SpecStore>>>(stores: I) -> Self {
        let open = stores.into_iter().map(|store| (store.name().clone(), store)).collect();
        Self { open, closed: BTreeMap::new() }
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, store)| (name, store.location()))).finish()
    }
}
