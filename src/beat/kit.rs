//! Which MIDI notes are which lane: [`DrumMap`] for notes that come in, [`Kit`] for notes that
//! go out to a drum machine. The tables of the machines are in `machines`.

mod machines;

use super::lane::{LANES, Lane};
use serde::{Deserialize, Serialize};

/// Why a map or kit of a user cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason} ({hint})")]
pub struct KitError {
    /// The map's or kit's name, sanitised.
    pub name: String,
    /// What is wrong, sanitised.
    pub reason: String,
    /// What to write instead.
    pub hint: String,
}

impl KitError {
    fn new(name: &str, reason: &str, hint: &str) -> Self {
        Self {
            name: crate::base::text::sanitize(name),
            reason: crate::base::text::sanitize(reason),
            hint: hint.to_owned(),
        }
    }
}

/// The lane of each incoming pitch. Several pitches may share a lane, none has two.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DrumMap {
    #[serde(deserialize_with = "sanitized")]
    name: String,
    /// Pitches a lane, the usual one first.
    pitches: [Vec<u8>; LANES],
}

/// A name out of a checkpoint is text from outside.
fn sanitized<'de, D: serde::Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    String::deserialize(d).map(|name| crate::base::text::sanitize(&name))
}

impl DrumMap {
    /// General MIDI percussion, folded into nine lanes as Magenta's drums_rnn does, plus the two
    /// hi-hat edges of Roland's V-Drums (22, 26), which GM leaves free.
    #[must_use]
    pub fn gm() -> Self {
        Self::table("gm", machines::GM_MAP)
    }

    /// Roland TD-11, the kit of the Groove MIDI Dataset (Gillick et al. 2019). It differs from
    /// GM on 45 and 48 (mid and high tom) and on 58 (rim of the floor tom).
    #[must_use]
    pub fn td11() -> Self {
        Self::table("td11", machines::TD11_MAP)
    }

    fn table(name: &str, table: [&[u8]; LANES]) -> Self {
        Self {
            name: name.to_owned(),
            pitches: table.map(<[u8]>::to_vec),
        }
    }

    /// The map called `gm` or `td11`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "gm" => Some(Self::gm()),
            "td11" => Some(Self::td11()),
            _ => None,
        }
    }

    /// Reads a user's map: TOML lines of a lane word and a list of pitches, such as
    /// `closed-hat = [42, 44]`. Lanes left out have no pitch.
    ///
    /// # Errors
    /// Text that is not TOML, an unknown lane, a pitch outside 0 to 127 or in two lanes, no pitch
    /// at all.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, KitError> {
        let table = read_table(name, text, MAP_HINT)?;
        let mut pitches: [Vec<u8>; LANES] = Default::default();
        let mut seen = [false; 128];
        for (lane, value) in lanes_of(name, &table, MAP_HINT)? {
            let list = value.as_array().ok_or_else(|| {
                let reason = format!("`{}` is not a list of pitches", lane.word());
                KitError::new(name, &reason, MAP_HINT)
            })?;
            for item in list {
                let pitch = item.as_integer().and_then(|n| usize::try_from(n).ok());
                let Some(taken) = pitch.and_then(|p| seen.get_mut(p)) else {
                    let reason = format!("{} in `{}` is not a pitch", said(item), lane.word());
                    return Err(KitError::new(name, &reason, "a pitch is 0 to 127"));
                };
                let pitch = pitch.unwrap_or_default() as u8;
                if std::mem::replace(taken, true) {
                    let reason = format!("pitch {pitch} appears twice");
                    return Err(KitError::new(name, &reason, "give each pitch one lane"));
                }
                if let Some(of_lane) = pitches.get_mut(lane.index()) {
                    of_lane.push(pitch);
                }
            }
        }
        if pitches.iter().all(Vec::is_empty) {
            return Err(KitError::new(name, "no pitch in any lane", MAP_HINT));
        }
        Ok(Self {
            name: crate::base::text::sanitize(name),
            pitches,
        })
    }

    /// The lane a pitch belongs to.
    #[must_use]
    pub fn lane_of(&self, pitch: u8) -> Option<Lane> {
        Lane::ALL
            .into_iter()
            .zip(&self.pitches)
            .find_map(|(lane, pitches)| pitches.contains(&pitch).then_some(lane))
    }

    /// Its name: `gm`, `td11` or the user's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The pitches of a lane, the usual one first.
    #[must_use]
    pub fn pitches(&self, lane: Lane) -> Vec<u8> {
        self.pitches.get(lane.index()).cloned().unwrap_or_default()
    }
}

