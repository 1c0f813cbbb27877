//! Fitting words and numbers into columns. Widths are terminal columns, not characters.

use super::glyphs::Glyphs;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a text to `columns`, the last of them an ellipsis where something is missing.
#[must_use]
pub fn cut(text: &str, columns: usize, glyphs: &Glyphs) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut out = head(text, columns.saturating_sub(1)).to_owned();
    if columns > 0 {
        out.push_str(glyphs.ellipsis);
    }
    out
}

/// Cuts the front of a text (paths: the end says most).
#[must_use]
pub fn cut_front(text: &str, columns: usize, glyphs: &Glyphs) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else {
        return String::new();
    };
    let mut used = 0;
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        start = at;
    }
    format!("{}{}", glyphs.ellipsis, text.get(start..).unwrap_or(""))
}

/// The longest start of a text that fits.
#[must_use]
pub fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return text.get(..at).unwrap_or("");
        }
    }
    text
}

/// Exactly `columns` wide, text at the left.
#[must_use]
pub fn left(text: &str, columns: usize, glyphs: &Glyphs) -> String {
    let mut out = cut(text, columns, glyphs);
    let missing = columns.saturating_sub(out.width());
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// Exactly `columns` wide, text at the right.
#[must_use]
pub fn right(text: &str, columns: usize, glyphs: &Glyphs) -> String {
    let out = cut(text, columns, glyphs);
    let missing = columns.saturating_sub(out.width());
    format!("{}{out}", " ".repeat(missing))
}

/// A text broken between words into lines of at most `columns`; longer words are cut hard.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    if columns == 0 {
        return lines;
    }
    for word in text.split_whitespace() {
        let mut word = word;
        if !line.is_empty() && line.width() + 1 + word.width() > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        while word.width() > columns {
            let mut part = head(word, columns);
            if part.is_empty() {
                // One character wider than the line: it stands alone.
                let end = word.char_indices().nth(1).map_or(word.len(), |(at, _)| at);
                part = word.get(..end).unwrap_or(word);
            }
            lines.push(part.to_owned());
            word = word.get(part.len()..).unwrap_or("");
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// `12,345`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 bar`, `2,400 bars`.
#[must_use]
pub fn counted(number: u64, one: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {one}{s}", thousands(number))
}

/// `00:06:40` from seconds; days are counted in hours.
#[must_use]
pub fn clock(seconds: f32) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "--:--:--".to_owned();
    }
    let s = seconds.round() as u64;
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// A small number of significant digits: `2.1e-3` below a hundredth, `0.41` above.
#[must_use]
pub fn scientific(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    if value.abs() >= 0.01 {
        format!("{value:.3}")
    } else {
        format!("{value:.1e}")
    }
}

/// Decibels below full scale of a level of 0 to 1, `-inf` for silence.
#[must_use]
pub fn decibels(level: f32) -> String {
    if level > 0.001 {
        format!("{:.0} dB", 20.0 * level.min(1.0).log10())
    } else {
        "-inf dB".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::glyphs::GlyphSet;

    #[test]
    fn texts_fit_their_columns_whatever_the_script() {
        let g = GlyphSet::Unicode.glyphs();
        for text in [
            "",
            "a",
            "12_funk_95_beat.mid",
            "太鼓のファイル",
            "e\u{301}\u{301}x",
        ] {
            for columns in 0..12 {
                assert!(cut(text, columns, g).width() <= columns);
                assert!(cut_front(text, columns, g).width() <= columns);
                assert_eq!(left(text, columns, g).width(), columns);
                assert_eq!(right(text, columns, g).width(), columns);
                assert!(
                    wrap(text, columns)
                        .iter()
                        .all(|l| l.width() <= columns.max(2))
                );
            }
        }
        assert_eq!(cut("drummer", 5, g), "drum…");
        assert_eq!(cut_front("drummer", 5, g), "…mmer");
        assert_eq!(wrap("turn the knob", 8), ["turn the", "knob"]);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(1_021), "1,021");
        assert_eq!(thousands(7), "7");
        assert_eq!(counted(1, "bar"), "1 bar");
        assert_eq!(counted(1_200, "bar"), "1,200 bars");
        assert_eq!(clock(400.4), "00:06:40");
        assert_eq!(clock(f32::INFINITY), "--:--:--");
        assert_eq!(scientific(0.0021), "2.1e-3");
        assert_eq!(decibels(0.0), "-inf dB");
        assert_eq!(decibels(0.25), "-12 dB");
    }
}
