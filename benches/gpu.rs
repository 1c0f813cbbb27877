//! The LSTM on an NVIDIA GPU: is it right, how fast is it, and how fast is cuDNN on the same card.
//!
//! `benches/gpu.sh` starts it; by hand: `cargo bench --bench gpu --no-run`, then the binary with
//!
//! - `--peer PYTHON SCRIPT`: a Python with PyTorch and `benches/peers/torch_lstm.py`, asked in turns with ours;
//! - `--runs N`: how often each measurement is taken (30), `--batch 32,64,..`: which batches.
//!
//! First a table of how far the kernels are from the processor's, tensor by tensor. Then a training step (forward
//! and backward of a stack, gradients of the weights) by tensor operations, by a launch for each step and by a
//! launch for all steps, beside cuDNN with and without TF32. The floor is the longer of arithmetic at the card's peak and of
//! every tensor read or written once; utilisation is floor over time.

use beatgen_tui::model::device::probe_cuda;
use beatgen_tui::model::lstm::backend::{LstmBackend, OperandGradients, Operands, Wanted};
use beatgen_tui::model::lstm::cube::{Product, Route, Settings, Weights};
use beatgen_tui::model::lstm::{general, op};
use burn::backend::flex::{Flex, FlexDevice};
use burn::backend::{Autodiff, Cuda};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Layers and inputs of the training step that is timed.
const LAYERS: usize = 3;
const INPUTS: usize = 128;
const STEPS: usize = 64;

/// The H100 SXM's data sheet: f32 outside the tensor cores, TF32 in them (dense), memory.
const F32_TFLOPS: f64 = 67.0;
const TF32_TFLOPS: f64 = 495.0;
const TERABYTES_A_SECOND: f64 = 3.35;

struct Flags {
    peer: Option<(String, String)>,
    runs: usize,
    batches: Vec<usize>,
}

fn main() -> Outcome {
    let mut flags = Flags {
        peer: None,
        runs: 30,
        batches: vec![32, 64, 128, 256, 512],
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} what?"));
        match argument.as_str() {
            "--bench" => {}
            "--peer" => flags.peer = Some((value()?, value()?)),
            "--runs" => flags.runs = value()?.parse::<usize>()?.max(1),
            "--batch" => {
                flags.batches = value()?
                    .split(',')
                    .map(str::parse)
                    .collect::<Result<_, _>>()?;
            }
            other => {
                return Err(format!("{other}: not known; see the head of benches/gpu.rs").into());
            }
        }
    }
    if let Err(why) = probe_cuda().ready() {
        println!("not run on a GPU: {why}");
        return Ok(());
    }
    correctness()?;
    let mut peer = match &flags.peer {
        Some((python, script)) => Some(Peer::start(python, script)?),
        None => None,
    };
    for units in [128, 256, 512] {
        speed(&flags, units, peer.as_mut())?;
    }
    Ok(())
}

/// Sizes and the numbers of a layer.
struct Case {
    sizes: [usize; 4],
    numbers: [Vec<f32>; 7],
    keep: Vec<f32>,
}

impl Case {
    fn new(sizes: [usize; 4]) -> Self {
        let [steps, batch, inputs, units] = sizes;
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        let mut list = |n: usize, scale: f32| (0..n).map(|_| draw() * scale).collect::<Vec<f32>>();
        let scale = 1.7 / (units as f32).sqrt();
        let numbers = [
            list(steps * batch * inputs, 1.0),
            list(inputs * 4 * units, scale),
            list(units * 4 * units, scale),
            list(4 * units, 0.3),
            list(batch * units, 0.5),
            list(batch * units, 0.5),
            list((steps + 1) * batch * units, 1.0),
        ];
        let keep = list(steps * batch, 1.0)
            .iter()
            .map(|x| f32::from(u8::from(*x > -0.9)))
            .collect();
        Self {
            sizes,
            numbers,
            keep,
        }
    }

    fn matrix<B: Backend>(&self, i: usize, columns: usize, device: &B::Device) -> Tensor<B, 2> {
        let values = self.numbers[i].clone();
        let rows = values.len() / columns;
        Tensor::from_data(TensorData::new(values, [rows, columns]), device)
    }

