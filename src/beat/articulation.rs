//! How a drum is struck: the sounds that General MIDI tells apart within the nine lanes. [`Lane`] says which drum a
//! stroke counts as, [`Articulation`] how it sounds. The sounds themselves are in `audio::kit`.

use super::kit::DrumMap;
use super::lane::Lane;

/// A sound of its own, in the order of General MIDI's notes; Roland's additions after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)] // The names are General MIDI's own.
pub enum Articulation {
    DeepKick,
    Kick,
    SideStick,
    Snare,
    Clap,
    RimShot,
    LowFloorTom,
    ClosedHat,
    HighFloorTom,
    PedalHat,
    LowTom,
    OpenHat,
    LowMidTom,
    HighMidTom,
    Crash,
    HighTom,
    Ride,
    China,
    RideBell,
    Tambourine,
    Splash,
    Cowbell,
    SecondCrash,
    Vibraslap,
    SecondRide,
    HighBongo,
    LowBongo,
    MuteConga,
    OpenConga,
    LowConga,
    HighTimbale,
    LowTimbale,
    HighAgogo,
    LowAgogo,
    Cabasa,
    Maracas,
    ShortWhistle,
    LongWhistle,
    ShortGuiro,
    LongGuiro,
    Claves,
    HighWoodBlock,
    LowWoodBlock,
    MuteCuica,
    OpenCuica,
    MuteTriangle,
    OpenTriangle,
    ClosedHatEdge,
    OpenHatEdge,
    HighQ,
    Slap,
    ScratchPush,
    ScratchPull,
    Sticks,
    SquareClick,
    MetronomeClick,
    MetronomeBell,
    Shaker,
    JingleBell,
    BellTree,
    Castanets,
    MuteSurdo,
    OpenSurdo,
}

use Articulation as A;

/// Note and lane of each, in the order of the type: notes 35 to 81 are General MIDI's, 22 and 26 the hat edges of
/// Roland's V-Drums, the others Roland's GS. Lanes are those of [`DrumMap::gm`].
const TABLE: [(A, u8, Lane); 63] = [
    (A::DeepKick, 35, Lane::Kick),
    (A::Kick, 36, Lane::Kick),
    (A::SideStick, 37, Lane::Snare),
    (A::Snare, 38, Lane::Snare),
    (A::Clap, 39, Lane::Snare),
    (A::RimShot, 40, Lane::Snare),
    (A::LowFloorTom, 41, Lane::LowTom),
    (A::ClosedHat, 42, Lane::ClosedHat),
    (A::HighFloorTom, 43, Lane::LowTom),
    (A::PedalHat, 44, Lane::ClosedHat),
    (A::LowTom, 45, Lane::LowTom),
    (A::OpenHat, 46, Lane::OpenHat),
    (A::LowMidTom, 47, Lane::MidTom),
    (A::HighMidTom, 48, Lane::MidTom),
    (A::Crash, 49, Lane::Crash),
    (A::HighTom, 50, Lane::HighTom),
    (A::Ride, 51, Lane::Ride),
    (A::China, 52, Lane::Crash),
    (A::RideBell, 53, Lane::Ride),
    (A::Tambourine, 54, Lane::ClosedHat),
    (A::Splash, 55, Lane::Crash),
    (A::Cowbell, 56, Lane::Snare),
    (A::SecondCrash, 57, Lane::Crash),
    (A::Vibraslap, 58, Lane::Crash),
    (A::SecondRide, 59, Lane::Ride),
    (A::HighBongo, 60, Lane::MidTom),
    (A::LowBongo, 61, Lane::LowTom),
    (A::MuteConga, 62, Lane::HighTom),
    (A::OpenConga, 63, Lane::MidTom),
    (A::LowConga, 64, Lane::LowTom),
    (A::HighTimbale, 65, Lane::Snare),
    (A::LowTimbale, 66, Lane::Snare),
    (A::HighAgogo, 67, Lane::OpenHat),
    (A::LowAgogo, 68, Lane::ClosedHat),
    (A::Cabasa, 69, Lane::ClosedHat),
    (A::Maracas, 70, Lane::ClosedHat),
    (A::ShortWhistle, 71, Lane::ClosedHat),
    (A::LongWhistle, 72, Lane::OpenHat),
    (A::ShortGuiro, 73, Lane::ClosedHat),
    (A::LongGuiro, 74, Lane::OpenHat),
    (A::Claves, 75, Lane::Snare),
    (A::HighWoodBlock, 76, Lane::HighTom),
    (A::LowWoodBlock, 77, Lane::MidTom),
    (A::MuteCuica, 78, Lane::ClosedHat),
    (A::OpenCuica, 79, Lane::OpenHat),
    (A::MuteTriangle, 80, Lane::ClosedHat),
    (A::OpenTriangle, 81, Lane::OpenHat),
    (A::ClosedHatEdge, 22, Lane::ClosedHat),
    (A::OpenHatEdge, 26, Lane::OpenHat),
    (A::HighQ, 27, Lane::Snare),
    (A::Slap, 28, Lane::Snare),
    (A::ScratchPush, 29, Lane::LowTom),
    (A::ScratchPull, 30, Lane::HighTom),
    (A::Sticks, 31, Lane::Snare),
    (A::SquareClick, 32, Lane::Snare),
    (A::MetronomeClick, 33, Lane::Snare),
    (A::MetronomeBell, 34, Lane::Snare),
    (A::Shaker, 82, Lane::Ride),
    (A::JingleBell, 83, Lane::HighTom),
    (A::BellTree, 84, Lane::LowTom),
    (A::Castanets, 85, Lane::Snare),
    (A::MuteSurdo, 86, Lane::MidTom),
    (A::OpenSurdo, 87, Lane::MidTom),
];

