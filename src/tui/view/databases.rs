//! The screen of all databases: a table, and below it what is known of the chosen one.
//!
//! ```text
//!  title
//! ┌ Databases ─────────────────────────────────── 51 · 48 up, 2 down, 1 disabled ┐
//! │   NAME    STATE      PRODUCT            ROWS  LATENCY  RIGHTS   ADDRESS      │
//! │ ▸ API     ● up       MariaDB 10.11.19  1,204   0.4 ms  write    mysql://…    │
//! │   cell7   ○ down     the server refused the connection …                     │
//! ├ cell7 ───────────────────────────────────────────────────────────────────────┤
//! │ address   mysql://nova:***@10.0.0.7:3306/nova_cell7                          │
//! └ ⏎ shows it  r asks again  Esc back ───────────────────────────────── 2 of 51 ┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::health::{duration, sign};
use super::pen::{Pen, Piece, wrapped};
use crate::app::Model;
use crate::app::database::{Database, Health, Rights, State, label};
use crate::app::databases::Databases;
use crate::app::words::grouped;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// Columns of a label in the part about the chosen one.
const LABEL: u16 = 10;

/// The columns of the table: head, first column, width, whether at the right of it.
struct Columns {
    name: (u16, u16),
    state: (u16, u16),
    product: (u16, u16),
    rows: (u16, u16),
    latency: (u16, u16),
    rights: (u16, u16),
    table: Option<(u16, u16)>,
    address: Option<(u16, u16)>,
}

impl Columns {
    fn of(model: &Model, width: u16) -> Self {
        let names = model.databases.iter().map(|database| escaped(&label(&database.name)).width() as u16);
        let wide = width >= 96;
        let gap = if wide { 2 } else { 1 };
        let most = if wide { 24 } else { 12 };
        let mut at = 3;
        let mut column = |width: u16| {
            let here = (at, width);
            at += width + gap;
            here
        };
        let (name, state) = (column(names.max().unwrap_or(4).clamp(4, most)), column(12));
        let (product, rows, latency, rights) = (column(17), column(9), column(8), column(9));
        let table = (width >= 132).then(|| column(7));
        let rest = width.saturating_sub(at + 1);
        let address = (rest >= 12).then_some((at, rest));
        Self { name, state, product, rows, latency, rights, table, address }
    }
}

/// Below the title, which names the environment.
fn area(screen: Rect) -> Rect {
    let top = u16::from(screen.height > 3);
    Rect { y: screen.y + top, height: screen.height - top, ..screen }
}

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, screen: &Databases, model: &Model, theme: &Theme) {
    let area = area(frame.area());
    let mut pen = Pen::new(frame, area, theme);
    pen.clear();
    let count = model.databases.len();
    let title = [(" Databases ".to_owned(), Role::Title)];
    let place =
        [(format!(" {} of {} ", grouped(screen.chosen as u64 + 1), grouped(count as u64)), Role::Muted)];
    let enter = if theme.ascii { " Enter" } else { " ⏎" };
    let mut keys = Vec::new();
    for (key, what) in [(enter, " shows it "), (" r", " asks again "), (" Esc", " back ")] {
        keys.extend([(key.to_owned(), Role::Key), (what.to_owned(), Role::Muted)]);
    }
    pen.border(Role::FocusBorder, [&title, &summary(model), &keys, &place]);
    let width = area.width.saturating_sub(2);
    let columns = Columns::of(model, width);
    heads(&mut pen, &columns);
    let room = Databases::room(model.size.1).min(usize::from(area.height.saturating_sub(3)));
    let rows = model.databases.iter().enumerate().skip(screen.top).take(room);
    let mut line = 2;
    for (at, database) in rows {
        row(&mut pen, line, (database, at == screen.chosen), &columns, model, theme);
        line += 1;
    }
    if let (Some(database), true) = (model.databases.get(screen.chosen), line + 2 < area.height) {
        about(&mut pen, line, database, model, theme);
    }
}

/// How many there are, and in which state.
fn summary(model: &Model) -> Vec<Piece> {
    let of = |state| model.databases.iter().filter(|database| database.state(model.now) == state).count();
    let mut pieces = vec![(format!(" {}", grouped(model.databases.len() as u64)), Role::Muted)];
    let mut between = ": ";
    for state in State::ALL.into_iter().rev() {
        let (count, role) = (of(state), if state.is_trouble() { Role::Warn } else { Role::Muted });
        if count > 0 {
            pieces.push((format!("{between}{} {}", grouped(count as u64), state.word()), role));
            between = ", ";
        }
    }
    pieces.push((" ".to_owned(), Role::Muted));
    pieces
}