    fn operands<B: Backend>(&self, device: &B::Device) -> Operands<B> {
        let [steps, batch, inputs, units] = self.sizes;
        let keep = TensorData::new(self.keep.clone(), [steps, batch]);
        Operands {
            x: self
                .matrix(0, inputs, device)
                .reshape([steps, batch, inputs]),
            input: self.matrix(1, 4 * units, device),
            recurrent: self.matrix(2, 4 * units, device),
            bias: self.matrix(3, 4 * units, device),
            hidden: self.matrix(4, units, device),
            cell: self.matrix(5, units, device),
            keep: Some(Tensor::from_data(keep, device)),
        }
    }

    fn pull<B: Backend>(&self, device: &B::Device) -> Tensor<B, 3> {
        let [steps, batch, _, units] = self.sizes;
        self.matrix(6, units, device)
            .reshape([steps + 1, batch, units])
    }
}

const WANTED: Wanted = Wanted {
    x: true,
    weights: true,
};
const NAMES: [&str; 7] = [
    "states",
    "dx",
    "dW input",
    "dW recurrent",
    "d bias",
    "d hidden",
    "d cell",
];

fn flat<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Outcome<Vec<f32>> {
    Ok(tensor.into_data().to_vec().map_err(|e| format!("{e:?}"))?)
}

fn all<B: Backend>(states: Tensor<B, 3>, found: OperandGradients<B>) -> Outcome<Vec<Vec<f32>>> {
    let [input, recurrent, bias] = found.weights.ok_or("no gradients of the weights")?;
    let x = found.x.ok_or("no gradient of the inputs")?;
    Ok(vec![
        flat(states)?,
        flat(x)?,
        flat(input)?,
        flat(recurrent)?,
        flat(bias)?,
        flat(found.hidden)?,
        flat(found.cell)?,
    ])
}

fn layer<B: LstmBackend>(
    case: &Case,
    device: &B::Device,
    workspace: &B::Workspace,
) -> Outcome<Vec<Vec<f32>>> {
    let operands = case.operands::<B>(device);
    let (states, tape) = B::forward(workspace, &operands, true);
    let tape = tape.ok_or("no tape")?;
    let found = B::backward(workspace, operands, tape, case.pull(device), WANTED);
    all(states, found)
}

fn by_tensor_operations(
    case: &Case,
    device: &<Cuda as burn::tensor::backend::BackendTypes>::Device,
) -> Outcome<Vec<Vec<f32>>> {
    let operands = case.operands::<Cuda>(device);
    let (states, tape) = general::forward(&operands);
    let found = general::backward(operands, tape, case.pull(device), WANTED);
    all(states, found)
}

fn off(a: &[f32], b: &[f32]) -> f64 {
    let wide = |x: &f32| f64::from(*x);
    let difference: f64 = a
        .iter()
        .zip(b)
        .map(|(x, y)| (wide(x) - wide(y)).powi(2))
        .sum();
    let norm: f64 = b.iter().map(|y| wide(y).powi(2)).sum();
    (difference / norm.max(1e-60)).sqrt()
}

