//! A plan of many changes as people and scripts read it: what the confirm step shows and `--dry-run` prints.

use serde_json::{Value, json};

use crate::change::bulk::summary::{Counted, First, Group, Place, Summary, WhyNot};
use crate::change::{BulkPlan, DatabaseName, Requirement, Severity};
use crate::deployment::Deployment;
use crate::lint::Rule;
use crate::spec::diff::Change;

/// Groups of values that are shown as text.
const GROUPS: usize = 15;
/// Databases and tables that could not be asked, as text.
const REMARKS: usize = 6;
/// Characters of a value that are shown as text; a plan file has it whole.
const VALUE: usize = 200;

/// The plan as lines; of one that was made before, by whom and when. Not escaped.
pub fn lines(deployment: &Deployment, plan: &BulkPlan, is_of_before: bool) -> Vec<String> {
    let (header, summary) = (plan.header(), plan.summary());
    let mut lines = vec![format!("environment  {}", deployment.environment())];
    lines.push(format!("plan         {}", header.title));
    if is_of_before {
        lines
            .push(format!("             made by {} on {}, {}", header.operator, header.host, header.made_at));
    }
    if let Some(reason) = &header.reason {
        lines.push(format!("reason       {reason}"));
    }
    lines.extend(summary.places.iter().map(|place| self::place(deployment, place)));
    if summary.total == 0 {
        lines.push("nothing      no spec to change".to_owned());
    }
    headed(&mut lines, "values", summary.groups.iter().take(GROUPS).map(group));
    let others: u64 = summary.groups.iter().skip(GROUPS).map(|group| group.count).sum();
    if others + summary.other_changes > 0 {
        lines.push(format!("             and {}", number(others + summary.other_changes, "other change")));
    }
    headed(&mut lines, "cures", summary.cured.iter().map(rule));
    headed(&mut lines, "raises", summary.raised.iter().map(rule));
    for warning in &summary.warnings {
        lines.push(format!("{:<12} {}", severity(warning.sort), counted(warning)));
    }
    lines.extend(left_out(summary));
    for first in &summary.first {
        lines.push(format!("{:<12} {}", first.verb, head(first)));
        lines.extend(first.changes.iter().map(|change| format!("             {}", self::change(change))));
        if first.more > 0 {
            lines.push(format!("             and {}", number(first.more as u64, "more change")));
        }
    }
    let rest = summary.total.saturating_sub(summary.first.len() as u64);
    if rest > 0 && !summary.first.is_empty() {
        lines.push(format!("             and {}", number(rest, "more operation")));
    }
    lines
}

/// The lines of what is left out and could not be asked.
pub fn left_out(summary: &Summary) -> Vec<String> {
    let mut lines = Vec::new();
    headed(
        &mut lines,
        "left out",
        summary.left_out.iter().map(|left| format!("{}: {}", left.sort.word(), counted(left))),
    );
    headed(&mut lines, "unasked", summary.remarks.iter().take(REMARKS).cloned());
    if summary.remarks.len() > REMARKS {
        lines.push(format!("             and {} more", summary.remarks.len() - REMARKS));
    }
    lines
}

/// A sentence with the number of specs that it holds for, and some of them.
pub fn counted<S>(counted: &Counted<S>) -> String {
    let examples: Vec<String> =
        counted.examples.iter().map(|(database, uuid)| format!("{uuid} in {database}")).collect();
    let such = match examples.as_slice() {
        [] => String::new(),
        examples if examples.len() as u64 == counted.count => format!(": {}", examples.join(", ")),
        examples => format!(", as {}", examples.join(", ")),
    };
    format!("{} ({}{such})", counted.sentence.trim_end_matches('.'), number(counted.count, "spec"))
}

