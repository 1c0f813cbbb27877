//! [`Spectrogram`]: sound over time, low bands below. Two bands a row in half blocks where
//! there are colours, an ASCII ramp where there are none. Frequencies stand at the left.

use super::{put, put_right};
use crate::message::SpectrogramColumn;
use crate::ui::look::Look;
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

/// Values from silence to full where there are no colours.
const RAMP: [&str; 10] = [" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"];

/// Columns left of the picture.
const MARGIN: u16 = 4;

/// Sound over time.
#[derive(Clone, Debug)]
pub struct Spectrogram<'a> {
    /// How to draw.
    pub look: &'a Look,
    /// Columns of bands, oldest first.
    pub columns: &'a [&'a SpectrogramColumn],
    /// The frequencies of the lowest band's lower and the highest band's upper edge, in
    /// hertz; bands are even in mel.
    pub hz: (f32, f32),
    /// Whether all columns are squeezed or stretched into the width; else the last ones that
    /// fit are shown.
    pub fit: bool,
    /// Where the sound is now, 0 to 1 of the columns, drawn as a line where given.
    pub playhead: Option<f32>,
}

/// Slaney's mel scale, as librosa computes it: linear below 1 kHz (15 mel there),
/// logarithmic above.
fn mel(hz: f32) -> f32 {
    if hz < 1_000.0 {
        hz * 3.0 / 200.0
    } else {
        15.0 + (hz / 1_000.0).ln() * 27.0 / 6.4f32.ln()
    }
}

impl Spectrogram<'_> {
    /// The columns of data that a screen column shows, as a range of indices.
    fn range(&self, x: u16, width: u16) -> std::ops::Range<usize> {
        let n = self.columns.len();
        if self.fit {
            let at = |x: u16| n * usize::from(x) / usize::from(width.max(1));
            at(x)..at(x + 1).max(at(x) + 1)
        } else {
            let back = usize::from(width - x);
            let at = n.checked_sub(back);
            at.map_or(0..0, |at| at..at + 1)
        }
    }

    /// The loudest value of a range of columns between two shares of the height, 0 the lowest.
    fn value(&self, columns: std::ops::Range<usize>, low: f32, high: f32) -> Option<f32> {
        let columns = self
            .columns
            .get(columns.start.min(self.columns.len())..columns.end.min(self.columns.len()))?;
        if columns.is_empty() {
            return None;
        }
        let mut most = 0.0f32;
        for column in columns {
            let n = column.bands.len();
            let from = (low * n as f32) as usize;
            let to = ((high * n as f32) as usize).max(from + 1).min(n);
            for value in column.bands.get(from.min(n)..to).unwrap_or(&[]) {
                if value.is_finite() {
                    most = most.max(*value);
                }
            }
        }
        Some(most.clamp(0.0, 1.0))
    }

    fn draw_labels(&self, area: Rect, buf: &mut Buffer) {
        let (low, high) = (mel(self.hz.0.max(0.0)), mel(self.hz.1.max(1.0)));
        let column = Rect {
            width: MARGIN - 1,
            ..area
        };
        let mut last = None;
        for (hz, text) in [
            (100.0, "100"),
            (1_000.0, "1k"),
            (10_000.0, "10k"),
            (300.0, "300"),
            (3_000.0, "3k"),
            (5_000.0, "5k"),
        ] {
            let share = (mel(hz) - low) / (high - low);
            if !(0.0..1.0).contains(&share) {
                continue;
            }
            let up = (share * f32::from(area.height)) as u16;
            let y = area.height.saturating_sub(1).saturating_sub(up);
            let spaced = area.height >= 12 || hz == 100.0 || hz == 1_000.0 || hz == 10_000.0;
            if last == Some(y) || !spaced {
                continue;
            }
            last = Some(y);
            put_right(buf, column, y, text, self.look.style(Role::Dim));
        }
    }
}

