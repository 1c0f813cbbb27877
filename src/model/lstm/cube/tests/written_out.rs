//! A random layer and what it gives, step by step in f64: the same formulas as plainly as they can be written.

use crate::base::rng::{Purpose, Stream};
use std::fmt;

/// How far `a` is from `b`: the norm of the difference over the norm of `b`.
pub fn off(a: &[f32], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let difference: f64 = a
        .iter()
        .zip(b)
        .map(|(x, y)| (f64::from(*x) - y).powi(2))
        .sum();
    let norm: f64 = b.iter().map(|y| y * y).sum();
    difference.sqrt() / norm.sqrt().max(1e-30)
}

/// A layer, what goes into it and what pulls at its states; shapes as in
/// [`crate::model::lstm::backend`].
pub struct Case {
    pub steps: usize,
    pub batch: usize,
    pub inputs: usize,
    pub units: usize,
    pub x: Vec<f32>,
    pub input: Vec<f32>,
    pub recurrent: Vec<f32>,
    pub bias: Vec<f32>,
    pub hidden: Vec<f32>,
    pub cell: Vec<f32>,
    pub pull: Vec<f32>,
    pub keep: Option<Vec<f32>>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            steps,
            batch,
            inputs,
            units,
            keep,
            ..
        } = self;
        write!(
            f,
            "{steps} steps, batch {batch}, {inputs} inputs, {units} units, "
        )?;
        f.write_str(if keep.is_some() {
            "state forgotten at times"
        } else {
            "state kept"
        })
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Case {
    pub fn draw(index: u64, most_units: usize) -> Self {
        let mut draws = Stream::new(17, index, Purpose::Test);
        let mut size = |most: usize| 1 + draws.below(most);
        let (steps, batch, inputs, units) = (size(9), size(11), size(20), size(most_units));
        Self::of([steps, batch, inputs, units], index % 2 == 0, &mut draws)
    }

    pub fn of(sizes: [usize; 4], forgets: bool, draws: &mut Stream) -> Self {
        let [steps, batch, inputs, units] = sizes;
        let mut numbers =
            |n: usize, scale: f32| -> Vec<f32> { (0..n).map(|_| draws.normal() * scale).collect() };
        let (x, input) = (
            numbers(steps * batch * inputs, 1.0),
            numbers(inputs * 4 * units, 0.3),
        );
        let recurrent = numbers(units * 4 * units, 1.0 / (units as f32).sqrt());
        let bias = numbers(4 * units, 0.3);
        let (hidden, cell) = (numbers(batch * units, 0.5), numbers(batch * units, 0.5));
        let pull = numbers((steps + 1) * batch * units, 1.0);
        let keep = forgets.then(|| {
            (0..steps * batch)
                .map(|_| f32::from(u8::from(draws.below(4) > 0)))
                .collect()
        });
        Self {
            steps,
            batch,
            inputs,
            units,
            x,
            input,
            recurrent,
            bias,
            hidden,
            cell,
            pull,
            keep,
        }
    }

    fn keeps(&self, t: usize, row: usize) -> f64 {
        self.keep
            .as_ref()
            .map_or(1.0, |keep| f64::from(keep[t * self.batch + row]))
    }

    /// The states, then the gradients of inputs, input weights, recurrent weights, bias, hidden and cell.
    pub fn run(&self) -> Vec<Vec<f64>> {
        let Self {
            steps,
            batch,
            inputs,
            units,
            ..
        } = *self;
        let width = 4 * units;
        let f = |v: &[f32], i: usize| f64::from(v[i]);
        let wide = |v: &[f32]| -> Vec<f64> { v.iter().map(|x| f64::from(*x)).collect() };
        let mut states = vec![0.0; (steps + 1) * batch * units];
        let mut gates = vec![0.0; steps * batch * width];
        let (mut hiddens, mut cells) = (vec![vec![]; steps], vec![vec![]; steps]);
        let (mut h, mut c) = (wide(&self.hidden), wide(&self.cell));
        for t in 0..steps {
            for row in 0..batch {
                for unit in 0..units {
                    h[row * units + unit] *= self.keeps(t, row);
                    c[row * units + unit] *= self.keeps(t, row);
                }
            }
            (hiddens[t], cells[t]) = (h.clone(), c.clone());
            for row in 0..batch {
                let slot = t * batch + row;
                let z = &mut gates[slot * width..][..width];
                for (j, z) in z.iter_mut().enumerate() {
                    *z = f(&self.bias, j);
                    for i in 0..inputs {
                        *z += f(&self.x, slot * inputs + i) * f(&self.input, i * width + j);
                    }
                    for k in 0..units {
                        *z += hiddens[t][row * units + k] * f(&self.recurrent, k * width + j);
                    }
                    *z = if j / units == 2 {
                        z.tanh()
                    } else {
                        sigmoid(*z)
                    };
                }
                for u in 0..units {
                    let (i, f, g, o) = (z[u], z[units + u], z[2 * units + u], z[3 * units + u]);
                    let at = row * units + u;
                    c[at] = f * c[at] + i * g;
                    h[at] = o * c[at].tanh();
                    states[t * batch * units + at] = h[at];
                }
            }
        }
        states[steps * batch * units..].copy_from_slice(&c);

        let mut d_x = vec![0.0; self.x.len()];
        let mut d_input = vec![0.0; self.input.len()];
        let mut d_recurrent = vec![0.0; self.recurrent.len()];
        let mut d_bias = vec![0.0; width];
        let mut d_hidden = vec![0.0; batch * units];
        let mut d_cell = wide(&self.pull[steps * batch * units..]);
        for t in (0..steps).rev() {
            for row in 0..batch {
                let slot = t * batch + row;
                let z = &gates[slot * width..][..width];
                let mut dz = vec![0.0; width];
                for u in 0..units {
                    let (i, f_, g, o) = (z[u], z[units + u], z[2 * units + u], z[3 * units + u]);
                    let at = row * units + u;
                    let before = cells[t][at];
                    let tanh_cell = (f_ * before + i * g).tanh();
                    let dh = f(&self.pull, t * batch * units + at) + d_hidden[at];
                    let dc = dh * o * (1.0 - tanh_cell * tanh_cell) + d_cell[at];
                    dz[u] = dc * g * i * (1.0 - i);
                    dz[units + u] = dc * before * f_ * (1.0 - f_);
                    dz[2 * units + u] = dc * i * (1.0 - g * g);
                    dz[3 * units + u] = dh * tanh_cell * o * (1.0 - o);
                    d_cell[at] = dc * f_ * self.keeps(t, row);
                }
                for k in 0..units {
                    let mut sum = 0.0;
                    for j in 0..width {
                        sum += dz[j] * f(&self.recurrent, k * width + j);
                        d_recurrent[k * width + j] += hiddens[t][row * units + k] * dz[j];
                    }
                    d_hidden[row * units + k] = sum * self.keeps(t, row);
                }
                for i in 0..inputs {
                    for j in 0..width {
                        d_x[slot * inputs + i] += dz[j] * f(&self.input, i * width + j);
                        d_input[i * width + j] += f(&self.x, slot * inputs + i) * dz[j];
                    }
                }
                for j in 0..width {
                    d_bias[j] += dz[j];
                }
            }
        }
        vec![states, d_x, d_input, d_recurrent, d_bias, d_hidden, d_cell]
    }
}
