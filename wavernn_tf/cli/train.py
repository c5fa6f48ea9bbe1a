"""`wavernn-tf train`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Tuple

import click

from wavernn_tf.cli import options, show, speech
from wavernn_tf.config import Config


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False))
@click.argument("run", type=click.Path(file_okay=False))
@options.config_options
@click.option("--no-audio", is_flag=True, help="No generated audio in TensorBoard (faster).")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def train(
    data: str,
    run: str,
    preset: Optional[str],
    config_file: Optional[str],
    recipe: Optional[str],
    assignments: Tuple[str, ...],
    no_audio: bool,
    quiet: bool,
) -> None:
    """Train a voice with pruning, or go on where a killed run stopped.

    DATA is a folder made by `wavernn-tf prepare`; RUN gets checkpoints, TensorBoard logs and, at
    the end, the voice. The same command again resumes. Without --preset and --config the default
    sizes are trained on the features that DATA holds.

    \b
    Examples:
      wavernn-tf train data/ run/ --preset demo
      wavernn-tf train data/ run/ --set training.steps=100000 --set model.state_size=384
    """  # noqa: D301 (\b is for click)
    from wavernn_tf.pipelines.manifest import Manifest
    from wavernn_tf.training.run import RunFolder

    Manifest.load(data)
    RunFolder.at(run).claim([data])
    config = _config(data, run, preset, config_file, recipe, assignments)
    with speech.tensorflow_for("Training"):
        speech.quiet()
        from wavernn_tf.evaluation import held_out
        from wavernn_tf.training import trainer
    Manifest.load(data).check(config)
    uniform, histogram = held_out.baselines(data, held_out.read(data, seconds=60.0))
    click.echo(
        f"bits per sample to expect on this data: {uniform.total:g} by chance, "
        f"{histogram.total:.2f} for a histogram that knows no context; the voice should be below "
        f"{histogram.total:.1f} within some hundred steps, and 1 to 3 bits below it in the end. "
        "Stuck at or above it: look for noise in the recordings or a wrong rate."
    )
    finished = trainer.train(data, run, config, quiet=quiet, audio=not no_audio, echo=click.echo)
    history = finished.history()
    if history:
        last = history[-1]
        found = {split: last[split] for split in ("train", "held_out")}
        show.table(
            [f"bits per sample, step {last['step']}", "total", "coarse", "fine"],
            [
                [k.replace("_", " "), *(f"{v[n]:.4f}" for n in ("total", "coarse", "fine"))]
                for k, v in found.items()
            ],
        )
        for name, share in last["sparsity"].items():
            click.echo(f"  {name}: {100 * share:.2f} % zero blocks")
    click.echo(f"voice: {finished.voice}")
    click.echo(f"next: wavernn-tf export tflite {run} voice.tflite")


def _config(
    data: str,
    run: str,
    preset: Optional[str],
    config_file: Optional[str],
    recipe: Optional[str],
    assignments: Tuple[str, ...],
) -> Config:
    """The configuration asked for; else that of the run there is; else one that fits the data."""
    from wavernn_tf.pipelines.manifest import Manifest
    from wavernn_tf.training.run import RunFolder

    if not any((preset, config_file, recipe, assignments)) and (Path(run) / "config.yaml").exists():
        return RunFolder.at(run).config()
    manifest = Manifest.load(data)
    fitting = Config(mel=manifest.mel, signal=manifest.signal)
    return options.make_config(preset, config_file, recipe, assignments, fitting)
