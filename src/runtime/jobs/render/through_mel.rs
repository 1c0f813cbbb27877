//! `render --through-mel`: the sound made mel frames, as a model of spectrograms is given them, and sound again. One hears
//! what such a model can know.

use crate::audio::griffin_lim::{GriffinLim, Long};
use crate::audio::mel::{Mel, MelStream, Scale, db};
use crate::audio::render::{Instrument, Renderer};
use crate::runtime::Interrupted;
use crate::runtime::wav_file::WavFile;
use std::fs::File;

/// Frames rendered at once.
const PIECE: usize = 16_384;

/// Writes all that a renderer gives, and how much it was. The renderer must run at the filter bank's sample rate.
///
/// # Errors
/// A disk that fails, or [`Interrupted`].
pub fn write<I: Instrument>(
    file: &mut File,
    renderer: &mut Renderer<I>,
    mel: &Mel,
    stopped: &dyn Fn() -> Option<Interrupted>,
) -> anyhow::Result<u64> {
    let scale = Scale::default();
    let mut wav = WavFile::new(file, mel.config().sample_rate);
    let mut stream = MelStream::new(mel);
    let mut long = Long::new(mel, &GriffinLim::default());
    let mut powers = vec![0.0; mel.config().n_mels];
    let mut ready = Vec::new();
    let mut take = |frame: &[f32], ready: &mut Vec<f32>| {
        for (heard, power) in powers.iter_mut().zip(frame) {
            // As bytes, for that is what is learned from.
            *heard = scale.power(Scale::of_level(scale.level(db(*power))));
        }
        long.push(&powers, |sound| ready.extend_from_slice(sound));
    };
    let (mut piece, mut mono) = (vec![0.0; 2 * PIECE], Vec::with_capacity(PIECE));
    let (mut rendered, mut written) = (0, 0);
    loop {
        let count = renderer.next_piece(&mut piece);
        if count == 0 {
            break;
        }
        rendered += count;
        mono.clear();
        let frames = piece.chunks_exact(2).take(count);
        mono.extend(frames.map(|frame| 0.5 * frame.iter().sum::<f32>()));
        stream.push(&mono, |frame| take(frame, &mut ready));
        written += ready.len();
        wav.push_mono(&ready)?;
        ready.clear();
        if let Some(interrupted) = stopped() {
            return Err(interrupted.into());
        }
    }
    stream.finish(|frame| take(frame, &mut ready));
    long.finish(|sound| ready.extend_from_slice(sound));
    // The last frame goes on behind the end.
    ready.truncate(rendered.saturating_sub(written));
    wav.push_mono(&ready)?;
    Ok(wav.finish()?)
}
