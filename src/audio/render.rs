//! Drum strokes in time turned into samples, sample-accurately: [`Renderer`] piece by piece by any [`Instrument`],
//! [`render_events`] and [`render_grid`] at once by the built-in kit. Files are not written here.

use super::kit::Synth;
use crate::beat::articulation::Articulation;
use crate::beat::grid::BeatGrid;
use crate::beat::lane::Lane;
use crate::beat::transport::{Transport, hit_time_ns};

/// One stroke in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// When, in nanoseconds from the start.
    pub time_ns: u64,
    /// Which drum.
    pub lane: Lane,
    /// How hard, 1 to 127.
    pub velocity: u8,
}

/// The frame in which a time falls: `floor(ns * rate / 1e9)`.
#[must_use]
pub fn frame_at(time_ns: u64, sample_rate: u32) -> u64 {
    let frame = u128::from(time_ns) * u128::from(sample_rate) / 1_000_000_000;
    u64::try_from(frame).unwrap_or(u64::MAX)
}

/// The grid's tempo in thousandths of a quarter note per minute, held within 20 to 400; a tempo
/// that is no number counts as 120.
fn milli_bpm(grid: &BeatGrid) -> u32 {
    if grid.tempo.is_nan() {
        return 120_000;
    }
    (grid.tempo.clamp(20.0, 400.0) * 1000.0).round() as u32
}

/// How long a grid lasts, in nanoseconds, without what rings on.
#[must_use]
pub fn grid_ns(grid: &BeatGrid) -> u64 {
    Transport::new(0, milli_bpm(grid)).time_of(grid.steps.len() as u64)
}

/// The strokes of a grid, in order of time, with their micro-timing; step 0 is at 0, and what its
/// micro-timing would move before that stays there.
#[must_use]
pub fn grid_strokes(grid: &BeatGrid) -> Vec<Stroke> {
    let transport = Transport::new(0, milli_bpm(grid));
    let mut strokes = Vec::new();
    for (k, step) in (0u64..).zip(&grid.steps) {
        for (lane, cell) in Lane::ALL.into_iter().zip(step) {
            if cell.velocity > 0 {
                strokes.push(Stroke {
                    time_ns: hit_time_ns(&transport, k, cell.offset, 0.5),
                    lane,
                    velocity: cell.velocity,
                });
            }
        }
    }
    strokes.sort_by_key(|s| s.time_ns);
    strokes
}

/// What turns strokes into samples.
pub trait Instrument {
    /// What is struck.
    type Note: Copy;

    /// Its sample rate in Hz.
    fn sample_rate(&self) -> u32;

    /// Strikes at the next sample rendered; `velocity` is 1 to 127.
    fn strike(&mut self, note: Self::Note, velocity: u8);

    /// Writes the next frames, interleaved left and right, the same however the rendering is cut into pieces.
    fn render(&mut self, out: &mut [f32]);

    /// Whether nothing sounds.
    fn is_silent(&self) -> bool;
}

impl Instrument for Synth {
    type Note = Articulation;

    fn sample_rate(&self) -> u32 {
        self.sample_rate()
    }

    fn strike(&mut self, note: Articulation, velocity: u8) {
        self.note_on(note, velocity);
    }

    fn render(&mut self, out: &mut [f32]) {
        self.render(out);
    }

    fn is_silent(&self) -> bool {
        self.is_silent()
    }
}

/// Whether all is silent is asked once in so many frames.
const RING_OUT: u64 = 1024;

/// Renders strokes piece by piece, so that long music needs no long memory.
#[derive(Debug)]
pub struct Renderer<I: Instrument = Synth> {
    instrument: I,
    /// By frame, earliest last.
    waiting: Vec<(u64, I::Note, u8)>,
    position: u64,
    end: u64,
    /// Whether it may end before, once nothing is to come and nothing sounds.
    rings_out: bool,
}

impl Renderer {
    /// Renders `strokes` (in any order) at a sample rate in Hz, until `tail_seconds` after `end_ns` or
    /// after the last stroke, whichever is later. Strokes in the same frame are struck in the order given.
    #[must_use]
    pub fn new(strokes: &[Stroke], end_ns: u64, sample_rate: u32, tail_seconds: f32) -> Self {
        let synth = Synth::new(sample_rate);
        let rate = synth.sample_rate();
        let waiting = strokes
            .iter()
            .map(|s| (frame_at(s.time_ns, rate), s.lane.into(), s.velocity))
            .collect();
        Self::at_frames(synth, waiting, frame_at(end_ns, rate), tail_seconds)
    }
}

impl<I: Instrument> Renderer<I> {
    /// Renders strokes (frame, note, velocity; in any order), until `tail_seconds` after frame `end` or after the last
    /// stroke, whichever is later. Strokes in the same frame are struck in the order given.
    #[must_use]
    pub fn at_frames(
        instrument: I,
        mut waiting: Vec<(u64, I::Note, u8)>,
        end: u64,
        tail_seconds: f32,
    ) -> Self {
        waiting.sort_by_key(|w| w.0);
        let last = waiting.last().map_or(0, |w| w.0);
        waiting.reverse();
        let tail = (tail_seconds.max(0.0) * instrument.sample_rate() as f32) as u64;
        Self {
            instrument,
            waiting,
            position: 0,
            end: last.max(end).saturating_add(tail),
            rings_out: false,
        }
    }

    /// Ends as soon as nothing is to come and nothing sounds, if that is before the end.
    #[must_use]
    pub fn ringing_out(self) -> Self {
        Self {
            rings_out: true,
            ..self
        }
    }

