//! All keys, by scope, from the command table and the keymap in force.

use super::card;
use crate::app::command::{COMMANDS, CommandInfo};
use crate::app::{App, Scope};
use crate::ui::look::Look;
use crate::ui::text::{cut, left};
use crate::ui::theme::Role;
use crate::ui::widgets::{put, put_right};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of the card where it has room for the names that keymaps use.
const WIDE: u16 = 118;

/// A line of the help.
enum Line {
    Heading(&'static str),
    Key(String, &'static CommandInfo),
    Blank,
}

/// The scopes, the open screen's first.
fn scopes(app: &App) -> Vec<Scope> {
    let mut scopes = vec![
        Scope::Global,
        Scope::Play,
        Scope::Dataset,
        Scope::Training,
        Scope::Learning,
    ];
    let here = app.screen.scope();
    scopes.sort_by_key(|scope| *scope != here);
    scopes
}

fn lines(app: &App) -> Vec<Line> {
    let mut lines = Vec::new();
    for scope in scopes(app) {
        let mut rows = COMMANDS
            .iter()
            .filter(|info| info.scope == scope)
            .peekable();
        if rows.peek().is_none() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::Blank);
        }
        lines.push(Line::Heading(scope.title()));
        for info in rows {
            let keys: Vec<String> = app
                .keymap
                .keys(info.command)
                .iter()
                .map(ToString::to_string)
                .collect();
            lines.push(Line::Key(keys.join(" "), info));
        }
    }
    lines
}

/// Draws it.
pub fn draw(app: &App, look: &Look, scroll: usize, area: Rect, buf: &mut Buffer) {
    let lines = lines(app);
    let height = area.height.saturating_sub(2).min(lines.len() as u16 + 2);
    // With the names that keymaps use where there is room for them.
    let wide = area.width >= WIDE;
    let (columns, aside) = if wide {
        (WIDE, "name in a keymap")
    } else {
        (84, "")
    };
    let inner = card(look, "keys", aside, (columns, height), area, buf);
    let rows = usize::from(inner.height);
    let first = scroll.min(lines.len().saturating_sub(rows));
    let key_columns = 16.min(inner.width / 3);
    for (y, line) in (0u16..).zip(lines.iter().skip(first).take(rows)) {
        match line {
            Line::Heading(title) => {
                put(buf, inner, 0, y, title, look.style(Role::Title));
            }
            Line::Key(keys, info) => {
                let keys = left(
                    keys,
                    usize::from(key_columns.saturating_sub(2)),
                    look.glyphs,
                );
                put(buf, inner, 1, y, &keys, look.style(Role::Accent));
                let room = usize::from(inner.width.saturating_sub(key_columns + 1));
                let room = if wide {
                    let id = Rect {
                        width: inner.width.saturating_sub(2),
                        ..inner
                    };
                    put_right(buf, id, y, info.id, look.style(Role::Dim));
                    room.saturating_sub(info.id.len() + 3)
                } else {
                    room
                };
                let help = cut(info.help, room, look.glyphs);
                put(buf, inner, key_columns, y, &help, look.style(Role::Text));
            }
            Line::Blank => {}
        }
    }
    let dim = look.style(Role::Dim);
    if first > 0 {
        put_right(buf, inner, 0, look.glyphs.arrows[0], dim);
    }
    if first + rows < lines.len() {
        put_right(
            buf,
            inner,
            inner.height.saturating_sub(1),
            look.glyphs.arrows[1],
            dim,
        );
    }
}
