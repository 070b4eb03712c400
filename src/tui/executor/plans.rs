//! Plans as files, to be reviewed and carried out elsewhere: on a thread that waits for the disk.
//!
//! Imports `fleet` and `change`.

use std::collections::BTreeMap;

use super::external::home;
use super::many::maker;
use super::searches::now;
use super::sessions::Sessions;
use crate::change::plan_file::{self, Header, Writer};
use crate::change::record::words;
use crate::change::{BulkPlan, Operation, Plan, PlanFileError};
use crate::fleet::plans::header;
use crate::spec::text::escaped;

/// Writes a plan of few operations to a new file.
///
/// # Errors
/// Why there is none, a sentence.
pub async fn write(
    sessions: &Sessions,
    plan: Plan,
    reason: Option<String>,
    path: String,
) -> Result<String, String> {
    let mut databases = BTreeMap::new();
    for operation in &plan.operations {
        let source = match operation {
            Operation::Copy { from, .. } => Some(from),
            _ => None,
        };
        for name in operation.targets().into_iter().chain(source) {
            let store = sessions
                .get(name)
                .await
                .map_err(|_| format!("{name} does not answer; nothing was written"))?;
            databases.insert(name.to_string(), store.identity());
        }
    }
    let title = plan.operations.first().map(words).unwrap_or_default();
    let header = header(sessions.deployment(), &maker(reason), databases, title, now());
    on_disk(path, move |path| plan_file::write::export(path, &header, &plan)).await
}

/// Writes a plan of many changes to a new file.
///
/// # Errors
/// Why there is none, a sentence.
pub async fn write_many(plan: BulkPlan, reason: Option<String>, path: String) -> Result<String, String> {
    on_disk(path, move |path| {
        let header = Header { reason, ..plan.header().clone() };
        let mut writer = Writer::create(path, &header)?;
        let copied = plan
            .operations()
            .and_then(|mut operations| operations.try_for_each(|operation| writer.push(&operation?)));
        let finished = copied.and_then(|()| writer.finish().map(drop));
        if finished.is_err() {
            // What is half there would only be refused.
            let _ = std::fs::remove_file(path);
        }
        finished
    })
    .await
}

async fn on_disk(
    typed: String,
    write: impl FnOnce(&std::path::Path) -> Result<(), PlanFileError> + Send + 'static,
) -> Result<String, String> {
    let path = home(&typed);
    let shown = escaped(&typed).into_owned();
    match tokio::task::spawn_blocking(move || write(&path)).await {
        Ok(Ok(())) => Ok(format!("the plan was written to {shown}: reqspec apply {shown} carries it out")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(format!("{shown}: {error}")),
    }
}
