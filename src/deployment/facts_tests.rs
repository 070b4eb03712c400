#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::*;
use crate::deployment::{Deployment, demo};
use crate::query::page::{PageFrom, PageRequest, SortOrder};
use crate::store::{Access, Address};

#[async_trait]
impl FactStores for Deployment {
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        self.open(database, Access::ReadOnly).await
    }

    fn entries(&self) -> Arc<[Entry]> {
        Deployment::entries(self)
    }
}

const ALL: [Fact; 11] = [
    Fact::Host,
    Fact::Node,
    Fact::State,
    Fact::Task,
    Fact::Name,
    Fact::Zone,
    Fact::Project,
    Fact::User,
    Fact::Mapped,
    Fact::QueuedForDelete,
    Fact::Twin,
];

/// What is told of one instance, fact by fact.
fn of(facts: &Facts, fact: Fact) -> Option<Option<String>> {
    facts.get(fact).map(|value| value.map(str::to_owned))
}

fn known(value: &str) -> Option<Option<String>> {
    Some(Some(value.to_owned()))
}

/// The demo's databases, past all of this.
struct Plain(BTreeMap<&'static str, Connection>);

impl Plain {
    fn open(directory: &Path) -> Self {
        let files = ["api", "cell0", "cell1", "cell2"];
        Self(
            files
                .into_iter()
                .map(|name| (name, Connection::open(directory.join(format!("nova_{name}.sqlite"))).unwrap()))
                .collect(),
        )
    }

    fn value(&self, database: &str, sql: &str, uuid: &str) -> Option<Option<String>> {
        let text = |row: &rusqlite::Row<'_>| {
            row.get::<_, rusqlite::types::Value>(0).map(|value| match value {
                rusqlite::types::Value::Null => None,
                rusqlite::types::Value::Integer(number) => Some(number.to_string()),
                rusqlite::types::Value::Text(text) => Some(text),
                other => panic!("{other:?}"),
            })
        };
        self.0[database].query_row(sql, [uuid], text).optional().unwrap()
    }

    fn spec(&self, database: &str, uuid: &str) -> Option<Option<String>> {
        self.value(database, "SELECT spec FROM request_specs WHERE instance_uuid = ?", uuid)
    }

    /// One fact of one instance, looked up by itself.
    fn fact(&self, database: &str, uuid: &str, fact: Fact) -> Option<String> {
        let mapped = "SELECT c.name FROM instance_mappings m LEFT JOIN cell_mappings c ON c.id = m.cell_id \
                      WHERE m.instance_uuid = ?";
        match (fact, super::column(fact)) {
            (_, Some(column)) => {
                let cell = match database {
                    "api" => self.value("api", mapped, uuid).flatten()?,
                    cell => cell.to_owned(),
                };
                let sql = format!("SELECT {column} FROM instances WHERE uuid = ? AND deleted = 0");
                self.value(&cell, &sql, uuid).flatten()
            }
            (Fact::Mapped, _) => self.value("api", mapped, uuid).map(|name| name.unwrap_or("none".into())),
            (Fact::QueuedForDelete, _) => {
                let sql = "SELECT queued_for_delete FROM instance_mappings WHERE instance_uuid = ?";
                let flag = self.value("api", sql, uuid).flatten()?;
                Some(if flag == "0" { "false".into() } else { "true".into() })
            }
            _ => {
                let own = self.spec(database, uuid);
                let others = if database == "api" { &["cell0", "cell1", "cell2"][..] } else { &["api"] };
                let mut found = others.iter().filter_map(|other| self.spec(other, uuid)).peekable();
                let answer = if found.peek().is_none() {
                    "missing"
                } else if found.all(|other| Some(other) == own) {
                    "equal"
                } else {
                    "different"
                };
                Some(answer.to_owned())
            }
        }
    }
}

