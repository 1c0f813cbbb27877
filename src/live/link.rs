//! [`LinkState`]: what a network output tells of its line, written by its own thread, read by the
//! outputs thread for the screen.

use crate::base::text::sanitize;
use crate::message::LinkView;
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};

/// The state of one line. Counters are totals since the line was joined.
#[derive(Debug, Default)]
pub struct LinkState {
    /// See [`LinkView::rtt_us`].
    pub rtt_us: AtomicU32,
    /// See [`LinkView::delay_ms`].
    pub delay_ms: AtomicU16,
    /// See [`LinkView::wanted_delay_ms`].
    pub wanted_delay_ms: AtomicU16,
    /// See [`LinkView::played`].
    pub played: AtomicU64,
    /// See [`LinkView::late`].
    pub late: AtomicU64,
    /// See [`LinkView::p99_late_us`].
    pub p99_late_us: AtomicU32,
    /// A delay the user asks for, in milliseconds; -1 once it is passed on.
    wish_ms: AtomicI32,
    far: ArcSwap<String>,
    trouble: ArcSwap<String>,
}

impl LinkState {
    /// A line of which nothing is known yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let state = Self::default();
        state.wish_ms.store(-1, Relaxed);
        Arc::new(state)
    }

    /// What the peer plays into; sanitised here.
    pub fn set_far(&self, name: &str) {
        self.far.store(Arc::new(sanitize(name)));
    }

    /// What is wrong over there, empty if nothing is; sanitised here.
    pub fn set_trouble(&self, text: &str) {
        self.trouble.store(Arc::new(sanitize(text)));
    }

    /// Asks the line's thread to pass a new delay on.
    pub fn wish_delay(&self, ms: u16) {
        self.wish_ms.store(i32::from(ms), Relaxed);
    }

    /// The delay wished for since the last call, if one was.
    #[must_use]
    pub fn take_wish(&self) -> Option<u16> {
        u16::try_from(self.wish_ms.swap(-1, Relaxed)).ok()
    }

    /// All of it as the screen takes it.
    #[must_use]
    pub fn view(&self) -> LinkView {
        LinkView {
            rtt_us: self.rtt_us.load(Relaxed),
            delay_ms: self.delay_ms.load(Relaxed),
            wanted_delay_ms: self.wanted_delay_ms.load(Relaxed),
            played: self.played.load(Relaxed),
            late: self.late.load(Relaxed),
            p99_late_us: self.p99_late_us.load(Relaxed),
            far: String::clone(&self.far.load()),
            trouble: String::clone(&self.trouble.load()),
        }
    }
}
