//! Keys, pasted text and the wheel for what lies over the screen.
//!
//! Imports the rest of `app`; no I/O.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use super::{
    bulk, changes, choosing, databases, doctor, environments, general, history, outcome, query, recovery,
};
use crate::app::effect::Effect;
use crate::app::help;
use crate::app::model::Model;
use crate::app::overlay::{Overlay, Picker, Pressed, Purpose, Question};
use crate::app::palette::{Entry, Palette};
use crate::app::toast::ToastKind;

/// A key for the overlay. Takes it from the model; an overlay that stays is put back.
pub fn key(model: &mut Model, event: &KeyEvent) -> Vec<Effect> {
    let Some(overlay) = model.overlay.take() else { return Vec::new() };
    match overlay {
        Overlay::Working(what) => {
            model.overlay = Some(Overlay::Working(what));
            Vec::new()
        }
        Overlay::Help { scroll } => {
            help_key(model, scroll, event);
            Vec::new()
        }
        Overlay::Palette(palette) => palette_key(model, palette, event),
        Overlay::Databases(screen) => databases::key(model, screen, event),
        Overlay::Environments(picker) => environments::key(model, picker, event),
        Overlay::Picker(picker) => picker_key(model, picker, event),
        Overlay::Sort(picker) => choosing::sort_key(model, picker, event),
        Overlay::Columns(chooser) => choosing::columns_key(model, chooser, event),
        Overlay::Facets(facets) => choosing::facets_key(model, facets, event),
        Overlay::Saved(list) => choosing::saved_key(model, list, event),
        Overlay::Export(prompt) => choosing::export_key(model, prompt, event),
        Overlay::BulkEdit { lines, whom } => bulk::edit_key(model, lines, whom, event),
        Overlay::Repairs { picker, whom } => bulk::repair_key(model, picker, whom, event),
        Overlay::Destination { picker, whom } => bulk::destination_key(model, picker, whom, event),
        Overlay::Work(work) => bulk::work_key(model, work, event),
        Overlay::BulkConfirm(confirm) => bulk::confirm_key(model, confirm, event),
        Overlay::Report(mut report) => {
            if !matches!(event.code, KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q')) {
                report.scroll = scrolled(report.scroll, report.lines.len(), event);
                model.overlay = Some(Overlay::Report(report));
            }
            Vec::new()
        }
        Overlay::Doctor(screen) => doctor::key(model, screen, event),
        Overlay::History(screen) => history::key(model, screen, event),
        Overlay::Recovery(dialog) => recovery::key(model, dialog, event),
        Overlay::Question(question) => question_key(model, question, event),
        Overlay::Path(mut prompt) => match event.code {
            KeyCode::Esc => Vec::new(),
            KeyCode::Enter if prompt.input.value().trim().is_empty() => {
                model.overlay = Some(Overlay::Path(prompt));
                Vec::new()
            }
            KeyCode::Enter => {
                changes::read_file(model, prompt.database, prompt.input.value().trim().to_owned())
            }
            _ => {
                prompt.input.handle_event(&Event::Key(*event));
                model.overlay = Some(Overlay::Path(prompt));
                Vec::new()
            }
        },
        Overlay::Confirm(confirm) => outcome::confirm_key(model, confirm, event),
        Overlay::Conflict(mut conflict) => {
            match conflict.buttons.key(event) {
                Pressed::Button(0) => {
                    outcome::give_up(model);
                    return Vec::new();
                }
                Pressed::Button(_) => {
                    return conflict.again.map(|intent| outcome::again(model, intent)).unwrap_or_default();
                }
                Pressed::Moved => {}
                Pressed::Ignored => conflict.scroll = scrolled(conflict.scroll, conflict.lines.len(), event),
            }
            model.overlay = Some(Overlay::Conflict(conflict));
            Vec::new()
        }
    }
}

