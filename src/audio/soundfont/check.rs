//! A look through the bytes of a SoundFont ("SoundFont Technical Specification 2.04", 2006, chapters 4 to 7): every chunk
//! lies within the one around it, and every list points inside the next. rustysynth trusts both.

use super::FontError;

/// Lists of a font: name and size of a record.
const LISTS: [(&[u8; 4], usize); 7] = [
    (b"phdr", 38),
    (b"pbag", 4),
    (b"pgen", 4),
    (b"inst", 22),
    (b"ibag", 4),
    (b"igen", 4),
    (b"shdr", 46),
];

fn damaged(what: &str) -> FontError {
    FontError::Damaged(what.to_owned())
}

/// Says what is wrong with the bytes, if anything.
pub fn check(bytes: &[u8]) -> Result<(), FontError> {
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"sfbk") {
        return Err(FontError::NotAFont);
    }
    let mut rest = bytes.get(12..).unwrap_or_default();
    for kind in [b"INFO", b"sdta", b"pdta"] {
        let (id, content) = chunk(&mut rest)?;
        if id != b"LIST" || content.get(..4) != Some(kind) {
            return Err(damaged("its three lists are not there in their order"));
        }
        let mut inner = content.get(4..).unwrap_or_default();
        let mut found: [Option<&[u8]>; LISTS.len()] = [None; LISTS.len()];
        while !inner.is_empty() {
            let (id, content) = chunk(&mut inner)?;
            if id == b"smpl" && content.starts_with(b"OggS") {
                return Err(FontError::Compressed);
            }
            if matches!(id, b"ifil" | b"iver") && content.len() != 4 {
                return Err(damaged("a version of another size"));
            }
            let named = LISTS.iter().zip(&mut found);
            for ((name, record), found) in named.filter(|((name, _), _)| *name == id) {
                if content.len() < 2 * record || content.len() % record != 0 {
                    let name = String::from_utf8_lossy(*name);
                    return Err(FontError::Damaged(format!("the list {name} is cut")));
                }
                *found = Some(content);
            }
        }
        if kind == b"pdta" {
            lists(found)?;
        }
    }
    Ok(())
}

/// Every list is there, and what one says of the next rises and stays inside it.
fn lists(found: [Option<&[u8]>; LISTS.len()]) -> Result<(), FontError> {
    let [
        Some(phdr),
        Some(pbag),
        Some(pgen),
        Some(inst),
        Some(ibag),
        Some(igen),
        Some(_),
    ] = found
    else {
        return Err(damaged("a list of its presets is missing"));
    };
    points_inside(phdr, 38, 24, pbag.len() / 4)?;
    points_inside(pbag, 4, 0, pgen.len() / 4)?;
    points_inside(inst, 22, 20, ibag.len() / 4)?;
    points_inside(ibag, 4, 0, igen.len() / 4)
}

/// The 16-bit number at `at` of each record rises and is below `count`, for the last one is the next list's end.
fn points_inside(list: &[u8], record: usize, at: usize, count: usize) -> Result<(), FontError> {
    let mut last = 0;
    for entry in list.chunks_exact(record) {
        let number = match entry.get(at..at + 2) {
            Some(&[low, high]) => u16::from_le_bytes([low, high]),
            _ => return Err(damaged("a record is cut")),
        };
        if number < last || usize::from(number) >= count {
            return Err(damaged("a list points outside of another"));
        }
        last = number;
    }
    Ok(())
}

/// The next chunk of `rest`, which goes on after it.
fn chunk<'a>(rest: &mut &'a [u8]) -> Result<(&'a [u8; 4], &'a [u8]), FontError> {
    let cut = || damaged("it is cut off");
    let (id, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let (length, after) = after.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = u32::from_le_bytes(*length) as usize;
    let content = after.get(..length).ok_or_else(cut)?;
    *rest = after.get(length..).unwrap_or_default();
    Ok((id, content))
}
