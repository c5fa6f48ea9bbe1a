"""The figures of docs/serving.md: SavedModels by the rows of a request, with XLA and without.

``python -m wavernn_tf.export.benchmark.serving_figures --measured docs/measured/serving.json``
exports a training run, and voices with random weights of its size, plain and Subscale. All take
turns. One long utterance is then spoken in a process of its own, for its memory.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Tuple

import click

from wavernn_tf import logs
from wavernn_tf.export.benchmark import bench, long_utterance, machine, random_voice
from wavernn_tf.export.benchmark.random_voice import Shape

SHAPE = Shape(state=384, proj=128, density=0.05, block="16x1")
"""Of the voices with random weights: about the shipped voice's."""

FORMS = (("while_loop", False), ("XLA", True))
"""Name of a form, and whether it is compiled."""


@click.command()
@click.option("--measured", type=click.Path(dir_okay=False), required=True, help="JSON file.")
@click.option("--run", default="voices/en_ru/run", show_default=True, help="Training run.")
@click.option("--subscale", "folds", type=int, multiple=True, default=(8, 16), show_default=True)
@click.option("--rows", type=int, multiple=True, default=(1, 4, 16, 64), show_default=True)
@click.option("--utterance", default=0.25, show_default=True, help="Seconds of every row.")
@click.option("--run-utterance", type=float, help="The same of --run.  [default: --utterance]")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--long", "long_seconds", default=300.0, show_default=True, help="Seconds.")
def main(
    measured: str,
    run: str,
    folds: Sequence[int],
    rows: Tuple[int, ...],
    utterance: float,
    run_utterance: Optional[float],
    rounds: int,
    long_seconds: float,
) -> None:
    """Measure SavedModels and write the figures as JSON."""
    logs.quiet_tensorflow()
    from wavernn_tf.export.benchmark import saved_models

    machine.claim(measured)
    with tempfile.TemporaryDirectory() as folder:
        paths: Dict[Tuple[str, str], str] = {}
        for form, xla in FORMS:
            paths["run", form] = export_run(run, Path(folder, "run" + form), xla)
            for fold in (1, *folds):
                path = Path(folder, f"{fold}{form}")
                voice = "random, plain" if fold == 1 else f"random, Subscale {fold}"
                paths[voice, form] = random_voice.make_saved_model(_folded(fold), path, xla=xla)
        lengths = {"run": run_utterance or utterance}
        subjects = {
            key: saved_models.SavedModelBench(path, lengths.get(key[0], utterance), rows)
            for key, path in paths.items()
        }
        found = bench.run(subjects, rounds)
        long = long_utterance.measure(paths["run", "XLA"], long_seconds)
    listed = [{"voice": v, "form": f, **figures} for (v, f), figures in found.items()]
    tree: Dict[str, Any] = {
        "run": run,
        "random": {"state": SHAPE.state, "proj": SHAPE.proj, "density": SHAPE.density},
        "saved_models": listed,
        "long_utterance": long,
    }
    machine.write(measured, tree)


def export_run(run: str, path: Path, xla: bool) -> str:
    """Write a training run's voice as a SavedModel, and return the folder of its version."""
    from wavernn_tf.export.serving import saved_model
    from wavernn_tf.models.keras_voice import KerasVoice

    voice = KerasVoice(run)
    return saved_model.save(voice.config, voice.weights, voice.info, path, xla, inputs=[run])


def _folded(fold: int) -> Shape:
    return Shape(SHAPE.state, SHAPE.proj, SHAPE.density, SHAPE.block, subscale=fold)


if __name__ == "__main__":
    main()
