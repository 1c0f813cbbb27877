//! Usable files as strokes in time, every note of them: what is rendered, and what a transcription is measured
//! against. Unlike in the grids of [`super::load`], two strokes of a lane within a 16th stay two.

use super::facts::read;
use super::scan::Scan;
use crate::audio::render::Stroke;
use crate::beat::kit::DrumMap;
use crate::beat::smf::{self, DEFAULT_TEMPO_US, DrumPick, Smf};
use crate::message::ScanRow;
use rayon::prelude::*;

/// A file's strokes.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// The file, relative to the folder scanned, with `/`.
    pub name: String,
    /// Its drums, by time.
    pub strokes: Vec<Stroke>,
}

/// The drums of a file in time, all tempo changes followed; pitches without a lane are left out.
#[must_use]
pub fn strokes(smf: &Smf, map: &DrumMap, pick: &DrumPick) -> Vec<Stroke> {
    let ticks = u128::from(smf.ticks_per_quarter.max(1));
    let mut tempi = smf.tempi.iter().peekable();
    // Where the tempo last changed: its tick, the time there times the ticks a quarter, the tempo from there.
    let (mut tick, mut time, mut micros) = (0u64, 0u128, DEFAULT_TEMPO_US);
    let passed = |from: u64, to: u64, micros: u32| {
        u128::from(to.saturating_sub(from)) * u128::from(micros) * 1_000
    };
    let mut strokes = Vec::new();
    for note in &smf.notes {
        while let Some(change) = tempi.next_if(|change| change.tick <= note.tick) {
            time += passed(tick, change.tick, micros);
            (tick, micros) = (change.tick, change.micros);
        }
        let Some(lane) = map.lane_of(note.pitch).filter(|_| takes(pick, note)) else {
            continue;
        };
        let now = (time + passed(tick, note.tick, micros)) / ticks;
        strokes.push(Stroke {
            time_ns: u64::try_from(now).unwrap_or(u64::MAX),
            lane,
            velocity: note.velocity,
        });
    }
    strokes
}

/// The usable files of a scan, those of one split or all, in the order of its rows. The second list names the files
/// that have become unreadable since, and why.
#[must_use]
pub fn load(scan: &Scan, split: Option<&str>) -> (Vec<Played>, Vec<(String, String)>) {
    let wanted = |row: &&ScanRow| row.status.usable() && split.is_none_or(|s| row.split == s);
    let rows: Vec<&ScanRow> = scan.rows.iter().filter(wanted).collect();
    let results: Vec<Result<Played, (String, String)>> = rows
        .par_iter()
        .map(|row| of_row(row, scan).map_err(|why| (row.name.clone(), why)))
        .collect();
    let (mut all, mut failures) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(played) => all.push(played),
            Err(failure) => failures.push(failure),
        }
    }
    (all, failures)
}

/// The strokes of one usable row's file.
///
/// # Errors
/// Why the file is not usable any more; a sanitised sentence.
pub fn of_row(row: &ScanRow, scan: &Scan) -> Result<Played, String> {
    let bytes = read(&row.path).map_err(|refusal| refusal.reason)?;
    let pick = scan.remaps.get(&row.name).copied().unwrap_or_default();
    let smf = smf::parse(&bytes).map_err(|error| error.to_string())?;
    let strokes = strokes(&smf, &scan.drum_map, &pick);
    if strokes.is_empty() {
        return Err("it has no drums any more".to_owned());
    }
    Ok(Played {
        name: row.name.clone(),
        strokes,
    })
}

fn takes(pick: &DrumPick, note: &smf::Note) -> bool {
    match *pick {
        DrumPick::Channel10 => note.channel == 9,
        DrumPick::Channel(channel) => note.channel == channel,
        DrumPick::Track(track) => note.track == track,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::lane::Lane;
    use crate::beat::smf::{Note, TempoChange};

    #[test]
    fn strokes_fall_where_all_tempi_put_them() {
        let note = |tick, channel, pitch| Note {
            tick,
            channel,
            pitch,
            velocity: 90,
            track: 0,
        };
        let change = |tick, micros| TempoChange { tick, micros };
        let smf = Smf {
            ticks_per_quarter: 480,
            notes: vec![
                note(240, 9, 36),
                note(480, 0, 36),
                note(720, 9, 38),
                note(720, 9, 40),
                note(960, 9, 3),
            ],
            // Half a second a quarter up to tick 480, a whole one after it.
            tempi: vec![change(480, 1_000_000), change(960, 250_000)],
            ..Smf::default()
        };
        let strokes = strokes(&smf, &DrumMap::gm(), &DrumPick::Channel10);
        let told: Vec<(u64, Lane)> = strokes.iter().map(|s| (s.time_ns, s.lane)).collect();
        assert_eq!(
            told,
            [
                (250_000_000, Lane::Kick),
                (1_000_000_000, Lane::Snare),
                (1_000_000_000, Lane::Snare)
            ]
        );
    }
}
