//! Drum files as frames: rendered by the built-in kit, a byte a band. All of Groove's training half is 430 MB.

use super::config::MelSettings;
use crate::audio::frames::MelTrack;
use crate::audio::mel::{Mel, MelError};
use crate::beat::grid::Meter;
use crate::dataset::corpus::Corpus;
use rayon::prelude::*;

/// Files that are rendered between two words of how far it is; a few seconds' work.
const PART: usize = 8;

/// One file's frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// The file.
    pub name: Box<str>,
    /// Its time signature.
    pub meter: Meter,
    /// Quarter notes a minute.
    pub tempo: f64,
    /// `[frames, bands]`, lowest band first; 0 is the floor, 255 the ceiling.
    pub levels: Vec<u8>,
}

/// Many files' frames, all made in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct Frames {
    /// How.
    pub mel: MelSettings,
    /// The files that have any.
    pub tracks: Vec<Track>,
}

impl Frames {
    /// Renders every piece, several at once; `told` hears how many are done and says whether to go on. `None` where it
    /// said no.
    ///
    /// # Errors
    /// Settings that no filter bank can be made of.
    pub fn render(
        corpus: &Corpus,
        mel: MelSettings,
        told: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Option<Self>, MelError> {
        let bank = Mel::new(mel.mel())?;
        let scale = mel.scale();
        let mut tracks = Vec::with_capacity(corpus.len());
        for part in corpus.pieces().chunks(PART) {
            let rendered = part.par_iter().map(|piece| Track {
                name: piece.name.clone(),
                meter: piece.meter,
                tempo: piece.tempo,
                levels: MelTrack::of_grid(&bank, &scale, &corpus.grid(piece)).levels,
            });
            tracks.par_extend(rendered);
            if !told(tracks.len()) {
                return Ok(None);
            }
        }
        tracks.retain(|track| track.levels.len() >= mel.n_mels);
        Ok(Some(Self { mel, tracks }))
    }

    /// Frames of a track.
    #[must_use]
    pub fn len_of(&self, track: &Track) -> usize {
        track.levels.len() / self.mel.n_mels.max(1)
    }

    /// Mean of each band over all frames, 0 to 1, and the whole number of frames.
    #[must_use]
    pub fn means(&self) -> (Vec<f64>, usize) {
        let bands = self.mel.n_mels;
        let mut sums = vec![0u64; bands];
        let mut frames = 0;
        for frame in self
            .tracks
            .iter()
            .flat_map(|t| t.levels.chunks_exact(bands))
        {
            frames += 1;
            for (sum, level) in sums.iter_mut().zip(frame) {
                *sum += u64::from(*level);
            }
        }
        let n = frames.max(1) as f64 * 255.0;
        (sums.iter().map(|s| *s as f64 / n).collect(), frames)
    }
}
