//! What may be stored: never a text that nova could not load.

use crate::spec::text::named;
use std::sync::Arc;

use super::Preparation;
use crate::change::{DatabaseName, Refusal, Severity};
use crate::spec::schema::{self, Problem, Severity as Gravity};
use crate::spec::{Document, Malformed, persist};

/// Problems that a refusal names; more are counted.
const NAMED: usize = 8;

impl Preparation<'_> {
    /// The text that a save or create stores: stripped as nova strips, and loadable. `before` is
    /// the text that it replaces (empty where it replaces none): what that one has too is only
    /// told; new harm is refused unless forced.
    pub(super) fn text_to_store(
        &mut self,
        text: &str,
        database: &DatabaseName,
        instance_uuid: &str,
        before: &[u8],
    ) -> Result<Arc<str>, Refusal> {
        let record =
            format!("{database}: the text for {instance_uuid}", instance_uuid = named(instance_uuid));
        let unreadable = |problem| malformed(&record, text.as_bytes(), &problem);
        let document = Document::parse_str(text).map_err(unreadable)?;
        let stored = persist::strip(&document).map_err(unreadable)?.document;
        let problems = schema::check(&stored);
        refuse_unloadable(&record, &problems)?;
        let old = Document::parse(before).map(|document| schema::check(&document)).unwrap_or_default();
        let (old, new): (Vec<_>, Vec<_>) = problems.into_iter().partition(|problem| old.contains(problem));
        self.tell(old.iter().filter(|problem| problem.severity == Gravity::Harmful), Severity::Notice);
        self.tell(new.iter().filter(|problem| problem.severity == Gravity::Notice), Severity::Notice);
        let harm: Vec<&Problem> = new.iter().filter(|problem| problem.severity == Gravity::Harmful).collect();
        if !harm.is_empty() {
            let reason =
                format!("{record}: nova would load it, but not use it as it is meant: {}.", listed(&harm));
            self.refuse_unless_forced(word_for(database, instance_uuid), reason)?;
        }
        self.tell_of_other_instance(&stored, instance_uuid);
        Ok(stored.shared_text())
    }

    /// Judge a text of `from` that is to be stored elsewhere as it is.
    pub(super) fn text_to_carry(
        &mut self,
        text: &[u8],
        from: &DatabaseName,
        instance_uuid: &str,
    ) -> Result<(), Refusal> {
        let record =
            format!("{from}: the stored text of {instance_uuid}", instance_uuid = named(instance_uuid));
        let document = Document::parse(text).map_err(|problem| malformed(&record, text, &problem))?;
        let problems = schema::check(&document);
        refuse_unloadable(&record, &problems)?;
        self.tell(problems.iter().filter(|problem| problem.severity == Gravity::Harmful), Severity::Notice);
        self.tell_of_other_instance(&document, instance_uuid);
        Ok(())
    }

    /// Judge a text that stood there before: what nova cannot load wants to be forced.
    pub(super) fn text_to_restore(
        &mut self,
        text: &str,
        database: &DatabaseName,
        instance_uuid: &str,
    ) -> Result<(), Refusal> {
        match unloadable(text.as_bytes()) {
            None => Ok(()),
            Some(reason) => {
                let whose = named(instance_uuid);
                self.refuse_unless_forced(
                    word_for(database, instance_uuid),
                    format!("{database}: nova cannot load the text of {whose} that would stand there again: {reason}."),
                )
            }
        }
    }

    fn tell<'p>(&mut self, problems: impl Iterator<Item = &'p Problem>, severity: Severity) {
        for problem in problems.take(NAMED) {
            self.warn(severity, format!("{problem}."));
        }
    }

    /// The column wins over the text (nova/objects/request_spec.py, _from_db_object).
    fn tell_of_other_instance(&mut self, document: &Document, instance_uuid: &str) {
        if let Some(problem) = schema::check_instance(document, instance_uuid) {
            self.warn(Severity::Warning, format!("{problem}."));
        }
    }
}

/// Why nova could not load a text.
pub(in crate::change) fn unloadable(text: &[u8]) -> Option<String> {
    if std::str::from_utf8(text).ok().and_then(schema::sound).is_some() {
        return None;
    }
    match Document::parse(text) {
        Err(problem) => {
            let (line, column) = problem.position(text);
            Some(format!("line {line}, column {column}: {problem}"))
        }
        Ok(document) => {
            let problems = schema::check(&document);
            let fatal: Vec<&Problem> =
                problems.iter().filter(|problem| problem.severity == Gravity::Unloadable).collect();
            (!fatal.is_empty()).then(|| listed(&fatal))
        }
    }
}

fn refuse_unloadable(record: &str, problems: &[Problem]) -> Result<(), Refusal> {
    let fatal: Vec<&Problem> =
        problems.iter().filter(|problem| problem.severity == Gravity::Unloadable).collect();
    if fatal.is_empty() {
        return Ok(());
    }
    Err(Refusal::Refused {
        reason: format!("{record} is not stored, because nova could not load it: {}", listed(&fatal)),
        forceable: false,
    })
}

/// The problems in one sentence.
fn listed(problems: &[&Problem]) -> String {
    let mut words: Vec<String> = problems.iter().take(NAMED).map(ToString::to_string).collect();
    if problems.len() > NAMED {
        words.push(format!("and {} more", problems.len() - NAMED));
    }
    words.join("; ")
}

fn malformed(record: &str, text: &[u8], problem: &Malformed) -> Refusal {
    let (line, column) = problem.position(text);
    Refusal::Refused {
        reason: format!(
            "{record} cannot be read (line {line}, column {column}): {problem}. \
             It is not stored; correct the text first"
        ),
        forceable: false,
    }
}

/// The `instance_uuid` of a text that is to be created without one being given.
pub(super) fn own_instance_uuid(text: &str) -> Result<Arc<str>, Refusal> {
    let refused = |reason: String| Refusal::Refused { reason, forceable: false };
    let document = Document::parse_str(text)
        .map_err(|problem| malformed("the text of the new spec", text.as_bytes(), &problem))?;
    let own =
        document.root().field("instance_uuid").and_then(|node| node.as_str().map(|own| Arc::from(&*own)));
    own.ok_or_else(|| {
        refused("The text names no instance (instance_uuid); give the instance's UUID beside it".to_owned())
    })
}

/// Refuse what is not a UUID as nova writes them. nova itself only warns (UUIDField).
pub(super) fn check_uuid(instance_uuid: &str) -> Result<(), Refusal> {
    let canonical = instance_uuid.len() == 36 && !instance_uuid.bytes().any(|byte| byte.is_ascii_uppercase());
    if canonical && schema::is_uuid(instance_uuid) {
        return Ok(());
    }
    Err(Refusal::Refused {
        reason: format!(
            "{instance_uuid:?} is not the UUID of an instance (36 characters: lowercase hexadecimal \
             digits and hyphens)"
        ),
        forceable: false,
    })
}

/// The word to type before a spec is deleted: the start of its UUID, which tells the right record;
/// where that cannot be typed, the name of the database.
pub(super) fn word_for(database: &DatabaseName, instance_uuid: &str) -> String {
    let start: String = instance_uuid.chars().take(8).collect();
    if !start.is_empty() && start.chars().all(|character| character.is_ascii_graphic()) {
        start
    } else {
        database.to_string()
    }
}
