//! Read-only sessions, each opened once, and finding a spec in them. All databases are asked at
//! once: one that does not answer takes its own time and no other's.

use crate::spec::text::named;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::error::{CliError, Exit};
use super::output::say;
use crate::deployment::Deployment;
use crate::spec::text::escaped;
use crate::store::{Access, DatabaseName, SpecStore, StoreError, StoredSpec};

/// The shortest beginning of a uuid that is looked for.
const SHORTEST_PREFIX: usize = 6;
/// The length of a whole one.
const WHOLE_UUID: usize = 36;

type Store = Arc<dyn SpecStore>;
/// A session, or why there is none: that is not tried again by the same command.
type Slot = Arc<OnceCell<Result<Store, StoreError>>>;

/// The read-only sessions of one command. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    deployment: Arc<Deployment>,
    journal: Option<Arc<Path>>,
    opened: Arc<Mutex<BTreeMap<DatabaseName, Slot>>>,
}

/// Where a spec was looked for, and what was found.
pub struct Found {
    /// Whose spec: the full uuid.
    pub instance_uuid: Arc<str>,
    /// The copies, in the order of the deployment's databases.
    pub copies: Vec<(DatabaseName, StoredSpec)>,
    /// The databases that could not be asked.
    pub unasked: Vec<StoreError>,
}

impl Sessions {
    /// None opened yet.
    pub fn new(deployment: Deployment, journal: Option<PathBuf>) -> Self {
        Self { deployment: Arc::new(deployment), journal: journal.map(Arc::from), opened: Arc::default() }
    }

    /// The file of the journal, which is not opened by that.
    ///
    /// # Errors
    /// There is no place for one.
    pub fn journal(&self) -> Result<&Path, CliError> {
        self.journal.as_deref().ok_or_else(|| {
            CliError::failed("there is no place for the journal: set HOME, or give a file with --journal; nothing was written")
        })
    }

    /// The deployment.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// Look for the cells in the API database, and say what is to be said of how the databases were
    /// found. A command that is about one database, which was given, does without.
    pub async fn discover(&self, about: Option<&DatabaseName>) {
        let given = about.is_some_and(|database| self.deployment.databases().contains(database));
        let looked = match given {
            true => Ok(()),
            false => match self.get(&DatabaseName::Api).await {
                Ok(api) => self.deployment.discover_from(api.as_ref()).await.map(|_| ()),
                Err(error) => Err(error),
            },
        };
        for notice in self.deployment.notices() {
            say(&format!("reqspec: notice: {notice}"));
        }
        if let Err(error) = looked {
            say(&format!("reqspec: warning: no cells were looked up, only those given are known: {error}"));
        }
    }

    /// The session of a database.
    pub async fn get(&self, database: &DatabaseName) -> Result<Store, StoreError> {
        let slot = {
            let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(opened.entry(database.clone()).or_default())
        };
        slot.get_or_init(|| self.deployment.open(database, Access::ReadOnly)).await.clone()
    }

