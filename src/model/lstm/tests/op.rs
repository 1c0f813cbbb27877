//! Promise: the layer as a node of burn's graph has the outputs and gradients that burn's own
//! autodiff finds for the same layer written out, on every processor backend.

use super::off;
use crate::base::rng::{Purpose, Stream};
use crate::model::lstm::backend::{LstmBackend, Operands};
use crate::model::lstm::op;
use burn::backend::Autodiff;
use burn::backend::flex::Flex;
use burn::tensor::activation::sigmoid;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

/// A random case: its sizes and the numbers of everything in it.
struct Case {
    steps: usize,
    batch: usize,
    inputs: usize,
    units: usize,
    /// x, input, recurrent, bias, hidden, cell, then the pulls on outputs, last hidden and last cell.
    numbers: [Vec<f32>; 9],
    keep: Option<Vec<f32>>,
}

impl Case {
    fn draw(index: u64) -> Self {
        let mut draws = Stream::new(11, index, Purpose::Test);
        let mut size = |most: usize| 1 + draws.below(most);
        let (steps, batch, inputs, units) = (size(9), size(9), size(40), size(40));
        let gates = 4 * units;
        let sizes = [
            steps * batch * inputs,
            inputs * gates,
            units * gates,
            gates,
            batch * units,
            batch * units,
            steps * batch * units,
            batch * units,
            batch * units,
        ];
        let numbers = sizes.map(|n| (0..n).map(|_| draws.normal() * 0.5).collect());
        let keep = index.is_multiple_of(2).then(|| {
            (0..steps * batch)
                .map(|_| f32::from(u8::from(draws.below(4) > 0)))
                .collect()
        });
        Self {
            steps,
            batch,
            inputs,
            units,
            numbers,
            keep,
        }
    }

    /// Outputs, last states and the gradients of the six operands, by `layer`.
    fn run<B: Backend>(
        &self,
        device: &B::Device,
        layer: impl Fn(Operands<Autodiff<B>>) -> op::Layer<B>,
    ) -> Vec<Vec<f32>> {
        let gates = 4 * self.units;
        let matrix = |i: usize, columns: usize| -> Tensor<Autodiff<B>, 2> {
            let rows = self.numbers[i].len() / columns;
            Tensor::from_data(
                TensorData::new(self.numbers[i].clone(), [rows, columns]),
                device,
            )
        };
        let cube = |i: usize, columns: usize| -> Tensor<Autodiff<B>, 3> {
            let shape = [self.steps, self.batch, columns];
            Tensor::from_data(TensorData::new(self.numbers[i].clone(), shape), device)
        };
        let keep = self.keep.as_ref().map(|keep| {
            let data = TensorData::new(keep.clone(), [self.steps, self.batch]);
            Tensor::from_data(data, device)
        });
        let operands = Operands {
            x: cube(0, self.inputs).require_grad(),
            input: matrix(1, gates).require_grad(),
            recurrent: matrix(2, gates).require_grad(),
            bias: matrix(3, gates).require_grad(),
            hidden: matrix(4, self.units).require_grad(),
            cell: matrix(5, self.units).require_grad(),
            keep,
        };
        let out = layer(operands.clone());
        let total = (out.outputs.clone() * cube(6, self.units)).sum()
            + (out.hidden.clone() * matrix(7, self.units)).sum()
            + (out.cell.clone() * matrix(8, self.units)).sum();
        let grads = total.backward();
        let gradient = |t: &Tensor<Autodiff<B>, 2>| flat(t.grad(&grads).unwrap());
        vec![
            flat(out.outputs.inner()),
            flat(out.hidden.inner()),
            flat(out.cell.inner()),
            flat(operands.x.grad(&grads).unwrap()),
            gradient(&operands.input),
            gradient(&operands.recurrent),
            gradient(&operands.bias),
            gradient(&operands.hidden),
            gradient(&operands.cell),
        ]
    }
}

const NAMES: [&str; 9] = [
    "outputs",
    "last hidden",
    "last cell",
    "gradient of the inputs",
    "gradient of the input weights",
    "gradient of the recurrent weights",
    "gradient of the bias",
    "gradient of the first hidden",
    "gradient of the first cell",
];

