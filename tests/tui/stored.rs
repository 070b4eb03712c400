//! Rows of the small deployment, and pages of them as a database answers them.

use std::sync::Arc;

use reqspec::app::row::Row;
use reqspec::change::DatabaseName;
use reqspec::query::{PageFrom, PageKey, PageRequest, SortOrder};
use reqspec::spec::summary::Summary;

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

pub fn listed(database: &DatabaseName, row: &Stored) -> Row {
    Row {
        database: database.clone(),
        key: PageKey { id: row.id, updated: row.updated.clone() },
        instance_uuid: row.uuid.clone(),
        summary: Summary::of(&row.spec),
    }
}

/// The page of rows that stand in the order already.
pub fn cut(database: &DatabaseName, rows: &[Stored], page: &PageRequest) -> Vec<Row> {
    let limit = page.limit as usize;
    let before = |row: &Stored, key: &PageKey| match page.order {
        SortOrder::Id => row.id < key.id,
        SortOrder::Updated => (&row.updated, row.id) > (&key.updated, key.id),
    };
    let place = |key: &PageKey| rows.iter().take_while(|row| before(row, key)).count();
    // A key of another database may have the id of a row, but another last update.
    let same = |row: &Stored, key: &PageKey| {
        row.id == key.id && (page.order == SortOrder::Id || row.updated == key.updated)
    };
    let is = |at: usize, key: &PageKey| rows.get(at).is_some_and(|row| same(row, key));
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
    rows[start.min(rows.len())..end.min(rows.len())].iter().map(|row| listed(database, row)).collect()
}
