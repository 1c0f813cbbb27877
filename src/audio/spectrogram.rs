//! Pictures of beats: the mel spectrogram of a grid as the built-in kit plays it, in
//! as many columns and bands as a screen has room for. What is being played is pictured step by
//! step in [`super::live_picture`]; drawing is the `ui`'s.

use super::kit::Synth;
use super::mel::{Mel, MelConfig, MelStream, db, to_unit};
use super::render::{Renderer, grid_ns, grid_strokes};
use crate::beat::grid::BeatGrid;
use crate::beat::lane::Lane;
use crate::message::SpectrogramColumn;
use std::ops::Range;

/// Enough for a picture up to 11 kHz, at half the work of a full rate.
pub(super) const RATE: u32 = 22_050;

/// Samples from one frame to the next: 11.6 ms.
const HOP: usize = 256;

/// The lowest frequency of a picture, in Hz.
const LOWEST: f32 = 30.0;

/// The most bands of a picture.
const MOST_BANDS: usize = 256;

/// The most columns of a picture.
const MOST_COLUMNS: usize = 4096;

/// How far below the loudest stroke a value is black, in decibels.
const RANGE: f32 = 60.0;

/// Steps played before a stretch, so that what still rings is in its picture.
const LEAD_IN: usize = 16;

/// What pictures of beats are made with: a filter bank, and the scale all of them share, so that
/// the same sound has the same colour in each.
#[derive(Debug)]
pub struct Pictures {
    mel: Mel,
    /// About how wide each band is, in Hz. The bands' area norm makes wide ones, the hats', as dark as
    /// they are wide; multiplied by it they show all the power in them, which is nearer to what is heard.
    widths: Vec<f32>,
    /// What counts as full, in decibels.
    full: f32,
}

impl Pictures {
    /// Pictures of so many bands, 1 to 256, even in mel between [`Pictures::hz`].
    #[must_use]
    pub fn new(bands: usize) -> Option<Self> {
        let mel = Mel::new(MelConfig {
            sample_rate: RATE,
            n_fft: 1024,
            hop_length: HOP,
            n_mels: bands.clamp(1, MOST_BANDS),
            fmin: LOWEST,
            fmax: None,
        })
        .ok()?;
        let centres = mel.centres();
        let below = std::iter::once(&0.0).chain(centres);
        let widths = centres.iter().zip(below).map(|(c, b)| c - b).collect();
        let mut pictures = Self {
            mel,
            widths,
            full: 0.0,
        };
        pictures.full = db(pictures.loudest());
        Some(pictures)
    }

    /// Lower edge of the lowest and upper edge of the highest band, in hertz.
    #[must_use]
    pub const fn hz() -> (f32, f32) {
        (LOWEST, RATE as f32 / 2.0)
    }

    /// The loudest value of any band when each drum is struck alone, as hard as can be.
    fn loudest(&self) -> f32 {
        let mut most = 0.0f32;
        let mut sound = [0.0; 2 * 2048];
        let mut mono = [0.0; 2048];
        for lane in Lane::ALL {
            let mut synth = Synth::new(RATE);
            synth.note_on(lane, 127);
            synth.render(&mut sound);
            fold(&sound, &mut mono);
            MelStream::new(&self.mel).push(&mono, |frame| {
                for (power, width) in frame.iter().zip(&self.widths) {
                    most = most.max(power * width);
                }
            });
        }
        most
    }

    pub(super) const fn mel(&self) -> &Mel {
        &self.mel
    }

    pub(super) fn bands(&self) -> usize {
        self.widths.len()
    }

    /// Adds a frame's power to a column's.
    pub(super) fn add(&self, frame: &[f32], column: &mut [f32]) {
        for ((sum, power), width) in column.iter_mut().zip(frame).zip(&self.widths) {
            *sum += power * width;
        }
    }

    /// A mean power as 0 (60 dB below the loudest stroke) to 1.
    pub(super) fn unit(&self, power: f32) -> f32 {
        to_unit(db(power), self.full - RANGE, self.full)
    }

