//! [`Ear`]: a transcriber's numbers and its one forward step, on plain slices. How frames flow through it in time
//! is in [`super::listener`]; as bytes it is in `file`.

use super::shape::{KERNEL, OUTPUTS, Shape};
use crate::audio::mel::MelConfig;
use crate::beat::lane::LANES;

/// Decibels below this are all the same to the ear: far below the softest stroke.
pub const FLOOR: f32 = -60.0;

/// Decibels above this are held there: louder than any sound within full scale.
const CEILING: f32 = 80.0;

/// When a lane's onset counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    /// How strong a peak must be: the sum of the posteriors of its frame and the two beside it.
    pub threshold: f32,
    /// How many frames must lie between two onsets.
    pub gap: u32,
}

/// A trained transcriber for frames of one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Ear {
    pub(super) mel: MelConfig,
    pub(super) shape: Shape,
    /// Mean and one over the deviation of each band, in decibels.
    pub(super) means: Vec<f32>,
    pub(super) scales: Vec<f32>,
    /// The level of the sound it was taught with; see [`super::level::Level`].
    pub(super) level: f32,
    pub(super) gates: [Gate; LANES],
    /// Matrices row by row, then biases, in the order of [`Shape::layers`].
    pub(super) weights: Vec<f32>,
}

/// What an ear is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The frames it hears.
    pub mel: MelConfig,
    /// Its sizes.
    pub shape: Shape,
    /// Mean of each band, in decibels.
    pub means: Vec<f32>,
    /// One over the deviation of each band.
    pub scales: Vec<f32>,
    /// The level of the sound it was taught with.
    pub level: f32,
    /// When an onset counts.
    pub gates: [Gate; LANES],
    /// Matrices row by row, then biases.
    pub weights: Vec<f32>,
}

impl Ear {
    /// An ear of these parts; `None` where their lengths do not fit or a number is not finite.
    #[must_use]
    pub fn new(parts: Parts) -> Option<Self> {
        let Parts {
            mel,
            shape,
            means,
            scales,
            level,
            gates,
            weights,
        } = parts;
        let fits = shape.is_sound()
            && mel.n_mels == shape.bands
            && means.len() == shape.bands
            && scales.len() == shape.bands
            && weights.len() == shape.weights();
        let all = means.iter().chain(&scales).chain(&weights);
        let finite = all.chain([&level]).all(|x| x.is_finite())
            && gates.iter().all(|g| g.threshold.is_finite());
        (fits && finite).then_some(Self {
            mel,
            shape,
            means,
            scales,
            level,
            gates,
            weights,
        })
    }

    /// The frames it hears.
    #[must_use]
    pub const fn mel(&self) -> &MelConfig {
        &self.mel
    }

    /// Its sizes.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// When a lane's onset counts.
    #[must_use]
    pub const fn gates(&self) -> &[Gate; LANES] {
        &self.gates
    }

    /// The level of the sound it was taught with.
    #[must_use]
    pub const fn level(&self) -> f32 {
        self.level
    }

    /// The same ear with other gates.
    #[must_use]
    pub fn with_gates(mut self, gates: [Gate; LANES]) -> Self {
        self.gates = gates;
        self
    }

    /// How many frames after a stroke's own must be in before it is told.
    #[must_use]
    pub const fn look_ahead(&self) -> usize {
        self.shape.ahead + 1
    }

    /// [`Ear::look_ahead`] in seconds. The frames themselves reach half a window further.
    #[must_use]
    pub fn look_ahead_seconds(&self) -> f32 {
        (self.look_ahead() * self.mel.hop_length) as f32 / self.mel.sample_rate as f32
    }

    /// Decibels of a frame as the first layer takes them.
    pub(super) fn normalise(&self, db: &[f32], out: &mut [f32]) {
        let bands = self.means.iter().zip(&self.scales);
        for (o, (x, (mean, scale))) in out.iter_mut().zip(db.iter().zip(bands)) {
            // What is no number is silence too.
            let x = if *x > FLOOR { x.min(CEILING) } else { FLOOR };
            *o = (x - mean) * scale;
        }
    }

    /// The matrix of a layer and its biases.
    fn layer(&self, layer: usize) -> (&[f32], &[f32]) {
        let layers = self.shape.layers();
        let before = layers.iter().take(layer);
        let (at, bias) = before.fold((0, self.shape.matrices()), |(at, bias), (r, c)| {
            (at + r * c, bias + c)
        });
        let (rows, columns) = layers.get(layer).copied().unwrap_or_default();
        let part = |at: usize, n: usize| self.weights.get(at..at + n).unwrap_or_default();
        (part(at, rows * columns), part(bias, columns))
    }

    /// The features of [`KERNEL`] normalised frames.
    pub(super) fn encode(&self, frames: &[f32], out: &mut [f32]) {
        debug_assert_eq!(frames.len(), KERNEL * self.shape.bands);
        let (matrix, bias) = self.layer(0);
        product(frames, matrix, bias, out);
        rectify(out);
    }

    /// What a window of features says.
    pub(super) fn decide(&self, window: &[f32], room: &mut Room) {
        let Room {
            hidden,
            second,
            out,
        } = room;
        let (matrix, bias) = self.layer(1);
        product(window, matrix, bias, hidden);
        rectify(hidden);
        let (matrix, bias) = self.layer(2);
        product(hidden, matrix, bias, second);
        rectify(second);
        let (matrix, bias) = self.layer(3);
        product(second, matrix, bias, out);
    }
}

/// Room for one decision's numbers.
#[derive(Debug)]
pub struct Room {
    hidden: Vec<f32>,
    second: Vec<f32>,
    /// The outputs.
    pub out: [f32; OUTPUTS],
}

impl Clone for Room {
    fn clone(&self) -> Self {
        Self {
            hidden: self.hidden.clone(),
            second: self.second.clone(),
            out: self.out,
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.hidden.clone_from(&source.hidden);
        self.second.clone_from(&source.second);
        self.out = source.out;
    }
}

impl Room {
    /// Room for a shape.
    pub fn new(shape: &Shape) -> Self {
        Self {
            hidden: vec![0.0; shape.hidden],
            second: vec![0.0; shape.second],
            out: [0.0; OUTPUTS],
        }
    }
}

/// `out = x matrix + bias`, matrix row by row; rows of zero inputs are passed over, and after a rectifier many are.
fn product(x: &[f32], matrix: &[f32], bias: &[f32], out: &mut [f32]) {
    out.copy_from_slice(bias);
    for (value, row) in x.iter().zip(matrix.chunks_exact(bias.len())) {
        if *value != 0.0 {
            out.iter_mut().zip(row).for_each(|(o, w)| *o += value * w);
        }
    }
}

fn rectify(x: &mut [f32]) {
    for x in x {
        *x = x.max(0.0);
    }
}
