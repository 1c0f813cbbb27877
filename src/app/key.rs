//! [`Key`]: one key press, as the state machine knows it, and its spelling in keymaps
//! (`ctrl-c`, `shift-up`, `space`, `[`). No terminal library here; `ui` translates.

use std::fmt;

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyCode {
    /// A character, in the case it was typed.
    Char(char),
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tabulator.
    Tab,
    /// Shift and tabulator.
    BackTab,
    /// Erase before the cursor.
    Backspace,
    /// Erase at the cursor.
    Delete,
    /// Insert.
    Insert,
    /// Start of the line or list.
    Home,
    /// End of the line or list.
    End,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// A function key, from 1.
    F(u8),
}

/// A key with the modifiers held down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// Control.
    pub ctrl: bool,
    /// Alt, Meta or Option.
    pub alt: bool,
    /// Shift; never set beside a character, whose case says it.
    pub shift: bool,
}

/// Names of the keys that are not one character, as keymaps spell them.
const NAMES: [(&str, KeyCode); 16] = [
    ("space", KeyCode::Char(' ')),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
];

impl Key {
    /// A key without modifiers.
    #[must_use]
    pub const fn plain(code: KeyCode) -> Self {
        Self {
            code,
            ctrl: false,
            alt: false,
            shift: false,
        }
    }

    /// A character without modifiers.
    #[must_use]
    pub const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    /// A character with Control.
    #[must_use]
    pub const fn ctrl(c: char) -> Self {
        Self {
            ctrl: true,
            ..Self::char(c)
        }
    }

    /// The one spelling of keys that terminals report in several ways: Shift beside a
    /// character is dropped, Control beside a letter makes it small, Shift-Tab is BackTab.
    #[must_use]
    pub const fn normalised(mut self) -> Self {
        match self.code {
            KeyCode::Char(c) => {
                self.shift = false;
                if self.ctrl {
                    self.code = KeyCode::Char(c.to_ascii_lowercase());
                }
            }
            KeyCode::Tab if self.shift => {
                self.code = KeyCode::BackTab;
                self.shift = false;
            }
            KeyCode::BackTab => self.shift = false,
            _ => {}
        }
        self
    }

    /// The character this key types, if it types one.
    #[must_use]
    pub const fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// Reads a keymap's spelling: any of `ctrl-`, `alt-`, `shift-`, then a character or a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        let mut rest = text;
        loop {
            let (flag, after) = if let Some(after) = rest.strip_prefix("ctrl-") {
                (&mut ctrl, after)
            } else if let Some(after) = rest.strip_prefix("alt-") {
                (&mut alt, after)
            } else if let Some(after) = rest.strip_prefix("shift-") {
                (&mut shift, after)
            } else {
                break;
            };
            *flag = true;
            rest = after;
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => KeyCode::Char(c),
            _ => match NAMES.iter().find(|(name, _)| *name == rest) {
                Some((_, code)) => *code,
                None => match rest.strip_prefix('f').map(str::parse::<u8>) {
                    Some(Ok(n @ 1..=24)) => KeyCode::F(n),
                    _ => return None,
                },
            },
        };
        let key = Self {
            code,
            ctrl,
            alt,
            shift,
        };
        Some(key.normalised())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [
            (self.ctrl, "ctrl-"),
            (self.alt, "alt-"),
            (self.shift, "shift-"),
        ] {
            if held {
                f.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::Char(c) if c != ' ' => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "f{n}"),
            code => f.write_str(
                NAMES
                    .iter()
                    .find(|(_, named)| *named == code)
                    .map_or("?", |(name, _)| name),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_spelled_as_it_is_read() {
        for text in [
            "a",
            "P",
            "[",
            "-",
            "space",
            "ctrl-c",
            "shift-up",
            "alt-x",
            "f5",
            "backtab",
            "pageup",
            "ctrl-alt-delete",
            "+",
            ":",
        ] {
            assert_eq!(Key::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "", "ctrl-", "hyper-x", "f0", "f99", "fx", "spacebar", "\u{1b}",
        ] {
            assert_eq!(Key::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn terminals_that_report_shift_differently_agree() {
        let shifted = Key {
            shift: true,
            ..Key::char('P')
        };
        assert_eq!(shifted.normalised(), Key::char('P'));
        let tab = Key {
            shift: true,
            ..Key::plain(KeyCode::Tab)
        };
        assert_eq!(tab.normalised(), Key::plain(KeyCode::BackTab));
        assert_eq!(Key::ctrl('C').normalised(), Key::ctrl('c'));
    }
}
