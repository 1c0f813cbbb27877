//! Any grid survives a file, and no bytes bring the reader down.

use super::*;

fn grids() -> impl Strategy<Value = BeatGrid> {
    let meters = prop::sample::select(vec![(4u8, 4u8), (3, 4), (7, 8), (5, 16), (2, 2)]);
    let hits = prop::collection::vec((0usize..80, 0usize..9, 1u8..128, -0.5f32..0.5), 1..120);
    (meters, hits, 2000u32..40_000).prop_map(|((n, d), hits, centi_bpm)| {
        let meter = Meter::new(n, d).unwrap();
        let last = hits.iter().map(|h| h.0).max().unwrap();
        let mut grid = BeatGrid {
            meter,
            tempo: f64::from(centi_bpm) / 100.0,
            steps: vec![Step::default(); last + 1],
        };
        for (step, lane, velocity, offset) in hits {
            let cell = &mut grid.steps[step][lane];
            cell.velocity = velocity;
            // Nothing can be played before the start.
            cell.offset = if step == 0 { offset.abs() } else { offset };
        }
        grid.pad_to_bar();
        grid
    })
}

proptest! {
    #[test]
    fn a_grid_survives_the_way_through_a_file(grid in grids()) {
        let bytes = write(&song_from_grid(&grid, &Kit::gm(), "beat"));
        let smf = parse(&bytes).unwrap();
        prop_assert!(smf.repairs.is_empty());
        for map in [DrumMap::gm()] {
            let read = smf.drums(&map, &DrumPick::Channel10).unwrap();
            prop_assert_eq!(read.grid.meter, grid.meter);
            prop_assert!((read.grid.tempo - grid.tempo).abs() < 0.01);
            prop_assert_eq!(read.grid.steps.len(), grid.steps.len());
            prop_assert_eq!(read.unmapped, 0);
            for (a, b) in read.grid.steps.iter().flatten().zip(grid.steps.iter().flatten()) {
                prop_assert_eq!(a.velocity, b.velocity);
                prop_assert!((a.offset - b.offset).abs() <= 1.0 / 120.0, "{:?} {:?}", a, b);
            }
        }
    }

    #[test]
    fn no_bytes_bring_the_reader_down(tail in prop::collection::vec(any::<u8>(), 0..200), keep in 0usize..23) {
        let mut bytes = one(&[]);
        bytes.truncate(keep);
        bytes.extend(&tail);
        read_all(&bytes);
        read_all(&tail);
        let body = [&[0, 0x99][..], &tail].concat();
        read_all(&one(&body));
    }
}

/// Everything that can be asked of bytes; panics if any of it does.
fn read_all(bytes: &[u8]) {
    if let Ok(smf) = parse(bytes) {
        for pick in [
            DrumPick::Channel10,
            DrumPick::Channel(3),
            DrumPick::Track(7),
        ] {
            if let Ok(drums) = smf.drums(&DrumMap::td11(), &pick) {
                assert_eq!(drums.grid.steps.len() % drums.grid.meter.steps(), 0);
            }
        }
        let _ = smf.drum_candidates();
        let _ = smf.tempo();
    }
}

/// The beats that come with the source.
fn own_beats() -> Vec<std::path::PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/beats");
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_beats_that_come_along_are_sound() {
    let beats = own_beats();
    assert_eq!(beats.len(), 8);
    for path in beats {
        let bytes = std::fs::read(&path).unwrap();
        assert!(parse(&bytes).unwrap().repairs.is_empty());
        let drums = drums(&bytes);
        assert_eq!(drums.unmapped, 0);
        assert!(drums.drum_notes > 30, "{}", path.display());
        // Written with what reads it: writing it again changes nothing.
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert_eq!(write(&song_from_grid(&drums.grid, &Kit::gm(), name)), bytes);
    }
}

#[test]
fn no_cut_or_flipped_real_file_brings_the_reader_down() {
    let groove = crate::beat::groove::rows().unwrap_or_default();
    let groove = groove.into_iter().step_by(40).map(|row| row.path);
    let mut draws = crate::base::rng::Stream::new(5, 0, crate::base::rng::Purpose::Test);
    for path in own_beats().into_iter().chain(groove) {
        let bytes = std::fs::read(&path).unwrap();
        for _ in 0..60 {
            read_all(&bytes[..draws.below(bytes.len())]);
            let mut flipped = bytes.clone();
            for _ in 0..=draws.below(8) {
                let at = draws.below(flipped.len());
                flipped[at] ^= 1 << draws.below(8);
            }
            read_all(&flipped);
        }
    }
}
