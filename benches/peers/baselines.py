"""All baselines of the hits, and the program beside them, as one table: bits a 16th step on Groove's validation split.

    python -m venv venv && venv/bin/pip install numpy==2.5.5 torch==2.15.0
    venv/bin/python baselines.py --groove groove --work work --program target/release/beatgen-tui
    venv/bin/python baselines.py --print                   # the table of the committed figures, at once

The protocol is groove_grid's, the same for all; the program is asked by `evaluate --json`, and is refused if it scored
other steps. Each row is kept in --work/rows.json when it is done and not measured again (--again NAME does);
the program is asked anew each time. drums_rnn trains for hours and goes on where it was stopped; --skip drums_rnn leaves it
out. Training times are CPU time on one thread; smoothing is fitted on the split that is scored (see backoff.py). With --csv FILE
the rows are written there, as they are in ../results/baselines.csv.
"""

import argparse
import csv
import json
import pathlib
import platform
import subprocess
import sys
import time

import groove_grid

HERE = pathlib.Path(__file__).resolve().parent
COMMITTED = HERE.parent / "results" / "baselines.csv"
FIELDS = ("model", "parameters", "bits_per_step", "train_cpu_seconds", "remark")
NAMES = {
    "uniform": "any of 512, all alike",
    "backoff_plain": "512-way context backoff: t-1, 16, 2, 15, 32",
    "backoff": "512-way context backoff, best order: t-16, 32, 2, 1, 15",
    "per_lane": "per lane: position and own t-16, 32, 1, 2, 4",
    "drums_rnn": "drums_rnn reimplemented: LSTM 3x256, attention 32, softmax 512",
    "program": "beatgen-tui",
}


def row(name, parameters, bits, seconds, remark=""):
    return dict(zip(FIELDS, (NAMES[name], parameters, round(bits, 4), round(seconds, 1), remark)))


def uniform(train, scored, args):
    return row("uniform", 0, float(groove_grid.LANES), 0.0)


def backoff(train, scored, args, name="backoff", which="best"):
    import backoff as model

    start = time.process_time()
    bits, numbers = model.fit(train, scored, which, say)
    return row(name, numbers, bits, time.process_time() - start, "parameters: counts kept")


def backoff_plain(train, scored, args):
    return backoff(train, scored, args, "backoff_plain", "plain")


def per_lane(train, scored, args):
    import per_lane as model

    start = time.process_time()
    bits, numbers = model.fit(train, scored, say)
    return row("per_lane", numbers, bits, time.process_time() - start, "parameters: contexts kept")


def drums_rnn(train, scored, args):
    import drums_rnn as model
    import torch

    torch.set_num_threads(args.threads)
    best, seconds, done = model.train(train, scored, args, say)
    remark = f"best of all epochs, epoch {best['epoch']}; rate {args.rate:g}" + ("" if done else "; not converged yet")
    return row("drums_rnn", model.parameters(), best["validation"], seconds, remark)


def program(args):
    """Asks the program, with the folder's own drum map."""
    command = [args.program, "evaluate", "--data-dir", args.groove, "--json"]
    if args.checkpoint_dir:
        command += ["--checkpoint-dir", args.checkpoint_dir]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if answer.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: status {answer.returncode}")
    told = json.loads(answer.stdout)
    files, steps = groove_grid.KNOWN["validation"]
    if (told["steps"], told["drum_map"]) != (steps, "td11"):
        raise SystemExit(f"the program scored {told['steps']} steps with the map {told['drum_map']}, not {steps} with td11")
    said = row("program", told.get("parameters", args.program_parameters), told["bits_per_step"], 60 * args.program_minutes)
    said["remark"] = f"{told['model']}, {told['model_hash'][:12]}; {told['files']} of {files} files"
    return said


def say(line):
    print(line, file=sys.stderr, flush=True)


def took(seconds):
    if not seconds:
        return "-"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def table(rows):
    lines = ["| model | parameters | bits/step, validation | training, CPU time | |", "|---|---|---|---|---|"]
    for one in sorted(rows, key=lambda one: -float(one["bits_per_step"])):
        count = f"{int(one['parameters']):,}" if one["parameters"] not in (None, "") else "-"
        bits, seconds = float(one["bits_per_step"]), float(one["train_cpu_seconds"] or 0)
        lines.append(f"| {one['model']} | {count} | {bits:.3f} | {took(seconds)} | {one['remark']} |")
    return "\n".join(lines)


def main():
    baselines = {f.__name__: f for f in (uniform, backoff_plain, backoff, per_lane, drums_rnn)}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groove", default="groove", help="folder of the dataset, with info.csv")
    parser.add_argument("--work", default="target/baselines", help="where rows and progress are kept")
    parser.add_argument("--print", action="store_true", help="only print the committed rows")
    parser.add_argument("--skip", action="append", default=[], choices=baselines, metavar="NAME", help="leave a baseline out")
    parser.add_argument("--again", action="append", default=[], choices=baselines, metavar="NAME", help="measure it again")
    parser.add_argument("--csv", help="write the rows here too")
    parser.add_argument("--program", help="the program to put beside them")
    parser.add_argument("--checkpoint-dir", help="a model of its own for the program")
    parser.add_argument("--program-parameters", type=int, help="how many its model has, where it does not say")
    parser.add_argument("--program-minutes", type=float, default=0.0, help="CPU minutes that training it took")
    # Those of drums_rnn without importing it: --print and --skip work without torch.
    parser.add_argument("--rate", type=float, default=2e-3, help="drums_rnn: learning rate")
    parser.add_argument("--average", type=float, default=0.98, help="drums_rnn: see there, as for the others")
    for name, value in (("patience", 2), ("cuts", 2), ("epochs", 200), ("seed", 1), ("threads", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    if args.print:
        with open(COMMITTED, newline="", encoding="utf-8") as rows:
            print(table(csv.DictReader(rows)))
        return None
    work = pathlib.Path(args.work)
    work.mkdir(parents=True, exist_ok=True)
    kept = work / "rows.json"
    rows = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    train = scored = None
    for name, measure in baselines.items():
        if name in args.skip or (name in rows and name not in args.again and "not converged" not in rows[name]["remark"]):
            continue
        if train is None:
            train, scored = (groove_grid.checked(args.groove, split) for split in ("train", "validation"))
        say(f"{name} ...")
        rows[name] = measure(train, scored, args)
        kept.write_text(json.dumps(rows, indent=1), "utf-8")
    if args.program:
        rows["program"] = program(args)
        kept.write_text(json.dumps(rows, indent=1), "utf-8")
    if args.csv:
        with open(args.csv, "w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, FIELDS)
            writer.writeheader()
            writer.writerows(rows.values())
    print(table(rows.values()))
    say(f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}")
    return None


if __name__ == "__main__":
    sys.exit(main())
