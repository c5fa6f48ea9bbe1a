"""The whole main job on the speech shipped with the repository; `make demo` runs it.

First the voice that comes with the package: its training run exported as a .tflite file with our op
and as a SavedModel; speech that it has never heard scored and spoken by all of them; a table, and
files in the output folder. Then the same with a small voice that is trained here, on two minutes of
speech (`make demo-train` does this part alone).
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any, Dict, List

import click
import numpy as np

from wavernn_tf import logs
from wavernn_tf.cli import show
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.voice import shipped

_ROOT = Path(__file__).resolve().parent.parent
SPEECH = _ROOT / "tests" / "data" / "speech"
SHIPPED = _ROOT / "voices" / shipped.DEFAULT
"""The finished run of the shipped voice, `run`, and recordings that it never saw, `held_out`."""
CLIPS = "ru_0063", "en_vm-marked-urgent"
"""The held-out recordings that are spoken, by the small and by the shipped voice."""
REFERENCE_SAMPLES = 4000
"""Samples of it that the NumPy transcription generates too, with the same seed."""
SEED = 1
NARROW = ("bfloat16", "int16", "int8")
"""Weight types that the voice is exported in, beside float32."""
PERCENT, PERCENT_INT8 = 0.1, 0.25
"""How far the bits per sample of a form may be from Keras's."""


