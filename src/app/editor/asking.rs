//! What is asked for a row: the right prompt for its type, and what a typed value would mean.
//!
//! Imports `spec` and `scheduler`.

use crate::scheduler::extra_specs::{self, FlavorFacts};
use crate::scheduler::{hints, image_properties};
use crate::spec::schema::{self, FieldInfo, Kind};
use crate::spec::{Document, FieldPath};

use super::fields::{FieldRow, Role};
use super::prompt::{Prompt, Purpose, Suggestion};

/// The prompt that asks for the value of a row.
pub fn value(document: &Document, row: &FieldRow) -> Prompt {
    value_at(document, &row.path, &row.info)
}

/// The prompt that asks for the value at a path, present or not.
pub fn value_at(document: &Document, path: &FieldPath, info: &FieldInfo) -> Prompt {
    let node = path.resolve(document);
    let title = path.to_string();
    let note = describe(info.kind, info.nullable);
    let as_json = match info.kind {
        Kind::Object(_) | Kind::Dict(_) => true,
        Kind::List(element) | Kind::Set(element) => !is_simple(*element) || node.is_some_and(has_commas),
        _ => false,
    };
    let purpose = Purpose::Set { path: path.clone(), json: as_json };
    if as_json {
        let raw = node.map(|node| node.raw().to_owned()).unwrap_or_default();
        return Prompt::text(purpose, title, format!("{note}, as JSON"), raw);
    }
    let current = node.map(typed).unwrap_or_default();
    let choices: Vec<&str> = match info.kind {
        Kind::Enum { .. } => info.choices.clone(),
        Kind::Boolean | Kind::FlexibleBoolean => vec!["true", "false"],
        _ => Vec::new(),
    };
    if choices.is_empty() {
        return Prompt::text(purpose, title, note, current).suggesting(values(path));
    }
    let mut suggestions: Vec<Suggestion> =
        choices.into_iter().map(|choice| Suggestion::new(choice, "")).collect();
    if info.nullable {
        suggestions.push(Suggestion { value: "null".to_owned(), help: "unset".to_owned(), clears: true });
    }
    let current = if node.is_some_and(|node| node.is_null()) { "null".to_owned() } else { current };
    Prompt::pick(purpose, title, note, suggestions, &current)
}

/// The prompt for a new item of a list.
pub fn item(path: &FieldPath, index: usize, info: &FieldInfo) -> Prompt {
    let (Kind::List(element) | Kind::Set(element)) = info.kind else {
        return Prompt::text(
            Purpose::Insert { path: path.clone(), index },
            path.to_string(),
            String::new(),
            String::new(),
        );
    };
    Prompt::text(
        Purpose::Insert { path: path.clone(), index },
        format!("{path}, new item"),
        describe(*element, false),
        String::new(),
    )
}

/// The prompt for the key of a new entry of a map.
pub fn key(document: &Document, path: &FieldPath) -> Prompt {
    let present = |key: &str| path.resolve(document).is_some_and(|map| map.get(key).is_some());
    let suggestions = match path.last() {
        Some("extra_specs") => {
            extra_specs::RULES.iter().map(|rule| Suggestion::new(rule.key, rule.help)).collect()
        }
        Some("scheduler_hints") => {
            hints::HINTS.iter().map(|hint| Suggestion::new(hint.key, hint.help)).collect()
        }
        _ => schema::addable_members(document, path)
            .into_iter()
            .map(|name| Suggestion::new(name, ""))
            .collect::<Vec<_>>(),
    };
    let suggestions = suggestions.into_iter().filter(|suggestion| !present(&suggestion.value)).collect();
    Prompt::text(
        Purpose::NewKey { path: path.clone() },
        format!("{path}, new entry"),
        "key".to_owned(),
        String::new(),
    )
    .suggesting(suggestions)
}

/// The prompt for the name of an absent field of an object; none where nothing is absent.
pub fn field(document: &Document, path: &FieldPath) -> Option<Prompt> {
    let suggestions: Vec<Suggestion> = schema::addable_members(document, path)
        .into_iter()
        .map(|name| {
            let help = image_properties::find(name)
                .map(|property| property.help.to_owned())
                .or_else(|| schema::field_info(document, &path.join(name)).map(|info| info.help.to_owned()));
            Suggestion::new(name, help.unwrap_or_default())
        })
        .collect();
    let title = if path.segments().is_empty() { "the spec".to_owned() } else { path.to_string() };
    (!suggestions.is_empty()).then(|| {
        Prompt::pick(
            Purpose::NewField { path: path.clone() },
            format!("{title}, new field"),
            "a field that the stored version has and this spec has not".to_owned(),
            suggestions,
            "",
        )
    })
}

