//! The same queries over the same odd rows find the same on every engine: what the slow reference finds.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use reqspec::deployment::Entry;
use reqspec::deployment::facts::{FactStores, facts};
use reqspec::query::fields::Fact;
use reqspec::query::prefilter::Prefilter;
use reqspec::query::record::{Facts, Record, Verdict};
use reqspec::query::{Matcher, Query, eval, parse, prefilter};
use reqspec::store::{Access, Cancel, DatabaseName, Engine, RowRef, RowVisitor, SpecStore, StoreError};

use crate::bench::{Bench, Db, Row, open};
use crate::support::{block_on, uuid};

promises!(
    queries_find_what_the_reference_finds,
    rows_of_all_kinds_are_found_and_left,
    queries_over_nova_s_tables_find_the_same,
);

/// 2026-08-01 12:00:00 UTC.
const NOW: i64 = 1_785_585_600;

/// Every so many rows of the sample deployment: it has all eras, and texts that nova cannot load.
const EVERY: usize = 60;

const WRAPPED: &str = r#"{"nova_object.name": "RequestSpec", "nova_object.namespace": "nova", "nova_object.version": "1.15", "nova_object.data": "#;

/// More than is read.
const DEPTH: usize = reqspec::spec::document::MAX_DEPTH + 50;

