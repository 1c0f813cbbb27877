//! Scans of made-up folders and, where it is here, of the Groove MIDI Dataset.

use super::*;
use crate::beat::smf::{Song, SongNote, write};
use crate::dataset::corpus::Piece;
use crate::dataset::load::load;
use std::fs;
use tempfile::TempDir;

/// A file of `bars` bars in which only the kick of each bar's start sounds, on a channel counted
/// from 0, `velocity` telling one content from another.
fn song(bars: u64, channel: u8, velocity: u8) -> Vec<u8> {
    let notes = (0..bars).map(|bar| SongNote {
        tick: bar * 1920,
        length: 60,
        channel,
        note: 36,
        velocity,
    });
    write(&Song {
        name: "Drum take".to_owned(),
        tempi: vec![(0, 120_000)],
        notes: notes.collect(),
        ..Song::default()
    })
}

fn put(dir: &TempDir, name: &str, bytes: &[u8]) {
    let path = dir.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn options(dir: &TempDir) -> ScanOptions {
    ScanOptions {
        cache: false,
        ..ScanOptions::new(dir.path())
    }
}

fn run(options: &ScanOptions) -> Result<Scan, ScanError> {
    scan(options, &|_, _| {}, &AtomicBool::new(false))
}

fn statuses(scan: &Scan) -> Vec<(&str, FileStatus)> {
    let rows = scan.rows.iter();
    rows.map(|row| (row.name.as_str(), row.status)).collect()
}

/// A folder with one file of every verdict.
fn mixed() -> TempDir {
    let dir = TempDir::new().unwrap();
    put(&dir, "rock/a.mid", &song(2, 9, 100));
    put(&dir, "rock/b.MIDI", &song(2, 9, 100));
    put(&dir, "deep/er/c.smf", &song(3, 0, 100));
    put(&dir, "empty.mid", &song(0, 9, 1));
    put(&dir, "text.mid", b"no music");
    put(&dir, "zero.mid", b"");
    let whole = song(4, 9, 90);
    put(&dir, "cut.Mid", &whole[..whole.len() - 9]);
    put(&dir, "notes.txt", b"not looked at");
    dir
}

#[test]
fn every_file_ends_in_exactly_one_status() {
    let dir = mixed();
    let scan = run(&options(&dir)).unwrap();
    let expected = [
        ("cut.Mid", FileStatus::Repaired),
        ("deep/er/c.smf", FileStatus::NoDrums),
        ("empty.mid", FileStatus::Empty),
        ("rock/a.mid", FileStatus::Ok),
        ("rock/b.MIDI", FileStatus::Duplicate),
        ("text.mid", FileStatus::Rejected),
        ("zero.mid", FileStatus::Rejected),
    ];
    assert_eq!(statuses(&scan), expected);
    assert_eq!(scan.summary.by_status, [1, 1, 1, 1, 1, 2]);
    assert_eq!(
        scan.summary.files,
        scan.summary.by_status.iter().sum::<usize>()
    );
    for row in &scan.rows {
        let ok = row.status == FileStatus::Ok;
        assert_eq!(row.reason.is_none(), ok, "{}", row.name);
        assert_eq!(row.hint.is_none(), ok, "{}", row.name);
    }
    let hint = scan.rows[1].hint.as_deref().unwrap();
    assert!(hint.contains("track 1 \"Drum take\""), "{hint}");
    assert_eq!(scan.rows[3].style.as_deref(), Some("rock"));
    assert_eq!(scan.rows[0].style, None);
    assert_eq!(scan.drum_map.name(), "gm");
    assert_eq!(scan.summary.bars, 2 + u64::from(scan.rows[0].bars));
}

#[test]
fn a_remapped_file_has_drums() {
    let dir = mixed();
    let mut options = options(&dir);
    let name = "deep/er/c.smf".to_owned();
    options.remaps.insert(name.clone(), DrumPick::Track(0));
    let scan = run(&options).unwrap();
    assert_eq!(scan.rows[1].status, FileStatus::Ok);
    assert_eq!(scan.rows[1].drum_notes, 3);
    let (examples, failures) = load(&scan, None);
    assert!(failures.is_empty());
    let names: Vec<&str> = examples.pieces().iter().map(|p| &*p.name).collect();
    assert_eq!(names, ["cut.Mid", &name, "rock/a.mid"]);
    let grid = examples.grid(&examples.pieces()[1]);
    assert_eq!(grid.lane_counts()[0], 3);
}

#[test]
fn a_file_gone_since_the_scan_is_named() {
    let dir = mixed();
    let scan = run(&options(&dir)).unwrap();
    fs::remove_file(dir.path().join("rock/a.mid")).unwrap();
    let (examples, failures) = load(&scan, None);
    assert_eq!(examples.len(), 1);
    assert_eq!(failures[0].0, "rock/a.mid");
    assert!(failures[0].1.contains("no such file"), "{}", failures[0].1);
}

#[test]
fn an_unchanged_file_is_not_read_again() {
    let dir = mixed();
    let cache = TempDir::new().unwrap();
    let options = ScanOptions {
        cache: true,
        cache_dir: Some(cache.path().to_path_buf()),
        ..options(&dir)
    };
    let age = |name: &str, seconds: u64| {
        let file = fs::File::options().append(true).open(dir.path().join(name));
        let then = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        file.unwrap().set_modified(then).unwrap();
    };
    // Files just written are not trusted yet, so the first index may be short of some; scan until
    // all are older than a tick of the file system's clock.
    let first = run(&options).unwrap();
    assert_eq!(first.summary.cached, 0);
    let mut again = run(&options).unwrap();
    while again.summary.cached < again.summary.files {
        assert_eq!(again.rows, first.rows);
        again = run(&options).unwrap();
    }
    assert_eq!(again.rows, first.rows);
    // A new content of the same size and another time is read.
    put(&dir, "rock/a.mid", &song(2, 9, 101));
    age("rock/a.mid", 1_000_000_000);
    let changed = run(&options).unwrap();
    assert_eq!(changed.summary.cached, changed.summary.files - 1);
    assert_eq!(
        changed.rows[4].status,
        FileStatus::Ok,
        "no duplicate any more"
    );
    // Another map, or another place of the drums, is another question.
    let other = ScanOptions {
        drum_map: Some(DrumMap::td11()),
        ..options.clone()
    };
    assert_eq!(run(&other).unwrap().summary.cached, 0);
    let mut remapped = options.clone();
    let remap = ("deep/er/c.smf".to_owned(), DrumPick::Channel(0));
    remapped.remaps.extend([remap]);
    let row = &run(&remapped).unwrap().rows[1];
    assert_eq!(row.status, FileStatus::Ok);
    // A damaged index is no harm.
    for entry in fs::read_dir(cache.path()).unwrap() {
        fs::write(entry.unwrap().path(), b"BGINDEX\0damaged").unwrap();
    }
    let fresh = run(&options).unwrap();
    assert_eq!((fresh.summary.cached, fresh.rows), (0, changed.rows));
}

#[test]
fn an_unusable_folder_is_refused_with_path_and_hint() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| run(&ScanOptions::new(dir.path().join(name))).unwrap_err();
    assert!(matches!(at("none"), ScanError::Missing(_)));
    put(&dir, "file.mid", b"x");
    assert!(matches!(at("file.mid"), ScanError::NotAFolder(_)));
    put(&dir, "texts/a.txt", b"x");
    let error = at("texts");
    assert!(matches!(error, ScanError::NoMidi(_, 1)), "{error}");
    assert!(error.to_string().contains("texts: no MIDI file"));
    let cancelled = scan(&options(&dir), &|_, _| {}, &AtomicBool::new(true));
    assert_eq!(cancelled.unwrap_err(), ScanError::Cancelled);
}

