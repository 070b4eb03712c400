//! A deployment of an API database and a cell with a few thousand varied rows each, what nova's other
//! tables say of them, and the obvious answer to a query.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use reqspec::deployment::Entry;
use reqspec::deployment::facts::FactStores;
use reqspec::query::fields::Fact;
use reqspec::query::record::{Facts, Record, Verdict};
use reqspec::query::{Field, Order, Query, SortKey, eval, parse, parse_field, parse_order};
use reqspec::store::{Access, DatabaseName, SpecStore, StoreError, StoredSpec};

use crate::support::{Cloud, database, spec};

/// Seconds since 1970 of 2026-06-01.
pub const NOW: i64 = 1_780_272_000;
/// Rows of each database.
pub const ROWS: i64 = 1_500;

/// The tables of nova's that are asked beside the specs.
const MAPPINGS: &str = "
    CREATE TABLE cell_mappings (id INTEGER PRIMARY KEY, uuid TEXT, name TEXT, transport_url TEXT,
        database_connection TEXT, disabled INTEGER);
    INSERT INTO cell_mappings VALUES (1, '00000000-0000-0000-0000-0000000000c1', 'c1', NULL, NULL, 0);
    CREATE TABLE instance_mappings (id INTEGER PRIMARY KEY, instance_uuid TEXT UNIQUE, cell_id INTEGER,
        queued_for_delete INTEGER);";
const INSTANCES: &str = "
    CREATE TABLE instances (id INTEGER PRIMARY KEY, uuid TEXT UNIQUE, host TEXT, node TEXT, vm_state TEXT,
        task_state TEXT, display_name TEXT, availability_zone TEXT, project_id TEXT, user_id TEXT, deleted INTEGER);";

pub fn uuid(number: i64) -> String {
    let mixed = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:08x}-0000-4000-8000-{number:012x}", (mixed >> 32) as u32)
}

fn host(number: i64) -> Option<String> {
    (number % 7 != 0).then(|| format!("cmp{}", number % 11))
}

/// A spec that differs from the next ones in most of what can be asked for; some are malformed.
fn text(number: i64) -> Vec<u8> {
    let mut text = spec(&uuid(number));
    let mut replace = |old: &str, new: String| {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, &new, 1);
    };
    if number % 4 != 0 {
        replace("\"availability_zone\": null", format!("\"availability_zone\": \"az{}\"", number % 3));
    }
    replace("\"vcpus\": 1", format!("\"vcpus\": {}", number % 17));
    replace("\"name\": \"m1.small\"", format!("\"name\": \"m{}.größe\\u00e9\"", number % 5));
    match number % 50 {
        13 => text.truncate(text.len() / 2),
        14 => return b"null".to_vec(),
        15 => return Vec::new(),
        _ => {}
    }
    text.push_str(&" ".repeat((number % 23) as usize));
    text.into_bytes()
}

/// The databases.
pub struct Rows {
    pub cloud: Cloud,
    pub open: HashMap<DatabaseName, Arc<dyn SpecStore>>,
}

impl Rows {
    pub fn new() -> Self {
        Self::of(ROWS)
    }

    pub fn of(count: i64) -> Self {
        let cloud = Cloud::new();
        for name in ["api", "c1"] {
            let mut connection = cloud.connection(name);
            connection.execute_batch(if name == "api" { MAPPINGS } else { INSTANCES }).unwrap();
            let rows = connection.transaction().unwrap();
            for number in 0..count {
                let day = number * 37 % 28 + 1;
                let updated = (number % 6 != 0)
                    .then(|| format!("2026-0{}-{day:02} 10:00:00.{:06}", number % 5 + 1, number % 3));
                let sql = "INSERT INTO request_specs (id, created_at, updated_at, instance_uuid, spec) \
                           VALUES (?, '2026-01-01 00:00:00', ?, ?, CAST(? AS TEXT))";
                // Ids with gaps, not in the order of anything else.
                let id = (number * 7) % count * 3 + 5;
                let uuid = uuid(number + if name == "api" { 0 } else { count / 2 });
                let own = number + if name == "api" { 0 } else { count / 2 };
                rows.execute(sql, (id, updated, &uuid, text(own))).unwrap();
                if name == "api" {
                    let sql = "INSERT INTO instance_mappings (instance_uuid, cell_id, queued_for_delete) VALUES (?, ?, 0)";
                    rows.execute(sql, (&uuid, (number % 9 != 0).then_some(1))).unwrap();
                } else {
                    let sql =
                        "INSERT INTO instances (uuid, host, vm_state, deleted) VALUES (?, ?, 'active', 0)";
                    rows.execute(sql, (&uuid, host(own))).unwrap();
                }
            }
            rows.commit().unwrap();
        }
        let stores = cloud.stores(Access::ReadOnly);
        let open =
            ["api", "c1"].map(|name| (database(name), Arc::clone(stores.require(&database(name)).unwrap())));
        Self { cloud, open: open.into() }
    }

