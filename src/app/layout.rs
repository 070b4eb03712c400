//! Where things are on the screen, for drawing and for the mouse alike.
//!
//! ```text
//!  title: environment, health, badge
//! ┌ left pane ──────────┐┌ right pane ─────────┐   below 100 columns: the focused pane alone
//! └─────────────────────┘└─────────────────────┘
//! ┌ detail panel ──────────────────────────────┐   below 15 lines: not shown; zoomed: all of it
//! └────────────────────────────────────────────┘
//!  bar: the keys
//! ```
//!
//! Imports nothing; no I/O.

/// The narrowest screen that shows both panes, in columns.
pub const TWO_PANES: u16 = 100;
/// The lowest body that shows the detail panel below the panes, in lines.
const WITH_DETAIL: u16 = 13;

/// A rectangle of character cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// First column.
    pub x: u16,
    /// First line.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Lines.
    pub height: u16,
}

impl Area {
    /// Whether a cell lies in it.
    pub fn contains(&self, column: u16, line: u16) -> bool {
        (self.x..self.x.saturating_add(self.width)).contains(&column)
            && (self.y..self.y.saturating_add(self.height)).contains(&line)
    }
}

/// One of the two panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The API database.
    Left,
    /// A cell.
    Right,
}

impl Side {
    /// Both, left first.
    pub const BOTH: [Side; 2] = [Side::Left, Side::Right];

    /// The other one.
    pub fn other(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }

    /// 0 or 1.
    pub fn index(self) -> usize {
        match self {
            Side::Left => 0,
            Side::Right => 1,
        }
    }
}

/// The areas of the main screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The title line; None where there is no room.
    pub title: Option<Area>,
    /// The panes, left and right, with their borders.
    pub panes: [Option<Area>; 2],
    /// The detail panel with its border.
    pub detail: Option<Area>,
    /// The bottom bar; None where there is no room.
    pub bar: Option<Area>,
}

impl Layout {
    /// The areas for a screen of that size. `shown` is the pane that shows where only one fits;
    /// `zoomed` gives the detail panel the whole body; `single` says there is no right pane.
    pub fn of(width: u16, height: u16, shown: Side, zoomed: bool, single: bool) -> Layout {
        let line = |y| Area { x: 0, y, width, height: 1 };
        let title = (height >= 3).then(|| line(0));
        let bar = (height >= 5).then(|| line(height - 1));
        let top = u16::from(title.is_some());
        let body = height - top - u16::from(bar.is_some());
        let mut layout = Layout { title, panes: [None, None], detail: None, bar };
        if zoomed {
            layout.detail = Some(Area { x: 0, y: top, width, height: body });
            return layout;
        }
        let lists = if body < WITH_DETAIL { body } else { (body * 11 / 20).max(7) };
        if body > lists {
            layout.detail = Some(Area { x: 0, y: top + lists, width, height: body - lists });
        }
        if single || width < TWO_PANES {
            let side = if single { Side::Left } else { shown };
            layout.panes[side.index()] = Some(Area { x: 0, y: top, width, height: lists });
        } else {
            let left = width / 2;
            layout.panes = [
                Some(Area { x: 0, y: top, width: left, height: lists }),
                Some(Area { x: left, y: top, width: width - left, height: lists }),
            ];
        }
        layout
    }

    /// How many rows a pane of that area shows: without border and column heads.
    pub fn rows(pane: Area) -> u16 {
        pane.height.saturating_sub(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(0, 0)]
    #[case(1, 1)]
    #[case(10, 3)]
    #[case(80, 24)]
    #[case(120, 36)]
    #[case(200, 50)]
    #[case(500, 200)]
    fn areas_cover_the_screen_once(#[case] width: u16, #[case] height: u16) {
        for (zoomed, single) in [(false, false), (true, false), (false, true)] {
            let layout = Layout::of(width, height, Side::Right, zoomed, single);
            let areas = [layout.title, layout.panes[0], layout.panes[1], layout.detail, layout.bar];
            for y in 0..height {
                for x in 0..width {
                    let hits = areas.iter().flatten().filter(|area| area.contains(x, y)).count();
                    assert_eq!(hits, 1, "{x},{y} of {width}×{height}");
                }
            }
        }
    }

    #[test]
    fn folds_below_a_hundred_columns() {
        assert_eq!(Layout::of(99, 24, Side::Right, false, false).panes[0], None);
        assert!(Layout::of(100, 24, Side::Right, false, false).panes[0].is_some());
    }
}