#[tokio::test]
async fn the_demo_s_facts_are_those_that_are_looked_up_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let deployment = demo::open_in(directory.path(), false).unwrap();
    let plain = Plain::open(&directory.path().join("demo"));
    // Three that are alike and three that are not.
    for (cell, text) in [("cell1", None), ("cell2", Some("{}"))] {
        let sql = "SELECT instance_uuid, spec FROM request_specs ORDER BY id LIMIT 3";
        let mut statement = plain.0[cell].prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        for row in rows.unwrap() {
            let (uuid, spec) = row.unwrap();
            let sql = "INSERT OR REPLACE INTO request_specs (instance_uuid, spec) VALUES (?, ?)";
            plain.0["api"].execute(sql, (uuid, text.map_or(spec, str::to_owned))).unwrap();
        }
    }
    let mut seen: BTreeMap<(Fact, Option<String>), u32> = BTreeMap::new();
    for name in ["api", "cell0", "cell1", "cell2"] {
        let database = if name == "api" { DatabaseName::Api } else { DatabaseName::cell(name) };
        let store = deployment.open(&database, Access::ReadOnly).await.unwrap();
        let request = PageRequest { order: SortOrder::Id, from: PageFrom::Start, limit: 5_000 };
        let rows = store.page(request).await.unwrap();
        let uuids: Vec<Arc<str>> = rows.iter().map(|row| row.instance_uuid.clone()).collect();
        let texts: Vec<Arc<[u8]>> = rows.iter().map(|row| row.spec.clone()).collect();
        let (facts, untold) = super::facts(&deployment, &database, &uuids, Some(&texts), &ALL).await;
        assert!(untold.is_empty(), "{untold:?}");
        let (again, _) = super::facts(&deployment, &database, &uuids, None, &ALL).await;
        assert_eq!(facts, again, "the texts read anew");
        for (uuid, facts) in uuids.iter().zip(&facts) {
            for fact in ALL {
                let expected = plain.fact(name, uuid, fact);
                assert_eq!(of(facts, fact), Some(expected.clone()), "{fact:?} of {uuid} in {name}");
                *seen.entry((fact, expected)).or_default() += 1;
            }
        }
    }
    let count = |fact: Fact, value: &str| seen.get(&(fact, Some(value.to_owned()))).copied().unwrap_or(0);
    assert!(seen.len() > 100, "{}", seen.len());
    for (fact, value) in [
        (Fact::Mapped, "none"),
        (Fact::Mapped, "cell2"),
        (Fact::QueuedForDelete, "true"),
        (Fact::QueuedForDelete, "false"),
        (Fact::State, "active"),
        (Fact::Twin, "missing"),
        (Fact::Twin, "equal"),
        (Fact::Twin, "different"),
    ] {
        assert!(count(fact, value) > 0, "{fact:?} {value}");
    }
    assert!(seen.contains_key(&(Fact::Host, None)));
}

/// A deployment of files that hold what the statements make; a cell without statements is not there.
fn made(directory: &Path, api: &str, cells: &[(&str, &str)]) -> Deployment {
    let make = |name: &str, sql: &str| {
        let path = directory.join(name);
        if !sql.is_empty() {
            Connection::open(&path).unwrap().execute_batch(&format!("{sql}; VACUUM")).unwrap();
        }
        path
    };
    let api = Address::of_path(&make("api", api));
    let cells = cells.iter().map(|(name, sql)| {
        let path = make(name, sql);
        format!("{name}={}", path.display()).parse().unwrap()
    });
    Deployment::new(api, cells.collect()).unwrap()
}

const SPECS: &str = "CREATE TABLE request_specs (created_at, updated_at, id INTEGER PRIMARY KEY, instance_uuid UNIQUE, \
                     spec);";
const MAPPINGS: &str = "CREATE TABLE cell_mappings (id INTEGER PRIMARY KEY, uuid, name);
    INSERT INTO cell_mappings VALUES (1, 'uuid-1', 'one'), (2, 'uuid-2', NULL), (3, 'uuid-3', 'three');
    CREATE TABLE instance_mappings (instance_uuid UNIQUE, cell_id INTEGER, queued_for_delete);
    INSERT INTO instance_mappings VALUES ('a', 1, 0), ('b', 1, NULL), ('c', 2, 1), ('d', 9, 0), ('e', NULL, 0), ('f', 3, 0);";
const INSTANCES: &str = "CREATE TABLE instances (uuid, deleted, host);
    INSERT INTO instances VALUES ('a', 0, 'h'), ('b', 5, 'old'), ('c', 0, NULL), ('A', 0, 'other');";

fn uuids(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|&name| Arc::from(name)).collect()
}