/// Where a scrolled text is after a key.
pub fn scrolled(scroll: usize, lines: usize, event: &KeyEvent) -> usize {
    let last = lines.saturating_sub(1);
    match event.code {
        KeyCode::Down | KeyCode::Char('j') => (scroll + 1).min(last),
        KeyCode::Up | KeyCode::Char('k') => scroll.saturating_sub(1),
        KeyCode::PageDown | KeyCode::Char(' ') => (scroll + 10).min(last),
        KeyCode::PageUp => scroll.saturating_sub(10),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => last,
        _ => scroll,
    }
}

fn help_key(model: &mut Model, scroll: usize, event: &KeyEvent) {
    if matches!(event.code, KeyCode::Esc | KeyCode::Enter | KeyCode::Char('?' | 'q')) {
        return;
    }
    let last = last_of_help(model);
    model.overlay = Some(Overlay::Help { scroll: scrolled(scroll, last + 1, event) });
}

/// The highest line from which the help is shown to its end: some entries take two lines.
fn last_of_help(model: &Model) -> usize {
    let room = usize::from(model.size.1).saturating_sub(4).max(1);
    help::lines().len().saturating_sub(room * 2 / 3)
}

fn palette_key(model: &mut Model, mut palette: Palette, event: &KeyEvent) -> Vec<Effect> {
    let last = palette.entries().len().saturating_sub(1);
    match event.code {
        KeyCode::Esc => return Vec::new(),
        KeyCode::Enter => match palette.entry() {
            Some(Entry::Command(command)) => return general::run(model, command),
            Some(Entry::Act(act)) => return general::act(model, act),
            // The reason stands there already.
            Some(Entry::Problem(_)) => {}
            None => return Vec::new(),
        },
        KeyCode::Down => palette.chosen = (palette.chosen + 1).min(last),
        KeyCode::Up => palette.chosen = palette.chosen.saturating_sub(1),
        _ => {
            palette.input.handle_event(&Event::Key(*event));
            palette.chosen = 0;
        }
    }
    model.overlay = Some(Overlay::Palette(palette));
    Vec::new()
}

fn picker_key(model: &mut Model, mut picker: Picker, event: &KeyEvent) -> Vec<Effect> {
    let last = picker.choices.len().saturating_sub(1);
    match event.code {
        KeyCode::Esc => return Vec::new(),
        KeyCode::Enter => {
            let chosen = picker.choices.get(picker.chosen).cloned();
            return chosen.map(|to| changes::transfer_to(model, picker.transfer, to)).unwrap_or_default();
        }
        KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => picker.chosen = (picker.chosen + 1).min(last),
        KeyCode::Up | KeyCode::Char('k') | KeyCode::BackTab => {
            picker.chosen = picker.chosen.saturating_sub(1)
        }
        _ => {}
    }
    model.overlay = Some(Overlay::Picker(picker));
    Vec::new()
}

