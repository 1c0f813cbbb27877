//! An [`Ear`] as bytes: the file inside the program, and what a checkpoint keeps. Matrices are 16-bit whole numbers with
//! one scale a column, everything else is in single precision; all numbers are little-endian.

use super::ear::{Ear, Gate, Parts};
use super::shape::Shape;
use crate::audio::mel::MelConfig;
use crate::beat::lane::LANES;

/// The first bytes of a file, with the layout's number.
const MAGIC: &[u8; 8] = b"bgt-ear1";

/// Why bytes are no transcriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EarError {
    /// Something else, or another version's.
    #[error("not a transcriber that this version can read")]
    Unknown,
    /// Cut off or too long.
    #[error("the transcriber's {0} bytes are not as many as its sizes say")]
    Length(usize),
    /// Sizes or numbers that no transcriber has.
    #[error("the transcriber's numbers are damaged")]
    Damaged,
}

/// The largest whole number of a weight.
const MOST: f32 = 32_767.0;

impl Ear {
    /// The ear inside the program, for frames of [`MelConfig::default`].
    ///
    /// # Errors
    /// [`EarError`]: only if the program was built from a damaged file.
    pub fn embedded() -> Result<Self, EarError> {
        Self::from_bytes(include_bytes!("ear.bin"))
    }

    /// Its bytes. Weights are rounded to 16 bits.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let mut whole = |n: usize| out.extend_from_slice(&(n as u32).to_le_bytes());
        whole(self.mel.sample_rate as usize);
        for n in [self.mel.n_fft, self.mel.hop_length, self.mel.n_mels] {
            whole(n);
        }
        let s = &self.shape;
        for n in [s.features, s.window, s.ahead, s.hidden, s.second] {
            whole(n);
        }
        let mut real = |x: f32| out.extend_from_slice(&x.to_le_bytes());
        real(self.mel.fmin);
        // Half the sample rate, where no upper edge was named.
        real(self.mel.fmax.unwrap_or(-1.0));
        real(self.level);
        for gate in &self.gates {
            real(gate.threshold);
            real(gate.gap as f32);
        }
        self.means.iter().chain(&self.scales).for_each(|x| real(*x));
        let (matrices, biases) = self.weights.split_at(self.shape.matrices());
        let mut rest = matrices;
        for (rows, columns) in self.shape.layers() {
            let (matrix, after) = rest.split_at(rows * columns);
            rest = after;
            let mut steps = vec![0.0f32; columns];
            for row in matrix.chunks_exact(columns) {
                for (step, w) in steps.iter_mut().zip(row) {
                    *step = step.max(w.abs() / MOST);
                }
            }
            for step in &steps {
                out.extend_from_slice(&step.to_le_bytes());
            }
            for row in matrix.chunks_exact(columns) {
                for (step, w) in steps.iter().zip(row) {
                    let n = (w / step.max(f32::MIN_POSITIVE)).round() as i16;
                    out.extend_from_slice(&n.to_le_bytes());
                }
            }
        }
        for bias in biases {
            out.extend_from_slice(&bias.to_le_bytes());
        }
        out
    }

    /// An ear from its bytes.
    ///
    /// # Errors
    /// [`EarError`]: bytes of something else, too few, too many, or with numbers no ear has.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EarError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(EarError::Unknown)?;
        let short = EarError::Length(bytes.len());
        let mut from = Reader { rest };
        let mut whole = [0usize; 9];
        for n in &mut whole {
            *n = u32::from_le_bytes(from.take().ok_or(short)?) as usize;
        }
        let [
            rate,
            n_fft,
            hop_length,
            n_mels,
            features,
            window,
            ahead,
            hidden,
            second,
        ] = whole;
        let shape = Shape {
            bands: n_mels,
            features,
            window,
            ahead,
            hidden,
            second,
        };
        if !shape.is_sound() {
            return Err(EarError::Damaged);
        }
        let fmin = from.real().ok_or(short)?;
        let fmax = from.real().ok_or(short)?;
        let mel = MelConfig {
            sample_rate: rate as u32,
            n_fft,
            hop_length,
            n_mels,
            fmin,
            fmax: (fmax >= 0.0).then_some(fmax),
        };
        let level = from.real().ok_or(short)?;
        let mut gates = [Gate {
            threshold: 0.0,
            gap: 0,
        }; LANES];
        for gate in &mut gates {
            gate.threshold = from.real().ok_or(short)?;
            gate.gap = from.real().ok_or(short)? as u32;
        }
        let means = from.reals(n_mels).ok_or(short)?;
        let scales = from.reals(n_mels).ok_or(short)?;
        let mut weights = Vec::with_capacity(shape.weights());
        for (rows, columns) in shape.layers() {
            let steps = from.reals(columns).ok_or(short)?;
            for _ in 0..rows {
                for step in &steps {
                    let n = i16::from_le_bytes(from.take().ok_or(short)?);
                    weights.push(f32::from(n) * step);
                }
            }
        }
        let biases = from.reals(shape.weights() - shape.matrices());
        weights.extend(biases.ok_or(short)?);
        if !from.rest.is_empty() {
            return Err(short);
        }
        Self::new(Parts {
            mel,
            shape,
            means,
            scales,
            level,
            gates,
            weights,
        })
        .ok_or(EarError::Damaged)
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*first)
    }

    fn real(&mut self) -> Option<f32> {
        self.take().map(f32::from_le_bytes)
    }

    fn reals(&mut self, n: usize) -> Option<Vec<f32>> {
        (0..n).map(|_| self.real()).collect()
    }
}
