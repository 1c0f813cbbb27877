//! The dataset screen: the list stays sane whatever happens to its rows.

use super::super::browser::{LineKind, Preview, ScanState};
use super::super::listing::{Show, Sort};
use super::*;

/// The list as words; the selected line has a `>`.
fn listed(app: &App) -> Vec<String> {
    let lines = app.browser.visible(0, usize::MAX).into_iter();
    lines
        .map(|line| {
            let mark = if line.selected { ">" } else { "" };
            match line.kind {
                LineKind::Folder { folder, folded } => {
                    let sign = if folded { "+" } else { "-" };
                    format!("{mark}{}{sign}{}", " ".repeat(line.depth), folder.name())
                }
                LineKind::File { label, .. } => {
                    format!("{mark}{}{label}", " ".repeat(line.depth))
                }
            }
        })
        .collect()
}

fn scanned() -> App {
    let mut app = app();
    scan(&mut app, rows());
    press(&mut app, &["1"]);
    app
}

#[test]
fn files_are_a_tree_that_folds() {
    let mut app = scanned();
    let open = [
        ">a.mid", "-d1/", " b.mid", " c.mid", " -s2/", "  d.mid", "e.mid",
    ];
    assert_eq!(listed(&app), open);
    let folder = &app.browser.folders[0];
    assert_eq!((folder.bars, folder.usable, folder.refused), (10, 2, 1));
    press(&mut app, &["down", "enter"]);
    assert_eq!(listed(&app), ["a.mid", ">+d1/", "e.mid"]);
    press(&mut app, &["right", "end", "up", "up", "left"]);
    assert_eq!(
        listed(&app),
        ["a.mid", "-d1/", " b.mid", " c.mid", "> +s2/", "e.mid"]
    );
}

#[test]
fn order_filter_and_find_keep_the_selection() {
    let mut app = scanned();
    press(&mut app, &["end"]);
    assert_eq!(
        app.browser.selected_row().map(|r| r.name.as_str()),
        Some("e.mid")
    );
    press(&mut app, &["S"]);
    assert_eq!(app.browser.sort, Sort::Bars);
    assert_eq!(listed(&app)[0], "d1/b.mid");
    press(&mut app, &["S"]);
    assert_eq!(listed(&app)[0], ">e.mid", "the slowest, still selected");
    press(&mut app, &["S", "S", "S"]);
    assert_eq!(app.browser.sort, Sort::Name);

    press(&mut app, &["f"]);
    let choices = app.choices(ChoiceKind::Filter);
    let out = choices
        .iter()
        .position(|c| c.label == "left out or refused");
    let keys = vec!["down"; out.unwrap()];
    press(&mut app, &keys);
    press(&mut app, &["enter"]);
    assert_eq!(listed(&app), ["d1/c.mid", ">e.mid"]);
    press(&mut app, &["f", "home", "enter", "/"]);
    type_text(&mut app, "FUNK");
    assert_eq!(
        listed(&app),
        ["a.mid", ">d1/s2/d.mid"],
        "styles are found, too"
    );
    press(&mut app, &["up", "enter"]);
    assert!(app.overlay().is_none());
    assert_eq!(listed(&app), [">a.mid", "d1/s2/d.mid"]);
    press(&mut app, &["/", "esc"]);
    assert_eq!(app.browser.len(), 7);
    assert_eq!(app.browser.selected(), 0);
}

#[test]
fn the_selection_survives_a_rescan() {
    let mut app = scanned();
    press(&mut app, &["end"]);
    let mut more = rows();
    more.insert(0, row("0.mid", FileStatus::Ok, 1, 100.0, ""));
    scan(&mut app, more);
    assert_eq!(
        app.browser.selected_row().map(|r| r.name.as_str()),
        Some("e.mid")
    );
    scan(&mut app, rows()[..1].to_vec());
    assert_eq!(listed(&app), [">a.mid"]);
    scan(&mut app, Vec::new());
    assert!(app.browser.is_empty() && app.browser.selected_row().is_none());
    press(
        &mut app,
        &["down", "x", "space", "enter", "r", "g", "left", "end"],
    );
    // A style that is gone cannot stay the filter.
    scan(&mut app, rows());
    app.browser.show = Show::Style("rock".into());
    scan(&mut app, rows()[..1].to_vec());
    assert_eq!((&app.browser.show, app.browser.len()), (&Show::All, 1));
}

#[test]
fn files_and_folders_are_left_out_and_counted() {
    let mut app = scanned();
    let totals = app.browser.totals;
    assert_eq!((totals.included, totals.left_out, totals.bars), (3, 2, 14));
    press(&mut app, &["x", "down", "x"]);
    let totals = app.browser.totals;
    assert_eq!((totals.included, totals.left_out, totals.bars), (0, 5, 0));
    press(&mut app, &["x"]);
    assert_eq!(app.browser.totals.bars, 10);
    assert_eq!(
        app.settings().excluded,
        [PathBuf::from("/beats/a.mid")].into()
    );
}

#[test]
fn notes_of_a_file_without_drums_are_remapped_by_a_rescan() {
    let mut app = scanned();
    assert_eq!(press(&mut app, &["r"]), [], "that one has drums");
    press(&mut app, &["down", "down", "down"]);
    let remaps = vec![PathBuf::from("/beats/d1/c.mid")];
    let dir = PathBuf::from("/beats");
    assert_eq!(
        press(&mut app, &["r"]),
        [Effect::Scan {
            dir: dir.clone(),
            remaps
        }]
    );
    assert_eq!(app.browser.scan, ScanState::Running { done: 0, total: 0 });
    let remaps = Vec::new();
    assert_eq!(press(&mut app, &["r"]), [Effect::Scan { dir, remaps }]);
}

