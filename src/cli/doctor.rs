//! `reqspec doctor`: the rules over all specs. Findings are counted and the first of them shown, or each
//! written as it is found (`--json`). `doctor_text` writes the text.
//!
//! Imports `fleet`, `lint`, `query` and its siblings.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::args::{DoctorArguments, WeightArgument};
use super::doctor_text;
use super::error::{CliError, Exit};
use super::list_arguments::{all_of, wrong};
use super::output::{Output, say};
use super::progress::Line;
use super::sessions::Sessions;
use crate::deployment::facts::FactStores;
use crate::fleet::doctor::report::Step;
use crate::fleet::doctor::{self, Options, Report, Seen};
use crate::lint::{Finding, RULES, Rule, Severity};
use crate::query::{Query, parse};
use crate::spec::schema::is_uuid;
use crate::spec::text::named;
use crate::store::{Cancel, DatabaseName};

/// What is asked for, read before any database is.
#[derive(Debug)]
pub struct Asked {
    query: Arc<Query>,
    rules: Option<Vec<&'static Rule>>,
}

impl Asked {
    /// Reads the options.
    ///
    /// # Errors
    /// Usage: a query that cannot be read, a rule that there is not.
    pub fn read(arguments: &DoctorArguments) -> Result<Self, CliError> {
        let mut queries = Vec::new();
        for text in &arguments.queries {
            queries.push(parse(text).map_err(|error| wrong("--where", text, &error))?);
        }
        let mut rules = Vec::new();
        for text in &arguments.rules {
            let rule = Rule::find(text).ok_or_else(|| {
                let known: Vec<String> =
                    RULES.iter().map(|rule| format!("{} {}", rule.code, rule.name)).collect();
                CliError::usage(format!("--rule: there is no rule {text:?}; there are: {}", known.join(", ")))
            })?;
            rules.push(rule);
        }
        Ok(Self { query: Arc::new(all_of(queries)), rules: (!rules.is_empty()).then_some(rules) })
    }
}

