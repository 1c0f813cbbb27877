//! Writes the beats of `examples/beats`: small grooves made for this project, from the patterns below.
//!
//! ```sh
//! cargo run --example write_beats -- examples/beats
//! ```

use beatgen_tui::base::atomic_file;
use beatgen_tui::beat::grid::{BeatGrid, Cell, Meter, Step};
use beatgen_tui::beat::kit::Kit;
use beatgen_tui::beat::lane::Lane;
use beatgen_tui::beat::smf::{song_from_grid, write};
use std::path::PathBuf;

/// A beat: its bars, and in which order they are played. In a pattern `X` is loud, `x` firm, `o`
/// soft, `g` a ghost note, everything else a rest.
struct Beat {
    name: &'static str,
    tempo: f64,
    meter: (u8, u8),
    /// Micro-timing in 16ths: lane, step in the beat, offset.
    feel: &'static [(Lane, usize, f32)],
    bars: &'static [Pattern],
    order: &'static [usize],
}

/// A bar: the hits of some lanes.
type Pattern = &'static [(Lane, &'static str)];

use Lane::{ClosedHat, Crash, HighTom, Kick, LowTom, MidTom, OpenHat, Ride, Snare};

const BEATS: [Beat; 8] = [
    Beat {
        name: "rock",
        tempo: 116.0,
        meter: (4, 4),
        feel: &[(Snare, 0, 0.06)],
        bars: &[
            &[
                (Crash, "X..............."),
                (ClosedHat, "..o.x.o.x.o.x.o."),
                (Snare, "....X.......X..."),
                (Kick, "X.....x.X......."),
            ],
            &[
                (ClosedHat, "x.o.x.o.x.o.x.o."),
                (Snare, "....X.......X..."),
                (Kick, "X.....x.X.x....."),
            ],
            &[
                (ClosedHat, "x.o.x.o.x.o.x..."),
                (OpenHat, "..............x."),
                (Snare, "....X.......X..g"),
                (Kick, "X.x...x.X......."),
            ],
        ],
        order: &[0, 1, 1, 2, 1, 1, 1, 2],
    },
    Beat {
        name: "funk",
        tempo: 98.0,
        meter: (4, 4),
        feel: &[(Snare, 3, 0.10), (Snare, 1, 0.08), (ClosedHat, 3, 0.06)],
        bars: &[
            &[
                (ClosedHat, "x.oox.oox.oox.oo"),
                (Snare, "....X..g.g..X..g"),
                (Kick, "X..x......x..x.."),
            ],
            &[
                (ClosedHat, "x.oox.oox.oox.o."),
                (OpenHat, "..............x."),
                (Snare, "....X..g.g.gX.g."),
                (Kick, "X.x.......xx...x"),
            ],
        ],
        order: &[0, 1, 0, 0, 0, 1, 0, 1],
    },
    Beat {
        name: "hip-hop",
        tempo: 86.0,
        meter: (4, 4),
        // Behind the beat: late snare, hats that drag after the 8th.
        feel: &[
            (Snare, 0, 0.18),
            (ClosedHat, 2, 0.12),
            (ClosedHat, 1, 0.25),
            (Kick, 3, 0.20),
        ],
        bars: &[
            &[
                (ClosedHat, "x.o.x.o.x.o.xoo."),
                (Snare, "....X.......X..."),
                (Kick, "X......x..X....."),
            ],
            &[
                (ClosedHat, "x.o.x.o.x.o.x..."),
                (OpenHat, "..............o."),
                (Snare, "....X.......X..g"),
                (Kick, "X..x...x..X..x.."),
            ],
        ],
        order: &[0, 0, 0, 1, 0, 0, 1, 0],
    },
    Beat {
        name: "bossa",
        tempo: 132.0,
        meter: (4, 4),
        feel: &[(ClosedHat, 2, -0.05)],
        bars: &[
            &[
                (ClosedHat, "o.g.o.g.o.g.o.g."),
                (Snare, "x.....x.....x..."),
                (Kick, "x.....xox.....xo"),
            ],
            &[
                (ClosedHat, "o.g.o.g.o.g.o.g."),
                (Snare, "....x.....x....."),
                (Kick, "x.....xox.....xo"),
            ],
        ],
        order: &[0, 1, 0, 1, 0, 1, 0, 1],
    },
    Beat {
        name: "shuffle",
        tempo: 124.0,
        meter: (4, 4),
        // The last note of each triplet is two thirds of a beat in: a third of a 16th before step 3.
        feel: &[
            (Ride, 3, -1.0 / 3.0),
            (Snare, 3, -1.0 / 3.0),
            (Kick, 3, -1.0 / 3.0),
        ],
        bars: &[
            &[
                (Ride, "x..ox..ox..ox..o"),
                (Snare, "....X..g....X..g"),
                (Kick, "X......xX......."),
                (ClosedHat, "....o.......o..."),
            ],
            &[
                (Ride, "x..ox..ox..ox..o"),
                (Snare, "...gX..g...gX..x"),
                (Kick, "X......xX..x...."),
                (ClosedHat, "....o.......o..."),
            ],
        ],
        order: &[0, 0, 0, 1, 0, 1, 0, 1],
    },
    Beat {
        name: "four-on-the-floor",
        tempo: 126.0,
        meter: (4, 4),
        feel: &[],
        bars: &[
            &[
                (Kick, "X...X...X...X..."),
                (OpenHat, "..x...x...x...x."),
                (Snare, "....x.......x..."),
            ],
            &[
                (Kick, "X...X...X...X..."),
                (OpenHat, "..x...x...x...x."),
                (ClosedHat, "og.gog.gog.gog.g"),
                (Snare, "....x.......x..."),
            ],
            &[
                (Kick, "X...X...X...X.x."),
                (OpenHat, "..x...x...x....."),
                (ClosedHat, "og.gog.gog.gog.g"),
                (Snare, "....x.......x.ox"),
            ],
        ],
        order: &[0, 0, 1, 1, 1, 1, 1, 2],
    },
    Beat {
        name: "waltz",
        tempo: 152.0,
        meter: (3, 4),
        feel: &[(Ride, 3, -1.0 / 3.0)],
        bars: &[
            &[
                (Ride, "x...x..ox..."),
                (ClosedHat, "....o......."),
                (Kick, "X..........."),
                (Snare, "........g..."),
            ],
            &[
                (Ride, "x...x..ox..o"),
                (ClosedHat, "....o......."),
                (Kick, "X.......o..."),
                (Snare, "....x......."),
            ],
        ],
        order: &[0, 1, 0, 0, 0, 1, 0, 1],
    },
    Beat {
        name: "fill",
        tempo: 116.0,
        meter: (4, 4),
        feel: &[(HighTom, 1, 0.05), (LowTom, 3, -0.05)],
        bars: &[
            &[
                (ClosedHat, "x.o.x.o........."),
                (Snare, "....X...xxoxX..."),
                (HighTom, "............xx.."),
                (MidTom, "..............x."),
                (Kick, "X.....x.X......."),
            ],
            &[
                (Snare, "X.xx............"),
                (HighTom, "....X.xx........"),
                (MidTom, "........X.xx...."),
                (LowTom, "............X.xX"),
                (Kick, "X...X...X...X..."),
            ],
        ],
        order: &[0, 1],
    },
];

