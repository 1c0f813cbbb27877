//! Spectrograms for the screens: of stretches of files, and of what is played, which grows step by step.
//! Each on a thread of its own, so that neither waits for the other.

use super::Teller;
use super::desk::Desk;
use crate::app::heard::News;
use crate::app::{Msg, SpectrogramOf};
use crate::audio::live_picture::LivePicture;
use crate::audio::spectrogram::Pictures;
use crate::beat::grid::BeatGrid;
use crate::message::COLUMNS_A_STEP;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Bands of a picture: two a row up to panels of 24 rows.
const BANDS: usize = 48;

/// A stretch of a file whose spectrogram is wanted.
pub struct Stretch {
    /// The file.
    pub path: PathBuf,
    /// Its beat.
    pub grid: Arc<BeatGrid>,
    /// Which of its steps.
    pub steps: Range<usize>,
}

/// The desk for stretches of files; only the last one asked for is computed.
pub(super) fn files(tell: Teller) -> io::Result<Desk<Stretch>> {
    // Made when first needed: a start of the program does not wait for it.
    let mut pictures = None;
    Desk::start(
        "spectrogram",
        |_, _| true,
        move |Stretch { path, grid, steps }| {
            let pictures = pictures.get_or_insert_with(|| Pictures::new(BANDS));
            let first = steps.start;
            let columns = (pictures.as_ref())
                .map(|pictures| pictures.of_steps(&grid, steps, COLUMNS_A_STEP))
                .unwrap_or_default();
            let what = SpectrogramOf::File { path, first };
            tell.tell(Msg::Spectrogram { what, columns });
        },
    )
}

/// The thread that pictures what is played; it ends with its orders.
pub(super) fn played(tell: &Teller) -> Sender<News> {
    let (orders, inbox) = unbounded();
    let told = tell.clone();
    tell.spawn("live-picture", move || picture_played(&inbox, &told));
    orders
}

fn picture_played(orders: &Receiver<News>, tell: &Teller) {
    let Some(pictures) = Pictures::new(BANDS) else {
        return;
    };
    let mut live = LivePicture::new(&pictures, COLUMNS_A_STEP);
    for News { steps, fresh } in orders {
        if fresh {
            live = LivePicture::new(&pictures, COLUMNS_A_STEP);
        }
        let columns = steps.iter().flat_map(|step| live.step(step)).collect();
        let what = SpectrogramOf::Played;
        tell.tell(Msg::Spectrogram { what, columns });
    }
}
