//! What only MySQL and MariaDB can get wrong: limits and character sets of columns, servers that
//! take no writes, lost connections and commits, encryption. What all engines promise is in
//! `store_contract`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

mod cluster;
mod encryption;
mod losses;
mod proxy;
mod refusals;
#[path = "../support/mod.rs"]
mod support;
mod texts;

use std::sync::Arc;
use std::time::Duration;

use reqspec::store::address::Server as Place;
use reqspec::store::{self, Access, DatabaseName, NewSpec, SpecStore, StoreError, Timeouts};
use support::block_on;
use support::servers::Database;

/// Short, for tests that wait until they are over.
const SHORT: Timeouts = Timeouts { connect: Duration::from_secs(2), answer: Duration::from_secs(3) };

fn try_open(
    database: &Database,
    place: Place,
    access: Access,
    timeouts: Timeouts,
) -> Result<Arc<dyn SpecStore>, StoreError> {
    block_on(store::open(DatabaseName::Api, &database.address_of(place), access, timeouts))
}

fn open(database: &Database, access: Access) -> Arc<dyn SpecStore> {
    try_open(database, database.place(), access, Timeouts::default()).unwrap()
}

fn new_spec(uuid: &str, spec: &str) -> NewSpec {
    NewSpec { instance_uuid: Arc::from(uuid), spec: Arc::from(spec), created_at: None, updated_at: None }
}

fn put(database: &Database, uuid: &str, spec: &str) {
    database
        .session()
        .run(&format!("INSERT INTO request_specs (instance_uuid, spec) VALUES ('{uuid}', '{spec}')"));
}

fn text(database: &Database, uuid: &str) -> Option<String> {
    database.session().value(&format!("SELECT spec FROM request_specs WHERE instance_uuid = '{uuid}'"))
}
