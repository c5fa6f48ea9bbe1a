"""The figures of docs/benchmarks.md: the op in every weight type and block shape.

``python -m wavernn_tf.export.benchmark.figures op --measured docs/measured/op.json`` measures one
kind of figures and writes them. The kinds:

    op        one stream on every instruction set with vectors
    batch     16 streams in one call, on the fastest instruction set
    subscale  16 samples per step, beside the plain WaveRNN, on the fastest instruction set
    dense     a dense network of the same sizes in stock TFLite kernels

The shapes of a kind are timed one after the other; what is compared with one another takes turns.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Dict, List

import click

from wavernn_tf import logs
from wavernn_tf.config.matrices import BLOCK_SHAPES
from wavernn_tf.export.benchmark import bench, machine, random_voice
from wavernn_tf.export.benchmark.dense_baseline import FORMS
from wavernn_tf.export.benchmark.op import OpBench
from wavernn_tf.export.benchmark.random_voice import Shape
from wavernn_tf.export.format.packing import WEIGHT_TYPES
from wavernn_tf.export.runtime.library import available_isas

BATCH, SAMPLES_PER_STEP = 16, 16

Tree = Dict[str, Any]
Measure = Callable[[Shape, int, float], Tree]
"""Shape, rounds and seconds of a round to a row of figures."""


def op(shape: Shape, rounds: int, round_seconds: float) -> Tree:
    """One stream, by instruction set."""
    found = _timed(shape, rounds, round_seconds, isas=_fastest_first())
    return {"isas": {each["isa"]: _figures(each) for each in found["isas"]}}


def batch(shape: Shape, rounds: int, round_seconds: float) -> Tree:
    """`BATCH` streams in one call."""
    return _figures(_timed(shape, rounds, round_seconds, isas=_fastest_first()[:1], batch=BATCH))


def subscale(shape: Shape, rounds: int, round_seconds: float) -> Tree:
    """`SAMPLES_PER_STEP` samples per step, beside the plain WaveRNN."""
    folded = dataclasses.replace(shape, subscale=SAMPLES_PER_STEP)
    subjects = {
        name: _subject(each, round_seconds, isas=_fastest_first()[:1])
        for name, each in (("us_per_sample", folded), ("plain_us_per_sample", shape))
    }
    found = bench.run(subjects, rounds)
    return {name: found[name]["us_per_sample"] for name in subjects}


def dense(shape: Shape, rounds: int, round_seconds: float) -> Tree:
    """A dense network of the same sizes in stock kernels, by form."""
    found = _timed(shape, rounds, round_seconds, isas=_fastest_first()[:1], dense=True)
    return {form: found["dense_tflite"][form]["us_per_sample"] for form in FORMS}


KINDS: Dict[str, Measure] = {"op": op, "batch": batch, "subscale": subscale}
_OF_KIND: Dict[str, Tree] = {
    "op": {},
    "batch": {"batch": BATCH},
    "subscale": {"subscale": SAMPLES_PER_STEP},
}


@click.command()
@click.argument("kind", type=click.Choice([*KINDS, "dense"]))
@click.option("--measured", type=click.Path(dir_okay=False), required=True, help="JSON file.")
@click.option("--state", default=Shape.state, show_default=True, help="Units of the GRU.")
@click.option("--proj", default=Shape.proj, show_default=True, help="Units of the heads.")
@click.option("--density", default=Shape.density, show_default=True, help="Share of blocks kept.")
@click.option("--rounds", type=click.IntRange(1), default=11, show_default=True)
@click.option("--round-seconds", type=click.FloatRange(0.01), default=0.3, show_default=True)
def main(
    kind: str,
    measured: str,
    state: int,
    proj: int,
    density: float,
    rounds: int,
    round_seconds: float,
) -> None:
    """Measure one KIND of figures and write them as JSON."""
    logs.quiet_tensorflow()
    machine.claim(measured)
    figures: Tree = {"state": state, "proj": proj, "density": density}
    if kind == "dense":
        found = dense(Shape(state, proj, density), rounds, round_seconds)
        machine.write(measured, {**figures, "us_per_sample": found})
        return
    if kind != "op":
        figures["isa"] = _fastest_first()[0]
    figures.update(_OF_KIND[kind])
    rows: List[Tree] = []
    for weights in WEIGHT_TYPES:
        for block in sorted(BLOCK_SHAPES):
            click.echo(f"{weights} {block}", err=True)
            shape = Shape(state, proj, density, block, weights)
            rows.append(
                {"weights": weights, "block": block, **KINDS[kind](shape, rounds, round_seconds)}
            )
    machine.write(measured, {**figures, "rows": rows})


def _fastest_first() -> List[str]:
    """This machine's instruction sets; scalar, which is 100 times slower, only if it is alone."""
    return [isa for isa in reversed(available_isas()) if isa != "scalar"] or ["scalar"]


def _subject(shape: Shape, round_seconds: float, **options: Any) -> OpBench:
    chosen = {"dense": False, "stages": False, "round_seconds": round_seconds, **options}
    return OpBench(random_voice.make(shape), **chosen)


def _timed(shape: Shape, rounds: int, round_seconds: float, **options: Any) -> Tree:
    return bench.run({"": _subject(shape, round_seconds, **options)}, rounds)[""]


def _figures(found: Tree) -> Tree:
    return {name: found[name] for name in ("us_per_sample", "ratio_to_floor", "read_floor_us")}


if __name__ == "__main__":
    main()
