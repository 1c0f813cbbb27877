//! The update on a GPU: three small kernels in place of fifteen launches a parameter, and nothing is
//! waited for.
//!
//! `squares` sums the gradient up, `decide` turns the sums and the losses into the clip and into whether
//! anything is learned at all, `step` updates one parameter with its moments and its average in place.
#![allow(unsafe_code)]

use super::super::learner::{BETA1, BETA2, CLIP, Update};
use super::{EPSILON, Factors, Optimise, Outcome, Trained};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Shape, Tensor, TensorPrimitive};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::{empty_device_contiguous_dtype, full_client};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement, cubecl};
use cubecl::bytes::Bytes;
use cubecl::prelude::*;
use cubecl::server::{Handle, ServerError};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Units of a cube, and the most cubes that share a parameter.
const UNITS: usize = 256;
const CUBES: usize = 64;

/// What [`decide`] leaves for the host: both losses and the gradient's norm; then what [`step`] needs: the factor of the
/// gradient, negative where nothing is learned.
const FIGURES: usize = 4;

/// Adds a number of every unit of the cube up; unit 0 has the sum.
#[cube]
fn sum_of_cube(value: f32, #[comptime] units: usize) -> f32 {
    let mut shared = SharedMemory::<f32>::new(units);
    let me = UNIT_POS as usize;
    shared[me] = value;
    sync_cube();
    let mut half = comptime!(units / 2).runtime();
    while half > 0 {
        if me < half {
            let other = shared[me + half];
            shared[me] += other;
        }
        sync_cube();
        half /= 2;
    }
    shared[0]
}

/// The sum of the squares of every `cubes`th run of numbers, one a cube, at `to` on.
#[cube(launch_unchecked)]
fn squares(
    gradient: &Array<f32>,
    sums: &mut Array<f32>,
    to: usize,
    count: usize,
    #[comptime] units: usize,
) {
    let mut sum = 0.0f32;
    let mut at = ABSOLUTE_POS;
    while at < count {
        let g = gradient[at];
        sum += g * g;
        at += CUBE_COUNT * units;
    }
    let sum = sum_of_cube(sum, units);
    if UNIT_POS == 0 {
        sums[to + CUBE_POS] = sum;
    }
}

/// Figures of the update, and whether it and all later ones are learned from.
#[cube(launch_unchecked)]
fn decide(
    sums: &Array<f32>,
    hits: &Array<f32>,
    expression: &Array<f32>,
    stopped: &mut Array<f32>,
    figures: &mut Array<f32>,
    count: usize,
    clip: f32,
    #[comptime] units: usize,
) {
    let mut sum = 0.0f32;
    let mut at = UNIT_POS as usize;
    while at < count {
        sum += sums[at];
        at += units;
    }
    let sum = sum_of_cube(sum, units);
    if UNIT_POS == 0 {
        let norm = sum.sqrt();
        let total = hits[0] + expression[0] + norm;
        // Not finite: all bits of the exponent set.
        let bits = u32::reinterpret(total) & 0x7f80_0000u32;
        if bits == 0x7f80_0000u32 {
            stopped[0] = 1.0f32;
        }
        let mut factor = min(clip / max(norm, 1e-12f32), 1.0f32);
        if stopped[0] > 0.0f32 {
            factor = -1.0f32;
        }
        figures[0] = hits[0];
        figures[1] = expression[0];
        figures[2] = norm;
        figures[3] = factor;
    }
}

/// AdamW and the average for one parameter.
#[cube(launch_unchecked)]
fn step(
    gradient: &Array<f32>,
    figures: &Array<f32>,
    param: &mut Array<f32>,
    first: &mut Array<f32>,
    second: &mut Array<f32>,
    average: &mut Array<f32>,
    unbias_first: f32,
    unbias_second: f32,
    shrink: f32,
    rate: f32,
    keep: f32,
    count: usize,
) {
    let at = ABSOLUTE_POS;
    let factor = figures[3];
    if at < count && factor >= 0.0f32 {
        let g = gradient[at] * factor;
        let m = BETA1 * first[at] + (1.0f32 - BETA1) * g;
        let v = BETA2 * second[at] + (1.0f32 - BETA2) * g * g;
        let direction = (m / unbias_first) / ((v / unbias_second).sqrt() + EPSILON);
        let p = shrink * param[at] - rate * direction;
        first[at] = m;
        second[at] = v;
        param[at] = p;
        average[at] = keep * average[at] + (1.0f32 - keep) * p;
    }
}

