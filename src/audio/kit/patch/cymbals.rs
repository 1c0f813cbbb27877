//! The metal: hats, crash, ride. Numbers only, in the units of [`super`].

use super::{Patch, band, noise};
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
    keep: 0,
    retrigger: 0.020,
};

/// Crash.
pub const CRASH: Patch = Patch {
    gain: 0.40,
    pan: -0.45,
    room: 0.10,
    tone: None,
    modes: &[
        (387.0, 0.030, 0.60),
        (521.0, 0.032, 0.75),
        (743.0, 0.030, 0.80),
        (1021.0, 0.034, 0.75),
        (1249.0, 0.030, 0.70),
        (1597.0, 0.030, 0.62),
        (1933.0, 0.028, 0.58),
        (2371.0, 0.026, 0.52),
        (2887.0, 0.024, 0.48),
        (3469.0, 0.022, 0.42),
        (4153.0, 0.020, 0.36),
        (5023.0, 0.018, 0.30),
    ],
    modes_bright: 0.5,
    metal: [407.0, 563.0, 641.0, 829.0, 967.0, 1181.0, 1373.0, 1697.0],
    bands: &[
        // The wash opens upwards in the first milliseconds, as a struck plate does.
        band(
            Pass::Band,
            4600.0,
            0.55,
            (0.75, 0.45),
            [1.25, 0.0030, 0.130, 0.620, 0.55],
            0.15,
        ),
        band(
            Pass::High,
            8400.0,
            0.7,
            (0.9, 0.35),
            [0.42, 0.0012, 0.090, 0.450, 0.55],
            0.3,
        ),
        band(
            Pass::Band,
            1500.0,
            0.8,
            (0.6, 0.5),
            [0.34, 0.0010, 0.040, 0.300, 0.3],
            0.1,
        ),
    ],
    keep: 1,
    retrigger: 0.060,
};

/// Ride, its bell under hard strokes.
pub const RIDE: Patch = Patch {
    gain: 0.42,
    pan: 0.45,
    room: 0.07,
    tone: None,
    // The first five are the bell; hard strokes bring them out.
    modes: &[
        (612.0, 0.022, 0.50),
        (987.0, 0.030, 0.60),
        (1481.0, 0.034, 0.58),
        (2131.0, 0.040, 0.52),
        (2789.0, 0.050, 0.46),
        (3313.0, 0.064, 0.42),
        (4007.0, 0.072, 0.36),
        (4729.0, 0.070, 0.32),
        (5563.0, 0.065, 0.27),
        (6421.0, 0.055, 0.22),
        (7577.0, 0.045, 0.18),
        (8839.0, 0.035, 0.14),
    ],
    modes_bright: 0.3,
    metal: [443.0, 619.0, 733.0, 911.0, 1103.0, 1301.0, 1523.0, 1831.0],
    bands: &[
        band(
            Pass::Band,
            6300.0,
            0.7,
            (0.6, 0.5),
            [0.62, 0.0020, 0.060, 0.480, 0.5],
            0.2,
        ),
        noise(Pass::High, 6500.0, 0.7, 0.9, 0.0001, 0.0045),
    ],
    keep: 2,
    retrigger: 0.060,
};
