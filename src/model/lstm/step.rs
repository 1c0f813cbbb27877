//! One step of a layer at a time, for playing: one row, or a batch of candidates. No allocation, no lock, the calling thread
//! only. Training runs whole sequences ([`super::sequence`]).

use super::kernel::half::Halves;
use super::kernel::memory::Buffer;
use super::kernel::panels::Order;
use super::kernel::play::{self, Play};
use super::kernel::{Engine, Isa, Packed, View};
use super::sequence::Weights;

/// The weights of a layer, packed for steps.
#[derive(Clone)]
pub struct Stepper {
    isa: Isa,
    inputs: usize,
    units: usize,
    table: Packed,
    halves: Option<Halves>,
    bias: Buffer,
}

impl std::fmt::Debug for Stepper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Stepper({:?}, {} -> {})",
            self.isa, self.inputs, self.units
        )
    }
}

impl Stepper {
    /// Packs the weights for the instructions `isa`, or the best ones where the processor does not have these.
    ///
    /// # Panics
    /// If the weights do not have these sizes.
    #[must_use]
    pub fn new(isa: Isa, weights: Weights<'_>, inputs: usize, units: usize) -> Self {
        assert_eq!(weights.input.len(), inputs * 4 * units, "input weights");
        assert_eq!(
            weights.recurrent.len(),
            units * 4 * units,
            "recurrent weights"
        );
        assert_eq!(weights.bias.len(), 4 * units, "biases");
        let engine = Engine::with(isa, 1).unwrap_or_else(|| Engine::new(1));
        let both = [weights.input, weights.recurrent].concat();
        let pack = |data, rows| {
            let mut packed = Packed::new();
            let view = View::new(data, rows, 4 * units);
            packed.pack_ordered(&engine, view, Order::Gates(units), Order::Plain);
            packed
        };
        let table = pack(&both, inputs + units);
        // A matrix of one row, each of its panels on a line of its own.
        let packed = pack(weights.bias, 1);
        let mut bias = Buffer::new();
        packed.gather_row(&mut bias);
        Self {
            isa: engine.isa(),
            inputs,
            units,
            table,
            halves: None,
            bias,
        }
    }

    /// The same with the weights rounded to half precision (11 bits; biases and sums keep single). A step of one row then takes
    /// little more than half the time.
    #[must_use]
    pub fn with_halves(mut self) -> Self {
        self.halves = Some(Halves::round(&mut self.table));
        self
    }

    /// Numbers of scratch that [`Stepper::step`] needs for so many rows.
    #[must_use]
    pub fn scratch_len(&self, batch: usize) -> usize {
        play::scratch(&self.table, batch)
    }

    /// Numbers that come in.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Hidden units.
    #[must_use]
    pub fn units(&self) -> usize {
        self.units
    }

    /// Takes a step: `x` is `[batch, inputs]`; `hidden` and `cell`, `[batch, units]`, go in and come out;
    /// `scratch` is [`Stepper::scratch_len`] numbers of any value.
    ///
    /// # Panics
    /// If the sizes do not fit.
    pub fn step(&self, scratch: &mut [f32], x: &[f32], hidden: &mut [f32], cell: &mut [f32]) {
        let play = Play {
            table: &self.table,
            halves: self.halves.as_ref(),
            bias: self.bias.all(),
            units: self.units,
            x,
            hidden,
            cell,
            scratch,
        };
        play::step(self.isa, play);
    }
}
