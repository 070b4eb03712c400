//! The journal as people and scripts read it. Texts of specs are masked for people, JSON has them exactly; words
//! are masked in both.

use serde_json::{Value, json};

use super::plan_text::difference_lines;
use crate::change::journal::{ChangeRow, EntryRow};
use crate::change::record::words;
use crate::change::{Operation, State};
use crate::spec::mask::masked_words;
use crate::spec::text::holds_password;

/// How a change stands, in a few words.
pub fn state(change: &ChangeRow) -> String {
    if change.is_running {
        return "running".to_owned();
    }
    if change.is_interrupted {
        return "interrupted".to_owned();
    }
    if let Some(by) = change.undone_by {
        if change.is_undone() {
            return format!("undone by {by}");
        }
        if change.undone() > 0 {
            return format!("{} of {} undone by {by}", change.undone(), change.count(State::Done));
        }
    }
    if change.total == 1
        && let Some(state) = change.counts.keys().next()
    {
        return state.word().to_owned();
    }
    let mut parts: Vec<String> =
        change.counts.iter().map(|(state, count)| format!("{count} {}", state.word())).collect();
    let begun: u64 = change.counts.values().sum();
    if begun < change.total {
        parts.push(format!("{} not begun", change.total - begun));
    }
    parts.join(", ")
}

/// A change in lines: everything but its operations.
pub fn head(change: &ChangeRow) -> Vec<String> {
    let mut lines = vec![
        format!("change       {}", change.id),
        format!("what         {}", masked_words(&change.title)),
        format!("kind         {}", change.kind),
        format!("state        {}", state(change)),
        format!("begun        {}", change.begun_at),
    ];
    if let Some(finished) = &change.finished_at {
        lines.push(format!("finished     {finished}"));
    }
    lines.push(format!("by           {} on {}", change.who.operator, change.who.host));
    lines.push(format!("environment  {}", change.environment));
    if let Some(reason) = &change.reason {
        lines.push(format!("reason       {}", masked_words(reason)));
    }
    if let Some(undoes) = change.undoes {
        lines.push(format!("undoes       {undoes}"));
    }
    if let Some(file) = &change.plan_file {
        lines.push(format!("plan         {}", file.display()));
    }
    lines
}

/// An operation in lines, with the difference it makes.
pub fn entry(entry: &EntryRow) -> Vec<String> {
    let mut lines = vec![format!("{:<12} {}", entry.state.word(), words(&entry.operation))];
    let mut body = match &entry.operation {
        Operation::Save { before, after, .. } => difference_lines(before, after.as_bytes()),
        Operation::Create { text, .. } => vec![format!("new: {} bytes", text.len())],
        Operation::Destroy { before, .. } => vec![format!("deleted: {} bytes", before.len())],
        Operation::Copy { text, replaces: None, .. } => vec![format!("new there: {} bytes", text.len())],
        Operation::Copy { text, replaces: Some(old), .. } => difference_lines(old, text),
        Operation::Move { text, already_there, .. } => match already_there {
            true => vec![format!("the same {} bytes were there already", text.len())],
            false => vec![format!("the same {} bytes", text.len())],
        },
    };
    if entry.state != State::Done && !entry.said.is_empty() {
        body.push(masked_words(&entry.said));
    }
    lines.extend(body.into_iter().map(|line| format!("             {line}")));
    lines
}

/// A change as JSON.
pub fn change_json(change: &ChangeRow) -> Value {
    let counts: serde_json::Map<String, Value> =
        change.counts.iter().map(|(state, count)| (state.word().to_owned(), json!(count))).collect();
    json!({
        "change": change.id.0,
        "kind": change.kind.to_string(),
        "title": masked_words(&change.title),
        "begun_at": change.begun_at,
        "finished_at": change.finished_at,
        "operator": change.who.operator,
        "host": change.who.host,
        "environment": change.environment,
        "databases": change.databases.iter().map(|(name, identity)| (name.to_string(), json!(identity)))
            .collect::<serde_json::Map<String, Value>>(),
        "reason": change.reason.as_deref().map(masked_words),
        "undoes": change.undoes.map(|id| id.0),
        "undone_by": change.undone_by.map(|id| id.0),
        "still_done": change.undone_by.map(|_| change.still_done),
        "operations": change.total,
        "results": counts,
        "running": change.is_running,
        "interrupted": change.is_interrupted,
        "plan": change.plan_file.as_ref().map(|path| path.display().to_string()),
    })
}

/// An operation as JSON, its texts exact: as a string, or in hexadecimal digits where it is not UTF-8.
pub fn entry_json(entry: &EntryRow) -> Value {
    let (places, before, after) = match &entry.operation {
        Operation::Save { database, before, after, .. } => {
            (json!({ "database": database.to_string() }), Some(&**before), Some(after.as_bytes()))
        }
        Operation::Create { database, text, .. } => {
            (json!({ "database": database.to_string() }), None, Some(text.as_bytes()))
        }
        Operation::Destroy { database, before, .. } => {
            (json!({ "database": database.to_string() }), Some(&**before), None)
        }
        Operation::Copy { from, to, text, replaces, .. } => {
            (json!({ "from": from.to_string(), "to": to.to_string() }), replaces.as_deref(), Some(&**text))
        }
        Operation::Move { from, to, text, already_there, .. } => (
            json!({ "from": from.to_string(), "to": to.to_string(), "already_there": already_there }),
            None,
            Some(&**text),
        ),
    };
    let mut value = json!({
        "change": entry.change.0,
        "entry": entry.number,
        "operation": entry.operation.verb(),
        "instance_uuid": &**entry.operation.instance_uuid(),
    });
    if let (Value::Object(value), Value::Object(places)) = (&mut value, places) {
        value.extend(places);
    }
    let mut put = |key: &str, text: Option<&[u8]>| match text.map(std::str::from_utf8) {
        None => {}
        Some(Ok(text)) => value[key] = json!(text),
        Some(Err(_)) => {
            let digits: String = text.unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect();
            value[format!("{key}_hex")] = json!(digits);
        }
    };
    put("before", before);
    put("after", after);
    value["created_at"] = json!(entry.created_at.as_deref());
    value["updated_at"] = json!(entry.updated_at.as_deref());
    value["state"] = json!(entry.state.word());
    value["step"] = json!(entry.step.word());
    value["said"] = json!(masked_words(&entry.said));
    value
}

/// Whether a text of an operation, which its JSON gives exactly, holds a password.
pub fn has_password(entry: &EntryRow) -> bool {
    let holds = |text: &[u8]| holds_password(&String::from_utf8_lossy(text));
    match &entry.operation {
        Operation::Save { before, after, .. } => holds(before) || holds(after.as_bytes()),
        Operation::Create { text, .. } => holds(text.as_bytes()),
        Operation::Destroy { before, .. } => holds(before),
        Operation::Copy { text, replaces, .. } => holds(text) || replaces.as_deref().is_some_and(holds),
        Operation::Move { text, .. } => holds(text),
    }
}
