//! What a plan of one change is made from: the databases that its intent needs, those that it is better with,
//! and what nova's tables say of the instance. The command line and the terminal UI prepare alike.
//!
//! Imports `store`, `deployment` and `change`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::change::{self, Facts, Intent, Plan, Refusal};
use crate::deployment::Deployment;
use crate::deployment::facts::FactStores;
use crate::store::{DatabaseName, InstanceHome, SpecStore, StoreError, Stores};

/// Longest that is waited for what a plan is better with but does not need.
pub const BETTER: Duration = Duration::from_secs(1);
/// Longest that a database which answers is waited for what it says of the instance: without that a plan only
/// warns where it would refuse.
const SAID: Duration = Duration::from_secs(5);

/// The plan of an intent. It needs the databases that the intent names; the others are asked whether they
/// answer, all at once and for a short while, and what follows from the silence of one is said in the plan.
///
/// # Errors
/// Why there is none.
pub async fn prepare(
    stores: &dyn FactStores,
    deployment: &Deployment,
    intent: &Intent,
    force: bool,
) -> Result<Plan, Refusal> {
    let (wanted, instance_uuid) = (intent.databases(), intent.instance_uuid());
    let (opened, facts) = around(stores, deployment, &wanted, instance_uuid.as_deref(), force).await?;
    change::prepare(&opened, &facts, intent).await
}

/// What such a plan is made from: the databases, of which those wanted must answer, and what is known around
/// the instance.
///
/// # Errors
/// A database that is wanted is not there.
pub async fn around(
    stores: &dyn FactStores,
    deployment: &Deployment,
    wanted: &[&DatabaseName],
    instance_uuid: Option<&str>,
    force: bool,
) -> Result<(Stores, Facts), Refusal> {
    let names = deployment.databases();
    if let Some(database) = wanted.iter().find(|database| !names.contains(database)) {
        return Err(Refusal::Failed(format!("no database {database}")));
    }
    let open = |name: DatabaseName| {
        let needed = wanted.contains(&&name);
        async move {
            let store = if needed {
                stores.store(&name).await
            } else {
                answering(stores, deployment, &name, instance_uuid).await
            };
            (name, needed, store)
        }
    };
    let mut opened = Stores::new();
    for (name, needed, store) in join_all(names.iter().cloned().map(open)).await {
        match store {
            Ok(store) => opened.insert(store),
            Err(error) if needed => return Err(Refusal::Failed(error.to_string())),
            Err(error) => opened.insert_closed(name, error),
        }
    }
    // The API database knows where the instance is; the plan says so where it cannot be asked.
    let instance_home = match (opened.get(&DatabaseName::Api), instance_uuid) {
        (Some(api), Some(uuid)) => {
            let home = timeout(SAID, deployment.instance_home(api.as_ref(), uuid)).await;
            home.unwrap_or(InstanceHome::Unknown)
        }
        _ => InstanceHome::Unknown,
    };
    let cell = match &instance_home {
        InstanceHome::Cell(cell) => opened.get(&DatabaseName::Cell(cell.clone())),
        _ => None,
    };
    let instance_state = match (cell, instance_uuid) {
        (Some(cell), Some(uuid)) => {
            timeout(SAID, deployment.instance_state(cell.as_ref(), uuid)).await.ok().flatten()
        }
        _ => None,
    };
    Ok((opened, Facts { instance_home, instance_state, ..facts(deployment, force) }))
}

/// What holds for every plan of a deployment; nothing is known of an instance yet.
pub fn facts(deployment: &Deployment, force: bool) -> Facts {
    Facts {
        environment: deployment.environment().to_owned(),
        spec_home: deployment.spec_home(),
        instance_home: InstanceHome::Unknown,
        instance_state: None,
        upstream_schema: deployment.upstream_schema(),
        force,
    }
}

/// The session of a database that answers a question within [`BETTER`].
async fn answering(
    stores: &dyn FactStores,
    deployment: &Deployment,
    database: &DatabaseName,
    instance_uuid: Option<&str>,
) -> Result<Arc<dyn SpecStore>, StoreError> {
    let ask = async {
        let store = stores.store(database).await?;
        let answer = match instance_uuid {
            Some(uuid) => store.get(uuid).await.map(|_| ()),
            None => store.table_state().await.map(|_| ()),
        };
        match answer {
            // It answers; that it has no table is for the plan to say.
            Ok(()) | Err(StoreError::NoTable { .. }) => Ok(store),
            Err(error) => Err(error),
        }
    };
    timeout(BETTER, ask).await.unwrap_or_else(|_| {
        let (location, reason) = (deployment.location(database), "it did not answer in time".to_owned());
        Err(StoreError::Unavailable { database: database.clone(), location, reason })
    })
}
