//! Connections that are cut before and after a commit while specs are saved, moved, changed by the many and taken
//! back: a lost acknowledgement is found out and the change goes on; whatever could not be found out, a recovery
//! does; and the journal tells what the databases hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;

use crate::ordeal::judge::Judge;
use crate::ordeal::work::Worker;
use crate::ordeal::{Side, World};
use crate::proxy::{Door, Fault, Proxy};
use crate::support::servers::{Database, Kind};

const UPDATE: &str = "UPDATE request_specs";
const INSERT: &str = "INSERT INTO request_specs";
const DELETE: &str = "DELETE ";
const COMMIT: &str = "COMMIT";

/// Instances of each case: three batches of a bulk change.
const INSTANCES: i64 = 25;

/// What is done before, what is done while that happens, and on which side which statement is the last before the
/// commit.
type Task = (&'static [&'static str], &'static str, &'static [(usize, &'static str)]);

const TASKS: [Task; 7] = [
    (&[], "save", &[(0, UPDATE)]),
    (&[], "bulk edit", &[(0, UPDATE)]),
    (&["bulk edit"], "undo", &[(0, UPDATE)]),
    (&[], "move", &[(1, INSERT), (0, DELETE)]),
    (&[], "bulk move", &[(1, INSERT), (0, DELETE)]),
    (&["move"], "undo", &[(0, INSERT), (1, DELETE)]),
    (&["bulk move"], "undo", &[(0, INSERT), (1, DELETE)]),
];

/// Two databases, each behind a proxy.
struct Behind {
    sides: Arc<[Side; 2]>,
    proxies: [Proxy; 2],
    next: i64,
}

/// What happens to the connection.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// It is cut before the statement.
    BeforeStatement,
    /// It is cut after it, before the commit.
    BeforeCommit,
    /// The commit is done, and its answer does not arrive.
    Acknowledgement,
}

impl Loss {
    fn faults(self, statement: &'static str) -> Vec<Fault> {
        match self {
            Self::BeforeStatement => vec![Fault::CutBefore(statement)],
            Self::BeforeCommit => vec![Fault::Pass(statement), Fault::CutBefore(COMMIT)],
            Self::Acknowledgement => vec![Fault::Pass(statement), Fault::LoseAnswer(COMMIT)],
        }
    }
}

impl Behind {
    fn new(kinds: [Kind; 2]) -> Self {
        let databases = kinds.map(Database::with_table);
        let proxies = databases.each_ref().map(|database| Proxy::before(database.port()));
        let ports = proxies.each_ref().map(Proxy::port);
        let [api, cell] = databases;
        let sides = [Side::Behind(api, ports[0]), Side::Behind(cell, ports[1])];
        Self { sides: Arc::new(sides), proxies, next: 1 }
    }

    /// One change, in the middle of which that happens on that side; new connections meet that door then.
    fn case(&mut self, task: usize, side: usize, statement: &'static str, loss: Loss, door: Door) {
        let (before, task, _) = TASKS[task];
        self.next += INSTANCES;
        let what = format!("{task} after {before:?}: {loss:?} of {statement} on side {side}, then {door:?}");
        let world = World::new(&self.sides, self.next - INSTANCES..self.next);
        let mut judge = Judge::new(&world);
        let mut worker = Worker::new(&world, 1, true);
        before.iter().for_each(|task| worker.one(task));
        // What is found out at once is no failure; otherwise nobody says that it was done.
        let is_found_out = matches!(loss, Loss::Acknowledgement) && door == Door::Open;
        let mut worker = Worker::new(&world, 2, is_found_out);
        let (proxy, faults) = (&self.proxies[side], loss.faults(statement));
        proxy.tell_all(&faults, (door != Door::Open).then_some(door));
        worker.one(task);
        assert_eq!(proxy.happened(), faults.len(), "{what}: {}", proxy.log());
        proxy.tell_all(&[], None);
        proxy.set_door(Door::Open);
        drop(worker);
        judge.recover_and_judge(&world, &what);
        if is_found_out {
            let others: Vec<_> = judge.ended.keys().filter(|word| **word != "done").collect();
            assert!(others.is_empty() && judge.decided.is_empty(), "{what}: {others:?}, {:?}", judge.decided);
        }
        // Nothing is left in anybody's way.
        let mut worker = Worker::new(&world, 3, true);
        ["save", "move", "bulk edit"].into_iter().for_each(|task| worker.one(task));
        judge.recover_and_judge(&world, &format!("{what}, then all went on"));
    }
}

/// All tasks, so many at a time: most of the time they wait for a database that does not answer.
fn all(kinds: [Kind; 2], loss: Loss, door: Door, at_a_time: usize) {
    let places = TASKS.iter().enumerate().flat_map(|(task, (_, _, places))| {
        places.iter().map(move |(side, statement)| (task, *side, *statement))
    });
    let places: Vec<(usize, usize, &'static str)> = places.collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                let mut behind = Behind::new(kinds);
                while let Some((task, side, statement)) = places.get(next.fetch_add(1, Ordering::SeqCst)) {
                    behind.case(*task, *side, statement, loss, door);
                }
            });
        }
    });
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn connections_are_lost_before_and_after_commits(
    #[values(
        [Kind::Mariadb, Kind::Mariadb],
        [Kind::Postgres, Kind::Postgres],
        [Kind::Mariadb, Kind::Postgres]
    )]
    kinds: [Kind; 2],
    #[values(Loss::BeforeStatement, Loss::BeforeCommit, Loss::Acknowledgement)] loss: Loss,
) {
    all(kinds, loss, Door::Open, 1);
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn databases_are_lost_before_and_after_commits(
    #[values([Kind::Mariadb, Kind::Postgres], [Kind::Postgres, Kind::Mariadb])] kinds: [Kind; 2],
    #[values(Loss::BeforeCommit, Loss::Acknowledgement)] loss: Loss,
) {
    all(kinds, loss, Door::Closed, 3);
}
