//! Matrix products of the layer: the kernels that burn has, with the precision said.

use super::buffer;
use burn::tensor::DType;
use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::cast;
use burn_cubecl::kernel::matmul::{MatmulStrategy, matmul};
use burn_cubecl::ops::numeric::full_client;
use burn_cubecl::tensor::CubeTensor;
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek::matmul::launch::{Strategy, launch_ref};
use cubek::std::InputBinding;

/// How exact the products are. Sums are f32 always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Product {
    /// f32 factors, no tensor cores.
    Exact,
    /// burn's choice: where there are tensor cores the factors keep ten bits of mantissa (TF32), as
    /// they do in cuDNN when PyTorch calls it.
    #[default]
    Usual,
    /// bf16 factors: eight bits of mantissa, half the bytes.
    Half,
}

/// `a [m, k]` times `b [k, n]`, f32, without gaps between its rows. Either may be a transposed view.
pub(super) fn product<R: CubeRuntime>(
    a: CubeTensor<R>,
    b: CubeTensor<R>,
    how: Product,
) -> CubeTensor<R> {
    let (rows, columns) = (a.meta.shape()[0], b.meta.shape()[1]);
    let out = buffer(&a, [rows, columns]);
    let done = match how {
        Product::Exact => exact(a, b, out.clone()).is_ok(),
        Product::Usual => usual(a, b, out.clone()),
        Product::Half => usual(cast(a, DType::BF16), cast(b, DType::BF16), out.clone()),
    };
    if done {
        out
    } else {
        // No kernel fits this device: not a number, which ends a training run as any other loss that is none.
        full_client::<R, f32>(
            out.client.clone(),
            [rows, columns].into(),
            out.device,
            f32::NAN,
        )
    }
}

fn usual<R: CubeRuntime>(a: CubeTensor<R>, b: CubeTensor<R>, out: CubeTensor<R>) -> bool {
    matmul(a, b, Some(out), MatmulStrategy::default(), DType::F32).is_ok()
}

fn exact<R: CubeRuntime>(
    a: CubeTensor<R>,
    b: CubeTensor<R>,
    out: CubeTensor<R>,
) -> Result<(), Box<dyn std::fmt::Debug>> {
    let float = |t: &CubeTensor<R>| t.dtype.into();
    let mut types = MatmulElems::from_globals(&MatmulGlobalElems {
        lhs: float(&a),
        rhs: float(&b),
        out: float(&out),
    });
    let client = out.client.clone();
    let (a_type, b_type) = (a.dtype, b.dtype);
    launch_ref(
        &Strategy::SimpleUnit(Default::default()),
        &client,
        InputBinding::new(a.binding(), a_type.into()),
        InputBinding::new(b.binding(), b_type.into()),
        out.binding(),
        &mut types,
    )
    .map_err(|e| Box::new(e) as Box<dyn std::fmt::Debug>)
}