    /// The spectrogram of a grid played by the built-in kit: `columns` columns over exactly the grid's steps,
    /// each with values from 0 (60 dB below the loudest stroke) to 1, lowest band first. At most 4,096 columns;
    /// an empty grid gives none.
    ///
    /// Takes between 1 and 2 ms for each second of music, so a caller with a long file asks for the steps it shows.
    #[must_use]
    pub fn of_grid(&self, grid: &BeatGrid, columns: usize) -> Vec<SpectrogramColumn> {
        let columns = columns.min(MOST_COLUMNS);
        let mut renderer = Renderer::new(&grid_strokes(grid), grid_ns(grid), RATE, 0.0);
        let frames = renderer.frames() as usize / HOP;
        if columns == 0 || frames == 0 {
            return Vec::new();
        }
        let mut picture = Picture::new(self, columns, frames);
        let mut stream = MelStream::new(&self.mel);
        let mut piece = [0.0; 2048];
        let mut mono = [0.0; 1024];
        loop {
            let got = renderer.next_piece(&mut piece);
            if got == 0 {
                break;
            }
            fold(&piece, &mut mono);
            stream.push(mono.get(..got).unwrap_or_default(), |f| picture.add(f));
        }
        stream.finish(|f| picture.add(f));
        picture.finish()
    }

    /// The spectrogram of a stretch of a grid's steps, `a_step` columns each, with what still rings from the
    /// steps before it. Steps that the grid does not have are left out.
    #[must_use]
    pub fn of_steps(
        &self,
        grid: &BeatGrid,
        steps: Range<usize>,
        a_step: usize,
    ) -> Vec<SpectrogramColumn> {
        let begin = steps.start.saturating_sub(LEAD_IN);
        let end = steps.end.min(grid.steps.len());
        let Some(sounding) = grid.steps.get(begin..end) else {
            return Vec::new();
        };
        let part = BeatGrid {
            steps: sounding.to_vec(),
            ..*grid
        };
        let mut columns = self.of_grid(&part, a_step.saturating_mul(sounding.len()));
        let before = a_step.saturating_mul(steps.start - begin);
        columns.drain(..before.min(columns.len()));
        columns
    }
}

/// Interleaved stereo as the mean of its sides.
pub(super) fn fold(stereo: &[f32], mono: &mut [f32]) {
    for (m, frame) in mono.iter_mut().zip(stereo.chunks_exact(2)) {
        *m = 0.5 * frame.iter().sum::<f32>();
    }
}

/// Frames gathered into columns as they come: a column is the mean of the frames centred in it.
struct Picture<'a> {
    with: &'a Pictures,
    columns: Vec<Vec<f32>>,
    counts: Vec<u32>,
    frames: usize,
    seen: usize,
}

impl<'a> Picture<'a> {
    fn new(with: &'a Pictures, columns: usize, frames: usize) -> Self {
        Self {
            with,
            columns: vec![vec![0.0; with.bands()]; columns],
            counts: vec![0; columns],
            frames,
            seen: 0,
        }
    }

    fn add(&mut self, frame: &[f32]) {
        let width = self.columns.len();
        // The frames after the last whole hop belong to the last column.
        let at = (self.seen * width / self.frames).min(width - 1);
        self.seen += 1;
        if let (Some(column), Some(count)) = (self.columns.get_mut(at), self.counts.get_mut(at)) {
            self.with.add(frame, column);
            *count += 1;
        }
    }

    fn finish(self) -> Vec<SpectrogramColumn> {
        let mut last = vec![0.0; self.with.bands()];
        let mut out = Vec::with_capacity(self.columns.len());
        for (column, &count) in self.columns.iter().zip(&self.counts) {
            // Where columns are finer than frames, the frame before holds on.
            if count > 0 {
                let unit = column.iter().map(|v| self.with.unit(v / count as f32));
                last = unit.collect();
            }
            out.push(SpectrogramColumn {
                bands: last.clone(),
            });
        }
        out
    }
}

#[cfg(test)]
mod tests;
