//! Pages and passes over all rows, of servers that are killed, paused, cut or slow in the middle.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqspec::query::prefilter::Prefilter;
use reqspec::query::{PageFrom, PageRequest, SortOrder};
use reqspec::store::{Access, Cancel, RowRef, RowVisitor, SpecStore, StoreError, StoredSpec};
use rstest::rstest;

use crate::proxy::{Door, Fault};
use crate::support::servers::Kind;
use crate::support::{block_on, spec, uuid};
use crate::world::{Harm, LIMIT, Side, World, end};

/// So many rows of some 23 KB each: a page of all is several times what buffers take.
const ROWS: i64 = 200;

fn fill(side: &Side) {
    let hints = "x".repeat(20_000);
    let repeated =
        spec(&uuid(0)).replace("\"availability_zone\": null", &format!("\"availability_zone\": \"{hints}\""));
    let mut session = side.database.session();
    let columns = "INSERT INTO request_specs (instance_uuid, spec)";
    for number in 1..=ROWS {
        session.run(&format!("{columns} VALUES ('{}', '{repeated}')", uuid(number)));
    }
}

fn page(store: &Arc<dyn SpecStore>) -> Result<Vec<StoredSpec>, StoreError> {
    let request = PageRequest { order: SortOrder::Id, from: PageFrom::Start, limit: ROWS as u32 };
    block_on(store.page(request))
}

#[track_caller]
fn check_unavailable(side: &Side, error: &StoreError) {
    let StoreError::Unavailable { database, location, reason } = error else { panic!("{error:?}") };
    assert_eq!((database, location), (&side.name, &side.address().shown));
    assert!(!error.to_string().contains(crate::world::PASSWORD), "{error}");
    // A sentence that says more than that it failed.
    assert!(reason.split(' ').count() > 4, "{reason}");
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_server_is_harmed_in_the_middle_of_a_page(
    #[values(Kind::Mariadb, Kind::Postgres)] kind: Kind,
    #[values(Harm::Pause, Harm::Kill)] harm: Harm,
) {
    let world = World::new(kind, kind);
    let side = &world.api;
    fill(side);
    world.cell.put(&uuid(1), &spec(&uuid(1)));
    let (store, other) = (side.open(Access::ReadOnly).unwrap(), world.cell.open(Access::ReadOnly).unwrap());
    assert_eq!(page(&store).unwrap().len(), ROWS as usize);
    side.proxy.tell(Fault::StallAfterBytes(300_000));
    let asked = Arc::clone(&store);
    let running = std::thread::spawn(move || page(&asked));
    side.proxy.wait(1);
    // The kernel holds what the server had sent: what is lost is what it had not.
    harm.on(&side.server);
    side.proxy.cut();
    side.proxy.resume();
    // Others are not affected, while this one is waited for.
    assert_eq!(page(&other).unwrap().len(), 1);
    let error = end(running).unwrap_err();
    check_unavailable(side, &error);
    side.repair(harm);
    assert_eq!(page(&store).unwrap().len(), ROWS as usize, "the session does not come back");
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_connection_that_is_cut_is_replaced(#[values(Kind::Mariadb, Kind::Postgres)] kind: Kind) {
    let side = Side::new("api", kind);
    fill(&side);
    let store = side.open(Access::ReadOnly).unwrap();
    let whole = page(&store).unwrap();
    // While nobody asked; and in the middle of an answer.
    side.proxy.cut();
    assert_eq!(page(&store).unwrap(), whole);
    side.proxy.tell(Fault::CutAfterBytes(300_000));
    assert_eq!(page(&store).unwrap(), whole);
    assert_eq!(side.proxy.happened(), 1);
    side.server.kill();
    side.server.start_again();
    assert_eq!(page(&store).unwrap(), whole, "a restarted server is not found again");
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_slow_answer_is_taken_as_it_comes(#[values(Kind::Mariadb, Kind::Postgres)] kind: Kind) {
    let side = Side::new("api", kind);
    let id = uuid(1);
    side.put(&id, &spec(&id));
    let store = side.open(Access::ReadOnly).unwrap();
    block_on(store.get(&id)).unwrap();
    side.proxy.drip(Some(Duration::from_micros(200)));
    let row = block_on(store.get(&id)).unwrap().unwrap();
    assert_eq!(*row.spec, *spec(&id).as_bytes());
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_server_that_accepts_and_says_nothing_is_said(#[values(Kind::Mariadb, Kind::Postgres)] kind: Kind) {
    let side = Side::new("api", kind);
    side.proxy.set_door(Door::Silent);
    let began = std::time::Instant::now();
    let Err(error) = side.open(Access::ReadOnly) else { panic!("opened") };
    assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
    check_unavailable(&side, &error);
    let words = error.to_string();
    assert!(
        words.contains("nothing") || words.contains("no answer") || words.contains("did not answer"),
        "{words}"
    );
    // Also where it falls silent later.
    side.proxy.set_door(Door::Open);
    let store = side.open(Access::ReadOnly).unwrap();
    side.server.pause();
    check_unavailable(&side, &block_on(store.count()).unwrap_err());
    side.server.resume();
    assert_eq!(block_on(store.count()).unwrap(), 0);
}

/// Sees the ids of a scan.
#[derive(Default)]
struct Seen(Mutex<Vec<i64>>);

impl RowVisitor for Seen {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        self.0.lock().unwrap().push(row.id);
        ControlFlow::Continue(())
    }
    fn progress(&self, _: u64) {}
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_server_is_harmed_in_the_middle_of_a_pass_over_all_rows(
    #[values(Kind::Mariadb, Kind::Postgres)] kind: Kind,
    #[values(Harm::Pause, Harm::Kill)] harm: Harm,
) {
    let side = Side::new("api", kind);
    fill(&side);
    let store = side.open(Access::ReadOnly).unwrap();
    side.proxy.tell(Fault::StallAfterBytes(1_000_000));
    let (asked, seen) = (Arc::clone(&store), Arc::new(Seen::default()));
    let visitor = Arc::clone(&seen);
    let running =
        std::thread::spawn(move || block_on(asked.scan(Prefilter::NONE, visitor, Cancel::default())));
    side.proxy.wait(1);
    harm.on(&side.server);
    if harm == Harm::Kill {
        side.proxy.cut();
    }
    // Pages are another connection's.
    let error = end(running).unwrap_err();
    check_unavailable(&side, &error);
    side.repair(harm);
    // Never a row twice, none out of turn.
    let ids = seen.0.lock().unwrap().clone();
    assert!(!ids.is_empty() && ids.len() < ROWS as usize, "{}", ids.len());
    assert!(ids.is_sorted_by(|one, other| one < other), "{ids:?}");
    assert_eq!(
        block_on(store.scan(Prefilter::NONE, Arc::new(Seen::default()), Cancel::default())).unwrap(),
        ROWS as u64
    );
}
