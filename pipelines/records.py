"""Utterances in TFRecord shards.

One `tf.train.Example` an utterance:

    id     bytes, UTF-8 (or what a file's name has)
    audio  bytes: int16 little-endian [frames * hop_length]
    mel    bytes: float32 little-endian [frames, n_mels]
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from pathlib import Path
from typing import Iterator, Tuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from google.protobuf.message import DecodeError

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError

_SPEC = {name: tf.io.FixedLenFeature([], tf.string) for name in ("id", "audio", "mel")}


@dataclasses.dataclass(frozen=True)
class Utterance:
    """A whole utterance.

    Attributes:
      id: unique in the corpus.
      audio: int16 [frames * hop_length].
      mel: float32 [frames, n_mels].
      remarks: on the recording, (kind, text) each; not stored.
    """

    id: str
    audio: npt.NDArray[np.int16]
    mel: npt.NDArray[np.float32]
    remarks: Tuple[Tuple[str, str], ...] = ()


class ShardWriter:
    """Writes one shard; see `writing`."""

    def __init__(self, writer: tf.io.TFRecordWriter) -> None:
        self._writer = writer

    def write(self, utterance: Utterance) -> None:
        """Append an utterance.

        Raises:
          WaveRNNError: if audio and features do not belong together.
        """
        frames = len(utterance.mel)
        if not frames or len(utterance.audio) % frames:
            raise WaveRNNError(
                f"{utterance.id}: {len(utterance.audio)} samples are no multiple of {frames} "
                "frames."
            )
        values = {
            "id": utterance.id.encode("utf-8", "surrogateescape"),
            "audio": utterance.audio.astype("<i2").tobytes(),
            "mel": utterance.mel.astype("<f4").tobytes(),
        }
        features = {k: tf.train.Feature(bytes_list={"value": [v]}) for k, v in values.items()}
        example = tf.train.Example(features=tf.train.Features(feature=features))
        self._writer.write(example.SerializeToString(deterministic=True))


@contextlib.contextmanager
def writing(path: Path) -> Iterator[ShardWriter]:
    """Write a shard that appears under its name only when it is whole.

    Args:
      path: of the shard.

    Yields:
      A `ShardWriter`.
    """
    with files.replacing(path) as part, tf.io.TFRecordWriter(os.fsencode(part)) as writer:
        yield ShardWriter(writer)


def parse(serialized: tf.Tensor, n_mels: int) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Parse one record, in a graph.

    Args:
      serialized: string [].
      n_mels: features per frame.

    Returns:
      (id string [], audio int16 [samples], mel float32 [frames, n_mels]).
    """
    record = tf.io.parse_single_example(serialized, _SPEC)
    audio = tf.io.decode_raw(record["audio"], tf.int16)
    mel = tf.reshape(tf.io.decode_raw(record["mel"], tf.float32), [-1, n_mels])
    return record["id"], audio, mel


def read(path: Path, n_mels: int) -> Iterator[Utterance]:
    """Read a shard.

    Args:
      path: of the shard.
      n_mels: features per frame.

    Yields:
      Its utterances, in order.

    Raises:
      WaveRNNError: if it is missing or damaged.
    """
    try:
        for raw in tf.data.TFRecordDataset(os.fsencode(path)).as_numpy_iterator():
            yield from_bytes(raw, n_mels)
    except tf.errors.OpError as error:
        raise WaveRNNError(damaged(path, error.message)) from error
    except ValueError as error:
        raise WaveRNNError(damaged(path, str(error))) from error


def from_bytes(raw: bytes, n_mels: int) -> Utterance:
    """Parse one record, outside of any graph.

    Raises:
      ValueError: if it is no record of ours.
    """
    try:
        feature = tf.train.Example.FromString(raw).features.feature
        values = {name: feature[name].bytes_list.value[0] for name in _SPEC}
    except (DecodeError, IndexError) as error:
        raise ValueError(f"a record is damaged: {error}") from error
    utterance = Utterance(
        values["id"].decode("utf-8", "surrogateescape"),
        np.frombuffer(values["audio"], "<i2").astype(np.int16),
        np.frombuffer(values["mel"], "<f4").astype(np.float32).reshape(-1, n_mels),
    )
    if not len(utterance.mel) or len(utterance.audio) % len(utterance.mel):
        raise ValueError(
            f"a record has {len(utterance.audio)} samples for {len(utterance.mel)} frames"
        )
    return utterance


def damaged(path: Path, why: str) -> str:
    """The message for a shard that cannot be read."""
    return (
        f"{path}: the shard is missing or damaged; delete it and run `wavernn-tf prepare` again "
        f"({why})."
    )
