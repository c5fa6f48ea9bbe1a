"""From a finished training run to a checked .tflite file, or a SavedModel."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Union

from wavernn_tf import config as configuration
from wavernn_tf import files, logs
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import bits, held_out
from wavernn_tf.evaluation.bits import Bits
from wavernn_tf.export import parity
from wavernn_tf.export.benchmark import bench
from wavernn_tf.export.benchmark.bench import Timing
from wavernn_tf.export.format import op
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.runtime.library import find_runtime
from wavernn_tf.export.serving import saved_model, signatures, versions
from wavernn_tf.export.tflite import convert as tflite
from wavernn_tf.models.keras_voice import KerasVoice
from wavernn_tf.voice import metadata
from wavernn_tf.voice.describe import describe
from wavernn_tf.voice.metadata import VoiceInfo
from wavernn_tf.voice.weights import Weights

PARITY_SECONDS = 10.0
"""Held-out speech that the gate scores by default."""

Echo = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Exported:
    """What an export to TFLite made and measured.

    Attributes:
      info: the description in the file.
      file_bytes: size of the file.
      payload_bytes: what its kept weights and its conditioning network take of it.
      dense_bytes: size of the same file with all blocks kept; 0 if not made.
      bits: by "keras" and "op"; empty without the gate.
      timings: of "sparse" and "dense"; empty if not timed.
    """

    info: VoiceInfo
    file_bytes: int
    payload_bytes: int
    dense_bytes: int
    bits: Dict[str, Bits]
    timings: Dict[str, Timing]


def to_tflite(
    run: Union[str, Path],
    out: files.PathLike,
    data: Optional[held_out.PathLike] = None,
    check: bool = True,
    seconds: float = PARITY_SECONDS,
    time: bool = True,
    runtime: str = "auto",
    echo: Echo = lambda line: None,
    weight_type: str = "float32",
    block: Optional[str] = None,
    settings: Optional[Mapping[str, Any]] = None,
) -> Exported:
    """Export a run to a .tflite file, if the file scores held-out speech as Keras does.

    Args:
      run: the training run's folder.
      out: the .tflite file; written last, and only if the gate is passed.
      data: prepared data with the held-out speech; by default the run's own.
      check: score the speech and refuse a file that differs by more than `parity.limit`.
      seconds: of held-out speech to score.
      time: measure the op against a dense variant of the file.
      runtime: TFLite interpreter, as in `Vocoder.load`.
      echo: told what is being done, one line each.
      weight_type: what the file holds the weights in, a name in `packing.WEIGHT_TYPES`.
      block: name of a block shape to pack every matrix in; by default each in the one it was
        pruned in. Blocks of another shape hold zeros too: the file gets larger and the op slower.
      settings: other values of `config.SAMPLING_SETTINGS` than the run's, by dotted path.

    Raises:
      WaveRNNError: if `out` must not be written, the run is not finished, `settings` names others,
        a matrix does not divide into blocks, the conversion fails or the gate refuses.
    """
    _need_run(run, settings)
    runtime = find_runtime(runtime).name  # what is checked is the file, as an interpreter reads it
    speech_of = [] if not check else [data or data_of(run)]
    files.claim_file(out, [run, *speech_of], metadata.is_voice)
    echo("reading the run")
    voice = KerasVoice(run, settings)
    config, weights = voice.config, voice.weights
    if block is not None:
        config = configuration.with_block(config, block)
    statistics = {"mean": voice.info.feature_mean, "std": voice.info.feature_std}
    info = describe(config, weights, statistics, {}, weight_type)
    echo("converting")
    network = _convert(config, weights, info)
    model = tflite.with_description(network, info)
    found: Dict[str, Bits] = {}
    if check:
        found = _score(voice, model, speech_of[0], seconds, runtime, echo)
        info = dataclasses.replace(info, bits_per_sample={k: b.total for k, b in found.items()})
        model = tflite.with_description(network, info)
        if metadata.read(model) != info:
            raise WaveRNNError("The written metadata differ from what was measured: please report.")
    timings: Dict[str, Timing] = {}
    dense = b""
    if time:
        echo("timing sparse against dense")
        dense = tflite.with_description(_convert(config, weights, info, keep_zeros=True), info)
        forms = {k: Vocoder.load(m, runtime) for k, m in (("sparse", model), ("dense", dense))}
        timings = bench.measure(forms, rounds=5)
    files.write_bytes(out, model)
    payload = op.payload_bytes(config, weights, weight_type)
    return Exported(info, len(model), payload, len(dense), found, timings)


def to_saved_model(
    run: Union[str, Path],
    out: files.PathLike,
    xla: bool = True,
    settings: Optional[Mapping[str, Any]] = None,
    device: str = "cpu",
    unroll: Optional[int] = None,
) -> str:
    """Export a run to a SavedModel in TF Serving's layout.

    Args:
      run: the training run's folder.
      out: folder of the model; its next version is written.
      xla: see `saved_model.save`.
      settings: as of `to_tflite`.
      device: see `saved_model.save`.
      unroll: likewise.

    Returns:
      Path of the version's folder.
    """
    _need_run(run, settings)
    versions.claim(out, [run])
    voice = KerasVoice(run, settings)
    return saved_model.save(
        voice.config, voice.weights, voice.info, out, xla, device, unroll, inputs=[run]
    )


def served_forms(run: Union[str, Path], folder: Path) -> Dict[str, str]:
    """Export a training run as it is served, and the same without XLA.

    Args:
      run: the run's folder.
      folder: where to put both.

    Returns:
      Their paths by label.
    """
    made: Dict[str, str] = {}
    for form, xla in (("while_loop", False), ("XLA", True)):
        made[f"{run}, {form}"] = to_saved_model(run, folder / form, xla)
    return made


def missing_signatures(version: files.PathLike) -> List[str]:
    """Which signatures an exported voice does not have, and why: a line each, for people."""
    info = saved_model.read_info(version)
    lines = []
    if not signatures.makes_features(info):
        why = "the voice's features come from elsewhere"
        if info.mel.kind == "mel":
            why = "the voice takes a fundamental frequency beside the mel bands"
        lines.append(f"without the signatures features and features_of_audio: {why}")
    if not signatures.streams(info):
        lines.append("without the signature stream: Subscale WaveRNN speaks whole utterances")
    return lines


def _need_run(run: Union[str, Path], settings: Optional[Mapping[str, Any]]) -> None:
    from wavernn_tf.models.run_folder import RunFolder

    configuration.override_sampling(RunFolder.at(run).config(), settings or {})


def data_of(run: Union[str, Path]) -> str:
    """Folder of the data that a run was trained on.

    Raises:
      WaveRNNError: if it is gone.
    """
    from wavernn_tf.models.run_folder import RunFolder

    path: Any = RunFolder.at(run).data().get("path")
    if not path or not os.path.isdir(path):
        raise WaveRNNError(
            f"The training data of {run} are no longer at {path}: say by --data where prepared "
            "data with held-out speech are."
        )
    return str(path)


def _convert(config: Config, weights: Weights, info: VoiceInfo, keep_zeros: bool = False) -> bytes:
    with logs.without_converter_notes():
        return tflite.convert_network(config, weights, info, keep_zeros)


def _score(
    voice: KerasVoice,
    model: bytes,
    data: held_out.PathLike,
    seconds: float,
    runtime: str,
    echo: Echo,
) -> Dict[str, Bits]:
    held_out.check_recipe(data, voice.info.mel, "the run")
    exported = Vocoder.load(model, runtime)
    clips = held_out.read(data, seconds=seconds)
    echo("scoring held-out speech by Keras")
    found = {"keras": bits.score_voice(voice, clips)}
    echo(f"scoring it by the op ({exported.runtime})")
    found["op"] = bits.score_voice(exported, clips)
    parity.check(found["keras"].total, found["op"].total, exported.info.weights)
    return found
