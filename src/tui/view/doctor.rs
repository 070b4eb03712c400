//! The screen of findings over all databases.
//!
//! ```text
//! ┌ Findings ──────────────────────── 12 errors · 3,204 warnings ┐
//! │ examining cell1: 12,000 of 50,000 specs                       │
//! │   CODE   WEIGHT       N  WHAT                     REPAIR      │
//! │ ▸ RS001  error       12  nova cannot load it                  │
//! ├ RS001 unloadable ────────────────────────────────────────────┤
//! │ What follows from it and what to do. API 12                   │
//! └ ⏎ lists its specs  x repairs all  * marks all  Esc back ─────┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::history::keys;
use super::pen::{Pen, Piece, wrapped};
use super::sheet;
use crate::app::Model;
use crate::app::bulk::work::duration;
use crate::app::database::{label, spoken};
use crate::app::doctor::{Doctor, Found};
use crate::app::words::{age, grouped};
use crate::lint::Severity;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// Lines of the part about the chosen rule, on a screen of that height.
fn about_lines(height: u16) -> u16 {
    match height {
        0..14 => 0,
        14..26 => 6,
        _ => 9,
    }
}

fn weight(severity: Severity) -> Role {
    match severity {
        Severity::Error => Role::Danger,
        Severity::Warning => Role::Warn,
        Severity::Notice => Role::Muted,
    }
}

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, doctor: &Doctor, model: &Model, theme: &Theme) {
    let all = frame.area();
    let top = u16::from(all.height > 3);
    let area = Rect { y: all.y + top, height: all.height - top, ..all };
    let mut pen = Pen::new(frame, area, theme);
    pen.clear();
    match (doctor.listing, doctor.chosen()) {
        (Some(chosen), Some(found)) => specs(&mut pen, found, chosen, theme),
        _ => rules(&mut pen, doctor, model, theme),
    }
}

/// How many errors, warnings and notices there are.
fn summary(doctor: &Doctor) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Notice] {
        let of = doctor.report.found.iter().filter(|found| found.rule.severity == severity);
        let count: u64 = of.map(Found::total).sum();
        if count > 0 {
            let plural = if count == 1 { "" } else { "s" };
            pieces.push((format!(" {} {}{plural} ", grouped(count), severity.word()), weight(severity)));
        }
    }
    pieces
}

/// What the pass does, or when it ended.
fn state(doctor: &Doctor, model: &Model) -> (String, Role) {
    let report = &doctor.report;
    let passed = match report.total {
        Some(total) => format!("{} of {} specs", grouped(report.passed), grouped(total)),
        None => format!("{} specs", grouped(report.passed)),
    };
    let seconds = u64::try_from(doctor.ended.unwrap_or(model.now) - doctor.since).unwrap_or(0);
    match doctor.ended {
        None => {
            let rate = report.passed.checked_div(seconds).map(|rate| format!(" · {}/s", grouped(rate)));
            let rate = rate.unwrap_or_default();
            (format!("{}: {passed} · {}{rate}", report.step, duration(seconds)), Role::Text)
        }
        Some(ended) => {
            let ago = match age(model.now - ended).as_str() {
                "now" => String::new(),
                age => format!(", {age} ago"),
            };
            let (how, role) = match (report.finished, report.failures.is_empty()) {
                (true, true) => ("examined", Role::Good),
                (true, false) => ("examined, not all of it is known", Role::Warn),
                (false, _) => ("stopped", Role::Warn),
            };
            (format!("{passed} {how} in {}{ago}", duration(seconds)), role)
        }
    }
}

fn rules(pen: &mut Pen<'_>, doctor: &Doctor, model: &Model, theme: &Theme) {
    let (width, height) = (pen.area.width, pen.area.height);
    let inner = width.saturating_sub(4);
    let running: &[(&str, &str)] = &[("Enter", "lists its specs"), ("Esc", "stops it")];
    let ended: &[(&str, &str)] = &[
        ("Enter", "lists its specs"),
        ("x", "repairs all"),
        ("*", "marks all"),
        ("r", "examines anew"),
        ("Esc", "back"),
    ];
    let foot = keys(if doctor.request.is_some() { running } else { ended }, width.saturating_sub(3), theme);
    let title = [(" Findings ".to_owned(), Role::Title)];
    pen.border(Role::FocusBorder, [&title, &summary(doctor), &foot, &[]]);
    let (text, role) = state(doctor, model);
    pen.text(2, 1, inner, &escaped(&text), role);
    let mut line = 2;
    if doctor.request.is_some()
        && let Some(total) = doctor.report.total.filter(|total| *total > 0)
    {
        let part = (u128::from(doctor.report.passed.min(total)) * 1_000 / u128::from(total)) as u64;
        pen.pieces(2, line, inner, &sheet::bar(part, inner.min(70), theme));
        line += 1;
    }
    let about = about_lines(height);
    let room = height.saturating_sub(line + 2 + about);
    let repair_at = width.saturating_sub(22);
    let shows_repair = width >= 76;
    let what = if shows_repair { repair_at.saturating_sub(29) } else { width.saturating_sub(31) };
    for (at, head) in [(4, "CODE"), (11, "WEIGHT"), (24, "N"), (28, "WHAT")] {
        pen.text(at, line, 10, head, Role::Muted);
    }
    if shows_repair {
        pen.text(repair_at, line, 20, "REPAIR", Role::Muted);
    }
    line += 1;
    let found = &doctor.report.found;
    if found.is_empty() {
        let text = match (doctor.ended, doctor.report.finished) {
            (None, _) => "nothing found yet",
            (Some(_), true) => "nothing is wrong with any spec",
            (Some(_), false) => "nothing was found before it was stopped",
        };
        pen.text(4, line, inner, text, Role::Muted);
    }
    let first = (doctor.chosen + 1).saturating_sub(usize::from(room.max(1)));
    for (line, (at, found)) in (line..line + room).zip(found.iter().enumerate().skip(first)) {
        let rule = found.rule;
        pen.text(4, line, 6, rule.code, Role::Label);
        pen.text(11, line, 7, rule.severity.word(), weight(rule.severity));
        let total = grouped(found.total());
        pen.text(25_u16.saturating_sub(total.width() as u16), line, 9, &total, Role::Value);
        if !found.unknown.is_empty() {
            pen.text(25, line, 1, "?", Role::Warn);
        }
        pen.text(28, line, what, rule.title, Role::Text);
        if let (Some(fix), true) = (rule.fix, shows_repair) {
            pen.text(repair_at, line, 20, fix, Role::Text);
        }
        if at == doctor.chosen {
            pen.text(2, line, 1, theme.glyph(Glyph::Cursor), Role::Title);
            pen.restyle(1, line, width.saturating_sub(2), theme.style(Role::Selected));
        }
    }
    if about > 0 {
        part_below(pen, height.saturating_sub(1 + about), doctor, theme);
    }
}

