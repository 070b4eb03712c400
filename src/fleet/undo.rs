//! Taking a change of the journal back: the databases that it was made in, and the plan of its inverse. The
//! command line and the terminal UI prepare alike.
//!
//! Imports `store`, `deployment` and `change`.

use super::plans::Setting;
use super::prepare;
use crate::change::undo::{self, Chosen};
use crate::change::{BulkPlan, DatabaseName, Journal, Plan, Refusal, Who};
use crate::deployment::Deployment;
use crate::deployment::facts::FactStores;

/// The plan that takes a change back.
#[derive(Debug, Clone, PartialEq)]
pub enum Back {
    /// Of one operation.
    One(Plan),
    /// Of several.
    Many(BulkPlan),
}

/// The plan that takes a change back which [`undo::choose`] gave.
///
/// # Errors
/// It cannot be taken back: why.
pub async fn prepare(
    stores: &dyn FactStores,
    deployment: &Deployment,
    journal: &Journal,
    chosen: &Chosen,
    setting: &Setting,
) -> Result<Back, Refusal> {
    let (wanted, known) = (undo::databases(chosen), deployment.databases());
    if let Some(database) = wanted.iter().find(|database| !known.contains(database)) {
        return Err(Refusal::Refused {
            reason: format!(
                "change {} was made in {database} of environment {}, which is none of these databases",
                chosen.change.id, chosen.change.environment
            ),
            forceable: false,
        });
    }
    let wanted: Vec<&DatabaseName> = wanted.iter().collect();
    let uuid = (!chosen.is_many).then(|| chosen.first.operation.instance_uuid());
    let (opened, facts) =
        prepare::around(stores, deployment, &wanted, uuid.map(|uuid| &**uuid), setting.force).await?;
    if !chosen.is_many {
        return undo::plan(&opened, &facts, chosen).await.map(Back::One);
    }
    let who = Who { operator: setting.maker.operator.clone(), host: setting.maker.host.clone() };
    let reason = setting.maker.reason.clone();
    undo::bulk(journal, &opened, &facts, chosen, &who, reason, &setting.directory).await.map(Back::Many)
}
