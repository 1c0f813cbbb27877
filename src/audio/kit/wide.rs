//! The same code once more for processors with AVX2, which do eight samples where others do four. No operation is another, and
//! none is fused, so the samples are the same, bit for bit.
#![allow(unsafe_code)]

use super::Synth;

/// Whether this processor has it.
pub fn available() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// [`Synth::render`], as fast as this processor can.
pub fn render(synth: &mut Synth, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if synth.wide {
        // SAFETY: `wide` is only ever what `available` says, so the processor has AVX2.
        unsafe { render_avx2(synth, out) };
        return;
    }
    synth.render_plain(out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn render_avx2(synth: &mut Synth, out: &mut [f32]) {
    synth.render_plain(out);
}
