//! Slices that a team writes together: each part of the work gets its own rows and no others.
#![allow(unsafe_code)]

use super::Engine;
use std::marker::PhantomData;

/// Something that can be handed out in parts that do not overlap.
///
/// # Safety
/// `part(i)` and `part(j)` must share no memory for `i != j`.
pub unsafe trait Shares: Sync {
    /// What one part of the work gets.
    type Part;
    /// The `i`-th part.
    ///
    /// # Safety
    /// Called at most once for each `i`.
    unsafe fn part(&self, i: usize) -> Self::Part;
}

/// A slice handed out in runs of `each`; the last may be shorter, those behind it are empty.
pub struct Rows<'a, T> {
    at: *mut T,
    len: usize,
    each: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: a `Rows` is only a way to hand out `&mut [T]`, each to one thread, which `T: Send` allows.
unsafe impl<T: Send> Sync for Rows<'_, T> {}

impl<'a, T> Rows<'a, T> {
    /// Part `i` is `slice[i * each..(i + 1) * each]`, as far as there is that much.
    pub fn new(slice: &'a mut [T], each: usize) -> Self {
        Self {
            at: slice.as_mut_ptr(),
            len: slice.len(),
            each,
            slice: PhantomData,
        }
    }
}

// SAFETY: the runs `i * each..(i + 1) * each` do not overlap.
unsafe impl<'a, T: Send> Shares for Rows<'a, T> {
    type Part = &'a mut [T];
    unsafe fn part(&self, i: usize) -> Self::Part {
        let from = i.saturating_mul(self.each).min(self.len);
        let to = from.saturating_add(self.each).min(self.len);
        // SAFETY: inside the slice this was made of, which is borrowed for 'a; no other part overlaps it.
        unsafe { std::slice::from_raw_parts_mut(self.at.add(from), to - from) }
    }
}

macro_rules! together {
    ($($name:ident $at:tt),+) => {
        // SAFETY: each member keeps the promise for itself.
        unsafe impl<$($name: Shares),+> Shares for ($($name,)+) {
            type Part = ($($name::Part,)+);
            unsafe fn part(&self, i: usize) -> Self::Part {
                // SAFETY: passed on as promised.
                unsafe { ($(self.$at.part(i),)+) }
            }
        }
    };
}
together!(A 0, B 1);
together!(A 0, B 1, C 2);
together!(A 0, B 1, C 2, D 3);
together!(A 0, B 1, C 2, D 3, E 4);
together!(A 0, B 1, C 2, D 3, E 4, F 5);

impl Engine {
    /// Runs `work(i, part i of shares)` for all `i < parts` on the team.
    pub fn share<S: Shares>(&self, parts: usize, shares: S, work: impl Fn(usize, S::Part) + Sync) {
        // SAFETY: `each` calls once for each i.
        self.each(parts, &|i| work(i, unsafe { shares.part(i) }));
    }
}
