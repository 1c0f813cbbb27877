//! What each drum is made of: numbers only. Frequencies in Hz, times in seconds (to 1/e), levels as
//! amplitudes at velocity 127. How they sound together is in [`super::voice`]; the
//! metal is in `cymbals`.

mod cymbals;

use super::bank::{Pass, Shape};
use crate::beat::lane::Lane;
use cymbals::{CLOSED_HAT, CRASH, OPEN_HAT, RIDE};

/// A swept sine through a saturation.
pub struct ToneParts {
    /// Pitch at rest.
    pub rest: f32,
    /// How far above it starts, and how fast that goes.
    pub sweep: (f32, f32),
    /// The same, of the first milliseconds.
    pub click: (f32, f32),
    /// Amplitude.
    pub level: f32,
    /// Rise.
    pub attack: f32,
    /// Fall.
    pub fall: f32,
    /// Gain before the saturation, above 0.
    pub drive: f32,
}

/// Noise and metal through a filter, under an envelope.
pub struct BandParts {
    /// Its kind.
    pub pass: Pass,
    /// Centre or corner.
    pub hertz: f32,
    /// Quality.
    pub q: f32,
    /// Share of noise.
    pub noise: f32,
    /// Share of metal.
    pub metal: f32,
    /// Its envelope.
    pub shape: Shape,
    /// How much more than the whole a soft stroke loses here, as an exponent.
    pub bright: f32,
}

/// One drum.
pub struct Patch {
    /// Amplitude of the whole.
    pub gain: f32,
    /// -1 left to 1 right, as the audience sees a right-handed drummer.
    pub pan: f32,
    /// Share sent to the room.
    pub room: f32,
    /// Its head.
    pub tone: Option<ToneParts>,
    /// Frequency, amplitude and fall of its modes.
    pub modes: &'static [(f32, f32, f32)],
    /// How much more than the whole a soft stroke loses of its upper modes, as an exponent.
    pub modes_bright: f32,
    /// Pitches of its metal.
    pub metal: [f32; 8],
    /// Its noises.
    pub bands: &'static [BandParts],
    /// How many older strokes on the same drum ring on under a new one.
    pub keep: usize,
    /// How fast the others fall silent.
    pub retrigger: f32,
}

/// The patch of a lane.
pub const fn patch(lane: Lane) -> &'static Patch {
    match lane {
        Lane::Kick => &KICK,
        Lane::Snare => &SNARE,
        Lane::ClosedHat => &CLOSED_HAT,
        Lane::OpenHat => &OPEN_HAT,
        Lane::LowTom => &LOW_TOM,
        Lane::MidTom => &MID_TOM,
        Lane::HighTom => &HIGH_TOM,
        Lane::Crash => &CRASH,
        Lane::Ride => &RIDE,
    }
}

const NO_METAL: [f32; 8] = [0.0; 8];

/// A band: kind, Hz, quality, shares of noise and metal, `[level, attack, fast, slow, tail]`, brightness.
const fn band(
    pass: Pass,
    hertz: f32,
    q: f32,
    (noise, metal): (f32, f32),
    [level, attack, fast, slow, tail]: [f32; 5],
    bright: f32,
) -> BandParts {
    BandParts {
        pass,
        hertz,
        q,
        noise,
        metal,
        shape: Shape {
            level,
            attack,
            fast,
            slow,
            tail,
        },
        bright,
    }
}

/// A band of noise with one fall: the touch of stick or beater.
const fn noise(pass: Pass, hertz: f32, q: f32, level: f32, attack: f32, fall: f32) -> BandParts {
    band(
        pass,
        hertz,
        q,
        (1.0, 0.0),
        [level, attack, fall, fall, 0.0],
        0.5,
    )
}

const KICK: Patch = Patch {
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
    keep: 0,
    retrigger: 0.012,
};

const SNARE: Patch = Patch {
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
    keep: 0,
    retrigger: 0.030,
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
            keep: 0,
            retrigger: 0.025,
        }
    };
}

const LOW_TOM: Patch = tom!(83.0, 0.205, 0.42);
const MID_TOM: Patch = tom!(117.0, 0.175, 0.12);
const HIGH_TOM: Patch = tom!(162.0, 0.150, -0.16);
