//! Which steps a grid shows, and how wide: whole bars around the playhead, as many as fit; and where
//! each of them stands, for the grid and for what is drawn under it.

use super::step_grid::Beat;

/// A choice of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first step shown.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Columns a step.
    pub cell: u16,
}

/// Chooses the steps around `at` for a grid with `columns` columns for its steps.
///
/// Cells are as wide as two bars allow, `narrowest` to `widest` columns. Where more than two bars fit, the
/// bar before is shown too; a bar that does not fit is shown page by page.
#[must_use]
pub fn around(beat: &Beat<'_>, at: u64, columns: u16, narrowest: u16, widest: u16) -> Window {
    let bar = u64::from(beat.steps_per_bar.max(1));
    let columns = u64::from(columns);
    let lines = |count: u64| count / bar;
    let fits = |count: u64, cell: u64| count * cell + lines(count) <= columns + 1;
    let narrowest = u64::from(narrowest.max(1));
    let widest = u64::from(widest).max(narrowest);
    let cell = (narrowest..=widest)
        .rev()
        .find(|cell| fits(2 * bar, *cell))
        .unwrap_or(narrowest);
    let mut count = columns / cell;
    while count > 0 && !fits(count, cell) {
        count -= 1;
    }
    let bar_start = at - beat.in_bar(at).min(at);
    let first = if count >= 3 * bar {
        bar_start.saturating_sub(bar)
    } else if count >= bar || count == 0 {
        bar_start
    } else {
        let beat_steps = u64::from(beat.steps_per_beat.max(1));
        let page = (count / beat_steps * beat_steps).max(1);
        bar_start + beat.in_bar(at) / page * page
    };
    Window {
        first,
        count,
        cell: cell as u16,
    }
}

/// Where steps stand: cells side by side, a column for the bar line before each bar but the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepScale {
    first: u64,
    count: u64,
    cell: u64,
    /// Steps a bar.
    bar: u64,
    /// The place of the first step in its bar.
    in_bar: u64,
}

impl StepScale {
    /// The scale of a window of steps (the first, and how many), each `cell` columns wide.
    #[must_use]
    pub fn new(beat: &Beat<'_>, (first, count): (u64, u64), cell: u16) -> Self {
        Self {
            first,
            count,
            cell: u64::from(cell.max(1)),
            bar: u64::from(beat.steps_per_bar.max(1)),
            in_bar: beat.in_bar(first),
        }
    }

    /// Columns a step, at least 1.
    #[must_use]
    pub const fn cell(&self) -> usize {
        self.cell as usize
    }

    /// The column at which a step begins, from the first step's.
    #[must_use]
    pub fn column(&self, number: u64) -> Option<u16> {
        let offset = number.checked_sub(self.first).filter(|o| *o < self.count)?;
        let bar_lines = (self.in_bar + offset) / self.bar;
        u16::try_from(offset * self.cell + bar_lines).ok()
    }

    /// What stands in a column: a step's number and which column of its cell; none on a bar line
    /// and behind the last step.
    #[must_use]
    pub fn step(&self, column: u16) -> Option<(u64, u16)> {
        let column = u64::from(column);
        let whole = (self.bar - self.in_bar) * self.cell;
        let (before, column) = match column.checked_sub(whole) {
            None => (0, column),
            // Each bar after the first begins with its line.
            Some(rest) => {
                let bar = self.bar * self.cell + 1;
                let in_bar = (rest % bar).checked_sub(1)?;
                (self.bar - self.in_bar + rest / bar * self.bar, in_bar)
            }
        };
        let offset = before + column / self.cell;
        let number = self
            .first
            .checked_add(offset)
            .filter(|_| offset < self.count)?;
        Some((number, (column % self.cell) as u16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(steps_per_bar: u16) -> Beat<'static> {
        Beat {
            steps: &[],
            first: 0,
            bar_origin: 0,
            steps_per_bar,
            steps_per_beat: 4,
        }
    }

    #[test]
    fn the_playhead_is_always_in_the_window() {
        for columns in 4..200 {
            for steps_per_bar in [1, 7, 12, 16, 64] {
                for at in [0, 5, 15, 16, 777] {
                    let w = around(&beat(steps_per_bar), at, columns, 2, 6);
                    assert!(
                        w.first <= at && at < w.first + w.count,
                        "{columns} {at} {w:?}"
                    );
                    let used =
                        w.count * u64::from(w.cell) + (w.count - 1) / u64::from(steps_per_bar);
                    assert!(used <= u64::from(columns) + 1, "{columns} {w:?}");
                }
            }
        }
    }

    #[test]
    fn more_room_means_more_bars_then_wider_cells() {
        let at = 16 * 9 + 3;
        let window = |columns| around(&beat(16), at, columns, 2, 4);
        assert_eq!(
            window(47),
            Window {
                first: 144,
                count: 23,
                cell: 2
            }
        );
        assert_eq!(window(100).cell, 3);
        assert_eq!(window(200).cell, 4);
        assert_eq!(window(200).first, 128, "the bar before is in sight");
        assert_eq!(window(20).first, 144);
    }

    #[test]
    fn columns_and_steps_agree() {
        for steps_per_bar in [1, 7, 16] {
            for (first, cell) in [(0, 1), (5, 2), (16, 3), (33, 6)] {
                let scale = StepScale::new(&beat(steps_per_bar), (first, 40), cell);
                let mut seen = 0;
                for x in 0..400 {
                    if let Some((number, part)) = scale.step(x) {
                        assert_eq!(scale.column(number).map(|at| at + part), Some(x));
                        seen += 1;
                    }
                }
                assert_eq!(seen, 40 * cell, "{steps_per_bar} {first} {cell}");
            }
        }
    }
}