fn right(pen: &mut Pen<'_>, line: u16, (at, width): (u16, u16), text: &str, role: Role) {
    let start = at + width.saturating_sub(text.width() as u16);
    pen.text(start, line, width, text, role);
}

fn heads(pen: &mut Pen<'_>, columns: &Columns) {
    for ((at, width), head) in [
        (columns.name, "NAME"),
        (columns.state, "STATE"),
        (columns.product, "PRODUCT"),
        (columns.rights, "RIGHTS"),
    ] {
        pen.text(at, 1, width, head, Role::Muted);
    }
    right(pen, 1, columns.rows, "ROWS", Role::Muted);
    right(pen, 1, columns.latency, "LATENCY", Role::Muted);
    if let Some((at, width)) = columns.table {
        pen.text(at, 1, width, "TABLE", Role::Muted);
    }
    if let Some((at, width)) = columns.address {
        pen.text(at, 1, width, "ADDRESS", Role::Muted);
    }
}

fn row(
    pen: &mut Pen<'_>,
    line: u16,
    (database, chosen): (&Database, bool),
    columns: &Columns,
    model: &Model,
    theme: &Theme,
) {
    let state = database.state(model.now);
    let (sign, role) = sign(state, theme);
    if chosen {
        pen.text(1, line, 1, theme.glyph(Glyph::Cursor), Role::Title);
    }
    pen.text(columns.name.0, line, columns.name.1, &escaped(&label(&database.name)), Role::Value);
    pen.text(columns.state.0, line, columns.state.1, &format!("{sign} {}", state.word()), role);
    let nothing = theme.glyph(Glyph::Nothing);
    let width = pen.area.width;
    if let Some(cause) = database.cause() {
        let rest = width.saturating_sub(columns.product.0 + 2);
        pen.text(columns.product.0, line, rest, &escaped(cause), Role::Danger);
    } else {
        let said = database.said.as_ref();
        let product = said.map_or(nothing.into(), |said| escaped(&said.product));
        pen.text(columns.product.0, line, columns.product.1, &product, role_of(said.is_some(), Role::Text));
        let rows = database.count.map_or_else(|| nothing.to_owned(), grouped);
        right(pen, line, columns.rows, &rows, role_of(database.count.is_some(), Role::Text));
        let (latency, role) = match (database.silent_for(model.now), said) {
            (Some(seconds), _) => (format!("> {seconds} s"), Role::Warn),
            (None, Some(said)) => {
                let role = if database.latency().is_some() { Role::Warn } else { Role::Text };
                (duration(said.round_trip), role)
            }
            (None, None) => (nothing.to_owned(), Role::Absent),
        };
        right(pen, line, columns.latency, &latency, role);
        let (rights, role) = match said.map(|said| &said.rights) {
            Some(Rights::Write) => ("write", Role::Text),
            Some(Rights::ReadOnly(_)) => ("read-only", Role::Warn),
            Some(Rights::Unknown) => ("not known", Role::Muted),
            None => (nothing, Role::Absent),
        };
        pen.text(columns.rights.0, line, columns.rights.1, rights, role);
        if let Some((at, width)) = columns.table {
            let (table, role) = match said.map(|said| said.has_table) {
                Some(true) => ("there", Role::Text),
                Some(false) => ("missing", Role::Warn),
                None => (nothing, Role::Absent),
            };
            pen.text(at, line, width, table, role);
        }
        if let Some((at, width)) = columns.address {
            pen.text(at, line, width, &escaped(short(&database.location)), Role::Muted);
        }
    }
    if chosen {
        pen.restyle(1, line, width.saturating_sub(2), theme.style(Role::Selected));
    }
}

/// What tells one address from another: host and database of a URL, the file of a path.
fn short(location: &str) -> &str {
    let place = location.split('?').next().unwrap_or(location);
    match (place.rsplit_once('@'), place.split_once("://")) {
        (Some((_, host)), _) => host,
        (None, Some((scheme, rest))) if !scheme.starts_with("sqlite") => rest,
        _ => place.rsplit('/').next().unwrap_or(place),
    }
}

