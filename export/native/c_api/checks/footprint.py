"""Prints what libwavernn needs on a device: size, memory, cold start.

``footprint.py BUILD MODEL`` takes the folder of a build with its checks (`make footprint`).
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 9


def stripped_bytes(library: Path) -> int:
    """Size of a shared library without what only linkers and debuggers read."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "stripped.so"
        shutil.copy(library, copy)
        subprocess.run(["strip", "--strip-unneeded", str(copy)], check=True)
        return copy.stat().st_size


def main(build: str, model: str) -> None:
    """Measure and print."""
    library = next(Path(build).glob("libwavernn.so.*.*"))
    program = Path(build) / "checks" / "footprint"
    runs = []
    for _ in range(ROUNDS):
        printed = subprocess.run([str(program), model], check=True, capture_output=True, text=True)
        runs.append([float(number) for number in printed.stdout.split()])
    file_kb = Path(model).stat().st_size / 1024
    start, memory = (statistics.median(column) for column in zip(*runs))
    print(f"library, stripped                {stripped_bytes(library) / 1000:.0f} kB")
    print(f"model file                       {file_kb:.0f} KiB")
    print(f"peak memory of load and stream   {memory:.0f} KiB, {memory / file_kb:.2f} x the file")
    print(f"cold start to the first frame    {start:.1f} ms (median of {ROUNDS})")


if __name__ == "__main__":
    main(*sys.argv[1:])
