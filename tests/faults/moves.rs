//! Moves between two servers that are cut, stalled, paused or killed at each of their steps: the
//! spec is never in no database, no other bytes appear, the message says where it is, and moving
//! again finishes.

use std::time::Duration;

use reqspec::change::Outcome;
use reqspec::store::Access;
use rstest::rstest;

use crate::proxy::{Door, Fault};
use crate::support::servers::Kind;
use crate::support::{block_on, spec};
use crate::world::{Harm, World, applying, end, instance, plan, transfer, words};

const INSERT: &str = "INSERT INTO request_specs";
const DELETE: &str = "DELETE FROM request_specs";
const HOLD: &str = "FOR UPDATE";
const COMMIT: &str = "COMMIT";

/// A move from the API database to the cell while that happens on one side.
fn move_while(world: &World, where_: &str, faults: &[Fault], then: Option<Door>) -> Outcome {
    let (id, side) = (instance(), world.side(where_));
    world.api.put(&id, &spec(&id));
    let stores = world.stores(Access::ReadWrite).unwrap();
    let plan = plan(&stores, &transfer("api", "c1", &id)).unwrap();
    side.proxy.tell_all(faults, then);
    let running = applying(&stores, plan);
    let outcome = end(running);
    assert_eq!(side.proxy.happened(), faults.len(), "{}", side.proxy.log());
    // The other database is not affected.
    let other = if where_ == "api" { &world.cell } else { &world.api };
    block_on(other.open(Access::ReadOnly).unwrap().count()).unwrap();
    side.repair(Harm::None);
    world.check_never_lost(&id);
    if outcome.failed.is_none() {
        assert_eq!(world.texts(&id), [None, Some(spec(&id))], "{outcome:?}");
    }
    outcome
}

/// A message about a move that did not come to its end: whose spec, where it is, what to do.
#[track_caller]
fn check_message(world: &World, outcome: &Outcome, where_: &str) {
    let reason = words(outcome);
    assert!(reason.contains(&instance()), "{reason}");
    let is_somewhere = ["is still in api", "stands in c1", "is in c1", "before its row in api was deleted"];
    assert!(is_somewhere.iter().any(|words| reason.contains(words)), "{reason} does not say where it is");
    assert!(!reason.contains(crate::world::PASSWORD), "{reason}");
    let shown = &*world.side(where_).address().shown;
    assert!(reason.contains(shown) || reason.contains("again"), "{reason}");
}

/// The places of a move, each with the database that fails there and the statements up to it.
#[rstest]
#[case::before_insert("c1", &[Fault::StallBefore(INSERT)])]
#[case::at_the_commit_of_insert("c1", &[Fault::Pass(INSERT), Fault::StallBefore(COMMIT)])]
#[case::after_the_commit_of_insert("c1", &[Fault::Pass(INSERT), Fault::StallAfter(COMMIT)])]
#[case::at_hold("c1", &[Fault::Pass(INSERT), Fault::Pass(COMMIT), Fault::StallBefore(HOLD)])]
#[case::after_hold("c1", &[Fault::Pass(INSERT), Fault::Pass(COMMIT), Fault::StallAfter(HOLD)])]
#[case::before_delete("api", &[Fault::StallBefore(DELETE)])]
#[case::at_the_commit_of_delete("api", &[Fault::Pass(DELETE), Fault::StallBefore(COMMIT)])]
#[case::after_the_commit_of_delete("api", &[Fault::Pass(DELETE), Fault::StallAfter(COMMIT)])]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_server_is_harmed_in_the_middle(
    #[case] where_: &str,
    #[case] faults: &[Fault],
    #[values((Kind::Mariadb, Kind::Postgres), (Kind::Postgres, Kind::Mariadb))] kinds: (Kind, Kind),
    #[values(Harm::Pause, Harm::Kill)] harm: Harm,
) {
    let world = World::new(kinds.0, kinds.1);
    let (id, side) = (instance(), world.side(where_));
    world.api.put(&id, &spec(&id));
    let stores = world.stores(Access::ReadWrite).unwrap();
    let plan = plan(&stores, &transfer("api", "c1", &id)).unwrap();
    side.proxy.tell_all(faults, None);
    let running = applying(&stores, plan);
    side.proxy.wait(faults.len());
    harm.on(&side.server);
    side.proxy.resume();
    let outcome = end(running);
    let other = if where_ == "api" { &world.cell } else { &world.api };
    block_on(other.open(Access::ReadOnly).unwrap().count()).unwrap();
    side.repair(harm);
    // A commit that a paused server had got may take effect only now.
    std::thread::sleep(Duration::from_millis(200));
    world.check_never_lost(&id);
    if outcome.failed.is_some() {
        check_message(&world, &outcome, where_);
    } else {
        assert_eq!(world.texts(&id), [None, Some(spec(&id))]);
    }
    drop(stores);
    world.finish(&id);
}

#[rstest]
#[case::insert("c1", &[Fault::CutBefore(INSERT)])]
#[case::commit_of_insert("c1", &[Fault::Pass(INSERT), Fault::CutBefore(COMMIT)])]
#[case::delete("api", &[Fault::CutBefore(DELETE)])]
#[case::commit_of_delete("api", &[Fault::Pass(DELETE), Fault::CutBefore(COMMIT)])]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_connection_is_cut_before_a_statement(
    #[case] where_: &str,
    #[case] faults: &[Fault],
    #[values((Kind::Mariadb, Kind::Postgres), (Kind::Postgres, Kind::Mariadb))] kinds: (Kind, Kind),
) {
    let world = World::new(kinds.0, kinds.1);
    let outcome = move_while(&world, where_, faults, Some(Door::Closed));
    check_message(&world, &outcome, where_);
    world.finish(&instance());
}

/// The answer to the commit of what is written there is lost. (Reads may commit too.)
fn lost(where_: &str) -> [Fault; 2] {
    [Fault::Pass(if where_ == "api" { DELETE } else { INSERT }), Fault::LoseAnswer(COMMIT)]
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_lost_acknowledgement_does_not_stop_a_move(
    #[values("api", "c1")] where_: &str,
    #[values((Kind::Mariadb, Kind::Postgres), (Kind::Postgres, Kind::Mariadb))] kinds: (Kind, Kind),
) {
    let world = World::new(kinds.0, kinds.1);
    let outcome = move_while(&world, where_, &lost(where_), None);
    assert_eq!(outcome.failed, None);
    assert_eq!(world.texts(&instance()), [None, Some(spec(&instance()))]);
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn an_acknowledgement_that_is_never_found_out_says_where_the_spec_is(
    #[values("api", "c1")] where_: &str,
    #[values((Kind::Mariadb, Kind::Postgres), (Kind::Postgres, Kind::Mariadb))] kinds: (Kind, Kind),
    #[values(Door::Closed, Door::Silent)] door: Door,
) {
    let world = World::new(kinds.0, kinds.1);
    let outcome = move_while(&world, where_, &lost(where_), Some(door));
    let reason = words(&outcome);
    assert!(crate::world::is_uncertain(&outcome), "{outcome:?}");
    let place = if where_ == "api" { "is in c1" } else { "is still in api" };
    assert!(reason.contains(place) && reason.contains("move it again once"), "{reason}");
    world.finish(&instance());
}
