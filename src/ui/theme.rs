//! Themes as values: what each part of the screen is coloured, read from TOML. The built-in
//! ones are embedded; a user's own texts override them by name. What a terminal makes of a
//! theme lives in [`super::look`]; reading folders in `runtime`.

use super::color::Ink;
use crate::base::text::sanitize;
use serde::Deserialize;

/// What a colour is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Role {
    /// Behind everything.
    Background,
    /// Panel borders.
    Frame,
    /// The border of the panel that has the keys.
    Focus,
    /// Panel titles.
    Title,
    /// Ordinary text.
    Text,
    /// Secondary text.
    Dim,
    /// What is chosen, and keys.
    Accent,
    /// The step that sounds.
    Playhead,
    /// The stretch of steps that cannot change any more.
    Committed,
    /// The stretch of steps that may still change.
    Revisable,
    /// Good news.
    Ok,
    /// Mild news.
    Warn,
    /// Bad news.
    Error,
    /// The filled part of knobs and progress bars.
    Knob,
    /// Levels.
    Meter,
    /// The training curve.
    Train,
    /// The validation curve.
    Valid,
    /// The curve of an older run.
    Old,
}

impl Role {
    /// Every role with its key in theme files, in index order.
    pub const ALL: [(Self, &'static str); 18] = [
        (Self::Background, "background"),
        (Self::Frame, "frame"),
        (Self::Focus, "focus"),
        (Self::Title, "title"),
        (Self::Text, "text"),
        (Self::Dim, "dim"),
        (Self::Accent, "accent"),
        (Self::Playhead, "playhead"),
        (Self::Committed, "committed"),
        (Self::Revisable, "revisable"),
        (Self::Ok, "ok"),
        (Self::Warn, "warn"),
        (Self::Error, "error"),
        (Self::Knob, "knob"),
        (Self::Meter, "meter"),
        (Self::Train, "train"),
        (Self::Valid, "valid"),
        (Self::Old, "old"),
    ];

    /// Its place in [`Role::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// How hits are coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HitColors {
    /// By lane, paler when quiet.
    #[default]
    Lane,
    /// By velocity.
    Velocity,
}

/// Colours for everything on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// The name in `--theme` and in the picker, sanitised.
    pub name: String,
    /// One line about it, sanitised.
    pub about: String,
    /// How hits are coloured.
    pub hits: HitColors,
    /// A colour a role, in the order of [`Role::ALL`].
    pub roles: [Ink; Role::ALL.len()],
    /// Hits by velocity, quietest first.
    pub velocity: [Ink; 8],
    /// Hits by lane, lane 0 (kick) first.
    pub lanes: [Ink; crate::message::LANES],
    /// Spectrogram values from silence to full, two to sixteen stops.
    pub spectrogram: Vec<Ink>,
}

/// A theme text that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("theme {name}: {reason}; {hint}")]
pub struct ThemeError {
    /// The theme (the file's name without its ending).
    pub name: String,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

/// The file as it is written. What is left out stays as in the first built-in theme.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    about: String,
    #[serde(default)]
    hits: HitColors,
    #[serde(default)]
    colors: std::collections::BTreeMap<String, String>,
    velocity: Option<Vec<String>>,
    lanes: Option<Vec<String>>,
    spectrogram: Option<Vec<String>>,
}

/// The embedded files: name and text; the first is the default.
const EMBEDDED: [(&str, &str); 6] = [
    ("night", include_str!("../../themes/night.toml")),
    ("day", include_str!("../../themes/day.toml")),
    (
        "high-contrast",
        include_str!("../../themes/high-contrast.toml"),
    ),
    ("phosphor", include_str!("../../themes/phosphor.toml")),
    ("magma", include_str!("../../themes/magma.toml")),
    ("ansi", include_str!("../../themes/ansi.toml")),
];

impl Theme {
    /// Reads a theme file's text; `name` is the file's name without its ending.
    ///
    /// # Errors
    /// What is wrong, in a sentence with a hint.
    pub fn parse(name: &str, text: &str) -> Result<Self, ThemeError> {
        let base = EMBEDDED.first().map_or_else(Self::plain, |(_, night)| {
            Self::read("night", night, Self::plain()).unwrap_or_else(|_| Self::plain())
        });
        Self::read(name, text, base)
    }

