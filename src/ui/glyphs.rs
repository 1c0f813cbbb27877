//! The alphabet of the screen, twice: Unicode, and ASCII for `LC_ALL=C` and plain
//! terminals. Both are one column a glyph, so layouts do not change with the alphabet.

use ratatui::symbols::border;

/// Which characters the terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GlyphSet {
    /// Boxes, blocks, shades and braille.
    #[default]
    Unicode,
    /// Printable ASCII only.
    Ascii,
}

/// Every single glyph the widgets draw.
#[derive(Clone, Copy, Debug)]
pub struct Glyphs {
    /// The corners and sides of a panel.
    pub border: border::Set<'static>,
    /// Where a divider meets the left, right, top and bottom side of a panel.
    pub tees: [&'static str; 4],
    /// A hit by velocity, quietest first.
    pub shades: [&'static str; 5],
    /// A step in which a lane rests.
    pub rest: &'static str,
    /// The first step of a beat in which a lane rests.
    pub rest_beat: &'static str,
    /// A bar line in the grid.
    pub bar_line: &'static str,
    /// The playhead, pointing up from under the grid.
    pub playhead: &'static str,
    /// The playhead, pointing down from the ruler.
    pub playhead_down: &'static str,
    /// A committed stretch: left end, line, right end.
    pub committed: [&'static str; 3],
    /// A revisable stretch: left end, line, right end.
    pub revisable: [&'static str; 3],
    /// A bar from empty to full, in eighths of a column.
    pub fill: [&'static str; 9],
    /// A slider: its empty part, its filled part, a column half filled, its handle, and the
    /// zero of a two-sided one.
    pub slider: [&'static str; 5],
    /// Heights from nothing to full, for sparklines and meters.
    pub heights: [&'static str; 9],
    /// An item that is in use.
    pub on: &'static str,
    /// An item that is left out.
    pub off: &'static str,
    /// A refusal.
    pub bad: &'static str,
    /// A warning.
    pub warn: &'static str,
    /// A closed folder.
    pub closed: &'static str,
    /// An open folder.
    pub open: &'static str,
    /// The cursor of a list.
    pub cursor: &'static str,
    /// A point that matters on a chart.
    pub point: &'static str,
    /// Recording.
    pub record: &'static str,
    /// Playing, stopped, paused.
    pub transport: [&'static str; 3],
    /// Between two words of one line.
    pub dot: &'static str,
    /// Cut text.
    pub ellipsis: &'static str,
    /// The thumb and the rail of a scroll bar.
    pub scroll: [&'static str; 2],
    /// A horizontal rule in a chart's axis, the vertical one, and where they meet.
    pub axes: [&'static str; 3],
    /// A figure that is not there.
    pub none: &'static str,
    /// Up, down, left, right.
    pub arrows: [&'static str; 4],
    /// Done well.
    pub tick: &'static str,
    /// Clock goes out.
    pub clock: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    border: border::ROUNDED,
    tees: ["├", "┤", "┬", "┴"],
    shades: ["░", "░", "▒", "▓", "█"],
    rest: "·",
    rest_beat: "·",
    bar_line: "┊",
    playhead: "▲",
    playhead_down: "▼",
    committed: ["┗", "━", "┛"],
    revisable: ["╰", "╌", "╯"],
    fill: [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    slider: ["─", "━", "╸", "●", "┼"],
    heights: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    on: "●",
    off: "○",
    bad: "✗",
    warn: "!",
    closed: "▸",
    open: "▾",
    cursor: "▌",
    point: "◆",
    record: "●",
    transport: ["▶", "■", "‖"],
    dot: "·",
    ellipsis: "…",
    scroll: ["┃", "│"],
    axes: ["─", "│", "└"],
    none: "–",
    arrows: ["↑", "↓", "←", "→"],
    tick: "✓",
    clock: "♩",
};

const ASCII: Glyphs = Glyphs {
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    tees: ["+", "+", "+", "+"],
    shades: [".", ":", "o", "O", "#"],
    rest: " ",
    rest_beat: "'",
    bar_line: "|",
    playhead: "^",
    playhead_down: "v",
    committed: ["[", "=", "]"],
    revisable: ["(", "-", ")"],
    fill: [" ", " ", " ", " ", "#", "#", "#", "#", "#"],
    slider: [".", "=", ".", "O", "|"],
    heights: [" ", "_", ".", ",", "-", "=", "+", "*", "#"],
    on: "*",
    off: "o",
    bad: "x",
    warn: "!",
    closed: ">",
    open: "v",
    cursor: ">",
    point: "@",
    record: "*",
    transport: [">", "#", "="],
    dot: "-",
    ellipsis: "~",
    scroll: ["#", "|"],
    axes: ["-", "|", "+"],
    none: "-",
    arrows: ["^", "v", "<", ">"],
    tick: "+",
    clock: "c",
};

impl GlyphSet {
    /// What the locale says: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set decides;
    /// Unicode where it names UTF-8, and where none is set at all.
    #[must_use]
    pub fn detect(lc_all: Option<&str>, lc_ctype: Option<&str>, lang: Option<&str>) -> Self {
        let locale = [lc_all, lc_ctype, lang]
            .into_iter()
            .flatten()
            .find(|value| !value.is_empty());
        match locale.map(str::to_ascii_lowercase) {
            Some(name) if !name.contains("utf-8") && !name.contains("utf8") => Self::Ascii,
            _ => Self::Unicode,
        }
    }

    /// The glyphs of the set.
    #[must_use]
    pub const fn glyphs(self) -> &'static Glyphs {
        match self {
            Self::Unicode => &UNICODE,
            Self::Ascii => &ASCII,
        }
    }
}

impl Glyphs {
    /// The shade of a velocity: 1 to 127 in five steps, at the loudness marks of a score
    /// (pp to 31, p to 55, mf to 79, f to 103, ff above).
    #[must_use]
    pub const fn shade(&self, velocity: u8) -> &'static str {
        match velocity {
            0..32 => self.shades[0],
            32..56 => self.shades[1],
            56..80 => self.shades[2],
            80..104 => self.shades[3],
            _ => self.shades[4],
        }
    }

    /// A height of a sparkline for a value of 0 to 1; anything above 0 shows.
    #[must_use]
    pub fn height(&self, value: f32) -> &'static str {
        let last = self.heights.len() - 1;
        let index = if value > 0.0 {
            ((value * last as f32).round() as usize).clamp(1, last)
        } else {
            0
        };
        self.heights.get(index).copied().unwrap_or(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn every_glyph_is_one_column_and_ascii_is_ascii() {
        for set in [GlyphSet::Unicode, GlyphSet::Ascii] {
            let g = set.glyphs();
            let all = [
                &g.tees[..],
                &g.shades,
                &g.committed,
                &g.revisable,
                &g.fill,
                &g.slider,
                &g.heights,
                &g.transport,
                &g.scroll,
                &g.axes,
                &g.arrows,
                &[
                    g.rest,
                    g.rest_beat,
                    g.bar_line,
                    g.playhead,
                    g.playhead_down,
                    g.on,
                    g.off,
                    g.bad,
                    g.warn,
                    g.closed,
                    g.open,
                    g.cursor,
                    g.point,
                    g.record,
                    g.dot,
                    g.ellipsis,
                    g.none,
                    g.tick,
                    g.clock,
                ],
            ]
            .concat();
            for glyph in all {
                assert_eq!(glyph.width(), 1, "{glyph}");
                assert!(set == GlyphSet::Unicode || glyph.is_ascii(), "{glyph}");
            }
        }
    }

    #[test]
    fn the_locale_decides_the_alphabet() {
        let detect = GlyphSet::detect;
        let utf8 = Some("en_GB.UTF-8");
        assert_eq!(detect(Some("C"), None, utf8), GlyphSet::Ascii);
        assert_eq!(detect(Some(""), Some("POSIX"), utf8), GlyphSet::Ascii);
        assert_eq!(detect(None, None, utf8), GlyphSet::Unicode);
        assert_eq!(detect(Some("C.utf8"), None, None), GlyphSet::Unicode);
        assert_eq!(detect(None, None, None), GlyphSet::Unicode);
    }

    #[test]
    fn a_louder_hit_never_looks_quieter() {
        for set in [GlyphSet::Unicode, GlyphSet::Ascii] {
            let g = set.glyphs();
            let place = |v| g.shades.iter().position(|s| *s == g.shade(v));
            assert!((1..127).all(|v| place(v) <= place(v + 1)));
        }
        assert_eq!(GlyphSet::Unicode.glyphs().height(0.01), "▁");
        assert_eq!(GlyphSet::Unicode.glyphs().height(f32::NAN), " ");
    }
}
