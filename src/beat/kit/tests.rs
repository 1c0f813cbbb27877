//! Maps and kits keep their promises.

use super::*;

#[test]
fn each_pitch_has_at_most_one_lane() {
    for map in [DrumMap::gm(), DrumMap::td11()] {
        let all: Vec<u8> = Lane::ALL.iter().flat_map(|&l| map.pitches(l)).collect();
        let mut unique = all.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(all.len(), unique.len(), "{}", map.name());
        for lane in Lane::ALL {
            for pitch in map.pitches(lane) {
                assert_eq!(map.lane_of(pitch), Some(lane));
            }
        }
        assert_eq!(DrumMap::named(map.name()), Some(map));
    }
    let (gm, td11) = (DrumMap::gm(), DrumMap::td11());
    let differ: Vec<u8> = (0..128)
        .filter(|&p| td11.lane_of(p).is_some() && gm.lane_of(p) != td11.lane_of(p))
        .collect();
    assert_eq!(differ, [45, 48, 58]);
    assert_eq!(gm.lane_of(200), None);
}

#[test]
fn a_map_survives_being_stored() {
    let map = DrumMap::from_toml("mine", "kick = [36, 35]\nride = [51]").unwrap();
    let text = serde_json::to_string(&map).unwrap();
    assert_eq!(serde_json::from_str::<DrumMap>(&text).unwrap(), map);
    let foreign = text.replace("mine", "m\\u001b[2J");
    let read = serde_json::from_str::<DrumMap>(&foreign).unwrap();
    assert_eq!(read.name(), "m\u{fffd}[2J");
    assert_eq!(map.lane_of(35), Some(Lane::Kick));
    assert_eq!(map.lane_of(38), None);
    assert_eq!(map.name(), "mine");
}

#[test]
fn every_kit_plays_every_lane_in_range() {
    for name in Kit::NAMES {
        let kit = Kit::named(name).unwrap();
        assert_eq!(kit.name(), name);
        for lane in Lane::ALL {
            let voice = kit.voice(lane).unwrap();
            assert!(voice.note < 128 && voice.channel < 16, "{name} {lane:?}");
        }
    }
    assert_eq!(Kit::named("tr-909"), None);
    let map = DrumMap::gm();
    for lane in Lane::ALL {
        let voice = Kit::gm().voice(lane).unwrap();
        assert_eq!((voice.note, voice.channel), (map.pitches(lane)[0], 9));
    }
}

#[test]
fn a_users_kit_counts_channels_from_one() {
    let text =
        "kick = { note = 36, channel = 1, level_cc = 40 }\nride = { note = 0, channel = 16 }";
    let kit = Kit::from_toml("box", text).unwrap();
    let kick = Voice {
        note: 36,
        channel: 0,
        level_cc: Some(40),
    };
    assert_eq!(kit.voice(Lane::Kick), Some(kick));
    assert_eq!(kit.voice(Lane::Ride).map(|v| v.channel), Some(15));
    assert_eq!(kit.voice(Lane::Snare), None);
}

#[test]
fn a_wrong_file_is_refused_with_reason_and_hint() {
    let kits = [
        ("kick = 36", "is not a table"),
        ("kick = { note = 128, channel = 10 }", "not 0 to 127"),
        ("kick = { note = 36, channel = 0 }", "not 1 to 16"),
        ("kick = { note = 36 }", "no channel"),
        ("kick = { channel = 1 }", "no note"),
        (
            "kick = { note = 36, channel = 1, velocity = 3 }",
            "unknown field",
        ),
        ("cowbell = { note = 56, channel = 10 }", "no lane is called"),
        ("kick = {", "not TOML"),
        ("", "no lane has a note"),
    ];
    for (text, reason) in kits {
        let error = Kit::from_toml("k.toml", text).unwrap_err();
        assert!(error.reason.contains(reason), "{error}");
        assert!(error.to_string().starts_with("k.toml: "), "{error}");
    }
    let maps = [
        ("kick = 36", "is not a list"),
        ("kick = [36, 128]", "is not a pitch"),
        ("kick = [36]\nsnare = [36]", "appears twice"),
        ("kick = [\"36\"]", "is not a pitch"),
        ("kick = []", "no pitch in any lane"),
        ("\u{1b}[2J = [1]", "not TOML"),
    ];
    for (text, reason) in maps {
        let error = DrumMap::from_toml("m.toml", text).unwrap_err();
        assert!(error.reason.contains(reason), "{error}");
        assert!(!error.to_string().contains('\u{1b}'));
    }
}
