"""TensorFlow's side of the LSTM benches: the model of the generator that this program succeeds, as it was trained and asked.

    python -m venv venv && venv/bin/pip install tensorflow-cpu==2.21.0
    venv/bin/python tensorflow_lstm.py --threads 1
    venv/bin/python tensorflow_lstm.py --serve --threads 2     # one JSON case a line in, one JSON answer a line out

The model: stacked LSTM layers, each but the last giving sequences, batch normalisation and dropout 0.2 after each, a
sigmoid dense layer back to the 128 mel bands; Adam, mean squared error. `what` is one of

    fit      one update by model.fit (one batch, one epoch, no output)
    call     the same update by train_on_batch, which has less around it
    predict  one step asked by model.predict on a window of 1 frame
    step     the same by a compiled tf.function, the fastest way TensorFlow has

Cases and answers as in torch_lstm.py (layers, units, inputs, steps, batch, runs; threads is fixed at the start, since
TensorFlow cannot change it later, and a case that asks for another number is answered by an error).
"""

import argparse
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

DEFAULTS = dict(what="fit", layers=3, units=256, inputs=128, steps=64, batch=32, runs=5)


def model(case, steps):
    layers = [tf.keras.Input((steps, case["inputs"]))]
    for layer in range(case["layers"]):
        last = layer + 1 == case["layers"]
        layers += [
            tf.keras.layers.LSTM(case["units"], return_sequences=not last),
            tf.keras.layers.BatchNormalization(),
            tf.keras.layers.Dropout(0.2),
        ]
    layers.append(tf.keras.layers.Dense(case["inputs"], activation="sigmoid"))
    built = tf.keras.Sequential(layers)
    built.compile(optimizer="adam", loss="mse")
    return built


def build(case):
    draws = np.random.default_rng(1)
    if case["what"] in ("fit", "call"):
        net = model(case, case["steps"])
        x = draws.random((case["batch"], case["steps"], case["inputs"]), dtype=np.float32)
        y = draws.random((case["batch"], case["inputs"]), dtype=np.float32)
        if case["what"] == "fit":
            return lambda: net.fit(x, y, batch_size=case["batch"], epochs=1, verbose=0)
        return lambda: net.train_on_batch(x, y)
    net = model(case, 1)
    x = draws.random((case["batch"], 1, case["inputs"]), dtype=np.float32)
    if case["what"] == "predict":
        return lambda: net.predict(x, verbose=0)
    compiled = tf.function(lambda frames: net(frames, training=False))
    frames = tf.constant(x)
    return lambda: compiled(frames).numpy()


class Peer:
    def __init__(self, threads):
        self.threads = threads
        self.built = {}
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1 if threads == 1 else 2)

    def measure(self, asked):
        case = {**DEFAULTS, "threads": self.threads, **asked}
        if case["threads"] != self.threads:
            raise ValueError(f"started with {self.threads} threads")
        key = json.dumps({k: v for k, v in case.items() if k != "runs"}, sort_keys=True)
        fresh = key not in self.built
        if fresh:
            self.built = {key: build(case)}
        once = self.built[key]
        for _ in range(3 if fresh else 1):
            once()
        times = []
        for _ in range(case["runs"]):
            start = time.perf_counter()
            once()
            times.append((time.perf_counter() - start) * 1e3)
        times.sort()
        return {
            **case,
            "device": "cpu",
            "times_ms": times,
            "median_ms": times[len(times) // 2],
            "min_ms": times[0],
            "p99_ms": times[min(len(times) - 1, int(len(times) * 0.99))],
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--serve", action="store_true", help="answer JSON cases from standard input")
    parser.add_argument("--threads", type=int, default=1)
    for name in ("layers", "units", "inputs", "steps", "batch"):
        parser.add_argument(f"--{name}", type=int, default=DEFAULTS[name])
    parser.add_argument("--runs", type=int, default=9)
    args = parser.parse_args()
    peer = Peer(args.threads)
    first = {"peer": "tensorflow", "version": tf.__version__, "threads": args.threads}
    if args.serve:
        print(json.dumps(first), flush=True)
        for line in sys.stdin:
            if not line.strip():
                continue
            try:
                answer = peer.measure(json.loads(line))
            except Exception as error:  # noqa: BLE001 (whatever it is, the asking side must hear of it)
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), flush=True)
        return
    print(first)
    shape = {name: getattr(args, name) for name in ("layers", "units", "inputs", "steps", "batch", "runs")}
    for what, batch in (("fit", args.batch), ("call", args.batch), ("predict", 1), ("step", 1)):
        got = peer.measure({**shape, "what": what, "batch": batch})
        print(
            f"{what:<8} {got['layers']}x{got['units']} batch {batch}, {args.threads} threads: "
            f"median {got['median_ms']:.2f} ms, min {got['min_ms']:.2f}, p99 {got['p99_ms']:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
