"""How fast a SavedModel is in full batches without a server, to compare a server with."""

from __future__ import annotations

import time
from typing import Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving import versions
from wavernn_tf.export.serving.saved_model import read_info


def speed(
    path: files.PathLike, frames: int, batch: int = 64, rounds: int = 3
) -> Tuple[float, float]:
    """Seconds of audio per second, and per second of processor time, of the best of some batches.

    Args:
      path: folder of a model or of one version.
      frames: of each row.
      batch: rows.
      rounds: timed batches, after one that is not.

    Raises:
      WaveRNNError: if there is no voice.
    """
    version = versions.newest(path)
    if version is None:
        raise WaveRNNError(f"Expected {path} to hold a SavedModel; it holds none.")
    info = read_info(version)
    synthesize = tf.saved_model.load(files.plain(version)).signatures["synthesize"]
    width = info.mel.n_mels + info.signal.extra_features
    rng = np.random.default_rng(0)
    features = rng.standard_normal([batch, frames, width]).astype(np.float32)
    inputs = {
        "features": tf.constant(features),
        "lengths": tf.fill([batch], frames),
        "seed": tf.range(batch, dtype=tf.int64),
        "temperature": tf.ones([batch]),
        "fine_temperature": tf.ones([batch]),
    }
    synthesize(**inputs)["audio"].numpy()
    best, busy = np.inf, np.inf
    for _ in range(rounds):
        start, before = time.perf_counter(), time.process_time()
        synthesize(**inputs)["audio"].numpy()
        best = min(best, time.perf_counter() - start)
        busy = min(busy, time.process_time() - before)
    seconds = batch * frames * info.mel.hop_length / info.mel.sample_rate
    return seconds / best, seconds / busy