/// What is said of the chosen rule, and of databases that did not tell.
fn part_below(pen: &mut Pen<'_>, line: u16, doctor: &Doctor, theme: &Theme) {
    let (width, height) = (pen.area.width, pen.area.height);
    let inner = width.saturating_sub(4);
    let across = if theme.ascii { "-" } else { "─" };
    let [left, right] = if theme.ascii { ["+", "+"] } else { ["├", "┤"] };
    pen.text(0, line, 1, left, Role::FocusBorder);
    pen.text(
        1,
        line,
        width.saturating_sub(2),
        &across.repeat(usize::from(width.saturating_sub(2))),
        Role::FocusBorder,
    );
    pen.text(width.saturating_sub(1), line, 1, right, Role::FocusBorder);
    let mut told: Vec<Piece> = Vec::new();
    if let Some(found) = doctor.chosen() {
        let rule = found.rule;
        pen.text(2, line, inner, &format!(" {} {} ", rule.code, rule.name), Role::Title);
        if found.total() > 0 {
            told.push((found.by_database(), Role::Value));
        }
        for (database, count) in &found.unknown {
            let text = format!("not known of {} specs in {}", grouped(*count), label(database));
            told.push((text, Role::Warn));
        }
    }
    for (database, reason) in &doctor.report.failures {
        told.push((format!("{}: {}", label(database), spoken(reason)), Role::Danger));
    }
    told.extend(doctor.chosen().map(|found| (found.rule.doc.to_owned(), Role::Text)));
    let mut line = line + 1;
    for (text, role) in told {
        for part in wrapped(&escaped(&text), usize::from(inner)) {
            if line + 1 >= height {
                return;
            }
            pen.text(2, line, inner, &part, role);
            line += 1;
        }
    }
}

fn specs(pen: &mut Pen<'_>, found: &Found, chosen: usize, theme: &Theme) {
    let (width, height) = (pen.area.width, pen.area.height);
    let rule = found.rule;
    let shown = found.examples.len() as u64;
    let place = match shown < found.total() {
        true => format!(
            " {} of the first {} of {} ",
            grouped(chosen as u64 + 1),
            grouped(shown),
            grouped(found.total())
        ),
        false => format!(" {} of {} ", grouped(chosen as u64 + 1), grouped(shown)),
    };
    let all = [("Enter", "shows it"), ("x", "repairs all"), ("*", "marks all"), ("Esc", "back")];
    let foot = keys(&all, width.saturating_sub(3 + place.width() as u16), theme);
    let title = [(format!(" {} {} ", rule.code, rule.title), Role::Title)];
    pen.border(Role::FocusBorder, [&title, &[], &foot, &[(place, Role::Muted)]]);
    let names = found.examples.iter().map(|spec| escaped(&label(&spec.database)).width() as u16);
    let name = names.max().unwrap_or(3).clamp(3, 14);
    let uuid = if width >= 100 { 36 } else { 8 };
    let sentence = 4 + name + 2 + uuid + 2;
    // What is wrong with the chosen one stands below in full.
    let told = match found.examples.get(chosen) {
        Some(spec) if height >= 14 => wrapped(&escaped(&spec.sentence), usize::from(width.saturating_sub(4))),
        _ => Vec::new(),
    };
    let told: Vec<_> = if told.len() > 1 { told.into_iter().take(5).collect() } else { Vec::new() };
    let below = if told.is_empty() { 0 } else { told.len() as u16 + 1 };
    let end = height.saturating_sub(1 + below);
    for (line, text) in (end + 1..height.saturating_sub(1)).zip(&told) {
        pen.text(2, line, width.saturating_sub(4), text, Role::Warn);
    }
    let room = usize::from(end.saturating_sub(1));
    let first = (chosen + 1).saturating_sub(room.max(1));
    let lines = (1..end).zip(found.examples.iter().enumerate().skip(first));
    for (line, (at, spec)) in lines {
        pen.text(4, line, name, &escaped(&label(&spec.database)), Role::Label);
        let shown: String = escaped(&spec.instance_uuid).chars().take(usize::from(uuid)).collect();
        pen.text(4 + name + 2, line, uuid, &shown, Role::Value);
        pen.text(sentence, line, width.saturating_sub(sentence + 2), &escaped(&spec.sentence), Role::Text);
        if at == chosen {
            pen.text(2, line, 1, theme.glyph(Glyph::Cursor), Role::Title);
            pen.restyle(1, line, width.saturating_sub(2), theme.style(Role::Selected));
        }
    }
}
