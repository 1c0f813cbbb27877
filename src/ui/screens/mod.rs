//! The three screens: each draws a part of the app into an area, with the widgets.

pub mod dataset;
pub mod dataset_detail;
pub mod play;
pub mod play_outputs;
pub mod play_side;
pub mod training;
pub mod training_run;

use super::look::Look;
use super::text::{width, wrap};
use super::theme::Role;
use super::widgets::put;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The frequencies that spectrograms show, in hertz: those of the pictures made of beats.
pub const HZ: (f32, f32) = (30.0, 11_025.0);

/// What stands over a spectrogram.
pub const SOUND: &str = "spectrogram, Hz";

/// Lines in the middle of an empty area, the first as a heading.
pub fn empty(look: &Look, lines: &[&str], area: Rect, buf: &mut Buffer) {
    let columns = usize::from(area.width.saturating_sub(2));
    let mut rows: Vec<(String, Role)> = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let role = if place == 0 { Role::Text } else { Role::Dim };
        if line.is_empty() {
            rows.push((String::new(), role));
        }
        rows.extend(wrap(line, columns).into_iter().map(|row| (row, role)));
    }
    rows.truncate(usize::from(area.height));
    let top = (area.height - rows.len() as u16) / 2;
    for (y, (text, role)) in (top..).zip(&rows) {
        let x = (area.width.saturating_sub(width(text) as u16)) / 2;
        put(buf, area, x, y, text, look.style(*role));
    }
}
