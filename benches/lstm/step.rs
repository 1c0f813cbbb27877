//! `step`: one step for playing, beside PyTorch's and beside a training run on the other core.

use crate::ours::{Case, Player, timed};
use crate::peer::Peer;
use crate::{Flags, Outcome, data_dir, least, median, share, word};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Of PyTorch's time, for one row.
const PROMISED_RATIO: f64 = 0.2;
/// The 99th percentile beside a training run, in milliseconds.
const PROMISED_MS: f64 = 1.0;
/// Steps a round.
const RUNS: usize = 300;
/// Steps beside a training run, one every 5 ms: as often as someone who plays fast and turns knobs.
const BESIDE: usize = 2_000;

/// Prints the table.
pub fn bench(flags: &Flags) -> Outcome {
    let mut peer = match &flags.peer {
        Some(python) => Some(Peer::start(python, "torch_lstm.py", &[])?),
        None => None,
    };
    println!(
        "one step, 3 x 256, 128 inputs, 1 thread, {} rounds of {RUNS} in turns, ms median (min)",
        flags.rounds
    );
    println!("rows          ours   p99 ours         nn.LSTM  ratio     nn.LSTMCell  ratio");
    for batch in [1, 8, 64] {
        let case = Case {
            batch,
            ..Case::USUAL
        };
        let mut player = Player::new(case);
        let (mut ours, mut theirs, mut cells) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..flags.rounds {
            for _ in 0..20 {
                player.step();
            }
            ours.extend((0..RUNS).map(|_| timed(|| player.step())));
            if let Some(peer) = &mut peer {
                theirs.extend(peer.run("step", case, 1, RUNS)?);
                cells.extend(peer.run("cells", case, 1, RUNS)?);
            }
        }
        let ratio = median(&ours) / median(&theirs);
        let verdict = if batch == 1 && peer.is_some() {
            format!(
                "promised: at most {PROMISED_RATIO} of nn.LSTM, {}",
                word(ratio <= PROMISED_RATIO)
            )
        } else {
            String::new()
        };
        println!(
            "{batch:>4} {:>6.3} ({:>5.3}) {:>7.3} {:>6.2} ({:>5.2}) {ratio:>6.2} {:>6.2} ({:>5.2}) {:>6.2}    {verdict}",
            median(&ours),
            least(&ours),
            share(&ours, 0.99),
            median(&theirs),
            least(&theirs),
            median(&cells),
            least(&cells),
            median(&ours) / median(&cells),
        );
    }
    beside_training(flags)
}

/// The time of a step while `beatgen-tui train` keeps one core busy.
fn beside_training(flags: &Flags) -> Outcome {
    let home = tempfile::tempdir()?;
    // The dashboard's trainer has the lowest priority; so has this one.
    let mut trainer = Command::new("nice")
        .args(["-n", "19", env!("CARGO_BIN_EXE_beatgen-tui")])
        .args(["train", "--device", "cpu", "--epochs", "100000"])
        .arg("--data-dir")
        .arg(data_dir(flags)?)
        .arg("--checkpoint-dir")
        .arg(home.path().join("checkpoints"))
        .env("BEATGEN_CACHE_DIR", home.path().join("cache"))
        .env("RAYON_NUM_THREADS", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Reading the files is over, learning is under way.
    std::thread::sleep(Duration::from_secs(5));
    let mut player = Player::new(Case {
        batch: 1,
        ..Case::USUAL
    });
    let mut times = Vec::new();
    for _ in 0..BESIDE {
        std::thread::sleep(Duration::from_millis(5));
        times.push(timed(|| player.step()));
    }
    let ended = trainer.try_wait()?;
    trainer.kill()?;
    trainer.wait()?;
    if ended.is_some() {
        return Err("the training run ended before the measurement did".into());
    }
    let p99 = share(&times, 0.99);
    println!(
        "1 row beside a training run, {BESIDE} steps: median {:.3} ms, p99 {p99:.3}, max {:.3}    promised: p99 at most {PROMISED_MS} ms, {}",
        median(&times),
        share(&times, 1.0),
        word(p99 <= PROMISED_MS)
    );
    Ok(())
}
