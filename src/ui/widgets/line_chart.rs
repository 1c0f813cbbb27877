//! [`LineChart`]: curves over axes with figures. Braille dots in Unicode, one mark a column
//! in ASCII; curves differ by mark as well as by colour. Scales and ticks are in
//! [`super::scale`].

use super::scale::Scale;
use super::{put, put_right, row};
use crate::ui::look::Look;
use crate::ui::text::width;
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// A fine line; `.` in ASCII.
    Fine,
    /// A line with a mark at every point; `o` in ASCII.
    Marked,
    /// Every third dot of a line; `-` in ASCII.
    Sparse,
}

/// One curve.
#[derive(Clone, Debug)]
pub struct Curve<'a> {
    /// Places and values, places rising; what is not finite is passed over.
    pub points: &'a [(f64, f64)],
    /// Its colour.
    pub role: Role,
    /// How it is drawn.
    pub stroke: Stroke,
    /// What is written beside its last point; may be empty.
    pub tag: &'a str,
}

/// Curves over axes.
#[derive(Clone, Debug)]
pub struct LineChart<'a> {
    /// How to draw.
    pub look: &'a Look,
    /// The curves, the most important last.
    pub curves: &'a [Curve<'a>],
    /// Whether values are on a logarithmic scale; all must be above 0 then.
    pub log: bool,
    /// What the places are, written at the end of the lower axis.
    pub unit: &'a str,
    /// The last place of the axis, if it is to go further than the curves.
    pub until: Option<f64>,
}

/// Columns left of the vertical axis.
const MARGIN: u16 = 5;

/// The chart's dots: two by four a cell.
struct Canvas {
    columns: usize,
    rows: usize,
    dots: Vec<u8>,
}

impl Canvas {
    fn set(&mut self, x: usize, y: usize) {
        // Braille numbers its dots down the left column, then the right, the lowest row last.
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        if x / 2 >= self.columns || y / 4 >= self.rows {
            return;
        }
        let bit = BITS[y % 4][x % 2];
        if let Some(cell) = self.dots.get_mut(y / 4 * self.columns + x / 2) {
            *cell |= bit;
        }
    }
}

impl LineChart<'_> {
    /// The scales of both axes: places and values.
    fn scales(&self, plot: Rect) -> Option<(Scale, Scale)> {
        let all = self.curves.iter().flat_map(|c| c.points);
        let mut x = (f64::INFINITY, f64::NEG_INFINITY);
        let mut y = x;
        for (px, py) in all.filter(|p| self.drawable(p)) {
            x = (x.0.min(*px), x.1.max(*px));
            y = (y.0.min(*py), y.1.max(*py));
        }
        if x.0 > x.1 {
            return None;
        }
        if let Some(until) = self.until.filter(|u| u.is_finite()) {
            x.1 = x.1.max(until);
        }
        let x = Scale::new(x.0.min(0.0), x.1, false, usize::from(plot.width) * 2);
        let y = Scale::new(y.0, y.1, self.log, usize::from(plot.height) * 4);
        Some((x, y))
    }

    fn drawable(&self, (x, y): &(f64, f64)) -> bool {
        x.is_finite() && y.is_finite() && (!self.log || *y > 0.0)
    }

    fn draw_axes(&self, plot: Rect, (xs, ys): &(Scale, Scale), area: Rect, buf: &mut Buffer) {
        let look = self.look;
        let dim = look.style(Role::Dim);
        let frame = look.style(Role::Frame);
        for y in 0..plot.height {
            put(buf, area, MARGIN, y, look.glyphs.axes[1], frame);
        }
        let mut last = None;
        for (value, text) in ys.ticks(usize::from(plot.height / 2).max(2)) {
            let y = plot.height.saturating_sub(1)
                - (ys.dot(value) / 4).min(usize::from(plot.height) - 1) as u16;
            if last.is_some_and(|l: u16| l.abs_diff(y) < 2) {
                continue;
            }
            last = Some(y);
            let label = Rect {
                width: MARGIN - 1,
                ..area
            };
            put_right(buf, label, y, &text, dim);
            let guide = if look.ascii() { "." } else { "┈" };
            for x in (0..plot.width).step_by(if look.ascii() { 4 } else { 1 }) {
                put(buf, plot, x, y, guide, frame);
            }
        }
        let bottom = plot.height;
        let rule = look.glyphs.axes[0].repeat(usize::from(plot.width));
        put(buf, area, MARGIN, bottom, look.glyphs.axes[2], frame);
        put(buf, area, MARGIN + 1, bottom, &rule, frame);
        let unit = width(self.unit) as u16;
        let mut free = 0;
        for (value, text) in xs.ticks(usize::from(plot.width / 8).max(2)) {
            let at = (xs.dot(value) / 2) as u16;
            let at = (MARGIN + 1 + at).saturating_sub(width(&text) as u16 / 2);
            let end = at + width(&text) as u16;
            if at < free || end + unit + 1 > area.width {
                continue;
            }
            put(buf, area, at, bottom + 1, &text, dim);
            free = end + 1;
        }
        put_right(buf, row(area, bottom + 1), 0, self.unit, dim);
    }

    fn draw_curve(
        &self,
        curve: &Curve<'_>,
        plot: Rect,
        (xs, ys): &(Scale, Scale),
        buf: &mut Buffer,
    ) {
        let look = self.look;
        let style = look.style(curve.role);
        let (columns, rows) = (usize::from(plot.width), usize::from(plot.height));
        let mut canvas = Canvas {
            columns,
            rows,
            dots: vec![0; columns * rows],
        };
        let points = curve.points.iter().filter(|p| self.drawable(p));
        let place = |p: &(f64, f64)| (xs.dot(p.0), (rows * 4).saturating_sub(1 + ys.dot(p.1)));
        let mut previous: Option<(usize, usize)> = None;
        let mut marks = Vec::new();
        let mut count = 0usize;
        for point in points {
            let to = place(point);
            let from = previous.unwrap_or(to);
            let length = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
            for i in 0..=length {
                let between = |a: usize, b: usize| {
                    (a as f64 + (b as f64 - a as f64) * i as f64 / length as f64).round() as usize
                };
                count += 1;
                if curve.stroke != Stroke::Sparse || count.is_multiple_of(3) {
                    canvas.set(between(from.0, to.0), between(from.1, to.1));
                }
            }
            marks.push(to);
            previous = Some(to);
        }
        for y in 0..rows {
            for x in 0..columns {
                let bits = canvas.dots.get(y * columns + x).copied().unwrap_or(0);
                if bits == 0 {
                    continue;
                }
                let glyph = if look.ascii() {
                    match curve.stroke {
                        Stroke::Fine => '.',
                        Stroke::Marked => 'o',
                        Stroke::Sparse => '-',
                    }
                } else {
                    char::from_u32(0x2800 + u32::from(bits)).unwrap_or('.')
                };
                put(
                    buf,
                    plot,
                    x as u16,
                    y as u16,
                    glyph.encode_utf8(&mut [0; 4]),
                    style,
                );
            }
        }
        let cell = |(x, y): (usize, usize)| ((x / 2) as u16, (y / 4) as u16);
        if curve.stroke == Stroke::Marked && marks.len() <= columns {
            for mark in &marks {
                let (x, y) = cell(*mark);
                let glyph = if look.ascii() { "o" } else { "•" };
                put(buf, plot, x, y, glyph, style);
            }
        }
        if let Some(last) = marks.last().filter(|_| !curve.tag.is_empty()) {
            let (x, y) = cell(*last);
            put(buf, plot, x, y, look.glyphs.point, style);
            let room = width(curve.tag) as u16 + 1;
            let (x, y) = if x + 1 + room <= plot.width {
                (x + 2, y)
            } else {
                (x.saturating_sub(room), y.saturating_sub(1))
            };
            put(buf, plot, x, y, curve.tag, style);
        }
    }
}