/// `1 spec`, `2 specs`.
pub fn number(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Lines behind one head.
fn headed(lines: &mut Vec<String>, head: &str, entries: impl Iterator<Item = String>) {
    for (at, entry) in entries.enumerate() {
        lines.push(format!("{:<12} {entry}", if at == 0 { head } else { "" }));
    }
}

fn place(deployment: &Deployment, place: &Place) -> String {
    let located = |database: &DatabaseName| format!("{database} ({})", deployment.location(database));
    let specs = number(place.count, "spec");
    match &place.to {
        Some(to) => {
            format!("{:<12} {specs} from {} to {}", place.verb, located(&place.database), located(to))
        }
        None => format!("{:<12} {specs} in {}", place.verb, located(&place.database)),
    }
}

fn group(group: &Group) -> String {
    let change =
        Change { path: group.path.clone(), before: group.before.clone(), after: group.after.clone() };
    format!("{}  ({})", self::change(&change), number(group.count, "spec"))
}

fn change(change: &Change) -> String {
    let value = |value: &Option<String>| match value {
        Some(value) => match value.char_indices().nth(VALUE) {
            Some((end, _)) => format!("{}…", &value[..end]),
            None => value.clone(),
        },
        None => "(absent)".to_owned(),
    };
    let path = if change.path.is_empty() { "the whole spec" } else { &change.path };
    format!("{path}: {} -> {}", value(&change.before), value(&change.after))
}

fn rule((rule, count): &(&'static Rule, u64)) -> String {
    let Rule { code, name, severity, title, .. } = rule;
    format!("{code} {name} ({}): {title} ({})", severity.word(), number(*count, "spec"))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::Danger => "danger",
    }
}

fn head(first: &First) -> String {
    match &first.to {
        Some(to) => format!("{} from {} to {to}", first.instance_uuid, first.database),
        None => format!("{} in {}", first.instance_uuid, first.database),
    }
}

/// The plan as JSON, for `--dry-run --json`.
pub fn json(plan: &BulkPlan) -> Value {
    let (header, summary) = (plan.header(), plan.summary());
    let name = |database: &Option<DatabaseName>| database.as_ref().map(ToString::to_string);
    let change =
        |change: &Change| json!({ "path": change.path, "before": change.before, "after": change.after });
    let rules = |rules: &[(&'static Rule, u64)]| -> Value {
        let rule = |(rule, count): &(&'static Rule, u64)| json!({ "code": rule.code, "name": rule.name, "severity": rule.severity.word(), "count": count });
        rules.iter().map(rule).collect()
    };
    json!({
        "environment": header.environment,
        "title": header.title,
        "operator": header.operator,
        "host": header.host,
        "reason": header.reason,
        "total": summary.total,
        "places": summary.places.iter().map(|place| json!({
            "operation": place.verb, "database": place.database.to_string(), "to": name(&place.to),
            "count": place.count,
        })).collect::<Value>(),
        "groups": summary.groups.iter().map(|group| json!({
            "path": group.path, "before": group.before, "after": group.after, "count": group.count,
        })).collect::<Value>(),
        "other_changes": summary.other_changes,
        "cured": rules(&summary.cured),
        "raised": rules(&summary.raised),
        "warnings": summary.warnings.iter().map(|one| json_of(one, "severity", severity(one.sort))).collect::<Value>(),
        "left_out": summary.left_out.iter().map(|one| json_of(one, "why", why(one.sort))).collect::<Value>(),
        "unasked": summary.remarks,
        "is_incomplete": summary.is_incomplete,
        "first": summary.first.iter().map(|first| json!({
            "operation": first.verb, "database": first.database.to_string(), "to": name(&first.to),
            "instance_uuid": &*first.instance_uuid,
            "changes": first.changes.iter().map(change).collect::<Value>(),
        })).collect::<Value>(),
        "requires": match plan.requirement() {
            Requirement::Choose => Value::Null,
            Requirement::Type(word) => json!(word),
        },
    })
}

fn json_of<S>(counted: &Counted<S>, key: &str, word: &str) -> Value {
    let examples: Value = counted
        .examples
        .iter()
        .map(|(database, uuid)| json!({ "database": database.to_string(), "instance_uuid": &**uuid }))
        .collect();
    json!({ key: word, "sentence": counted.sentence, "count": counted.count, "examples": examples })
}

/// Why specs are left out, in a word for scripts.
fn why(why: WhyNot) -> &'static str {
    match why {
        WhyNot::Needless => "needless",
        WhyNot::Refused => "refused",
        WhyNot::InTheWay => "in the way",
        WhyNot::Unknown => "unknown",
        WhyNot::Changed => "changed",
    }
}
