//! Dialogs: confirm step, conflict, questions, choice of a database, prompt for a path.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use tui_input::Input;
use unicode_width::UnicodeWidthStr;

use super::pen::{Pen, wrapped};
use crate::app::Model;
use crate::app::database::label;
use crate::app::overlay::{Buttons, Line, Overlay, Purpose, Tone, Transfer};
use crate::spec::text::escaped;
use crate::tui::theme::{Role, Theme};

/// What a dialog consists of.
struct Picture<'a> {
    title: String,
    badge: Option<String>,
    /// Whether the badge names the environment: in its colour, then.
    banner: bool,
    border: Role,
    head: Vec<Line>,
    body: &'a [Line],
    scroll: usize,
    /// What Down would show besides, if anything.
    below: Option<String>,
    /// Whether it has the whole screen: for reading.
    whole_screen: bool,
    /// A label and the text typed behind it, with the column of the cursor.
    input: Option<(String, String, usize)>,
    buttons: Option<&'a Buttons>,
    /// Keys and what they do, left of the buttons.
    keys: &'static [(&'static str, &'static str)],
    dangerous: bool,
}

/// The keys of a confirm step.
const NOTES: &[(&str, &str)] = &[("Ctrl-R", "reason"), ("Ctrl-O", "to a file")];

/// Draws the dialog of an overlay.
pub fn draw(frame: &mut Frame<'_>, overlay: &Overlay, model: &Model, theme: &Theme) {
    let plain = |title: &str| Picture {
        title: title.to_owned(),
        badge: None,
        banner: false,
        border: Role::FocusBorder,
        head: Vec::new(),
        body: &[],
        scroll: 0,
        below: None,
        whole_screen: false,
        input: None,
        buttons: None,
        keys: &[],
        dangerous: false,
    };
    let picture = match overlay {
        Overlay::Confirm(confirm) => {
            let plan = confirm.confirmation.plan();
            let targets: Vec<_> =
                plan.operations.iter().flat_map(|operation| operation.targets()).map(label).collect();
            let mut targets_once = targets.clone();
            targets_once.dedup();
            Picture {
                badge: Some(format!(
                    "{} · writes to {}",
                    escaped(&plan.environment),
                    targets_once.join(", ")
                )),
                banner: true,
                border: Role::Warn,
                head: confirm.head.iter().cloned().chain(confirm.notes.lines()).collect(),
                body: &confirm.body,
                scroll: confirm.scroll,
                below: confirm.whole.first().map(|whole| format!("the whole text, {}", whole.size())),
                whole_screen: confirm.expanded || confirm.scroll > 0,
                input: confirm.notes.input().or_else(|| wanted(confirm.word(), &confirm.typed)),
                buttons: Some(&confirm.buttons),
                keys: NOTES,
                dangerous: true,
                ..plain("Confirm")
            }
        }
        Overlay::BulkConfirm(confirm) => {
            let plan = confirm.confirmation.plan();
            let targets: Vec<_> = plan.targets().iter().map(label).collect();
            let environment = escaped(&plan.header().environment);
            Picture {
                badge: Some(format!("{environment} · writes to {}", escaped(&targets.join(", ")))),
                banner: true,
                border: Role::Warn,
                head: confirm.head.iter().cloned().chain(confirm.notes.lines()).collect(),
                body: &confirm.body,
                scroll: confirm.scroll,
                whole_screen: confirm.scroll > 0,
                input: confirm.notes.input().or_else(|| wanted(confirm.word(), &confirm.typed)),
                buttons: Some(&confirm.buttons),
                keys: NOTES,
                dangerous: true,
                ..plain("Confirm")
            }
        }
        Overlay::Report(report) => Picture {
            body: &report.lines,
            scroll: report.scroll,
            whole_screen: report.scroll > 0,
            keys: &[("Enter", "closes")],
            ..plain(&report.title)
        },
        Overlay::Conflict(conflict) => Picture {
            badge: Some(label(&conflict.database)),
            border: Role::Warn,
            body: &conflict.lines,
            scroll: conflict.scroll,
            whole_screen: conflict.scroll > 0,
            buttons: Some(&conflict.buttons),
            ..plain("Changed by someone else")
        },
        Overlay::Question(question) => Picture {
            border: if question.purpose == Purpose::OpenForWriting { Role::Warn } else { Role::FocusBorder },
            body: &question.lines,
            buttons: Some(&question.buttons),
            dangerous: question.purpose != Purpose::EditAgain,
            ..plain(&question.title)
        },
        Overlay::Picker(picker) => {
            let verb = if picker.transfer == Transfer::Move { "Move to" } else { "Copy to" };
            let head = picker.choices.iter().enumerate().map(|(at, choice)| {
                let mark = if at == picker.chosen { ">" } else { " " };
                let tone = if at == picker.chosen { Tone::Title } else { Tone::Plain };
                Line::new(tone, format!("{mark} {}", escaped(&label(choice))))
            });
            Picture { head: head.collect(), ..plain(verb) }
        }
        Overlay::Path(prompt) => {
            let mut head = vec![Line::new(Tone::Muted, "a file with the JSON text of one RequestSpec")];
            if let Some(error) = &prompt.error {
                head.push(Line::new(Tone::Danger, escaped(error)));
            }
            Picture {
                head,
                input: Some((
                    "path:".to_owned(),
                    prompt.input.value().to_owned(),
                    prompt.input.visual_cursor(),
                )),
                ..plain(&format!("Create a spec in {}", label(&prompt.database)))
            }
        }
        Overlay::Working(what) => Picture {
            head: vec![Line::new(Tone::Plain, format!("{what} is under way …"))],
            ..plain("Working")
        },
        Overlay::Help { .. } | Overlay::Palette(_) | Overlay::Databases(_) | Overlay::Environments(_) => {
            return;
        }
        Overlay::Recovery(recovery) => Picture {
            border: Role::Warn,
            body: &recovery.lines,
            scroll: recovery.scroll,
            whole_screen: recovery.scroll > 0,
            buttons: Some(&recovery.buttons),
            dangerous: true,
            ..plain("Interrupted changes")
        },
        Overlay::History(_)
        | Overlay::Doctor(_)
        | Overlay::BulkEdit { .. }
        | Overlay::Repairs { .. }
        | Overlay::Destination { .. }
        | Overlay::Work(_)
        | Overlay::Sort(_)
        | Overlay::Columns(_)
        | Overlay::Facets(_)
        | Overlay::Saved(_)
        | Overlay::Export(_) => {
            return;
        }
    };
    paint(frame, &picture, model, theme);
}

