"""PyTorch's side of the LSTM benches: training step, whole update, single step, matrix product.

    python -m venv venv && venv/bin/pip install numpy torch==2.15.0
    venv/bin/python torch_lstm.py --layers 3 --units 256 --inputs 128 --steps 64 --batch 32 --threads 1,2
    venv/bin/python torch_lstm.py --serve          # one JSON case a line in, one JSON answer a line out

The bench `lstm` starts it with --serve and asks in turns with its own measurements, so that both sides see the same
machine. A case: {"what": "train", "layers": 3, "units": 256, "inputs": 128, "steps": 64, "batch": 32, "threads": 1,
"device": "cpu", "dtype": "f32", "tf32": false, "runs": 5}; `what` is one of

    train   forward, loss = sum of outputs times a fixed pull, backward; gradients of all weights, not of the inputs
    adam    the same and AdamW (fused) after it, gradients set to none before it
    step    one step of the stack with carried state, no gradients, by nn.LSTM
    cells   the same by nn.LSTMCell, one call a layer
    gemm    torch.mm, [m, k] x [k, n] (fields m, k, n): what this machine reaches in a matrix product

The answer repeats the case with median_ms, min_ms, p99_ms and gflops (from the median; 2 flop a multiplication,
three passes a training step). Models stay built between cases, so a second ask of the same case only measures.
On CUDA times are taken between events, cuDNN is on, TF32 off unless asked for. The first line out says which versions run.
"""

import argparse
import json
import sys
import time

import torch
from torch import nn

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
DEFAULTS = dict(
    what="train", layers=3, units=256, inputs=128, steps=64, batch=32, threads=1,
    device="cpu", dtype="f32", tf32=False, runs=5, warmup=None, m=2048, k=256, n=1024, onednn=True,
)  # fmt: skip


def train(case, update):
    """A training step; with `update` the optimiser belongs to it."""
    options = dict(device=case["device"], dtype=DTYPES[case["dtype"]])
    lstm = nn.LSTM(case["inputs"], case["units"], case["layers"], **options)
    x = torch.randn(case["steps"], case["batch"], case["inputs"], **options)
    pull = torch.randn(case["steps"], case["batch"], case["units"], **options)
    optimiser = torch.optim.AdamW(lstm.parameters(), lr=1e-4, fused=True) if update else None

    def once():
        lstm.zero_grad(set_to_none=True)
        outputs, _ = lstm(x)
        (outputs * pull).sum().backward()
        if optimiser is not None:
            optimiser.step()

    return once


def step(case):
    """One step of nn.LSTM, state carried from call to call."""
    options = dict(device=case["device"], dtype=DTYPES[case["dtype"]])
    lstm = nn.LSTM(case["inputs"], case["units"], case["layers"], **options).eval()
    x = torch.randn(1, case["batch"], case["inputs"], **options)
    state = [torch.zeros(case["layers"], case["batch"], case["units"], **options) for _ in "hc"]

    def once():
        nonlocal state
        with torch.inference_mode():
            _, state = lstm(x, tuple(state))

    return once


def cells(case):
    """One step, layer by layer with nn.LSTMCell."""
    options = dict(device=case["device"], dtype=DTYPES[case["dtype"]])
    widths = [case["inputs"]] + [case["units"]] * (case["layers"] - 1)
    stack = [nn.LSTMCell(width, case["units"], **options).eval() for width in widths]
    x = torch.randn(case["batch"], case["inputs"], **options)
    zero = torch.zeros(case["batch"], case["units"], **options)
    states = [(zero, zero) for _ in stack]

    def once():
        below = x
        with torch.inference_mode():
            for i, cell in enumerate(stack):
                states[i] = cell(below, states[i])
                below = states[i][0]

    return once


def gemm(case):
    """A matrix product into a matrix that is there already."""
    options = dict(device=case["device"], dtype=DTYPES[case["dtype"]])
    a = torch.randn(case["m"], case["k"], **options)
    b = torch.randn(case["k"], case["n"], **options)
    c = torch.empty(case["m"], case["n"], **options)
    return lambda: torch.mm(a, b, out=c)


BUILDERS = {
    "train": lambda case: train(case, False),
    "adam": lambda case: train(case, True),
    "step": step,
    "cells": cells,
    "gemm": gemm,
}


def flop(case):
    """Floating-point operations of a run in matrix products, 2 a multiplication."""
    if case["what"] == "gemm":
        return 2 * case["m"] * case["k"] * case["n"]
    u = case["units"]
    weights = 4 * u * (case["inputs"] + u) + (case["layers"] - 1) * 4 * u * 2 * u
    if case["what"] in ("step", "cells"):
        return 2 * weights * case["batch"]
    # The gradient of the inputs is not asked for: the lowest layer has one product less.
    unasked = 4 * u * case["inputs"]
    return (3 * weights - unasked) * 2 * case["batch"] * case["steps"]


