//! Which databases there are, and what else nova keeps in them.
//!
//! - [`url`]: addresses of databases as nova writes them; [`option_file`]: MySQL's option files.
//! - [`oslo_conf`]: nova.conf; [`template`]: addresses in `cell_mappings` that are filled from it.
//! - [`cells`]: `--cell NAME=URL`, `cell_mappings`, and both together.
//! - [`profile`]: named environments (`profile_file`: the file as written; [`password`]: passwords
//!   from files and commands).  [`discover`]: from what an operator says to a deployment.
//! - [`inventory`]: where nova's own tables say an instance lives.  [`facts`]: what they say of many
//!   ([`asked`]: how they are asked; [`lost`]: databases that did not answer).
//! - [`settings`]: saved queries, the history of queries, chosen columns.
//! - [`demo`]: the embedded sample deployment.
//!
//! Imports `store`, `query` and `spec`. Nothing here writes to a database, but for the demo before it is in its place.

pub mod asked;
pub mod cells;
pub mod demo;
pub mod discover;
pub mod facts;
pub mod inventory;
pub mod lost;
pub mod option_file;
pub mod oslo_conf;
pub mod password;
pub mod profile;
mod profile_file;
pub mod settings;
pub mod template;
pub mod url;

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use crate::store::{
    self, Access, Address, DatabaseName, InstanceHome, InstanceState, SpecHome, SpecStore, StoreError,
    Timeouts,
};

use crate::store::address::Endpoint;
use cells::Filling;
pub use cells::{CellArgument, CellError};
pub use profile::{Colour, Environment, Environments, ProfileError};
pub use url::UrlError;

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

/// A database of a deployment, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is called: of a cell `cell_mappings.name`, or its uuid where it has none.
    pub name: DatabaseName,
    /// `cell_mappings.uuid` of a cell, where that is known.
    pub uuid: Option<Arc<str>>,
    /// Its address; else why there is none (a template that does not resolve), in a sentence without
    /// passwords.
    pub address: Result<Address, String>,
    /// Its address for people, or what stands in its place, masked.
    pub shown: Arc<str>,
    /// `cell_mappings.disabled`: nova schedules nothing there.
    pub disabled: bool,
    /// Who says so.
    pub origin: Origin,
}

/// Who says where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line or a profile.
    Given,
    /// nova's configuration: file and option.
    Configuration(Arc<str>),
    /// `cell_mappings`; the template, masked, where its URL is one.
    Mapping {
        /// As stored.
        template: Option<Arc<str>>,
    },
}

/// The databases of a deployment. Holds addresses, no sessions: each [`Deployment::open`] makes one.
#[derive(Debug)]
pub struct Deployment {
    environment: String,
    colour: Option<Colour>,
    /// What was said while this was made, and what [`Deployment::discover`] said last.
    notices: Vec<String>,
    discovered: RwLock<Vec<String>>,
    /// What was given: the API database first, then cells.
    given: Vec<Entry>,
    filling: Filling,
    /// What is known so far, the API database first. [`Deployment::discover`] replaces it.
    entries: RwLock<Arc<[Entry]>>,
    timeouts: Timeouts,
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
    pub fn new(api: Address, cells: Vec<CellArgument>) -> Result<Self, CellError> {
        cells::check(&cells)?;
        Ok(Self::of(api, cells))
    }

    fn of(api: Address, cells: Vec<CellArgument>) -> Self {
        let given = |name: DatabaseName, address: Address| Entry {
            name,
            uuid: None,
            shown: Arc::clone(&address.shown),
            address: Ok(address),
            disabled: false,
            origin: Origin::Given,
        };
        let mut entries = vec![given(DatabaseName::Api, api)];
        entries.extend(cells.into_iter().map(|cell| given(DatabaseName::Cell(cell.name), cell.url)));
        Self::of_entries(entries, Filling::default())
    }

