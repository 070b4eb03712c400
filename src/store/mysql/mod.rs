//! The MySQL and MariaDB engine.

use std::sync::Arc;

use super::address::{Server, Timeouts};
use super::migrate::{Report, Status};
use super::{Access, DatabaseName, SpecStore, StoreError};

fn not_built(database: DatabaseName, shown: &Arc<str>) -> StoreError {
    StoreError::Unavailable { database, location: Arc::clone(shown), reason: "not built".to_owned() }
}

pub(super) async fn open(
    database: DatabaseName,
    _server: &Server,
    shown: &Arc<str>,
    _access: Access,
    _timeouts: Timeouts,
) -> Result<Arc<dyn SpecStore>, StoreError> {
    Err(not_built(database, shown))
}

pub(super) async fn status(
    database: DatabaseName,
    _server: &Server,
    shown: &Arc<str>,
    _timeouts: Timeouts,
) -> Result<Status, StoreError> {
    Err(not_built(database, shown))
}

pub(super) async fn sync(
    database: DatabaseName,
    _server: &Server,
    shown: &Arc<str>,
    _timeouts: Timeouts,
) -> Result<Report, StoreError> {
    Err(not_built(database, shown))
}
