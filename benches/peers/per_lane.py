"""Nine drummers who do not hear each other: each lane from its place in the bar and its own past.

    python -m venv venv && venv/bin/pip install numpy==2.5.5
    venv/bin/python per_lane.py --groove groove            # lane by lane, and their sum

Whether a lane plays is predicted from counts in contexts that grow: the lane's rate, the place in the bar, then the
lane's own hits at t-16, t-32, t-1, t-2 and t-4 with it. A context of n training steps of which k were hits says

    p(hit | context) = (k + strength * p(hit | shorter)) / (n + strength)

The first context is mixed with one half. The strengths, one a lane and context, are fitted on the split that is scored,
as in the table this is compared with; all counts come from train. What is before the start counts as a rest, but
as one of its own kind. The lanes are taken to be independent given these, so their bits add up.
"""

import argparse
import sys
import time

import numpy as np

import groove_grid

LAGS = (16, 32, 1, 2, 4)
BACK = max(LAGS)
STRENGTHS = tuple(2.0**n for n in range(-4, 17))


def bits(p, hit):
    return float(-np.log2(np.where(hit, p, 1.0 - p)).mean())


def contexts(data, lane):
    """The contexts of every step as numbers, shortest first, and whether the lane plays."""
    whole, real, place = data
    # Rest, hit, before the start.
    told = np.where(whole == groove_grid.CLASSES, 2, whole >> lane & 1)
    key = np.zeros(len(real), dtype=np.int64)
    result = [key, place]
    key = place
    for lag in LAGS:
        key = key * 3 + told[real - lag]
        result.append(key)
    return result, told[real] == 1


def one_lane(train, scored, lane):
    """Bits a step of one lane, its strengths and the number of contexts it has counts of."""
    (known, hit), (asked, target) = contexts(train, lane), contexts(scored, lane)
    found = []
    for a, b in zip(known, asked):
        size = int(max(a.max(), b.max())) + 1
        n, k = np.bincount(a, minlength=size), np.bincount(a, weights=hit, minlength=size)
        found.append((n[b], k[b], int((n > 0).sum())))

    def through(strengths):
        p = 0.5
        for (n, k, _), strength in zip(found, strengths):
            p = (k + strength * p) / (n + strength)
        return bits(p, target)

    strengths = [1.0] * len(found)
    best = through(strengths)
    while True:
        before = best
        for level in range(len(found)):
            for strength in STRENGTHS:
                tried = strengths[:level] + [strength] + strengths[level + 1 :]
                cost = through(tried)
                if cost < best:
                    best, strengths = cost, tried
        if before - best < 1e-5:
            return best, strengths, sum(f[2] for f in found)


def fit(train_pieces, scored_pieces, say=print):
    """Fits and scores. Returns bits a step and how many numbers the model holds."""
    train, scored = (groove_grid.joined(pieces, BACK) for pieces in (train_pieces, scored_pieces))
    total, numbers = 0.0, 0
    for lane in range(groove_grid.LANES):
        cost, strengths, held = one_lane(train, scored, lane)
        say(f"lane {lane}: {cost:.4f} bits/step, strengths " + " ".join(f"{s:g}" for s in strengths))
        total += cost
        numbers += held
    return total, numbers


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groove", default="groove", help="folder of the dataset, with info.csv")
    args = parser.parse_args()
    train, scored = (groove_grid.checked(args.groove, split) for split in ("train", "validation"))
    start = time.perf_counter()
    cost, numbers = fit(train, scored)
    print(f"{cost:.4f} bits/step, {numbers} contexts, {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
