"""Signals whose measures are known, and recorded speech."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import numpy as np
import pytest

RATE = 16000
SPEECH = Path(__file__).parents[1] / "data" / "speech"


def needs(*modules):
    """Skip where a package of the extra `quality` is not installed."""
    missing = [m for m in modules if importlib.util.find_spec(m) is None]
    return pytest.mark.skipif(
        bool(missing), reason=f"not installed (extra quality): {', '.join(missing)}"
    )


def harmonics(hz, seconds=1.0, snr=None, amplitude=6000.0, seed=0, up_to=7900.0, rate=RATE):
    """A voice-like tone, harmonics falling by 1/k, with white noise at a ratio in dB."""
    time = np.arange(int(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * hz * k * time) / k for k in range(1, int(up_to / hz) + 1))
    if snr is not None:
        noise = np.random.default_rng(seed).standard_normal(len(tone))
        tone = tone + noise * tone.std() * 10 ** (-snr / 20)
    return np.int16(np.clip(np.rint(amplitude * tone), -32768, 32767))


def noise(seconds=1.0, level=2000.0, seed=0):
    rng = np.random.default_rng(seed)
    return np.int16(np.rint(rng.standard_normal(int(seconds * RATE)) * level))


def noisy(audio, level=600.0, seed=0):
    rng = np.random.default_rng(seed)
    made = audio + rng.standard_normal(len(audio)) * level
    return np.int16(np.clip(np.rint(made), -32768, 32767))


@functools.cache
def speech(name="en_vm-forward-multiple"):
    """A recorded clip: int16 [samples] at 16 kHz."""
    from wavernn_tf.pipelines import audio

    return audio.read(SPEECH / f"{name}.flac", RATE)