fn question_key(model: &mut Model, mut question: Question, event: &KeyEvent) -> Vec<Effect> {
    let pressed = match question.buttons.key(event) {
        Pressed::Button(pressed) => pressed,
        Pressed::Moved | Pressed::Ignored => {
            model.overlay = Some(Overlay::Question(question));
            return Vec::new();
        }
    };
    match (question.purpose, pressed) {
        (Purpose::OpenForWriting, 1) => {
            model.writing = true;
            model.toast(ToastKind::Done, "open for writing; W goes back to read-only");
            Vec::new()
        }
        (Purpose::Quit, 1) => vec![Effect::Quit],
        (Purpose::Force, 1) => outcome::force(model),
        (Purpose::TryAgain, 1) => outcome::try_again(model),
        (Purpose::EditAgain, 1) => {
            let reason = question.lines.first().map(|line| line.text.clone()).unwrap_or_default();
            outcome::edit_again(model, reason)
        }
        (Purpose::Force | Purpose::EditAgain | Purpose::TryAgain, _) => {
            outcome::give_up(model);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Pasted text, for whatever takes text.
pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let line: String = text.chars().filter(|character| !character.is_control()).collect();
    let insert = |input: &mut Input| {
        for character in line.chars() {
            input.handle(InputRequest::InsertChar(character));
        }
    };
    match &mut model.overlay {
        Some(Overlay::Path(prompt)) => insert(&mut prompt.input),
        Some(Overlay::Palette(palette)) => insert(&mut palette.input),
        Some(Overlay::Sort(picker)) => {
            insert(&mut picker.input);
            picker.typed();
        }
        Some(Overlay::Columns(chooser)) => {
            if let Some(input) = &mut chooser.finding {
                insert(input);
                chooser.typed();
            }
        }
        Some(Overlay::Facets(facets)) => {
            if let Some(prompt) = &mut facets.prompt {
                insert(&mut prompt.input);
                (prompt.chosen, prompt.error) = (None, None);
            }
        }
        Some(Overlay::Saved(list)) => list.naming.iter_mut().for_each(insert),
        Some(Overlay::Export(prompt)) => {
            let before = prompt.path().to_owned();
            insert(&mut prompt.input);
            prompt.changed(&before);
        }
        Some(Overlay::History(screen)) if screen.typing => {
            insert(&mut screen.filter);
            return history::filter_changed(model);
        }
        Some(Overlay::Environments(picker)) if picker.opening.is_none() => insert(&mut picker.input),
        Some(Overlay::Confirm(confirm)) => {
            if !confirm.notes.paste(&line) && confirm.word().is_some() {
                insert(&mut confirm.typed);
            }
        }
        Some(Overlay::BulkConfirm(confirm)) => {
            if !confirm.notes.paste(&line) && confirm.word().is_some() {
                insert(&mut confirm.typed);
            }
        }
        Some(Overlay::BulkEdit { lines, .. }) => lines.paste(text),
        Some(Overlay::Repairs { picker, .. }) => {
            insert(&mut picker.input);
            picker.changed();
        }
        Some(_) => {}
        None => {
            if let Some(editor) = &mut model.editor {
                editor.paste(text);
            } else if query::is_typing(model) {
                return query::paste(model, &line);
            }
        }
    }
    Vec::new()
}

/// The wheel over a dialog.
pub fn wheel(model: &mut Model, lines: i64) {
    let moved = |scroll: usize, count: usize| {
        (scroll as i64 + lines).clamp(0, count.saturating_sub(1) as i64) as usize
    };
    let last = last_of_help(model);
    let (databases, height) = (model.databases.len(), model.size.1);
    match &mut model.overlay {
        Some(Overlay::Databases(screen)) => screen.move_by(lines, databases, height),
        Some(Overlay::Sort(picker)) => picker.chosen = moved(picker.chosen, picker.matches().len()),
        Some(Overlay::Columns(chooser)) => chooser.cursor = moved(chooser.cursor, chooser.entries.len()),
        Some(Overlay::Facets(facets)) => facets.chosen = moved(facets.chosen, facets.counts.values.len()),
        Some(Overlay::Confirm(confirm)) => confirm.scroll_by(lines),
        Some(Overlay::BulkConfirm(confirm)) => confirm.scroll_by(lines),
        Some(Overlay::Recovery(dialog)) => dialog.scroll = moved(dialog.scroll, dialog.lines.len()),
        Some(Overlay::History(screen)) => match &mut screen.detail {
            Some(detail) => {
                let _ = detail.scroll_by(lines, usize::from(height));
            }
            None => screen.pages.move_by(lines),
        },
        Some(Overlay::Report(report)) => report.scroll = moved(report.scroll, report.lines.len()),
        Some(Overlay::Conflict(conflict)) => conflict.scroll = moved(conflict.scroll, conflict.lines.len()),
        Some(Overlay::Help { scroll }) => {
            *scroll = moved(*scroll, last + 1);
        }
        _ => {}
    }
}