    /// Reads a text; what it leaves out stays as in `base`.
    fn read(name: &str, text: &str, base: Self) -> Result<Self, ThemeError> {
        let fail = |reason: String, hint: &str| ThemeError {
            name: sanitize(name),
            reason: sanitize(&reason),
            hint: hint.to_owned(),
        };
        let ink = |at: &str, text: &str| {
            Ink::parse(text).map_err(|word| {
                fail(
                    format!("{at} = \"{word}\" is no colour"),
                    "write #rrggbb, one of the sixteen names (red, bright-blue, ...) or default",
                )
            })
        };
        let raw: Raw = toml::from_str(text).map_err(|e| {
            fail(
                e.message().to_owned(),
                "compare it with a file of the themes folder",
            )
        })?;
        let mut theme = Self {
            name: sanitize(name),
            about: sanitize(&raw.about),
            hits: raw.hits,
            ..base
        };
        for (key, value) in &raw.colors {
            let Some((role, _)) = Role::ALL.iter().find(|(_, known)| known == key) else {
                let known: Vec<&str> = Role::ALL.iter().map(|(_, key)| *key).collect();
                return Err(fail(
                    format!("there is no colour named {key}"),
                    &format!("the names are {}", known.join(", ")),
                ));
            };
            if let Some(slot) = theme.roles.get_mut(role.index()) {
                *slot = ink(key, value)?;
            }
        }
        let list = |key: &str, values: &[String]| -> Result<Vec<Ink>, ThemeError> {
            values.iter().map(|value| ink(key, value)).collect()
        };
        if let Some(values) = &raw.velocity {
            theme.velocity = list("velocity", values)?.try_into().map_err(|_| {
                fail(
                    format!("velocity has {} colours", values.len()),
                    "it takes eight, quietest first",
                )
            })?;
        }
        if let Some(values) = &raw.lanes {
            theme.lanes = list("lanes", values)?.try_into().map_err(|_| {
                fail(
                    format!("lanes has {} colours", values.len()),
                    "it takes nine, kick first",
                )
            })?;
        }
        if let Some(values) = &raw.spectrogram {
            theme.spectrogram = list("spectrogram", values)?;
            if !(2..=16).contains(&values.len()) {
                return Err(fail(
                    format!("spectrogram has {} colours", values.len()),
                    "it takes two to sixteen, silence first",
                ));
            }
        }
        Ok(theme)
    }

    /// The terminal's own two colours: what stands where no theme can be read.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            name: "plain".to_owned(),
            about: "the terminal's own colours".to_owned(),
            hits: HitColors::Velocity,
            roles: [Ink::DEFAULT; Role::ALL.len()],
            velocity: [Ink::DEFAULT; 8],
            lanes: [Ink::DEFAULT; crate::message::LANES],
            spectrogram: vec![Ink::DEFAULT; 2],
        }
    }

    /// The built-in themes, the default first.
    #[must_use]
    pub fn built_in() -> Vec<Self> {
        EMBEDDED
            .iter()
            .filter_map(|(name, text)| Self::parse(name, text).ok())
            .collect()
    }

    /// The built-in themes, overridden and followed by a user's texts (name, TOML), and what is
    /// wrong with those that cannot be used.
    #[must_use]
    pub fn all<'a>(
        extra: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> (Vec<Self>, Vec<ThemeError>) {
        let mut themes = Self::built_in();
        let mut errors = Vec::new();
        for (name, text) in extra {
            match Self::parse(name, text) {
                Ok(theme) => match themes.iter_mut().find(|known| known.name == theme.name) {
                    Some(known) => *known = theme,
                    None => themes.push(theme),
                },
                Err(error) => errors.push(error),
            }
        }
        (themes, errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_reads_and_names_every_colour() {
        let names: Vec<String> = Theme::built_in().into_iter().map(|t| t.name).collect();
        assert_eq!(
            names,
            ["night", "day", "high-contrast", "phosphor", "magma", "ansi"]
        );
        for (name, text) in EMBEDDED {
            let raw: Raw = toml::from_str(text).unwrap();
            assert_eq!(raw.colors.len(), Role::ALL.len(), "{name}");
            assert!(!raw.about.is_empty() && raw.spectrogram.is_some(), "{name}");
        }
        for (place, (role, _)) in Role::ALL.iter().enumerate() {
            assert_eq!(role.index(), place);
        }
    }

    #[test]
    fn a_user_theme_overrides_by_name_and_may_be_short() {
        let (themes, errors) = Theme::all([
            ("night", "[colors]\ntext = \"#010203\""),
            ("mine", "about = \"m\x1bine\""),
            ("mine", "about = 'mine'"),
        ]);
        assert_eq!(themes.len(), 7);
        assert_eq!(
            themes[0].roles[Role::Text.index()].rgb,
            Some((1, 2, 3)),
            "overridden"
        );
        assert_eq!(themes[6].lanes, Theme::built_in()[0].lanes);
        assert_eq!(errors.len(), 1, "a control character is no TOML");
    }

    #[test]
    fn a_bad_theme_is_refused_with_a_reason_and_a_hint() {
        for (text, reason) in [
            ("[colors]\ntext = 'pink'", "is no colour"),
            ("[colors]\ntxt = 'red'", "no colour named txt"),
            ("lanes = ['red']", "lanes has 1 colours"),
            ("velocity = []", "velocity has 0 colours"),
            ("spectrogram = ['red']", "spectrogram has 1 colours"),
            ("colours = 3", "unknown field"),
            ("= =", ""),
        ] {
            let error = Theme::parse("x\x1b", text).unwrap_err();
            assert!(error.reason.contains(reason), "{error}");
            assert!(!error.hint.is_empty() && !error.to_string().contains('\x1b'));
        }
    }
}