impl Widget for &LineChart<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.width < MARGIN + 4 || area.height < 4 {
            return;
        }
        let plot = Rect::new(
            area.x + MARGIN + 1,
            area.y,
            area.width - MARGIN - 1,
            area.height - 2,
        );
        let Some(scales) = self.scales(plot) else {
            return;
        };
        self.draw_axes(plot, &scales, area, buf);
        for curve in self.curves {
            self.draw_curve(curve, plot, &scales, buf);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::picture;
    use super::*;
    use crate::ui::glyphs::GlyphSet;
    use crate::ui::look::ColorDepth;
    use crate::ui::theme::Theme;

    fn falling(n: usize) -> Vec<(f64, f64)> {
        (0..n)
            .map(|i| (i as f64 / 4.0, 1.4 + 1.6 * (-(i as f64) / 12.0).exp()))
            .collect()
    }

    #[test]
    fn a_falling_loss_falls_in_both_alphabets() {
        let train = falling(48);
        let valid: Vec<_> = train
            .iter()
            .step_by(4)
            .map(|(x, y)| (*x, y + 0.2))
            .collect();
        let curves = [
            Curve {
                points: &train,
                role: Role::Train,
                stroke: Stroke::Fine,
                tag: "",
            },
            Curve {
                points: &valid,
                role: Role::Valid,
                stroke: Stroke::Marked,
                tag: "1.62",
            },
        ];
        let look = Look::default();
        let chart = LineChart {
            look: &look,
            curves: &curves,
            log: true,
            unit: "epoch",
            until: None,
        };
        insta::assert_snapshot!(picture(&chart, 50, 12));
        let ascii = Look::new(Theme::plain(), ColorDepth::None, GlyphSet::Ascii);
        let chart = LineChart {
            look: &ascii,
            log: false,
            ..chart
        };
        let drawn = picture(&chart, 50, 12);
        assert!(drawn.is_ascii());
        insta::assert_snapshot!(drawn);
    }

    #[test]
    fn hopeless_values_draw_nothing_and_hurt_nothing() {
        let look = Look::default();
        let nan = [
            (0.0, f64::NAN),
            (f64::INFINITY, 1.0),
            (1.0, -1.0),
            (2.0, 1e300),
            (3.0, 1e-300),
        ];
        let flat = [(5.0, 2.0), (5.0, 2.0)];
        for points in [&nan[..], &flat, &[]] {
            for (width, height) in [(0, 0), (9, 4), (10, 5), (300, 100)] {
                for log in [false, true] {
                    let curves = [Curve {
                        points,
                        role: Role::Train,
                        stroke: Stroke::Sparse,
                        tag: "x",
                    }];
                    let chart = LineChart {
                        look: &look,
                        curves: &curves,
                        log,
                        unit: "epoch",
                        until: Some(f64::NAN),
                    };
                    picture(&chart, width, height);
                }
            }
        }
    }
}
