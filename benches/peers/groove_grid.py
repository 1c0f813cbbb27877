"""The drumming of the Groove MIDI Dataset as 16th steps of nine lanes, read the way beatgen-tui reads it.

    python -m venv venv && venv/bin/pip install numpy==2.5.5
    venv/bin/python groove_grid.py --groove groove         # counts a split, and fails if they are not the known ones

The protocol that all baselines here share with `beatgen-tui evaluate`: files whose first time signature is 4/4, beats
and fills; notes of channel 10 on the Roland TD-11 map; step = floor(ticks / (ppq / 4) + 0.5), in whole numbers; the last bar
filled up with rests; every step scored from the first, with no priming; hits only. A step is one number of nine bits, bit
0 the kick, bit 8 the ride. The parser is this file's own and reads what the dataset has: format 0 or 1, ticks a quarter
note, running status, note-offs of either kind.
"""

import argparse
import csv
import dataclasses
import pathlib
import sys

import numpy as np

LANES = 9
CLASSES = 1 << LANES
BAR = 16

# The Roland TD-11 of the dataset: kick, snare, closed hat, open hat, low, mid and high tom, crash, ride.
TD11 = ((36,), (38, 37, 40), (42, 22, 44), (46, 26), (43, 58), (47, 45), (50, 48), (49, 52, 55, 57), (51, 53, 59))
LANE_OF = {pitch: lane for lane, pitches in enumerate(TD11) for pitch in pitches}

# Files and steps in 4/4: the figures in the tables belong to exactly these. (Validation has 124 files, one of them in
# 3/4 and one in 6/8.)
KNOWN = {"validation": (122, 34_832)}


@dataclasses.dataclass
class Piece:
    """One file: `steps` is an array of numbers from 0 to 511, one a 16th, whole bars of 16."""

    name: str
    style: str
    bpm: float
    fill: bool
    steps: np.ndarray


def number(data, at):
    """A variable-length number: its value and where it ends."""
    value = 0
    while True:
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at


def track(data):
    """Walks a track. Returns its note-ons of channel 10, (tick, pitch), and its time signatures, (tick, above, below)."""
    notes, meters = [], []
    at = tick = status = 0
    while at < len(data):
        delta, at = number(data, at)
        tick += delta
        if data[at] >= 0x80:
            kind = data[at]
            at += 1
        else:
            kind = status  # Running status.
        if kind == 0xFF:
            what = data[at]
            size, at = number(data, at + 1)
            if what == 0x58:
                meters.append((tick, data[at], 1 << data[at + 1]))
            if what == 0x2F:
                break
            at += size
        elif kind in (0xF0, 0xF7):
            size, at = number(data, at)
            at += size
        elif 0x80 <= kind < 0xF0:
            status = kind
            if kind == 0x99 and data[at + 1] > 0:
                notes.append((tick, data[at]))
            at += 1 if kind & 0xE0 == 0xC0 else 2
        else:
            raise ValueError(f"status {kind:#x} inside a track")
    return notes, meters


def grid(data):
    """The steps of a MIDI file's bytes, or None where it is not in 4/4 or has no drum on the map."""
    if data[:4] != b"MThd":
        raise ValueError("not a MIDI file")
    ppq = int.from_bytes(data[12:14], "big")
    if not 0 < ppq < 0x8000:
        raise ValueError("its time is not counted in parts of a quarter note")
    at = 8 + int.from_bytes(data[4:8], "big")
    notes, meters = [], []
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "big")
        if data[at : at + 4] == b"MTrk":
            more = track(data[at + 8 : at + 8 + size])
            notes += more[0]
            meters += more[1]
        at += 8 + size
    meter = min(meters, key=lambda m: m[0])[1:] if meters else (4, 4)
    hits = [((8 * tick + ppq) // (2 * ppq), LANE_OF[pitch]) for tick, pitch in notes if pitch in LANE_OF]
    if meter != (4, 4) or not hits:
        return None
    bars = max(step for step, _ in hits) // BAR + 1
    steps = np.zeros(bars * BAR, dtype=np.int64)
    for step, lane in hits:
        steps[step] |= 1 << lane
    return steps


def load(folder, split):
    """The pieces in 4/4 of one split of the folder with `info.csv`, in its order. Files that are not there are passed over."""
    folder = pathlib.Path(folder)
    pieces = []
    with open(folder / "info.csv", newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            path = folder / row["midi_filename"]
            if row["split"].strip() != split or not path.is_file():
                continue
            try:
                steps = grid(path.read_bytes())
            except (ValueError, IndexError) as error:
                raise SystemExit(f"{path}: {error}") from error
            if steps is not None:
                style = row["style"].split("/")[0]
                pieces.append(Piece(row["midi_filename"], style, float(row["bpm"]), row["beat_type"] == "fill", steps))
    return pieces


def checked(folder, split):
    """`load`, refusing a folder whose files or steps are not those the figures were measured on."""
    pieces = load(folder, split)
    found = len(pieces), sum(len(piece.steps) for piece in pieces)
    if found != KNOWN.get(split, found):
        raise SystemExit(f"{folder}: {split} has {found} files and steps in 4/4, not {KNOWN[split]}")
    if not pieces:
        raise SystemExit(f"{folder}: no file of the split {split}")
    return pieces


def joined(pieces, back):
    """All pieces in one array, `back` steps of the value 512 ("before the start") ahead of each.

    Returns that array, where in it the real steps are, and the place in the bar of each of these.
    """
    before = np.full(back, CLASSES, dtype=np.int64)
    whole = np.concatenate([part for piece in pieces for part in (before, piece.steps)])
    real = np.flatnonzero(whole != CLASSES)
    place = np.concatenate([np.arange(len(piece.steps)) % BAR for piece in pieces])
    return whole, real, place


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groove", default="groove", help="folder of the dataset, with info.csv")
    parser.add_argument("--split", default="validation")
    args = parser.parse_args()
    pieces = checked(args.groove, args.split)
    steps = np.concatenate([piece.steps for piece in pieces])
    rates = [float((steps >> lane & 1).mean()) for lane in range(LANES)]
    print(f"{args.split}: {len(pieces)} files, {len(steps)} steps, {100 * (steps == 0).mean():.1f} % of them silent")
    print("hits a step, lane by lane: " + " ".join(f"{rate:.3f}" for rate in rates))


if __name__ == "__main__":
    sys.exit(main())
