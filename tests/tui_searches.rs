//! Searches, counts and files of results as the terminal UI asks for them, over the demo.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqspec::app::effect::{RequestId, Requests};
use reqspec::app::exporting::Format;
use reqspec::app::row::Row;
use reqspec::app::{Effect, Msg};
use reqspec::deployment::demo;
use reqspec::deployment::settings::{Places, Settings};
use reqspec::query::{Field, Order, PageFrom, PageRequest, Query, Subject, parse, parse_fields, parse_order};
use reqspec::store::DatabaseName;
use reqspec::tui::Options;
use reqspec::tui::executor::Executor;
use tempfile::TempDir;
use tokio::sync::mpsc::{Receiver, channel};

struct World {
    executor: Executor,
    inbox: Receiver<Msg>,
    requests: Requests,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let deployment = demo::open_in(folder.path(), false).unwrap();
        let (out, inbox) = channel(64);
        let settings = Places {
            profiles: Some(folder.path().join("profiles.toml")),
            state: Some(folder.path().join("state")),
        };
        let options = Options { settings, ..Options::default() };
        let executor = Executor::new(Some(deployment), &options, out);
        Self { executor, inbox, requests: Requests::default(), folder }
    }

    async fn next(&mut self) -> Msg {
        tokio::time::timeout(Duration::from_secs(20), self.inbox.recv()).await.expect("an answer").unwrap()
    }

    /// Runs a search to its end; gives its name and the number of its hits.
    async fn search(&mut self, text: &str, order: &str) -> (RequestId, u64) {
        let search = self.requests.issue();
        let (query, order) = (query(text), parse_order(order).unwrap());
        self.executor.run_all(vec![Effect::StartSearch { search, database: cell(), query, order }]);
        loop {
            match self.next().await {
                Msg::SearchProgress { search: of, tally, remarks, .. } => {
                    assert!(of == search && remarks.is_empty(), "{remarks:?}");
                    if tally.finished {
                        assert_eq!(tally.undecided, 0);
                        return (search, tally.hits);
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }

    async fn page(&mut self, search: RequestId, order: &str, columns: &[&str]) -> Vec<Row> {
        let request = self.requests.issue();
        let order: Order = parse_order(order).unwrap();
        let page = PageRequest { order, from: PageFrom::Start, limit: 500 };
        let columns = fields(columns);
        let effect = Effect::LoadPage { request, database: cell(), search: Some(search), page, columns };
        self.executor.run_all(vec![effect]);
        match self.next().await {
            Msg::Page { result, .. } => result.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn export(&mut self, format: Format, path: &Path, replace: bool) -> Result<u64, String> {
        let request = self.requests.issue();
        let effect = Effect::Export {
            request,
            databases: vec![DatabaseName::Api, cell()],
            query: query("vcpus>=4"),
            order: parse_order("-vcpus").unwrap(),
            columns: fields(&["uuid", "db", "vcpus"]),
            format,
            path: path.to_string_lossy().into_owned(),
            replace,
        };
        self.executor.run_all(vec![effect]);
        match self.next().await {
            Msg::Exported { result, .. } => result,
            other => panic!("{other:?}"),
        }
    }
}

fn cell() -> DatabaseName {
    DatabaseName::cell("cell1")
}

fn query(text: &str) -> Arc<Query> {
    Arc::new(parse(text).unwrap())
}

fn fields(names: &[&str]) -> Arc<[Field]> {
    parse_fields(&names.join(",")).unwrap().into()
}

#[tokio::test]
async fn hits_come_in_their_order_with_the_columns_that_are_shown() {
    let mut world = World::new();
    let (search, hits) = world.search("vcpus>=2", "-vcpus").await;
    let rows = world.page(search, "-vcpus", &["instance.state", "vcpus"]).await;
    assert!(hits > 20 && rows.len() as u64 == hits.min(500), "{hits} hits");
    let vcpus: Vec<i64> = rows.iter().map(|row| row.summary.vcpus.unwrap()).collect();
    assert!(vcpus.is_sorted_by(|one, other| one >= other) && *vcpus.last().unwrap() >= 2);
    assert!(rows.iter().all(|row| row.key.sort.is_some()));
    assert!(rows.iter().any(|row| row.values[0].as_deref() == Some("active")));
    for row in &rows {
        assert_eq!(
            row.values[1].as_deref().map(str::to_owned),
            row.summary.vcpus.map(|number| number.to_string())
        );
    }
    // The number of a row, and none once the search was stopped.
    let (request, database, order) = (world.requests.issue(), cell(), parse_order("-vcpus").unwrap());
    let key = rows[7].key.clone();
    let rank = Effect::Rank { request, database, search: Some(search), order, key };
    world.executor.run_all(vec![rank.clone()]);
    assert!(matches!(world.next().await, Msg::Rank { result: Ok(7), .. }));
    world.executor.run_all(vec![Effect::StopSearch { search }, rank]);
    assert!(matches!(world.next().await, Msg::Rank { result: Err(_), .. }));
}

#[tokio::test]
async fn values_are_counted_in_each_database() {
    let mut world = World::new();
    let (_, hits) = world.search("vcpus>=2", "id").await;
    let request = world.requests.issue();
    let (databases, query, fields) =
        (vec![cell(), DatabaseName::Api], query("vcpus>=2"), fields(&["az", "flavor"]));
    world.executor.run_all(vec![Effect::Facet { request, databases, query, fields }]);
    let mut told = Vec::new();
    for _ in 0..2 {
        match world.next().await {
            Msg::Facets { request: of, database, result } => {
                let counts = result.unwrap();
                let sum: u64 = counts.values.iter().map(|(_, count)| count).sum();
                assert!(of == request && sum == counts.rows && counts.others == 0);
                assert!(counts.values.iter().all(|(values, _)| values.len() == 2));
                if database == cell() {
                    assert_eq!(counts.rows, hits);
                }
                told.push(database);
            }
            other => panic!("{other:?}"),
        }
    }
    told.sort();
    assert_eq!(told, [DatabaseName::Api, cell()]);
}

#[tokio::test]
async fn values_and_keys_are_sampled_for_completion() {
    let mut world = World::new();
    let request = world.requests.issue();
    let field = |name: &str| Subject::Values(fields(&[name])[0].clone());
    let subjects = [field("az"), field("instance.host"), Subject::Keys("extra"), Subject::Keys("image")];
    let databases = vec![cell(), DatabaseName::Api];
    world.executor.run_all(vec![Effect::Sample { request, databases, subjects: subjects.into() }]);
    for _ in 0..2 {
        let Msg::Sampled { request: of, database, samples } = world.next().await else { panic!("no sample") };
        assert!(of == request && samples.len() == 4);
        let has = |at: usize, text: &str| samples[at].texts.iter().any(|(seen, _)| &**seen == text);
        assert!(has(0, "az1") && has(2, "hw:cpu_policy"), "{database}: {samples:?}");
        assert!(samples[3].texts.iter().all(|(key, _)| !key.contains("nova_object")), "{samples:?}");
        assert!(!samples[3].texts.is_empty(), "{database}");
        assert!(samples.iter().all(|sample| sample.texts.is_sorted_by(|one, other| one.1 >= other.1)));
        // Hosts are what another table says: it was asked.
        assert!(samples[1].texts.iter().any(|(host, _)| host.starts_with("cmp-")) || !samples[1].is_whole);
    }
    // One field of one database, of which all rows are read: the counts are those of a query.
    let (_, hits) = world.search("az=az1", "id").await;
    let request = world.requests.issue();
    let effect = Effect::Sample { request, databases: vec![cell()], subjects: [field("az")].into() };
    world.executor.run_all(vec![effect]);
    let Msg::Sampled { samples, .. } = world.next().await else { panic!("no sample") };
    let rows = samples[0].texts.iter().find(|(zone, _)| &**zone == "az1").map(|(_, rows)| *rows);
    assert!(rows == Some(hits) || !samples[0].is_whole && rows <= Some(hits), "{samples:?}, {hits}");
}

#[tokio::test]
async fn files_of_results_are_whole_and_replace_none_unasked() {
    let mut world = World::new();
    let path = world.folder.path().join("hits.csv");
    let rows = world.export(Format::Csv, &path, false).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count() as u64, rows + 1);
    assert!(rows > 10 && text.starts_with("uuid,db,vcpus\r\n"));
    let vcpus: Vec<i64> =
        text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect();
    assert!(vcpus.is_sorted_by(|one, other| one >= other), "merged");
    assert!(text.contains(",api,") && text.contains(",cell1,"));
    let refused = world.export(Format::Uuids, &path, false).await.unwrap_err();
    assert!(refused.contains("already") && refused.contains("hits.csv"), "{refused}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(world.export(Format::JsonLines, &path, true).await, Ok(rows));
    let first = std::fs::read_to_string(&path).unwrap();
    let first: serde_json::Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(first["spec"]["nova_object.name"], "RequestSpec");
    let nowhere = world.folder.path().join("no/such/hits.csv");
    let folder = nowhere.parent().unwrap().display();
    let refused = world.export(Format::Csv, &nowhere, false).await.unwrap_err();
    assert_eq!(refused, format!("{folder}: there is no such folder; nothing was written"));
}

#[tokio::test]
async fn settings_are_kept_and_failures_told() {
    let mut world = World::new();
    let save = |name: &str, text: &str| Effect::SaveQuery {
        name: name.to_owned(),
        text: text.to_owned(),
        replace: false,
    };
    world.executor.run_all(vec![
        save("big", "vcpus>=16"),
        Effect::Remember("az=az1".to_owned()),
        Effect::SaveColumns { environment: "demo".to_owned(), columns: vec!["az".to_owned()] },
        save("wrong", "(("),
    ]);
    match world.next().await {
        Msg::Settings(reason) => assert!(reason.contains("wrong"), "{reason}"),
        other => panic!("{other:?}"),
    }
    let places = Places {
        profiles: Some(world.folder.path().join("profiles.toml")),
        state: Some(world.folder.path().join("state")),
    };
    let kept = Settings::load(&places);
    assert_eq!(kept.queries, [("big".to_owned(), "vcpus>=16".to_owned())]);
    assert_eq!(kept.history, ["az=az1"]);
    assert_eq!(kept.columns_of("demo"), ["az"]);
    // Another session's query stays; what the file has now is read.
    world.executor.run_all(vec![save("big", "vcpus>=32")]);
    match world.next().await {
        Msg::QueryExists { name, text, there } => {
            assert_eq!((&*name, &*text, &*there), ("big", "vcpus>=32", "vcpus>=16"));
        }
        other => panic!("{other:?}"),
    }
    let request = world.requests.issue();
    world.executor.run_all(vec![Effect::LoadQueries { request }]);
    match world.next().await {
        Msg::Queries { request: answered, result } => {
            assert_eq!((answered, result), (request, Ok(kept.queries)))
        }
        other => panic!("{other:?}"),
    }
}
