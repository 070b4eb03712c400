//! `reqspec history`: what was changed, from the journal alone. No database is asked.

use std::path::Path;

use super::args::{HistoryArguments, HistoryCommand};
use super::error::{CliError, Exit};
use super::output::{AS_IT_IS, Columns, Output, say};
use super::{history_text, journal};
use crate::change::journal::{ChangeRow, EntryRow};
use crate::change::{ChangeId, Journal};
use crate::spec::mask::masked_words;

/// Changes, and operations, that are read at a time.
const PAGE: u32 = 100;

/// Lists changes, shows one, or exports all.
pub async fn run(path: Option<&Path>, arguments: &HistoryArguments) -> Result<Exit, CliError> {
    let Some(journal) = journal::to_read(path)? else {
        let place =
            path.map_or_else(|| "there is no place for one".to_owned(), |path| path.display().to_string());
        let message = format!("nothing was changed yet: there is no journal ({place})");
        return match arguments.id {
            None => Err(CliError::NothingToDo(message)),
            Some(_) => Err(CliError::not_found(message)),
        };
    };
    let mut out = Output::new();
    match (&arguments.command, arguments.id) {
        (Some(HistoryCommand::Export(_)), _) => export(&mut out, &journal).await?,
        (None, Some(id)) => one(&mut out, &journal, id, arguments.json).await?,
        (None, None) => list(&mut out, &journal, arguments).await?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

async fn list(out: &mut Output, journal: &Journal, arguments: &HistoryArguments) -> Result<(), CliError> {
    let words = arguments.words.join(" ");
    let mut columns = Columns::new(&["ID", "WHEN", "OPERATOR", "ENVIRONMENT", "STATE", "CHANGE"]);
    let (mut before, mut left, mut is_first) = (None, arguments.limit, true);
    while left > 0 {
        let page = journal.changes(before, &words, left.min(PAGE)).await.map_err(journal::failed)?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        left -= page.len() as u32;
        if arguments.json {
            page.iter().try_for_each(|change| out.json(&history_text::change_json(change)))?;
            continue;
        }
        let rows: Vec<[String; 6]> = page.iter().map(cells).collect();
        rows.iter().for_each(|row| columns.measure(row));
        if is_first {
            out.line(&columns.line(&["ID", "WHEN", "OPERATOR", "ENVIRONMENT", "STATE", "CHANGE"]))?;
            is_first = false;
        }
        rows.iter().try_for_each(|row| out.line(&columns.line(row)))?;
    }
    Ok(())
}

fn cells(change: &ChangeRow) -> [String; 6] {
    let title = masked_words(&change.title);
    let what = match &change.reason {
        Some(reason) => format!("{title} ({})", masked_words(reason)),
        None => title,
    };
    let seconds = change.begun_at.get(..19).unwrap_or(&change.begun_at).replace('T', " ");
    [
        change.id.0.to_string(),
        seconds,
        change.who.operator.clone(),
        change.environment.clone(),
        history_text::state(change),
        what,
    ]
}

async fn one(out: &mut Output, journal: &Journal, id: ChangeId, json: bool) -> Result<(), CliError> {
    let change = journal.change(id).await.map_err(journal::failed)?;
    let change = change.ok_or_else(|| {
        CliError::not_found(format!("the journal {} has no change {id}", journal.path().display()))
    })?;
    if json {
        out.json(&history_text::change_json(&change))?;
    } else {
        history_text::head(&change).iter().try_for_each(|line| out.line(line))?;
    }
    let mut told = false;
    entries(journal, id, |entry| {
        if json {
            tell(&mut told, entry);
            out.json(&history_text::entry_json(entry))
        } else {
            history_text::entry(entry).iter().try_for_each(|line| out.line(line))
        }
    })
    .await
}

async fn export(out: &mut Output, journal: &Journal) -> Result<(), CliError> {
    let (mut before, mut told) = (None, false);
    loop {
        let page = journal.changes(before, "", PAGE).await.map_err(journal::failed)?;
        let Some(last) = page.last() else { return Ok(()) };
        before = Some(last.id);
        for change in &page {
            out.json(&history_text::change_json(change))?;
            entries(journal, change.id, |entry| {
                tell(&mut told, entry);
                out.json(&history_text::entry_json(entry))
            })
            .await?;
        }
    }
}

/// Every operation of a change, a page at a time.
async fn entries(
    journal: &Journal,
    change: ChangeId,
    mut each: impl FnMut(&EntryRow) -> std::io::Result<()>,
) -> Result<(), CliError> {
    let mut after = None;
    loop {
        let page = journal.entries(change, after, PAGE).await.map_err(journal::failed)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        page.iter().try_for_each(&mut each)?;
    }
}

/// Said once, where a text holds a password.
fn tell(told: &mut bool, entry: &EntryRow) {
    if !*told && history_text::has_password(entry) {
        say(AS_IT_IS);
        *told = true;
    }
}
