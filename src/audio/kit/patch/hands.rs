//! Hands, and skins beside the kit. Numbers only, in the units of [`super`].

use super::{Again, PLAIN, Patch, ToneParts, band, noise};
use crate::audio::kit::bank::Pass;

/// Several hands, which do not meet at once, and the room's answer.
pub const CLAP: Patch = Patch {
    gain: 0.46,
    pan: 0.08,
    room: 0.26,
    bands: &[
        band(
            Pass::Band,
            1250.0,
            1.1,
            (1.0, 0.0),
            [2.1, 0.0003, 0.0060, 0.0060, 0.0],
            0.2,
        ),
        band(
            Pass::Band,
            1500.0,
            0.8,
            (1.0, 0.0),
            [0.75, 0.0240, 0.050, 0.110, 0.35],
            0.2,
        ),
        noise(Pass::Band, 3600.0, 0.9, 0.4, 0.0002, 0.006),
    ],
    again: Again {
        times: 3,
        gap: 0.0105,
        fall: 0.96,
    },
    retrigger: 0.030,
    ..PLAIN
};

/// A flat hand on a skin.
pub const SLAP: Patch = Patch {
    gain: 0.46,
    tone: Some(ToneParts {
        rest: 310.0,
        sweep: (160.0, 0.008),
        click: (900.0, 0.0012),
        level: 0.35,
        attack: 0.0003,
        fall: 0.022,
        drive: 1.4,
    }),
    modes: &[(790.0, 0.100, 0.016), (1240.0, 0.080, 0.012)],
    bands: &[
        noise(Pass::Band, 2300.0, 0.8, 1.3, 0.0002, 0.011),
        noise(Pass::High, 5200.0, 0.7, 0.35, 0.0002, 0.006),
    ],
    ..PLAIN
};

/// A skin struck by hand or mallet: gain, place, pitch at rest, fall, level of the touch. Its modes are at a loaded membrane's
/// ratios.
macro_rules! skin {
    ($gain:expr, $pan:expr, $rest:expr, $fall:expr, $touch:expr) => {
        Patch {
            gain: $gain,
            pan: $pan,
            room: 0.12,
            tone: Some(ToneParts {
                rest: $rest,
                sweep: (0.22 * $rest, 0.012),
                click: (2.2 * $rest, 0.0014),
                level: 0.8,
                attack: 0.0004,
                fall: $fall,
                drive: 1.1,
            }),
            modes: &[
                (1.59 * $rest, 0.16, 0.55 * $fall),
                (2.14 * $rest, 0.10, 0.42 * $fall),
                (2.30 * $rest, 0.07, 0.35 * $fall),
                (2.92 * $rest, 0.05, 0.25 * $fall),
            ],
            bands: &[
                noise(Pass::Band, 2600.0, 0.8, $touch, 0.0002, 0.004),
                noise(Pass::Band, 900.0, 0.8, 0.14, 0.0006, 0.014),
            ],
            retrigger: 0.020,
            ..PLAIN
        }
    };
}

/// High bongo.
pub const HIGH_BONGO: Patch = skin!(0.48, 0.24, 392.0, 0.075, 0.40);
/// Low bongo.
pub const LOW_BONGO: Patch = skin!(0.50, 0.16, 282.0, 0.100, 0.35);
/// High conga, the other hand laid on.
pub const MUTE_CONGA: Patch = skin!(0.54, -0.22, 262.0, 0.034, 0.70);
/// High conga.
pub const OPEN_CONGA: Patch = skin!(0.50, -0.22, 247.0, 0.170, 0.30);
/// Low conga.
pub const LOW_CONGA: Patch = skin!(0.54, -0.32, 176.0, 0.200, 0.28);
/// Surdo, damped.
pub const MUTE_SURDO: Patch = skin!(0.66, -0.10, 78.0, 0.065, 0.20);
/// Surdo.
pub const OPEN_SURDO: Patch = skin!(0.64, -0.10, 72.0, 0.300, 0.16);

/// A timbale: place and pitch at rest. Under the skin is a metal shell, which answers higher.
macro_rules! timbale {
    ($pan:expr, $rest:expr) => {
        Patch {
            gain: 0.46,
            pan: $pan,
            room: 0.18,
            tone: Some(ToneParts {
                rest: $rest,
                sweep: (0.2 * $rest, 0.012),
                click: (3.0 * $rest, 0.0012),
                level: 0.6,
                attack: 0.0003,
                fall: 0.12,
                drive: 1.2,
            }),
            modes: &[
                (1.59 * $rest, 0.22, 0.110),
                (2.14 * $rest, 0.16, 0.100),
                (2.65 * $rest, 0.14, 0.090),
                (3.60 * $rest, 0.11, 0.070),
                (5.10 * $rest, 0.08, 0.050),
                (7.30 * $rest, 0.05, 0.035),
            ],
            bands: &[noise(Pass::Band, 3600.0, 0.8, 0.6, 0.0001, 0.0045)],
            retrigger: 0.025,
            ..PLAIN
        }
    };
}

/// High timbale.
pub const HIGH_TIMBALE: Patch = timbale!(0.28, 330.0);
/// Low timbale.
pub const LOW_TIMBALE: Patch = timbale!(0.36, 236.0);

/// Cuica, its skin pressed: a short squeak.
pub const MUTE_CUICA: Patch = Patch {
    gain: 0.34,
    pan: -0.28,
    tone: Some(ToneParts {
        rest: 610.0,
        sweep: (-150.0, 0.030),
        click: (0.0, 0.001),
        level: 0.7,
        attack: 0.006,
        fall: 0.045,
        drive: 2.2,
    }),
    bands: &[noise(Pass::Band, 1500.0, 1.5, 0.18, 0.004, 0.03)],
    ..PLAIN
};

/// Cuica: the pitch is drawn up.
pub const OPEN_CUICA: Patch = Patch {
    gain: 0.34,
    pan: -0.28,
    tone: Some(ToneParts {
        rest: 480.0,
        sweep: (-190.0, 0.060),
        click: (0.0, 0.001),
        level: 0.7,
        attack: 0.01,
        fall: 0.11,
        drive: 2.2,
    }),
    bands: &[noise(Pass::Band, 1200.0, 1.5, 0.16, 0.008, 0.07)],
    ..PLAIN
};