/// How each variant computes; the layout is the estimate's.
fn variants() -> [(&'static str, Settings); 5] {
    let exact = Settings {
        product: Product::Exact,
        ..Settings::default()
    };
    [
        (
            "step by step, f32",
            Settings {
                route: Route::StepWise,
                ..exact
            },
        ),
        ("all steps, f32", exact),
        (
            "all steps, bf16 on chip",
            Settings {
                weights: Weights::Bf16,
                ..exact
            },
        ),
        ("all steps, TF32 products", Settings::default()),
        (
            "all steps, bf16 products",
            Settings {
                product: Product::Half,
                ..exact
            },
        ),
    ]
}

fn correctness() -> Outcome {
    println!("norm of the difference from the processor's layer over its norm");
    print!("{:<34}", "");
    NAMES.iter().for_each(|name| print!(" {name:>12}"));
    println!();
    let device = Default::default();
    for sizes in [
        [7, 5, 20, 33],
        [64, 32, 128, 128],
        [64, 32, 128, 256],
        [32, 130, 64, 512],
        [16, 512, 64, 256],
    ] {
        let case = Case::new(sizes);
        let truth = layer::<Flex>(&case, &FlexDevice, &Default::default())?;
        let [steps, batch, inputs, units] = sizes;
        println!("{steps} steps, batch {batch}, {inputs} inputs, {units} units");
        let line = |name: &str, found: &[Vec<f32>]| {
            print!("  {name:<32}");
            found
                .iter()
                .zip(&truth)
                .for_each(|(a, b)| print!(" {:>12.1e}", off(a, b)));
            println!();
        };
        line(
            "tensor operations (burn: TF32)",
            &by_tensor_operations(&case, &device)?,
        );
        for (name, settings) in variants() {
            line(name, &layer::<Cuda>(&case, &device, &settings)?);
        }
    }
    Ok(())
}

/// A stack of layers and the pull on its outputs.
struct Stack<B: Backend> {
    x: Tensor<B, 3>,
    layers: Vec<[Tensor<B, 2>; 3]>,
    zero: Tensor<B, 2>,
    pull: Tensor<B, 3>,
}

impl<B: LstmBackend> Stack<B> {
    fn new(batch: usize, units: usize, device: &B::Device) -> Self {
        let layer = |inputs: usize| {
            let case = Case::new([1, 1, inputs, units]);
            [1, 2, 3].map(|i| case.matrix::<B>(i, 4 * units, device))
        };
        let case = Case::new([STEPS, batch, INPUTS, units]);
        Self {
            x: case.operands(device).x,
            layers: (0..LAYERS)
                .map(|l| layer(if l == 0 { INPUTS } else { units }))
                .collect(),
            zero: Tensor::zeros([batch, units], device),
            pull: case.pull(device).slice([0..STEPS, 0..batch, 0..units]),
        }
    }

    /// Forward, backward, gradients of all weights.
    fn train(&self, workspace: &B::Workspace) -> usize {
        let mut below = Tensor::<Autodiff<B>, 3>::from_inner(self.x.clone());
        let mut weights = Vec::new();
        for layer in &self.layers {
            let [input, recurrent, bias] = layer
                .clone()
                .map(|w| Tensor::<Autodiff<B>, 2>::from_inner(w).require_grad());
            weights.extend([input.clone(), recurrent.clone(), bias.clone()]);
            let state = Tensor::from_inner(self.zero.clone());
            let operands = Operands {
                x: below,
                input,
                recurrent,
                bias,
                hidden: state.clone(),
                cell: state,
                keep: None,
            };
            below = op::run(workspace, operands).outputs;
        }
        let loss = (below * Tensor::from_inner(self.pull.clone())).sum();
        let grads = loss.backward();
        weights.iter().filter_map(|w| w.grad(&grads)).count()
    }
}

/// Times in milliseconds, each until the device is done.
fn times(runs: usize, once: &dyn Fn(), wait: &dyn Fn()) -> Vec<f64> {
    for _ in 0..3 {
        once();
    }
    wait();
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let began = Instant::now();
            once();
            wait();
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

fn median(times: &[f64]) -> f64 {
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Floating-point operations of a training step's products and bytes of tensors that must move once.
fn work(batch: usize, units: usize) -> (f64, f64) {
    let weights = 4 * units * (INPUTS + units) + (LAYERS - 1) * 8 * units * units;
    let flops = 2.0 * ((3 * weights - 4 * units * INPUTS) * batch * STEPS) as f64;
    // Forward: gates written and read, gates' values, outputs and both states written; backward: these read, gates'
    // gradients written and read three times.
    let each = 4 * (4 * 7 + 5);
    (
        flops,
        (LAYERS * STEPS * batch * units * each + 4 * 3 * weights) as f64,
    )
}

fn speed(flags: &Flags, units: usize, mut peer: Option<&mut Peer>) -> Outcome {
    println!();
    println!(
        "training step, {LAYERS} x {units} units, {INPUTS} inputs, {STEPS} steps; medians in ms of {} runs",
        flags.runs
    );
    println!(
        "{:>5} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} | {:>10} {:>10} | {:>9} {:>9} | {:>9} {:>9}",
        "batch",
        "tensor ops",
        "step f32",
        "all f32",
        "all TF32",
        "all bf16",
        "chip bf16",
        "cuDNN f32",
        "cuDNN TF32",
        "floor f32",
        "of it",
        "f32/cuDNN",
        "TF32/TF32"
    );
    let device = Default::default();
    let wait = || {
        if let Err(e) = Cuda::<f32, i32>::sync(&device) {
            eprintln!("{e:?}");
        }
    };
    for &batch in &flags.batches {
        let (flops, bytes) = work(batch, units);
        let memory = bytes / TERABYTES_A_SECOND / 1e9;
        let floor = |tflops: f64| (flops / tflops / 1e9).max(memory);
        let stack = Stack::<Cuda>::new(batch, units, &device);
        let ours = |settings: Settings| {
            let once = || assert_eq!(stack.train(&settings), 3 * LAYERS);
            median(&times(flags.runs, &once, &wait))
        };
        let exact = Settings {
            product: Product::Exact,
            ..Settings::default()
        };
        let tensors = median(&times(
            flags.runs.min(10),
            &|| tensor_operations(&stack),
            &wait,
        ));
        let found = [
            ours(Settings {
                route: Route::StepWise,
                ..exact
            }),
            ours(exact),
            ours(Settings::default()),
            ours(Settings {
                product: Product::Half,
                ..exact
            }),
            ours(Settings {
                weights: Weights::Bf16,
                product: Product::Half,
                ..exact
            }),
        ];
        let mut cudnn = [f64::NAN; 2];
        if let Some(peer) = peer.as_mut() {
            for (time, tf32) in cudnn.iter_mut().zip([false, true]) {
                *time = median(&peer.train(batch, units, tf32, flags.runs)?);
            }
        }
        print!("{batch:>5} {tensors:>10.3}");
        found.iter().for_each(|t| print!(" {t:>10.3}"));
        println!(
            " | {:>10.3} {:>10.3} | {:>9.3} {:>8.1}% | {:>9.2} {:>9.2}",
            cudnn[0],
            cudnn[1],
            floor(F32_TFLOPS),
            100.0 * floor(F32_TFLOPS) / found[1],
            found[1] / cudnn[0],
            found[2] / cudnn[1],
        );
        println!(
            "{:>5} floor with TF32 {:.3} ms, all TF32 at {:.1}% of it; {:.1} GFLOP, {:.1} MB",
            "",
            floor(TF32_TFLOPS),
            100.0 * floor(TF32_TFLOPS) / found[2],
            flops / 1e9,
            bytes / 1e6
        );
    }
    Ok(())
}

/// The stack by burn's tensor operations, forward and backward.
fn tensor_operations(stack: &Stack<Cuda>) {
    let mut below = stack.x.clone();
    let mut taped = Vec::new();
    for [input, recurrent, bias] in stack.layers.clone() {
        let (hidden, cell) = (stack.zero.clone(), stack.zero.clone());
        let operands = Operands {
            x: below,
            input,
            recurrent,
            bias,
            hidden,
            cell,
            keep: None,
        };
        let (states, tape) = general::forward(&operands);
        let [steps, batch, _, units] = operands.dims();
        below = states.slice([0..steps, 0..batch, 0..units]);
        taped.push((operands, tape));
    }
    let mut pull = stack.pull.clone();
    for (i, (operands, tape)) in taped.into_iter().enumerate().rev() {
        let [_, batch, _, units] = operands.dims();
        let last = Tensor::zeros([1, batch, units], &pull.device());
        let d_states = Tensor::cat(vec![pull.clone(), last], 0);
        let wanted = Wanted {
            x: i > 0,
            weights: true,
        };
        let found = general::backward(operands, tape, d_states, wanted);
        if let Some(x) = found.x {
            pull = x;
        }
    }
}

/// PyTorch in a process of its own, one case a line.
struct Peer {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Peer {
    fn start(python: &str, script: &str) -> Outcome<Self> {
        let mut child = Command::new(python)
            .args([script, "--serve"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let from = child.stdout.take().ok_or("no output of the peer")?;
        let mut peer = Self {
            to: child.stdin.take(),
            from: BufReader::new(from),
            child,
        };
        println!("\npeer {}", peer.line()?);
        Ok(peer)
    }

    fn line(&mut self) -> Outcome<Value> {
        let mut line = String::new();
        if self.from.read_line(&mut line)? == 0 {
            return Err("the peer has ended".into());
        }
        Ok(serde_json::from_str(&line)?)
    }

    fn train(&mut self, batch: usize, units: usize, tf32: bool, runs: usize) -> Outcome<Vec<f64>> {
        let case = json!({
            "what": "train", "layers": LAYERS, "units": units, "inputs": INPUTS, "steps": STEPS, "batch": batch,
            "device": "cuda", "tf32": tf32, "runs": runs, "warmup": 5,
        });
        let to = self.to.as_mut().ok_or("the peer has ended")?;
        writeln!(to, "{case}")?;
        to.flush()?;
        let answer = self.line()?;
        if let Some(error) = answer.get("error") {
            return Err(format!("the peer cannot: {error}").into());
        }
        let mut times: Vec<f64> = answer
            .get("times_ms")
            .and_then(Value::as_array)
            .ok_or("the peer gives no times")?
            .iter()
            .filter_map(Value::as_f64)
            .collect();
        times.sort_by(f64::total_cmp);
        Ok(times)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.to = None;
        let _ = self.child.wait();
    }
}
