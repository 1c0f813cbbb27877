//! The last pass over a drawn buffer: nothing that could disturb a terminal leaves it, and in
//! ASCII every character is ASCII.

use super::look::Look;
use crate::base::text::sanitize;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// ASCII for the characters that texts of the app use; others become `?`.
fn plain(symbol: &str) -> &'static str {
    match symbol {
        "↑" => "^",
        "↓" => "v",
        "←" => "<",
        "→" => ">",
        "…" => "~",
        "–" | "—" | "·" | "−" => "-",
        "‘" | "’" => "'",
        "“" | "”" => "\"",
        "●" | "•" => "*",
        "×" => "x",
        "♩" => "c",
        "\u{a0}" => " ",
        _ => "?",
    }
}

/// Makes every cell of an area fit to be sent to the terminal.
pub fn finish(buf: &mut Buffer, area: Rect, look: &Look) {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let Some(cell) = buf.cell_mut((x, y)) else {
                continue;
            };
            let symbol = cell.symbol();
            if symbol.is_ascii() && symbol.bytes().all(|b| (b' '..=b'~').contains(&b)) {
                continue;
            }
            if look.ascii() {
                let ascii = plain(symbol);
                cell.set_symbol(ascii);
            } else if symbol.chars().count() > 1 || symbol.chars().any(char::is_control) {
                let clean = sanitize(symbol);
                if clean != symbol {
                    cell.set_symbol("\u{fffd}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::glyphs::GlyphSet;
    use crate::ui::look::ColorDepth;
    use crate::ui::theme::Theme;

    #[test]
    fn outside_text_is_sanitized() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        buf[(0, 0)].set_symbol("\x1b]0;x\x07");
        buf[(1, 0)].set_symbol("a\u{202e}");
        buf[(2, 0)].set_symbol("é");
        buf[(3, 0)].set_symbol("\u{9b}");
        let mut ascii = buf.clone();
        let area = buf.area;
        finish(&mut buf, area, &Look::default());
        let drawn: String = buf.content.iter().map(|c| c.symbol()).collect();
        assert_eq!(drawn, "\u{fffd}\u{fffd}é\u{fffd}");
        let look = Look::new(Theme::plain(), ColorDepth::None, GlyphSet::Ascii);
        finish(&mut ascii, area, &look);
        let drawn: String = ascii.content.iter().map(|c| c.symbol()).collect();
        assert_eq!(drawn, "????");
    }
}
