//! [`Look`]: a theme resolved for what the terminal can show, and the glyph set that goes
//! with it. Widgets ask it for styles and never name a colour themselves.

use super::color::{Ink, Rgb, ansi_color, blend, nearest_256, ramp};
use super::glyphs::{GlyphSet, Glyphs};
use super::theme::{HitColors, Role, Theme};
use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColorDepth {
    /// None (`NO_COLOR`, `TERM=dumb`): bold, dim and reverse remain.
    None,
    /// Sixteen, as the terminal's user chose them.
    Ansi16,
    /// xterm's 256.
    Ansi256,
    /// Any RGB value.
    #[default]
    True,
}

impl ColorDepth {
    /// What the environment says: `NO_COLOR` set and not empty or `TERM=dumb` means none;
    /// `COLORTERM` of `truecolor` or `24bit` means all; `TERM` decides else.
    #[must_use]
    pub fn detect(no_color: Option<&str>, term: Option<&str>, colorterm: Option<&str>) -> Self {
        let term = term.unwrap_or("");
        if no_color.is_some_and(|v| !v.is_empty()) || term == "dumb" {
            return Self::None;
        }
        if matches!(colorterm, Some("truecolor" | "24bit")) || term.ends_with("-direct") {
            return Self::True;
        }
        if term.contains("256color") || term.starts_with("alacritty") || term == "xterm-kitty" {
            return Self::Ansi256;
        }
        Self::Ansi16
    }
}

/// How firm a step of the grid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firmness {
    /// Played or handed over; it will not change.
    Committed,
    /// It may still change.
    Revisable,
}

/// A theme on a terminal: everything a widget needs to draw.
#[derive(Clone, Debug)]
pub struct Look {
    /// The alphabet.
    pub glyphs: &'static Glyphs,
    /// Which alphabet it is.
    pub set: GlyphSet,
    /// How many colours there are.
    pub depth: ColorDepth,
    theme: Theme,
    background: Rgb,
    text: Rgb,
    stops: Vec<Rgb>,
}

impl Default for Look {
    fn default() -> Self {
        let theme = Theme::built_in().into_iter().next();
        Self::new(
            theme.unwrap_or_else(Theme::plain),
            ColorDepth::True,
            GlyphSet::Unicode,
        )
    }
}

impl Look {
    /// A theme for a terminal.
    #[must_use]
    pub fn new(theme: Theme, depth: ColorDepth, set: GlyphSet) -> Self {
        let ink = |role: Role| {
            theme
                .roles
                .get(role.index())
                .copied()
                .unwrap_or(Ink::DEFAULT)
        };
        let background = ink(Role::Background).approximate((0, 0, 0));
        let text = ink(Role::Text).approximate((220, 220, 220));
        let stops = theme
            .spectrogram
            .iter()
            .map(|ink| ink.approximate(background))
            .collect();
        Self {
            glyphs: set.glyphs(),
            set,
            depth,
            background,
            text,
            stops,
            theme,
        }
    }

    /// The theme of a name; the first one where there is none of that name.
    #[must_use]
    pub fn named(themes: &[Theme], name: &str, depth: ColorDepth, set: GlyphSet) -> Self {
        let found = themes.iter().find(|theme| theme.name == name);
        let theme = found.or_else(|| themes.first()).cloned();
        Self::new(theme.unwrap_or_else(Theme::plain), depth, set)
    }

    /// The theme's name.
    #[must_use]
    pub fn theme_name(&self) -> &str {
        &self.theme.name
    }

    /// Whether only ASCII may be drawn.
    #[must_use]
    pub fn ascii(&self) -> bool {
        self.set == GlyphSet::Ascii
    }

