"""Instructions per sample on 64-bit ARM: a proxy for speed where there is no such machine.

Counts what `bench_generate` executes under qemu, for two lengths of audio, whose difference leaves
the set-up out. `make bench-arm` builds what it needs and runs it.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import click

from wavernn_tf.config.matrices import BLOCK_SHAPES
from wavernn_tf.export.benchmark import machine
from wavernn_tf.export.format.packing import WEIGHT_TYPES

_ISAS = ("neon", "neondot")
_SUBSCALE = (1, 16)
"""Samples per step."""
_FRAMES = (1, 3)


@click.command()
@click.option("--emulator", required=True, help="qemu-aarch64, with its arguments.")
@click.option("--plugin", required=True, type=click.Path(path_type=Path))
@click.option("--bench", required=True, type=click.Path(path_type=Path))
@click.option("--measured", type=click.Path(dir_okay=False), help="JSON file for the counts.")
def main(emulator: str, plugin: Path, bench: Path, measured: Optional[str]) -> None:
    """Print a table of instructions per sample."""
    if measured:
        machine.claim(measured)
    start = (*emulator.split(), "-plugin", str(plugin.resolve()), str(bench), "--rounds", "0")
    heads = [i if n == 1 else f"{i}, Subscale {n}" for i in _ISAS for n in _SUBSCALE]
    click.echo("| weights | block | " + " | ".join(heads) + " |")
    click.echo("|---|---|" + "---|" * len(heads))
    rows: List[Dict[str, Any]] = []
    for weights in WEIGHT_TYPES:
        for block in sorted(BLOCK_SHAPES):
            cells = []
            for isa in _ISAS:
                for subscale in _SUBSCALE:
                    shape = {"weights": weights, "block": block, "isa": isa, "subscale": subscale}
                    chosen = [
                        text for name, value in shape.items() for text in (f"--{name}", value)
                    ]
                    count = round(_per_sample((*start, *map(str, chosen))))
                    rows.append({**shape, "instructions_per_sample": count})
                    cells.append(f"{count:,}")
            click.echo(f"| {weights} | {block} | " + " | ".join(cells) + " |")
    if measured:
        machine.write(measured, {"emulator": emulator, "rows": rows})


def _per_sample(command: Tuple[str, ...]) -> float:
    (few, hop_length), (many, _) = (_count((*command, "--frames", str(n))) for n in _FRAMES)
    return (many - few) / (hop_length * (_FRAMES[1] - _FRAMES[0]))


def _count(command: Tuple[str, ...]) -> Tuple[int, int]:
    """Instructions of a run, and the samples of a frame."""
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    last = run.stderr.splitlines()[-1:]
    hop_length = re.search(r"(\d+) samples a frame", run.stdout)
    if run.returncode or hop_length is None or not last or not last[0].startswith("instructions "):
        raise click.ClickException(f"{' '.join(command)} failed:\n{run.stderr or run.stdout}")
    return int(last[0].split()[1]), int(hop_length[1])


if __name__ == "__main__":
    main()