    /// How many frames there are in all, at most.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.end
    }

    /// Fills `out` (interleaved left and right) and says how many frames of it are music; 0 at
    /// the end.
    pub fn next_piece(&mut self, out: &mut [f32]) -> usize {
        let left = self.end.saturating_sub(self.position);
        let total = left.min(out.len() as u64 / 2) as usize;
        let mut done = 0;
        while done < total {
            while let Some(&(_, note, velocity)) =
                self.waiting.last().filter(|w| w.0 <= self.position)
            {
                self.instrument.strike(note, velocity);
                self.waiting.pop();
            }
            // Asked at fixed places only, so that the end is the same however it is cut.
            let after_edge = self.position % RING_OUT;
            let may_end = self.rings_out && after_edge == 0 && self.position > 0;
            if may_end && self.waiting.is_empty() && self.instrument.is_silent() {
                self.end = self.position;
                return done;
            }
            let to_next = self
                .waiting
                .last()
                .map_or(u64::MAX, |w| w.0 - self.position);
            let to_edge = RING_OUT - after_edge;
            let frames = to_next.min(to_edge).min((total - done) as u64) as usize;
            if let Some(piece) = out.get_mut(2 * done..2 * (done + frames)) {
                self.instrument.render(piece);
            }
            done += frames;
            self.position += frames as u64;
        }
        total
    }

    /// Everything that is left, interleaved left and right.
    #[must_use]
    pub fn rest(&mut self) -> Vec<f32> {
        let mut out = Vec::new();
        let mut piece = [0.0; 4096];
        loop {
            let frames = self.next_piece(&mut piece);
            if frames == 0 {
                return out;
            }
            out.extend_from_slice(piece.get(..2 * frames).unwrap_or_default());
        }
    }
}

/// Strokes as interleaved stereo samples, until `tail_seconds` after the last of them. Takes 8 bytes a frame:
/// use a [`Renderer`] where the length is a stranger's choice.
#[must_use]
pub fn render_events(strokes: &[Stroke], sample_rate: u32, tail_seconds: f32) -> Vec<f32> {
    Renderer::new(strokes, 0, sample_rate, tail_seconds).rest()
}

/// A grid as interleaved stereo samples, until `tail_seconds` after its last step ends. Takes 8 bytes a frame, as
/// [`render_events`] does.
#[must_use]
pub fn render_grid(grid: &BeatGrid, sample_rate: u32, tail_seconds: f32) -> Vec<f32> {
    Renderer::new(
        &grid_strokes(grid),
        grid_ns(grid),
        sample_rate,
        tail_seconds,
    )
    .rest()
}

/// Interleaved stereo samples as mono: the mean of left and right.
#[must_use]
pub fn mono(stereo: &[f32]) -> Vec<f32> {
    let frames = stereo.chunks_exact(2);
    frames.map(|f| 0.5 * f.iter().sum::<f32>()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::{Cell, Meter, Step};

    fn grid() -> BeatGrid {
        let mut steps = vec![Step::default(); 16];
        for (k, lane, velocity, offset) in [
            (0, Lane::Kick, 110, -0.1),
            (4, Lane::Snare, 100, 0.25),
            (8, Lane::Kick, 90, 0.0),
            (12, Lane::Snare, 120, -0.25),
        ] {
            steps[k][lane.index()] = Cell { velocity, offset };
        }
        BeatGrid {
            meter: Meter::COMMON,
            tempo: 120.0,
            steps,
        }
    }

    #[test]
    fn strokes_fall_on_their_sample() {
        // 125 ms a step: the snare of step 4 is a quarter of a step late.
        let strokes = grid_strokes(&grid());
        let times: Vec<u64> = strokes.iter().map(|s| s.time_ns).collect();
        assert_eq!(times, [0, 531_250_000, 1_000_000_000, 1_468_750_000]);
        let rate = 48_000;
        let alone = Stroke {
            time_ns: 531_250_000,
            lane: Lane::Snare,
            velocity: 100,
        };
        let sound = mono(&render_events(&[alone], rate, 0.1));
        assert!(sound[..25_500].iter().all(|&x| x == 0.0));
        assert!(sound[25_500..25_503].iter().any(|&x| x != 0.0));
    }

    #[test]
    fn same_seed_same_bytes() {
        let whole = render_grid(&grid(), 44_100, 0.5);
        assert_eq!(whole.len(), 2 * (2 * 44_100 + 22_050));
        let strokes = grid_strokes(&grid());
        let mut renderer = Renderer::new(&strokes, grid_ns(&grid()), 44_100, 0.5);
        let mut pieces = Vec::new();
        for size in (1usize..).map(|i| 2 * (i * 37 % 301 + 1)) {
            let mut piece = vec![0.0; size];
            let frames = renderer.next_piece(&mut piece);
            if frames == 0 {
                break;
            }
            pieces.extend_from_slice(&piece[..2 * frames]);
        }
        assert_eq!(pieces, whole, "the same however it is cut");
    }

    #[test]
    fn odd_tempi_do_not_break_rendering() {
        for tempo in [f64::NAN, -1.0, 0.0, f64::INFINITY] {
            let mut grid = grid();
            grid.tempo = tempo;
            assert!(!render_grid(&grid, 8_000, 0.0).is_empty());
        }
        let empty = BeatGrid {
            steps: Vec::new(),
            ..grid()
        };
        assert!(render_grid(&empty, 44_100, 0.0).is_empty());
    }
}
