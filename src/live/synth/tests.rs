//! What the sink makes of MIDI, and how it refuses.

use super::*;

#[test]
fn the_drums_of_general_midi_on_channel_10_are_heard() {
    for pitch in [36, 37, 38, 42, 46, 45, 48, 50, 49, 51] {
        let stroke = Event::Stroke {
            scheduled_ns: 5,
            sent_ns: 6,
            pitch,
            velocity: 77,
        };
        assert_eq!(event(5, 6, &[0x99, pitch, 77]), Some(stroke));
        for other in [
            &[0x89, pitch, 64][..],
            &[0x99, pitch, 0],
            &[0x90, pitch, 77],
        ] {
            assert_eq!(event(5, 6, other), None);
        }
    }
    for off in [&[0xb9, 120, 0][..], &[0xb9, 123, 0], &[0xff]] {
        assert_eq!(event(0, 0, off), Some(Event::AllOff));
    }
    for odd in [&[][..], &[0x99], &[0x99, 200, 100], &[0x99, 36, 200]] {
        assert_eq!(event(0, 0, odd), None);
    }
}

#[cfg(feature = "audio")]
#[test]
fn a_refusal_says_what_the_system_said() {
    let complaints = "ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) Unknown PCM default\n\n";
    let error = card::refusal(&std::io::Error::other("no device"), complaints);
    assert!(
        error.reason.ends_with("no device (Unknown PCM default)"),
        "{error}"
    );
    assert!(error.hint.contains("--midi-out"));
}

#[cfg(not(feature = "audio"))]
#[test]
fn a_build_without_audio_says_so() {
    let error = open().err().unwrap();
    assert!(error.reason.contains("built without audio"));
}

#[test]
fn a_soundfont_that_cannot_serve_is_refused_before_a_card_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("text\x1b.sf2");
    std::fs::write(&text, "no drums").unwrap();
    for (path, reason) in [
        (dir.path().join("none.sf2"), "none.sf2: "),
        (dir.path().to_path_buf(), "no file"),
        (text, "sfbk"),
    ] {
        let error = open_font(&path).err().unwrap();
        assert!(error.reason.contains(reason), "{error}");
        assert!(!error.hint.is_empty() && !error.reason.contains('\x1b'));
    }
}
