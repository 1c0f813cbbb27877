//! What is shaken, scraped, blown or rung, and the machine's own noises. Numbers only, in the units of [`super`].

use super::{Again, PLAIN, Patch, ToneParts, band, noise};
use crate::audio::kit::bank::Pass;

/// Tambourine: jingles that meet twice.
pub const TAMBOURINE: Patch = Patch {
    gain: 0.34,
    pan: -0.24,
    modes: &[
        (4870.0, 0.060, 0.060),
        (6230.0, 0.080, 0.070),
        (7410.0, 0.080, 0.065),
        (8890.0, 0.070, 0.055),
    ],
    metal: [
        3121.0, 3709.0, 4219.0, 4871.0, 5381.0, 6121.0, 6899.0, 7717.0,
    ],
    bands: &[
        band(
            Pass::High,
            6800.0,
            0.8,
            (0.7, 0.6),
            [1.15, 0.0006, 0.012, 0.075, 0.40],
            0.25,
        ),
        band(
            Pass::Band,
            8600.0,
            1.6,
            (0.4, 0.9),
            [0.9, 0.0030, 0.030, 0.110, 0.5],
            0.25,
        ),
        noise(Pass::Band, 900.0, 0.8, 0.12, 0.0008, 0.015),
    ],
    again: Again {
        times: 1,
        gap: 0.021,
        fall: 0.6,
    },
    retrigger: 0.030,
    ..PLAIN
};

/// Sleigh bells.
pub const JINGLE_BELL: Patch = Patch {
    gain: 0.30,
    pan: 0.30,
    modes: &[
        (2910.0, 0.100, 0.120),
        (3490.0, 0.120, 0.140),
        (4370.0, 0.120, 0.130),
        (5230.0, 0.100, 0.110),
        (6310.0, 0.080, 0.090),
    ],
    metal: [
        3121.0, 3709.0, 4219.0, 4871.0, 5381.0, 6121.0, 6899.0, 7717.0,
    ],
    bands: &[band(
        Pass::High,
        5600.0,
        0.8,
        (0.4, 0.9),
        [0.9, 0.0020, 0.030, 0.140, 0.45],
        0.25,
    )],
    again: Again {
        times: 2,
        gap: 0.034,
        fall: 0.75,
    },
    retrigger: 0.040,
    ..PLAIN
};

/// Maracas: seeds thrown against the wall.
pub const MARACAS: Patch = Patch {
    gain: 0.30,
    pan: 0.32,
    bands: &[
        noise(Pass::High, 5200.0, 0.8, 0.95, 0.0025, 0.014),
        noise(Pass::Band, 8200.0, 1.0, 0.6, 0.0035, 0.018),
    ],
    ..PLAIN
};

/// Shaker: softer, a longer way.
pub const SHAKER: Patch = Patch {
    gain: 0.30,
    pan: 0.36,
    bands: &[
        noise(Pass::High, 4800.0, 0.8, 0.75, 0.012, 0.03),
        noise(Pass::Band, 7200.0, 0.9, 0.75, 0.014, 0.036),
    ],
    ..PLAIN
};

/// Cabasa: steel beads turned on steel.
pub const CABASA: Patch = Patch {
    gain: 0.30,
    pan: -0.34,
    bands: &[
        noise(Pass::High, 6200.0, 0.8, 1.0, 0.0012, 0.01),
        noise(Pass::Band, 9400.0, 1.3, 0.8, 0.002, 0.026),
    ],
    again: Again {
        times: 1,
        gap: 0.016,
        fall: 0.8,
    },
    ..PLAIN
};

/// Guiro, a quick stroke over the notches.
pub const SHORT_GUIRO: Patch = Patch {
    gain: 0.34,
    pan: 0.26,
    modes: &[(1090.0, 0.050, 0.030)],
    bands: &[noise(Pass::Band, 2600.0, 1.4, 1.5, 0.0006, 0.006)],
    again: Again {
        times: 5,
        gap: 0.0125,
        fall: 1.0,
    },
    ..PLAIN
};

/// Guiro, drawn slowly.
pub const LONG_GUIRO: Patch = Patch {
    gain: 0.34,
    pan: 0.26,
    modes: &[(1090.0, 0.050, 0.060)],
    bands: &[noise(Pass::Band, 2500.0, 1.4, 1.4, 0.001, 0.0085)],
    again: Again {
        times: 15,
        gap: 0.0215,
        fall: 0.99,
    },
    ..PLAIN
};

/// Vibraslap: teeth rattling in a box.
pub const VIBRASLAP: Patch = Patch {
    gain: 0.36,
    pan: -0.30,
    modes: &[(1870.0, 0.100, 0.050), (2660.0, 0.100, 0.040)],
    bands: &[noise(Pass::Band, 3000.0, 2.2, 2.0, 0.0002, 0.007)],
    again: Again {
        times: 24,
        gap: 0.0265,
        fall: 0.9,
    },
    ..PLAIN
};

/// Whistle, short.
pub const SHORT_WHISTLE: Patch = Patch {
    gain: 0.30,
    pan: 0.10,
    tone: Some(ToneParts {
        rest: 2340.0,
        sweep: (-160.0, 0.020),
        click: (0.0, 0.001),
        level: 0.6,
        attack: 0.006,
        fall: 0.045,
        drive: 1.2,
    }),
    bands: &[noise(Pass::Band, 2400.0, 6.0, 0.8, 0.006, 0.045)],
    ..PLAIN
};

/// Whistle, long.
pub const LONG_WHISTLE: Patch = Patch {
    gain: 0.30,
    pan: 0.10,
    tone: Some(ToneParts {
        rest: 2340.0,
        sweep: (-160.0, 0.020),
        click: (0.0, 0.001),
        level: 0.6,
        attack: 0.012,
        fall: 0.21,
        drive: 1.2,
    }),
    bands: &[noise(Pass::Band, 2400.0, 6.0, 0.8, 0.012, 0.21)],
    ..PLAIN
};