    /// The session of a database that is asked for `within` that time and then given up for good: a
    /// command that comes back for it waits once.
    pub async fn get_within(&self, database: &DatabaseName, within: Duration) -> Result<Store, StoreError> {
        if let Ok(answer) = timeout(within, self.get(database)).await {
            return answer;
        }
        let late = StoreError::Unavailable {
            database: database.clone(),
            location: self.deployment.location(database),
            reason: "it did not answer in time".to_owned(),
        };
        let given_up = Slot::new(OnceCell::new_with(Some(Err(late.clone()))));
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).insert(database.clone(), given_up);
        Err(late)
    }

    /// A database that was named on the command line, or a usage error that names those there are.
    pub fn check_name(&self, database: &DatabaseName) -> Result<(), CliError> {
        if self.deployment.databases().contains(database) {
            return Ok(());
        }
        let known: Vec<_> = self.deployment.databases().iter().map(ToString::to_string).collect();
        Err(CliError::usage(format!("no database {database}; there are: {}", known.join(", "))))
    }

    /// Look for a spec in all databases, by uuid or a unique beginning of one.
    ///
    /// # Errors
    /// Usage: the beginning is too short or of several instances.
    pub async fn find(&self, uuid: &str) -> Result<Found, CliError> {
        let mut found = Found { instance_uuid: Arc::from(uuid), copies: Vec::new(), unasked: Vec::new() };
        let databases = self.deployment.databases();
        let rows = join_all(databases.iter().map(|database| self.get_row(database, uuid))).await;
        for (database, row) in databases.iter().zip(rows) {
            match row {
                Ok(row) => found.copies.extend(row.map(|row| (database.clone(), row))),
                Err(error) => found.unasked.push(error),
            }
        }
        // A full uuid is no beginning; anything else may be one.
        if !found.copies.is_empty() || uuid.len() >= WHOLE_UUID {
            return Ok(found);
        }
        if uuid.len() < SHORTEST_PREFIX {
            let message =
                format!("{uuid:?}: give the whole uuid or at least its first {SHORTEST_PREFIX} characters");
            return Err(CliError::usage(message));
        }
        let whole = self.whole_uuid(uuid, &mut found.unasked).await?;
        let Some(whole) = whole else { return Ok(found) };
        let unasked = std::mem::take(&mut found.unasked);
        let mut found = Box::pin(self.find(&whole)).await?;
        // A database that could not be asked for the beginning may hold another spec with it.
        if found.unasked.is_empty() {
            found.unasked = unasked;
        }
        Ok(found)
    }

    async fn get_row(&self, database: &DatabaseName, uuid: &str) -> Result<Option<StoredSpec>, StoreError> {
        let row = self.get(database).await?.get(uuid).await;
        if matches!(row, Err(StoreError::NoTable { .. })) { Ok(None) } else { row }
    }

    /// The one uuid that begins so, over all databases that answer.
    async fn whole_uuid(
        &self,
        prefix: &str,
        unasked: &mut Vec<StoreError>,
    ) -> Result<Option<Arc<str>>, CliError> {
        let mut whole: Vec<Arc<str>> = Vec::new();
        let databases = self.deployment.databases();
        let found = join_all(databases.iter().map(|database| async move {
            // One that cannot be opened is among the unasked already.
            Some(self.get(database).await.ok()?.find_prefix(prefix, 3).await)
        }));
        for rows in found.await.into_iter().flatten() {
            let rows = match rows {
                Ok(rows) => rows,
                Err(StoreError::NoTable { .. }) => continue,
                Err(error) => {
                    unasked.push(error);
                    continue;
                }
            };
            for row in rows {
                if !whole.contains(&row.instance_uuid) {
                    whole.push(row.instance_uuid);
                }
            }
        }
        match whole.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(Arc::clone(one))),
            several => {
                let names: Vec<_> = several.iter().take(3).map(|uuid| escaped(uuid)).collect();
                let message = format!("{prefix:?} is the beginning of several: {}, …", names.join(", "));
                Err(CliError::usage(message))
            }
        }
    }

    /// The copy that a change is meant for: the one in the database named, else the only one.
    ///
    /// # Errors
    /// Not found; usage where several databases hold it; an error where one that might hold it
    /// cannot be asked.
    pub async fn the_copy(
        &self,
        uuid: &str,
        named: Option<&DatabaseName>,
        option: &str,
    ) -> Result<(DatabaseName, StoredSpec), CliError> {
        if let Some(named) = named {
            self.check_name(named)?;
        }
        // Database and uuid say it all: no other database need be asked, or waited for.
        if let Some(database) = named.filter(|_| uuid.len() >= WHOLE_UUID) {
            return match self.get_row(database, uuid).await? {
                Some(row) => Ok((database.clone(), row)),
                None => Err(CliError::not_found(format!("{database}: no spec of {}", escaped(uuid)))),
            };
        }
        let mut found = self.find(uuid).await?;
        if found.instance_uuid.as_ref() != uuid && !found.unasked.is_empty() {
            // The beginning may be of another spec too, in the database that is down.
            return Err(unasked(&found.unasked, "give the whole uuid"));
        }
        if let Some(named) = named {
            if let Some(at) = found.copies.iter().position(|(database, _)| database == named) {
                return Ok(found.copies.swap_remove(at));
            }
            // What is wrong with the database named, if it could not be asked.
            if let Err(error) = self.get_row(named, uuid).await {
                return Err(error.into());
            }
            return Err(CliError::not_found(format!("{named}: no spec of {}", found.instance_uuid)));
        }
        if !found.unasked.is_empty() {
            return Err(unasked(&found.unasked, &format!("give {option}")));
        }
        if found.copies.len() > 1 {
            let names: Vec<_> = found.copies.iter().map(|(database, _)| database.to_string()).collect();
            let message = format!(
                "{} is in several databases: {}; give {option}",
                found.instance_uuid,
                names.join(", ")
            );
            return Err(CliError::usage(message));
        }
        found.copies.pop().ok_or_else(|| not_found(uuid))
    }
}

impl Sessions {
    /// The copy that a move or copy to `to` takes: the one in the database named, else the only
    /// one elsewhere, else the one in `to` itself (there is nothing to do then).
    ///
    /// # Errors
    /// As [`Sessions::the_copy`].
    pub async fn the_copy_to_take(
        &self,
        uuid: &str,
        named: Option<&DatabaseName>,
        to: &DatabaseName,
    ) -> Result<(DatabaseName, StoredSpec), CliError> {
        if named.is_some() {
            return self.the_copy(uuid, named, "--from").await;
        }
        let found = self.find(uuid).await?;
        let elsewhere: Vec<_> =
            found.copies.iter().map(|(database, _)| database).filter(|name| *name != to).collect();
        match (elsewhere.as_slice(), found.unasked.is_empty()) {
            ([one], true) => self.the_copy(uuid, Some(one), "--from").await,
            _ => self.the_copy(uuid, None, "--from").await,
        }
    }
}

/// No database has it.
pub fn not_found(uuid: &str) -> CliError {
    CliError::not_found(format!("no database has a spec of {uuid}", uuid = named(uuid)))
}

fn unasked(errors: &[StoreError], advice: &str) -> CliError {
    for error in errors {
        say(&format!("reqspec: warning: {error}"));
    }
    CliError::Said(Exit::Error, format!("a database that may hold the spec cannot be asked; {advice}"))
}