    pub fn store(&self, name: &str) -> Arc<dyn SpecStore> {
        Arc::clone(&self.open[&database(name)])
    }

    /// All rows of a database, each with what is known of it.
    pub fn all(&self, name: &str) -> Vec<(StoredSpec, Facts)> {
        let connection = self.cloud.connection(name);
        let mut query = connection
            .prepare("SELECT id, instance_uuid, CAST(spec AS BLOB), created_at, updated_at FROM request_specs ORDER BY id")
            .unwrap();
        let rows = query.query_map([], |row| {
            Ok(StoredSpec {
                id: row.get(0)?,
                instance_uuid: row.get::<_, String>(1)?.into(),
                spec: row.get::<_, Vec<u8>>(2)?.into(),
                created_at: row.get::<_, Option<String>>(3)?.map(Into::into),
                updated_at: row.get::<_, Option<String>>(4)?.map(Into::into),
            })
        });
        let rows: Vec<StoredSpec> = rows.unwrap().map(Result::unwrap).collect();
        let facts = |row: &StoredSpec| {
            let mut facts = Facts::default();
            if name == "c1" {
                let number = i64::from_str_radix(&row.instance_uuid[24..], 16).unwrap();
                facts.set(Fact::Host, host(number).map(Into::into));
                facts.set(Fact::State, Some("active".into()));
            }
            facts
        };
        rows.into_iter()
            .map(|row| {
                let facts = facts(&row);
                (row, facts)
            })
            .collect()
    }

    /// What a query finds in that order: ids.
    pub fn obvious(&self, name: &str, query: &Query, order: &Order) -> Vec<i64> {
        let mut hits: Vec<(SortKey, i64, StoredSpec)> = Vec::new();
        for (row, facts) in self.all(name) {
            let seen = record(name, &row);
            if eval::verdict(&query.expression, &seen, &facts, NOW) == Verdict::Yes {
                let values = eval::values(&order.field, &seen, &facts).unwrap_or_default();
                hits.push((order.key(&values), row.id, row));
            }
        }
        match order.native() {
            // To the microsecond, as the databases page.
            Some(reqspec::query::SortOrder::Updated) => {
                hits.sort_by_key(|(_, id, row)| {
                    let updated = row.updated_at.as_deref().or(row.created_at.as_deref()).unwrap_or_default();
                    std::cmp::Reverse((
                        format!("{updated:.<26}").replace("00:00:00.......", "00:00:00.000000"),
                        *id,
                    ))
                });
            }
            _ => hits.sort_by(|one, other| order.compare((&one.0, one.1), (&other.0, other.1))),
        }
        hits.into_iter().map(|(_, id, _)| id).collect()
    }
}

pub fn record<'a>(name: &'a str, row: &'a StoredSpec) -> Record<'a> {
    let created = row.created_at.as_deref().unwrap_or_default();
    Record {
        database: name,
        id: row.id,
        instance_uuid: &row.instance_uuid,
        spec: &row.spec,
        created,
        updated: row.updated_at.as_deref().unwrap_or(created),
    }
}

#[async_trait]
impl FactStores for Rows {
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        self.open.get(database).cloned().ok_or_else(|| StoreError::Unavailable {
            database: database.clone(),
            location: "nowhere".into(),
            reason: "it is not there".to_owned(),
        })
    }

    fn entries(&self) -> Arc<[Entry]> {
        let entry = |name: &DatabaseName| Entry {
            name: name.clone(),
            uuid: None,
            address: Err("of a test".to_owned()),
            shown: "".into(),
            disabled: false,
            origin: reqspec::deployment::Origin::Given,
        };
        self.open.keys().map(entry).collect()
    }
}

pub fn query(text: &str) -> Arc<Query> {
    Arc::new(parse(text).unwrap_or_else(|error| panic!("{text}: {error}")))
}

pub fn order(text: &str) -> Order {
    parse_order(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn fields(names: &[&str]) -> Arc<[Field]> {
    names.iter().map(|name| parse_field(name).unwrap_or_else(|error| panic!("{name}: {error}"))).collect()
}
