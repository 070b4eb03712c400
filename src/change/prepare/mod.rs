//! From an intent to a plan: reads afresh what the intent needs, judges it, and says exactly what
//! would be written, or why nothing may be.
//!
//! - `place`: which database a spec belongs in.  `text`: what may be stored.
//! - `group`: a server group that a save sets.  `transfer`: copies and moves.
//! - `inverse`: what takes a change back.
//! - `stale`: what nova derived, or will write again.
//! - [`many`]: the same rules for rows that were read already, of plans of many changes.
//!
//! Writes nothing. Imports `spec` and `store`.

mod group;
pub(super) mod inverse;
pub mod many;
mod place;
mod stale;
pub(super) mod text;
mod transfer;

use crate::spec::text::named;
use std::sync::Arc;

use super::{
    DatabaseName, InstanceHome, InstanceState, Intent, Operation, Plan, Refusal, Requirement, Severity,
    SpecHome, Warning,
};
use crate::store::{StoreError, StoredSpec, Stores};

/// What is known around an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Name of the environment, shown in the confirm step.
    pub environment: String,
    /// Where the specs of scheduled instances belong in this deployment.
    pub spec_home: SpecHome,
    /// Where the instance of the intent lives.
    pub instance_home: InstanceHome,
    /// What the instance is doing; None where it is not known.
    pub instance_state: Option<InstanceState>,
    /// The API database bears upstream nova's own schema (its `alembic_version`).
    pub upstream_schema: bool,
    /// Make a plan of what is refused but forceable; it then wants a word typed.
    pub force: bool,
}

/// Make the plan of an intent. `stores` need no write access; those that are open are asked for
/// other copies of a spec that is to be deleted.
///
/// # Errors
/// A [`Refusal`]. Its sentences may hold text from a database.
pub async fn prepare(stores: &Stores, facts: &Facts, intent: &Intent) -> Result<Plan, Refusal> {
    let preparation = Preparation { stores, facts, warnings: Vec::new(), word: None };
    let plan = match intent {
        Intent::Save { database, instance_uuid, before, after } => {
            preparation.plan_save(database, instance_uuid, before, after).await
        }
        Intent::Create { database, instance_uuid, text } => {
            preparation.plan_create(database, instance_uuid.as_ref(), text).await
        }
        Intent::Destroy { database, instance_uuid } => {
            preparation.plan_destroy(database, instance_uuid).await
        }
        Intent::Copy { from, to, instance_uuid, replace } => {
            preparation.plan_copy(from, to, instance_uuid, *replace).await
        }
        Intent::Move { from, to, instance_uuid } => preparation.plan_move(from, to, instance_uuid).await,
    };
    plan.map(super::findings::with_findings)
}

/// A plan in the making.
struct Preparation<'a> {
    stores: &'a Stores,
    facts: &'a Facts,
    warnings: Vec<Warning>,
    /// The word to type, if it must be.
    word: Option<String>,
}

