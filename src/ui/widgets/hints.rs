//! The line of keys: `space play  [ cooler  ? help`, as many as fit; the last ones (help)
//! stay in sight.

use super::put_line;
use crate::ui::look::Look;
use crate::ui::text::width;
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws pairs of key and title over the first row of an area. Where not all fit, those
/// before the last `kept` go first.
pub fn hints(look: &Look, pairs: &[(&str, &str)], kept: usize, area: Rect, buf: &mut Buffer) {
    let room = usize::from(area.width);
    let columns = |pair: &(&str, &str)| width(pair.0) + width(pair.1) + 3;
    let split = pairs.len().saturating_sub(kept);
    let (first, last) = pairs.split_at(split);
    let reserved: usize = last.iter().map(columns).sum();
    let mut used = 1;
    let mut spans = vec![Span::raw(" ")];
    let mut add = |pair: &(&str, &str), limit: usize| {
        if used + columns(pair) > limit + 2 {
            return;
        }
        used += columns(pair);
        spans.push(Span::styled(pair.0.to_owned(), look.style(Role::Accent)));
        let title = format!(" {}  ", pair.1);
        spans.push(Span::styled(title, look.style(Role::Dim)));
    };
    for pair in first {
        add(pair, room.saturating_sub(reserved));
    }
    for pair in last {
        add(pair, room);
    }
    put_line(buf, area, 0, &Line::from(spans));
}

#[cfg(test)]
mod tests {
    use super::super::tests::text_of;
    use super::*;

    #[test]
    fn help_stays_in_sight() {
        let look = Look::default();
        let pairs = [
            ("space", "play"),
            ("m", "mute"),
            ("s", "save"),
            ("?", "help"),
        ];
        let draw = |width| {
            let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
            let area = buf.area;
            hints(&look, &pairs, 1, area, &mut buf);
            text_of(&buf)
        };
        assert_eq!(draw(60), " space play  m mute  s save  ? help\n");
        assert_eq!(draw(21), " space play  ? help\n");
        assert_eq!(draw(3), "\n");
    }
}
