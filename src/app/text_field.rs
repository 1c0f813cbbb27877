//! [`TextField`]: one line of text being edited. Holds no character that could disturb a
//! terminal, so it can be drawn as it is.

use super::key::{Key, KeyCode};
use crate::base::text::sanitize;

/// Longest text, in characters.
pub const MAX_CHARS: usize = 4096;

/// A line of text and a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextField {
    text: String,
    cursor: usize,
}

impl TextField {
    /// A field that holds a text, the cursor at its end.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut field = Self::default();
        field.insert(text);
        field
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor, in characters from the start; at most the number of characters.
    #[must_use]
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// Inserts at the cursor; characters no terminal should see are left out.
    pub fn insert(&mut self, text: &str) {
        let room = MAX_CHARS.saturating_sub(self.text.chars().count());
        let clean: String = text.chars().filter(|c| drawable(*c)).take(room).collect();
        self.text.insert_str(self.byte(self.cursor), &clean);
        self.cursor += clean.chars().count();
    }

    /// Replaces the text.
    pub fn set(&mut self, text: &str) {
        *self = Self::new(text);
    }

    /// Takes an editing key; false where the key edits nothing.
    pub fn key(&mut self, key: Key) -> bool {
        let len = self.text.chars().count();
        match (key.code, key.ctrl, key.alt) {
            (KeyCode::Char('u'), true, false) => {
                self.text.drain(..self.byte(self.cursor));
                self.cursor = 0;
            }
            (KeyCode::Char('w'), true, false) => {
                let before: Vec<char> = self.text.chars().take(self.cursor).collect();
                let is_word = |c: &char| c.is_alphanumeric();
                let mut start = before.len();
                while start > 0 && !is_word(&before[start - 1]) {
                    start -= 1;
                }
                while start > 0 && is_word(&before[start - 1]) {
                    start -= 1;
                }
                self.text.drain(self.byte(start)..self.byte(self.cursor));
                self.cursor = start;
            }
            (KeyCode::Char('a'), true, false) => self.cursor = 0,
            (KeyCode::Char('e'), true, false) => self.cursor = len,
            (KeyCode::Char(c), false, false) => self.insert(c.encode_utf8(&mut [0; 4])),
            (KeyCode::Backspace, ..) if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.byte(self.cursor));
            }
            (KeyCode::Delete, ..) if self.cursor < len => {
                self.text.remove(self.byte(self.cursor));
            }
            (KeyCode::Backspace | KeyCode::Delete, ..) => {}
            (KeyCode::Left, ..) => self.cursor = self.cursor.saturating_sub(1),
            (KeyCode::Right, ..) => self.cursor = (self.cursor + 1).min(len),
            (KeyCode::Home, ..) => self.cursor = 0,
            (KeyCode::End, ..) => self.cursor = len,
            _ => return false,
        }
        true
    }

    /// Where character `n` begins.
    fn byte(&self, n: usize) -> usize {
        let mut starts = self.text.char_indices();
        starts.nth(n).map_or(self.text.len(), |(at, _)| at)
    }
}

/// Whether a character can be drawn as it is.
fn drawable(c: char) -> bool {
    let mut bytes = [0; 4];
    let one: &str = c.encode_utf8(&mut bytes);
    sanitize(one) == one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_by_key() {
        let mut field = TextField::new("drums/太鼓 take");
        assert!(field.key(Key::ctrl('w')));
        assert_eq!(field.text(), "drums/太鼓 ");
        field.key(Key::plain(KeyCode::Home));
        field.key(Key::char('~'));
        field.key(Key::plain(KeyCode::Delete));
        assert_eq!((field.text(), field.cursor()), ("~rums/太鼓 ", 1));
        field.key(Key::plain(KeyCode::End));
        field.key(Key::plain(KeyCode::Backspace));
        field.key(Key::plain(KeyCode::Backspace));
        assert_eq!(field.text(), "~rums/太");
        field.key(Key::ctrl('u'));
        assert_eq!((field.text(), field.cursor()), ("", 0));
        assert!(!field.key(Key::plain(KeyCode::Enter)));
    }

    #[test]
    fn outside_text_is_sanitized() {
        let mut field = TextField::new("a\u{1b}[2Jb\u{202e}\n");
        assert_eq!(field.text(), "a[2Jb");
        field.insert(&"x".repeat(10_000));
        assert_eq!(field.text().chars().count(), MAX_CHARS);
    }
}
