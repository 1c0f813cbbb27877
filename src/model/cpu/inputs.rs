//! The batch's inputs where the heads see them: mostly zeros, passed over.

use super::layout::WIDTH;

/// `row += x weights`; `weights` are `[inputs, WIDTH]`, `x` the numbers of one slot that are not 0, with their columns.
#[inline(always)]
pub fn add_to(row: &mut [f32; WIDTH], x: &[(u32, f32)], weights: &[[f32; WIDTH]]) {
    let mut sum = *row;
    for &(column, value) in x {
        for (s, w) in sum.iter_mut().zip(&weights[column as usize]) {
            *s += value * w;
        }
    }
    *row = sum;
}
