//! Guidance, blend and fill.

use super::{Knobs, Sampler, Step, hits, model, place};

/// The steps of two bars with these knobs.
fn play(sampler: &mut Sampler, style: Option<usize>, knobs: &Knobs) -> Vec<Step> {
    let mut state = sampler.start();
    (0..32)
        .map(|step| {
            let mut place = place(step);
            place.style = style;
            sampler.draw(&mut state, &place, knobs, 4, step)
        })
        .collect()
}

#[test]
fn guidance_goes_from_no_style_through_the_style_beyond_it() {
    let sampler = &mut Sampler::new(model(11));
    let guided = |guidance| Knobs {
        guidance,
        expression: 0.0,
        ..Knobs::default()
    };
    let hit = |steps: Vec<Step>| steps.iter().map(hits).collect::<Vec<_>>();
    let any = hit(play(sampler, None, &guided(1.0)));
    let plain = hit(play(sampler, Some(2), &guided(1.0)));
    let beyond = hit(play(sampler, Some(2), &guided(3.0)));
    assert!(any != plain && plain != beyond);
    assert_eq!(
        any,
        hit(play(sampler, None, &guided(3.0))),
        "no style to go towards"
    );
    // At 0 the hits are those of no style.
    for seed in 0..200 {
        let mut first = |style, guidance| {
            let mut place = place(0);
            place.style = style;
            let mut state = sampler.start();
            hits(&sampler.draw(&mut state, &place, &guided(guidance), seed, 0))
        };
        assert_eq!(first(Some(2), 0.0), first(None, 1.0));
    }
    assert_eq!(hit(play(sampler, Some(2), &guided(1.0))), plain);
}

#[test]
fn a_blend_goes_from_one_style_to_the_other() {
    let sampler = &mut Sampler::new(model(12));
    let blend = |blend, other_style| Knobs {
        blend,
        other_style,
        ..Knobs::default()
    };
    let first = play(sampler, Some(0), &Knobs::default());
    let second = play(sampler, Some(2), &Knobs::default());
    assert_eq!(play(sampler, Some(0), &blend(0.0, Some(2))), first);
    assert_eq!(play(sampler, Some(0), &blend(1.0, Some(2))), second);
    let half = play(sampler, Some(0), &blend(0.5, Some(2)));
    assert!(half != first && half != second);
    assert_eq!(half, play(sampler, Some(2), &blend(0.5, Some(0))));
    // A style the model does not have is any style.
    let any = play(sampler, None, &Knobs::default());
    assert_eq!(play(sampler, Some(0), &blend(1.0, Some(77))), any);
}

#[test]
fn a_fill_is_another_input() {
    let sampler = &mut Sampler::new(model(13));
    let fill = Knobs {
        fill: true,
        ..Knobs::default()
    };
    let plain = play(sampler, Some(1), &Knobs::default());
    assert_ne!(play(sampler, Some(1), &fill), plain);
}
