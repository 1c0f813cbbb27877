//! A row of heights: the last values of something, newest at the right.

use super::put;
use crate::ui::look::Look;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the last values that fit the first row of an area, between the least and the
/// greatest of them; where `from_zero`, between 0 and the greatest.
pub fn sparkline(
    look: &Look,
    values: impl DoubleEndedIterator<Item = f32> + Clone,
    from_zero: bool,
    style: Style,
    area: Rect,
    buf: &mut Buffer,
) {
    let shown = values.rev().take(usize::from(area.width));
    let finite = shown.clone().filter(|v| v.is_finite());
    let (low, high) = finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    let low = if from_zero { 0.0 } else { low };
    for (back, value) in (1u16..).zip(shown) {
        let share = if !value.is_finite() {
            0.0
        } else if high > low {
            (value - low) / (high - low)
        } else {
            0.5
        };
        // The least value still shows as the lowest mark.
        let share = if from_zero || !value.is_finite() {
            share
        } else {
            0.125 + 0.875 * share
        };
        if let Some(x) = area.width.checked_sub(back) {
            put(buf, area, x, 0, look.glyphs.height(share), style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::text_of;
    use super::*;

    #[test]
    fn the_newest_value_is_at_the_right() {
        let look = Look::default();
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
        let area = buf.area;
        let values = [9.0, 0.0, 1.0, 2.0, 4.0];
        sparkline(
            &look,
            values.into_iter(),
            true,
            Style::new(),
            Rect { width: 4, ..area },
            &mut buf,
        );
        assert_eq!(text_of(&buf), " ▂▄█\n");
        sparkline(
            &look,
            [f32::NAN, 3.0, 3.0].into_iter(),
            false,
            Style::new(),
            area,
            &mut buf,
        );
        assert_eq!(text_of(&buf), " ▂▄ ▅▅\n");
    }
}
