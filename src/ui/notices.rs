//! The notices that pass: cards at the right bottom of the screen, a line where the output desk
//! is open.

use super::chrome::card_with_side;
use super::look::Look;
use super::text::{cut, width, wrap};
use super::theme::Role;
use super::widgets::panel::Panel;
use super::widgets::{put, put_right, row};
use crate::app::notices::Notice;
use crate::app::{App, ChoiceKind, Level, Overlay};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::widgets::{Clear, Widget};

/// Notices, the newest lowest, at the right bottom of the screen.
pub fn notices(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let columns = area.width.saturating_sub(4).min(64);
    let mut bottom = area.bottom().saturating_sub(1);
    let most = match area.height {
        0..17 => 2,
        17..30 => 3,
        _ => 4,
    };
    let shown = app.notices_shown();
    if let Some(Overlay::Choose {
        kind: ChoiceKind::Output { .. },
        ..
    }) = app.overlay()
    {
        // The desk says more of outputs than a notice: it is not covered.
        if let Some(notice) = shown.last() {
            notice_line(look, notice, area, buf);
        }
        return;
    }
    for (place, notice) in shown.iter().enumerate().rev() {
        let (mark, role) = notice_mark(look, notice.level);
        let room = usize::from(columns.saturating_sub(6));
        let mut lines = wrap(&notice.text, room);
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                *last = cut(
                    &format!("{last} {}", look.glyphs.ellipsis),
                    room,
                    look.glyphs,
                );
            }
        }
        let widest = lines.iter().map(|l| width(l)).max().unwrap_or(0) as u16;
        let height = lines.len() as u16 + 2;
        if widest == 0 || bottom < area.y + height {
            return;
        }
        let card = Rect::new(
            area.right().saturating_sub(widest + 8),
            bottom - height,
            widest + 6,
            height,
        )
        .intersection(area);
        card_with_side(look, role, card, buf);
        let inner = Panel::inner(card);
        put(buf, inner, 1, 0, mark, look.style(role));
        for (y, line) in (0u16..).zip(&lines) {
            put(buf, inner, 3, y, line, look.style(Role::Text));
        }
        if place == 0 && app.esc_takes_notices() && card.width > 9 {
            let foot = Rect::new(card.x, card.bottom() - 1, card.width - 1, 1);
            let quiet = look.style(Role::Dim).remove_modifier(Modifier::BOLD);
            put_right(buf, foot, 0, " esc ", quiet);
        }
        bottom = card.y;
    }
}

/// A notice's mark and colour.
const fn notice_mark(look: &Look, level: Level) -> (&'static str, Role) {
    match level {
        Level::Info => (look.glyphs.tick, Role::Ok),
        Level::Warning => (look.glyphs.warn, Role::Warn),
        Level::Error => (look.glyphs.bad, Role::Error),
    }
}

/// A notice as one line over the last row of an area.
fn notice_line(look: &Look, notice: &Notice, area: Rect, buf: &mut Buffer) {
    let line = row(area, area.height.saturating_sub(1));
    let (mark, role) = notice_mark(look, notice.level);
    Clear.render(line, buf);
    buf.set_style(line, look.base());
    buf.set_style(line, look.tint(Role::Text, 0.05));
    let x = put(buf, line, 1, 0, mark, look.style(role));
    let room = usize::from(line.width.saturating_sub(x + 2));
    let text = cut(&notice.text, room, look.glyphs);
    put(buf, line, x + 1, 0, &text, look.style(Role::Text));
}
