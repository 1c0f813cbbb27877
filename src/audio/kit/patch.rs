//! What each drum is made of: numbers only. Frequencies in Hz, times in seconds (to 1/e), levels as
//! amplitudes at velocity 127. How they sound together is in [`super::voice`]; here is the shape of a patch, the drums are
//! in `skins`, `hats`, `cymbals`, `hands` and `wood` (beside the kit) and `shaken`.

mod cymbals;
mod hands;
mod hats;
mod shaken;
mod skins;
mod wood;

use super::bank::{Pass, Shape};
use crate::beat::articulation::Articulation;

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

/// Further strokes of a noise: hands that do not meet at once, a stick drawn over notches.
pub struct Again {
    /// How many.
    pub times: u8,
    /// Seconds from one to the next.
    pub gap: f32,
    /// What is left of the level each time.
    pub fall: f32,
}

const ONCE: Again = Again {
    times: 0,
    gap: 0.0,
    fall: 1.0,
};

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
    /// How its first noise is struck again.
    pub again: Again,
    /// How many older strokes on the same drum ring on under a new one.
    pub keep: usize,
    /// How fast the others fall silent.
    pub retrigger: f32,
}

use Articulation as A;

/// The patch of a sound.
pub const fn patch(sound: Articulation) -> &'static Patch {
    match sound {
        A::Kick => &skins::KICK,
        A::DeepKick => &skins::DEEP_KICK,
        A::Snare => &skins::SNARE,
        A::RimShot => &skins::RIM_SHOT,
        A::SideStick => &skins::SIDE_STICK,
        A::LowFloorTom => &skins::LOW_FLOOR_TOM,
        A::HighFloorTom => &skins::HIGH_FLOOR_TOM,
        A::LowTom => &skins::LOW_TOM,
        A::LowMidTom => &skins::LOW_MID_TOM,
        A::HighMidTom => &skins::HIGH_MID_TOM,
        A::HighTom => &skins::HIGH_TOM,
        A::ClosedHat => &hats::CLOSED_HAT,
        A::ClosedHatEdge => &hats::CLOSED_HAT_EDGE,
        A::PedalHat => &hats::PEDAL_HAT,
        A::OpenHat => &hats::OPEN_HAT,
        A::OpenHatEdge => &hats::OPEN_HAT_EDGE,
        A::Crash => &cymbals::CRASH,
        A::SecondCrash => &cymbals::SECOND_CRASH,
        A::China => &cymbals::CHINA,
        A::Splash => &cymbals::SPLASH,
        A::Ride => &cymbals::RIDE,
        A::RideBell => &cymbals::RIDE_BELL,
        A::SecondRide => &cymbals::SECOND_RIDE,
        A::Clap => &hands::CLAP,
        A::Slap => &hands::SLAP,
        A::Cowbell => &wood::COWBELL,
        A::HighAgogo => &wood::HIGH_AGOGO,
        A::LowAgogo => &wood::LOW_AGOGO,
        A::HighBongo => &hands::HIGH_BONGO,
        A::LowBongo => &hands::LOW_BONGO,
        A::MuteConga => &hands::MUTE_CONGA,
        A::OpenConga => &hands::OPEN_CONGA,
        A::LowConga => &hands::LOW_CONGA,
        A::HighTimbale => &hands::HIGH_TIMBALE,
        A::LowTimbale => &hands::LOW_TIMBALE,
        A::MuteSurdo => &hands::MUTE_SURDO,
        A::OpenSurdo => &hands::OPEN_SURDO,
        A::MuteCuica => &hands::MUTE_CUICA,
        A::OpenCuica => &hands::OPEN_CUICA,
        A::Claves => &wood::CLAVES,
        A::Sticks => &wood::STICKS,
        A::Castanets => &wood::CASTANETS,
        A::HighWoodBlock => &wood::HIGH_WOOD_BLOCK,
        A::LowWoodBlock => &wood::LOW_WOOD_BLOCK,
        A::Tambourine => &shaken::TAMBOURINE,
        A::JingleBell => &shaken::JINGLE_BELL,
        A::Maracas => &shaken::MARACAS,
        A::Shaker => &shaken::SHAKER,
        A::Cabasa => &shaken::CABASA,
        A::ShortGuiro => &shaken::SHORT_GUIRO,
        A::LongGuiro => &shaken::LONG_GUIRO,
        A::Vibraslap => &shaken::VIBRASLAP,
        A::ShortWhistle => &shaken::SHORT_WHISTLE,
        A::LongWhistle => &shaken::LONG_WHISTLE,
        A::MuteTriangle => &shaken::MUTE_TRIANGLE,
        A::OpenTriangle => &shaken::OPEN_TRIANGLE,
        A::BellTree => &shaken::BELL_TREE,
        A::MetronomeBell => &shaken::METRONOME_BELL,
        A::MetronomeClick => &shaken::METRONOME_CLICK,
        A::SquareClick => &shaken::SQUARE_CLICK,
        A::HighQ => &shaken::HIGH_Q,
        A::ScratchPush => &shaken::SCRATCH_PUSH,
        A::ScratchPull => &shaken::SCRATCH_PULL,
    }
}

/// A drum of which nothing is said yet.
const PLAIN: Patch = Patch {
    gain: 0.4,
    pan: 0.0,
    room: 0.10,
    tone: None,
    modes: &[],
    modes_bright: 0.4,
    metal: NO_METAL,
    bands: &[],
    again: ONCE,
    keep: 0,
    retrigger: 0.015,
};

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
