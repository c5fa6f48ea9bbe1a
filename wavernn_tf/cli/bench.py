"""`wavernn-tf bench`."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import click

from wavernn_tf import logs
from wavernn_tf.cli import options, show, speech
from wavernn_tf.config.matrices import BLOCK_SHAPES
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.benchmark import bench as library
from wavernn_tf.export.benchmark.bench import ROUND_SECONDS, Speech, Subject
from wavernn_tf.export.benchmark.dense_baseline import FORMS
from wavernn_tf.export.format.packing import WEIGHT_TYPES


@click.command()
@click.argument("voices", nargs=-1)
@click.option("--state", type=int, help="Units of the GRU, a multiple of 32.  [default: 1024]")
@click.option("--proj", type=int, help="Units of the heads, a multiple of 16.  [default: 512]")
@click.option("--density", type=float, help="Share of blocks kept.  [default: 0.05]")
@click.option("--block", type=click.Choice(list(BLOCK_SHAPES)), help="[default: 4x4]")
@click.option("--weights", type=click.Choice(list(WEIGHT_TYPES)), help="[default: float32]")
@click.option(
    "--subscale",
    type=click.Choice(["2", "4", "8", "16"]),
    callback=lambda ctx, param, value: value and int(value),
    help="Samples per step: Subscale WaveRNN, beside the plain one with the same matrices.",
)
@click.option("--horizon", type=int, help="F of --subscale.  [default: 14]")
@click.option(
    "--prediction",
    is_flag=True,
    default=None,
    help="Linear and pitch prediction in front of the network, beside the plain one.",
)
@click.option(
    "--saved-model",
    "saved_models",
    multiple=True,
    help="Time a SavedModel instead, or a training run exported with XLA and without, by the rows "
    "of a request.  [may be repeated]",
)
@click.option(
    "--rows",
    default="1,4,16,64",
    show_default=True,
    help="With --saved-model: rows of a request.",
)
@click.option(
    "--utterance",
    type=click.FloatRange(0.1),
    help="Seconds of speech in every row of --saved-model.  [default: 1]  With --subscale: also "
    "time both as SavedModels, on an utterance of so many seconds.",
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Streams in one call of the op.",
)
@click.option("--isa", help="Only this instruction set.  [default: all of this machine]")
@click.option("--dense/--no-dense", default=True, help="Also time the same sizes in stock TFLite.")
@click.option(
    "--rounds", type=click.IntRange(1), default=7, show_default=True, help="Interleaved rounds."
)
@click.option(
    "--round-seconds",
    type=click.FloatRange(0.01),
    default=0.3,
    show_default=True,
    help="Computing time per round and row, about.",
)
@options.runtime_option
@options.json_option
def bench(
    voices: Tuple[str, ...],
    saved_models: Tuple[str, ...],
    rows: str,
    utterance: Optional[float],
    batch: int,
    isa: Optional[str],
    dense: bool,
    rounds: int,
    round_seconds: float,
    runtime: str,
    as_json: bool,
    **shape: Any,
) -> None:
    """Measure how fast voices run on this machine.

    VOICES are .tflite files, SavedModels or training runs. Without any, a voice of the shape that
    the options from --state to --prediction give is timed, with random weights. A .tflite voice
    runs on every instruction set, beside the same sizes as a dense network in stock TFLite ops. All
    take turns, round by round, on random features of the right scale; medians over the rounds
    count.

    "x floor" is the time per sample over the time to read the non-zero weights once from cache, as
    float32. A speed of 4 makes four seconds of audio in one second, over all streams together.

    \b
    Examples:
      wavernn-tf bench --state 1024 --proj 512 --density 0.05 --batch 4
      wavernn-tf bench --subscale 16 --block 16x1 --weights int8 --json
      wavernn-tf bench voice.tflite saved_model/ --rounds 15 --json
      wavernn-tf bench --saved-model run/ --rows 1,16 --rounds 5
    """  # noqa: D301 (\b is for click)
    from wavernn_tf.export.benchmark.op import OpBench

    shape = {name: value for name, value in shape.items() if value is not None}
    if saved_models:
        if voices or shape:
            other = voices[0] if voices else f"--{next(iter(shape))}"
            raise click.UsageError(f"--saved-model is timed alone: leave out {other}.")
        _bench_saved_models(saved_models, _numbers(rows), utterance or 1.0, rounds, as_json)
        return
    if voices and shape:
        raise click.UsageError(f"--{next(iter(shape))} is for random weights: leave out VOICES.")
    if utterance is not None and "subscale" not in shape:
        raise click.UsageError("--utterance goes with --subscale or --saved-model.")
    subjects: Dict[str, Any] = {}
    logs.quiet_tensorflow()

    def add_op(label: str, model: bytes, dense: bool = dense) -> None:
        show.note(f"preparing {label}")
        isas = () if isa is None else (isa,)
        subjects[label] = OpBench(
            model, runtime, batch, isas, dense=dense, round_seconds=round_seconds
        )

    random = {} if voices else _random_shapes(shape)
    plain_of: Dict[str, str] = {}  # of the labels of Subscale WaveRNNs
    for form in ("", ", SavedModel") if utterance else ("",):
        labels = [label + form for label in random]
        plain_of.update(zip(labels[:-1], labels[1:]))
        for label, each in zip(labels, random.values()):
            if form:
                show.note(f"preparing {label}")
                subjects[label] = _random_saved_model(each, utterance)
            else:
                add_op(label, _random_voice(each), dense and not subjects)
    for path in dict.fromkeys(voices):
        if Path(path).is_file():
            add_op(path, Path(path).read_bytes())
        elif isa is not None or batch > 1:
            raise WaveRNNError(f"--isa and --batch are for .tflite voices; {path} is none.")
        else:
            subjects[path] = _Other(path, round_seconds)
    with show.bar(rounds * sum(len(s.bodies) for s in subjects.values()), "measuring") as bar:
        found = library.run(subjects, rounds, bar.update)
    for label, plain in plain_of.items():
        speedup = found[plain]["us_per_sample"] / found[label]["us_per_sample"]
        found[label]["speedup_over_plain"] = speedup
    notes = list(dict.fromkeys(note for s in subjects.values() for note in s.notes))
    if as_json:
        tree = {"machine": library.machine(), "notes": notes}
        show.as_json({**tree, **({"voices": found} if voices else _beside_plain(found, plain_of))})
    else:
        _print_all(found, rounds, notes)


def _numbers(text: str) -> List[int]:
    """The numbers of rows that `--rows` lists."""
    parts = text.split(",")
    if not all(part.strip().isdigit() and int(part) for part in parts):
        raise click.BadParameter(f"expected --rows to be numbers, as 1,4,16; got {text!r}.")
    return [int(part) for part in parts]


def _bench_saved_models(
    paths: Sequence[str], batches: Sequence[int], seconds: float, rounds: int, as_json: bool
) -> None:
    """Time SavedModels side by side, by the rows of a request."""
    with speech.tensorflow_for("Timing SavedModels"):
        logs.quiet_tensorflow()
        from wavernn_tf.export.benchmark import saved_models as served
    with tempfile.TemporaryDirectory() as folder:
        forms: Dict[str, str] = {}
        for i, path in enumerate(dict.fromkeys(paths)):
            run = (Path(path) / "config.yaml").is_file()
            show.note(f"{'exporting' if run else 'preparing'} {path}")
            made = served.forms_of(path, Path(folder, str(i))) if run else {path: path}
            forms.update(made)
        subjects = {
            label: served.SavedModelBench(path, seconds, batches) for label, path in forms.items()
        }
    with show.bar(rounds * len(subjects) * len(batches), "measuring") as bar:
        found = library.run(subjects, rounds, bar.update)
    ratios, peak = served.paper_ratio(found), served.peak_memory_mb()
    if as_json:
        tree = {"machine": library.machine(), "peak_memory_mb": peak, "saved_models": found}
        show.as_json({**tree, "samples_per_second_over_paper": ratios})
        return
    head = ["SavedModel", "rows", "us/sample", "CPU us/sample", "samples/s", "x real time"]
    show.table([*head, "slowest/median", "first call, s"], served.rows(found))
    for label, ratio in ratios.items():
        click.echo(f"{label}: {ratio:.2f} times the paper's 96,000 samples/s at batch 1")
    click.echo(f"median of {rounds} rounds on {library.machine()['processor']}")
    click.echo(f"peak memory: {peak:.0f} MB")


def _print_all(found: Mapping[str, Any], rounds: int, notes: Sequence[str]) -> None:
    for label, voice in found.items():
        click.echo(label)
        _print(voice)
    for label, voice in found.items():
        if "speedup_over_plain" in voice:
            speedup = voice["speedup_over_plain"]
            click.echo(f"{label}: {speedup:.2f} times the plain WaveRNN's speed")
    click.echo(f"median of {rounds} rounds on {library.machine()['processor']}")
    for note in notes:
        click.echo(f"note: {note}")


class _Other(Subject[Dict[str, Any]]):
    """A voice that is no .tflite file."""

    notes: Tuple[str, ...] = ()

    def __init__(self, path: str, round_seconds: float, utterance: Optional[float] = None) -> None:
        from wavernn_tf.export.voices import open_voice

        with speech.tensorflow_for("This voice"):
            voice = open_voice(path)
        self._runtime, self._speech = voice.runtime, Speech(voice, round_seconds, utterance)
        self.bodies = self._speech.bodies

    def summary(self, times: Mapping[Any, Any]) -> Dict[str, Any]:
        """See `Subject`."""
        return {"runtime": self._runtime, **self._speech.summary(times).as_dict()}


def _random_shapes(shape: Mapping[str, Any]) -> Dict[str, Any]:
    """The shape by a label for people; after Subscale or prediction the plain one."""
    from wavernn_tf.export.benchmark import random_voice

    checked = random_voice.Shape(**shape)
    plain = dataclasses.replace(checked, subscale=1, prediction=False)
    return {_label(each): each for each in (checked, plain)}


def _label(shape: Any) -> str:
    sizes = f"state {shape.state}, projection {shape.proj}, {100 * shape.density:g} %"
    form = f"{shape.block}, {shape.weights}"
    samples = f", subscale {shape.subscale}" if shape.subscale > 1 else ""
    prediction = ", prediction" if shape.prediction else ""
    return f"{sizes}, {form}{samples}{prediction}"


def _random_voice(shape: Any) -> bytes:
    """The contents of the .tflite file."""
    from wavernn_tf.export.benchmark import random_voice

    with speech.tensorflow_for("Timing random weights"):
        return random_voice.make(shape)


def _random_saved_model(shape: Any, utterance: Optional[float]) -> _Other:
    from wavernn_tf.export.benchmark import random_voice

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "voice")
        random_voice.make_saved_model(shape, path)
        return _Other(path, ROUND_SECONDS, utterance)


def _beside_plain(found: Mapping[str, Any], plain_of: Mapping[str, str]) -> Dict[str, Any]:
    """The figures of a random voice; of a Subscale WaveRNN with the plain one's, by form."""
    forms = [{**found[label], "plain": found[plain]} for label, plain in plain_of.items()]
    if not forms:
        return next(iter(found.values()))
    return {**forms[0], "saved_model": forms[1] if len(forms) > 1 else None}


