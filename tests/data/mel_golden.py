"""Writes mel_golden.f32: librosa's decibels of a signal that the tests compute by the same formula.

    python -m venv venv && venv/bin/pip install librosa==0.11.0 && venv/bin/python mel_golden.py

librosa 0.11.0 on numpy 2.4.6 and scipy 1.17.1, in double precision. The files hold little-endian f32, frame by frame,
lowest band first; a file's settings follow each other as they do below. mel_golden.f32: the defaults (44,100 Hz, 2048, 512, 128
bands), then 22,050 Hz, 1024, 256, 80 bands from 30 to 10,000 Hz. mel_golden_more.f32: 80 bands from 30 to 11,000 Hz;
48,000 Hz with frames of 1,200 samples, no power of two; and 128 bands from frames of 256 samples, more than their bins can tell
apart, so that some are empty (librosa warns of it).
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


FILES = {
    "mel_golden.f32": [
        decibels(44100, 11025, n_fft=2048, hop_length=512, n_mels=128),
        decibels(22050, 5512, n_fft=1024, hop_length=256, n_mels=80, fmin=30.0, fmax=10000.0),
    ],
    "mel_golden_more.f32": [
        decibels(22050, 4410, n_fft=1024, hop_length=256, n_mels=80, fmin=30.0, fmax=11000.0),
        decibels(48000, 6000, n_fft=1200, hop_length=480, n_mels=40, fmin=20.0, fmax=16000.0),
        decibels(16000, 2000, n_fft=256, hop_length=160, n_mels=128),
    ],
}
for name, frames in FILES.items():
    path = pathlib.Path(__file__).with_name(name)
    path.write_bytes(b"".join(f.tobytes() for f in frames))
    print(name, [f.shape for f in frames], path.stat().st_size, "bytes")
