//! The choices of an order and of columns, the saved queries, the prompt for a file.

use ratatui::Frame;
use unicode_width::UnicodeWidthStr;

use super::sheet::{Cell, Entry, Sheet, Typed, draw, room};
use crate::app::Model;
use crate::app::columns::ColumnChooser;
use crate::app::exporting::{ExportPrompt, Format};
use crate::app::saved::SavedQueries;
use crate::app::sorting::SortPicker;
use crate::query::Order;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// The way of an order, as heads of columns show it.
pub fn way(order: &Order, theme: &Theme) -> &'static str {
    theme.glyph(if order.descending { Glyph::Descending } else { Glyph::Ascending })
}

/// The width of the column of names.
fn name_width<'a>(names: impl Iterator<Item = &'a str>) -> u16 {
    names.map(|name| escaped(name).width() as u16).max().unwrap_or(8).clamp(8, 26)
}

/// Draws the choice of an order.
pub fn sort(frame: &mut Frame<'_>, picker: &SortPicker, theme: &Theme) {
    let matches = picker.matches();
    let name = name_width(matches.iter().map(|choice| &*choice.field.name));
    let entries = matches.iter().enumerate().map(|(at, choice)| {
        let order = Order::by(choice.field.clone(), picker.descending(&choice.field));
        let mut cells: Vec<Cell> = vec![
            (4, name, escaped(&choice.field.name).into_owned(), Role::Value),
            (8 + name, 80, choice.help.to_owned(), Role::Muted),
        ];
        if at == picker.chosen {
            cells.push((5 + name, 2, way(&order, theme).to_owned(), Role::Title));
        }
        Entry { cells }
    });
    let now = format!(" now {} {} ", escaped(&picker.current.field.name), way(&picker.current, theme));
    let turn = if theme.ascii { "^ v" } else { "▲ ▼" };
    let sheet = Sheet {
        title: [vec![(" Sort by ".to_owned(), Role::Title)], vec![(now, Role::Muted)]],
        keys: &[("Enter", "sorts"), ("Tab", turn), ("Esc", "leaves it")],
        typed: Some(Typed {
            sign: "/",
            text: picker.input.value(),
            cursor: Some(picker.input.cursor()),
            hint: "type to narrow, or a key or path: extra.hw:cpu_policy, $.limits",
        }),
        lines: entries.len().clamp(1, 14) as u16,
        entries: entries.collect(),
        chosen: Some(picker.chosen),
        nothing: "no field has this in its name or meaning",
        told: Vec::new(),
        width: 84,
    };
    draw(frame, &sheet, theme);
}

/// Draws the choice of columns.
pub fn columns(frame: &mut Frame<'_>, chooser: &ColumnChooser, model: &Model, theme: &Theme) {
    let name = name_width(chooser.entries.iter().map(|choice| &*choice.field.name));
    let entries: Vec<_> = chooser
        .entries
        .iter()
        .enumerate()
        .map(|(at, choice)| {
            let shown = at < chooser.shown;
            let (tick, role) = if shown { ("[x]", Role::Title) } else { ("[ ]", Role::Absent) };
            Entry {
                cells: vec![
                    (4, 3, tick.to_owned(), role),
                    (
                        8,
                        name,
                        escaped(&choice.field.name).into_owned(),
                        if shown { Role::Value } else { Role::Text },
                    ),
                    (10 + name, 80, choice.help.to_owned(), Role::Muted),
                ],
            }
        })
        .collect();
    let how = if chooser.automatic { " automatic: as many as fit " } else { " chosen " };
    let mut told = Vec::new();
    if let Some(error) = &chooser.error {
        told.push((escaped(error).into_owned(), Role::Danger));
    } else if chooser.finding.is_none() && !model.environment.is_empty() {
        told.push((format!("kept for {}", escaped(&model.environment)), Role::Muted));
    }
    let finding: &[(&str, &str)] = &[("Enter", "shows it"), ("Esc", "back")];
    let keys: &[(&str, &str)] = &[
        ("Enter", "keeps"),
        ("Space", "on/off"),
        ("J K", "move"),
        ("/", "find"),
        ("a", "automatic"),
        ("Esc", "leaves it"),
    ];
    let input = chooser.finding.as_ref();
    let sheet = Sheet {
        title: [vec![(" Columns ".to_owned(), Role::Title)], vec![(how.to_owned(), Role::Muted)]],
        keys: if input.is_some() { finding } else { keys },
        typed: Some(Typed {
            sign: "/",
            text: input.map(|input| input.value()).unwrap_or_default(),
            cursor: input.map(|input| input.cursor()),
            hint: "finds a field, or adds a key or path: extra.hw:cpu_policy, $.limits",
        }),
        lines: entries.len().clamp(1, 18) as u16,
        entries,
        chosen: Some(chooser.cursor),
        nothing: "",
        told,
        width: 84,
    };
    draw(frame, &sheet, theme);
}

