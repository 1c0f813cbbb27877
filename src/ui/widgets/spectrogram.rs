//! [`Spectrogram`]: sound over time, low bands below. Two bands a row in half blocks where
//! there are colours, an ASCII ramp where there are none. Frequencies stand at the left, in hertz.

use super::step_window::StepScale;
use super::{put, put_right};
use crate::message::{COLUMNS_A_STEP, SpectrogramColumn};
use crate::ui::look::Look;
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;
use std::ops::Range;

/// Values from silence to full where there are no colours.
const RAMP: [&str; 10] = [" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"];

/// The least columns of a margin with frequencies.
pub const MARGIN: u16 = 4;

/// The least columns of a margin in which frequencies have their unit.
const MARGIN_WITH_UNIT: u16 = 8;

/// Frequencies that are marked, the most useful first: the last ones only where there is room.
const MARKS: [(f32, &str, &str); 6] = [
    (100.0, "100", "100 Hz"),
    (1_000.0, "1k", "1 kHz"),
    (10_000.0, "10k", "10 kHz"),
    (300.0, "300", "300 Hz"),
    (3_000.0, "3k", "3 kHz"),
    (5_000.0, "5k", "5 kHz"),
];

/// Which columns of data stand where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Time {
    /// All of them, squeezed or stretched into the width.
    Fit,
    /// The newest at the right, so many of data in each of the screen: what is appended scrolls the rest.
    Scroll(usize),
    /// Under a grid of steps, [`COLUMNS_A_STEP`] a step.
    Steps {
        /// Where the grid's steps stand.
        scale: StepScale,
        /// The step that the first column of data is of.
        first: u64,
        /// The step that sounds.
        playhead: Option<u64>,
    },
}

