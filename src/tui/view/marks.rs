//! How many specs are marked: in the title of the pane that shows them.

use super::pen::Piece;
use crate::app::Model;
use crate::app::pane::Pane;
use crate::app::search::PaneSearch;
use crate::app::words::grouped;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// `■ 3 marked`, `■ all 12,345 of az=az1`; nothing where none of the pane's are.
pub fn counted(model: &Model, pane: &Pane, theme: &Theme) -> Vec<Piece> {
    let marks = &model.marks;
    let sign = theme.glyph(Glyph::Marked);
    if let Some(all) = marks.matching() {
        if !all.databases.iter().any(|name| pane.shows(name)) {
            return Vec::new();
        }
        let hits = pane.search.as_ref().filter(|search| search.is_query()).and_then(PaneSearch::hits);
        let many = match (hits, all.query.is_all()) {
            (Some(hits), false) => format!("all {} of the query", grouped(hits)),
            (None, false) => format!("all of {}", escaped(all.query.text.trim())),
            (_, true) => match crate::app::progress::counted(model, pane) {
                Some(rows) => format!("all {}", grouped(rows)),
                None => "all".to_owned(),
            },
        };
        return vec![(format!("{sign} {many} "), Role::Warn)];
    }
    let shown = marks.count_in(|name| pane.shows(name));
    if shown == 0 {
        return Vec::new();
    }
    let more = if marks.has_range() { theme.glyph(Glyph::Ellipsis) } else { "" };
    let elsewhere = match marks.count() - shown {
        0 => String::new(),
        others => format!(", {} elsewhere", grouped(others as u64)),
    };
    vec![(format!("{sign} {} marked{more}{elsewhere} ", grouped(shown as u64)), Role::Warn)]
}
