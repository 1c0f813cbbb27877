//! An LSTM layer over a whole sequence, on plain slices: forward, and backward through time. Four products of all
//! steps at once and the recurrence between them, all in [`super::kernel`]; this file says in which order. No
//! knowledge of tensors or graphs, and no `unsafe`.

pub use super::shape::{Gradients, Shape, Weights};

use super::kernel::multiply::{Left, Target, multiply};
use super::kernel::panels::Order;
use super::kernel::recurrent::{self, Extent, Tape};
use super::kernel::sparse::{self, Sparse};
use super::kernel::{Engine, Packed, Then, View};

/// One layer: packed weights, tape and scratch. Every buffer is reused from call to call.
#[derive(Clone, Default)]
pub struct Layer {
    inputs: usize,
    units: usize,
    bias: Vec<f32>,
    input: Packed,
    recurrent: Packed,
    /// Transposed, for the way back.
    input_back: Packed,
    recurrent_back: Packed,
    /// Inputs, or gates that came in, or their gradients, in panels.
    x: Packed,
    tape: Tape,
    keep: Vec<f32>,
    /// The shape on the tape, if there is one.
    taped: Option<Shape>,
}

impl std::fmt::Debug for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Layer({} -> {}, taped {:?})",
            self.inputs, self.units, self.taped
        )
    }
}

impl Layer {
    /// A layer without weights.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Packs the weights; to be called when they have changed.
    ///
    /// # Panics
    /// If the weights do not have these sizes.
    pub fn load(&mut self, engine: &Engine, weights: Weights<'_>, inputs: usize, units: usize) {
        assert_eq!(weights.input.len(), inputs * 4 * units, "input weights");
        assert_eq!(weights.bias.len(), 4 * units, "biases");
        (self.inputs, self.bias) = (inputs, std::mem::take(&mut self.bias));
        self.bias.clear();
        self.bias.extend_from_slice(weights.bias);
        let input = View::new(weights.input, inputs, 4 * units);
        let gates = Order::Gates(units);
        self.input.pack_ordered(engine, input, gates, Order::Plain);
        self.input_back
            .pack_ordered(engine, input.transposed(), Order::Plain, gates);
        self.load_recurrent(engine, weights.recurrent, units);
        self.inputs = inputs;
    }

    /// Packs the recurrent weights only, for [`Layer::forward_gates`].
    ///
    /// # Panics
    /// If the weights do not have this size.
    pub fn load_recurrent(&mut self, engine: &Engine, recurrent: &[f32], units: usize) {
        assert_eq!(recurrent.len(), units * 4 * units, "recurrent weights");
        let view = View::new(recurrent, units, 4 * units);
        let gates = Order::Gates(units);
        self.recurrent
            .pack_ordered(engine, view, gates, Order::Plain);
        self.recurrent_back
            .pack_ordered(engine, view.transposed(), Order::Plain, gates);
        self.units = units;
        self.taped = None;
    }

    /// Runs the sequence.
    ///
    /// - `x`: `[slots, inputs]`;
    /// - `keep`: `[slots]`, 1, or 0 where the state is forgotten before the slot; empty: all kept;
    /// - `hidden`, `cell`: `[batch, units]`, states before the first step in, after the last out;
    /// - `outputs`: `[slots, units]`, hidden values of every slot;
    /// - `tape`: whether [`Layer::backward`] will follow.
    ///
    /// # Panics
    /// If the shapes do not fit each other or the weights.
    #[allow(clippy::too_many_arguments)]
    pub fn forward(
        &mut self,
        engine: &Engine,
        shape: Shape,
        x: &[f32],
        keep: &[f32],
        hidden: &mut [f32],
        cell: &mut [f32],
        outputs: &mut [f32],
        tape: bool,
    ) {
        assert_eq!(
            (shape.inputs, shape.units),
            (self.inputs, self.units),
            "the weights' sizes"
        );
        assert_eq!(
            x.len(),
            shape.slots() * shape.inputs,
            "an input for each slot"
        );
        let extent = self.begin(engine, shape, keep, tape);
        self.x
            .pack(engine, View::new(x, shape.slots(), shape.inputs));
        multiply(
            engine,
            Left::Along(&self.x),
            &self.input,
            Target::Panels(&mut self.tape.gates),
            Then::SetWithBias(&self.bias),
            None,
        );
        let states = [hidden, cell];
        recurrent::forward(
            engine,
            extent,
            &mut self.tape,
            &self.recurrent,
            keep,
            states,
            outputs,
        );
    }

    /// The same where the inputs have been multiplied already: `gates` is `[slots, 4 units]`, biases included;
    /// `shape.inputs` is not looked at.
    ///
    /// # Panics
    /// If the shapes do not fit each other or the weights.
    #[allow(clippy::too_many_arguments)]
    pub fn forward_gates(
        &mut self,
        engine: &Engine,
        shape: Shape,
        gates: &[f32],
        keep: &[f32],
        hidden: &mut [f32],
        cell: &mut [f32],
        outputs: &mut [f32],
        tape: bool,
    ) {
        assert_eq!(shape.units, self.units, "the weights' size");
        let extent = self.begin(engine, shape, keep, tape);
        let view = View::new(gates, shape.slots(), 4 * shape.units);
        self.tape
            .gates
            .pack_ordered(engine, view, Order::Gates(shape.units), Order::Plain);
        let states = [hidden, cell];
        recurrent::forward(
            engine,
            extent,
            &mut self.tape,
            &self.recurrent,
            keep,
            states,
            outputs,
        );
    }

