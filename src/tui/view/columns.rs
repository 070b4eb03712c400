//! Which columns a pane shows, how wide, and what stands in them.

use unicode_width::UnicodeWidthStr;

use crate::app::database::label;
use crate::app::row::Row;
use crate::app::words::{age, unix_seconds};
use crate::spec::summary::DEMANDS;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The instance's uuid, its beginning where there is little room.
    Instance,
    /// The cell it lives in, where several are listed.
    Cell,
    /// The flavor's name.
    Flavor,
    /// The availability zone.
    Zone,
    /// The letters of what it demands.
    Demands,
    /// How long ago it was written.
    Updated,
    /// Virtual CPUs.
    Vcpus,
    /// Memory.
    Memory,
    /// The beginning of the project's id.
    Project,
    /// The image's name.
    Image,
    /// The version of the RequestSpec.
    Version,
}

impl Column {
    /// Its head.
    pub fn head(self) -> &'static str {
        match self {
            Column::Instance => "INSTANCE",
            Column::Cell => "CELL",
            Column::Flavor => "FLAVOR",
            Column::Zone => "AZ",
            Column::Demands => "DEMANDS",
            Column::Updated => "UPDATED",
            Column::Vcpus => "VCPU",
            Column::Memory => "RAM",
            Column::Project => "PROJECT",
            Column::Image => "IMAGE",
            Column::Version => "VERSION",
        }
    }

    /// Whether it is set to the right.
    pub fn right(self) -> bool {
        matches!(self, Column::Updated | Column::Vcpus | Column::Memory)
    }

    /// What stands in it, and what that means.
    pub fn cell(self, row: &Row, now: i64, width: usize, theme: &Theme) -> (String, Role) {
        let nothing = || (theme.glyph(Glyph::Nothing).to_owned(), Role::Absent);
        let text = |value: &Option<String>, role| match value {
            Some(value) => (escaped(value).into_owned(), role),
            None => nothing(),
        };
        let summary = &row.summary;
        match self {
            Column::Instance => {
                let uuid = escaped(&row.instance_uuid);
                let shown = if width < 36 { uuid.chars().take(8).collect() } else { uuid.into_owned() };
                (shown, Role::Value)
            }
            Column::Cell => (escaped(&label(&row.database)).into_owned(), Role::Label),
            Column::Flavor => text(&summary.flavor, Role::Text),
            Column::Zone => text(&summary.availability_zone, Role::Text),
            Column::Demands => {
                // Each letter in its own place, so that the eye can run down.
                let letter = |letter| if summary.demands.has(letter) { letter } else { ' ' };
                (DEMANDS.iter().map(|(known, _)| letter(*known)).collect(), Role::Label)
            }
            Column::Updated => match unix_seconds(&row.key.updated) {
                Some(at) => (age(now - at), Role::Muted),
                None => nothing(),
            },
            Column::Vcpus => match summary.vcpus {
                Some(vcpus) => (vcpus.to_string(), Role::Text),
                None => nothing(),
            },
            Column::Memory => match summary.memory_mb {
                Some(megabytes) => (memory(megabytes), Role::Text),
                None => nothing(),
            },
            Column::Project => match &summary.project_id {
                Some(project) => (escaped(project).chars().take(8).collect(), Role::Muted),
                None => nothing(),
            },
            Column::Image => text(&summary.image, Role::Text),
            Column::Version => text(&summary.version, Role::Muted),
        }
    }
}

/// MiB in at most a few characters: `512M`, `4G`, `1.5T`.
fn memory(megabytes: i64) -> String {
    let tenths = |unit: i64, letter| {
        let tenths = megabytes * 10 / unit;
        if tenths % 10 == 0 {
            format!("{}{letter}", tenths / 10)
        } else {
            format!("{}.{}{letter}", tenths / 10, tenths % 10)
        }
    };
    match megabytes {
        ..1_024 => format!("{megabytes}M"),
        1_024..1_048_576 => tenths(1_024, 'G'),
        1_048_576..1_000_000_000 => tenths(1_048_576, 'T'),
        _ => format!("{megabytes}M"),
    }
}

