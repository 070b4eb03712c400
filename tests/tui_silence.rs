//! The executor with a cell that accepts connections and says nothing: the other databases, plans
//! and the end of the program do not wait for it, and whoever asks it shares one failure.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqspec::app::effect::Requests;
use reqspec::app::row::Failure;
use reqspec::app::{Effect, Msg};
use reqspec::change::{DatabaseName, Intent, Severity};
use reqspec::deployment::{CellArgument, Deployment, demo, url};
use reqspec::query::{PageFrom, PageRequest, SortOrder};
use reqspec::store::{Address, CellName};
use reqspec::tui::Options;
use reqspec::tui::executor::Executor;
use tokio::sync::mpsc::{Receiver, channel};

/// A server that accepts and says nothing, and how often it was asked.
fn silent() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for connection in listener.incoming() {
            count.fetch_add(1, Ordering::Relaxed);
            kept.push(connection);
        }
    });
    (port, asked)
}

struct World {
    executor: Executor,
    inbox: Receiver<Msg>,
    requests: Requests,
    asked: Arc<AtomicUsize>,
    _home: tempfile::TempDir,
}

fn dead() -> DatabaseName {
    DatabaseName::cell("dead")
}

/// The demo's API database and its cell1, and a dead cell of that kind.
fn world(scheme: &str) -> World {
    let home = tempfile::tempdir().expect("a directory");
    demo::open_in(home.path(), false).expect("the demo");
    let file = |name: &str| Address::of_path(&Path::new(home.path()).join("demo").join(name));
    let (port, asked) = silent();
    let url = url::parse(&format!("{scheme}://nova:s3cret@127.0.0.1:{port}/nova")).expect("a URL");
    let cells = vec![
        CellArgument { name: CellName::new("cell1"), url: file("nova_cell1.sqlite") },
        CellArgument { name: CellName::new("dead"), url },
    ];
    let deployment = Deployment::new(file("nova_api.sqlite"), cells).expect("a deployment");
    let (sender, inbox) = channel(256);
    let executor = Executor::new(Some(deployment), &Options::default(), sender);
    World { executor, inbox, requests: Requests::default(), asked, _home: home }
}

impl World {
    fn page(&mut self, database: DatabaseName) {
        let page = PageRequest { order: SortOrder::Id.into(), from: PageFrom::Start, limit: 5 };
        let request = self.requests.issue();
        assert!(
            self.executor
                .run(Effect::LoadPage { request, database, search: None, page, columns: Arc::from([]) })
                .is_none()
        );
    }

    async fn answer(&mut self) -> Msg {
        let answer = tokio::time::timeout(Duration::from_secs(30), self.inbox.recv()).await;
        answer.expect("an answer in time").expect("a message")
    }
}

#[rstest::rstest]
#[case("mysql+pymysql")]
#[case("postgresql")]
#[tokio::test]
async fn one_attempt_for_all_who_wait_and_nobody_else_waits(#[case] scheme: &str) {
    let mut world = world(scheme);
    let began = Instant::now();
    for _ in 0..10 {
        world.page(dead());
        let _ = world.executor.run(Effect::Probe { database: dead() });
    }
    world.page(DatabaseName::Api);
    let Msg::Page { result: Ok(rows), .. } = world.answer().await else { panic!("the API database is up") };
    assert_eq!(rows.len(), 5);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    for _ in 0..20 {
        let reason = match world.answer().await {
            Msg::Page { result: Err(Failure::Down(reason)), .. }
            | Msg::Probed { result: Err(Failure::Down(reason)), .. } => reason,
            other => panic!("{other:?}"),
        };
        assert!(reason.contains("nova:***@127.0.0.1") && !reason.contains("s3cret"), "{reason}");
    }
    assert!(began.elapsed() < Duration::from_secs(9), "one wait for all: {:?}", began.elapsed());
    assert_eq!(world.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_plan_waits_a_little_for_what_it_does_not_need_and_says_so() {
    let mut world = world("mysql+pymysql");
    world.page(DatabaseName::Api);
    let Msg::Page { result: Ok(rows), .. } = world.answer().await else { panic!("the API database is up") };
    let (database, instance_uuid) = (DatabaseName::Api, rows[0].instance_uuid.clone());
    let request = world.requests.issue();
    let intent = Intent::Destroy { database, instance_uuid };
    let began = Instant::now();
    assert!(world.executor.run(Effect::Prepare { request, intent, force: true }).is_none());
    let Msg::Prepared { result, .. } = world.answer().await else { panic!("no plan") };
    let plan = result.expect("a plan");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let says = plan.warnings.iter().any(|warning| {
        warning.severity >= Severity::Notice && warning.sentence.contains("dead could not be asked")
    });
    assert!(says, "{:?}", plan.warnings);
}

#[test]
fn quitting_does_not_wait() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let began = Instant::now();
    runtime.block_on(async {
        let mut world = world("mysql+pymysql");
        world.page(dead());
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(world);
    });
    runtime.shutdown_background();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}
