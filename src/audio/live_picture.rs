//! [`LivePicture`]: the spectrogram of what is being played, a step at a time. The strokes are those that
//! were sent, at their micro-timing and swing, and what a step strikes rings on into those after it.

use super::kit::Synth;
use super::mel::MelStream;
use super::spectrogram::{Pictures, RATE, fold};
use crate::beat::lane::Lane;
use crate::beat::transport::swing_delay;
use crate::message::{PlayedStep, SpectrogramColumn};

/// Frames rendered at once.
const PIECE: usize = 512;

/// The slowest and the fastest tempo pictured, in thousandths of a quarter note per minute.
const TEMPI: (u32, u32) = (20_000, 400_000);

/// A picture that grows as music is played.
#[derive(Debug)]
pub struct LivePicture<'a> {
    with: &'a Pictures,
    stream: MelStream<'a>,
    synth: Synth,
    /// Strokes to come, the next first: in how many samples, which drum, how hard.
    waiting: Vec<(usize, Lane, u8)>,
    a_step: usize,
    /// How much longer the steps were than the whole samples rendered for them.
    owed: f64,
    sum: Vec<f32>,
    count: u32,
    last: Vec<f32>,
    sound: [f32; 2 * PIECE],
    mono: [f32; PIECE],
}

impl<'a> LivePicture<'a> {
    /// A picture before its first step, which will get `a_step` columns a step.
    #[must_use]
    pub fn new(with: &'a Pictures, a_step: usize) -> Self {
        Self {
            with,
            stream: MelStream::new(with.mel()),
            synth: Synth::new(RATE),
            waiting: Vec::with_capacity(32),
            a_step: a_step.max(1),
            owed: 0.0,
            sum: vec![0.0; with.bands()],
            count: 0,
            last: vec![0.0; with.bands()],
            sound: [0.0; 2 * PIECE],
            mono: [0.0; PIECE],
        }
    }

    /// Plays a step and gives its columns: those from half a step before its grid time to half a step
    /// after, so that early and late strokes lie within. Half a frame (23 ms) of its end comes with
    /// the next one.
    pub fn step(&mut self, played: &PlayedStep) -> Vec<SpectrogramColumn> {
        let milli_bpm = played.milli_bpm.clamp(TEMPI.0, TEMPI.1);
        let samples = 15_000.0 / f64::from(milli_bpm) * f64::from(RATE);
        self.strike(played, samples);
        let part = samples / self.a_step as f64;
        (0..self.a_step).map(|_| self.column(part)).collect()
    }

    /// Puts a step's strokes among those that wait.
    fn strike(&mut self, played: &PlayedStep, samples: f64) {
        let swing = f64::from(swing_delay(u64::from(played.step_in_bar), played.swing));
        for (lane, cell) in Lane::ALL.into_iter().zip(&played.step) {
            if cell.velocity > 0 {
                // What is no number casts to 0.
                let at = (0.5 + f64::from(cell.offset) + swing).clamp(0.0, 2.0) * samples;
                self.waiting.push((at as usize, lane, cell.velocity));
            }
        }
        self.waiting.sort_by_key(|stroke| stroke.0);
    }

    /// The next column, `samples` long.
    fn column(&mut self, samples: f64) -> SpectrogramColumn {
        self.owed += samples;
        let whole = self.owed.floor();
        self.owed -= whole;
        self.render(whole as usize);
        if self.count > 0 {
            for (last, sum) in self.last.iter_mut().zip(&mut self.sum) {
                *last = self.with.unit(*sum / self.count as f32);
                *sum = 0.0;
            }
            self.count = 0;
        }
        SpectrogramColumn {
            bands: self.last.clone(),
        }
    }

