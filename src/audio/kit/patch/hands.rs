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

/// High bongo.
pub const HIGH_BONGO: Patch = Patch {
    gain: 0.48,
    pan: 0.24,
    room: 0.12,
    tone: Some(ToneParts {
        rest: 392.0,
        sweep: (86.2, 0.012),
        click: (862.4, 0.0014),
        level: 0.8,
        attack: 0.0004,
        fall: 0.075,
        drive: 1.1,
    }),
    modes: &[
        (623.3, 0.160, 0.041),
        (838.9, 0.100, 0.032),
        (901.6, 0.070, 0.026),
        (1144.6, 0.050, 0.019),
    ],
    bands: &[
        noise(Pass::Band, 2600.0, 0.8, 0.4, 0.0002, 0.004),
        noise(Pass::Band, 900.0, 0.8, 0.14, 0.0006, 0.014),
    ],
    retrigger: 0.020,
    ..PLAIN
};

/// Low bongo.
pub const LOW_BONGO: Patch = Patch {
    gain: 0.5,
    pan: 0.16,
    room: 0.12,
    tone: Some(ToneParts {
        rest: 282.0,
        sweep: (62.0, 0.012),
        click: (620.4, 0.0014),
        level: 0.8,
        attack: 0.0004,
        fall: 0.1,
        drive: 1.1,
    }),
    modes: &[
        (448.4, 0.160, 0.055),
        (603.5, 0.100, 0.042),
        (648.6, 0.070, 0.035),
        (823.4, 0.050, 0.025),
    ],
    bands: &[
        noise(Pass::Band, 2600.0, 0.8, 0.35, 0.0002, 0.004),
        noise(Pass::Band, 900.0, 0.8, 0.14, 0.0006, 0.014),
    ],
    retrigger: 0.020,
    ..PLAIN
};

/// High conga, the other hand laid on.
pub const MUTE_CONGA: Patch = Patch {
    gain: 0.54,
    pan: -0.22,
    room: 0.12,
    tone: Some(ToneParts {
        rest: 262.0,
        sweep: (57.6, 0.012),
        click: (576.4, 0.0014),
        level: 0.8,
        attack: 0.0004,
        fall: 0.034,
        drive: 1.1,
    }),
    modes: &[
        (416.6, 0.160, 0.019),
        (560.7, 0.100, 0.014),
        (602.6, 0.070, 0.012),
        (765.0, 0.050, 0.009),
    ],
    bands: &[
        noise(Pass::Band, 2600.0, 0.8, 0.7, 0.0002, 0.004),
        noise(Pass::Band, 900.0, 0.8, 0.14, 0.0006, 0.014),
    ],
    retrigger: 0.020,
    ..PLAIN
};

/// High conga.
pub const OPEN_CONGA: Patch = Patch {
    gain: 0.5,
    pan: -0.22,
    room: 0.12,
    tone: Some(ToneParts {
        rest: 247.0,
        sweep: (54.3, 0.012),
        click: (543.4, 0.0014),
        level: 0.8,
        attack: 0.0004,
        fall: 0.17,
        drive: 1.1,
    }),
    modes: &[
        (392.7, 0.160, 0.094),
        (528.6, 0.100, 0.071),
        (568.1, 0.070, 0.059),
        (721.2, 0.050, 0.043),
    ],
    bands: &[
        noise(Pass::Band, 2600.0, 0.8, 0.3, 0.0002, 0.004),
        noise(Pass::Band, 900.0, 0.8, 0.14, 0.0006, 0.014),
    ],
    retrigger: 0.020,
    ..PLAIN
};

