//! Locked lanes, mutations and fills while it plays.

use super::rig::{Committed, Rig, hits_of};
use crate::live::engine::EngineCommand;
use crate::model::{BeatModel, Knobs, Place, Sampler};

/// A 4/4 bar at 120 quarter notes a minute.
const BAR_NS: u64 = 2_000_000_000;

type Cell = Option<(u8, f32)>;

/// What a lane played in a step.
fn cell(step: &Committed, lane: u8) -> Cell {
    let hit = step.hits.iter().find(|(l, ..)| *l == lane);
    hit.map(|(_, velocity, offset)| (*velocity, *offset))
}

fn lane(rig: &Rig, lane: u8) -> Vec<Cell> {
    rig.committed.iter().map(|s| cell(s, lane)).collect()
}

/// The first step committed with the knobs as they are now.
fn first(rig: &Rig) -> usize {
    let version = rig.engine.controls.version;
    let at = rig.committed.iter().position(|c| c.version == version);
    at.unwrap()
}

fn playing() -> Rig {
    let mut rig = Rig::new(BeatModel::random(16, 1, 7), 3);
    rig.tell(EngineCommand::Play);
    rig
}

#[test]
fn a_locked_lane_repeats_its_last_whole_bars() {
    let mut rig = playing();
    rig.pass(3 * BAR_NS + BAR_NS / 3);
    rig.turn(|c| c.locks = 0b1_0000_0010);
    rig.pass(9 * BAR_NS);
    let at = first(&rig);
    let bar = at / 16 * 16;
    for locked in [1u8, 8] {
        let cells = lane(&rig, locked);
        for k in at..cells.len() {
            assert_eq!(
                cells[k],
                cells[bar - 32 + (k - bar) % 32],
                "lane {locked} step {k}"
            );
        }
    }
    let free = lane(&rig, 0);
    assert!((at + 32..free.len()).any(|k| free[k] != free[k - 32]));
    // Locking another keeps it; setting it free ends it.
    rig.turn(|c| c.locks |= 1);
    rig.pass(3 * BAR_NS);
    let cells = lane(&rig, 1);
    assert!((at..cells.len()).all(|k| cells[k] == cells[bar - 32 + (k - bar) % 32]));
    rig.turn(|c| c.locks = 0);
    rig.pass(4 * BAR_NS);
    let cells = lane(&rig, 1);
    assert!((first(&rig)..cells.len()).any(|k| cells[k] != cells[k - 32]));
}

#[test]
fn a_lane_locked_before_the_first_bar_waits_for_it() {
    let mut rig = Rig::new(BeatModel::random(16, 1, 7), 3);
    rig.turn(|c| c.locks = 0b100);
    rig.tell(EngineCommand::Play);
    rig.pass(5 * BAR_NS);
    let cells = lane(&rig, 2);
    assert!(cells.len() > 70);
    assert!((16..cells.len()).all(|k| cells[k] == cells[k - 16]));
    assert!(cells.iter().any(Option::is_some));
}

#[test]
fn a_mutation_draws_a_share_of_the_loop_again() {
    let mut rig = playing();
    rig.turn(|c| c.loop_bars = 4);
    rig.pass(5 * BAR_NS);
    rig.turn(|c| c.locks = 0b10_0011);
    rig.pass(8 * BAR_NS);
    rig.turn(|c| {
        c.mutation = 0.4;
        c.mutations += 1;
    });
    rig.pass(13 * BAR_NS);
    let at = first(&rig);
    let changed = |from: usize| -> Vec<usize> {
        let of = |l| {
            let cells = lane(&rig, l);
            move |k: usize| cells[k] != cells[k - 64]
        };
        let lanes = [of(0), of(1), of(5)];
        (from..from + 64)
            .filter(|&k| lanes.iter().any(|differs| differs(k)))
            .collect()
    };
    let once = changed(at).len();
    assert!((10..42).contains(&once), "{once} of 64 steps changed");
    assert_eq!(changed(at + 64), [0; 0], "what was drawn is repeated");
}

#[test]
fn a_fill_lasts_to_the_end_of_the_bar_or_of_the_next() {
    for presses in [1, 2] {
        let model = BeatModel::random(16, 1, 7);
        let mut rig = Rig::new(model.clone(), 3);
        rig.tell(EngineCommand::Play);
        rig.pass(BAR_NS + BAR_NS / 3);
        rig.turn(|c| c.fills += presses);
        assert!(rig.engine.status(rig.now).filling);
        rig.pass(4 * BAR_NS);
        assert!(!rig.engine.status(rig.now).filling);
        let from = first(&rig);
        let until = (from / 16 + presses as usize) * 16;
        let mut sampler = Sampler::new(model);
        let mut state = sampler.start();
        for (k, committed) in rig.committed.iter().enumerate() {
            let knobs = Knobs {
                fill: (from..until).contains(&k),
                ..Knobs::default()
            };
            let place = Place {
                step_in_bar: (k % 16) as u16,
                steps_per_bar: 16,
                bar: (k / 16) as u64,
                bpm: Some(120.0),
                style: None,
                fill: Some(false),
                density: None,
            };
            let step = sampler.draw(&mut state, &place, &knobs, 3, k as u64);
            assert_eq!(hits_of(&step), committed.hits, "step {k}");
        }
    }
}
