"""A trained voice as a SavedModel of stock TensorFlow operations, for TF Serving and GPUs.

Written in TF Serving's layout, NAME/1/, the next export to NAME/2/. Every input has the batch
first; loading needs no package of ours. Signatures::

    serving_default = synthesize
        features float32 [batch, frames, n_features], lengths int32 [batch] (frames of each row),
        seed int64 [batch], temperature float32 [batch], fine_temperature float32 [batch]
        -> audio int16 [batch, frames * hop_length] (zero past a row's end),
           audio_lengths int32 [batch] (samples), status string [batch]
    synthesize_wav
        the same
        -> wav_bytes string [batch] (a RIFF WAV file each), status
    stream (not of Subscale WaveRNN)
        features (the next frames), lengths (may be 0), final bool [batch], seed, temperature,
        fine_temperature, state string [batch] ("" begins a stream)
        -> audio int16 [batch, samples], audio_lengths, state ("" after `final`), status
    features, features_of_audio (of voices whose features are computed from audio)
        wav_bytes string [batch] (16-bit mono PCM at the voice's rate), or
        audio int16 [batch, samples], audio_lengths int32 [batch]
        -> features float32 [batch, frames, n_features] (zero past a row's end), lengths, status
    score
        features, lengths, audio int16 [batch, frames * hop_length]
        -> log_likelihood float32 [batch, frames * hop_length, 2] (zero past a row's end), status

`status` is "" for a good row; for another it says what was expected and what came, and the row's
outputs are empty: the other rows are answered. The chunks of a stream, of any sizes and with the
same seed and temperatures, join to the audio of `synthesize`, behind the spectral postfilter within
one step of the 16 bits; a refused chunk gives back the state that it came with, if that was one.
"""

from __future__ import annotations

import os
from typing import Optional, Sequence

import tensorflow as tf

from wavernn_tf import files
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving import signatures, versions
from wavernn_tf.export.serving import warmup as serving
from wavernn_tf.voice import metadata
from wavernn_tf.voice.weights import Weights

INFO_ASSET = "wavernn_tf.json"

UNROLLS = (1, 2, 4, 8)
"""Samples that an iteration of the loop may take; each divides `wavefront.CHUNK`."""

DEVICES = ("cpu", "gpu")
"""What a compiled loop may be made for; each runs on the other too, slower."""


def save(
    config: Config,
    weights: Weights,
    info: metadata.VoiceInfo,
    path: files.PathLike,
    xla: bool = True,
    device: str = "cpu",
    unroll: Optional[int] = None,
    inputs: Sequence[files.PathLike] = (),
) -> str:
    """Write a SavedModel to `path`/1, or to the next number; other versions are kept.

    Args:
      config: the voice's configuration.
      weights: its dense arrays.
      info: description, kept as an asset of the model; with tensorflow-serving-api installed,
        warm-up requests lie beside it.
      path: the model's folder; new, or with nothing in it but versions. The version appears whole
        or not at all.
      xla: compile the sampling loop with XLA, once for each number of rows in
        `signatures.ROW_BUCKETS`: several times faster, where the server has XLA for its device.
      device: what the compiled loop is made for, one of `DEVICES`: "cpu" or "gpu".
      unroll: samples of an iteration of the loop, one of `UNROLLS`; it must divide the hop. By
        default 1 for a CPU, and the largest that will do for a GPU, which waits for its host after
        every iteration.
      inputs: files and folders that `path` must not be or lie in.

    Returns:
      The path of the version's folder.

    Raises:
      WaveRNNError: if `path` is a file or holds anything but versions, or `unroll` does not divide
        the hop.
    """
    unroll = _unroll_for(config, device, unroll)
    made = versions.claim(path, inputs)
    with files.replacing(made) as version:
        module = signatures.Signatures(config, weights, info, xla, device, unroll)
        named = os.path.join(files.plain(version.parent), version.name)
        tf.saved_model.save(module, named, signatures=module.all)
        extra = version / "assets.extra"
        extra.mkdir()
        (extra / INFO_ASSET).write_text(info.to_json(), encoding="utf-8")
        if serving.available():
            serving.write_warmup(version, info)
    return str(made)


def _unroll_for(config: Config, device: str, unroll: Optional[int]) -> int:
    hop = config.mel.hop_length
    fitting = [n for n in UNROLLS if hop % n == 0]
    if unroll is None:
        return max(fitting) if device == "gpu" else 1
    if unroll not in fitting:
        raise WaveRNNError(
            f"Expected `unroll` to divide `mel.hop_length` = {hop}, one of "
            f"{', '.join(map(str, fitting))}; got {unroll}."
        )
    return unroll


def read_info(path: files.PathLike) -> metadata.VoiceInfo:
    """Read the description of an exported SavedModel.

    Args:
      path: folder of one version.

    Raises:
      WaveRNNError: if it is not one of ours.
    """
    text = os.path.join(path, "assets.extra", INFO_ASSET)
    if not os.path.isfile(text):
        raise WaveRNNError(
            f"The SavedModel {path} is not a wavernn-tf voice (it has no "
            f"assets.extra/{INFO_ASSET}). Export one with `wavernn-tf export saved-model`."
        )
    try:
        with open(text, encoding="utf-8") as file:
            described = file.read()
    except UnicodeDecodeError as error:
        raise WaveRNNError(f"{text} is damaged: {error}") from error
    return metadata.VoiceInfo.from_json(described)
