"""What each part of the beat model is worth, on the validation split: one layer of 192 units, 8 epochs, three seeds each.

    python -m venv venv && venv/bin/pip install torch==2.15.0 numpy==2.5.5
    venv/bin/python beat_ablation.py --groove groove --out results/ablation.csv

Five models that differ in one thing: the chain over the lanes (nade), the same head with the lanes independent (bernoulli), one
softmax over the 512 outcomes (softmax), the chain without style, tempo and beat-or-fill (no-context), the chain that is told
the last step alone (no-lookback). Model, data and protocol are those of `beat_twin.py`. A run appends its row when it is done,
and a run whose row is there is not repeated, so the command may be broken off and given again. At the end it prints the means.
"""

import argparse
import collections
import csv
import pathlib
import statistics
import sys

import torch

import beat_twin

SAME = dict(units=192, layers=1, epochs=8)
MODELS = {
    "nade": {},
    "bernoulli": dict(head="bernoulli"),
    "softmax": dict(head="softmax"),
    "no-context": dict(context=False),
    "no-lookback": dict(lookback=False, bar_expr="", held=False, memory=0.0),
}
SEEDS = (1, 2, 3)


def read(path):
    """The rows there are."""
    path = pathlib.Path(path)
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groove", default="groove", help="folder of the dataset, with info.csv")
    parser.add_argument("--cache", help="file that keeps what was read")
    parser.add_argument("--out", default="ablation.csv", help="file a row is appended to when a run is done")
    parser.add_argument("--runs", type=int, default=len(MODELS) * len(SEEDS), help="stop after so many new runs")
    args = parser.parse_args()
    torch.set_num_threads(1)
    data = beat_twin.load(args.groove, args.cache)
    done = {(row["model"], row["seed"]) for row in read(args.out)}
    wanted = [(model, seed) for seed in SEEDS for model in MODELS if (model, str(seed)) not in done]
    for model, seed in wanted[: args.runs]:
        cfg = beat_twin.DEFAULTS | SAME | MODELS[model] | dict(seed=seed)
        print(f"{model}, seed {seed}", flush=True)
        out = beat_twin.train(data, cfg, every=4, say=lambda text: print(text, flush=True))
        beat_twin.append(args.out, dict(
            model=model, seed=seed, epochs=cfg["epochs"], parameters=out["parameters"],
            hits_bits=f"{out['hits']:.4f}", velocity_bits=f"{out['velocity']:.4f}", offset_bits=f"{out['offset']:.4f}",
            offset_mae_ms=f"{out['mae']:.2f}", seconds=f"{out['seconds']:.0f}"))
    columns = ("hits_bits", "velocity_bits", "offset_bits", "offset_mae_ms")
    found = collections.defaultdict(list)
    for row in read(args.out):
        found[row["model"]].append([float(row[c]) for c in columns])
    print(f"{'model':12} seeds  " + "  ".join(f"{c:>22}" for c in columns))
    for model in MODELS:
        if found[model]:
            cells = [f"{statistics.mean(one):.3f} +- {statistics.pstdev(one):.3f}" for one in zip(*found[model])]
            print(f"{model:12} {len(found[model]):5}  " + "  ".join(f"{c:>22}" for c in cells))


if __name__ == "__main__":
    sys.exit(main())
