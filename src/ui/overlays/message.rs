//! Cards of words: a question, a line of text to type, something to read.

use super::card;
use crate::app::overlay::Confirmed;
use crate::app::text_field::TextField;
use crate::ui::look::Look;
use crate::ui::text::wrap;
use crate::ui::theme::Role;
use crate::ui::widgets::form::text_field;
use crate::ui::widgets::{put, row};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of these cards.
const WIDTH: u16 = 64;

fn lines(text: &str, area: Rect) -> Vec<String> {
    let columns = usize::from(WIDTH.min(area.width).saturating_sub(6));
    text.lines()
        .flat_map(|line| {
            let rows = wrap(line, columns);
            if rows.is_empty() {
                vec![String::new()]
            } else {
                rows
            }
        })
        .collect()
}

/// A question with yes and no.
pub fn confirm(look: &Look, question: &str, yes: Confirmed, area: Rect, buf: &mut Buffer) {
    let lines = lines(question, area);
    let (title, words) = match yes {
        Confirmed::GoOn => ("a set was left", ["go on with it", "let it be"]),
        Confirmed::Quit | Confirmed::StopTraining => ("sure?", ["yes", "no"]),
    };
    let height = lines.len() as u16 + 4;
    let inner = card(look, title, "", (WIDTH, height), area, buf);
    for (y, line) in (0u16..).zip(&lines) {
        put(buf, inner, 1, y, line, look.style(Role::Text));
    }
    let y = inner.height.saturating_sub(1);
    let accent = look.style(Role::Accent);
    let text = look.style(Role::Text);
    let x = put(buf, inner, 1, y, "y", accent);
    let x = put(buf, inner, x + 1, y, words[0], text);
    let x = put(buf, inner, x + 3, y, "n", accent);
    put(buf, inner, x + 1, y, words[1], text);
}

/// A line of text to type; below it a sentence in a role: what is wrong, or what is wanted.
pub fn prompt(
    look: &Look,
    title: &str,
    field: &TextField,
    (below, role): (&str, Role),
    area: Rect,
    buf: &mut Buffer,
) {
    let below = lines(below, area);
    let rows = below.len() as u16;
    let inner = card(look, title, "", (WIDTH, rows + 3), area, buf);
    text_field(look, field.text(), Some(field.cursor()), row(inner, 0), buf);
    for (y, line) in (1u16..).zip(&below) {
        put(buf, inner, 0, y, line, look.style(role));
    }
}

/// Something to read.
pub fn message(look: &Look, title: &str, text: &str, area: Rect, buf: &mut Buffer) {
    let lines = lines(text, area);
    let height = (lines.len() as u16).saturating_add(2).min(area.height);
    let inner = card(look, title, "", (WIDTH, height), area, buf);
    for (y, line) in (0u16..).zip(lines.iter().take(usize::from(inner.height))) {
        put(buf, inner, 1, y, line, look.style(Role::Text));
    }
}