/// The prompt for another key of an entry.
pub fn rename(row: &FieldRow) -> Option<Prompt> {
    (row.role == Role::Entry).then(|| {
        Prompt::text(
            Purpose::Rename { path: row.path.clone() },
            format!("{}, new key", row.path),
            "key".to_owned(),
            row.label.clone(),
        )
    })
}

/// What the value would demand, for the maps whose keys mean something.
pub fn meaning(document: &Document, path: &FieldPath, value: &str) -> Option<String> {
    let [.., map, key] = path.segments() else { return None };
    let said = match map.as_str() {
        "extra_specs" => extra_specs::say(key, value, &flavor_facts(document)),
        "scheduler_hints" => {
            let values: Vec<String> = value.split(',').map(|part| part.trim().to_owned()).collect();
            hints::say(key, &values)
        }
        "properties" => image_properties::say(key, value),
        _ => return None,
    };
    Some(match said.bites {
        Some(bites) => format!("{} · {bites}", said.meaning),
        None => said.meaning.into_owned(),
    })
}

fn flavor_facts(document: &Document) -> FlavorFacts {
    let flavor = document.root().field("flavor");
    let specs = flavor.and_then(|flavor| flavor.field("extra_specs"));
    FlavorFacts {
        vcpus: flavor.and_then(|flavor| flavor.field("vcpus")).and_then(|node| node.as_i64()),
        emulator_threads: specs
            .and_then(|specs| specs.get("hw:emulator_threads_policy"))
            .and_then(|node| node.as_str())
            .map(|text| text.into_owned()),
    }
}

/// Well-known values of an extra spec.
fn values(path: &FieldPath) -> Vec<Suggestion> {
    match path.segments() {
        [.., map, key] if map == "extra_specs" => extra_specs::find(key)
            .map(|(rule, _)| rule.values.iter().map(|value| Suggestion::new(*value, "")).collect())
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// A value as it is typed: a string's characters, a list's with commas.
fn typed(node: crate::spec::Node<'_>) -> String {
    use crate::spec::Kind as Json;
    match node.kind() {
        Json::Null => String::new(),
        Json::String => node.as_str().unwrap_or_default().into_owned(),
        Json::Array => node.children().map(typed).collect::<Vec<_>>().join(","),
        _ => node.raw().to_owned(),
    }
}

/// Whether an element would fall apart at its commas.
fn has_commas(node: crate::spec::Node<'_>) -> bool {
    node.children().any(|child| child.as_str().is_some_and(|text| text.contains(',') || text.trim() != text))
}

fn is_simple(kind: Kind) -> bool {
    !matches!(kind, Kind::Object(_) | Kind::List(_) | Kind::Set(_) | Kind::Dict(_))
}

/// The type in words: "an integer, or null".
pub fn describe(kind: Kind, nullable: bool) -> String {
    let mut text = describe_kind(kind);
    if nullable {
        text.push_str(", or null");
    }
    text
}

fn describe_kind(kind: Kind) -> String {
    match kind {
        Kind::Boolean | Kind::FlexibleBoolean => "true or false".to_owned(),
        Kind::Integer => "an integer".to_owned(),
        Kind::NonNegativeInteger => "an integer, 0 or more".to_owned(),
        Kind::Float => "a number".to_owned(),
        Kind::NonNegativeFloat => "a number, 0 or more".to_owned(),
        Kind::String => "a string".to_owned(),
        Kind::Uuid => "a UUID".to_owned(),
        Kind::DateTime => "a date and time, YYYY-MM-DDTHH:MM:SSZ".to_owned(),
        Kind::IpAddress => "an IP address".to_owned(),
        Kind::VersionPredicate => "version comparisons, >=1.0,<3".to_owned(),
        Kind::Enum { .. } => "one of a list".to_owned(),
        Kind::Object(name) if name.starts_with(['A', 'E', 'I', 'O']) => format!("an {name}"),
        Kind::Object(name) => format!("a {name}"),
        Kind::List(element) if is_simple(*element) => {
            format!("a list, items by comma, each {}", describe_kind(*element))
        }
        Kind::Set(element) if is_simple(*element) => {
            format!("a set, items by comma, each {}", describe_kind(*element))
        }
        Kind::List(_) | Kind::Set(_) => "a list".to_owned(),
        Kind::Dict(element) => format!("keys and values, each {}", describe_kind(element.kind)),
    }
}
