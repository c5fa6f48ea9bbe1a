"""Bits per sample of a voice on recorded speech, and of the trivial models beside it (numpy only).

The trivial models know nothing of what came before a sample:

    uniform     16 bits: every value is as likely
    histogram   the frequencies of the 16-bit values in the training speech; see `histogram_bits`
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Callable, Dict, Iterable, List, Optional, Protocol, Sequence

import numpy as np

from wavernn_tf.audio import signal
from wavernn_tf.config import SignalConfig
from wavernn_tf.errors import WaveRNNError

_VALUES = 65536
_WIDTHS = (1, 3, 9, 27, 81, 243)
_PSEUDO_COUNTS = (1e-4, 1e-3, 1e-2, 0.1, 1.0)
_CHOSEN_ON = 10
"""One part in so many of the training samples chooses the histogram's smoothing."""


@dataclasses.dataclass(frozen=True)
class Bits:
    """Mean code length of recorded samples under a model; smaller is better.

    Attributes:
      total: bits per sample, coarse and fine together.
      coarse: bits per sample of the high byte.
      fine: bits per sample of the low byte, the high byte being known.
      samples: how many were scored.
    """

    total: float
    coarse: float
    fine: float
    samples: int

    def as_dict(self) -> Dict[str, float]:
        """A plain mapping, for JSON."""
        return dataclasses.asdict(self)


class Scorer(Protocol):
    """What `score_voice` needs of a voice (`wavernn_tf.voice.base.Voice` has it)."""

    def score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """Score: ln P(coarse), ln P(fine), float32 [samples, 2]."""


class Speech(Protocol):
    """A recording with its features (`wavernn_tf.pipelines.records.Utterance` is one)."""

    @property
    def audio(self) -> np.ndarray:
        """int16 [samples]."""

    @property
    def mel(self) -> np.ndarray:
        """float32 [frames, n_mels]."""


def from_scores(scores: Iterable[np.ndarray]) -> Bits:
    """Bits per sample from log-likelihoods.

    Args:
      scores: float [n, 2] each, natural logarithms of P(coarse) and P(fine).

    Raises:
      WaveRNNError: if there is no sample, or a score is not finite.
    """
    nats, samples = np.zeros(2), 0
    for score in scores:
        nats -= score.sum(axis=0, dtype=np.float64)
        samples += len(score)
    if not samples:
        raise WaveRNNError("Expected at least one sample to score; got none.")
    if not np.isfinite(nats).all():
        raise WaveRNNError(
            "The voice gives scores that are not finite: its weights or the features are broken."
        )
    coarse, fine = (nats / (samples * math.log(2.0))).tolist()
    return Bits(coarse + fine, coarse, fine, samples)


def score_voice(
    voice: Scorer,
    utterances: Sequence[Speech],
    progress: Optional[Callable[[int], None]] = None,
) -> Bits:
    """Bits per sample of a voice, teacher forced.

    Args:
      voice: what scores.
      utterances: recordings with their features.
      progress: called after every utterance with the number of its samples.
    """

    def scores() -> Iterable[np.ndarray]:
        for utterance in utterances:
            yield voice.score(utterance.mel, utterance.audio)
            if progress:
                progress(len(utterance.audio))

    return from_scores(scores())


def uniform_bits(samples: int = 0) -> Bits:
    """What 16 bits cost when every value is as likely.

    Args:
      samples: how many are meant; recorded only.
    """
    return Bits(16.0, 8.0, 8.0, samples)


def histogram_bits(
    train_audio: Iterable[np.ndarray],
    held_out_audio: Iterable[np.ndarray],
    signal_config: SignalConfig,
) -> Bits:
    """Bits per sample of an unconditional histogram of the training speech.

    It counts the values that the network predicts, after pre-emphasis and sample offset. A count is
    averaged over its w neighbours (speech is smooth in amplitude, a finite histogram is not) and a
    pseudo-count is added, so that unseen values have mass:

        P(u) = (mean of n over [u - w/2, u + w/2] + alpha) / (their sum over all u)

    w (1: no averaging) and alpha are those that code the last tenth of the training samples best,
    counted on the rest; then all training samples are counted.

    Args:
      train_audio: int16 [samples] each.
      held_out_audio: int16 [samples] each; scored, and never counted.
      signal_config: pre-emphasis and sample offset.
    """
    train = _values(train_audio, signal_config)
    held_out = np.bincount(_values(held_out_audio, signal_config), minlength=_VALUES)
    if not len(train) or not held_out.sum():
        raise WaveRNNError("Expected training and held-out samples for the histogram; got none.")
    cut = len(train) - max(1, len(train) // _CHOSEN_ON)
    head = np.bincount(train[:cut], minlength=_VALUES)
    tail = np.bincount(train[cut:], minlength=_VALUES)
    choices = itertools.product(_WIDTHS, _PSEUDO_COUNTS)
    width, alpha = min(choices, key=lambda c: _code_length(_smooth(head, *c), tail))
    model = _smooth(np.bincount(train, minlength=_VALUES), width, alpha)
    samples = int(held_out.sum())
    total = _code_length(model, held_out) / samples
    by_coarse = (model.reshape(256, 256).sum(1), held_out.reshape(256, 256).sum(1))
    coarse = _code_length(*by_coarse) / samples
    return Bits(total, coarse, total - coarse, samples)


def _values(audio: Iterable[np.ndarray], config: SignalConfig) -> np.ndarray:
    """256 c + f of all samples: int32 [n]."""
    parts: List[np.ndarray] = [np.zeros(0, np.int32)]
    for samples in audio:
        emphasised = signal.pre_emphasis(samples, config.pre_emphasis)
        coarse, fine = signal.split(emphasised, config.sample_offset)
        parts.append(coarse * 256 + fine)
    return np.concatenate(parts)


def _smooth(counts: np.ndarray, width: int, alpha: float) -> np.ndarray:
    """Probabilities [65536]: counts averaged over `width` neighbours, plus `alpha`."""
    half = width // 2
    sums = np.concatenate([[0.0], np.cumsum(np.pad(counts, half).astype(np.float64))])
    mass = (sums[width:] - sums[:-width]) / width + alpha
    return mass / mass.sum()


def _code_length(model: np.ndarray, counts: np.ndarray) -> float:
    """Bits in all of `counts` values under the probabilities `model`."""
    seen = counts > 0
    return float(-(counts[seen] * np.log2(model[seen])).sum())


def difference(bits: Bits, reference: Bits) -> float:
    """Relative difference of the totals, in percent."""
    return 100.0 * (bits.total - reference.total) / reference.total
