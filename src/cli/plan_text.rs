//! A plan as people and scripts read it: what the confirm step shows and `--dry-run` prints.

use serde_json::{Value, json};

use crate::change::{Operation, Plan, Requirement, Severity};
use crate::deployment::Deployment;
use crate::lint::{Finding, Rule};
use crate::spec::diff::{self, Change};
use crate::spec::summary::Summary;
use crate::spec::text::{self, masked_at, masked_json};
use crate::store::DatabaseName;

/// At most so many bytes of one value are shown.
const EXCERPT: usize = 2_000;

/// The plan as lines: environment, each operation with its databases and exact difference, and
/// what speaks against it. Not escaped.
pub fn lines(deployment: &Deployment, plan: &Plan) -> Vec<String> {
    let mut lines = vec![format!("environment  {}", plan.environment)];
    for operation in &plan.operations {
        lines.push(head(deployment, operation));
        lines.extend(body(operation).into_iter().map(|line| format!("             {line}")));
    }
    for warning in &plan.warnings {
        lines.push(format!("{:<12} {}", severity(warning.severity), warning.sentence));
    }
    let findings = [("raises", &plan.raised), ("cures", &plan.cured)];
    for (what, findings) in findings {
        lines.extend(findings.iter().map(|finding| format!("{what:<12} {}", finding_line(finding))));
    }
    lines
}

/// A finding in one line: `RS030 warning availability_zone: No aggregate has the zone az9 … (unpin-zone)`.
pub fn finding_line(finding: &Finding) -> String {
    let Rule { code, severity, fix, .. } = finding.rule;
    let place = if finding.path.is_empty() { String::new() } else { format!("{}: ", finding.path) };
    let fix = fix.map_or_else(String::new, |fix| format!(" (repair: {fix})"));
    format!("{code} {} {place}{}{fix}", severity.word(), masked_at(&finding.path, &finding.sentence))
}

fn finding_json(finding: &Finding) -> Value {
    let Rule { code, name, severity, fix, .. } = finding.rule;
    json!({
        "code": code, "name": name, "severity": severity.word(), "path": finding.path,
        "sentence": finding.sentence, "fix": fix,
    })
}

/// The plan as JSON, for `--dry-run --json`.
pub fn json(plan: &Plan) -> Value {
    json!({
        "environment": plan.environment,
        "operations": plan.operations.iter().map(operation_json).collect::<Vec<_>>(),
        "warnings": plan.warnings.iter().map(|warning| json!({
            "severity": severity(warning.severity), "sentence": warning.sentence,
        })).collect::<Vec<_>>(),
        "raised": plan.raised.iter().map(finding_json).collect::<Vec<_>>(),
        "cured": plan.cured.iter().map(finding_json).collect::<Vec<_>>(),
        "requires": match &plan.requirement {
            Requirement::Choose => Value::Null,
            Requirement::Type(word) => json!(word),
        },
    })
}

/// Whether a text of the plan, which its JSON gives exactly, holds a password.
pub fn holds_password(plan: &Plan) -> bool {
    let holds = |text: &[u8]| text::holds_password(&String::from_utf8_lossy(text));
    plan.operations.iter().any(|operation| match operation {
        Operation::Save { before, after, .. } => holds(before) || holds(after.as_bytes()),
        Operation::Create { text, .. } => holds(text.as_bytes()),
        Operation::Copy { text, replaces: Some(old), .. } => holds(text) || holds(old),
        // Their JSON holds no text.
        Operation::Copy { .. } | Operation::Move { .. } | Operation::Destroy { .. } => false,
    })
}

/// A difference of two stored texts as lines, `path: before -> after`.
pub fn difference_lines(before: &[u8], after: &[u8]) -> Vec<String> {
    let changes = diff::difference_of_texts(before, after);
    match (changes.is_empty(), before == after) {
        (false, _) => changes.iter().map(change_line).collect(),
        (true, true) => vec!["no difference: the same bytes".to_owned()],
        (true, false) => vec!["the same values, written differently".to_owned()],
    }
}

