//! A Galera cluster of two nodes: changes that the other node forestalls, and a node that is lost.
//!
//! A trigger that sleeps where a text holds the word `slow` keeps a save in the midst of its
//! transaction on the node that it was sent to (nodes that apply it run no triggers), so that the
//! other node's change comes within it for certain.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

use reqspec::store::migrate::{self, State};
use reqspec::store::{self, Access, DatabaseName, Rights, SpecStore, StoreError, TableState, Timeouts};
use support::servers::{Database, Galera, Session, wait_until};
use support::{block_on, uuid};

/// One cluster for the tests that leave it whole, one test at a time: they count what its nodes count.
struct Turn {
    cluster: Arc<Galera>,
    _turn: MutexGuard<'static, ()>,
}

fn turn() -> Turn {
    static CLUSTER: Mutex<Weak<Galera>> = Mutex::new(Weak::new());
    static TURN: Mutex<()> = Mutex::new(());
    let cluster = {
        let mut shared = CLUSTER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Galera::start());
            *shared = Arc::downgrade(&started);
            started
        })
    };
    Turn { cluster, _turn: TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) }
}

fn open(database: &Database, access: Access) -> Arc<dyn SpecStore> {
    block_on(store::open(DatabaseName::Api, &database.address(), access, Timeouts::default())).unwrap()
}

/// A table with one row of that text, known at both nodes.
fn one_row(cluster: &Galera, text: &str) -> (Database, Database) {
    let a = cluster.a.database_with_table();
    let b = a.at(&cluster.b);
    a.session()
        .run(&format!("INSERT INTO request_specs (instance_uuid, spec) VALUES ('{}', '{text}')", uuid(1)));
    in_step(&b, text);
    (a, b)
}

fn text(database: &Database) -> Option<String> {
    database.session().try_rows("SELECT spec FROM request_specs").ok()?.pop()?.pop()?
}

/// A node applies what the other one committed a moment later.
fn in_step(database: &Database, expected: &str) {
    wait_until("the other node has the text", Duration::from_secs(10), || {
        text(database).as_deref() == Some(expected)
    });
}

fn slow_saves(database: &Database, seconds: f32) {
    database.session().run(&format!(
        "CREATE TRIGGER slow BEFORE UPDATE ON request_specs FOR EACH ROW \
         SET @slept = IF(NEW.spec LIKE '%slow%', SLEEP({seconds}), 0)"
    ));
}

fn status(session: &mut Session, name: &str) -> u64 {
    let rows = session.rows(&format!("SHOW GLOBAL STATUS LIKE '{name}'"));
    rows[0][1].as_deref().unwrap().parse().unwrap()
}

/// The other node writes to the row without changing its text.
const TOUCH: &str = "UPDATE request_specs SET updated_at = updated_at + INTERVAL 1 SECOND";

#[test]
#[ignore = "needs Galera (tests/run)"]
fn both_nodes_have_the_table_and_are_one_database() {
    let turn = turn();
    let a = turn.cluster.a.database();
    let b = a.at(&turn.cluster.b);
    let name = DatabaseName::cell("c1");
    let report = block_on(migrate::sync(&name, &a.address(), Timeouts::default())).unwrap();
    assert_eq!(report.applied_now.len(), 1);
    wait_until("the other node has the table", Duration::from_secs(10), || {
        block_on(migrate::status(&name, &b.address(), Timeouts::default()))
            .is_ok_and(|status| status.state == State::Current)
    });
    assert_eq!(
        block_on(migrate::sync(&name, &b.address(), Timeouts::default())).unwrap().applied_now.len(),
        0
    );
    let (through_a, through_b) = (open(&a, Access::ReadWrite), open(&b, Access::ReadWrite));
    assert_eq!(through_a.identity(), through_b.identity());
    for store in [&through_a, &through_b] {
        let probe = block_on(store.probe()).unwrap();
        assert_eq!((probe.product.as_str(), probe.table), ("MariaDB", TableState::Present));
        assert_eq!(probe.rights, Rights::Write);
        let remarks = probe.remarks.join("; ");
        assert!(remarks.contains("Galera") && remarks.contains('2'), "{remarks}");
    }
    // What one session wrote, the next one reads at the other node.
    let new = store::NewSpec {
        instance_uuid: uuid(1).into(),
        spec: "{}".into(),
        created_at: None,
        updated_at: None,
    };
    let created = block_on(through_a.create(new)).unwrap();
    assert_eq!(block_on(through_b.save(&uuid(1), b"{}", "[]")).unwrap().id, created.id);
    assert_eq!(&*block_on(through_a.save(&uuid(1), b"[]", "{ }")).unwrap().spec, b"{ }");
    in_step(&b, "{ }");
    block_on(through_b.destroy(&uuid(1), b"{ }")).unwrap();
    wait_until("the first node has it deleted", Duration::from_secs(10), || text(&a).is_none());
}

