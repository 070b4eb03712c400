//! The pictures: each panel one file, drawing from the model and deciding nothing.

pub mod detail;
pub mod editor;
pub mod editor_prompt;
pub mod lines;
