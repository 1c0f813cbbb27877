//! The training form: every flag of `train`, checked while it is filled in.

use super::card;
use crate::app::App;
use crate::app::form::FieldKind;
use crate::ui::look::Look;
use crate::ui::text::wrap;
use crate::ui::theme::Role;
use crate::ui::widgets::form::{Field, form};
use crate::ui::widgets::{below, put};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let form_state = &app.training.form;
    let fields: Vec<Field<'_>> = form_state
        .fields
        .iter()
        .map(|field| Field {
            name: field.label,
            text: field.value.text(),
            cursor: Some(field.value.cursor()),
            error: field.error.as_deref(),
            choice: matches!(field.kind, FieldKind::Choice(_)),
        })
        .collect();
    let height = (fields.len() as u16 + 6).min(area.height);
    let inner = card(look, "train a model", "", (76, height), area, buf);
    let rows = inner.height.saturating_sub(3).min(fields.len() as u16);
    let list = Rect {
        height: rows,
        ..inner
    };
    form(look, &fields, form_state.selected, 18, list, buf);
    let foot = below(inner, rows + u16::from(inner.height > rows + 3));
    let on_button = form_state.on_button();
    let style = if on_button {
        look.chip(Role::Accent)
    } else {
        look.style(Role::Accent)
    };
    let start = if on_button { "[ start ]" } else { "  start  " };
    let x = put(buf, foot, 2, 0, start, style);
    let bad = fields.iter().filter(|f| f.error.is_some()).count();
    if bad > 0 {
        let text = format!("{bad} to put right first");
        put(buf, foot, x + 2, 0, &text, look.style(Role::Error));
    }
    let help = form_state
        .selected_field()
        .map_or("enter starts the run", |field| field.help);
    let columns = usize::from(foot.width.saturating_sub(2));
    for (y, line) in (1u16..).zip(wrap(help, columns).iter().take(2)) {
        put(buf, foot, 2, y, line, look.style(Role::Dim));
    }
}
