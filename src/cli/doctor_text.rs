//! What `reqspec doctor` prints for people.
//!
//! Imports `fleet`, `lint` and `app`'s words.

use crate::app::words::grouped;
use crate::fleet::doctor::report::Step;
use crate::fleet::doctor::{Found, Report, Unknown};
use crate::lint::{Rule, Severity};
use crate::spec::schema::is_uuid;

/// Uuids that a command names one by one, at most.
const FEW: u64 = 3;

/// The report, at most so many specs of each rule and database.
pub fn lines(report: &Report, examples: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (rule, found) in report.by_rule() {
        let all: u64 = found.iter().map(|found| found.count).sum();
        lines.push(format!(
            "{}: {} {} ({}): {}",
            rule.severity.word(),
            rule.code,
            rule.name,
            rule.title,
            grouped(all)
        ));
        for found in &found {
            lines.push(format!("  {}: {}", found.database, grouped(found.count)));
            for example in found.examples.iter().take(examples) {
                lines.push(format!("    {}  {}", example.instance_uuid, example.sentence));
            }
            let shown = found.examples.len().min(examples) as u64;
            if shown > 0 && shown < found.count {
                lines.push(format!("    … and {} more", grouped(found.count - shown)));
            }
        }
        lines.extend(next_step(rule, &found));
        lines.push(String::new());
    }
    lines.extend(unknown(report));
    lines.push(summary(report));
    lines
}

/// The command that plans what cures it; else what the rule advises.
fn next_step(rule: &Rule, found: &[&Found]) -> Vec<String> {
    let Some(fix) = rule.fix else {
        // Advice stands at the end of the rule's text, if anything has to be done.
        let has_advice = rule.doc.contains('`');
        return if has_advice { vec![format!("  {}", rule.doc)] } else { Vec::new() };
    };
    let command = |found: &&Found| {
        let Found { database, examples, .. } = *found;
        let uuids: Vec<&str> = examples.iter().map(|example| &*example.instance_uuid).collect();
        let are_all = uuids.len() as u64 == found.count && found.count <= FEW;
        let whom = match are_all && uuids.iter().all(|uuid| is_uuid(uuid)) {
            true => uuids.join(" "),
            false => format!("$(reqspec doctor --rule {} --in {database} --uuids)", rule.code),
        };
        format!("  to cure: reqspec repair {fix} --in {database} {whom}")
    };
    found.iter().map(command).collect()
}

/// What could not be told, rule by rule.
fn unknown(report: &Report) -> Vec<String> {
    if report.unknown.is_empty() {
        return Vec::new();
    }
    let mut lines = vec!["not known, for a database did not tell:".to_owned()];
    let mut rest: &[Unknown] = &report.unknown;
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|unknown| unknown.rule.code == first.rule.code).count();
        let (own, others) = rest.split_at(count);
        rest = others;
        let places: Vec<String> =
            own.iter().map(|unknown| format!("{} in {}", grouped(unknown.count), unknown.database)).collect();
        lines.push(format!(
            "  {} {} ({}): {}",
            first.rule.code,
            first.rule.name,
            first.rule.title,
            places.join(", ")
        ));
    }
    for failure in report.failures.iter() {
        lines.push(format!("  {} did not tell: {}", failure.database, failure.reason));
    }
    lines.push(String::new());
    lines
}

fn summary(report: &Report) -> String {
    let counted = |severity, one: &str| {
        let count = report.count(severity);
        format!("{} {one}{}", grouped(count), if count == 1 { "" } else { "s" })
    };
    format!(
        "{} specs examined in {:.1} s: {}, {}, {}",
        grouped(report.passed),
        report.elapsed.as_secs_f64(),
        counted(Severity::Error, "error"),
        counted(Severity::Warning, "warning"),
        counted(Severity::Notice, "notice"),
    )
}

/// How far it is, in one line.
pub fn progress(report: &Report) -> String {
    match &report.step {
        Step::Tables => format!("reading nova's tables: {} rows", grouped(report.read)),
        Step::Missing => "looking for instances without a spec".to_owned(),
        Step::Specs(database) => {
            let total = report.total.filter(|total| *total > 0);
            let share = total.map_or_else(String::new, |total| {
                format!(" of {} ({} %)", grouped(total), (report.passed * 100 / total).min(100))
            });
            format!(
                "{database}: {} specs{share}, {}/s",
                grouped(report.passed),
                grouped(report.rate() as u64)
            )
        }
        Step::Ended => String::new(),
    }
}
