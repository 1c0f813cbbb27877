//! [`Playback`]: what is to be heard. It follows the user's wish at once and the engine's
//! word once that has caught up, so that two quick presses do what they say. A preview lies over the generator, which is
//! heard again when the preview ends.

use crate::message::PlaySource;

/// How long the engine's word may contradict a wish before it is believed.
const PATIENCE_NS: u64 = 1_000_000_000;

/// What is to be heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playback {
    /// Whether the generator plays (beneath a preview, if there is one).
    pub generator: bool,
    /// The name of the preview that is heard.
    pub preview: Option<String>,
    /// When this was wished, until the engine agrees.
    waiting_since: Option<u64>,
}

impl Playback {
    /// Whether the generator is what is heard.
    #[must_use]
    pub const fn hears_generator(&self) -> bool {
        self.generator && self.preview.is_none()
    }

    /// Whether anything is heard.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.generator || self.preview.is_some()
    }

    /// Whether the engine has not caught up with the last wish yet.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.waiting_since.is_some()
    }

    pub(super) fn wish(&mut self, generator: bool, preview: Option<String>, now_ns: u64) {
        self.generator = generator;
        self.preview = preview;
        self.waiting_since = Some(now_ns);
    }

    /// What the engine says it plays.
    pub(super) fn observe(&mut self, source: &PlaySource, now_ns: u64) {
        let agrees = match source {
            PlaySource::Stopped => !self.is_on(),
            PlaySource::Generator => self.hears_generator(),
            PlaySource::Preview(name) => self.preview.as_deref() == Some(name),
        };
        if agrees {
            self.waiting_since = None;
            return;
        }
        if let Some(since) = self.waiting_since
            && now_ns.saturating_sub(since) < PATIENCE_NS
        {
            return;
        }
        self.waiting_since = None;
        match source {
            PlaySource::Stopped => {
                self.generator = false;
                self.preview = None;
            }
            PlaySource::Generator => {
                self.generator = true;
                self.preview = None;
            }
            PlaySource::Preview(name) => self.preview = Some(name.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_outlives_the_engines_old_word() {
        let mut p = Playback::default();
        p.wish(true, None, 10);
        p.observe(&PlaySource::Stopped, 20);
        assert!(p.hears_generator() && p.is_pending());
        p.observe(&PlaySource::Generator, 30);
        assert!(p.hears_generator() && !p.is_pending());
        p.observe(&PlaySource::Stopped, 40);
        assert!(!p.is_on(), "it ended by itself");
        p.wish(true, None, 50);
        p.observe(&PlaySource::Stopped, 50 + PATIENCE_NS);
        assert!(!p.is_on(), "it never began");
    }

    #[test]
    fn the_generator_is_heard_again_after_a_preview() {
        let mut p = Playback::default();
        p.wish(true, Some("a.mid".into()), 0);
        p.observe(&PlaySource::Preview("a.mid".into()), 1);
        assert!(!p.hears_generator() && p.is_on());
        p.observe(&PlaySource::Generator, 2);
        assert!(p.hears_generator() && p.preview.is_none());
    }
}
