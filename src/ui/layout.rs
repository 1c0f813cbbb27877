//! Where things stand, for every terminal size: rectangles only, no drawing. Every function
//! takes any area, empty ones too, and gives areas inside it.

use ratatui::layout::Rect;

/// The parts every screen has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chrome {
    /// The line of tabs.
    pub tabs: Rect,
    /// The screen itself.
    pub body: Rect,
    /// The line of keys.
    pub hints: Rect,
    /// The status line.
    pub status: Rect,
}

/// Cuts `columns` off the right side of an area: what is left, and what was cut.
#[must_use]
pub fn split_right(area: Rect, columns: u16) -> (Rect, Rect) {
    let columns = columns.min(area.width);
    let left = Rect {
        width: area.width - columns,
        ..area
    };
    let right = Rect::new(left.right(), area.y, columns, area.height);
    (left, right)
}

/// Cuts `rows` off the top of an area: what was cut, and what is left.
#[must_use]
pub fn split_top(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let top = Rect {
        height: rows,
        ..area
    };
    let rest = Rect::new(area.x, top.bottom(), area.width, area.height - rows);
    (top, rest)
}

/// Splits a terminal.
#[must_use]
pub fn chrome(area: Rect) -> Chrome {
    let (tabs, rest) = split_top(area, 1);
    let (body, foot) = split_top(rest, rest.height.saturating_sub(2));
    let (hints, status) = split_top(foot, 1);
    Chrome {
        tabs,
        body,
        hints,
        status,
    }
}

/// An area of a size in the middle of another, smaller where that is smaller.
#[must_use]
pub fn centered(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect::new(
        area.x + (area.width - width) / 2,
        area.y + (area.height - height) / 2,
        width,
        height,
    )
}

/// Gives a stack of sections their rows. Each section wants between `least` and `most` rows
/// and all but the first cost one more for their divider. What does not fit is left out from
/// the end; what is over goes to the first ones first, up to their most.
#[must_use]
pub fn stack(rows: u16, wants: &[(u16, u16)]) -> Vec<u16> {
    let mut given = Vec::with_capacity(wants.len());
    let mut left = rows;
    for (place, (least, _)) in wants.iter().enumerate() {
        let divider = u16::from(place > 0);
        if left < least + divider || *least == 0 {
            if place == 0 {
                given.push(left);
                left = 0;
            } else {
                given.push(0);
            }
            continue;
        }
        left -= least + divider;
        given.push(*least);
    }
    for (rows, (least, most)) in given.iter_mut().zip(wants) {
        if *rows >= *least && *rows > 0 {
            let more = most.saturating_sub(*rows).min(left);
            *rows += more;
            left -= more;
        }
    }
    given
}

/// The play screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Play {
    /// The panel of what plays now; where `beside` is none, the spectrogram is its second section.
    pub now: Rect,
    /// Rows a lane of the grid.
    pub lane_rows: u16,
    /// The panel of the spectrogram, where there is room beside the grid.
    pub beside: Option<Rect>,
    /// The panel of the bars so far, where there is room below.
    pub below: Option<Rect>,
    /// The column of knobs and outputs.
    pub side: Rect,
}

/// Columns beside and between the grid's steps: labels, bar line, sides.
const GRID_EXTRA: u16 = 9 + 2 + 2;

/// Splits the play screen for bars of so many steps.
#[must_use]
pub fn play(body: Rect, steps_per_bar: u16) -> Play {
    let side_columns = match body.width {
        0..72 => 20,
        72..110 => 22,
        110..160 => 26,
        _ => 32,
    };
    let (left, side) = split_right(body, side_columns.min(body.width / 2));
    let lane_rows = match body.height {
        0..34 => 1,
        34..44 => 2,
        _ => 3,
    };
    let two_bars = steps_per_bar.saturating_mul(2);
    let grid = |cell: u16| two_bars.saturating_mul(cell).saturating_add(GRID_EXTRA);
    let now_rows = 6 + 9 * lane_rows;
    let least_beside = 36;
    let cell = (2..=5)
        .rev()
        .find(|cell| grid(*cell).saturating_add(least_beside) <= left.width);
    let (Some(cell), true) = (cell, left.height >= 30) else {
        return Play {
            now: left,
            lane_rows,
            beside: None,
            below: None,
            side,
        };
    };
    let (top, bottom) = split_top(left, now_rows);
    let (now, beside) = split_right(top, left.width - grid(cell));
    if bottom.height < 5 {
        let (now, beside) = split_right(left, beside.width);
        return Play {
            now,
            lane_rows,
            beside: Some(beside),
            below: None,
            side,
        };
    }
    Play {
        now,
        lane_rows,
        beside: Some(beside),
        below: Some(bottom),
        side,
    }
}

