//! Writes a checkpoint's model in half precision: how the model inside the program was made from `best.safetensors`.
//!
//! ```sh
//! cargo run --release --example pack_model -- checkpoints/best.safetensors src/model/pretrained/groove.safetensors
//! ```

use anyhow::{Context, anyhow};
use beatgen_tui::model::BeatModel;
use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(from), Some(to)) = (paths.next(), paths.next()) else {
        return Err(anyhow!("usage: pack_model CHECKPOINT FILE"));
    };
    let bytes = BeatModel::load(&from)?
        .to_halves()
        .map_err(|e| anyhow!(e))?;
    std::fs::write(&to, &bytes).with_context(|| format!("cannot write {}", to.display()))?;
    println!("{}: {} bytes", to.display(), bytes.len());
    Ok(())
}
