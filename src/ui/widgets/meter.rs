//! Levels: one horizontal bar, or an upright one a lane.

use super::{put, put_right};
use crate::beat::lane::Lane;
use crate::message::LANES;
use crate::ui::look::Look;
use crate::ui::theme::Role;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws a level of 0 to 1 over the first row of an area.
pub fn meter(look: &Look, level: f32, area: Rect, buf: &mut Buffer) {
    let level = if level.is_finite() {
        level.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let full = (level * f32::from(area.width)).round() as u16;
    for x in 0..area.width {
        let (glyph, style) = if x < full {
            let share = f32::from(x + 1) / f32::from(area.width);
            (look.glyphs.slider[1], look.level(share))
        } else {
            (look.glyphs.slider[0], look.style(Role::Frame))
        };
        put(buf, area, x, 0, glyph, style);
    }
}

/// Draws an upright level a lane, kick first, with the lanes' short names under them where
/// there are two rows. Takes 3 columns a lane, 2 or 1 where there are fewer.
pub fn lane_levels(look: &Look, levels: &[f32; LANES], area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let pitch = (area.width / LANES as u16).clamp(1, 3);
    let named = area.height >= 2 && pitch == 3;
    let rows = area.height - u16::from(named);
    for (place, lane) in Lane::TOP_DOWN.into_iter().rev().enumerate() {
        let x = place as u16 * pitch;
        let level = levels.get(lane.index()).copied().unwrap_or(0.0);
        let level = if level.is_finite() {
            level.clamp(0.0, 1.0)
        } else {
            0.0
        };
        for y in 0..rows {
            let from_bottom = f32::from(rows - 1 - y);
            let part = (level * f32::from(rows) - from_bottom).clamp(0.0, 1.0);
            let glyph = look.glyphs.height(part);
            for dx in 0..pitch.saturating_sub(1).max(1) {
                put(buf, area, x + dx, y, glyph, look.lane(lane.index()));
            }
        }
        if named {
            put(buf, area, x, rows, lane.short(), look.style(Role::Dim));
        }
    }
}

/// Draws a meter with its decibels at the right.
pub fn meter_with_figure(look: &Look, level: f32, area: Rect, buf: &mut Buffer) {
    let line = super::row(area.intersection(buf.area), 0);
    let text = crate::ui::text::decibels(level);
    put_right(buf, line, 0, &text, look.style(Role::Dim));
    let width = line.width.saturating_sub(8);
    meter(look, level, Rect { width, ..line }, buf);
}

#[cfg(test)]
mod tests {
    use super::super::tests::text_of;
    use super::*;

    #[test]
    fn levels_show_as_bars() {
        let look = Look::default();
        let mut buf = Buffer::empty(Rect::new(0, 0, 27, 4));
        let area = buf.area;
        meter_with_figure(
            &look,
            0.5,
            Rect {
                height: 1,
                width: 18,
                ..area
            },
            &mut buf,
        );
        let mut levels = [0.0; LANES];
        levels[0] = 1.0;
        levels[1] = 0.25;
        levels[2] = f32::NAN;
        lane_levels(&look, &levels, Rect::new(0, 1, 27, 3), &mut buf);
        assert_eq!(
            text_of(&buf),
            "━━━━━─────   -6 dB\n██\n██ ▄▄\nbd sn ch oh lt mt ht rd cr\n"
        );
    }
}
