//! Rows of the small deployment, and pages of them as a database answers them.

use std::cmp::Ordering;
use std::sync::Arc;

use reqspec::app::row::Row;
use reqspec::change::DatabaseName;
use reqspec::query::merge::{self, Mark};
use reqspec::query::record::{Facts, Record, Verdict};
use reqspec::query::sort_key::shown;
use reqspec::query::{Field, Order, PageFrom, PageKey, PageRequest, Query, SortKey, eval};
use reqspec::spec::summary::Summary;

use super::world::NOW;

#[derive(Clone)]
pub struct Stored {
    pub id: i64,
    pub uuid: Arc<str>,
    pub spec: Arc<[u8]>,
    pub updated: String,
}

pub fn uuid(number: i64) -> String {
    format!("{:08x}-0000-4000-8000-{number:012x}", (number as u64).wrapping_mul(0x9e37_79b9) as u32)
}

pub fn spec(number: i64, zone: &str) -> String {
    let flavor = ["m1.small", "m1.large", "c1.pin", "r2.huge"][number as usize % 4];
    let vcpus = 1 << (number % 4);
    let hints = if number % 5 == 0 { r#"{"group": ["7b1d0000-0000-4000-8000-000000000001"]}"# } else { "{}" };
    format!(
        r#"{{"nova_object.name": "RequestSpec", "nova_object.namespace": "nova", "nova_object.version": "1.15", "nova_object.data": {{"image": {{"nova_object.name": "ImageMeta", "nova_object.namespace": "nova", "nova_object.version": "1.8", "nova_object.data": {{"name": "debian-13", "min_ram": 0}}}}, "project_id": "5ab1c0dd", "user_id": "u1", "availability_zone": {zone}, "flavor": {{"nova_object.name": "Flavor", "nova_object.namespace": "nova", "nova_object.version": "1.2", "nova_object.data": {{"name": "{flavor}", "memory_mb": {memory}, "vcpus": {vcpus}, "root_gb": 20, "extra_specs": {{}}}}}}, "num_instances": 1, "force_hosts": null, "scheduler_hints": {hints}, "instance_uuid": "{uuid}"}}}}"#,
        zone = if zone.is_empty() { "null".to_owned() } else { format!("\"{zone}\"") },
        memory = 2048 * vcpus,
        uuid = uuid(number),
    )
}

pub fn stored(number: i64) -> Stored {
    let zone = ["az1", "az2", ""][number as usize % 3];
    let (day, minute) = (1 + number % 21, number % 60);
    Stored {
        id: number,
        uuid: Arc::from(uuid(number)),
        spec: Arc::from(spec(number, zone).as_bytes()),
        updated: format!("2026-11-{day:02} 08:{minute:02}:00"),
    }
}

pub fn listed(database: &DatabaseName, row: &Stored, order: &Order, columns: &[Field]) -> Row {
    Row {
        database: database.clone(),
        key: row.key(order),
        instance_uuid: row.uuid.clone(),
        summary: Summary::of(&row.spec),
        values: columns.iter().map(|field| row.value(field)).collect(),
    }
}

impl Stored {
    /// Its place in that order.
    pub fn key(&self, order: &Order) -> PageKey {
        let sort = order.native().is_none().then(|| self.sort_key(order));
        PageKey { sort, ..PageKey::new(self.id, self.updated.clone()) }
    }

    fn sort_key(&self, order: &Order) -> SortKey {
        let values = eval::values(&order.field, &self.record(), Facts::NONE);
        order.key(&values.expect("no fact"))
    }

    /// Whether a query finds it.
    pub fn fulfils(&self, query: &Query) -> bool {
        eval::verdict(&query.expression, &self.record(), Facts::NONE, NOW) == Verdict::Yes
    }

    /// What stands in a column.
    pub fn value(&self, field: &Field) -> Option<Arc<str>> {
        let values = eval::values(field, &self.record(), Facts::NONE)?;
        shown(field, &values).map(Arc::from)
    }

    fn record(&self) -> Record<'_> {
        Record {
            database: "api",
            id: self.id,
            instance_uuid: &self.uuid,
            spec: &self.spec,
            created: &self.updated,
            updated: &self.updated,
        }
    }
}

/// How two rows of one database stand in an order.
pub fn compare(order: &Order, one: &PageKey, other: &PageKey) -> Ordering {
    let mark = |key: &PageKey| Mark { key: key.clone(), part: 0 };
    merge::compare(order, &mark(one), &mark(other))
}

/// The page of rows that stand in the order already.
pub fn cut(
    database: &DatabaseName,
    rows: &[Stored],
    page: &PageRequest<PageKey, Order>,
    columns: &[Field],
) -> Vec<Row> {
    let limit = page.limit as usize;
    let order = &page.order;
    let keys: Vec<_> = rows.iter().map(|row| row.key(order)).collect();
    let place = |key: &PageKey| keys.iter().take_while(|row| compare(order, row, key).is_lt()).count();
    // A key of another database may have the id of a row, but another place.
    let is = |at: usize, key: &PageKey| keys.get(at).is_some_and(|row| compare(order, row, key).is_eq());
    let (start, end) = match &page.from {
        PageFrom::Start => (0, limit),
        PageFrom::End => (rows.len().saturating_sub(limit), rows.len()),
        PageFrom::At(key) => (place(key), place(key) + limit),
        PageFrom::After(key) => {
            let at = place(key);
            let at = if is(at, key) { at + 1 } else { at };
            (at, at + limit)
        }
        PageFrom::Before(key) => (place(key).saturating_sub(limit), place(key)),
    };
    let rows = &rows[start.min(rows.len())..end.min(rows.len())];
    rows.iter().map(|row| listed(database, row, order, columns)).collect()
}
