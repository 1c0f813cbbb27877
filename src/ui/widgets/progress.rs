//! A progress bar with its share in figures.

use super::put_right;
use crate::ui::look::Look;
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws how much of something is done, 0 to 1, on the first row of an area.
pub fn progress(look: &Look, share: f32, area: Rect, buf: &mut Buffer) {
    let line = super::row(area.intersection(buf.area), 0);
    let share = if share.is_finite() {
        share.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let text = format!("{:3.0}%", (share * 100.0).floor());
    put_right(buf, line, 0, &text, look.style(Role::Text));
    let bar = Rect {
        width: line.width.saturating_sub(5),
        ..line
    };
    super::knob::slider(look, bar, 0.0, share, false, buf);
}

#[cfg(test)]
mod tests {
    use super::super::tests::text_of;
    use super::*;

    #[test]
    fn progress_reads_as_a_bar_and_a_figure() {
        let look = Look::default();
        let mut buf = Buffer::empty(Rect::new(0, 0, 15, 2));
        let area = buf.area;
        progress(&look, 0.255, area, &mut buf);
        progress(&look, f32::NAN, Rect::new(0, 1, 15, 1), &mut buf);
        assert_eq!(text_of(&buf), "━━╸───────  25%\n──────────   0%\n");
    }
}
