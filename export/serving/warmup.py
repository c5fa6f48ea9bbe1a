"""Warm-up requests for TF Serving: the first real request is then as fast as the others.

TF Serving replays the requests in NAME/1/assets.extra/tf_serving_warmup_requests when it loads a
model. Needs the package tensorflow-serving-api (the extra `serving`).
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import tensorflow as tf

from wavernn_tf import extras, files
from wavernn_tf.audio import wav
from wavernn_tf.export.serving.signatures import ROW_BUCKETS, makes_features, streams
from wavernn_tf.voice.metadata import VoiceInfo

WARMUP = Path("assets.extra", "tf_serving_warmup_requests")
"""Where TF Serving looks, in the folder of one version."""

FRAMES = 4
"""Frames of each warm-up request; the graph is the same for every length."""

SPEAKING = ("serving_default", "synthesize", "synthesize_wav", "stream")
"""Signatures that run the sampling loop, which may be compiled for each of `ROW_BUCKETS`."""


def available() -> bool:
    """Whether the package tensorflow-serving-api is installed."""
    return importlib.util.find_spec("tensorflow_serving") is not None


def warmup_inputs(
    info: VoiceInfo, rows: int = 1, frames: int = FRAMES
) -> Dict[str, Dict[str, np.ndarray]]:
    """One request for each signature: average features, silence.

    Args:
      info: the voice's description.
      rows: of each request.
      frames: length of the requests.

    Returns:
      Input arrays by signature and name.
    """
    features = np.tile(np.array(info.feature_mean, np.float32), [rows, frames, 1])
    lengths = np.full([rows], frames, np.int32)
    silence = np.zeros([rows, frames * info.mel.hop_length], np.int16)
    spoken: Dict[str, np.ndarray] = {
        "features": features,
        "lengths": lengths,
        "seed": np.zeros([rows], np.int64),
        "temperature": np.ones([rows], np.float32),
        "fine_temperature": np.ones([rows], np.float32),
    }
    requests: Dict[str, Dict[str, np.ndarray]] = {
        name: spoken for name in ("serving_default", "synthesize", "synthesize_wav")
    }
    requests["score"] = {"features": features, "lengths": lengths, "audio": silence}
    if streams(info):
        state = np.array([b""] * rows, object)
        requests["stream"] = {**spoken, "final": np.ones([rows], bool), "state": state}
    if makes_features(info):
        wavs = [wav.wav_bytes(row, info.mel.sample_rate) for row in silence]
        requests["features"] = {"wav_bytes": np.array(wavs, object)}
        counts = np.full([rows], silence.shape[1], np.int32)
        requests["features_of_audio"] = {"audio": silence, "audio_lengths": counts}
    return requests


def warmup_records(info: VoiceInfo, model: str = "voice", frames: int = FRAMES) -> List[Any]:
    """The warm-up requests as TF Serving's `PredictionLog` messages.

    Every signature is called once, those that speak with each number of rows of
    `signatures.ROW_BUCKETS`: nothing is left to compile under traffic.

    Args:
      info: the voice's description.
      model: name in the requests; TF Serving replays them whatever its own name for the model is.
      frames: length of the requests.

    Raises:
      WaveRNNError: if tensorflow-serving-api is not installed.
    """
    with extras.needed_for("A warm-up request"):
        from tensorflow_serving.apis import prediction_log_pb2
    records = []
    for rows in ROW_BUCKETS:
        for signature, inputs in warmup_inputs(info, rows, frames).items():
            if rows > 1 and signature not in SPEAKING:
                continue
            record = prediction_log_pb2.PredictionLog()
            request = record.predict_log.request
            request.model_spec.name = model
            request.model_spec.signature_name = signature
            for name, array in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
            records.append(record)
    return records


def write_warmup(version: files.PathLike, info: VoiceInfo, model: str = "voice") -> str:
    """Add the warm-up requests to an exported SavedModel.

    Args:
      version: folder of one version, NAME/1.
      info: the voice's description.
      model: see `warmup_records`.

    Returns:
      The path of the file.

    Raises:
      WaveRNNError: if tensorflow-serving-api is not installed.
    """
    records = warmup_records(info, model)
    path = Path(version, WARMUP)
    with files.replacing(path) as part, tf.io.TFRecordWriter(os.fsencode(part)) as writer:
        for record in records:
            writer.write(record.SerializeToString())
    return str(path)
