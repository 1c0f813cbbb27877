//! The drums of the kit with a skin: kicks, snares, toms. Numbers only, in the units of [`super`].

use super::{NO_METAL, ONCE, Patch, ToneParts, band, noise};
use crate::audio::kit::bank::Pass;

/// Bass drum.
pub const KICK: Patch = Patch {
    gain: 0.76,
    pan: 0.0,
    room: 0.04,
    tone: Some(ToneParts {
        rest: 49.0,
        sweep: (150.0, 0.020),
        click: (900.0, 0.0016),
        level: 1.0,
        attack: 0.0006,
        fall: 0.125,
        drive: 1.7,
    }),
    // The shell answers an octave and a fifth above.
    modes: &[
        (76.0, 0.16, 0.07),
        (147.0, 0.07, 0.035),
        (262.0, 0.05, 0.018),
    ],
    modes_bright: 0.5,
    metal: NO_METAL,
    bands: &[
        noise(Pass::Band, 3400.0, 0.9, 0.55, 0.0002, 0.0035),
        noise(Pass::Band, 900.0, 0.8, 0.22, 0.0003, 0.010),
    ],
    again: ONCE,
    keep: 0,
    retrigger: 0.012,
};

/// Snare.
pub const SNARE: Patch = Patch {
    gain: 0.42,
    pan: 0.06,
    room: 0.20,
    tone: Some(ToneParts {
        rest: 184.0,
        sweep: (70.0, 0.014),
        click: (500.0, 0.0012),
        level: 0.46,
        attack: 0.0004,
        fall: 0.075,
        drive: 1.2,
    }),
    // A circular membrane's (1,1), (2,1), (0,2), (3,1) and (1,2), loaded by air and shell.
    modes: &[
        (287.0, 0.160, 0.060),
        (331.0, 0.192, 0.055),
        (422.0, 0.096, 0.045),
        (488.0, 0.064, 0.040),
        (537.0, 0.064, 0.032),
        (761.0, 0.040, 0.025),
        (1035.0, 0.024, 0.018),
    ],
    modes_bright: 0.4,
    metal: NO_METAL,
    bands: &[
        // The wires, their ring, and the stick.
        band(
            Pass::Band,
            5200.0,
            0.55,
            (1.0, 0.0),
            [1.45, 0.0008, 0.018, 0.085, 0.45],
            0.2,
        ),
        band(
            Pass::Band,
            2100.0,
            0.7,
            (1.0, 0.0),
            [1.25, 0.0015, 0.030, 0.110, 0.4],
            0.1,
        ),
        noise(Pass::Band, 6500.0, 0.8, 0.8, 0.0002, 0.005),
    ],
    again: ONCE,
    keep: 0,
    retrigger: 0.030,
};

/// A larger, softer bass drum: lower, longer, with less of the beater.
pub const DEEP_KICK: Patch = Patch {
    gain: 0.78,
    room: 0.06,
    tone: Some(ToneParts {
        rest: 43.0,
        sweep: (95.0, 0.026),
        click: (420.0, 0.0020),
        level: 1.0,
        attack: 0.0012,
        fall: 0.170,
        drive: 1.3,
    }),
    modes: &[(66.0, 0.22, 0.11), (118.0, 0.10, 0.06), (196.0, 0.05, 0.03)],
    bands: &[
        noise(Pass::Band, 1900.0, 0.8, 0.30, 0.0006, 0.005),
        noise(Pass::Band, 600.0, 0.8, 0.22, 0.0008, 0.014),
    ],
    ..KICK
};

/// Stick on head and rim at once: higher, with a ring and a crack.
pub const RIM_SHOT: Patch = Patch {
    gain: 0.44,
    room: 0.22,
    tone: Some(ToneParts {
        rest: 212.0,
        sweep: (90.0, 0.012),
        click: (700.0, 0.0011),
        level: 0.42,
        attack: 0.0003,
        fall: 0.060,
        drive: 1.3,
    }),
    modes: &[
        (334.0, 0.18, 0.075),
        (421.0, 0.24, 0.085),
        (577.0, 0.16, 0.070),
        (893.0, 0.15, 0.060),
        (1371.0, 0.13, 0.045),
        (1846.0, 0.09, 0.034),
        (2530.0, 0.06, 0.024),
    ],
    bands: &[
        band(
            Pass::Band,
            5600.0,
            0.55,
            (1.0, 0.0),
            [1.25, 0.0005, 0.014, 0.070, 0.40],
            0.2,
        ),
        band(
            Pass::Band,
            2600.0,
            0.7,
            (1.0, 0.0),
            [1.10, 0.0008, 0.022, 0.080, 0.35],
            0.1,
        ),
        noise(Pass::Band, 4200.0, 0.9, 1.2, 0.0001, 0.004),
    ],
    ..SNARE
};

/// The stick's shaft on the rim, its tip on the head: wood, and next to no wires.
pub const SIDE_STICK: Patch = Patch {
    gain: 0.50,
    room: 0.18,
    tone: None,
    modes: &[
        (402.0, 0.16, 0.020),
        (1093.0, 0.20, 0.015),
        (1716.0, 0.42, 0.019),
        (2447.0, 0.26, 0.012),
        (3391.0, 0.15, 0.009),
        (4630.0, 0.08, 0.006),
    ],
    modes_bright: 0.5,
    bands: &[
        noise(Pass::Band, 3100.0, 0.9, 0.60, 0.0001, 0.0028),
        noise(Pass::Band, 900.0, 0.8, 0.16, 0.0004, 0.012),
    ],
    retrigger: 0.020,
    ..SNARE
};

/// A tom whose head rests at `rest`, its modes at a membrane's ratios.
macro_rules! tom {
    ($rest:expr, $fall:expr, $pan:expr) => {
        Patch {
            gain: 0.60,
            pan: $pan,
            room: 0.14,
            tone: Some(ToneParts {
                rest: $rest,
                sweep: (0.42 * $rest, 0.045),
                click: (4.0 * $rest, 0.0018),
                level: 0.92,
                attack: 0.0006,
                fall: $fall,
                drive: 1.15,
            }),
            modes: &[
                (1.52 * $rest, 0.18, 0.5 * $fall),
                (2.03 * $rest, 0.11, 0.38 * $fall),
                (2.30 * $rest, 0.07, 0.33 * $fall),
                (2.92 * $rest, 0.05, 0.25 * $fall),
                (3.60 * $rest, 0.03, 0.18 * $fall),
            ],
            modes_bright: 0.6,
            metal: NO_METAL,
            bands: &[
                noise(Pass::Band, 2100.0, 0.8, 0.30, 0.0002, 0.0055),
                noise(Pass::Band, 700.0, 0.7, 0.16, 0.0006, 0.030),
            ],
            again: ONCE,
            keep: 0,
            retrigger: 0.025,
        }
    };
}

/// Floor tom, the lowest drum but the kick.
pub const LOW_FLOOR_TOM: Patch = tom!(66.0, 0.230, 0.52);
/// A floor tom higher.
pub const HIGH_FLOOR_TOM: Patch = tom!(74.0, 0.215, 0.47);
/// Low tom.
pub const LOW_TOM: Patch = tom!(83.0, 0.205, 0.42);
/// Between low and middle.
pub const LOW_MID_TOM: Patch = tom!(99.0, 0.190, 0.26);
/// Middle tom.
pub const HIGH_MID_TOM: Patch = tom!(117.0, 0.175, 0.12);
/// High tom.
pub const HIGH_TOM: Patch = tom!(162.0, 0.150, -0.16);
