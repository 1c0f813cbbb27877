//! The real binary on a real ALSA sequencer: an emulated kernel with VirMIDI cards, where the
//! bytes that a cable would carry can be read. Bytes and order are checked, not jitter.

use crate::support::PROGRAM;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// In the guest: a receiver that plays into the first VirMIDI port, and the program, in a terminal of
/// `script`, that plays over the network into it, with clock, into a log and into a machine (a
/// sequencer client) that is unplugged and comes back.
const CHAIN: &str = r#"
export BEATGEN_STATE_DIR=/mnt/state BEATGEN_CONFIG_DIR=/mnt/config BEATGEN_CACHE_DIR=/mnt/cache
export TERM=xterm-256color LC_ALL=C.UTF-8 BEATGEN_TOKEN=a-token-for-the-rig
mount -t devpts devpts /dev/pts
size() { stat -c %s "$1" 2>/dev/null || echo 0; }
until_true() { for i in $(seq 900); do eval "$1" && return; sleep 0.1; done; echo "in vain: $1" >> /mnt/vain.txt; }
cat /dev/snd/midiC1D0 > /mnt/bytes.bin &
reader=$!
BEATGEN_STATE_DIR=/mnt/far "$PROGRAM" receive --midi-out VirMIDI --delay 1000 > /mnt/receive.txt 2>&1 < /dev/null &
receiver=$!
aseqdump > /mnt/machine1.txt &
machine=$!
mkfifo /run/keys
script -qfec "stty cols 80 rows 24; exec '$PROGRAM' --midi-out tcp://127.0.0.1 --midi-out file:/mnt/near.log --midi-out aseqdump --midi-clock --seed 1" /mnt/screen.txt < /run/keys > /dev/null 2> /mnt/script.err &
player=$!
exec 3> /run/keys
until_true 'grep -q temperature /mnt/screen.txt'
until_true 'grep -q joined /mnt/receive.txt'
printf P >&3
until_true '[ $(size /mnt/bytes.bin) -gt 400 ]'
until_true 'grep -q "Note on" /mnt/machine1.txt'
kill $machine; wait $machine
until_true 'grep -q LOST /mnt/screen.txt'
seen=$(size /mnt/bytes.bin)
until_true '[ $(size /mnt/bytes.bin) -gt $((seen + 200)) ]'
aseqdump > /mnt/machine2.txt &
machine=$!
until_true 'grep -q Continue /mnt/machine2.txt'
seen=$(size /mnt/near.log)
until_true '[ $(size /mnt/near.log) -gt $((seen + 4000)) ]'
printf '\003\003' >&3
until_true '! kill -0 $player 2>/dev/null'
sleep 1
kill -TERM $receiver
until_true '! kill -0 $receiver 2>/dev/null'
wait $receiver; echo "receiver ended with $?" >> /mnt/receive.txt
kill $machine $reader
# Killed while it plays: the next start sends the closing notes that it owed, whatever it plays into.
aseqdump >> /mnt/machine3.txt &
machine=$!
mkfifo /run/keys2
script -qfec "stty cols 80 rows 24; exec '$PROGRAM' --midi-out aseqdump" /mnt/screen2.txt < /run/keys2 > /dev/null 2>&1 &
exec 4> /run/keys2
until_true 'grep -q temperature /mnt/screen2.txt'
printf P >&4
until_true '[ $(grep -c "Note on" /mnt/machine3.txt) -gt 5 ]'
pkill -KILL -f -- "$PROGRAM --midi-out aseqdump"
echo "--- killed" >> /mnt/machine3.txt
mkfifo /run/keys3
script -qfec "stty cols 80 rows 24; exec '$PROGRAM' --midi-out none" /mnt/screen3.txt < /run/keys3 > /dev/null 2>&1 &
player=$!
exec 5> /run/keys3
until_true 'sed "1,/--- killed/d" /mnt/machine3.txt | grep -q "controller 123"'
printf '\003\003' >&5
until_true '! kill -0 $player 2>/dev/null'
kill $machine
"#;

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

/// What a guest left.
struct Guest {
    out: tempfile::TempDir,
    said: String,
}

