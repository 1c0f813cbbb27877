//! The LSTM layer in the plainest form, in f64: what the kernels are measured against. For tests only.

/// A layer and what goes in, all in f64 and in the layouts of [`super::sequence`].
#[derive(Clone, Debug)]
pub struct Case {
    /// Steps, rows, inputs, units.
    pub shape: [usize; 4],
    /// `[inputs, 4 units]`
    pub input: Vec<f64>,
    /// `[units, 4 units]`
    pub recurrent: Vec<f64>,
    /// `[4 units]`
    pub bias: Vec<f64>,
    /// `[slots, inputs]`
    pub x: Vec<f64>,
    /// `[slots]`
    pub keep: Vec<f64>,
    /// `[batch, units]`
    pub hidden: Vec<f64>,
    /// `[batch, units]`
    pub cell: Vec<f64>,
    /// Gradient of the outputs, `[slots, units]`
    pub d_outputs: Vec<f64>,
    /// Gradient of the last hidden values, `[batch, units]`
    pub d_hidden: Vec<f64>,
    /// Gradient of the last cell values, `[batch, units]`
    pub d_cell: Vec<f64>,
}

/// What comes out.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Hidden values of every slot.
    pub outputs: Vec<f64>,
    /// Last states.
    pub hidden: Vec<f64>,
    /// Last states.
    pub cell: Vec<f64>,
    /// Gradients of x, input, recurrent, bias, hidden, cell.
    pub gradients: [Vec<f64>; 6],
    /// Gradient of the gates before their non-linearities.
    pub d_gates: Vec<f64>,
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Case {
    /// Forward and backward, one number at a time.
    pub fn answer(&self) -> Answer {
        let [steps, batch, inputs, units] = self.shape;
        let slots = steps * batch;
        let mut h = self.hidden.clone();
        let mut c = self.cell.clone();
        let mut out = Answer::default();
        let mut gates = vec![0.0; slots * 4 * units];
        let (mut h_before, mut c_before, mut c_after) = (
            vec![0.0; slots * units],
            vec![0.0; slots * units],
            vec![0.0; slots * units],
        );
        for step in 0..steps {
            for row in 0..batch {
                let slot = step * batch + row;
                let keep = self.keep[slot];
                for u in 0..units {
                    h_before[slot * units + u] = keep * h[row * units + u];
                    c_before[slot * units + u] = keep * c[row * units + u];
                }
                for j in 0..4 * units {
                    let mut z = self.bias[j];
                    for k in 0..inputs {
                        z += self.x[slot * inputs + k] * self.input[k * 4 * units + j];
                    }
                    for k in 0..units {
                        z += h_before[slot * units + k] * self.recurrent[k * 4 * units + j];
                    }
                    let gate = if j / units == 2 { z.tanh() } else { sigmoid(z) };
                    gates[slot * 4 * units + j] = gate;
                }
                for u in 0..units {
                    let g = |n: usize| gates[slot * 4 * units + n * units + u];
                    let cell = g(1) * c_before[slot * units + u] + g(0) * g(2);
                    c_after[slot * units + u] = cell;
                    c[row * units + u] = cell;
                    h[row * units + u] = g(3) * cell.tanh();
                }
            }
            out.outputs.extend_from_slice(&h);
        }
        out.hidden = h;
        out.cell = c;

        let mut d_x = vec![0.0; slots * inputs];
        let mut d_input = vec![0.0; inputs * 4 * units];
        let mut d_recurrent = vec![0.0; units * 4 * units];
        let mut d_bias = vec![0.0; 4 * units];
        let mut d_h = self.d_hidden.clone();
        let mut d_c = self.d_cell.clone();
        out.d_gates = vec![0.0; slots * 4 * units];
        for step in (0..steps).rev() {
            for row in 0..batch {
                let slot = step * batch + row;
                let mut dz = vec![0.0; 4 * units];
                for u in 0..units {
                    let (at, here) = (slot * units + u, row * units + u);
                    let g = |n: usize| gates[slot * 4 * units + n * units + u];
                    let [i, f, gg, o] = [g(0), g(1), g(2), g(3)];
                    let t = c_after[at].tanh();
                    let dh = d_h[here] + self.d_outputs[at];
                    let dc = d_c[here] + dh * o * (1.0 - t * t);
                    dz[u] = dc * gg * i * (1.0 - i);
                    dz[units + u] = dc * c_before[at] * f * (1.0 - f);
                    dz[2 * units + u] = dc * i * (1.0 - gg * gg);
                    dz[3 * units + u] = dh * t * o * (1.0 - o);
                    d_c[here] = dc * f * self.keep[slot];
                }
                for (j, dz) in dz.iter().enumerate() {
                    d_bias[j] += dz;
                    for k in 0..inputs {
                        d_input[k * 4 * units + j] += self.x[slot * inputs + k] * dz;
                        d_x[slot * inputs + k] += self.input[k * 4 * units + j] * dz;
                    }
                    for k in 0..units {
                        d_recurrent[k * 4 * units + j] += h_before[slot * units + k] * dz;
                    }
                }
                for k in 0..units {
                    let back: f64 = (0..4 * units)
                        .map(|j| dz[j] * self.recurrent[k * 4 * units + j])
                        .sum();
                    d_h[row * units + k] = back * self.keep[slot];
                }
                out.d_gates[slot * 4 * units..][..4 * units].copy_from_slice(&dz);
            }
        }
        out.gradients = [d_x, d_input, d_recurrent, d_bias, d_h, d_c];
        out
    }

    /// The number whose gradients those are.
    pub fn loss(&self) -> f64 {
        let out = self.answer();
        let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        dot(&out.outputs, &self.d_outputs)
            + dot(&out.hidden, &self.d_hidden)
            + dot(&out.cell, &self.d_cell)
    }
}
