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

/// Draws a slider from `origin` to `share` over a row, both 0 to 1; with a handle at its end
/// where it is one to be turned.
pub fn slider(look: &Look, area: Rect, origin: f32, share: f32, handle: bool, buf: &mut Buffer) {
    let [empty, full, half, knob, zero] = look.glyphs.slider;
    let Some(last) = area.width.checked_sub(1) else {
        return;
    };
    let clean = |v: f32| {
        if v.is_finite() {
            v.clamp(0.0, 1.0)
        } else {
            0.0
        }
    };
    let (origin, share) = (clean(origin), clean(share));
    let track = look.style(Role::Frame);
    let fill = look.style(Role::Knob);
    if !handle {
        let halves = (share * f32::from(area.width) * 2.0).round() as u16;
        for x in 0..area.width {
            let (glyph, style) = match halves.saturating_sub(x * 2) {
                0 => (empty, track),
                1 if half == empty => (empty, track),
                1 => (half, fill),
                _ => (full, fill),
            };
            put(buf, area, x, 0, glyph, style);
        }
        return;
    }
    let column = |v: f32| (v * f32::from(last)).round() as u16;
    let (from, to) = (column(origin), column(share));
    for x in 0..area.width {
        let filled = (from.min(to)..=from.max(to)).contains(&x);
        let (glyph, style) = if x == to {
            (knob, look.style(Role::Accent))
        } else if origin > 0.0 && x == from {
            (zero, look.style(Role::Text))
        } else if filled {
            (full, fill)
        } else {
            (empty, track)
        };
        put(buf, area, x, 0, glyph, style);
    }
}

impl Widget for &Knob<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let look = self.look;
        let columns = usize::from(area.width);
        let role = if self.pending {
            Role::Warn
        } else {
            Role::Accent
        };
        let name = cut(
            self.name,
            columns.saturating_sub(width(self.value) + 1),
            look.glyphs,
        );
        put(buf, area, 0, 0, &name, look.style(Role::Text));
        put_right(buf, area, 0, self.value, look.style(role));
        if area.height < 2 {
            return;
        }
        let keys = width(self.keys) as u16;
        let line = super::row(area, 1);
        put_right(buf, line, 0, self.keys, look.style(Role::Dim));
        let room = area
            .width
            .saturating_sub(if keys > 0 { keys + 1 } else { 0 });
        let line = Rect {
            width: room,
            ..line
        };
        slider(look, line, self.origin, self.share, true, buf);
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
            "temperature   1.00\n━━━━━━━●────── [ ]\n"
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
            "density      +0.50\n───────┼━━●─── [ ]\n"
        );
        let ascii = Look::new(Theme::plain(), ColorDepth::None, GlyphSet::Ascii);
        let plain = Knob {
            look: &ascii,
            ..knob
        };
        assert_eq!(
            picture(&plain, 18, 2),
            "temperature   1.00\n=======O...... [ ]\n"
        );
    }

    #[test]
    fn values_out_of_range_stay_inside_the_bar() {
        let look = Look::default();
        for share in [-3.0, 7.0, f32::NAN] {
            for origin in [0.0, 0.5, f32::NAN] {
                for columns in 0..10 {
                    let area = Rect::new(0, 0, columns, 1);
                    let mut buf = Buffer::empty(area);
                    slider(&look, area, origin, share, true, &mut buf);
                    slider(&look, area, origin, share, false, &mut buf);
                }
            }
        }
    }
}
