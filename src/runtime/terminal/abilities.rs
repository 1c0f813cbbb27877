//! What the terminal can show, from the environment: whether it is one at all, how many
//! colours, which glyphs.

use crate::ui::glyphs::GlyphSet;
use crate::ui::look::ColorDepth;
use std::ffi::OsString;

/// What can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// How many colours.
    pub depth: ColorDepth,
    /// Whether glyphs outside ASCII arrive as they are sent.
    pub glyphs: GlyphSet,
}

impl Abilities {
    /// What this process's environment says.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from(|name| std::env::var_os(name))
    }

    fn from(env: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name: &str| {
            let value = env(name).filter(|value| !value.is_empty())?;
            Some(value.to_string_lossy().to_ascii_lowercase())
        };
        let (no_color, term, colorterm) = (text("NO_COLOR"), text("TERM"), text("COLORTERM"));
        let depth = match term.as_deref() {
            // A video terminal without colours, and one that says nothing about itself.
            None => ColorDepth::None,
            Some(term) if term.starts_with("vt1") => ColorDepth::None,
            term => ColorDepth::detect(no_color.as_deref(), term, colorterm.as_deref()),
        };
        // The first of these that is set decides the character set (POSIX, "Environment variables").
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text);
        // The Linux console has a font of 512 glyphs, without braille.
        let unicode = term.as_deref() != Some("linux")
            && locale.is_none_or(|value| value.contains("utf-8") || value.contains("utf8"));
        let glyphs = if unicode {
            GlyphSet::Unicode
        } else {
            GlyphSet::Ascii
        };
        Self { depth, glyphs }
    }
}

/// Why there can be no screen here, as a reason and a hint; `None` if there can.
#[must_use]
pub fn refusal() -> Option<(&'static str, &'static str)> {
    let tty = rustix::termios::isatty(rustix::stdio::stdin())
        && rustix::termios::isatty(rustix::stdio::stdout());
    let term = std::env::var_os("TERM").unwrap_or_default();
    refusal_of(tty, &term.to_string_lossy())
}

fn refusal_of(tty: bool, term: &str) -> Option<(&'static str, &'static str)> {
    if !tty {
        return Some((
            "the dashboard needs a terminal on standard input and output",
            "run it in a terminal, or use `beatgen-tui generate` or another subcommand (see --help)",
        ));
    }
    (term == "dumb").then_some((
        "TERM=dumb: this terminal cannot show a screen",
        "set TERM to what the terminal is, for example xterm-256color",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abilities(variables: &[(&str, &str)]) -> (ColorDepth, GlyphSet) {
        let found = Abilities::from(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        });
        (found.depth, found.glyphs)
    }

    #[test]
    fn the_environment_says_what_can_be_drawn() {
        use ColorDepth::{Ansi16, Ansi256, None, True};
        use GlyphSet::{Ascii, Unicode};
        let xterm = ("TERM", "xterm-256color");
        let truecolor = ("COLORTERM", "truecolor");
        let utf8 = ("LANG", "en_US.UTF-8");
        assert_eq!(abilities(&[xterm, utf8]), (Ansi256, Unicode));
        assert_eq!(abilities(&[xterm, truecolor]), (True, Unicode));
        assert_eq!(abilities(&[xterm, truecolor, ("NO_COLOR", "1")]).0, None);
        assert_eq!(abilities(&[xterm, truecolor, ("NO_COLOR", "")]).0, True);
        assert_eq!(abilities(&[xterm, utf8, ("LC_ALL", "C")]), (Ansi256, Ascii));
        assert_eq!(abilities(&[("TERM", "linux"), utf8]), (Ansi16, Ascii));
        assert_eq!(abilities(&[("TERM", "vt100")]).0, None);
        assert_eq!(abilities(&[]).0, None);
    }

    #[test]
    fn no_screen_without_a_terminal() {
        assert!(
            refusal_of(false, "xterm").is_some_and(|(why, _)| why.contains("needs a terminal"))
        );
        assert!(refusal_of(true, "dumb").is_some_and(|(why, _)| why.contains("TERM=dumb")));
        assert_eq!(refusal_of(true, "xterm"), None);
    }
}