    /// A foreground in a role. Without colours, the role's weight stays.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        let style = self
            .color(self.ink(role))
            .map_or_else(Style::new, |c| Style::new().fg(c));
        let bold = matches!(
            role,
            Role::Title | Role::Accent | Role::Playhead | Role::Error | Role::Focus | Role::Warn
        );
        let dim = matches!(role, Role::Dim | Role::Frame | Role::Revisable | Role::Old);
        match self.depth {
            ColorDepth::None if bold => style.add_modifier(Modifier::BOLD),
            ColorDepth::None if dim => style.add_modifier(Modifier::DIM),
            _ if matches!(role, Role::Title | Role::Playhead | Role::Error) => {
                style.add_modifier(Modifier::BOLD)
            }
            _ => style,
        }
    }

    /// Ordinary text on the theme's background; the whole screen starts with it.
    #[must_use]
    pub fn base(&self) -> Style {
        let style = self.style(Role::Text);
        match self.depth {
            ColorDepth::None => style,
            _ => style.bg(self
                .color(self.ink(Role::Background))
                .unwrap_or(Color::Reset)),
        }
    }

    /// A chosen row: a tinted background, reversed where there are too few colours.
    #[must_use]
    pub fn selection(&self) -> Style {
        match self.depth {
            ColorDepth::True | ColorDepth::Ansi256 if self.has_rgb() => {
                self.tint(Role::Accent, 0.22).add_modifier(Modifier::BOLD)
            }
            _ => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// A background tinted towards a role; nothing where there are too few colours.
    #[must_use]
    pub fn tint(&self, role: Role, share: f32) -> Style {
        match self.depth {
            ColorDepth::True | ColorDepth::Ansi256 if self.has_rgb() => {
                let to = self.ink(role).approximate(self.text);
                Style::new().bg(self.quantise(blend(self.background, to, share)))
            }
            _ => Style::new(),
        }
    }

    /// A chip: a role's colour behind the background's colour, as for tabs and badges.
    #[must_use]
    pub fn chip(&self, role: Role) -> Style {
        match self.depth {
            ColorDepth::True | ColorDepth::Ansi256 if self.has_rgb() => Style::new()
                .bg(self.quantise(self.ink(role).approximate(self.text)))
                .fg(self.quantise(self.background))
                .add_modifier(Modifier::BOLD),
            _ => self
                .style(role)
                .add_modifier(Modifier::REVERSED | Modifier::BOLD),
        }
    }

    /// A lane's colour.
    #[must_use]
    pub fn lane(&self, lane: usize) -> Style {
        let ink = match self.theme.hits {
            HitColors::Lane => self.theme.lanes.get(lane).copied(),
            HitColors::Velocity => self.theme.velocity.get(5).copied(),
        };
        ink.and_then(|ink| self.color(ink))
            .map_or_else(Style::new, |c| Style::new().fg(c))
    }

    /// A hit: coloured by lane or velocity, dimmer where it may still change.
    #[must_use]
    pub fn hit(&self, lane: usize, velocity: u8, firmness: Firmness, muted: bool) -> Style {
        let loud = f32::from(velocity.min(127)) / 127.0;
        let ink = match self.theme.hits {
            HitColors::Lane => self.theme.lanes.get(lane),
            HitColors::Velocity => self.theme.velocity.get(usize::from(velocity.min(127)) / 16),
        };
        let ink = ink.copied().unwrap_or(Ink::DEFAULT);
        let soft = firmness == Firmness::Revisable || muted;
        match self.depth {
            ColorDepth::True | ColorDepth::Ansi256 if self.has_rgb() => {
                let full = ink.approximate(self.text);
                // The 240 colours have few dark ones with a hue, so steps stay brighter there.
                let coarse = self.depth == ColorDepth::Ansi256;
                let share = match (self.theme.hits, muted, firmness) {
                    (_, true, _) => 0.3,
                    (HitColors::Lane, _, Firmness::Committed) if coarse => 1.0,
                    (_, _, Firmness::Revisable) if coarse => 0.65,
                    (HitColors::Lane, _, Firmness::Committed) => 0.8 + 0.2 * loud,
                    (HitColors::Lane, _, Firmness::Revisable) => 0.45,
                    (HitColors::Velocity, _, Firmness::Committed) => 1.0,
                    (HitColors::Velocity, _, Firmness::Revisable) => 0.55,
                };
                Style::new().fg(self.quantise(blend(self.background, full, share)))
            }
            _ => {
                let style = self
                    .color(ink)
                    .map_or_else(Style::new, |c| Style::new().fg(c));
                if soft {
                    style.add_modifier(Modifier::DIM)
                } else if self.depth == ColorDepth::None && velocity >= 104 {
                    style.add_modifier(Modifier::BOLD)
                } else {
                    style
                }
            }
        }
    }

    /// A level of a meter, 0 to 1: the meter's colour, a warning's near the top.
    #[must_use]
    pub fn level(&self, value: f32) -> Style {
        self.style(if value > 0.94 {
            Role::Warn
        } else {
            Role::Meter
        })
    }

    /// The colour of a spectrogram value of 0 to 1; `None` where there are no colours.
    #[must_use]
    pub fn heat(&self, value: f32) -> Option<Color> {
        match self.depth {
            ColorDepth::None => None,
            ColorDepth::True | ColorDepth::Ansi256 if self.has_rgb() => {
                Some(self.quantise(ramp(&self.stops, value)))
            }
            _ => {
                let last = self.theme.spectrogram.len().saturating_sub(1);
                let index = (value.clamp(0.0, 1.0) * last as f32).round() as usize;
                let ink = self.theme.spectrogram.get(index.min(last)).copied();
                Some(ink.unwrap_or(Ink::DEFAULT).sixteen())
            }
        }
    }

    fn ink(&self, role: Role) -> Ink {
        self.theme
            .roles
            .get(role.index())
            .copied()
            .unwrap_or(Ink::DEFAULT)
    }

    /// Whether the theme says what it looks like; one of the terminal's own colours does not.
    fn has_rgb(&self) -> bool {
        self.ink(Role::Background).rgb.is_some()
    }

    fn quantise(&self, rgb: Rgb) -> Color {
        match self.depth {
            ColorDepth::True => Color::Rgb(rgb.0, rgb.1, rgb.2),
            _ => Color::Indexed(nearest_256(rgb)),
        }
    }

    fn color(&self, ink: Ink) -> Option<Color> {
        match (self.depth, ink.rgb) {
            (ColorDepth::None, _) => None,
            (ColorDepth::True | ColorDepth::Ansi256, Some(rgb)) => Some(self.quantise(rgb)),
            _ => Some(ink.ansi.map_or(Color::Reset, ansi_color)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_the_colours() {
        let detect = ColorDepth::detect;
        assert_eq!(
            detect(Some("1"), Some("xterm-256color"), Some("truecolor")),
            ColorDepth::None
        );
        assert_eq!(detect(Some(""), Some("dumb"), None), ColorDepth::None);
        assert_eq!(detect(None, Some("xterm"), Some("24bit")), ColorDepth::True);
        assert_eq!(
            detect(None, Some("tmux-256color"), None),
            ColorDepth::Ansi256
        );
        assert_eq!(detect(None, None, None), ColorDepth::Ansi16);
    }

    #[test]
    fn without_colours_no_style_names_one() {
        for theme in Theme::built_in() {
            let look = Look::new(theme, ColorDepth::None, GlyphSet::Ascii);
            let mut styles = vec![look.base(), look.selection(), look.lane(3)];
            styles.extend(Role::ALL.map(|(role, _)| look.style(role)));
            styles.extend(Role::ALL.map(|(role, _)| look.chip(role)));
            styles.push(look.hit(0, 100, Firmness::Revisable, false));
            for style in styles {
                assert_eq!((style.fg, style.bg), (None, None));
            }
            assert_eq!(look.heat(0.5), None);
        }
    }

    #[test]
    fn each_depth_keeps_to_its_palette() {
        for theme in Theme::built_in() {
            for depth in [ColorDepth::Ansi16, ColorDepth::Ansi256, ColorDepth::True] {
                let look = Look::new(theme.clone(), depth, GlyphSet::Unicode);
                let mut colors = vec![look.heat(0.3), look.heat(f32::NAN), look.base().bg];
                for velocity in [0, 1, 64, 127, 255] {
                    for firmness in [Firmness::Committed, Firmness::Revisable] {
                        colors.push(look.hit(8, velocity, firmness, velocity == 64).fg);
                    }
                }
                colors.extend(Role::ALL.map(|(role, _)| look.style(role).fg));
                for color in colors.into_iter().flatten() {
                    let fits = match color {
                        Color::Rgb(..) => depth == ColorDepth::True,
                        Color::Indexed(_) => depth == ColorDepth::Ansi256,
                        _ => true,
                    };
                    assert!(fits, "{color:?} at {depth:?}");
                }
            }
        }
    }
}