#[test]
fn progress_reaches_the_total() {
    let dir = mixed();
    let most = AtomicUsize::new(0);
    let progress = |done: usize, total: usize| {
        assert!(done <= total && total == 7);
        most.fetch_max(done, Ordering::Relaxed);
    };
    scan(&options(&dir), &progress, &AtomicBool::new(false)).unwrap();
    assert_eq!(most.into_inner(), 7);
}

#[cfg(unix)]
#[test]
fn circles_of_links_sockets_and_odd_names_end_well() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let dir = TempDir::new().unwrap();
    put(&dir, "a/one.mid", &song(1, 9, 1));
    put(&dir, "b/two.mid", &song(1, 9, 2));
    // Each folder links to itself, the other and the top, under many names.
    for n in 0..8 {
        symlink("..", dir.path().join(format!("a/up{n}"))).unwrap();
        symlink("../b", dir.path().join(format!("a/b{n}"))).unwrap();
        symlink("../a", dir.path().join(format!("b/a{n}"))).unwrap();
    }
    symlink("nowhere", dir.path().join("lost.mid")).unwrap();
    symlink("a/one.mid", dir.path().join("z.mid")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("s.mid")).unwrap();
    let odd = dir.path().join(OsStr::from_bytes(b"k\xffck\x1b[31m.mid"));
    fs::write(&odd, song(1, 9, 3)).unwrap();
    let scan = run(&options(&dir)).unwrap();
    let by_status = |status| scan.rows.iter().filter(|row| row.status == status).count();
    assert_eq!(by_status(FileStatus::Ok), 3, "{:?}", statuses(&scan));
    assert_eq!(by_status(FileStatus::Duplicate), 1);
    assert_eq!(by_status(FileStatus::Rejected), 2);
    assert!(scan.rows.iter().any(|row| row.path == odd));
    let (examples, failures) = load(&scan, None);
    assert_eq!((examples.len(), failures.len()), (3, 0));
}