#[tokio::test]
async fn what_is_not_told_is_unknown_and_said_once() {
    let directory = tempfile::tempdir().unwrap();
    let api = format!("{SPECS}{MAPPINGS}");
    let cells = [("one", INSTANCES), ("uuid-2", INSTANCES), ("three", "")];
    let deployment = made(directory.path(), &api, &cells);
    let asked = uuids(&["a", "b", "c", "d", "e", "f", "g", "A", "\u{e9}", "nul\0", "a'?"]);
    let wanted = [Fact::Host, Fact::Mapped, Fact::QueuedForDelete];
    let (facts, untold) = super::facts(&deployment, &DatabaseName::Api, &asked, None, &wanted).await;
    let nothing = Some(None);
    for (at, (host, mapped, queued)) in [
        (known("h"), known("one"), known("false")),
        // Only a deleted row is left of it.
        (nothing.clone(), known("one"), nothing.clone()),
        (nothing.clone(), known("uuid-2"), known("true")),
        // A cell that cell_mappings lacks, one that there is not yet, and one that cannot be opened.
        (None, None, known("false")),
        (nothing.clone(), known("none"), known("false")),
        (None, known("three"), known("false")),
        (nothing.clone(), nothing.clone(), nothing.clone()),
        (nothing.clone(), nothing.clone(), nothing.clone()),
        (nothing.clone(), nothing.clone(), nothing.clone()),
        (nothing.clone(), nothing.clone(), nothing.clone()),
        (nothing.clone(), nothing.clone(), nothing.clone()),
    ]
    .into_iter()
    .enumerate()
    {
        let told = &facts[at];
        assert_eq!(of(told, Fact::Host), host, "{}", asked[at]);
        assert_eq!(of(told, Fact::Mapped), mapped, "{}", asked[at]);
        assert_eq!(of(told, Fact::QueuedForDelete), queued, "{}", asked[at]);
        assert_eq!(of(told, Fact::Twin), None, "nobody asked");
    }
    let failed: Vec<&DatabaseName> = untold.iter().map(|(database, _)| database).collect();
    assert_eq!(failed, [&DatabaseName::cell("three")]);
    assert!(matches!(untold[0].1, StoreError::Unavailable { .. }), "{:?}", untold[0]);
}

#[tokio::test]
async fn a_database_that_is_not_one_of_nova_s_says_what_it_lacks() {
    let directory = tempfile::tempdir().unwrap();
    let deployment = made(directory.path(), SPECS, &[("one", SPECS)]);
    let asked = uuids(&["a", "b"]);
    let cell = DatabaseName::cell("one");
    for (database, expected) in [(&DatabaseName::Api, 1), (&cell, 2)] {
        let (facts, untold) =
            super::facts(&deployment, database, &asked, None, &[Fact::Host, Fact::Mapped]).await;
        assert_eq!(facts, [Facts::default(), Facts::default()]);
        assert_eq!(untold.len(), expected, "{untold:?}");
    }
    let (_, untold) = super::facts(&deployment, &cell, &asked, None, &[Fact::Host]).await;
    let words = untold[0].1.to_string();
    assert!(words.contains("no table instances"), "{words}");
    let (facts, untold) = super::facts(&deployment, &cell, &[], None, &ALL).await;
    assert_eq!((facts.len(), untold.len()), (0, 0), "nothing is asked about nothing");
}

#[tokio::test]
async fn twins_are_told_as_far_as_their_databases_answer() {
    let directory = tempfile::tempdir().unwrap();
    let specs = |rows: &str| format!("{SPECS} INSERT INTO request_specs (instance_uuid, spec) VALUES {rows}");
    let api = specs("('same', 'x'), ('other', 'x'), ('two', 'x'), ('alone', 'x'), ('blob', 'x')");
    let one = specs("('same', 'x'), ('other', 'y'), ('two', 'x'), ('blob', x'78'), ('only here', 'x')");
    let two = specs("('two', 'z')");
    let cells = [("one", one.as_str()), ("two", &two), ("bare", "CREATE TABLE other (x)"), ("gone", "")];
    let deployment = made(directory.path(), &api, &cells[..3]);
    let asked = uuids(&["same", "other", "two", "alone", "blob", "not even here"]);
    let twins = |facts: Vec<Facts>| facts.iter().map(|facts| of(facts, Fact::Twin)).collect::<Vec<_>>();
    let (facts, untold) = super::facts(&deployment, &DatabaseName::Api, &asked, None, &[Fact::Twin]).await;
    assert!(untold.is_empty(), "a cell that keeps no specs is an answer: {untold:?}");
    let expected = ["equal", "different", "different", "missing", "equal"].map(known);
    assert_eq!(twins(facts), [&expected[..], &[None]].concat());
    let cell = DatabaseName::cell("one");
    let asked_of_cell = uuids(&["same", "other", "only here"]);
    let (facts, _) = super::facts(&deployment, &cell, &asked_of_cell, None, &[Fact::Twin]).await;
    assert_eq!(twins(facts), ["equal", "different", "missing"].map(known));
    // With one that cannot be asked only what differs is certain.
    let directory = tempfile::tempdir().unwrap();
    let deployment = made(directory.path(), &api, &cells);
    let (facts, untold) = super::facts(&deployment, &DatabaseName::Api, &asked, None, &[Fact::Twin]).await;
    assert_eq!(twins(facts), [None, known("different"), known("different"), None, None, None]);
    assert_eq!(untold.len(), 1, "{untold:?}");
}
