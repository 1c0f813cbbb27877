//! The palette: commands by name.

use super::card;
use crate::app::command::search;
use crate::app::text_field::TextField;
use crate::app::{App, Scope};
use crate::ui::look::Look;
use crate::ui::theme::Role;
use crate::ui::widgets::form::text_field;
use crate::ui::widgets::table::{Column, Table, first_row};
use crate::ui::widgets::{below, put, row};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of a wide screen; a narrow one leaves the last out.
const COLUMNS: [Column; 4] = [
    Column {
        title: "",
        width: 16,
        right: false,
    },
    Column {
        title: "",
        width: 11,
        right: false,
    },
    Column {
        title: "",
        width: 44,
        right: false,
    },
    Column {
        title: "",
        width: 18,
        right: false,
    },
];

/// Columns of the card with and without the names that keymaps use.
const WIDE: u16 = 110;
const NARROW: u16 = 82;

/// Draws it.
pub fn draw(
    app: &App,
    look: &Look,
    query: &TextField,
    selected: usize,
    area: Rect,
    buf: &mut Buffer,
) {
    let found = search(query.text());
    let height = area.height.saturating_sub(2).min(18);
    let wide = area.width >= WIDE;
    let columns = if wide { WIDE } else { NARROW };
    // What a keymap calls the chosen one, where there is no column for all.
    let id = found.get(selected).map_or("", |info| info.id);
    let aside = if wide { "name in a keymap" } else { id };
    let inner = card(look, "command", aside, (columns, height), area, buf);
    let line = row(inner, 0);
    put(buf, line, 0, 0, ":", look.style(Role::Accent));
    let field = Rect::new(
        line.x + 2.min(line.width),
        line.y,
        line.width.saturating_sub(2),
        line.height,
    );
    text_field(look, query.text(), Some(query.cursor()), field, buf);
    let list = below(inner, 1);
    if found.is_empty() {
        put(buf, list, 2, 1, "no command fits", look.style(Role::Dim));
        return;
    }
    let table = Table {
        look,
        columns: if wide { &COLUMNS } else { &COLUMNS[..3] },
        rows: found.len(),
        first: first_row(selected, found.len(), usize::from(list.height)),
        selected,
        headed: false,
    };
    table.draw(list, buf, |index| {
        let Some(info) = found.get(index) else {
            return Vec::new();
        };
        let here = info.scope == Scope::Global || app.screen.scope().overlaps(info.scope);
        let role = if here { Role::Text } else { Role::Dim };
        vec![
            (info.title.to_owned(), look.style(role)),
            (app.keymap.shown(info.command), look.style(Role::Accent)),
            (info.help.to_owned(), look.style(Role::Dim)),
            (info.id.to_owned(), look.style(Role::Dim)),
        ]
    });
}
