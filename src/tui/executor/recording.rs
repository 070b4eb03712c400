//! The journal of a session: opened when something is first written, and not before.
//!
//! Imports `change`.

use std::path::{Path, PathBuf};

use tokio::sync::OnceCell;

use crate::change::{Journal, Record, Who};

/// The way to the journal.
#[derive(Debug, Default)]
pub struct Recording {
    path: Option<PathBuf>,
    opened: OnceCell<Journal>,
}

impl Recording {
    /// In that file.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path, opened: OnceCell::new() }
    }

    /// The journal, for writing.
    ///
    /// # Errors
    /// It cannot be used: a sentence that says why and what to do. The next asker tries again.
    pub async fn journal(&self) -> Result<Journal, String> {
        let open = || async {
            let Some(path) = self.path.clone() else {
                return Err(
                    "there is no place for the journal: set HOME, or give a file with --journal".to_owned()
                );
            };
            match tokio::task::spawn_blocking(move || Journal::open(&path)).await {
                Ok(opened) => opened.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            }
        };
        self.opened.get_or_try_init(open).await.cloned()
    }

    /// The journal, for reading; None where there is none yet.
    ///
    /// # Errors
    /// It cannot be read: a sentence that says why and what to do.
    pub async fn to_read(&self) -> Result<Option<Journal>, String> {
        if let Some(journal) = self.opened.get() {
            return Ok(Some(journal.clone()));
        }
        let Some(path) = self.path.clone() else { return Ok(None) };
        match tokio::task::spawn_blocking(move || Journal::open_to_read(&path)).await {
            Ok(opened) => opened.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The directory of plans of many changes: beside the journal, which leads there from a change that
    /// was interrupted.
    ///
    /// # Errors
    /// There is no place for them: a sentence that says what to do.
    pub fn plans(&self) -> Result<PathBuf, String> {
        let beside = self.path.as_deref().and_then(Path::parent).map(|directory| directory.join("plans"));
        beside.ok_or_else(|| {
            "there is no place for the plan: set HOME, or give a file with --journal".to_owned()
        })
    }

    /// What a change is recorded with.
    ///
    /// # Errors
    /// As [`Recording::journal`].
    pub async fn record(&self, reason: Option<String>) -> Result<Record, String> {
        Ok(Record::new(self.journal().await?, Who::here(), reason))
    }
}
