//! The map of the house in `src/lib.rs`, kept by reading every file of `src`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may use.
const ROOMS: [(&str, &[&str]); 11] = [
    ("base", &[]),
    ("message", &["base"]),
    ("beat", &["base", "message"]),
    ("audio", &["base", "message", "beat"]),
    ("dataset", &["base", "message", "beat", "audio"]),
    ("model", &["base", "message", "beat", "audio", "dataset"]),
    (
        "live",
        &["base", "message", "beat", "audio", "dataset", "model"],
    ),
    ("app", &["base", "message", "beat"]),
    ("ui", &["base", "message", "beat", "app"]),
    ("cli", &["base", "message"]),
    (
        "runtime",
        &[
            "base", "message", "beat", "audio", "dataset", "model", "live", "app", "ui", "cli",
        ],
    ),
];

/// Crates that only some places may name.
const CRATES: [(&str, &[&str]); 10] = [
    ("burn", &["model/"]),
    ("burn_flex", &["model/"]),
    ("burn_ndarray", &["model/"]),
    ("ratatui", &["ui/", "runtime/terminal"]),
    ("crossterm", &["ui/", "runtime/"]),
    ("midir", &["live/midi_out"]),
    ("rodio", &["live/synth"]),
    ("rustysynth", &["audio/soundfont"]),
    ("clap", &["cli", "runtime/"]),
    ("signal_hook", &["runtime/signals.rs"]),
];

/// Rooms without files, threads and clocks (their tests may use them).
const PURE: [&str; 5] = ["message", "beat", "audio", "app", "ui"];
const IMPURE: [&str; 6] = ["fs", "thread", "net", "process", "env", "io"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every `.rs` file of `src`, by its path inside it, with its text.
fn files() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = source();
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    let files: Vec<_> = paths
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy();
            (name.replace('\\', "/"), fs::read_to_string(path).unwrap())
        })
        .collect();
    assert!(files.len() > 30, "src is read");
    files
}

/// Names, numbers and punctuation; comments and texts are left out, `::` is one token.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut out, mut i) = (Vec::new(), 0);
    while i < chars.len() {
        let c = at(i);
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            i += 2;
            while i < chars.len() && !(at(i) == '*' && at(i + 1) == '/') {
                i += 1;
            }
            i += 2;
        } else if c == 'r'
            && (at(i + 1) == '"' || (at(i + 1) == '#' && matches!(at(i + 2), '#' | '"')))
        {
            let hashes = chars.iter().skip(i + 1).take_while(|c| **c == '#').count();
            i += hashes + 2;
            while i < chars.len() && !(at(i) == '"' && (1..=hashes).all(|h| at(i + h) == '#')) {
                i += 1;
            }
            i += hashes + 1;
        } else if c == '"' {
            i += 1;
            while i < chars.len() && at(i) != '"' {
                i += if at(i) == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if c == '\'' && at(i + 1) == '\\' {
            i += 3;
            while i < chars.len() && at(i) != '\'' {
                i += 1;
            }
            i += 1;
        } else if c == '\'' && at(i + 2) == '\'' {
            i += 3;
        } else if word(c) {
            let start = i;
            while word(at(i)) {
                i += 1;
            }
            out.push(chars[start..i].iter().collect());
        } else if c == ':' && at(i + 1) == ':' {
            out.push("::".into());
            i += 2;
        } else {
            if !c.is_whitespace() {
                out.push(c.into());
            }
            i += 1;
        }
    }
    out
}

/// The names right after `prefix ::`, also out of a group `{a, b::c}`.
fn names_after(tokens: &[String], prefix: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for i in 0..tokens.len() {
        if tokens[i] != prefix || tokens.get(i + 1).is_none_or(|t| t != "::") {
            continue;
        }
        if i > 0 && tokens[i - 1] == "::" {
            continue;
        }
        let Some(next) = tokens.get(i + 2) else {
            continue;
        };
        if next != "{" {
            found.insert(next.clone());
            continue;
        }
        let (mut depth, mut first) = (0, false);
        for token in &tokens[i + 2..] {
            match token.as_str() {
                "{" => (depth, first) = (depth + 1, depth == 0),
                "}" if depth == 1 => break,
                "}" => depth -= 1,
                "," => first = depth == 1,
                name if first && depth == 1 => {
                    found.insert(name.into());
                    first = false;
                }
                _ => {}
            }
        }
    }
    found
}

/// The tokens without `#[cfg(test)] mod ... { ... }`.
fn without_tests(tokens: &[String]) -> Vec<String> {
    let marker = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let (mut out, mut i) = (Vec::new(), 0);
    while i < tokens.len() {
        let here = tokens[i..].iter().map(String::as_str);
        if here.take(marker.len()).eq(marker) && tokens.get(i + 9).is_some_and(|t| t == "{") {
            let mut depth = 0;
            i += 9;
            while i < tokens.len() {
                match tokens[i].as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                i += 1;
                if depth == 0 {
                    break;
                }
            }
        } else {
            out.push(tokens[i].clone());
            i += 1;
        }
    }
    out
}

