//! How often each lane is hit: a row of heights where there is one row, named bars with
//! figures where there are nine.

use super::{put, put_right};
use crate::beat::lane::Lane;
use crate::message::LANES;
use crate::ui::look::Look;
use crate::ui::text::thousands;
use crate::ui::theme::Role;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws hits a lane: compact under nine rows, kick first; else a bar a lane, kick lowest.
pub fn lane_histogram(look: &Look, counts: &[u32; LANES], area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f32;
    if usize::from(area.height) < LANES {
        compact(look, counts, most, area, buf);
        return;
    }
    for (y, lane) in (0u16..).zip(Lane::TOP_DOWN) {
        let count = counts.get(lane.index()).copied().unwrap_or(0);
        put(buf, area, 0, y, lane.label(), look.style(Role::Dim));
        let line = super::row(area, y);
        put_right(
            buf,
            line,
            0,
            &thousands(u64::from(count)),
            look.style(Role::Text),
        );
        let room = area.width.saturating_sub(8 + 8);
        let eighths = (count as f32 / most * f32::from(room) * 8.0).ceil() as usize;
        for x in 0..room {
            let part = eighths.saturating_sub(usize::from(x) * 8).min(8);
            let glyph = look.glyphs.fill.get(part).copied().unwrap_or(" ");
            put(buf, area, 8 + x, y, glyph, look.lane(lane.index()));
        }
    }
}

fn compact(look: &Look, counts: &[u32; LANES], most: f32, area: Rect, buf: &mut Buffer) {
    let named = area.height >= 2 && area.width >= 3 * LANES as u16 - 1;
    let pitch = if area.width >= 3 * LANES as u16 - 1 {
        3
    } else if area.width >= 2 * LANES as u16 - 1 {
        2
    } else {
        1
    };
    for (place, lane) in Lane::TOP_DOWN.into_iter().rev().enumerate() {
        let count = counts.get(lane.index()).copied().unwrap_or(0);
        let x = place as u16 * pitch;
        let glyph = look.glyphs.height(count as f32 / most);
        for dx in 0..pitch.saturating_sub(1).max(1) {
            put(buf, area, x + dx, 0, glyph, look.lane(lane.index()));
        }
        if named {
            put(buf, area, x, 1, lane.short(), look.style(Role::Dim));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::text_of;
    use super::*;

    #[test]
    fn counts_show_compact_and_in_full() {
        let look = Look::default();
        let counts = [100, 50, 1204, 0, 3, 0, 0, 2, 8];
        let mut buf = Buffer::empty(Rect::new(0, 0, 26, 9));
        let area = buf.area;
        lane_histogram(&look, &counts, Rect { height: 2, ..area }, &mut buf);
        let compact = text_of(&buf);
        assert!(
            compact.starts_with("▁▁ ▁▁ ██    ▁▁       ▁▁ ▁▁\nbd sn ch"),
            "{compact}"
        );
        buf.reset();
        lane_histogram(&look, &counts, area, &mut buf);
        let full = text_of(&buf);
        assert!(full.contains("clsd hh ██████████   1,204"), "{full}");
        assert!(full.lines().last().unwrap().starts_with("kick"), "{full}");
    }
}
