//! [`Table`]: rows of columns with a chosen row, scrolled to it, and a scroll bar.

use super::{put, put_line};
use crate::ui::look::Look;
use crate::ui::text::{left, right};
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Its width; the first column takes what is left over as well.
    pub width: u16,
    /// Whether its cells stand at its right side.
    pub right: bool,
}

/// A cell: text and style.
pub type TableCell = (String, Style);

/// Rows of columns.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    /// How to draw.
    pub look: &'a Look,
    /// The columns.
    pub columns: &'a [Column],
    /// How many rows there are.
    pub rows: usize,
    /// The first row in sight, such as [`first_row`] gives.
    pub first: usize,
    /// The chosen row.
    pub selected: usize,
    /// Whether headings are drawn.
    pub headed: bool,
}

/// The first row shown so that `selected` is in sight, as near the middle as the ends allow.
#[must_use]
pub fn first_row(selected: usize, rows: usize, height: usize) -> usize {
    let most = rows.saturating_sub(height);
    selected.saturating_sub(height / 2).min(most)
}

impl Table<'_> {
    /// Draws it; `cells` gives a row's cells and is asked only for rows in sight.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, cells: impl Fn(usize) -> Vec<TableCell>) {
        let area = area.intersection(buf.area);
        let Some(last) = area.width.checked_sub(1) else {
            return;
        };
        let fixed: u16 = self.columns.iter().map(|c| c.width + 1).sum();
        let spare = last.saturating_sub(fixed);
        let width = |place: usize, column: &Column| {
            usize::from(column.width + if place == 0 { spare } else { 0 })
        };
        let g = self.look.glyphs;
        let pad = |place: usize, column: &Column, text: &str| {
            let columns = width(place, column);
            if column.right {
                right(text, columns, g)
            } else {
                left(text, columns, g)
            }
        };
        let mut body = area;
        if self.headed {
            let mut x = 1;
            for (place, column) in self.columns.iter().enumerate() {
                let text = pad(place, column, column.title);
                x = put(buf, area, x, 0, &text, self.look.style(Role::Dim)) + 1;
            }
            body = super::below(area, 1);
        }
        let height = usize::from(body.height);
        let first = self.first.min(self.rows.saturating_sub(height));
        for (y, index) in (0u16..).zip((first..self.rows).take(height)) {
            let chosen = index == self.selected;
            let mut spans = Vec::with_capacity(self.columns.len() * 2 + 1);
            let cursor = if chosen { g.cursor } else { " " };
            spans.push(Span::styled(cursor, self.look.style(Role::Accent)));
            let row_cells = cells(index);
            for (place, (column, (text, style))) in self.columns.iter().zip(&row_cells).enumerate()
            {
                spans.push(Span::styled(pad(place, column, text), *style));
                spans.push(Span::raw(" "));
            }
            let line = super::row(body, y);
            if chosen {
                let line = Rect {
                    width: last,
                    ..line
                };
                buf.set_style(line, self.look.selection());
            }
            put_line(
                buf,
                Rect {
                    width: last,
                    ..line
                },
                0,
                &Line::from(spans),
            );
        }
        if self.rows > height && height > 1 {
            let thumb = (height * height / self.rows).max(1);
            let travel = height - thumb;
            let start = travel * first / (self.rows - height).max(1);
            for y in 0..height {
                let on = (start..start + thumb).contains(&y);
                let glyph = g.scroll[usize::from(!on)];
                let role = if on { Role::Dim } else { Role::Frame };
                put(buf, body, last, y as u16, glyph, self.look.style(role));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::text_of;
    use super::*;

    const COLUMNS: [Column; 2] = [
        Column {
            title: "name",
            width: 4,
            right: false,
        },
        Column {
            title: "bars",
            width: 4,
            right: true,
        },
    ];

    fn draw(rows: usize, selected: usize, width: u16, height: u16) -> String {
        let look = Look::default();
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        let first = first_row(selected, rows, usize::from(height.saturating_sub(1)));
        let columns = &COLUMNS;
        let table = Table {
            look: &look,
            columns,
            rows,
            first,
            selected,
            headed: true,
        };
        let area = buf.area;
        table.draw(area, &mut buf, |i| {
            vec![
                (format!("file {i}"), Style::new()),
                (i.to_string(), Style::new()),
            ]
        });
        text_of(&buf)
    }

    #[test]
    fn the_chosen_row_is_always_in_sight() {
        for rows in [1, 3, 40] {
            for selected in 0..rows {
                let drawn = draw(rows, selected, 20, 5);
                assert!(drawn.contains(&format!("▌file {selected} ")), "{drawn}");
            }
        }
        assert_eq!(
            draw(40, 39, 18, 3),
            " name        bars\n file 38       38│\n▌file 39       39┃\n"
        );
    }

    #[test]
    fn any_size_can_be_drawn() {
        for (width, height) in [(0, 0), (1, 1), (3, 2), (300, 1)] {
            draw(100, 50, width, height);
            draw(0, 7, width, height);
        }
    }
}
