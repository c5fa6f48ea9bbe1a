"""Prints what libwavernn needs on a device: size, memory, cold start (`make footprint`)."""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Dict, Optional

import click

from wavernn_tf.export.benchmark import machine

ROUNDS = 9

_ALLOCATIONS = re.compile(
    r"(?P<made>\d+) allocations at creation, (?P<after>\d+) after; at most (?P<peak>\d+) KiB, "
    r"(?P<ratio>[\d.]+) x the file; (?P<loaded>\d+) KiB loaded"
)
"""What `allocations_check` prints of a file."""


@click.command()
@click.argument("build", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("model", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--measured", type=click.Path(dir_okay=False), help="JSON file for the figures.")
def main(build: Path, model: Path, measured: Optional[str]) -> None:
    """Measure MODEL with the library and the checks in the folder BUILD."""
    if measured:
        machine.claim(measured)
    found = measure(build, model)
    click.echo(f"library, stripped                {found['library_kb']} kB")
    click.echo(f"model file                       {found['file_kib']} KiB")
    click.echo(
        f"memory of load and stream        {found['peak_kib']} KiB at most, "
        f"{found['peak_over_file']:.2f} x the file; {found['loaded_kib']} KiB once loaded"
    )
    click.echo(f"growth of the process            {found['process_kib']} KiB")
    click.echo(
        f"cold start to the first frame    {found['first_frame_ms']:.1f} ms (median of {ROUNDS})"
    )
    click.echo(f"allocations after a stream       {found['allocations_after']}")
    if measured:
        machine.write(measured, found)


def measure(build: Path, model: Path) -> Dict[str, Any]:
    """Sizes, memory at the allocator and of the process, and the time to the first frame.

    Args:
      build: folder of the C API's build with its checks.
      model: a .tflite voice.
    """
    library = next(build.glob("libwavernn.so.*.*"))
    counted = _ALLOCATIONS.search(_printed(build / "checks" / "allocations_check", model))
    if counted is None:
        raise click.ClickException("`allocations_check` printed something else than expected.")
    runs = [_printed(build / "checks" / "footprint", model).split() for _ in range(ROUNDS)]
    start, memory = (statistics.median(map(float, column)) for column in zip(*runs))
    return {
        "library_kb": round(_stripped_bytes(library) / 1000),
        "file_kib": round(model.stat().st_size / 1024),
        "peak_kib": int(counted["peak"]),
        "peak_over_file": float(counted["ratio"]),
        "loaded_kib": int(counted["loaded"]),
        "process_kib": round(memory),
        "first_frame_ms": start,
        "allocations_after": int(counted["after"]),
    }


def _printed(program: Path, model: Path) -> str:
    ran = subprocess.run([str(program), str(model)], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise click.ClickException(f"{program.name} failed: {ran.stderr or ran.stdout}")
    return ran.stdout


def _stripped_bytes(library: Path) -> int:
    """Size of a shared library without what only linkers and debuggers read."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "stripped.so"
        shutil.copy(library, copy)
        subprocess.run(["strip", "--strip-unneeded", str(copy)], check=True)
        return copy.stat().st_size


if __name__ == "__main__":
    main()