/// Triangle, held in the hand.
pub const MUTE_TRIANGLE: Patch = Patch {
    gain: 0.34,
    pan: -0.40,
    modes: &[
        (1723.0, 0.080, 0.034),
        (3019.0, 0.120, 0.034),
        (4157.0, 0.140, 0.034),
        (5521.0, 0.160, 0.034),
        (7043.0, 0.150, 0.034),
        (8861.0, 0.120, 0.034),
        (10837.0, 0.090, 0.034),
        (13109.0, 0.060, 0.034),
    ],
    modes_bright: 0.2,
    bands: &[noise(Pass::High, 8000.0, 0.8, 0.3, 0.0001, 0.0025)],
    ..PLAIN
};

/// Triangle.
pub const OPEN_TRIANGLE: Patch = Patch {
    gain: 0.32,
    pan: -0.40,
    modes: &[
        (1723.0, 0.080, 0.620),
        (3019.0, 0.120, 0.580),
        (4157.0, 0.140, 0.540),
        (5521.0, 0.160, 0.500),
        (7043.0, 0.150, 0.460),
        (8861.0, 0.120, 0.420),
        (10837.0, 0.090, 0.380),
        (13109.0, 0.060, 0.340),
    ],
    modes_bright: 0.2,
    bands: &[noise(Pass::High, 8000.0, 0.8, 0.3, 0.0001, 0.0025)],
    retrigger: 0.060,
    ..PLAIN
};

/// Bell tree: a stick drawn down many small bells.
pub const BELL_TREE: Patch = Patch {
    gain: 0.30,
    pan: -0.36,
    room: 0.25,
    modes: &[
        (2093.0, 0.060, 0.850),
        (2417.4, 0.060, 0.800),
        (2792.1, 0.060, 0.750),
        (3224.9, 0.060, 0.700),
        (3724.8, 0.060, 0.650),
        (4302.1, 0.060, 0.600),
        (4968.9, 0.060, 0.550),
        (5739.1, 0.060, 0.500),
        (6628.7, 0.060, 0.450),
        (7656.1, 0.060, 0.400),
        (8842.8, 0.060, 0.350),
        (10213.4, 0.060, 0.300),
    ],
    modes_bright: 0.2,
    metal: [
        3121.0, 3709.0, 4219.0, 4871.0, 5381.0, 6121.0, 6899.0, 7717.0,
    ],
    bands: &[band(
        Pass::Band,
        7600.0,
        3.0,
        (0.1, 0.9),
        [0.8, 0.0020, 0.020, 0.030, 0.3],
        0.2,
    )],
    again: Again {
        times: 14,
        gap: 0.045,
        fall: 0.9,
    },
    retrigger: 0.080,
    ..PLAIN
};

/// The bell of a metronome.
pub const METRONOME_BELL: Patch = Patch {
    gain: 0.34,
    modes: &[
        (2637.0, 0.500, 0.170),
        (5340.0, 0.180, 0.100),
        (8120.0, 0.080, 0.060),
    ],
    bands: &[noise(Pass::Band, 5000.0, 0.9, 0.2, 0.0001, 0.002)],
    retrigger: 0.040,
    ..PLAIN
};

/// The click of a metronome.
pub const METRONOME_CLICK: Patch = Patch {
    gain: 0.44,
    modes: &[
        (1240.0, 0.500, 0.009),
        (2630.0, 0.240, 0.006),
        (4400.0, 0.120, 0.004),
    ],
    bands: &[noise(Pass::Band, 3000.0, 0.9, 0.4, 0.0001, 0.002)],
    ..PLAIN
};

/// An electric click.
pub const SQUARE_CLICK: Patch = Patch {
    gain: 0.40,
    modes: &[
        (1000.0, 0.500, 0.012),
        (3000.0, 0.170, 0.011),
        (5000.0, 0.100, 0.010),
    ],
    ..PLAIN
};

/// A filter ringing: a tone that falls through the whole range.
pub const HIGH_Q: Patch = Patch {
    gain: 0.36,
    tone: Some(ToneParts {
        rest: 240.0,
        sweep: (4200.0, 0.016),
        click: (0.0, 0.001),
        level: 0.8,
        attack: 0.0004,
        fall: 0.034,
        drive: 1.6,
    }),
    ..PLAIN
};

/// A record pushed under its needle.
pub const SCRATCH_PUSH: Patch = Patch {
    gain: 0.40,
    pan: -0.10,
    tone: Some(ToneParts {
        rest: 900.0,
        sweep: (-720.0, 0.040),
        click: (0.0, 0.001),
        level: 0.4,
        attack: 0.004,
        fall: 0.04,
        drive: 2.4,
    }),
    bands: &[
        noise(Pass::Band, 2200.0, 1.6, 0.9, 0.006, 0.034),
        noise(Pass::Band, 900.0, 1.4, 0.5, 0.004, 0.03),
    ],
    ..PLAIN
};

/// A record pulled back.
pub const SCRATCH_PULL: Patch = Patch {
    gain: 0.40,
    pan: -0.10,
    tone: Some(ToneParts {
        rest: 260.0,
        sweep: (900.0, 0.040),
        click: (0.0, 0.001),
        level: 0.4,
        attack: 0.004,
        fall: 0.04,
        drive: 2.4,
    }),
    bands: &[
        noise(Pass::Band, 1700.0, 1.6, 0.9, 0.006, 0.034),
        noise(Pass::Band, 3800.0, 1.2, 0.4, 0.004, 0.024),
    ],
    ..PLAIN
};
