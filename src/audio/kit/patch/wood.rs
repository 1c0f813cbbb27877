//! Bells and wood struck with a stick beside the kit. Numbers only, in the units of [`super`].

use super::{Again, PLAIN, Patch, noise};
use crate::audio::kit::bank::Pass;

/// Cowbell: two tones a rough sixth apart, and the stick.
pub const COWBELL: Patch = Patch {
    gain: 0.40,
    pan: 0.20,
    modes: &[
        (562.0, 0.420, 0.085),
        (845.0, 0.460, 0.075),
        (1124.0, 0.130, 0.045),
        (1498.0, 0.120, 0.040),
        (1733.0, 0.150, 0.040),
        (2536.0, 0.100, 0.028),
        (3374.0, 0.060, 0.020),
        (4310.0, 0.040, 0.014),
    ],
    bands: &[noise(Pass::Band, 3000.0, 0.9, 0.35, 0.0002, 0.003)],
    retrigger: 0.030,
    ..PLAIN
};

/// High agogo.
pub const HIGH_AGOGO: Patch = Patch {
    gain: 0.36,
    pan: 0.3,
    modes: &[
        (1046.0, 0.500, 0.150),
        (1579.5, 0.140, 0.090),
        (2531.3, 0.240, 0.110),
        (3776.1, 0.120, 0.070),
        (5250.9, 0.070, 0.045),
    ],
    bands: &[noise(Pass::Band, 4200.0, 0.9, 0.3, 0.0002, 0.003)],
    retrigger: 0.030,
    ..PLAIN
};

/// Low agogo.
pub const LOW_AGOGO: Patch = Patch {
    gain: 0.36,
    pan: 0.34,
    modes: &[
        (741.0, 0.500, 0.150),
        (1118.9, 0.140, 0.090),
        (1793.2, 0.240, 0.110),
        (2675.0, 0.120, 0.070),
        (3719.8, 0.070, 0.045),
    ],
    bands: &[noise(Pass::Band, 4200.0, 0.9, 0.3, 0.0002, 0.003)],
    retrigger: 0.030,
    ..PLAIN
};

/// Claves.
pub const CLAVES: Patch = Patch {
    gain: 0.40,
    pan: -0.18,
    room: 0.16,
    modes: &[
        (2489.0, 0.700, 0.030),
        (4920.0, 0.120, 0.012),
        (6870.0, 0.050, 0.007),
    ],
    bands: &[noise(Pass::Band, 4000.0, 0.9, 0.18, 0.0001, 0.002)],
    ..PLAIN
};

/// Two sticks struck together.
pub const STICKS: Patch = Patch {
    gain: 0.40,
    modes: &[
        (1387.0, 0.160, 0.012),
        (2103.0, 0.420, 0.016),
        (3467.0, 0.260, 0.010),
        (5120.0, 0.120, 0.007),
    ],
    bands: &[noise(Pass::Band, 3600.0, 0.9, 0.5, 0.0001, 0.003)],
    ..PLAIN
};

/// Castanets: a pair, one a little after the other.
pub const CASTANETS: Patch = Patch {
    gain: 0.38,
    pan: 0.22,
    modes: &[
        (1620.0, 0.180, 0.010),
        (2870.0, 0.340, 0.011),
        (4350.0, 0.200, 0.007),
    ],
    bands: &[noise(Pass::Band, 3300.0, 1.0, 1.1, 0.0001, 0.0035)],
    again: Again {
        times: 1,
        gap: 0.026,
        fall: 0.75,
    },
    ..PLAIN
};

/// High wood block.
pub const HIGH_WOOD_BLOCK: Patch = Patch {
    gain: 0.44,
    pan: 0.14,
    room: 0.16,
    modes: &[
        (1120.0, 0.620, 0.026),
        (1758.4, 0.200, 0.017),
        (2721.6, 0.220, 0.013),
        (4368.0, 0.100, 0.008),
    ],
    bands: &[noise(Pass::Band, 2600.0, 0.9, 0.35, 0.0001, 0.003)],
    ..PLAIN
};

/// Low wood block.
pub const LOW_WOOD_BLOCK: Patch = Patch {
    gain: 0.44,
    pan: 0.06,
    room: 0.16,
    modes: &[
        (784.0, 0.620, 0.026),
        (1230.9, 0.200, 0.017),
        (1905.1, 0.220, 0.013),
        (3057.6, 0.100, 0.008),
    ],
    bands: &[noise(Pass::Band, 2600.0, 0.9, 0.35, 0.0001, 0.003)],
    ..PLAIN
};
