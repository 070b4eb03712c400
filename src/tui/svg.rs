//! A screen as a picture: an SVG document with the real colours on a dark ground, in a window
//! frame. Each cell is placed on a grid, so that any monospaced font lines up.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Width and height of a cell, and where the text stands in it.
const CELL: (f32, f32, f32) = (8.4, 18.0, 13.5);
const MARGIN: f32 = 14.0;
const TITLE: f32 = 30.0;
const GROUND: &str = "#14181f";
const TEXT: &str = "#d4d8de";

/// The document.
pub fn render(buffer: &Buffer, title: &str) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let width = f32::from(columns) * CELL.0 + 2.0 * MARGIN;
    let height = f32::from(rows) * CELL.1 + TITLE + 2.0 * MARGIN;
    let mut svg = String::new();
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" font-family="'DejaVu Sans Mono','JetBrains Mono',Menlo,Consolas,monospace" font-size="13.8">
<rect width="{width:.0}" height="{height:.0}" rx="10" fill="{GROUND}"/>
<path d="M0 {TITLE}V10a10 10 0 0 1 10-10H{right:.0}a10 10 0 0 1 10 10V{TITLE}Z" fill="#232934"/>
<circle cx="18" cy="15" r="5.5" fill="#e0605a"/><circle cx="37" cy="15" r="5.5" fill="#dba642"/><circle cx="56" cy="15" r="5.5" fill="#5fae5b"/>
<text x="{middle:.0}" y="20" text-anchor="middle" fill="#98a1ae">{title}</text>
"##,
        right = width - 10.0,
        middle = width / 2.0,
        title = escape(title),
    );
    for row in 0..rows {
        line(&mut svg, buffer, row, columns);
    }
    frame_lines(&mut svg, buffer);
    svg.push_str("</svg>\n");
    svg
}

fn line(svg: &mut String, buffer: &Buffer, row: u16, columns: u16) {
    let top = TITLE + MARGIN + f32::from(row) * CELL.1;
    let cells: Vec<&Cell> = (0..columns).filter_map(|column| buffer.cell((column, row))).collect();
    let mut at = 0;
    while at < cells.len() {
        let look = Look::of(cells[at]);
        let mut end = at + 1;
        while end < cells.len() && Look::of(cells[end]) == look {
            end += 1;
        }
        let x = MARGIN + at as f32 * CELL.0;
        let width = (end - at) as f32 * CELL.0;
        if let Some(ground) = &look.ground {
            // A little wider: no seams between neighbours.
            let _ = writeln!(
                svg,
                r#"<rect x="{x:.1}" y="{top:.1}" width="{:.1}" height="{:.1}" fill="{ground}"/>"#,
                width + 0.3,
                CELL.1 + 0.3
            );
        }
        text(svg, &cells[at..end], x, top + CELL.2, &look);
        at = end;
    }
}

