//! Who trains and who is held out.
//!
//! Where the folder's `info.csv` says nothing, a file's own content decides: its hash as a number
//! below a tenth makes it validation. So a file stays on its side whatever is added, renamed or
//! removed, and equal files are never on both sides.

use crate::message::ScanRow;

/// The split that is learned from.
pub const TRAIN: &str = "train";
/// The split that chooses the best checkpoint.
pub const VALIDATION: &str = "validation";
/// The split that is measured once, at the end.
pub const TEST: &str = "test";

/// The split of a content hash in hexadecimal: about one in ten is validation.
#[must_use]
pub fn by_hash(hash: &str) -> &'static str {
    if rank(hash) < u64::MAX / 10 {
        VALIDATION
    } else {
        TRAIN
    }
}

/// A hash as a number; what is no hash comes last.
fn rank(hash: &str) -> u64 {
    hash.get(..16)
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .unwrap_or(u64::MAX)
}

/// Makes training able to validate: where no usable file is in validation but at least two are in
/// training, the one with the lowest hash moves over; where none is in training, the validation
/// file with the highest hash moves back. Returns the name moved. Test files are never touched.
///
/// A scan does so with files that `info.csv` leaves to their hashes. Who trains on a folder whose
/// `info.csv` names no validation files may do it for all.
pub fn balance(rows: &mut [ScanRow]) -> Option<String> {
    balance_where(rows, |_| true)
}

/// [`balance`] among those files only that `movable` takes.
pub(super) fn balance_where(
    rows: &mut [ScanRow],
    movable: impl Fn(&ScanRow) -> bool,
) -> Option<String> {
    let count = |split: &str| {
        let usable = rows.iter().filter(|row| row.status.usable());
        usable.filter(|row| row.split == split).count()
    };
    let (train, validation) = (count(TRAIN), count(VALIDATION));
    let (from, to) = match (train, validation) {
        (2.., 0) => (TRAIN, VALIDATION),
        (0, 1..) => (VALIDATION, TRAIN),
        _ => return None,
    };
    let candidates = rows
        .iter_mut()
        .filter(|row| row.status.usable() && row.split == from && movable(row));
    let moved = if to == VALIDATION {
        candidates.min_by_key(|row| rank(&row.hash))
    } else {
        candidates.max_by_key(|row| rank(&row.hash))
    }?;
    moved.split = to.to_owned();
    Some(moved.name.clone())
}