impl Preparation<'_> {
    fn warn(&mut self, severity: Severity, sentence: impl Into<String>) {
        self.warnings.push(Warning { severity, sentence: sentence.into() });
    }

    /// Warn of something that breaks, and want this word typed.
    fn danger(&mut self, word: impl Into<String>, sentence: impl Into<String>) {
        self.warn(Severity::Danger, sentence);
        self.word.get_or_insert(word.into());
    }

    /// Refuse unless forced; forced, it is a danger.
    fn refuse_unless_forced(
        &mut self,
        word: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<(), Refusal> {
        if self.facts.force {
            self.danger(word, reason);
            Ok(())
        } else {
            Err(Refusal::Refused { reason: reason.into(), forceable: true })
        }
    }

    fn plan(mut self, operation: Operation) -> Plan {
        self.warnings.sort_by_key(|warning| std::cmp::Reverse(warning.severity));
        Plan {
            environment: self.facts.environment.clone(),
            operations: vec![operation],
            warnings: self.warnings,
            requirement: self.word.map_or(Requirement::Choose, Requirement::Type),
            ..Plan::default()
        }
    }

    /// The row of an instance where it is read from.
    async fn source(&self, database: &DatabaseName, instance_uuid: &str) -> Result<StoredSpec, Refusal> {
        let unread = |error| failed(error, instance_uuid);
        let found = match self.stores.require(database).map_err(unread)?.get(instance_uuid).await {
            Err(error @ StoreError::NoTable { .. }) => return Err(Refusal::NotFound(error.to_string())),
            other => other.map_err(unread)?,
        };
        found.ok_or_else(|| {
            Refusal::NotFound(format!(
                "{database}: no spec of {instance_uuid}",
                instance_uuid = named(instance_uuid)
            ))
        })
    }

    /// The row of an instance where something is to be written.
    async fn destination(
        &self,
        database: &DatabaseName,
        instance_uuid: &str,
    ) -> Result<Option<StoredSpec>, Refusal> {
        let unread = |error| failed(error, instance_uuid);
        match self.stores.require(database).map_err(unread)?.get(instance_uuid).await {
            Err(StoreError::NoTable { .. }) => Err(Refusal::Refused {
                reason: format!(
                    "{database} has no table request_specs. Add it first, with `reqspec db sync`"
                ),
                forceable: false,
            }),
            other => other.map_err(unread),
        }
    }

    async fn plan_save(
        mut self,
        database: &DatabaseName,
        instance_uuid: &Arc<str>,
        before: &Arc<[u8]>,
        after: &Arc<str>,
    ) -> Result<Plan, Refusal> {
        let row = self.source(database, instance_uuid).await?;
        if row.spec != *before {
            return Err(Refusal::Conflict {
                reason: format!(
                    "{database}: the spec of {instance_uuid} was changed by someone else since it was read",
                    instance_uuid = named(instance_uuid)
                ),
                current: Some(row.spec),
            });
        }
        let after = self.text_to_store(after, database, instance_uuid, before)?;
        if after.as_bytes() == &**before {
            return Err(Refusal::NothingToDo(format!(
                "{database}: the spec of {instance_uuid} is stored like this already",
                instance_uuid = named(instance_uuid)
            )));
        }
        if let Some(group) = group::newly_named(before, after.as_bytes()) {
            let exists = self.has_group(&group).await;
            self.check_group(database, instance_uuid, &group, exists)?;
        }
        self.warn_of_stale(before, &after);
        self.warn_of_state();
        Ok(self.plan(Operation::Save {
            database: database.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            before: Arc::clone(before),
            after,
        }))
    }

    async fn plan_create(
        mut self,
        database: &DatabaseName,
        instance_uuid: Option<&Arc<str>>,
        text: &Arc<str>,
    ) -> Result<Plan, Refusal> {
        let instance_uuid = match instance_uuid {
            Some(given) => Arc::clone(given),
            None => text::own_instance_uuid(text)?,
        };
        text::check_uuid(&instance_uuid)?;
        if let Some(current) = self.destination(database, &instance_uuid).await? {
            return Err(Refusal::Conflict {
                reason: format!(
                    "{database}: a spec of {instance_uuid} exists already; edit that one",
                    instance_uuid = named(&instance_uuid)
                ),
                current: Some(current.spec),
            });
        }
        self.check_cell(database)?;
        let text = self.text_to_store(text, database, &instance_uuid, b"")?;
        for (other, row) in self.copies_elsewhere(database, &instance_uuid).await {
            match row {
                Ok(Some(_)) => self.warn(
                    Severity::Warning,
                    format!(
                        "{other} holds a spec of {instance_uuid} already.",
                        instance_uuid = named(&instance_uuid)
                    ),
                ),
                Ok(None) => {}
                Err(_) => self.warn(
                    Severity::Notice,
                    format!(
                        "{other} could not be asked whether it holds a spec of {instance_uuid} already.",
                        instance_uuid = named(&instance_uuid)
                    ),
                ),
            }
        }
        Ok(self.plan(Operation::Create { database: database.clone(), instance_uuid, text }))
    }

    async fn plan_destroy(
        mut self,
        database: &DatabaseName,
        instance_uuid: &Arc<str>,
    ) -> Result<Plan, Refusal> {
        let row = self.source(database, instance_uuid).await?;
        self.warn_of_state();
        let word = text::word_for(database, instance_uuid);
        let mut kept_in = None;
        let mut unknown = Vec::new();
        let mut different = Vec::new();
        for (other, copy) in self.copies_elsewhere(database, instance_uuid).await {
            match copy {
                Ok(Some(copy)) if copy.spec == row.spec => kept_in = Some(other),
                Ok(Some(_)) => different.push(other.to_string()),
                Ok(None) => {}
                Err(_) => unknown.push(other.to_string()),
            }
        }
        if let Some(other) = kept_in {
            self.warn(Severity::Notice, format!("{other} keeps an identical copy."));
        } else {
            let mut sentence = format!(
                "No other database holds this text of {instance_uuid}: only the journal of changes keeps it then.",
                instance_uuid = named(instance_uuid)
            );
            if !different.is_empty() {
                sentence.push_str(&format!(" The spec in {} is a different one.", different.join(", ")));
            }
            if !unknown.is_empty() {
                sentence.push_str(&format!(" {} could not be asked.", unknown.join(", ")));
            }
            self.danger(word.clone(), sentence);
        }
        if *database == DatabaseName::Api && self.facts.instance_home != InstanceHome::Unmapped {
            self.warn_of_leaving_api(word);
        }
        Ok(self.plan(Operation::Destroy {
            database: database.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            before: row.spec,
        }))
    }

    /// Whether two names mean one database.
    fn is_same_database(&self, one: &DatabaseName, other: &DatabaseName) -> bool {
        match (self.stores.get(one), self.stores.get(other)) {
            (Some(one), Some(other)) => one.identity() == other.identity(),
            _ => false,
        }
    }

    /// What the other databases hold of an instance; those without the table hold nothing, those
    /// that could not be opened are unknown.
    async fn copies_elsewhere(
        &self,
        database: &DatabaseName,
        instance_uuid: &str,
    ) -> Vec<(DatabaseName, Result<Option<StoredSpec>, StoreError>)> {
        let mut found = Vec::new();
        for (other, store) in self.stores.iter() {
            if other == database || self.is_same_database(other, database) {
                continue;
            }
            let copy = match store.get(instance_uuid).await {
                Err(StoreError::NoTable { .. }) => Ok(None),
                other => other,
            };
            found.push((other.clone(), copy));
        }
        let closed = self.stores.closed().filter(|(other, _)| *other != database);
        found.extend(closed.map(|(other, error)| (other.clone(), Err(error.clone()))));
        found
    }
}

/// A database that cannot be asked, and for whose spec.
fn failed(error: StoreError, instance_uuid: &str) -> Refusal {
    let whose = named(instance_uuid);
    Refusal::Failed(format!("{error}. The spec of {whose} could not be read; nothing was done"))
}
