//! [`draw`]: the one way to the screen. Tabs above, the open screen, keys and status below,
//! overlays and notices on top. A terminal too small gets a card that says so.

use super::layout::{self, Chrome};
use super::look::Look;
use super::theme::Role;
use super::{chrome, finish, notices, overlays, screens};
use crate::app::{App, Screen, Size};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the app onto a terminal's frame.
pub fn draw(frame: &mut Frame<'_>, app: &App, look: &Look) {
    let area = frame.area();
    draw_into(frame.buffer_mut(), area, app, look);
}

/// Draws the app into an area of a buffer.
pub fn draw_into(buf: &mut Buffer, area: Rect, app: &App, look: &Look) {
    let area = area.intersection(buf.area);
    buf.set_style(area, look.base());
    let least = Size::LEAST;
    if area.width < least.width || area.height < least.height {
        too_small(area, look, buf);
    } else {
        let parts = layout::chrome(area);
        let Chrome { body, hints, .. } = parts;
        chrome::tabs(app, look, parts.tabs, buf);
        match app.screen {
            Screen::Dataset => screens::dataset::draw(app, look, body, buf),
            Screen::Training => screens::training::draw(app, look, body, buf),
            Screen::Play => screens::play::draw(app, look, body, buf),
        }
        chrome::hints(app, look, hints, buf);
        chrome::status(app, look, parts.status, buf);
        for overlay in &app.overlays {
            overlays::draw(overlay, app, look, body, buf);
        }
        notices::notices(app, look, body, buf);
    }
    finish::finish(buf, area, look);
}

/// The card on a terminal that is too small.
fn too_small(area: Rect, look: &Look, buf: &mut Buffer) {
    let least = Size::LEAST;
    let lines = [
        ("beatgen needs a larger window".to_owned(), Role::Title),
        (
            format!("{} x {} or more", least.width, least.height),
            Role::Text,
        ),
        (
            format!("it is {} x {} now", area.width, area.height),
            Role::Warn,
        ),
    ];
    let card = layout::centered(area, area.width, lines.len() as u16);
    for (y, (text, role)) in (0u16..).zip(&lines) {
        let text = super::text::cut(text, usize::from(area.width), look.glyphs);
        let x = (area.width - super::text::width(&text) as u16) / 2;
        super::widgets::put(buf, card, x, y, &text, look.style(*role));
    }
}

#[cfg(test)]
#[path = "draw_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "draw_far_tests.rs"]
mod far_tests;
