//! The columns of a list: those that fit by themselves (columns.rs), or those that were chosen, as wide
//! as what stands in them.

use unicode_width::UnicodeWidthStr;

use super::cells;
use super::columns::{Column, chosen};
use crate::app::Model;
use crate::app::field_list::head;
use crate::app::pane::Pane;
use crate::app::row::Row;
use crate::query::Field;
use crate::query::fields::Kind;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// The widest column that was chosen.
const WIDEST: u16 = 40;
/// The least of a head that is wider than what stands below it.
const HEAD: u16 = 10;
/// The least of a column that is cut.
const LEAST: u16 = 6;

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Of what every list reads of a row.
    Listed(Column),
    /// Of the fields that were asked for besides, by its place among them.
    Value(usize),
}

/// A column as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    content: Content,
    /// The name of its field.
    pub field: String,
    /// Its head.
    pub head: String,
    /// Its width.
    pub width: u16,
    /// Whether it is set to the right.
    pub right: bool,
}

/// The columns, and whether some are left out for want of room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Shown>,
    /// Whether there are more to the right.
    pub cut: bool,
    /// Whether they were chosen.
    pub chosen: bool,
}

/// The name of a listed column's field.
fn field_of(column: Column) -> &'static str {
    match column {
        Column::Instance => "uuid",
        Column::Cell => "db",
        Column::Flavor => "flavor",
        Column::Zone => "az",
        Column::Demands => "demands",
        Column::Updated => "updated",
        Column::Vcpus => "vcpus",
        Column::Memory => "ram",
        Column::Project => "project",
        Column::Image => "image",
        Column::Version => "version",
    }
}

impl Table {
    /// The columns of a pane for so many characters.
    pub fn of(model: &Model, pane: &Pane, width: u16, theme: &Theme) -> Table {
        let cell = pane.cells().map(|cells| cells::width(model, cells, theme));
        if pane.columns.is_empty() {
            let listed = |(column, width): (Column, u16)| Shown {
                content: Content::Listed(column),
                field: field_of(column).to_owned(),
                head: column.head().to_owned(),
                width,
                right: column.right(),
            };
            let columns = chosen(width, cell).into_iter().map(listed).collect();
            return Table { columns, cut: false, chosen: false };
        }
        let mut columns: Vec<_> =
            pane.columns.iter().enumerate().map(|(at, field)| wanted(at, field, cell)).collect();
        if cell.is_some() && !columns.iter().any(|column| column.field == "db") {
            // Which cell a row is of must be seen.
            let db = Shown { width: 4, ..listed(Column::Cell) };
            columns.insert(1.min(columns.len()), db);
        }
        let sized = |mut column: Shown| {
            let widths = pane.list.visible().map(|(_, row)| column.cell(model, row, 36, theme).0.width());
            let content = widths.max().unwrap_or(1) as u16;
            column.width = content.max(column.head.width() as u16).clamp(1, WIDEST);
            (column, content.clamp(1, WIDEST))
        };
        fitted(columns.into_iter().map(sized).collect(), width)
    }
}

fn listed(column: Column) -> Shown {
    Shown {
        content: Content::Listed(column),
        field: field_of(column).to_owned(),
        head: column.head().to_owned(),
        width: 0,
        right: column.right(),
    }
}

/// A chosen field as a column; what lists show in a way of their own, in that way.
fn wanted(at: usize, field: &Field, cell: Option<u16>) -> Shown {
    match &*field.name {
        "uuid" => listed(Column::Instance),
        "db" if cell.is_some() => listed(Column::Cell),
        "demands" => listed(Column::Demands),
        "updated" => listed(Column::Updated),
        "ram" => listed(Column::Memory),
        _ => Shown {
            content: Content::Value(at),
            field: field.name.to_string(),
            head: escaped(&head(field)).into_owned(),
            width: 0,
            right: matches!(field.kind, Kind::Number | Kind::Size(_)),
        },
    }
}

