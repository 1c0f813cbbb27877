//! Which sounds are of one drum, and which silence another: a hat that closes, a hand laid on a skin.

use crate::beat::articulation::Articulation;
use Articulation as A;

/// How fast a sound that silences another does so, in seconds to 1/e.
pub const SILENCING: f32 = 0.009;

/// The drum that a sound is struck on, by the name of one of its sounds: a new stroke there takes the place of the old.
pub const fn drum(sound: Articulation) -> Articulation {
    match sound {
        A::ClosedHatEdge | A::PedalHat => A::ClosedHat,
        A::OpenHatEdge => A::OpenHat,
        A::RimShot | A::SideStick => A::Snare,
        A::RideBell => A::Ride,
        A::DeepKick => A::Kick,
        A::MuteConga => A::OpenConga,
        other => other,
    }
}

/// The drum that a sound silences besides its own.
pub const fn silences(sound: Articulation) -> Option<Articulation> {
    match sound {
        A::ClosedHat | A::ClosedHatEdge | A::PedalHat => Some(A::OpenHat),
        A::MuteTriangle => Some(A::OpenTriangle),
        A::MuteCuica => Some(A::OpenCuica),
        A::MuteSurdo => Some(A::OpenSurdo),
        A::ShortWhistle => Some(A::LongWhistle),
        A::ShortGuiro => Some(A::LongGuiro),
        _ => None,
    }
}