/// Texts that no release of nova writes so.
fn odd_texts() -> Vec<Vec<u8>> {
    let data = |members: &str| format!("{WRAPPED}{{{members}}}, \"nova_object.changes\": []}}").into_bytes();
    let flavor = |members: &str| {
        let flavor = format!(
            r#""flavor": {{"nova_object.name": "Flavor", "nova_object.namespace": "nova", "nova_object.version": "1.2", "nova_object.data": {{{members}}}}}"#
        );
        data(&flavor)
    };
    let deep = format!("{}\"az1\"{}", "{\"a\": ".repeat(DEPTH), "}".repeat(DEPTH));
    vec![
        b"".to_vec(),
        b"null".to_vec(),
        b"not json, with az1 in it".to_vec(),
        "\u{feff}{}".as_bytes().to_vec(),
        b"{\"availability_zone\": \"az1\"} and more".to_vec(),
        data(r#""availability_zone": "az1""#),
        data(r#""availability_zone": "az1", "availability_zone": "az2""#),
        data(r#""availability_zone": "az2", "availability_zone": "az1""#),
        data(r#""availability_zone": "\u0061z1""#),
        data(r#""\u0061vailability_zone": "az1""#),
        data(r#""availability_zone"  :  "az1"  "#),
        data(r#""availability_zone": "AZ1", "project_id": "P1""#),
        data(r#""availability_zone": null, "project_id": "p1""#),
        data(r#""availability_zone": "az1", "project_id": "p1", "requested_destination": {"host": "cmp9"}"#),
        data(r#""availability_zone": ["az1"]"#),
        data(r#""availability_zone": "\u00f6stlich \ud83d\ude00""#),
        data("\"availability_zone\": \"\u{f6}stlich\""),
        data(r#""scheduler_hints": {"x": ["\"availability_zone\": \"az1\""], "group": ["g-1"]}"#),
        data(r#""scheduler_hints": {"group": "g-2", "availability_zone": "az1", "same_host": []}"#),
        data(r#""scheduler_hints": {"availability_zone": ["az1", "az2"], "same_host": ["a", "b"]}"#),
        flavor(
            r#""vcpus": 8, "memory_mb": 16384, "name": "m1.large", "extra_specs": {"hw:cpu_policy": "dedicated"}"#,
        ),
        flavor(
            r#""vcpus": "8", "memory_mb": 1.6384e4, "name": "m1", "extra_specs": {"hw:cpu_policy": "shared", "hw:mem_page_size": "large"}"#,
        ),
        flavor(r#""vcpus": 8.0, "memory_mb": -1, "swap": 0, "root_gb": 100, "name": "100%_sure""#),
        flavor(r#""vcpus": true, "memory_mb": null, "name": "it's|\\ \"quoted\"""#),
        flavor(r#""vcpus": 123456789012345678901234567890, "memory_mb": 2048, "name": 5"#),
        flavor(r#""vcpus": NaN, "extra_specs": {"hw:cpu_policy": "dedicated", "hw:cpu_policy": null}"#),
        data(r#""is_bfv": true, "force_hosts": ["cmp1", "cmp2"], "force_nodes": []"#),
        data(r#""is_bfv": false, "force_hosts": null, "ignore_hosts": ["CMP1"]"#),
        data(r#""is_bfv": "true", "force_nodes": [""], "num_instances": 1"#),
        data(&format!(r#""ignore_hosts": [{}]"#, vec!["\"filler\""; 8_000].join(", "))),
        br#"{"nova_object.name": "RequestSpec", "nova_object.version": "1.9", "availability_zone": "az1"}"#
            .to_vec(),
        format!("{WRAPPED}{{\"availability_zone\": \"az1\", \"project_id\": \"p1").into_bytes(),
        format!("{WRAPPED}{{\"project_id\": \"p1\", \"availability_zone\": \"az").into_bytes(),
        format!("{WRAPPED}[1, 2, {{\"availability_zone\": \"az1\"}}]}}").into_bytes(),
        [
            WRAPPED.as_bytes(),
            b"{\"project_id\": \"p1\", \"x\": \"\xff\xfe\", \"availability_zone\": \"az1\"}}",
        ]
        .concat(),
        b"{\"a\0b\": \"az1\"}".to_vec(),
        "{\"\u{1f600}\": \"az1\"}".as_bytes().to_vec(),
        deep.into_bytes(),
    ]
}

/// Rows that this engine can hold.
fn rows(bench: Bench) -> Vec<Row> {
    let proper = ["2026-08-01 11:59:59", "2026-07-02 12:00:00", "2024-05-01 10:00:00", "2021-01-31 00:00:00"];
    let odd: &[&str] = match bench.engine() {
        Engine::Sqlite => &["whenever", "", "2026-07-02T12:00:01.5Z", "2026-02-30 00:00:00", "2020"],
        Engine::Mysql => &["1000-01-01 00:00:00", "9999-12-31 23:59:59"],
        Engine::Postgres => &["infinity", "-infinity", "12345-01-01", "2026-07-02 11:59:59.999999"],
    };
    let demo = crate::spec_support::all_rows();
    let texts = demo.into_iter().step_by(EVERY).map(|(_, text)| text).chain(odd_texts());
    let mut made: Vec<Row> = Vec::new();
    // A row has the same number and name on all engines.
    for (at, text) in texts.enumerate() {
        let id = 2 + 3 * at as i64;
        let mut row = Row::new(id, &text);
        row.created_at = (at % 4 != 0).then(|| proper[at / 2 % proper.len()]);
        row.updated_at = match at % 7 {
            0 => Some(odd[at % odd.len()]),
            1 | 2 => None,
            _ => Some(proper[at % proper.len()]),
        };
        row.uuid = match at % 5 {
            0 => format!("3FAB{at:04X}-0000-4000-8000-{at:012X}"),
            1 => format!("3fab{at:04x}-0000-4000-8000-{at:012x}"),
            2 => format!("odd name {at} az1"),
            _ => uuid(id),
        };
        if bench.holds_text(&text) {
            made.push(row);
        }
    }
    made
}

/// Queries of every operator, kind and source.
const QUERIES: &[&str] = &[
    "",
    "az=az1",
    "az=az1,az2",
    "az!=az1",
    "az",
    "not az",
    "az:Z1",
    "az~^az",
    "az!~^az",
    "az~(?i)^AZ1$",
    "az=AZ1",
    "az:\u{d6}stlich",
    "$.availability_zone=az1",
    "$.scheduler_hints.availability_zone=az1",
    "$.availability_zone[0]=az1",
    "az1",
    "\"availability_zone\"",
    "az1 project=p1",
    "project=p1 or az=az2",
    "(az=az1 or az=az2) and not project=p1",
    "hint.availability_zone=az1",
    "hint.group",
    "hint.same_host",
    "not hint.same_host",
    "hint",
    "group",
    "group=g-1",
    "policy",
    "vcpus=8",
    "vcpus>=8",
    "vcpus<8",
    "vcpus!=8",
    "vcpus>1e20",
    "vcpus",
    "ram>=16G",
    "ram=2G",
    "ram<1M",
    "disk>=100",
    "swap",
    "swap>0",
    "flavor~^m1",
    "flavor=5",
    "flavor=100%_sure",
    "flavor:\"it's|\"",
    "flavor:\"\\\"quoted\"",
    "extra.hw:cpu_policy=dedicated",
    "extra.hw:cpu_policy",
    "not extra.hw:cpu_policy",
    "extra:shared",
    "image",
    "image:ubuntu",
    "os=windows,linux",
    "numa>1",
    "numa",
    "pci",
    "pagesize",
    "bfv",
    "bfv=no",
    "not bfv",
    "forced",
    "forced=cmp1",
    "not forced",
    "ignored:cmp1",
    "destination",
    "demands=N",
    "demands=G,P",
    "version<1.12",
    "version=1.15",
    "version",
    "era<=17",
    "era",
    "size>64K",
    "size<100",
    "size=0",
    "broken",
    "not broken",
    "created<2024-05-01",
    "created=2024-05",
    "created",
    "not created",
    "updated>30d",
    "updated<=30d",
    "updated>=2026-07-02",
    "updated=2026-07-02T12:00",
    "not updated<2026-07-02",
    "updated<2026-08-01 created>2022 az",
    "id<40",
    "id>=40 id<100 az=az1",
    "id=2,5",
    "uuid=3fab0000",
    "uuid=3FAB0001,00000000",
    "not uuid=3fab0000",
    "3fab0000",
    "uuid=3fab0005 or az=az2",
    "db=api",
    "db=cell1",
    "$.\"nova_object.version\"=1.15",
    "$.flavor.extra_specs.\"hw:cpu_policy\"=dedicated",
    "$.force_hosts[*]=cmp2",
    "$.limits",
    "az=az1 vcpus>=2 not forced size>1K updated>1d",
];

fn query(text: &str) -> Query {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Judges each row that comes.
struct Judge<F> {
    is_hit: F,
    hits: Mutex<BTreeSet<i64>>,
}

impl<F: Fn(&Record<'_>) -> Verdict + Send + Sync> RowVisitor for Judge<F> {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        let record = Record {
            database: "api",
            id: row.id,
            instance_uuid: row.instance_uuid,
            spec: row.spec,
            created: row.created,
            updated: row.updated,
        };
        if (self.is_hit)(&record) == Verdict::Yes {
            self.hits.lock().unwrap().insert(row.id);
        }
        ControlFlow::Continue(())
    }

    fn progress(&self, _rows: u64) {}
}

/// The hits among the rows that may be hits, and how many rows came.
fn found(
    store: &dyn SpecStore,
    prefilter: &Prefilter,
    is_hit: impl Fn(&Record<'_>) -> Verdict + Send + Sync + 'static,
) -> (BTreeSet<i64>, u64) {
    let judge = Arc::new(Judge { is_hit, hits: Mutex::default() });
    let came = block_on(store.scan(prefilter, judge.clone(), Cancel::default())).unwrap();
    let hits = judge.hits.lock().unwrap().clone();
    (hits, came)
}

/// A row as a query sees it.
fn record(row: &Row) -> Record<'_> {
    let created = row.created_at.unwrap_or_default();
    Record {
        database: "api",
        id: row.id,
        instance_uuid: &row.uuid,
        spec: &row.spec,
        created,
        updated: row.updated_at.unwrap_or(created),
    }
}

/// What the reference finds among the rows as they were made.
fn expected(query: &Query, rows: &[Row]) -> BTreeSet<i64> {
    let is_hit =
        |row: &&Row| eval::verdict(&query.expression, &record(row), Facts::NONE, NOW) == Verdict::Yes;
    rows.iter().filter(is_hit).map(|row| row.id).collect()
}

fn queries_find_what_the_reference_finds(bench: Bench) {
    let rows = rows(bench);
    let db = bench.filled(&rows);
    let store = db.open(Access::ReadOnly);
    let mut spared = 0;
    for text in QUERIES {
        let query = query(text);
        let expected = expected(&query, &rows);
        let with_bytes = prefilter(&query, NOW, true);
        let without_bytes = Prefilter { bytes: Vec::new(), ..with_bytes.clone() };
        for prefilter in [&without_bytes, &with_bytes] {
            let matcher = Matcher::new(&query, NOW);
            let (hits, came) = found(&*store, prefilter, move |record| matcher.verdict(record, Facts::NONE));
            assert_eq!(hits, expected, "{text} with {prefilter:?}");
            spared += rows.len() as u64 - came;
        }
    }
    // The conditions do leave rows out.
    assert!(spared > 500, "{spared}");
}

/// Each query finds some rows and leaves others, lest the comparison shows nothing.
fn rows_of_all_kinds_are_found_and_left(bench: Bench) {
    let rows = rows(bench);
    assert!(rows.len() > 55, "{}", rows.len());
    let mut one_sided: Vec<&str> = QUERIES.to_vec();
    one_sided.retain(|text| {
        let hits = expected(&query(text), &rows).len();
        hits == 0 || hits == rows.len()
    });
    assert_eq!(one_sided, ["", "db=api", "db=cell1"]);
}

/// A deployment of one database.
struct Single(Arc<dyn SpecStore>);

#[async_trait::async_trait]
impl FactStores for Single {
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        assert_eq!(database, self.0.name());
        Ok(Arc::clone(&self.0))
    }

    fn entries(&self) -> Arc<[Entry]> {
        Arc::new([])
    }
}

/// What nova's tables say of an instance: mapped, queued_for_delete; host, vm_state. None is no value.
type Said = [Option<&'static str>; 4];

/// Of the instances with these uuids; nothing of all others.
const SAID: [Said; 4] = [
    [Some("one"), Some("false"), Some("cmp1"), Some("active")],
    [Some("uuid-2"), Some("true"), Some("o'cmp%"), Some("error")],
    [Some("none"), None, None, None],
    [Some("one"), Some("false"), None, Some("stopped")],
];

const SAID_FACTS: [Fact; 4] = [Fact::Mapped, Fact::QueuedForDelete, Fact::Host, Fact::State];

/// nova's tables with what is said of the first instances; of the third a deleted row is left.
fn say(db: &Db, bench: Bench) {
    let is_postgres = bench.engine() == Engine::Postgres;
    let quoted = |text: Option<&str>| match text {
        Some(text) => format!("'{}'", text.replace('\'', "''")),
        None => "NULL".to_owned(),
    };
    let flag = if is_postgres { "BOOLEAN" } else { "SMALLINT" };
    let mut statements = vec![
        "CREATE TABLE cell_mappings (id INTEGER, uuid VARCHAR(36), name VARCHAR(255))".to_owned(),
        "INSERT INTO cell_mappings VALUES (1, 'uuid-1', 'one'), (2, 'uuid-2', NULL)".to_owned(),
        format!(
            "CREATE TABLE instance_mappings (instance_uuid VARCHAR(36) UNIQUE, cell_id INTEGER, \
             queued_for_delete {flag})"
        ),
        "CREATE TABLE instances (uuid VARCHAR(36) UNIQUE, deleted INTEGER, host VARCHAR(255), vm_state VARCHAR(255))"
            .to_owned(),
        format!("INSERT INTO instances VALUES ('{}', 3, 'cmp1', 'active')", uuid(3)),
    ];
    for (at, [mapped, queued, host, state]) in SAID.iter().enumerate() {
        let name = uuid(at as i64 + 1);
        let cell = match mapped {
            Some("one") => "1",
            Some("uuid-2") => "2",
            _ => "NULL",
        };
        let queued = queued.map_or("NULL", |queued| match (queued, is_postgres) {
            ("true", true) => "true",
            ("true", false) => "1",
            (_, true) => "false",
            (_, false) => "0",
        });
        statements.push(format!("INSERT INTO instance_mappings VALUES ('{name}', {cell}, {queued})"));
        if state.is_some() {
            let (host, state) = (quoted(*host), quoted(*state));
            statements.push(format!("INSERT INTO instances VALUES ('{name}', 0, {host}, {state})"));
        }
    }
    statements.iter().for_each(|sql| drop(db.rows(sql)));
}

fn queries_over_nova_s_tables_find_the_same(bench: Bench) {
    let zones: [&[u8]; 2] = [b"{\"availability_zone\": \"az1\"}", b"{\"availability_zone\": \"az2\"}"];
    let rows: Vec<Row> = (1..=8).map(|id| Row::new(id, zones[id as usize / 2 % 2])).collect();
    let db = bench.filled(&rows);
    say(&db, bench);
    let of_the_api = [
        "mapped=one",
        "mapped=ONE",
        "mapped=none",
        "not mapped=one",
        "mapped",
        "mapped=uuid-2,none",
        "mapped:uuid",
        "queued_for_delete",
        "not queued_for_delete",
        "queued_for_delete=no",
        "mapped=one az=az2",
        "mapped=one or az=az2",
        "queued_for_delete mapped=uuid-2",
    ];
    let of_a_cell = [
        "instance.host=cmp1",
        "instance.host=\"o'cmp%\"",
        "instance.host",
        "not instance.host",
        "instance.host~^c",
        "instance.state=active,error",
        "instance.state!=active",
        "instance.state=stopped az=az1",
        "instance.host=cmp1 or instance.state=stopped",
        "instance.host=nowhere",
    ];
    let (api, cell) = (DatabaseName::Api, DatabaseName::cell("c1"));
    for (name, queries) in [(api, &of_the_api[..]), (cell, &of_a_cell)] {
        let store = open(name.clone(), &db.address(), Access::ReadOnly).unwrap();
        let mut spared = 0;
        for text in queries {
            let query = query(text);
            let known = |row: &&Row| {
                let said = SAID.get(row.id as usize - 1).copied().unwrap_or_default();
                let mut facts = Facts::default();
                for (fact, value) in SAID_FACTS.iter().zip(said) {
                    facts.set(*fact, value.map(Arc::from));
                }
                eval::verdict(&query.expression, &record(row), &facts, NOW) == Verdict::Yes
            };
            let expected: BTreeSet<i64> = rows.iter().filter(known).map(|row| row.id).collect();
            for prefilter in [Prefilter::default(), prefilter(&query, NOW, name == DatabaseName::Api)] {
                let (hits, came) = found_with_facts(&store, &query, &prefilter);
                assert_eq!(hits, expected, "{text} with {prefilter:?}");
                spared += rows.len() - came;
            }
        }
        assert!(spared > 10, "{name}: {spared}");
    }
}

/// The hits of a query that asks nova's tables, and how many rows came.
fn found_with_facts(
    store: &Arc<dyn SpecStore>,
    query: &Query,
    prefilter: &Prefilter,
) -> (BTreeSet<i64>, usize) {
    #[derive(Default)]
    struct Rows(Mutex<Vec<Row>>);
    impl RowVisitor for Rows {
        fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
            let row = Row { uuid: row.instance_uuid.to_owned(), ..Row::new(row.id, row.spec) };
            self.0.lock().unwrap().push(row);
            ControlFlow::Continue(())
        }

        fn progress(&self, _rows: u64) {}
    }
    let visitor = Arc::new(Rows::default());
    block_on(store.scan(prefilter, visitor.clone(), Cancel::default())).unwrap();
    let rows = visitor.0.lock().unwrap();
    let matcher = Matcher::new(query, NOW);
    let mut hits = BTreeSet::new();
    let mut undecided = Vec::new();
    for row in rows.iter() {
        match matcher.verdict(&record(row), Facts::NONE) {
            Verdict::Yes => drop(hits.insert(row.id)),
            Verdict::No => {}
            Verdict::Unknown => undecided.push(row),
        }
    }
    let uuids: Vec<Arc<str>> = undecided.iter().map(|row| Arc::from(row.uuid.as_str())).collect();
    let stores = Single(Arc::clone(store));
    let (facts, untold) = block_on(facts(&stores, store.name(), &uuids, None, &query.facts()));
    assert!(untold.is_empty(), "{untold:?}");
    for (row, facts) in undecided.iter().zip(&facts) {
        match matcher.verdict(&record(row), facts) {
            Verdict::Yes => drop(hits.insert(row.id)),
            Verdict::No => {}
            Verdict::Unknown => panic!("row {} is still undecided: {facts:?}", row.id),
        }
    }
    (hits, rows.len())
}
