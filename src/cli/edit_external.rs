//! `reqspec edit` without edits: the raw JSON in `$VISUAL` or `$EDITOR`. A refused text comes back
//! with the reason in comment lines on top, until it is good or left as it was.

use std::io::{self, IsTerminal};
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::args::ChangeArguments;
use super::changing;
use super::error::{CliError, Exit};
use super::output::{AS_IT_IS, say};
use super::sessions::Sessions;
use crate::change::{Intent, Refusal};
use crate::spec::Document;
use crate::spec::text::{escaped, holds_password};
use crate::store::{DatabaseName, StoredSpec};

/// Edits, confirms and saves.
pub async fn run(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    database: DatabaseName,
    row: StoredSpec,
) -> Result<Exit, CliError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(CliError::usage(
            "nothing to edit: give --set, --set-json or --unset (an editor wants a terminal)",
        ));
    }
    let Ok(first) = std::str::from_utf8(&row.spec) else {
        let message = format!(
            "{database}: the spec of {} is not UTF-8: no editor shows it as it is",
            row.instance_uuid
        );
        return Err(CliError::refused(message));
    };
    if !arguments.dry_run {
        changing::account_may_write(sessions, [&database]).await?;
    }
    if holds_password(first) {
        say(AS_IT_IS);
    }
    let (mut text, mut reason) = (first.to_owned(), None);
    loop {
        let after = through_editor(&text, reason.as_deref())?;
        if after == text {
            let message = match reason {
                None => "nothing changed".to_owned(),
                Some(reason) => format!("given up, nothing was written: {reason}"),
            };
            return Err(if after == first {
                CliError::NothingToDo(message)
            } else {
                CliError::refused(message)
            });
        }
        text = after;
        if let Err(malformed) = Document::parse_str(&text) {
            let (line, column) = malformed.position(text.as_bytes());
            reason = Some(format!(
                "Not JSON: {} (line {line}, column {column} of the text below).",
                malformed.reason
            ));
            continue;
        }
        let intent = Intent::Save {
            database: database.clone(),
            instance_uuid: Arc::clone(&row.instance_uuid),
            before: Arc::clone(&row.spec),
            after: Arc::from(text.as_str()),
        };
        match changing::prepare(sessions, arguments, &intent).await {
            Ok(plan) => return changing::carry_out(sessions, arguments, plan).await,
            Err(Refusal::Refused { reason: why, .. }) => reason = Some(why),
            Err(other) => return Err(other.into()),
        }
    }
}

fn through_editor(text: &str, reason: Option<&str>) -> Result<String, CliError> {
    let failed =
        |what: &str, error: io::Error| CliError::failed(format!("{what}: {error}; nothing was written"));
    let file = tempfile::Builder::new()
        .prefix("reqspec-")
        .suffix(".json")
        .tempfile()
        .map_err(|error| failed("a file for the editor", error))?;
    let comment = reason.map(|reason| format!("# {}\n", escaped(reason)));
    std::fs::write(file.path(), format!("{}{text}\n", comment.unwrap_or_default()))
        .map_err(|error| failed("the file for the editor", error))?;
    let variable = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let editor = variable("VISUAL").or_else(|| variable("EDITOR")).unwrap_or_else(|| "vi".to_owned());
    // As git does: the shell splits the words of the variable, the path stays one word.
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$@\""), &editor])
        .arg(file.path())
        .stdin(Stdio::inherit())
        .status()
        .map_err(|error| failed(&editor, error))?;
    if !status.success() {
        return Err(CliError::failed(format!("{editor}: {status}; nothing was written")));
    }
    let edited = std::fs::read_to_string(file.path()).map_err(|error| failed("the edited file", error))?;
    Ok(without_comments(&edited).to_owned())
}

/// The text below the comment lines, without the line end that editors add.
fn without_comments(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with('#') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest.strip_suffix("\r\n").or_else(|| rest.strip_suffix('\n')).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_on_top_and_one_line_end_are_not_the_text() {
        assert_eq!(without_comments("# no\n# really\n{}\n"), "{}");
        assert_eq!(without_comments("{}\n\n"), "{}\n");
        assert_eq!(without_comments("# only"), "");
    }
}
