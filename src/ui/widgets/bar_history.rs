//! [`BarHistory`]: the bars played so far, a column each: how busy each lane was, how full
//! the bar was and how like the one before.

use super::{put, put_right};
use crate::beat::lane::Lane;
use crate::message::LANES;
use crate::ui::look::{Firmness, Look};
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

/// A bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Its number for people, from 1.
    pub number: u64,
    /// Hits a lane.
    pub hits: [u16; LANES],
    /// How full it is, 0 to 1.
    pub fullness: f32,
    /// How like the bar before, 0 to 1.
    pub likeness: Option<f32>,
}

/// The bars played so far.
#[derive(Clone, Debug)]
pub struct BarHistory<'a> {
    /// How to draw.
    pub look: &'a Look,
    /// Oldest first.
    pub bars: &'a [Bar],
    /// Steps a bar.
    pub steps_per_bar: u16,
}

/// Columns left of the bars.
const MARGIN: u16 = 9;
/// Columns a bar.
const PITCH: u16 = 2;

impl BarHistory<'_> {
    /// The bars that fit, oldest first, and where the first stands.
    fn shown(&self, columns: u16) -> &[Bar] {
        let fit = usize::from(columns / PITCH);
        let start = self.bars.len().saturating_sub(fit);
        self.bars.get(start..).unwrap_or(&[])
    }

    fn heights(
        &self,
        area: Rect,
        y: u16,
        name: &str,
        role: Role,
        buf: &mut Buffer,
        value: impl Fn(&Bar) -> Option<f32>,
    ) {
        put(buf, area, 1, y, name, self.look.style(Role::Dim));
        for (place, bar) in self
            .shown(area.width.saturating_sub(MARGIN))
            .iter()
            .enumerate()
        {
            let x = MARGIN + place as u16 * PITCH;
            let glyph = value(bar).map_or(" ", |v| self.look.glyphs.height(v));
            put(buf, area, x, y, glyph, self.look.style(role));
        }
    }
}

impl Widget for &BarHistory<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let bars = self.shown(area.width.saturating_sub(MARGIN));
        let lanes = usize::from(area.height) > LANES;
        let rows = if lanes { LANES as u16 } else { 0 };
        let busy = f32::from(self.steps_per_bar.max(1)) / 2.0;
        if lanes {
            for (y, lane) in (0u16..).zip(Lane::TOP_DOWN) {
                let index = lane.index();
                put(buf, area, 1, y, lane.label(), self.look.style(Role::Dim));
                for (place, bar) in bars.iter().enumerate() {
                    let hits = bar.hits.get(index).copied().unwrap_or(0);
                    let x = MARGIN + place as u16 * PITCH;
                    if hits == 0 {
                        let rest = self.look.glyphs.rest;
                        put(buf, area, x, y, rest, self.look.style(Role::Frame));
                        continue;
                    }
                    let share = (f32::from(hits) / busy).min(1.0);
                    let velocity = (56.0 + 71.0 * share) as u8;
                    let style = self.look.hit(index, velocity, Firmness::Committed, false);
                    put(buf, area, x, y, self.look.glyphs.shade(velocity), style);
                }
            }
        }
        let fullest = bars.iter().map(|b| b.fullness).fold(0.05, f32::max);
        let mut y = rows;
        if y < area.height {
            for (place, bar) in bars.iter().enumerate() {
                let x = MARGIN + place as u16 * PITCH;
                let last = place + 1 == bars.len();
                if (bar.number % 8 == 1 && place + 4 < bars.len()) || last {
                    let text = bar.number.to_string();
                    let role = if last { Role::Accent } else { Role::Dim };
                    put(buf, area, x, y, &text, self.look.style(role));
                }
            }
            put(buf, area, 1, y, "bar", self.look.style(Role::Dim));
            y += 1;
        }
        if y < area.height {
            self.heights(area, y, "hits", Role::Knob, buf, |b| {
                Some(b.fullness / fullest)
            });
            y += 1;
        }
        if y < area.height {
            self.heights(area, y, "alike", Role::Meter, buf, |b| b.likeness);
            if let Some(likeness) = bars.last().and_then(|b| b.likeness) {
                let text = format!(" {:3.0}% like the bar before", likeness * 100.0);
                let room = usize::from(area.width.saturating_sub(MARGIN))
                    - bars.len() * usize::from(PITCH);
                if room > text.len() {
                    put_right(buf, area, y, &text, self.look.style(Role::Dim));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::picture;
    use super::*;

    #[test]
    fn the_newest_bars_are_in_sight() {
        let look = Look::default();
        let bars: Vec<Bar> = (1..=40)
            .map(|number| Bar {
                number,
                hits: [4, 2, 8, 0, 0, 0, 0, u16::from(number % 8 == 1), 0],
                fullness: 0.1 + 0.05 * (number % 3) as f32,
                likeness: (number > 1).then_some(0.5),
            })
            .collect();
        let history = BarHistory {
            look: &look,
            bars: &bars,
            steps_per_bar: 16,
        };
        insta::assert_snapshot!(picture(&history, 42, 12));
        for (width, height) in [(0, 0), (9, 3), (10, 12), (400, 40)] {
            picture(&history, width, height);
            picture(
                &BarHistory {
                    bars: &[],
                    steps_per_bar: 0,
                    ..history.clone()
                },
                width,
                height,
            );
        }
    }
}
