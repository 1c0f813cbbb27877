//! [`Expression`]: how loud each hit of a step is and how far from the grid it lies. A step is
//! [`begun`](Expression::begin) with its hits; then, in the order of the lanes, each is drawn, or
//! scored, or heard where it is known already: what a lane was given tells the lanes behind it.

use super::super::config::{HEAD_WIDTH, MIX};
use super::super::encode::{offset_at, offset_bin, offset_unit, velocity_at, velocity_bin};
use super::super::mixture::{self, Mix};
use super::super::params::Head;
use super::super::slices::add_product;
use super::super::weights::BeatModel;
use crate::beat::grid::{Cell, LANES};

/// The expression head for one step.
#[derive(Debug)]
pub(super) struct Expression {
    /// Before its relu.
    hidden: Vec<f32>,
}

fn head(model: &BeatModel, head: Head) -> &[f32] {
    &model.weights()[head.index(model.config().layers)]
}

impl Expression {
    pub(super) fn new() -> Self {
        Self {
            hidden: vec![0.0; HEAD_WIDTH],
        }
    }

    /// Begins a step with these hits, as bits.
    pub(super) fn begin(&mut self, model: &BeatModel, features: &[f32], hits: u16) {
        self.hidden
            .copy_from_slice(head(model, Head::ExpressionBias));
        add_product(features, head(model, Head::ExpressionIn), &mut self.hidden);
        for lane in (0..LANES).filter(|lane| hits >> lane & 1 == 1) {
            self.add(model, Head::ExpressionHits, lane, 1.0);
        }
    }

    /// Draws a lane's velocity and micro-timing, each by its own uniform draw.
    pub(super) fn draw(
        &mut self,
        model: &BeatModel,
        lane: usize,
        temperature: f32,
        [velocity, offset]: [f32; 2],
    ) -> Cell {
        let mix = self.mix(model, Head::VelocityOut, lane);
        let velocity = velocity_at(mixture::draw(&mix, temperature, velocity));
        self.hear_velocity(model, lane, velocity);
        let mix = self.mix(model, Head::OffsetOut, lane);
        let offset = offset_at(mixture::draw(&mix, temperature, offset));
        self.add(model, Head::ExpressionOffset, lane, offset);
        Cell { velocity, offset }
    }

    /// Takes in what is played on a lane, where it is known.
    pub(super) fn hear(&mut self, model: &BeatModel, lane: usize, cell: &Cell) {
        self.hear_velocity(model, lane, cell.velocity);
        self.add(model, Head::ExpressionOffset, lane, cell.offset);
    }

    /// Bits of a lane's true velocity and micro-timing, and how far the latter is from its median, in steps.
    pub(super) fn score(&mut self, model: &BeatModel, lane: usize, cell: &Cell) -> [f64; 3] {
        let mix = self.mix(model, Head::VelocityOut, lane);
        let velocity = mixture::bits(&mix, velocity_bin(cell.velocity));
        self.hear_velocity(model, lane, cell.velocity);
        let mix = self.mix(model, Head::OffsetOut, lane);
        let offset = mixture::bits(&mix, offset_bin(cell.offset));
        let error = mixture::median(&mix) - offset_unit(cell.offset);
        self.add(model, Head::ExpressionOffset, lane, cell.offset);
        [velocity, offset, f64::from(error.abs())]
    }

    fn hear_velocity(&mut self, model: &BeatModel, lane: usize, velocity: u8) {
        let unit = f32::from(velocity) / 127.0;
        self.add(model, Head::ExpressionVelocity, lane, unit);
    }

    /// Adds a lane's row of a matrix, times `value`.
    fn add(&mut self, model: &BeatModel, matrix: Head, lane: usize, value: f32) {
        let row = &head(model, matrix)[lane * HEAD_WIDTH..(lane + 1) * HEAD_WIDTH];
        let hidden = self.hidden.iter_mut().zip(row);
        hidden.for_each(|(h, w)| *h += value * w);
    }

    /// The mixture of a lane's velocity or micro-timing.
    fn mix(&self, model: &BeatModel, out: Head, lane: usize) -> Mix {
        let bias = match out {
            Head::VelocityOut => Head::VelocityBias,
            _ => Head::OffsetBias,
        };
        let mut mix = [0.0; MIX];
        mix.copy_from_slice(&head(model, bias)[lane * MIX..(lane + 1) * MIX]);
        let weights = head(model, out);
        for (i, &h) in self.hidden.iter().enumerate() {
            if h > 0.0 {
                let row = &weights[(i * LANES + lane) * MIX..][..MIX];
                mix.iter_mut().zip(row).for_each(|(m, w)| *m += h * w);
            }
        }
        mix
    }
}