/// The word that confirms, where one is wanted.
fn wanted(word: Option<&str>, typed: &Input) -> Option<(String, String, usize)> {
    word.map(|word| {
        (format!("type {} to confirm:", escaped(word)), typed.value().to_owned(), typed.visual_cursor())
    })
}

/// What a tone is drawn as.
pub fn role(tone: Tone) -> Role {
    match tone {
        Tone::Plain => Role::Text,
        Tone::Muted => Role::Muted,
        Tone::Title => Role::Title,
        Tone::Good => Role::Good,
        Tone::Warn => Role::Warn,
        Tone::Danger => Role::Danger,
        Tone::Added => Role::Added,
        Tone::Removed => Role::Removed,
    }
}

fn folded(lines: &[Line], width: usize) -> Vec<(String, Role)> {
    lines
        .iter()
        .flat_map(|line| wrapped(&line.text, width).into_iter().map(|text| (text, role(line.tone))))
        .collect()
}

/// Text is wrapped to so many columns at most: longer lines are hard to read.
const WIDEST: usize = 90;
/// Less than so many columns of the screen behind a dialog, both sides together, are no use.
pub const SLIVER_COLUMNS: u16 = 24;
/// Nor less than so many lines.
const SLIVER_LINES: u16 = 6;

/// The extent of a dialog: as wanted, or all there is where little would be left beside it.
pub fn sized(wanted: u16, all: u16, sliver: u16, whole: bool) -> u16 {
    if whole || wanted.saturating_add(sliver) > all { all } else { wanted }
}