impl Articulation {
    /// All of them, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    /// The sound that a lane has where nothing else is said.
    #[must_use]
    pub const fn main(lane: Lane) -> Self {
        match lane {
            Lane::Kick => A::Kick,
            Lane::Snare => A::Snare,
            Lane::ClosedHat => A::ClosedHat,
            Lane::OpenHat => A::OpenHat,
            Lane::LowTom => A::LowTom,
            Lane::MidTom => A::HighMidTom,
            Lane::HighTom => A::HighTom,
            Lane::Crash => A::Crash,
            Lane::Ride => A::Ride,
        }
    }

    /// What a note of a drum map sounds like; `None` where the map has no lane for it. A note whose lane in the map is
    /// not General MIDI's sounds as the main sound of its lane, and so do the rims and heads of a TD-11's toms.
    #[must_use]
    pub fn of(map: &DrumMap, pitch: u8) -> Option<Self> {
        let lane = map.lane_of(pitch)?;
        if map.name() == "td11" {
            return Some(td11(pitch, lane));
        }
        let named = TABLE.iter().find(|row| row.1 == pitch && row.2 == lane);
        Some(named.map_or(Self::main(lane), |row| row.0))
    }

    /// The lane it belongs to.
    #[must_use]
    pub fn lane(self) -> Lane {
        TABLE.get(self as usize).map_or(Lane::Snare, |row| row.2)
    }

    /// Its note in General MIDI, or in Roland's additions to it.
    #[must_use]
    pub fn pitch(self) -> u8 {
        TABLE.get(self as usize).map_or(38, |row| row.1)
    }
}

/// Two crashes and three toms, each with a rim: what General MIDI has other drums for.
const fn td11(pitch: u8, lane: Lane) -> Articulation {
    match pitch {
        22 => A::ClosedHatEdge,
        26 => A::OpenHatEdge,
        37 => A::SideStick,
        40 => A::RimShot,
        44 => A::PedalHat,
        52 | 57 => A::SecondCrash,
        53 => A::RideBell,
        _ => A::main(lane),
    }
}

impl From<Lane> for Articulation {
    fn from(lane: Lane) -> Self {
        Self::main(lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_note_of_general_midi_sounds_and_keeps_its_lane() {
        let gm = DrumMap::gm();
        for (i, (articulation, pitch, lane)) in TABLE.into_iter().enumerate() {
            assert_eq!(articulation as usize, i);
            assert_eq!(articulation.lane(), lane);
            assert_eq!(gm.lane_of(pitch), Some(lane), "{articulation:?}");
            assert_eq!(
                Articulation::of(&gm, articulation.pitch()),
                Some(articulation)
            );
        }
        for pitch in 0..128 {
            let sound = Articulation::of(&gm, pitch);
            assert_eq!(sound.map(Articulation::lane), gm.lane_of(pitch));
            assert_eq!(
                sound.map(Articulation::pitch),
                gm.lane_of(pitch).map(|_| pitch)
            );
        }
    }

    #[test]
    fn a_lane_sounds_as_the_first_note_of_general_midi_in_it() {
        for lane in Lane::ALL {
            let first = DrumMap::gm().pitches(lane)[0];
            let main = Articulation::from(lane);
            assert_eq!(Articulation::of(&DrumMap::gm(), first), Some(main));
            assert_eq!(main.lane(), lane);
        }
    }

    #[test]
    fn other_maps_keep_their_lanes() {
        let td11 = DrumMap::td11();
        for pitch in 0..128 {
            let sound = Articulation::of(&td11, pitch);
            assert_eq!(sound.map(Articulation::lane), td11.lane_of(pitch));
        }
        assert_eq!(Articulation::of(&td11, 55), Some(A::Crash), "no splash");
        assert_eq!(Articulation::of(&td11, 48), Some(A::HighTom));
        let own = DrumMap::from_toml("own", "kick = [60, 35]\nsnare = [39]").unwrap();
        assert_eq!(Articulation::of(&own, 60), Some(A::Kick));
        assert_eq!(Articulation::of(&own, 35), Some(A::DeepKick));
        assert_eq!(Articulation::of(&own, 39), Some(A::Clap));
        assert_eq!(Articulation::of(&own, 36), None);
    }
}