/// Draws the saved queries.
pub fn saved(frame: &mut Frame<'_>, list: &SavedQueries, model: &Model, theme: &Theme) {
    let queries = &model.settings.queries;
    let name = name_width(queries.iter().map(|(name, _)| name.as_str()));
    let entries: Vec<_> = queries
        .iter()
        .map(|(known, text)| Entry {
            cells: vec![
                (4, name, escaped(known).into_owned(), Role::Label),
                (6 + name, 200, escaped(text).into_owned(), Role::Value),
            ],
        })
        .collect();
    let mut told = Vec::new();
    if let (true, Some((name, _))) = (list.deleting, queries.get(list.chosen)) {
        told.push((
            format!("delete {}? D again deletes it, any other key keeps it", escaped(name)),
            Role::Danger,
        ));
    } else if let Some((name, text)) = &list.replacing {
        let name = escaped(name);
        told.push((
            format!("there is another {name}: y replaces it, any other key keeps it; its text would be"),
            Role::Danger,
        ));
        told.push((escaped(text).into_owned(), Role::Value));
    } else if let Some(error) = &list.error {
        told.push((escaped(error).into_owned(), Role::Danger));
    } else if let Some(query) = model.query() {
        let what = if list.naming.is_some() { "saves" } else { "s saves the present one:" };
        told.push((format!("{what} {}", escaped(query.text.trim())), Role::Muted));
    }
    let naming: &[(&str, &str)] = &[("Enter", "saves"), ("Esc", "back")];
    let keys: &[(&str, &str)] =
        &[("Enter", "runs"), ("s", "save present"), ("D", "delete"), ("Esc", "leaves")];
    let typed = list.naming.as_ref().map(|input| Typed {
        sign: "name:",
        text: input.value(),
        cursor: Some(input.cursor()),
        hint: "letters, digits, - _ .",
    });
    let sheet = Sheet {
        title: [vec![(" Saved queries ".to_owned(), Role::Title)], Vec::new()],
        keys: if list.naming.is_some() { naming } else { keys },
        typed,
        lines: entries.len().clamp(2, 14) as u16,
        chosen: (!entries.is_empty()).then_some(list.chosen),
        entries,
        nothing: "none yet: type one with /, keep it with Enter, then Q and s save it",
        told,
        width: 84,
    };
    draw(frame, &sheet, theme);
}

/// Draws the prompt for a file.
pub fn export(frame: &mut Frame<'_>, prompt: &ExportPrompt, model: &Model, theme: &Theme) {
    let entries: Vec<_> = Format::ALL
        .iter()
        .map(|format| Entry {
            cells: vec![
                (4, 8, format.name().to_owned(), Role::Label),
                (13, 80, format.help().to_owned(), Role::Muted),
            ],
        })
        .collect();
    let mut told = Vec::new();
    if let Some(error) = &prompt.error {
        told.push((escaped(error).into_owned(), Role::Danger));
        if prompt.is_in_the_way() {
            told.push(("Ctrl-O writes in the place of a file that is there".to_owned(), Role::Muted));
        }
    } else if let Some(query) = model.current().and_then(|pane| pane.query()) {
        told.push((format!("the rows of {}", escaped(query.text.trim())), Role::Muted));
    } else {
        told.push(("all rows of the pane, in its order".to_owned(), Role::Muted));
    }
    let chosen = Format::ALL.iter().position(|format| *format == prompt.format);
    let sheet = Sheet {
        title: [vec![(" Export ".to_owned(), Role::Title)], Vec::new()],
        keys: &[("Enter", "writes"), ("Tab", "format"), ("Esc", "leaves it")],
        typed: Some(Typed {
            sign: "to:",
            text: prompt.input.value(),
            cursor: Some(prompt.input.cursor()),
            hint: "a path; ~/ is the home directory",
        }),
        lines: entries.len() as u16,
        entries,
        chosen,
        nothing: "",
        told,
        width: 76.min(room(frame, 76) + 4),
    };
    draw(frame, &sheet, theme);
}