/// The dataset screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// The list of files.
    pub list: Rect,
    /// The selected file.
    pub detail: Rect,
    /// Whether list and detail have room for everything.
    pub wide: bool,
}

/// Splits the dataset screen.
#[must_use]
pub fn dataset(body: Rect) -> Dataset {
    let wide = body.width >= 140;
    let columns = if wide {
        body.width * 9 / 20
    } else if body.width >= 100 {
        44
    } else {
        22
    };
    let (list, detail) = split_right(body, columns.min(body.width / 2));
    Dataset { list, detail, wide }
}

/// The training screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Training {
    /// The loss.
    pub loss: Rect,
    /// Speed and gradient as charts of their own, where there is room.
    pub speed: Option<Rect>,
    /// The gradient, beside the speed.
    pub gradient: Option<Rect>,
    /// The spectrograms of data and model, side by side.
    pub sounds: Rect,
    /// The figures of the run.
    pub run: Rect,
    /// What the run said, where there is room.
    pub log: Option<Rect>,
}

/// Splits the training screen.
#[must_use]
pub fn training(body: Rect) -> Training {
    let wide = body.width >= 140 && body.height >= 30;
    let columns = match body.width {
        0..72 => 19,
        72..110 => 22,
        110..160 => 30,
        _ => 44,
    };
    let (left, right) = split_right(body, columns.min(body.width / 2));
    let sound_rows = (left.height / 3).clamp(4, 16).min(left.height / 2);
    let (top, sounds) = split_top(left, left.height - sound_rows);
    // The figures of a run take up to 24 rows, the panel's sides among them.
    let (run, log) = split_top(right, 24);
    let tall = log.height >= 8;
    if !wide {
        return Training {
            loss: top,
            speed: None,
            gradient: None,
            sounds,
            run: if tall { run } else { right },
            log: tall.then_some(log),
        };
    }
    let (loss, side) = split_right(top, top.width * 2 / 5);
    let (speed, gradient) = split_top(side, side.height / 2);
    Training {
        loss,
        speed: Some(speed),
        gradient: Some(gradient),
        sounds,
        run: if tall { run } else { right },
        log: tall.then_some(log),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_area_lies_inside_at_every_size() {
        for width in (0..=400).step_by(3) {
            for height in 0..=120 {
                let area = Rect::new(0, 0, width, height);
                let c = chrome(area);
                let mut all = vec![c.tabs, c.body, c.hints, c.status];
                for steps in [0, 1, 16, 64, u16::MAX] {
                    let p = play(c.body, steps);
                    all.extend([p.now, p.side]);
                    all.extend(p.beside);
                    all.extend(p.below);
                }
                let d = dataset(c.body);
                all.extend([d.list, d.detail]);
                let t = training(c.body);
                all.extend([t.loss, t.sounds, t.run]);
                all.extend([t.speed, t.gradient, t.log].into_iter().flatten());
                all.push(centered(area, 60, 9));
                for part in all {
                    assert_eq!(part.intersection(area), part, "{width}x{height}: {part:?}");
                }
            }
        }
    }

    #[test]
    fn the_play_screen_grows() {
        let small = play(Rect::new(0, 1, 80, 21), 16);
        assert_eq!((small.now.width, small.side.width), (58, 22));
        assert_eq!(
            (small.beside, small.below, small.lane_rows),
            (None, None, 1)
        );
        let large = play(Rect::new(0, 1, 200, 47), 16);
        assert_eq!(large.lane_rows, 3);
        assert!(large.now.width >= 100 && large.beside.unwrap().width >= 36);
        assert!(large.below.unwrap().height >= 9);
    }

    #[test]
    fn a_stack_never_gives_more_rows_than_there_are() {
        assert_eq!(stack(19, &[(10, 17), (4, 6), (2, 9)]), [11, 4, 2]);
        assert_eq!(stack(15, &[(10, 17), (4, 6), (2, 9)]), [10, 4, 0]);
        for rows in 0..60 {
            for wants in [
                &[(10, 17), (4, 6), (2, 9)][..],
                &[(0, 3)],
                &[(5, 5), (0, 9)],
            ] {
                let given = stack(rows, wants);
                let shown = given.iter().filter(|r| **r > 0).count() as u16;
                let used: u16 = given.iter().sum::<u16>() + shown.saturating_sub(1);
                assert!(used <= rows.max(given[0]), "{rows}: {given:?}");
            }
        }
    }
}
