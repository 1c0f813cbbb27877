//! Colours as values: RGB, blending, and the nearest colour of the 256 and 16 colour
//! palettes (xterm's defaults). What a colour is used for lives in [`super::theme`].

use ratatui::style::Color;

/// Red, green, blue, 0 to 255 each.
pub type Rgb = (u8, u8, u8);

/// xterm's sixteen colours in index order; what a terminal really shows may differ.
const ANSI: [Rgb; 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// The names of the sixteen colours in theme files, in index order.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// A colour as a theme names it: an RGB value, one of sixteen, or the terminal's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ink {
    /// Used where the terminal has 256 colours or more.
    pub rgb: Option<Rgb>,
    /// Index of the sixteen, used where it has only those, and where `rgb` is missing.
    pub ansi: Option<u8>,
}

impl Ink {
    /// The terminal's own colour.
    pub const DEFAULT: Self = Self {
        rgb: None,
        ansi: None,
    };

    /// Reads `#rrggbb`, a name (`bright-blue`, `default`), or both: `#5f87ff bright-blue`,
    /// the second for terminals of sixteen colours.
    ///
    /// # Errors
    /// The word that is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut ink = Self::DEFAULT;
        let mut named = false;
        for word in text.split_whitespace() {
            if let Some(rgb) = hex(word) {
                ink.rgb = Some(rgb);
            } else if word == "default" {
                ink.ansi = None;
                named = true;
            } else if let Some(index) = NAMES.iter().position(|name| *name == word) {
                ink.ansi = u8::try_from(index).ok();
                named = true;
            } else {
                return Err(word.to_owned());
            }
        }
        match ink.rgb {
            Some(rgb) if !named => ink.ansi = Some(nearest_16(rgb)),
            None if !named => return Err(text.to_owned()),
            _ => {}
        }
        Ok(ink)
    }

    /// The RGB value meant, as well as it is known.
    #[must_use]
    pub fn approximate(self, default: Rgb) -> Rgb {
        self.rgb.unwrap_or_else(|| {
            self.ansi
                .and_then(|i| ANSI.get(usize::from(i)).copied())
                .unwrap_or(default)
        })
    }

    /// As one of sixteen.
    #[must_use]
    pub fn sixteen(self) -> Color {
        self.ansi.map_or(Color::Reset, ansi_color)
    }
}

/// `#rrggbb`.
fn hex(word: &str) -> Option<Rgb> {
    let digits = word.strip_prefix('#')?;
    if digits.len() != 6 || !digits.is_ascii() {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, r, g, b] = value.to_be_bytes();
    Some((r, g, b))
}

