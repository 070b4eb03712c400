//! The pictures: each panel one file, drawing from the model and deciding nothing.