fn change_line(change: &Change) -> String {
    let value = |value: &Option<String>| match value {
        Some(value) => excerpt(masked_at(&change.path, value).as_bytes()),
        None => "(absent)".to_owned(),
    };
    let path = if change.path.is_empty() { "the whole spec" } else { &change.path };
    format!("{path}: {} -> {}", value(&change.before), value(&change.after))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::Danger => "danger",
    }
}

fn head(deployment: &Deployment, operation: &Operation) -> String {
    let place = |database: &DatabaseName| format!("{database} ({})", deployment.location(database));
    let places = match operation {
        Operation::Save { database, .. } | Operation::Create { database, .. } => {
            format!("in {}", place(database))
        }
        Operation::Destroy { database, .. } => format!("from {}", place(database)),
        Operation::Copy { from, to, .. } | Operation::Move { from, to, .. } => {
            format!("from {} to {}", place(from), place(to))
        }
    };
    format!("{:<12} {} {places}", operation.verb(), operation.instance_uuid())
}

fn body(operation: &Operation) -> Vec<String> {
    match operation {
        Operation::Save { before, after, .. } => difference_lines(before, after.as_bytes()),
        Operation::Create { text, .. } => vec![format!("new: {}", outline(text.as_bytes()))],
        Operation::Destroy { before, .. } => vec![format!("deleted: {}", outline(before))],
        Operation::Copy { text, replaces: None, .. } => {
            vec![format!("new there, the same bytes: {}", outline(text))]
        }
        Operation::Copy { text, replaces: Some(old), .. } => {
            let mut lines = vec!["replaces a different spec there:".to_owned()];
            lines.extend(difference_lines(old, text));
            lines
        }
        Operation::Move { text, already_there: false, .. } => {
            vec![format!("the same bytes: {}", outline(text))]
        }
        Operation::Move { already_there: true, .. } => {
            vec!["the destination holds the same bytes already: only the source row is deleted".to_owned()]
        }
    }
}

/// A spec in one line.
fn outline(text: &[u8]) -> String {
    let summary = Summary::of(text);
    if let Some(problem) = &summary.problem {
        let shown = String::from_utf8_lossy(text);
        return format!("{} bytes, {problem}: {}", text.len(), excerpt(masked_json(&shown).as_bytes()));
    }
    let field = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!(", {name} {value}"));
    let fields = [
        field("version", &summary.version),
        field("flavor", &summary.flavor),
        field("zone", &summary.availability_zone),
        field("project", &summary.project_id),
    ];
    format!("{} bytes{}", text.len(), fields.into_iter().flatten().collect::<String>())
}

fn excerpt(bytes: &[u8]) -> String {
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(EXCERPT)]);
    if bytes.len() > EXCERPT {
        format!("{shown}… ({} bytes)", bytes.len())
    } else if bytes.is_empty() {
        "(empty)".to_owned()
    } else {
        shown.into_owned()
    }
}

fn operation_json(operation: &Operation) -> Value {
    let mut value = json!({
        "operation": operation.verb(),
        "instance_uuid": &**operation.instance_uuid(),
    });
    let changes = |before: &[u8], after: &[u8]| {
        let changes = diff::difference_of_texts(before, after).into_iter();
        changes
            .map(|change| json!({ "path": change.path, "before": change.before, "after": change.after }))
            .collect::<Value>()
    };
    let mut put = |key: &str, entry: Value| value[key] = entry;
    match operation {
        Operation::Save { database, before, after, .. } => {
            put("database", json!(database.to_string()));
            put("changes", changes(before, after.as_bytes()));
            put("after", json!(&**after));
        }
        Operation::Create { database, text, .. } => {
            put("database", json!(database.to_string()));
            put("after", json!(&**text));
        }
        Operation::Destroy { database, .. } => put("database", json!(database.to_string())),
        Operation::Copy { from, to, text, replaces, .. } => {
            put("from", json!(from.to_string()));
            put("to", json!(to.to_string()));
            put("replaces", json!(replaces.is_some()));
            if let Some(old) = replaces {
                put("changes", changes(old, text));
            }
        }
        Operation::Move { from, to, already_there, .. } => {
            put("from", json!(from.to_string()));
            put("to", json!(to.to_string()));
            put("already_there", json!(already_there));
        }
    }
    value
}
