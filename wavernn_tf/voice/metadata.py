"""What a .tflite voice says of itself: a JSON text in the file's metadata.

Reading walks the flatbuffer by hand, so that the runtime needs no schema; writing (with
TensorFlow's schema) lies in `wavernn_tf.export.tflite.flatbuffer`.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from wavernn_tf.config import MelRecipe, SignalConfig, SubscaleConfig
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.prediction import noise_shaping, pitch, postfilter
from wavernn_tf.trees import from_dict, to_dict

NAME = "wavernn_tf"
SIZE_NAME = "wavernn_tf.file_bytes"
SCHEMA_VERSION = 7
"""Version of the op's inputs and of this text; the native library knows the same number."""

OLDEST_SCHEMA = 5
"""The oldest version that is still read; the native library knows the same number."""


@dataclasses.dataclass(frozen=True)
class VoiceInfo:
    """Description of an exported voice.

    Attributes:
      schema_version: of the op's inputs.
      mel: recipe of the features.
      signal: pre-emphasis, sample offset, and what stands in front of the network.
      state_size: H.
      projection_size: P.
      past: feature frames seen before the current one.
      lookahead: feature frames needed after the current one, to see and to run ahead.
      steps_per_frame: conditioning steps per frame.
      subscale: samples per step, and the network over the earlier sub-tensors.
      extra_inputs: of the GRU, names in `wavernn_tf.config.EXTRA_INPUTS`.
      weights: type of the packed weights, a name in `export.format.packing.WEIGHT_TYPES`.
      blocks: block shape of every matrix.
      sparsity: share of zero blocks of every matrix.
      nonzeros: weights kept in all packed matrices together.
      weights_hash: SHA-256 over all arrays as they were trained, hex; the same for every type.
      feature_mean: mean of every feature over the training data.
      feature_std: standard deviation of every feature.
      bits_per_sample: on held-out speech at export, by Keras and by the op; empty if not measured.
      producer: package and version.
    """

    mel: MelRecipe
    signal: SignalConfig
    state_size: int
    projection_size: int
    past: int
    lookahead: int
    steps_per_frame: int
    subscale: SubscaleConfig
    extra_inputs: Tuple[str, ...]
    weights: str
    blocks: Dict[str, str]
    sparsity: Dict[str, float]
    nonzeros: int
    weights_hash: str
    feature_mean: Tuple[float, ...]
    feature_std: Tuple[float, ...]
    bits_per_sample: Dict[str, float]
    producer: str
    schema_version: int = SCHEMA_VERSION

    @property
    def state_values(self) -> int:
        """Size of a stream's state in the op.

        Of every sub-tensor h and its last samples, and y[n-1]. With anything in front of the
        network: h, the last samples and residuals, the last two classes, the last noise where it is
        shaped, y[n-1], and what the postfilter remembers.
        """
        signal, rate = self.signal, self.mel.sample_rate
        off = signal.prediction_order == 0 and signal.pitch == "off" and signal.split == "linear"
        if not off or self.extra_inputs:
            longest = pitch.lag_range(rate)[1] + 3
            kept = max(signal.prediction_order, 1) + (
                longest if "lagged" in self.extra_inputs else 1
            )
            after = postfilter.state_values(signal, self.mel, self.steps_per_frame)
            return self.state_size + kept + 3 + noise_shaping.state_values(signal) + after
        return self.subscale.batch * (self.state_size + self.subscale.history) + 1

    @property
    def frames_after(self) -> int:
        """Feature frames that the op needs after the current one: `lookahead` and the postfilter's.

        The network runs ahead of the postfilter, by whole frames.
        """
        ahead = postfilter.frames_ahead(self.signal, self.mel)
        return self.lookahead + ahead

    def to_json(self) -> str:
        """The text that the file carries."""
        tree = to_dict(self)
        tree["mel_fingerprint"] = self.mel.fingerprint
        return json.dumps(tree, indent=1)

    @classmethod
    def from_json(cls, text: str) -> VoiceInfo:
        """Parse the text.

        Raises:
          WaveRNNError: for another schema, or a text that is not a voice's.
        """
        try:
            tree = json.loads(text)
            version = int(tree["schema_version"])
        except (ValueError, KeyError, TypeError) as error:
            raise WaveRNNError(f"The voice's metadata cannot be read: {error!r}.") from error
        if version > SCHEMA_VERSION:
            raise WaveRNNError(
                f"This voice has schema version {version}; this package reads "
                f"{SCHEMA_VERSION}. Upgrade wavernn-tf."
            )
        if version < OLDEST_SCHEMA:
            raise WaveRNNError(
                f"This voice was exported by an older release (schema version {version}; this "
                f"package reads {OLDEST_SCHEMA} to {SCHEMA_VERSION}): export the run again."
            )
        tree.pop("mel_fingerprint", None)
        try:
            return cls(
                mel=from_dict(MelRecipe, tree.pop("mel"), "mel"),
                signal=from_dict(SignalConfig, tree.pop("signal"), "signal"),
                subscale=from_dict(SubscaleConfig, tree.pop("subscale"), "subscale"),
                extra_inputs=tuple(tree.pop("extra_inputs")),
                feature_mean=tuple(tree.pop("feature_mean")),
                feature_std=tuple(tree.pop("feature_std")),
                **tree,
            )
        except (KeyError, TypeError) as error:
            raise WaveRNNError(f"The voice's metadata is incomplete: {error}.") from error


