//! Promise: the kernels have the outputs and gradients of the layer written out in f64, whatever its sizes
//! and however it is laid out. Runs on any Vulkan device, a software one included.

mod written_out;

use super::plan::{Limits, Plan, choose};
use super::{Product, Route, Settings};
use crate::model::lstm::backend::{LstmBackend, Operands, Wanted};
use burn::backend::Wgpu;
use burn::backend::wgpu::{WgpuDevice, WgpuRuntime};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use burn_cubecl::cubecl::Runtime;
use written_out::{Case, off};

type Gpu = Wgpu<f32, i32>;

const NAMES: [&str; 7] = [
    "states",
    "gradient of the inputs",
    "gradient of the input weights",
    "gradient of the recurrent weights",
    "gradient of the bias",
    "gradient of the first hidden",
    "gradient of the first cell",
];

fn flat<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().to_vec().unwrap()
}

/// States and gradients by a backend's own layer.
fn run<B: LstmBackend>(case: &Case, device: &B::Device, workspace: &B::Workspace) -> Vec<Vec<f32>> {
    let gates = 4 * case.units;
    let matrix = |values: &[f32], columns: usize| -> Tensor<B, 2> {
        let rows = values.len() / columns;
        Tensor::from_data(TensorData::new(values.to_vec(), [rows, columns]), device)
    };
    let operands = Operands {
        x: matrix(&case.x, case.inputs).reshape([case.steps, case.batch, case.inputs]),
        input: matrix(&case.input, gates),
        recurrent: matrix(&case.recurrent, gates),
        bias: matrix(&case.bias, gates),
        hidden: matrix(&case.hidden, case.units),
        cell: matrix(&case.cell, case.units),
        keep: case.keep.as_ref().map(|keep| matrix(keep, case.batch)),
    };
    let (states, tape) = B::forward(workspace, &operands, true);
    let pull = matrix(&case.pull, case.units).reshape([case.steps + 1, case.batch, case.units]);
    let wanted = Wanted {
        x: true,
        weights: true,
    };
    let found = B::backward(workspace, operands, tape.unwrap(), pull, wanted);
    let [input, recurrent, bias] = found.weights.unwrap();
    vec![
        flat(states),
        flat(found.x.unwrap()),
        flat(input),
        flat(recurrent),
        flat(bias),
        flat(found.hidden),
        flat(found.cell),
    ]
}

fn check(case: &Case, settings: Settings, what: &str) {
    let found = run::<Gpu>(case, &WgpuDevice::default(), &settings);
    let truth = case.run();
    for ((name, found), truth) in NAMES.iter().zip(&found).zip(&truth) {
        let off = off(found, truth);
        assert!(off < 1e-5, "{what}: {name} off by {off:e}, {case}");
    }
}

fn settings(route: Route) -> Settings {
    Settings {
        product: Product::Exact,
        route,
        ..Settings::default()
    }
}

#[test]
fn stepwise_kernels_agree_with_the_layer_in_f64() {
    for index in 0..20 {
        check(
            &Case::draw(index, 40),
            settings(Route::StepWise),
            "step by step",
        );
    }
}

/// Layouts for a layer on this device, with so many weights in registers and in shared memory.
fn layouts(case: &Case, team: usize, groups: usize, weights: [usize; 2]) -> Option<[Plan; 2]> {
    let client = WgpuRuntime::client(&WgpuDevice::default());
    let limits = Limits::of(&client.properties().hardware, false, 16);
    let plan = |forward| Plan::laid_out(case.units, team, groups, weights, &limits, forward);
    Some([plan(true)?, plan(false)?])
}

#[test]
fn sequence_kernels_agree_with_the_layer_in_f64() {
    let mut seen = 0;
    for index in 0..50 {
        let case = Case::draw(100 + index, 140);
        let pick = |of: &[usize], by: u64| of[(index / by) as usize % of.len()];
        let groups = pick(&[1, 2], 1);
        let weights = [pick(&[0, 8, 16], 2), pick(&[0, 8], 6)];
        let Some(plans) = layouts(&case, 1, groups, weights) else {
            continue;
        };
        seen += 1;
        check(&case, settings(Route::Sequence(plans)), "all steps at once");
    }
    // A software device has 32 KB of shared memory: 30 fit there.
    assert!(seen > 25, "only {seen} layouts fit this device");
}

#[test]
fn what_the_estimate_chooses_agrees_with_the_layer_in_f64() {
    for index in 0..10 {
        check(
            &Case::draw(200 + index, 200),
            settings(Route::Estimated),
            "as estimated",
        );
    }
    let client = WgpuRuntime::client(&WgpuDevice::default());
    let limits = Limits::of(&client.properties().hardware, false, 16);
    assert!(
        choose(64, 8, &limits).is_some(),
        "a small layer is one launch"
    );
}