/// The files, or folders of them, that are declared `#[cfg(test)] mod name;`.
fn test_modules(files: &[(String, String)]) -> Vec<String> {
    let marker = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut found = Vec::new();
    for (name, text) in files {
        let folder = match name.strip_suffix("mod.rs") {
            Some(folder) => folder.to_owned(),
            None => format!("{}/", name.trim_end_matches(".rs")),
        };
        let tokens = tokens(text);
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        for i in 0..tokens.len() {
            if !tokens[i..].starts_with(&marker) {
                continue;
            }
            let visibility = ["pub", "crate", "super", "(", ")"];
            let mut rest = tokens[i + marker.len()..].iter();
            let mut rest = rest.by_ref().skip_while(|token| visibility.contains(token));
            if let (Some(&"mod"), Some(module), Some(&";")) =
                (rest.next(), rest.next(), rest.next())
            {
                found.push(format!("{folder}{module}"));
            }
        }
    }
    found
}

/// The longest chain of `super::`, leaving out those inside inline modules.
fn climbs(tokens: &[String]) -> usize {
    let (mut blocks, mut longest, mut chain) = (Vec::new(), 0, 0);
    for (i, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => blocks.push(i >= 2 && tokens[i - 2] == "mod"),
            "}" => {
                blocks.pop();
            }
            "super" => {
                chain += 1;
                let inner = blocks.iter().filter(|is_mod| **is_mod).count();
                longest = longest.max(chain - inner.min(chain));
                continue;
            }
            "::" => continue,
            _ => {}
        }
        chain = 0;
    }
    longest
}

#[test]
fn layering() {
    let mut wrong = Vec::new();
    let files = files();
    let tests = test_modules(&files);
    let is_test = |name: &str| {
        tests.iter().any(|module| {
            let rest = name.strip_prefix(module.as_str());
            rest.is_some_and(|rest| rest.starts_with(['.', '/']))
        })
    };
    for (name, text) in &files {
        let room = name.split(['/', '.']).next().unwrap();
        if matches!(room, "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = ROOMS.iter().find(|(known, _)| *known == room) else {
            wrong.push(format!("{name}: a room that is not on the map"));
            continue;
        };
        let tokens = tokens(text);
        for prefix in ["crate", "beatgen_tui"] {
            for used in names_after(&tokens, prefix) {
                if used != room && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{name}: {room} may not use {used}"));
                }
            }
        }
        // `super` must not be a back door to another room.
        let depth = name.matches('/').count() + usize::from(!name.ends_with("/mod.rs"));
        if climbs(&tokens) >= depth {
            wrong.push(format!(
                "{name}: `super` climbs out of the room; say crate::"
            ));
        }
        for (krate, places) in CRATES {
            let named = !names_after(&tokens, krate).is_empty()
                || tokens.windows(2).any(|w| w[0] == "use" && w[1] == krate);
            if named && !places.iter().any(|place| name.starts_with(place)) {
                wrong.push(format!("{name}: names {krate}, which only {places:?} may"));
            }
        }
        if PURE.contains(&room) && !is_test(name) {
            let tokens = without_tests(&tokens);
            for used in names_after(&tokens, "std") {
                if IMPURE.contains(&used.as_str()) {
                    wrong.push(format!("{name}: {room} is pure, but uses std::{used}"));
                }
            }
            if tokens.iter().any(|t| t == "Instant" || t == "SystemTime") {
                wrong.push(format!("{name}: {room} is pure, but reads a clock"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_lives_in_it_and_can_be_read_in_one_sitting() {
    let mut wrong = Vec::new();
    let mut lengths = Vec::new();
    for (name, text) in files() {
        let lines = text.lines().count();
        lengths.push(lines);
        if !text.starts_with("//!") {
            wrong.push(format!("{name} does not open with //!"));
        }
        if lines > 400 {
            wrong.push(format!("{name} has {lines} lines: two things live in it"));
        }
    }
    lengths.sort_unstable();
    let at = |share: usize| lengths[lengths.len() * share / 100];
    eprintln!(
        "{} files; lines: median {}, 90th percentile {}, longest {}",
        lengths.len(),
        at(50),
        at(90),
        lengths[lengths.len() - 1]
    );
    assert!(at(50) <= 250, "the median file has {} lines", at(50));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_the_map_reads_rust() {
    let text = r##"
        use crate::{base::{a, b}, ui::x}; // crate::live::y
        let s = "crate::model"; let r = r#"crate::audio"#; let c = '"'; let d: &'static str = "";
        fn f() { crate::beat::g(); other::crate_::h(); '\u{1f}'; }
        #[cfg(test)] mod tests { use super::super::z; use std::fs; }
    "##;
    let tokens = tokens(text);
    let found: Vec<String> = names_after(&tokens, "crate").into_iter().collect();
    assert_eq!(found, ["base", "beat", "ui"]);
    assert_eq!(climbs(&tokens), 1);
    assert!(names_after(&without_tests(&tokens), "std").is_empty());
}
