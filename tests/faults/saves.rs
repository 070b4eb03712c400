//! A save that is cut, stalled, or whose server is paused or killed, at each statement: the database
//! holds the text before or the one after, and what is said agrees with it.

use reqspec::change::ApplyError;
use reqspec::store::Access;
use rstest::rstest;

use crate::proxy::{Door, Fault};
use crate::support::servers::Kind;
use crate::support::{spec, spec_in_zone};
use crate::world::{Harm, Side, applying, end, instance, is_uncertain, saving, words};

const UPDATE: &str = "UPDATE request_specs";
const COMMIT: &str = "COMMIT";
/// The answer to the save's own commit is lost. (Reads may commit too.)
const LOST: [Fault; 2] = [Fault::Pass(UPDATE), Fault::LoseAnswer(COMMIT)];

/// What a save says of itself must be what the database holds.
#[track_caller]
fn check_truth(side: &Side, id: &str, outcome: &reqspec::change::Outcome, after: &str) {
    let (before, now) = (spec(id), side.text(id).unwrap());
    assert!(now == before || now == after, "neither before nor after: {now}");
    match &outcome.failed {
        None => {
            assert_eq!(now, after, "it was said to be saved");
            assert_eq!(outcome.done.len(), 1);
        }
        Some(ApplyError::Uncertain(reason)) => {
            assert!(reason.contains("look at the spec"), "{reason}");
        }
        Some(error) => {
            assert_eq!(now, before, "it was said not to be saved: {error}");
            assert!(!matches!(error, ApplyError::Conflict { .. }), "a false conflict: {error}");
        }
    }
}

/// A save from one text to the other while that happens, and what came of it.
fn save_while(
    side: &Side,
    faults: &[Fault],
    afterwards: Option<Door>,
    harm: Harm,
) -> reqspec::change::Outcome {
    let id = instance();
    side.put(&id, &spec(&id));
    let stores = [side.open(Access::ReadWrite).unwrap()].into_iter().collect();
    let plan = saving(&stores, "api", &id, &spec_in_zone(&id, "az2"));
    side.proxy.tell_all(faults, afterwards);
    let running = applying(&stores, plan);
    if harm != Harm::None {
        side.proxy.wait(faults.len());
        harm.on(&side.server);
        side.proxy.resume();
    }
    let outcome = end(running);
    assert_eq!(side.proxy.happened(), faults.len(), "{}", side.proxy.log());
    side.repair(harm);
    check_truth(side, &id, &outcome, &spec_in_zone(&id, "az2"));
    outcome
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn cut_before_it_is_committed(
    #[values(Kind::Mariadb, Kind::Postgres)] kind: Kind,
    #[values(&[Fault::CutBefore(UPDATE)], &[Fault::Pass(UPDATE), Fault::CutBefore(COMMIT)])]
    faults: &[Fault],
) {
    let side = Side::new("api", kind);
    let outcome = save_while(&side, faults, Some(Door::Closed), Harm::None);
    side.check_message(&words(&outcome), &instance());
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_commit_whose_answer_is_lost_is_recognised(#[values(Kind::Mariadb, Kind::Postgres)] kind: Kind) {
    let side = Side::new("api", kind);
    let outcome = save_while(&side, &LOST, None, Harm::None);
    assert_eq!(outcome.failed, None);
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_commit_of_which_nothing_can_be_learned_is_uncertain(
    #[values(Kind::Mariadb, Kind::Postgres)] kind: Kind,
    #[values(Door::Closed, Door::Silent)] door: Door,
) {
    let side = Side::new("api", kind);
    let outcome = save_while(&side, &LOST, Some(door), Harm::None);
    assert!(is_uncertain(&outcome), "{outcome:?}");
    let reason = words(&outcome);
    assert!(reason.contains("either the text before or the new one"), "{reason}");
    assert!(reason.contains(&instance()) && reason.starts_with("api: "), "{reason}");
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn its_server_is_harmed(
    #[values(Kind::Mariadb, Kind::Postgres)] kind: Kind,
    #[values(
        &[Fault::StallBefore(UPDATE)],
        &[Fault::Pass(UPDATE), Fault::StallBefore(COMMIT)],
        &[Fault::Pass(UPDATE), Fault::StallAfter(COMMIT)]
    )]
    faults: &[Fault],
    #[values(Harm::Pause, Harm::Kill)] harm: Harm,
) {
    let side = Side::new("api", kind);
    let outcome = save_while(&side, faults, None, harm);
    if let Some(error) = &outcome.failed {
        assert!(error.to_string().contains(&instance()), "{error}");
    }
    // The same sessions' successors work on.
    let id = instance();
    let store = side.open(Access::ReadWrite).unwrap();
    let now = side.text(&id).unwrap();
    crate::support::block_on(store.save(&id, now.as_bytes(), &spec_in_zone(&id, "az9"))).unwrap();
    assert_eq!(side.text(&id).unwrap(), spec_in_zone(&id, "az9"));
}

/// A row that another session keeps locked is given up in time, as a conflict to be tried again.
#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_row_that_others_hold_is_contended(#[values(Kind::Mariadb, Kind::Postgres)] kind: Kind) {
    let side = Side::new("api", kind);
    let id = instance();
    side.put(&id, &spec(&id));
    let stores = [side.open(Access::ReadWrite).unwrap()].into_iter().collect();
    let plan = saving(&stores, "api", &id, &spec_in_zone(&id, "az2"));
    let mut other = side.database.session();
    other.run("BEGIN");
    other.run("SELECT id FROM request_specs FOR UPDATE");
    let began = std::time::Instant::now();
    let running = applying(&stores, plan);
    while !running.is_finished() && began.elapsed() < crate::world::LIMIT * 3 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(running.is_finished(), "a locked row is waited for without end");
    let outcome = running.join().unwrap();
    let Some(ApplyError::Contended(reason)) = &outcome.failed else { panic!("{outcome:?}") };
    assert!(reason.contains(&id) && reason.ends_with("nothing was written, try again"), "{reason}");
    other.run("ROLLBACK");
    assert_eq!(side.text(&id), Some(spec(&id)));
}
