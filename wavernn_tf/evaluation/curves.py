"""Learning curves of runs side by side: `python -m wavernn_tf.evaluation.curves RUN... --out FILE`.

Bits per sample of held-out (solid) and training windows (dashed), over the samples seen and over
the minutes of training, from the runs' `metrics.jsonl`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import click
import numpy as np

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation.pictures import GRID


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False))
@click.option("--out", required=True, help="SVG or PNG file.")
@click.option("--label", "labels", multiple=True, help="One for each run; by default its folder.")
def main(runs: Tuple[str, ...], out: str, labels: Tuple[str, ...]) -> None:
    """Draw the learning curves of training runs, and print them at equal samples and minutes."""
    from wavernn_tf.models.run_folder import RunFolder

    names = list(labels) if len(labels) == len(runs) else [Path(run).name for run in runs]
    histories = {}
    for name, run in zip(names, runs):
        histories[name] = RunFolder.at(run).history()
        if not histories[name]:
            raise click.UsageError(f"{run} has no evaluation yet (metrics.jsonl is missing).")
    try:
        draw(histories, Path(out))
    except WaveRNNError as error:
        raise click.UsageError(str(error)) from error
    for name, history in histories.items():
        last = points(history)[-1]
        click.echo(
            f"{name}: {last['samples'] / 1e6:.0f} million samples in {last['minutes']:.1f} "
            f"minutes, {last['held_out']:.3f} bits held out, {last['train']:.3f} in training"
        )


def points(history: Sequence[Mapping[str, Any]]) -> List[Dict[str, float]]:
    """Rows of a run's log as samples seen, minutes of training, and bits per sample."""
    minutes = np.cumsum([row["seconds"] for row in history]) / 60.0
    return [
        {
            "samples": float(row["samples"]),
            "minutes": float(minute),
            "held_out": row["held_out"]["total"],
            "train": row["train"]["total"],
        }
        for row, minute in zip(history, minutes)
    ]


MARK = "wavernn-tf, with Matplotlib"
"""Names the package in a picture's metadata."""


def is_picture(path: Path) -> bool:
    """Whether a picture was drawn by the project (Matplotlib names itself in those it draws)."""
    return files.has_text(path, b"Matplotlib") or files.has_text(path, b"matplotlib")


def draw(histories: Mapping[str, Sequence[Mapping[str, Any]]], out: Path) -> None:
    """Draw the curves of several runs into an SVG or PNG file.

    Raises:
      WaveRNNError: for another kind of file.
    """
    if out.suffix not in (".svg", ".png"):
        raise WaveRNNError(f"Expected an .svg or .png file; got {out}.")
    files.claim_file(out, ours=is_picture)
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9.0, 3.6), sharey=True)
    for axis, key, label, scale in zip(
        axes, ("samples", "minutes"), ("million samples seen", "minutes of training"), (1e6, 1.0)
    ):
        for i, (name, history) in enumerate(histories.items()):
            found = points(history)
            x = [point[key] / scale for point in found]
            color = f"C{i}"
            axis.plot(x, [p["held_out"] for p in found], color=color, label=name)
            axis.plot(x, [p["train"] for p in found], color=color, linestyle="--", linewidth=1)
        axis.set_xlabel(label)
        axis.grid(color=GRID)
    axes[0].set_ylabel("bits per sample")
    axes[0].legend(frameon=False, fontsize=8, title="held out; dashed: training")
    figure.tight_layout()
    with files.replacing(out) as part:
        figure.savefig(
            part,
            format=out.suffix[1:],
            metadata={"Date": None, "Creator": MARK}
            if out.suffix == ".svg"
            else {"Software": MARK},
        )
    pyplot.close(figure)


if __name__ == "__main__":
    main()
