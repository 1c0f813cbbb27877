//! [`StepGrid`]: the beat itself. Lanes down, steps across, velocity as shade; micro-timing
//! shifts a mark within its cell where cells are wide; the playhead, what is committed and
//! what may still change. Which steps are shown is decided by [`super::step_window`]; one
//! cell is drawn by [`super::step_cells`].

use super::step_window::StepScale;
use super::{put, put_right};
use crate::beat::lane::Lane;
use crate::message::{LANES, Step};
use crate::ui::look::{Firmness, Look};
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

/// How much is written beside the lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// `clsd hh`, with the mark of a muted or a locked lane.
    Long,
    /// `ch`.
    Short,
}

impl Labels {
    /// Columns, with a gap.
    #[must_use]
    pub const fn columns(self) -> u16 {
        match self {
            Self::Long => 9,
            Self::Short => 3,
        }
    }
}

/// A stretch of steps and how it divides.
#[derive(Clone, Copy, Debug)]
pub struct Beat<'a> {
    /// The steps known.
    pub steps: &'a [Step],
    /// The number of `steps[0]`; a bar starts at every multiple of `steps_per_bar` from
    /// `bar_origin` on.
    pub first: u64,
    /// A step at which a bar starts, at or before `first` (or any other bar start).
    pub bar_origin: u64,
    /// Steps a bar, at least 1.
    pub steps_per_bar: u16,
    /// Steps a beat, at least 1.
    pub steps_per_beat: u16,
}

impl<'a> Beat<'a> {
    /// A step by its number.
    #[must_use]
    pub fn step(&self, number: u64) -> Option<&'a Step> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.steps.get(index)
    }

    /// A step's place in its bar.
    #[must_use]
    pub fn in_bar(&self, number: u64) -> u64 {
        let bar = u64::from(self.steps_per_bar.max(1));
        let origin = self.bar_origin % bar;
        (number % bar + bar - origin) % bar
    }

    /// A step's place in its beat.
    #[must_use]
    pub fn in_beat(&self, number: u64) -> u64 {
        self.in_bar(number) % u64::from(self.steps_per_beat.max(1))
    }
}

/// The grid of steps.
#[derive(Clone, Debug)]
pub struct StepGrid<'a> {
    /// How to draw.
    pub look: &'a Look,
    /// What to draw.
    pub beat: Beat<'a>,
    /// The first step to show, and how many.
    pub window: (u64, u64),
    /// Columns a step.
    pub cell: u16,
    /// Rows a lane: 1, or 2, or 3 with a gap.
    pub lane_rows: u16,
    /// The step that sounds.
    pub playhead: Option<u64>,
    /// The first step that may still change.
    pub revisable_from: Option<u64>,
    /// Muted lanes as bits, lane 0 lowest.
    pub mutes: u16,
    /// Locked lanes as bits, lane 0 lowest.
    pub locks: u16,
    /// The lane under the cursor.
    pub chosen: Option<usize>,
    /// What is written beside the lanes.
    pub labels: Labels,
    /// Whether a ruler of beats stands above.
    pub ruler: bool,
    /// Whether playhead and committed marks stand below.
    pub marks: bool,
}

