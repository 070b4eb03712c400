//! Meanings to styles. Views name what a thing means, never a colour, and say nothing by colour
//! alone. `NO_COLOR` leaves modifiers only; `TERM=dumb` or a C locale takes the ASCII glyphs.

use ratatui::style::{Color, Modifier, Style};

use crate::app::environment::Colour;

/// What a piece of the screen means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Less important text: units, explanations, column heads.
    Muted,
    /// Titles of panes and dialogs.
    Title,
    /// The name of a field.
    Label,
    /// A value worth the eye: a uuid, a flavor name.
    Value,
    /// Border of a pane without the focus.
    Border,
    /// Border of the pane with the focus.
    FocusBorder,
    /// The selected row in the focused pane.
    Selected,
    /// The selected row elsewhere (the counterpart).
    Counterpart,
    /// Equal, up, done.
    Good,
    /// Different, stale, worth attention.
    Warn,
    /// Broken, down, dangerous.
    Danger,
    /// Missing, unknown.
    Absent,
    /// A key in the bottom bar and the help.
    Key,
    /// The chosen tab or button.
    Active,
    /// Part of a text that matches the filter.
    Match,
    /// What a difference adds.
    Added,
    /// What a difference removes.
    Removed,
    /// A number in JSON.
    Number,
    /// `true`, `false` and `null` in JSON.
    Word,
    /// The badge of a session opened for writing.
    WriteBadge,
    /// The badge of a read-only session.
    ReadBadge,
}

/// A symbol with an ASCII stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Glyph {
    /// A database that answers.
    Up,
    /// A database that does not.
    Down,
    /// The cursor of a list.
    Cursor,
    /// A folded branch.
    Folded,
    /// An open branch.
    Unfolded,
    /// Equal.
    Equal,
    /// Different.
    Different,
    /// Missing on the other side.
    Missing,
    /// Nothing, null.
    Nothing,
    /// Leads to.
    Arrow,
    /// Cut short.
    Ellipsis,
    /// A database that answers, of a disabled cell.
    Disabled,
    /// Working, connecting, slow.
    Busy,
    /// A broken row.
    Broken,
    /// Changed, not saved.
    Modified,
    /// A bullet between items.
    Dot,
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
    /// A pane that keeps its query.
    Pinned,
    /// A full piece of a bar.
    Full,
    /// An empty piece of a bar.
    Empty,
    /// The list goes on to the right.
    Further,
    /// Read anew by itself.
    Repeats,
    /// A marked row.
    Marked,
}

/// The one accent.
const ACCENT: Color = Color::Indexed(75);

/// How meanings look in this terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether colours may be used.
    pub colour: bool,
    /// Whether only ASCII may be used.
    pub ascii: bool,
}

impl Default for Theme {
    fn default() -> Self {
        Self { colour: true, ascii: false }
    }
}

impl Theme {
    /// From the environment: `NO_COLOR`, `TERM`, `LC_ALL`/`LC_CTYPE`/`LANG`.
    pub fn from_environment() -> Self {
        let var = |name| std::env::var(name).unwrap_or_default();
        let dumb = var("TERM") == "dumb";
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(var).find(|value| !value.is_empty());
        let ascii = dumb || matches!(locale.as_deref(), Some("C" | "POSIX"));
        Self { colour: var("NO_COLOR").is_empty() && !dumb, ascii }
    }

    /// The style of a meaning.
    pub fn style(&self, role: Role) -> Style {
        let plain = Style::new();
        // One accent (blue); the other colours only say good, attention, danger. Middle tones read
        // on dark and on light grounds; ordinary text keeps the terminal's own colour.
        let (colour, modifier) = match role {
            Role::Text => (Color::Reset, Modifier::empty()),
            Role::Value => (Color::Reset, Modifier::empty()),
            Role::Muted => (Color::Indexed(244), Modifier::empty()),
            Role::Absent => (Color::Indexed(243), Modifier::empty()),
            Role::Border => (Color::Indexed(240), Modifier::empty()),
            Role::FocusBorder => (ACCENT, Modifier::empty()),
            Role::Title | Role::Key => (ACCENT, Modifier::BOLD),
            Role::Label => (Color::Indexed(67), Modifier::empty()),
            Role::Selected | Role::Counterpart => return self.row(role),
            Role::Good | Role::Added => (Color::Indexed(71), Modifier::empty()),
            Role::Warn => (Color::Indexed(172), Modifier::empty()),
            Role::Danger | Role::Removed => (Color::Indexed(167), Modifier::empty()),
            Role::Active => (ACCENT, Modifier::BOLD.union(Modifier::REVERSED)),
            Role::Match => (Color::Indexed(172), Modifier::BOLD.union(Modifier::UNDERLINED)),
            Role::Number => (Color::Indexed(137), Modifier::empty()),
            Role::Word => (Color::Indexed(133), Modifier::empty()),
            Role::WriteBadge => return self.badge(Color::Indexed(167)),
            Role::ReadBadge => return self.badge(Color::Indexed(66)),
        };
        let style = if self.colour { plain.fg(colour) } else { plain };
        style.add_modifier(modifier)
    }

