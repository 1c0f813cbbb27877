//! One cell of the step grid: a hit's mark, or the rest's dot.

use super::put;
use crate::message::Cell;
use crate::ui::look::{Firmness, Look};
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What is drawn in a cell.
#[derive(Clone, Copy, Debug)]
pub struct Mark<'a> {
    /// How to draw.
    pub look: &'a Look,
    /// Which lane.
    pub lane: usize,
    /// What the lane does.
    pub cell: Cell,
    /// Columns of the cell, the gap behind the mark included.
    pub columns: u16,
    /// Rows of the lane; of three the last is a gap.
    pub rows: u16,
    /// Whether it may still change.
    pub firmness: Firmness,
    /// Whether the lane is muted.
    pub muted: bool,
    /// Whether a beat starts here.
    pub on_beat: bool,
}

/// How many columns micro-timing moves a mark: nothing in cells under three columns, else
/// one column from an eighth of a step on, two from 0.3 in cells of six.
#[must_use]
pub fn shift(offset: f32, columns: u16) -> i32 {
    let size = match (columns, offset.abs()) {
        (6.., 0.3..) => 2,
        (3.., 0.125..) => 1,
        _ => 0,
    };
    if offset < 0.0 { -size } else { size }
}

/// Draws a cell whose left top is at `(x, y)` of the area.
pub fn draw(mark: &Mark<'_>, area: Rect, (x, y): (u16, u16), buf: &mut Buffer) {
    let look = mark.look;
    if mark.cell.velocity == 0 {
        let (glyph, role) = if mark.on_beat {
            (look.glyphs.rest_beat, Role::Dim)
        } else {
            (look.glyphs.rest, Role::Frame)
        };
        put(buf, area, x, y, glyph, look.style(role));
        return;
    }
    let style = look.hit(mark.lane, mark.cell.velocity, mark.firmness, mark.muted);
    let shade = look.glyphs.shade(mark.cell.velocity);
    let columns = mark.columns.saturating_sub(1).max(1);
    let at = i32::from(x) + shift(mark.cell.offset, mark.columns);
    let at = u16::try_from(at).unwrap_or(x);
    let rows = if mark.rows >= 3 {
        mark.rows - 1
    } else {
        mark.rows
    };
    for row in 0..rows {
        for column in 0..columns {
            put(buf, area, at.saturating_add(column), y + row, shade, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn micro_timing_moves_marks_only_where_there_is_room() {
        assert_eq!(shift(0.4, 2), 0);
        assert_eq!(shift(0.05, 4), 0);
        assert_eq!(shift(0.2, 4), 1);
        assert_eq!(shift(-0.4, 4), -1);
        assert_eq!(shift(-0.4, 6), -2);
        assert_eq!(shift(f32::NAN, 6), 0);
    }
}
