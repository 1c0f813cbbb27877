//! [`Panel`]: a titled box, with a word at the right of its top and of its bottom.

use super::{put, put_right};
use crate::ui::look::Look;
use crate::ui::text::{cut, width};
use crate::ui::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Borders, Widget};

/// A titled box.
#[derive(Clone, Debug)]
pub struct Panel<'a> {
    /// How to draw.
    pub look: &'a Look,
    /// At the left of the top side.
    pub title: &'a str,
    /// At the right of the top side; may be empty.
    pub aside: &'a str,
    /// At the left of the bottom side; may be empty.
    pub foot: &'a str,
    /// Whether it has the keys.
    pub focused: bool,
}

impl<'a> Panel<'a> {
    /// A box with a title.
    #[must_use]
    pub const fn new(look: &'a Look, title: &'a str) -> Self {
        Self {
            look,
            title,
            aside: "",
            foot: "",
            focused: false,
        }
    }

    /// With a word at the right of its top.
    #[must_use]
    pub const fn aside(mut self, aside: &'a str) -> Self {
        self.aside = aside;
        self
    }

    /// With a word at the left of its bottom.
    #[must_use]
    pub const fn foot(mut self, foot: &'a str) -> Self {
        self.foot = foot;
        self
    }

    /// With the keys, or not.
    #[must_use]
    pub const fn focused(mut self, focused: bool) -> Self {
        self.focused = focused;
        self
    }

    /// The area inside its sides.
    #[must_use]
    pub fn inner(area: Rect) -> Rect {
        Block::new().borders(Borders::ALL).inner(area)
    }

    /// Draws it; the area inside.
    pub fn draw(&self, area: Rect, buf: &mut Buffer) -> Rect {
        self.render(area, buf);
        Self::inner(area)
    }
}

impl Widget for &Panel<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let side = self.look.style(if self.focused {
            Role::Focus
        } else {
            Role::Frame
        });
        Block::new()
            .borders(Borders::ALL)
            .border_set(self.look.glyphs.border)
            .border_style(side)
            .render(area, buf);
        let g = self.look.glyphs;
        let room = usize::from(area.width.saturating_sub(4));
        let line = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), 1);
        let mut used = 0;
        if !self.title.is_empty() && room > 1 {
            let title = format!(" {} ", cut(self.title, room.saturating_sub(2), g));
            used = width(&title);
            put(buf, line, 1, 0, &title, self.look.style(Role::Title));
        }
        if !self.aside.is_empty() && room > used + width(self.aside) + 3 {
            let aside = format!(" {} ", self.aside);
            let line = Rect::new(line.x, line.y, line.width - 1, 1);
            put_right(buf, line, 0, &aside, self.look.style(Role::Dim));
        }
        if !self.foot.is_empty() && room > 3 && area.height > 1 {
            let foot = format!(" {} ", cut(self.foot, room.saturating_sub(2), g));
            let line = Rect::new(line.x, area.bottom() - 1, line.width, 1);
            put(buf, line, 1, 0, &foot, self.look.style(Role::Dim));
        }
    }
}

/// A dividing line with a title across a panel, joining its sides: `├ title ────┤`. The area
/// is the panel's whole row, sides included.
pub fn divider(look: &Look, title: &str, aside: &str, area: Rect, buf: &mut Buffer) {
    let side = look.style(Role::Frame);
    let g = look.glyphs;
    let Some(last) = area.width.checked_sub(1).filter(|_| area.height > 0) else {
        return;
    };
    let rule = g.border.horizontal_top.repeat(usize::from(last));
    put(buf, area, 0, 0, &rule, side);
    put(buf, area, 0, 0, g.tees[0], side);
    put(buf, area, last, 0, g.tees[1], side);
    let room = usize::from(area.width.saturating_sub(4));
    let mut used = 0;
    if !title.is_empty() && room > 1 {
        let title = format!(" {} ", cut(title, room.saturating_sub(2), g));
        used = width(&title);
        put(buf, area, 2, 0, &title, look.style(Role::Title));
    }
    if !aside.is_empty() && room > used + width(aside) + 3 {
        let within = Rect::new(area.x, area.y, area.width - 2, 1);
        put_right(buf, within, 0, &format!(" {aside} "), look.style(Role::Dim));
    }
}

/// A part of a panel that holds several, one above the other.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// The word at the right of its title; may be empty.
    pub aside: String,
    /// Its rows; 0 leaves it out.
    pub rows: u16,
}

impl Section {
    /// A section without a word at its right.
    #[must_use]
    pub fn new(title: &str, rows: u16) -> Self {
        Self {
            title: title.to_owned(),
            aside: String::new(),
            rows,
        }
    }

    /// With a word at its right.
    #[must_use]
    pub fn aside(mut self, aside: impl Into<String>) -> Self {
        self.aside = aside.into();
        self
    }
}

/// Draws a panel of sections; the areas inside them, empty for those without rows. The last
/// one with rows takes what is left.
pub fn sections(
    look: &Look,
    area: Rect,
    parts: &[Section],
    foot: &str,
    buf: &mut Buffer,
) -> Vec<Rect> {
    let area = area.intersection(buf.area);
    let first = parts.iter().find(|p| p.rows > 0);
    let (title, aside) = first.map_or(("", ""), |p| (&p.title, &p.aside));
    let inner = Panel::new(look, title)
        .aside(aside)
        .foot(foot)
        .draw(area, buf);
    let last = parts.iter().rposition(|p| p.rows > 0);
    let mut y = 0;
    let mut started = false;
    let mut areas = Vec::with_capacity(parts.len());
    for (place, part) in parts.iter().enumerate() {
        if part.rows == 0 || y >= inner.height {
            areas.push(Rect::new(inner.x, inner.y, inner.width, 0));
            continue;
        }
        if started {
            let line = Rect::new(area.x, inner.y + y, area.width, 1);
            divider(look, &part.title, &part.aside, line, buf);
            y += 1;
        }
        started = true;
        let left = inner.height.saturating_sub(y);
        let rows = if Some(place) == last {
            left
        } else {
            part.rows.min(left)
        };
        areas.push(Rect::new(inner.x, inner.y + y, inner.width, rows));
        y += rows;
    }
    areas
}

#[cfg(test)]
mod tests {
    use super::super::tests::{picture, text_of};
    use super::*;

    #[test]
    fn a_panel_shows_its_words_and_gives_its_inside() {
        let look = Look::default();
        let panel = Panel::new(&look, "now").aside("rec").foot("end");
        assert_eq!(
            picture(&panel, 20, 3),
            "╭─ now ─────── rec ─╮\n│                  │\n╰─ end ────────────╯\n"
                .replace("───── rec", "──── rec")
        );
        assert_eq!(Panel::inner(Rect::new(0, 0, 20, 3)), Rect::new(1, 1, 18, 1));
        for width in 0..8 {
            for height in 0..4 {
                picture(&panel, width, height);
            }
        }
    }

    #[test]
    fn a_divider_joins_the_sides() {
        let look = Look::default();
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        divider(&look, "out", "", buf.area, &mut buf);
        assert_eq!(text_of(&buf), "├─ out ────┤\n");
    }
}
