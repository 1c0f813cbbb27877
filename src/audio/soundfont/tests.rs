//! A SoundFont of one drum, made here, and what is done to it.

use super::*;
use crate::audio::render::Renderer;

/// One chunk.
fn chunk(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = id.to_vec();
    out.extend((content.len() as u32).to_le_bytes());
    out.extend(content);
    out
}

fn list(kind: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[kind.to_vec(), chunks.concat()].concat())
}

/// A 20-byte name and the numbers after it.
fn record(name: &str, numbers: &[u8]) -> Vec<u8> {
    let mut out = name.as_bytes().to_vec();
    out.resize(20, 0);
    out.extend(numbers);
    out
}

fn words(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// One falling tone on keys 36 to 50, in a bank: 128 is the drums'.
pub fn tiny_font(bank: u16) -> Vec<u8> {
    let samples: Vec<u16> = (0..2048)
        .map(|n| {
            ((n as f32 * 0.2).sin() * 20_000.0 * (1.0 - n as f32 / 2000.0).max(0.0)) as i16 as u16
        })
        .collect();
    let last = |name: &str| record(name, &[0; 18]);
    let header = [words(&[0, bank, 0]), vec![0; 12]].concat();
    let end = [words(&[0, 0, 1]), vec![0; 12]].concat();
    let place = [0u32, 2000, 0, 0, 44_100]
        .iter()
        .flat_map(|n| n.to_le_bytes())
        .collect::<Vec<u8>>();
    let sample = [place, vec![60, 0], words(&[0, 1])].concat();
    let parts = [
        list(
            b"INFO",
            &[
                chunk(b"ifil", &words(&[2, 4])),
                chunk(b"INAM", b"tiny\x1b[2J\0"),
            ],
        ),
        list(b"sdta", &[chunk(b"smpl", &words(&samples))]),
        list(
            b"pdta",
            &[
                chunk(
                    b"phdr",
                    &[record("kit", &header), record("EOP", &end)].concat(),
                ),
                chunk(b"pbag", &words(&[0, 0, 2, 0])),
                chunk(b"pmod", &[0; 10]),
                // Keys 36 to 50, instrument 0, and the end.
                chunk(b"pgen", &words(&[43, 36 | 50 << 8, 41, 0, 0, 0])),
                chunk(
                    b"inst",
                    &[record("drum", &words(&[0])), record("EOI", &words(&[1]))].concat(),
                ),
                chunk(b"ibag", &words(&[0, 0, 1, 0])),
                chunk(b"imod", &[0; 10]),
                // Sample 0, and the end.
                chunk(b"igen", &words(&[53, 0, 0, 0])),
                chunk(
                    b"shdr",
                    &[record("tone", &sample), [last("EOS"), vec![0; 8]].concat()].concat(),
                ),
            ],
        ),
    ]
    .concat();
    chunk(b"RIFF", &[b"sfbk".to_vec(), parts].concat())
}

fn sound(strokes: &[(u64, u8, u8)], piece: usize) -> Vec<f32> {
    let font = Font::read(&tiny_font(128)).unwrap();
    let synth = FontSynth::new(&font, 44_100).unwrap();
    let mut renderer = Renderer::at_frames(synth, strokes.to_vec(), 0, 3.0).ringing_out();
    let (mut out, mut buffer) = (Vec::new(), vec![0.0; 2 * piece]);
    loop {
        let frames = renderer.next_piece(&mut buffer);
        if frames == 0 {
            return out;
        }
        out.extend_from_slice(&buffer[..2 * frames]);
    }
}

#[test]
fn a_font_is_heard_at_its_time_and_the_same_however_it_is_cut() {
    let strokes = [
        (4_410, 40, 100),
        (9_000, 36, 60),
        (9_010, 41, 127),
        (9_020, 99, 127),
    ];
    let whole = sound(&strokes, 100_000);
    let first = whole.chunks(2).position(|f| f[0].abs() > 1e-4).unwrap();
    assert!((4_410..4_470).contains(&first), "{first}");
    let loudest = whole.iter().fold(0.0f32, |most, x| most.max(x.abs()));
    assert!((0.05..0.97).contains(&loudest), "{loudest}");
    assert!(whole.len() < 2 * 3 * 44_100, "it ends where it is silent");
    for piece in [1, 7, 16, 1000] {
        assert!(sound(&strokes, piece) == whole, "in pieces of {piece}");
    }
}

#[test]
fn keys_without_a_drum_are_known() {
    let font = Font::read(&tiny_font(128)).unwrap();
    assert_eq!(font.name(), "tiny\u{fffd}[2J");
    let synth = FontSynth::new(&font, 48_000).unwrap();
    assert!(synth.knows(36) && synth.knows(50) && !synth.knows(35) && !synth.knows(127));
}

#[test]
fn no_input_kills_the_program() {
    assert_eq!(Font::read(b"MThd").unwrap_err(), FontError::NotAFont);
    assert_eq!(Font::read(&tiny_font(0)).unwrap_err(), FontError::NoDrums);
    let font = Font::read(&tiny_font(128)).unwrap();
    assert_eq!(
        FontSynth::new(&font, 8_000).unwrap_err(),
        FontError::Rate(8_000)
    );
    let whole = tiny_font(128);
    for end in 0..whole.len() {
        if !(100..4_000).contains(&end) {
            assert!(Font::read(&whole[..end]).is_err(), "cut at {end}");
        }
    }
    // Every byte of the lists, made large: refused or played, never a panic.
    let lists = whole.len() - 450;
    for at in (0..120).step_by(7).chain(lists..whole.len()) {
        let mut bytes = whole.clone();
        bytes[at] = if at % 3 == 0 { 1 } else { 0xff };
        if let Ok(font) = Font::read(&bytes) {
            let mut synth = FontSynth::new(&font, 44_100).unwrap();
            synth.strike(40, 100);
            synth.render(&mut [0.0; 512]);
        }
    }
}