#[test]
fn the_selected_beat_is_read_when_the_cursor_rests() {
    let mut app = scanned();
    tick(&mut app, 1_000);
    for _ in 0..30 {
        let at = app.now_ns + 30 * MS;
        assert_eq!(app.update(Msg::Key(Key::parse("down").unwrap(), at)), []);
        assert_eq!(app.update(Msg::Tick { now_ns: at }), []);
        app.update(Msg::Key(Key::parse("up").unwrap(), at));
    }
    let path = PathBuf::from("/beats/a.mid");
    let load = Effect::LoadPreview {
        path: path.clone(),
        remap: false,
    };
    assert_eq!(tick(&mut app, 100), [load]);
    assert_eq!(tick(&mut app, 100), []);
    let result = Ok(grid(3));
    let effects = app.update(Msg::Preview {
        path: path.clone(),
        result,
    });
    assert!(matches!(effects[..], [Effect::ComputeSpectrogram { .. }]));
    assert!(app.browser.selected_grid().is_some());
    press(&mut app, &["right", "right", "right", "right", "left"]);
    assert_eq!(app.browser.bar, 1);
    let effects = press(&mut app, &["g"]);
    assert!(matches!(&effects[..], [Effect::Prime { name, .. }] if name == "a.mid"));

    press(&mut app, &["down", "down"]);
    assert_eq!((app.browser.bar, &app.browser.preview), (0, &Preview::None));
    tick(&mut app, 100);
    // An answer to an old question changes nothing.
    let result = Ok(grid(1));
    app.update(Msg::Preview { path, result });
    assert!(app.browser.selected_grid().is_none());
    let path = PathBuf::from("/beats/d1/b.mid");
    let result = Err("gone".into());
    app.update(Msg::Preview { path, result });
    assert!(matches!(app.browser.preview, Preview::Failed { .. }));
}

#[test]
fn a_file_without_a_beat_says_why() {
    let mut app = scanned();
    press(&mut app, &["end"]);
    assert_eq!(press(&mut app, &["space"]), []);
    assert!(app.notices.newest().unwrap().text.contains("a reason"));
    press(&mut app, &["enter"]);
    let Some(Overlay::Message { text, .. }) = app.overlay() else {
        panic!("{:?}", app.overlay())
    };
    assert!(text.contains("rejected") && text.contains("a reason"));
}

#[test]
fn another_folder_is_opened_by_its_name() {
    let mut app = scanned();
    press(&mut app, &["O", "ctrl-u", "enter"]);
    assert!(matches!(
        app.overlay(),
        Some(Overlay::Prompt { error: Some(_), .. })
    ));
    app.update(Msg::Paste(" /other\n".into()));
    let effects = press(&mut app, &["enter"]);
    let dir = PathBuf::from("/other");
    let remaps = Vec::new();
    assert_eq!(
        effects,
        [Effect::Scan {
            dir: dir.clone(),
            remaps
        }]
    );
    assert!(app.browser.is_empty());
    assert_eq!(app.training.form.kept().data_dir, dir);
    app.update(Msg::Scan(ScanEvent::Failed("cannot be read".into())));
    assert_eq!(app.browser.scan, ScanState::Failed("cannot be read".into()));
}

#[cfg(unix)]
#[test]
fn a_folder_whose_name_is_no_text_can_be_scanned_again() {
    use std::os::unix::ffi::OsStrExt;
    let dir = PathBuf::from(std::ffi::OsStr::from_bytes(b"/be\xffats\x1b"));
    let mut app = App::new(Setup {
        settings: Settings {
            data_dir: Some(dir.clone()),
            ..Settings::default()
        },
        ..setup()
    });
    app.update(Msg::Start);
    let effects = press(&mut app, &["1", "O", "enter"]);
    let remaps = Vec::new();
    assert_eq!(
        effects,
        [Effect::Scan {
            dir: dir.clone(),
            remaps
        }]
    );
    assert_eq!(app.training.form.clone().submit().unwrap().data_dir, dir);
}

/// 100,000 files: a key costs what is in sight, not what is in the folder. One making of the list
/// takes milliseconds; were it made at each key, this would take minutes.
#[test]
fn a_huge_folder_is_walked_at_the_cost_of_what_is_seen() {
    let mut app = app();
    let names = (0..100_000).map(|i| format!("f{}/g{}/{i:06}.mid", i / 5_000, i / 500));
    scan(
        &mut app,
        names
            .map(|name| row(&name, FileStatus::Ok, 4, 100.0, "rock"))
            .collect(),
    );
    press(&mut app, &["1"]);
    assert_eq!(app.browser.len(), 100_000 + 20 + 200);
    let begin = std::time::Instant::now();
    for i in 0..20_000 {
        let key = ["pagedown", "down", "down", "up"][i % 4];
        app.update(Msg::Key(Key::parse(key).unwrap(), i as u64 * MS));
        let window = app.browser.window(20);
        assert!(window.contains(&app.browser.selected()));
        let lines = app.browser.visible(window.start, window.len());
        assert_eq!(lines.len(), 20);
    }
    let spent = begin.elapsed();
    assert!(spent.as_secs() < 10, "20,000 keys took {spent:?}");
}