impl Default for DrumMap {
    fn default() -> Self {
        Self::gm()
    }
}

/// What a drum machine has to be sent to play a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Voice {
    /// MIDI note, 0 to 127.
    pub note: u8,
    /// MIDI channel counted from 0: channel 10 is 9.
    pub channel: u8,
    /// Controller that takes the loudness before each note, for machines that ignore velocity.
    pub level_cc: Option<u8>,
}

/// The voices of one drum machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kit {
    name: String,
    voices: [Option<Voice>; LANES],
}

impl Kit {
    /// The machines known by name.
    pub const NAMES: [&'static str; 9] = machines::NAMES;

    /// General MIDI: the first pitch of each lane on channel 10.
    #[must_use]
    pub fn gm() -> Self {
        Self {
            name: "gm".to_owned(),
            voices: machines::gm(),
        }
    }

    /// The kit of a machine named as in [`Kit::NAMES`].
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        machines::voices(name).map(|voices| Self {
            name: name.to_owned(),
            voices,
        })
    }

    /// Reads a user's kit: one TOML table a lane, such as
    /// `kick = { note = 36, channel = 10, level_cc = 40 }`, channels counted from 1, `level_cc`
    /// only where the machine ignores velocity. Lanes left out stay silent.
    ///
    /// # Errors
    /// Text that is not TOML, an unknown lane or field, a number out of range, no lane at all.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, KitError> {
        let table = read_table(name, text, KIT_HINT)?;
        let mut voices = [None; LANES];
        for (lane, value) in lanes_of(name, &table, KIT_HINT)? {
            let word = lane.word();
            let wrong = |what: &str| KitError::new(name, &format!("`{word}`: {what}"), KIT_HINT);
            let fields = value.as_table().ok_or_else(|| wrong("is not a table"))?;
            if let Some(other) = fields
                .keys()
                .find(|key| !["note", "channel", "level_cc"].contains(&key.as_str()))
            {
                return Err(wrong(&format!("unknown field `{other}`")));
            }
            let number = |key: &str, low: i64, high: i64| match fields.get(key) {
                None => Ok(None),
                Some(v) => match v.as_integer() {
                    Some(n) if (low..=high).contains(&n) => Ok(Some(n as u8)),
                    _ => Err(wrong(&format!(
                        "{key} = {} is not {low} to {high}",
                        said(v)
                    ))),
                },
            };
            let note = number("note", 0, 127)?.ok_or_else(|| wrong("has no note"))?;
            let channel = number("channel", 1, 16)?.ok_or_else(|| wrong("has no channel"))?;
            let voice = Voice {
                note,
                channel: channel - 1,
                level_cc: number("level_cc", 0, 119)?,
            };
            if let Some(slot) = voices.get_mut(lane.index()) {
                *slot = Some(voice);
            }
        }
        if voices.iter().all(Option::is_none) {
            return Err(KitError::new(name, "no lane has a note", KIT_HINT));
        }
        Ok(Self {
            name: crate::base::text::sanitize(name),
            voices,
        })
    }

    /// What plays a lane; `None` where the machine has nothing for it.
    #[must_use]
    pub fn voice(&self, lane: Lane) -> Option<Voice> {
        self.voices.get(lane.index()).copied().flatten()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Default for Kit {
    fn default() -> Self {
        Self::gm()
    }
}

const MAP_HINT: &str = "a drum map has lines such as closed-hat = [42, 44]; the lanes are kick, \
     snare, closed-hat, open-hat, low-tom, mid-tom, high-tom, crash and ride";
const KIT_HINT: &str = "a kit has lines such as kick = { note = 36, channel = 10 }; the lanes are \
     kick, snare, closed-hat, open-hat, low-tom, mid-tom, high-tom, crash and ride";

fn read_table(name: &str, text: &str, hint: &str) -> Result<toml::Table, KitError> {
    text.parse::<toml::Table>()
        .map_err(|e| KitError::new(name, &format!("not TOML: {}", e.message()), hint))
}

/// A value as an error message names it.
fn said(value: &toml::Value) -> String {
    match value.as_integer() {
        Some(number) => number.to_string(),
        None => format!("a {}", value.type_str()),
    }
}

fn lanes_of<'t>(
    name: &str,
    table: &'t toml::Table,
    hint: &str,
) -> Result<Vec<(Lane, &'t toml::Value)>, KitError> {
    table
        .iter()
        .map(|(key, value)| match Lane::from_word(key) {
            Some(lane) => Ok((lane, value)),
            None => Err(KitError::new(
                name,
                &format!("no lane is called `{key}`"),
                hint,
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests;
