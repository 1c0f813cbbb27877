//! Pictures of beats: the mel spectrogram of a grid as the built-in kit plays it, in
//! as many columns and bands as a screen has room for. Drawing is the `ui`'s.

use super::mel::{Mel, MelConfig, MelStream, db, to_unit};
use super::render::{Renderer, grid_ns, grid_strokes};
use crate::beat::grid::BeatGrid;
use crate::message::SpectrogramColumn;

/// Enough for a picture up to 11 kHz, at half the work of a full rate.
const RATE: u32 = 22_050;

/// The most bands of a picture.
const MOST_BANDS: usize = 256;

/// The most columns of a picture.
const MOST_COLUMNS: usize = 4096;

/// How far below the loudest a value is black, in decibels.
const RANGE: f32 = 60.0;

/// The spectrogram of a grid played by the built-in kit: `columns` columns over exactly the grid's steps,
/// each with `bands` values from 0 (60 dB below the loudest) to 1, lowest band first. Both numbers are held below 4,096
/// and 256; an empty grid or a 0 gives no column.
///
/// Takes between 1 and 2 ms for each second of music, so a caller with a long file cuts it to the bars it shows.
#[must_use]
pub fn spectrogram_of_grid(
    grid: &BeatGrid,
    columns: usize,
    bands: usize,
) -> Vec<SpectrogramColumn> {
    let (columns, bands) = (columns.min(MOST_COLUMNS), bands.min(MOST_BANDS));
    let config = MelConfig {
        sample_rate: RATE,
        n_fft: 1024,
        hop_length: 256,
        n_mels: bands,
        fmin: 30.0,
        fmax: None,
    };
    let mut renderer = Renderer::new(&grid_strokes(grid), grid_ns(grid), RATE, 0.0);
    let frames = renderer.frames() as usize / config.hop_length;
    let Ok(mel) = Mel::new(config) else {
        return Vec::new();
    };
    if columns == 0 || frames == 0 {
        return Vec::new();
    }
    let mut picture = Picture::new(columns, &widths(&mel), frames);
    let mut stream = MelStream::new(&mel);
    let mut piece = [0.0; 2048];
    let mut mono = [0.0; 1024];
    loop {
        let got = renderer.next_piece(&mut piece);
        if got == 0 {
            break;
        }
        for (m, frame) in mono.iter_mut().zip(piece.chunks_exact(2)) {
            *m = 0.5 * (frame[0] + frame[1]);
        }
        stream.push(mono.get(..got).unwrap_or_default(), |f| picture.add(f));
    }
    stream.finish(|f| picture.add(f));
    picture.finish()
}

/// About how wide each band is, in Hz. The bands' area norm makes wide ones, the hats', as dark as
/// they are wide; multiplied by it they show all the power in them, which is nearer to what is heard.
fn widths(mel: &Mel) -> Vec<f32> {
    let centres = mel.centres();
    let below = std::iter::once(&0.0).chain(centres);
    centres.iter().zip(below).map(|(c, b)| c - b).collect()
}

/// Frames gathered into columns as they come: a column is the mean of the frames centred in it.
struct Picture {
    columns: Vec<Vec<f32>>,
    counts: Vec<u32>,
    widths: Vec<f32>,
    frames: usize,
    seen: usize,
}

impl Picture {
    fn new(columns: usize, widths: &[f32], frames: usize) -> Self {
        Self {
            columns: vec![vec![0.0; widths.len()]; columns],
            counts: vec![0; columns],
            widths: widths.to_vec(),
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
            for ((sum, power), width) in column.iter_mut().zip(frame).zip(&self.widths) {
                *sum += power * width;
            }
            *count += 1;
        }
    }

    fn finish(mut self) -> Vec<SpectrogramColumn> {
        let mut loudest = f32::NEG_INFINITY;
        for (column, &count) in self.columns.iter_mut().zip(&self.counts) {
            for value in column.iter_mut() {
                *value = db(*value / count.max(1) as f32);
                loudest = loudest.max(*value);
            }
        }
        let mut last = vec![0.0; self.widths.len()];
        let mut out = Vec::with_capacity(self.columns.len());
        for (column, &count) in self.columns.iter().zip(&self.counts) {
            // Where columns are finer than frames, the frame before holds on.
            if count > 0 {
                let unit = column.iter().map(|&v| to_unit(v, loudest - RANGE, loudest));
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
mod tests {
    use super::*;
    use crate::beat::grid::{Cell, Meter, Step};
    use crate::beat::lane::Lane;

    fn two_bars() -> BeatGrid {
        let mut steps = vec![Step::default(); 32];
        let hit = Cell {
            velocity: 100,
            offset: 0.0,
        };
        for k in (0..32).step_by(8) {
            steps[k][Lane::Kick.index()] = hit;
            steps[k + 4][Lane::ClosedHat.index()] = hit;
        }
        BeatGrid {
            meter: Meter::COMMON,
            tempo: 120.0,
            steps,
        }
    }

    #[test]
    fn a_picture_shows_kicks_low_and_hats_high_in_their_columns() {
        for columns in [32, 64, 640] {
            let picture = spectrogram_of_grid(&two_bars(), columns, 24);
            assert_eq!(picture.len(), columns);
            let at = |step: usize| &picture[step * columns / 32 + columns / 128].bands;
            for step in (0..32).step_by(8) {
                assert!(at(step)[0] > 0.8, "kick at {step} of {columns}");
                let before = at(step + 3)[21];
                let (high, low) = (at(step + 4)[21], at(step + 4)[0]);
                assert!(
                    high > before + 0.2 && low < at(step)[0] - 0.3,
                    "hat at {step} of {columns}: {before} to {high}, {low}"
                );
            }
        }
        let values = spectrogram_of_grid(&two_bars(), 80, 32);
        let values = values.iter().flat_map(|c| &c.bands);
        assert!(values.clone().all(|v| (0.0..=1.0).contains(v)));
        assert_eq!(values.fold(0.0f32, |m, v| m.max(*v)), 1.0);
    }

    #[test]
    fn no_size_breaks_a_picture() {
        let empty = BeatGrid {
            steps: Vec::new(),
            ..two_bars()
        };
        assert!(spectrogram_of_grid(&empty, 80, 24).is_empty());
        assert!(spectrogram_of_grid(&two_bars(), 0, 24).is_empty());
        assert!(spectrogram_of_grid(&two_bars(), 80, 0).is_empty());
        assert_eq!(spectrogram_of_grid(&two_bars(), usize::MAX, 1).len(), 4096);
    }
}
