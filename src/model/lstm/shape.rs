//! Sizes, weights and gradients of a layer: what goes in and out of [`super::sequence`].

/// Sizes of a sequence. A slot is a step of a row of the batch: `step * batch + row`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Steps in time.
    pub steps: usize,
    /// Sequences side by side.
    pub batch: usize,
    /// Numbers that come in a step.
    pub inputs: usize,
    /// Hidden units.
    pub units: usize,
}

impl Shape {
    /// Steps times rows.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.steps * self.batch
    }
}

/// Weights of a layer, gates i, f, g, o side by side.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// `[inputs, 4 units]`
    pub input: &'a [f32],
    /// `[units, 4 units]`
    pub recurrent: &'a [f32],
    /// `[4 units]`
    pub bias: &'a [f32],
}

/// Where the gradients of the weights go (set, not added), in the shapes of [`Weights`].
#[derive(Debug)]
pub struct Gradients<'a> {
    /// `[inputs, 4 units]`
    pub input: &'a mut [f32],
    /// `[units, 4 units]`
    pub recurrent: &'a mut [f32],
    /// `[4 units]`
    pub bias: &'a mut [f32],
}