/// Lines of frames are drawn, not written: they join whatever the font. Pieces that touch and look
/// the same are one line.
fn frame_lines(svg: &mut String, buffer: &Buffer) {
    let mut paths: BTreeMap<String, String> = BTreeMap::new();
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    // Which half of a cell towards a side has a line, and in which colour.
    let piece = |column: u16, row: u16, side: usize| {
        let cell = buffer.cell((column, row))?;
        arms(cell.symbol())?[side].then(|| Look::of(cell).colour)
    };
    let mut along =
        |length: u16, at: &dyn Fn(u16, usize) -> Option<String>, draw: &dyn Fn(f32, f32) -> String| {
            let halves: Vec<Option<String>> =
                (0..length * 2).map(|half| at(half / 2, usize::from(half % 2))).collect();
            let mut start = 0;
            for same in halves.chunk_by(|one, next| one == next) {
                if let Some(colour) = &same[0] {
                    let line = draw(start as f32 / 2.0, (start + same.len()) as f32 / 2.0);
                    paths.entry(colour.clone()).or_default().push_str(&line);
                }
                start += same.len();
            }
        };
    for row in 0..rows {
        let y = TITLE + MARGIN + (f32::from(row) + 0.5) * CELL.1;
        let draw =
            |from: f32, to: f32| format!("M{:.1} {y:.1}H{:.1}", MARGIN + from * CELL.0, MARGIN + to * CELL.0);
        along(columns, &|column, half| piece(column, row, half), &draw);
    }
    for column in 0..columns {
        let x = MARGIN + (f32::from(column) + 0.5) * CELL.0;
        let top = TITLE + MARGIN;
        let draw =
            |from: f32, to: f32| format!("M{x:.1} {:.1}V{:.1}", top + from * CELL.1, top + to * CELL.1);
        along(rows, &|row, half| piece(column, row, 2 + half), &draw);
    }
    for (colour, path) in paths {
        let _ = writeln!(svg, r#"<path d="{path}" stroke="{colour}" stroke-linecap="square" fill="none"/>"#);
    }
}

/// To which sides the lines of a frame character go: left, right, up, down.
fn arms(symbol: &str) -> Option<[bool; 4]> {
    Some(match symbol {
        "─" => [true, true, false, false],
        "│" => [false, false, true, true],
        "┌" => [false, true, false, true],
        "┐" => [true, false, false, true],
        "└" => [false, true, true, false],
        "┘" => [true, false, true, false],
        "├" => [false, true, true, true],
        "┤" => [true, false, true, true],
        "┬" => [true, true, false, true],
        "┴" => [true, true, true, false],
        "┼" => [true, true, true, true],
        _ => return None,
    })
}

fn text(svg: &mut String, cells: &[&Cell], x: f32, base: f32, look: &Look) {
    let joined: String = cells.iter().map(|cell| cell.symbol()).collect();
    if joined.trim().is_empty() {
        return;
    }
    // One text per word, its width stated: fonts of other widths cannot shift what follows.
    let mut at = 0;
    while at < cells.len() {
        let is_text = |cell: &Cell| !cell.symbol().trim().is_empty() && arms(cell.symbol()).is_none();
        if !is_text(cells[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < cells.len() && is_text(cells[at]) {
            at += 1;
        }
        let word: String = cells[start..at].iter().map(|cell| cell.symbol()).collect();
        let mut style = String::new();
        if look.bold {
            style.push_str(r#" font-weight="bold""#);
        }
        if look.underlined {
            style.push_str(r#" text-decoration="underline""#);
        }
        let _ = writeln!(
            svg,
            r#"<text x="{:.1}" y="{base:.1}" fill="{}" textLength="{:.1}" lengthAdjust="spacingAndGlyphs"{style}>{}</text>"#,
            x + start as f32 * CELL.0,
            look.colour,
            (at - start) as f32 * CELL.0,
            escape(&word)
        );
    }
}

#[derive(PartialEq)]
struct Look {
    colour: String,
    ground: Option<String>,
    bold: bool,
    underlined: bool,
}

impl Look {
    fn of(cell: &Cell) -> Look {
        let mut colour = hex(cell.fg).unwrap_or_else(|| TEXT.to_owned());
        let mut ground = hex(cell.bg);
        if cell.modifier.contains(Modifier::REVERSED) {
            let swapped = ground.unwrap_or_else(|| GROUND.to_owned());
            ground = Some(std::mem::replace(&mut colour, swapped));
        }
        Look {
            colour,
            ground,
            bold: cell.modifier.contains(Modifier::BOLD),
            underlined: cell.modifier.contains(Modifier::UNDERLINED),
        }
    }
}

fn hex(colour: Color) -> Option<String> {
    let (red, green, blue) = match colour {
        Color::Indexed(index @ 16..=231) => {
            let level = |value: u8| if value == 0 { 0 } else { 55 + 40 * value };
            let index = index - 16;
            (level(index / 36), level(index / 6 % 6), level(index % 6))
        }
        Color::Indexed(index @ 232..) => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
        Color::Rgb(red, green, blue) => (red, green, blue),
        _ => return None,
    };
    Some(format!("#{red:02x}{green:02x}{blue:02x}"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn words_colours_and_markup_come_through() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "a<b> ", Style::new().fg(Color::Indexed(75)));
        buffer.set_string(5, 0, "sel", Style::new().add_modifier(Modifier::REVERSED));
        let svg = render(&buffer, "demo & more");
        assert!(svg.contains("a&lt;b&gt;") && svg.contains("#5fafff") && svg.contains("demo &amp; more"));
        assert!(svg.contains(&format!(r#"fill="{TEXT}"/>"#)), "reversed: the ground is the text's colour");
    }

    #[test]
    fn a_frame_is_as_few_lines_as_it_has_sides() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 3));
        for (row, text) in ["┌──┐", "│ab│", "└──┘"].into_iter().enumerate() {
            buffer.set_string(0, row as u16, text, Style::new().fg(Color::Indexed(75)));
        }
        let svg = render(&buffer, "frame");
        let path = svg.lines().find(|line| line.contains("stroke=")).unwrap();
        assert_eq!((path.matches('H').count(), path.matches('V').count()), (2, 2), "{path}");
        assert!(!svg.contains('─') && svg.contains(">ab<"));
    }
}
