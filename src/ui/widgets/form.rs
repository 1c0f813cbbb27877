//! A form: named fields, one under the cursor, with what is wrong beside them. One field
//! edited as text is [`text_field`].

use super::{put, put_right};
use crate::ui::look::Look;
use crate::ui::text::{cut, head, width};
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

/// A field as it is shown.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The cursor, in characters, where the text is edited.
    pub cursor: Option<usize>,
    /// What is wrong with it.
    pub error: Option<&'a str>,
    /// Whether left and right choose among values.
    pub choice: bool,
}

/// Draws a line of text being edited, scrolled so that its cursor is in sight.
pub fn text_field(look: &Look, text: &str, cursor: Option<usize>, area: Rect, buf: &mut Buffer) {
    let line = super::row(area.intersection(buf.area), 0);
    let columns = usize::from(line.width);
    let style = look.style(Role::Text);
    let Some(cursor) = cursor else {
        put(buf, line, 0, 0, &cut(text, columns, look.glyphs), style);
        return;
    };
    buf.set_style(line, look.tint(Role::Accent, 0.12));
    let before: String = text.chars().take(cursor).collect();
    let under = text
        .chars()
        .nth(cursor)
        .map_or(" ".to_owned(), String::from);
    let mut skip = 0;
    while width(before.get(skip..).unwrap_or("")) + width(&under) > columns {
        let next = before.get(skip..).and_then(|s| s.chars().next());
        skip += next.map_or(1, char::len_utf8);
        if skip >= before.len() {
            break;
        }
    }
    let shown = text.get(skip..).unwrap_or("");
    put(buf, line, 0, 0, head(shown, columns), style);
    let x = width(before.get(skip..).unwrap_or("")) as u16;
    put(
        buf,
        line,
        x,
        0,
        &under,
        style.add_modifier(Modifier::REVERSED),
    );
}

/// Draws fields a row each, scrolled so that `focus` is in sight; returns the rows used.
pub fn form(
    look: &Look,
    fields: &[Field<'_>],
    focus: usize,
    name_columns: u16,
    area: Rect,
    buf: &mut Buffer,
) -> u16 {
    let area = area.intersection(buf.area);
    let height = usize::from(area.height);
    let first = super::table::first_row(focus, fields.len(), height);
    let mut rows = 0;
    for (y, (index, field)) in (0u16..).zip(fields.iter().enumerate().skip(first).take(height)) {
        let line = super::row(area, y);
        let focused = index == focus;
        rows = y + 1;
        let g = look.glyphs;
        if focused {
            put(buf, line, 0, 0, g.cursor, look.style(Role::Accent));
        }
        let role = if focused { Role::Accent } else { Role::Dim };
        let name = cut(field.name, usize::from(name_columns.saturating_sub(1)), g);
        put(buf, line, 2, 0, &name, look.style(role));
        let x = name_columns + 2;
        let Some(room) = line.width.checked_sub(x) else {
            continue;
        };
        let mut value = Rect::new(line.x + x, line.y, room, 1);
        if let Some(error) = field.error {
            let text = format!("{} {error}", g.bad);
            let text = cut(&text, usize::from(room / 2), g);
            put_right(buf, value, 0, &text, look.style(Role::Error));
            value.width -= (width(&text) as u16 + 1).min(value.width);
        }
        if field.choice {
            let text = format!("{} {} {}", g.arrows[2], field.text, g.arrows[3]);
            let role = if focused { Role::Accent } else { Role::Text };
            put(buf, value, 0, 0, &text, look.style(role));
        } else {
            let cursor = field.cursor.filter(|_| focused);
            text_field(look, field.text, cursor, value, buf);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::tests::text_of;
    use super::*;

    #[test]
    fn fields_show_names_values_and_errors() {
        let look = Look::default();
        let field = |name, text, error| Field {
            name,
            text,
            cursor: Some(0),
            error,
            choice: false,
        };
        let fields = [
            field("units", "256", None),
            field("dropout", "2", Some("0 to 0.9")),
            Field {
                choice: true,
                ..field("device", "auto", None)
            },
        ];
        let mut buf = Buffer::empty(Rect::new(0, 0, 40, 3));
        let area = buf.area;
        form(&look, &fields, 1, 9, area, &mut buf);
        assert_eq!(
            text_of(&buf),
            "  units    256\n▌ dropout  2                  ✗ 0 to 0.9\n  device   ← auto →\n"
        );
    }

    #[test]
    fn the_cursor_is_always_in_sight() {
        let look = Look::default();
        let text = "/home/太鼓/drums/groove";
        for columns in 0..30 {
            for cursor in 0..=text.chars().count() {
                let mut buf = Buffer::empty(Rect::new(0, 0, columns, 1));
                let area = buf.area;
                text_field(&look, text, Some(cursor), area, &mut buf);
                let seen = buf
                    .content
                    .iter()
                    .any(|c| c.modifier.contains(Modifier::REVERSED));
                assert!(seen || columns < 3, "{columns} {cursor}");
            }
        }
    }
}
