//! The real binary on a real ALSA sequencer: an emulated kernel with VirMIDI cards, where the
//! bytes that a cable would carry can be read. Bytes and order are checked, not jitter.

use crate::support::PROGRAM;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// In the guest: the program in a terminal of `script`, its notes to the first VirMIDI port,
/// the raw bytes of that port into a file; a note-off of every note must follow its end.
const GUEST: &str = r#"
export BEATGEN_STATE_DIR=/mnt/state BEATGEN_CONFIG_DIR=/mnt/config BEATGEN_CACHE_DIR=/mnt/cache
export TERM=xterm-256color LC_ALL=C.UTF-8
mount -t devpts devpts /dev/pts
"$PROGRAM" ports > /mnt/ports.txt 2> /mnt/ports.err
cat /dev/snd/midiC1D0 > /mnt/bytes.bin &
reader=$!
mkfifo /run/keys
script -qfec "stty cols 80 rows 24; exec '$PROGRAM' --midi-out VirMIDI --seed 1" /mnt/screen.txt < /run/keys > /dev/null 2> /mnt/script.err &
player=$!
exec 3> /run/keys
for i in $(seq 600); do grep -q temperature /mnt/screen.txt 2>/dev/null && break; sleep 0.1; done
printf P >&3
for i in $(seq 600); do [ "$(stat -c %s /mnt/bytes.bin 2>/dev/null || echo 0)" -gt 120 ] && break; sleep 0.1; done
printf '\003\003' >&3
for i in $(seq 300); do kill -0 $player 2>/dev/null || break; sleep 0.1; done
sleep 0.5
kill $reader
"#;

fn rig() -> Result<PathBuf, String> {
    if !cfg!(all(feature = "midi", target_os = "linux")) {
        return Err("this build has no ALSA".into());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tools/alsa-vm.sh");
    if !script.exists() {
        return Err(format!("{} is not there", script.display()));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    for tool in ["qemu-system-x86_64", "busybox", "cpio", "script"] {
        if !std::env::split_paths(&path).any(|folder| folder.join(tool).exists()) {
            return Err(format!("{tool} is not installed"));
        }
    }
    Ok(script)
}

/// Written past the test harness, which keeps what a passing test prints to itself.
fn skip(reason: &str) {
    let text = format!("\n*** SKIPPED: the ALSA rig cannot run here: {reason} ***\n");
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

/// Note-ons and whether all are closed, in a MIDI byte stream with running status.
fn read_notes(bytes: &[u8]) -> (usize, Vec<u8>) {
    let (mut status, mut data, mut ons) = (0u8, Vec::new(), 0);
    let mut open = Vec::new();
    for &byte in bytes {
        match byte {
            0xf8.. => {}
            0x80.. => {
                status = byte;
                data.clear();
            }
            _ => {
                data.push(byte);
                let needed = if matches!(status >> 4, 0xc | 0xd) {
                    1
                } else {
                    2
                };
                if data.len() < needed {
                    continue;
                }
                let note = data[0];
                match (status >> 4, data[1..].first()) {
                    (9, Some(velocity)) if *velocity > 0 => {
                        ons += 1;
                        open.push(note);
                    }
                    (8 | 9, _) => open.retain(|n| *n != note),
                    _ => {}
                }
                data.clear();
            }
        }
    }
    (ons, open)
}

#[test]
fn notes_leave_through_a_real_port_and_are_closed() {
    let script = match rig() {
        Ok(script) => script,
        Err(reason) => {
            skip(&reason);
            return;
        }
    };
    let out = tempfile::tempdir().unwrap();
    let guest = Command::new("bash")
        .arg(&script)
        .args(["-t", "400", "-o"])
        .arg(out.path())
        .args([
            "--",
            "env",
            &format!("PROGRAM={PROGRAM}"),
            "bash",
            "-c",
            GUEST,
        ])
        .output()
        .unwrap();
    let said = [guest.stdout, guest.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if !said.contains("guest up") {
        skip(&format!("its kernel does not start:\n{said}"));
        return;
    }
    let read = |name: &str| fs::read(out.path().join(name)).unwrap_or_default();
    let text = |name: &str| String::from_utf8_lossy(&read(name)).into_owned();
    assert!(
        said.contains("guest done"),
        "the guest did not finish:\n{said}"
    );
    assert!(
        text("ports.txt").contains("VirMIDI"),
        "{}",
        text("ports.txt")
    );
    let (ons, open) = read_notes(&read("bytes.bin"));
    assert!(
        ons >= 10,
        "{ons} notes arrived; the screen:\n{}",
        text("script.err") + &text("screen.txt")
    );
    assert!(open.is_empty(), "still sounding: {open:?}");
    let sessions = fs::read_dir(out.path().join("state/sessions")).unwrap();
    let saved = sessions.filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        path.extension().is_some_and(|ending| ending == "mid")
    });
    assert_eq!(saved.count(), 1, "the session is saved");
    assert!(!text("screen.txt").contains("ALSA lib"));
}

#[test]
fn the_reader_of_bytes_knows_running_status() {
    let bytes = [
        0x99, 36, 100, 0xf8, 36, 0, 0x99, 38, 9, 0x89, 38, 64, 0x99, 42, 1,
    ];
    assert_eq!(read_notes(&bytes), (3, vec![42]));
}
