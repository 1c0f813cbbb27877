"""Writes mel_golden.f32: librosa's decibels of a signal that the tests compute by the same formula.

    python -m venv venv && venv/bin/pip install librosa==0.11.0 && venv/bin/python mel_golden.py

The file holds little-endian f32, first for the defaults (44,100 Hz, 2048, 512, 128 bands), then for 22,050 Hz,
1024, 256, 80 bands from 30 to 10,000 Hz; frame by frame, lowest band first.
"""

import pathlib

import librosa
import numpy as np

assert librosa.__version__ == "0.11.0", librosa.__version__


def signal(rate, count):
    """A falling sweep, a chord that dies away, and quiet noise from a linear congruence."""
    n = np.arange(count, dtype=np.float64)
    t = n / rate
    sweep = 0.6 * np.exp(-t / 0.08) * np.sin(2 * np.pi * (50 * t - 9 * np.exp(-t / 0.02)))
    chord = 0.1 * np.exp(-t / 0.2) * (np.sin(2 * np.pi * 1234.5 * t) + np.sin(2 * np.pi * 6789.0 * t))
    state, noise = 1, np.empty(count)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        noise[i] = state / 2**31 - 1
    return (sweep + chord + 0.05 * np.exp(-t / 0.03) * noise).astype(np.float32)


def decibels(rate, count, **settings):
    y = signal(rate, count).astype(np.float64)
    power = librosa.feature.melspectrogram(y=y, sr=rate, **settings)
    return librosa.power_to_db(power).T.astype("<f4")


frames = [
    decibels(44100, 11025, n_fft=2048, hop_length=512, n_mels=128),
    decibels(22050, 5512, n_fft=1024, hop_length=256, n_mels=80, fmin=30.0, fmax=10000.0),
]
path = pathlib.Path(__file__).with_name("mel_golden.f32")
path.write_bytes(b"".join(f.tobytes() for f in frames))
print([f.shape for f in frames], path.stat().st_size, "bytes")
