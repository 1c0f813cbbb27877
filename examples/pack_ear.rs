//! Teaches a transcriber and writes it: how the one inside the program was made from Groove's training files.
//!
//! ```sh
//! cargo run --release --example pack_ear -- ../shared/data/groove src/audio/onset/ear.bin
//! ```
//!
//! After the kit or the mel frames have changed, the same command makes it anew; `cargo bench --bench ear` measures it.

use anyhow::{Context, anyhow};
use beatgen_tui::beat::lane::Lane;
use beatgen_tui::dataset::scan::{ScanOptions, scan};
use beatgen_tui::dataset::{split, strokes};
use beatgen_tui::model::ear::{EarConfig, EarNews, train_ear};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(from), Some(to)) = (words.next(), words.next()) else {
        return Err(anyhow!("usage: pack_ear GROOVE FILE"));
    };
    let options = ScanOptions {
        cache: false,
        ..ScanOptions::new(from)
    };
    let scan = scan(&options, &|_, _| {}, &AtomicBool::new(false))?;
    let (files, unread) = strokes::load(&scan, Some(split::TRAIN));
    println!(
        "{} training files, {} unreadable",
        files.len(),
        unread.len()
    );
    let pieces: Vec<_> = files.into_iter().map(|file| file.strokes).collect();
    let config = EarConfig::default();
    let start = Instant::now();
    let mut told = 0.0;
    let ear = train_ear(&config, &pieces, &mut |news| {
        let minutes = start.elapsed().as_secs_f64() / 60.0;
        match news {
            EarNews::Rendered(now, of) if now >= told + 1_000.0 => {
                told = now;
                println!("{minutes:5.1} min: {now:.0} of {of:.0} s rendered");
            }
            EarNews::Rendered(..) => {}
            EarNews::Epoch(epoch, loss) => {
                println!(
                    "{minutes:5.1} min: epoch {epoch} of {}, loss {loss:.4}",
                    config.epochs
                );
            }
            EarNews::Tuned(score) => {
                println!("training files kept back: micro F1 {:.3}", score.all().f1());
                for lane in Lane::ALL {
                    println!("  {:<10} {:.3}", lane.word(), score.lane(lane).f1());
                }
            }
        }
        ControlFlow::Continue(())
    })?;
    let bytes = ear.to_bytes();
    std::fs::write(&to, &bytes).with_context(|| format!("cannot write {}", to.display()))?;
    println!("{}: {} bytes", to.display(), bytes.len());
    Ok(())
}