#[test]
fn training_always_has_something_to_validate_on() {
    for files in 1..30u8 {
        let dir = TempDir::new().unwrap();
        for i in 0..files {
            put(&dir, &format!("{i}.mid"), &song(1, 9, i + 1));
        }
        let scan = run(&options(&dir)).unwrap();
        let count = |split: &str| scan.rows.iter().filter(|row| row.split == split).count();
        assert!(count(split::TRAIN) > 0, "{files}");
        assert_eq!(count(split::VALIDATION) > 0, files > 1, "{files}");
        // A file's side is its content's, not its neighbours': at most one has moved.
        let own = |row: &&ScanRow| row.split != split::by_hash(&row.hash);
        assert!(scan.rows.iter().filter(own).count() <= 1);
    }
}

#[test]
fn info_csv_rules_and_is_not_overruled() {
    let dir = TempDir::new().unwrap();
    for (name, velocity) in [("s/a.mid", 1), ("s/b.mid", 2), ("s/c.mid", 3)] {
        put(&dir, name, &song(1, 9, velocity));
    }
    let info = "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split\n\
        d,s,1,funk/groove1,97,beat,4-4,s/a.mid,,1,train\n\
        d,s,2,rock,100,fill,4-4,s/b.mid,,1,train\n";
    put(&dir, "info.csv", info.as_bytes());
    let scan = run(&options(&dir)).unwrap();
    assert_eq!(scan.drum_map.name(), "td11");
    let row = &scan.rows[0];
    assert_eq!(
        (row.style.as_deref(), row.tempo),
        (Some("funk"), Some(97.0))
    );
    assert_eq!(
        (row.split.as_str(), row.beat_type.as_deref()),
        ("train", Some("beat"))
    );
    assert_eq!(scan.rows[1].split, "train");
    assert_eq!(
        scan.rows[2].split,
        split::VALIDATION,
        "the one left to its hash"
    );
    assert_eq!(scan.rows[2].style, None);
    let (examples, _) = load(&scan, Some("train"));
    let told = |piece: &Piece| (piece.tempo, piece.fill);
    assert_eq!(told(&examples.pieces()[0]), (97.0, false));
    assert_eq!(told(&examples.pieces()[1]), (100.0, true));
}

#[test]
fn groove_has_its_known_size() {
    let Some(dir) = crate::beat::groove::folder() else {
        return;
    };
    let options = ScanOptions {
        cache: false,
        ..ScanOptions::new(dir)
    };
    let scan = run(&options).unwrap();
    assert_eq!(scan.drum_map.name(), "td11");
    let summary = &scan.summary;
    assert_eq!(summary.files, summary.by_status.iter().sum::<usize>());
    assert_eq!(summary.by_status[4] + summary.by_status[0], summary.files);
    let (train, failures) = load(&scan, Some("train"));
    assert!(failures.is_empty());
    let common = train
        .pieces()
        .iter()
        .filter(|piece| piece.meter == crate::beat::grid::Meter::COMMON);
    let bars: usize = common.map(Piece::bars).sum();
    eprintln!(
        "{} training files, {bars} bars of 4/4; {summary:?}",
        train.len()
    );
    // 17,424 with the one file that is there twice.
    assert_eq!(bars, 17_400);
}
