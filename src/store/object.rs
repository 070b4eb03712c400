//! nova's RequestSpec object over the stores (nova/objects/request_spec.py, and the blueprint
//! "Persist RequestSpec object"): each method takes a [`RequestContext`], which decides the
//! database that is meant. Imports `spec`.

use std::sync::Arc;

use super::{NewSpec, RequestContext, StoreError, StoredSpec};
use crate::spec::schema::{self, Severity};
use crate::spec::{Document, Malformed, persist};

/// What can go wrong with an object.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ObjectError {
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored text is not JSON.
    #[error("the stored spec of {instance_uuid} cannot be read: {problem}")]
    Malformed {
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// What is wrong with it.
        problem: Malformed,
    },
    /// nova could not load what would be written; nothing was written.
    #[error("nova could not load this spec of {instance_uuid}: {problems}; nothing was written")]
    Unloadable {
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// Each problem with its path, separated by semicolons.
        problems: String,
    },
    /// create() of what is stored, or save() of what is not (nova's ObjectActionError).
    #[error("object action {action} failed: {reason}")]
    Action {
        /// `create`, `save` or `destroy`.
        action: &'static str,
        /// Why.
        reason: &'static str,
    },
}

/// A RequestSpec: its document, whose it is, and the row it was read from or stored as.
#[derive(Debug, Clone)]
pub struct RequestSpec {
    instance_uuid: Arc<str>,
    document: Document,
    row: Option<StoredSpec>,
}

impl RequestSpec {
    /// A new one, not stored yet.
    pub fn new(instance_uuid: impl AsRef<str>, document: Document) -> Self {
        Self { instance_uuid: Arc::from(instance_uuid.as_ref()), document, row: None }
    }

    fn of_row(row: StoredSpec) -> Result<Self, ObjectError> {
        let instance_uuid = Arc::clone(&row.instance_uuid);
        match Document::parse(&row.spec) {
            Ok(document) => Ok(Self { instance_uuid, document, row: Some(row) }),
            Err(problem) => Err(ObjectError::Malformed { instance_uuid, problem }),
        }
    }

    /// Whose spec it is: the column, which wins over the document's own `instance_uuid`.
    pub fn instance_uuid(&self) -> &Arc<str> {
        &self.instance_uuid
    }

    /// The document, as edited.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Put an edited document in place of it. Nothing is written before [`Self::save`].
    pub fn set_document(&mut self, document: Document) {
        self.document = document;
    }

    /// The row as it was last read or written; None before [`Self::create`].
    pub fn row(&self) -> Option<&StoredSpec> {
        self.row.as_ref()
    }

    /// The spec of an instance in the database that is meant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] (nova's RequestSpecNotFound), or [`ObjectError::Malformed`].
    pub async fn get_by_instance_uuid(
        context: &RequestContext,
        instance_uuid: &str,
    ) -> Result<Self, ObjectError> {
        match context.store()?.get(instance_uuid).await? {
            Some(row) => Self::of_row(row),
            None => Err(StoreError::NotFound {
                database: context.database().clone(),
                instance_uuid: Arc::from(instance_uuid),
            }
            .into()),
        }
    }

    /// The specs of several instances in the database that is meant; those without one are left
    /// out. Unlike nova's, a malformed row spoils no other: it is an error in its own place.
    ///
    /// # Errors
    /// [`StoreError`] where the database cannot be asked.
    pub async fn get_by_instance_uuids(
        context: &RequestContext,
        instance_uuids: &[Arc<str>],
    ) -> Result<Vec<Result<Self, ObjectError>>, ObjectError> {
        let rows = context.store()?.get_many(instance_uuids).await?;
        Ok(rows.into_iter().map(Self::of_row).collect())
    }

    /// Store it as a new row of the database that is meant. What nova's `create()` strips is
    /// stripped from the document too.
    ///
    /// # Errors
    /// [`ObjectError::Action`] where it is stored already, [`StoreError::Exists`] where another
    /// one is, [`ObjectError::Unloadable`].
    pub async fn create(&mut self, context: &RequestContext) -> Result<(), ObjectError> {
        if self.row.is_some() {
            return Err(ObjectError::Action { action: "create", reason: "already created" });
        }
        let stored = self.stored_form()?;
        let row = NewSpec {
            instance_uuid: Arc::clone(&self.instance_uuid),
            spec: stored.shared_text(),
            created_at: None,
            updated_at: None,
        };
        self.row = Some(context.store()?.create(row).await?);
        self.document = stored;
        Ok(())
    }

    /// Write it over the row that was read, to the database that is meant; nothing changed in the
    /// document: nothing is written. What nova's `save()` strips is stripped from the document too.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where that database holds anything else than what was read,
    /// [`ObjectError::Unloadable`], [`ObjectError::Action`] where it was never stored.
    pub async fn save(&mut self, context: &RequestContext) -> Result<(), ObjectError> {
        let Some(row) = &self.row else {
            return Err(ObjectError::Action { action: "save", reason: "never created" });
        };
        if self.document.text().as_bytes() == &*row.spec {
            return Ok(());
        }
        let stored = self.stored_form()?;
        let saved = context.store()?.save(&self.instance_uuid, &row.spec, stored.text()).await?;
        self.row = Some(saved);
        self.document = stored;
        Ok(())
    }

    /// Delete the row that was read from the database that is meant.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub async fn destroy(&mut self, context: &RequestContext) -> Result<(), ObjectError> {
        let Some(row) = &self.row else {
            return Err(ObjectError::Action { action: "destroy", reason: "never created" });
        };
        context.store()?.destroy(&self.instance_uuid, &row.spec).await?;
        self.row = None;
        Ok(())
    }

    /// The document as it is stored: stripped, and loadable.
    fn stored_form(&self) -> Result<Document, ObjectError> {
        let instance_uuid = || Arc::clone(&self.instance_uuid);
        let stripped = persist::strip(&self.document)
            .map_err(|problem| ObjectError::Malformed { instance_uuid: instance_uuid(), problem })?;
        let problems: Vec<String> = schema::check(&stripped.document)
            .into_iter()
            .filter(|problem| problem.severity == Severity::Unloadable)
            .map(|problem| problem.to_string())
            .collect();
        if problems.is_empty() {
            Ok(stripped.document)
        } else {
            Err(ObjectError::Unloadable { instance_uuid: instance_uuid(), problems: problems.join("; ") })
        }
    }
}
