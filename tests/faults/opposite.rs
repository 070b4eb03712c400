//! Two moves of one spec in opposite directions at the same time.

use reqspec::change::Refusal;
use reqspec::store::Access;
use rstest::rstest;

use crate::support::servers::Kind;
use crate::support::{spec, uuid};
use crate::world::{World, change, transfer};

/// Each alone would delete the other's copy: at least one stays.
#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn opposite_moves_never_lose_the_spec(
    #[values((Kind::Mariadb, Kind::Mariadb), (Kind::Postgres, Kind::Postgres), (Kind::Mariadb, Kind::Postgres))]
    kinds: (Kind, Kind),
) {
    let world = World::new(kinds.0, kinds.1);
    for round in 1..=4 {
        let id = uuid(round);
        world.api.put(&id, &spec(&id));
        world.cell.put(&id, &spec(&id));
        let outcomes: Vec<String> = std::thread::scope(|scope| {
            let movers = [("api", "c1"), ("c1", "api")].map(|(from, to)| {
                let (world, id) = (&world, id.clone());
                scope.spawn(move || {
                    let stores = world.stores(Access::ReadWrite).unwrap();
                    match change(&stores, &transfer(from, to, &id)) {
                        Ok(outcome) => format!("{from} to {to}: {:?}", outcome.failed),
                        Err(Refusal::NotFound(reason)) => reason,
                        Err(refusal) => panic!("{refusal}"),
                    }
                })
            });
            movers.into_iter().map(|mover| mover.join().unwrap()).collect()
        });
        let copies = world.texts(&id).into_iter().flatten().collect::<Vec<_>>();
        assert!(!copies.is_empty(), "the spec is in no database: {outcomes:?}");
        assert!(copies.iter().all(|text| *text == spec(&id)), "{outcomes:?}");
    }
}