def times_ms(once, case):
    """The time of every run in milliseconds."""
    if case["device"] != "cuda":
        times = []
        for _ in range(case["runs"]):
            start = time.perf_counter()
            once()
            times.append((time.perf_counter() - start) * 1e3)
        return times
    events = [[torch.cuda.Event(enable_timing=True) for _ in "se"] for _ in range(case["runs"])]
    torch.cuda.synchronize()
    for start, end in events:
        start.record()
        once()
        end.record()
    torch.cuda.synchronize()
    return [start.elapsed_time(end) for start, end in events]


class Peer:
    """Keeps what was built, and measures."""

    def __init__(self):
        self.built = {}

    def measure(self, asked):
        case = {**DEFAULTS, **asked}
        torch.set_num_threads(case["threads"])
        torch.backends.mkldnn.enabled = case["onednn"]
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = case["tf32"]
        key = json.dumps({k: v for k, v in case.items() if k not in ("runs", "warmup", "threads")}, sort_keys=True)
        fresh = key not in self.built
        if fresh:
            # One model at a time: a grid of them would not fit a small machine.
            self.built = {key: BUILDERS[case["what"]](case)}
        once = self.built[key]
        warmup = case["warmup"]
        for _ in range((3 if fresh else 1) if warmup is None else warmup):
            once()
        times = sorted(times_ms(once, case))
        median = times[len(times) // 2]
        return {
            **{k: v for k, v in case.items() if v is not None},
            "times_ms": times,
            "median_ms": median,
            "min_ms": times[0],
            "p99_ms": times[min(len(times) - 1, int(len(times) * 0.99))],
            "gflops": flop(case) / median / 1e6,
        }


def versions():
    cuda = torch.cuda.is_available()
    return {
        "peer": "torch",
        "version": torch.__version__,
        "onednn": torch.backends.mkldnn.is_available(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "cuda": torch.version.cuda if cuda else None,
        "cudnn": torch.backends.cudnn.version() if cuda else None,
        "gpu": torch.cuda.get_device_name() if cuda else None,
    }


def serve(peer):
    """Answers until the input ends. A case that cannot be run is answered by {"error": ...}."""
    print(json.dumps(versions()), flush=True)
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            answer = peer.measure(json.loads(line))
        except Exception as error:  # noqa: BLE001 (whatever it is, the asking side must hear of it)
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def numbers(text):
    return [int(part) for part in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--serve", action="store_true", help="answer JSON cases from standard input")
    parser.add_argument("--what", default="train", help=", ".join(BUILDERS) + "; several with commas")
    for name in ("layers", "units", "inputs", "steps", "batch", "threads"):
        parser.add_argument(f"--{name}", type=numbers, default=[DEFAULTS[name]], help="several with commas")
    parser.add_argument("--adam", action="store_true", help="the whole update instead of `train`")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--dtype", default="f32", choices=DTYPES)
    parser.add_argument("--tf32", action="store_true")
    parser.add_argument("--no-onednn", action="store_true")
    parser.add_argument("--runs", type=int, default=15)
    args = parser.parse_args()
    peer = Peer()
    if args.serve:
        return serve(peer)
    print(versions())
    whats = ["adam"] if args.adam else args.what.split(",")
    cases = [
        dict(what=what, layers=layers, units=units, inputs=inputs, steps=steps, batch=batch, threads=threads)
        for what in whats
        for layers in args.layers
        for units in args.units
        for inputs in args.inputs
        for steps in args.steps
        for batch in args.batch
        for threads in args.threads
    ]
    print("what   layers units inputs steps batch threads   median ms      min ms      p99 ms    GFLOP/s")
    for case in cases:
        case |= dict(device=args.device, dtype=args.dtype, tf32=args.tf32, runs=args.runs, onednn=not args.no_onednn)
        if case["what"] == "gemm":
            for m, k, n in ((2048, 256, 1024), (2048, 2048, 2048)):
                got = peer.measure({**case, "m": m, "k": k, "n": n})
                print(f"gemm   {m} x {k} x {n}, {case['threads']} threads: {got['median_ms']:.3f} ms, "
                      f"{got['gflops']:.1f} GFLOP/s, at best {got['gflops'] * got['median_ms'] / got['min_ms']:.1f}")  # fmt: skip
            continue
        got = peer.measure(case)
        print(
            f"{got['what']:<6} {got['layers']:>6} {got['units']:>5} {got['inputs']:>6} {got['steps']:>5} "
            f"{got['batch']:>5} {got['threads']:>7} {got['median_ms']:>11.3f} {got['min_ms']:>11.3f} "
            f"{got['p99_ms']:>11.3f} {got['gflops']:>10.1f}",
            flush=True,
        )
    return None


if __name__ == "__main__":
    main()
