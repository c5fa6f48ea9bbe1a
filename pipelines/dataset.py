"""Prepared data to batches, with tf.data.

The training stream is infinite, and its batch at step k depends on (seed, k) alone::

    data epoch e -> shards in an order drawn from (seed, e)
                 -> utterances, each cut in n // wf windows from a start drawn from (seed, e, id)
                 -> windows through a shuffle buffer seeded with (seed, e)
                 -> batches, across epochs

so training goes on at step k as if it had never stopped. wf = ceil(window / hop) frames.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from wavernn_tf.audio import dsp
from wavernn_tf.audio.mel import frame_count
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import records
from wavernn_tf.pipelines.manifest import SPLITS, Manifest
from wavernn_tf.prediction import teacher
from wavernn_tf.trees import shown

PathLike = Union[str, "os.PathLike[str]"]
Layers = Tuple[Tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], ...]
"""(kernel [k, in, out], bias [out]) of every convolution of the pitch estimator, or nothing."""
_SHARDS_AT_ONCE = 8
_UTTERANCES_AT_ONCE = 32
"""Read in turn, so that neighbours in the stream come from different recordings."""


@dataclasses.dataclass(frozen=True)
class WindowCount:
    """What of a split a window length can use.

    Attributes:
      windows: in one data epoch.
      utterances: long enough for a window.
      short: ids of utterances that are not.
    """

    windows: int
    utterances: int
    short: Tuple[str, ...]


def window_frames(config: Config) -> int:
    """Frames per window: ceil(window / hop_length)."""
    return frame_count(config.training.window, config.mel.hop_length)


def count_windows(manifest: Manifest, config: Config, split: str = "train") -> WindowCount:
    """Count the windows of a split.

    Args:
      manifest: of the prepared folder.
      config: `training.window` and `mel.hop_length` count.
      split: "train" or "held_out".
    """
    per_window = window_frames(config)
    utterances = manifest.split(split).utterances
    short = tuple(u.id for u in utterances if u.frames < per_window)
    windows = sum(u.frames // per_window for u in utterances)
    return WindowCount(windows, len(utterances) - len(short), short)


def training_windows(
    folder: PathLike,
    config: Config,
    start_step: int = 0,
    estimator: Layers = (),
    rows: slice = slice(None),
) -> tf.data.Dataset:
    """Infinite, resumable batches of training windows.

    Args:
      folder: prepared by `prepare`.
      config: `training.{batch_size, window, seed, shuffle_windows}`, the receptive field of
        `model.conditioning`, `signal` and `mel`.
      start_step: the first batch is that of this step of an unbroken stream.
      estimator: of the pitch, on raw features (`Weights.pitch`), if lagged inputs need it.
      rows: of every batch that are wanted, as one of several workers has them.

    Returns:
      Dataset of `(inputs, targets)` with B = batch_size (or its rows), T = window,
      b = model.subscale.batch: inputs["features"] float32 [B, wf + past + lookahead, n_features],
      raw, not standardised, the real neighbours beyond the window and the first or last frame
      repeated beyond the utterance;
      inputs["codes"] int32 [B, b + T], 256 c + f from b samples before the window on, or, if
      `config.predicts`, inputs["inputs"] float32 [B, T, rows] of `wavernn_tf.prediction.teacher`,
      with the recording's own past; targets["coarse"], targets["fine"] int32 [B, T].

    Raises:
      WaveRNNError: if the data do not fit the configuration, or hold no window.
    """
    manifest = Manifest.load(folder)
    manifest.check(config)
    training = config.training
    count = count_windows(manifest, config)
    if not count.windows:
        raise WaveRNNError(no_window(folder, config))
    shards = [os.fsencode(Path(folder) / name) for name in manifest.train.shards]
    seed = tf.constant([training.seed % 2**31, 0x57415645], tf.int32)
    first_epoch, skip = divmod(start_step * training.batch_size, count.windows)

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        epoch_seed = tf.random.fold_in(seed, tf.cast(epoch, tf.int32), alg="philox")
        order = tf.random.experimental.stateless_shuffle(tf.constant(shards), epoch_seed)
        utterances = tf.data.Dataset.from_tensor_slices(order).interleave(
            tf.data.TFRecordDataset, cycle_length=_SHARDS_AT_ONCE, block_length=1
        )
        windows = utterances.interleave(
            lambda raw: _cut(raw, config, epoch_seed, estimator),
            cycle_length=_UTTERANCES_AT_ONCE,
            block_length=1,
        )
        # Sets the seed of this function's graph only: without it the order would depend on
        # tf.random.set_seed too.
        tf.compat.v1.set_random_seed(training.seed % 2**31 + 1)
        return windows.shuffle(training.shuffle_windows, seed=epoch, reshuffle_each_iteration=False)

    stream = tf.data.Dataset.counter(start=first_epoch).flat_map(one_epoch).skip(skip)
    batches = stream.batch(training.batch_size, drop_remainder=True)
    return batches.map(
        lambda *parts: element(*(part[rows] for part in parts), config=config)
    ).prefetch(4)


def no_window(folder: PathLike, config: Config, split: str = "train") -> str:
    """The message for a split without a window."""
    what, longer = {
        "train": ("training", "prepare longer recordings"),
        "held_out": ("held-out", "prepare with a larger held-out share"),
    }[split]
    return (
        f"{folder}: no {what} utterance is as long as a window of {config.training.window} "
        f"samples; shorten `training.window`, or {longer}."
    )


def heldout_windows(folder: PathLike, config: Config, estimator: Layers = ()) -> tf.data.Dataset:
    """The fixed windows on which training is evaluated, evenly spread over the held-out split.

    Args:
      folder: prepared by `prepare`.
      config: as for `training_windows`; at most `training.eval_windows` windows.
      estimator: as for `training_windows`.

    Returns:
      Finite dataset, elements as in `training_windows`; the last batch may be smaller.

    Raises:
      WaveRNNError: if the data do not fit the configuration, or hold no window.
    """
    manifest = Manifest.load(folder)
    manifest.check(config)
    training = config.training
    total = count_windows(manifest, config, "held_out").windows
    if not total:
        raise WaveRNNError(no_window(folder, config, "held_out"))
    wanted = min(training.eval_windows, total)
    chosen = set((np.arange(wanted) * total // wanted).tolist())
    per_window, seen = window_frames(config), 0
    parts: List[Tuple[tf.Tensor, ...]] = []
    for utterance in utterances(folder, "held_out"):
        count = len(utterance.mel) // per_window
        mine = [i for i in range(count) if seen + i in chosen]
        seen += count
        if mine:
            starts = tf.constant(mine, tf.int32) * per_window
            audio, mel = tf.constant(utterance.audio), tf.constant(utterance.mel)
            parts.append(_slices(audio, mel, starts, config, estimator))
    joined = tuple(np.concatenate(column) for column in zip(*parts))
    batches = tf.data.Dataset.from_tensor_slices(joined).batch(training.batch_size)
    return batches.map(lambda *parts: element(*parts, config=config)).prefetch(1)


def utterances(folder: PathLike, split: str) -> Iterator[records.Utterance]:
    """Whole utterances of a split ("train" or "held_out"), in the manifest's order."""
    manifest = Manifest.load(folder)
    for name in manifest.split(split).shards:
        yield from records.read(Path(folder) / name, manifest.n_features)


