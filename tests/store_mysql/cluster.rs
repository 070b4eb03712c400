//! What a hold is worth on a Galera cluster.

use std::time::Duration;

use reqspec::store::{Access, StoreError, Timeouts};

use crate::support::block_on;
use crate::support::servers::{Database, Galera, wait_until};
use crate::{SHORT, put, text, try_open};

/// Locks are of one node: the documentation says so, and this shows it.
#[test]
#[ignore = "needs Galera (tests/run)"]
fn a_hold_keeps_off_the_sessions_of_its_own_node() {
    let cluster = Galera::start();
    let here = cluster.a.database_with_table();
    let there = here.at(&cluster.b);
    put(&here, "u", "x");
    wait_until("the other node has the row", Duration::from_secs(10), || text(&there, "u").is_some());
    let session = |database: &Database, timeouts| {
        try_open(database, database.place(), Access::ReadWrite, timeouts).unwrap()
    };
    let holder = session(&here, Timeouts::default());
    let hold = block_on(holder.hold("u", b"x")).unwrap();
    let error = block_on(session(&here, SHORT).save("u", b"x", "same node")).unwrap_err();
    assert!(matches!(error, StoreError::Contended { .. }), "{error:?}");
    // The other node does not know of it, and its change comes through.
    block_on(session(&there, Timeouts::default()).save("u", b"x", "other node")).unwrap();
    wait_until("the change is there too", Duration::from_secs(10), || {
        text(&here, "u").as_deref() == Some("other node")
    });
    hold.release();
    // Whoever compares afterwards finds out, whichever node it asks.
    let error = block_on(holder.destroy("u", b"x")).unwrap_err();
    assert!(matches!(error, StoreError::Conflict { current: Some(_), .. }), "{error:?}");
}
