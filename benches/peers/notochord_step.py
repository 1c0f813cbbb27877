"""Notochord's time for one event: its own feed, then its own query, with the sizes it has by default.

    python -m venv venv && venv/bin/pip install notochord==0.8.0
    venv/bin/python notochord_step.py
    venv/bin/python notochord_step.py --serve       # one JSON case a line in, one JSON answer a line out

The weights are random (its trained ones are not on a package registry), which changes what it plays and not how long that
takes. An event is one note: instrument, pitch, time, velocity; a 16th step of nine lanes would take several. Cases: {"what":
"event", "threads": 1, "runs": 50}; fields of the other scripts are let pass.
"""

import argparse
import json
import sys
import time
from importlib.metadata import version

import torch
from notochord import Notochord


class Peer:
    def __init__(self):
        torch.manual_seed(1)
        self.model = Notochord().eval()
        self.model.reset()
        self.last = dict(inst=129, pitch=36, time=0.1, vel=100)

    def once(self):
        last = self.last
        got = self.model.feed_query(last["inst"], last["pitch"], last["time"], last["vel"], next_inst=129)
        self.last = {name: got[name] for name in last}

    def measure(self, asked):
        if asked.get("what", "event") != "event":
            raise ValueError("only `event`")
        torch.set_num_threads(asked.get("threads", 1))
        for _ in range(5):
            self.once()
        times = []
        for _ in range(asked.get("runs", 200)):
            # Notes that never end pile up with random weights and are no part of a step.
            self.model.held_notes.clear()
            start = time.perf_counter()
            self.once()
            times.append((time.perf_counter() - start) * 1e3)
        times.sort()
        return {
            **asked,
            "times_ms": times,
            "median_ms": times[len(times) // 2],
            "min_ms": times[0],
            "p99_ms": times[min(len(times) - 1, int(len(times) * 0.99))],
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--serve", action="store_true", help="answer JSON cases from standard input")
    args = parser.parse_args()
    peer = Peer()
    weights = sum(p.numel() for p in peer.model.parameters())
    first = {"peer": "notochord", "version": version("notochord"), "torch": torch.__version__, "weights": weights}
    if not args.serve:
        print(first)
        for threads in (1, 2):
            got = peer.measure({"threads": threads, "runs": 200})
            print(f"{threads} threads: median {got['median_ms']:.2f} ms, min {got['min_ms']:.2f}, p99 {got['p99_ms']:.2f}")
        return
    print(json.dumps(first), flush=True)
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            answer = peer.measure(json.loads(line))
        except Exception as error:  # noqa: BLE001 (whatever it is, the asking side must hear of it)
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