#[test]
#[ignore = "needs Galera (tests/run)"]
fn a_save_that_the_other_node_forestalls_is_tried_again() {
    let turn = turn();
    let (a, b) = one_row(&turn.cluster, "before");
    slow_saves(&a, 0.6);
    let store = open(&a, Access::ReadWrite);
    let mut counts = a.session();
    let before = status(&mut counts, "wsrep_local_bf_aborts");
    std::thread::scope(|scope| {
        let saving = scope.spawn(|| block_on(store.save(&uuid(1), b"before", "slow after")));
        std::thread::sleep(Duration::from_millis(300));
        b.session().run("UPDATE request_specs SET updated_at = '2026-01-01 00:00:00'");
        assert_eq!(&*saving.join().unwrap().unwrap().spec, b"slow after");
    });
    let aborted = status(&mut counts, "wsrep_local_bf_aborts") - before;
    assert!(aborted >= 1, "the other node's change did not come within the save");
    in_step(&b, "slow after");
}

#[test]
#[ignore = "needs Galera (tests/run)"]
fn a_save_that_fails_certification_is_tried_again() {
    let turn = turn();
    let (a, b) = one_row(&turn.cluster, "before");
    slow_saves(&a, 1.0);
    // Without a key each changed row is looked for in the whole table where it is applied: the
    // changes that come after it wait there, known to the cluster and not yet to the row locks.
    let mut other = b.session();
    other.run("CREATE TABLE keyless (v VARCHAR(200))");
    other.run("INSERT INTO keyless SELECT concat(repeat('x', 150), seq) FROM seq_1_to_6000");
    let store = open(&a, Access::ReadWrite);
    let mut counts = a.session();
    let before = status(&mut counts, "wsrep_local_cert_failures");
    let mut rounds = 0;
    let began = Instant::now();
    // How long the other change takes there depends on the machine: until it was long enough.
    loop {
        rounds += 1;
        let (from, to) = (format!("slow {}", rounds - 1), format!("slow {rounds}"));
        let from = if rounds == 1 { "before".to_owned() } else { from };
        std::thread::scope(|scope| {
            let saving = scope.spawn(|| block_on(store.save(&uuid(1), from.as_bytes(), &to)));
            std::thread::sleep(Duration::from_millis(300));
            other.run("UPDATE keyless SET v = concat(v, 'y')");
            other.run("UPDATE request_specs SET updated_at = '2026-01-01 00:00:00'");
            assert_eq!(*saving.join().unwrap().unwrap().spec, *to.as_bytes());
        });
        in_step(&b, &to);
        if status(&mut counts, "wsrep_local_cert_failures") > before {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(90), "no certification failed in {rounds} rounds");
        other.run("INSERT INTO keyless SELECT * FROM keyless LIMIT 3000");
    }
}

#[test]
#[ignore = "needs Galera (tests/run)"]
fn a_text_that_the_other_node_changed_is_a_conflict() {
    let turn = turn();
    let (a, b) = one_row(&turn.cluster, "before");
    slow_saves(&a, 0.6);
    let store = open(&a, Access::ReadWrite);
    std::thread::scope(|scope| {
        let saving = scope.spawn(|| block_on(store.save(&uuid(1), b"before", "slow after")));
        std::thread::sleep(Duration::from_millis(300));
        b.session().run("UPDATE request_specs SET spec = 'theirs'");
        let error = saving.join().unwrap().unwrap_err();
        let StoreError::Conflict { current: Some(current), .. } = error else { panic!("{error:?}") };
        assert_eq!(&*current.spec, b"theirs");
    });
    assert_eq!((text(&a).as_deref(), text(&b).as_deref()), (Some("theirs"), Some("theirs")));
    // So is a row that was deleted there.
    std::thread::scope(|scope| {
        let saving = scope.spawn(|| block_on(store.save(&uuid(1), b"theirs", "slow after")));
        std::thread::sleep(Duration::from_millis(300));
        b.session().run("DELETE FROM request_specs");
        let error = saving.join().unwrap().unwrap_err();
        assert!(matches!(error, StoreError::Conflict { current: None, .. }), "{error:?}");
    });
    assert_eq!((text(&a), text(&b)), (None, None));
}

#[test]
#[ignore = "needs Galera (tests/run)"]
fn a_save_that_is_forestalled_each_time_is_given_up_and_says_so() {
    let turn = turn();
    let (a, b) = one_row(&turn.cluster, "before");
    slow_saves(&a, 0.5);
    let store = open(&a, Access::ReadWrite);
    let mut counts = a.session();
    let before = status(&mut counts, "wsrep_local_bf_aborts");
    b.session().run("UPDATE request_specs SET updated_at = '2026-01-01 00:00:00'");
    let error = std::thread::scope(|scope| {
        let saving = scope.spawn(|| block_on(store.save(&uuid(1), b"before", "slow after")));
        let mut other = b.session();
        while !saving.is_finished() {
            other.run(TOUCH);
            std::thread::sleep(Duration::from_millis(50));
        }
        saving.join().unwrap().unwrap_err()
    });
    let StoreError::Contended { attempts, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*attempts, 5);
    assert!(error.to_string().contains("given up after 5 attempts"), "{error}");
    // Each attempt was one that the other node's change undid.
    assert_eq!(status(&mut counts, "wsrep_local_bf_aborts") - before, 5);
    assert_eq!((text(&a).as_deref(), text(&b).as_deref()), (Some("before"), Some("before")));
    assert_eq!(&*block_on(store.save(&uuid(1), b"before", "after")).unwrap().spec, b"after");
}