    /// The style of a meaning in one character on a marked row, [`Role::Selected`] or
    /// [`Role::Counterpart`]: bright enough for its ground; without colours bold, and not underlined,
    /// which would make another sign of it.
    pub fn mark(&self, role: Role, row: Role) -> Style {
        let ground = self.row(row).add_modifier(Modifier::BOLD).remove_modifier(Modifier::UNDERLINED);
        match (role, self.colour) {
            (_, false) => ground,
            (Role::Good, _) => ground.fg(Color::Indexed(120)),
            (Role::Warn, _) => ground.fg(Color::Indexed(220)),
            _ => ground.fg(Color::Indexed(231)),
        }
    }

    /// The style of an environment's banner.
    pub fn banner(&self, colour: Option<Colour>) -> Style {
        let (ground, text) = match colour {
            None => return self.style(Role::Value),
            Some(Colour::Red) => (160, 231),
            Some(Colour::Yellow) => (178, 16),
            Some(Colour::Green) => (28, 231),
            Some(Colour::Cyan) => (30, 231),
            Some(Colour::Blue) => (26, 231),
            Some(Colour::Magenta) => (90, 231),
        };
        self.badge(Color::Indexed(ground)).patch(if self.colour {
            Style::new().fg(Color::Indexed(text))
        } else {
            Style::new()
        })
    }

    /// White on a ground of that colour; reversed where there are no colours.
    fn badge(&self, ground: Color) -> Style {
        if self.colour {
            Style::new().bg(ground).fg(Color::Indexed(231)).add_modifier(Modifier::BOLD)
        } else {
            Style::new().add_modifier(Modifier::BOLD.union(Modifier::REVERSED))
        }
    }

    fn row(&self, role: Role) -> Style {
        match (role, self.colour) {
            (Role::Selected, true) => {
                Style::new().bg(Color::Indexed(25)).fg(Color::Indexed(231)).add_modifier(Modifier::BOLD)
            }
            (Role::Selected, false) => Style::new().add_modifier(Modifier::REVERSED),
            // Both said: on a light ground the terminal's own text would not read on this grey.
            (_, true) => Style::new().bg(Color::Indexed(238)).fg(Color::Indexed(254)),
            (_, false) => Style::new().add_modifier(Modifier::UNDERLINED),
        }
    }

    /// The symbol in this terminal.
    pub fn glyph(&self, glyph: Glyph) -> &'static str {
        let (unicode, ascii) = match glyph {
            Glyph::Up => ("●", "*"),
            Glyph::Down => ("○", "!"),
            Glyph::Cursor => ("▸", ">"),
            Glyph::Folded => ("▸", "+"),
            Glyph::Unfolded => ("▾", "-"),
            Glyph::Equal => ("=", "="),
            Glyph::Different => ("≠", "#"),
            Glyph::Missing => ("∅", "-"),
            Glyph::Nothing => ("–", "-"),
            Glyph::Arrow => ("→", "->"),
            Glyph::Ellipsis => ("…", "~"),
            Glyph::Disabled => ("◌", "%"),
            Glyph::Busy => ("◐", "o"),
            Glyph::Broken => ("✗", "x"),
            Glyph::Modified => ("✎", "*"),
            Glyph::Dot => ("·", "."),
            Glyph::Ascending => ("▲", "^"),
            Glyph::Descending => ("▼", "v"),
            Glyph::Pinned => ("◆", "#"),
            Glyph::Full => ("━", "="),
            Glyph::Empty => ("─", "-"),
            Glyph::Further => ("»", ">"),
            Glyph::Repeats => ("↻", "@"),
            Glyph::Marked => ("■", "*"),
        };
        if self.ascii { ascii } else { unicode }
    }
}
