//! What a pane of all cells says of them: which answer, which do not, which hold the selected spec.

use super::pen::Piece;
use crate::app::Model;
use crate::app::cells::{Cells, Out};
use crate::app::database::{Health, label};
use crate::app::detail::difference::listed;
use crate::app::row::Failure;
use crate::app::selection::{Counterpart, Selection};
use crate::change::DatabaseName;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// The widest name in the column of cells.
const WIDEST: usize = 12;

/// What is wrong with a cell that is left out: behind its name, in a sentence.
fn trouble(out: &Out) -> &'static str {
    match out {
        Out::Late => "not answering",
        Out::Failed(Failure::Down(_)) => "down",
        Out::Failed(Failure::NoTable) => "without a table",
        Out::Failed(Failure::Failed(_)) => "failing",
    }
}

/// The cells that are left out and why: `cell2 is down`, `cell2, cell4 are not answering`.
fn left_out(cells: &Cells) -> Option<String> {
    let out: Vec<_> =
        cells.out().map(|(name, out)| (escaped(&label(name)).into_owned(), trouble(out))).collect();
    let (_, first) = out.first()?;
    let alike = out.iter().all(|(_, trouble)| trouble == first);
    let names =
        |names: &[(String, &str)]| names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let all = out.len() == cells.names().len();
    Some(match &out[..] {
        [(name, trouble)] => format!("{name} is {trouble}"),
        _ if all && alike => format!("all are {first}"),
        [_, _] if alike => format!("{} are {first}", names(&out)),
        [(one, why), (other, reason)] => format!("{one} is {why}, {other} {reason}"),
        _ if alike => format!("{} are {first}", out.len()),
        _ => format!("{} are down or not answering", out.len()),
    })
}

/// The title of the pane.
pub fn head(model: &Model, cells: &Cells, role: Role, theme: &Theme) -> Vec<Piece> {
    let mut pieces = vec![(" all cells ".to_owned(), role)];
    let (count, included) = (cells.names().len(), cells.included().count());
    match left_out(cells) {
        Some(why) => pieces.push((format!("· {included} of {count}; {why} "), Role::Warn)),
        None => pieces.push((format!("· {count} "), Role::Muted)),
    }
    if cells.names().iter().any(|name| is_disabled(model, name)) {
        pieces.push((format!("{} disabled ", theme.glyph(Glyph::Disabled)), Role::Muted));
    }
    pieces
}

/// Whether nova schedules nothing in that cell.
pub fn is_disabled(model: &Model, name: &DatabaseName) -> bool {
    model.database(name).is_some_and(|database| database.disabled)
}

/// A cell in the column of cells.
pub fn mark(model: &Model, name: &DatabaseName, theme: &Theme) -> String {
    let sign = if is_disabled(model, name) { theme.glyph(Glyph::Disabled) } else { "" };
    format!("{}{sign}", escaped(&label(name)))
}

/// How wide the column of cells is.
pub fn width(model: &Model, cells: &Cells, theme: &Theme) -> u16 {
    let widths = cells.names().iter().map(|name| mark(model, name, theme).chars().count());
    widths.max().unwrap_or(0).clamp(4, WIDEST) as u16
}

/// That the rows are those of before, or that some are missing at an end, and why.
pub fn old_rows(cells: &Cells, failure: Option<&Failure>, silent: Option<i64>) -> Option<String> {
    match (silent, failure) {
        (Some(seconds), _) => {
            let mut names: Vec<_> = cells.waited_for().cloned().collect();
            names.dedup();
            Some(format!("no answer from {} for {seconds} s", listed(&names)))
        }
        (None, Some(failure)) => Some(format!("old rows: {}; r retries", failure.sentence())),
        (None, None) => None,
    }
}

/// Why there are no rows.
pub fn empty(model: &Model, cells: &Cells, loaded: bool) -> (String, Role) {
    let answering: Vec<_> = cells.included().cloned().collect();
    let why = left_out(cells);
    match why {
        None if loaded => {
            ("no specs in any cell; m and c on the other side bring one".to_owned(), Role::Muted)
        }
        None => ("reading …".to_owned(), Role::Muted),
        Some(why) if answering.is_empty() => {
            let reason = cells.names().iter().find_map(|name| match &model.database(name)?.health {
                Health::Down { reason, .. } => Some(reason.clone()),
                _ => None,
            });
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            let all = if cells.names().len() > 2 { "no cell answers".to_owned() } else { why };
            (format!("{all}{reason}. r retries; retried by itself too"), Role::Danger)
        }
        Some(why) if loaded => (format!("no specs in {}; {why}", listed(&answering)), Role::Warn),
        Some(why) => (format!("reading …; {why}"), Role::Muted),
    }
}

/// What the cells say of the selected spec where its row is not in sight.
pub fn elsewhere(selection: &Selection, theme: &Theme) -> Vec<Piece> {
    let uuid: String = escaped(&selection.instance_uuid).chars().take(8).collect();
    let silent = selection.silent();
    let names = |names: Vec<&DatabaseName>| listed(&names.into_iter().cloned().collect::<Vec<_>>());
    let how = match selection.counterpart {
        Counterpart::Missing => {
            return vec![(format!(" {} {uuid} is in no cell ", theme.glyph(Glyph::Missing)), Role::Absent)];
        }
        Counterpart::Unknown if silent.is_empty() || selection.other_database.is_some() => return Vec::new(),
        Counterpart::Unknown if selection.is_searching() => return Vec::new(),
        Counterpart::Unknown => {
            let text = format!(" {uuid} missing ({} not asked) ", listed(&silent));
            return vec![(text, Role::Warn)];
        }
        Counterpart::Different => "different",
        Counterpart::Equal => "equal",
    };
    vec![
        (format!(" {uuid} is in {}, ", escaped(&names(selection.found_in()))), Role::Muted),
        (how.to_owned(), if how == "equal" { Role::Good } else { Role::Warn }),
        (": press ".to_owned(), Role::Muted),
        ("=".to_owned(), Role::Key),
        (" ".to_owned(), Role::Muted),
    ]
}
