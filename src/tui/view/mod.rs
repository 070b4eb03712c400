//! The pictures: each panel one file, drawing from the model and deciding nothing.
//!
//! ```text
//!  title                                                          title.rs
//! ┌ API · … ────────────────┐┌ cell1 · … ────────── [ ] next cell ┐
//! │   INSTANCE  FLAVOR  AZ  ││   INSTANCE  FLAVOR  AZ              │  pane.rs, table.rs, columns.rs, cells.rs
//! └ 31 hits ────── 1 of 212 ┘└ …                          1 of 640 ┘
//! ┌ Filters ─ Flavor ─ … ─────────────────────────────────────────┐
//! │                                                                │  detail.rs
//! └────────────────────────────────────────────────────────────────┘
//!  / az=az1 vcpus>=8                                        31 hits  query_bar.rs
//!  ⏎ inspect  e edit …                                            bar.rs
//! ```
//!
//! In the title: health.rs. Over it: dialog.rs, help.rs, palette.rs, environments.rs, toast.rs, and
//! as a [`sheet`]: choices.rs, facets.rs, bulk.rs;
//! instead of it: editor.rs, databases.rs, history.rs, doctor.rs. [`pen`] draws text.

pub mod bar;
pub mod bulk;
pub mod cells;
pub mod choices;
pub mod columns;
pub mod databases;
pub mod detail;
pub mod dialog;
pub mod doctor;
pub mod editor;
pub mod editor_prompt;
pub mod empty;
pub mod environments;
pub mod facets;
pub mod health;
pub mod help;
pub mod history;
pub mod lines;
pub mod marks;
pub mod palette;
pub mod pane;
pub mod pen;
pub mod query_bar;
pub mod sheet;
pub mod table;
pub mod title;
pub mod toast;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::theme::Theme;
use crate::app::Model;
use crate::app::layout::{Area, Side};
use crate::app::model::Focus;
use crate::app::overlay::Overlay;

/// The rectangle of an area.
pub fn rect(area: Area) -> Rect {
    Rect { x: area.x, y: area.y, width: area.width, height: area.height }
}

/// Draws the whole screen.
pub fn draw(frame: &mut Frame<'_>, model: &Model, theme: &Theme) {
    match &model.editor {
        Some(editor) => editor::draw(frame, frame.area(), editor, theme),
        None => main(frame, model, theme),
    }
    // Below a dialog: a notice must not hide its buttons. Over a screen, which would hide it.
    let is_screen =
        matches!(model.overlay, Some(Overlay::Databases(_) | Overlay::History(_) | Overlay::Doctor(_)));
    if !is_screen {
        toast::draw(frame, model, theme);
    }
    match &model.overlay {
        Some(Overlay::Help { scroll }) => help::draw(frame, *scroll, theme),
        Some(Overlay::Databases(screen)) => databases::draw(frame, screen, model, theme),
        Some(Overlay::Environments(picker)) => environments::draw(frame, picker, model, theme),
        Some(Overlay::Palette(palette)) => palette::draw(frame, palette, model, theme),
        Some(Overlay::Sort(picker)) => choices::sort(frame, picker, theme),
        Some(Overlay::Columns(chooser)) => choices::columns(frame, chooser, model, theme),
        Some(Overlay::Saved(list)) => choices::saved(frame, list, model, theme),
        Some(Overlay::Export(prompt)) => choices::export(frame, prompt, model, theme),
        Some(Overlay::Facets(facets)) => facets::facets(frame, facets, model, theme),
        Some(Overlay::BulkEdit { lines, whom }) => bulk::edits(frame, lines, whom, theme),
        Some(Overlay::Repairs { picker, whom }) => bulk::repairs(frame, picker, whom, theme),
        Some(Overlay::Destination { picker, whom }) => bulk::destination(frame, picker, whom, theme),
        Some(Overlay::Work(work)) => bulk::work(frame, work, model, theme),
        Some(Overlay::Doctor(screen)) => doctor::draw(frame, screen, model, theme),
        Some(Overlay::History(screen)) => history::draw(frame, screen, model, theme),
        Some(overlay) => dialog::draw(frame, overlay, model, theme),
        None => {}
    }
    if is_screen {
        toast::draw(frame, model, theme);
    }
}

fn main(frame: &mut Frame<'_>, model: &Model, theme: &Theme) {
    let layout = model.layout();
    if let Some(area) = layout.title {
        title::draw(frame, rect(area), model, theme);
    }
    for side in Side::BOTH {
        if let Some(area) = layout.panes[side.index()] {
            pane::draw(frame, rect(area), side, model, theme);
        }
    }
    if let Some(area) = layout.detail {
        detail::draw(frame, rect(area), &model.detail, model.focus == Focus::Detail, theme);
    }
    if let Some(area) = layout.query {
        query_bar::draw(frame, rect(area), model, theme);
    }
    if let Some(area) = layout.bar {
        bar::draw(frame, rect(area), model, theme);
    }
}
