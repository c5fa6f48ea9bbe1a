"""DistillMOS: an estimate of what listeners would say, from 1 (bad) to 5 (excellent)."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
import types
from typing import Any, Iterator

import numpy as np

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import packages

RATE = 16000
"""Of the waveforms, in Hz."""

SHORTEST = RATE // 10
"""Samples that it takes, at least."""


def distill_mos(audio: np.ndarray) -> float:
    """Mean opinion score of speech, estimated from the waveform alone.

    The model sees 7.68 s: a longer recording is cut in overlapping pieces whose scores are
    averaged, silence is appended to a shorter one (recordings of a second get some 3, of three
    seconds and more 4 to 4.7). The level has no effect.

    Args:
      audio: int16 [samples] at 16 kHz, at least 100 ms.

    Returns:
      1 to 5.

    Raises:
      MissingPackage: without torch or distillmos.
      WaveRNNError: if the recording is too short.
    """
    if len(audio) < SHORTEST:
        raise WaveRNNError(
            f"Expected at least 0.1 s of speech for DistillMOS; got {len(audio) / RATE:.3f} s."
        )
    torch, model = _model()
    with torch.no_grad():
        x = torch.from_numpy(np.asarray(audio, np.float32) / np.float32(32768.0))
        return float(model(x[None])[0, 0])


def check() -> None:
    """Raise `MissingPackage` if torch or distillmos is not there."""
    _model()


@functools.cache
def _model() -> Any:
    """The modules torch and the model, loaded once."""
    torch = packages.load("torch", "DistillMOS")
    with _without_torchaudio():
        distillmos = packages.load("distillmos", "DistillMOS")
    # It prints where its weights come from, on standard output, where JSON goes.
    with contextlib.redirect_stdout(io.StringIO()):
        model = distillmos.ConvTransformerSQAModel()
    return torch, model.eval()


@contextlib.contextmanager
def _without_torchaudio() -> Iterator[None]:
    """Stand-ins for torchaudio while distillmos is imported.

    It imports torchaudio for its own command line alone, whose releases must match torch's, and
    fail to load where they do not.
    """
    names = ("torchaudio", "torchaudio.transforms")
    if names[0] in sys.modules:
        yield
        return
    for name in names:
        sys.modules[name] = types.ModuleType(name)
    sys.modules[names[0]].transforms = sys.modules[names[1]]  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
