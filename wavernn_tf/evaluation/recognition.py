"""Words that a small offline recogniser hears, of English speech (pocketsphinx)."""

from __future__ import annotations

import functools
from typing import Any, List, Optional, Sequence

import numpy as np

from wavernn_tf.evaluation import packages

RATE = 16000
"""Of the waveforms, in Hz."""


def words(audio: np.ndarray) -> List[str]:
    """What is heard; a waveform gives the same words whatever was heard before it.

    Args:
      audio: int16 [samples] at 16 kHz.

    Raises:
      MissingPackage: without the package pocketsphinx.
    """
    decoder = _decoder()
    decoder.start_utt()
    decoder.process_raw(np.asarray(audio, "<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    heard = decoder.hyp()
    return heard.hypstr.split() if heard else []


def agreement(expected: Sequence[str], heard: Sequence[str]) -> Optional[float]:
    """Words of a copy against those of its original.

    Args:
      expected: words of the original.
      heard: words of the copy.

    Returns:
      100 (1 - edits / words of the original), at least 0, where edits are the fewest insertions,
      deletions and replacements of words; None if nothing was expected.
    """
    if not expected:
        return None
    costs = np.arange(len(heard) + 1)
    for i, word in enumerate(expected, 1):
        previous, costs = costs, np.full(len(heard) + 1, i)
        for j, other in enumerate(heard, 1):
            replaced = previous[j - 1] + (word != other)
            costs[j] = min(replaced, previous[j] + 1, costs[j - 1] + 1)
    return 100.0 * max(0.0, 1.0 - float(costs[-1]) / len(expected))


def check() -> None:
    """Raise `MissingPackage` if the recogniser is not there."""
    packages.load("pocketsphinx", "The share of words")


@functools.cache
def _decoder() -> Any:
    # Cepstral means of the utterance alone: by default they go on from one to the next.
    pocketsphinx = packages.load("pocketsphinx", "The share of words")
    return pocketsphinx.Decoder(samprate=RATE, cmn="batch", loglevel="FATAL")