def read(model: bytes) -> VoiceInfo:
    """Read the description of a .tflite voice.

    Args:
      model: contents of the file.

    Raises:
      WaveRNNError: if it is not a TFLite file, not one of ours, cut off, older or newer.
    """
    if model[4:8] != b"TFL3":
        raise WaveRNNError("Expected a TFLite file; the file's identifier is not TFL3.")
    try:
        entries = _entries(model)
        text = entries[NAME].decode() if NAME in entries else None
        whole = len(model) == int.from_bytes(entries.get(SIZE_NAME, b""), "little")
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise WaveRNNError("The TFLite file is damaged or cut off.") from error
    if text is None:
        raise WaveRNNError(
            "This TFLite file is not a wavernn-tf voice (it has no `wavernn_tf` metadata). Export "
            "one with `wavernn-tf export tflite`."
        )
    if not whole:
        raise WaveRNNError(
            f"The TFLite file is cut off or damaged: it has {len(model)} bytes, not as many as "
            "were written. Copy or export it again."
        )
    return VoiceInfo.from_json(text)


def is_voice(path: Path) -> bool:
    """Whether a file is a .tflite voice of ours, of any version; it may be cut off."""
    model = Path(path).read_bytes()
    try:
        return model[4:8] == b"TFL3" and NAME in _entries(model)
    except (struct.error, IndexError, UnicodeDecodeError):
        return False


def size_entry(n_bytes: int) -> bytes:
    """Contents of the entry `SIZE_NAME`: the size of the whole file."""
    return n_bytes.to_bytes(8, "little")


def _entries(model: bytes) -> Dict[str, bytes]:
    """All metadata of a TFLite file, by name."""
    # The root table, Model: field 4 is `buffers`, field 6 `metadata`.
    root = _uint(model, 0)
    buffers = _vector(model, root, 4)
    found: Dict[str, bytes] = {}
    for entry in _vector(model, root, 6):
        # Metadata: field 0 is the name (a string), field 1 the index of its buffer.
        name_at, index_at = _field(model, entry, 0), _field(model, entry, 1)
        # Buffer: field 0 is the data.
        data_at = _field(model, buffers[0 if index_at is None else _uint(model, index_at)], 0)
        if name_at is not None and data_at is not None:
            found[_bytes(model, name_at).decode()] = _bytes(model, data_at)
    return found


def _uint(model: bytes, at: int) -> int:
    return struct.unpack_from("<I", model, at)[0]


def _field(model: bytes, table: int, number: int) -> Optional[int]:
    """Where a table's field lies, or None if it is absent."""
    vtable = table - struct.unpack_from("<i", model, table)[0]
    size = struct.unpack_from("<H", model, vtable)[0]
    slot = 4 + 2 * number
    offset = struct.unpack_from("<H", model, vtable + slot)[0] if slot < size else 0
    return table + offset if offset else None


def _span(model: bytes, at: int) -> Tuple[int, int]:
    """Start and number of items of the vector (or string) that the offset at `at` points to."""
    vector = at + _uint(model, at)
    return vector + 4, _uint(model, vector)


def _bytes(model: bytes, at: int) -> bytes:
    """The vector of bytes (or string) that the offset at `at` points to."""
    start, length = _span(model, at)
    if start + length > len(model):
        raise IndexError
    return model[start : start + length]


def _vector(model: bytes, table: int, number: int) -> List[int]:
    """Where the tables of a vector of tables lie."""
    at = _field(model, table, number)
    if at is None:
        return []
    start, count = _span(model, at)
    if start + 4 * count > len(model):
        raise IndexError
    return [start + 4 * i + _uint(model, start + 4 * i) for i in range(count)]


def as_dict(info: VoiceInfo) -> Dict[str, Any]:
    """The description as a plain tree, for `inspect --json`."""
    return json.loads(info.to_json())