fn velocity(mark: char) -> u8 {
    match mark {
        'X' => 116,
        'x' => 94,
        'o' => 66,
        'g' => 36,
        _ => 0,
    }
}

fn grid(beat: &Beat) -> Result<BeatGrid, String> {
    let meter = Meter::new(beat.meter.0, beat.meter.1).ok_or("no such meter")?;
    let mut steps = Vec::new();
    for &bar in beat.order {
        let pattern = beat.bars.get(bar).ok_or("no such bar")?;
        let mut played = vec![Step::default(); meter.steps()];
        for (lane, marks) in *pattern {
            if marks.len() != meter.steps() {
                return Err(format!("{}: `{marks}` is not a bar long", beat.name));
            }
            for (step, (cells, mark)) in played.iter_mut().zip(marks.chars()).enumerate() {
                let feel = |f: &&(Lane, usize, f32)| f.0 == *lane && f.1 == step % 4;
                let offset = beat.feel.iter().find(feel).map_or(0.0, |f| f.2);
                let velocity = velocity(mark);
                if velocity > 0 {
                    cells[lane.index()] = Cell { velocity, offset };
                }
            }
        }
        steps.append(&mut played);
    }
    Ok(BeatGrid {
        meter,
        tempo: beat.tempo,
        steps,
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder to write to")?);
    for beat in &BEATS {
        let path = folder.join(format!("{}.mid", beat.name));
        let bytes = write(&song_from_grid(&grid(beat)?, &Kit::gm(), beat.name));
        atomic_file::write(&path, &bytes)?;
        println!("{}: {} bytes", path.display(), bytes.len());
    }
    Ok(())
}
