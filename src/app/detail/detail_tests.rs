//! Tabs, scrolling and layout.

use super::*;
