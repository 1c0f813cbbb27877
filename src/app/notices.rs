//! [`Notices`]: short sentences that show for a while and go by themselves.

use super::msg::Level;
use crate::base::text::{MAX_CHARS, sanitize};

/// How many are kept; older ones give way.
const MOST: usize = 5;

/// A sentence from outside, fit for a terminal: as [`sanitize`], but long enough for a path,
/// a reason and a hint.
#[must_use]
pub fn sentence(text: &str) -> String {
    let chars: Vec<char> = text.chars().take(4 * MAX_CHARS).collect();
    let parts = chars.chunks(MAX_CHARS);
    parts
        .map(|part| sanitize(&part.iter().collect::<String>()))
        .collect()
}

/// One sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How bad it is.
    pub level: Level,
    /// The sentence, sanitised.
    pub text: String,
    /// When it came; 0 before the first tick has told the time.
    pub since_ns: u64,
    /// When it goes.
    pub until_ns: u64,
}

/// The sentences showing now, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notices {
    /// Oldest first.
    pub list: Vec<Notice>,
}

impl Notices {
    /// Shows a sentence; the same one again only stays longer.
    pub fn add(&mut self, level: Level, text: &str, now_ns: u64) {
        let seconds = match level {
            Level::Info => 4,
            Level::Warning => 7,
            Level::Error => 12,
        };
        let text = sentence(text);
        self.list.retain(|n| n.text != text);
        if self.list.len() >= MOST {
            self.list.remove(0);
        }
        self.list.push(Notice {
            level,
            text,
            since_ns: now_ns,
            until_ns: now_ns.saturating_add(seconds * 1_000_000_000),
        });
    }

    /// Takes away what has shown long enough. What was said before the time was known begins to
    /// show now.
    pub fn expire(&mut self, now_ns: u64) {
        for notice in self.list.iter_mut().filter(|n| n.since_ns == 0) {
            notice.since_ns = now_ns;
            notice.until_ns = notice.until_ns.saturating_add(now_ns);
        }
        self.list.retain(|n| n.until_ns > now_ns);
    }

    /// Takes away what begins so.
    pub(super) fn forget(&mut self, beginning: &str) {
        self.list
            .retain(|notice| !notice.text.starts_with(beginning));
    }

    /// Takes away the oldest of the newest `shown`.
    pub(super) fn dismiss(&mut self, shown: usize) {
        let at = self.list.len().saturating_sub(shown.max(1));
        if at < self.list.len() {
            self.list.remove(at);
        }
    }

    /// The newest, if any shows.
    #[must_use]
    pub fn newest(&self) -> Option<&Notice> {
        self.list.last()
    }
}