/// Low conga.
pub const LOW_CONGA: Patch = Patch {
    gain: 0.54,
    pan: -0.32,
    room: 0.12,
    tone: Some(ToneParts {
        rest: 176.0,
        sweep: (38.7, 0.012),
        click: (387.2, 0.0014),
        level: 0.8,
        attack: 0.0004,
        fall: 0.2,
        drive: 1.1,
    }),
    modes: &[
        (279.8, 0.160, 0.110),
        (376.6, 0.100, 0.084),
        (404.8, 0.070, 0.070),
        (513.9, 0.050, 0.050),
    ],
    bands: &[
        noise(Pass::Band, 2600.0, 0.8, 0.28, 0.0002, 0.004),
        noise(Pass::Band, 900.0, 0.8, 0.14, 0.0006, 0.014),
    ],
    retrigger: 0.020,
    ..PLAIN
};

/// High timbale: a metal shell under the skin.
pub const HIGH_TIMBALE: Patch = Patch {
    gain: 0.46,
    pan: 0.28,
    room: 0.18,
    tone: Some(ToneParts {
        rest: 330.0,
        sweep: (66.0, 0.012),
        click: (990.0, 0.0012),
        level: 0.6,
        attack: 0.0003,
        fall: 0.12,
        drive: 1.2,
    }),
    modes: &[
        (524.7, 0.220, 0.110),
        (706.2, 0.160, 0.100),
        (874.5, 0.140, 0.090),
        (1188.0, 0.110, 0.070),
        (1683.0, 0.080, 0.050),
        (2409.0, 0.050, 0.035),
    ],
    bands: &[noise(Pass::Band, 3600.0, 0.8, 0.6, 0.0001, 0.0045)],
    retrigger: 0.025,
    ..PLAIN
};

/// Low timbale.
pub const LOW_TIMBALE: Patch = Patch {
    gain: 0.46,
    pan: 0.36,
    room: 0.18,
    tone: Some(ToneParts {
        rest: 236.0,
        sweep: (47.2, 0.012),
        click: (708.0, 0.0012),
        level: 0.6,
        attack: 0.0003,
        fall: 0.12,
        drive: 1.2,
    }),
    modes: &[
        (375.2, 0.220, 0.110),
        (505.0, 0.160, 0.100),
        (625.4, 0.140, 0.090),
        (849.6, 0.110, 0.070),
        (1203.6, 0.080, 0.050),
        (1722.8, 0.050, 0.035),
    ],
    bands: &[noise(Pass::Band, 3600.0, 0.8, 0.6, 0.0001, 0.0045)],
    retrigger: 0.025,
    ..PLAIN
};

/// Surdo, damped.
pub const MUTE_SURDO: Patch = Patch {
    gain: 0.66,
    pan: -0.1,
    room: 0.12,
    tone: Some(ToneParts {
        rest: 78.0,
        sweep: (17.2, 0.012),
        click: (171.6, 0.0014),
        level: 0.8,
        attack: 0.0004,
        fall: 0.065,
        drive: 1.1,
    }),
    modes: &[
        (124.0, 0.160, 0.036),
        (166.9, 0.100, 0.027),
        (179.4, 0.070, 0.023),
        (227.8, 0.050, 0.016),
    ],
    bands: &[
        noise(Pass::Band, 2600.0, 0.8, 0.2, 0.0002, 0.004),
        noise(Pass::Band, 900.0, 0.8, 0.14, 0.0006, 0.014),
    ],
    retrigger: 0.020,
    ..PLAIN
};

/// Surdo.
pub const OPEN_SURDO: Patch = Patch {
    gain: 0.64,
    pan: -0.1,
    room: 0.12,
    tone: Some(ToneParts {
        rest: 72.0,
        sweep: (15.8, 0.012),
        click: (158.4, 0.0014),
        level: 0.8,
        attack: 0.0004,
        fall: 0.3,
        drive: 1.1,
    }),
    modes: &[
        (114.5, 0.160, 0.165),
        (154.1, 0.100, 0.126),
        (165.6, 0.070, 0.105),
        (210.2, 0.050, 0.075),
    ],
    bands: &[
        noise(Pass::Band, 2600.0, 0.8, 0.16, 0.0002, 0.004),
        noise(Pass::Band, 900.0, 0.8, 0.14, 0.0006, 0.014),
    ],
    retrigger: 0.020,
    ..PLAIN
};

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