impl Guest {
    /// Runs a script in the guest, or says why it cannot be.
    fn run(script: &str) -> Result<Self, String> {
        // Two emulators on two cores would only make each other late.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let rig = rig()?;
        let out = tempfile::tempdir().unwrap();
        let guest = Command::new("bash")
            .arg(&rig)
            .args(["-t", "400", "-o"])
            .arg(out.path())
            .args(["--", "env", &format!("PROGRAM={PROGRAM}"), "bash", "-c"])
            .arg(script)
            .output()
            .unwrap();
        let said = [guest.stdout, guest.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if !said.contains("guest up") {
            return Err(format!("its kernel does not start:\n{said}"));
        }
        assert!(
            said.contains("guest done"),
            "the guest did not finish:\n{said}"
        );
        Ok(Self { out, said })
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.out.path().join(name)).unwrap_or_default()
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&self.read(name)).into_owned()
    }
}

/// The channel messages of a MIDI byte stream, running status resolved, and a count of clock ticks.
fn messages(bytes: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let (mut found, mut ticks) = (Vec::new(), 0);
    let (mut status, mut data) = (0u8, Vec::new());
    for &byte in bytes {
        match byte {
            0xf8 => ticks += 1,
            0xf9.. => {}
            0x80.. => {
                status = byte;
                data.clear();
            }
            _ => {
                data.push(byte);
                let needed = match status >> 4 {
                    0xc | 0xd => 1,
                    _ => 2,
                };
                if data.len() == needed {
                    if status < 0xf0 {
                        found.push([&[status][..], &data].concat());
                    }
                    data.clear();
                }
            }
        }
    }
    (found, ticks)
}

#[test]
fn a_chain_over_the_network_carries_every_byte_and_a_machine_comes_back() {
    let guest = match Guest::run(CHAIN) {
        Ok(guest) => guest,
        Err(reason) => return skip(&reason),
    };
    let told = || {
        let names = ["vain.txt", "receive.txt", "script.err", "screen.txt"];
        let texts = names.map(|name| format!("--- {name}\n{}\n", guest.text(name)));
        guest.said.clone() + &texts.concat()
    };
    assert_eq!(guest.text("vain.txt"), "", "{}", told());
    // The log says what was played: the same messages in the same order came out of the far port.
    let near: Vec<Vec<u8>> = (guest.text("near.log").lines())
        .map(|line| {
            let hex = line.split(' ').nth(2).unwrap();
            let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            (0..hex.len()).step_by(2).map(byte).collect()
        })
        .collect();
    let played: Vec<&Vec<u8>> = near.iter().filter(|m| m[0] < 0xf0).collect();
    let (mut arrived, ticks) = messages(&guest.read("bytes.bin"));
    // A port that is left is told once more that all notes are off.
    arrived.retain(|message| message[0] & 0xf0 != 0xb0);
    assert!(played.len() > 100, "{} messages\n{}", played.len(), told());
    // When playing stops, what the receiver still holds back (a second of it, for an emulator stalls
    // at times) is not played any more, and what sounds is closed, lane by lane here, key by key there.
    let before_stop = arrived.len().saturating_sub(24);
    assert!(
        (arrived.iter().zip(&played).take(before_stop)).all(|(far, near)| far == *near),
        "played {played:?}\narrived {arrived:?}"
    );
    assert!(arrived.len() + 80 > played.len(), "{}", arrived.len());
    let sent = near.iter().filter(|message| **message == [0xf8]).count();
    assert!(
        ticks > 100 && (sent - 60..=sent).contains(&ticks),
        "{ticks} of {sent} ticks"
    );
    let (_, open) = read_notes(&guest.read("bytes.bin"));
    assert!(open.is_empty(), "still sounding: {open:?}");
    // The machine that came back was told where the song is, then had notes again.
    let back = guest.text("machine2.txt");
    let at = |what: &str| {
        back.find(what)
            .unwrap_or_else(|| panic!("no {what} in\n{back}"))
    };
    assert!(at("Song position") < at("Continue"), "{back}");
    assert!(back.contains("Note on") && back.contains("Stop"), "{back}");
    assert!(
        guest.text("receive.txt").contains("ended with 143"),
        "{}",
        told()
    );
}

#[test]
fn notes_leave_through_a_real_port_and_are_closed() {
    let guest = match Guest::run(GUEST) {
        Ok(guest) => guest,
        Err(reason) => return skip(&reason),
    };
    let (read, text) = (|name| guest.read(name), |name| guest.text(name));
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
    let sessions = fs::read_dir(guest.out.path().join("state/sessions")).unwrap();
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
