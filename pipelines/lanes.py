"""Prepared data to lanes: every row of the batch walks through recordings, window after window.

The batch at step k depends on (seed, k) alone, so that training goes on at any step. One data epoch
lays all windows on a tape, recording after recording::

    data epoch e -> recordings in an order drawn from (seed, e)
                 -> each cut in n // wf windows from a start drawn from (seed, e)
                 -> the tape is cut in as many equal pieces as there are lanes: step j of the epoch
                    takes window j of every piece

A lane starts anew (`fresh`) with its piece, and wherever another recording begins.
"""

from __future__ import annotations

import collections
import dataclasses
import struct
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple, Union

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from wavernn_tf.audio import signal
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import dataset, records
from wavernn_tf.pipelines.manifest import Manifest
from wavernn_tf.prediction import teacher

_Arrays = Tuple[npt.NDArray[Any], ...]

_HELDOUT_LANES = 16

_CACHE_BYTES = 2 << 30
"""Recordings kept in memory; more are read again."""


@dataclasses.dataclass(frozen=True)
class Tape:
    """The windows of one data epoch, in order.

    Attributes:
      recording: int64 [windows], index of the recording.
      frame: int64 [windows], first frame in it.
      fresh: bool [windows], whether it does not continue the window before.
    """

    recording: npt.NDArray[np.int64]
    frame: npt.NDArray[np.int64]
    fresh: npt.NDArray[np.bool_]


def tape(frames: npt.NDArray[np.int64], per_window: int, seed: int, epoch: int) -> Tape:
    """Lay out one data epoch.

    Args:
      frames: int64 [recordings], length of each.
      per_window: frames of a window.
      seed: of the run.
      epoch: index of the data epoch.
    """
    rng = np.random.default_rng([seed % 2**31, epoch])
    order = rng.permutation(len(frames))
    counts = frames[order] // per_window
    starts = rng.integers(0, frames[order] - counts * per_window + 1)
    first = np.cumsum(counts) - counts
    inside = np.arange(counts.sum()) - np.repeat(first, counts)
    return Tape(
        recording=np.repeat(order, counts),
        frame=np.repeat(starts, counts) + inside * per_window,
        fresh=inside == 0,
    )


class Recordings:
    """Random access to the recordings of a split, with those read last kept in memory.

    Args:
      folder: prepared by `prepare`.
      config: signal settings and receptive field.
      split: "train" or "held_out".
      estimator: of the pitch, if lagged inputs need it.

    Raises:
      WaveRNNError: if a shard is missing or damaged.
    """

    def __init__(
        self,
        folder: Union[str, Path],
        config: Config,
        split: str = "train",
        estimator: dataset.Layers = (),
    ) -> None:
        manifest = Manifest.load(folder)
        self._config, self._estimator = config, estimator
        self._n_features = manifest.n_features
        self._places = [
            (path, place)
            for path in (Path(folder) / name for name in manifest.split(split).shards)
            for place in _places(path)
        ]
        utterances = manifest.split(split).utterances
        if len(self._places) != len(utterances):
            raise WaveRNNError(
                f"{folder}: expected {len(utterances)} recordings in the {split} shards; found "
                f"{len(self._places)}. Run `wavernn-tf prepare` again."
            )
        self.frames = np.array([u.frames for u in utterances], np.int64)
        self._held: collections.OrderedDict[int, _Arrays] = collections.OrderedDict()
        self._bytes = 0

    def window(self, index: int, frame: int) -> _Arrays:
        """One window.

        Args:
          index: of the recording.
          frame: first frame of the window.

        Returns:
          (codes uint16 [b + window], 256 c + f from b = model.subscale.batch samples before the
          window on; features float32 [wf + past + lookahead, n_features], the first or last frame
          repeated beyond the recording). If `config.predicts`: (codes of the window itself;
          features; inputs float32 [window, rows]).
        """
        config = self._config
        mel, *made = self._read(index)
        start = frame * config.mel.hop_length
        end = start + config.training.window
        reach = np.arange(-config.past, dataset.window_frames(config) + config.seen_ahead)
        features = mel[np.clip(frame + reach, 0, len(mel) - 1)]
        if config.predicts:
            part = teacher.part(teacher.Values(*made), start, end, config)
            return (256 * part.coarse + part.fine).astype(np.uint16), features, part.inputs
        return made[0][start : end + config.model.subscale.batch], features

    def _read(self, index: int) -> _Arrays:
        """Features of a whole recording, and its codes or, if `config.predicts`, its values."""
        if index in self._held:
            self._held.move_to_end(index)
            return self._held[index]
        path, (offset, length) = self._places[index]
        with open(path, "rb") as file:
            file.seek(offset)
            utterance = records.from_bytes(file.read(length), self._n_features)
        made = (utterance.mel, *self._codes(utterance))
        self._held[index] = made
        self._bytes += _bytes(made)
        while self._bytes > _CACHE_BYTES and len(self._held) > 1:
            _, gone = self._held.popitem(last=False)
            self._bytes -= _bytes(gone)
        return made

    def _codes(self, utterance: records.Utterance) -> _Arrays:
        config = self._config
        if config.predicts:
            posterior = dataset.posterior(utterance.mel, config, self._estimator)
            made: Any = teacher.values(utterance.audio, utterance.mel, config, posterior)
            return tuple(made)
        before = np.zeros([config.model.subscale.batch], np.int32)
        samples = signal.pre_emphasis(utterance.audio, config.signal.pre_emphasis)
        coarse, fine = signal.split(np.append(before, samples), config.signal.sample_offset)
        return ((coarse * 256 + fine).astype(np.uint16),)


