//! The screen of all databases: which line is chosen, and which lines are shown.
//!
//! Imports nothing; no I/O.

/// Lines of the screen that are no databases: title, border, column heads, and the line above the
/// part about the chosen one.
const BESIDES: u16 = 5;

/// The screen of databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Databases {
    /// The chosen one, its place in the model's list.
    pub chosen: usize,
    /// The first one shown.
    pub top: usize,
}

impl Databases {
    /// Lines for the part about the chosen database, on a screen of that height.
    pub fn about(height: u16) -> u16 {
        match height {
            0..12 => 0,
            12..20 => 4,
            20..30 => 8,
            _ => 10,
        }
    }

    /// How many databases a screen of that height shows.
    pub fn room(height: u16) -> usize {
        usize::from(height.saturating_sub(BESIDES + Self::about(height)).max(1))
    }

    /// Moves the choice by so many lines, within `count` databases on a screen of that height.
    pub fn move_by(&mut self, lines: i64, count: usize, height: u16) {
        let last = count.saturating_sub(1) as i64;
        self.chosen = (self.chosen as i64).saturating_add(lines).clamp(0, last.max(0)) as usize;
        let room = Self::room(height);
        let highest = count.saturating_sub(room);
        self.top = self.top.min(self.chosen).max((self.chosen + 1).saturating_sub(room)).min(highest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_one_is_always_shown() {
        for height in [3, 10, 24, 36, 50] {
            let mut screen = Databases::default();
            for step in [1, 30, 100, -3, -200, 7, i64::MAX, i64::MIN] {
                screen.move_by(step, 51, height);
                let room = Databases::room(height);
                assert!(
                    (screen.top..screen.top + room).contains(&screen.chosen),
                    "{height} {step} {screen:?}"
                );
                assert!(screen.top + room <= 51.max(room), "no empty lines below");
            }
            screen.move_by(i64::MAX, 51, height);
            assert_eq!(screen.chosen, 50);
        }
    }
}
