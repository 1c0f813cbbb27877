//! What lies over a screen: one function an overlay, each a card in the middle.

mod choose;
mod desk;
mod help;
mod message;
mod palette;
mod train_form;

use super::chrome::card_with_side;
use super::layout;
use super::look::Look;
use super::theme::Role;
use super::widgets::panel::{self, Panel};
use super::widgets::put;
use crate::app::{App, ChoiceKind, Overlay};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws one overlay over an area.
pub fn draw(overlay: &Overlay, app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    match overlay {
        Overlay::Help { scroll } => help::draw(app, look, *scroll, area, buf),
        Overlay::Palette { query, selected } => {
            palette::draw(app, look, query, *selected, area, buf);
        }
        Overlay::Choose {
            kind: ChoiceKind::Output { slot },
            selected,
        } => desk::draw(app, look, *slot, *selected, area, buf),
        Overlay::Choose { kind, selected } => {
            choose::draw(app, look, *kind, *selected, area, buf);
        }
        Overlay::TrainForm => train_form::draw(app, look, area, buf),
        // Drawn on the list itself.
        Overlay::Find => {}
        Overlay::Confirm { question, yes } => {
            message::confirm(look, question, *yes, area, buf);
        }
        Overlay::Prompt {
            title,
            field,
            purpose,
            error,
        } => {
            let below = match error {
                Some(error) => (error.as_str(), Role::Error),
                None => (purpose.help(), Role::Dim),
            };
            message::prompt(look, title, field, below, area, buf);
        }
        Overlay::Message { title, text } => message::message(look, title, text, area, buf),
    }
}

/// A titled card in the middle of an area; the area inside it.
fn card(
    look: &Look,
    title: &str,
    aside: &str,
    (width, height): (u16, u16),
    area: Rect,
    buf: &mut Buffer,
) -> Rect {
    let card = layout::centered(area, width, height);
    card_with_side(look, Role::Focus, card, buf);
    let inner = Panel::new(look, title)
        .aside(aside)
        .focused(true)
        .draw(card, buf);
    Rect::new(
        inner.x + inner.width.min(1),
        inner.y,
        inner.width.saturating_sub(2),
        inner.height,
    )
}

/// A dividing line with a title across a card, at a row of the buffer; `inner` is what [`card`]
/// gave.
fn divider(look: &Look, title: &str, inner: Rect, y: u16, buf: &mut Buffer) {
    let line = Rect::new(inner.x.saturating_sub(2), y, inner.width + 4, 1);
    panel::divider(look, title, "", line, buf);
    let side = look.style(Role::Focus);
    put(buf, line, 0, 0, look.glyphs.tees[0], side);
    put(buf, line, line.width - 1, 0, look.glyphs.tees[1], side);
}