def _print(voice: Mapping[str, Any]) -> None:
    """Print the table of one voice."""
    stages = list(voice.get("stages_us") or ())
    batch = voice.get("batch", 1)
    every = f"{voice['runtime']}, {batch} streams" if batch > 1 else voice["runtime"]
    rows = [_row(f.get("isa", every), f, stages) for f in voice.get("isas", [voice])]
    dense = voice.get("dense_tflite") or {}
    for form in (f for f in FORMS if f in dense):
        by = " (XNNPACK)" if dense[form]["xnnpack"] else ""
        rows.append(_row(f"dense TFLite, {form}{by}", dense[form], stages))
    if voice.get("read_floor_us"):
        floor = ["read floor", f"{voice['read_floor_us']:.2f}", "", "", "1.00"]
        rows.append(floor + [""] * len(stages))
    show.table([every, "us/sample", "samples/s", "speed", "x floor", *stages], rows)


def _row(label: str, timed: Mapping[str, Any], stages: Sequence[str]) -> List[str]:
    ratio, parts = timed.get("ratio_to_floor"), timed.get("stages_us") or {}
    return [
        label,
        f"{timed['us_per_sample']:.2f}",
        f"{timed['samples_per_second']:.0f}",
        show.speed(timed["real_time_factor"]),
        "" if ratio is None else f"{ratio:.2f}",
        *(f"{parts[name]:.2f}" if parts else "" for name in stages),
    ]
