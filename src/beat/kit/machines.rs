//! The tables: incoming pitches a lane, outgoing voices a machine. Lane order throughout is
//! kick, snare, closed hat, open hat, low, mid and high tom, crash, ride.

use super::Voice;
use crate::beat::lane::LANES;

/// See [`super::DrumMap::gm`].
pub(super) const GM_MAP: [&[u8]; LANES] = [
    &[36, 35],
    &[38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85],
    &[42, 44, 54, 68, 69, 70, 71, 73, 78, 80, 22],
    &[46, 67, 72, 74, 79, 81, 26],
    &[45, 29, 41, 43, 61, 64, 84],
    &[48, 47, 60, 63, 77, 86, 87],
    &[50, 30, 62, 76, 83],
    &[49, 52, 55, 57, 58],
    &[51, 53, 59, 82],
];

/// See [`super::DrumMap::td11`].
pub(super) const TD11_MAP: [&[u8]; LANES] = [
    &[36],
    &[38, 37, 40],
    &[42, 22, 44],
    &[46, 26],
    &[43, 58],
    &[47, 45],
    &[50, 48],
    &[49, 52, 55, 57],
    &[51, 53, 59],
];

/// The machines [`voices`] knows.
pub(super) const NAMES: [&str; 9] = [
    "gm",
    "tr-8s",
    "tr-8",
    "tr-09",
    "tr-08",
    "volca-beats",
    "digitakt",
    "digitakt-2",
    "analog-rytm",
];

/// General MIDI: the first pitch of each lane of [`GM_MAP`] on channel 10.
pub(super) fn gm() -> [Option<Voice>; LANES] {
    on_channel_10([36, 38, 42, 46, 45, 48, 50, 49, 51])
}

/// The voices of a machine, with its factory settings. Where a machine lacks a lane, the voice
/// that stands in is named here.
pub(super) fn voices(name: &str) -> Option<[Option<Voice>; LANES]> {
    Some(match name {
        "gm" => gm(),
        "tr-8s" | "tr-8" | "tr-09" => on_channel_10([36, 38, 42, 46, 43, 47, 50, 49, 51]),
        // One cymbal, which is both crash and ride.
        "tr-08" => on_channel_10([36, 38, 42, 46, 43, 47, 50, 49, 49]),
        "volca-beats" => volca_beats(),
        // Eight tracks for nine lanes: the two upper toms share track 6.
        "digitakt" => a_track_each([0, 1, 2, 3, 4, 5, 5, 6, 7]),
        "digitakt-2" => a_track_each([0, 1, 2, 3, 4, 5, 6, 7, 8]),
        // Tracks BD SD RS CP BT LT MT HT CH OH CY CB; the cymbal is both crash and ride.
        "analog-rytm" => a_track_each([0, 1, 8, 9, 5, 6, 7, 10, 10]),
        _ => return None,
    })
}

fn on_channel_10(notes: [u8; LANES]) -> [Option<Voice>; LANES] {
    notes.map(|note| {
        Some(Voice {
            note,
            channel: 9,
            level_cc: None,
        })
    })
}

/// Elektron machines: track n is note n on channel n, both counted from 0.
fn a_track_each(tracks: [u8; LANES]) -> [Option<Voice>; LANES] {
    tracks.map(|track| {
        Some(Voice {
            note: track,
            channel: track,
            level_cc: None,
        })
    })
}

/// Notes and level controllers of the Volca Beats, which ignores velocity. It has two toms (the
/// middle one plays the low) and no ride (the closed hat keeps its time).
fn volca_beats() -> [Option<Voice>; LANES] {
    let voice = |note, level_cc| {
        Some(Voice {
            note,
            channel: 9,
            level_cc: Some(level_cc),
        })
    };
    [
        voice(36, 40),
        voice(38, 41),
        voice(42, 44),
        voice(46, 45),
        voice(43, 42),
        voice(43, 42),
        voice(50, 43),
        voice(49, 49),
        voice(42, 44),
    ]
}