def _bytes(arrays: _Arrays) -> int:
    return sum(array.nbytes for array in arrays if array is not None)


def lane_windows(
    folder: Union[str, Path],
    config: Config,
    start_step: int = 0,
    estimator: dataset.Layers = (),
    rows: slice = slice(None),
) -> tf.data.Dataset:
    """Infinite, resumable batches whose rows walk through recordings.

    Args:
      folder: prepared by `prepare`.
      config: as for `dataset.training_windows`; `training.window` is a multiple of the hop.
      start_step: the first batch is that of this step of an unbroken stream.
      estimator: as for `dataset.training_windows`.
      rows: as for `dataset.training_windows`; the other lanes are not read.

    Returns:
      Dataset as of `dataset.training_windows`, with inputs["fresh"] bool [batch]: the lanes that do
      not continue their last window.

    Raises:
      WaveRNNError: if the data do not fit the configuration, or hold no window.
    """
    Manifest.load(folder).check(config)
    recordings = Recordings(folder, config, estimator=estimator)
    per_window = dataset.window_frames(config)
    windows = int((recordings.frames // per_window).sum())
    if not windows:
        raise WaveRNNError(dataset.no_window(folder, config))
    training = config.training
    lanes = training.batch_size

    def batches() -> Iterator[_Arrays]:
        step = start_step
        steps = max(1, windows // lanes)
        pieces = (np.arange(lanes) * steps)[rows]
        while True:
            epoch, first = divmod(step, steps)
            laid = tape(recordings.frames, per_window, training.seed, epoch)
            for at in range(first, steps):
                yield _batch(recordings, laid, (pieces + at) % windows, at == 0)
                step += 1

    return _dataset(batches, len(range(lanes)[rows]), config).prefetch(4)


def heldout_lanes(
    folder: Union[str, Path], config: Config, estimator: dataset.Layers = ()
) -> tf.data.Dataset:
    """The held-out windows on which training is evaluated, in lanes that carry the state.

    Sixteen lanes, evenly spread over the held-out recordings, go on until they have
    `training.eval_windows` windows together, or all there are.

    Args:
      folder: prepared by `prepare`.
      config: as for `lane_windows`.
      estimator: as for `lane_windows`.

    Returns:
      Finite dataset, elements as of `lane_windows` with a batch of at most 16.

    Raises:
      WaveRNNError: if the data do not fit the configuration, or hold no window.
    """
    recordings = Recordings(folder, config, "held_out", estimator)
    per_window = dataset.window_frames(config)
    counts = recordings.frames // per_window
    windows = int(counts.sum())
    if not windows:
        raise WaveRNNError(dataset.no_window(folder, config, "held_out"))
    wanted = min(config.training.eval_windows, windows)
    lanes = min(_HELDOUT_LANES, wanted)
    inside = np.arange(windows) - np.repeat(np.cumsum(counts) - counts, counts)
    laid = Tape(np.repeat(np.arange(len(counts)), counts), inside * per_window, inside == 0)
    pieces = np.arange(lanes) * windows // lanes

    def batches() -> Iterator[_Arrays]:
        for at in range(wanted // lanes):
            yield _batch(recordings, laid, pieces + at, at == 0)

    return _dataset(batches, lanes, config).prefetch(1)


def _batch(
    recordings: Recordings, laid: Tape, chosen: npt.NDArray[np.int64], first: bool
) -> _Arrays:
    made = [recordings.window(laid.recording[i], laid.frame[i]) for i in chosen]
    return (laid.fresh[chosen] | first, *map(np.stack, zip(*made)))


def _dataset(
    batches: Callable[[], Iterator[_Arrays]], lanes: int, config: Config
) -> tf.data.Dataset:
    """Batches of `_batch` as elements (inputs, targets)."""
    frames = dataset.window_frames(config) + config.past + config.seen_ahead
    length = config.training.window + (0 if config.predicts else config.model.subscale.batch)
    signature = [
        tf.TensorSpec([lanes], tf.bool),
        tf.TensorSpec([lanes, length], tf.uint16),
        tf.TensorSpec([lanes, frames, config.n_features], tf.float32),
    ]
    if config.predicts:
        signature.append(tf.TensorSpec([lanes, length, config.model.input_rows], tf.float32))
    stream = tf.data.Dataset.from_generator(batches, output_signature=tuple(signature))
    return stream.map(lambda *parts: _element(*parts, config=config))


def _element(
    fresh: tf.Tensor, *parts: tf.Tensor, config: Config
) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    inputs, targets = dataset.element(*parts, config=config)
    return {**inputs, "fresh": fresh}, targets


def _places(path: Path) -> List[Tuple[int, int]]:
    """Offset and length of every record of a TFRecord file.

    A record is its length (uint64), a checksum (4 bytes), the data, and a checksum.
    """
    places = []
    try:
        size, at = path.stat().st_size, 0
        with open(path, "rb") as file:
            while at < size:
                file.seek(at)
                header = file.read(8)
                (length,) = struct.unpack("<Q", header)
                places.append((at + 12, length))
                at += 16 + length
    except (OSError, struct.error) as error:
        raise WaveRNNError(records.damaged(path, str(error))) from error
    if at != size:
        raise WaveRNNError(records.damaged(path, "its last record is cut"))
    return places
