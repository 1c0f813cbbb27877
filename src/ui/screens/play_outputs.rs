//! The outputs on the play screen: a row each, the line to those on the network, what to do about
//! what is wrong, how late notes leave this machine, and the level of each lane.

use crate::app::{App, Command};
use crate::message::{OutputState, OutputView};
use crate::ui::look::Look;
use crate::ui::outputs::{level_role, link_line, output_label, output_word};
use crate::ui::text::{cut, thousands, width, wrap};
use crate::ui::theme::Role;
use crate::ui::widgets::meter::lane_levels;
use crate::ui::widgets::{below, put, put_right};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Rows of advice that are kept before rows about what is well.
const FIRST_ROWS: usize = 4;

/// A row: words at its left and right, and how soon it gives way where there is little room.
struct Row {
    left: (String, Role),
    right: (String, Role),
    rank: u8,
}

fn row(text: String, role: Role, rank: u8) -> Row {
    Row {
        left: (text, role),
        right: (String::new(), Role::Dim),
        rank,
    }
}

/// All rows, in order, for so many columns.
fn rows(app: &App, look: &Look, columns: usize) -> Vec<Row> {
    let engine = &app.generation.engine;
    let mut rows = Vec::new();
    if engine.outputs.is_empty() {
        let keys = format!("{} chooses", app.keymap.shown(Command::Outputs));
        let mut none = row("none".to_owned(), Role::Dim, 0);
        none.right = (keys, Role::Dim);
        rows.push(none);
    }
    for (slot, output) in engine.outputs.iter().enumerate() {
        rows.push(head(look, output, columns));
        if let (Some(link), OutputState::Ok | OutputState::Muted) = (&output.link, &output.state) {
            let role = if app.late_lately(slot) > 0 {
                Role::Warn
            } else {
                Role::Dim
            };
            let line = link_line(look, output, link, columns.saturating_sub(1));
            rows.push(row(format!(" {line}"), role, 1));
        }
        let advice = app.output_advice(slot);
        // That it is on its way says its word.
        let advice = advice.filter(|_| output.state != OutputState::Opening);
        for (place, line) in advice.iter().flat_map(|a| {
            let lines = wrap(&a.short, columns.saturating_sub(1)).into_iter();
            lines.map(|line| (level_role(a.level), line)).enumerate()
        }) {
            let (role, line) = line;
            let role = if role == Role::Error {
                Role::Warn
            } else {
                role
            };
            let rank = if place < FIRST_ROWS { 2 } else { 3 };
            rows.push(row(format!(" {line}"), role, rank));
        }
    }
    rows.push(lateness(app, columns));
    rows
}

/// An output's name, whether clock goes there, and its state.
fn head(look: &Look, output: &OutputView, columns: usize) -> Row {
    let (word, role) = output_word(&output.state);
    let word = if output.clock {
        format!("{} {word}", look.glyphs.clock)
    } else {
        word.to_owned()
    };
    let room = columns.saturating_sub(width(&word) + 1);
    Row {
        left: (cut(&output_label(output), room, look.glyphs), Role::Text),
        right: (word, role),
        rank: 0,
    }
}

/// How late notes leave this machine; said so where receivers count late ones, too.
fn lateness(app: &App, columns: usize) -> Row {
    let engine = &app.generation.engine;
    let linked = engine.outputs.iter().any(|o| o.link.is_some());
    let name = if linked { "sent late" } else { "late" };
    let text = format!("{name} {}", thousands(engine.late));
    let role = if engine.late > 0 {
        Role::Warn
    } else {
        Role::Dim
    };
    let mut p99 = format!("p99 {:.1}ms", f64::from(engine.p99_late_us) / 1000.0);
    if columns < p99.len() + text.len() + 1 {
        p99.drain(..4);
    }
    if columns < p99.len() + text.len() + 1 {
        p99.clear();
    }
    Row {
        left: (text, role),
        right: (p99, Role::Dim),
        rank: 0,
    }
}

/// The rows it needs, and those it can use, the levels among them.
#[must_use]
pub fn wants(app: &App, look: &Look, columns: u16, tall: bool) -> (u16, u16) {
    let rows = rows(app, look, usize::from(columns));
    let wrong = rows.iter().any(|row| row.rank >= 2);
    let needed = rows.iter().filter(|row| row.rank < 3).count() as u16;
    let levels = if tall { 7 } else { 1 };
    // A level beside advice says nothing that matters then.
    let least = needed + u16::from(!wrong);
    (least, (rows.len() as u16 + levels).max(least))
}

/// Draws it.
pub fn draw(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let area = Rect::new(
        area.x + 1,
        area.y,
        area.width.saturating_sub(2),
        area.height,
    );
    let mut rows = rows(app, look, usize::from(area.width));
    while rows.len() > usize::from(area.height) {
        // The last of those that give way soonest.
        let worst = rows
            .iter()
            .map(|row| row.rank)
            .max()
            .filter(|rank| *rank > 0);
        let Some(at) = worst.and_then(|rank| rows.iter().rposition(|row| row.rank == rank)) else {
            break;
        };
        let gone = rows.remove(at);
        let before = at.checked_sub(1).and_then(|at| rows.get_mut(at));
        if let Some(Row { left, .. }) = before.filter(|row| gone.rank >= 2 && row.rank >= 2) {
            let room = usize::from(area.width);
            left.0 = cut(
                &format!("{} {}", left.0, look.glyphs.ellipsis),
                room,
                look.glyphs,
            );
        }
    }
    let mut y = 0;
    for row in &rows {
        let (text, role) = &row.right;
        put_right(buf, area, y, text, look.style(*role));
        let (text, role) = &row.left;
        put(buf, area, 0, y, text, look.style(*role));
        y += 1;
    }
    let meters = below(area, y);
    let meters = Rect {
        height: meters.height.min(6),
        ..meters
    };
    lane_levels(look, &app.generation.engine.lane_levels, meters, buf);
}
