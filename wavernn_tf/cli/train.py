"""`wavernn-tf train`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Tuple

import click

from wavernn_tf import extras, logs
from wavernn_tf.cli import options, show
from wavernn_tf.config import Config


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False))
@click.argument("run", type=click.Path(file_okay=False))
@options.config_options
@click.option("--no-audio", is_flag=True, help="No generated audio in TensorBoard (faster).")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option(
    "--extend",
    is_flag=True,
    help="Go on with another number of steps or learning rate than the run had.",
)
@click.option(
    "--init",
    metavar="RUN",
    type=click.Path(exists=True, file_okay=False),
    help="Finished run whose weights a new one starts from; of the same sizes.",
)
@click.option(
    "--strategy",
    type=click.Choice(["one", "multi-worker"]),
    default="one",
    show_default=True,
    help="Train in one process, or in one of several that TF_CONFIG lists (docs/clusters.md).",
)
@extras.needed_for("Training")
def train(
    data: str,
    run: str,
    preset: Optional[str],
    config_file: Optional[str],
    recipe: Optional[str],
    assignments: Tuple[str, ...],
    no_audio: bool,
    quiet: bool,
    extend: bool,
    init: Optional[str],
    strategy: str,
) -> None:
    """Train a voice with pruning, or go on where a killed run stopped.

    DATA is a folder made by `wavernn-tf prepare`; RUN gets checkpoints, TensorBoard logs and, at
    the end, the voice. The same command again resumes. Without --preset and --config the default
    sizes are trained on the features that DATA holds.

    \b
    Examples:
      wavernn-tf train data/ run/ --preset demo
      wavernn-tf train data/ run/ --set training.steps=100000 --set pruning.end_step=80000
      wavernn-tf train data/ run/ --set training.steps=150000 --extend
      wavernn-tf train other_data/ new_run/ --init run/
    """  # noqa: D301 (\b is for click)
    from wavernn_tf.models.run_folder import RunFolder
    from wavernn_tf.pipelines.manifest import Manifest

    Manifest.load(data)
    RunFolder.at(run).claim([data])
    config = _config(data, run, preset, config_file, recipe, assignments, extend, init)
    logs.quiet_tensorflow()
    from wavernn_tf.training import trainer
    from wavernn_tf.training import workers as workers_lib

    if strategy != "one":
        show.note("waiting for the other workers")
    workers = workers_lib.join(strategy)
    Manifest.load(data).check(config)
    echo = click.echo if workers.chief else _silent
    if workers.chief:
        _tell_what_to_expect(data)
    finished = trainer.train(
        data,
        run,
        config,
        quiet=quiet,
        audio=not no_audio,
        echo=echo,
        extend=extend,
        init=init,
        workers=workers,
    )
    if not workers.chief:
        return
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


def _tell_what_to_expect(data: str) -> None:
    from wavernn_tf.evaluation import held_out

    uniform, histogram = held_out.baselines(data, held_out.read(data, seconds=60.0))
    click.echo(
        f"bits per sample to expect on this data: {uniform.total:g} by chance, "
        f"{histogram.total:.2f} for a histogram that knows no context; the voice should be below "
        f"{histogram.total:.1f} within some hundred steps, and 1 to 3 bits below it in the end. "
        "Stuck at or above it: look for noise in the recordings or a wrong rate."
    )


def _silent(line: str) -> None:
    """What a worker that is not the chief says."""


def _config(
    data: str,
    run: str,
    preset: Optional[str],
    config_file: Optional[str],
    recipe: Optional[str],
    assignments: Tuple[str, ...],
    extend: bool = False,
    init: Optional[str] = None,
) -> Config:
    """The configuration asked for; else that of the run there is; else one that fits the data.

    With `extend` single values are those of the run, and with `init` those of the other run, unless
    a preset or file is named.
    """
    from wavernn_tf.models.run_folder import RunFolder
    from wavernn_tf.pipelines.manifest import Manifest

    if not any((preset, config_file, recipe, assignments)) and (Path(run) / "config.yaml").exists():
        return RunFolder.at(run).config()
    base = run if extend and (Path(run) / "config.yaml").exists() else init
    if base is not None and not any((preset, config_file)):
        return options.make_config(None, None, recipe, assignments, RunFolder.at(base).config())
    manifest = Manifest.load(data)
    fitting = Config(mel=manifest.mel, signal=manifest.signal)
    return options.make_config(preset, config_file, recipe, assignments, fitting)
