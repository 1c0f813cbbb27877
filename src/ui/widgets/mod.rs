//! Parts of screens that take plain data and a [`super::look::Look`]; none of them knows the
//! app. Every one draws inside the area it is given, however small.

pub mod bar_history;
pub mod form;
pub mod hints;
pub mod histogram;
pub mod knob;
pub mod line_chart;
pub mod meter;
pub mod panel;
pub mod progress;
pub mod scale;
pub mod sparkline;
pub mod spectrogram;
pub mod step_cells;
pub mod step_grid;
pub mod step_window;
pub mod table;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Draws a text at a place of an area, cut at its right side; the column after its last.
/// Nothing is drawn outside the area. Escape sequences never reach the buffer: ratatui drops
/// control characters from spans.
pub fn put(buf: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buf.area);
    let at = area.x.saturating_add(x);
    if y >= area.height || at >= area.right() {
        return x;
    }
    let (end, _) = buf.set_span(
        at,
        area.y + y,
        &Span::styled(text, style),
        area.right() - at,
    );
    end - area.x
}

/// Draws a line at a row of an area.
pub fn put_line(buf: &mut Buffer, area: Rect, y: u16, line: &Line<'_>) {
    let area = area.intersection(buf.area);
    if y < area.height && area.width > 0 {
        buf.set_line(area.x, area.y + y, line, area.width);
    }
}

/// Draws a text that ends at the right side of an area, cut to fit.
pub fn put_right(buf: &mut Buffer, area: Rect, y: u16, text: &str, style: Style) {
    let columns = super::text::width(text).min(usize::from(area.width)) as u16;
    put(buf, area, area.width - columns, y, text, style);
}

/// One row of an area, empty where it has fewer.
#[must_use]
pub fn row(area: Rect, y: u16) -> Rect {
    if y < area.height {
        Rect::new(area.x, area.y + y, area.width, 1)
    } else {
        Rect::new(area.x, area.bottom(), area.width, 0)
    }
}

/// An area less its first `rows` rows.
#[must_use]
pub fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect::new(area.x, area.y + rows, area.width, area.height - rows)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ratatui::widgets::Widget;

    /// A widget's picture as text, one line a row, trailing spaces cut.
    pub(crate) fn picture(widget: impl Widget, width: u16, height: u16) -> String {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        widget.render(area, &mut buf);
        text_of(&buf)
    }

    /// A buffer as text.
    pub(crate) fn text_of(buf: &Buffer) -> String {
        let mut out = String::new();
        for y in buf.area.top()..buf.area.bottom() {
            let mut line = String::new();
            let mut skip = 0;
            for x in buf.area.left()..buf.area.right() {
                let symbol = buf[(x, y)].symbol();
                if skip == 0 {
                    line.push_str(symbol);
                }
                skip = usize::max(skip, crate::ui::text::width(symbol)).saturating_sub(1);
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    #[test]
    fn nothing_is_drawn_outside_the_area() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 2));
        let area = Rect::new(2, 0, 3, 1);
        put(&mut buf, area, 0, 0, "abcdef", Style::new());
        put(&mut buf, area, 0, 1, "below", Style::new());
        put(&mut buf, area, 9, 0, "beside", Style::new());
        put_right(&mut buf, Rect::new(0, 1, 6, 9), 0, "r", Style::new());
        assert_eq!(text_of(&buf), "  abc\n     r\n");
    }

    #[test]
    fn outside_text_is_sanitized() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        let area = buf.area;
        put(&mut buf, area, 0, 0, "a\x1b[31mb\u{9b}c\x07", Style::new());
        assert!(
            buf.content
                .iter()
                .all(|cell| !cell.symbol().contains(|c: char| c.is_control()))
        );
    }
}
