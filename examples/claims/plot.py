"""Draw docs/measured/claims.json.

    python -m examples.claims.plot docs/measured/claims.json docs/pictures

Writes claims_<group>.svg for every group of the list that has a judged run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict, List

import click
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from wavernn_tf import files
from wavernn_tf.evaluation.curves import MARK, is_picture
from wavernn_tf.evaluation.pictures import GRID

Tree = Dict[str, Any]


def prediction(axis: Any, rows: List[Tree]) -> None:
    """Held-out bits over the samples seen."""
    for row in rows:
        x = [point["samples"] / 1e6 for point in row["curve"]]
        y = [point["held_out"] for point in row["curve"]]
        axis.plot(x, y, marker=".", label=row["name"])
    axis.set_xlabel("million samples seen")
    axis.legend(frameon=False, fontsize=8)


def size(axis: Any, rows: List[Tree]) -> None:
    """Bits of as many weights in fewer or more units."""
    axis.plot([row["state"] for row in rows], [row["bits"]["total"] for row in rows], marker="o")
    for row in rows:
        zeros = f"{100 * row['sparsity']['R_u']:.0f} % zeros"
        at = row["state"], row["bits"]["total"]
        axis.annotate(zeros, at, xytext=(6, 6), textcoords="offset points", fontsize=8)
    axis.margins(x=0.2, y=0.2)
    axis.set_xlabel("units of the state; as many weights that are not zero")


def sparsity(axis: Any, rows: List[Tree]) -> None:
    """Bits against the share of zeros; other block shapes beside."""
    named = {"16x1": [r for r in rows if r["name"].startswith("zeros-")]}
    named.update({r["name"].split("-")[1]: [r] for r in rows if r["name"].startswith("block-")})
    for block, found in named.items():
        line = sorted((100 * row["sparsity"]["R_u"], row["bits"]["total"]) for row in found)
        if line:
            axis.plot(*zip(*line), marker="o", label=block)
    axis.set_xlabel("zero blocks in the gates, %")
    axis.legend(frameon=False, fontsize=8, title="block")


FIGURES: Dict[str, Callable[[Any, List[Tree]], None]] = {
    f.__name__: f for f in (prediction, size, sparsity)
}
"""What is drawn of a group, by the group's name."""


def draw(rows: List[Tree], group: str, out: Path) -> None:
    """Draw a group into an SVG file.

    Args:
      rows: its runs, from claims.json.
      group: its name.
      out: the file.
    """
    files.claim_file(out, ours=is_picture)
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    FIGURES[group](axis, rows)
    axis.set_ylabel("bits per sample, held out")
    axis.grid(color=GRID)
    with files.replacing(out) as part:
        figure.savefig(part, format="svg", metadata={"Date": None, "Creator": MARK})


@click.command()
@click.argument("measured", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("pictures", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(measured: Path, pictures: Path) -> None:
    """Draw the groups of MEASURED into SVG files of the folder PICTURES."""
    rows = json.loads(measured.read_text(encoding="utf-8"))["runs"]
    for group in FIGURES:
        found = [row for row in rows if row["group"] == group]
        if found:
            draw(found, group, pictures / f"claims_{group}.svg")


if __name__ == "__main__":
    main()
