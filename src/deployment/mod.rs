//! Which databases there are, and what else nova keeps in them.
//!
//! - [`url`]: addresses of databases as nova writes them.
//! - [`cells`]: `--cell NAME=URL`.
//! - [`inventory`]: where nova's own tables say an instance lives.
//! - [`demo`]: the embedded sample deployment.
//!
//! Imports `store` and `spec`. Nothing here writes to a database.

pub mod cells;
pub mod demo;
pub mod inventory;
pub mod url;

use std::sync::{Arc, OnceLock};

use crate::store::{
    Access, DatabaseName, InstanceHome, InstanceState, SpecHome, SpecStore, SqliteStore, StoreError,
};

pub use cells::{CellArgument, CellError};
pub use url::{DatabaseUrl, UrlError};

/// Whether an operator may write in this deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WritePolicy {
    /// On demand: read-only until the operator asks for writing.
    OnDemand,
    /// From the start (`--write`, the demo).
    FromStart,
    /// Never, and why.
    Never(String),
}

/// The databases of a deployment. Holds addresses, no sessions: each [`Deployment::open`] makes one.
#[derive(Debug)]
pub struct Deployment {
    environment: String,
    databases: Vec<DatabaseName>,
    addresses: Vec<DatabaseUrl>,
    stated_home: Option<SpecHome>,
    upstream_schema: OnceLock<bool>,
    policy: WritePolicy,
}

impl Deployment {
    /// A deployment of an API database and cells, in the order given. Nothing is opened.
    ///
    /// The environment's name is the end of the API database's address unless
    /// [`Deployment::with_environment`] gives another.
    ///
    /// # Errors
    /// A cell's name is empty, is `api`, or comes twice.
    pub fn new(api: DatabaseUrl, cells: Vec<CellArgument>) -> Result<Self, CellError> {
        cells::check(&cells)?;
        Ok(Self::of(api, cells))
    }

    fn of(api: DatabaseUrl, cells: Vec<CellArgument>) -> Self {
        let environment = short_address(api.shown());
        let (mut databases, mut addresses) = (vec![DatabaseName::Api], vec![api]);
        for cell in cells {
            databases.push(DatabaseName::Cell(cell.name));
            addresses.push(cell.url);
        }
        Self {
            environment,
            databases,
            addresses,
            stated_home: None,
            upstream_schema: OnceLock::new(),
            policy: WritePolicy::OnDemand,
        }
    }

    /// The same with the environment's name given.
    #[must_use]
    pub fn with_environment(mut self, name: impl Into<String>) -> Self {
        self.environment = name.into();
        self
    }

    /// The same with the home of scheduled specs stated rather than looked for.
    #[must_use]
    pub fn with_spec_home(mut self, home: SpecHome) -> Self {
        self.stated_home = Some(home);
        self
    }

    /// The same with another policy on writing.
    #[must_use]
    pub fn with_policy(mut self, policy: WritePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The environment's name, for the head line and the confirm step.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// The databases, the API database first, then the cells in the order given.
    pub fn databases(&self) -> &[DatabaseName] {
        &self.databases
    }

    /// Where a database is, for people (no password); "" for one that is not of this deployment.
    pub fn location(&self, database: &DatabaseName) -> &str {
        self.address(database).map_or("", |address| address.shown())
    }

    /// The address of a database of this deployment.
    pub fn address(&self, database: &DatabaseName) -> Option<&DatabaseUrl> {
        self.databases.iter().position(|name| name == database).map(|at| &self.addresses[at])
    }

    /// Where the spec of a scheduled instance belongs: as stated, else the API database where that
    /// bears upstream nova's `alembic_version` table and the cells otherwise. Before the API
    /// database was opened once it counts as upstream's, the answer that warns of more.
    pub fn spec_home(&self) -> SpecHome {
        self.stated_home.unwrap_or(if self.upstream_schema() { SpecHome::Api } else { SpecHome::Cells })
    }

    /// Whether the API database bears the mark of nova's own migrations (`alembic_version`); true
    /// as long as it could not be asked.
    pub fn upstream_schema(&self) -> bool {
        self.upstream_schema.get().copied().unwrap_or(true)
    }

    /// Whether sessions may be opened for writing at all.
    ///
    /// # Errors
    /// Why not, in a whole sentence.
    pub fn may_write(&self) -> Result<(), String> {
        match &self.policy {
            WritePolicy::Never(reason) => Err(reason.clone()),
            WritePolicy::OnDemand | WritePolicy::FromStart => Ok(()),
        }
    }

    /// Whether the terminal UI starts with writing switched on.
    pub fn starts_writable(&self) -> bool {
        self.policy == WritePolicy::FromStart
    }

    /// A new session of a database. The first one of the API database also finds out whose schema
    /// it bears (see [`Deployment::spec_home`]).
    ///
    /// # Errors
    /// The database cannot be opened, is not of this deployment, or writing is asked for where
    /// [`Deployment::may_write`] says no.
    pub async fn open(
        &self,
        database: &DatabaseName,
        access: Access,
    ) -> Result<Arc<dyn SpecStore>, StoreError> {
        let Some(address) = self.address(database) else {
            return Err(StoreError::Unavailable {
                database: database.clone(),
                location: Arc::from(""),
                reason: "not one of this deployment's databases".to_owned(),
            });
        };
        if let (Access::ReadWrite, Err(reason)) = (access, self.may_write()) {
            return Err(StoreError::ReadOnly {
                database: database.clone(),
                operation: "to open a session for writing".to_owned(),
                reason,
            });
        }
        let (name, path) = (database.clone(), address.path().to_owned());
        let opened = tokio::task::spawn_blocking(move || SqliteStore::open(name, &path, access)).await;
        let store: Arc<dyn SpecStore> = match opened {
            Ok(store) => Arc::new(store?),
            Err(error) => {
                return Err(StoreError::Failed {
                    database: database.clone(),
                    operation: "opening it".to_owned(),
                    reason: error.to_string(),
                });
            }
        };
        if *database == DatabaseName::Api
            && self.upstream_schema.get().is_none()
            && let Some(found) = inventory::bears_upstream_schema(store.as_ref()).await
        {
            // Another session may have found out first.
            let _ = self.upstream_schema.set(found);
        }
        Ok(store)
    }

    /// Where nova's `instance_mappings` says an instance lives. A cell is given by the name that
    /// this deployment uses for it: the name or the uuid of `cell_mappings`.
    pub async fn instance_home(&self, api: &dyn SpecStore, instance_uuid: &str) -> InstanceHome {
        inventory::instance_home(api, instance_uuid, &self.databases).await
    }

    /// What nova's `instances` says an instance is doing; `cell` is the database of its cell. None
    /// where that does not have it or could not be asked.
    pub async fn instance_state(&self, cell: &dyn SpecStore, instance_uuid: &str) -> Option<InstanceState> {
        inventory::instance_state(cell, instance_uuid).await
    }
}

/// The last two components of an address: enough to tell environments apart in a head line.
fn short_address(shown: &str) -> String {
    let mut ends = shown.rsplit('/').filter(|part| !part.is_empty());
    match (ends.next(), ends.next()) {
        (Some(file), Some(directory)) => format!("{directory}/{file}"),
        _ => shown.to_owned(),
    }
}

#[cfg(test)]
mod deployment_tests;
