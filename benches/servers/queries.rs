//! A query over all rows, and the same question to the server's own JSON functions.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use reqspec::query::prefilter::Prefilter;
use reqspec::query::record::{Facts, Record, Verdict};
use reqspec::query::{Matcher, parse, prefilter};
use reqspec::store::{Cancel, RowRef, RowVisitor, SpecStore};

use super::plain::Plain;
use super::server::Server;
use super::{API, FEW_RUNS, median, ms};

/// A query, the path it looks at, and the value.
const QUERIES: &[(&str, &[&str], &str)] = &[
    ("az=bench-rare-zone", &["nova_object.data", "availability_zone"], "bench-rare-zone"),
    ("az=az1", &["nova_object.data", "availability_zone"], "az1"),
    ("project=nobody", &["nova_object.data", "project_id"], "nobody"),
    (
        "extra.hw:cpu_policy=dedicated",
        &["nova_object.data", "flavor", "nova_object.data", "extra_specs", "hw:cpu_policy"],
        "dedicated",
    ),
];

/// Counts the hits.
struct Hits {
    matcher: Matcher,
    count: AtomicU64,
}

impl RowVisitor for Hits {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        let record = Record {
            database: "api",
            id: row.id,
            instance_uuid: row.instance_uuid,
            spec: row.spec,
            created: row.created,
            updated: row.updated,
        };
        if self.matcher.verdict(&record, Facts::NONE) == Verdict::Yes {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        ControlFlow::Continue(())
    }

    fn progress(&self, _rows: u64) {}
}

/// Prints both times of each query.
pub fn compare(server: &Server, runtime: &tokio::runtime::Runtime, store: &Arc<dyn SpecStore>) {
    let plain = runtime.block_on(Plain::connect(server, API));
    for (text, path, value) in QUERIES {
        let query = parse(text).unwrap();
        let conditions = prefilter(&query, 0, true);
        let sent =
            if store.wants_bytes() { conditions } else { Prefilter { bytes: Vec::new(), ..conditions } };
        let (mut own, mut functions) = (Vec::new(), Vec::new());
        let mut hits = 0;
        for _ in 0..FEW_RUNS {
            let began = Instant::now();
            let expected = runtime.block_on(plain.count_by_json(path, value));
            functions.push(began.elapsed());
            let visitor = Arc::new(Hits { matcher: Matcher::new(&query, 0), count: AtomicU64::new(0) });
            let began = Instant::now();
            runtime.block_on(store.scan(&sent, visitor.clone(), Cancel::default())).unwrap();
            own.push(began.elapsed());
            hits = visitor.count.load(Ordering::Relaxed);
            // A few texts are more deeply nested than the server reads, or hold the value elsewhere.
            assert!(
                hits.abs_diff(expected) * 100 <= expected,
                "{text}: {hits} hits, the server finds {expected}"
            );
        }
        let (own, functions) = (median(own), median(functions));
        println!(
            "  {text:<35} {:>8.0} ms   {:.1} x as fast as the server's JSON functions ({:.0} ms; goal 3 x); {hits} hits",
            ms(own),
            functions.as_secs_f64() / own.as_secs_f64(),
            ms(functions),
        );
    }
}