    /// The same where most numbers of the inputs are 0.
    ///
    /// # Panics
    /// If the shapes do not fit each other or the weights.
    #[allow(clippy::too_many_arguments)]
    pub fn forward_sparse(
        &mut self,
        engine: &Engine,
        shape: Shape,
        x: &Sparse,
        keep: &[f32],
        hidden: &mut [f32],
        cell: &mut [f32],
        outputs: &mut [f32],
        tape: bool,
    ) {
        assert_eq!(
            (shape.inputs, shape.units),
            (self.inputs, self.units),
            "the weights' sizes"
        );
        assert_eq!(x.rows(), shape.slots(), "an input for each slot");
        let extent = self.begin(engine, shape, keep, tape);
        sparse::multiply(engine, x, &self.input, &self.bias, &mut self.tape.gates);
        let states = [hidden, cell];
        recurrent::forward(
            engine,
            extent,
            &mut self.tape,
            &self.recurrent,
            keep,
            states,
            outputs,
        );
    }

    fn begin(&mut self, engine: &Engine, shape: Shape, keep: &[f32], tape: bool) -> Extent {
        self.keep.clear();
        self.keep.extend_from_slice(keep);
        self.taped = tape.then_some(shape);
        let Shape {
            steps,
            batch,
            units,
            ..
        } = shape;
        let extent = Extent {
            steps,
            batch,
            units,
        };
        self.tape.shape(engine, extent);
        extent
    }

    /// Goes back through the sequence that [`Layer::forward`] put on the tape, and uses the tape up.
    ///
    /// - `x`: the same inputs;
    /// - `d_outputs`: `[slots, units]`, gradient of the outputs;
    /// - `d_hidden`, `d_cell`: `[batch, units]`, gradients of the states after the last step in (zeros where
    ///   the sequence is truncated), of the states carried in out;
    /// - `d_x`: `[slots, inputs]`, takes the gradient of the inputs;
    /// - `d_weights`: take the gradients of the weights.
    ///
    /// # Panics
    /// If there is no tape or the shapes do not fit it.
    #[allow(clippy::too_many_arguments)]
    pub fn backward(
        &mut self,
        engine: &Engine,
        x: &[f32],
        d_outputs: &[f32],
        d_hidden: &mut [f32],
        d_cell: &mut [f32],
        d_x: Option<&mut [f32]>,
        d_weights: Gradients<'_>,
    ) {
        let shape = self.back(engine, d_outputs, d_hidden, d_cell);
        assert_eq!(
            x.len(),
            shape.slots() * shape.inputs,
            "an input for each slot"
        );
        assert_eq!(
            (self.x.rows(), self.x.columns()),
            (shape.slots(), shape.inputs),
            "inputs, not gates"
        );
        let gates = &self.tape.gates;
        if let Some(d_x) = d_x {
            let to = Target::Rows(d_x);
            multiply(
                engine,
                Left::Along(gates),
                &self.input_back,
                to,
                Then::Set,
                None,
            );
        }
        self.x
            .pack(engine, View::new(x, shape.slots(), shape.inputs));
        let to = Target::Rows(d_weights.input);
        multiply(engine, Left::Across(&self.x), gates, to, Then::Set, None);
        self.recurrent_gradient(engine, d_weights.recurrent, Some(d_weights.bias));
    }

    /// The same for [`Layer::forward_gates`]: `d_gates`, `[slots, 4 units]`, takes the gradient of the gates.
    ///
    /// # Panics
    /// If there is no tape or the shapes do not fit it.
    pub fn backward_gates(
        &mut self,
        engine: &Engine,
        d_outputs: &[f32],
        d_hidden: &mut [f32],
        d_cell: &mut [f32],
        d_gates: &mut [f32],
        d_recurrent: &mut [f32],
    ) {
        self.back(engine, d_outputs, d_hidden, d_cell);
        self.tape.gates.unpack(engine, d_gates);
        self.recurrent_gradient(engine, d_recurrent, None);
    }

    /// The same for [`Layer::forward_sparse`]; the inputs' gradient is not to be had.
    ///
    /// # Panics
    /// If there is no tape or the shapes do not fit it.
    pub fn backward_sparse(
        &mut self,
        engine: &Engine,
        x: &Sparse,
        d_outputs: &[f32],
        d_hidden: &mut [f32],
        d_cell: &mut [f32],
        d_weights: Gradients<'_>,
    ) {
        self.back(engine, d_outputs, d_hidden, d_cell);
        sparse::multiply_across(engine, x, &self.tape.gates, d_weights.input, &mut self.x);
        self.recurrent_gradient(engine, d_weights.recurrent, Some(d_weights.bias));
    }

    /// The recurrence backward.
    fn back(
        &mut self,
        engine: &Engine,
        d_outputs: &[f32],
        d_hidden: &mut [f32],
        d_cell: &mut [f32],
    ) -> Shape {
        let taped = self.taped.take();
        assert!(taped.is_some(), "a tape from a pass forward");
        let shape = taped.unwrap_or(Shape {
            steps: 0,
            batch: 0,
            inputs: 0,
            units: 0,
        });
        let Shape {
            steps,
            batch,
            units,
            ..
        } = shape;
        let extent = Extent {
            steps,
            batch,
            units,
        };
        let (tape, weights, keep) = (&mut self.tape, &self.recurrent_back, &self.keep);
        recurrent::backward(
            engine,
            extent,
            tape,
            weights,
            keep,
            [d_hidden, d_cell],
            d_outputs,
        );
        shape
    }

    fn recurrent_gradient(&self, engine: &Engine, d: &mut [f32], bias: Option<&mut [f32]>) {
        let tape = &self.tape;
        let to = Target::Rows(d);
        multiply(
            engine,
            Left::Across(&tape.hidden),
            &tape.gates,
            to,
            Then::Set,
            bias,
        );
    }
}