fn role_of(known: bool, role: Role) -> Role {
    if known { role } else { Role::Absent }
}

/// What is known of the chosen one, from that line on.
fn about(pen: &mut Pen<'_>, line: u16, database: &Database, model: &Model, theme: &Theme) {
    let (width, height) = (pen.area.width, pen.area.height);
    let across = if theme.ascii { "-" } else { "─" };
    let [left, right] = if theme.ascii { ["+", "+"] } else { ["├", "┤"] };
    let rule = across.repeat(usize::from(width.saturating_sub(2)));
    pen.text(0, line, 1, left, Role::FocusBorder);
    pen.text(1, line, width.saturating_sub(2), &rule, Role::FocusBorder);
    pen.text(width.saturating_sub(1), line, 1, right, Role::FocusBorder);
    let name = format!(" {} ", escaped(&label(&database.name)));
    pen.text(1, line, width.saturating_sub(2), &name, Role::Title);

    let mut line = line + 1;
    let room = width.saturating_sub(LABEL + 4);
    for (label, text, role) in facts(database, model, theme) {
        let mut head = label;
        for part in wrapped(&escaped(&text), usize::from(room)) {
            if line + 1 >= height {
                return;
            }
            pen.text(2, line, LABEL, std::mem::take(&mut head), Role::Label);
            pen.text(LABEL + 2, line, room, &part, role);
            line += 1;
        }
    }
}

/// Label, text, and what it means.
fn facts(database: &Database, model: &Model, theme: &Theme) -> Vec<(&'static str, String, Role)> {
    let state = database.state(model.now);
    let (_, role) = sign(state, theme);
    let mut facts = vec![("state", state_sentence(database, model), role)];
    facts.push(("address", database.location.clone(), Role::Text));
    facts.push(("from", database.origin.clone(), Role::Muted));
    let Some(said) = &database.said else { return facts };
    facts.push(match &said.rights {
        Rights::Write => ("rights", "read and write".to_owned(), Role::Text),
        Rights::ReadOnly(why) => ("rights", format!("read only: {why}"), Role::Warn),
        Rights::Unknown => ("rights", "not known: a write may be refused".to_owned(), Role::Muted),
    });
    facts.push(match said.has_table {
        true => ("table", "request_specs is there".to_owned(), Role::Text),
        false => ("table", "request_specs is missing: reqspec db sync adds it".to_owned(), Role::Warn),
    });
    let trip = format!("{}, a question takes {}", said.product, duration(said.round_trip));
    facts.push(("server", trip, Role::Text));
    for (at, remark) in said.remarks.iter().enumerate() {
        facts.push((if at == 0 { "remarks" } else { "" }, remark.clone(), Role::Muted));
    }
    facts
}

/// The state in a sentence, with what comes next.
pub fn state_sentence(database: &Database, model: &Model) -> String {
    let disabled =
        if database.disabled { "; disabled in cell_mappings: nova schedules nothing there" } else { "" };
    match &database.health {
        Health::Connecting => {
            format!("connecting for {} s{disabled}", database.connecting_for(model.now).unwrap_or(0))
        }
        Health::Down { retry_at, .. } => {
            let cause = database.cause().unwrap_or_default();
            format!("down: {cause}{}{disabled}", next(database, *retry_at, model.now))
        }
        _ => match database.silent_for(model.now) {
            Some(seconds) => format!("it has not answered for {seconds} s{disabled}"),
            None => format!("it answers{disabled}"),
        },
    }
}

/// When a database that is down is asked again.
pub fn next(database: &Database, retry_at: Option<i64>, now: i64) -> String {
    match retry_at {
        _ if !database.can_be_asked() => String::new(),
        Some(at) if at > now => format!(" · asked again in {} s", at - now),
        _ => " · being asked again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("mysql+pymysql://nova:***@10.0.0.5:3306/nova_api?charset=utf8", "10.0.0.5:3306/nova_api")]
    #[case("postgresql:///nova?host=/run/postgresql", "/nova")]
    #[case("sqlite:////var/lib/nova/nova_api.sqlite", "nova_api.sqlite")]
    #[case("/var/lib/nova/nova_api.sqlite", "nova_api.sqlite")]
    #[case("{scheme}://{username}:***@{hostname}/nova", "{hostname}/nova")]
    fn addresses_are_told_apart(#[case] location: &str, #[case] expected: &str) {
        assert_eq!(short(location), expected);
    }
}
