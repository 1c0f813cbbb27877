//! Knobs turned and outputs swapped while it plays.

use super::rig::{Committed, Rig, check_tape, drain, hits_of};
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::{BeatGrid, Cell, Meter, Step};
use crate::beat::kit::Kit;
use crate::beat::lane::Lane;
use crate::live::engine::EngineCommand;
use crate::live::file_sink::{FileSink, SentMessage};
use crate::live::outputs::voices;
use crate::live::scheduler::Change;
use crate::live::sink::NullSink;
use crate::message::{Controls, LANES, NO_STYLE, PlaySource};
use crate::model::{BeatModel, Knobs, Place, Sampler};

fn turn_one(c: &mut Controls, draws: &mut Stream) {
    match draws.below(14) {
        0 => c.temperature = 2.0 * draws.uniform(),
        1 => c.expression = 2.0 * draws.uniform(),
        2 => c.density = 2.0 * draws.uniform() - 1.0,
        3 => c.swing = 0.5 + 0.25 * draws.uniform(),
        4 => c.milli_bpm = 20_000 + draws.below(380_001) as u32,
        5 => {
            c.style = if draws.below(3) == 0 {
                NO_STYLE
            } else {
                draws.below(5) as u8
            }
        }
        6 => c.lane_temperature[draws.below(LANES)] = 2.0 * draws.uniform(),
        7 => c.lane_density[draws.below(LANES)] = 2.0 * draws.uniform() - 1.0,
        8 => c.min_p = draws.uniform() * draws.uniform(),
        9 => c.guidance = 3.0 * draws.uniform(),
        10 => c.blend = draws.uniform(),
        12 => c.fullness = draws.uniform(),
        11 => c.other_style = draws.below(5) as u8,
        _ => c.mutes = (draws.below(512) & draws.below(512)) as u16,
    }
}

/// A knob, or what belongs to a moment: locks, fills, mutations.
fn turn_any(c: &mut Controls, draws: &mut Stream) {
    match draws.below(12) {
        0 => c.locks ^= 1 << draws.below(LANES),
        1 => c.locks = 0,
        2 => c.fills = c.fills.wrapping_add(draws.below(3) as u32),
        3 => {
            c.mutation = draws.uniform();
            c.mutations += 1;
        }
        4 => c.loop_bars = draws.below(9) as u8,
        _ => turn_one(c, draws),
    }
}

pub fn random_grid(draws: &mut Stream, meter: Meter) -> BeatGrid {
    let mut steps = vec![Step::default(); meter.steps() * (1 + draws.below(3))];
    for cell in steps.iter_mut().flatten() {
        if draws.below(4) == 0 {
            cell.velocity = 1 + draws.below(127) as u8;
            cell.offset = draws.uniform() * 0.999 - 0.5;
        }
    }
    BeatGrid {
        meter,
        tempo: 40.0 + f64::from(draws.uniform()) * 200.0,
        steps,
    }
}

/// Each committed step was committed neither early nor late: at most two steps before its time,
/// and (unless the tempo or the source was changed just then) not after its first note may begin.
fn check_commits(committed: &[Committed]) {
    for step in committed {
        let ahead = step.grid_ns as f64 - step.commit_ns as f64;
        assert!(
            ahead <= step.step_ns * 0.9 + 2.0,
            "committed {ahead} ns ahead of {step:?}"
        );
    }
}

/// The tape of a sink in slot 0 and when it was put in and taken out.
struct Spell {
    tap: rtrb::Consumer<SentMessage>,
    from: u64,
    to: u64,
}