#[test]
#[ignore = "needs Galera (tests/run)"]
fn of_two_writers_at_two_nodes_exactly_one_wins() {
    let turn = turn();
    let (a, b) = one_row(&turn.cluster, "0");
    let won: u64 = std::thread::scope(|scope| {
        let writers: Vec<_> = [&a, &b, &a, &b]
            .into_iter()
            .map(|database| {
                scope.spawn(|| {
                    let store = open(database, Access::ReadWrite);
                    let mut won = 0;
                    for _ in 0..25 {
                        let row = block_on(store.get(&uuid(1))).unwrap().unwrap();
                        let value: u64 = std::str::from_utf8(&row.spec).unwrap().parse().unwrap();
                        match block_on(store.save(&uuid(1), &row.spec, &(value + 1).to_string())) {
                            Ok(_) => won += 1,
                            Err(StoreError::Conflict { .. } | StoreError::Contended { .. }) => {}
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                    won
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert!(won >= 25, "{won}");
    in_step(&a, &won.to_string());
    in_step(&b, &won.to_string());
}

#[test]
#[ignore = "needs Galera (tests/run)"]
fn a_lost_node_leaves_the_session_with_the_other_one_going() {
    let cluster = Galera::start();
    let (a, b) = one_row(&cluster, "0");
    let store = open(&a, Access::ReadWrite);
    let lost = open(&b, Access::ReadOnly);
    let mut value = 0;
    let (mut longest, began) = (Duration::ZERO, Instant::now());
    let mut killed = false;
    // A change waits until the cluster has agreed that the node is gone.
    while began.elapsed() < Duration::from_secs(9) {
        if !killed && began.elapsed() > Duration::from_secs(1) {
            cluster.b.kill();
            killed = true;
        }
        let asked = Instant::now();
        let saved = block_on(store.save(&uuid(1), value.to_string().as_bytes(), &(value + 1).to_string()));
        longest = longest.max(asked.elapsed());
        value += 1;
        assert_eq!(*saved.unwrap().spec, *value.to_string().as_bytes());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(longest < Duration::from_secs(15), "{longest:?}");
    assert_eq!(text(&a), Some(value.to_string()));
    let error = block_on(lost.count()).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");

    // The node comes back, and its session goes on where the cluster is now.
    cluster.b.start_again();
    assert_eq!(*block_on(lost.get(&uuid(1))).unwrap().unwrap().spec, *value.to_string().as_bytes());
}

#[test]
#[ignore = "needs Galera (tests/run)"]
fn a_node_cut_off_from_its_cluster_is_unavailable_and_says_why() {
    let cluster = Galera::start();
    let (_a, b) = one_row(&cluster, "before");
    let store = open(&b, Access::ReadWrite);
    cluster.a.kill();
    let mut session = b.session();
    wait_until("the node knows it is alone", Duration::from_secs(30), || {
        session.rows("SHOW GLOBAL STATUS LIKE 'wsrep_ready'")[0][1].as_deref() == Some("OFF")
    });
    for error in [
        block_on(store.save(&uuid(1), b"before", "after")).unwrap_err(),
        block_on(store.get(&uuid(1))).unwrap_err(),
    ] {
        let StoreError::Unavailable { reason, .. } = &error else { panic!("{error:?}") };
        assert!(reason.contains("cluster") || reason.contains("WSREP"), "{reason}");
        assert!(error.to_string().contains(store.location()), "{error}");
    }
    // Who connects meanwhile hears the same, at once or from the probe.
    let opened =
        block_on(store::open(DatabaseName::Api, &b.address(), Access::ReadOnly, Timeouts::default()));
    match opened.and_then(|store| block_on(store.probe())) {
        Ok(probe) => {
            let remarks = probe.remarks.join("; ");
            assert!(remarks.contains("Galera") && remarks.contains("primary component"), "{remarks}");
        }
        Err(error) => assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}"),
    }
    cluster.a.start_again();
    wait_until("the node is in a cluster again", Duration::from_secs(30), || {
        session.rows("SHOW GLOBAL STATUS LIKE 'wsrep_ready'")[0][1].as_deref() == Some("ON")
    });
    assert_eq!(&*block_on(store.save(&uuid(1), b"before", "after")).unwrap().spec, b"after");
}