/// A mix: `from` at `t` 0, `to` at `t` 1.
#[must_use]
pub fn blend(from: Rgb, to: Rgb, t: f32) -> Rgb {
    let t = if t.is_finite() {
        t.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let mix = |a: u8, b: u8| {
        let (a, b) = (f32::from(a), f32::from(b));
        (a + (b - a) * t).round() as u8
    };
    (mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// The colour `t` (0 to 1) of the way along evenly spaced stops; black without stops.
#[must_use]
pub fn ramp(stops: &[Rgb], t: f32) -> Rgb {
    let (Some(&first), Some(last)) = (stops.first(), stops.len().checked_sub(1)) else {
        return (0, 0, 0);
    };
    let t = if t.is_finite() {
        t.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let place = t * last as f32;
    let index = (place as usize).min(last);
    let from = stops.get(index).copied().unwrap_or(first);
    let to = stops.get(index + 1).copied().unwrap_or(from);
    blend(from, to, place - index as f32)
}

/// Squared distance, weighted for the eye ("redmean").
fn distance(a: Rgb, b: Rgb) -> i32 {
    let (r, g, bl) = (
        i32::from(a.0) - i32::from(b.0),
        i32::from(a.1) - i32::from(b.1),
        i32::from(a.2) - i32::from(b.2),
    );
    let mean = (i32::from(a.0) + i32::from(b.0)) / 2;
    ((512 + mean) * r * r) / 256 + 4 * g * g + ((767 - mean) * bl * bl) / 256
}

/// Index of the nearest of the sixteen.
#[must_use]
pub fn nearest_16(rgb: Rgb) -> u8 {
    ANSI.iter()
        .enumerate()
        .min_by_key(|(_, candidate)| distance(rgb, **candidate))
        .map_or(7, |(index, _)| index as u8)
}

/// Index of the nearest of the 240 colours of the cube and the grey ramp.
#[must_use]
pub fn nearest_256(rgb: Rgb) -> u8 {
    let level = |v: u8| -> (u8, u8) {
        // The cube's levels are 0, 95, 135, 175, 215, 255.
        let step = match v {
            0..48 => 0,
            48..115 => 1,
            _ => (v - 35) / 40,
        };
        (step, if step == 0 { 0 } else { 55 + 40 * step })
    };
    let ((ri, r), (gi, g), (bi, b)) = (level(rgb.0), level(rgb.1), level(rgb.2));
    let mean = (u16::from(rgb.0) + u16::from(rgb.1) + u16::from(rgb.2)) / 3;
    let grey = (mean.saturating_sub(3) / 10).min(23) as u8;
    let v = 8 + 10 * grey;
    if distance(rgb, (v, v, v)) < distance(rgb, (r, g, b)) {
        232 + grey
    } else {
        16 + 36 * ri + 6 * gi + bi
    }
}

/// One of the sixteen as ratatui names it.
#[must_use]
pub const fn ansi_color(index: u8) -> Color {
    match index {
        0 => Color::Black,
        1 => Color::Red,
        2 => Color::Green,
        3 => Color::Yellow,
        4 => Color::Blue,
        5 => Color::Magenta,
        6 => Color::Cyan,
        7 => Color::Gray,
        8 => Color::DarkGray,
        9 => Color::LightRed,
        10 => Color::LightGreen,
        11 => Color::LightYellow,
        12 => Color::LightBlue,
        13 => Color::LightMagenta,
        14 => Color::LightCyan,
        _ => Color::White,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inks_are_read_and_nonsense_is_named() {
        assert_eq!(Ink::parse("default"), Ok(Ink::DEFAULT));
        let both = Ink::parse("#5f87ff bright-blue").unwrap();
        assert_eq!((both.rgb, both.ansi), (Some((0x5f, 0x87, 0xff)), Some(12)));
        assert_eq!(Ink::parse("#ff0000").unwrap().ansi, Some(9));
        assert_eq!(Ink::parse("#0011"), Err("#0011".into()));
        assert_eq!(Ink::parse("#é1234"), Err("#é1234".into()));
        assert!(Ink::parse("").is_err());
    }

    #[test]
    fn the_way_down_to_fewer_colours_finds_exact_ones() {
        assert_eq!(nearest_256((95, 135, 255)), 16 + 36 + 12 + 5);
        assert_eq!(nearest_256((8, 8, 8)), 232);
        assert_eq!(nearest_256((255, 255, 255)), 231);
        assert_eq!(nearest_16((250, 250, 250)), 15);
        for v in 0..=255 {
            assert!(nearest_256((v, v, v)) >= 16);
        }
    }

    #[test]
    fn ramps_and_blends_hold_at_their_ends() {
        let stops = [(0, 0, 0), (100, 0, 0), (100, 200, 0)];
        assert_eq!(ramp(&stops, 0.0), (0, 0, 0));
        assert_eq!(ramp(&stops, 0.75), (100, 100, 0));
        assert_eq!(ramp(&stops, 9.0), (100, 200, 0));
        assert_eq!(ramp(&stops, f32::NAN), (0, 0, 0));
        assert_eq!(ramp(&[], 0.5), (0, 0, 0));
        assert_eq!(blend((0, 0, 0), (200, 100, 50), 0.5), (100, 50, 25));
    }
}
