//! The head: what the top layer says becomes a distribution of the next frame.
//!
//! `M` bands, lowest first, in `G` groups of neighbours; each group is one of `K` components. From the top layer's output
//! `h` comes, by one matrix and a bias, a row of `K M` means, `M` scales and `G K` logits. Then, for component `k`, band `b`
//! and its group `g`,
//!
//! ```text
//! mean      m[k,b] = sigmoid(row[k,b] + hold[k,b] L(before[b]))     L(x) = ln((x + e) / (1 - x + e)), e = 1/255
//! scale     s[k,b] = exp(row[scale b] + scale[k,b])
//! weight    w[g,j,k] = softmax over k of row[logit g,k] + link[g,j,k], j the component of the group below
//! p(frame)  = sum over k[0], k[1] ... of the product over g of w[g,k[g-1],k[g]] * product over b of logistic(frame[b]; m[k[g],b], s[k[g],b])
//! ```
//!
//! with the logistic over 256 levels of [`super::logistic`]. The bands of a group share a component, so an onset is a few
//! decisions, not 128; groups are chained, so a kick below and a hat above may come together or apart, and what
//! belongs to one drum comes together. The sum over all chains is that of a hidden Markov model along the groups, exact ([`chain`]: Rabiner 1989).
//! (Mixture density networks: Bishop 1994; `hold` lets a sound ring on without the layers having to carry all
//! its bands.) The loss is `-ln p(frame)` and a small share of every component's own, so that none is forgotten that has
//! not won yet; both a band.

pub mod chain;
mod learn;
mod said;

pub use learn::Heads;
pub use said::Said;

/// `L` of a level: its log-odds, a level's width away from the ends.
#[must_use]
pub fn held(level: u8) -> f32 {
    let x = f32::from(level) / 255.0;
    ((x + 1.0 / 255.0) / (1.0 - x + 1.0 / 255.0)).ln()
}

/// The sizes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// `K`.
    pub components: usize,
    /// `M`.
    pub bands: usize,
    /// `G`.
    pub groups: usize,
}

impl Sizes {
    /// Numbers of all means.
    #[must_use]
    pub const fn frames(self) -> usize {
        self.components * self.bands
    }

    /// Logits of a row.
    #[must_use]
    pub const fn logits(self) -> usize {
        self.groups * self.components
    }

    /// Numbers of a row.
    #[must_use]
    pub const fn row(self) -> usize {
        self.frames() + self.bands + self.logits()
    }

    /// Numbers that link each group but the first to the one below.
    #[must_use]
    pub const fn links(self) -> usize {
        (self.groups - 1) * self.components * self.components
    }

    /// The bands of a group.
    #[must_use]
    pub const fn group(self, g: usize) -> std::ops::Range<usize> {
        g * self.bands / self.groups..(g + 1) * self.bands / self.groups
    }
}

/// The weights of the head that are not the matrix's.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// `[K, M]`.
    pub scale: &'a [f32],
    /// `[K, M]`.
    pub hold: &'a [f32],
    /// `[G - 1, K, K]`: what the component of the group below adds to a group's logits.
    pub link: &'a [f32],
}