def check_records(folder: PathLike) -> None:
    """Read every record of a prepared folder once, and compare it with the manifest.

    Raises:
      WaveRNNError: naming the shard or the utterance that is missing, damaged or another one.
    """
    manifest = Manifest.load(folder)
    hop = manifest.mel.hop_length
    for split in SPLITS:
        infos = manifest.split(split).utterances
        for info, found in itertools.zip_longest(infos, utterances(folder, split)):
            if info is None or found is None:
                counts = "more" if info is None else "fewer"
                raise WaveRNNError(
                    f"{folder}: expected {len(infos)} recordings in the {split} shards; there are "
                    f"{counts}. Run `wavernn-tf prepare` again."
                )
            same = (found.id, len(found.mel)) == (info.id, info.frames)
            whole = len(found.audio) == hop * len(found.mel) and np.isfinite(found.mel).all()
            if not (same and whole):
                raise WaveRNNError(
                    f"{folder}: expected the recording {shown(info.id)} of {info.frames} whole "
                    f"frames in the {split} shards; got {shown(found.id)} of {len(found.mel)}, "
                    f"with {len(found.audio)} samples. Delete the shards of {split} and run "
                    "`wavernn-tf prepare` again."
                )


def _cut(
    raw: tf.Tensor, config: Config, epoch_seed: tf.Tensor, estimator: Layers
) -> tf.data.Dataset:
    """The windows of one record, from a start drawn for this epoch."""
    key, audio, mel = records.parse(raw, config.n_features)
    per_window = window_frames(config)
    frames = tf.shape(mel)[0]
    count = frames // per_window
    own_seed = tf.random.fold_in(
        epoch_seed, tf.cast(tf.strings.to_hash_bucket_fast(key, 2**31 - 1), tf.int32), alg="philox"
    )
    slack = frames - count * per_window
    start = tf.random.stateless_uniform([], own_seed, 0, slack + 1, tf.int32, alg="philox")
    starts = start + tf.range(count) * per_window
    return tf.data.Dataset.from_tensor_slices(_slices(audio, mel, starts, config, estimator))


