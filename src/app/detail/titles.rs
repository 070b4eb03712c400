//! The titles of the tabs on the panel's top border, and which of them was clicked.
//!
//! Imports nothing but the panel.

use super::{Detail, Tab};

impl Detail {
    /// The titles on the top border of a panel of `width` columns, behind its corner, with what
    /// stands between them; where they do not fit, the chosen one alone.
    pub fn titles(&self, width: usize) -> Vec<(Option<Tab>, String)> {
        let room = width.saturating_sub(2);
        // The roomiest that fits: with the key that shows the tab, with a line between them.
        let forms = [(true, true), (true, false), (false, true), (false, false)];
        let fitting = forms
            .into_iter()
            .map(|(numbered, apart)| row(numbered, apart))
            .find(|titles| titles.iter().map(|(_, text)| text.chars().count()).sum::<usize>() <= room);
        fitting.unwrap_or_else(|| {
            let title = self.tab().title();
            let mut text = format!(" ‹ {title} › ");
            if text.chars().count() > room {
                text = title.chars().take(room).collect();
            }
            vec![(Some(self.tab()), text)]
        })
    }

    /// A click into the panel, counted from its upper left corner: on a title it shows that tab, on
    /// a line of the JSON tree it moves the cursor there, on the line under the cursor it opens or
    /// folds it.
    pub fn click(&mut self, column: u16, row: u16, width: u16) {
        if row > 0 {
            return self.click_line(usize::from(row) - 1);
        }
        let mut at = 1;
        for (tab, text) in self.titles(usize::from(width)) {
            let end = at + text.chars().count();
            if (at..end).contains(&usize::from(column)) {
                if let Some(tab) = tab {
                    self.select_tab(tab);
                }
                return;
            }
            at = end;
        }
    }
}

fn row(numbered: bool, apart: bool) -> Vec<(Option<Tab>, String)> {
    let mut out = Vec::new();
    for (number, tab) in (1..).zip(Tab::ALL) {
        if !out.is_empty() && apart {
            out.push((None, "─".to_owned()));
        }
        let number = if numbered { format!("{number} ") } else { String::new() };
        out.push((Some(tab), format!(" {number}{} ", tab.title())));
    }
    out
}