#[test]
fn ten_thousand_random_knob_turns_and_output_swaps() {
    let dir = tempfile::tempdir().unwrap();
    let mut draws = Stream::new(2, 0, Purpose::Test);
    let mut rig = Rig::new(BeatModel::random(16, 1, 7), 11);
    let mut spells: Vec<Spell> = Vec::new();
    let (mut tapped, mut files) = (false, 0);
    let mut always = rig.tap(3);
    rig.tell(EngineCommand::Play);
    for i in 0..10_000u32 {
        match draws.below(100) {
            0..60 => rig.turn(|c| turn_any(c, &mut draws)),
            60..75 => {
                if let Some(spell) = spells.last_mut().filter(|_| tapped) {
                    spell.to = rig.now;
                }
                tapped = draws.below(3) > 0;
                if tapped {
                    let from = rig.now;
                    let tap = rig.tap(0);
                    spells.push(Spell {
                        tap,
                        from,
                        to: u64::MAX,
                    });
                } else if draws.below(20) == 0 {
                    files += 1;
                    let path = dir.path().join(format!("{files}.log"));
                    rig.put(0, Some(Box::new(FileSink::create(&path, false).unwrap())));
                } else {
                    let none = draws.below(2) == 0;
                    rig.put(0, (!none).then(|| Box::new(NullSink) as _));
                }
            }
            75..80 => {
                let meter = [
                    Meter::COMMON,
                    Meter::new(3, 4).unwrap(),
                    Meter::new(7, 8).unwrap(),
                ];
                let meter = meter[draws.below(3)];
                let grid = random_grid(&mut draws, meter);
                let name = format!("file {i}");
                rig.tell(EngineCommand::Preview { name, grid });
            }
            80..86 => rig.tell(EngineCommand::StopPreview),
            86..88 => rig.tell(EngineCommand::Toggle),
            88 => rig.tell(EngineCommand::Stop),
            89 => rig.tell(EngineCommand::Panic),
            90..94 => rig.tell(EngineCommand::Play),
            94 => {
                let model = BeatModel::random(8 + draws.below(9), 1, i.into());
                rig.tell(EngineCommand::TakeOver(model.into()));
            }
            95 => {
                let grid = random_grid(&mut draws, Meter::COMMON);
                rig.tell(EngineCommand::Prime(grid));
            }
            96..98 => {
                let voices = if draws.below(2) == 0 {
                    voices(&Kit::gm())
                } else {
                    // Two lanes on one key.
                    let mut voices = voices(&Kit::gm());
                    voices[Lane::OpenHat.index()] = voices[Lane::ClosedHat.index()];
                    voices
                };
                assert!(rig.changes.push(Change::Voices { slot: 1, voices }).is_ok());
            }
            98 => {
                let muted = draws.below(2) == 0;
                assert!(rig.changes.push(Change::Muted { slot: 1, muted }).is_ok());
            }
            _ => {
                let tap = rig.tap(1);
                spells.push(Spell {
                    tap,
                    from: u64::MAX,
                    to: 0,
                });
                spells.rotate_right(1);
            }
        }
        let playing = rig.engine.source() != PlaySource::Stopped;
        rig.pass(draws.below(250_000_000) as u64);
        let status = rig.engine.status(rig.now);
        if playing && status.source != PlaySource::Stopped && !status.window.is_empty() {
            assert!(status.playhead >= status.window_start);
            assert!(status.revisable_from >= status.playhead);
            assert!(usize::from(status.step_in_bar) < usize::from(status.steps_per_bar));
            assert!(status.revisable_from <= status.window_start + status.window.len() as u64);
        }
    }
    rig.put(0, None);
    rig.finish();
    let notes = check_tape(&drain(&mut always));
    assert!(notes.len() > 20_000, "{} notes", notes.len());
    // What a sink that was always there got is what the journal says was sent.
    let told: Vec<(u64, u64)> = rig.sent.iter().map(|n| (n.at_ns, n.sent_ns)).collect();
    assert_eq!(notes.iter().map(|n| (n.0, n.1)).collect::<Vec<_>>(), told);
    // No gap at a swap: a sink got every note between its coming and its going.
    for spell in &mut spells {
        let notes = check_tape(&drain(&mut spell.tap));
        if spell.from < spell.to {
            let due = rig
                .sent
                .iter()
                .filter(|n| (spell.from..spell.to).contains(&n.sent_ns));
            assert_eq!(notes.len(), due.count());
        }
    }
    check_commits(&rig.committed);
    // No note before its commit, none late.
    for note in &rig.sent {
        let commit = rig
            .committed
            .iter()
            .rev()
            .find(|c| c.step == note.step && c.commit_ns <= note.sent_ns);
        assert!(commit.is_some(), "{note:?} was never committed");
    }
    assert_eq!(rig.engine.pulse.late(), 0);
    assert_eq!(rig.engine.pulse.refused(), 0);
    assert_eq!(rig.engine.pulse.unrecorded(), 0);
}

#[test]
fn a_turned_knob_is_heard_within_two_steps() {
    let mut draws = Stream::new(5, 0, Purpose::Test);
    for _ in 0..60 {
        let mut rig = Rig::new(BeatModel::random(16, 1, 3), 1);
        rig.turn(|c| c.milli_bpm = 20_000 + draws.below(380_001) as u32);
        rig.tell(EngineCommand::Play);
        rig.pass(3_000_000_000 + draws.below(900_000_000) as u64);
        rig.turn(|c| c.mutes = 511);
        let turned = rig.now;
        rig.pass(4_000_000_000);
        let step_ns = rig.committed[0].step_ns;
        let last = rig.sent.iter().map(|note| note.at_ns).max().unwrap();
        assert!((last as f64) < turned as f64 + 2.0 * step_ns);
        rig.turn(|c| {
            c.mutes = 0;
            c.density = 1.0;
        });
        let turned = rig.now;
        rig.pass(4_000_000_000);
        let heard = rig
            .sent
            .iter()
            .map(|n| n.at_ns)
            .filter(|at| *at > turned)
            .min()
            .unwrap();
        assert!((heard as f64) < turned as f64 + 2.0 * step_ns);
        rig.turn(|c| c.milli_bpm = 20_000 + draws.below(380_001) as u32);
        let turned = rig.now;
        rig.pass(8_000_000_000);
        let first = rig.committed.iter().find(|c| c.step_ns != step_ns).unwrap();
        assert!(first.grid_ns as f64 <= turned as f64 + 2.0 * step_ns);
    }
}