/// Mixes the bits of a word (the constants are Wellons's `lowbias32`).
#[cube]
fn mixed(word: u32) -> u32 {
    let a = (word ^ (word >> 16)) * 0x7feb_352du32;
    let b = (a ^ (a >> 15)) * 0x846c_a68bu32;
    b ^ (b >> 16)
}

/// Dropout factors; each is a function of the key and its place alone.
#[cube(launch_unchecked)]
fn draw(output: &mut Array<f32>, key_low: u32, key_high: u32, share: f32, kept: f32, count: usize) {
    let at = ABSOLUTE_POS;
    if at < count {
        let bits = mixed(mixed(at as u32 ^ key_low) ^ key_high);
        let uniform = f32::cast_from(bits >> 8) * (1.0f32 / 16_777_216.0f32);
        let mut factor = kept;
        if uniform < share {
            factor = 0.0f32;
        }
        output[at] = factor;
    }
}

impl<R, F, I, BT> Optimise for CubeBackend<R, F, I, BT>
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
    Self: Backend<FloatTensorPrimitive = CubeTensor<R>, Device = R::CubeDevice>,
{
    fn learn(
        trained: &mut Trained<Self>,
        gradients: Vec<Option<Tensor<Self, 2>>>,
        losses: [Tensor<Self, 1>; 2],
        learning_rate: f64,
    ) -> Outcome {
        let [hits, expression] = losses.map(raw);
        let gradients: Vec<Option<CubeTensor<R>>> =
            gradients.into_iter().map(|g| g.map(raw)).collect();
        let client = hits.client.clone();
        let units = client
            .properties()
            .hardware
            .max_units_per_cube
            .min(UNITS as u32);
        let dim = CubeDim::new_1d(units);
        let units = units as usize;
        let buffer = |count: usize| {
            let shape = Shape::from([count]);
            empty_device_contiguous_dtype(client.clone(), hits.device.clone(), shape, DType::F32)
        };
        let elements = |g: &CubeTensor<R>| g.meta.num_elements();
        let cubes = |g: &CubeTensor<R>| elements(g).div_ceil(units).clamp(1, CUBES);

        let count = gradients.iter().flatten().map(cubes).sum::<usize>();
        let sums = buffer(count.max(1));
        let mut to = 0;
        for gradient in gradients.iter().flatten() {
            let share = cubes(gradient);
            // SAFETY: reads stay below the gradient's elements, each cube writes its own sum, and there is one for each.
            unsafe {
                squares::launch_unchecked(
                    &client,
                    CubeCount::Static(share as u32, 1, 1),
                    dim,
                    array(gradient),
                    array(&sums),
                    to,
                    elements(gradient),
                    units,
                );
            }
            to += share;
        }
        let stopped = match trained.stopped.take() {
            Some(stopped) => raw(stopped),
            None => full_client::<R, f32>(client.clone(), [1].into(), hits.device.clone(), 0.0),
        };
        let figures = buffer(FIGURES);
        // SAFETY: losses and `stopped` have one number, `figures` four, `sums` the count given.
        unsafe {
            decide::launch_unchecked(
                &client,
                CubeCount::Static(1, 1, 1),
                dim,
                array(&sums),
                array(&hits),
                array(&expression),
                array(&stopped),
                array(&figures),
                count,
                CLIP,
                units,
            );
        }
        let told = asked(client.clone(), figures.handle.clone());
        trained.stopped = Some(tensor(stopped));

        // Whatever is learned from comes before the first stop, so the count here is the right one.
        trained.updates += 1;
        let factors = Factors::new(trained.updates, learning_rate);
        let params = owned(&mut trained.params);
        let first = owned(&mut trained.first);
        let second = owned(&mut trained.second);
        let average = owned(&mut trained.average);
        for (i, gradient) in gradients.iter().enumerate() {
            let Some(gradient) = gradient else { continue };
            let shrink = if trained.decays[i] {
                factors.shrink
            } else {
                1.0
            };
            let count = elements(gradient);
            // SAFETY: all five have the gradient's shape, and no other tensor has the memory of the last four.
            unsafe {
                step::launch_unchecked(
                    &client,
                    cubecl::calculate_cube_count_elemwise(&client, count, dim),
                    dim,
                    array(gradient),
                    array(&figures),
                    array(&params[i]),
                    array(&first[i]),
                    array(&second[i]),
                    array(&average[i]),
                    factors.unbias[0],
                    factors.unbias[1],
                    shrink,
                    factors.rate,
                    factors.keep,
                    count,
                );
            }
        }
        let tensors = |list: Vec<CubeTensor<R>>| list.into_iter().map(tensor).collect();
        trained.params = tensors(params);
        trained.first = tensors(first);
        trained.second = tensors(second);
        trained.average = tensors(average);
        Outcome::Later(Box::new(move || {
            let bytes = cubecl::future::block_on(told);
            let read = bytes.ok().and_then(|bytes| {
                let bytes = bytes.first()?;
                let number = |i: usize| {
                    let four = bytes.get(4 * i..4 * i + 4)?;
                    Some(f32::from_ne_bytes(four.try_into().ok()?))
                };
                Some([number(0)?, number(1)?, number(2)?])
            });
            // A device that cannot be read learns nothing.
            Update::new(read.unwrap_or([f32::NAN; 3]))
        }))
    }

    fn dropout(
        shape: [usize; 2],
        share: f32,
        key: u64,
        device: &Self::Device,
    ) -> Option<Tensor<Self, 2>> {
        let client = R::client(device);
        let count = shape[0] * shape[1];
        let output = empty_device_contiguous_dtype(
            client.clone(),
            device.clone(),
            Shape::from(shape),
            DType::F32,
        );
        let dim = CubeDim::new_1d(
            client
                .properties()
                .hardware
                .max_units_per_cube
                .min(UNITS as u32),
        );
        // SAFETY: the kernel stays below `count`, which the output holds.
        unsafe {
            draw::launch_unchecked(
                &client,
                cubecl::calculate_cube_count_elemwise(&client, count, dim),
                dim,
                array(&output),
                key as u32,
                (key >> 32) as u32,
                share,
                1.0 / (1.0 - share),
                count,
            );
        }
        Some(tensor(output))
    }
}