/// As many as there is room for, from the left. The uuid is shortened, then heads that are wider than
/// what stands below them, before a column is left out; the last one shown may be cut. Each with the
/// width of what stands in it.
fn fitted(mut columns: Vec<(Shown, u16)>, width: u16) -> Table {
    let needed = |columns: &[(Shown, u16)]| {
        columns.iter().map(|(column, _)| column.width + 2).sum::<u16>().saturating_sub(2)
    };
    if needed(&columns) > width {
        let is_uuid = |column: &Shown| column.content == Content::Listed(Column::Instance);
        if let Some((uuid, _)) = columns.iter_mut().find(|(column, _)| is_uuid(column)) {
            uuid.width = uuid.width.min(8);
        }
    }
    if needed(&columns) > width {
        for (column, content) in &mut columns {
            column.width = column.width.min((*content).max(HEAD));
        }
    }
    let mut cut = false;
    while columns.len() > 1 && needed(&columns) > width {
        let over = needed(&columns) - width;
        if let Some((last, _)) = columns.last_mut().filter(|(last, _)| last.width >= over + LEAST) {
            last.width -= over;
            break;
        }
        columns.pop();
        cut = true;
    }
    let mut columns: Vec<_> = columns.into_iter().map(|(column, _)| column).collect();
    if let [only] = &mut columns[..] {
        only.width = only.width.min(width.max(1));
    }
    Table { columns, cut, chosen: true }
}

impl Shown {
    /// What stands in it, and what that means.
    pub fn cell(&self, model: &Model, row: &Row, width: usize, theme: &Theme) -> (String, Role) {
        match self.content {
            Content::Listed(Column::Cell) => (cells::mark(model, &row.database, theme), Role::Label),
            Content::Listed(column) => column.cell(row, model.now, width, theme),
            Content::Value(at) => match row.values.get(at) {
                Some(Some(value)) => (escaped(value).into_owned(), Role::Text),
                Some(None) => (theme.glyph(Glyph::Nothing).to_owned(), Role::Absent),
                // Not read yet.
                None => (String::new(), Role::Absent),
            },
        }
    }

    /// Whether the reason why a row is broken may stand in its place.
    pub fn gives_way(&self) -> bool {
        !matches!(self.content, Content::Listed(Column::Instance | Column::Cell))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, width: u16) -> (Shown, u16) {
        let field = Field::named(name).expect("of the table");
        (Shown { width, ..wanted(0, &field, None) }, width)
    }

    #[test]
    fn what_does_not_fit_is_cut_from_the_right() {
        let columns = vec![column("uuid", 36), column("az", 10), column("flavor", 10)];
        for width in 0..80 {
            let table = fitted(columns.clone(), width);
            let needed: u16 = table.columns.iter().map(|column| column.width + 2).sum::<u16>() - 2;
            assert!(needed <= width.max(1), "{width}: {table:?}");
            assert_eq!(table.cut, table.columns.len() < 3, "{width}");
        }
        let widths = |width| {
            let table = fitted(columns.clone(), width);
            table.columns.iter().map(|column| column.width).collect::<Vec<_>>()
        };
        assert_eq!(widths(70), [36, 10, 10]);
        assert_eq!(widths(40), [8, 10, 10], "the uuid is shortened first");
        assert_eq!(widths(29), [8, 10, 7], "the last one is cut");
        assert_eq!(widths(27), [8, 10], "and left out where little of it is left");
    }

    #[test]
    fn heads_give_way_to_more_columns() {
        let field = crate::query::parse_field("extra.hw:cpu_policy").expect("a field");
        let wide = (Shown { width: 19, ..wanted(0, &field, None) }, 9);
        let columns = vec![column("az", 10), wide, column("flavor", 10)];
        let widths: Vec<_> = fitted(columns, 34).columns.iter().map(|column| column.width).collect();
        assert_eq!(widths, [10, 10, 10]);
    }
}