/// The layer written out in operations that burn differentiates itself.
fn written_out<B: Backend>(operands: Operands<Autodiff<B>>) -> op::Layer<B> {
    let [steps, batch, inputs, units] = operands.dims();
    let (mut hidden, mut cell) = (operands.hidden, operands.cell);
    let mut outputs = Vec::new();
    for t in 0..steps {
        if let Some(keep) = &operands.keep {
            let keep = keep.clone().slice([t..t + 1, 0..batch]).reshape([batch, 1]);
            hidden = hidden * keep.clone();
            cell = cell * keep;
        }
        let x = operands
            .x
            .clone()
            .slice([t..t + 1, 0..batch, 0..inputs])
            .reshape([batch, inputs]);
        let z = x.matmul(operands.input.clone())
            + hidden.matmul(operands.recurrent.clone())
            + operands.bias.clone();
        let gate = |k: usize| z.clone().slice([0..batch, k * units..(k + 1) * units]);
        cell = sigmoid(gate(1)) * cell + sigmoid(gate(0)) * gate(2).tanh();
        hidden = sigmoid(gate(3)) * cell.clone().tanh();
        outputs.push(hidden.clone());
    }
    op::Layer {
        outputs: Tensor::stack(outputs, 0),
        hidden,
        cell,
    }
}

fn flat<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().to_vec().unwrap()
}

fn agrees<B: LstmBackend>(device: &B::Device) {
    let workspace = B::Workspace::default();
    for index in 0..50 {
        let case = Case::draw(index);
        let ours = case.run::<B>(device, |operands| op::run(&workspace, operands));
        let theirs = case.run::<B>(device, written_out);
        for ((name, a), b) in NAMES.iter().zip(&ours).zip(&theirs) {
            let off = off(a, b);
            assert!(off < 1e-5, "case {index}: {name} off by {off}");
        }
    }
}

#[test]
fn the_node_has_the_gradients_of_burns_autodiff() {
    agrees::<Flex>(&burn::backend::flex::FlexDevice);
}

#[cfg(feature = "ndarray")]
#[test]
fn the_node_has_the_gradients_of_burns_autodiff_on_ndarray_too() {
    agrees::<burn::backend::NdArray>(&burn::backend::ndarray::NdArrayDevice::Cpu);
}

/// The version on tensor operations, behind the same node.
mod on_tensor_operations {
    use crate::model::lstm::backend::Wanted;
    use crate::model::lstm::general;

    use super::*;

    #[test]
    fn general_forward_and_backward_agree_with_the_kernels() {
        let device = burn::backend::flex::FlexDevice;
        let workspace = <Flex as LstmBackend>::Workspace::default();
        for index in 0..12 {
            let case = Case::draw(100 + index);
            let of = |i: usize, columns: usize| -> Tensor<Flex, 2> {
                let rows = case.numbers[i].len() / columns;
                let data = TensorData::new(case.numbers[i].clone(), [rows, columns]);
                Tensor::from_data(data, &device)
            };
            let [steps, batch] = [case.steps, case.batch];
            let operands = Operands {
                x: of(0, case.inputs).reshape([steps, batch, case.inputs]),
                input: of(1, 4 * case.units),
                recurrent: of(2, 4 * case.units),
                bias: of(3, 4 * case.units),
                hidden: of(4, case.units),
                cell: of(5, case.units),
                keep: case
                    .keep
                    .clone()
                    .map(|keep| Tensor::from_data(TensorData::new(keep, [steps, batch]), &device)),
            };
            let pull = Tensor::cat(vec![of(6, case.units), of(8, case.units)], 0).reshape([
                steps + 1,
                batch,
                case.units,
            ]);
            let wanted = Wanted {
                x: true,
                weights: true,
            };
            let (a, tape) = Flex::forward(&workspace, &operands, true);
            let ours = Flex::backward(
                &workspace,
                operands.clone(),
                tape.unwrap(),
                pull.clone(),
                wanted,
            );
            let (b, tape) = general::forward(&operands);
            let theirs = general::backward(operands, tape, pull, wanted);
            let close = |a: Vec<f32>, b: Vec<f32>| assert!(off(&a, &b) < 1e-5, "case {index}");
            close(flat(a), flat(b));
            close(flat(ours.x.unwrap()), flat(theirs.x.unwrap()));
            close(flat(ours.hidden), flat(theirs.hidden));
            close(flat(ours.cell), flat(theirs.cell));
            for (a, b) in ours
                .weights
                .unwrap()
                .into_iter()
                .zip(theirs.weights.unwrap())
            {
                close(flat(a), flat(b));
            }
        }
    }
}
