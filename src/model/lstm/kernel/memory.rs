//! Buffers that start on a cache line and only grow, so that a second batch of the same size finds
//! everything in place.
#![allow(unsafe_code)]

/// A cache line of numbers.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// Numbers on whole cache lines.
#[derive(Clone, Default)]
pub(in super::super) struct Buffer {
    lines: Vec<Line>,
}

impl Buffer {
    /// An empty buffer.
    pub(in super::super) const fn new() -> Self {
        Self { lines: Vec::new() }
    }

    /// Makes room for `len` numbers. New room is zero, old contents stay.
    pub(in super::super) fn grow(&mut self, len: usize) {
        let lines = len.div_ceil(16);
        if lines > self.lines.len() {
            self.lines.resize(lines, Line([0.0; 16]));
        }
    }

    /// Everything there is room for.
    pub(in super::super) fn all(&self) -> &[f32] {
        // SAFETY: a `Line` is sixteen numbers and nothing else.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.lines.len() * 16) }
    }

    /// Everything there is room for.
    pub(in super::super) fn all_mut(&mut self) -> &mut [f32] {
        let len = self.lines.len() * 16;
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), len) }
    }
}

/// A pointer that several threads may hold; which of them writes where is the user's argument.
#[derive(Clone, Copy)]
pub(super) struct Shared(pub(super) *mut f32);

// SAFETY: only a pointer; every use of it is unsafe and says why no two threads meet.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// The pointer (a method, so that closures take the whole of `self`).
    #[inline(always)]
    pub(super) fn at(self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}
