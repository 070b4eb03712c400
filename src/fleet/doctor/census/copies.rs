//! Specs that stand in several databases: the texts' hashes, taken in one more pass where they are many.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::table::{self, Entry};
use super::{Census, UNSURE};
use crate::deployment::facts::FactStores;
use crate::lint::Told;
use crate::lint::surroundings::Copy;
use crate::query::prefilter::Prefilter;
use crate::store::{Cancel, RowRef, RowVisitor};

/// So many are looked up one batch after the other; more are worth a pass over all texts.
const FEW: u64 = if cfg!(test) { 100 } else { 2_000 };

/// The hashes of texts.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// Two for each entry, in the order of its databases; 0 where none was taken. Empty without a pass.
    pub hashes: Vec<AtomicU64>,
    /// Instances with specs in two databases.
    pub twice: u64,
}

impl Census {
    /// What other databases hold of the same instance, as far as the spec in that database was there.
    pub(super) fn copies(
        &self,
        database: usize,
        place: Option<usize>,
        entry: &Entry,
    ) -> Option<Told<Vec<Copy>>> {
        let others_told = self.specs_told.iter().enumerate().all(|(other, told)| *told || other == database);
        if !self.specs_told.get(database).copied().unwrap_or_default() {
            return None;
        }
        let own = entry.specs.iter().position(|number| usize::from(*number) == database + 1)?;
        let other = *entry.specs.get(1 - own)?;
        let Some(name) = usize::from(other).checked_sub(1).and_then(|other| self.databases.get(other)) else {
            return Some(if others_told { Told::Known(Vec::new()) } else { Told::Unknown });
        };
        let hash = |which: usize| {
            let hash = self.copies.hashes.get(2 * place? + which)?.load(Ordering::Relaxed);
            (hash != 0).then_some(hash)
        };
        let equal = hash(own)? == hash(1 - own)?;
        Some(Told::Known(vec![Copy { database: name.to_string().into(), equal }]))
    }

    fn take_hash(&self, database: usize, row: &RowRef<'_>) {
        let Some(place) = self.table.find(table::key(row.instance_uuid).0) else { return };
        let Some(entry) = self.table.entries.get(place).filter(|entry| entry.specs[1] != 0) else { return };
        if entry.is(UNSURE) {
            return;
        }
        let Some(own) = entry.specs.iter().position(|number| usize::from(*number) == database + 1) else {
            return;
        };
        if let Some(slot) = self.copies.hashes.get(2 * place + own) {
            slot.store(table::hash(row.spec, 0).max(1), Ordering::Relaxed);
        }
    }
}

/// Compares the texts that stand in several databases, where they are many. A database that fails leaves its
/// rows to be looked up.
pub(super) async fn compare(mut census: Census, stores: &dyn FactStores, cancel: &Cancel) -> Arc<Census> {
    let are_many = census.copies.twice > FEW;
    if are_many {
        census.copies.hashes.resize_with(2 * census.table.entries.len(), AtomicU64::default);
    }
    let census = Arc::new(census);
    for (at, database) in census.databases.iter().enumerate() {
        if !are_many || census.specs.get(at).is_none_or(|count| *count == 0) {
            continue;
        }
        let Ok(store) = stores.store(database).await else { continue };
        let hashing = Arc::new(Hashing { census: Arc::clone(&census), database: at });
        // What it did not come to is looked up.
        let _ = store.scan(&Prefilter::default(), hashing, cancel.clone()).await;
    }
    census
}

struct Hashing {
    census: Arc<Census>,
    database: usize,
}

impl RowVisitor for Hashing {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        self.census.take_hash(self.database, &row);
        ControlFlow::Continue(())
    }

    fn progress(&self, _rows: u64) {}
}
