//! A list to choose one entry from: drum maps, themes, what the file list shows.

use super::card;
use crate::app::{App, ChoiceKind};
use crate::ui::look::Look;
use crate::ui::text::width;
use crate::ui::theme::Role;
use crate::ui::widgets::put;
use crate::ui::widgets::table::{Column, Table, first_row};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(
    app: &App,
    look: &Look,
    kind: ChoiceKind,
    selected: usize,
    area: Rect,
    buf: &mut Buffer,
) {
    let choices = app.choices(kind);
    let label = choices.iter().map(|c| width(&c.label)).max().unwrap_or(0);
    let detail = choices.iter().map(|c| width(&c.detail)).max().unwrap_or(0);
    let label = (label as u16 + 2).clamp(14, 40);
    let detail = (detail as u16).clamp(0, 60);
    let height = area
        .height
        .saturating_sub(2)
        .min(choices.len().max(1) as u16 + 2);
    let title = kind.title();
    let columns = [
        Column {
            title: "",
            width: label,
            right: false,
        },
        Column {
            title: "",
            width: detail,
            right: false,
        },
    ];
    let size = (label + detail + 8, height);
    let inner = card(look, &title, "", size, area, buf);
    if choices.is_empty() {
        put(
            buf,
            inner,
            1,
            0,
            "nothing to choose from",
            look.style(Role::Dim),
        );
        return;
    }
    let table = Table {
        look,
        columns: &columns,
        rows: choices.len(),
        first: first_row(selected, choices.len(), usize::from(inner.height)),
        selected,
        headed: false,
    };
    table.draw(inner, buf, |index| {
        let Some(choice) = choices.get(index) else {
            return Vec::new();
        };
        let (mark, role) = if choice.active {
            (look.glyphs.on, Role::Accent)
        } else {
            (look.glyphs.off, Role::Text)
        };
        vec![
            (format!("{mark} {}", choice.label), look.style(role)),
            (choice.detail.clone(), look.style(Role::Dim)),
        ]
    });
}
