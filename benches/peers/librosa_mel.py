"""librosa's side of the bench `mel`: mel spectrogram and decibels of a sound, on one thread.

    python -m venv venv && venv/bin/pip install librosa==0.11.0    # with numpy 2.4.6, scipy 1.17.1
    venv/bin/python librosa_mel.py --serve         # one JSON case a line in, one JSON answer a line out

The bench starts it with --serve and asks in turns with its own measurements, so that both sides see the same machine. A
case: {"sample_rate": 44100, "seconds": 30, "n_fft": 2048, "hop_length": 512, "n_mels": 128, "runs": 1}. The answer gives for each
run the time on the wall and that of the processor, in milliseconds. Samples are single precision, librosa's own
default; in double precision it takes half as long again and more. The first line out says which versions run.
"""

import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import librosa  # noqa: E402
import numpy as np  # noqa: E402
import scipy  # noqa: E402

assert librosa.__version__ == "0.11.0", librosa.__version__


def signal(rate, seconds):
    """Half-second strokes: a sweep that falls and dies away. The same as the bench's."""
    t = np.arange(int(rate * seconds), dtype=np.float64) / rate
    t = t % 0.5
    return (0.8 * np.exp(-t / 0.1) * np.sin(2 * np.pi * (60 * t - 9 * np.exp(-t / 0.02)))).astype(np.float32)


def measure(case, y):
    settings = {key: case[key] for key in ("n_fft", "hop_length", "n_mels")}
    wall, cpu = [], []
    for _ in range(case["runs"]):
        start = time.perf_counter(), time.process_time()
        power = librosa.feature.melspectrogram(y=y, sr=case["sample_rate"], **settings)
        levels = librosa.power_to_db(power)
        wall.append((time.perf_counter() - start[0]) * 1e3)
        cpu.append((time.process_time() - start[1]) * 1e3)
    return {"wall_ms": wall, "cpu_ms": cpu, "frames": levels.shape[1], "mean_db": float(levels.mean(dtype=np.float64))}


def main():
    if sys.argv[1:] != ["--serve"]:
        sys.exit(__doc__)
    versions = {"librosa": librosa.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
    print(json.dumps(versions), flush=True)
    made = {}
    for line in sys.stdin:
        case = json.loads(line)
        key = case["sample_rate"], case["seconds"]
        if key not in made:
            made = {key: signal(*key)}
        print(json.dumps(measure(case, made[key])), flush=True)


if __name__ == "__main__":
    main()
