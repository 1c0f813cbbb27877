//! The gradient's norm, and one pass that clips, takes AdamW's step (Loshchilov and Hutter 2017) and follows with the
//! average.

use super::super::learner::{AVERAGE, BETA1, BETA2, CLIP, WEIGHT_DECAY};
use super::super::lstm::kernel::{Engine, Loop, Rows};
use super::sized;
use super::sums::sum;

/// Numbers a part of the work takes.
const EACH: usize = 1 << 14;
/// Squares added up in single precision before they go into a double.
const CHUNK: usize = 1 << 12;

/// The norm of `gradient`; `squares` is scratch. Added up in the same order by any number of threads.
pub fn norm(engine: &Engine, gradient: &[f32], squares: &mut Vec<f64>) -> f32 {
    let parts = gradient.len().div_ceil(EACH);
    let squares = sized(squares, parts);
    engine.share(parts, Rows::new(squares, 1), |i, total| {
        let end = gradient.len().min((i + 1) * EACH);
        total[0] = engine.run(Squares(&gradient[i * EACH..end]));
    });
    squares.iter().sum::<f64>().sqrt() as f32
}

struct Squares<'a>(&'a [f32]);

impl Loop for Squares<'_> {
    type Out = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        let mut total = 0.0;
        for chunk in self.0.chunks(CHUNK) {
            total += f64::from(sum(chunk, |v| v * v));
        }
        total
    }
}

/// All numbers of a learner, in one layout.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    /// The weights being trained.
    pub params: Vec<f32>,
    /// Averaged weights.
    pub average: Vec<f32>,
    /// AdamW's first moments.
    pub first: Vec<f32>,
    /// AdamW's second moments.
    pub second: Vec<f32>,
}

impl Numbers {
    /// One step, update number `update` from 1; the first `decaying` numbers decay.
    pub fn step(
        &mut self,
        engine: &Engine,
        gradient: &[f32],
        decaying: usize,
        (grad_norm, learning_rate, update): (f32, f64, u64),
    ) {
        let n = update as i32;
        let rates = Rates {
            clip: (CLIP / grad_norm.max(1e-12)).min(1.0),
            unbias1: 1.0 / (1.0 - BETA1.powi(n)),
            unbias2: 1.0 / (1.0 - BETA2.powi(n)),
            learning_rate: learning_rate as f32,
            // A young average follows closely: no trace of the starting weights stays in it.
            keep: AVERAGE.min(n as f32 / (n as f32 + 9.0)),
        };
        let shrink = (1.0 - learning_rate * WEIGHT_DECAY) as f32;
        engine.share(
            gradient.len().div_ceil(EACH),
            (
                Rows::new(&mut self.params, EACH),
                Rows::new(&mut self.average, EACH),
                Rows::new(&mut self.first, EACH),
                Rows::new(&mut self.second, EACH),
            ),
            |i, (params, average, first, second)| {
                let at = i * EACH;
                let here = decaying.saturating_sub(at).min(params.len());
                let (p, q) = params.split_at_mut(here);
                let (a, b) = average.split_at_mut(here);
                let (f, g) = first.split_at_mut(here);
                let (s, t) = second.split_at_mut(here);
                let (d, e) = gradient[at..at + p.len() + q.len()].split_at(here);
                engine.run(Step(d, p, a, f, s, rates, shrink));
                engine.run(Step(e, q, b, g, t, rates, 1.0));
            },
        );
    }
}

#[derive(Clone, Copy)]
struct Rates {
    clip: f32,
    unbias1: f32,
    unbias2: f32,
    learning_rate: f32,
    keep: f32,
}

/// Gradient, weights, average, moments; and what the weights shrink by first.
struct Step<'a>(
    &'a [f32],
    &'a mut [f32],
    &'a mut [f32],
    &'a mut [f32],
    &'a mut [f32],
    Rates,
    f32,
);

impl Loop for Step<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Self(gradient, params, average, first, second, rates, shrink) = self;
        for ((((g, p), a), m), v) in gradient
            .iter()
            .zip(params)
            .zip(average)
            .zip(first)
            .zip(second)
        {
            let g = g * rates.clip;
            *m = *m * BETA1 + g * (1.0 - BETA1);
            *v = *v * BETA2 + g * g * (1.0 - BETA2);
            let direction = *m * rates.unbias1 / ((*v * rates.unbias2).sqrt() + 1e-8);
            *p = *p * shrink - direction * rates.learning_rate;
            *a = *a * rates.keep + *p * (1.0 - rates.keep);
        }
    }
}
