//! Loops over elements that the rest of a training step needs, on whole vectors; the calling thread does them.
//! Sums are taken in one fixed order for an instruction set.
#![allow(unsafe_code)]

use super::Engine;
use super::lanes::{Job, Lanes, dispatch};
use super::maths;

/// Rates of [`Engine::adamw`] (Loshchilov and Hutter 2019).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// The gradient is multiplied by this first (clipping, or a mean over workers).
    pub scale: f32,
    /// Step size, already divided by the first moment's correction `1 - beta1^n`.
    pub rate: f32,
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// `1 / (1 - beta2^n)`, the second moment's correction.
    pub unbias2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// The weight is multiplied by this first: `1 - learning rate * weight decay`, or 1.
    pub shrink: f32,
    /// Share of the old value in the averaged weight.
    pub keep: f32,
}

/// A loop whose body takes and gives vectors, for whole vectors and for the rest.
macro_rules! whole_and_rest {
    ($s:ident, $S:ident, $len:expr, |$at:ident, $load:ident, $store:ident| $body:block) => {{
        let len = $len;
        let mut $at = 0;
        while $at + $S::WIDTH <= len {
            let $load = |x: &[f32]| {
                debug_assert!($at + $S::WIDTH <= x.len());
                // SAFETY: all slices of the loop are `len` long, as its caller has asserted.
                unsafe { $s.load(x.as_ptr().add($at)) }
            };
            let $store = |x: &mut [f32], v| {
                debug_assert!($at + $S::WIDTH <= x.len());
                // SAFETY: as above.
                unsafe { $s.store(x.as_mut_ptr().add($at), v) }
            };
            $body
            $at += $S::WIDTH;
        }
        if $at < len {
            let rest = len - $at;
            // SAFETY: as above; only the rest is read and written.
            let $load = |x: &[f32]| unsafe { $s.load_part(x.as_ptr().add($at), rest) };
            // SAFETY: as above.
            let $store =
                |x: &mut [f32], v| unsafe { $s.store_part(x.as_mut_ptr().add($at), v, rest) };
            $body
        }
    }};
}

/// Defines a job over slices of one length.
macro_rules! job {
    ($name:ident<$l:lifetime> { $($field:ident: $type:ty),* } $this:ident, $s:ident, $S:ident -> $out:ty $body:block) => {
        struct $name<$l> { $($field: $type),* }
        impl Job for $name<'_> {
            type Out = $out;
            #[inline(always)]
            fn run<$S: Lanes>(self, $s: $S) -> $out {
                let $this = self;
                $body
            }
        }
    };
}