    /// Of entries, the API database first.
    fn of_entries(given: Vec<Entry>, filling: Filling) -> Self {
        Self {
            environment: given.first().map(short_name).unwrap_or_default(),
            colour: None,
            notices: Vec::new(),
            discovered: RwLock::default(),
            entries: RwLock::new(given.as_slice().into()),
            given,
            filling,
            timeouts: Timeouts::default(),
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

    /// The same with so long waited for each database, to connect and to answer.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts = Timeouts { connect: timeout, answer: timeout };
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

    /// What the head line is coloured with, where the environment's profile says.
    pub fn colour(&self) -> Option<Colour> {
        self.colour
    }

    /// What an operator should know of how this deployment was found, a sentence each: a file with a
    /// password that others may read, an option of a URL that is not honoured. No passwords. More
    /// may come with [`Deployment::discover`].
    pub fn notices(&self) -> Vec<String> {
        let discovered = self.discovered.read().unwrap_or_else(PoisonError::into_inner);
        self.notices.iter().chain(discovered.iter()).cloned().collect()
    }

    /// What is known of the databases, the API database first, then the cells in their order.
    pub fn entries(&self) -> Arc<[Entry]> {
        Arc::clone(&self.entries.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Their names.
    pub fn databases(&self) -> Arc<[DatabaseName]> {
        self.entries().iter().map(|entry| entry.name.clone()).collect()
    }

    fn entry(&self, database: &DatabaseName) -> Option<Entry> {
        self.entries().iter().find(|entry| entry.name == *database).cloned()
    }

    /// How long is waited for a database.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Look in the API database for cells that are not known yet (`cell_mappings`); what the command
    /// line or a profile says of a cell wins. Gives whether anything is different now.
    ///
    /// A cell whose address cannot be found out is an [`Entry`] that says why; the order is that of
    /// nova's ids, then cells that only the operator knows, and cell0 last.
    ///
    /// # Errors
    /// The API database cannot be asked, or its account may not read `cell_mappings`. One that has no
    /// `cell_mappings` is not one of nova's: its cells are those given.
    pub async fn discover(&self) -> Result<bool, StoreError> {
        let api = self.open(&DatabaseName::Api, Access::ReadOnly).await?;
        self.discover_from(api.as_ref()).await
    }

    /// The same over a session with the API database that is open already.
    ///
    /// # Errors
    /// As [`Deployment::discover`].
    pub async fn discover_from(&self, api: &dyn SpecStore) -> Result<bool, StoreError> {
        let Some(mappings) = cells::mappings(api).await? else { return Ok(false) };
        let (given, filling) = (self.given.clone(), self.filling.clone());
        // A command may have to be asked for a password.
        let together = tokio::task::spawn_blocking(move || cells::together(&given, &mappings, &filling));
        let found = together.await.map_err(|error| StoreError::Failed {
            database: DatabaseName::Api,
            operation: "finding the cells".to_owned(),
            reason: error.to_string(),
        })?;
        *self.discovered.write().unwrap_or_else(PoisonError::into_inner) = found.notices;
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let changed = entries[..] != found.entries[..];
        if changed {
            *entries = found.entries.into();
        }
        Ok(changed)
    }

    /// Where a database is, for people (no password); "" for one that is not of this deployment.
    pub fn location(&self, database: &DatabaseName) -> Arc<str> {
        self.entry(database).map_or_else(|| Arc::from(""), |entry| entry.shown)
    }

    /// The address of a database of this deployment.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it is not one of them, or its address cannot be found out.
    pub fn address(&self, database: &DatabaseName) -> Result<Address, StoreError> {
        let unavailable = |location: Arc<str>, reason: String| StoreError::Unavailable {
            database: database.clone(),
            location,
            reason,
        };
        match self.entry(database) {
            Some(entry) => entry.address.map_err(|reason| unavailable(entry.shown, reason)),
            None => Err(unavailable(Arc::from(""), "not one of this deployment's databases".to_owned())),
        }
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
        let address = self.address(database)?;
        if let (Access::ReadWrite, Err(reason)) = (access, self.may_write()) {
            return Err(StoreError::ReadOnly {
                database: database.clone(),
                operation: "to open a session for writing".to_owned(),
                reason,
            });
        }
        let store = store::open(database.clone(), &address, access, self.timeouts).await?;
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
        inventory::instance_home(api, instance_uuid, &self.entries()).await
    }

    /// What nova's `instances` says an instance is doing; `cell` is the database of its cell. None
    /// where that does not have it or could not be asked.
    pub async fn instance_state(&self, cell: &dyn SpecStore, instance_uuid: &str) -> Option<InstanceState> {
        inventory::instance_state(cell, instance_uuid).await
    }
}

/// What an environment is called after its API database: host and database of a server, the last
/// two components of a path; enough to tell environments apart in a head line.
fn short_name(api: &Entry) -> String {
    let Some(server) = api.address.as_ref().ok().and_then(Address::as_server) else {
        return short_address(&api.shown);
    };
    let place = match &server.endpoint {
        Endpoint::Tcp { host, .. } => host.clone(),
        Endpoint::Socket { .. } => "localhost".to_owned(),
    };
    format!("{place}/{}", server.database)
}

fn short_address(shown: &str) -> String {
    let mut ends = shown.rsplit('/').filter(|part| !part.is_empty());
    match (ends.next(), ends.next()) {
        (Some(file), Some(directory)) => format!("{directory}/{file}"),
        _ => shown.to_owned(),
    }
}

#[cfg(test)]
mod deployment_tests;