def _slices(
    audio: tf.Tensor, mel: tf.Tensor, starts: tf.Tensor, config: Config, estimator: Layers
) -> Tuple[tf.Tensor, ...]:
    """Windows of an utterance.

    Args:
      audio: int16 [frames * hop].
      mel: float32 [frames, n_features].
      starts: int32 [windows], first frames.
      config: window, signal, receptive field.
      estimator: of the pitch, on raw features.

    Returns:
      (codes uint16 [windows, b + window]: 256 c + f, from b samples before the window on;
      features float32 [windows, wf + past + lookahead, n_features]). If `config.predicts`: (codes
      of the window itself; features; inputs float32 [windows, window, rows]).
    """
    window, before = config.training.window, config.model.subscale.batch
    reach = tf.range(-config.past, window_frames(config) + config.seen_ahead)
    frames = tf.clip_by_value(starts[:, None] + reach, 0, tf.shape(mel)[0] - 1)
    features = tf.gather(mel, frames)
    if config.predicts:
        codes, inputs = _taught(audio, mel, config, estimator)
        at = starts[:, None] * config.mel.hop_length + tf.range(window)
        return tf.gather(codes, at), features, tf.gather(inputs, at)
    samples = dsp.pre_emphasis(audio, config.signal.pre_emphasis)
    coarse, fine = dsp.split(tf.pad(samples, [[before, 0]]), config.signal.sample_offset)
    codes = tf.cast(coarse * 256 + fine, tf.uint16)
    at = starts[:, None] * config.mel.hop_length + tf.range(before + window)
    return tf.gather(codes, at), features


def _taught(
    audio: tf.Tensor, mel: tf.Tensor, config: Config, estimator: Layers
) -> Tuple[tf.Tensor, tf.Tensor]:
    """`taught` in a graph."""
    codes, inputs = tf.numpy_function(
        lambda audio, mel: taught(audio, mel, config, estimator),
        [audio, mel],
        [tf.uint16, tf.float32],
    )
    return tf.ensure_shape(codes, [None]), tf.ensure_shape(inputs, [None, config.model.input_rows])


def taught(
    audio: npt.NDArray[np.int16],
    mel: npt.NDArray[np.float32],
    config: Config,
    estimator: Layers = (),
) -> Tuple[npt.NDArray[np.uint16], npt.NDArray[np.float32]]:
    """A whole recording as the network reads it, if `config.predicts`.

    Args:
      audio: int16 [n].
      mel: float32 [frames, n_features], raw.
      config: signal, recipe and extra inputs.
      estimator: of the pitch, if lagged inputs need it.

    Returns:
      (codes uint16 [n], 256 c + f; inputs float32 [n, rows], see `wavernn_tf.prediction.teacher`).
    """
    made = teacher.teacher(audio, mel, config, posterior(mel, config, estimator))
    return (256 * made.coarse + made.fine).astype(np.uint16), made.inputs


def posterior(
    mel: npt.NDArray[np.float32], config: Config, estimator: Layers
) -> Optional[npt.NDArray[np.float32]]:
    """The estimator's posterior of a recording, `teacher.padded_posterior`; None without one."""
    return teacher.padded_posterior(mel, config, estimator) if estimator else None


def element(
    codes: tf.Tensor, mel: tf.Tensor, inputs: Optional[tf.Tensor] = None, *, config: Config
) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """One element of a dataset: a batch as (inputs, targets).

    Args:
      codes: [B, b + T]; with `inputs` [B, T].
      mel: [B, frames, n_features].
      inputs: [B, T, rows], if `config.predicts`.
      config: gives b.
    """
    codes = tf.cast(codes, tf.int32)
    if inputs is not None:
        coarse, fine = dsp.halves(codes)
        return {"features": mel, "inputs": inputs}, {"coarse": coarse, "fine": fine}
    coarse, fine = dsp.halves(codes[:, config.model.subscale.batch :])
    return {"features": mel, "codes": codes}, {"coarse": coarse, "fine": fine}