/// The columns for so many characters, each with its width; two free characters between them. `cell`
/// is the width of the column of cells where there is to be one.
pub fn chosen(width: u16, cell: Option<u16>) -> Vec<(Column, u16)> {
    let width = width.max(1);
    let mut columns = vec![
        (Column::Instance, 8),
        (Column::Flavor, 11),
        (Column::Zone, 5),
        (Column::Demands, 8),
        (Column::Updated, 7),
    ];
    if let Some(width) = cell {
        columns.insert(1, (Column::Cell, width));
        // Room for it: flavors are cut a little earlier where there is none.
        columns[2].1 = 8;
    }
    let needed =
        |columns: &[(Column, u16)]| columns.iter().map(|(_, width)| width + 2).sum::<u16>().saturating_sub(2);
    // Least room: what tells specs apart stays.
    for column in [Column::Updated, Column::Demands, Column::Zone, Column::Flavor] {
        if needed(&columns) > width {
            columns.retain(|(kept, _)| *kept != column);
        }
    }
    if needed(&columns) > width {
        // Half of it says in which cell; equal instances would look the same without it.
        return match cell {
            Some(cell) if width >= 12 => {
                vec![(Column::Instance, width - 2 - cell.min(width - 6)), (Column::Cell, cell.min(width - 6))]
            }
            _ => vec![(Column::Instance, width)],
        };
    }
    // More room: more columns, the numbers first.
    if width >= 60 {
        for (column, least) in [
            (Column::Vcpus, 4),
            (Column::Memory, 6),
            (Column::Project, 8),
            (Column::Image, 10),
            (Column::Version, 7),
        ] {
            if needed(&columns) + least + 2 <= width {
                columns.insert(columns.len() - 2, (column, least));
            }
        }
    }
    // What is left widens the names, then shows the whole uuid.
    let mut left = width - needed(&columns);
    for (column, most) in [
        (Column::Flavor, 10_u16),
        (Column::Zone, 8),
        (Column::Flavor, 16),
        (Column::Image, 18),
        (Column::Zone, 12),
        (Column::Flavor, 20),
    ] {
        if let Some((_, given)) = columns.iter_mut().find(|(shown, _)| *shown == column) {
            let more = most.saturating_sub(*given).min(left);
            *given += more;
            left -= more;
        }
    }
    if left >= 28 {
        columns[0].1 = 36;
        left -= 28;
    }
    for column in [Column::Flavor, Column::Image] {
        if let Some((_, given)) = columns.iter_mut().find(|(shown, _)| *shown == column) {
            let more = left.min(22);
            *given += more;
            left -= more;
        }
    }
    columns
}

/// `text` in a column of that width.
pub fn placed(text: &str, width: u16, right: bool) -> u16 {
    if right { width.saturating_sub(text.width() as u16) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_need_more_than_there_is() {
        for width in 0..500 {
            for cell in [None, Some(4), Some(12)] {
                let columns = chosen(width, cell);
                let needed: u16 = columns.iter().map(|(_, width)| width + 2).sum::<u16>() - 2;
                assert!(needed <= width.max(1), "{width}: {columns:?}");
                let has_cell = columns.iter().any(|(column, _)| *column == Column::Cell);
                assert_eq!(has_cell, cell.is_some() && width >= 12, "{width}");
            }
        }
    }

    #[test]
    fn wide_panes_show_all() {
        assert_eq!(chosen(96, None).len(), 10);
        assert_eq!(chosen(56, None).len(), 5);
        assert_eq!(chosen(53, Some(5)).len(), 6, "half of 120 columns");
        assert_eq!(chosen(96, Some(5)).len(), 11);
    }

    #[rstest::rstest]
    #[case(512, "512M")]
    #[case(4_096, "4G")]
    #[case(1_536, "1.5G")]
    #[case(2_097_152, "2T")]
    #[case(-5, "-5M")]
    #[case(i64::MAX, "9223372036854775807M")]
    fn memory_is_short(#[case] megabytes: i64, #[case] expected: &str) {
        assert_eq!(memory(megabytes), expected);
    }
}
