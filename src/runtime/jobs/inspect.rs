//! `inspect`: says what is in MIDI files, a line each, for people or as JSON. A file that cannot be
//! used is an answer, not a failure.

use crate::base::text::sanitize_path;
use crate::beat::kit::DrumMap;
use crate::dataset::facts::{FileFacts, inspect_file};
use anyhow::Context;
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Prints what each file is, in the order given: one JSON object a line, or a table. Without a map
/// General MIDI's is used. The exit code is 0, whatever the files are.
///
/// # Errors
/// Output that cannot be written; a reader that has gone (a broken pipe) is none.
pub fn run(files: &[PathBuf], json: bool, map: Option<DrumMap>) -> anyhow::Result<i32> {
    let map = map.unwrap_or_default();
    let mut out = BufWriter::new(io::stdout().lock());
    match print(&mut out, files, json, &map) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        result => result
            .map(|()| 0)
            .context("cannot write to standard output"),
    }
}

/// A JSON line.
#[derive(Serialize)]
struct Line<'a> {
    /// As given; what is not UTF-8 is replaced.
    file: &'a str,
    drum_map: &'a str,
    #[serde(flatten)]
    facts: &'a FileFacts,
}

fn print(out: &mut impl Write, files: &[PathBuf], json: bool, map: &DrumMap) -> io::Result<()> {
    if !json {
        writeln!(
            out,
            "{:<9} {:>6} {:>6} {:>5} {:>7} {:>5} {:>5}  file",
            "status", "notes", "drums", "bars", "tempo", "meter", "ticks"
        )?;
    }
    for file in files {
        let facts = inspect_file(file, map);
        if json {
            let line = Line {
                file: &file.to_string_lossy(),
                drum_map: map.name(),
                facts: &facts,
            };
            serde_json::to_writer(&mut *out, &line)?;
            writeln!(out)?;
        } else {
            print_row(out, file, &facts)?;
        }
        // Whoever reads line by line gets each as it is known.
        out.flush()?;
    }
    Ok(())
}

fn print_row(out: &mut impl Write, file: &Path, facts: &FileFacts) -> io::Result<()> {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    writeln!(
        out,
        "{:<9} {:>6} {:>6} {:>5} {:>7} {:>5} {:>5}  {}",
        facts.status.word(),
        facts.notes,
        facts.drum_notes,
        facts.bars,
        or_dash(facts.tempo.map(|tempo| format!("{tempo:.1}"))),
        or_dash(facts.meter.map(|(n, d)| format!("{n}/{d}"))),
        or_dash(facts.ticks_per_quarter.map(|ticks| ticks.to_string())),
        sanitize_path(file),
    )?;
    if let Some(reason) = &facts.reason {
        writeln!(out, "          {reason}")?;
    }
    if let Some(hint) = &facts.hint {
        writeln!(out, "          hint: {hint}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(files: &[&str], json: bool) -> String {
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        let mut out = Vec::new();
        print(&mut out, &files, json, &DrumMap::gm()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_missing_file_is_rejected_with_a_reason() {
        let text = printed(&["/no/such.mid", "/"], true);
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        for line in &lines {
            assert_eq!(line["status"], "rejected");
            assert!(line["reason"].is_string() && line["hint"].is_string());
            assert!(line["tempo"].is_null() && line["time_signature"].is_null());
            assert_eq!(
                (line["notes"].as_u64(), line["bars"].as_u64()),
                (Some(0), Some(0))
            );
        }
        assert_eq!(lines[0]["file"], "/no/such.mid");
    }

    #[test]
    fn a_beat_is_told_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("beat\u{1b}[2J.mid");
        let song = crate::beat::smf::Song {
            tempi: vec![(0, 97_500)],
            notes: [(0, 36), (480, 38), (960, 3)]
                .map(|(tick, note)| crate::beat::smf::SongNote {
                    tick,
                    length: 9,
                    channel: 9,
                    note,
                    velocity: 99,
                })
                .to_vec(),
            ..Default::default()
        };
        std::fs::write(&path, crate::beat::smf::write(&song)).unwrap();
        let name = path.to_str().unwrap();
        let line: serde_json::Value = serde_json::from_str(&printed(&[name], true)).unwrap();
        assert_eq!(line["status"], "ok");
        assert_eq!(line["time_signature"], "4/4");
        assert_eq!(line["ticks_per_quarter"], 480);
        assert_eq!(
            (&line["notes"], &line["drum_notes"]),
            (&3.into(), &3.into())
        );
        assert_eq!(line["lane_counts"]["kick"], 1);
        assert_eq!(line["lane_counts"]["snare"], 1);
        assert!((line["tempo"].as_f64().unwrap() - 97.5).abs() < 1e-3);
        let table = printed(&[name, "/no/such.mid"], false);
        assert!(!table.contains('\u{1b}'));
        assert!(table.contains("   97.5   4/4   480  "), "{table}");
        assert!(table.contains("hint: check the spelling"));
    }
}
