"""`wavernn-tf inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Mapping

import click

from wavernn_tf import extras, logs
from wavernn_tf.cli import options, show
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving import versions
from wavernn_tf.prediction import postfilter
from wavernn_tf.voice import metadata, shipped
from wavernn_tf.voice.metadata import VoiceInfo

_LONG = ("feature_mean", "feature_std")


@click.command()
@click.argument("path")
@options.json_option
def inspect(path: str, as_json: bool) -> None:
    """Say what a file or folder is.

    PATH is a .tflite voice or the name of a shipped one, a SavedModel, a training run or prepared
    data: sizes, sample rate, mel recipe, sparsity, bits per sample, how far a stream's audio lags
    behind its features, and whatever else it records of itself.

    \b
    Examples:
      wavernn-tf inspect voice.tflite
      wavernn-tf inspect data/ --json
    """  # noqa: D301 (\b is for click)
    tree = describe(shipped.resolve(path))
    if as_json:
        show.as_json(tree)
        return
    for line in _lines(tree):
        click.echo(line)


def describe(path: Path) -> Dict[str, Any]:
    """What `path` is, as a plain tree with the key `kind`.

    Raises:
      WaveRNNError: if it is nothing of ours.
    """
    if path.is_file():
        return _tflite(path)
    saved = versions.newest(path)
    if saved is not None:
        return _saved_model(path, saved)
    if (path / "config.yaml").is_file():
        return _run(path)
    if (path / "manifest.json").is_file():
        return _data(path)
    raise WaveRNNError(
        "Expected a .tflite voice, a SavedModel, a training run or prepared data; "
        f"{path} {'is none of them' if path.exists() else 'does not exist'}."
    )


def _tflite(path: Path) -> Dict[str, Any]:
    info = metadata.read(path.read_bytes())
    return {"kind": "tflite", "bytes": path.stat().st_size, **_voice(info)}


def _saved_model(path: Path, version: Path) -> Dict[str, Any]:
    with extras.needed_for("Inspecting a SavedModel"):
        logs.quiet_tensorflow()
        from wavernn_tf.export.serving import saved_model
    info = saved_model.read_info(version)
    total = sum(p.stat().st_size for p in version.rglob("*") if p.is_file())
    found = [str(n) for n in sorted(versions.find(path))] or [version.name]
    numbers = {"version": version.name, "versions": ", ".join(found)}
    return {"kind": "saved_model", **numbers, "bytes": total, **_voice(info)}


def _voice(info: VoiceInfo) -> Dict[str, Any]:
    """The description, and what follows from it for a stream."""
    rate, subscale = info.mel.sample_rate, info.subscale
    position_ms = 1000 * subscale.batch / rate
    streaming: Dict[str, float] = {
        "lookahead_ms": 1000 * info.frames_after * info.mel.hop_length / rate,
        "samples_per_step": subscale.batch,
    }
    delay = postfilter.delay(info.signal, rate)
    if delay:
        streaming["postfilter_delay_ms"] = 1000 * delay / rate
    if subscale.batch > 1:
        streaming["steps_per_second_of_audio"] = rate / subscale.batch
        streaming["steps_until_all_run"] = (subscale.batch - 1) * subscale.stagger
        streaming["latency_ms"] = 1000 * subscale.latency / rate
        streaming["network_sees_ms_before"] = subscale.past * position_ms
        streaming["network_sees_ms_after"] = subscale.future * position_ms
    return {**metadata.as_dict(info), "streaming": streaming}


def _run(path: Path) -> Dict[str, Any]:
    from wavernn_tf import config as configuration
    from wavernn_tf.models.run_folder import RunFolder

    run = RunFolder.at(path)
    config, history = run.config(), run.history()
    done = history[-1]["step"] if history else 0
    return {
        "kind": "training run",
        "finished": run.voice.is_file(),
        **_pitch(run.pitch),
        "steps": f"{done} of {config.training.steps}",
        "last_evaluation": history[-1] if history else None,
        "config": configuration.to_dict(config),
        "mel_fingerprint": config.mel.fingerprint,
        "data": {k: v for k, v in run.data().items() if k not in _LONG},
    }


def _pitch(path: Path) -> Dict[str, Any]:
    """What the pitch estimator of a run reached, if it has one."""
    if not path.is_file():
        return {}
    with extras.needed_for("Inspecting a run with a pitch estimator"):
        logs.quiet_tensorflow()
        from wavernn_tf.training import pitch_stage
    found = pitch_stage.load(path)
    return {
        "pitch_estimator": {
            "held_out_voiced_frames_within_one_class": found.accuracy,
            "held_out_frames_rightly_voiced_or_unvoiced": found.voicing,
        }
    }


def _data(path: Path) -> Dict[str, Any]:
    from wavernn_tf import config as configuration
    from wavernn_tf.pipelines.manifest import Manifest

    manifest = Manifest.load(path)
    splits = {
        name: {
            "utterances": len(split.utterances),
            "minutes": round(60 * split.hours, 3),
            "shards": len(split.shards),
        }
        for name, split in (("train", manifest.train), ("held_out", manifest.held_out))
    }
    return {
        "kind": "prepared data",
        "corpus": manifest.corpus,
        "features": manifest.features,
        "mel": configuration.to_dict(manifest.mel),
        "mel_fingerprint": manifest.mel.fingerprint,
        "signal": configuration.to_dict(manifest.signal),
        **splits,
        "skipped": [{"id": s.id, "reason": s.reason} for s in manifest.skipped],
        "feature_mean": list(manifest.feature_mean),
        "feature_std": list(manifest.feature_std),
    }


def _lines(tree: Mapping[str, Any], indent: str = "") -> Any:
    """A tree for people: one line a value; long lists are only counted."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list) and (len(value) > 8 or key in _LONG):
            yield f"{indent}{key}: {len(value)} values (see --json)"
        else:
            shown = f"{value:.6g}" if isinstance(value, float) else value
            yield f"{indent}{key}: {shown}"
