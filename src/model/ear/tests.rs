//! What teaching promises: gradients that are the loss's, something learned, the same numbers again, an end when told.

use super::*;
use crate::audio::onset::{OUTPUTS, transcribe};
use crate::audio::render::{mono, render_events};
use crate::beat::lane::Lane;

/// A beat of three drums, not quite steady, of so many seconds.
fn piece(seed: u64, seconds: u64) -> Vec<Stroke> {
    let mut draws = Stream::new(seed, 0, Purpose::Test);
    let mut strokes = Vec::new();
    for k in 0..seconds * 5 {
        let mut strike = |lane| {
            strokes.push(Stroke {
                time_ns: 100_000_000 + k * 200_000_000 + draws.below(20_000_000) as u64,
                lane,
                velocity: 50 + draws.below(70) as u8,
            });
        };
        match k % 4 {
            0 => strike(Lane::Kick),
            2 => strike(Lane::Snare),
            _ => strike(Lane::ClosedHat),
        }
    }
    strokes
}

fn small() -> EarConfig {
    EarConfig {
        mel: MelConfig {
            sample_rate: 16_000,
            n_fft: 512,
            hop_length: 256,
            n_mels: 24,
            ..MelConfig::default()
        },
        seconds: 40.0,
        epochs: 40,
        ..EarConfig::default()
    }
}

#[test]
fn gradients_are_those_of_the_loss() {
    let mel = Mel::new(small().mel).unwrap();
    let mut draws = Stream::new(1, 0, Purpose::Test);
    let whole = (0, 4_000_000_000);
    let recordings = [Recording::of(
        &mel,
        &piece(1, 3),
        whole,
        Take::PLAIN,
        &mut draws,
    )];
    let shape = Shape::for_mel(mel.config());
    let (means, scales) = recordings::statistics(&recordings, shape.bands);
    let mut lesson = Lesson::default();
    let starts = lesson::plan(&recordings, 3, 0);
    lesson.fill(&shape, &recordings, &starts[..2], (&means, &scales));
    let mut net = Net::new(shape, Engine::new(1), 7);
    // So that velocity and offset have something to say back through all layers.
    let mut jitter = Stream::new(2, 0, Purpose::Test);
    net.params_mut()
        .iter_mut()
        .for_each(|w| *w += 0.02 * jitter.normal());
    lesson.mark_out(net.forward(&lesson.frames));
    net.learn(&lesson.frames, &lesson.wrong, 0.0);
    let gradient = net.gradient().to_vec();
    let largest = gradient.iter().fold(0.0f32, |m, g| m.max(g.abs()));
    let mut checked = 0;
    for _ in 0..400 {
        let at = draws.below(gradient.len());
        let mut loss = |by: f32| {
            net.params_mut()[at] += by;
            let loss = lesson.mark_out(net.forward(&lesson.frames));
            net.params_mut()[at] -= by;
            loss
        };
        let step = 4e-3;
        let (up, down, here) = (loss(step), loss(-step), loss(0.0));
        let slope = ((up - down) / f64::from(2.0 * step)) as f32;
        // A rectifier that bends in between has no slope to compare with.
        let bent = (up + down - 2.0 * here).abs() > 0.05 * (up - down).abs();
        if bent || gradient[at].abs() < 0.01 * largest {
            continue;
        }
        checked += 1;
        let error = (slope - gradient[at]).abs();
        assert!(
            error < 0.05 * gradient[at].abs(),
            "{at}: {slope} {}",
            gradient[at]
        );
    }
    assert!(checked > 20, "{checked}");
    assert_eq!(lesson.wrong.len() % OUTPUTS, 0);
}

#[test]
fn a_few_beats_teach_an_ear_for_other_frames() {
    let pieces: Vec<Vec<Stroke>> = (0..8).map(|seed| piece(seed, 6)).collect();
    let mut losses = Vec::new();
    let mut score = Score::default();
    let mut tell = |news| {
        match news {
            EarNews::Epoch(_, loss) => losses.push(loss),
            EarNews::Tuned(tuned) => score = *tuned,
            EarNews::Rendered(..) => {}
        }
        ControlFlow::Continue(())
    };
    let ear = train_ear(&small(), &pieces, &mut tell).unwrap();
    assert!(losses.last() < losses.first(), "{losses:?}");
    println!("{losses:?} {:?}", score.all());
    assert!(score.all().real > 10);
    let sound = mono(&render_events(&piece(99, 4), 16_000, 0.5));
    let mut unseen = Score::default();
    unseen.add(&piece(99, 4), &transcribe(&ear, &sound).unwrap());
    assert!(unseen.all().f1() > 0.8, "{:?}", unseen.all());
}

#[test]
fn the_same_pieces_and_seed_give_the_same_ear_with_any_number_of_threads() {
    let pieces: Vec<Vec<Stroke>> = (0..5).map(|seed| piece(seed, 2)).collect();
    let taught = |threads| {
        let config = EarConfig {
            threads,
            epochs: 3,
            ..small()
        };
        train_ear(&config, &pieces, &mut |_| ControlFlow::Continue(())).unwrap()
    };
    assert_eq!(taught(1), taught(2));
}

#[test]
fn too_little_is_refused_and_a_word_ends_it() {
    let pieces: Vec<Vec<Stroke>> = (0..5).map(|seed| piece(seed, 2)).collect();
    let stop = train_ear(&small(), &pieces, &mut |_| ControlFlow::Break(()));
    assert_eq!(stop, Err(TeachError::Stopped));
    let few = train_ear(&small(), &pieces[..2], &mut |_| ControlFlow::Continue(()));
    assert_eq!(few, Err(TeachError::TooFew(2)));
}