@click.command()
@click.option("--speech", "source", default=str(SPEECH), help="Folder of recordings.")
@click.option("--out", default="out/demo", show_default=True, help="Where the files go.")
@click.option("--preset", default="demo", show_default=True, help="Configuration.")
@click.option("--steps", type=int, help="Train so many steps instead of the preset's.")
@click.option("--train-only", is_flag=True, help="Leave out the shipped voice.")
def demo(source: str, out: str, preset: str, steps: int, train_only: bool) -> None:
    """Speak with the shipped voice, then train, prune and export one; compare every form."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # as the command line does
    started = time.monotonic()
    logs.quiet_tensorflow()
    try:
        data = prepare_speech(Path(source), Path(out), preset)
        summaries = [] if train_only else [speak(data, Path(out) / "shipped")]
        summaries.append(train_and_speak(data, Path(out), preset, steps))
    except WaveRNNError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"{time.monotonic() - started:.0f} s in all; files in {out}/")
    if not all(summary["agreement"]["within_limits"] for summary in summaries):
        raise SystemExit("The forms of the voice do not agree.")


def prepare_speech(source: Path, out: Path, preset: str) -> Path:
    """Recordings to features; returns the folder of prepared data."""
    from wavernn_tf import config as configuration
    from wavernn_tf.pipelines import corpora, prepare

    config = configuration.load(preset)
    click.echo("1. prepare recorded speech")
    prepare.prepare(corpora.folder(source), out / "data", config.mel, config.signal)
    return out / "data"


def speak(data: Path, out: Path) -> Dict[str, Any]:
    """The shipped voice in all its forms; returns the tree of shipped/summary.json.

    Args:
      data: prepared speech, for the histogram that bits are compared with.
      out: where the files go.
    """
    from wavernn_tf.evaluation import quality
    from wavernn_tf.export.voices import Vocoder

    click.echo("2. the shipped voice: export it, score and speak speech that it has never heard")
    out.mkdir(exist_ok=True)
    exported, voices = export(SHIPPED / "run", out, data)
    voices["shipped"] = Vocoder.load(shipped.card(shipped.DEFAULT).path)
    clips = quality.read_recordings([SHIPPED / "held_out"], voices["shipped"].info.mel)
    return summarise(exported, voices, clips, data, SHIPPED / "run", out)


def train_and_speak(data: Path, out: Path, preset: str, steps: int = 0) -> Dict[str, Any]:
    """Train a small voice; returns the tree of summary.json."""
    from wavernn_tf import config as configuration
    from wavernn_tf.evaluation import held_out
    from wavernn_tf.models.run_folder import RunFolder
    from wavernn_tf.training import trainer

    config = configuration.load(preset)
    if steps:
        config = configuration.override(config, {"training.steps": steps})
    trained = out / "run"
    click.echo("3. train a small voice, pruning from scratch")
    if RunFolder.at(trained).voice.exists():
        # A finished run of an earlier demo; an unfinished one goes on, and another one is kept.
        if RunFolder.at(trained).data()["path"] != str(data.resolve()):
            raise WaveRNNError(f"{trained} holds a run on other data: choose another --out.")
        shutil.rmtree(trained)
    trainer.train(data, trained, config, audio=False)
    click.echo("4. export it, score and speak held-out speech")
    exported, voices = export(trained, out, data)
    return summarise(exported, voices, held_out.read(data), data, trained, out)


def summarise(
    exported: Any, voices: Any, clips: List[Any], data: Path, trained: Path, out: Path
) -> Dict[str, Any]:
    """Measure the forms of a voice, write OUT/summary.json and print it."""
    from wavernn_tf.export.benchmark import machine
    from wavernn_tf.export.serving.versions import newest

    summary = {**machine.stamp(), **measure(voices, clips, data, trained, out)}
    summary["file_bytes"] = {
        "tflite": exported.file_bytes,
        "tflite_dense": exported.dense_bytes,
        **{f"tflite_{w}": (out / f"model_{w}.tflite").stat().st_size for w in NARROW},
        "saved_model": sum(p.stat().st_size for p in newest(out / "saved_model").rglob("*.*")),
    }
    (out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print_table(summary)
    return summary


def export(trained: Path, out: Path, data: Path) -> Any:
    """Export both forms; returns what was exported, and the voices by label, Keras first."""
    from wavernn_tf.export import exporter as pipeline
    from wavernn_tf.export.runtime import Vocoder
    from wavernn_tf.export.voices import open_voice
    from wavernn_tf.models.keras_voice import KerasVoice

    exported = pipeline.to_tflite(trained, out / "model.tflite", data, echo=click.echo)
    for weights in NARROW:
        path = out / f"model_{weights}.tflite"
        pipeline.to_tflite(trained, path, data, time=False, weight_type=weights, echo=click.echo)
    version = pipeline.to_saved_model(trained, out / "saved_model")
    voices = {
        "keras": KerasVoice(trained),
        "tflite_litert": Vocoder.load(out / "model.tflite", "litert"),
        "tflite_tf": Vocoder.load(out / "model.tflite", "tensorflow"),
        **{f"tflite_{w}": Vocoder.load(out / f"model_{w}.tflite", "litert") for w in NARROW},
        "saved_model": open_voice(version),
    }
    return exported, voices


def measure(voices: Any, clips: List[Any], data: Path, trained: Path, out: Path) -> Dict[str, Any]:
    """Score, speak and time; writes the sound, the picture and the report."""
    from wavernn_tf.evaluation import evaluate, pictures, report
    from wavernn_tf.export.benchmark import bench
    from wavernn_tf.export.runtime import write_wav
    from wavernn_tf.models.run_folder import RunFolder

    samples = sum(len(c.audio) for c in clips) * len(voices)
    with show.bar(samples, "scoring") as bar:
        scored = evaluate.evaluate(voices, data, clips, bar.update)
    rate = scored.sample_rate
    clip = next((c for c in clips if c.id in CLIPS), clips[0])
    speaking = {k: v for k, v in voices.items() if k in ("tflite_litert", "saved_model")}
    with show.bar(len(clip.audio) * len(speaking), "speaking") as bar:
        spoken = evaluate.compare(speaking, [clip], SEED, progress=bar.update)
    tracks = dict(zip(("original", "tflite", "saved_model"), spoken[0].tracks.values()))
    for name, audio in tracks.items():
        write_wav(out / f"{name}.wav", audio, rate)
    pictures.spectrogram_png(out / "spectrogram.png", tracks, rate)
    history = RunFolder.at(trained).history()
    report.write(out / "report.html", scored, spoken, history, "wavernn-tf demo")
    timed = {k: v for k, v in voices.items() if k != "keras"}
    timings = bench.measure(timed, rounds=5)
    bits = {label: found.total for label, found in scored.bits.items()}
    differences = {label: scored.difference(label) for label in bits}
    return {
        "bits_per_sample": {
            **bits,
            "uniform": scored.uniform.total,
            "histogram": scored.histogram.total,
        },
        "agreement": {
            "difference_percent": differences,
            "within_limits": all(
                abs(d) <= (PERCENT_INT8 if label.endswith("int8") else PERCENT)
                for label, d in differences.items()
            ),
            "same_samples_as_numpy": compare_with_numpy(
                voices["keras"], out / "model.tflite", clip
            ),
        },
        "sparsity": voices["tflite_litert"].info.sparsity,
        "real_time_factor": {k: t.real_time_factor for k, t in timings.items()},
        "seconds_scored": scored.seconds,
        "history": [
            {"step": row["step"], **{k: row[k]["total"] for k in ("train", "held_out")}}
            for row in history
        ],
    }


def compare_with_numpy(keras: Any, model: Path, clip: Any) -> Dict[str, Any]:
    """The op's samples against the NumPy transcription's, in float64, with the same seed.

    Neither runs a postfilter. They may part where a uniform number falls within float32 rounding of
    the boundary between two classes: then the distance is told.
    """
    from wavernn_tf.export.runtime import Vocoder
    from wavernn_tf.generation.reference import Reference
    from wavernn_tf.voice import inputs

    audio = Vocoder.load(model, postfilter=False).synthesize(clip.mel, SEED)
    reference = Reference(keras.config, keras.weights)
    padded = inputs.pad_edges(clip.mel, keras.info)
    draws = reference.generate(padded, SEED, limit=REFERENCE_SAMPLES)
    differ = np.flatnonzero(draws.audio != audio[: len(draws.audio)])
    result: Dict[str, Any] = {"compared": len(draws.audio), "equal": len(draws.audio)}
    if len(differ):
        first = int(differ[0])
        result.update(equal=first, distance_from_boundary=float(draws.margin[first].min()))
    return result


def print_table(summary: Dict[str, Any]) -> None:
    """Print the summary."""
    bits, factors = summary["bits_per_sample"], summary["real_time_factor"]
    differences = summary["agreement"]["difference_percent"]
    rows = []
    for label, value in bits.items():
        difference = f"{differences[label]:+.4f} %" if label in differences else ""
        factor = f"{factors[label]:.2f} x" if label in factors else ""
        rows.append([label, f"{value:.4f}", difference, factor])
    click.echo()
    show.table(["held-out speech", "bits/sample", "to Keras", "real time"], rows)
    click.echo()
    shares = summary["sparsity"].items()
    show.table(["matrix", "zero blocks"], [[name, f"{100 * z:.2f} %"] for name, z in shares])
    click.echo()
    sizes = summary["file_bytes"].items()
    show.table(["file", "bytes"], [[name, f"{size:,}"] for name, size in sizes])
    same = summary["agreement"]["same_samples_as_numpy"]
    line = f"op = NumPy transcription, same seed: {same['equal']} of {same['compared']} samples"
    if "distance_from_boundary" in same:
        distance = same["distance_from_boundary"]
        line += f"; then a draw {distance:.1e} from the boundary of two classes fell differently"
    click.echo(f"\n{line}")


if __name__ == "__main__":
    demo()
