//! The hats. Numbers only, in the units of [`super`].

use super::{ONCE, Patch, band};
use crate::audio::kit::bank::Pass;

/// Two plates of a hat: close pitches that beat, with no common fundamental.
const HAT_METAL: [f32; 8] = [318.0, 421.0, 467.0, 587.0, 631.0, 797.0, 883.0, 1049.0];

/// Closed hi-hat.
pub const CLOSED_HAT: Patch = Patch {
    gain: 0.34,
    pan: -0.32,
    room: 0.05,
    tone: None,
    modes: &[],
    modes_bright: 0.0,
    metal: HAT_METAL,
    bands: &[
        // The sizzle, the air above it, and what of the plates is heard below.
        band(
            Pass::Band,
            8900.0,
            0.85,
            (0.45, 0.8),
            [1.7, 0.0003, 0.010, 0.036, 0.45],
            0.2,
        ),
        band(
            Pass::High,
            10_500.0,
            0.8,
            (0.7, 0.4),
            [0.50, 0.0002, 0.006, 0.024, 0.4],
            0.35,
        ),
        band(
            Pass::Band,
            4300.0,
            1.5,
            (0.2, 0.8),
            [0.50, 0.0002, 0.005, 0.022, 0.35],
            0.1,
        ),
    ],
    again: ONCE,
    keep: 0,
    retrigger: 0.012,
};

/// Open hi-hat.
pub const OPEN_HAT: Patch = Patch {
    gain: 0.32,
    pan: -0.32,
    room: 0.06,
    tone: None,
    modes: &[],
    modes_bright: 0.0,
    metal: HAT_METAL,
    bands: &[
        band(
            Pass::Band,
            8500.0,
            0.8,
            (0.5, 0.8),
            [1.65, 0.0008, 0.035, 0.230, 0.62],
            0.2,
        ),
        band(
            Pass::High,
            10_000.0,
            0.8,
            (0.7, 0.4),
            [0.50, 0.0004, 0.020, 0.170, 0.5],
            0.35,
        ),
        band(
            Pass::Band,
            4100.0,
            1.3,
            (0.2, 0.8),
            [0.45, 0.0006, 0.020, 0.140, 0.5],
            0.1,
        ),
    ],
    again: ONCE,
    keep: 0,
    retrigger: 0.020,
};

/// A closed hat struck on its edge with the shaft: wider and longer, the plates rattle.
pub const CLOSED_HAT_EDGE: Patch = Patch {
    gain: 0.38,
    bands: &[
        band(
            Pass::Band,
            7900.0,
            0.75,
            (0.5, 0.8),
            [1.7, 0.0003, 0.014, 0.058, 0.50],
            0.2,
        ),
        band(
            Pass::High,
            10_000.0,
            0.8,
            (0.7, 0.4),
            [0.55, 0.0002, 0.008, 0.036, 0.4],
            0.35,
        ),
        band(
            Pass::Band,
            3700.0,
            1.3,
            (0.25, 0.8),
            [0.75, 0.0002, 0.008, 0.034, 0.4],
            0.1,
        ),
    ],
    ..CLOSED_HAT
};

/// The plates shut by the foot: darker, without a stick.
pub const PEDAL_HAT: Patch = Patch {
    gain: 0.30,
    bands: &[
        band(
            Pass::Band,
            6100.0,
            0.75,
            (0.6, 0.7),
            [1.35, 0.0022, 0.012, 0.026, 0.35],
            0.2,
        ),
        band(
            Pass::Band,
            2900.0,
            1.1,
            (0.35, 0.8),
            [0.95, 0.0015, 0.008, 0.022, 0.3],
            0.1,
        ),
    ],
    ..CLOSED_HAT
};

/// An open hat struck on its edge: louder and longer.
pub const OPEN_HAT_EDGE: Patch = Patch {
    gain: 0.36,
    bands: &[
        band(
            Pass::Band,
            7600.0,
            0.7,
            (0.55, 0.8),
            [1.65, 0.0006, 0.045, 0.300, 0.66],
            0.2,
        ),
        band(
            Pass::High,
            9600.0,
            0.8,
            (0.7, 0.4),
            [0.55, 0.0003, 0.025, 0.220, 0.5],
            0.35,
        ),
        band(
            Pass::Band,
            3600.0,
            1.2,
            (0.25, 0.8),
            [0.70, 0.0004, 0.030, 0.190, 0.5],
            0.1,
        ),
    ],
    ..OPEN_HAT
};