impl StepGrid<'_> {
    /// The column of a step from the grid's left, bar lines included.
    fn column(&self, number: u64) -> Option<u16> {
        let scale = StepScale::new(&self.beat, self.window, self.cell);
        scale.column(number)?.checked_add(self.labels.columns())
    }

    fn firmness(&self, number: u64) -> Firmness {
        match self.revisable_from {
            Some(edge) if number >= edge => Firmness::Revisable,
            _ => Firmness::Committed,
        }
    }

    fn draw_ruler(&self, area: Rect, buf: &mut Buffer, number: u64, x: u16) {
        let in_bar = self.beat.in_bar(number);
        let style = if self.playhead == Some(number) {
            self.look.style(Role::Playhead)
        } else {
            self.look.style(Role::Dim)
        };
        if self.beat.in_beat(number) == 0 {
            let beat = in_bar / u64::from(self.beat.steps_per_beat.max(1)) + 1;
            put(buf, area, x, 0, &beat.to_string(), style);
        } else {
            put(buf, area, x, 0, self.look.glyphs.dot, style);
        }
    }

    fn draw_label(&self, area: Rect, buf: &mut Buffer, lane: Lane, y: u16) {
        let index = lane.index();
        let muted = self.mutes >> index & 1 == 1;
        let locked = self.locks >> index & 1 == 1;
        let mut style = if muted {
            self.look.style(Role::Dim)
        } else {
            self.look.lane(index)
        };
        let chosen = self.chosen == Some(index);
        if chosen {
            style = style.patch(self.look.selection());
        }
        match self.labels {
            Labels::Long => {
                let cursor = if chosen { self.look.glyphs.cursor } else { " " };
                put(buf, area, 0, y, cursor, self.look.style(Role::Accent));
                put(buf, area, 1, y, lane.label(), style);
                // There is one column: a lane that is both is seen to be muted by its colours.
                let mark = match (locked, muted) {
                    (true, true) => Some(("L", Role::Warn)),
                    (true, false) => Some(("L", Role::Accent)),
                    (false, true) => Some(("M", Role::Warn)),
                    (false, false) => None,
                };
                if let Some((letter, role)) = mark {
                    let style = self.look.style(role);
                    put_right(buf, Rect { width: 9, ..area }, y, letter, style);
                }
            }
            Labels::Short => {
                put(buf, area, 0, y, lane.short(), style);
                if locked {
                    put(buf, area, 2, y, "L", self.look.style(Role::Accent));
                }
            }
        }
    }

    /// The brackets under the grid that say what is committed.
    fn draw_marks(&self, area: Rect, buf: &mut Buffer, y: u16) {
        let (first, count) = self.window;
        let g = self.look.glyphs;
        let Some(edge) = self.revisable_from else {
            return;
        };
        let known = self.beat.first.saturating_add(self.beat.steps.len() as u64);
        let end = first.saturating_add(count).min(known);
        let edge = edge.max(first).min(end);
        let spans = [
            (
                first.max(self.beat.first),
                edge,
                g.committed,
                "committed",
                Role::Committed,
            ),
            (edge, end, g.revisable, "revisable", Role::Revisable),
        ];
        for (from, to, ends, word, role) in spans {
            let Some(last) = to.checked_sub(1).filter(|last| *last >= from) else {
                continue;
            };
            let (Some(left), Some(right)) = (self.column(from), self.column(last)) else {
                continue;
            };
            let columns = right + self.cell.saturating_sub(1).max(1) - left;
            let style = self.look.style(role);
            let line = Rect::new(area.x.saturating_add(left), area.y, columns, area.height)
                .intersection(area);
            if columns < 2 {
                put(buf, line, 0, y, ends[1], style);
                continue;
            }
            put(
                buf,
                line,
                0,
                y,
                &ends[1].repeat(usize::from(columns)),
                style,
            );
            put(buf, line, 0, y, ends[0], style);
            put(buf, line, columns - 1, y, ends[2], style);
            let label = word.len() as u16 + 2;
            if columns > label + 1 {
                let at = (columns - label) / 2;
                put(buf, line, at, y, &format!(" {word} "), style);
            }
        }
    }
}

impl Widget for &StepGrid<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let top = u16::from(self.ruler);
        let rows = self.lane_rows.max(1) * LANES as u16;
        for (place, lane) in Lane::TOP_DOWN.into_iter().enumerate() {
            self.draw_label(area, buf, lane, top + place as u16 * self.lane_rows.max(1));
        }
        let (first, count) = self.window;
        for number in first..first.saturating_add(count) {
            let Some(x) = self.column(number).filter(|x| *x < area.width) else {
                break;
            };
            let beat = self.beat.in_bar(number) / u64::from(self.beat.steps_per_beat.max(1));
            let ground = if self.playhead == Some(number) {
                self.look.tint(Role::Playhead, 0.25)
            } else if beat.is_multiple_of(2) {
                self.look.tint(Role::Text, 0.045)
            } else {
                Style::new()
            };
            let columns = self.cell.min(area.width - x);
            let stripe = Rect::new(area.x + x, area.y + top, columns, rows).intersection(area);
            buf.set_style(stripe, ground);
            if self.ruler {
                self.draw_ruler(area, buf, number, x);
            }
            if number > first && self.beat.in_bar(number) == 0 {
                for y in 0..top + rows {
                    let style = self.look.style(Role::Frame);
                    put(buf, area, x - 1, y, self.look.glyphs.bar_line, style);
                }
            }
        }
        for number in first..first.saturating_add(count) {
            let Some(x) = self.column(number).filter(|x| *x < area.width) else {
                break;
            };
            let Some(step) = self.beat.step(number) else {
                continue;
            };
            for (place, lane) in Lane::TOP_DOWN.into_iter().enumerate() {
                let Some(cell) = step.get(lane.index()) else {
                    continue;
                };
                super::step_cells::draw(
                    &super::step_cells::Mark {
                        look: self.look,
                        lane: lane.index(),
                        cell: *cell,
                        columns: self.cell,
                        rows: self.lane_rows.max(1),
                        firmness: self.firmness(number),
                        muted: self.mutes >> lane.index() & 1 == 1,
                        on_beat: self.beat.in_beat(number) == 0,
                    },
                    area,
                    (x, top + place as u16 * self.lane_rows.max(1)),
                    buf,
                );
            }
        }
        if self.marks {
            if let Some(x) = self.playhead.and_then(|p| self.column(p)) {
                let mark = self.look.glyphs.playhead;
                put(
                    buf,
                    area,
                    x,
                    top + rows,
                    mark,
                    self.look.style(Role::Playhead),
                );
            }
            self.draw_marks(area, buf, top + rows + 1);
        }
    }
}

#[cfg(test)]
#[path = "step_grid_tests.rs"]
mod tests;
