//! [`App::steer`]: the commands that bend what the generator plays beyond the main knobs.

use super::command::Command;
use super::effect::Effect;
use super::knobs::{FINE, next_style};
use super::msg::Level;
use super::state::App;
use crate::message::{Controls, LANES};

/// How far a key turns min-p.
const MIN_P_STEP: f32 = 0.01;
/// How far a key turns the guidance.
const GUIDANCE_STEP: f32 = 0.1;

/// A turned fullness. From the style's own it starts at half; below 5 % it is the style's own again.
fn fuller(fullness: f32, by: f32) -> f32 {
    if fullness <= 0.0 {
        return 0.5;
    }
    let turned = (fullness + by).min(1.0);
    if turned < 0.5 * FINE { 0.0 } else { turned }
}

impl App {
    pub(super) fn steer(&mut self, command: Command, effects: &mut Vec<Effect>) {
        use Command as C;
        let lane = self.generation.lane.min(LANES - 1);
        let styles = self.generation.engine.styles.len();
        match command {
            C::KnobPage => self.generation.page = self.generation.page.next(),
            C::Lock => self.turn(effects, |c| c.locks ^= 1 << lane),
            C::UnlockAll => self.turn(effects, |c| c.locks = 0),
            C::Fill if !self.generation.playback.generator => {
                self.tell(Level::Info, "a fill needs the generator to play");
            }
            C::Fill if self.generation.engine.frames.is_some() => {
                self.tell(Level::Info, "a model of spectrograms plays no fills");
            }
            C::Fill => self.turn(effects, |c| c.fills = c.fills.wrapping_add(1)),
            C::Mutate if self.controls.locks == 0 => {
                let text = "a mutation changes what locked lanes repeat; lock a lane first";
                self.tell(Level::Info, text);
            }
            C::Mutate => self.turn(effects, |c| c.mutations = c.mutations.wrapping_add(1)),
            C::LaneDensityDown => self.turn(effects, |c| c.lane_density[lane] -= FINE),
            C::LaneDensityUp => self.turn(effects, |c| c.lane_density[lane] += FINE),
            C::LaneTemperatureDown => self.turn(effects, |c| c.lane_temperature[lane] -= FINE),
            C::LaneTemperatureUp => self.turn(effects, |c| c.lane_temperature[lane] += FINE),
            C::FullnessDown => self.turn(effects, |c| c.fullness = fuller(c.fullness, -FINE)),
            C::FullnessUp => self.turn(effects, |c| c.fullness = fuller(c.fullness, FINE)),
            C::MinPDown => self.turn(effects, |c| c.min_p -= MIN_P_STEP),
            C::MinPUp => self.turn(effects, |c| c.min_p += MIN_P_STEP),
            C::GuidanceDown => self.turn(effects, |c| c.guidance -= GUIDANCE_STEP),
            C::GuidanceUp => self.turn(effects, |c| c.guidance += GUIDANCE_STEP),
            C::BlendDown => self.turn(effects, |c| c.blend -= FINE),
            C::BlendUp => self.turn(effects, |c| c.blend += FINE),
            C::OtherStyleNext | C::OtherStylePrevious => {
                let forward = command == C::OtherStyleNext;
                self.turn(effects, |c| {
                    c.other_style = next_style(c.other_style, styles, forward);
                });
            }
            C::LoopBarsDown => self.turn(effects, |c| c.loop_bars = c.loop_bars.saturating_sub(1)),
            C::LoopBarsUp => self.turn(effects, |c| c.loop_bars = c.loop_bars.saturating_add(1)),
            C::MutationDown => self.turn(effects, |c| c.mutation -= FINE),
            C::MutationUp => self.turn(effects, |c| c.mutation += FINE),
            C::ResetKnobs => self.turn(effects, |c| {
                *c = Controls {
                    version: c.version,
                    milli_bpm: c.milli_bpm,
                    style: c.style,
                    other_style: c.other_style,
                    mutes: c.mutes,
                    locks: c.locks,
                    fills: c.fills,
                    mutations: c.mutations,
                    ..Controls::default()
                };
            }),
            _ => {}
        }
    }
}
