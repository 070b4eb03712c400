//! Where things are on the screen, for drawing and for the mouse alike.
//!
//! ```text
//!  title: environment, health, badge
//! ┌ left pane ──────────┐┌ right pane ─────────┐   below 100 columns: the focused pane alone
//! └─────────────────────┘└─────────────────────┘
//! ┌ detail panel ──────────────────────────────┐   below 15 lines: not shown; zoomed: all of it
//! └────────────────────────────────────────────┘
//!  query bar: only where a query is typed or set
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

/// Which panes there are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panes {
    /// The one that shows where only one fits.
    pub shown: Side,
    /// The detail panel has the whole body.
    pub zoomed: bool,
    /// There is no right one.
    pub single: bool,
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
    /// The query bar, where there is one.
    pub query: Option<Area>,
    /// The bottom bar; None where there is no room.
    pub bar: Option<Area>,
}

impl Layout {
    /// The areas for a screen of that size, with so many lines of the query bar.
    pub fn of(width: u16, height: u16, panes: Panes, query: u16) -> Layout {
        let Panes { shown, zoomed, single } = panes;
        let line = |y| Area { x: 0, y, width, height: 1 };
        let title = (height >= 3).then(|| line(0));
        // What is typed comes before the keys where there is no room for both.
        let query = if height < 8 { query.min(1) } else { query }.min(height.saturating_sub(2));
        let bar = (height >= 5 + query).then(|| line(height - 1));
        let top = u16::from(title.is_some());
        let body = height - top - u16::from(bar.is_some());
        let query = (query > 0).then(|| Area { x: 0, y: top + body - query, width, height: query });
        let rest = body - query.map_or(0, |area| area.height);
        let mut layout = Layout { title, panes: [None, None], detail: None, query, bar };
        if zoomed {
            layout.detail = Some(Area { x: 0, y: top, width, height: rest });
            return layout;
        }
        // The bar takes its lines from the detail panel where there is one: lists stay where they are.
        let lists = if body < WITH_DETAIL { rest } else { (body * 11 / 20).max(7).min(rest) };
        if rest > lists {
            layout.detail = Some(Area { x: 0, y: top + lists, width, height: rest - lists });
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
        for (zoomed, single, query) in
            [(false, false, 0), (true, false, 1), (false, true, 2), (false, false, 2), (false, true, 1)]
        {
            let layout = Layout::of(width, height, Panes { shown: Side::Right, zoomed, single }, query);
            let Layout { title, panes, detail, query, bar } = layout;
            let areas = [title, panes[0], panes[1], detail, query, bar];
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
        let panes = Panes { shown: Side::Right, zoomed: false, single: false };
        assert_eq!(Layout::of(99, 24, panes, 0).panes[0], None);
        assert!(Layout::of(100, 24, panes, 0).panes[0].is_some());
    }

    #[test]
    fn lists_stay_where_they_are_when_the_query_bar_opens() {
        let panes = Panes { shown: Side::Left, zoomed: false, single: false };
        for height in 16..80 {
            let areas = [0, 1, 2].map(|query| Layout::of(120, height, panes, query).panes);
            assert!(areas.iter().all(|panes| *panes == areas[0]), "{height}");
        }
    }
}
