//! Promise: the kernels become CUDA source, without a device, that asks for no more than an H100 has.

use super::plan::{Limits, Plan, choose};
use super::{backward, forward};
use burn::tensor::bf16;
use burn_cubecl::cubecl;
use cubecl::cuda::CudaCompiler;
use cubecl::ir::{DeviceProperties, HardwareProperties, MemoryDeviceProperties};
use cubecl::prelude::*;
use cubecl::profile::TimingMethod;
use cubecl::{Compiler, ExecutionMode, KernelSettings};

fn h100() -> HardwareProperties {
    HardwareProperties {
        load_width: 128,
        plane_size_min: 32,
        plane_size_max: 32,
        max_bindings: 1024,
        max_shared_memory_size: 232_448,
        max_cube_count: (i32::MAX as u32, 65_535, 65_535),
        max_units_per_cube: 1024,
        max_cube_dim: (1024, 1024, 64),
        num_streaming_multiprocessors: Some(132),
        num_cpu_cores: None,
        num_tensor_cores: Some(4),
        min_tensor_cores_dim: Some(8),
        max_vector_size: 16,
    }
}

/// The CUDA source of a kernel.
// The options' type cannot be named here, so it cannot be written out.
#[allow(clippy::field_reassign_with_default)]
fn source<W: Float>(plan: Plan, kept: bool, is_forward: bool) -> String {
    let mut builder = KernelBuilder::default();
    let memory = MemoryDeviceProperties {
        max_page_size: 1 << 34,
        alignment: 512,
    };
    let properties =
        DeviceProperties::new(Default::default(), memory, h100(), TimingMethod::System);
    builder.device_properties(&properties);
    builder.runtime_properties(Default::default());
    AddressType::U32.register(&mut builder.scope);
    let wide = <Vector<W, Const<4>>>::as_type(&builder.scope);
    let float = f32::as_type(&builder.scope);
    let bits = <Atomic<u32>>::as_type(&builder.scope);
    let size = usize::as_type(&builder.scope).storage_type();
    let settings = KernelSettings::default()
        .cube_dim(plan.dim())
        .cluster_dim(plan.cluster());
    let definition = if is_forward {
        let inputs: Vec<_> = [float, float, wide, float, float, float]
            .map(|ty| builder.input_array(ty))
            .into();
        let outputs: Vec<_> = [float, float, float, float, bits]
            .map(|ty| builder.output_array(ty))
            .into();
        let (steps, batch) = (builder.scalar(size), builder.scalar(size));
        let [a, b, c, d, e, f] = inputs.try_into().unwrap();
        let [g, h, i, j, k] = outputs.try_into().unwrap();
        forward::forward::expand::<W>(
            &mut builder.scope,
            a.into(),
            b.into(),
            c.into(),
            d.into(),
            e.into(),
            f.into(),
            g.into(),
            h.into(),
            i.into(),
            j.into(),
            k.into(),
            steps.into(),
            batch.into(),
            plan,
            kept,
        );
        builder.build(settings.kernel_name("forward"))
    } else {
        let inputs: Vec<_> = [float, float, wide, float, float]
            .map(|ty| builder.input_array(ty))
            .into();
        let outputs: Vec<_> = [float, bits, float, float]
            .map(|ty| builder.output_array(ty))
            .into();
        let (steps, batch) = (builder.scalar(size), builder.scalar(size));
        let [a, b, c, d, e] = inputs.try_into().unwrap();
        let [f, g, h, i] = outputs.try_into().unwrap();
        backward::backward::expand::<W>(
            &mut builder.scope,
            a.into(),
            b.into(),
            c.into(),
            d.into(),
            e.into(),
            f.into(),
            g.into(),
            h.into(),
            i.into(),
            steps.into(),
            batch.into(),
            plan,
            kept,
        );
        builder.build(settings.kernel_name("backward"))
    };
    let mut options = <CudaCompiler as Compiler>::CompilationOptions::default();
    options.warp_size = 32;
    options.supports_features.clusters = true;
    options.supports_features.grid_constants = true;
    options.supports_features.fast_math = true;
    CudaCompiler::default()
        .compile(
            definition,
            &options,
            ExecutionMode::Unchecked,
            AddressType::U32.unsigned_type(),
        )
        .unwrap()
        .to_string()
}

/// Layouts of the usual layers for f32 and bf16 weights.
fn layouts() -> Vec<(Plan, bool, bool)> {
    let mut found = Vec::new();
    for weight in [16, 8] {
        let limits = Limits::of(&h100(), true, weight);
        let alone = Limits { team: 1, ..limits };
        for (units, batch) in [(33, 5), (128, 32), (256, 32), (256, 512), (512, 64)] {
            for limits in [limits, alone] {
                let plans = choose(units, batch, &limits);
                for (plan, forward) in plans.into_iter().flatten().zip([true, false]) {
                    found.push((plan, forward, weight == 8));
                }
            }
        }
    }
    found
}

#[test]
fn the_kernels_become_cuda_source_that_fits_an_h100() {
    let layouts = layouts();
    assert!(layouts.len() >= 24, "{} layouts", layouts.len());
    for (plan, is_forward, half) in layouts {
        let source = if half {
            source::<bf16>(plan, true, is_forward)
        } else {
            source::<f32>(plan, true, is_forward)
        };
        let clusters = format!("__cluster_dims__({}, 1, 1)", plan.team);
        assert!(source.contains(&clusters), "{plan:?}");
        assert!(source.contains("__syncthreads()"));
    }
}
