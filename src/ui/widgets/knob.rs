//! [`Knob`]: a named value with its bar and its keys, on two rows; on one where there is only
//! one.

use super::{put, put_right};
use crate::ui::look::Look;
use crate::ui::text::{cut, width};
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

/// A named value.
#[derive(Clone, Debug)]
pub struct Knob<'a> {
    /// How to draw.
    pub look: &'a Look,
    /// Its name.
    pub name: &'a str,
    /// Its value, written out.
    pub value: &'a str,
    /// Where the value lies in its range, 0 to 1.
    pub share: f32,
    /// Where the bar starts: 0 for most, 0.5 for two-sided values.
    pub origin: f32,
    /// The keys that turn it, written out.
    pub keys: &'a str,
    /// Whether the value was turned and is not heard yet.
    pub pending: bool,
}

/// Draws a bar from `origin` to `share` over a row, both 0 to 1.
pub fn bar(look: &Look, area: Rect, origin: f32, share: f32, buf: &mut Buffer) {
    let g = look.glyphs;
    let Some(inner) = area.width.checked_sub(2).filter(|w| *w > 0) else {
        return;
    };
    let clean = |v: f32| if v.is_finite() { v.clamp(0.0, 1.0) } else { 0.0 };
    let (origin, share) = (clean(origin), clean(share));
    let (low, high) = (origin.min(share), origin.max(share));
    let track = look.style(Role::Frame);
    let fill = look.style(Role::Knob);
    put(buf, area, 0, 0, g.track_ends[0], track);
    put(buf, area, inner + 1, 0, g.track_ends[1], track);
    let eighths = |v: f32| (v * f32::from(inner) * 8.0).round() as u32;
    let (low8, high8) = (eighths(low), eighths(high));
    for x in 0..inner {
        let left = u32::from(x) * 8;
        let (glyph, style) = if low8 <= left && high8 >= left + 8 {
            (g.fill[8], fill)
        } else if low8 <= left && high8 > left {
            let part = (high8 - left) as usize;
            let glyph = g.fill.get(part).copied().unwrap_or(" ");
            if glyph == " " {
                (g.track, track)
            } else {
                (glyph, fill)
            }
        } else if low8 > left && low8 < left + 8 && high8 >= left + 8 {
            (g.fill[8], fill)
        } else {
            (g.track, track)
        };
        put(buf, area, x + 1, 0, glyph, style);
    }
    if origin > 0.0 {
        let at = (origin * f32::from(inner)) as u16;
        put(buf, area, at.min(inner - 1) + 1, 0, g.middle, look.style(Role::Text));
    }
}

impl Widget for &Knob<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let look = self.look;
        let columns = usize::from(area.width);
        let role = if self.pending { Role::Warn } else { Role::Accent };
        let name = cut(self.name, columns.saturating_sub(width(self.value) + 1), look.glyphs);
        put(buf, area, 0, 0, &name, look.style(Role::Text));
        put_right(buf, area, 0, self.value, look.style(role));
        if area.height < 2 {
            return;
        }
        let keys = width(self.keys) as u16;
        let line = super::row(area, 1);
        put_right(buf, line, 0, self.keys, look.style(Role::Dim));
        let room = area.width.saturating_sub(if keys > 0 { keys + 1 } else { 0 });
        bar(look, Rect { width: room, ..line }, self.origin, self.share, buf);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::picture;
    use super::*;
    use crate::ui::glyphs::GlyphSet;
    use crate::ui::look::ColorDepth;
    use crate::ui::theme::Theme;

    #[test]
    fn a_knob_shows_name_value_bar_and_keys() {
        let look = Look::default();
        let knob = Knob {
            look: &look,
            name: "temperature",
            value: "1.00",
            share: 0.5,
            origin: 0.0,
            keys: "[ ]",
            pending: false,
        };
        assert_eq!(
            picture(&knob, 18, 2),
            "temperature   1.00\n▕██████░░░░░░▏ [ ]\n"
        );
        let two_sided = Knob {
            name: "density",
            value: "+0.50",
            share: 0.75,
            origin: 0.5,
            ..knob.clone()
        };
        assert_eq!(
            picture(&two_sided, 18, 2),
            "density      +0.50\n▕░░░░░░┼██░░░▏ [ ]\n"
        );
        let ascii = Look::new(Theme::plain(), ColorDepth::None, GlyphSet::Ascii);
        let plain = Knob { look: &ascii, ..knob };
        assert_eq!(picture(&plain, 18, 2), "temperature   1.00\n[######......] [ ]\n");
    }

    #[test]
    fn values_out_of_range_stay_inside_the_bar() {
        let look = Look::default();
        for share in [-3.0, 7.0, f32::NAN] {
            for origin in [0.0, 0.5, f32::NAN] {
                for columns in 0..10 {
                    let area = Rect::new(0, 0, columns, 1);
                    let mut buf = Buffer::empty(area);
                    bar(&look, area, origin, share, &mut buf);
                }
            }
        }
    }
}