    /// Renders so many samples and gathers the frames that they complete.
    fn render(&mut self, mut left: usize) {
        while left > 0 {
            while let Some(&(0, lane, velocity)) = self.waiting.first() {
                self.synth.note_on(lane, velocity);
                self.waiting.remove(0);
            }
            let to_next = self.waiting.first().map_or(PIECE, |stroke| stroke.0);
            let n = left.min(PIECE).min(to_next);
            let (sound, mono) = (self.sound.get_mut(..2 * n), self.mono.get_mut(..n));
            if let (Some(sound), Some(mono)) = (sound, mono) {
                self.synth.render(sound);
                fold(sound, mono);
                let (with, sum, count) = (self.with, &mut self.sum, &mut self.count);
                self.stream.push(mono, |frame| {
                    with.add(frame, sum);
                    *count += 1;
                });
            }
            for stroke in &mut self.waiting {
                stroke.0 -= n;
            }
            left -= n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::{BeatGrid, Cell, Meter, Step};

    fn played(step: Step, step_in_bar: u16) -> PlayedStep {
        PlayedStep {
            step,
            step_in_bar,
            milli_bpm: 120_000,
            swing: 0.5,
        }
    }

    fn hit(lane: Lane, offset: f32) -> Step {
        let mut step = Step::default();
        step[lane.index()] = Cell {
            velocity: 110,
            offset,
        };
        step
    }

    /// The first column of a run of steps in which a low band is loud.
    fn first_loud(picture: &[SpectrogramColumn]) -> Option<usize> {
        picture.iter().position(|column| column.bands[1] > 0.6)
    }

    #[test]
    fn a_stroke_stands_where_it_is_heard() {
        let pictures = Pictures::new(32).unwrap();
        let place = |offset: f32, swing: f32| {
            let mut live = LivePicture::new(&pictures, 8);
            let mut all = Vec::new();
            for at in 0..4u16 {
                let step = if at == 1 {
                    hit(Lane::Kick, offset)
                } else {
                    Step::default()
                };
                let step = PlayedStep {
                    swing,
                    ..played(step, at)
                };
                let columns = live.step(&step);
                assert_eq!(columns.len(), 8);
                all.extend(columns);
            }
            first_loud(&all).unwrap()
        };
        // Step 1 has columns 8 to 15, its grid time the middle of them; half a frame is 1.5 columns.
        let on = place(0.0, 0.5);
        assert!((12..=14).contains(&on), "{on}");
        let early = place(-0.5, 0.5);
        assert!((8..=10).contains(&early), "{early}");
        assert!(place(0.25, 0.5) > on);
        // Full swing moves it by half a step, into the next one's columns.
        let swung = place(0.0, 0.75);
        assert!((16..=18).contains(&swung), "{swung}");
    }

    #[test]
    fn it_shows_what_a_picture_of_the_whole_shows() {
        let pictures = Pictures::new(24).unwrap();
        let steps: Vec<Step> = (0..32)
            .map(|k| match k % 8 {
                0 => hit(Lane::Kick, 0.0),
                4 => hit(Lane::Snare, 0.0),
                _ if k % 2 == 0 => hit(Lane::ClosedHat, 0.0),
                _ => Step::default(),
            })
            .collect();
        let mut live = LivePicture::new(&pictures, 2);
        let grown: Vec<_> = (0u16..)
            .zip(&steps)
            .flat_map(|(k, step)| live.step(&played(*step, k % 16)))
            .collect();
        let grid = BeatGrid {
            meter: Meter::COMMON,
            tempo: 120.0,
            steps,
        };
        let whole = pictures.of_grid(&grid, 64);
        // The live one begins half a step, one column, earlier.
        let mut apart = 0.0;
        for (a, b) in grown.iter().skip(1).zip(&whole) {
            for (a, b) in a.bands.iter().zip(&b.bands) {
                apart += (a - b).abs() / (63.0 * 24.0);
            }
        }
        assert!(apart < 0.08, "{apart}");
    }

    #[test]
    fn odd_steps_do_not_break_it() {
        let pictures = Pictures::new(8).unwrap();
        let mut live = LivePicture::new(&pictures, 0);
        for (milli_bpm, offset) in [(0, 0.0), (u32::MAX, f32::NAN), (90_000, f32::INFINITY)] {
            let mut step = [Cell {
                velocity: 255,
                offset,
            }; 9];
            step[3].offset = -9.0;
            let columns = live.step(&PlayedStep {
                step,
                step_in_bar: u16::MAX,
                milli_bpm,
                swing: f32::NAN,
            });
            assert_eq!(columns.len(), 1);
            assert!(columns[0].bands.iter().all(|v| (0.0..=1.0).contains(v)));
        }
        assert!(live.waiting.len() < 100);
    }
}