type Reading = Pin<Box<dyn Future<Output = Result<Vec<Bytes>, ServerError>> + Send>>;

/// Asks for what a buffer holds once all that is launched so far is done, and does not wait for it.
fn asked<R: CubeRuntime>(client: ComputeClient<R>, handle: Handle) -> Reading {
    let mut reading: Reading = Box::pin(async move { client.read_async(vec![handle]).await });
    // A future does nothing before its first poll.
    match reading
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(read) => Box::pin(std::future::ready(read)),
        Poll::Pending => reading,
    }
}

fn raw<B, R, const D: usize>(tensor: Tensor<B, D>) -> CubeTensor<R>
where
    B: Backend<FloatTensorPrimitive = CubeTensor<R>>,
    R: CubeRuntime,
{
    into_contiguous(tensor.into_primitive().tensor())
}

fn tensor<B, R, const D: usize>(raw: CubeTensor<R>) -> Tensor<B, D>
where
    B: Backend<FloatTensorPrimitive = CubeTensor<R>>,
    R: CubeRuntime,
{
    Tensor::from_primitive(TensorPrimitive::Float(raw))
}

/// Takes tensors out to be written in place; copies those whose memory someone else reads.
fn owned<B, R>(list: &mut Vec<Tensor<B, 2>>) -> Vec<CubeTensor<R>>
where
    B: Backend<FloatTensorPrimitive = CubeTensor<R>>,
    R: CubeRuntime,
{
    let alone = |taken: CubeTensor<R>| if taken.can_mut() { taken } else { taken.copy() };
    std::mem::take(list)
        .into_iter()
        .map(|slot| alone(raw(slot)))
        .collect()
}

fn array<R: CubeRuntime>(tensor: &CubeTensor<R>) -> ArrayArg<R> {
    tensor.clone().into_array_arg()
}