job!(Sigmoid<'a> { x: &'a mut [f32] } this, s, S -> () {
    whole_and_rest!(s, S, this.x.len(), |at, load, store| { store(this.x, maths::sigmoid(s, load(this.x))) });
});
job!(Tanh<'a> { x: &'a mut [f32] } this, s, S -> () {
    whole_and_rest!(s, S, this.x.len(), |at, load, store| { let [y] = maths::tanh(s, [load(this.x)]);
        store(this.x, y) });
});
job!(Exp<'a> { x: &'a mut [f32] } this, s, S -> () {
    whole_and_rest!(s, S, this.x.len(), |at, load, store| { store(this.x, maths::exp(s, load(this.x))) });
});
job!(Axpy<'a> { factor: f32, x: &'a [f32], y: &'a mut [f32] } this, s, S -> () {
    let factor = s.splat(this.factor);
    whole_and_rest!(s, S, this.x.len(), |at, load, store| {
        store(this.y, s.mul_add(factor, load(this.x), load(this.y)));
    });
});
job!(Scale<'a> { factor: f32, x: &'a mut [f32] } this, s, S -> () {
    let factor = s.splat(this.factor);
    whole_and_rest!(s, S, this.x.len(), |at, load, store| { store(this.x, s.mul(factor, load(this.x))) });
});
job!(Multiply<'a> { x: &'a [f32], y: &'a mut [f32] } this, s, S -> () {
    whole_and_rest!(s, S, this.x.len(), |at, load, store| { store(this.y, s.mul(load(this.x), load(this.y))) });
});
job!(Sum<'a> { x: &'a [f32] } this, s, S -> f32 {
    let mut four = [s.splat(0.0); 4];
    whole_and_rest!(s, S, this.x.len(), |at, load, _store| {
        let sum = &mut four[at / S::WIDTH % 4];
        *sum = s.add(*sum, load(this.x));
    });
    s.sum(s.add(s.add(four[0], four[1]), s.add(four[2], four[3])))
});
job!(Dot<'a> { x: &'a [f32], y: &'a [f32] } this, s, S -> f32 {
    let mut four = [s.splat(0.0); 4];
    whole_and_rest!(s, S, this.x.len(), |at, load, _store| {
        let sum = &mut four[at / S::WIDTH % 4];
        *sum = s.mul_add(load(this.x), load(this.y), *sum);
    });
    s.sum(s.add(s.add(four[0], four[1]), s.add(four[2], four[3])))
});
job!(Update<'a> {
    w: AdamW, weights: &'a mut [f32], first: &'a mut [f32], second: &'a mut [f32], average: &'a mut [f32],
    gradient: &'a [f32]
} this, s, S -> () {
    let w = this.w;
    whole_and_rest!(s, S, this.weights.len(), |at, load, store| {
        let g = s.mul(s.splat(w.scale), load(this.gradient));
        let first = s.mul_add(s.splat(w.beta1), load(this.first), s.mul(s.splat(1.0 - w.beta1), g));
        let second = s.mul_add(s.splat(w.beta2), load(this.second), s.mul(s.splat(1.0 - w.beta2), s.mul(g, g)));
        let root = s.sqrt(s.mul(second, s.splat(w.unbias2)));
        let direction = s.div(first, s.add(root, s.splat(w.epsilon)));
        let weight = s.mul(s.splat(w.shrink), load(this.weights));
        let weight = s.neg_mul_add(s.splat(w.rate), direction, weight);
        let average = load(this.average);
        let average = s.mul_add(s.splat(1.0 - w.keep), s.sub(weight, average), average);
        store(this.first, first);
        store(this.second, second);
        store(this.weights, weight);
        store(this.average, average);
    });
});

/// Slices of one call have one length.
///
/// # Panics
/// Otherwise: each of these functions does.
impl Engine {
    /// `x = 1 / (1 + e^-x)`
    pub fn sigmoid(&self, x: &mut [f32]) {
        dispatch(self.isa(), Sigmoid { x });
    }

    /// `x = tanh x`
    pub fn tanh(&self, x: &mut [f32]) {
        dispatch(self.isa(), Tanh { x });
    }

    /// `x = e^x`, arguments kept within 87 either way.
    pub fn exp(&self, x: &mut [f32]) {
        dispatch(self.isa(), Exp { x });
    }

    /// `y = y + factor x`
    pub fn axpy(&self, factor: f32, x: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), y.len(), "one length");
        dispatch(self.isa(), Axpy { factor, x, y });
    }

    /// `x = factor x`
    pub fn scale(&self, factor: f32, x: &mut [f32]) {
        dispatch(self.isa(), Scale { factor, x });
    }

    /// `y = x y`, element by element.
    pub fn multiply(&self, x: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), y.len(), "one length");
        dispatch(self.isa(), Multiply { x, y });
    }

    /// Sum of all elements.
    #[must_use]
    pub fn sum(&self, x: &[f32]) -> f32 {
        dispatch(self.isa(), Sum { x })
    }

    /// Sum of the products of elements.
    #[must_use]
    pub fn dot(&self, x: &[f32], y: &[f32]) -> f32 {
        assert_eq!(x.len(), y.len(), "one length");
        dispatch(self.isa(), Dot { x, y })
    }

    /// One update by AdamW and of the averaged weights, in one pass: for each element, with `g = scale * gradient`,
    /// `first = beta1 first + (1 - beta1) g`, `second = beta2 second + (1 - beta2) g^2`,
    /// `weight = shrink weight - rate first / (sqrt(unbias2 second) + epsilon)`,
    /// `average = keep average + (1 - keep) weight`.
    pub fn adamw(
        &self,
        w: AdamW,
        weights: &mut [f32],
        [first, second, average]: [&mut [f32]; 3],
        gradient: &[f32],
    ) {
        let all = [first.len(), second.len(), average.len(), gradient.len()];
        assert!(all.iter().all(|l| *l == weights.len()), "one length");
        dispatch(
            self.isa(),
            Update {
                w,
                weights,
                first,
                second,
                average,
                gradient,
            },
        );
    }
}