fn paint(frame: &mut Frame<'_>, picture: &Picture<'_>, model: &Model, theme: &Theme) {
    let screen = frame.area();
    let widest = picture.head.iter().chain(picture.body).map(|line| line.text.width()).max().unwrap_or(0);
    let least = if picture.body.len() > 6 { 76 } else { 46 };
    let width =
        sized((widest + 6).clamp(least, WIDEST) as u16, screen.width, SLIVER_COLUMNS, picture.whole_screen);
    let inner = width.saturating_sub(4);
    let head = folded(&picture.head, usize::from(inner));
    // Lines in front of the first one shown need not be wrapped: long texts stay cheap.
    let body = folded(&picture.body[picture.scroll.min(picture.body.len())..], usize::from(inner));
    let has_foot = picture.buttons.is_some() || !picture.keys.is_empty();
    let extra = 2 * u16::from(picture.input.is_some()) + 2 * u16::from(has_foot);
    let gap = u16::from(!head.is_empty() && !body.is_empty());
    let wanted = 2 + head.len() as u16 + gap + body.len().min(500) as u16 + extra;
    let height = sized(wanted.max(3), screen.height, SLIVER_LINES, picture.whole_screen);
    let area = Rect {
        x: screen.width.saturating_sub(width) / 2,
        y: screen.height.saturating_sub(height) / 2,
        width,
        height,
    };
    let mut cursor = None;
    {
        let mut pen = Pen::new(frame, area, theme);
        pen.clear();
        let title = [(format!(" {} ", picture.title), Role::Title)];
        let badge: Vec<_> = picture.badge.iter().map(|badge| (format!(" {badge} "), Role::Warn)).collect();
        let bottom = height.saturating_sub(1 + extra);
        let room = usize::from(bottom.saturating_sub(1 + head.len() as u16 + gap));
        let hidden = body.len() > room || picture.scroll > 0;
        let foot = match &picture.below {
            Some(below) => {
                Some(vec![(" Down".to_owned(), Role::Key), (format!(" shows {below} "), Role::Muted)])
            }
            None => hidden.then(|| {
                let text =
                    format!(" line {} of {} · Up/Down scroll ", picture.scroll + 1, picture.body.len());
                vec![(text, Role::Muted)]
            }),
        };
        let foot = foot.unwrap_or_default();
        pen.border(picture.border, [&title, &badge, &[], &foot]);
        let wide: u16 = badge.iter().map(|(text, _)| text.width() as u16).sum();
        if picture.banner && model.colour.is_some() && wide + 1 + (picture.title.width() as u16) + 2 < width {
            pen.restyle(width - 1 - wide, 0, wide, theme.banner(model.colour));
        }
        let mut line = 1;
        for (text, role) in &head {
            if line >= bottom {
                break;
            }
            pen.text(2, line, inner, text, *role);
            line += 1;
        }
        line += gap;
        for (text, role) in body.iter().take(room) {
            pen.text(2, line, inner, text, *role);
            line += 1;
        }
        if let Some((label, typed, at)) = &picture.input {
            let y = bottom + 1;
            let end = pen.text(2, y, inner, label, Role::Label);
            let shown = escaped(typed);
            pen.text(end + 1, y, inner.saturating_sub(end), &shown, Role::Value);
            cursor = Some(Position { x: area.x + end + 1 + *at as u16, y: area.y + y });
        }
        let buttons_wide = picture
            .buttons
            .map_or(0, |buttons| buttons.labels.iter().map(|label| label.width() as u16 + 6).sum::<u16>());
        let mut at = 2;
        for (key, what) in picture.keys {
            let wide = (key.width() + 1 + what.width()) as u16;
            if at + wide + buttons_wide + 2 > width {
                break;
            }
            at = pen.text(at, height.saturating_sub(2), wide, key, Role::Key);
            at = pen.text(at + 1, height.saturating_sub(2), wide, what, Role::Muted) + 2;
        }
        if let Some(buttons) = picture.buttons {
            let mut at = width.saturating_sub(buttons_wide).max(1);
            let y = height.saturating_sub(2);
            for (index, label) in buttons.labels.iter().enumerate() {
                let chosen = index == buttons.chosen;
                // Marked by signs too: colour alone says nothing.
                let text = if chosen { format!("[ {label} ]") } else { format!("  {label}  ") };
                let role = match (chosen, index > 0 && picture.dangerous) {
                    (true, true) => Role::WriteBadge,
                    (true, false) => Role::Active,
                    (false, _) => Role::Text,
                };
                at = pen.text(at, y, width.saturating_sub(at + 1), &text, role) + 2;
            }
        }
    }
    if let Some(cursor) = cursor.filter(|cursor| screen.contains(*cursor)) {
        frame.set_cursor_position(cursor);
    }
}
