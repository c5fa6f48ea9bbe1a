"""Whole recordings as the GRU reads them in training (NumPy only).

What a sample's inputs hold reaches back further than a training window, so they are made for whole
recordings, in one go, and windows are cut from them.
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

import numpy as np
import numpy.typing as npt

from wavernn_tf.audio import signal
from wavernn_tf.audio.edges import pad_edges
from wavernn_tf.config import Config
from wavernn_tf.prediction import coding, pitch
from wavernn_tf.prediction import linear_prediction as prediction

Int32 = npt.NDArray[np.int32]
Float32 = npt.NDArray[np.float32]


class Teacher(NamedTuple):
    """A recording as codes and inputs.

    Attributes:
      coarse: int32 [n], c_t.
      fine: int32 [n], f_t.
      inputs: float32 [n, rows]: c_{t-1}, f_{t-1}, c_t as v / 127.5 - 1, then those of
        `model.extra_inputs`, in the order of `wavernn_tf.config.EXTRA_INPUTS`.
    """

    coarse: Int32
    fine: Int32
    inputs: Float32


def teacher(
    audio: npt.ArrayLike,
    features: npt.ArrayLike,
    config: Config,
    posterior: Optional[npt.ArrayLike] = None,
) -> Teacher:
    """Codes and inputs of a whole recording, silence before it.

    Args:
      audio: int16 [n], n <= frames * hop_length.
      features: float [frames, n_features], raw, not standardised; with given pitch the fundamental
        frequency, in Hz, is the last column.
      config: signal, recipe and extra inputs; B = 1.
      posterior: float [1 + frames + 1, 65], of the estimator, on the features with their edges
        repeated (`padded_posterior`): the frames -1 .. frames. Needed with estimated pitch if
        `model.extra_inputs` names "lagged".

    Returns:
      (coarse int32 [n], fine int32 [n], inputs float32 [n, rows]).

    Raises:
      ValueError: without a posterior where it is needed.
    """
    made = values(audio, features, config, posterior)
    coarse, fine = coding.encode(made.v, config.signal.split)
    return Teacher(coarse, fine, inputs(made, config))


class Values(NamedTuple):
    """A recording in integers, from which codes and inputs follow.

    Attributes:
      s: int32 [n], samples.
      p: int32 [n], their predictions.
      v: int32 [n], coded values.
      lags: int32 [n], of every sample; None without the lagged inputs.
    """

    s: Int32
    p: Int32
    v: Int32
    lags: Optional[Int32]


def values(
    audio: npt.ArrayLike,
    features: npt.ArrayLike,
    config: Config,
    posterior: Optional[npt.ArrayLike] = None,
) -> Values:
    """A whole recording in integers; arguments as of `teacher`."""
    settings, hop = config.signal, config.mel.hop_length
    features = np.asarray(features)
    emphasised = signal.pre_emphasis(audio, settings.pre_emphasis)
    s = prediction.clip(emphasised, settings).astype(np.int32)
    p = np.zeros_like(s)
    if settings.prediction_order:
        a = prediction.coefficients(features[:, : config.mel.n_mels], config.mel, settings)
        p = prediction.predict(s, a, hop, settings)
    lags = None
    if "lagged" in config.model.extra_inputs:
        if posterior is None and settings.pitch == "given":
            posterior = padded_posterior(features, config)
        if posterior is None:
            raise ValueError("Expected `posterior`, which the lagged inputs need; got None.")
        steps = config.model.conditioning.steps_per_frame
        per_step = pitch.lags(posterior, steps, config.mel.sample_rate)
        lags = np.repeat(per_step, config.samples_per_step)[: len(s)].astype(np.int32)
    return Values(s, p, coding.value(s, p, settings), lags)


def part(whole: Values, start: int, end: int, config: Config) -> Teacher:
    """Codes and inputs of the samples `start` to `end` of a recording, with its own past."""
    _, longest = pitch.lag_range(config.mel.sample_rate)
    first = max(0, start - longest - pitch.TAPS)
    s, p, v, lags = whole
    inside = slice(first, end)
    cut = Values(s[inside], p[inside], v[inside], None if lags is None else lags[inside])
    coarse, fine = coding.encode(cut.v, config.signal.split)
    wanted = slice(start - first, None)
    return Teacher(coarse[wanted], fine[wanted], inputs(cut, config)[wanted])


def inputs(made: Values, config: Config) -> Float32:
    """What the GRU reads of a recording, or of its beginning.

    Args:
      made: n samples.
      config: signal and extra inputs.

    Returns:
      float32 [n, rows].
    """
    s, p, v, lags = made
    settings, n = config.signal, len(s)
    coarse, fine = coding.encode(v, settings.split)
    first = coding.start(settings)
    e = coding.residual(v, settings)
    columns: List[Float32] = [
        signal.scalar(np.append(first[0], coarse[:-1])),
        signal.scalar(np.append(first[1], fine[:-1])),
        signal.scalar(coarse),
    ]
    last = np.append(0, s[:-1])
    last_residual = np.append(0, e[:-1])
    for name in config.model.extra_inputs:
        if name == "sample":
            columns.append(scaled(last))
        elif name == "prediction":
            columns.append(scaled(p))
        elif name == "lagged":
            assert lags is not None
            columns += lagged(e, lags, n)
        elif name == "log_residual":
            columns.append(coding.logarithmic(last_residual))
        elif name == "log_sample":
            columns.append(coding.logarithmic(last))
        else:
            columns.append(coding.logarithmic(p))
    return np.stack(columns, axis=1)


def lagged(e: Int32, lags: Int32, n: int) -> List[Float32]:
    """The residuals e_{t - lag + j}, j = -2..2, zero before the start: five float32 [n]."""
    reach = pitch.TAPS // 2
    at = np.arange(n) - lags
    columns = []
    for j in range(-reach, reach + 1):
        source = at + j
        columns.append(scaled(np.where(source >= 0, e[np.maximum(source, 0)], 0)))
    return columns


def scaled(samples: npt.ArrayLike) -> Float32:
    """Integers to float32, divided by 32768."""
    return np.asarray(samples).astype(np.float32) * np.float32(1 / 32768)


def padded_posterior(
    features: npt.ArrayLike,
    config: Config,
    layers: Tuple[Tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], ...] = (),
) -> Float32:
    """The posterior of a recording's frames, and of one more on each side, the edges repeated.

    Args:
      features: float [frames, n_features], raw.
      config: pitch and recipe.
      layers: of the estimator, the standardisation folded in (`Weights.pitch`).

    Returns:
      float32 [1 + frames + 1, 65].
    """
    features = np.asarray(features)
    if config.signal.pitch == "given":
        frequency = pad_edges(features[:, config.mel.n_mels], 1, 1)
        return pitch.from_frequency(frequency, config.mel.sample_rate)
    reach = 1 + sum(len(kernel) - 1 for kernel, _ in layers) // 2
    mel = pad_edges(features[:, : config.mel.n_mels], reach, reach)
    return pitch.estimate(mel, layers)
