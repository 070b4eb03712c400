//! Passes of the doctor over all databases, over the read-only sessions.
//!
//! Imports `fleet` and `lint`.

use std::sync::Arc;

use super::many::Running;
use super::searches::now;
use super::sessions::Sessions;
use crate::app::Msg;
use crate::app::doctor::{self, Example, Found, LISTED};
use crate::change::Progress;
use crate::deployment::facts::FactStores;
use crate::fleet::doctor::report::Step;
use crate::fleet::doctor::{self as fleet, MOST_LISTED, Options, Report};
use crate::lint::Rule;
use crate::store::DatabaseName;

fn options(sessions: &Sessions) -> Options {
    let deployment = sessions.deployment();
    Options {
        examples: LISTED,
        ..Options::all(deployment.databases().to_vec(), deployment.spec_home(), now())
    }
}

/// Examines all specs by all rules.
pub async fn examine(sessions: Arc<Sessions>, running: &Running) -> doctor::Report {
    let options = options(&sessions);
    let stores: Arc<dyn FactStores> = sessions;
    let tell = |report: &Report| {
        running.tell(|request| Msg::Doctor { request, report: Box::new(told(report)), is_end: false });
    };
    told(&fleet::run(stores, &options, &tell, running.cancel.clone()).await)
}

/// All specs that break a rule, and whether these are all.
pub async fn specs(
    sessions: Arc<Sessions>,
    rule: &'static Rule,
    running: &Running,
) -> (Vec<(DatabaseName, Arc<str>)>, bool) {
    let options = options(&sessions);
    let stores: Arc<dyn FactStores> = sessions;
    let tell = |report: &Report| {
        let done = report.findings.iter().map(|found| found.count).sum();
        let progress = Progress { passed: report.passed, total: report.total, done, ..Progress::default() };
        running.tell(|request| Msg::ManyProgress { request, progress });
    };
    let (rows, report) = fleet::specs_of(stores, &options, rule, &tell, running.cancel.clone()).await;
    let all: u64 = report.findings.iter().map(|found| found.count).sum();
    let is_whole = rows.len() < MOST_LISTED && rows.len() as u64 == all && report.finished;
    (rows, is_whole)
}

/// What the doctor tells, as the state machine knows it.
fn told(report: &Report) -> doctor::Report {
    let mut found: Vec<Found> = report
        .by_rule()
        .into_iter()
        .map(|(rule, parts)| Found {
            rule,
            counts: parts.iter().map(|part| (part.database.clone(), part.count)).collect(),
            unknown: Vec::new(),
            examples: parts
                .iter()
                .flat_map(|part| {
                    part.examples.iter().map(|example| Example {
                        database: part.database.clone(),
                        instance_uuid: Arc::clone(&example.instance_uuid),
                        sentence: Arc::clone(&example.sentence),
                    })
                })
                .collect(),
        })
        .collect();
    for unknown in report.unknown.iter() {
        let known = (unknown.database.clone(), unknown.count);
        match found.iter_mut().find(|found| found.rule.code == unknown.rule.code) {
            Some(found) => found.unknown.push(known),
            None => {
                let (counts, examples) = (Vec::new(), Vec::new());
                found.push(Found { rule: unknown.rule, counts, unknown: vec![known], examples });
            }
        }
    }
    let step = match &report.step {
        Step::Tables => "reading nova's tables".to_owned(),
        Step::Specs(database) => format!("examining {}", crate::app::database::label(database)),
        Step::Missing => "looking for instances without a spec".to_owned(),
        Step::Ended => "ended".to_owned(),
    };
    let failures = report.failures.iter().map(|failure| {
        let what =
            if failure.unexamined { "its specs were not all examined" } else { "what it says is not known" };
        (failure.database.clone(), format!("{what}: {}", failure.reason))
    });
    doctor::Report {
        step,
        passed: report.passed,
        total: report.total,
        found,
        failures: failures.collect(),
        finished: report.finished,
    }
}