/// Sound over time.
#[derive(Clone, Debug)]
pub struct Spectrogram<'a> {
    /// How to draw.
    pub look: &'a Look,
    /// Columns of bands, oldest first: two runs, as a ring has them.
    pub columns: (&'a [SpectrogramColumn], &'a [SpectrogramColumn]),
    /// The frequencies of the lowest band's lower and the highest band's upper edge, in
    /// hertz; bands are even in mel.
    pub hz: (f32, f32),
    /// Columns left of the picture: frequencies are marked in [`MARGIN`] and more.
    pub margin: u16,
    /// What stands where.
    pub time: Time,
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
    fn len(&self) -> usize {
        self.columns.0.len() + self.columns.1.len()
    }

    fn column(&self, at: usize) -> Option<&SpectrogramColumn> {
        let (old, new) = self.columns;
        old.get(at).or_else(|| new.get(at.checked_sub(old.len())?))
    }

    /// The columns of data that a screen column shows; none where it shows nothing.
    fn range(&self, x: u16, width: u16) -> Option<Range<usize>> {
        let n = self.len();
        let range = match self.time {
            Time::Fit => {
                let at = |x: u16| n * usize::from(x) / usize::from(width.max(1));
                at(x)..at(x + 1).max(at(x) + 1)
            }
            Time::Scroll(each) => {
                // Counted from the newest, so that the same ones stay together as time goes on.
                let end = n.checked_sub(usize::from(width - 1 - x).checked_mul(each)?)?;
                end.checked_sub(each.max(1))?..end
            }
            Time::Steps { scale, first, .. } => {
                let (step, part) = scale.step(x)?;
                let cell = scale.cell();
                let at = usize::try_from(step.checked_sub(first)?).ok()?;
                let at = at.checked_mul(COLUMNS_A_STEP)?;
                let from = at + usize::from(part) * COLUMNS_A_STEP / cell;
                let to = at + (usize::from(part) + 1) * COLUMNS_A_STEP / cell;
                from..to.max(from + 1)
            }
        };
        (range.end <= n).then_some(range)
    }

    /// Whether the grid above has a bar line in this column.
    fn is_bar_line(&self, x: u16) -> bool {
        match self.time {
            Time::Steps { scale, .. } => {
                x > 0 && scale.step(x).is_none() && scale.step(x.saturating_add(1)).is_some()
            }
            _ => false,
        }
    }

    /// The loudest value of a range of columns between two shares of the height, 0 the lowest.
    fn value(&self, columns: Range<usize>, low: f32, high: f32) -> f32 {
        let mut most = 0.0f32;
        for column in columns.filter_map(|at| self.column(at)) {
            let n = column.bands.len();
            let from = (low * n as f32) as usize;
            let to = ((high * n as f32) as usize).max(from + 1).min(n);
            for value in column.bands.get(from.min(n)..to).unwrap_or(&[]) {
                if value.is_finite() {
                    most = most.max(*value);
                }
            }
        }
        most.clamp(0.0, 1.0)
    }

    fn draw_marks(&self, area: Rect, buf: &mut Buffer) {
        let (low, high) = (mel(self.hz.0.max(0.0)), mel(self.hz.1.max(1.0)));
        let column = Rect {
            width: self.margin.saturating_sub(1),
            ..area
        };
        let mut last = None;
        for (place, (hz, short, long)) in MARKS.into_iter().enumerate() {
            let share = (mel(hz) - low) / (high - low);
            if !(0.0..1.0).contains(&share) {
                continue;
            }
            let up = (share * f32::from(area.height)) as u16;
            let y = area.height.saturating_sub(1).saturating_sub(up);
            let spaced = area.height >= 12 || place < 3;
            if last == Some(y) || !spaced {
                continue;
            }
            last = Some(y);
            let text = if self.margin < MARGIN_WITH_UNIT {
                short
            } else {
                long
            };
            put_right(buf, column, y, text, self.look.style(Role::Dim));
        }
    }

    /// One cell of the picture.
    fn draw_cell(&self, plot: Rect, (x, y): (u16, u16), columns: Range<usize>, buf: &mut Buffer) {
        let rows = f32::from(plot.height);
        let from_bottom = f32::from(plot.height - 1 - y);
        let (low, high) = (from_bottom / rows, (from_bottom + 1.0) / rows);
        if self.look.ascii() || self.look.heat(0.0).is_none() {
            let value = self.value(columns, low, high);
            let index = (value * (RAMP.len() - 1) as f32).round() as usize;
            let glyph = RAMP.get(index).copied().unwrap_or(" ");
            let style = self.look.heat(0.35 + 0.65 * value);
            let style = style.map_or_else(Style::new, |c| Style::new().fg(c));
            put(buf, plot, x, y, glyph, style);
            return;
        }
        let middle = (from_bottom + 0.5) / rows;
        let upper = self.look.heat(self.value(columns.clone(), middle, high));
        let lower = self.look.heat(self.value(columns, low, middle));
        if let (Some(fg), Some(bg)) = (upper, lower) {
            put(buf, plot, x, y, "▀", Style::new().fg(fg).bg(bg));
        }
    }

    /// The line under the grid's playhead, over the sound it is in.
    fn draw_playhead(&self, plot: Rect, buf: &mut Buffer) {
        let Time::Steps {
            scale,
            playhead: Some(step),
            ..
        } = self.time
        else {
            return;
        };
        let Some(x) = scale.column(step).filter(|x| *x < plot.width) else {
            return;
        };
        let style = self.look.style(Role::Playhead);
        for y in 0..plot.height {
            put(buf, plot, x, y, self.look.glyphs.axes[1], style);
        }
    }
}

impl Widget for &Spectrogram<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.width <= self.margin || area.height == 0 {
            return;
        }
        if self.margin >= MARGIN {
            self.draw_marks(area, buf);
        }
        let plot = Rect {
            x: area.x + self.margin,
            width: area.width - self.margin,
            ..area
        };
        for x in 0..plot.width {
            if let Some(columns) = self.range(x, plot.width) {
                for y in 0..plot.height {
                    self.draw_cell(plot, (x, y), columns.clone(), buf);
                }
            } else if self.is_bar_line(x) {
                let style = self.look.style(Role::Frame);
                for y in 0..plot.height {
                    put(buf, plot, x, y, self.look.glyphs.bar_line, style);
                }
            }
        }
        self.draw_playhead(plot, buf);
    }
}

#[cfg(test)]
#[path = "spectrogram_tests.rs"]
mod tests;
