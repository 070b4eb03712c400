//! The health of the databases in one line: sign, count, and what is unusual of each. Where they do
//! not all fit, those with trouble come first, and the rest is counted by state.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use super::pen::Piece;
use crate::app::Model;
use crate::app::database::{Database, State, label};
use crate::app::words::grouped;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// The sign of a state, and what it means.
pub fn sign(state: State, theme: &Theme) -> (&'static str, Role) {
    let (glyph, role) = match state {
        State::Up => (Glyph::Up, Role::Good),
        State::Connecting => (Glyph::Busy, Role::Muted),
        State::Slow => (Glyph::Busy, Role::Warn),
        State::Disabled => (Glyph::Disabled, Role::Muted),
        State::NoTable => (Glyph::Down, Role::Warn),
        State::Down => (Glyph::Down, Role::Danger),
    };
    (theme.glyph(glyph), role)
}

/// A duration as people say it: `0.4 ms`, `120 ms`, `1.5 s`.
pub fn duration(duration: Duration) -> String {
    match duration.as_micros() {
        micros @ ..9_950 => format!("{:.1} ms", micros as f64 / 1_000.0),
        micros @ ..999_500 => format!("{:.0} ms", micros as f64 / 1_000.0),
        micros => format!("{:.1} s", micros as f64 / 1_000_000.0),
    }
}

/// Columns of several items.
pub fn wide(items: &[Vec<Piece>], gap: u16) -> u16 {
    let texts: usize = items.iter().flatten().map(|(text, _)| text.width()).sum();
    let gaps = usize::from(gap) * items.len().saturating_sub(1);
    u16::try_from(texts + gaps).unwrap_or(u16::MAX)
}

/// What fits into so many columns, and the columns between two of them.
pub fn line(model: &Model, room: u16, theme: &Theme) -> (Vec<Vec<Piece>>, u16) {
    let all = |counted| -> Vec<Vec<Piece>> {
        model.databases.iter().map(|database| item(database, model.now, counted, theme)).collect()
    };
    for (items, gap) in [(all(true), 4), (all(true), 2), (all(false), 2)] {
        if wide(&items, gap) <= room {
            return (items, gap);
        }
    }
    // Trouble first, then what the panes show.
    let mut order: Vec<&Database> = model.databases.iter().collect();
    let rank = |database: &Database| {
        let state = Some(database.state(model.now)).filter(|state| state.is_trouble());
        (state.unwrap_or(State::Up), !model.is_shown(&database.name))
    };
    order.sort_by_key(|database| rank(database));
    let mut best = rest(&order, model.now, theme);
    for shown in 1..order.len() {
        let (some, others) = order.split_at(shown);
        let items = some.iter().map(|database| item(database, model.now, true, theme));
        let items: Vec<_> = items.chain(rest(others, model.now, theme)).collect();
        if wide(&items, 2) > room {
            break;
        }
        best = items;
    }
    (best, 2)
}

/// So many more of each state.
fn rest(databases: &[&Database], now: i64, theme: &Theme) -> Vec<Vec<Piece>> {
    let of = |state| databases.iter().filter(|database| database.state(now) == state).count();
    let counted = State::ALL.into_iter().map(|state| (state, of(state))).filter(|(_, count)| *count > 0);
    let item = |(state, count)| {
        let (sign, role) = sign(state, theme);
        vec![(format!("+{} ", grouped(count as u64)), Role::Muted), (sign.to_owned(), role)]
    };
    counted.map(item).collect()
}

fn item(database: &Database, now: i64, counted: bool, theme: &Theme) -> Vec<Piece> {
    let state = database.state(now);
    let (sign, role) = sign(state, theme);
    let name = escaped(&label(&database.name)).into_owned();
    let mut pieces = vec![(name, Role::Text), (format!(" {sign}"), role)];
    let seconds = database.silent_for(now).or(database.connecting_for(now)).filter(|seconds| *seconds > 0);
    match state {
        State::Down | State::NoTable => pieces.push((format!(" {}", state.word()), role)),
        State::Connecting | State::Slow if seconds.is_some() => {
            pieces.push((format!(" {} s", seconds.unwrap_or(0)), role));
        }
        State::Up | State::Slow | State::Disabled if counted => {
            // The place of the count is kept free, so that nothing moves when it comes.
            let count =
                database.count.map(grouped).unwrap_or_else(|| theme.glyph(Glyph::Ellipsis).to_owned());
            pieces.push((format!(" {count}"), Role::Muted));
        }
        _ => {}
    }
    if let (Some(latency), true) =
        (database.latency(), matches!(state, State::Up | State::Slow | State::Disabled))
    {
        pieces.push((format!(" {}", duration(latency)), Role::Warn));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(40, "0.0 ms")]
    #[case(440, "0.4 ms")]
    #[case(9_949, "9.9 ms")]
    #[case(9_950, "10 ms")]
    #[case(120_000, "120 ms")]
    #[case(999_499, "999 ms")]
    #[case(999_500, "1.0 s")]
    #[case(1_540_000, "1.5 s")]
    fn durations_are_short(#[case] micros: u64, #[case] expected: &str) {
        assert_eq!(duration(Duration::from_micros(micros)), expected);
    }
}