impl Widget for &Spectrogram<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.width <= MARGIN || area.height == 0 {
            return;
        }
        self.draw_labels(area, buf);
        let plot = Rect::new(area.x + MARGIN, area.y, area.width - MARGIN, area.height);
        let rows = f32::from(plot.height);
        for x in 0..plot.width {
            let columns = self.range(x, plot.width);
            for y in 0..plot.height {
                let from_bottom = f32::from(plot.height - 1 - y);
                let low = from_bottom / rows;
                let middle = (from_bottom + 0.5) / rows;
                let high = (from_bottom + 1.0) / rows;
                if self.look.ascii() || self.look.heat(0.0).is_none() {
                    let Some(value) = self.value(columns.clone(), low, high) else {
                        continue;
                    };
                    let index = (value * (RAMP.len() - 1) as f32).round() as usize;
                    let glyph = RAMP.get(index).copied().unwrap_or(" ");
                    let style = self.look.heat(0.35 + 0.65 * value);
                    let style = style.map_or_else(Style::new, |c| Style::new().fg(c));
                    put(buf, plot, x, y, glyph, style);
                    continue;
                }
                let (Some(lower), Some(upper)) = (
                    self.value(columns.clone(), low, middle),
                    self.value(columns.clone(), middle, high),
                ) else {
                    continue;
                };
                let (Some(fg), Some(bg)) = (self.look.heat(upper), self.look.heat(lower)) else {
                    continue;
                };
                put(buf, plot, x, y, "▀", Style::new().fg(fg).bg(bg));
            }
        }
        if let Some(at) = self.playhead.filter(|at| (0.0..1.0).contains(at)) {
            let x = (at * f32::from(plot.width)) as u16;
            let style = self.look.style(Role::Playhead);
            for y in 0..plot.height {
                put(buf, plot, x, y, self.look.glyphs.axes[1], style);
            }
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

    fn columns() -> Vec<SpectrogramColumn> {
        (0..12)
            .map(|t| SpectrogramColumn {
                bands: (0..16)
                    .map(|b| {
                        if t % 4 == 0 {
                            1.0 - b as f32 / 20.0
                        } else {
                            0.05 * b as f32
                        }
                    })
                    .collect(),
            })
            .collect()
    }

    #[test]
    fn kicks_stand_as_columns_that_are_loud_below() {
        let columns = columns();
        let columns: Vec<_> = columns.iter().collect();
        let ascii = Look::new(Theme::plain(), ColorDepth::None, GlyphSet::Ascii);
        let spectrogram = Spectrogram {
            look: &ascii,
            columns: &columns,
            hz: (0.0, 16_000.0),
            fit: false,
            playhead: None,
        };
        let drawn = picture(&spectrogram, 16, 4);
        assert_eq!(
            drawn,
            "10k =###=###=###\n    ++++++++++++\n 1k #---#---#---\n100 @...@...@...\n"
        );
        let look = Look::default();
        let colourful = Spectrogram {
            look: &look,
            fit: true,
            ..spectrogram
        };
        assert!(picture(&colourful, 30, 3).contains("▀▀▀▀"));
    }

    #[test]
    fn any_size_and_any_data_can_be_drawn() {
        let look = Look::default();
        let odd = [
            SpectrogramColumn { bands: vec![] },
            SpectrogramColumn {
                bands: vec![f32::NAN, 9.0, -1.0],
            },
        ];
        let odd: Vec<_> = odd.iter().collect();
        for columns in [&odd[..], &[]] {
            for (width, height) in [(0, 0), (4, 1), (5, 1), (300, 90)] {
                for fit in [false, true] {
                    let spectrogram = Spectrogram {
                        look: &look,
                        columns,
                        hz: (0.0, 0.0),
                        fit,
                        playhead: Some(f32::NAN),
                    };
                    picture(&spectrogram, width, height);
                }
            }
        }
    }
}