/// Examines and prints; [`Exit::Error`] where a database could not be examined or asked, [`Exit::Findings`]
/// where `--fail-on` says so.
pub async fn run(sessions: &Sessions, arguments: &DoctorArguments) -> Result<Exit, CliError> {
    let asked = Asked::read(arguments)?;
    let databases = match &arguments.database {
        Some(named) => {
            sessions.check_name(named)?;
            vec![named.clone()]
        }
        None => sessions.deployment().databases().to_vec(),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let cancel = Cancel::default();
    let lines = Arc::new(Lines { out: Mutex::new((Output::new(), None)), cancel: cancel.clone() });
    let options = Options {
        query: asked.query,
        rules: asked.rules,
        examples: if arguments.uuids {
            doctor::MOST_LISTED
        } else {
            arguments.examples.min(doctor::MOST_LISTED)
        },
        each: arguments.json.then(|| lines.seen()),
        ..Options::all(databases, sessions.deployment().spec_home(), i64::try_from(now).unwrap_or(i64::MAX))
    };
    let stores: Arc<dyn FactStores> = Arc::new(sessions.clone());
    let line = Line::new("", "");
    let show = |report: &Report| {
        if report.step != Step::Ended {
            line.say(|| doctor_text::progress(report));
        }
    };
    let report = doctor::run(stores, &options, &show, cancel).await;
    line.clear();
    let mut output = lines.out.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = output.1.take() {
        return Err(error.into());
    }
    if arguments.json {
        output.0.json(&summary(&report))?;
    } else if arguments.uuids {
        uuids(&report).iter().try_for_each(|uuid| output.0.line(uuid))?;
    } else {
        let told = doctor_text::lines(&report, arguments.examples);
        told.iter().try_for_each(|line| output.0.line(line))?;
    }
    output.0.flush()?;
    Ok(conclude(&report, arguments.fail_on))
}

/// Each instance once. What is no uuid could be taken for something else by whoever is given it.
fn uuids(report: &Report) -> BTreeSet<Arc<str>> {
    let all = report.findings.iter().flat_map(|found| &*found.examples).map(|example| &example.instance_uuid);
    let (uuids, others): (BTreeSet<&Arc<str>>, BTreeSet<&Arc<str>>) = all.partition(|uuid| is_uuid(uuid));
    for other in others {
        say(&format!("reqspec: warning: left out, for it is no uuid: {}", named(other)));
    }
    if report.findings.iter().any(|found| found.count > found.examples.len() as u64) {
        say(&format!("reqspec: warning: of each rule and database the first {} only", doctor::MOST_LISTED));
    }
    uuids.into_iter().cloned().collect()
}

/// Says what is missing, and how it ends.
fn conclude(report: &Report, fail_on: Option<WeightArgument>) -> Exit {
    for failure in report.failures.iter() {
        let what =
            if failure.unexamined { "its specs were not all examined" } else { "what it says is unknown" };
        say(&format!("reqspec: warning: {}: {what}: {}", failure.database, failure.reason));
    }
    for remark in report.remarks.iter() {
        say(&format!("reqspec: warning: {remark}"));
    }
    if report.undecided > 0 {
        let specs = if report.undecided == 1 {
            "1 spec is".to_owned()
        } else {
            format!("{} specs are", report.undecided)
        };
        say(&format!(
            "reqspec: warning: {specs} left out, and may belong to the result: other tables could not be asked"
        ));
    }
    let weight = fail_on.map(|weight| match weight {
        WeightArgument::Notice => Severity::Notice,
        WeightArgument::Warning => Severity::Warning,
        WeightArgument::Error => Severity::Error,
    });
    if !report.failures.is_empty() || report.undecided > 0 {
        Exit::Error
    } else if weight.is_some_and(|weight| report.findings.iter().any(|found| found.rule.severity >= weight)) {
        Exit::Findings
    } else {
        Exit::Done
    }
}

/// Findings on standard output, from several threads.
struct Lines {
    out: Mutex<(Output, Option<io::Error>)>,
    cancel: Cancel,
}

impl Lines {
    fn seen(self: &Arc<Self>) -> Seen {
        let lines = Arc::clone(self);
        Arc::new(move |database: &DatabaseName, instance_uuid: &str, finding: &Finding| {
            let rule = finding.rule;
            let object = json!({
                "code": rule.code,
                "name": rule.name,
                "severity": rule.severity.word(),
                "database": database.to_string(),
                "instance_uuid": instance_uuid,
                "path": finding.path,
                "sentence": finding.sentence,
                "fix": rule.fix,
            });
            let mut output = lines.out.lock().unwrap_or_else(PoisonError::into_inner);
            if output.1.is_none()
                && let Err(error) = output.0.json(&object)
            {
                // Nobody reads on.
                output.1 = Some(error);
                lines.cancel.cancel();
            }
        })
    }
}

fn summary(report: &Report) -> Value {
    let findings = report.by_rule().into_iter().map(|(rule, found)| {
        let databases: BTreeMap<String, u64> =
            found.iter().map(|found| (found.database.to_string(), found.count)).collect();
        json!({
            "code": rule.code,
            "name": rule.name,
            "severity": rule.severity.word(),
            "title": rule.title,
            "fix": rule.fix,
            "specs": found.iter().map(|found| found.count).sum::<u64>(),
            "databases": databases,
        })
    });
    let unknown = report.unknown.iter().map(|unknown| {
        json!({
            "code": unknown.rule.code,
            "name": unknown.rule.name,
            "database": unknown.database.to_string(),
            "specs": unknown.count,
        })
    });
    let failures = report.failures.iter().map(|failure| {
        json!({
            "database": failure.database.to_string(),
            "reason": &*failure.reason,
            "unexamined": failure.unexamined,
        })
    });
    json!({
        "summary": {
            "specs": report.passed,
            "seconds": report.elapsed.as_secs_f64(),
            "errors": report.count(Severity::Error),
            "warnings": report.count(Severity::Warning),
            "notices": report.count(Severity::Notice),
            "findings": findings.collect::<Vec<_>>(),
            "unknown": unknown.collect::<Vec<_>>(),
            "failures": failures.collect::<Vec<_>>(),
            "undecided": report.undecided,
            "finished": report.finished,
        }
    })
}