/// The journal alone gives the same steps again: none was ever played as it had been drawn with
/// other knobs, and drawing one again moved no later draw.
#[test]
fn every_committed_step_is_drawn_with_the_knobs_in_force() {
    let mut draws = Stream::new(9, 0, Purpose::Test);
    let model = BeatModel::random(16, 2, 7);
    let mut rig = Rig::new(model.clone(), 77);
    rig.tell(EngineCommand::Play);
    for _ in 0..600 {
        rig.turn(|c| turn_one(c, &mut draws));
        rig.pass(draws.below(300_000_000) as u64);
    }
    let mut sampler = Sampler::new(model);
    let mut state = sampler.start();
    let mut in_force = rig.controls.iter();
    let mut controls = *in_force.next().unwrap();
    for committed in &rig.committed {
        while controls.version < committed.version {
            controls = *in_force.next().unwrap();
        }
        let place = Place {
            step_in_bar: (committed.step % 16) as u16,
            steps_per_bar: 16,
            bar: committed.step / 16,
            bpm: Some(controls.milli_bpm as f32 / 1_000.0),
            style: (controls.style != NO_STYLE).then_some(usize::from(controls.style)),
            fill: Some(false),
            density: None,
        };
        let knobs = Knobs::from(&controls);
        let step = sampler.draw(&mut state, &place, &knobs, 77, committed.step);
        assert_eq!(hits_of(&step), committed.hits, "step {}", committed.step);
    }
    assert!(rig.committed.len() > 500);
}

#[test]
fn a_preview_replaces_the_generator_until_it_stops() {
    let mut draws = Stream::new(4, 0, Purpose::Test);
    let model = BeatModel::random(16, 1, 7);
    let mut grid = random_grid(&mut draws, Meter::new(3, 4).unwrap());
    grid.tempo = 120.0;
    let run = |preview: bool| {
        let mut rig = Rig::new(model.clone(), 5);
        rig.tell(EngineCommand::Play);
        rig.pass(2_000_000_000);
        if preview {
            let name = "take.mid".to_owned();
            rig.tell(EngineCommand::Preview {
                name,
                grid: grid.clone(),
            });
        }
        rig.pass(5_000_000_000);
        let shown = rig.engine.status(rig.now);
        rig.tell(EngineCommand::StopPreview);
        rig.pass(3_000_000_000);
        (rig.committed, shown, rig.engine.source())
    };
    let (with, shown, source) = run(true);
    let (without, ..) = run(false);
    assert_eq!(source, PlaySource::Generator);
    assert_eq!(shown.source, PlaySource::Preview("take.mid".into()));
    assert_eq!(shown.meter, (3, 4));
    // Before and after, the generator plays what it would have played alone, at the same time.
    let first = with.iter().zip(&without).position(|(a, b)| a != b).unwrap();
    let last = with
        .iter()
        .zip(&without)
        .rposition(|(a, b)| a != b)
        .unwrap();
    assert!(with[first].commit_ns >= 3_000_000_000 && with[first].commit_ns < 3_130_000_000);
    assert!(with[last].commit_ns > 7_800_000_000 && with[last].commit_ns <= 8_000_000_000);
    for (i, committed) in with[first..=last].iter().enumerate() {
        let step = &grid.steps[i % grid.steps.len()];
        assert_eq!(committed.hits, hits_of(step));
    }
    // Alone, a preview ends in silence at once.
    let mut rig = Rig::new(model, 5);
    let tap = &mut rig.tap(0);
    rig.tell(EngineCommand::Preview {
        name: "take.mid".into(),
        grid,
    });
    rig.pass(5_000_000_000);
    rig.tell(EngineCommand::StopPreview);
    rig.pass(10_000_000);
    assert_eq!(rig.scheduler.sounding(), 0);
    check_tape(&drain(tap));
}

#[test]
fn a_preview_keeps_its_tempo_until_the_knob_is_turned() {
    let mut rig = Rig::new(BeatModel::random(8, 1, 1), 5);
    let mut steps = vec![Step::default(); 16];
    steps[0][0] = Cell {
        velocity: 100,
        offset: 0.0,
    };
    let grid = BeatGrid {
        meter: Meter::COMMON,
        tempo: 60.0,
        steps,
    };
    rig.tell(EngineCommand::Preview {
        name: "slow".into(),
        grid,
    });
    rig.turn(|c| c.density = 0.5);
    rig.pass(6_000_000_000);
    assert!(rig.committed.iter().all(|c| c.step_ns == 250e6));
    assert_eq!(rig.engine.status(rig.now).controls.milli_bpm, 60_000);
    rig.turn(|c| c.milli_bpm = 90_000);
    rig.pass(4_000_000_000);
    assert_eq!(rig.engine.status(rig.now).controls.milli_bpm, 90_000);
    let kicks: Vec<u64> = rig.sent.iter().map(|n| n.step).collect();
    assert_eq!(kicks, [0, 16, 32]);
}
