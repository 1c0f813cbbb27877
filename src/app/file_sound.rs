//! [`FileSound`]: the sound of a stretch of a file, as much as the dataset screen can show: files
//! may be long, and what is not looked at is not computed.

use crate::message::{COLUMNS_A_STEP, SpectrogramColumn};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Steps asked for at once: twelve bars of 4/4, which takes about a twentieth of a second.
const STRETCH: usize = 192;
/// Steps of it before those in sight, so that going back a bar or two waits for nothing.
const BEFORE: usize = 32;
/// Steps from the first one in sight on that must be there: the widest grid and a bar or two more, so that the
/// next stretch is there before it comes into sight.
const AHEAD: usize = 80;

/// A stretch of a file's spectrogram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileSound {
    path: PathBuf,
    first: usize,
    columns: Vec<SpectrogramColumn>,
    /// What was asked for and has not come.
    asked: Option<(PathBuf, usize)>,
}

impl FileSound {
    /// Whether it is of this file, and there is some.
    #[must_use]
    pub fn is_of(&self, path: &Path) -> bool {
        !self.columns.is_empty() && self.path == path
    }

    /// The step that the first column is of.
    #[must_use]
    pub const fn first(&self) -> usize {
        self.first
    }

    /// The columns, [`COLUMNS_A_STEP`] a step.
    #[must_use]
    pub fn columns(&self) -> &[SpectrogramColumn] {
        &self.columns
    }

    /// The steps to be asked for so that those of a file from `at` on can be shown, of `total`; none
    /// where they are there or on their way.
    pub(super) fn missing(&mut self, path: &Path, at: usize, total: usize) -> Option<Range<usize>> {
        let wanted = at..at.saturating_add(AHEAD).min(total);
        if wanted.is_empty() {
            return None;
        }
        let covers = |first: usize, steps: usize| {
            first <= wanted.start && wanted.end <= first.saturating_add(steps).min(total)
        };
        if self.is_of(path) && covers(self.first, self.columns.len() / COLUMNS_A_STEP) {
            return None;
        }
        let asked = self.asked.as_ref().filter(|(of, _)| of == path);
        if asked.is_some_and(|(_, first)| covers(*first, STRETCH)) {
            return None;
        }
        let first = at.saturating_sub(BEFORE);
        self.asked = Some((path.to_owned(), first));
        Some(first..first.saturating_add(STRETCH).min(total))
    }

    /// Takes in what was asked for; the answer to an older question is passed over.
    pub(super) fn take(&mut self, path: PathBuf, first: usize, columns: Vec<SpectrogramColumn>) {
        let asked = self.asked.as_ref();
        if asked.is_some_and(|(of, at)| *of == path && *at == first) {
            self.asked = None;
            (self.path, self.first, self.columns) = (path, first, columns);
        }
    }

    /// Nothing is known of any file.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(steps: usize) -> Vec<SpectrogramColumn> {
        vec![SpectrogramColumn { bands: vec![0.5] }; steps * COLUMNS_A_STEP]
    }

    #[test]
    fn a_stretch_is_asked_for_once_and_before_it_is_seen() {
        let path = Path::new("a.mid");
        let mut sound = FileSound::default();
        assert_eq!(sound.missing(path, 0, 1000), Some(0..192));
        assert_eq!(sound.missing(path, 16, 1000), None, "it is on its way");
        sound.take("b.mid".into(), 0, columns(192));
        assert!(!sound.is_of(path), "an answer to another question");
        sound.take(path.into(), 0, columns(192));
        assert!(sound.is_of(path));
        assert_eq!(sound.missing(path, 112, 1000), None);
        assert_eq!(sound.missing(path, 128, 1000), Some(96..288));
        assert!(sound.is_of(path), "what is there stays until more comes");
        sound.take(path.into(), 96, columns(192));
        assert_eq!((sound.first(), sound.columns().len()), (96, 768));
        assert_eq!(sound.missing(path, 64, 1000), Some(32..224));
        // The end of a file asks for no more than there is, and an empty one for nothing.
        assert_eq!(sound.missing(path, 960, 1000), Some(928..1000));
        sound.take(path.into(), 928, columns(72));
        assert_eq!(sound.missing(path, 992, 1000), None);
        assert_eq!(sound.missing(path, 0, 0), None);
        assert_eq!(sound.missing(Path::new("c.mid"), 5, 5), None);
    }
}
