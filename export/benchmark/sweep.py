"""Speed against density and against size, as a picture and its numbers.

``python -m wavernn_tf.export.benchmark.sweep --out speed.svg --measured speed.json`` takes some
minutes. One stream, one thread, the fastest instruction set; dense TFLite has the same sizes.
"""

from __future__ import annotations

from pathlib import Path
from typing import (
    Any,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

import click

from wavernn_tf import files, logs
from wavernn_tf.config.matrices import BLOCK_SHAPES
from wavernn_tf.evaluation.pictures import GRID, INK
from wavernn_tf.export.benchmark import bench, machine, random_voice
from wavernn_tf.export.benchmark.dense_baseline import FORMS
from wavernn_tf.export.benchmark.op import OpBench
from wavernn_tf.export.benchmark.random_voice import Shape
from wavernn_tf.export.format.packing import WEIGHT_TYPES
from wavernn_tf.export.runtime.library import available_isas

DENSITIES = (0.01, 0.02, 0.05, 0.1, 0.2, 1.0)
STATES = (256, 512, 1024, 1536, 2048)
STATE, DENSITY = 1024, 0.05
"""State size of the sweep over densities, and density of the sweep over state sizes."""

FLOOR = "reading float32 weights once"
_COLORS = {
    "op, float32": "#0b6e99",
    "op, bfloat16": "#2f9e6e",
    "op, int16": "#c2417c",
    "op, int8": "#7048a8",
    "dense TFLite, float32": "#c05621",
    "dense TFLite, int8": "#d69e2e",
    FLOOR: "#8795a6",
}
Lines = Dict[str, List[Tuple[float, float]]]
"""(x, microseconds) by series, x rising."""

_DENSE = {f"dense TFLite, {form}" for form in FORMS}
_REAL_TIME_US = 1e6 / 24000
_LINE_OF_TEXT = 1.33  # height of a label, as a factor of the scale of times


class Point(NamedTuple):
    """One measurement.

    Attributes:
      series: what ran.
      state: units of the GRU.
      proj: units of the heads.
      density: share of blocks kept; 1 for dense TFLite.
      block: block shape; empty for dense TFLite.
      isa: instruction set; empty for dense TFLite.
      us_per_sample: microseconds per sample.
    """

    series: str
    state: int
    proj: int
    density: float
    block: str
    isa: str
    us_per_sample: float


@click.command()
@click.option("--out", type=click.Path(dir_okay=False), required=True, help="SVG, PNG or PDF file.")
@click.option("--measured", type=click.Path(dir_okay=False), help="JSON file for the numbers.")
@click.option("--block", type=click.Choice(list(BLOCK_SHAPES)), default="4x4", show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--round-seconds", type=click.FloatRange(0.01), default=0.3, show_default=True)
def main(out: str, measured: Optional[str], block: str, rounds: int, round_seconds: float) -> None:
    """Measure the sweeps; write the picture, and the numbers where --measured says."""
    logs.quiet_tensorflow()
    files.claim_file(out, ours=lambda path: files.has_text(path, b"atplotlib"))
    if measured:
        machine.claim(measured)
    shapes = [
        Shape(state, state // 2, density, block, weights)
        for weights in WEIGHT_TYPES
        for state, density in dict.fromkeys(
            [(STATE, density) for density in DENSITIES] + [(state, DENSITY) for state in STATES]
        )
    ]
    points = measure(shapes, rounds, round_seconds)
    if measured:
        machine.write(measured, {"rows": [point._asdict() for point in points]})
    with files.replacing(out) as part:
        draw(points, part)


def measure(shapes: Sequence[Shape], rounds: int, round_seconds: float) -> List[Point]:
    """Time voices of these shapes side by side, and each size once as dense TFLite."""
    isa, sizes = available_isas()[-1], set()
    subjects: Dict[str, OpBench] = {}
    for shape in shapes:
        subjects[str(shape)] = OpBench(
            random_voice.make(shape),
            isas=[isa],
            dense=(shape.state, shape.proj) not in sizes,
            stages=False,
            round_seconds=round_seconds,
        )
        sizes.add((shape.state, shape.proj))
    found = bench.run(subjects, rounds)
    return [point for shape in shapes for point in _points(shape, found[str(shape)])]


def draw(points: Sequence[Point], path: Path) -> None:
    """Draw both sweeps on one scale of times, in the format that the file's suffix names."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 4.8), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    lines = _lines(p for p in points if p.state == STATE)
    for name in _DENSE & lines.keys():  # whatever the density of the op
        lines[name] = [(density, us) for density in DENSITIES for _, us in lines[name]]
    _panel(left, f"state {STATE}, projection {STATE // 2}", lines)
    left.set_xlabel("density: share of blocks kept")
    left.set_xticks(DENSITIES, [f"{100 * density:g} %" for density in DENSITIES])
    _panel(
        right,
        f"density {100 * DENSITY:g} %, projection half the state",
        _lines((p for p in points if p.series in _DENSE or p.density == DENSITY), "state"),
    )
    right.set_xlabel("state size, units")
    right.set_xticks(STATES, [str(state) for state in STATES])
    left.set_ylabel("µs per sample")
    right.text(  # where no line of a dense network runs along it
        0.01,
        _REAL_TIME_US,
        "real time at 24 kHz",
        transform=right.get_yaxis_transform(),
        va="center",
        fontsize=8,
        color=INK,
    )
    ours = next(p for p in points if p.isa)
    about = f"Time per sample: one stream, one thread, {ours.isa}, {ours.block} blocks"
    figure.suptitle(about, x=0.01, ha="left", fontsize=12, color=INK)
    figure.savefig(path)


def _points(shape: Shape, found: Mapping[str, Any]) -> Iterator[Point]:
    sizes = shape.state, shape.proj
    kept = shape.density, shape.block
    yield Point(f"op, {shape.weights}", *sizes, *kept, found["isa"], found["us_per_sample"])
    if shape.weights == "float32":
        yield Point(FLOOR, *sizes, *kept, "", found["read_floor_us"])
    for form in FORMS if found["dense_tflite"] else ():
        us = found["dense_tflite"][form]["us_per_sample"]
        yield Point(f"dense TFLite, {form}", *sizes, 1.0, "", "", us)


def _lines(points: Iterable[Point], x: str = "density") -> Lines:
    lines: Lines = {}
    for point in points:
        lines.setdefault(point.series, []).append((getattr(point, x), point.us_per_sample))
    return {name: sorted(line) for name, line in lines.items()}


def _panel(axis: Any, title: str, lines: Lines) -> None:
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_title(title, loc="left", fontsize=10, color=INK)
    for name, line in lines.items():
        style: Dict[str, Any] = {"linewidth": 2.0, "marker": "o", "markersize": 4}
        if name in _DENSE:
            style = {"linewidth": 1.5, "linestyle": (0, (5, 2))}
        elif name == FLOOR:
            style = {"linewidth": 1.2, "linestyle": ":"}
        axis.plot(*zip(*line), color=_COLORS[name], **style)
    axis.axhline(_REAL_TIME_US, color=GRID, linewidth=7, zorder=0)
    _label(axis, lines)
    axis.xaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.tick_params(labelsize=9, color=GRID, labelcolor=INK)
    axis.grid(axis="y", color=GRID, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(GRID)


def _label(axis: Any, lines: Lines) -> None:
    """Write each line's name at its right end, no two closer than a line of text."""
    below = 0.0
    for name, line in sorted(lines.items(), key=lambda item: item[1][-1][1]):
        x, us = line[-1]
        below = max(us, below * _LINE_OF_TEXT)
        axis.annotate(
            name,
            (x, below),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=_COLORS[name],
            annotation_clip=False,
        )


if __name__ == "__main__":
    main()
